/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/journal_read.c: reads the durable record of an operation, see
 * run/journal.c.
 */
#include "run/run.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define JOURNAL_MAX (64 << 20)      /* bytes */
#define DOMID_MAX 0x7fef            /* and above 0, which has no
                                     * snapshots */

const char *snap_prints_find(const struct snap_prints *of, const char *path)
{
    int i;

    for (i = 0; of->prints && i < of->num; i++)
        if (!strcmp(of->paths[i], path)) return of->prints[i];
    return NULL;
}

/* Read the images @key of the first line. */
static void journal_parse_images(libxl_snapshot_ctx *sc, yajl_val obj,
                                 const char *key, struct snap_prints *of)
{
    of->paths = snap_json_dup_strings(sc, obj, key, &of->num);
}

/* Read the prints @key of a line, if it has them. */
static void journal_parse_prints_of(libxl_snapshot_ctx *sc, yajl_val obj,
                                    const char *key, struct snap_prints *of)
{
    int num;
    const char **prints = snap_json_dup_strings(sc, obj, key, &num);

    if (num && num == of->num) of->prints = prints;
}

static void journal_parse_prints(libxl_snapshot_ctx *sc, yajl_val obj,
                                 struct snap_journal_entry *entry)
{
    struct snap_journal_head *head = &entry->head;

    journal_parse_prints_of(sc, obj, "prints", &head->at_stake);
    journal_parse_prints_of(sc, obj, "relied_prints", &head->relied_on);
    journal_parse_prints_of(sc, obj, "left_prints", &head->left);
}

static void journal_parse_host(libxl_snapshot_ctx *sc, yajl_val obj,
                               struct snap_journal_entry *entry)
{
    const struct snap_journal_host here = snap_journal_host(sc), of = {
        .name = snap_json_dup(sc, obj, "host"),
        .machine = snap_json_dup(sc, obj, "machine"),
        .boot = snap_json_dup(sc, obj, "boot"),
    };

    entry->same_boot = of.boot && here.boot && !strcmp(of.boot, here.boot);
    entry->other_host = snap_journal_host_other(sc, &here, &of);
}

static void journal_parse_file(libxl_snapshot_ctx *sc, yajl_val obj,
                               struct snap_journal_entry *entry)
{
    const char *file = snap_json_dup(sc, obj, "file");

    entry->is_copy = file && !snap_file_is_made(sc, entry->path, file);
}

static int journal_parse_plan(libxl_snapshot_ctx *sc, yajl_val obj,
                              struct snap_journal_entry *entry)
{
    int rc = snap_plan_parse(sc, snap_json_get(obj, "plan"), &entry->plan);

    entry->done = snap_zalloc(sc, entry->plan.num_steps + 1);
    if (!rc || !entry->other_host) return rc;
    entry->plan_error = snap_take_error(sc);
    entry->plan.num_steps = 0;
    return 0;
}

static int journal_parse_head(libxl_snapshot_ctx *sc, yajl_val obj,
                              struct snap_journal_entry *entry)
{
    struct snap_journal_head *head = &entry->head;
    uint64_t domid = snap_json_u64(obj, "domid");

    head->operation = snap_json_dup(sc, obj, "operation");
    head->domain = snap_json_dup(sc, obj, "domain");
    head->uuid_str = snap_json_dup(sc, obj, "uuid");
    head->domid = snap_json_get(obj, "domid") ? domid : SNAP_NO_DOMAIN;
    head->snapshot = snap_json_dup(sc, obj, "snapshot");
    head->running_uuid = snap_json_dup(sc, obj, "running_uuid");
    if (!head->running_uuid) head->running_uuid = head->uuid_str;
    head->memory_path = snap_json_dup(sc, obj, "memory");
    head->mark = snap_json_dup(sc, obj, "mark");
    head->tagged = snap_json_dup_strings(sc, obj, "tagged",
                                         &head->num_tagged);
    journal_parse_images(sc, obj, "at_stake", &head->at_stake);
    journal_parse_images(sc, obj, "relied_on", &head->relied_on);
    journal_parse_images(sc, obj, "left_images", &head->left);
    snap_journal_images_parse(sc, snap_json_get(obj, "images"),
                              &entry->images);
    journal_parse_prints(sc, obj, entry);
    journal_parse_host(sc, obj, entry);
    journal_parse_file(sc, obj, entry);
    entry->began = snap_json_u64(obj, "began");
    entry->made_above = YAJL_IS_TRUE(snap_json_get(obj, "made_above"));
    if (!head->operation || !head->domain)
        return snap_fail(sc, ERROR_INVAL, "its first line does not name "
                         "its operation and domain");
    if (head->num_tagged && !head->snapshot)
        return snap_fail(sc, ERROR_INVAL, "its first line does not name "
                         "its snapshot");
    if (head->domid != SNAP_NO_DOMAIN && (!domid || domid > DOMID_MAX))
        return snap_fail(sc, ERROR_INVAL, "its domid is not a domid");
    if (!YAJL_IS_ARRAY(snap_json_get(obj, "plan")))
        return snap_fail(sc, ERROR_INVAL, "its first line has no plan");
    return journal_parse_plan(sc, obj, entry);
}

