/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-journal.c: a journal, the plan in it, and what the engine makes of
 * that. */
#include "fuzz.h"

#include <string.h>

#include "run/run.h"

const char fuzz_target[] = "journal";

/* It ends, whichever step fails. */
static void run(libxl_snapshot_ctx *sc, const struct snap_plan *plan,
                int fails, bool lost)
{
    struct snap_engine engine;
    int left = 2 * plan->num_steps + 1;

    snap_engine_init(sc, &engine, plan);
    while (snap_engine_next(&engine)) {
        MUST(left--);
        if (engine.at == fails && lost)
            snap_engine_lost(&engine, ERROR_FAIL);
        else
            snap_engine_done(&engine, engine.at == fails ? ERROR_FAIL : 0);
    }
}

static void use_plan(libxl_snapshot_ctx *sc, const struct snap_plan *plan)
{
    const char *record = snap_plan_record(sc, plan);
    yajl_val v = snap_json_parse(record);
    struct snap_plan again;
    int i;

    /* a string that was cut off at a NUL may end in the midst of a
     * character */
    MUST(v);
    MUST(!snap_plan_parse(sc, v, &again));
    MUST(!strcmp(record, snap_plan_record(sc, &again)));
    yajl_tree_free(v);
    snap_plan_to_json(sc, plan);
    for (i = -1; i < plan->num_steps && i < 16; i++) {
        run(sc, plan, i, false);
        run(sc, plan, i, true);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    struct snap_journal_entry entry;
    int rc = snap_journal_read(sc, fuzz_file(data, size), &entry);

    fuzz_judged(sc, rc);
    MUST(entry.head.domain);
    if (rc) return 0;
    MUST(entry.torn || entry.head.operation);
    MUST(entry.at >= -1
         && entry.at < (entry.torn ? 1 : entry.plan.num_steps));
    MUST(!entry.committed || !entry.maybe);
    use_plan(sc, &entry.plan);
    return 0;
}
