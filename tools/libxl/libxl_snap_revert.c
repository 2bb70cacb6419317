/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_revert.c: bring a domain back to a snapshot.
 *
 *   gather   the memory image and the config in it, the images, the domain
 *   check    all that can be known before the domain is destroyed
 *   plan     new overlays on the frozen layers; destroy (the commit point);
 *            internal tags applied; the memory handed to "xl restore"
 *   run
 *
 * xl restores, not libxl_domain_create_restore(): only xl leaves the monitor
 * behind that handles the domain's reboots and crashes.
 */
#include "libxl_snap_internal.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

struct revert {
    const libxl_domain_snapshot *snap;
    const libxl_domain_snapshot_revert_params *params;
    struct snap_domain dom;         /* domid SNAP_NO_DOMAIN: it does not exist */
    libxl_domain_config config;     /* the image's, with the new disks */
    const char *config_json;
    struct snap_plan plan;
};

static const char *overlay_path(const struct revert *r, const char *vdev)
{
    int i;

    for (i = 0; i < r->params->num_disks; i++)
        if (!strcmp(r->params->disks[i].vdev, vdev))
            return r->params->disks[i].path;
    return NULL;
}

/*-- gather -----------------------------------------------------------------*/

static int gather_image_config(libxl_snapshot_ctx *sc, struct revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    off_t stream;
    char *json;
    int rc;

    rc = snap_image_check(sc, snap->memory_path, &json, &stream);
    if (rc) return rc;
    rc = libxl_domain_config_from_json(sc->ctx, &r->config, json);
    if (rc || !r->config.c_info.name)
        return snap_fail(sc, ERROR_INVAL, "memory image %s: libxl cannot read "
                         "the config in it", snap->memory_path);
    if (libxl_uuid_compare(&r->config.c_info.uuid, &snap->domain_uuid))
        return snap_fail(sc, ERROR_INVAL, "memory image %s: it is of domain "
                         "%s, uuid " LIBXL_UUID_FMT ", not of the snapshot's "
                         "domain", snap->memory_path, r->config.c_info.name,
                         LIBXL_UUID_BYTES(r->config.c_info.uuid));
    return 0;
}

static libxl_device_disk *config_disk(libxl_domain_config *config,
                                      const char *vdev)
{
    int i;

    for (i = 0; i < config->num_disks; i++)
        if (!strcmp(config->disks[i].vdev, vdev))
            return &config->disks[i];
    return NULL;
}

/* Let the image's config name what the domain is to have after the revert. */
static int gather_config(libxl_snapshot_ctx *sc, struct revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    char *json;
    int i;

    for (i = 0; i < snap->num_disks; i++) {
        const libxl_disk_snapshot *ds = &snap->disks[i];
        libxl_device_disk *disk = config_disk(&r->config, ds->vdev);
        bool external = ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL;
        const char *path = external ? overlay_path(r, ds->vdev)
                                    : ds->parent.pdev_path;

        if (!disk || !path)
            return snap_fail(sc, ERROR_INVAL, "disk %s: %s", ds->vdev,
                             disk ? "no path for its new overlay"
                                  : "not in the memory image's config");
        free(disk->pdev_path);
        disk->pdev_path = snap_result_str(path);
        disk->format = external ? LIBXL_DISK_FORMAT_QCOW2 : ds->parent.format;
        disk->backend = LIBXL_DISK_BACKEND_QDISK;
    }
    json = libxl_domain_config_to_json(sc->ctx, &r->config);
    if (!json)
        return snap_fail(sc, ERROR_FAIL, "libxl cannot write the new config "
                         "as JSON");
    r->config_json = snap_strdup(sc, json);
    free(json);
    return 0;
}

/* The running domain: only what the revert needs of it, since one whose QEMU
 * has died must be revertible too. */
static int gather_domain(libxl_snapshot_ctx *sc, struct revert *r)
{
    const char *name = r->config.c_info.name, *pid;
    uint32_t other;
    int rc;

    rc = snap_dom_find(sc, &r->snap->domain_uuid, &r->dom.domid);
    if (rc) return rc;
    if (!libxl_name_to_domid(sc->ctx, name, &other)
        && other != r->dom.domid)
        return snap_fail(sc, ERROR_INVAL, "domain %s: domain %u has this name "
                         "and is another (its uuid is not the snapshot's); "
                         "rename it first", name, other);
    if (r->dom.domid == SNAP_NO_DOMAIN) return 0;
    pid = snap_xs_read(sc, snap_sprintf(sc, "/local/domain/%u/image/"
                                        "device-model-pid", r->dom.domid));
    if (pid) r->dom.qemu_pid = atoi(pid);
    return 0;
}

