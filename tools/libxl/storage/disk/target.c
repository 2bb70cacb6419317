/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/disk/target.c: where a new image can go, and what it can stand on.
 */
#include "storage/disk/disk.h"

#include <inttypes.h>
#include <string.h>

int snap_check_vhd(libxl_snapshot_ctx *sc, const char *vdev, const char *path)
{
    enum snap_vhd vhd;
    int rc = snap_vhd_read(sc, path, &vhd);

    if (rc || vhd == SNAP_VHD_PLAIN) return rc;
    return snap_fail(sc, ERROR_INVAL, "disk %s: %s is %s; QEMU would read "
                     "zeros from it", vdev, path,
                     vhd == SNAP_VHD_DIFFERENCING ? "a differencing vhd"
                                                  : "damaged or not a vhd");
}

/* QEMU 7.2 reads the path from xenstore up to the first white space
 * (xen_block_backend: "%ms"): the domain would run until its next start. */
int snap_check_overlay(libxl_snapshot_ctx *sc, const char *path)
{
    if (path[strcspn(path, " \t\v\f\r")])
        return snap_fail(sc, ERROR_INVAL, "overlay %s: QEMU cannot start a "
                         "domain from a path with white space; choose another",
                         path);
    return snap_check_target(sc, "overlay", path, NULL, SNAP_OVERLAY_BYTES);
}

int snap_check_target(libxl_snapshot_ctx *sc, const char *what,
                      const char *path, const char *directory, uint64_t bytes)
{
    const char *dir = snap_file_dirname(sc, path);
    uint64_t space;
    int rc;

    if (path[0] != '/')
        return snap_fail(sc, ERROR_INVAL, "%s %s: not an absolute path", what,
                         path);
    if (strchr(path, '\n'))
        return snap_fail(sc, ERROR_INVAL, "%s %s: a path with a newline in it "
                         "cannot stand in a snapshot config", what, path);
    if (snap_file_exists(path))
        return snap_fail(sc, ERROR_INVAL, "%s %s: exists already; choose "
                         "another snapshot name or remove it", what, path);
    /* @directory is to be made: look at the nearest folder that exists */
    while (directory && !snap_file_exists(dir) && strcmp(dir, "/"))
        dir = snap_file_dirname(sc, dir);
    rc = snap_file_space(sc, dir, &space);
    if (rc) return rc;
    if (space < bytes)
        return snap_fail(sc, ERROR_INVAL, "%s %s: needs %" PRIu64 " MiB, the "
                         "file system has %" PRIu64 " MiB free; make room or "
                         "choose another place", what, path,
                         (bytes >> 20) + 1, space >> 20);
    return 0;
}
