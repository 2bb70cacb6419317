/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan/kinds.c: the name of each kind of step, and the members that a step
 * of it must have.  Names appear in journals and in the JSON of a dry
 * run.  A journal may be damaged, or of another version, so every step
 * that is read is compared with its row before any of the plan is done.  A
 * row is { NAME, NEEDS, problem() }.
 *
 * The code that performs a step is in run/steps_<object>.c.
 */
#include "plan/plan.h"

#include <string.h>

#define NUM(rows) (sizeof(rows) / sizeof(*(rows)))

enum {
    NEEDS_PATH = 1 << 0,
    NEEDS_TO = 1 << 1,
    NEEDS_CONTENT = 1 << 2,
    NEEDS_ARGV = 1 << 3,        /* a program, at least */
    NEEDS_COMMAND = 1 << 4,
    NEEDS_ARGUMENTS = 1 << 5,
    NEEDS_UNDO = 1 << 6,
    NEEDS_SHOWS = 1 << 7,
    /* for snap_plan_images(): 'path' is a folder, a program or a socket;
     * 'argv' names no image */
    PATH_IS_NO_IMAGE = 1 << 8,
    ARGV_IS_NO_IMAGE = 1 << 9,
};

struct row {
    const char *name;
    unsigned needs;             /* the members that must be there, and what
                                 * they are */
    /* The fault of a step that has all members it needs, in words; NULL:
     * none.  May be NULL: there can be none. */
    const char *(*problem)(libxl_snapshot_ctx *sc,
                           const struct snap_step *step);
};

/*-- what is odd ------------------------------------------------------------*/

static bool kinds_is_argv(const char *const *argv)
{
    return argv && argv[0];
}

/* What a step runs is what a plan of ours runs. */
static const char *program_problem(libxl_snapshot_ctx *sc,
                                   const struct snap_step *step)
{
    if (!step->argv || snap_step_argv_is_planned(step)) return NULL;
    return snap_sprintf(sc, "'argv', %.64s and its arguments, is not what "
                        "such a step runs", step->argv[0]);
}

/* A hook is run as root: none but those of the administrator's. */
static const char *hook_problem(libxl_snapshot_ctx *sc,
                                const struct snap_step *step)
{
    const char *folder = snap_hook_folder(sc);
    size_t len = strlen(folder);

    if (strncmp(step->path, folder, len) || step->path[len] != '/'
        || !snap_hook_name_is_valid(step->path + len + 1))
        return snap_sprintf(sc, "'path' is not a hook in %s", folder);
    if (strcmp(step->command, "create") && strcmp(step->command, "delete")
        && strcmp(step->command, "revert"))
        return "'command' is not a verb that changes something";
    return NULL;
}

/* A freeze needs the agent's socket, or a program that freezes and one
 * that thaws. */
static const char *quiesce_problem(libxl_snapshot_ctx *sc,
                                   const struct snap_step *step)
{
    const char *why = program_problem(sc, step);

    if (why || step->path) return why;
    if (!kinds_is_argv(step->argv)) return "'path' or 'argv' is missing";
    return kinds_is_argv(step->undo->argv)
               ? NULL
               : "'argv' of its undo is missing";
}

static const char *repoint_problem(libxl_snapshot_ctx *sc,
                                   const struct snap_step *step)
{
    int i;

    (void)sc;
    for (i = 0; i < step->num_repoints; i++) {
        if (!step->repoints[i].be_path)
            return "'be_path' of a disk is missing";
        if (!step->repoints[i].from) return "'from' of a disk is missing";
    }
    return NULL;
}

static const char *images_problem(libxl_snapshot_ctx *sc,
                                  const struct snap_step *step)
{
    int i;

    (void)sc;
    if (!step->images || !step->images[0]) return "'images' is missing";
    for (i = 0; step->images[i]; i++)
        if (step->images[i][0] != '/')
            return "'images' has a path that is not absolute";
    return NULL;
}

/* kill(2) takes 0 and less for whole groups of processes. */
static const char *pids_problem(libxl_snapshot_ctx *sc,
                                const struct snap_step *step)
{
    int i;

    (void)sc;
    for (i = 0; i < step->num_pids; i++)
        if (step->pids[i] <= 0) return "'pids' has a number that is no pid";
    return NULL;
}

static int kinds_num_images(const struct snap_step *step)
{
    int num = 0;

    while (step->images && step->images[num]) num++;
    return num;
}

static const char *job_problem(libxl_snapshot_ctx *sc,
                               const struct snap_step *step)
{
    bool commits = !strcmp(step->command, "block-commit");
    bool copies = !strcmp(step->command, "blockdev-mirror");
    yajl_val arguments = snap_json_parse(step->arguments);
    bool named = snap_json_str(arguments, "job-id") != NULL;
    int num = kinds_num_images(step);

    (void)sc;
    yajl_tree_free(arguments);
    if (!commits && !copies && strcmp(step->command, "block-stream"))
        return "'command' is no job of ours";
    if (!named) return "'arguments' has no job-id";
    if (commits ? num != 2 : copies ? num != 1 : num > 1)
        return "'images' are not those of such a job";
    return NULL;
}