/*-- check ------------------------------------------------------------------*/

static int check_snapshot(libxl_snapshot_ctx *sc,
                          const libxl_domain_snapshot *snap)
{
    int i, rc;

    rc = snap_name_check(sc, snap->name);
    if (rc) return rc;
    if (libxl_uuid_is_nil(&snap->domain_uuid))
        return snap_fail(sc, ERROR_INVAL, "the snapshot config has no uuid; it "
                         "is not one that snapshot-create wrote");
    if (!snap->memory_path)
        return snap_fail(sc, ERROR_INVAL, "the snapshot has no memory image "
                         "(memory_path)");
    for (i = 0; i < snap->num_disks; i++)
        if (!snap->disks[i].parent.pdev_path)
            return snap_fail(sc, ERROR_INVAL, "disk %s: the snapshot config "
                             "does not say what holds its state (`parents')",
                             snap->disks[i].vdev);
    return 0;
}

static int check_disk(libxl_snapshot_ctx *sc, const struct revert *r,
                      const libxl_disk_snapshot *ds)
{
    const struct snap_driver *driver = snap_driver_for(ds->mode);
    bool external = ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL;
    const char *who = snap_sprintf(sc, "disk %s", ds->vdev);
    int rc;

    rc = driver->revert_check(sc, r->snap->name, ds);
    if (rc) return rc;
    /* a base may be read by other domains' overlays, an image with a tag in
     * it by nobody: applying the tag rewrites it */
    rc = snap_check_unused(sc, who, ds->parent.pdev_path, r->dom.qemu_pid,
                           external);
    if (rc || !external) return rc;
    return snap_check_overlay(sc, overlay_path(r, ds->vdev));
}

/* No writable disk of the image's config may be without a disk snapshot: it
 * would meet the guest's old memory with today's content. */
static int check_disks(libxl_snapshot_ctx *sc, const struct revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    int i, j, rc;

    for (i = 0; i < r->config.num_disks; i++) {
        const libxl_device_disk *disk = &r->config.disks[i];

        for (j = 0; j < snap->num_disks; j++)
            if (!strcmp(snap->disks[j].vdev, disk->vdev)) break;
        if (j == snap->num_disks && disk->readwrite && !disk->is_cdrom)
            return snap_fail(sc, ERROR_INVAL, "disk %s: the domain wrote to it,"
                             " and the snapshot config does not have it",
                             disk->vdev);
    }
    for (i = 0; i < snap->num_disks; i++) {
        rc = check_disk(sc, r, &snap->disks[i]);
        if (rc) return rc;
    }
    return 0;
}

/*-- plan -------------------------------------------------------------------*/

static int plan_overlays(libxl_snapshot_ctx *sc, struct revert *r)
{
    struct snap_image_info info;
    int i, rc;

    for (i = 0; i < r->snap->num_disks; i++) {
        const libxl_disk_snapshot *ds = &r->snap->disks[i];
        const struct snap_driver *driver = snap_driver_for(ds->mode);

        if (!driver->revert_prepare) continue;
        rc = snap_gather_image(sc, ds->parent.pdev_path,
                               libxl_disk_format_to_string(ds->parent.format),
                               &info);
        if (rc) return rc;
        driver->revert_prepare(sc, &r->plan, ds, overlay_path(r, ds->vdev),
                               info.virtual_size);
    }
    return 0;
}

/* The step waits until nobody writes to these any more. */
static const char **images_to_release(libxl_snapshot_ctx *sc,
                                      const libxl_domain_snapshot *snap)
{
    const char **paths = snap_zalloc(sc, (snap->num_disks + 1)
                                         * sizeof(*paths));
    int i;

    for (i = 0; i < snap->num_disks; i++)
        paths[i] = snap->disks[i].parent.pdev_path;
    return paths;
}

static void plan_destroy(libxl_snapshot_ctx *sc, struct revert *r)
{
    struct snap_step *step;

    if (r->dom.domid == SNAP_NO_DOMAIN) return;
    step = snap_plan_add(sc, &r->plan, SNAP_STEP_DESTROY,
                         "destroy domain %s (domid %u)",
                         r->config.c_info.name, r->dom.domid);
    step->argv = images_to_release(sc, r->snap);
    step->commit_point = true;
}

