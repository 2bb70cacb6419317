/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/lvm/volume.c: names, refusals and steps that the drivers of
 * logical volumes share.  Pure.
 *
 * The snapshot of VG/LV is VG/LV.NAME.  The snapshot of a volume of a
 * revert, VG/LV.OLD.r1, is VG/LV.NAME as well, so that names do not grow
 * with every turn.
 */
#include "storage/lvm/lvm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TAG_PREFIX  "xl-snapshot."

/* LVM2 2.03: NAME_LEN less the end of the string; DM_NAME_LEN. */
#define LV_NAME_MAX     127
#define DM_NAME_MAX     127
/* the longest of what LVM appends to a device: -real, -cow, -tpool */
#define DM_LAYER_MAX    6

bool snap_lv_is_thin(const struct snap_lv *lv)
{
    return lv->attr[6] == 't' && lv->attr[0] != 't';
}

bool snap_lv_is_open(const struct snap_lv *lv)
{
    return lv->attr[5] == 'o';
}

/* 'R': LVM itself would have it writable. */
bool snap_lv_is_read_only(const struct snap_lv *lv)
{
    return lv->attr[1] == 'r' || lv->attr[1] == 'R';
}

void snap_lv_find_origin(struct snap_disk_op *op)
{
    op->origin = snap_lv_named(op->lv->all, op->lv->vg, op->lv->origin);
    op->is_frozen = op->origin && snap_lv_is_read_only(op->origin);
}

const char *snap_lv_id(libxl_snapshot_ctx *sc, const char *vg,
                       const char *name)
{
    return snap_sprintf(sc, "%s/%s", vg, name);
}

const char *snap_lv_device(libxl_snapshot_ctx *sc, const char *vg,
                           const char *name)
{
    return snap_sprintf(sc, "/dev/%s/%s", vg, name);
}

const char *snap_lv_identity(libxl_snapshot_ctx *sc,
                             const struct snap_lv *lv)
{
    return lv->uuid ? snap_sprintf(sc, "lv %s", lv->uuid) : NULL;
}

const char *snap_lv_snapshot_name(libxl_snapshot_ctx *sc,
                                  const struct snap_lv *lv,
                                  const char *name)
{
    const struct snap_lv *below = lv;
    const char *stem = lv->name;
    int n;

    for (n = 0; below->origin && n < lv->all->num; n++) {
        size_t len = strlen(below->origin);

        if (!strncmp(below->origin, lv->name, len) && lv->name[len] == '.')
            stem = below->origin;
        below = snap_lv_named(lv->all, lv->vg, below->origin);
        if (!below) break;
    }
    return snap_sprintf(sc, "%s.%s", stem, name);
}

/*-- refusals ---------------------------------------------------------------*/

const char *snap_lv_refuse(libxl_snapshot_ctx *sc,
                           const struct snap_disk *disk)
{
    const struct snap_lv *lv = disk->lv;

    if (!lv)
        return "its image is not a logical volume";
    if (disk->backend == SNAP_BACKEND_NONE)
        return "xenstore has no such device";
    if (snap_reach_driver_domain(sc, disk))
        return snap_reach_driver_domain(sc, disk);
    if (disk->backend == SNAP_BACKEND_OTHER)
        return "neither blkback (phy) nor QEMU (qdisk) serves it";
    if (disk->stored->format != LIBXL_DISK_FORMAT_RAW)
        return "its volume holds an image of another format than raw, so "
               "its snapshots have to be made in that format";
    if (lv->attr[4] != 'a')
        return snap_sprintf(sc, "volume %s/%s is not active; see lvs, and "
                            "lvchange -ay it", lv->vg, lv->name);
    if (lv->attr[8] == 'p')
        return snap_sprintf(sc, "volume %s/%s is incomplete: a disk of its "
                            "group is missing; see pvs", lv->vg, lv->name);
    return snap_reach_as_stored(sc, disk);
}

/* The part of @name that LVM reserves for its own volumes (2.03,
 * lib/metadata/lv_manip.c and
 * lib/misc/lvm-string.c:apply_lvname_restrictions); or NULL. */
static const char *volume_reserved_part(const char *name)
{
    static const char *const parts[] = {
        "_cdata", "_cmeta", "_corig", "_cpool", "_cvol", "_imeta", "_iorig",
        "_mimage", "_mlog", "_pmspare", "_rimage", "_rmeta", "_tdata",
        "_tmeta", "_vdata", "_vorigin", "_wcorig",
    };
    size_t i;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strstr(name, parts[i])) return parts[i];
    return NULL;
}

/* In the device mapper's name, VG-LV, a dash within VG or LV is doubled. */
static size_t volume_dm_length(const char *name)
{
    size_t len = 0;

    for (; *name; name++) len += *name == '-' ? 2 : 1;
    return len;
}

