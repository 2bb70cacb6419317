/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan/plan.c: a plan is a list of steps, each with its undo beside it.
 * Pure: appending a step does nothing to the world.
 */
#include "plan/plan.h"

#include <limits.h>
#include <string.h>

struct snap_step *snap_plan_add(libxl_snapshot_ctx *sc,
                                struct snap_plan *plan,
                                enum snap_step_kind kind, const char *fmt,
                                ...)
{
    struct snap_step *step;
    va_list ap;

    if (plan->num_steps == plan->max_steps) {
        int max = plan->max_steps ? 2 * plan->max_steps : 32;

        plan->steps = snap_grow(sc, plan->steps,
                                plan->max_steps * sizeof(*step),
                                max * sizeof(*step));
        plan->max_steps = max;
    }
    step = &plan->steps[plan->num_steps++];
    step->kind = kind;
    step->retires_undo_of = -1;
    va_start(ap, fmt);
    step->what = snap_vsprintf(sc, fmt, ap);
    va_end(ap);
    return step;
}

struct snap_step *snap_plan_add_copy(libxl_snapshot_ctx *sc,
                                     struct snap_plan *plan,
                                     const struct snap_step *from)
{
    struct snap_step *step = snap_plan_add(sc, plan, from->kind, "%s",
                                           from->what);
    const char *what = step->what;

    *step = *from;
    step->what = what;
    return step;
}

struct snap_step *snap_step_undo(libxl_snapshot_ctx *sc,
                                 struct snap_step *step,
                                 enum snap_step_kind kind, const char *fmt,
                                 ...)
{
    va_list ap;

    step->undo = snap_zalloc(sc, sizeof(*step->undo));
    step->undo->kind = kind;
    step->undo->retires_undo_of = -1;
    va_start(ap, fmt);
    step->undo->what = snap_vsprintf(sc, fmt, ap);
    va_end(ap);
    return step->undo;
}

void snap_step_know(libxl_snapshot_ctx *sc, struct snap_step *step,
                    const char *what, const char *identity)
{
    size_t size = step->num_known * sizeof(*step->known);
    struct snap_known *known;

    if (!identity) return;
    known = snap_zalloc(sc, size + sizeof(*known));
    if (size) memcpy(known, step->known, size);
    known[step->num_known++] = (struct snap_known){ what, identity };
    step->known = known;
}

const char *snap_step_identity(const struct snap_step *step,
                               const char *kind)
{
    size_t len = strlen(kind);
    int i;

    for (i = 0; step->path && i < step->num_known; i++) {
        const struct snap_known *k = &step->known[i];

        if (!strcmp(k->what, step->path) && !strncmp(k->identity, kind, len)
            && k->identity[len] == ' ')
            return k->identity;
    }
    return NULL;
}

/* What a step makes: a file at its path; a tag in the image from which its
 * undo removes it; the content of what it writes to. */
static const char *plan_product(const struct snap_step *maker)
{
    if (maker->undo && maker->undo->done_when == SNAP_DONE_TAG_IS_GONE)
        return maker->undo->path;
    return maker->done_when == SNAP_DONE_LV_IS_GONE ? maker->writes
                                                    : maker->path;
}

void snap_plan_know_made(libxl_snapshot_ctx *sc, struct snap_plan *plan)
{
    struct snap_step *last = &plan->steps[snap_plan_last(plan)];
    const struct snap_step *step;

    for (step = plan->steps; step < last; step++) {
        if (step->undo && step->undo->done_when == SNAP_DONE_TAG_IS_GONE)
            snap_step_know(sc, last, step->undo->path, SNAP_KNOWN_WHEN_MADE);
        if (step->done_when == SNAP_DONE_LV_IS_THERE && step->lv_tag)
            snap_step_know(sc, last, step->done_probe,
                           snap_sprintf(sc, "lv-tag %s", step->lv_tag));
    }
}

/* Tell @step of @what, which is the one that was @made. */
static void plan_tell_made(libxl_snapshot_ctx *sc, struct snap_step *step,
                           const char *what, const char *made)
{
    const struct snap_step before = *step;
    int i;

    if (step->path && !strcmp(step->path, what)) step->made = made;
    step->num_known = 0;
    step->known = NULL;
    for (i = 0; i < before.num_known; i++) {
        const struct snap_known *k = &before.known[i];
        bool is_it = !strcmp(k->what, what)
            && (!strcmp(k->identity, SNAP_KNOWN_WHEN_MADE)
                || !strcmp(k->identity, SNAP_KNOWN_WHEN_WRITTEN));

        snap_step_know(sc, step, k->what, is_it ? made : k->identity);
    }
}

