/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/lvm/thick.c: a snapshot volume of a logical volume that is not
 * thin.  The domain stays on its volume, the origin; what that held at the
 * snapshot is copied to the area of the snapshot before it is overwritten.
 *
 * A revert merges the snapshot into the origin, which consumes it, and
 * takes it anew before the domain runs, so that it can be reverted to
 * again.  A crash leaves after each of its steps:
 *
 *   deactivated   nothing changed; the same revert can be run again
 *   activated     the same
 *   merging       LVM goes on by itself, now or when the volume is activated
 *   merged        the origin is as at the snapshot, which is gone.  It is
 *                 taken again only if the print of the volume, which the
 *                 journal has since the merge, proves that nobody has
 *                 written to it.  thick_revert_check() says how to take it
 *                 again, but does not do so.
 *   taken anew    all as before the revert, but for the domain
 *
 * Deactivating proves that nobody has the volume open, blkback included:
 * with an open origin LVM would put the merge off (2.03: "will occur on
 * next activation") and report success.
 */
#include "storage/lvm/lvm.h"

#include <inttypes.h>
#include <string.h>

/* A limit for merges, beyond which they have hung and are not just slow. */
#define MERGE_BYTES_PER_MS      4096
#define MERGE_LEAST             (UINT64_C(600000) * MERGE_BYTES_PER_MS)

static const char *thick_refuse(libxl_snapshot_ctx *sc,
                                const struct snap_disk *disk)
{
    const char *why = snap_lv_refuse(sc, disk);
    const struct snap_lv *lv = disk->lv;

    if (why) return why;
    if (snap_lv_is_thin(lv))
        return snap_sprintf(sc, "volume %s/%s is thin", lv->vg, lv->name);
    if (lv->attr[0] == 'O')
        return snap_sprintf(
            sc,
            "a snapshot is being merged into volume %s/%s; wait until "
            "that is done (see lvs -a)",
            lv->vg, lv->name);
    if (!strchr("-oCmMrR", lv->attr[0]))
        return snap_sprintf(
            sc,
            "LVM takes no snapshots of a volume like %s/%s "
            "(attributes %s, see lvs)",
            lv->vg, lv->name, lv->attr);
    return NULL;
}

static int thick_check(libxl_snapshot_ctx *sc,
                       const struct snap_disk_op *op)
{
    const struct snap_lv *lv = op->disk->lv;

    return snap_lv_check_new(sc, op->vdev, lv,
                             snap_lv_snapshot_name(sc, lv, op->name));
}

/* The arguments of lvcreate; read-only, since a write would change the
 * snapshot. */
static const char **thick_snapshot_argv(libxl_snapshot_ctx *sc,
                                        const char *vg, const char *origin,
                                        const char *name, uint64_t area,
                                        const char *tag)
{
    return snap_argv(sc, "lvcreate", "-q", "-s", "-pr", "-n", name, "-L",
                     snap_sprintf(sc, "%" PRIu64 "b", area),
                     snap_lv_id(sc, vg, origin), tag ? "--addtag" : NULL, tag,
                     NULL);
}

static void thick_create(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                         const struct snap_disk_op *op)
{
    const struct snap_lv *lv = op->disk->lv;
    const char *name = snap_lv_snapshot_name(sc, lv, op->name);
    const char *tag = snap_lv_tag(sc, op->creation_time);

    snap_lv_plan_create(
        sc, plan, lv->vg, name, lv->name, tag,
        thick_snapshot_argv(sc, lv->vg, lv->name, name, op->area, tag));
}

/*-- revert -----------------------------------------------------------------*/

static int thick_fail_missing(libxl_snapshot_ctx *sc,
                              const struct snap_disk_op *op)
{
    return snap_fail(
        sc, ERROR_INVAL,
        "disk %s: there is no snapshot volume %s; it was removed, or "
        "merged by a revert that was cut off. If a revert merged it and "
        "nothing has written to its origin since, take it again with "
        "lvcreate -s -pr -n NAME -l 100%%ORIGIN VG/LV",
        op->vdev, op->image);
}

/* Refuse a revert that would ruin another snapshot of the origin: the
 * merge copies what it overwrites into the areas of the other snapshots. */
static int thick_check_sibling(libxl_snapshot_ctx *sc,
                               const struct snap_disk_op *op,
                               const struct snap_lv *sibling)
{
    const struct snap_lv *lv = op->lv;
    double merged = lv->size * lv->data_percent / 100, left;

    if (sibling->attr[4] == 'I' || sibling->attr[4] == 'S') return 0;
    if (snap_lv_is_open(sibling))
        return snap_fail(
            sc, ERROR_INVAL,
            "disk %s: %s/%s, another snapshot of "
            "its volume, is open (mounted, or read by a backup); "
            "end that first",
            op->vdev, sibling->vg, sibling->name);
    if (sibling->size >= snap_lv_full_area(op->origin)) return 0;
    if (sibling->chunk_size > lv->chunk_size && lv->chunk_size)
        merged *= (double)sibling->chunk_size / lv->chunk_size;
    left = sibling->size * (100 - sibling->data_percent) / 100;
    if (sibling->data_percent >= 0 && lv->data_percent >= 0
        && merged + sibling->chunk_size * 2 < left)
        return 0;
    return snap_fail(
        sc, ERROR_INVAL,
        "disk %s: %s/%s, another snapshot of its volume, has %.0f MiB "
        "left but may need up to %.0f MiB in the revert, and would then "
        "be lost; lvextend it",
        op->vdev, sibling->vg, sibling->name,
        left < 0 ? 0 : left / 1048576, merged / 1048576);
}

static int thick_check_siblings(libxl_snapshot_ctx *sc,
                                const struct snap_disk_op *op)
{
    const struct snap_lvm *lvm = op->lv->all;
    int i, rc;

    for (i = 0; i < lvm->num; i++) {
        const struct snap_lv *lv = &lvm->lvs[i];

        if (lv == op->lv || lv->attr[0] != 's' || !lv->origin
            || strcmp(lv->vg, op->lv->vg)
            || strcmp(lv->origin, op->lv->origin))
            continue;
        rc = thick_check_sibling(sc, op, lv);
        if (rc) return rc;
    }
    return 0;
}

static int thick_revert_check(libxl_snapshot_ctx *sc,
                              const struct snap_disk_op *op)
{
    const struct snap_lv *lv = op->lv;
    const char *vdev = op->vdev, *id;

    if (!lv) return thick_fail_missing(sc, op);
    id = snap_lv_id(sc, lv->vg, lv->name);
    if (lv->attr[0] == 'S' || (op->origin && op->origin->attr[0] == 'O'))
        return snap_fail(
            sc, ERROR_INVAL,
            "disk %s: a snapshot is being merged "
            "into the origin of %s; wait until lvs -a does not "
            "show it any more",
            vdev, id);
    if (lv->attr[0] != 's' || !op->origin)
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s is not a snapshot "
                         "volume",
                         vdev, id);
    if (strcmp(lv->name, snap_lv_snapshot_name(sc, op->origin, op->name)))
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s is a snapshot of %s, "
                         "which is another volume or has been renamed", vdev,
                         id, op->origin->name);
    if (lv->attr[4] == 'I' || lv->attr[4] == 'S' || lv->data_percent >= 100)
        return snap_fail(sc, ERROR_INVAL,
                         "disk %s: the snapshot %s is invalid: more was "
                         "written to %s than its %" PRIu64 " MiB could "
                         "keep; the state of the disk at the snapshot is "
                         "lost",
                         vdev, id, op->origin->name, lv->size >> 20);
    if (snap_lv_is_open(lv))
        return snap_fail(sc, ERROR_INVAL,
                         "disk %s: %s is open (mounted, or read "
                         "by a backup); end that first",
                         vdev, id);
    if (snap_lv_is_open(op->origin) && !op->running)
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s is open, though the "
                         "domain does not run; end that first", vdev,
                         op->origin->name);
    return thick_check_siblings(sc, op);
}

