/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/steps.c: finds the row of a kind of step in the tables of
 * run/steps_<object>.c.
 */
#include "run/run.h"

static const struct snap_step_table *const tables[] = {
    &snap_steps_file, &snap_steps_program, &snap_steps_qemu,
    &snap_steps_job, &snap_steps_guest, &snap_steps_domain,
};

static int steps_no_run(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step)
{
    (void)run;
    return snap_fail(sc, ERROR_INVAL, "%s: no code performs a step of "
                     "kind '%s'",
                     step->what, snap_step_kind_name(step->kind));
}

static const struct snap_step_act no_act = {
    SNAP_STEP_NUM, .run = steps_no_run,
};

const struct snap_step_act *snap_step_act(enum snap_step_kind kind)
{
    size_t t, i;

    for (t = 0; t < sizeof(tables) / sizeof(*tables); t++)
        for (i = 0; i < tables[t]->num; i++)
            if (tables[t]->acts[i].kind == kind)
                return &tables[t]->acts[i];
    return &no_act;
}
