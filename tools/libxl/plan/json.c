/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan/json.c: a plan as JSON: a description for people and programs; or
 * the whole plan, for the journal, written and read.
 */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

/* As what is done at its deadline to a program is written. */
static const char *const plan_ends[] = {
    [SNAP_EXEC_LEAVE] = NULL,
    [SNAP_EXEC_TERM] = "term",
    [SNAP_EXEC_KILL] = "kill",
};

/*-- writing ----------------------------------------------------------------*/

/* A JSON array of @strings, which end with NULL; NULL, to leave out the
 * member, if there are none. */
static char *plan_strings_to_json(libxl_snapshot_ctx *sc,
                                  const char **strings)
{
    int num;

    if (!strings) return NULL;
    for (num = 0; strings[num]; num++)
        ;
    return snap_json_strings(sc, strings, num);
}

/* A number as JSON; NULL, to leave out the member, if it is 0. */
static char *plan_json_number(libxl_snapshot_ctx *sc, int n)
{
    return n ? snap_sprintf(sc, "%d", n) : NULL;
}

static const char *plan_json_flag(bool on)
{
    return on ? "true" : NULL;
}

static char *plan_repoints_to_json(libxl_snapshot_ctx *sc,
                                   const struct snap_step *step,
                                   bool whole)
{
    const char **items;
    int i;

    if (!step->num_repoints) return NULL;
    items = snap_zalloc(sc, step->num_repoints * sizeof(*items));
    for (i = 0; i < step->num_repoints; i++) {
        const struct snap_repoint *r = &step->repoints[i];

        items[i] = snap_json_object(
            sc, "s:vdev", r->vdev, "s:from", r->from, "s:to", r->to,
            "s:format", libxl_disk_format_to_string(r->format),
            "s:backend", r->backend ? libxl_disk_backend_to_string(r->backend)
                                    : NULL,
            "s:be_path", whole ? r->be_path : NULL,
            "j:devid", whole ? plan_json_number(sc, r->devid) : NULL, NULL);
    }
    return snap_json_array(sc, items, step->num_repoints);
}

static char *plan_pids_to_json(libxl_snapshot_ctx *sc,
                               const struct snap_step *step)
{
    const char **items;
    int i;

    if (!step->num_pids) return NULL;
    items = snap_zalloc(sc, step->num_pids * sizeof(*items));
    for (i = 0; i < step->num_pids; i++)
        items[i] = snap_sprintf(sc, "%d", (int)step->pids[i]);
    return snap_json_array(sc, items, step->num_pids);
}

static char *plan_known_to_json(libxl_snapshot_ctx *sc,
                                const struct snap_step *step)
{
    const char **items = snap_zalloc(sc, (step->num_known + 1)
                                         * sizeof(*items));
    int i;

    for (i = 0; i < step->num_known; i++)
        items[i] = snap_json_object(sc, "s:what", step->known[i].what,
                                    "s:is", step->known[i].identity, NULL);
    return step->num_known ? snap_json_array(sc, items, step->num_known)
                           : NULL;
}

/* A step as JSON.  In a whole plan QMP arguments are a string, so that
 * they are read back to the letter. */
static char *plan_step_to_json(libxl_snapshot_ctx *sc,
                               const struct snap_step *step, bool whole)
{
    return snap_json_object(
        sc, "s:kind", snap_step_kind_name(step->kind), "s:what", step->what,
        "s:path", step->path, "s:to", step->to, "s:like", step->owner_of,
        "j:argv", plan_strings_to_json(sc, step->argv),
        "j:images", plan_strings_to_json(sc, step->images),
        "s:command", step->command,
        whole ? "s:arguments" : "j:arguments", step->arguments,
        "j:disks", plan_repoints_to_json(sc, step, whole),
        "j:pids", plan_pids_to_json(sc, step),
        "j:live", plan_json_flag(step->live),
        "j:commit_point", plan_json_flag(step->commit_point),
        "s:content", whole ? step->content : NULL,
        "j:timeout_ms", whole ? plan_json_number(sc, step->timeout_ms) : NULL,
        "j:stops", plan_json_flag(whole && step->is_downtime_start),
        "j:was_paused", plan_json_flag(whole && step->was_paused),
        "s:at_deadline", whole ? plan_ends[step->at_deadline] : NULL,
        "j:undo_if_failed", plan_json_flag(whole && step->undo_if_failed),
        "j:needs_all", plan_json_flag(whole && step->only_if_all_done),
        "j:needs_known", plan_json_flag(whole && step->only_if_commit_known),
        "s:done_when", whole && step->done_when
                       ? snap_done_when_name(step->done_when) : NULL,
        "s:shows", whole ? step->done_probe : NULL,
        "s:lv_tag", whole ? step->lv_tag : NULL,
        "s:writes", whole ? step->writes : NULL,
        "j:known", whole ? plan_known_to_json(sc, step) : NULL,
        "j:ends", whole && step->retires_undo_of >= 0
                  ? snap_sprintf(sc, "%d", step->retires_undo_of) : NULL,
        "j:undo", step->undo ? plan_step_to_json(sc, step->undo, whole) : NULL,
        NULL);
}

