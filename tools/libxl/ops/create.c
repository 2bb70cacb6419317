/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/create.c: take a snapshot of a running domain.
 *
 *   gather   the domain, its disks, QEMU's graph
 *   check    refuse what cannot work, before anything changes:
 *            ops/create_check.c
 *   plan     ops/create_plan.c
 *   run
 *
 * Why pause and resume before the transaction: after a save the guest is
 * suspended and QEMU may have given up its images (HVM, live: they are
 * inactive until "cont"; a snapshot of an inactive node reports success
 * without being one, QEMU 7.2).  Resumed but paused, QEMU owns its images
 * again and no vCPU runs.
 */
#include "ops/ops.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*-- gather -----------------------------------------------------------------*/

/* A node name that QEMU does not have, at most 31 characters. */
static const char *free_node_name(libxl_snapshot_ctx *sc,
                                  const struct snap_domain *dom,
                                  const char *vdev)
{
    const char *name;
    int n, i;

    for (n = 1; ; n++) {
        name = snap_sprintf(sc, "%.20s-s%d", vdev, n);
        for (i = 0; i < dom->num_nodes; i++)
            if (!strcmp(dom->nodes[i], name)) break;
        if (i == dom->num_nodes) return name;
    }
}

/* The driver that the caller wants, or the first that can. */
static int gather_driver(libxl_snapshot_ctx *sc, struct snap_hooks *hooks,
                         const libxl_disk_snapshot_params *want,
                         struct snap_disk *disk, struct snap_disk_op *op)
{
    const char *why;

    if (want->driver) {
        op->driver = snap_driver_named(want->driver);
        if (!op->driver || op->driver->mode != want->mode)
            return snap_fail(sc, ERROR_INVAL, "disk %s: there is no driver "
                             "'%s' for %s snapshots; see xl snapshot-drivers",
                             want->vdev, want->driver,
                             libxl_snapshot_mode_to_string(want->mode));
        snap_disk_ask_hook(sc, hooks, want->driver, disk);
        why = op->driver->refuse(sc, disk);
    } else {
        snap_disk_choose(sc, hooks, disk);
        op->driver = snap_disk_choice(disk, want->mode)->driver;
        why = snap_disk_choice(disk, want->mode)->why;
    }
    if (!why) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s (%s): no %s snapshot: %s",
                     disk->vdev, disk->path ? disk->path : "empty",
                     libxl_snapshot_mode_to_string(want->mode), why);
}

bool snap_create_leaves_out(const struct snap_create *c,
                            const struct snap_disk *disk)
{
    int i;

    for (i = 0; i < c->num_ops; i++)
        if (c->ops[i].disk == disk) return false;
    return disk->wanted;
}

/* The caller's choice, if it has to see them first. */
static int gather_choice(libxl_snapshot_ctx *sc, struct snap_create *c,
                         struct snap_hooks *hooks)
{
    libxl_domain_snapshot_params *p = c->params;
    libxl_disk_snapshot_info *info;
    char *why;
    int rc = 0;

    if (!p->choose_disks || p->num_disks) return 0;
    info = snap_disk_info_list(sc, hooks, &c->dom);
    why = p->choose_disks(p->choose_user, info, c->dom.num_disks, p);
    if (why) rc = snap_fail(sc, ERROR_INVAL, "%s", why);
    free(why);
    libxl_disk_snapshot_info_list_free(info, c->dom.num_disks);
    return rc;
}

static int gather_ops(libxl_snapshot_ctx *sc, struct snap_create *c,
                      struct snap_hooks *hooks)
{
    const libxl_disk_snapshot_params *want;
    struct snap_disk_op *op;
    int i, rc;

    c->num_ops = c->params->num_disks;
    c->ops = snap_zalloc(sc, c->num_ops * sizeof(*c->ops));
    for (i = 0; i < c->num_ops; i++) {
        want = &c->params->disks[i];
        op = &c->ops[i];
        op->name = c->params->name;
        op->creation_time = c->params->creation_time;
        op->path = want->path;
        op->disk = snap_domain_disk(&c->dom, want->vdev);
        if (!op->disk)
            return snap_fail(sc, ERROR_INVAL, "disk %s: domain %s has no such "
                             "disk; see xl block-list", want->vdev,
                             c->dom.name);
        if (!op->disk->wanted)
            return snap_fail(sc, ERROR_INVAL, "disk %s: read-only disks and "
                             "CD-ROMs have nothing to snapshot; leave it out",
                             want->vdev);
        rc = gather_driver(sc, hooks, want,
                           &c->dom.disks[op->disk - c->dom.disks], op);
        if (rc) return rc;
        op->node = free_node_name(sc, &c->dom, want->vdev);
    }
    for (i = 0; i < c->dom.num_disks && c->params->skip_unsupported; i++)
        if (snap_create_leaves_out(c, &c->dom.disks[i]))
            snap_disk_choose(sc, hooks, &c->dom.disks[i]);
    return snap_lv_choose_areas(sc, c->ops, c->num_ops, c->params->lvm_size);
}

