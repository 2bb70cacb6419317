/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/recover_plan.c: the steps that end an operation that was cut off.
 * Pure.
 *
 *   back     the undos, the last first
 *   forward  what comes after the commit point
 */
#include "ops/ops.h"

int snap_recover_commit_point(const struct snap_plan *plan)
{
    int i;

    for (i = 0; i < plan->num_steps; i++)
        if (plan->steps[i].commit_point) return i;
    return plan->num_steps;
}

bool snap_recover_has_overwritten(const struct snap_recover *r)
{
    const struct snap_plan *plan = &r->entry.plan;
    int last = r->entry.has_recovery ? plan->num_steps - 1 : r->entry.at, i;

    for (i = r->commit; i <= last && i < plan->num_steps; i++)
        if (plan->steps[i].kind == SNAP_STEP_EXEC
            || plan->steps[i].kind == SNAP_STEP_HOOK
            || plan->steps[i].kind == SNAP_STEP_REMOVE_BITMAPS)
            return true;
    return false;
}

static struct snap_step *recover_copy_step(libxl_snapshot_ctx *sc,
                                           struct snap_plan *plan,
                                           const struct snap_step *from)
{
    struct snap_step *step = snap_plan_add_copy(sc, plan, from);

    step->undo = NULL;
    step->commit_point = false;
    step->retires_undo_of = -1;
    return step;
}

/* True if the recovery itself brings the domain back, paused. */
static bool recover_brings_back(const struct snap_plan *plan)
{
    int i;

    for (i = 0; i < plan->num_steps; i++)
        if (plan->steps[i].kind == SNAP_STEP_RESTORE
            || plan->steps[i].kind == SNAP_STEP_BOOT)
            return true;
    return false;
}

/* True for a thaw that has been done: the agent, which is asked otherwise,
 * may be gone by now.  True for an unpause where our pause has been taken
 * off, or may have been beside that of somebody else: such a domain stays
 * paused, once or twice. */
static bool recover_is_not_ours(const struct snap_recover *r,
                                const struct snap_step *step)
{
    const struct snap_journal_entry *e = &r->entry;

    if (step->kind == SNAP_STEP_THAW) return e->thawed;
    if (step->kind != SNAP_STEP_UNPAUSE) return false;
    if (r->has_run && !recover_brings_back(&r->plan)) return true;
    if (step->was_paused) return e->pauses < 1 || e->pause_unsure;
    return e->same_boot && e->pauses < 1 && !e->pause_unsure
        && !recover_brings_back(&r->plan);
}

/* True if a step that is done has made the undo of step @i superfluous: the
 * domain that was resumed may since have been suspended by somebody. */
static bool recover_is_retired(const struct snap_journal_entry *e, int i)
{
    int k;

    for (k = i + 1; k < e->plan.num_steps; k++)
        if (e->plan.steps[k].retires_undo_of == i && e->done[k]) return true;
    return false;
}

/* Plan to remove the tags that QEMU has made for nothing.  That takes a while,
 * so the guest runs by then. */
static void recover_plan_tags(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    const char *name = r->entry.head.snapshot;
    struct snap_step *step;
    int i;

    for (i = r->num_tags - 1; i >= 0; i--) {
        const struct snap_recover_tag *of = &r->tags[i];

        step = snap_plan_add(sc, &r->plan, of->tag.node
                             ? SNAP_STEP_REMOVE_TAG : SNAP_STEP_EXEC,
                             "remove the tag %s from %s", name, of->path);
        if (!of->tag.node)
            snap_internal_set_untag(sc, step, of->path, name,
                                    of->tag.virtual_size);
        step->path = of->path;
        step->command = of->tag.node;
        step->content = name;
        step->made = of->tag.made;
    }
}

/* Plan to remove what belongs to a snapshot that there will not be: not what
 * the guest runs on. */
static void recover_plan_remove(libxl_snapshot_ctx *sc,
                                struct snap_recover *r)
{
    const struct snap_plan *was = &r->entry.plan;
    int i;

    for (i = r->first - 1; i >= 0; i--) {
        enum snap_step_kind kind = was->steps[i].kind;

        if (was->steps[i].undo
            && (kind == SNAP_STEP_MKDIR || kind == SNAP_STEP_EXEC
                || kind == SNAP_STEP_HOOK))
            recover_copy_step(sc, &r->plan, was->steps[i].undo);
    }
    recover_plan_tags(sc, r);
}