static char *plan_to_json(libxl_snapshot_ctx *sc,
                          const struct snap_plan *plan, bool whole)
{
    const char **items = snap_zalloc(sc, plan->num_steps * sizeof(*items));
    int i;

    for (i = 0; i < plan->num_steps; i++)
        items[i] = plan_step_to_json(sc, &plan->steps[i], whole);
    return snap_json_array(sc, items, plan->num_steps);
}

char *snap_plan_to_json(libxl_snapshot_ctx *sc,
                        const struct snap_plan *plan)
{
    return plan_to_json(sc, plan, false);
}

char *snap_plan_record(libxl_snapshot_ctx *sc,
                       const struct snap_plan *plan)
{
    return plan_to_json(sc, plan, true);
}

char **snap_plan_sentences(const struct snap_plan *plan, int *num_r)
{
    char **steps = snap_result_array(plan->num_steps, sizeof(*steps));

    for (*num_r = 0; *num_r < plan->num_steps; (*num_r)++)
        steps[*num_r] = snap_result_str(plan->steps[*num_r].what);
    return steps;
}

void snap_plan_to_result(libxl_snapshot_ctx *sc,
                         const struct snap_plan *plan,
                         libxl_domain_snapshot_result *result)
{
    result->plan_json = snap_result_str(snap_plan_to_json(sc, plan));
    result->steps = snap_plan_sentences(plan, &result->num_steps);
}

/*-- reading ----------------------------------------------------------------*/

/* The number @key, from 0 to @max; @none if there is none. */
static int plan_json_small(yajl_val obj, const char *key, int max,
                           int none)
{
    yajl_val val = snap_json_get(obj, key);

    if (!YAJL_IS_INTEGER(val)) return none;
    if (val->u.number.i < 0 || val->u.number.i > max) return none;
    return val->u.number.i;
}

/* The array @key; *num_r is 0 if there is none. */
static yajl_val *plan_json_items(yajl_val obj, const char *key, int *num_r)
{
    yajl_val val = snap_json_get(obj, key);

    *num_r = YAJL_IS_ARRAY(val) ? val->u.array.len : 0;
    return *num_r ? val->u.array.values : NULL;
}

static const char **plan_parse_strings(libxl_snapshot_ctx *sc,
                                       yajl_val obj, const char *key)
{
    const char **strings;
    yajl_val *items;
    int num, i;

    items = plan_json_items(obj, key, &num);
    if (!num) return NULL;
    strings = snap_zalloc(sc, (num + 1) * sizeof(*strings));
    for (i = 0; i < num; i++) {
        const char *s = YAJL_GET_STRING(items[i]);

        strings[i] = snap_strdup(sc, s ? s : "");
    }
    return strings;
}

static void plan_parse_repoints(libxl_snapshot_ctx *sc, yajl_val obj,
                                struct snap_step *step)
{
    struct snap_repoint *repoints;
    const char *format, *backend;
    yajl_val *items;
    int num, i;

    items = plan_json_items(obj, "disks", &num);
    repoints = snap_zalloc(sc, num * sizeof(*repoints));
    step->repoints = repoints;
    step->num_repoints = num;
    for (i = 0; i < num; i++) {
        repoints[i] = (struct snap_repoint){
            .vdev = snap_json_dup(sc, items[i], "vdev"),
            .be_path = snap_json_dup(sc, items[i], "be_path"),
            .devid = plan_json_small(items[i], "devid", INT32_MAX, 0),
            .from = snap_json_dup(sc, items[i], "from"),
            .to = snap_json_dup(sc, items[i], "to"),
        };
        format = snap_json_str(items[i], "format");
        if (!format
            || libxl_disk_format_from_string(format, &repoints[i].format))
            repoints[i].format = LIBXL_DISK_FORMAT_UNKNOWN;
        backend = snap_json_str(items[i], "backend");
        if (!backend
            || libxl_disk_backend_from_string(backend,
                                              &repoints[i].backend))
            repoints[i].backend = LIBXL_DISK_BACKEND_UNKNOWN;
    }
}

static void plan_parse_known(libxl_snapshot_ctx *sc, yajl_val obj,
                             struct snap_step *step)
{
    yajl_val *items;
    int num, i;

    items = plan_json_items(obj, "known", &num);
    for (i = 0; i < num; i++) {
        const char *what = snap_json_dup(sc, items[i], "what");

        snap_step_know(sc, step, what ? what : "",
                       snap_json_dup(sc, items[i], "is"));
    }
}

static void plan_parse_pids(libxl_snapshot_ctx *sc, yajl_val obj,
                            struct snap_step *step)
{
    yajl_val *items;
    pid_t *pids;
    int num, i;

    items = plan_json_items(obj, "pids", &num);
    pids = snap_zalloc(sc, num * sizeof(*pids));
    step->pids = pids;
    step->num_pids = num;
    for (i = 0; i < num; i++) {
        long long n =
            YAJL_IS_INTEGER(items[i]) ? YAJL_GET_INTEGER(items[i]) : 0;

        pids[i] = n > 0 && n <= INT32_MAX ? n : 0;
    }
}