int snap_lv_check_new(libxl_snapshot_ctx *sc, const char *vdev,
                      const struct snap_lv *lv, const char *name)
{
    const char *part = volume_reserved_part(name);

    if (part)
        return snap_fail(sc, ERROR_INVAL, "disk %s: LVM reserves names "
                         "that contain '%s', and %s does; choose another "
                         "name for the snapshot", vdev, part, name);
    if (strlen(name) > LV_NAME_MAX
        || volume_dm_length(lv->vg) + 1 + volume_dm_length(name) + DM_LAYER_MAX
           > DM_NAME_MAX)
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s/%s is too long a name "
                         "for a volume; choose a shorter one for the snapshot",
                         vdev, lv->vg, name);
    if (snap_lv_named(lv->all, lv->vg, name))
        return snap_fail(sc, ERROR_INVAL, "disk %s: there is a volume %s/%s "
                         "already; choose another name", vdev,
                         lv->vg, name);
    return 0;
}

/*-- steps ------------------------------------------------------------------*/

const char *snap_lv_tag(libxl_snapshot_ctx *sc, uint64_t creation_time)
{
    return snap_sprintf(sc, TAG_PREFIX "%" PRIu64, creation_time);
}

bool snap_lv_has_tag(const struct snap_lv *lv, const char *tag)
{
    const char *at = lv->tags;
    size_t len = strlen(tag);

    while (at && (strncmp(at, tag, len) || (at[len] && at[len] != ','))) {
        at = strchr(at, ',');
        if (at) at++;
    }
    return at != NULL;
}

const char *snap_lv_tag_of(libxl_snapshot_ctx *sc,
                           const struct snap_lv *lv)
{
    const char *tag = lv->tags;

    while (tag && strncmp(tag, TAG_PREFIX, strlen(TAG_PREFIX))) {
        tag = strchr(tag, ',');
        if (tag) tag++;
    }
    return tag ? snap_sprintf(sc, "%.*s", (int)strcspn(tag, ","), tag) : NULL;
}

struct snap_step *snap_lv_plan_exec(libxl_snapshot_ctx *sc,
                                    struct snap_plan *plan,
                                    const char *what, const char **argv)
{
    struct snap_step *step = snap_plan_exec(sc, plan, what, argv);

    step->at_deadline = SNAP_EXEC_TERM;
    return step;
}

/* Let @step remove the volume, if it has @tag. */
static void volume_set_remove(libxl_snapshot_ctx *sc, struct snap_step *step,
                              const char *vg, const char *name,
                              const char *tag)
{
    step->at_deadline = SNAP_EXEC_TERM;
    step->done_when = SNAP_DONE_LV_IS_REMOVED;
    step->done_probe = snap_lv_id(sc, vg, name);
    step->lv_tag = tag;
    step->argv = snap_argv(sc, "lvremove", "-q", "-y", "-f", "--select",
                           snap_sprintf(sc, "lv_tags={\"%s\"}", tag),
                           snap_lv_id(sc, vg, name), NULL);
}

void snap_lv_plan_create(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                         const char *vg, const char *name, const char *of,
                         const char *tag, const char **argv)
{
    const char *what = snap_sprintf(sc, "make the volume %s/%s, a snapshot "
                                    "of %s", vg, name, of);
    struct snap_step *step = snap_lv_plan_exec(sc, plan, what, argv);

    step->done_when = SNAP_DONE_LV_IS_THERE;
    step->done_probe = snap_lv_id(sc, vg, name);
    step->lv_tag = tag;
    step->undo_if_failed = true;
    step = snap_step_undo(sc, step, SNAP_STEP_EXEC, "remove the volume %s/%s",
                          vg, name);
    volume_set_remove(sc, step, vg, name, tag);
}

int snap_lv_delete_check(libxl_snapshot_ctx *sc,
                         const struct snap_disk_op *op)
{
    const struct snap_lv *lv = op->lv;
    const char *id, *tag;

    if (!lv) return 0;
    id = snap_lv_id(sc, lv->vg, lv->name);
    tag = snap_lv_tag(sc, op->creation_time);
    if (!snap_lv_has_tag(lv, tag))
        return snap_fail(sc, ERROR_INVAL, "disk %s: nothing shows that the "
                         "volume %s is of this snapshot: it has not the tag "
                         "%s. Use --keep-data, and lvremove it yourself if "
                         "it is", op->vdev, id, tag);
    if (snap_lv_is_open(lv))
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s is open (mounted, or "
                         "read by a backup); end that first", op->vdev, id);
    return 0;
}

