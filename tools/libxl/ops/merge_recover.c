/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/merge_recover.c: looks at a commit or a pull that was cut off, for a
 * recovery.
 *
 * Whatever was done of it, the disk shows what it showed, so that somebody
 * may have started the domain since.  A commit of the active layer is
 * undone then: what the guest has written is in that layer.
 */
#include "ops/ops.h"

#include <string.h>
#include <libxl_utils.h>

/* The time by which the last write of ours may come after the last one to
 * the journal. */
#define MERGE_LATE_S 5

static const struct snap_step *merge_step(const struct snap_plan *plan,
                                          enum snap_step_kind kind)
{
    int i;

    for (i = 0; i < plan->num_steps; i++)
        if (plan->steps[i].kind == kind) return &plan->steps[i];
    return NULL;
}

/*-- who is at work on the layers -------------------------------------------*/

/* The layers that programs of the operation write to. */
static struct snap_file_use *merge_written(libxl_snapshot_ctx *sc,
                                           const struct snap_plan *plan,
                                           int *num_r)
{
    struct snap_file_use *uses =
        snap_zalloc(sc, (plan->num_steps + 1) * sizeof(*uses));
    int i;

    *num_r = 0;
    for (i = 0; i < plan->num_steps; i++)
        if (plan->steps[i].kind == SNAP_STEP_EXEC && plan->steps[i].writes
            && snap_file_exists(plan->steps[i].writes))
            uses[(*num_r)++] = (struct snap_file_use){
                .who = "layer", .path = plan->steps[i].writes,
                .write_only = true,
            };
    return uses;
}

/* A qemu-img that outlived its command may write yet, and in the middle of
 * a chain that is in use nothing is switched. */
static int merge_check_users(libxl_snapshot_ctx *sc,
                             const struct snap_recover *r)
{
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };
    const struct snap_journal_head *head = &r->entry.head;
    const struct snap_file_use *used;
    int num, rc;
    struct snap_file_use *uses = merge_written(sc, &r->entry.plan, &num);

    rc = snap_users_find(sc, uses, num, &nobody, &used);
    if (rc || !used) return rc;
    if (!r->forward && !strstr(used->users, "qemu-img")) return 0;
    return snap_fail(sc, ERROR_INVAL, "domain %s: %s is in use by %s; nothing "
                     "is lost, but disk %s cannot be brought in order "
                     "meanwhile. When that has ended, run xl "
                     "snapshot-recover %s again", head->domain, used->path,
                     used->users, head->snapshot,
                     snap_operand(sc, head->domain));
}

/*-- the layer that got the data --------------------------------------------*/

/* True of one that a program has written to before the commit point. */
static bool merge_is_target(const struct snap_recover *r, const char *path)
{
    int i;

    for (i = 0; i < r->commit; i++) {
        const struct snap_step *step = &r->entry.plan.steps[i];

        if (step->kind == SNAP_STEP_EXEC && step->writes
            && !strcmp(step->writes, path))
            return true;
    }
    return false;
}

const char *snap_merge_why_other_target(libxl_snapshot_ctx *sc,
                                        const struct snap_recover *r)
{
    const struct snap_prints *stake = &r->entry.head.at_stake;
    int i;

    for (i = 0; i < stake->num; i++)
        if (merge_is_target(r, stake->paths[i])
            && (!stake->prints || !stake->prints[i]
                || !snap_identity_is_unwritten_base(sc, stake->paths[i],
                                                    stake->prints[i],
                                                    r->entry.same_boot)))
            return snap_sprintf(sc, "%s is not as it was when the data had "
                                "been copied into it", stake->paths[i]);
    return NULL;
}

/* The same of a base whose state is recorded anew: by its date, since a
 * program of the operation may have written to it last. */
static const char *merge_why_other_base(libxl_snapshot_ctx *sc,
                                        const struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;
    struct snap_file_print journal, base;
    int i;

    if (snap_file_print(sc, e->path, &journal)) return snap_take_error(sc);
    for (i = r->first; i < e->plan.num_steps; i++) {
        const struct snap_step *step = &e->plan.steps[i];

        if (step->kind != SNAP_STEP_RECORD_AGAIN || e->done[i]
            || !snap_file_exists(step->path))
            continue;
        if (snap_file_print(sc, step->path, &base))
            return snap_take_error(sc);
        if (!base.is_device && base.written > journal.written + MERGE_LATE_S)
            return snap_sprintf(sc, "%s was written to at %s, after that",
                                step->path, snap_date(sc, base.written));
    }
    return NULL;
}

/* In the middle of a chain nothing is switched to another target, nor is the
 * state of one recorded as that of a base.  It may be the active layer, to
 * which the guest has written since, of which no more is to be done. */
