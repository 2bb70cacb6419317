/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/revert_look.c: what a revert knows and checks before it destroys
 * anything; a verification ends here.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

static const char *new_path(const struct snap_revert *r, const char *vdev)
{
    int i;

    for (i = 0; i < r->params->num_disks; i++)
        if (!strcmp(r->params->disks[i].vdev, vdev))
            return r->params->disks[i].path;
    return NULL;
}

/*-- gather -----------------------------------------------------------------*/

static int gather_ops(libxl_snapshot_ctx *sc, struct snap_revert *r)
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

static int gather_image_config(libxl_snapshot_ctx *sc, struct snap_revert *r)
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

libxl_device_disk *snap_revert_disk(libxl_domain_config *config,
                                    const char *vdev)
{
    int i;

    for (i = 0; i < config->num_disks; i++)
        if (!strcmp(config->disks[i].vdev, vdev))
            return &config->disks[i];
    return NULL;
}

/* Without memory: what the domain is to be booted with. */
static int gather_boot_config(libxl_snapshot_ctx *sc, struct snap_revert *r)
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
static int gather_config_disks(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    int i;

    for (i = 0; i < r->num_ops; i++) {
        const struct snap_revert_op *op = &r->ops[i];
        libxl_device_disk *disk = snap_revert_disk(&r->config, op->ds->vdev);

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
static int is_reborn(libxl_snapshot_ctx *sc, const struct snap_revert *r,
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
static int gather_domain(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    const char *name = r->config.c_info.name;
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
    r->dom.qemu_pid = snap_xs_qemu_pid(sc, r->dom.domid);
    return 0;
}

/*-- check ------------------------------------------------------------------*/

const char *snap_revert_at_stake(const struct snap_revert *r,
                                 const struct snap_revert_op *op)
{
    const char *path = op->ds->parent.pdev_path;

    if (!op->lv) return path;
    if (!op->driver->moves)             /* a merge writes to the origin */
        path = snap_revert_disk((libxl_domain_config *)&r->config,
                           op->ds->vdev)->pdev_path;
    return snap_file_exists(path) ? path : NULL;
}

/* A base may be read by other domains' overlays, an image with a tag in it by
 * nobody: applying the tag rewrites it. */
static int check_users(libxl_snapshot_ctx *sc, const struct snap_revert *r)
{
    struct snap_layers layers = { 0 };
    int i;

    for (i = 0; i < r->num_ops; i++) {
        const struct snap_revert_op *op = &r->ops[i];
        const char *path = snap_revert_at_stake(r, op);

        if (op->chain.num_layers)
            snap_layers_add(sc, &layers, op->ds->vdev,
                            snap_chain_paths(sc, &op->chain),
                            op->chain.num_layers, op->driver->moves);
        else if (path)
            snap_layers_add(sc, &layers, op->ds->vdev, &path, 1,
                            op->driver->moves);
    }
    return snap_check_unused(sc, &layers, r->dom.qemu_pid, r->dom.domid);
}

/* No writable disk of the config may be without a disk snapshot: it would meet
 * the guest's old memory, or the other disks, with today's content. */
static int check_left_out(libxl_snapshot_ctx *sc, struct snap_revert *r)
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
    return 0;
}

static int check_disk(libxl_snapshot_ctx *sc, const struct snap_revert *r,
                      struct snap_revert_op *op)
{
    int rc = op->driver->revert_check(sc, op);

    if (rc || r->params->force) return rc;
    return snap_state_check_disk(sc, op);
}

/*-- gather and check: the same for a revert and a verification -------------*/

/* @what was looked at, with the result @rc.  Whether to go on: a revert ends at
 * the first failure, a verification tells them all. */
static bool looked_at(libxl_snapshot_ctx *sc, struct snap_revert *r,
                      const char *what, const char *path, int rc)
{
    if (rc && !r->rc) r->rc = rc;
    if (!r->report) return !rc;
    snap_verification_add(r->report, what, path,
                          rc ? snap_take_error(sc) : NULL);
    return true;
}

static int gather_config(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    int rc = r->snap->memory_path ? gather_image_config(sc, r)
                                  : gather_boot_config(sc, r);

    if (!rc && !r->params->force) rc = snap_state_check_memory(sc, r->snap);
    if (!rc) rc = check_left_out(sc, r);
    return rc ? rc : gather_config_disks(sc, r);
}

int snap_revert_look(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    bool all_there = true;
    int i, rc;

    rc = snap_check_snapshot(sc, snap);
    if (!rc) rc = gather_ops(sc, r);
    if (!looked_at(sc, r, "snapshot config", NULL, rc) || rc) return r->rc;

    rc = gather_config(sc, r);
    if (!looked_at(sc, r, snap->memory_path ? "memory image" : "domain config",
                   snap->memory_path ? snap->memory_path
                                     : r->params->domain_config_path, rc))
        return r->rc;
    if (!rc) {
        rc = gather_domain(sc, r);
        if (!looked_at(sc, r, "domain", NULL, rc)) return r->rc;
    }
    for (i = 0; i < r->num_ops; i++) {
        r->ops[i].running = r->dom.domid != SNAP_NO_DOMAIN;
        rc = check_disk(sc, r, &r->ops[i]);
        if (!looked_at(sc, r, snap_sprintf(sc, "disk %s", r->ops[i].ds->vdev),
                       r->ops[i].ds->parent.pdev_path, rc))
            return r->rc;
        if (rc) all_there = false;
    }
    if (all_there) looked_at(sc, r, "users", NULL, check_users(sc, r));
    return r->rc;
}
