/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/steps_job.c: steps that let QEMU move data within a chain, while its
 * guest runs.  Nodes are found by their files at each step: between two
 * the connection is closed, so that others can talk to QEMU, and hours may
 * pass.
 *
 * A job of a QEMU that is stopped, as by a save or a reboot of the domain,
 * is gone and has changed nothing (7.2).
 */
#include "run/run.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define JOB_POLL_US     500000
#define JOB_HELD_US     2000    /* while the guest's requests wait */

/* Slot is_done of what a QEMU that has gone does not need. */
static int job_has_no_qemu(libxl_snapshot_ctx *sc, struct snap_run *run,
                           const struct snap_step *step, bool *done_r)
{
    (void)step;
    *done_r = !run->qmp_path && (run->domid == SNAP_NO_DOMAIN
                                 || snap_xenstore_qemu_is_gone(sc,
                                                               run->domid));
    return 0;
}

static int job_ask(libxl_snapshot_ctx *sc, struct snap_run *run,
                   const char *id, struct snap_job *job)
{
    int rc = snap_run_open_qmp(sc, run);

    if (!rc) rc = snap_job_look(sc, run->qmp, id, job);
    if (rc) snap_run_close_qmp(run);
    return rc;
}

/*-- start ------------------------------------------------------------------*/

/* The name of the node of the file @path, which may be NULL for none. */
static int job_node(libxl_snapshot_ctx *sc, const struct snap_nodes *nodes,
                    const char *path, const char **name_r)
{
    const struct snap_node *node;
    int rc;

    *name_r = NULL;
    if (!path) return 0;
    rc = snap_nodes_find(sc, nodes, path, &node);
    if (!rc) *name_r = node->name;
    return rc;
}

/* The arguments of the command: those of @step, and the nodes. */
static int job_arguments(libxl_snapshot_ctx *sc, struct snap_run *run,
                         const struct snap_step *step, const char **args_r)
{
    bool commits = !strcmp(step->command, "block-commit");
    bool copies = !strcmp(step->command, "blockdev-mirror");
    const char *target = copies ? step->images[0] : NULL;
    const char *top = commits ? step->images[0] : NULL;
    const char *base = copies || !step->images ? NULL
                                               : step->images[commits];
    const char *device, *target_node, *top_node, *base_node;
    yajl_val given = NULL;
    struct snap_nodes nodes;
    uint64_t speed;
    int rc = snap_nodes_gather(sc, run->qmp, &nodes);

    if (!rc) rc = job_node(sc, &nodes, step->path, &device);
    if (!rc) rc = job_node(sc, &nodes, target, &target_node);
    if (!rc) rc = job_node(sc, &nodes, top, &top_node);
    if (!rc) rc = job_node(sc, &nodes, base, &base_node);
    if (rc) return rc;
    if (device && top_node && !strcmp(top_node, device)) top_node = NULL;
    given = snap_json_parse(step->arguments);
    speed = snap_json_u64(given, "speed");
    *args_r = snap_json_object(
        sc, "s:job-id", snap_json_str(given, "job-id"), "s:device", device,
        "s:target", target_node, "s:sync", snap_json_str(given, "sync"),
        "s:top-node", top_node, "s:base-node", base_node,
        "s:backing-file", snap_json_str(given, "backing-file"),
        "j:speed", speed ? snap_sprintf(sc, "%" PRIu64, speed) : NULL,
        "b:auto-finalize", 0, "b:auto-dismiss", 0, NULL);
    yajl_tree_free(given);
    return 0;
}

static int job_start(libxl_snapshot_ctx *sc, struct snap_run *run,
                     const struct snap_step *step)
{
    const char *args;
    int rc = snap_run_open_qmp(sc, run);

    if (!rc) rc = job_arguments(sc, run, step, &args);
    run->refused = rc != 0;
    if (rc) return rc;
    rc = snap_qmp_execute(sc, run->qmp, step->command, args, NULL);
    /* only an error of QEMU's tells that there will be no job */
    run->refused = rc == ERROR_QMP_GENERIC_ERROR;
    run->reply_lost = rc && !run->refused;
    if (run->reply_lost) snap_run_close_qmp(run);
    return rc;
}

