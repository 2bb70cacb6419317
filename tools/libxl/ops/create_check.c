/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/create_check.c: the refusals of a create, before anything changes.
 * Pure.
 */
#include "ops/ops.h"

#include <string.h>

bool snap_create_leaves_out(const struct snap_create *c,
                            const struct snap_disk *disk)
{
    int i;

    for (i = 0; i < c->num_ops; i++)
        if (c->ops[i].disk == disk) return false;
    return disk->is_data_disk;
}

bool snap_create_skips(const struct snap_create *c,
                       const struct snap_disk *disk)
{
    return snap_create_leaves_out(c, disk) && c->params->skip_unsupported
        && snap_disk_unsupported(disk);
}

static int create_check_live(libxl_snapshot_ctx *sc,
                             const struct snap_create *c)
{
    if (!c->params->live || c->can_live) return 0;
    return snap_fail(sc, ERROR_INVAL, "domain %s: this Xen cannot copy "
                     "the memory of a %s domain while it runs (built "
                     "without shadow paging); leave out --live: the guest "
                     "then stands still during the copy", c->dom.name,
                     libxl_domain_type_to_string(c->dom.type));
}

static int create_check_paused(libxl_snapshot_ctx *sc,
                               const struct snap_create *c)
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

static int create_check_memory(libxl_snapshot_ctx *sc,
                               const struct snap_create *c)
{
    int rc;

    if (!c->params->memory_path) {
        if (!c->params->live && !c->params->unpause_to_save) return 0;
        return snap_fail(sc, ERROR_INVAL,
                         "a snapshot of the disks alone saves "
                         "no memory: leave out --live and --unpause");
    }
    if (c->dom.domid == SNAP_NO_DOMAIN)
        return snap_fail(sc, ERROR_INVAL, "domain %s: it does not run and has "
                         "no memory to save", c->dom.name);
    rc = create_check_live(sc, c);
    if (rc) return rc;
    return create_check_paused(sc, c);
}

/* Refuse a freeze that cannot work.  A domain that does not run needs
 * none. */
static int create_check_quiesce(libxl_snapshot_ctx *sc,
                                const struct snap_create *c)
{
    if (!snap_create_quiesces(c)) return 0;
    if (c->params->memory_path)
        return snap_fail(
            sc, ERROR_INVAL,
            "data that the guest has not yet written is in its memory "
            "image: leave out --quiesce, or take a snapshot of the disks "
            "alone with --disk-only");
    if (c->params->leave_paused)
        return snap_fail(sc, ERROR_INVAL, "a paused guest cannot be thawed: "
                         "leave out --paused or --quiesce");
    return snap_quiesce_check(sc, &c->dom, c->params->quiesce_command,
                              c->quiesce_unsafe);
}

static int create_check_disks(libxl_snapshot_ctx *sc,
                              const struct snap_create *c)
{
    int i, j, rc;

    for (i = 0; i < c->num_ops; i++) {
        for (j = 0; j < i; j++)
            if (c->ops[i].disk == c->ops[j].disk)
                return snap_fail(sc, ERROR_INVAL, "disk %s: named twice; "
                                 "leave one out",
                                 c->ops[i].disk->vdev);
        for (j = 0; j < i; j++)
            if (c->ops[i].path && c->ops[j].path
                && !strcmp(c->ops[i].path, c->ops[j].path))
                return snap_fail(sc, ERROR_INVAL, "disks %s and %s: both "
                                 "name the overlay %s; choose another for "
                                 "one of them", c->ops[j].disk->vdev,
                                 c->ops[i].disk->vdev, c->ops[i].path);
        rc = snap_refuse_place(sc, &c->ops[i], c->params->trust_folders);
        if (!rc) rc = snap_driver_check(sc, &c->ops[i]);
        if (rc) return rc;
    }
    for (i = 0; i < c->dom.num_disks; i++) {
        if (!c->dom.disks[i].is_data_disk)
            snap_log(sc, XTL_VERBOSE, "disk %s is left out: %s",
                     c->dom.disks[i].vdev, c->dom.disks[i].stored->is_cdrom
                     ? "a CD-ROM" : "read-only");
        if (snap_create_leaves_out(c, &c->dom.disks[i])
            && !snap_create_skips(c, &c->dom.disks[i]))
            return snap_fail(
                sc, ERROR_INVAL,
                "disk %s: a snapshot needs every writable disk of the "
                "domain, and this one is left out; add it to `disks'",
                c->dom.disks[i].vdev);
    }
    return 0;
}

