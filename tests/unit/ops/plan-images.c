/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan-images.c: every path and volume that a plan names is one of its
 * images, so that its journal keeps up others on them.
 */
#include "plan-rules.h"

static bool has(const char **list, const char *text)
{
    for (; list && *list; list++)
        if (!strcmp(*list, text)) return true;
    return false;
}

/* True for a path of which a journal need not keep up others: a folder, a
 * program, a socket, the xl.cfg that xl reads. */
static bool is_no_image(const struct snap_step *step, const char *path)
{
    switch (step->kind) {
    case SNAP_STEP_QUIESCE:
    case SNAP_STEP_THAW:
        if (has(step->argv, path)) return true;
        /* fall through */
    case SNAP_STEP_MKDIR:
    case SNAP_STEP_RMDIR:
    case SNAP_STEP_HOOK:
        return step->path && !strcmp(path, step->path);
    case SNAP_STEP_RESTORE:
    case SNAP_STEP_BOOT:
        return has(step->argv, path);
    default:
        return !strncmp(path, "/local/domain/", 14);
    }
}

/* The path, or the device of the volume in vg-0, that begins at @at; NULL:
 * none does. */
static const char *path_at(const char *at)
{
    size_t len = strcspn(at, "\"\\,");

    if (*at == '/') return snap_sprintf(sc, "%.*s", (int)len, at);
    return strncmp(at, "vg-0/", 5) ? NULL
        : snap_sprintf(sc, "/dev/%.*s", (int)len, at);
}

/* Whatever member it stands in; but not in words, or in a file's content. */
static void check_step(const struct subject *s, const struct snap_step *step)
{
    struct snap_step alone = *step;
    const struct snap_plan one = { .num_steps = 1, .steps = &alone };
    const char **images = snap_plan_images(sc, s->plan), *at, *path;

    alone.what = "";
    alone.content = NULL;
    alone.undo = NULL;
    for (at = snap_plan_record(sc, &one); *at; at++) {
        path = strchr("\"=:,", *at) ? path_at(at + 1) : NULL;
        if (path)
            check_that(has(images, path) || is_no_image(step, path), __LINE__,
                       __FILE__, "%s, %s: %s is no image of the plan",
                       s->who, step->what, path);
    }
    if (step->undo) check_step(s, step->undo);
}

void check_images(const struct subject *s)
{
    int i;

    for (i = 0; i < s->plan->num_steps; i++)
        check_step(s, &s->plan->steps[i]);
}
