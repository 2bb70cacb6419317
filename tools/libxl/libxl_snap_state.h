/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_state.h: what a disk's state at the snapshot, and the memory image
 * that goes with it, are known by: one line each in the snapshot config, written
 * when the snapshot is made and compared before it is reverted to.
 */
#ifndef LIBXL_SNAP_STATE_H
#define LIBXL_SNAP_STATE_H

#include "libxl_snap_lv.h"

/* Write the snapshot config @content, with the states, over the file @path. */
int snap_state_record(libxl_snapshot_ctx *sc, const char *path,
                      const char *content);

/* Refuse the disk of @op, or the memory image, if it is not what the snapshot
 * knows it as.  One of which nothing is known passes. */
int snap_state_check_disk(libxl_snapshot_ctx *sc,
                          const struct snap_revert_op *op);
int snap_state_check_memory(libxl_snapshot_ctx *sc,
                            const libxl_domain_snapshot *snap);

#endif /* LIBXL_SNAP_STATE_H */
