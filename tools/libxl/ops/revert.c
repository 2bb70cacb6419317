/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/revert.c: bring a domain back to a snapshot.
 *
 *   gather   the config that the domain is to have: that in the memory image,
 *            or without memory its xl.cfg; the images; the running domain
 *   check    all that can be known before the domain is destroyed; these two
 *            are in ops/revert_look.c, for a verification as well
 *   plan     new overlays on the frozen layers; destroy (the commit point);
 *            tags applied, volumes merged; "xl restore" or "xl create"
 *   run
 *
 * xl brings the domain back, not libxl: only xl leaves the monitor behind that
 * handles the domain's reboots and crashes.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

/*-- plan -------------------------------------------------------------------*/

/* The step waits until nobody writes to these any more. */
static const char **images_to_release(libxl_snapshot_ctx *sc,
                                      const struct snap_revert *r)
{
    const char **paths = snap_zalloc(sc, (r->num_ops + 1) * sizeof(*paths));
    int num = 0, i;

    for (i = 0; i < r->num_ops; i++) {
        paths[num] = snap_revert_at_stake(r, &r->ops[i]);
        if (paths[num]) num++;
    }
    return paths;
}

static void plan_destroy(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    struct snap_step *step;

    if (r->dom.domid == SNAP_NO_DOMAIN) return;
    step = snap_plan_add(sc, &r->plan, SNAP_STEP_DESTROY,
                         "destroy domain %s (domid %u)",
                         r->config.c_info.name, r->dom.domid);
    step->argv = images_to_release(sc, r);
    step->commit_point = true;
}

/* Which disks it has after @step, for a recovery to tell: its xl.cfg does not
 * know. */
static void plan_new_disks(libxl_snapshot_ctx *sc, struct snap_revert *r,
                           struct snap_step *step)
{
    struct snap_repoint *to = snap_zalloc(sc, (r->num_ops + 1) * sizeof(*to));
    int i, num = 0;

    for (i = 0; i < r->num_ops; i++) {
        const struct snap_revert_op *op = &r->ops[i];
        const libxl_device_disk *disk = snap_revert_disk(&r->config,
                                                         op->ds->vdev);

        if (!op->path) continue;
        to[num++] = (struct snap_repoint){
            .vdev = op->ds->vdev, .to = disk->pdev_path,
            .format = disk->format, .backend = disk->backend,
        };
    }
    step->repoints = to;
    step->num_repoints = num;
}

static int plan_restore(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    const char *path = r->snap->memory_path;
    struct snap_step *step;
    char *json;

    step = snap_plan_add(sc, &r->plan, SNAP_STEP_RESTORE,
                         "restore the memory %s with xl", path);
    step->path = path;
    step->argv = snap_argv(sc, r->params->xl_path, "restore", "-p",
                           "/proc/self/fd/0", NULL);
    json = libxl_domain_config_to_json(sc->ctx, &r->config);
    if (!json)
        return snap_fail(sc, ERROR_FAIL, "libxl cannot write the new config "
                         "as JSON");
    step->content = snap_strdup(sc, json);
    free(json);
    plan_new_disks(sc, r, step);
    return 0;
}

/* The disks as a setting of an xl.cfg. */
static const char *disk_setting(libxl_snapshot_ctx *sc,
                                const libxl_domain_config *config)
{
    const char *text = "disk=[";
    char *spec;
    int i;

    for (i = 0; i < config->num_disks; i++) {
        spec = libxl_snapshot_disk_spec(&config->disks[i]);
        text = snap_sprintf(sc, "%s%s,", text, snap_config_quote(sc, spec));
        free(spec);
    }
    return snap_sprintf(sc, "%s]", text);
}

/* What stands behind the file on xl's command line wins over it. */
static int plan_boot(libxl_snapshot_ctx *sc, struct snap_revert *r)
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
                           disk_setting(sc, &r->config), identity, NULL);
    plan_new_disks(sc, r, step);
    return 0;
}

/* After the destroy; nothing here can be undone, also where none came. */
static int plan_back(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    int first = r->plan.num_steps, i, rc;

    for (i = 0; i < r->num_ops; i++)
        if (r->ops[i].driver->revert)
            r->ops[i].driver->revert(sc, &r->plan, &r->ops[i]);
    rc = r->snap->memory_path ? plan_restore(sc, r) : plan_boot(sc, r);
    if (rc) return rc;
    if (!r->params->leave_paused)
        snap_plan_add(sc, &r->plan, SNAP_STEP_UNPAUSE, "unpause the domain");
    for (i = first; i < r->plan.num_steps; i++) {
        r->plan.steps[i].needs_all = true;
        r->plan.steps[i].commit_point = true;
    }
    return 0;
}

/*-- the operation ----------------------------------------------------------*/

static int make_plan(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    int i;

    for (i = 0; i < r->num_ops; i++)
        if (r->ops[i].driver->revert_prepare)
            r->ops[i].driver->revert_prepare(sc, &r->plan, &r->ops[i]);
    plan_destroy(sc, r);
    return plan_back(sc, r);
}