/*
 * The config that goes into the memory image: the stored one, with paths that
 * never exist.  So a stock "xl restore" without a config fails instead of
 * running the guest on disks that went on without it.  The backend is left
 * open because libxl looks for the file only then (4.17,
 * libxl__device_disk_set_backend).
 */
static int gather_image_config(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    libxl_domain_config config;
    char *json;
    int i, rc;

    libxl_domain_config_init(&config);
    libxl_domain_config_copy(sc->ctx, &config, &c->dom.config);
    config.c_info.domid = INVALID_DOMID;
    for (i = 0; i < c->num_ops; i++) {
        libxl_device_disk *disk = &config.disks[c->ops[i].disk
                                                - c->dom.disks];
        char *path = snap_sprintf(sc, "%s.use-xl-snapshot-revert",
                                  disk->pdev_path);

        free(disk->pdev_path);
        disk->pdev_path = snap_result_str(path);
        disk->backend = LIBXL_DISK_BACKEND_UNKNOWN;
    }
    json = libxl_domain_config_to_json(sc->ctx, &config);
    rc = json ? 0 : snap_fail(sc, ERROR_FAIL, "domain %s: libxl cannot write "
                              "its config as JSON", c->dom.name);
    c->image_config = snap_strdup(sc, json);
    free(json);
    libxl_domain_config_dispose(&config);
    return rc;
}

bool snap_create_skips(const struct snap_create *c,
                       const struct snap_disk *disk)
{
    return snap_create_leaves_out(c, disk) && c->params->skip_unsupported
        && snap_disk_unsupported(disk);
}

/*-- result -----------------------------------------------------------------*/

static void result_disk(libxl_snapshot_ctx *sc, const struct snap_disk_op *op,
                        libxl_disk_snapshot *ds)
{
    libxl_device_disk_init(&ds->parent);
    libxl_device_disk_init(&ds->child);
    ds->vdev = snap_result_str(op->disk->vdev);
    ds->mode = op->driver->mode;
    ds->driver = snap_result_str(op->driver->name);
    if (op->driver->describe) {
        op->driver->describe(sc, op, ds);
        return;
    }
    snap_device_disk_set(&ds->parent, ds->vdev, op->disk->path,
                         op->disk->stored->format);
    if (ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL)
        snap_device_disk_repoint(sc, &ds->child, op->disk->stored, op->path,
                                 LIBXL_DISK_FORMAT_QCOW2);
}

/* How the disks fit to each other where no memory goes with them. */
static const char *consistency(const struct snap_create *c)
{
    if (c->params->memory_path) return NULL;
    return c->dom.domid == SNAP_NO_DOMAIN || c->params->quiesce ? "clean"
                                                                : "crash";
}

static void result_snapshot(libxl_snapshot_ctx *sc, const struct snap_create *c,
                            libxl_domain_snapshot *snap)
{
    const libxl_version_info *xen = libxl_get_version_info(sc->ctx);
    int i;

    snap->name = snap_result_str(c->params->name);
    snap->description = snap_result_str(c->params->description);
    snap->domain_name = snap_result_str(c->dom.name);
    snap->domain_uuid = c->dom.uuid;
    snap->domain_type = c->dom.type;
    snap->creation_time = c->params->creation_time;
    libxl_defbool_set(&snap->memory, c->params->memory_path != NULL);
    snap->memory_path = snap_result_str(c->params->memory_path);
    snap->consistency = snap_result_str(consistency(c));
    snap->domain_config_path = snap_result_str(c->params->domain_config_path);
    snap->qemu_version = snap_result_str(c->dom.qemu_version);
    if (xen)
        snap->xen_version = snap_result_str(snap_sprintf(
            sc, "%d.%d%s", xen->xen_version_major, xen->xen_version_minor,
            xen->xen_version_extra));
    snap->disks = calloc(c->num_ops ? c->num_ops : 1, sizeof(*snap->disks));
    if (!snap->disks) abort();
    for (i = 0; i < c->num_ops; i++)
        result_disk(sc, &c->ops[i], &snap->disks[snap->num_disks++]);
    for (i = 0; i < c->dom.num_disks; i++)
        if (snap_create_skips(c, &c->dom.disks[i]))
            snap_skipped_add(snap, c->dom.disks[i].vdev);
}

/*-- the operation ----------------------------------------------------------*/

/* @content: NULL for the memory image, which the save fills. */
static void gather_file(libxl_snapshot_ctx *sc, struct snap_create *c,
                        const char *what, const char *path,
                        const char *content)
{
    if (!path) return;
    c->files[c->num_files++] = (struct snap_create_file){
        .what = what, .path = path, .content = content,
        .partial = snap_sprintf(sc, "%s.partial", path),
    };
}

static const char *config_text(libxl_snapshot_ctx *sc,
                               const libxl_domain_snapshot *snap)
{
    char *text = libxl_domain_snapshot_config_text(sc, snap);
    const char *kept = snap_strdup(sc, text);

    free(text);
    return kept;
}

