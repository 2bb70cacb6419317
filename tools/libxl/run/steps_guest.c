/* SPDX-License-Identifier: LGPL-2.1-only */
/* run/steps_guest.c: steps that freeze and thaw the guest's file systems. */
#include "run/run.h"

/* Fail if others than root can have written the program. */
static int guest_check_program(libxl_snapshot_ctx *sc,
                               const char *const *argv)
{
    const char *unsafe = argv ? snap_program_unsafe(sc, argv[0]) : NULL;

    return unsafe ? snap_fail(sc, ERROR_INVAL, "%s", unsafe) : 0;
}

static int guest_quiesce(libxl_snapshot_ctx *sc, struct snap_run *run,
                         const struct snap_step *step)
{
    struct snap_freeze how = {
        .domain = run->domain_name, .socket = step->path,
        .freeze = step->argv, .thaw = step->undo->argv,
    };
    int rc = guest_check_program(sc, step->argv);

    return rc ? rc : snap_keeper_freeze(sc, &how, &run->keeper);
}

/* Thaw by the keeper, which knows how, since it froze the file systems; in
 * a recovery it may have been killed. */
static int guest_thaw(libxl_snapshot_ctx *sc, struct snap_run *run,
                      const struct snap_step *step)
{
    const struct snap_freeze how = {
        .domain = run->domain_name, .socket = step->path,
        .thaw = step->argv,
    };
    struct snap_keeper *keeper = run->keeper;
    int rc;

    run->keeper = NULL;
    if (keeper) return snap_keeper_thaw(sc, keeper);
    rc = guest_check_program(sc, step->argv);
    if (rc) return rc;
    return how.socket || how.thaw ? snap_keeper_replace(sc, &how) : 0;
}

/* Slot is_done.  Only the guest's agent knows, or nobody: ask it. */
static int guest_is_gone(libxl_snapshot_ctx *sc, struct snap_run *run,
                         const struct snap_step *step, bool *done_r)
{
    (void)sc, (void)step;
    *done_r = run->domid == SNAP_NO_DOMAIN;
    return 0;
}

static const struct snap_step_act guest_acts[] = {
    { SNAP_STEP_QUIESCE, .run = guest_quiesce, .is_done = guest_is_gone,
      .begin_is_flushed = true },
    /* the keeper thaws in the end, whatever its answer is */
    { SNAP_STEP_THAW, .run = guest_thaw, .is_done = guest_is_gone,
      .done_if_failed = true },
};
const struct snap_step_table snap_steps_guest =
    SNAP_STEP_TABLE(guest_acts);
_Static_assert(SNAP_STEP_NUM_OF(guest_acts)
                   == SNAP_STEP_SAVE - SNAP_STEP_QUIESCE,
               "a kind of step for the guest has no row");
