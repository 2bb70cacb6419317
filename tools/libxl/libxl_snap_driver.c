/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_driver.c: the table of drivers, and what the two for QEMU's
 * disks have in common.
 */
#include "libxl_snap_driver.h"
#include "libxl_snap_hook.h"

#include <string.h>

/* Hooks last: they are for what no other takes. */
static const struct snap_driver *const drivers[] = {
    &snap_driver_internal,
    &snap_driver_overlay,
    &snap_driver_lvm_thick,
    &snap_driver_lvm_thin,
    &snap_driver_hook,
};

const struct snap_driver *const *snap_drivers(int *num_r)
{
    *num_r = sizeof(drivers) / sizeof(drivers[0]);
    return drivers;
}

const struct snap_driver *snap_driver_named(const char *name)
{
    int num, i;
    const struct snap_driver *const *all = snap_drivers(&num);

    if (!strncmp(name, SNAP_HOOK_PREFIX, strlen(SNAP_HOOK_PREFIX)))
        return snap_hook_name(name) ? &snap_driver_hook : NULL;
    for (i = 0; i < num; i++)
        if (!strcmp(all[i]->name, name)) return all[i];
    return NULL;
}

const struct snap_driver *snap_driver_choose(libxl_snapshot_ctx *sc,
                                             const struct snap_disk *disk,
                                             libxl_snapshot_mode mode,
                                             const char **why_r)
{
    const char *why, *first = NULL;
    size_t i;

    for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        if (drivers[i]->mode != mode) continue;
        why = drivers[i]->refuse(sc, disk);
        if (!why) return drivers[i];
        if (!first) first = why;
    }
    *why_r = !first ? "no driver makes such snapshots"
        : disk->no_hook ? snap_sprintf(sc, "%s; %s", first, disk->no_hook)
        : first;
    return NULL;
}

bool snap_disk_unsupported(libxl_snapshot_ctx *sc,
                           const struct snap_disk *disk)
{
    size_t i;

    if (disk->backend != SNAP_BACKEND_PHY || disk->backend_domid || disk->lv)
        return false;
    for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
        if (!drivers[i]->refuse(sc, disk)) return false;
    return true;
}

int snap_driver_of(libxl_snapshot_ctx *sc, const libxl_disk_snapshot *ds,
                   const struct snap_driver **driver_r)
{
    *driver_r = ds->driver ? snap_driver_named(ds->driver)
        : ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL ? &snap_driver_overlay
                                                   : &snap_driver_internal;
    if (*driver_r && (*driver_r)->mode == ds->mode) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: there is no driver '%s' for "
                     "%s snapshots; see xl snapshot-drivers", ds->vdev,
                     ds->driver, libxl_snapshot_mode_to_string(ds->mode));
}

bool libxl_disk_snapshot_moves(const libxl_disk_snapshot *ds)
{
    const struct snap_driver *driver = ds->driver
        ? snap_driver_named(ds->driver) : NULL;

    return driver ? driver->moves : ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL;
}

/* Why the QEMU of the running domain cannot be asked for a snapshot. */
static const char *not_qemus(libxl_snapshot_ctx *sc,
                             const struct snap_disk *disk)
{
    if (disk->backend == SNAP_BACKEND_NONE)
        return "xenstore has no such device";
    if (disk->backend_domid)
        return snap_sprintf(sc, "its backend is in domain %u, out of reach",
                            disk->backend_domid);
    if (disk->backend == SNAP_BACKEND_PHY && disk->lv)
        return "blkback (phy) serves it; a logical volume has internal "
               "snapshots, external ones only with backendtype=qdisk";
    if (disk->backend == SNAP_BACKEND_PHY)
        return "blkback (phy) serves it, which has no snapshots; if it is a "
               "file, add backendtype=qdisk to the disk in xl.cfg and restart "
               "the domain";
    if (disk->backend != SNAP_BACKEND_QDISK)
        return "its backend is not QEMU (qdisk)";
    if (disk->emulated)
        return "QEMU has it open twice, as an emulated disk too, because the "
               "guest has not unplugged that; load Xen PV drivers in it";
    if (!disk->node)
        return "QEMU has no such disk";
    return NULL;
}

const char *snap_qdisk_refuse(libxl_snapshot_ctx *sc,
                              const struct snap_disk *disk)
{
    if (disk->backend != SNAP_BACKEND_OFFLINE) {
        const char *why = not_qemus(sc, disk);

        if (why) return why;
    }
    if (!disk->path || disk->path[0] != '/')
        return "its image is not an absolute path";
    if (strchr(disk->path, '\n'))
        return "its path has a newline in it, which no snapshot config can "
               "hold";
    if (strcmp(disk->node_file, disk->path))
        return snap_sprintf(sc, "QEMU writes to %s, the stored config names "
                            "%s: an earlier snapshot was made behind libxl's "
                            "back", disk->node_file, disk->path);
    return NULL;
}
