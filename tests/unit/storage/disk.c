/* SPDX-License-Identifier: LGPL-2.1-only */
/* disk.c: see disk.h. */
#include "disk.h"

libxl_device_disk stored;
struct snap_disk disk;

void good_disk(void)
{
    memset(&stored, 0, sizeof(stored));
    stored.vdev = (char *)"xvda";
    stored.pdev_path = (char *)"/srv/web.qcow2";
    stored.format = LIBXL_DISK_FORMAT_QCOW2;
    stored.readwrite = 1;
    disk = (struct snap_disk){
        .stored = &stored, .vdev = "xvda", .path = "/srv/web.qcow2",
        .is_data_disk = true, .devid = 51712, .backend = SNAP_BACKEND_QDISK,
        .be_path = "/local/domain/0/backend/qdisk/1/51712",
        .node = "#block1", .node_file = "/srv/web.qcow2",
        .node_driver = "qcow2", .chain.virtual_size = 268435456,
    };
}

struct snap_disk_op operation(const struct snap_driver *driver)
{
    return (struct snap_disk_op){
        .verb = SNAP_VERB_CREATE, .vdev = "xvda", .disk = &disk,
        .driver = driver, .name = "before", .path = "/srv/web.before.qcow2",
        .node = "xvda-s1",
    };
}

void plan_prepare(struct snap_plan *plan, const struct snap_disk_op *op)
{
    struct snap_disk_op gathered = *op;

    if (op->disk) {
        gathered.image = op->disk->path;
        gathered.format = op->disk->stored->format;
    }
    snap_drivers_prepare(sc, plan, &gathered, 1);
}

struct snap_disk_op way_back(const struct snap_driver *driver,
                             const libxl_disk_snapshot *ds,
                             const char *path)
{
    return (struct snap_disk_op){
        .verb = SNAP_VERB_REVERT, .vdev = "xvda", .ds = ds, .driver = driver,
        .name = "before", .image = ds->parent.pdev_path,
        .format = ds->parent.format, .path = path,
    };
}

libxl_disk_snapshot disk_snapshot(libxl_snapshot_mode mode,
                                  const char *parent,
                                  libxl_disk_format format)
{
    libxl_disk_snapshot ds = { .vdev = (char *)"xvda", .mode = mode };

    libxl_device_disk_init(&ds.parent);
    libxl_device_disk_init(&ds.child);
    snap_device_disk_set(&ds.parent, "xvda", parent, format);
    return ds;
}

const struct snap_driver *choose(libxl_snapshot_mode mode,
                                 const char **why_r)
{
    struct snap_choice choice = snap_driver_choose(sc, &disk, mode);

    *why_r = choice.why;
    return choice.driver;
}

void both_refuse(const char *why)
{
    const char *internal = snap_driver_internal.refuse(sc, &disk);
    const char *overlay = snap_driver_overlay.refuse(sc, &disk);

    CHECK_HAS(internal, why);
    CHECK_HAS(overlay, why);
    good_disk();
}
