/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_lvm.h: facts about logical volumes.
 */
#ifndef LIBXL_SNAP_LVM_H
#define LIBXL_SNAP_LVM_H

#include "libxl_snap_internal.h"

/* One logical volume, as lvs(8) has it.  Strings are NULL where it is empty. */
struct snap_lv {
    const struct snap_lvm *all;
    const char *vg, *name;
    const char *path, *dm_path;         /* /dev/VG/LV, /dev/mapper/... */
    const char *attr;                   /* at least 9 characters, see lvs(8) */
    const char *origin, *pool;
    const char *uuid, *time;            /* when it was made, as LVM writes it */
    const char *thin_id;                /* its number in the pool */
    const char *tags;                   /* with commas between them */
    int major, minor;                   /* -1: it is not active */
    uint64_t size;                      /* bytes; of a thick snapshot: its area */
    uint64_t chunk_size;
    uint64_t vg_free, vg_extent;        /* bytes */
    double data_percent;                /* used; -1: not known */
    double metadata_percent;
};

/* All of this host. */
struct snap_lvm {
    int num;
    struct snap_lv *lvs;
};

/* The JSON that lvs prints.  Pure. */
int snap_lvm_parse(libxl_snapshot_ctx *sc, const char *text,
                   struct snap_lvm *lvm);
const struct snap_lv *snap_lv_named(const struct snap_lvm *lvm, const char *vg,
                                    const char *name);
const struct snap_lv *snap_lv_of_device(const struct snap_lvm *lvm, int major,
                                        int minor);
const struct snap_lv *snap_lv_of_path(const struct snap_lvm *lvm,
                                      const char *path);
/* The volume that @path, an image, is; *lv_r is NULL where it is none. */
int snap_gather_lv(libxl_snapshot_ctx *sc, const char *path,
                   const struct snap_lv **lv_r);
/* Whether both are volumes that were snapshots of the same one. */
int snap_gather_lv_related(libxl_snapshot_ctx *sc, const char *path,
                           const char *parent, bool *related_r);
/* Which disks of @dom are volumes. */
int snap_gather_lvs(libxl_snapshot_ctx *sc, struct snap_domain *dom);

#endif /* LIBXL_SNAP_LVM_H */