static int gather(libxl_snapshot_ctx *sc, uint32_t domid, struct snap_create *c,
                  libxl_domain_snapshot *snap)
{
    const libxl_domain_snapshot_params *p = c->params;
    struct snap_hooks hooks = { .num = 0 };
    int rc;

    rc = snap_name_check(sc, p->name);
    if (rc) return rc;
    rc = p->config ? snap_gather_offline(sc, p->config, &c->dom)
                   : snap_gather_domain(sc, domid, &c->dom);
    if (rc) return rc;
    rc = gather_choice(sc, c, &hooks);
    if (rc) return rc;
    rc = gather_ops(sc, c, &hooks);
    if (rc) return rc;
    if (p->memory_path) {
        rc = gather_image_config(sc, c);
        if (rc) return rc;
    }
    result_snapshot(sc, c, snap);
    gather_file(sc, c, "memory image", p->memory_path, NULL);
    gather_file(sc, c, "domain config", p->domain_config_path,
                p->domain_config_text);
    gather_file(sc, c, "snapshot config", p->config_path,
                config_text(sc, snap));
    return 0;
}

/* A domain that does not run may have no uuid yet. */
static int lock_offline(libxl_snapshot_ctx *sc,
                        const libxl_domain_config *config, int *lock_r)
{
    const char *name = config->c_info.name;
    int rc = snap_lock_domain(sc, name, lock_r);

    return rc ? rc : snap_journal_refuse(sc, name, NULL);
}

static int lock_running(libxl_snapshot_ctx *sc, uint32_t domid, int *lock_r)
{
    const char *uuid_str;
    int rc = snap_dom_uuid_str(sc, domid, &uuid_str);

    if (!rc) rc = snap_lock_domain(sc, uuid_str, lock_r);
    return rc ? rc : snap_journal_refuse(sc, NULL, uuid_str);
}

/* The images in which QEMU is to make a tag. */
static const char **tagged_images(libxl_snapshot_ctx *sc,
                                  const struct snap_create *c, int *num_r)
{
    const char **paths = snap_zalloc(sc, c->num_ops * sizeof(*paths));
    int i;

    *num_r = 0;
    for (i = 0; i < c->num_ops; i++)
        if (c->ops[i].driver == &snap_driver_internal && c->ops[i].disk->node)
            paths[(*num_r)++] = c->ops[i].disk->path;
    return paths;
}

static int run_plan(libxl_snapshot_ctx *sc, const struct snap_create *c,
                    struct snap_run *run)
{
    struct snap_journal_head head = {
        .operation = "create", .domain = c->dom.name,
        .uuid_str = c->dom.uuid_str, .domid = c->dom.domid,
        .snapshot = c->params->name,
        .memory_path = c->params->memory_path ? c->files[0].partial : NULL,
    };

    run->uuid_str = c->dom.uuid_str;
    run->domain_name = c->dom.name;
    head.tagged = tagged_images(sc, c, &head.num_tagged);
    run->head = &head;
    return snap_run_plan(sc, run, &c->plan);
}

int libxl_domain_snapshot_create(libxl_snapshot_ctx *sc, uint32_t domid,
                                 libxl_domain_snapshot_params *params,
                                 libxl_domain_snapshot_result *result)
{
    struct snap_create c = { .params = params };
    struct snap_run run = { .domid = domid };
    uint64_t began = snap_now_us();
    int lock_fd = -1, rc;

    snap_ctx_begin(sc);
    sc->quiesce_limit_ms = params->quiesce_seconds * 1000;
    snap_domain_init(&c.dom);
    rc = params->config ? lock_offline(sc, params->config, &lock_fd)
                        : lock_running(sc, domid, &lock_fd);
    if (rc) goto out;
    rc = gather(sc, domid, &c, &result->snapshot);
    if (rc) goto out;
    rc = snap_create_check(sc, &c);
    if (rc) goto out;

    snap_create_plan(sc, &c);
    snap_plan_to_result(sc, &c.plan, result);
    if (params->dry_run) goto out;

    rc = run_plan(sc, &c, &run);
    if (rc && run.unknown)
        snap_fail(sc, rc, "whether QEMU has switched the disks of domain %s to "
                  "their overlays is not known; either way nothing is lost and "
                  "the domain goes on, its stored config names the overlays; "
                  "when QEMU answers, xl snapshot-recover %s ends it",
                  c.dom.name, c.dom.name);
    else if (rc && run.committed && domid != SNAP_NO_DOMAIN)
        snap_fail(sc, rc, "the disks of domain %s are on their new layers and "
                  "it runs on with them; mend this and run xl snapshot-recover "
                  "%s before it reboots", c.dom.name, c.dom.name);
    result->domid = domid;
    result->signalled = run.signalled;
    if (run.stopped_us && run.running_us)
        result->downtime_us = run.running_us - run.stopped_us;
    result->total_us = snap_now_us() - began;

 out:
    snap_unlock(&lock_fd, NULL);
    snap_domain_dispose(&c.dom);
    return rc;
}