static void plan_restore(libxl_snapshot_ctx *sc, struct revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    int first = r->plan.num_steps, i;
    struct snap_step *step;

    for (i = 0; i < snap->num_disks; i++) {
        const struct snap_driver *driver = snap_driver_for(snap->disks[i].mode);

        if (driver->revert)
            driver->revert(sc, &r->plan, snap->name, &snap->disks[i]);
    }
    step = snap_plan_add(sc, &r->plan, SNAP_STEP_RESTORE,
                         "restore the memory %s with xl", snap->memory_path);
    step->path = snap->memory_path;
    step->content = r->config_json;
    step->argv = snap_argv(sc, r->params->xl_path, "restore", "-p",
                           "/proc/self/fd/0", NULL);
    if (!r->params->leave_paused)
        snap_plan_add(sc, &r->plan, SNAP_STEP_UNPAUSE, "unpause the domain");
    /* what these do cannot be undone, also where no destroy came before */
    for (i = first; i < r->plan.num_steps; i++) {
        r->plan.steps[i].needs_all = true;
        r->plan.steps[i].commit_point = true;
    }
}

/*-- the operation ----------------------------------------------------------*/

static int gather(libxl_snapshot_ctx *sc, struct revert *r)
{
    int rc;

    rc = gather_image_config(sc, r);
    if (rc) return rc;
    rc = gather_config(sc, r);
    if (rc) return rc;
    return gather_domain(sc, r);
}

static int make_plan(libxl_snapshot_ctx *sc, struct revert *r)
{
    int rc = plan_overlays(sc, r);

    if (rc) return rc;
    plan_destroy(sc, r);
    plan_restore(sc, r);
    return 0;
}

static void copy_snapshot(libxl_domain_snapshot *dst, const struct revert *r)
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
    dst->disks = calloc(src->num_disks + 1, sizeof(*dst->disks));
    if (!dst->disks) abort();
    for (i = 0; i < src->num_disks; i++) {
        const libxl_disk_snapshot *from = &src->disks[i];
        libxl_disk_snapshot *to = &dst->disks[dst->num_disks++];

        to->vdev = snap_result_str(from->vdev);
        to->mode = from->mode;
        libxl_device_disk_init(&to->parent);
        libxl_device_disk_init(&to->child);
        snap_device_disk_set(&to->parent, to->vdev, from->parent.pdev_path,
                             from->parent.format);
        if (to->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL)
            snap_device_disk_set(&to->child, to->vdev,
                                 overlay_path(r, to->vdev),
                                 LIBXL_DISK_FORMAT_QCOW2);
    }
}

static int run(libxl_snapshot_ctx *sc, struct revert *r,
               libxl_domain_snapshot_result *result)
{
    struct snap_run run = {
        .domid = r->dom.domid, .domain_name = r->config.c_info.name,
    };
    int rc = snap_run_plan(sc, &run, &r->plan);

    result->domid = run.domid;
    if (rc && run.restored)
        snap_fail(sc, rc, "domain %s is back, but paused; xl unpause lets it "
                  "run", r->config.c_info.name);
    else if (rc && run.committed)
        snap_fail(sc, rc, "domain %s is destroyed and not back; nothing else "
                  "is lost: mend this and run the same revert again",
                  r->config.c_info.name);
    return rc;
}

int libxl_domain_snapshot_revert(
    libxl_snapshot_ctx *sc, const libxl_domain_snapshot *snap,
    const libxl_domain_snapshot_revert_params *params,
    libxl_domain_snapshot_result *result)
{
    struct revert r = { .snap = snap, .params = params };
    uint64_t began = snap_now_us();
    int lock = -1, rc;

    snap_ctx_begin(sc);
    snap_domain_init(&r.dom);
    libxl_domain_config_init(&r.config);
    rc = check_snapshot(sc, snap);
    if (rc) goto out;
    rc = snap_lock_domain(sc, &snap->domain_uuid, &lock);
    if (rc) goto out;
    rc = gather(sc, &r);
    if (rc) goto out;
    rc = check_disks(sc, &r);
    if (rc) goto out;
    rc = make_plan(sc, &r);
    if (rc) goto out;

    copy_snapshot(&result->snapshot, &r);
    snap_plan_to_result(sc, &r.plan, result);
    if (params->dry_run) goto out;
    rc = run(sc, &r, result);
    result->total_us = snap_now_us() - began;

 out:
    snap_unlock(&lock, NULL);
    libxl_domain_config_dispose(&r.config);
    snap_domain_dispose(&r.dom);
    return rc;
}
