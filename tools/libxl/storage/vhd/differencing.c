/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/vhd/differencing.c: a differencing vhd on a vhd that is frozen
 * from then on, made by vhd-util (blktap), for a disk that tapdisk serves:
 * script=block-tap,target=vhd:FILE.  QEMU cannot read one, so it has no
 * part in this, and the domain must not run: tapdisk goes on with the file
 * it has.
 *
 * A revert puts another differencing vhd on the frozen one.
 */
#include "storage/vhd/vhd.h"
#include "storage/lvm/lvm.h"

#include <stdlib.h>
#include <string.h>

static const char *vhd_refuse(libxl_snapshot_ctx *sc,
                              const struct snap_disk *disk)
{
    (void)sc;
    if (!disk->tapdisk) return "tapdisk (script=block-tap) does not serve it";
    return snap_reach_tapdisk(disk);
}

static int vhd_check(libxl_snapshot_ctx *sc, const struct snap_disk_op *op)
{
    return snap_target_check_overlay(sc, &op->target);
}

/* -e: on this parent, even if that is empty; else vhd-util takes the
 * parent's own parent. */
static void vhd_plan_format(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            const char *path, const char *parent)
{
    struct snap_step *step = snap_plan_exec(
        sc, plan, snap_sprintf(sc, "format %s on the parent %s", path, parent),
        snap_argv(sc, "vhd-util", "snapshot", "-n", path, "-p", parent, "-e",
                  NULL));

    step->path = path;
    step->at_deadline = SNAP_EXEC_KILL;
}

static void vhd_prepare(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                        const struct snap_disk_op *op, enum snap_phase phase)
{
    if (phase == SNAP_PHASE_MAKE)
        snap_plan_create_file(sc, plan, op->path, op->image, NULL,
                              snap_sprintf(sc, "the vhd of %s,", op->vdev));
    if (phase == SNAP_PHASE_FORMAT)
        vhd_plan_format(sc, plan, op->path, op->image);
    if (phase == SNAP_PHASE_FLUSH) snap_plan_flush(sc, plan, op->path);
}

static void vhd_describe(libxl_snapshot_ctx *sc,
                         const struct snap_disk_op *op,
                         libxl_disk_snapshot *ds)
{
    snap_device_disk_set(&ds->parent, ds->vdev, op->disk->path,
                         LIBXL_DISK_FORMAT_VHD);
    snap_device_disk_repoint(sc, &ds->child, op->disk->stored,
                             snap_sprintf(sc, "vhd:%s", op->path),
                             LIBXL_DISK_FORMAT_RAW);
}

static void vhd_finish(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                       const struct snap_disk_op *op)
{
    snap_lv_plan_freeze_base(sc, plan, op);
}

/*-- revert -----------------------------------------------------------------*/

static int vhd_revert_check(libxl_snapshot_ctx *sc,
                            const struct snap_disk_op *op)
{
    if (!op->exists)
        return snap_fail(sc, ERROR_INVAL, "disk %s: its base %s is missing",
                         op->vdev, op->image);
    return vhd_check(sc, op);
}

static void vhd_configure(const struct snap_disk_op *op,
                          libxl_device_disk *disk)
{
    const char *path = op->path;
    size_t len = strlen(path);

    free(disk->pdev_path);
    disk->pdev_path = calloc(1, len + sizeof("vhd:"));
    if (!disk->pdev_path) abort();
    memcpy(disk->pdev_path, "vhd:", 4);
    memcpy(disk->pdev_path + 4, path, len);
    disk->format = LIBXL_DISK_FORMAT_RAW;       /* the format that
                                                 * blkback sees */
    free(disk->script);
    disk->script = snap_result_str("block-tap");
    disk->backend = LIBXL_DISK_BACKEND_UNKNOWN;
}

static void vhd_revert_prepare(libxl_snapshot_ctx *sc,
                               struct snap_plan *plan,
                               const struct snap_disk_op *op,
                               enum snap_phase phase)
{
    vhd_prepare(sc, plan, op, phase);
    if (phase == SNAP_PHASE_OPEN) snap_lv_plan_freeze_again(sc, plan, op);
}

const struct snap_driver snap_driver_vhd = {
    .name = "vhd-differencing",
    .mode = LIBXL_SNAPSHOT_MODE_EXTERNAL,
    .known_by = SNAP_KNOWN_BY_FILE,
    .can = LIBXL_SNAPSHOT_CAN_OFFLINE | LIBXL_SNAPSHOT_CAN_NESTED,
    .program = "vhd-util",
    .revert_moves_disk = true,
    .overlay_format = LIBXL_DISK_FORMAT_VHD,
    .refuse = vhd_refuse,
    .look = snap_vhd_look,
    .describe = vhd_describe,
    .configure = vhd_configure,
    .verbs = {
        [SNAP_VERB_CREATE] = {
            .check = vhd_check,
            .prepare = vhd_prepare,
            .finish = vhd_finish,
        },
        [SNAP_VERB_REVERT] = {
            .check = vhd_revert_check,
            .prepare = vhd_revert_prepare,
        },
    },
};
