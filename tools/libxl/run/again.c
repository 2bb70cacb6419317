/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/again.c: whether a step that may have been done before has been.
 * The world tells, not the journal: that may lack its last lines.
 */
#include "run/run.h"

int snap_step_is_done(libxl_snapshot_ctx *sc, struct snap_run *run,
                      const struct snap_step *step, bool *done_r)
{
    const struct snap_step_act *act = snap_step_act(step->kind);
    bool gone = run->domid == SNAP_NO_DOMAIN;

    *done_r = false;
    if (act) return act->is_done ? act->is_done(sc, run, step, done_r) : 0;

    switch (step->kind) {
    case SNAP_STEP_QMP:
        *done_r = gone || snap_xs_qemu_is_gone(sc, run->domid);
        return 0;
    default:
        return 0;
    }
    return 0;
}
