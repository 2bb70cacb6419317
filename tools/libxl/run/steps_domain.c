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
    return snap_repoint_disks(sc, run->domid, run->uuid_str,
                              step->repoints, step->num_repoints);
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
    (void)run;
    return snap_monitor_release(sc, step->pids, step->num_pids);
}

/*-- destroy ----------------------------------------------------------------*/

/* Find the first of @files that somebody writes to; NULL: none. */
static int domain_find_writer(libxl_snapshot_ctx *sc,
                              struct snap_file_use *files, int num,
                              const struct snap_file_use **used_r)
{
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };
    int rc, i;

    rc = snap_users_of_files(sc, files, num, &nobody);
    *used_r = NULL;
    for (i = 0; !rc && i < num && !*used_r; i++)
        if (files[i].users) *used_r = &files[i];
    return rc;
}

/* Destroy the domain, and wait for its QEMU: libxl tells it to end
 * (SIGHUP) and does not wait (4.17). */
static int domain_destroy(libxl_snapshot_ctx *sc, struct snap_run *run,
                          const struct snap_step *step)
{
    uint64_t deadline = snap_wait_until(sc, SNAP_WAIT_RELEASE);
    const struct snap_file_use *used;
    struct snap_file_use *files;
    int rc, i, num;

    for (num = 0; step->images && step->images[num]; num++)
        ;
    files = snap_zalloc(sc, num * sizeof(*files));
    for (i = 0; i < num; i++)
        files[i] = (struct snap_file_use){
            .who = "image", .path = step->images[i], .write_only = true,
        };
    rc = snap_dom_destroy(sc, run->domid);
    if (rc) return rc;
    for (;;) {
        rc = domain_find_writer(sc, files, num, &used);
        if (rc || !used) return rc;
        if (snap_now_us() > deadline)
            return snap_fail(sc, ERROR_TIMEDOUT, "%s is still in use by %s",
                             used->path, used->users);
        usleep(50000);
    }
}

/*-- restore, boot ----------------------------------------------------------*/

/* Take over the domain that xl has made. */
static int domain_came_back(libxl_snapshot_ctx *sc, struct snap_run *run)
{
    int rc = libxl_name_to_domid(sc->ctx, run->domain_name, &run->domid);

    run->restored = true;
    if (!rc) return 0;
    return snap_fail(sc, ERROR_FAIL,
                     "xl brought the domain back, but there is "
                     "no domain %s",
                     run->domain_name);
}

static int domain_boot(libxl_snapshot_ctx *sc, struct snap_run *run,
                       const struct snap_step *step)
{
    int rc = snap_exec(sc, "start of the domain", step->argv,
                       snap_wait_ms(sc, SNAP_WAIT_XL), NULL);

    return rc ? rc : domain_came_back(sc, run);
}

/* Hand the memory image to xl, with the new config in it. */
static int domain_restore(libxl_snapshot_ctx *sc, struct snap_run *run,
                          const struct snap_step *step)
{
    struct snap_exec_input input = { .fd = -1 };
    off_t stream;
    char *json;
    int rc;

    rc = snap_memory_image_check(sc, step->path, &json, &stream);
    if (rc) return rc;
    snap_memory_image_header(sc, step->content, &input.head,
                             &input.head_len);
    input.fd = snap_open(sc, step->path, O_RDONLY);
    if (input.fd < 0 || lseek(input.fd, stream, SEEK_SET) < 0) {
        rc = snap_fail(sc, ERROR_FAIL, "cannot read %s: %s", step->path,
                       snap_open_why());
        goto out;
    }
    rc = snap_exec_fed(sc, "restore of the domain", step->argv,
                       snap_wait_ms(sc, SNAP_WAIT_XL), &input, NULL);
    if (!rc) rc = domain_came_back(sc, run);
 out:
    if (input.fd >= 0) close(input.fd);
    return rc;
}

/*
 * SAVE has no is_done(): it comes before the commit point and is not an
 * undo.  Nor have RESTORE and BOOT: libxl alone does not tell if the
 * domain is back, and ops/revert_recover.c leaves out the step if it is.
 */
static const struct snap_step_act domain_acts[] = {
    { SNAP_STEP_SAVE, .run = domain_save },
    { SNAP_STEP_RESUME, .run = domain_resume,
      .is_done = domain_is_resumed },
    { SNAP_STEP_PAUSE, .run = domain_pause, .is_done = domain_is_paused },
    { SNAP_STEP_UNPAUSE, .run = domain_unpause,
      .is_done = domain_is_unpaused, .lets_guest_run = true },
    { SNAP_STEP_REPOINT, .run = domain_repoint,
      .is_done = domain_is_gone },
    { SNAP_STEP_HOLD_MONITOR, .run = domain_hold_monitor },
    { SNAP_STEP_RELEASE_MONITOR, .run = domain_release_monitor },
    { SNAP_STEP_DESTROY, .run = domain_destroy,
      .is_done = domain_is_gone },
    { SNAP_STEP_RESTORE, .run = domain_restore },
    { SNAP_STEP_BOOT, .run = domain_boot },
};
const struct snap_step_table snap_steps_domain =
    SNAP_STEP_TABLE(domain_acts);
_Static_assert(SNAP_STEP_NUM_OF(domain_acts) == SNAP_STEP_NUM - SNAP_STEP_SAVE,
               "a kind of step for the domain has no row");
