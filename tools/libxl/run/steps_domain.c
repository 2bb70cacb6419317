/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/steps_domain.c: steps that make libxl, or xl, act on the domain:
 * save, pause, unpause, destroy, restore and boot it.
 */
#include "run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <libxl_utils.h>

/* Slot is_done, for steps that a domain which is gone does not need. */
static int domain_is_gone(libxl_snapshot_ctx *sc, struct snap_run *run,
                          const struct snap_step *step, bool *done_r)
{
    (void)sc, (void)step;
    *done_r = run->domid == SNAP_NO_DOMAIN;
    return 0;
}

/*-- save, resume -----------------------------------------------------------*/

/* Write the header and config of xl's file; libxl writes the rest. */
static int domain_save(libxl_snapshot_ctx *sc, struct snap_run *run,
                       const struct snap_step *step)
{
    uint64_t began = snap_now_us();
    const void *head;
    size_t len;
    int fd, rc;

    rc = snap_file_reopen(sc, step->path, step->made, &fd);
    if (rc) return rc;
    snap_memory_image_header(sc, step->content, &head, &len);
    if (snap_file_write_all(fd, head, len)) {
        rc = snap_fail(sc, ERROR_FAIL, "cannot write %s: %s", step->path,
                       strerror(errno));
        goto out;
    }
    rc =
        snap_save_domain(sc, run->domid, fd, step->live, &run->stopped_us);
    if (!run->stopped_us && !step->live) run->stopped_us = began;
 out:
    close(fd);
    return rc;
}

static int domain_resume(libxl_snapshot_ctx *sc, struct snap_run *run,
                         const struct snap_step *step)
{
    (void)step;
    return snap_dom_resume(sc, run->domid);
}

static int domain_is_resumed(libxl_snapshot_ctx *sc, struct snap_run *run,
                             const struct snap_step *step, bool *done_r)
{
    (void)step;
    *done_r = run->domid == SNAP_NO_DOMAIN
        || !snap_dom_is_suspended(sc, run->domid);
    return 0;
}

/*-- pause, unpause ---------------------------------------------------------*/

static int domain_pause(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_step *step)
{
    uint64_t began = snap_now_us();
    int rc = snap_dom_pause(sc, run->domid);

    if (!rc && step->is_downtime_start) run->stopped_us = began;
    return rc;
}

static int domain_is_paused(libxl_snapshot_ctx *sc, struct snap_run *run,
                            const struct snap_step *step, bool *done_r)
{
    (void)step;
    *done_r = run->domid == SNAP_NO_DOMAIN
        || snap_dom_is_paused(sc, run->domid);
    return 0;
}

static int domain_unpause(libxl_snapshot_ctx *sc, struct snap_run *run,
                          const struct snap_step *step)
{
    int rc;

    (void)step;
    /* somebody else has taken off our pause: one too many is an error */
    rc = snap_dom_is_paused(sc, run->domid)
        ? snap_dom_unpause(sc, run->domid) : 0;
    if (!rc && run->stopped_us) run->running_us = snap_now_us();
    return rc;
}

static int domain_is_unpaused(libxl_snapshot_ctx *sc, struct snap_run *run,
                              const struct snap_step *step, bool *done_r)
{
    (void)step;
    *done_r = run->domid == SNAP_NO_DOMAIN
        || !snap_dom_is_paused(sc, run->domid);
    return 0;
}

/*-- what else knows of the domain ------------------------------------------*/

static int domain_repoint(libxl_snapshot_ctx *sc, struct snap_run *run,
                          const struct snap_step *step)
{
    int rc = snap_repoint_disks(sc, run->domid, run->uuid_str,
                                step->repoints, step->num_repoints);

    run->is_config_stale = rc != 0;
    return rc;
}

static int domain_hold_monitor(libxl_snapshot_ctx *sc,
                               struct snap_run *run,
                               const struct snap_step *step)
{
    (void)run;
    return snap_monitor_hold(sc, step->pids, step->num_pids);
}

static int domain_release_monitor(libxl_snapshot_ctx *sc,
                                  struct snap_run *run,
                                  const struct snap_step *step)
{
    if (run->is_config_stale && step->num_pids)
        return snap_fail(sc, ERROR_FAIL, "xl's monitor of the domain, pid "
                         "%d, stays stopped: at a reboot it would start the "
                         "guest from its stored config, on the disks of "
                         "before", (int)step->pids[0]);
    return snap_monitor_release(sc, step->pids, step->num_pids);
}

