/* SPDX-License-Identifier: LGPL-2.1-only */
/* storage/storage.h: the table of drivers. */
#ifndef SNAP_STORAGE_H
#define SNAP_STORAGE_H

#include "storage/hook/hook.h"
#include "storage/lvm/lvm.h"
#include "storage/qcow2/qcow2.h"
#include "storage/vhd/vhd.h"

/* The table: *num_r drivers, in the order in which they are tried. */
const struct snap_driver *const *snap_drivers(int *num_r);
/* The driver @name; NULL if there is none. */
const struct snap_driver *snap_driver_named(const char *name);
/* The first driver of @mode that can handle @disk, as the facts are now. */
struct snap_choice snap_driver_choose(libxl_snapshot_ctx *sc,
                                      const struct snap_disk *disk,
                                      libxl_snapshot_mode mode);
/* Refuse what op->driver cannot do with the disk in op->verb, by what its
 * look has found.  Pure. */
int snap_driver_check(libxl_snapshot_ctx *sc, const struct snap_disk_op *op);
/* Refuse op->verb if the driver has no part in it, before its look. */
int snap_driver_check_verb(libxl_snapshot_ctx *sc,
                           const struct snap_disk_op *op);
/* Plan what the drivers of all @ops prepare. */
void snap_drivers_prepare(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                          const struct snap_disk_op *ops, int num);
/* The name of a slot that a driver must have and @driver lacks, and what
 * the slot is for; NULL if it has them all. */
const char *snap_driver_lacks(const struct snap_driver *driver);

/* The choice of snap_choice_make() for @mode. */
const struct snap_choice *snap_choice_of(const struct snap_disk *disk,
                                         libxl_snapshot_mode mode);
/* True if no driver can take a snapshot of @disk because its storage has
 * none, not because of a fault that can be mended.  The choices of @disk
 * must have been made. */
bool snap_disk_unsupported(const struct snap_disk *disk);
/* The driver that made @ds; ERROR_INVAL if there is none of that name. */
int snap_driver_of(libxl_snapshot_ctx *sc, const libxl_disk_snapshot *ds,
                   const struct snap_driver **driver_r);

#endif /* SNAP_STORAGE_H */