/*-- the table --------------------------------------------------------------*/

static const struct row kinds[] = {
    [SNAP_STEP_MKDIR] = { "mkdir", NEEDS_PATH | PATH_IS_NO_IMAGE, NULL },
    [SNAP_STEP_RMDIR] = { "rmdir", NEEDS_PATH | PATH_IS_NO_IMAGE, NULL },
    [SNAP_STEP_CREATE_FILE] = { "create-file", NEEDS_PATH, NULL },
    [SNAP_STEP_UNLINK] = { "unlink", NEEDS_PATH, NULL },
    [SNAP_STEP_RECORD] = { "record", NEEDS_PATH | NEEDS_CONTENT, NULL },
    [SNAP_STEP_RECORD_AGAIN] = { "record-again", NEEDS_PATH,
                                 images_problem },
    [SNAP_STEP_PUBLISH] = { "publish", NEEDS_PATH | NEEDS_TO, NULL },
    [SNAP_STEP_REPLACE] = { "replace", NEEDS_PATH | NEEDS_TO, NULL },
    [SNAP_STEP_FLUSH] = { "flush", NEEDS_PATH, NULL },
    [SNAP_STEP_FREEZE] = { "freeze", NEEDS_PATH, NULL },
    [SNAP_STEP_UNFREEZE] = { "unfreeze", NEEDS_PATH, NULL },
    [SNAP_STEP_UNFENCE] = { "unfence", NEEDS_PATH, NULL },
    [SNAP_STEP_REMOVE_IMAGE] = { "remove-image", NEEDS_PATH, NULL },
    [SNAP_STEP_EXEC] = { "exec", NEEDS_ARGV, program_problem },
    [SNAP_STEP_HOOK] = { "hook", NEEDS_PATH | NEEDS_COMMAND | NEEDS_ARGUMENTS
                         | PATH_IS_NO_IMAGE, hook_problem },
    [SNAP_STEP_REMOVE_BITMAPS] = { "remove-bitmaps", NEEDS_PATH, NULL },
    [SNAP_STEP_QMP] = { "qmp", NEEDS_COMMAND, NULL },
    [SNAP_STEP_LOOK_AGAIN] = { "look-again", 0, NULL },
    [SNAP_STEP_REMOVE_TAG] = { "remove-tag", NEEDS_PATH | NEEDS_COMMAND
                               | NEEDS_CONTENT, NULL },
    [SNAP_STEP_JOB_START] = { "job-start", NEEDS_PATH | NEEDS_COMMAND
                              | NEEDS_ARGUMENTS | NEEDS_UNDO, job_problem },
    [SNAP_STEP_JOB_CANCEL] = { "job-cancel", NEEDS_COMMAND, NULL },
    [SNAP_STEP_JOB_WAIT] = { "job-wait", NEEDS_COMMAND, NULL },
    [SNAP_STEP_JOB_COMPLETE] = { "job-complete", NEEDS_COMMAND, NULL },
    [SNAP_STEP_JOB_LEAVE_COPY] = { "job-leave-copy", NEEDS_COMMAND, NULL },
    [SNAP_STEP_JOB_FINALIZE] = { "job-finalize", NEEDS_PATH | NEEDS_COMMAND,
                                 NULL },
    [SNAP_STEP_JOB_END] = { "job-end", NEEDS_COMMAND, NULL },
    [SNAP_STEP_CLOSE_NODES] = { "close-nodes", 0, NULL },
    [SNAP_STEP_QUIESCE] = { "quiesce", NEEDS_UNDO | PATH_IS_NO_IMAGE
                            | ARGV_IS_NO_IMAGE, quiesce_problem },
    [SNAP_STEP_THAW] = { "thaw", PATH_IS_NO_IMAGE | ARGV_IS_NO_IMAGE,
                         program_problem },
    [SNAP_STEP_SAVE] = { "save", NEEDS_PATH | NEEDS_CONTENT, NULL },
    [SNAP_STEP_RESUME] = { "resume", 0, NULL },
    [SNAP_STEP_PAUSE] = { "pause", 0, NULL },
    [SNAP_STEP_UNPAUSE] = { "unpause", 0, NULL },
    [SNAP_STEP_REPOINT] = { "repoint", 0, repoint_problem },
    [SNAP_STEP_HOLD_MONITOR] = { "hold-monitor", 0, pids_problem },
    [SNAP_STEP_RELEASE_MONITOR] = { "release-monitor", 0, pids_problem },
    [SNAP_STEP_LOOK_OFF] = { "look-off", 0, NULL },
    [SNAP_STEP_DESTROY] = { "destroy", 0, NULL },
    [SNAP_STEP_RESTORE] = { "restore", NEEDS_PATH | NEEDS_CONTENT | NEEDS_ARGV
                            | ARGV_IS_NO_IMAGE, program_problem },
    [SNAP_STEP_BOOT] = { "boot", NEEDS_ARGV | ARGV_IS_NO_IMAGE,
                         program_problem },
};
_Static_assert(NUM(kinds) == SNAP_STEP_NUM,
               "a kind of step has no row in plan/kinds.c");

