/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/storage.c: the table of drivers, and what the two for QEMU's
 * disks have in common.
 */
#include "libxl_snap_driver.h"
#include "libxl_snap_hook.h"

#include <string.h>

#include "config.h"

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

const char *snap_driver_domain_refuse(libxl_snapshot_ctx *sc,
                                      const struct snap_disk *disk)
{
    if (disk->backend_domid)
        return snap_sprintf(sc, "its backend is in domain %u, out of reach",
                            disk->backend_domid);
    if (disk->driver_domain)
        return snap_sprintf(sc, "its backend is in domain %s, out of reach",
                            disk->driver_domain);
    return NULL;
}

/* How to have snapshots all the same where the storage is not of this host. */
static const char *elsewhere(libxl_snapshot_ctx *sc, const char *protocol)
{
    const char *how = !strcmp(protocol, "rbd")
        ? " (rbd snap create POOL/IMAGE@NAME)" : "";

    return snap_sprintf(sc, "take the snapshot where the storage is%s while the "
                        "domain is paused or off, or give the storage a hook in "
                        XEN_CONFIG_DIR "/snapshot.d", how);
}

/* Why what serves the disk, or where that is, is out of reach; NULL: neither
 * is.  "NAME:" before any "/" is a protocol of QEMU's (7.2,
 * path_has_protocol). */
static const char *out_of_reach(libxl_snapshot_ctx *sc,
                                const struct snap_disk *disk)
{
    const char *why = snap_driver_domain_refuse(sc, disk), *protocol;
    const char *path = disk->path;
    size_t len = path ? strcspn(path, ":/") : 0;

    if (why) return why;
    if (disk->tapdisk) {
        why = snap_tapdisk_refuse(disk);
        return why ? why : "tapdisk serves it, not QEMU";
    }
    if (disk->stored->script)
        return snap_sprintf(sc, "the script %s makes its device; %s",
                            disk->stored->script, elsewhere(sc, "script"));
    if (!len || path[len] != ':') return NULL;
    protocol = snap_sprintf(sc, "%.*s", (int)len, path);
    return snap_sprintf(sc, "QEMU reaches it by %s:, it is no file of this host;"
                        " %s", protocol, elsewhere(sc, protocol));
}

/* Why the QEMU of the running domain cannot be asked for a snapshot. */
static const char *not_qemus(const struct snap_disk *disk)
{
    if (disk->backend == SNAP_BACKEND_NONE)
        return "xenstore has no such device";
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
    const char *why = out_of_reach(sc, disk);

    if (!why && disk->backend != SNAP_BACKEND_OFFLINE)
        why = not_qemus(disk);
    if (why) return why;
    if (!disk->path || disk->path[0] != '/')
        return "its image is not an absolute path";
    if (strchr(disk->path, '\n'))
        return "its path has a newline in it, which no snapshot config can "
               "hold";
    if (strcmp(disk->node_file, disk->path))
        return snap_sprintf(sc, "QEMU writes to %s, the stored config names "
                            "%s: an earlier snapshot was made behind libxl's "
                            "back", disk->node_file, disk->path);
    if (disk->vhd == SNAP_VHD_DIFFERENCING)
        return "it is a differencing vhd, of which QEMU reads only the top and "
               "zeros below; serve it with tapdisk (script=block-tap,"
               "target=vhd:FILE), or coalesce it into its parent with vhd-util";
    if (disk->vhd == SNAP_VHD_BAD)
        return "it is damaged or not a vhd; is its format right?";
    return NULL;
}

const char *snap_tapdisk_refuse(const struct snap_disk *disk)
{
    if (disk->backend != SNAP_BACKEND_OFFLINE)
        return "tapdisk serves it, which cannot change to another vhd here; shut "
               "the domain down and take the snapshot with --domain-config";
    if (disk->vhd == SNAP_VHD_BAD)
        return "it is damaged or not a vhd; is its target right?";
    if (!disk->vhd_util)
        return "tapdisk serves it, and the vhd-util that makes its snapshots is "
               "not installed (blktap); or convert it to qcow2 with qemu-img";
    if (strchr(disk->path, '\n'))
        return "its path has a newline in it, which no snapshot config can "
               "hold";
    return NULL;
}
