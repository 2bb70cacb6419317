/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan-text.c: a plan as the text of a golden file.
 *
 * The text is made of the journal's record, which has every member of a
 * step: one that is added later shows without a change here.
 */
#include "plans.h"

#include <dirent.h>
#include <stdlib.h>

static const char *text_value(yajl_val v);

static const char *text_array(yajl_val v)
{
    const char *text = "[";
    size_t i;

    for (i = 0; i < v->u.array.len; i++)
        text = snap_sprintf(sc, "%s%s%s", text, i ? " " : "",
                            text_value(v->u.array.values[i]));
    return snap_sprintf(sc, "%s]", text);
}

static const char *text_member(const char *key, yajl_val v)
{
    if (YAJL_IS_TRUE(v)) return key;
    /* JSON as it is */
    if (!strcmp(key, "arguments"))
        return snap_sprintf(sc, "%s=%s", key, YAJL_GET_STRING(v));
    return snap_sprintf(sc, "%s=%s", key, text_value(v));
}

static const char *text_object(yajl_val v)
{
    const char *text = "{";
    size_t i;

    for (i = 0; i < v->u.object.len; i++)
        text = snap_sprintf(sc, "%s%s%s", text, i ? " " : "",
                            text_member(v->u.object.keys[i],
                                        v->u.object.values[i]));
    return snap_sprintf(sc, "%s}", text);
}

static const char *text_value(yajl_val v)
{
    const char *s = YAJL_GET_STRING(v);

    if (YAJL_IS_ARRAY(v)) return text_array(v);
    if (YAJL_IS_OBJECT(v)) return text_object(v);
    if (YAJL_IS_NUMBER(v)) return YAJL_GET_NUMBER(v);
    if (!s) return "null";
    return *s && !strpbrk(s, " []{}\"'") ? s : snap_sprintf(sc, "'%s'", s);
}

/* "KIND: what it does | the other members". */
static const char *text_step(yajl_val step)
{
    const char *text = snap_sprintf(sc, "%s: %s",
                                    snap_json_str(step, "kind"),
                                    snap_json_str(step, "what"));
    const char *between = " | ";
    size_t i;

    for (i = 0; i < step->u.object.len; i++) {
        const char *key = step->u.object.keys[i];

        if (!strcmp(key, "kind") || !strcmp(key, "what")
            || !strcmp(key, "undo"))
            continue;
        text = snap_sprintf(sc, "%s%s%s", text, between,
                            text_member(key, step->u.object.values[i]));
        between = " ";
    }
    return text;
}

char *plan_text(const struct snap_plan *plan)
{
    yajl_val steps = snap_json_parse(snap_plan_record(sc, plan)), undo;
    char *text = snap_strdup(sc, "");
    size_t i;

    REQUIRE(YAJL_IS_ARRAY(steps));
    for (i = 0; i < steps->u.array.len; i++) {
        yajl_val step = steps->u.array.values[i];

        text = snap_sprintf(sc, "%s%2zu %s\n", text, i, text_step(step));
        undo = snap_json_get(step, "undo");
        if (undo)
            text = snap_sprintf(sc, "%s   undo %s\n", text,
                                text_step(undo));
    }
    yajl_tree_free(steps);
    return text;
}

char *plan_kinds(const struct snap_plan *plan)
{
    char *text = snap_strdup(sc, "");
    int i;

    for (i = 0; i < plan->num_steps; i++)
        text = snap_sprintf(sc, "%s%s%s%s", text, i ? " " : "",
                            snap_step_kind_name(plan->steps[i].kind),
                            plan->steps[i].commit_point ? "*" : "");
    return text;
}

void check_golden_folder(const char *folder, const char *const *names,
                         int num)
{
    DIR *dir = opendir(golden_path(folder));
    struct dirent *e;
    int i;

    REQUIRE(dir != NULL);
    while ((e = readdir(dir))) {
        if (e->d_name[0] == '.') continue;
        for (i = 0; i < num; i++)
            if (!strcmp(e->d_name, snap_sprintf(sc, "%s.txt", names[i])))
                break;
        if (i == num)
            check_that(false, __LINE__, __FILE__,
                       "no case has the file golden/%s/%s", folder,
                       e->d_name);
    }
    closedir(dir);
}
