/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/steps_qemu.c: steps that are a command or a question to QEMU.  The
 * first one opens the connection.  run/run.c closes it before a step of
 * another kind, in which libxl may talk to QEMU: it would wait for a lock that
 * we hold.
 */
#include "run/run.h"

void snap_run_close_qmp(struct snap_run *run)
{
    snap_qmp_close(run->qmp);
    run->qmp = NULL;
}

int snap_run_open_qmp(libxl_snapshot_ctx *sc, struct snap_run *run)
{
    if (run->qmp) return 0;
    return run->qmp_path
        ? snap_qmp_open_path(sc, run->qmp_path, &run->qmp)
        : snap_qmp_open(sc, run->domid, run->uuid_str, &run->qmp);
}

/*
 * The answer to the transaction @step is lost; @rc is how.  Ask on a new
 * connection before the guest is let go.  QEMU takes all commands in turn,
 * and drops those of a connection that has ended: a transaction that is not
 * done when it answers will not be (7.2, monitor/qmp.c).
 */
static int qemu_ask_again(libxl_snapshot_ctx *sc, struct snap_run *run,
                          const struct snap_step *step, int rc)
{
    const char *lost = snap_take_error(sc);
    enum snap_carried carried = SNAP_CARRIED_UNKNOWN;
    struct snap_transaction t;

    if (!snap_run_open_qmp(sc, run)
        && !snap_transaction_look(sc, run->qmp, step->arguments, &t))
        carried = snap_transaction_judge(&t);
    else
        snap_run_close_qmp(run);
    snap_take_error(sc);
    run->reply_lost = carried != SNAP_CARRIED_OUT
        && carried != SNAP_CARRIED_NOT;
    if (carried != SNAP_CARRIED_OUT) return snap_fail(sc, rc, "%s", lost);
    snap_log(sc, XTL_VERBOSE, "%s: done, though: %s", step->what, lost);
    return 0;
}

static int qemu_execute(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step)
{
    int rc = step->path ? snap_file_check_made(sc, step->path, step->made) : 0;

    if (!rc) rc = snap_run_open_qmp(sc, run);
    if (rc) return rc;
    rc = snap_qmp_execute(sc, run->qmp, step->command, step->arguments,
                          NULL);
    /* only an error of QEMU's tells that it has not done the command, and
     * will not */
    run->reply_lost = rc && rc != ERROR_QMP_GENERIC_ERROR;
    if (!run->reply_lost) return rc;
    snap_run_close_qmp(run);
    return step->commit_point ? qemu_ask_again(sc, run, step, rc) : rc;
}

static int qemu_is_done(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step, bool *done_r)
{
    (void)step;
    *done_r = run->domid == SNAP_NO_DOMAIN
        || snap_xenstore_qemu_is_gone(sc, run->domid);
    return 0;
}

/* Slot is_moot. */
bool snap_run_qemu_is_gone(libxl_snapshot_ctx *sc,
                           const struct snap_run *run)
{
    return !run->qmp_path && snap_xenstore_qemu_is_gone(sc, run->domid);
}

/*-- look again -------------------------------------------------------------*/

/* Fail if somebody but the domain has one of @images open. */
static int look_for_users(libxl_snapshot_ctx *sc, uint32_t domid,
                          const char **images)
{
    struct snap_layers layers = { 0 };
    const struct snap_chain alone = { 0 };
    int rc;

    for (; images && *images; images++)
        snap_layers_add(sc, &layers, "of the snapshot", *images, &alone,
                        false);
    rc = snap_layers_find_users(sc, &layers,
                                snap_xenstore_qemu_pid(sc, domid), domid);
    return rc ? rc : snap_refuse_used(sc, &layers);
}

static int look_at_devices(libxl_snapshot_ctx *sc, struct snap_run *run,
                           const struct snap_step *step)
{
    const char *now;
    int rc = step->command ? snap_run_open_qmp(sc, run) : 0;

    if (!rc) rc = snap_devices_list(sc, run->domid,
                                    step->command ? run->qmp : NULL, &now);
    if (rc) return rc;
    now = snap_devices_add_images(sc, now, step->images);
    return snap_devices_compare(sc, step->content, now);
}

/* Changes nothing, so that it needs no undo. */
static int qemu_look_again(libxl_snapshot_ctx *sc, struct snap_run *run,
                           const struct snap_step *step)
{
    int rc = snap_dom_check_alive(sc, run->domid, step->content != NULL);

    if (!rc && step->content) rc = look_at_devices(sc, run, step);
    if (!rc && step->images)
        rc = look_for_users(sc, run->domid, step->images);
    return rc;
}

/* The tag that was made, as a recovery has found out; that of a snapshot, as
 * the plan has it.  QEMU ends the step, however often it is run, with the tag
 * gone. */
static int qemu_remove_tag(libxl_snapshot_ctx *sc, struct snap_run *run,
                           const struct snap_step *step)
{
    const char *tag = step->made ? step->made
                                 : snap_step_identity(step, "tag");
    int rc = tag ? snap_run_open_qmp(sc, run) : 0;

    if (rc || !tag) return rc;
    return snap_transaction_remove_tag(sc, run->qmp, step->command,
                                       step->content, tag);
}

/* Of a tag that is not there nothing can be known any more. */
static int qemu_tag_is_gone(libxl_snapshot_ctx *sc, struct snap_run *run,
                            const struct snap_step *step, bool *done_r)
{
    const char *tag = snap_step_identity(step, "tag"), *now;
    int rc = tag ? snap_identity_tag(sc, step->path, step->content, &now)
                 : 0;

    (void)run;
    *done_r = !rc && tag && (!now || strcmp(now, tag));
    return rc;
}

static const struct snap_step_act qemu_acts[] = {
    { SNAP_STEP_QMP, .run = qemu_execute, .is_done = qemu_is_done,
      .is_moot = snap_run_qemu_is_gone, .keeps_qmp = true,
      .refused_if_done = true },
    { SNAP_STEP_LOOK_AGAIN, .run = qemu_look_again, .keeps_qmp = true },
    { SNAP_STEP_REMOVE_TAG, .run = qemu_remove_tag,
      .is_done = qemu_tag_is_gone, .keeps_qmp = true },
};
const struct snap_step_table snap_steps_qemu = SNAP_STEP_TABLE(qemu_acts);
_Static_assert(SNAP_STEP_NUM_OF(qemu_acts)
                   == SNAP_STEP_JOB_START - SNAP_STEP_QMP,
               "a kind of step for QEMU has no row");
