/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_plan.c: a plan is a list of steps, each with its undo beside it.
 * Pure: appending a step does nothing to the world.
 */
#include "libxl_snap_internal.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const kind_names[] = {
    [SNAP_STEP_MKDIR] = "mkdir",
    [SNAP_STEP_RMDIR] = "rmdir",
    [SNAP_STEP_CREATE_FILE] = "create-file",
    [SNAP_STEP_UNLINK] = "unlink",
    [SNAP_STEP_PUBLISH] = "publish",
    [SNAP_STEP_FREEZE] = "freeze",
    [SNAP_STEP_EXEC] = "exec",
    [SNAP_STEP_HOOK] = "hook",
    [SNAP_STEP_QMP] = "qmp",
    [SNAP_STEP_SAVE] = "save",
    [SNAP_STEP_RESUME] = "resume",
    [SNAP_STEP_PAUSE] = "pause",
    [SNAP_STEP_UNPAUSE] = "unpause",
    [SNAP_STEP_QUIESCE] = "quiesce",
    [SNAP_STEP_THAW] = "thaw",
    [SNAP_STEP_REPOINT] = "repoint",
    [SNAP_STEP_HOLD_MONITOR] = "hold-monitor",
    [SNAP_STEP_RELEASE_MONITOR] = "release-monitor",
    [SNAP_STEP_DESTROY] = "destroy",
    [SNAP_STEP_RESTORE] = "restore",
    [SNAP_STEP_BOOT] = "boot",
};

static char *vformat(libxl_snapshot_ctx *sc, const char *fmt, va_list ap)
{
    va_list copy;
    char *s;
    int len;

    va_copy(copy, ap);
    len = vsnprintf(NULL, 0, fmt, copy);
    va_end(copy);
    s = snap_zalloc(sc, len + 1);
    vsnprintf(s, len + 1, fmt, ap);
    return s;
}

struct snap_step *snap_plan_add(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                                enum snap_step_kind kind, const char *fmt, ...)
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
    step->ends = -1;
    va_start(ap, fmt);
    step->what = vformat(sc, fmt, ap);
    va_end(ap);
    return step;
}

struct snap_step *snap_step_undo(libxl_snapshot_ctx *sc,
                                 struct snap_step *step,
                                 enum snap_step_kind kind, const char *fmt, ...)
{
    va_list ap;

    step->undo = snap_zalloc(sc, sizeof(*step->undo));
    step->undo->kind = kind;
    step->undo->ends = -1;
    va_start(ap, fmt);
    step->undo->what = vformat(sc, fmt, ap);
    va_end(ap);
    return step->undo;
}

int snap_plan_last(const struct snap_plan *plan)
{
    return plan->num_steps - 1;
}

void snap_plan_create_file(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                           const char *path, const char *like,
                           const char *content, const char *what)
{
    struct snap_step *step = snap_plan_add(sc, plan, SNAP_STEP_CREATE_FILE,
                                           "create %s %s", what, path);

    step->path = path;
    step->like = like;
    step->content = content;
    step = snap_step_undo(sc, step, SNAP_STEP_UNLINK, "remove %s", path);
    step->path = path;
}

void snap_plan_exec(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                    const char *what, const char **argv)
{
    snap_plan_add(sc, plan, SNAP_STEP_EXEC, "%s", what)->argv = argv;
}

const char **snap_argv(libxl_snapshot_ctx *sc, const char *arg, ...)
{
    const char **argv, *a;
    int num = 0;
    va_list ap;

    va_start(ap, arg);
    for (a = arg; a; a = va_arg(ap, const char *)) num++;
    va_end(ap);

    argv = snap_zalloc(sc, (num + 1) * sizeof(*argv));
    num = 0;
    va_start(ap, arg);
    for (a = arg; a; a = va_arg(ap, const char *)) argv[num++] = a;
    va_end(ap);
    return argv;
}

/*-- JSON -------------------------------------------------------------------*/

static char *argv_to_json(libxl_snapshot_ctx *sc, const char **argv)
{
    int num;

    if (!argv) return NULL;
    for (num = 0; argv[num]; num++);
    return snap_json_strings(sc, argv, num);
}

static char *repoints_to_json(libxl_snapshot_ctx *sc,
                              const struct snap_step *step)
{
    const char **items;
    int i;

    if (!step->num_repoints) return NULL;
    items = snap_zalloc(sc, step->num_repoints * sizeof(*items));
    for (i = 0; i < step->num_repoints; i++) {
        const struct snap_repoint *r = &step->repoints[i];

        items[i] = snap_json_object(
            sc, "s:vdev", r->vdev, "s:from", r->from, "s:to", r->to,
            "s:format", libxl_disk_format_to_string(r->format), NULL);
    }
    return snap_json_array(sc, items, step->num_repoints);
}

static char *pids_to_json(libxl_snapshot_ctx *sc, const struct snap_step *step)
{
    const char **items;
    int i;

    if (!step->num_pids) return NULL;
    items = snap_zalloc(sc, step->num_pids * sizeof(*items));
    for (i = 0; i < step->num_pids; i++)
        items[i] = snap_sprintf(sc, "%d", (int)step->pids[i]);
    return snap_json_array(sc, items, step->num_pids);
}

static char *step_to_json(libxl_snapshot_ctx *sc, const struct snap_step *step)
{
    return snap_json_object(
        sc, "s:kind", kind_names[step->kind], "s:what", step->what,
        "s:path", step->path, "s:to", step->to, "s:like", step->like,
        "j:argv", argv_to_json(sc, step->argv),
        "s:command", step->command, "j:arguments", step->arguments,
        "j:disks", repoints_to_json(sc, step),
        "j:pids", pids_to_json(sc, step),
        "j:live", step->live ? "true" : NULL,
        "j:commit_point", step->commit_point ? "true" : NULL,
        "j:undo", step->undo ? step_to_json(sc, step->undo) : NULL, NULL);
}

char *snap_plan_to_json(libxl_snapshot_ctx *sc, const struct snap_plan *plan)
{
    const char **items = snap_zalloc(sc, plan->num_steps * sizeof(*items));
    int i;

    for (i = 0; i < plan->num_steps; i++)
        items[i] = step_to_json(sc, &plan->steps[i]);
    return snap_json_array(sc, items, plan->num_steps);
}

void snap_plan_to_result(libxl_snapshot_ctx *sc, const struct snap_plan *plan,
                         libxl_domain_snapshot_result *result)
{
    int i;

    result->plan_json = snap_result_str(snap_plan_to_json(sc, plan));
    result->steps = calloc(plan->num_steps + 1, sizeof(*result->steps));
    if (!result->steps) abort();
    for (i = 0; i < plan->num_steps; i++)
        result->steps[result->num_steps++] = snap_result_str(plan->steps[i].what);
}
