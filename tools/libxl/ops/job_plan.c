/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/job_plan.c: the order in which QEMU makes a chain shorter, or copies
 * a disk.  Pure.
 *
 *   work     the job moves data, for hours perhaps; the chain shows the same
 *            all the time, and a job that ends early has done no harm.  What
 *            it has written is flushed: QEMU writes an image's header in the
 *            end, and a qcow2's tables perhaps later (7.2; killed between
 *            the two, a disk that was pulled has lost its data)
 *   hold     pivot: xl's monitor is held; the guest's requests wait; the
 *            domain's records name the target, which has all by now, so that
 *            whatever dies next, they are right
 *   commit   QEMU changes the chain: the commit point
 *   after    what is superfluous is closed
 *
 * A copy that is left, while the disk stays where it is, changes no chain,
 * and has no commit point here.
 */
#include "ops/ops.h"

static struct snap_step *job_step(libxl_snapshot_ctx *sc,
                                  struct snap_plan *plan,
                                  const struct snap_chain_job *job,
                                  enum snap_step_kind kind, const char *what)
{
    struct snap_step *step = snap_plan_add(sc, plan, kind, "%s", what);

    step->command = job->id;
    return step;
}

static const char **job_list(libxl_snapshot_ctx *sc, const char *a,
                             const char *b)
{
    const char **list = snap_zalloc(sc, 3 * sizeof(*list));

    list[0] = a;
    if (a) list[1] = b;
    return a ? list : NULL;
}

/* The command, and the images that it is about. */
static void job_set_command(libxl_snapshot_ctx *sc, struct snap_step *step,
                            const struct snap_chain_job *job)
{
    step->path = job->pulls ? job->target : job->active;
    if (job->pulls) {
        step->command = "block-stream";
        step->images = job_list(sc, job->base, NULL);
    } else if (job->copies) {
        step->command = "blockdev-mirror";
        step->images = job_list(sc, job->target, NULL);
    } else {
        step->command = "block-commit";
        step->images = job_list(sc, job->merged[0], job->target);
    }
}

static void job_plan_start(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                           const struct snap_chain_job *job)
{
    const char *how = job->speed ? snap_sprintf(sc, "%llu", (unsigned long
                                                long)job->speed) : NULL;
    struct snap_step *step = snap_plan_add(
        sc, plan, SNAP_STEP_JOB_START, "let QEMU begin to %s %s into %s",
        job->pulls ? "pull what is below" : job->copies ? "copy" : "commit",
        job->pulls ? "it" : job->copies ? job->active : job->merged[0],
        job->target);

    job_set_command(sc, step, job);
    step->arguments = snap_json_object(
        sc, "s:job-id", job->id, "s:sync", job->copies, "s:backing-file",
        job->backing, "j:speed", how, NULL);
    step->writes = job->target;
    step = snap_step_undo(sc, step, SNAP_STEP_JOB_CANCEL, "cancel that");
    step->command = job->id;
}

/* Plan that the guest's requests wait, and its records name the target. */
static void job_plan_hold(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                          const struct snap_chain_job *job)
{
    struct snap_step *step;

    job_step(sc, plan, job, SNAP_STEP_JOB_COMPLETE,
             "let the guest's requests to the disk wait");
    if (!job->to) return;
    step = snap_plan_add(sc, plan, SNAP_STEP_REPOINT, "repoint disk %s to %s "
                         "in xenstore and the stored config", job->to->vdev,
                         job->to->to);
    step->repoints = job->to;
    step->num_repoints = 1;
    step = snap_step_undo(sc, step, SNAP_STEP_REPOINT, "repoint disk %s back",
                          job->to->vdev);
    step->repoints = job->back;
    step->num_repoints = 1;
}

static void job_plan_finalize(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                              const struct snap_chain_job *job)
{
    const char *child = job->pulls ? job->target : job->child;
    struct snap_step *step = snap_plan_add(
        sc, plan, SNAP_STEP_JOB_FINALIZE, job->pulls && !job->base
        ? "let %s stand on nothing" : "let %s stand on %s",
        child ? child : "the disk", job->pulls ? job->base : job->target);

    step->command = job->id;
    step->path = child ? child : job->active;
    step->images = job_list(sc, job->pulls ? job->base : job->target, NULL);
    step->to = child ? NULL : job->target;
    step->commit_point = true;
}

/* Plan that the copy is of one instant.  What QEMU says of its graph never
 * shows that this was done. */
static void job_plan_leave(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                           const struct snap_chain_job *job)
{
    struct snap_step *step;

    job_step(sc, plan, job, SNAP_STEP_JOB_LEAVE_COPY,
             "let the copy be of this instant");
    step = job_step(sc, plan, job, SNAP_STEP_JOB_FINALIZE,
                    "let the guest go on");
    step->path = job->target;
    step->images = job_list(sc, job->target, NULL);
}

/* Plan the change of the chain. */
static void job_plan_change(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            const struct snap_chain_job *job)
{
    bool pivots = !job->pulls && !job->child;
    int hold = -1;

    if (pivots && job->num_monitors)
        hold = snap_plan_hold_monitor(sc, plan, job->monitors,
                                      job->num_monitors);
    if (pivots) job_plan_hold(sc, plan, job);
    job_plan_finalize(sc, plan, job);
    if (hold >= 0) snap_plan_release_monitor(sc, plan, hold);
}

void snap_job_plan(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                   const struct snap_chain_job *job)
{
    bool in_chain = job->pulls || job->child;
    struct snap_step *step;

    job_plan_start(sc, plan, job);
    step = job_step(sc, plan, job, SNAP_STEP_JOB_WAIT,
                    "wait until the data is moved");
    step->path = in_chain ? job->target : NULL;
    if (job->leaves) job_plan_leave(sc, plan, job);
    else job_plan_change(sc, plan, job);
    job_step(sc, plan, job, SNAP_STEP_JOB_END, "let QEMU forget the job");
    step = snap_plan_add(sc, plan, SNAP_STEP_CLOSE_NODES, "let QEMU close "
                         "what is not needed any more");
    step->images = job->merged;
}
