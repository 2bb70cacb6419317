/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_create.c: take a snapshot of a running domain.
 *
 *   gather   the domain, its disks, QEMU's graph
 *   check    refuse what cannot work, before anything changes
 *   plan     libxl_snap_create_plan.c
 *   run
 *
 * Why pause and resume before the transaction: after a save the guest is
 * suspended and QEMU may have given up its images (HVM, live: they are
 * inactive until "cont"; a snapshot of an inactive node reports success
 * without being one, QEMU 7.2).  Resumed but paused, QEMU owns its images
 * again and no vCPU runs.
 */
#include "libxl_snap_internal.h"

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

static int gather_ops(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    const libxl_disk_snapshot_params *want;
    struct snap_disk_op *op;
    int i;

    c->num_ops = c->params->num_disks;
    c->ops = snap_zalloc(sc, c->num_ops * sizeof(*c->ops));
    for (i = 0; i < c->num_ops; i++) {
        want = &c->params->disks[i];
        op = &c->ops[i];
        op->name = c->params->name;
        op->path = want->path;
        op->disk = snap_domain_disk(&c->dom, want->vdev);
        if (!op->disk)
            return snap_fail(sc, ERROR_INVAL, "disk %s: domain %s has no such "
                             "disk; see xl block-list", want->vdev,
                             c->dom.name);
        op->driver = snap_driver_for(want->mode);
        if (!op->driver)
            return snap_fail(sc, ERROR_INVAL, "disk %s: neither internal nor "
                             "external", want->vdev);
        op->node = free_node_name(sc, &c->dom, want->vdev);
    }
    return 0;
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

/*-- check ------------------------------------------------------------------*/

static int check_live(libxl_snapshot_ctx *sc, const struct snap_create *c)
{
    libxl_physinfo phys;
    bool can;
    int rc;

    if (!c->params->live) return 0;
    libxl_physinfo_init(&phys);
    rc = libxl_get_physinfo(sc->ctx, &phys);
    can = c->dom.type == LIBXL_DOMAIN_TYPE_PV ? phys.cap_shadow
                                              : phys.cap_hap || phys.cap_shadow;
    libxl_physinfo_dispose(&phys);
    if (rc)
        return snap_fail(sc, rc, "libxl cannot tell what this Xen can do: %s",
                         libxl_error_to_string(rc));
    if (can) return 0;
    return snap_fail(sc, ERROR_INVAL, "domain %s: this Xen cannot copy the "
                     "memory of a %s domain while it runs (built without "
                     "shadow paging); leave out --live, the guest then stops "
                     "for the length of the copy", c->dom.name,
                     libxl_domain_type_to_string(c->dom.type));
}

static int check_paused(libxl_snapshot_ctx *sc, const struct snap_create *c)
{
    if (!c->dom.paused || c->params->unpause_to_save
        || snap_create_saves_paused(&c->dom))
        return 0;
    return snap_fail(sc, ERROR_INVAL, "domain %s: it is paused, and a paused "
                     "%s guest cannot answer the request to suspend; use "
                     "--unpause to let it run for the moment of the save, or "
                     "unpause it", c->dom.name,
                     libxl_domain_type_to_string(c->dom.type));
}

static int check_disk(libxl_snapshot_ctx *sc, const struct snap_create *c,
                      const struct snap_disk_op *op)
{
    const struct snap_disk *disk = op->disk;
    const char *why;
    int rc, i;

    if (!disk->wanted)
        return snap_fail(sc, ERROR_INVAL, "disk %s: read-only disks and CD-ROMs"
                         " have nothing to snapshot; leave it out",
                         disk->vdev);
    why = op->driver->refuse(sc, disk);
    if (why)
        return snap_fail(sc, ERROR_INVAL, "disk %s (%s): no %s snapshot: %s",
                         disk->vdev, disk->path ? disk->path : "empty",
                         libxl_snapshot_mode_to_string(op->driver->mode), why);
    rc = snap_check_unused(sc, snap_sprintf(sc, "disk %s", disk->vdev),
                           disk->path, c->dom.qemu_pid, false);
    if (rc) return rc;
    if (op->driver->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL)
        return snap_check_overlay(sc, op->path);
    for (i = 0; i < disk->num_tags; i++)
        if (!strcmp(disk->tags[i], op->name))
            return snap_fail(sc, ERROR_INVAL, "disk %s: %s has an internal "
                             "snapshot '%s' already; choose another name",
                             disk->vdev, disk->path, op->name);
    return 0;
}

static int check_disks(libxl_snapshot_ctx *sc, const struct snap_create *c)
{
    int i, j, rc;

    for (i = 0; i < c->num_ops; i++) {
        for (j = 0; j < i; j++)
            if (c->ops[i].disk == c->ops[j].disk)
                return snap_fail(sc, ERROR_INVAL, "disk %s: named twice",
                                 c->ops[i].disk->vdev);
        for (j = 0; j < i; j++)
            if (c->ops[i].path && c->ops[j].path
                && !strcmp(c->ops[i].path, c->ops[j].path))
                return snap_fail(sc, ERROR_INVAL, "disks %s and %s: the same "
                                 "overlay %s", c->ops[j].disk->vdev,
                                 c->ops[i].disk->vdev, c->ops[i].path);
        rc = check_disk(sc, c, &c->ops[i]);
        if (rc) return rc;
    }
    for (i = 0; i < c->dom.num_disks; i++) {
        for (j = 0; j < c->num_ops; j++)
            if (c->ops[j].disk == &c->dom.disks[i]) break;
        if (c->dom.disks[i].wanted && j == c->num_ops)
            return snap_fail(sc, ERROR_INVAL, "disk %s: a snapshot needs every "
                             "writable disk of the domain, this one is left "
                             "out", c->dom.disks[i].vdev);
    }
    return 0;
}

static int check_files(libxl_snapshot_ctx *sc, const struct snap_create *c)
{
    const libxl_domain_snapshot_params *p = c->params;
    const char *const paths[] = { p->memory_path, p->config_path,
                                  c->partial_memory, c->partial_config };
    uint64_t bytes = c->dom.memory_kb * 1024;
    size_t i;
    int rc;

    bytes += bytes / 64;        /* record headers, QEMU's and vCPUs' state */
    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (!paths[i]) continue;
        rc = snap_check_target(sc, i % 2 ? "snapshot config" : "memory image",
                               paths[i], p->directory, i % 2 ? 65536 : bytes);
        if (rc) return rc;
    }
    return 0;
}

