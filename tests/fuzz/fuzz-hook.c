/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-hook.c: what a hook answers, xl-snapshot-hooks(7). */
#include "fuzz.h"

#include "facts/facts.h"

const char fuzz_target[] = "hook";

/* A program that none but root can change, and that is not run. */
#define FOLDER "/usr/bin"
#define NAME   "env"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    struct snap_hook_disk disk = { .name = "s1", .vdev = "xvda",
                                   .path = "/d/root.img" };
    struct snap_left left;
    const char *version, *problem;
    unsigned int can;
    bool exists;

    sc->hook_dir = FOLDER;
    fuzz_prints(data, size);
    snap_hook_info(sc, NAME, &can, &version, &problem);
    if (problem) fuzz_printable(problem);
    if (version) fuzz_printable(version);
    fuzz_judged(sc, snap_hook_state(sc, FOLDER "/" NAME, &disk, false,
                                    &exists));
    fuzz_judged(sc, snap_hook_act(sc, FOLDER "/" NAME, "create",
                                  snap_hook_request(sc, "create", &disk),
                                  &left));
    return 0;
}