static bool journal_brings_back(const char *kind)
{
    return !strcmp(kind, snap_step_kind_name(SNAP_STEP_RESTORE))
        || !strcmp(kind, snap_step_kind_name(SNAP_STEP_BOOT));
}

/* Count the pauses that are the operation's own; xl brings a domain back
 * with one. */
static void journal_count_pauses(yajl_val obj, const char *kind,
                                 const char *state,
                                 struct snap_journal_entry *entry)
{
    bool back = journal_brings_back(kind);
    bool pause = !strcmp(kind, snap_step_kind_name(SNAP_STEP_PAUSE));
    bool unpause = !strcmp(kind, snap_step_kind_name(SNAP_STEP_UNPAUSE));

    if (!back && !pause && !unpause) return;
    entry->pause_unsure = !strcmp(state, "begun") || !strcmp(state, "lost");
    if (strcmp(state, "done")) return;
    entry->pauses = back ? 1 : entry->pauses + (pause ? 1 : -1);
    if (unpause) return;
    entry->has_cpu_ns = snap_json_get(obj, "cpu_ns") != NULL;
    entry->cpu_ns = snap_json_u64(obj, "cpu_ns");
}

/* Read what a step has made. */
static void journal_parse_end(libxl_snapshot_ctx *sc, yajl_val obj,
                              int at, const char *state,
                              struct snap_journal_entry *entry)
{
    const char *made = snap_json_dup(sc, obj, "made");

    if (made) snap_plan_set_made(sc, &entry->plan, at, made);
    if (!strcmp(state, "refused")) entry->plan.steps[at].undo = NULL;
}

/* Read a line of the commit point. */
static void journal_parse_commit(yajl_val obj, const char *state,
                                 struct snap_journal_entry *entry)
{
    uint64_t when = snap_json_u64(obj, "time");

    if (when && !entry->commit_from) entry->commit_from = when;
    if (when) entry->commit_to = when;
    if (!strcmp(state, "undone")) entry->committed = entry->maybe = false;
    if (entry->committed) return;
    entry->maybe = !strcmp(state, "begun") || !strcmp(state, "lost");
    entry->committed = !strcmp(state, "done");
}

/* Read the program that a step has left at work. */
static void journal_parse_left(libxl_snapshot_ctx *sc, yajl_val left,
                               struct snap_journal_entry *entry)
{
    uint64_t pid = snap_json_u64(left, "pid");

    if (!pid || pid > INT_MAX) return;
    entry->left = snap_grow(sc, entry->left,
                            entry->num_left * sizeof(*entry->left),
                            (entry->num_left + 1) * sizeof(*entry->left));
    entry->left[entry->num_left++] = (struct snap_left){
        pid, snap_json_u64(left, "started"),
    };
}

/* Read which file was made unwritable: of a path the last one. */
static void journal_parse_fenced(libxl_snapshot_ctx *sc, yajl_val obj,
                                 struct snap_journal_entry *entry)
{
    const char *path = snap_json_dup(sc, obj, "fenced");
    int i;

    if (!path) return;
    for (i = 0; i < entry->num_fenced; i++)
        if (!strcmp(entry->fenced[i].path, path)) break;
    if (i == entry->num_fenced) {
        entry->fenced = snap_grow(sc, entry->fenced,
                                  i * sizeof(*entry->fenced),
                                  (i + 1) * sizeof(*entry->fenced));
        entry->num_fenced++;
    }
    entry->fenced[i] = (struct snap_fence){
        path, snap_json_dup(sc, obj, "made"),
    };
}

