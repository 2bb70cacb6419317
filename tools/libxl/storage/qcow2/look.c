/* SPDX-License-Identifier: LGPL-2.1-only */
/* storage/qcow2/look.c: gathers the facts of images for tags and
 * overlays. */
#include "storage/qcow2/qcow2.h"
#include "storage/lvm/lvm.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int snap_internal_look(libxl_snapshot_ctx *sc, struct snap_disk_op *op)
{
    int rc;

    op->at_stake = op->image;
    if (op->verb == SNAP_VERB_CREATE) return 0;
    op->is_frozen = snap_file_is_frozen(op->image);
    op->identity = snap_image_identity(sc, op->image);
    rc = op->is_frozen ? snap_lv_gather(sc, op->image, &op->lv) : 0;
    return rc ? rc : snap_image_look(sc, op->image, "qcow2", &op->chain);
}

/* The file that is there is opened once for all that it can tell by itself;
 * what it was before and is in the end, the create compares. */
static int overlay_look_reused(libxl_snapshot_ctx *sc,
                               struct snap_disk_op *op)
{
    int fd = snap_open(sc, op->path, O_RDWR | O_NOFOLLOW), rc = 0;
    struct snap_reused *r = &op->reused;
    struct stat st;

    if (fd < 0 || fstat(fd, &st)) {
        r->why_not_open = snap_strdup(sc, snap_open_why());
        goto out;
    }
    r->is_device = !S_ISREG(st.st_mode);
    r->num_names = st.st_nlink;
    r->is_empty = snap_file_is_empty_overlay(fd);
    if (!r->is_device)
        rc = snap_image_look_alone(sc, op->path, "qcow2", false, &r->image);
    r->is_on_image = r->image.base
        && snap_file_is_same(r->image.base, op->image);
 out:
    if (fd >= 0) close(fd);
    return rc;
}

int snap_overlay_look(libxl_snapshot_ctx *sc, struct snap_disk_op *op)
{
    int rc;

    op->at_stake = op->image;
    snap_target_look(sc, op->path, NULL, &op->target);
    op->identity = snap_image_identity(sc, op->image);
    if (op->verb == SNAP_VERB_CREATE)
        return op->reuse && op->target.exists ? overlay_look_reused(sc, op)
                                              : 0;
    op->exists = snap_file_exists(op->image);
    if (!op->exists) return 0;
    op->needs_freeze = snap_file_needs_freeze(op->image);
    rc = op->needs_freeze ? snap_lv_gather(sc, op->image, &op->lv) : 0;
    if (rc) return rc;
    if (op->format == LIBXL_DISK_FORMAT_VHD) {
        rc = snap_vhd_read(sc, op->image, &op->vhd);
        if (rc || op->vhd != SNAP_VHD_PLAIN) return rc;
    }
    return (op->just_taken ? snap_image_look_bases : snap_image_look)(
        sc, op->image, snap_imageinfo_format(op->format), &op->chain);
}
