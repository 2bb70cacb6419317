/* SPDX-License-Identifier: LGPL-2.1-only */
/* storage/vhd/vhd.h: differencing vhds. */
#ifndef SNAP_VHD_H
#define SNAP_VHD_H

#include "storage/disk/disk.h"

/* Driver slot `look'. */
int snap_vhd_look(libxl_snapshot_ctx *sc, struct snap_disk_op *op);

extern const struct snap_driver snap_driver_vhd;

#endif /* SNAP_VHD_H */
