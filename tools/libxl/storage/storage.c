/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/storage.c: the table of drivers.
 */
#include "storage/storage.h"

#include <string.h>

/* Hooks last: they are for what no other takes. */
static const struct snap_driver *const drivers[] = {
    &snap_driver_internal,
    &snap_driver_overlay,
    &snap_driver_vhd,
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
