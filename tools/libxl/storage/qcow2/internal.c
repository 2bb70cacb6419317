/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/qcow2/internal.c: a tag inside a qcow2.  QEMU makes it as part
 * of its transaction, qemu-img where nobody runs the image.  A revert
 * applies it with qemu-img when nobody has the image open (QEMU 7.2 has no
 * QMP command for that).
 */
#include "storage/qcow2/qcow2.h"
#include "storage/lvm/lvm.h"

#include <string.h>

/* What qemu-img does at least in a millisecond; a 60th of the best. */
#define TAG_BYTES_PER_MS    (512 << 10)

static const char *internal_refuse(libxl_snapshot_ctx *sc,
                                   const struct snap_disk *disk)
{
    const char *why = snap_reach_qdisk(sc, disk), *format;

    if (why) return why;
    format = snap_imageinfo_format(disk->stored->format);
    if (strcmp(format, "qcow2"))
        return snap_sprintf(sc, "format %s has no internal snapshots; use an "
                            "external one", format);
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

/* An argument of --image-opts: commas in values are doubled.  Without a
 * driver for the file QEMU takes that for files, or that for devices, and
 * looks for no protocol in its name (7.2, bdrv_fill_options()). */
static const char *internal_image_opts(libxl_snapshot_ctx *sc,
                                       const char *path)
{
    char *escaped = snap_zalloc(sc, 2 * strlen(path) + 1), *p = escaped;

    for (; *path; path++) {
        if (*path == ',') *p++ = ',';
        *p++ = *path;
    }
    return snap_sprintf(sc, "driver=qcow2,file.filename=%s", escaped);
}

/* "qemu-img snapshot" of the image @path, nobody having it open.  @tag: -c
 * and -d take a name (7.2, qemu-img.c: bdrv_snapshot_find()), -a an ID. */
static const char **internal_tag_argv(libxl_snapshot_ctx *sc,
                                      const char *option, const char *tag,
                                      const char *path)
{
    return snap_argv(sc, "qemu-img", "snapshot", "-q", option, tag,
                     "--image-opts", internal_image_opts(sc, path), NULL);
}

/*
 * qemu-img goes through the references of all the disk: 17 s per 512 GiB at
 * best (7.2).  At its deadline it gets no signal: it heeds none but dies of
 * each, SIGTERM too, and leaves the image corrupt.
 */
static void internal_allow_time(struct snap_step *step,
                                const struct snap_chain *chain)
{
    snap_step_allow_time(step, chain->virtual_size, TAG_BYTES_PER_MS);
}

static int internal_check(libxl_snapshot_ctx *sc,
                          const struct snap_disk_op *op)
{
    const struct snap_disk *disk = op->disk;

    if (!snap_chain_top_tag(&disk->chain, op->name)) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: %s has an internal snapshot "
                     "'%s' already; choose another name", disk->vdev,
                     disk->path, op->name);
}

void snap_internal_set_untag(libxl_snapshot_ctx *sc, struct snap_step *step,
                             const char *path, const char *name,
                             uint64_t virtual_size)
{
    step->argv = internal_tag_argv(sc, "-d", name, path);
    snap_step_allow_time(step, virtual_size, TAG_BYTES_PER_MS);
    step->path = path;
    step->done_when = SNAP_DONE_TAG_IS_GONE;
    step->done_probe = name;
}

static void internal_create(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            const struct snap_disk_op *op)
{
    const char *path = op->disk->path;
    struct snap_step *step;

    if (op->disk->node) return;         /* its QEMU makes the tag */
    step = snap_plan_add(sc, plan, SNAP_STEP_EXEC, "tag %s in %s", op->name,
                         path);
    step->argv = internal_tag_argv(sc, "-c", op->name, path);
    step->undo_if_failed = true;
    internal_allow_time(step, &op->disk->chain);
    step = snap_step_undo(sc, step, SNAP_STEP_EXEC, "remove the tag from %s",
                          path);
    snap_internal_set_untag(sc, step, path, op->name,
                            op->disk->chain.virtual_size);
}

/*-- revert -----------------------------------------------------------------*/

/*
 * "qemu-img snapshot -a" takes an ID or a name, and looks for an ID first
 * (7.2 and 10.0, block/qcow2-snapshot.c: find_snapshot_by_id_or_name): of a
 * name like "1" it would apply another tag.  So it is given the ID that
 * stands beside the name, and only if that is still the ID of that tag: IDs
 * are given again.
 */
static int internal_check_id(libxl_snapshot_ctx *sc,
                             const struct snap_disk_op *op)
{
    const char *id = snap_chain_top_tag(&op->chain, op->name)->id;

    if (id && *id && snap_chain_num_top_ids(&op->chain, id) == 1) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: the internal snapshot '%s' "
                     "of %s has no ID, or the ID of another one, so it "
                     "cannot be named to qemu-img; the image is damaged",
                     op->vdev, op->name, op->image);
}

static const char *internal_copy_out(libxl_snapshot_ctx *sc,
                                     const struct snap_disk_op *op)
{
    const struct snap_tag *tag = snap_chain_top_tag(&op->chain, op->name);

    return tag && tag->id ? snap_sprintf(sc, "qemu-img convert -l "
                                         "snapshot.id=%s", tag->id) : NULL;
}

