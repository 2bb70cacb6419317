/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_driver.c: the table of drivers, and what the two for QEMU's
 * disks have in common.
 */
#include "libxl_snap_internal.h"

#include <string.h>

static const struct snap_driver *const drivers[] = {
    &snap_driver_internal,
    &snap_driver_overlay,
};

const struct snap_driver *snap_driver_for(libxl_snapshot_mode mode)
{
    size_t i;

    for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
        if (drivers[i]->mode == mode) return drivers[i];
    return NULL;
}

const char *snap_qdisk_refuse(libxl_snapshot_ctx *sc,
                              const struct snap_disk *disk)
{
    if (disk->backend == SNAP_BACKEND_NONE)
        return "xenstore has no such device";
    if (disk->backend_domid)
        return snap_sprintf(sc, "its backend is in domain %u, out of reach",
                            disk->backend_domid);
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
