/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/steps_file.c: steps that change our own files.  A recovery can do
 * most of them a second time: a folder that exists, or a file that is
 * gone, is as it should be.  CREATE_FILE is never a step of a recovery: it
 * comes before the commit point and is not an undo.
 */
#include "run/run.h"

#include <string.h>

/* Slot made. */
static const char *file_made(libxl_snapshot_ctx *sc,
                             const struct snap_step *step)
{
    return snap_file_identity(sc, step->path);
}

static int file_mkdir(libxl_snapshot_ctx *sc, struct snap_run *run,
                      const struct snap_step *step)
{
    (void)run;
    return snap_file_mkdir(sc, step->path);
}

static int file_rmdir(libxl_snapshot_ctx *sc, struct snap_run *run,
                      const struct snap_step *step)
{
    (void)run;
    return snap_file_rmdir(sc, step->path, step->made);
}

static int file_create(libxl_snapshot_ctx *sc, struct snap_run *run,
                       const struct snap_step *step)
{
    int rc = snap_file_create(sc, step->path, step->owner_of,
                              step->content);

    run->refused = rc != 0;
    return rc;
}

static int file_unlink(libxl_snapshot_ctx *sc, struct snap_run *run,
                       const struct snap_step *step)
{
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };
    struct snap_file_use use = { .who = "file", .path = step->path };
    struct snap_file_own own = {
        .made = step->made, .content = step->content,
        .is_overlay = step->owner_of != NULL,
    };
    int rc = 0;

    (void)run;
    /* a program of ours may still write a memory image that is given up */
    if (own.is_overlay && snap_file_exists(step->path))
        rc = snap_users_of_files(sc, &use, 1, &nobody);
    own.users = use.users;
    return rc ? rc : snap_file_unlink(sc, step->path, &own);
}

static int file_record(libxl_snapshot_ctx *sc, struct snap_run *run,
                       const struct snap_step *step)
{
    return snap_identity_record(sc, step->path, step->made, step->content,
                                run->unclean != NULL);
}

/* Slot is_done of RECORD: done if the snapshot config has been published,
 * which comes after. */
static int file_is_recorded(libxl_snapshot_ctx *sc, struct snap_run *run,
                            const struct snap_step *step, bool *done_r)
{
    (void)sc, (void)run;
    *done_r = !snap_file_exists(step->path);
    return 0;
}

static int file_publish(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step)
{
    (void)run;
    return snap_file_publish(sc, step->path, step->made, step->to);
}

static int file_is_published(libxl_snapshot_ctx *sc, struct snap_run *run,
                             const struct snap_step *step, bool *done_r)
{
    (void)run;
    *done_r = snap_file_is_published(sc, step->path, step->made, step->to);
    return 0;
}

static int file_replace(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step)
{
    (void)run;
    return snap_file_replace(sc, step->path, step->made, step->to);
}

static int file_record_again(libxl_snapshot_ctx *sc, struct snap_run *run,
                             const struct snap_step *step)
{
    int i, rc = 0;

    (void)run;
    for (i = 0; !rc && step->images[i]; i++)
        rc = snap_identity_record_again(sc, step->images[i], step->path);
    return rc;
}

static int file_flush(libxl_snapshot_ctx *sc, struct snap_run *run,
                      const struct snap_step *step)
{
    int rc = snap_file_check_made(sc, step->path, step->made);

    (void)run;
    return rc ? rc : snap_file_flush(sc, step->path);
}

/* The identity of the file that the step acts on; NULL: the file system
 * tells none. */
static const char *file_known(const struct snap_step *step)
{
    int i;

    for (i = 0; i < step->num_known; i++)
        if (!strcmp(step->known[i].what, step->path)
            && snap_file_is_identity(step->known[i].identity))
            return step->known[i].identity;
    return NULL;
}

static int file_freeze(libxl_snapshot_ctx *sc, struct snap_run *run,
                       const struct snap_step *step)
{
    (void)run;
    return snap_file_freeze(sc, step->path, file_known(step));
}

static int file_unfreeze(libxl_snapshot_ctx *sc, struct snap_run *run,
                         const struct snap_step *step)
{
    (void)run;
    return snap_file_unfreeze(sc, step->path, file_known(step));
}

/* The same of one that is removed: an undo knows it as what was made. */
static const char *file_removed(const struct snap_step *step)
{
    const char *known = file_known(step);

    return known ? known : step->made;
}

/* A file that is in use by now stays, and is told of. */
static int file_remove_image(libxl_snapshot_ctx *sc, struct snap_run *run,
                             const struct snap_step *step)
{
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };
    struct snap_file_use use = { .who = "file", .path = step->path };
    struct snap_file_own own = { .made = file_removed(step) };
    int rc = snap_users_of_files(sc, &use, 1, &nobody);

    (void)run;
    own.users = use.users;
    if (!rc && !own.users && snap_file_is_fenced(step->path))
        rc = snap_file_unfence(sc, step->path, own.made);
    return rc ? rc : snap_file_unlink(sc, step->path, &own);
}

static int file_is_gone(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step, bool *done_r)
{
    const char *known = file_removed(step);

    (void)run;
    *done_r = !snap_file_exists(step->path);
    if (*done_r || !known || snap_file_is_made(sc, step->path, known))
        return 0;
    snap_tell_left(sc, "%s is another file by now", step->path);
    *done_r = true;
    return 0;
}

static int file_unfence(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step)
{
    (void)run;
    return snap_file_unfence(sc, step->path, file_known(step));
}

static const struct snap_step_act file_acts[] = {
    { SNAP_STEP_MKDIR, .run = file_mkdir, .made = file_made },
    { SNAP_STEP_RMDIR, .run = file_rmdir },
    { SNAP_STEP_CREATE_FILE, .run = file_create, .made = file_made },
    { SNAP_STEP_UNLINK, .run = file_unlink },
    { SNAP_STEP_RECORD, .run = file_record, .is_done = file_is_recorded },
    { SNAP_STEP_RECORD_AGAIN, .run = file_record_again },
    { SNAP_STEP_PUBLISH, .run = file_publish,
      .is_done = file_is_published },
    { SNAP_STEP_REPLACE, .run = file_replace,
      .is_done = file_is_published },
    { SNAP_STEP_FLUSH, .run = file_flush },
    { SNAP_STEP_FREEZE, .run = file_freeze },
    { SNAP_STEP_UNFREEZE, .run = file_unfreeze },
    { SNAP_STEP_UNFENCE, .run = file_unfence },
    { SNAP_STEP_REMOVE_IMAGE, .run = file_remove_image,
      .is_done = file_is_gone },
};
const struct snap_step_table snap_steps_file = SNAP_STEP_TABLE(file_acts);
_Static_assert(SNAP_STEP_NUM_OF(file_acts) == SNAP_STEP_EXEC - SNAP_STEP_MKDIR,
               "a kind of step for files has no row");