/* Slot configure.  A volume without an origin is refused by
 * thick_revert_check(). */
static void thick_configure(const struct snap_disk_op *op,
                            libxl_device_disk *disk)
{
    if (op->origin)
        snap_lv_set_disk(disk, op->origin->path, op->ds->parent.backend);
}

static const char *thick_copy_out(libxl_snapshot_ctx *sc,
                                  const struct snap_disk_op *op)
{
    return snap_sprintf(sc, "dd if=%s", op->image);
}

static void thick_revert(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                         const struct snap_disk_op *op)
{
    const struct snap_lv *lv = op->lv, *origin = op->origin;
    const char *id = snap_lv_id(sc, lv->vg, lv->name);
    const char *of = snap_lv_id(sc, lv->vg, origin->name);
    const char *tag = snap_lv_tag_of(sc, lv);
    const char *is = snap_lv_identity(sc, origin);
    struct snap_step *step;

    step = snap_lv_plan_exec(
        sc, plan, snap_sprintf(sc, "deactivate %s, so that nobody has it "
                               "open", of),
        snap_argv(sc, "lvchange", "-q", "-an", of, NULL));
    snap_step_know(sc, step, of, is);
    step = snap_lv_plan_exec(sc, plan, snap_sprintf(sc, "activate %s", of),
                             snap_argv(sc, "lvchange", "-q", "-ay", of, NULL));
    snap_step_know(sc, step, of, is);
    step = snap_lv_plan_exec(sc, plan,
                             snap_sprintf(sc, "merge the snapshot %s into %s",
                                          id, of),
                             snap_argv(sc, "lvconvert", "-q", "-y", "--merge",
                                       "-i", "1", id, NULL));
    snap_step_allow_time(step, lv->size + MERGE_LEAST, MERGE_BYTES_PER_MS);
    step->done_when = SNAP_DONE_LV_IS_GONE;
    step->done_probe = id;
    step->lv_tag = tag;
    snap_step_know(sc, step, of, is);
    snap_step_know(sc, step, id, snap_lv_identity(sc, lv));
    step = snap_lv_plan_exec(
        sc, plan, snap_sprintf(sc, "take the snapshot %s again", id),
        thick_snapshot_argv(sc, lv->vg, origin->name, lv->name, lv->size,
                            tag));
    step->done_when = SNAP_DONE_LV_IS_THERE;
    step->done_probe = id;
    step->lv_tag = tag;
    snap_step_know(sc, step, of, is);
    snap_step_know(sc, step, origin->path, SNAP_KNOWN_WHEN_WRITTEN);
}

const struct snap_driver snap_driver_lvm_thick = {
    .name = "lvm-thick",
    .mode = LIBXL_SNAPSHOT_MODE_INTERNAL,
    .known_by = SNAP_KNOWN_BY_VOLUME,
    .can = LIBXL_SNAPSHOT_CAN_LIVE | LIBXL_SNAPSHOT_CAN_OFFLINE,
    .program = "lvcreate",
    .refuse = thick_refuse,
    .look = snap_lv_look,
    .copy_out = thick_copy_out,
    .describe = snap_lv_describe,
    .configure = thick_configure,
    .verbs = {
        [SNAP_VERB_CREATE] = {
            .check = thick_check,
            .act = thick_create,
        },
        [SNAP_VERB_REVERT] = {
            .check = thick_revert_check,
            .act = thick_revert,
        },
        [SNAP_VERB_DELETE] = {
            .check = snap_lv_delete_check,
            .act = snap_lv_delete,
        },
    },
};
