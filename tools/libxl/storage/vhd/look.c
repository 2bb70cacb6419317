/* SPDX-License-Identifier: LGPL-2.1-only */
/* storage/vhd/look.c: gathers the facts of the parent of a differencing
 * vhd. */
#include "storage/vhd/vhd.h"

int snap_vhd_look(libxl_snapshot_ctx *sc, struct snap_disk_op *op)
{
    op->at_stake = op->image;
    snap_target_look(sc, op->path, NULL, &op->target);
    if (op->verb == SNAP_VERB_CREATE) return 0;
    op->exists = snap_file_exists(op->image);
    return op->exists ? snap_image_look(sc, op->image, "vpc", &op->chain) : 0;
}
