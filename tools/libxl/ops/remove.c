/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/remove.c: delete images that were superfluous when they were last
 * looked at: the layers that a merge has emptied of use, what deleted
 * snapshots have left.
 *
 *   gather   who needs them, found anew; who uses them; whether they are
 *            what they were
 *   check    one that is needed, used, or another one stays, and with it
 *            what it stands on
 *   plan     the others, the upper ones first
 *   run      cut off, it deletes nothing more: until somebody recovers it
 *            what is there may be needed again, or restored
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>

/*-- which of them stay -----------------------------------------------------*/

static bool remove_goes(const struct snap_remove_file *f)
{
    return !f->why_left && f->identity;
}

/* Who needs the file, but for those that go with it; NULL: nobody. */
static const char *remove_why_needed(libxl_snapshot_ctx *sc,
                                     const struct snap_remove *rm,
                                     const struct snap_needs *needs, int i)
{
    struct snap_needs_except except = { .config = rm->config };
    const struct snap_need *list;
    const char **with = snap_zalloc(sc, rm->num * sizeof(*with));
    int num, k;

    except.images = with;
    for (k = 0; k < rm->num; k++)
        if (remove_goes(&rm->files[k]))
            with[except.num_images++] = rm->files[k].file;
    list = snap_needs_of(sc, needs, rm->files[i].file, &except, &num);
    return num ? snap_sprintf(sc, "is needed by %s",
                              snap_needs_text(sc, list, num)) : NULL;
}

/* What stands on a file that stays needs that, too. */
static void remove_check_needs(libxl_snapshot_ctx *sc, struct snap_remove *rm,
                               const struct snap_needs *needs)
{
    bool changed = true;
    int i;

    while (changed) {
        changed = false;
        for (i = 0; i < rm->num; i++) {
            struct snap_remove_file *f = &rm->files[i];

            if (!remove_goes(f)) continue;
            f->why_left = remove_why_needed(sc, rm, needs, i);
            if (!f->why_left && needs->num_unknown)
                f->why_left = snap_sprintf(sc, "may be needed, which cannot "
                                           "be known: %s",
                                           snap_needs_unknown_text(sc,
                                                                   needs));
            changed = changed || f->why_left;
        }
    }
}

static void remove_look_at(libxl_snapshot_ctx *sc,
                           struct snap_remove_file *f)
{
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };
    struct snap_file_use use = { .who = "layer" };

    use.path = f->file = snap_file_true_path(sc, f->path);
    f->identity = NULL;
    if (!snap_file_exists(f->file)) return;
    f->identity = snap_image_identity(sc, f->file);
    if (!f->identity)
        f->why_left = "is no file";
    else if (f->print
             && !snap_identity_is_unwritten_base(sc, f->file, f->print, true))
        f->why_left = "is not as it was: somebody has written to it, or put "
                      "another one in its place";
    else if (snap_users_of_files(sc, &use, 1, &nobody))
        f->why_left = snap_take_error(sc);
    else if (use.users)
        f->why_left = snap_sprintf(sc, "is in use by %s", use.users);
}

static void remove_find_needs(libxl_snapshot_ctx *sc,
                              const struct snap_remove *rm,
                              struct snap_needs *needs)
{
    struct snap_needs_target *targets =
        snap_zalloc(sc, rm->num * sizeof(*targets));
    int i;

    for (i = 0; i < rm->num; i++)
        targets[i] = (struct snap_needs_target){
            rm->files[i].file, rm->files[i].format,
        };
    snap_needs_find(sc, rm->sources, targets, rm->num, needs);
}

/*-- plan -------------------------------------------------------------------*/

static void remove_plan_file(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                             const struct snap_remove_file *f)
{
    struct snap_step *step = snap_plan_add(
        sc, plan, SNAP_STEP_REMOVE_IMAGE, "delete %s", f->file);

    step->path = f->file;
    snap_step_know(sc, step, f->file, f->identity);
}

/* True if a file that goes, and is not planned yet, stands on @i. */
static bool remove_has_above(libxl_snapshot_ctx *sc,
                             const struct snap_remove *rm,
                             const struct snap_needs *needs,
                             const bool *planned, int i)
{
    int below = snap_needs_find_image(sc, needs, rm->files[i].file), k;

    for (k = 0; below >= 0 && k < rm->num; k++)
        if (k != i && !planned[k] && remove_goes(&rm->files[k])
            && snap_needs_is_on(needs, snap_needs_find_image(
                                    sc, needs, rm->files[k].file), below))
            return true;
    return false;
}

