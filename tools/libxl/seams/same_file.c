/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/same_file.c: tells whether two paths lead to one file or device,
 * also when it has been renamed between, or the host restarted.
 */
#include "seams/files.h"
#include "seams/users.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

static const char *same_real_path(libxl_snapshot_ctx *sc, const char *path)
{
    char *real = realpath(path, NULL);
    const char *copy = snap_strdup(sc, real);

    free(real);
    return copy;
}

const char *snap_file_true_path(libxl_snapshot_ctx *sc, const char *path)
{
    const char *slash = strrchr(path, '/'), *real;
    struct snap_file_id id;

    if (*path != '/') return path;
    real = snap_file_id(path, &id) && !id.block ? same_real_path(sc, path)
                                                : NULL;
    if (real) return real;
    real = same_real_path(sc, snap_file_dirname(sc, path));
    return real ? snap_sprintf(sc, "%s%s", strcmp(real, "/") ? real : "",
                               slash) : path;
}

/* Device numbers are given anew in each boot. */
static const char *same_this_boot(libxl_snapshot_ctx *sc, const char *id)
{
    const char *boot = snap_file_first_line(
        sc, "/proc/sys/kernel/random/boot_id");

    return snap_sprintf(sc, "%s in boot %s", id, boot ? boot : "-");
}

static const char *same_sys_line(libxl_snapshot_ctx *sc, dev_t dev,
                                 const char *name)
{
    return snap_file_first_line(sc, snap_sprintf(
        sc, "/sys/dev/block/%u:%u/%s", major(dev), minor(dev), name));
}

const char *snap_file_of_loop(libxl_snapshot_ctx *sc, dev_t dev)
{
    return same_sys_line(sc, dev, "loop/backing_file");
}

/* A loop device is its file; a volume has a uuid of LVM's. */
static const char *same_device_id(libxl_snapshot_ctx *sc, const char *path,
                                  dev_t dev)
{
    const char *file = snap_file_of_loop(sc, dev);
    const char *uuid = same_sys_line(sc, dev, "dm/uuid");
    const char *id = file ? snap_file_identity_behind(sc, file) : NULL;

    if (id) return id;
    if (uuid && *uuid) return snap_sprintf(sc, "volume %s", uuid);
    return same_this_boot(sc, snap_file_id_text(sc, path));
}

const char *snap_file_lasting_id(libxl_snapshot_ctx *sc, const char *path)
{
    struct snap_file_id id;
    const char *text;

    if (*path != '/' || !snap_file_id(path, &id)) return NULL;
    if (id.block) return same_device_id(sc, path, id.dev);
    text = snap_file_identity_behind(sc, path);
    return text ? text : same_this_boot(sc, snap_file_id_text(sc, path));
}
