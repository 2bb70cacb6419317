/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/lvm/thin.c: a thin snapshot of a thin volume.  The domain stays
 * on its volume; the snapshot is read-only and, as LVM has it by default,
 * not activated.  Nothing is copied, snapshots of snapshots are as good as
 * any.
 *
 * A revert gives the domain a new volume, a snapshot of the snapshot, so
 * that nothing is lost: the volume that it wrote until then stays, and the
 * snapshot can be reverted to again.
 */
#include "storage/lvm/lvm.h"

#include <string.h>

/* A full pool stops all its volumes, so a pool that is fuller than this
 * gets no more snapshots. */
#define POOL_MAX_PERCENT 95

static const char *thin_refuse(libxl_snapshot_ctx *sc,
                               const struct snap_disk *disk)
{
    const char *why = snap_lv_refuse(sc, disk);

    if (why) return why;
    if (!snap_lv_is_thin(disk->lv) || !disk->lv->pool)
        return snap_sprintf(sc, "volume %s/%s is not thin", disk->lv->vg,
                            disk->lv->name);
    return NULL;
}

static int thin_check_pool(libxl_snapshot_ctx *sc, const char *vdev,
                           const struct snap_lv *lv)
{
    const struct snap_lv *pool = snap_lv_named(lv->all, lv->vg, lv->pool);

    if (!pool)
        return snap_fail(sc, ERROR_INVAL, "disk %s: the thin pool %s/%s is "
                         "missing", vdev, lv->vg, lv->pool);
    if (strchr("FDMp", pool->attr[8]))
        return snap_fail(sc, ERROR_INVAL,
                         "disk %s: the thin pool %s/%s is full "
                         "or damaged (attributes %s, see lvs)",
                         vdev, pool->vg, pool->name, pool->attr);
    if (pool->data_percent > POOL_MAX_PERCENT
        || pool->metadata_percent > POOL_MAX_PERCENT)
        return snap_fail(sc, ERROR_INVAL, "disk %s: the thin pool %s/%s is "
                         "nearly full: %.1f%% of its data, %.1f%% of its "
                         "metadata, and %d%% is the limit; lvextend it", vdev,
                         pool->vg, pool->name, pool->data_percent,
                         pool->metadata_percent, POOL_MAX_PERCENT);
    return 0;
}

static int thin_check(libxl_snapshot_ctx *sc,
                      const struct snap_disk_op *op)
{
    const struct snap_lv *lv = op->disk->lv;
    int rc;

    rc = snap_lv_check_new(sc, op->vdev, lv,
                           snap_lv_snapshot_name(sc, lv, op->name));
    return rc ? rc : thin_check_pool(sc, op->vdev, lv);
}

static void thin_plan(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                      const struct snap_lv *lv, const char *name,
                      const struct snap_disk_op *op, const char *permission,
                      const char *skip_activation)
{
    const char *tag = snap_lv_tag(sc, op->creation_time);

    snap_lv_plan_create(sc, plan, lv->vg, name, lv->name, tag,
                        snap_argv(sc, "lvcreate", "-q", "-s", permission,
                                  skip_activation, "-n", name, "--addtag",
                                  tag, snap_lv_id(sc, lv->vg, lv->name),
                                  NULL));
}

static void thin_create(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                        const struct snap_disk_op *op)
{
    const struct snap_lv *lv = op->disk->lv;
    const char *name = snap_lv_snapshot_name(sc, lv, op->name);

    thin_plan(sc, plan, lv, name, op, "-pr", "-ky");
}

/*-- revert -----------------------------------------------------------------*/

/* The new volume's name; NULL if op->path is not in the group of @lv. */
static const char *thin_new_name(libxl_snapshot_ctx *sc,
                                 const struct snap_disk_op *op)
{
    const char *folder = snap_lv_device(sc, op->lv->vg, "");
    size_t len = strlen(folder);

    if (strncmp(op->path, folder, len) || !op->path[len]
        || strchr(op->path + len, '/'))
        return NULL;
    return op->path + len;
}

static int thin_revert_check(libxl_snapshot_ctx *sc,
                             const struct snap_disk_op *op)
{
    const char *vdev = op->vdev, *name;
    int rc;

    if (!op->lv)
        return snap_fail(sc, ERROR_INVAL,
                         "disk %s: there is no snapshot volume "
                         "%s; it was removed or renamed",
                         vdev, op->image);
    if (!snap_lv_is_thin(op->lv) || !op->lv->pool)
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s/%s is not thin", vdev,
                         op->lv->vg, op->lv->name);
    if (op->lv->attr[1] == 'w')
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s/%s is writable, "
                         "but snapshots are kept read-only: its content "
                         "may have changed. If you are sure that it has "
                         "not, run lvchange -pr on it", vdev,
                         op->lv->vg, op->lv->name);
    name = thin_new_name(sc, op);
    if (!name)
        return snap_fail(sc, ERROR_INVAL,
                         "disk %s: its new volume, %s, is not "
                         "in volume group %s",
                         vdev, op->path, op->lv->vg);
    rc = snap_lv_check_new(sc, vdev, op->lv, name);
    return rc ? rc : thin_check_pool(sc, vdev, op->lv);
}

static void thin_configure(const struct snap_disk_op *op,
                           libxl_device_disk *disk)
{
    snap_lv_set_disk(disk, op->path, op->ds->parent.backend);
}

/* Make the new volume; without -k, so that it is activated, now and
 * whenever the host boots. */
static void thin_revert_prepare(libxl_snapshot_ctx *sc,
                                struct snap_plan *plan,
                                const struct snap_disk_op *op,
                                enum snap_phase phase)
{
    const struct snap_lv *lv = op->lv;
    const char *name = thin_new_name(sc, op);

    if (phase != SNAP_PHASE_FORMAT) return;
    thin_plan(sc, plan, lv, name, op, "-prw", "-kn");
    snap_step_know(sc, &plan->steps[snap_plan_last(plan)],
                   snap_lv_id(sc, lv->vg, lv->name),
                   snap_lv_identity(sc, lv));
}

const struct snap_driver snap_driver_lvm_thin = {
    .name = "lvm-thin",
    .mode = LIBXL_SNAPSHOT_MODE_INTERNAL,
    .known_by = SNAP_KNOWN_BY_VOLUME,
    .can = LIBXL_SNAPSHOT_CAN_LIVE | LIBXL_SNAPSHOT_CAN_OFFLINE
        | LIBXL_SNAPSHOT_CAN_NESTED,
    .program = "lvcreate",
    .revert_moves_disk = true,
    .refuse = thin_refuse,
    .look = snap_lv_look,
    .describe = snap_lv_describe,
    .configure = thin_configure,
    .verbs = {
        [SNAP_VERB_CREATE] = {
            .check = thin_check,
            .act = thin_create,
        },
        [SNAP_VERB_REVERT] = {
            .check = thin_revert_check,
            .prepare = thin_revert_prepare,
        },
        [SNAP_VERB_DELETE] = {
            .check = snap_lv_delete_check,
            .act = snap_lv_delete,
        },
    },
};
