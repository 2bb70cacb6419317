/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_revert.c: bring a domain back to a snapshot.
 *
 *   gather   the config that the domain is to have: that in the memory image,
 *            or without memory its xl.cfg; the images; the running domain
 *   check    all that can be known before the domain is destroyed
 *   plan     new overlays on the frozen layers; destroy (the commit point);
 *            tags applied, volumes merged; "xl restore" or "xl create"
 *   run
 *
 * xl brings the domain back, not libxl: only xl leaves the monitor behind that
 * handles the domain's reboots and crashes.
 */
#include "libxl_snap_driver.h"
#include "libxl_snap_lvm.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

struct revert {
    const libxl_domain_snapshot *snap;
    const libxl_domain_snapshot_revert_params *params;
    struct snap_domain dom;         /* domid SNAP_NO_DOMAIN: it does not run */
    int num_ops;
    struct snap_revert_op *ops;
    libxl_domain_config config;     /* with the new disks */
    struct snap_plan plan;
};

static const char *new_path(const struct revert *r, const char *vdev)
{
    int i;

    for (i = 0; i < r->params->num_disks; i++)
        if (!strcmp(r->params->disks[i].vdev, vdev))
            return r->params->disks[i].path;
    return NULL;
}

/*-- gather -----------------------------------------------------------------*/

static int gather_ops(libxl_snapshot_ctx *sc, struct revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    struct snap_revert_op *op;
    int i, rc;

    r->ops = snap_zalloc(sc, snap->num_disks * sizeof(*r->ops));
    for (i = 0; i < snap->num_disks; i++) {
        op = &r->ops[r->num_ops++];
        op->ds = &snap->disks[i];
        op->name = snap->name;
        rc = snap_driver_of(sc, op->ds, &op->driver);
        if (rc) return rc;
        rc = snap_gather_lv(sc, op->ds->parent.pdev_path, &op->lv);
        if (rc) return rc;
        if (op->lv)
            op->origin = snap_lv_named(op->lv->all, op->lv->vg,
                                       op->lv->origin);
        if (!op->driver->moves) continue;
        op->path = new_path(r, op->ds->vdev);
        if (!op->path)
            return snap_fail(sc, ERROR_INVAL, "disk %s: no path for its new "
                             "image", op->ds->vdev);
    }
    return 0;
}

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

/* Without memory: what the domain is to be booted with. */
static int gather_boot_config(libxl_snapshot_ctx *sc, struct revert *r)
{
    const libxl_domain_config *config = r->params->config;
    const char *name = r->snap->domain_name;

    if (!config || !r->params->domain_config_path)
        return snap_fail(sc, ERROR_INVAL, "snapshot %s has no memory, and a "
                         "revert boots the domain from its xl.cfg: name that "
                         "with --domain-config", r->snap->name);
    libxl_domain_config_copy(sc->ctx, &r->config, config);
    if (!r->config.c_info.name
        || (name && strcmp(r->config.c_info.name, name)))
        return snap_fail(sc, ERROR_INVAL, "%s: it is of domain %s, the "
                         "snapshot of %s", r->params->domain_config_path,
                         r->config.c_info.name ? r->config.c_info.name
                                               : "no name", name);
    return 0;
}

/* Let the config name what the domain is to have after the revert. */
static int gather_config_disks(libxl_snapshot_ctx *sc, struct revert *r)
{
    int i;

    for (i = 0; i < r->num_ops; i++) {
        const struct snap_revert_op *op = &r->ops[i];
        libxl_device_disk *disk = config_disk(&r->config, op->ds->vdev);

        if (!disk)
            return snap_fail(sc, ERROR_INVAL, "disk %s: the domain's config "
                             "does not have it", op->ds->vdev);
        if (op->driver->configure) {
            op->driver->configure(op, disk);
            continue;
        }
        free(disk->pdev_path);
        disk->pdev_path = snap_result_str(op->path ? op->path
                                          : op->ds->parent.pdev_path);
        disk->format = op->path ? LIBXL_DISK_FORMAT_QCOW2
                                : op->ds->parent.format;
        disk->backend = LIBXL_DISK_BACKEND_QDISK;
    }
    return 0;
}

/* A domain of the snapshot's name, but with another uuid, was started from an
 * xl.cfg without one.  It is the snapshot's if it has one of its disks. */
static int is_reborn(libxl_snapshot_ctx *sc, const struct revert *r,
                     uint32_t domid, bool *is_r)
{
    int i, rc;

    *is_r = false;
    for (i = 0; i < r->num_ops && !*is_r; i++) {
        const libxl_disk_snapshot *ds = r->ops[i].ds;

        rc = snap_gather_is_on(sc, domid, ds->vdev, ds->parent.pdev_path,
                               is_r);
        if (rc) return rc;
    }
    return 0;
}