/*-- look off, destroy ------------------------------------------------------*/

/* Find the first of @files that somebody writes to; NULL: none. */
static int domain_find_writer(libxl_snapshot_ctx *sc,
                              struct snap_file_use *files, int num,
                              const struct snap_file_use **used_r)
{
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };

    return snap_users_find(sc, files, num, &nobody, used_r);
}

/* Wait until nobody writes to @files any more: libxl tells a destroyed
 * domain's QEMU to end (SIGHUP) and does not wait (4.17). */
static int domain_wait_released(libxl_snapshot_ctx *sc,
                                struct snap_file_use *files, int num)
{
    uint64_t deadline = snap_wait_until(sc, SNAP_WAIT_RELEASE);
    const struct snap_file_use *used;
    int rc;

    for (;;) {
        rc = domain_find_writer(sc, files, num, &used);
        if (rc || !used) return rc;
        if (snap_now_us() > deadline)
            return snap_fail(sc, ERROR_TIMEDOUT, "%s is still in use by %s",
                             used->path, used->users);
        usleep(50000);
    }
}

static struct snap_file_use domain_use(const char *path)
{
    return (struct snap_file_use){
        .who = "image", .path = path, .write_only = true,
    };
}

/* The uses of the images of @step that exist: an inactive volume has none. */
static struct snap_file_use *domain_uses(libxl_snapshot_ctx *sc,
                                         const struct snap_step *step,
                                         int *num_r)
{
    struct snap_file_use *files;
    int i;

    for (i = 0; step->images && step->images[i]; i++)
        ;
    files = snap_zalloc(sc, (i + 1) * sizeof(*files));
    *num_r = 0;
    for (i = 0; step->images && step->images[i]; i++)
        if (snap_file_exists(step->images[i]))
            files[(*num_r)++] = domain_use(step->images[i]);
    return files;
}

/* Changes nothing, so that it needs no undo.  xl's monitor of the domain may
 * be about to start it only where none has been destroyed: a domain that was
 * renamed has one of its old name, too, which is no reason to leave the
 * destroyed one away. */
static int domain_look_off(libxl_snapshot_ctx *sc, struct snap_run *run,
                           const struct snap_step *step)
{
    bool was_off = run->domid == SNAP_NO_DOMAIN && !run->redo;
    int num, rc = 0;
    struct snap_file_use *files = domain_uses(sc, step, &num);
    const struct snap_file_use *used;
    libxl_uuid uuid;

    if (!run->uuid_str || libxl_uuid_from_string(&uuid, run->uuid_str))
        libxl_uuid_clear(&uuid);
    if (was_off) rc = snap_offline_wait(sc, run->domain_name, &uuid);
    if (!rc) rc = snap_offline_look_again(sc, run->domain_name, &uuid);
    if (!rc) rc = domain_find_writer(sc, files, num, &used);
    if (rc || !used) return rc;
    return snap_fail(sc, ERROR_FAIL, "domain %s: %s is in use by %s by now; "
                     "end that and try again", run->domain_name, used->path,
                     used->users);
}

static int domain_destroy(libxl_snapshot_ctx *sc, struct snap_run *run,
                          const struct snap_step *step)
{
    int num, rc;
    struct snap_file_use *files = domain_uses(sc, step, &num);

    rc = snap_dom_destroy(sc, run->domid);
    return rc ? rc : domain_wait_released(sc, files, num);
}

/*-- restore, boot ----------------------------------------------------------*/

/* The domain of the run's name, or uuid; SNAP_NO_DOMAIN: none. */
static uint32_t domain_find(libxl_snapshot_ctx *sc,
                            const struct snap_run *run)
{
    uint32_t domid;
    libxl_uuid uuid;

    if (!libxl_name_to_domid(sc->ctx, run->domain_name, &domid))
        return domid;
    if (!run->uuid_str || libxl_uuid_from_string(&uuid, run->uuid_str)
        || snap_dom_find(sc, &uuid, &domid))
        return SNAP_NO_DOMAIN;
    return domid;
}

/* Take over the domain that xl has made. */
static int domain_came_back(libxl_snapshot_ctx *sc, struct snap_run *run)
{
    uint32_t domid;

    if (libxl_name_to_domid(sc->ctx, run->domain_name, &domid)
        || snap_mark_maker(sc, domid, run->domain_name, run->mark)
           == SNAP_MADE_BY_OTHERS)
        return snap_fail(sc, ERROR_FAIL, "xl brought the domain back, but "
                         "there is no domain %s", run->domain_name);
    run->domid = domid;
    run->restored = true;
    snap_mark_set(sc, domid, run->mark);
    return 0;
}

