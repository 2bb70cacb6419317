/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_lv.h: what the two drivers of logical volumes have in common.
 * All of it is pure.
 */
#ifndef LIBXL_SNAP_LV_H
#define LIBXL_SNAP_LV_H

#include "libxl_snap_driver.h"
#include "libxl_snap_lvm.h"

/* Whether it lives in a thin pool. */
bool snap_lv_is_thin(const struct snap_lv *lv);
bool snap_lv_is_open(const struct snap_lv *lv);
/* VG/LV, as LVM's commands take it; and the device. */
const char *snap_lv_id(libxl_snapshot_ctx *sc, const char *vg,
                       const char *name);
const char *snap_lv_device(libxl_snapshot_ctx *sc, const char *vg,
                           const char *name);
/* The name of the volume that snapshot @name of @lv gets. */
const char *snap_lv_snapshot_name(libxl_snapshot_ctx *sc,
                                  const struct snap_lv *lv, const char *name);

/* Why no snapshot of the volume can be taken, whatever its kind; or NULL. */
const char *snap_lv_refuse(libxl_snapshot_ctx *sc,
                           const struct snap_disk *disk);
/* Refuse @name where LVM would not take it, or has it. */
int snap_lv_check_new(libxl_snapshot_ctx *sc, const char *vdev,
                      const struct snap_lv *lv, const char *name);

/* lvcreate's @argv makes @vg/@name; undone by lvremove. */
void snap_lv_plan_create(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                         const char *vg, const char *name, const char *of,
                         const char **argv);
/* No program can write to the volume any more. */
void snap_lv_plan_freeze(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                         const struct snap_lv *lv);

/* What tells a thick snapshot volume from another of its name, as its LVM tag:
 * a revert takes it anew, with another uuid. */
const char *snap_lv_tag(libxl_snapshot_ctx *sc, uint64_t creation_time);
/* That tag of @lv, or NULL. */
const char *snap_lv_tag_of(libxl_snapshot_ctx *sc, const struct snap_lv *lv);

/* Make @disk the volume at @path, in the hands of @backend. */
void snap_lv_set_disk(libxl_device_disk *disk, const char *path,
                      libxl_disk_backend backend);
/* Driver slot `describe' of both. */
void snap_lv_describe(libxl_snapshot_ctx *sc, const struct snap_disk_op *op,
                      libxl_disk_snapshot *ds);

/*
 * Choose op->area for each of @ops that the thick driver makes.  @wish: a
 * share of the origin ("20%") or a size ("4G"); NULL: all that it can ever
 * need, or if the volume group has less than that for all of them, a fair
 * share.
 */
int snap_lv_choose_areas(libxl_snapshot_ctx *sc, struct snap_disk_op *ops,
                         int num, const char *wish);
/* What a thick snapshot of @lv can ever need. */
uint64_t snap_lv_full_area(const struct snap_lv *lv);

#endif /* LIBXL_SNAP_LV_H */