/* The running domain: only what the revert needs of it, since one whose QEMU
 * has died must be revertible too. */
static int gather_domain(libxl_snapshot_ctx *sc, struct revert *r)
{
    const char *name = r->config.c_info.name, *pid;
    uint32_t other;
    bool reborn;
    int rc;

    rc = snap_dom_find(sc, &r->snap->domain_uuid, &r->dom.domid);
    if (rc) return rc;
    if (!libxl_name_to_domid(sc->ctx, name, &other)
        && other != r->dom.domid) {
        rc = is_reborn(sc, r, other, &reborn);
        if (rc) return rc;
        if (!reborn || r->dom.domid != SNAP_NO_DOMAIN)
            return snap_fail(sc, ERROR_INVAL, "domain %s: domain %u has this "
                             "name and is another (neither uuid nor disks are "
                             "the snapshot's); rename it first", name, other);
        r->dom.domid = other;
    }
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
    if (snap->memory_path && libxl_uuid_is_nil(&snap->domain_uuid))
        return snap_fail(sc, ERROR_INVAL, "the snapshot config has no uuid; it "
                         "is not one that snapshot-create wrote");
    if (!snap->memory_path && (libxl_defbool_is_default(snap->memory)
                               || libxl_defbool_val(snap->memory)))
        return snap_fail(sc, ERROR_INVAL, "the snapshot config names no memory "
                         "image (memory_path), and does not say memory=0");
    if (!snap->memory_path && !snap->domain_name)
        return snap_fail(sc, ERROR_INVAL, "the snapshot config does not say of "
                         "which domain it is (domain)");
    for (i = 0; i < snap->num_disks; i++)
        if (!snap->disks[i].parent.pdev_path)
            return snap_fail(sc, ERROR_INVAL, "disk %s: the snapshot config "
                             "does not say what holds its state (`parents')",
                             snap->disks[i].vdev);
    return 0;
}

/* The image that the revert reads or overwrites; NULL: it has no device. */
static const char *image_at_stake(const struct revert *r,
                                  const struct snap_revert_op *op)
{
    const char *path = op->ds->parent.pdev_path;

    if (!op->lv) return path;
    if (!op->driver->moves)             /* a merge writes to the origin */
        path = config_disk((libxl_domain_config *)&r->config,
                           op->ds->vdev)->pdev_path;
    return snap_file_exists(path) ? path : NULL;
}

/* A base may be read by other domains' overlays, an image with a tag in it by
 * nobody: applying the tag rewrites it. */
static int check_users(libxl_snapshot_ctx *sc, const struct revert *r)
{
    struct snap_layers layers = { 0 };
    int i;

    for (i = 0; i < r->num_ops; i++) {
        const struct snap_revert_op *op = &r->ops[i];
        const char *path = image_at_stake(r, op);

        if (op->image.num_layers)
            snap_layers_add(sc, &layers, op->ds->vdev, op->image.layers,
                            op->image.num_layers, op->driver->moves);
        else if (path)
            snap_layers_add(sc, &layers, op->ds->vdev, &path, 1,
                            op->driver->moves);
    }
    return snap_check_unused(sc, &layers, r->dom.qemu_pid, r->dom.domid);
}

/* No writable disk of the config may be without a disk snapshot: it would meet
 * the guest's old memory, or the other disks, with today's content. */
static int check_disks(libxl_snapshot_ctx *sc, struct revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    int i, j, rc;

    for (i = 0; i < r->config.num_disks; i++) {
        const libxl_device_disk *disk = &r->config.disks[i];

        for (j = 0; j < snap->num_disks; j++)
            if (!strcmp(snap->disks[j].vdev, disk->vdev)) break;
        if (j < snap->num_disks || !disk->readwrite || disk->is_cdrom) continue;
        rc = snap_check_left_out(sc, snap, disk->vdev,
                                 r->params->skip_unsupported);
        if (rc) return rc;
    }
    for (i = 0; i < r->num_ops; i++) {
        r->ops[i].running = r->dom.domid != SNAP_NO_DOMAIN;
        rc = r->ops[i].driver->revert_check(sc, &r->ops[i]);
        if (rc) return rc;
    }
    return check_users(sc, r);
}

/*-- plan -------------------------------------------------------------------*/

/* The step waits until nobody writes to these any more. */
static const char **images_to_release(libxl_snapshot_ctx *sc,
                                      const struct revert *r)
{
    const char **paths = snap_zalloc(sc, (r->num_ops + 1) * sizeof(*paths));
    int num = 0, i;

    for (i = 0; i < r->num_ops; i++) {
        paths[num] = image_at_stake(r, &r->ops[i]);
        if (paths[num]) num++;
    }
    return paths;
}