/* Older versions, which had no "images", wrote the images of a DESTROY as
 * "argv"; and a volume that they removed had no tag.  Such a journal may
 * be left when a newer version is installed. */
static void plan_parse_older(struct snap_step *step)
{
    if (step->done_when == SNAP_DONE_LV_IS_GONE && step->argv
        && !strcmp(step->argv[0], "lvremove"))
        step->done_when = SNAP_DONE_LV_IS_REMOVED;
    if (step->kind != SNAP_STEP_DESTROY || step->images) return;
    step->images = step->argv;
    step->argv = NULL;
}

/* A journal of an older version does not say: no signal is the safe way. */
static enum snap_exec_end plan_parse_end(yajl_val obj)
{
    const char *end = snap_json_str(obj, "at_deadline");

    if (!end) return SNAP_EXEC_LEAVE;
    if (!strcmp(end, plan_ends[SNAP_EXEC_KILL])) return SNAP_EXEC_KILL;
    return strcmp(end, plan_ends[SNAP_EXEC_TERM]) ? SNAP_EXEC_LEAVE
                                                  : SNAP_EXEC_TERM;
}

static int plan_parse_step(libxl_snapshot_ctx *sc, yajl_val obj,
                           struct snap_step *step, bool is_undo)
{
    const char *kind = snap_json_str(obj, "kind");
    const char *done_when = snap_json_str(obj, "done_when");
    yajl_val undo = snap_json_get(obj, "undo");
    int k = snap_step_kind_find(kind), d = snap_done_when_find(done_when),
        rc;
    const char *why;

    if (k < 0)
        return snap_fail(sc, ERROR_INVAL, "there is no step of kind '%s'",
                         kind ? kind : "");
    if (done_when && d < 0)
        return snap_fail(sc, ERROR_INVAL, "'%s' cannot tell that a step "
                         "is done", done_when);
    step->kind = k;
    step->what = snap_json_dup(sc, obj, "what");
    if (!step->what) step->what = snap_step_kind_name(k);
    step->path = snap_json_dup(sc, obj, "path");
    step->to = snap_json_dup(sc, obj, "to");
    step->owner_of = snap_json_dup(sc, obj, "like");
    step->content = snap_json_dup(sc, obj, "content");
    step->argv = plan_parse_strings(sc, obj, "argv");
    step->images = plan_parse_strings(sc, obj, "images");
    step->timeout_ms = plan_json_small(obj, "timeout_ms", INT32_MAX, 0);
    step->at_deadline = plan_parse_end(obj);
    step->command = snap_json_dup(sc, obj, "command");
    step->arguments = snap_json_dup(sc, obj, "arguments");
    step->live = snap_json_bool(obj, "live");
    step->is_downtime_start = snap_json_bool(obj, "stops");
    step->was_paused = snap_json_bool(obj, "was_paused");
    step->undo_if_failed = snap_json_bool(obj, "undo_if_failed");
    step->commit_point = snap_json_bool(obj, "commit_point");
    step->only_if_all_done = snap_json_bool(obj, "needs_all");
    step->only_if_commit_known = snap_json_bool(obj, "needs_known");
    step->done_when = d < 0 ? SNAP_DONE_NEVER : d;
    step->done_probe = snap_json_dup(sc, obj, "shows");
    step->lv_tag = snap_json_dup(sc, obj, "lv_tag");
    step->writes = snap_json_dup(sc, obj, "writes");
    step->retires_undo_of = plan_json_small(obj, "ends", INT32_MAX, -1);
    plan_parse_repoints(sc, obj, step);
    plan_parse_pids(sc, obj, step);
    plan_parse_known(sc, obj, step);
    plan_parse_older(step);
    if (undo && !is_undo) {
        step->undo = snap_zalloc(sc, sizeof(*step->undo));
        rc = plan_parse_step(sc, undo, step->undo, true);
        if (rc) return rc;
    }
    why = snap_step_problem(sc, step);
    if (!why) return 0;
    return snap_fail(sc, ERROR_INVAL, "the step '%s' (%s) cannot be done: %s",
                     step->what, kind, why);
}

int snap_plan_parse(libxl_snapshot_ctx *sc, yajl_val array,
                    struct snap_plan *plan)
{
    int i, rc, num = YAJL_IS_ARRAY(array) ? array->u.array.len : 0;

    *plan = (struct snap_plan){ .num_steps = num, .max_steps = num };
    plan->steps = snap_zalloc(sc, num * sizeof(*plan->steps));
    for (i = 0; i < num; i++) {
        rc = plan_parse_step(sc, array->u.array.values[i], &plan->steps[i],
                             false);
        if (rc) return rc;
        if (plan->steps[i].retires_undo_of >= i)
            return snap_fail(sc, ERROR_INVAL, "step %d makes the undo of "
                             "a later step superfluous", i);
    }
    return 0;
}
