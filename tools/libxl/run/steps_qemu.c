/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/steps_qemu.c: steps that are a command to QEMU.  The first one opens
 * the connection.  run/run.c closes it before a step of another kind, in
 * which libxl may talk to QEMU: it would wait for a lock that we hold.
 */
#include "run/run.h"

void snap_run_close_qmp(struct snap_run *run)
{
    snap_qmp_close(run->qmp);
    run->qmp = NULL;
}

static int qemu_execute(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step)
{
    int rc;

    if (!run->qmp) {
        rc = run->qmp_path
            ? snap_qmp_open_path(sc, run->qmp_path, &run->qmp)
            : snap_qmp_open(sc, run->domid, run->uuid_str, &run->qmp);
        if (rc) return rc;
    }
    rc = snap_qmp_execute(sc, run->qmp, step->command, step->arguments,
                          NULL);
    /* only an error of QEMU's tells that it has not done the command, and
     * will not */
    run->reply_lost = rc && rc != ERROR_QMP_GENERIC_ERROR;
    if (run->reply_lost) snap_run_close_qmp(run);
    return rc;
}

static int qemu_is_done(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step, bool *done_r)
{
    (void)step;
    *done_r = run->domid == SNAP_NO_DOMAIN
        || snap_xenstore_qemu_is_gone(sc, run->domid);
    return 0;
}

/* Slot is_moot: true if the domain's QEMU has died.  A QEMU that is not
 * libxl's has no pid in xenstore, and counts as alive. */
static bool qemu_is_moot(libxl_snapshot_ctx *sc,
                         const struct snap_run *run)
{
    return !run->qmp_path && snap_xenstore_qemu_is_gone(sc, run->domid);
}

static const struct snap_step_act qemu_acts[] = {
    { SNAP_STEP_QMP, .run = qemu_execute, .is_done = qemu_is_done,
      .is_moot = qemu_is_moot, .keeps_qmp = true,
      .refused_if_done = true },
};
const struct snap_step_table snap_steps_qemu = SNAP_STEP_TABLE(qemu_acts);
_Static_assert(SNAP_STEP_NUM_OF(qemu_acts)
                   == SNAP_STEP_QUIESCE - SNAP_STEP_QMP,
               "a kind of step for QEMU has no row");