static int check(libxl_snapshot_ctx *sc, const struct snap_create *c)
{
    int rc;

    rc = snap_check_domain(sc, &c->dom);
    if (rc) return rc;
    rc = check_live(sc, c);
    if (rc) return rc;
    rc = check_paused(sc, c);
    if (rc) return rc;
    rc = check_disks(sc, c);
    if (rc) return rc;
    return check_files(sc, c);
}

/*-- result -----------------------------------------------------------------*/

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
    libxl_defbool_set(&snap->memory, true);
    snap->memory_path = snap_result_str(c->params->memory_path);
    snap->qemu_version = snap_result_str(c->dom.qemu_version);
    if (xen)
        snap->xen_version = snap_result_str(snap_sprintf(
            sc, "%d.%d%s", xen->xen_version_major, xen->xen_version_minor,
            xen->xen_version_extra));
    snap->disks = calloc(c->num_ops ? c->num_ops : 1, sizeof(*snap->disks));
    if (!snap->disks) abort();
    for (i = 0; i < c->num_ops; i++) {
        const struct snap_disk_op *op = &c->ops[i];
        libxl_disk_snapshot *ds = &snap->disks[snap->num_disks++];

        ds->vdev = snap_result_str(op->disk->vdev);
        ds->mode = op->driver->mode;
        libxl_device_disk_init(&ds->parent);
        libxl_device_disk_init(&ds->child);
        snap_device_disk_set(&ds->parent, ds->vdev, op->disk->path,
                             op->disk->stored->format);
        if (ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL)
            snap_device_disk_set(&ds->child, ds->vdev, op->path,
                                 LIBXL_DISK_FORMAT_QCOW2);
    }
}

/*-- the operation ----------------------------------------------------------*/

static int gather(libxl_snapshot_ctx *sc, uint32_t domid, struct snap_create *c)
{
    const libxl_domain_snapshot_params *p = c->params;
    int rc;

    rc = snap_name_check(sc, p->name);
    if (rc) return rc;
    rc = snap_gather_domain(sc, domid, &c->dom);
    if (rc) return rc;
    rc = gather_ops(sc, c);
    if (rc) return rc;
    c->partial_memory = snap_sprintf(sc, "%s.partial", p->memory_path);
    if (p->config_path)
        c->partial_config = snap_sprintf(sc, "%s.partial", p->config_path);
    return gather_image_config(sc, c);
}

int libxl_domain_snapshot_create(libxl_snapshot_ctx *sc, uint32_t domid,
                                 const libxl_domain_snapshot_params *params,
                                 libxl_domain_snapshot_result *result)
{
    struct snap_create c = { .params = params };
    struct snap_run run = { .domid = domid };
    uint64_t began = snap_now_us();
    libxl_uuid uuid;
    int lock = -1, rc;

    snap_ctx_begin(sc);
    snap_domain_init(&c.dom);
    rc = snap_dom_uuid(sc, domid, &uuid);
    if (rc) goto out;
    rc = snap_lock_domain(sc, &uuid, &lock);
    if (rc) goto out;
    rc = gather(sc, domid, &c);
    if (rc) goto out;
    rc = check(sc, &c);
    if (rc) goto out;

    result_snapshot(sc, &c, &result->snapshot);
    snap_create_plan(sc, &c, &result->snapshot);
    snap_plan_to_result(sc, &c.plan, result);
    if (params->dry_run) goto out;

    run.uuid_str = c.dom.uuid_str;
    run.domain_name = c.dom.name;
    rc = snap_run_plan(sc, &run, &c.plan);
    if (rc && run.unknown)
        snap_fail(sc, rc, "whether QEMU has switched the disks of domain %s to "
                  "their overlays is not known; either way nothing is lost and "
                  "the domain goes on, its stored config names the overlays; "
                  "restart it when QEMU answers, and take the snapshot again",
                  c.dom.name);
    else if (rc && run.committed)
        snap_fail(sc, rc, "the disks of domain %s are on their new layers and "
                  "it runs on with them; mend this before it reboots, xl list "
                  "-l shows what it would reboot with", c.dom.name);
    result->domid = domid;
    if (run.stopped_us && run.running_us)
        result->downtime_us = run.running_us - run.stopped_us;
    result->total_us = snap_now_us() - began;

 out:
    snap_unlock(&lock, NULL);
    snap_domain_dispose(&c.dom);
    return rc;
}