static const struct row done_whens[] = {
    [SNAP_DONE_NEVER] = { "never", 0, NULL },
    [SNAP_DONE_LV_IS_THERE] = { "lv-is-there", NEEDS_SHOWS, NULL },
    [SNAP_DONE_LV_IS_GONE] = { "lv-is-gone", NEEDS_SHOWS, NULL },
    [SNAP_DONE_LV_IS_REMOVED] = { "lv-is-removed", NEEDS_SHOWS, NULL },
    [SNAP_DONE_TAG_IS_GONE] = { "tag-is-gone", NEEDS_PATH | NEEDS_SHOWS,
                                NULL },
};
_Static_assert(NUM(done_whens) == SNAP_DONE_NUM,
               "a value of snap_done_when has no row in plan/kinds.c");

/*-- names ------------------------------------------------------------------*/

/* The name of a kind whose row is missing between others, which the
 * compiler does not notice. */
#define NAMELESS "nameless"

static const char *kinds_name_at(const struct row *rows, size_t num,
                                 size_t at)
{
    return at < num && rows[at].name ? rows[at].name : NAMELESS;
}

static int kinds_find_name(const struct row *rows, size_t num,
                           const char *name)
{
    size_t i;

    for (i = 0; i < num && name; i++)
        if (rows[i].name && !strcmp(rows[i].name, name)) return i;
    return -1;
}

const char *snap_step_kind_name(enum snap_step_kind kind)
{
    return kinds_name_at(kinds, NUM(kinds), kind);
}

int snap_step_kind_find(const char *name)
{
    return kinds_find_name(kinds, NUM(kinds), name);
}

const char *snap_done_when_name(enum snap_done_when when)
{
    return kinds_name_at(done_whens, NUM(done_whens), when);
}

int snap_done_when_find(const char *name)
{
    return kinds_find_name(done_whens, NUM(done_whens), name);
}

/*-- images -----------------------------------------------------------------*/

bool snap_step_path_is_image(const struct snap_step *step)
{
    return step->path && !(kinds[step->kind].needs & PATH_IS_NO_IMAGE);
}

bool snap_step_argv_has_images(const struct snap_step *step)
{
    return step->argv && !(kinds[step->kind].needs & ARGV_IS_NO_IMAGE);
}

/*-- completeness -----------------------------------------------------------*/

static const char *kinds_missing_member(const struct snap_step *step,
                                        unsigned needs)
{
    if ((needs & NEEDS_PATH) && !step->path) return "'path' is missing";
    if ((needs & NEEDS_TO) && !step->to) return "'to' is missing";
    if ((needs & NEEDS_CONTENT) && !step->content)
        return "'content' is missing";
    if ((needs & NEEDS_ARGV) && !kinds_is_argv(step->argv))
        return "'argv' is missing";
    if ((needs & NEEDS_COMMAND) && !step->command)
        return "'command' is missing";
    if ((needs & NEEDS_ARGUMENTS) && !step->arguments)
        return "'arguments' is missing";
    if ((needs & NEEDS_UNDO) && !step->undo) return "'undo' is missing";
    if ((needs & NEEDS_SHOWS) && !step->done_probe)
        return "'shows' is missing";
    return NULL;
}

/* All but sockets. */
static const char *kinds_relative_path(const struct snap_step *step)
{
    if (step->path && *step->path != '/'
        && step->kind != SNAP_STEP_QUIESCE && step->kind != SNAP_STEP_THAW)
        return "'path' is not absolute";
    return step->to && *step->to != '/' ? "'to' is not absolute" : NULL;
}

const char *snap_step_problem(libxl_snapshot_ctx *sc,
                              const struct snap_step *step)
{
    const struct row *kind = &kinds[step->kind];
    const char *why;
    int i;

    for (i = 0; i < step->num_repoints; i++) {
        if (!step->repoints[i].vdev) return "'vdev' of a disk is missing";
        if (!step->repoints[i].to) return "'to' of a disk is missing";
    }
    why = kinds_missing_member(step, kind->needs
                                     | done_whens[step->done_when].needs);
    if (!why) why = kinds_relative_path(step);
    return why || !kind->problem ? why : kind->problem(sc, step);
}
