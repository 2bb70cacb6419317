/* SPDX-License-Identifier: LGPL-2.1-only */
/* storage/qcow2/qcow2.h: tags inside a qcow2, and overlays. */
#ifndef SNAP_QCOW2_H
#define SNAP_QCOW2_H

#include "storage/disk/disk.h"

/* Driver slots `look'. */
int snap_internal_look(libxl_snapshot_ctx *sc, struct snap_disk_op *op);
int snap_overlay_look(libxl_snapshot_ctx *sc, struct snap_disk_op *op);

/* Let @step, an EXEC, remove the tag @name from the image @path, which nobody
 * may have open. */
void snap_internal_set_untag(libxl_snapshot_ctx *sc, struct snap_step *step,
                             const char *path, const char *name,
                             uint64_t virtual_size);

/* Refuse an overlay that the user has made, and that is no empty one on the
 * disk's image.  Pure. */
int snap_reused_check(libxl_snapshot_ctx *sc, const struct snap_disk_op *op);

extern const struct snap_driver snap_driver_internal;
extern const struct snap_driver snap_driver_overlay;

#endif /* SNAP_QCOW2_H */