/*-- wait -------------------------------------------------------------------*/

static int job_fail_end(libxl_snapshot_ctx *sc, const struct snap_job *job,
                        const char *id)
{
    if (job->status == SNAP_JOB_GONE)
        return snap_fail(sc, ERROR_FAIL, "QEMU has no job %s any more: it "
                         "has been ended by somebody, or the domain has been "
                         "restarted, or saved; the chain is as before", id);
    return snap_fail(sc, ERROR_FAIL, "QEMU's job %s has failed: %s", id,
                     job->error ? job->error
                                : "somebody else has finalized it");
}

/* How a job gets on. */
struct job_pace {
    uint64_t began, deadline;
    uint64_t done;
};

static void job_tell(libxl_snapshot_ctx *sc, const struct snap_job *job,
                     const struct job_pace *pace)
{
    uint64_t took = (snap_now_us() - pace->began) / 1000000;
    double left = job->done && job->total > job->done
        ? (double)took * (double)(job->total - job->done) / (double)job->done
        : 0;

    snap_progress(sc, took < 2 || left < 1 ? "bytes moved"
                  : snap_sprintf(sc, "about %.0f s left, bytes moved", left),
                  job->done, job->total);
}

/* Note how far @job is; false: for too long it has got no further. */
static bool job_goes_on(libxl_snapshot_ctx *sc, const struct snap_job *job,
                        struct job_pace *pace)
{
    job_tell(sc, job, pace);
    if (job->done != pace->done)
        pace->deadline = snap_wait_until(sc, SNAP_WAIT_JOB_STALL);
    pace->done = job->done;
    return snap_now_us() < pace->deadline;
}

/* Wait until the job is READY or PENDING. */
static int job_wait_work(libxl_snapshot_ctx *sc, struct snap_run *run,
                         const char *id)
{
    struct job_pace pace = {
        snap_now_us(), snap_wait_until(sc, SNAP_WAIT_JOB_STALL), 0,
    };
    size_t mark = sc->num_allocs;
    useconds_t nap = JOB_HELD_US;
    struct snap_job job;
    int rc;

    for (;;) {
        rc = job_ask(sc, run, id, &job);
        if (rc) return rc;
        if (job.status == SNAP_JOB_GONE
            || job.status == SNAP_JOB_CONCLUDED)
            return job_fail_end(sc, &job, id);
        if (!job_goes_on(sc, &job, &pace))
            return snap_fail(sc, ERROR_TIMEDOUT, "QEMU's job %s stands still "
                             "at %" PRIu64 " of %" PRIu64 " bytes: does its "
                             "storage answer, has somebody paused it?", id,
                             job.done, job.total);
        if (job.status != SNAP_JOB_AT_WORK) return 0;
        if (snap_signals_pending()) return snap_signals_fail(sc);
        snap_run_close_qmp(run);
        snap_forget(sc, mark);
        usleep(nap);
        if (nap < JOB_POLL_US) nap *= 2;
    }
}

static int job_wait(libxl_snapshot_ctx *sc, struct snap_run *run,
                    const struct snap_step *step)
{
    struct snap_nodes nodes;
    const char *node;
    int rc;

    snap_run_close_qmp(run);
    rc = job_wait_work(sc, run, step->command);
    if (rc || !step->path) return rc;
    rc = snap_nodes_gather(sc, run->qmp, &nodes);
    if (!rc) rc = job_node(sc, &nodes, step->path, &node);
    return rc ? rc : snap_job_flush_node(sc, run->qmp, node);
}

/*-- complete, finalize, cancel ---------------------------------------------*/

/* Wait until the job is @status, or concluded. */
static int job_wait_for(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const char *id, enum snap_job_status status,
                        struct snap_job *job)
{
    uint64_t deadline = snap_wait_until(sc, SNAP_WAIT_QMP_REPLY);
    int rc;

