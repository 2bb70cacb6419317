/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/revert_plan.c: the order of a revert.  Pure.
 *
 *   before   xl's monitor held, so that the domain that is destroyed is the
 *            one that was looked at; new images, while the domain runs
 *   destroy  the commit point; the monitor, released, finds no domain and ends
 *   after    tags applied, volumes merged, after a look each that the domain
 *            is off; "xl restore" or "xl create"; unpause: nothing of this can
 *            be undone
 */
#include "ops/ops.h"

/* The driver's part in a revert; snap_revert_look() has seen that it has
 * one. */
static const struct snap_verb *revert_verb(const struct snap_disk_op *op)
{
    return &op->driver->verbs[SNAP_VERB_REVERT];
}

/* The images that the destroy has to wait for, until nobody writes to them
 * any more. */
static const char **revert_images_to_release(libxl_snapshot_ctx *sc,
                                             const struct snap_revert *r)
{
    const char **paths =
        snap_zalloc(sc, (r->num_ops + 1) * sizeof(*paths));
    int num = 0, i;

    for (i = 0; i < r->num_ops; i++) {
        if (r->ops[i].at_stake) paths[num++] = r->ops[i].at_stake;
    }
    return paths;
}

/* Plan to stop xl's monitor, which would start a domain that reboots or
 * crashes.  One that was about to do so when it was stopped has to go on
 * first.  Returns the index of the step; -1 if there is none. */
static int revert_plan_hold(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    int hold;

    if (!r->dom.num_monitors) return -1;
    hold = snap_plan_hold_monitor(sc, &r->plan, r->dom.monitors,
                                  r->dom.num_monitors);
    snap_plan_add(sc, &r->plan, SNAP_STEP_LOOK_AGAIN,
                  "see that the domain is still there");
    return hold;
}

static void revert_plan_destroy(libxl_snapshot_ctx *sc,
                                struct snap_revert *r)
{
    struct snap_step *step;

    if (r->dom.domid == SNAP_NO_DOMAIN) return;
    step = snap_plan_add(sc, &r->plan, SNAP_STEP_DESTROY,
                         "destroy domain %s (domid %u)",
                         r->dom.name, r->dom.domid);
    step->images = revert_images_to_release(sc, r);
    step->commit_point = true;
}

/* Note in @step the disks that the domain has after it, for a recovery to
 * print: the user's xl.cfg does not name them. */
static void revert_plan_new_disks(libxl_snapshot_ctx *sc,
                                  struct snap_revert *r,
                                  struct snap_step *step)
{
    struct snap_repoint *to =
        snap_zalloc(sc, (r->num_ops + 1) * sizeof(*to));
    int i, num = 0;

    for (i = 0; i < r->num_ops; i++) {
        const struct snap_disk_op *op = &r->ops[i];
        const libxl_device_disk *disk = snap_config_disk(&r->config,
                                                         op->vdev);

        if (!op->path) continue;
        to[num++] = (struct snap_repoint){
            .vdev = op->vdev, .to = disk->pdev_path,
            .format = disk->format, .backend = disk->backend,
        };
    }
    step->repoints = to;
    step->num_repoints = num;
}

/* A state that a base keeps; other disks are as the steps before make
 * them. */
static const char *revert_base_state(const struct snap_revert *r,
                                     const struct snap_disk_op *op)
{
    return !r->params->force && op->driver->known_by == SNAP_KNOWN_BY_FILE
        ? op->ds->state : NULL;
}

/* Let the last step, which brings the domain back, know what it is brought
 * back on. */
static void revert_plan_know(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    struct snap_step *step = &r->plan.steps[snap_plan_last(&r->plan)];
    int i;

    snap_plan_know_made(sc, &r->plan);
    for (i = 0; i < r->num_ops; i++) {
        const struct snap_disk_op *op = &r->ops[i];

        if (op->driver->known_by != SNAP_KNOWN_BY_FILE) continue;
        snap_step_know(sc, step, op->image, revert_base_state(r, op));
        snap_step_know(sc, step, op->path, SNAP_KNOWN_WHEN_MADE);
    }
}

static void revert_plan_restore(libxl_snapshot_ctx *sc,
                                struct snap_revert *r)
{
    const char *path = r->snap->memory_path;
    struct snap_step *step;

    step = snap_plan_add(sc, &r->plan, SNAP_STEP_RESTORE,
                         "restore the memory %s with xl", path);
    step->path = path;
    step->argv = snap_argv(sc, r->params->xl_path, "restore", "-p",
                           "/proc/self/fd/0", NULL);
    step->content = r->config_json;
    revert_plan_new_disks(sc, r, step);
    revert_plan_know(sc, r);
    snap_step_know(sc, step, path, SNAP_KNOWN_TRUSTED);
    if (!r->params->force)
        snap_step_know(sc, step, path, r->snap->memory_state);
}

/* Plan the boot.  A setting after the file on xl's command line overrides
 * the file's. */
static void revert_plan_boot(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    const libxl_uuid *uuid = &r->snap->domain_uuid;
    const char *path = r->params->domain_config_path;
    const char *identity = NULL;
    struct snap_step *step;

    if (!libxl_uuid_is_nil(uuid))
        identity = snap_sprintf(sc, "uuid=\"" LIBXL_UUID_FMT "\"",
                                LIBXL_UUID_BYTES(*uuid));
    step = snap_plan_add(sc, &r->plan, SNAP_STEP_BOOT,
                         "boot the domain from %s with xl", path);
    step->argv = snap_argv(sc, r->params->xl_path, "create", "-q", "-p", path,
                           r->disk_setting, identity, NULL);
    revert_plan_new_disks(sc, r, step);
    revert_plan_know(sc, r);
    if (r->config_is_trusted)
        snap_step_know(sc, step, path, SNAP_KNOWN_TRUSTED);
    snap_step_know(sc, step, path, r->config_state);
}

/* Plan to bring the domain back, after the destroy, if there was one. */
static void revert_plan_back(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    const char **images = revert_images_to_release(sc, r);
    int first = r->plan.num_steps, begin, i;

    /* before the commit point, if nothing was destroyed */
    if (r->dom.domid == SNAP_NO_DOMAIN) first++;
    for (i = 0; i < r->num_ops; i++) {
        if (!revert_verb(&r->ops[i])->act) continue;
        snap_plan_look_off(sc, &r->plan, images);
        begin = r->plan.num_steps;
        revert_verb(&r->ops[i])->act(sc, &r->plan, &r->ops[i]);
        snap_plan_set_writes(&r->plan, begin, r->ops[i].at_stake);
    }
    snap_plan_look_off(sc, &r->plan, images);
    if (r->snap->memory_path) revert_plan_restore(sc, r);
    else revert_plan_boot(sc, r);
    if (!r->params->leave_paused)
        snap_plan_add(sc, &r->plan, SNAP_STEP_UNPAUSE, "unpause the domain");
    for (i = first; i < r->plan.num_steps; i++) {
        r->plan.steps[i].only_if_all_done = true;
        r->plan.steps[i].commit_point = true;
    }
}

void snap_revert_plan(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    int hold = revert_plan_hold(sc, r);

    snap_drivers_prepare(sc, &r->plan, r->ops, r->num_ops);
    revert_plan_destroy(sc, r);
    if (hold >= 0)
        snap_plan_release_monitor(sc, &r->plan, hold)->commit_point = true;
    revert_plan_back(sc, r);
}