/* Refuse an image whose tag cannot be named to qemu-img. */
static int internal_check_tag(libxl_snapshot_ctx *sc,
                              const struct snap_disk_op *op)
{
    if (op->chain.num_layers && op->chain.layers[0].corrupt)
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s is marked corrupt, "
                         "and qemu-img would not open it to apply the tag, "
                         "or to remove it; copy it, and let qemu-img check "
                         "-r all repair it while the domain is off",
                         op->vdev, op->image);
    if (snap_chain_num_top_tags(&op->chain, op->name) > 1)
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s has more than one "
                         "internal snapshot '%s', and only one of them is "
                         "of this snapshot; qemu-img snapshot -l lists "
                         "them; copy the image before you remove one, for "
                         "-d takes the first, whichever that is", op->vdev,
                         op->image, op->name);
    return 0;
}

static int internal_revert_check(libxl_snapshot_ctx *sc,
                                 const struct snap_disk_op *op)
{
    const struct snap_tag *tag = snap_chain_top_tag(&op->chain, op->name);
    int rc = internal_check_tag(sc, op);

    if (rc) return rc;
    if (tag) return internal_check_id(sc, op);
    return snap_fail(sc, ERROR_INVAL, "disk %s: %s has no internal snapshot "
                     "'%s'; it was deleted, or the image replaced", op->vdev,
                     op->image, op->name);
}

/* "qemu-img snapshot -a" refuses an image that has dirty bitmaps (7.2),
 * which do not say any more what has changed once the tag is applied. */
static void internal_revert(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            const struct snap_disk_op *op)
{
    const struct snap_tag *tag = snap_chain_top_tag(&op->chain, op->name);
    const char *identity = snap_tag_identity(sc, tag);
    struct snap_step *step = snap_plan_add(
        sc, plan, SNAP_STEP_REMOVE_BITMAPS, "remove the dirty bitmaps of disk "
        "%s (%s), if it has any", op->vdev, op->image);

    step->path = op->image;
    snap_step_know(sc, step, op->image, identity);
    step = snap_plan_exec(sc, plan,
                          snap_sprintf(sc, "bring disk %s (%s) back to its "
                                       "tag %s", op->vdev, op->image,
                                       op->name),
                          internal_tag_argv(sc, "-a", tag->id, op->image));
    snap_step_know(sc, step, op->image, identity);
    internal_allow_time(step, &op->chain);
}

/*-- delete -----------------------------------------------------------------*/

static int internal_delete_check(libxl_snapshot_ctx *sc,
                                 const struct snap_disk_op *op)
{
    if (!snap_chain_top_tag(&op->chain, op->name)) return 0;
    if (op->is_frozen && !op->identity && !op->lv)
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s, which has the tag %s, "
                         "is a device that is read-only, and who made it so "
                         "is not known; make it writable", op->vdev,
                         op->image, op->name);
    return internal_check_tag(sc, op);
}

/* QEMU removes a tag from what it writes to, qemu-img from what nobody has
 * open.  The base of an external snapshot is frozen: a tag that goes changes
 * nothing of what it shows. */
static void internal_delete(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            const struct snap_disk_op *op)
{
    const struct snap_tag *tag = snap_chain_top_tag(&op->chain, op->name);
    struct snap_step *step;

    if (!tag) return;
    if (op->is_frozen)
        snap_lv_plan_unfreeze(sc, plan, op->image, op->identity, op->lv);
    step = snap_plan_add(sc, plan, op->disk ? SNAP_STEP_REMOVE_TAG
                                            : SNAP_STEP_EXEC,
                         "remove the tag %s from %s", op->name, op->image);
    if (!op->disk)
        snap_internal_set_untag(sc, step, op->image, op->name,
                                op->chain.virtual_size);
    step->path = op->image;
    step->command = op->disk ? op->disk->node : NULL;
    step->content = op->disk ? op->name : NULL;
    snap_step_know(sc, step, op->image, snap_tag_identity(sc, tag));
    if (!op->is_frozen) return;
    snap_plan_flush(sc, plan, op->image);
    snap_lv_plan_freeze(sc, plan, op->image, op->identity, op->lv);
}

const struct snap_driver snap_driver_internal = {
    .name = "qcow2-internal",
    .mode = LIBXL_SNAPSHOT_MODE_INTERNAL,
    .known_by = SNAP_KNOWN_BY_TAG,
    .can = LIBXL_SNAPSHOT_CAN_LIVE | LIBXL_SNAPSHOT_CAN_OFFLINE
        | LIBXL_SNAPSHOT_CAN_NESTED,
    .program = "qemu-img",
    .refuse = internal_refuse,
    .look = snap_internal_look,
    .copy_out = internal_copy_out,
    .verbs = {
        [SNAP_VERB_CREATE] = {
            .check = internal_check,
            .act = internal_create,
            .action = internal_action,
        },
        [SNAP_VERB_REVERT] = {
            .check = internal_revert_check,
            .act = internal_revert,
        },
        [SNAP_VERB_DELETE] = {
            .check = internal_delete_check,
            .act = internal_delete,
        },
    },
};
