/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-agent.c: all that a guest's agent says.  Our ids are 16843009
 * always. */
#include "fuzz.h"

const char fuzz_target[] = "agent";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    struct snap_agent *agent = NULL;
    uint64_t num = 0;
    bool frozen;

    fuzz_says(data, size);
    MUST(!snap_agent_open(sc, "the guest agent", "/agent", &agent));
    fuzz_judged(sc, snap_agent_is_frozen(sc, agent, &frozen));
    fuzz_judged(sc, snap_agent_freeze(sc, agent, &num));
    fuzz_judged(sc, snap_agent_thaw(sc, agent, &num));
    snap_agent_close(agent);
    return 0;
}