/*
 * xl has failed, and leaves what it has made if it was killed: destroy that,
 * since its QEMU has the images open.  A domain that was there before xl
 * began, or that another xl has made, is not touched.
 */
static void domain_drop_half(libxl_snapshot_ctx *sc, struct snap_run *run,
                             const struct snap_step *step, uint32_t before)
{
    struct snap_file_use *files =
        snap_zalloc(sc, step->num_repoints * sizeof(*files));
    uint32_t domid = domain_find(sc, run);
    int i;

    if (domid == SNAP_NO_DOMAIN || domid == before
        || snap_mark_maker(sc, domid, run->domain_name, run->mark)
           == SNAP_MADE_BY_OTHERS)
        return;
    for (i = 0; i < step->num_repoints; i++)
        files[i] = domain_use(step->repoints[i].to);
    if (!snap_dom_destroy(sc, domid)
        && !domain_wait_released(sc, files, step->num_repoints))
        return;
    /* the images stay, and so does the journal */
    run->reply_lost = true;
}

/* Let xl make the domain. */
static int domain_run_xl(libxl_snapshot_ctx *sc, struct snap_run *run,
                         const struct snap_step *step, const char *what,
                         struct snap_exec_input *input)
{
    struct snap_exec_output output = { NULL };
    uint32_t before = domain_find(sc, run);
    int rc;

    input->env = snap_mark_env(sc, run->mark);
    rc = snap_exec_fed(sc, what, step->argv, snap_wait_ms(sc, SNAP_WAIT_XL),
                       input, &output);
    if (!rc) return domain_came_back(sc, run);
    snap_run_left(run, &output.left);
    if (!output.left.pid) domain_drop_half(sc, run, step, before);
    return rc;
}

static int domain_boot(libxl_snapshot_ctx *sc, struct snap_run *run,
                       const struct snap_step *step)
{
    struct snap_exec_input input = { .fd = -1 };

    return domain_run_xl(sc, run, step, "start of the domain", &input);
}

/* Hand the memory image to xl, with the new config in it. */
static int domain_restore(libxl_snapshot_ctx *sc, struct snap_run *run,
                          const struct snap_step *step)
{
    struct snap_exec_input input = { .fd = -1 };
    char *json;
    int rc;

    rc = snap_memory_image_open(sc, step->path, &json, &input.fd);
    if (rc) return rc;
    snap_memory_image_header(sc, step->content, &input.head,
                             &input.head_len);
    rc = domain_run_xl(sc, run, step, "restore of the domain", &input);
    close(input.fd);
    return rc;
}

/*
 * SAVE has no is_done(): it comes before the commit point and is not an
 * undo.  Nor have RESTORE and BOOT: libxl alone does not tell if the
 * domain is back, and ops/revert_recover.c leaves out the step if it is.
 */
static const struct snap_step_act domain_acts[] = {
    { SNAP_STEP_SAVE, .run = domain_save, .begin_is_flushed = true },
    { SNAP_STEP_RESUME, .run = domain_resume,
      .is_done = domain_is_resumed },
    { SNAP_STEP_PAUSE, .run = domain_pause, .is_done = domain_is_paused,
      .pauses = true, .begin_is_flushed = true },
    { SNAP_STEP_UNPAUSE, .run = domain_unpause,
      .is_done = domain_is_unpaused, .lets_guest_run = true },
    { SNAP_STEP_REPOINT, .run = domain_repoint,
      .is_done = domain_is_gone },
    { SNAP_STEP_HOLD_MONITOR, .run = domain_hold_monitor },
    { SNAP_STEP_RELEASE_MONITOR, .run = domain_release_monitor },
    { SNAP_STEP_LOOK_OFF, .run = domain_look_off },
    { SNAP_STEP_DESTROY, .run = domain_destroy,
      .is_done = domain_is_gone, .begin_is_flushed = true },
    { SNAP_STEP_RESTORE, .run = domain_restore, .pauses = true,
      .begin_is_flushed = true },
    { SNAP_STEP_BOOT, .run = domain_boot, .pauses = true,
      .begin_is_flushed = true },
};
const struct snap_step_table snap_steps_domain =
    SNAP_STEP_TABLE(domain_acts);
_Static_assert(SNAP_STEP_NUM_OF(domain_acts) == SNAP_STEP_NUM - SNAP_STEP_SAVE,
               "a kind of step for the domain has no row");
