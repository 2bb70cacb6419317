/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_drv_internal.c: a tag inside a qcow2.  QEMU makes it as part of
 * its transaction; a revert applies it with qemu-img when nobody has the
 * image open (QEMU 7.2 has no QMP command for that).
 */
#include "libxl_snap_internal.h"

#include <string.h>

static const char *internal_refuse(libxl_snapshot_ctx *sc,
                                   const struct snap_disk *disk)
{
    const char *why = snap_qdisk_refuse(sc, disk);

    if (why) return why;
    if (strcmp(disk->node_driver, "qcow2"))
        return snap_sprintf(sc, "format %s has no internal snapshots; use an "
                            "external one", disk->node_driver);
    return NULL;
}

static const char *internal_action(libxl_snapshot_ctx *sc,
                                   const struct snap_disk_op *op)
{
    return snap_json_object(
        sc, "s:type", "blockdev-snapshot-internal-sync", "j:data",
        snap_json_object(sc, "s:device", op->disk->node, "s:name", op->name,
                         NULL), NULL);
}

/* An argument of --image-opts: commas in values are doubled. */
static const char *image_opts(libxl_snapshot_ctx *sc, const char *path)
{
    char *escaped = snap_zalloc(sc, 2 * strlen(path) + 1), *p = escaped;

    for (; *path; path++) {
        if (*path == ',') *p++ = ',';
        *p++ = *path;
    }
    return snap_sprintf(sc, "driver=qcow2,file.driver=file,file.filename=%s",
                        escaped);
}

static int internal_revert_check(libxl_snapshot_ctx *sc, const char *name,
                                 const libxl_disk_snapshot *ds)
{
    struct snap_image_info info;
    int rc, i;

    if (snap_file_is_frozen(ds->parent.pdev_path))
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s is unwritable, being the "
                         "base of an external snapshot that applying the tag "
                         "would ruin; copy the tag out with: qemu-img convert "
                         "-l %s", ds->vdev, ds->parent.pdev_path, name);
    rc = snap_gather_image(sc, ds->parent.pdev_path, "qcow2", &info);
    if (rc) return rc;
    for (i = 0; i < info.num_tags; i++)
        if (!strcmp(info.tags[i], name)) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: %s has no internal snapshot "
                     "'%s'; it was deleted, or the image replaced", ds->vdev,
                     ds->parent.pdev_path, name);
}

static void internal_revert(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            const char *name, const libxl_disk_snapshot *ds)
{
    const char *path = ds->parent.pdev_path;

    snap_plan_exec(sc, plan,
                   snap_sprintf(sc, "bring disk %s (%s) back to its tag %s",
                                ds->vdev, path, name),
                   snap_argv(sc, "qemu-img", "snapshot", "-q", "-a", name,
                             "--image-opts", image_opts(sc, path), NULL));
}

const struct snap_driver snap_driver_internal = {
    .name = "qcow2-internal",
    .mode = LIBXL_SNAPSHOT_MODE_INTERNAL,
    .refuse = internal_refuse,
    .action = internal_action,
    .revert_check = internal_revert_check,
    .revert = internal_revert,
};
