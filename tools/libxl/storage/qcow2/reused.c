/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/qcow2/reused.c: refuses an overlay that the user has made, unless
 * it shows the disk as it is, and nothing else.  QEMU takes any: one of
 * another size, on another base, with data in it (7.2, blockdev-snapshot).
 * Pure.
 */
#include "storage/qcow2/qcow2.h"

#include <inttypes.h>
#include <string.h>

static int reused_fail(libxl_snapshot_ctx *sc, const struct snap_disk_op *op,
                       const char *why)
{
    return snap_fail(sc, ERROR_INVAL, "overlay %s: %s. It is left as it is; "
                     "make a new one: qemu-img create -f qcow2 -b %s -F %s %s",
                     op->path, why, snap_operand(sc, op->image),
                     snap_imageinfo_format(op->format),
                     snap_operand(sc, op->path));
}

static int reused_check_file(libxl_snapshot_ctx *sc,
                             const struct snap_disk_op *op)
{
    const struct snap_reused *r = &op->reused;

    if (r->why_not_open)
        return snap_fail(sc, ERROR_INVAL, "overlay %s: it cannot be opened "
                         "for writing: %s; name another one", op->path,
                         r->why_not_open);
    if (r->is_device)
        return snap_fail(sc, ERROR_INVAL, "overlay %s: it is a block device, "
                         "and overlays are files; name one", op->path);
    if (r->num_names == 1) return 0;
    return snap_fail(sc, ERROR_INVAL, "overlay %s: it has %" PRIu64 " names "
                     "(hard links), so that something else may write to it; "
                     "remove the others, or name another overlay", op->path,
                     r->num_names);
}

/* What the header says of others. */
static int reused_check_base(libxl_snapshot_ctx *sc,
                             const struct snap_disk_op *op)
{
    const char *format = snap_imageinfo_format(op->format);
    const struct snap_image *image = &op->reused.image;

    if (image->layer.data_file)
        return reused_fail(sc, op, snap_sprintf(
            sc, "its data are in another file, %s", image->layer.data_file));
    if (!image->base)
        return reused_fail(sc, op, "it has no backing file, so that the disk "
                           "would be empty");
    if (!op->reused.is_on_image)
        return reused_fail(sc, op, snap_sprintf(
            sc, "its backing file is %s, and the disk's image is %s",
            image->base, op->image));
    if (!image->base_format)
        return reused_fail(sc, op, "it does not say which format its backing "
                           "file has, so that QEMU would guess it from data "
                           "that the guest may have written");
    if (strcmp(image->base_format, format))
        return reused_fail(sc, op, snap_sprintf(
            sc, "it says that its backing file is %s, and that is %s",
            image->base_format, format));
    return 0;
}

/* The reason why the overlay would not show what its base does; or NULL. */
static const char *reused_why_not_empty(libxl_snapshot_ctx *sc,
                                        const struct snap_disk_op *op)
{
    const struct snap_layer *layer = &op->reused.image.layer;
    uint64_t size = op->disk->chain.virtual_size;

    if (layer->virtual_size != size)
        return snap_sprintf(sc, "it has a virtual size of %" PRIu64 " bytes, "
                            "and the disk has %" PRIu64,
                            layer->virtual_size, size);
    if (layer->encrypted) return "it is encrypted";
    if (layer->corrupt) return "it is marked corrupt";
    if (layer->dirty) return "it is marked dirty: it was not closed";
    if (layer->num_tags)
        return snap_sprintf(sc, "it has internal snapshots, such as '%s'",
                            layer->tags[0].name);
    if (layer->num_bitmaps)
        return snap_sprintf(sc, "it has dirty bitmaps, such as '%s'",
                            layer->bitmaps[0]);
    if (!op->reused.is_empty)
        return "it is not empty: clusters are allocated in it";
    return NULL;
}

int snap_reused_check(libxl_snapshot_ctx *sc, const struct snap_disk_op *op)
{
    int rc = snap_target_check_reused(sc, &op->target);
    const char *why;

    if (!rc) rc = reused_check_file(sc, op);
    if (!rc) rc = reused_check_base(sc, op);
    if (rc) return rc;
    why = reused_why_not_empty(sc, op);
    return why ? reused_fail(sc, op, why) : 0;
}