static int create_check_files(libxl_snapshot_ctx *sc,
                              const struct snap_create *c)
{
    uint64_t bytes;
    int i, rc;

    for (i = 0; i < c->num_files; i++) {
        const struct snap_create_file *file = &c->files[i];

        if (file->target.doubt)
            return snap_fail(sc, ERROR_INVAL, "%s %s: %s", file->what,
                             file->path, file->target.doubt);
        bytes = 65536;
        if (!file->content)         /* the memory, with room for record
                                     * headers and the state of QEMU and
                                     * of the vCPUs */
            bytes = c->dom.memory_kb * 1024 * 65 / 64;
        rc = snap_target_check(sc, file->what, &file->target, bytes);
        if (rc) return rc;
        rc = snap_target_check(sc, file->what, &file->partial_target,
                               bytes);
        if (rc) return rc;
    }
    return 0;
}

static bool create_writes_to(const struct snap_create *c, const char *vdev)
{
    int i;

    for (i = 0; i < c->dom.num_disks; i++)
        if (!strcmp(c->dom.disks[i].vdev, vdev))
            return c->dom.disks[i].is_data_disk;
    return false;
}

/* The xl.cfg of which a copy is kept must fit the running domain, or no
 * revert could boot from it: disks may have been attached or removed since
 * the domain was started. */
static int create_check_boot(libxl_snapshot_ctx *sc,
                             const struct snap_create *c)
{
    const libxl_domain_config *config = c->params->boot_config;
    int i;

    if (!config) return 0;
    for (i = 0; i < c->num_ops; i++)
        if (!snap_config_disk(config, c->ops[i].vdev))
            return snap_fail(sc, ERROR_INVAL, "disk %s: the domain has it, "
                             "but its xl.cfg does not list it, so a revert "
                             "could not boot from that; add it there",
                             c->ops[i].vdev);
    for (i = 0; i < config->num_disks; i++) {
        const libxl_device_disk *d = &config->disks[i];

        if (d->readwrite && !d->is_cdrom && d->vdev
            && !create_writes_to(c, d->vdev))
            return snap_fail(sc, ERROR_INVAL, "disk %s: the domain's xl.cfg "
                             "lists it, but the domain does not write to "
                             "it, so a revert could not boot from that; "
                             "remove it there", d->vdev);
    }
    return snap_refuse_boot(sc, "the domain's xl.cfg", &c->boot);
}

int snap_create_check(libxl_snapshot_ctx *sc, const struct snap_create *c)
{
    int rc;

    if (c->dom.domid != SNAP_NO_DOMAIN) {
        rc = snap_refuse_domain(sc, &c->dom);
        if (rc) return rc;
    }
    rc = create_check_memory(sc, c);
    if (rc) return rc;
    rc = create_check_quiesce(sc, c);
    if (rc) return rc;
    if (!c->num_ops && !c->params->memory_path)
        return snap_fail(sc, ERROR_INVAL, "domain %s: it has no disk of which "
                         "a snapshot could be taken, so this would be a "
                         "snapshot of nothing", c->dom.name);
    rc = create_check_disks(sc, c);
    if (rc) return rc;
    rc = snap_refuse_uncaptured(sc, &c->uncaptured,
                                c->params->skip_unsupported);
    if (rc) return rc;
    rc = snap_refuse_used(sc, &c->layers);
    if (!rc) rc = snap_refuse_used(sc, &c->reused);
    if (!rc) rc = snap_refuse_not_open(sc, &c->layers);
    if (rc) return rc;
    rc = create_check_boot(sc, c);
    if (rc) return rc;
    return create_check_files(sc, c);
}
