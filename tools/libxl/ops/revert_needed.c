/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/revert_needed.c: what the rest of a revert that was cut off goes on
 * from: the bases, its memory, the new images that it has made.
 */
#include "ops/ops.h"

/* How the new image of @step is not as the revert has left it; NULL: it
 * is. */
static const char *needed_new_image(libxl_snapshot_ctx *sc,
                                    const struct snap_journal_entry *e,
                                    const struct snap_step *step)
{
    const char *print = snap_prints_find(&e->head.at_stake, step->path);

    if (!snap_file_is_made(sc, step->path, step->undo->made))
        return snap_sprintf(sc, "%s is not the file that it has made",
                            step->path);
    if (print && snap_identity_has_changed(sc, step->path, print,
                                           e->same_boot))
        return snap_sprintf(sc, "%s, which it has made, was written to "
                            "since", step->path);
    return NULL;
}

static const char *needed_prints(libxl_snapshot_ctx *sc,
                                 const struct snap_journal_entry *e,
                                 const struct snap_prints *of,
                                 const char *what)
{
    int i;

    for (i = 0; of->prints && i < of->num; i++)
        if (snap_identity_has_changed(sc, of->paths[i], of->prints[i],
                                      e->same_boot))
            return snap_sprintf(sc, "%s, %s", of->paths[i], what);
    return NULL;
}

static bool needed_is_new_image(const struct snap_step *step)
{
    return step->kind == SNAP_STEP_CREATE_FILE && step->undo
        && step->undo->made;
}

/* How a new volume is none of those that the revert has made. */
static int needed_new_volumes(libxl_snapshot_ctx *sc,
                              const struct snap_recover *r,
                              const char **why_r)
{
    enum snap_lv_there there;
    int i, rc = 0;

    for (i = 0; !rc && !*why_r && i < r->commit; i++) {
        const struct snap_step *undo = r->entry.plan.steps[i].undo;

        if (!undo || undo->done_when != SNAP_DONE_LV_IS_REMOVED) continue;
        rc = snap_lv_is_there(sc, undo->done_probe, undo->lv_tag, &there);
        if (!rc && there != SNAP_LV_OURS)
            *why_r = snap_sprintf(sc, "%s is not the volume that it has made",
                                  undo->done_probe);
    }
    return rc;
}

int snap_revert_find_change(libxl_snapshot_ctx *sc,
                            const struct snap_recover *r, const char **why_r)
{
    const struct snap_journal_entry *e = &r->entry;
    int i;

    *why_r = needed_prints(sc, e, &e->head.relied_on, "which it needs, is "
                           "not as it was then");
    for (i = 0; !*why_r && i < r->commit; i++)
        if (needed_is_new_image(&e->plan.steps[i]))
            *why_r = needed_new_image(sc, e, &e->plan.steps[i]);
    return *why_r ? 0 : needed_new_volumes(sc, r, why_r);
}

const char *snap_revert_find_use(libxl_snapshot_ctx *sc,
                                 const struct snap_recover *r)
{
    return needed_prints(sc, &r->entry, &r->entry.head.left, "which the "
                         "domain had before, was written to since");
}

bool snap_revert_new_image_is_used(libxl_snapshot_ctx *sc,
                                   const struct snap_recover *r)
{
    const struct snap_plan *plan = &r->entry.plan;
    bool used = false;
    int i;

    for (i = 0; !used && i < r->commit; i++) {
        const struct snap_step *step = &plan->steps[i];

        if (needed_is_new_image(step)
            && snap_file_is_made(sc, step->path, step->undo->made)
            && snap_file_is_used_overlay(sc, step->path, &used))
            snap_take_error(sc);
    }
    return used;
}