    for (;;) {
        rc = job_ask(sc, run, id, job);
        if (rc || job->status == status || job->status == SNAP_JOB_GONE
            || job->status == SNAP_JOB_CONCLUDED)
            return rc;
        if (snap_now_us() > deadline)
            return snap_fail(sc, ERROR_TIMEDOUT, "QEMU's job %s does not get "
                             "to its end: does its storage answer?", id);
        usleep(JOB_HELD_US);
    }
}

/* Let the job come to its end by @command with @args. */
static int job_hold(libxl_snapshot_ctx *sc, struct snap_run *run,
                    const char *id, const char *command, const char *args)
{
    struct snap_job job;
    int rc = snap_run_open_qmp(sc, run);

    if (rc) return rc;
    run->stopped_us = snap_now_us();
    rc = snap_qmp_execute(sc, run->qmp, command, args, NULL);
    if (!rc) rc = job_wait_for(sc, run, id, SNAP_JOB_PENDING, &job);
    if (rc || job.status == SNAP_JOB_PENDING) return rc;
    return job_fail_end(sc, &job, id);
}

static int job_complete(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step)
{
    return job_hold(sc, run, step->command, "job-complete",
                    snap_json_object(sc, "s:id", step->command, NULL));
}

/* job-cancel would be a forced one, which leaves a copy of no instant (7.2,
 * job_cancel_sync()). */
static int job_leave_copy(libxl_snapshot_ctx *sc, struct snap_run *run,
                          const struct snap_step *step)
{
    return job_hold(sc, run, step->command, "block-job-cancel",
                    snap_json_object(sc, "s:device", step->command,
                                     "b:force", 0, NULL));
}

static void job_lets_guest_go(struct snap_run *run)
{
    if (run->stopped_us) run->running_us = snap_now_us();
}

/* The answer is lost; @rc is how.  QEMU takes all commands in turn, and
 * drops those of a connection that has ended. */
static int job_ask_again(libxl_snapshot_ctx *sc, struct snap_run *run,
                         const struct snap_step *step, int rc)
{
    const char *lost = snap_take_error(sc);
    bool was = false;
    int r;

    snap_run_close_qmp(run);
    r = snap_run_open_qmp(sc, run);
    if (!r) r = snap_job_was_finalized(sc, run->qmp, step, &was);
    if (r) snap_run_close_qmp(run);
    snap_take_error(sc);
    run->reply_lost = r != 0;
    if (!was) return snap_fail(sc, rc, "%s", lost);
    snap_log(sc, XTL_VERBOSE, "%s: done, though: %s", step->what, lost);
    return 0;
}

static int job_finalize(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step)
{
    const char *id = step->command;
    struct snap_job job;
    int rc = snap_run_open_qmp(sc, run);

    if (rc) return rc;
    rc = snap_job_tell(sc, run->qmp, "job-finalize", id);
    if (rc == ERROR_QMP_GENERIC_ERROR) return rc;
    if (!rc) rc = job_wait_for(sc, run, id, SNAP_JOB_CONCLUDED, &job);
    if (rc) rc = job_ask_again(sc, run, step, rc);
    else if (job.status == SNAP_JOB_GONE || job.error)
        rc = job_fail_end(sc, &job, id);
    if (!rc) job_lets_guest_go(run);
    return rc;
}

static int job_end(libxl_snapshot_ctx *sc, struct snap_run *run,
                   const struct snap_step *step)
{
    struct snap_job job;
    int rc = job_ask(sc, run, step->command, &job);

    if (rc || job.status == SNAP_JOB_GONE) return rc;
    return snap_job_tell(sc, run->qmp, "job-dismiss", step->command);
}