static void copy_snapshot(libxl_snapshot_ctx *sc, libxl_domain_snapshot *dst,
                          const struct snap_revert *r)
{
    const libxl_domain_snapshot *src = r->snap;
    int i;

    dst->name = snap_result_str(src->name);
    dst->domain_name = snap_result_str(r->config.c_info.name);
    dst->domain_uuid = src->domain_uuid;
    dst->domain_type = src->domain_type;
    dst->creation_time = src->creation_time;
    dst->memory = src->memory;
    dst->memory_path = snap_result_str(src->memory_path);
    for (i = 0; i < src->num_skipped; i++)
        snap_skipped_add(dst, src->skipped[i]);
    dst->disks = calloc(src->num_disks + 1, sizeof(*dst->disks));
    if (!dst->disks) abort();
    for (i = 0; i < r->num_ops; i++) {
        const libxl_disk_snapshot *from = r->ops[i].ds;
        libxl_disk_snapshot *to = &dst->disks[dst->num_disks++];
        const libxl_device_disk *now = snap_revert_disk(
            (libxl_domain_config *)&r->config, from->vdev);

        to->vdev = snap_result_str(from->vdev);
        to->mode = from->mode;
        /* one driver stands for all hooks, and the snapshot knows which */
        to->driver = snap_result_str(from->driver ? from->driver
                                     : r->ops[i].driver->name);
        libxl_device_disk_init(&to->parent);
        libxl_device_disk_init(&to->child);
        snap_device_disk_set(&to->parent, to->vdev, from->parent.pdev_path,
                             from->parent.format);
        libxl_device_disk_copy(sc->ctx, &to->child, now);
    }
}

/* The uuid that the domain is to have; NULL: a new one. */
static const char *domain_uuid(libxl_snapshot_ctx *sc,
                               const libxl_domain_snapshot *snap)
{
    const libxl_uuid *uuid = &snap->domain_uuid;

    if (libxl_uuid_is_nil(uuid)) return NULL;
    return snap_sprintf(sc, LIBXL_UUID_FMT, LIBXL_UUID_BYTES(*uuid));
}

static int run(libxl_snapshot_ctx *sc, struct snap_revert *r,
               libxl_domain_snapshot_result *result)
{
    const struct snap_journal_head head = {
        .operation = "revert", .domain = r->config.c_info.name,
        .uuid_str = domain_uuid(sc, r->snap), .domid = r->dom.domid,
        .running_uuid = r->dom.uuid_str, .snapshot = r->snap->name,
    };
    struct snap_run run = {
        .domid = r->dom.domid, .domain_name = r->config.c_info.name,
        .head = &head,
    };
    int rc = snap_run_plan(sc, &run, &r->plan);

    result->domid = run.domid;
    result->signalled = run.signalled;
    if (rc && run.restored)
        snap_fail(sc, rc, "domain %s is back, but paused; xl unpause lets it "
                  "run", r->config.c_info.name);
    else if (rc && run.committed)
        snap_fail(sc, rc, "domain %s is destroyed and not back; nothing else "
                  "is lost: mend this and run xl snapshot-recover %s",
                  r->config.c_info.name, r->config.c_info.name);
    return rc;
}

/* Both locks: while it is destroyed, a snapshot of it by its xl.cfg must wait. */
static int lock(libxl_snapshot_ctx *sc, const libxl_domain_snapshot *snap,
                int *uuid_lock, int *name_lock)
{
    const char *uuid = domain_uuid(sc, snap);
    int rc = snap_lock_domain_both(sc, uuid, snap->domain_name, uuid_lock,
                                   name_lock);

    return rc ? rc : snap_journal_refuse(sc, snap->domain_name, uuid);
}

int libxl_domain_snapshot_revert(
    libxl_snapshot_ctx *sc, const libxl_domain_snapshot *snap,
    const libxl_domain_snapshot_revert_params *params,
    libxl_domain_snapshot_result *result)
{
    struct snap_revert r = { .snap = snap, .params = params };
    uint64_t began = snap_now_us();
    int uuid_lock = -1, name_lock = -1, rc;

    snap_ctx_begin(sc);
    snap_domain_init(&r.dom);
    libxl_domain_config_init(&r.config);
    rc = lock(sc, snap, &uuid_lock, &name_lock);
    if (rc) goto out;
    rc = snap_revert_look(sc, &r);
    if (rc) goto out;
    rc = make_plan(sc, &r);
    if (rc) goto out;

    copy_snapshot(sc, &result->snapshot, &r);
    snap_plan_to_result(sc, &r.plan, result);
    if (params->dry_run) goto out;
    rc = run(sc, &r, result);
    result->total_us = snap_now_us() - began;

 out:
    snap_unlock(&name_lock, NULL);
    snap_unlock(&uuid_lock, NULL);
    libxl_domain_config_dispose(&r.config);
    snap_domain_dispose(&r.dom);
    return rc;
}