static int merge_check_target(libxl_snapshot_ctx *sc,
                              const struct snap_recover *r)
{
    const struct snap_journal_head *head = &r->entry.head;
    const char *why = NULL;

    if (r->first < r->entry.plan.num_steps)
        why = snap_merge_why_other_target(sc, r);
    if (!why) why = merge_why_other_base(sc, r);
    if (!why) return 0;
    return snap_fail(sc, ERROR_INVAL, "domain %s: %s: has somebody restored "
                     "it? All layers of disk %s are there yet, and none is "
                     "changed any more. Put back the file that was there, "
                     "and run xl snapshot-recover %s again; or see what the "
                     "disk shows, and use --abandon", head->domain, why,
                     head->snapshot, snap_operand(sc, head->domain));
}

/*-- a commit of the active layer -------------------------------------------*/

/* Why the domain is to stay on its active layer @path, by that; NULL: it is
 * not. */
static const char *merge_why_used(libxl_snapshot_ctx *sc, const char *path,
                                  const char *print, bool same_boot)
{
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };
    struct snap_file_use use = {
        .who = "disk", .path = path, .write_only = true,
    };

    /* a freeze of ours does not count */
    if (!print
        || !snap_identity_is_unwritten_base(sc, path, print, same_boot))
        return snap_sprintf(sc, "%s may have been written to since", path);
    if (snap_users_of_files(sc, &use, 1, &nobody)) return snap_take_error(sc);
    return use.users ? snap_sprintf(sc, "%s is in use by %s", path, use.users)
                     : NULL;
}

static const char *merge_why_any_used(libxl_snapshot_ctx *sc,
                                      const struct snap_recover *r)
{
    const struct snap_prints *stake = &r->entry.head.at_stake;
    const char *why = NULL;
    int i;

    for (i = 0; !why && i < stake->num; i++)
        if (!merge_is_target(r, stake->paths[i]))
            why = merge_why_used(sc, stake->paths[i],
                                 stake->prints ? stake->prints[i] : NULL,
                                 r->entry.same_boot);
    return why;
}

/* The same by all that can be seen. */
static const char *merge_why_stay(libxl_snapshot_ctx *sc,
                                  const struct snap_recover *r,
                                  const struct snap_step *replace)
{
    const char *why;
    uint32_t domid;
    int i;

    if (!libxl_name_to_domid(sc->ctx, r->entry.head.domain, &domid))
        return "somebody has started the domain since";
    why = merge_why_any_used(sc, r);
    if (!why && replace) why = snap_merge_why_other_target(sc, r);
    for (i = 0; !why && replace && i < replace->num_known; i++)
        if (!snap_file_exists(replace->known[i].what))
            why = snap_sprintf(sc, "%s is not there any more",
                               replace->known[i].what);
        else if (!snap_identity_is_state(sc, replace->known[i].what,
                                         replace->known[i].identity))
            why = snap_sprintf(sc, "%s has been changed since",
                               replace->known[i].what);
    return why;
}

/* Once the xl.cfg names the target, the domain may have run there; or, if
 * somebody has put the old one back, on the old layer, which is not made
 * unwritable then.  Without an xl.cfg only the target tells: if it is another
 * by now, it was restored, or the domain has run there, and both layers stay
 * as they are. */
static int merge_look_at_active(libxl_snapshot_ctx *sc,
                                struct snap_recover *r)
{
    const struct snap_plan *plan = &r->entry.plan;
    const struct snap_step *replace = merge_step(plan, SNAP_STEP_REPLACE);
    int rc = replace ? 0 : merge_check_target(sc, r);
    const char *why;

    if (rc) return rc;
    if (replace && !snap_file_exists(replace->path)) {
        why = merge_why_any_used(sc, r);
        r->first = why ? plan->num_steps : replace - plan->steps + 1;
        if (why) snap_tell_left(sc, "%s, and it stays as it is", why);
        return 0;
    }
    why = merge_why_stay(sc, r, replace);
    if (!why) return 0;
    r->forward = false;
    r->has_verdict = true;
    r->why_undone = why;
    return 0;
}

/* Slot was_committed: any commit point but QEMU's job is a last look, after
 * which nothing is undone. */
static int merge_was_committed(libxl_snapshot_ctx *sc,
                               struct snap_recover *r, bool *was_r)
{
    *was_r = true;
    return r->entry.plan.steps[r->commit].kind == SNAP_STEP_JOB_FINALIZE
        ? snap_job_was_carried_out(sc, r, NULL, was_r) : 0;
}

/* True if the domain, which is off, is to leave its active layer. */
static bool merge_is_pivot(const struct snap_recover *r)
{
    const struct snap_prints *stake = &r->entry.head.at_stake;

    return stake->num && !merge_is_target(r, stake->paths[0]);
}

int snap_merge_look(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    int rc = 0;

    if (r->forward && merge_is_pivot(r)) rc = merge_look_at_active(sc, r);
    else if (r->forward) rc = merge_check_target(sc, r);
    /* no layer is written to any more */
    if (rc || (r->forward && r->first > r->commit + 1)) return rc;
    return merge_check_users(sc, r);
}

const struct snap_operation snap_operation_commit = {
    .name = "commit",
    .was_committed = merge_was_committed,
    .look = snap_merge_look,
};

const struct snap_operation snap_operation_pull = {
    .name = "pull",
    .was_committed = merge_was_committed,
    .look = snap_merge_look,
};