void snap_lv_delete(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                    const struct snap_disk_op *op)
{
    const struct snap_lv *lv = op->lv;
    struct snap_step *step;
    const char *id;

    if (!lv) return;
    id = snap_lv_id(sc, lv->vg, lv->name);
    step = snap_plan_add(sc, plan, SNAP_STEP_EXEC, "remove the volume %s",
                         id);
    volume_set_remove(sc, step, lv->vg, lv->name,
                      snap_lv_tag(sc, op->creation_time));
    snap_step_know(sc, step, id, snap_lv_identity(sc, lv));
}

static struct snap_step *volume_plan_freeze(libxl_snapshot_ctx *sc,
                                            struct snap_plan *plan,
                                            const struct snap_lv *lv)
{
    const char *id = snap_lv_id(sc, lv->vg, lv->name);
    struct snap_step *step = snap_lv_plan_exec(
        sc, plan, snap_sprintf(sc, "make the base %s read-only", id),
        snap_argv(sc, "lvchange", "-q", "-pr", id, NULL));

    snap_step_know(sc, step, id, snap_lv_identity(sc, lv));
    return step;
}

void snap_lv_plan_freeze(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                         const char *path, const char *identity,
                         const struct snap_lv *lv)
{
    if (lv) volume_plan_freeze(sc, plan, lv);
    else snap_plan_freeze(sc, plan, path, identity);
}

void snap_lv_plan_unfreeze(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                           const char *path, const char *identity,
                           const struct snap_lv *lv)
{
    struct snap_step *step, *undo;
    const char *id;

    if (!lv) {
        snap_plan_unfreeze(sc, plan, path, identity);
        return;
    }
    id = snap_lv_id(sc, lv->vg, lv->name);
    step = snap_lv_plan_exec(
        sc, plan, snap_sprintf(sc, "make %s writable", id),
        snap_argv(sc, "lvchange", "-q", "-prw", id, NULL));
    undo = snap_step_undo(sc, step, SNAP_STEP_EXEC, "make %s read-only again",
                          id);
    undo->argv = snap_argv(sc, "lvchange", "-q", "-pr", id, NULL);
    undo->at_deadline = SNAP_EXEC_TERM;
    snap_step_know(sc, step, id, snap_lv_identity(sc, lv));
    snap_step_know(sc, undo, id, snap_lv_identity(sc, lv));
}

void snap_lv_plan_freeze_base(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                              const struct snap_disk_op *op)
{
    snap_lv_plan_freeze(sc, plan, op->image, op->identity, op->disk->lv);
}

void snap_lv_plan_freeze_again(libxl_snapshot_ctx *sc,
                               struct snap_plan *plan,
                               const struct snap_disk_op *op)
{
    struct snap_step *step, *undo;
    const char *id;

    if (!op->needs_freeze) return;
    if (!op->lv) {
        step = snap_plan_freeze(sc, plan, op->image, op->identity);
        undo = snap_step_undo(sc, step, SNAP_STEP_UNFENCE,
                              "make %s writable again", op->image);
        undo->path = op->image;
    } else {
        id = snap_lv_id(sc, op->lv->vg, op->lv->name);
        step = volume_plan_freeze(sc, plan, op->lv);
        undo = snap_step_undo(sc, step, SNAP_STEP_EXEC,
                              "make %s writable again", id);
        undo->argv = snap_argv(sc, "lvchange", "-q", "-prw", id, NULL);
        undo->at_deadline = SNAP_EXEC_TERM;
    }
    undo->num_known = step->num_known;
    undo->known = step->known;
}

/*-- disks ------------------------------------------------------------------*/

void snap_lv_set_disk(libxl_device_disk *disk, const char *path,
                      libxl_disk_backend backend)
{
    free(disk->pdev_path);
    disk->pdev_path = snap_result_str(path);
    disk->format = LIBXL_DISK_FORMAT_RAW;
    disk->backend = backend;
}

/* The backend that serves the volume: blkback, to which libxl gives it, if
 * no other is asked for. */
static libxl_disk_backend volume_backend_of(const struct snap_disk *disk)
{
    bool qdisk = disk->backend == SNAP_BACKEND_OFFLINE
        ? disk->stored->backend == LIBXL_DISK_BACKEND_QDISK
        : disk->backend == SNAP_BACKEND_QDISK;

    return qdisk ? LIBXL_DISK_BACKEND_QDISK : LIBXL_DISK_BACKEND_PHY;
}

void snap_lv_describe(libxl_snapshot_ctx *sc,
                      const struct snap_disk_op *op,
                      libxl_disk_snapshot *ds)
{
    const struct snap_disk *disk = op->disk;
    const char *name = snap_lv_snapshot_name(sc, disk->lv, op->name);

    snap_device_disk_set(&ds->parent, ds->vdev,
                         snap_lv_device(sc, disk->lv->vg, name),
                         LIBXL_DISK_FORMAT_RAW);
    ds->parent.backend = volume_backend_of(disk);
}