/* Read a line that says how far the operation came. */
static void journal_parse_note(libxl_snapshot_ctx *sc, yajl_val obj,
                               struct snap_journal_entry *entry)
{
    yajl_val step = snap_json_get(obj, "step");
    const char *state = snap_json_str(obj, "state");
    const char *kind = snap_json_str(obj, "kind");
    const char *none = snap_json_dup(sc, obj, "no_snapshot");
    int at;

    journal_parse_left(sc, snap_json_get(obj, "left"), entry);
    journal_parse_fenced(sc, obj, entry);
    if (state && kind) journal_count_pauses(obj, kind, state, entry);
    if (state && kind && journal_brings_back(kind)) {
        if (!strcmp(state, "begun")) entry->may_be_back = true;
        if (!strcmp(state, "done")) entry->is_back = true;
    }
    if (entry->is_back && kind
        && !strcmp(kind, snap_step_kind_name(SNAP_STEP_UNPAUSE)))
        entry->may_have_run = true;
    if (state && kind && !strcmp(state, "done")
        && !strcmp(kind, snap_step_kind_name(SNAP_STEP_THAW))) {
        entry->thawed = true;
        /* not by a recovery */
        if (YAJL_IS_INTEGER(step)) entry->thawed_in_time = true;
    }
    if (snap_json_get(obj, "undo")) entry->undoing = true;
    if (snap_json_get(obj, "recover")) entry->has_recovery = true;
    if (!YAJL_IS_INTEGER(step) || !state || YAJL_GET_INTEGER(step) < 0
        || YAJL_GET_INTEGER(step) >= entry->plan.num_steps)
        return;
    at = YAJL_GET_INTEGER(step);
    if (at > entry->at) entry->at = at;     /* not the line of a verdict */
    entry->done[at] = !strcmp(state, "done");
    if (none) entry->no_snapshot = none;
    journal_parse_end(sc, obj, at, state, entry);
    if (entry->plan.steps[at].commit_point)
        journal_parse_commit(obj, state, entry);
}

/* Read the lines of a journal.  The last one may be torn; if it is the
 * first as well, nothing was begun, unless there is @more behind it. */
static int journal_parse(libxl_snapshot_ctx *sc, char *content, bool more,
                         struct snap_journal_entry *entry)
{
    char *line, *rest = content;
    yajl_val obj;
    int rc = 0;
    bool first = true;

    while (!rc && (line = strsep(&rest, "\n")) && rest) {
        obj = snap_json_parse(line);
        if (first)
            rc = obj ? journal_parse_head(sc, obj, entry)
                     : snap_fail(sc, ERROR_INVAL, "its first line is not "
                                 "JSON");
        else if (obj) {
            journal_parse_note(sc, obj, entry);
            journal_parse_prints(sc, obj, entry);
        }
        yajl_tree_free(obj);
        first = false;
        entry->length = rest - content;
    }
    if (first && more)
        return snap_fail(sc, ERROR_INVAL, "its first line has zeros in the "
                         "middle");
    entry->torn = first;
    return rc;
}

int snap_journal_read(libxl_snapshot_ctx *sc, const char *path,
                      struct snap_journal_entry *entry)
{
    const char *why, *doubt;
    char *content;
    bool more;
    int rc;

    *entry = (struct snap_journal_entry){
        .path = path, .at = -1, .head.domain = snap_journal_stem(sc, path),
    };
    rc = snap_file_read_written(sc, path, JOURNAL_MAX, &content, &more,
                                &doubt);
    if (rc) return rc;
    if (!doubt && snap_journal_is_draft(path)) {
        entry->torn = true;
        entry->length = strlen(content);
        return 0;
    }
    rc = doubt ? snap_fail(sc, ERROR_INVAL, "%s", doubt)
               : journal_parse(sc, content, more, entry);
    if (!rc) return 0;
    entry->head.domain = entry->head.uuid_str = snap_journal_stem(sc, path);
    why = snap_take_error(sc);
    return snap_fail(sc, rc, "%s is not a usable journal: %s", path,
                     why);
}