static void plan_destroy(libxl_snapshot_ctx *sc, struct revert *r)
{
    struct snap_step *step;

    if (r->dom.domid == SNAP_NO_DOMAIN) return;
    step = snap_plan_add(sc, &r->plan, SNAP_STEP_DESTROY,
                         "destroy domain %s (domid %u)",
                         r->config.c_info.name, r->dom.domid);
    step->argv = images_to_release(sc, r);
    step->commit_point = true;
}

static int plan_restore(libxl_snapshot_ctx *sc, struct revert *r)
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
    return 0;
}

/* What stands behind the file on xl's command line wins over it. */
static int plan_boot(libxl_snapshot_ctx *sc, struct revert *r)
{
    const libxl_uuid *uuid = &r->snap->domain_uuid;
    const char *path = r->params->domain_config_path, *disks = "disk=[";
    const char *identity = NULL;
    struct snap_step *step;
    int i;

    for (i = 0; i < r->config.num_disks; i++)
        disks = snap_sprintf(sc, "%s%s,", disks, snap_config_quote(
            sc, snap_disk_spec(sc, &r->config.disks[i])));
    if (!libxl_uuid_is_nil(uuid))
        identity = snap_sprintf(sc, "uuid=\"" LIBXL_UUID_FMT "\"",
                                LIBXL_UUID_BYTES(*uuid));
    step = snap_plan_add(sc, &r->plan, SNAP_STEP_BOOT,
                         "boot the domain from %s with xl", path);
    step->argv = snap_argv(sc, r->params->xl_path, "create", "-q", "-p", path,
                           snap_sprintf(sc, "%s]", disks), identity, NULL);
    return 0;
}

/* After the destroy; nothing here can be undone, also where none came. */
static int plan_back(libxl_snapshot_ctx *sc, struct revert *r)
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

static int gather(libxl_snapshot_ctx *sc, struct revert *r)
{
    int rc;

    rc = gather_ops(sc, r);
    if (rc) return rc;
    rc = r->snap->memory_path ? gather_image_config(sc, r)
                              : gather_boot_config(sc, r);
    if (rc) return rc;
    rc = gather_config_disks(sc, r);
    if (rc) return rc;
    return gather_domain(sc, r);
}

static int make_plan(libxl_snapshot_ctx *sc, struct revert *r)
{
    int i;

    for (i = 0; i < r->num_ops; i++)
        if (r->ops[i].driver->revert_prepare)
            r->ops[i].driver->revert_prepare(sc, &r->plan, &r->ops[i]);
    plan_destroy(sc, r);
    return plan_back(sc, r);
}

static void copy_snapshot(libxl_snapshot_ctx *sc, libxl_domain_snapshot *dst,
                          const struct revert *r)
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
        const libxl_device_disk *now = config_disk(
            (libxl_domain_config *)&r->config, from->vdev);

        to->vdev = snap_result_str(from->vdev);
        to->mode = from->mode;
        to->driver = snap_result_str(r->ops[i].driver->name);
        libxl_device_disk_init(&to->parent);
        libxl_device_disk_init(&to->child);
        snap_device_disk_set(&to->parent, to->vdev, from->parent.pdev_path,
                             from->parent.format);
        libxl_device_disk_copy(sc->ctx, &to->child, now);
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

/* Both locks: while it is destroyed, a snapshot of it by its xl.cfg must wait. */
static int lock(libxl_snapshot_ctx *sc, const libxl_domain_snapshot *snap,
                int *uuid_lock, int *name_lock)
{
    int rc = 0;

    if (!libxl_uuid_is_nil(&snap->domain_uuid))
        rc = snap_lock_domain(sc, snap_sprintf(
            sc, LIBXL_UUID_FMT, LIBXL_UUID_BYTES(snap->domain_uuid)),
            uuid_lock);
    if (!rc && snap->domain_name)
        rc = snap_lock_domain(sc, snap->domain_name, name_lock);
    return rc;
}

int libxl_domain_snapshot_revert(
    libxl_snapshot_ctx *sc, const libxl_domain_snapshot *snap,
    const libxl_domain_snapshot_revert_params *params,
    libxl_domain_snapshot_result *result)
{
    struct revert r = { .snap = snap, .params = params };
    uint64_t began = snap_now_us();
    int uuid_lock = -1, name_lock = -1, rc;

    snap_ctx_begin(sc);
    snap_domain_init(&r.dom);
    libxl_domain_config_init(&r.config);
    rc = check_snapshot(sc, snap);
    if (rc) goto out;
    rc = lock(sc, snap, &uuid_lock, &name_lock);
    if (rc) goto out;
    rc = gather(sc, &r);
    if (rc) goto out;
    rc = check_disks(sc, &r);
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
