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
    case SNAP_STEP_REPOINT:
    case SNAP_STEP_DESTROY:
        *done_r = gone;
        return 0;
    case SNAP_STEP_RESUME:
        *done_r = gone || !snap_dom_is_suspended(sc, run->domid);
        return 0;
    case SNAP_STEP_PAUSE:
    case SNAP_STEP_UNPAUSE:
        *done_r = gone || snap_dom_is_paused(sc, run->domid)
                          == (step->kind == SNAP_STEP_PAUSE);
        return 0;
    case SNAP_STEP_SAVE:
    case SNAP_STEP_HOLD_MONITOR:
    case SNAP_STEP_RELEASE_MONITOR:
    case SNAP_STEP_RESTORE:             /* snapshot-recover has seen to that */
    case SNAP_STEP_BOOT:
    default:
        return 0;
    }
    return 0;
}