static void remove_plan(libxl_snapshot_ctx *sc, struct snap_remove *rm,
                        const struct snap_needs *needs)
{
    bool *planned = snap_zalloc(sc, rm->num * sizeof(*planned));
    int i = 0;

    while (i < rm->num) {
        if (planned[i] || !remove_goes(&rm->files[i])
            || remove_has_above(sc, rm, needs, planned, i)) {
            i++;
            continue;
        }
        remove_plan_file(sc, &rm->plan, &rm->files[i]);
        planned[i] = true;
        i = 0;
    }
}

/*-- all of it --------------------------------------------------------------*/

static int remove_run(libxl_snapshot_ctx *sc, struct snap_remove *rm)
{
    const struct snap_journal_head *of = rm->of;
    const struct snap_journal_head head = {
        .operation = snap_operation_remove.name, .domain = of->domain,
        .uuid_str = of->uuid_str, .domid = of->domid,
        .running_uuid = of->running_uuid, .snapshot = of->snapshot,
    };
    struct snap_run run = snap_run_of(&head);

    return snap_run_plan(sc, &run, &rm->plan);
}

void snap_tell_link(libxl_snapshot_ctx *sc, const char *path)
{
    const char *behind = snap_file_identity_behind(sc, path);
    const char *link = snap_file_identity(sc, path);

    if (behind && link && strcmp(behind, link))
        snap_tell_left(sc, "%s, a link to what is deleted", path);
}

static void remove_tell(libxl_snapshot_ctx *sc, const struct snap_remove *rm)
{
    int i;

    for (i = 0; i < rm->num; i++)
        if (rm->files[i].why_left)
            snap_tell_left(sc, "%s %s", rm->files[i].file,
                           rm->files[i].why_left);
        else if (remove_goes(&rm->files[i]))
            snap_tell_link(sc, rm->files[i].path);
}

int snap_remove(libxl_snapshot_ctx *sc, struct snap_remove *rm)
{
    struct snap_needs needs = { .given_up = rm->config };
    int i, rc = 0;

    for (i = 0; i < rm->num; i++)
        remove_look_at(sc, &rm->files[i]);
    remove_find_needs(sc, rm, &needs);
    remove_check_needs(sc, rm, &needs);
    remove_plan(sc, rm, &needs);
    remove_tell(sc, rm);
    if (!rm->dry_run && rm->plan.num_steps) rc = remove_run(sc, rm);
    for (i = 0; i < rm->num; i++)
        rm->files[i].is_gone = !snap_file_exists(rm->files[i].file);
    return rc;
}

/*-- after an operation -----------------------------------------------------*/

int snap_remove_after(libxl_snapshot_ctx *sc, struct snap_remove *rm,
                      char ***paths_r, bool *signalled_r)
{
    char **paths = snap_result_array(rm->num, sizeof(*paths));
    int num = 0, i, rc = snap_remove(sc, rm);

    if (rc == ERROR_ABORTED) *signalled_r = true;
    if (rc) sc->left = snap_take_error(sc);
    for (i = 0; i < rm->num; i++)
        if (rm->files[i].is_gone)
            paths[num++] = snap_result_str(rm->files[i].path);
    *paths_r = paths;
    return num;
}

char **snap_remove_foresee(libxl_snapshot_ctx *sc, char *const *paths,
                           int num, char ***steps, int *num_steps)
{
    char **all = snap_result_array(*num_steps + num, sizeof(*all));
    char **foreseen = snap_result_array(num, sizeof(*foreseen));
    int i;

    memcpy(all, *steps, *num_steps * sizeof(*all));
    free(*steps);
    *steps = all;
    for (i = 0; i < num; i++) {
        foreseen[i] = snap_result_str(paths[i]);
        all[(*num_steps)++] = snap_result_str(snap_sprintf(
            sc, "delete %s, if nobody needs it by then", paths[i]));
    }
    return foreseen;
}

/*-- recovery ---------------------------------------------------------------*/

/* Slot look: nothing is left to do, and nothing can be undone. */
static int remove_look(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    const struct snap_plan *plan = &r->entry.plan;
    int i;

    r->forward = true;
    r->first = plan->num_steps;
    for (i = 0; i < plan->num_steps; i++)
        if (snap_file_exists(plan->steps[i].path))
            snap_tell_left(sc, "%s, which nobody needed then",
                           plan->steps[i].path);
    return 0;
}

const struct snap_operation snap_operation_remove = {
    .name = "remove",
    .look = remove_look,
};