/* Plan to destroy what xl left of the domain, whose QEMU may have the
 * images open that the domain is to have. */
static void recover_plan_destroy(libxl_snapshot_ctx *sc,
                                 struct snap_recover *r)
{
    const struct snap_plan *was = &r->entry.plan;
    struct snap_step *step = snap_plan_add(
        sc, &r->plan, SNAP_STEP_DESTROY, "destroy what xl left of domain %s",
        r->entry.head.domain);
    int i, k, num = 0;

    for (i = 0; i < was->num_steps; i++) {
        if (was->steps[i].kind != SNAP_STEP_RESTORE
            && was->steps[i].kind != SNAP_STEP_BOOT)
            continue;
        step->images = snap_zalloc(sc, (was->steps[i].num_repoints + 1)
                                       * sizeof(*step->images));
        for (k = 0; k < was->steps[i].num_repoints; k++)
            step->images[num++] = was->steps[i].repoints[k].to;
        break;
    }
}

/* Plan the undos.  After a crash of the host the journal may lack steps
 * that were done, so all up to the commit point are undone. */
static void recover_plan_back(libxl_snapshot_ctx *sc,
                              struct snap_recover *r)
{
    const struct snap_plan *was = &r->entry.plan;
    int last = r->entry.same_boot ? r->entry.at : r->commit, i;

    if (r->half_made) recover_plan_destroy(sc, r);
    for (i = last < was->num_steps ? last : was->num_steps - 1; i >= 0;
         i--) {
        if (!was->steps[i].undo || recover_is_retired(&r->entry, i)
            || recover_is_not_ours(r, was->steps[i].undo))
            continue;
        snap_plan_set_content(&was->steps[i]);
        recover_copy_step(sc, &r->plan, was->steps[i].undo);
    }
    recover_plan_tags(sc, r);
}

/* Plan to remove the names under which files would have been published. */
static void recover_plan_drop(libxl_snapshot_ctx *sc,
                              struct snap_recover *r,
                              const struct snap_step *publish)
{
    struct snap_step *step = snap_plan_add(sc, &r->plan, SNAP_STEP_UNLINK,
                                           "remove %s", publish->path);

    step->path = publish->path;
    step->made = publish->made;
}

static void recover_plan_forward(libxl_snapshot_ctx *sc,
                                 struct snap_recover *r)
{
    const struct snap_plan *was = &r->entry.plan;
    struct snap_step *step;
    int i, k;

    if (r->half_made && was->steps[r->first].kind != SNAP_STEP_DESTROY)
        recover_plan_destroy(sc, r);
    for (i = r->first; i < was->num_steps; i++) {
        if (r->no_snapshot && was->steps[i].kind == SNAP_STEP_PUBLISH) {
            recover_plan_drop(sc, r, &was->steps[i]);
            continue;
        }
        if (r->no_snapshot && was->steps[i].kind == SNAP_STEP_RECORD)
            continue;
        if (recover_is_not_ours(r, &was->steps[i])
            || (r->gives_up && r->entry.done[i]))
            continue;
        step = recover_copy_step(sc, &r->plan, &was->steps[i]);
        step->only_if_commit_known = false;      /* the recovery has
                                                  * found out */
        for (k = 0; k < r->num_tags && step->kind == SNAP_STEP_RECORD; k++)
            snap_step_know(sc, step, r->tags[k].path, r->tags[k].tag.made);
    }
    if (r->no_snapshot) recover_plan_remove(sc, r);
}

static void recover_plan_unfence(libxl_snapshot_ctx *sc,
                                 struct snap_recover *r)
{
    struct snap_step *step;
    int i;

    for (i = 0; i < r->num_fenced; i++) {
        step = snap_plan_add(sc, &r->plan, SNAP_STEP_UNFENCE,
                             "make %s writable again", r->fenced[i]->path);
        step->path = r->fenced[i]->path;
        snap_step_know(sc, step, step->path, r->fenced[i]->identity);
    }
}

void snap_recover_plan(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    if (r->entry.torn || r->entry.other_host) return;
    recover_plan_unfence(sc, r);
    if (r->forward) recover_plan_forward(sc, r);
    else recover_plan_back(sc, r);
}