/* In PENDING, too: the guest's requests go on, to the disk as it was. */
static int job_cancel(libxl_snapshot_ctx *sc, struct snap_run *run,
                      const struct snap_step *step)
{
    const char *id = step->command;
    struct snap_job job;
    int rc = job_ask(sc, run, id, &job);

    if (!rc && job.status != SNAP_JOB_GONE
        && job.status != SNAP_JOB_CONCLUDED) {
        rc = snap_job_tell(sc, run->qmp, "job-cancel", id);
        if (!rc)
            rc = job_wait_for(sc, run, id, SNAP_JOB_CONCLUDED, &job);
    }
    if (rc) return rc;
    job_lets_guest_go(run);
    return job.status == SNAP_JOB_GONE
        ? 0 : snap_job_tell(sc, run->qmp, "job-dismiss", id);
}

/*-- nodes ------------------------------------------------------------------*/

/* Let QEMU close the node.  It refuses to close one that it has opened by
 * itself, as the base of another, which goes with that; *why: its words. */
static int job_close_node(libxl_snapshot_ctx *sc, struct snap_run *run,
                          const char *name, const char **why)
{
    int rc = snap_qmp_execute(
        sc, run->qmp, "blockdev-del",
        snap_json_object(sc, "s:node-name", name, NULL), NULL);

    if (rc == ERROR_QMP_GENERIC_ERROR) *why = snap_take_error(sc);
    return rc == ERROR_QMP_GENERIC_ERROR ? 0 : rc;
}

/* Close the node of @path, and after it the one of the file itself, which is
 * its own where somebody has opened it by itself. */
static int job_close_file(libxl_snapshot_ctx *sc, struct snap_run *run,
                          const char *path)
{
    const struct snap_node *node;
    struct snap_nodes nodes;
    const char *why = NULL;
    int rc = snap_nodes_gather(sc, run->qmp, &nodes), i;

    if (rc) return rc;
    node = snap_nodes_of_file(&nodes, path, 0);
    if (node) rc = job_close_node(sc, run, node->name, &why);
    if (!rc) rc = snap_nodes_gather(sc, run->qmp, &nodes);
    if (rc) return rc;
    if (snap_nodes_of_file(&nodes, path, 0))
        return snap_fail(sc, ERROR_FAIL, "QEMU keeps %s open: %s", path,
                         why ? why : "it is open twice");
    for (i = 0; !rc && i < nodes.num; i++)
        if (!strcmp(nodes.list[i].driver, "file")
            && snap_file_is_same(nodes.list[i].file, path))
            rc = job_close_node(sc, run, nodes.list[i].name, &why);
    return rc;
}

static int job_close_nodes(libxl_snapshot_ctx *sc, struct snap_run *run,
                           const struct snap_step *step)
{
    int i, rc = snap_run_open_qmp(sc, run);

    for (i = 0; !rc && step->images && step->images[i]; i++)
        rc = job_close_file(sc, run, step->images[i]);
    return rc;
}

static const struct snap_step_act job_acts[] = {
    { SNAP_STEP_JOB_START, .run = job_start, .keeps_qmp = true },
    { SNAP_STEP_JOB_CANCEL, .run = job_cancel, .is_done = job_has_no_qemu,
      .is_moot = snap_run_qemu_is_gone, .keeps_qmp = true },
    { SNAP_STEP_JOB_WAIT, .run = job_wait, .keeps_qmp = true },
    { SNAP_STEP_JOB_COMPLETE, .run = job_complete, .keeps_qmp = true },
    { SNAP_STEP_JOB_LEAVE_COPY, .run = job_leave_copy, .keeps_qmp = true },
    { SNAP_STEP_JOB_FINALIZE, .run = job_finalize, .keeps_qmp = true },
    { SNAP_STEP_JOB_END, .run = job_end, .is_done = job_has_no_qemu,
      .is_moot = snap_run_qemu_is_gone, .keeps_qmp = true },
    { SNAP_STEP_CLOSE_NODES, .run = job_close_nodes,
      .is_done = job_has_no_qemu, .is_moot = snap_run_qemu_is_gone,
      .keeps_qmp = true },
};
const struct snap_step_table snap_steps_job = SNAP_STEP_TABLE(job_acts);
_Static_assert(SNAP_STEP_NUM_OF(job_acts)
                   == SNAP_STEP_QUIESCE - SNAP_STEP_JOB_START,
               "a kind of step for QEMU's jobs has no row");
