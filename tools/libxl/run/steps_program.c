/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/steps_program.c: steps that run a program, a hook, or qemu-img as
 * often as an image demands.
 */
#include "run/run.h"

#include <limits.h>
#include <string.h>

/* Run a program that changes what the step is about. */
static int program_change(libxl_snapshot_ctx *sc, struct snap_run *run,
                          const struct snap_step *step,
                          const char *const *argv)
{
    int timeout_ms = snap_wait_ms(sc, SNAP_WAIT_PROGRAM), rc;
    struct snap_exec_output output = { NULL };

    timeout_ms = timeout_ms > INT_MAX - step->timeout_ms
        ? INT_MAX : timeout_ms + step->timeout_ms;
    rc = snap_exec_change(sc, step->what, argv, timeout_ms,
                          step->at_deadline, &output);
    snap_run_left(run, &output.left);
    return rc;
}

/*-- signs that a program has been run --------------------------------------*/

static int program_look_lv(libxl_snapshot_ctx *sc,
                           const struct snap_step *step,
                           enum snap_lv_there *there_r)
{
    int rc = snap_lv_is_there(sc, step->done_probe, step->lv_tag, there_r);

    if (rc || *there_r != SNAP_LV_OTHER) return rc;
    return snap_fail(sc, ERROR_INVAL, "%s: the volume %s is another one: it "
                     "has not the tag %s; rename it", step->what,
                     step->done_probe, step->lv_tag);
}

static int program_lv_is_there(libxl_snapshot_ctx *sc,
                               const struct snap_run *run,
                               const struct snap_step *step, bool *done_r)
{
    enum snap_lv_there there;
    int rc = program_look_lv(sc, step, &there);

    (void)run;
    *done_r = there == SNAP_LV_OURS;
    return rc;
}

static int program_lv_is_gone(libxl_snapshot_ctx *sc,
                              const struct snap_run *run,
                              const struct snap_step *step, bool *done_r)
{
    enum snap_lv_there there;
    int rc = program_look_lv(sc, step, &there);

    (void)run;
    *done_r = there == SNAP_LV_GONE;
    return rc;
}

static int program_lv_is_removed(libxl_snapshot_ctx *sc,
                                 const struct snap_run *run,
                                 const struct snap_step *step, bool *done_r)
{
    const char *id = step->done_probe;
    enum snap_lv_there there;
    const char *why;
    int rc = snap_lv_is_there(sc, id, step->lv_tag, &there);

    *done_r = there != SNAP_LV_OURS || !step->lv_tag;
    if (!rc && there == SNAP_LV_OTHER)
        snap_tell_left(sc, "%s is not the volume that the command has made",
                       id);
    else if (!rc && there == SNAP_LV_OURS && !step->lv_tag)
        snap_tell_left(sc, "%s may not be the volume that the command has "
                       "made; if you have not made it, lvremove it", id);
    if (rc || *done_r) return rc;
    why = snap_lv_why_left(sc, id, !run->is_later_boot);
    if (why) snap_tell_left(sc, "%s %s", id, why);
    *done_r = why != NULL;
    return 0;
}

/* Refuse to remove a tag while somebody else writes to the image: a domain,
 * of whose image qemu-img ruins the references, or a qemu-img that outlived
 * the command and makes the tag yet. */
static int program_check_tagged(libxl_snapshot_ctx *sc,
                                const struct snap_step *step, bool has_tag)
{
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };
    struct snap_file_use use = {
        .who = "image", .path = step->path, .write_only = true,
    };
    int rc = snap_users_of_files(sc, &use, 1, &nobody);

    if (rc || !use.users || !(has_tag || strstr(use.users, "qemu-img")))
        return rc;
    return snap_fail(sc, ERROR_FAIL, "%s: in use by %s; wait until that has "
                     "ended, or shut it down", step->what, use.users);
}

/* One of the name is taken for ours only if the journal does not tell. */
static int program_tag_is_gone(libxl_snapshot_ctx *sc,
                               const struct snap_run *run,
                               const struct snap_step *step, bool *done_r)
{
    const char *made = step->made ? step->made
                                  : snap_step_identity(step, "tag");
    const char *now;
    int rc = snap_identity_tag(sc, step->path, step->done_probe, &now);

    (void)run;
    *done_r = !now || strcmp(now, made ? made : now);
    if (!rc && now && *done_r)
        snap_tell_left(sc, "tag %s of %s is not the one that the command has "
                       "made", step->done_probe, step->path);
    return rc ? rc : program_check_tagged(sc, step, !*done_r);
}