void snap_plan_set_made(libxl_snapshot_ctx *sc, const struct snap_plan *plan,
                        int at, const char *made)
{
    const struct snap_step *maker = &plan->steps[at];
    const char *what = plan_product(maker);
    int i;

    if (maker->undo) maker->undo->made = made;
    for (i = at + 1; i < plan->num_steps && what; i++)
        plan_tell_made(sc, &plan->steps[i], what, made);
}

void snap_plan_set_writes(const struct snap_plan *plan, int begin,
                          const char *image)
{
    int i;

    for (i = begin; i < plan->num_steps; i++)
        plan->steps[i].writes = image;
}

int snap_plan_last(const struct snap_plan *plan)
{
    return plan->num_steps - 1;
}

void snap_plan_set_content(const struct snap_step *maker)
{
    if (maker->kind != SNAP_STEP_CREATE_FILE || !maker->undo) return;
    maker->undo->content = maker->content;
    maker->undo->owner_of = maker->owner_of;
}

void snap_plan_create_file(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                           const char *path, const char *like,
                           const char *content, const char *what)
{
    struct snap_step *step = snap_plan_add(sc, plan, SNAP_STEP_CREATE_FILE,
                                           "create %s %s", what, path);

    step->path = path;
    step->owner_of = like;
    step->content = content;
    step = snap_step_undo(sc, step, SNAP_STEP_UNLINK, "remove %s", path);
    step->path = path;
}

struct snap_step *snap_plan_exec(libxl_snapshot_ctx *sc,
                                 struct snap_plan *plan, const char *what,
                                 const char **argv)
{
    struct snap_step *step = snap_plan_add(sc, plan, SNAP_STEP_EXEC, "%s",
                                           what);

    step->argv = argv;
    return step;
}

void snap_step_allow_time(struct snap_step *step, uint64_t bytes,
                          unsigned bytes_per_ms)
{
    uint64_t ms = bytes / bytes_per_ms;

    step->timeout_ms = ms > INT_MAX ? INT_MAX : ms;
}

void snap_plan_flush(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                     const char *path)
{
    snap_plan_add(sc, plan, SNAP_STEP_FLUSH, "flush %s to the disk",
                  path)->path = path;
}

static void plan_set_pids(struct snap_step *step, const pid_t *pids,
                          int num)
{
    step->pids = pids;
    step->num_pids = num;
}

int snap_plan_hold_monitor(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                           const pid_t *pids, int num)
{
    struct snap_step *step = snap_plan_add(sc, plan, SNAP_STEP_HOLD_MONITOR,
                                           "hold xl's monitor of the domain");

    plan_set_pids(step, pids, num);
    step = snap_step_undo(sc, step, SNAP_STEP_RELEASE_MONITOR,
                          "release xl's monitor");
    plan_set_pids(step, pids, num);
    return snap_plan_last(plan);
}

struct snap_step *snap_plan_release_monitor(libxl_snapshot_ctx *sc,
                                            struct snap_plan *plan, int hold)
{
    struct snap_step *step = snap_plan_add(
        sc, plan, SNAP_STEP_RELEASE_MONITOR, "release xl's monitor");

    plan_set_pids(step, plan->steps[hold].pids, plan->steps[hold].num_pids);
    step->retires_undo_of = hold;
    return step;
}

struct snap_step *snap_plan_look_off(libxl_snapshot_ctx *sc,
                                     struct snap_plan *plan,
                                     const char **images)
{
    struct snap_step *step = snap_plan_add(
        sc, plan, SNAP_STEP_LOOK_OFF, "see that the domain is still off");

    if (images && *images) step->images = images;
    return step;
}

void snap_step_record_again(libxl_snapshot_ctx *sc, struct snap_step *step,
                            const char *image, const char **configs,
                            const char *identity)
{
    step->what = snap_sprintf(sc, "record the state of %s again, in %s%s",
                              image, configs[0],
                              configs[1] ? " and others" : "");
    step->path = image;
    step->images = configs;
    snap_step_know(sc, step, image, identity);
}

void snap_plan_unfreeze(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                        const char *path, const char *identity)
{
    struct snap_step *undo, *step = snap_plan_add(
        sc, plan, SNAP_STEP_UNFREEZE, "make %s writable", path);

    step->path = path;
    snap_step_know(sc, step, path, identity);
    step->undo_if_failed = true;
    undo = snap_step_undo(sc, step, SNAP_STEP_FREEZE,
                          "make %s unwritable again", path);
    undo->path = path;
    snap_step_know(sc, undo, path, identity);
}

struct snap_step *snap_plan_freeze(libxl_snapshot_ctx *sc,
                                   struct snap_plan *plan, const char *path,
                                   const char *identity)
{
    struct snap_step *step = snap_plan_add(
        sc, plan, SNAP_STEP_FREEZE, "make the base %s unwritable", path);

    step->path = path;
    snap_step_know(sc, step, path, identity);
    return step;
}