/* By snap_done_when: has the program done its work?  NULL: the program can
 * be run a second time. */
static int (*const done_probes[])(libxl_snapshot_ctx *sc,
                                  const struct snap_run *run,
                                  const struct snap_step *step,
                                  bool *done_r) = {
    [SNAP_DONE_NEVER] = NULL,
    [SNAP_DONE_LV_IS_THERE] = program_lv_is_there,
    [SNAP_DONE_LV_IS_GONE] = program_lv_is_gone,
    [SNAP_DONE_LV_IS_REMOVED] = program_lv_is_removed,
    [SNAP_DONE_TAG_IS_GONE] = program_tag_is_gone,
};
_Static_assert(sizeof(done_probes) / sizeof(*done_probes) == SNAP_DONE_NUM,
               "a value of snap_done_when has no probe");

static int program_is_done(libxl_snapshot_ctx *sc, struct snap_run *run,
                           const struct snap_step *step, bool *done_r)
{
    *done_r = false;
    if (!done_probes[step->done_when]) return 0;
    return done_probes[step->done_when](sc, run, step, done_r);
}

/*-- programs ---------------------------------------------------------------*/

static int program_exec(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step)
{
    bool done = false;
    int rc = 0;

    /* what is removed must be ours, whoever removes it */
    if (step->done_when == SNAP_DONE_LV_IS_REMOVED
        || step->done_when == SNAP_DONE_TAG_IS_GONE)
        rc = done_probes[step->done_when](sc, run, step, &done);
    else if (step->path)
        rc = snap_file_check_made(sc, step->path, step->made);
    return rc || done ? rc : program_change(sc, run, step, step->argv);
}

/* Slot made: of a step that makes a tag; that writes to a volume, by a
 * merge. */
static const char *program_made(libxl_snapshot_ctx *sc,
                                const struct snap_step *step)
{
    const struct snap_step *undo = step->undo;
    const char *made = NULL;

    if (step->done_when == SNAP_DONE_LV_IS_GONE && step->writes)
        return snap_sprintf(sc, "print %s",
                            snap_identity_print(sc, step->writes));
    if (undo && undo->done_when == SNAP_DONE_TAG_IS_GONE
        && snap_identity_tag(sc, undo->path, undo->done_probe, &made))
        snap_take_error(sc);
    return made;
}

/*-- hooks ------------------------------------------------------------------*/

/* Run a hook.  No is_done() is needed: xl-snapshot-hooks(7) demands that
 * "delete" and "revert" can be run a second time, and "create" comes
 * before the commit point, so that no recovery runs it.  A "create" that
 * finds a snapshot of its name is not begun: its undo, "delete", might
 * delete that one. */
static int program_hook(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step)
{
    struct snap_left left;
    int rc = 0;

    if (!strcmp(step->command, "create"))
        rc = snap_hook_check_new(sc, step->path, step->arguments);
    run->refused = rc != 0;
    if (rc) return rc;
    rc = snap_hook_act(sc, step->path, step->command, step->arguments,
                       &left);
    snap_run_left(run, &left);
    return rc;
}

/*-- dirty bitmaps ----------------------------------------------------------*/

/* Remove what bitmaps there are by now: QEMU writes those that it has made
 * into the image when it ends (7.2).  So no is_done() is needed. */
static int program_remove_bitmaps(libxl_snapshot_ctx *sc,
                                  struct snap_run *run,
                                  const struct snap_step *step)
{
    struct snap_chain chain = { 0 };
    int rc = snap_image_look(sc, step->path, "qcow2", &chain), i;

    for (i = 0; !rc && i < chain.layers[0].num_bitmaps; i++)
        rc = program_change(sc, run, step,
                            snap_argv(sc, "qemu-img", "bitmap", "--remove",
                                      "-f", "qcow2", "--", step->path,
                                      chain.layers[0].bitmaps[i], NULL));
    return rc;
}

static const struct snap_step_act program_acts[] = {
    { SNAP_STEP_EXEC, .run = program_exec, .is_done = program_is_done,
      .made = program_made,
      .is_program = true },
    { SNAP_STEP_HOOK, .run = program_hook, .is_program = true },
    { SNAP_STEP_REMOVE_BITMAPS, .run = program_remove_bitmaps,
      .is_program = true },
};
const struct snap_step_table snap_steps_program =
    SNAP_STEP_TABLE(program_acts);
_Static_assert(SNAP_STEP_NUM_OF(program_acts)
                   == SNAP_STEP_QMP - SNAP_STEP_EXEC,
               "a kind of step for programs has no row");
