/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/lvm/lvm.h: logical volumes: facts, and the code that the drivers
 * lvm-thick and lvm-thin share.
 */
#ifndef SNAP_LVM_H
#define SNAP_LVM_H

#include "storage/disk/disk.h"

/*-- look: facts from lvs ---------------------------------------------------*/

/* A logical volume, as lvs(8) reports it.  A string is NULL if lvs reports
 * an empty one. */
struct snap_lv {
    const struct snap_lvm *all;
    const char *vg, *name;
    const char *path, *dm_path;         /* /dev/VG/LV, /dev/mapper/... */
    const char *attr;                   /* at least 9 characters, see lvs(8) */
    const char *origin, *pool;
    const char *uuid, *time;            /* time: of its creation, as LVM
                                         * writes it */
    const char *thin_id;                /* its number in the pool */
    const char *tags;                   /* with commas between them */
    int major, minor;                   /* -1: it is not active */
    uint64_t size;                      /* bytes; thick snapshot: its area */
    uint64_t chunk_size;
    uint64_t vg_free, vg_extent;        /* bytes */
    double data_percent;                /* used; -1: not known */
    double metadata_percent;
};

/* The logical volumes of this host. */
struct snap_lvm {
    int num;
    struct snap_lv *lvs;
};

/* The JSON that lvs prints.  Pure. */
int snap_lvm_parse(libxl_snapshot_ctx *sc, const char *text,
                   struct snap_lvm *lvm);
const struct snap_lv *snap_lv_named(const struct snap_lvm *lvm,
                                    const char *vg, const char *name);
const struct snap_lv *snap_lv_of_device(const struct snap_lvm *lvm,
                                        int major, int minor);
const struct snap_lv *snap_lv_of_path(const struct snap_lvm *lvm,
                                      const char *path);
/* The volume at the bottom: thin snapshots of snapshots lead to one. */
const struct snap_lv *snap_lv_root(const struct snap_lv *lv);
/* Find the volume whose device is the image @path; *lv_r is NULL if it is
 * not a volume. */
int snap_lv_gather(libxl_snapshot_ctx *sc, const char *path,
                   const struct snap_lv **lv_r);
/* Set *related_r: both are volumes, and snapshots of the same one. */
int snap_lv_is_related(libxl_snapshot_ctx *sc, const char *path,
                       const char *parent, bool *related_r);
/* Ask lvs for the volume @id, VG/LV; *lv_r: NULL: there is none. */
int snap_lv_find(libxl_snapshot_ctx *sc, const char *id,
                 const struct snap_lv **lv_r);
/* What tells @lv from another volume of its name; or NULL. */
const char *snap_lv_identity(libxl_snapshot_ctx *sc,
                             const struct snap_lv *lv);
/* The volume of a name: is it there, now, and with our tag? */
enum snap_lv_there { SNAP_LV_GONE, SNAP_LV_OURS, SNAP_LV_OTHER };
/* Look for the volume @id, VG/LV.  Without @tag any of that name is
 * ours. */
int snap_lv_is_there(libxl_snapshot_ctx *sc, const char *id,
                     const char *tag, enum snap_lv_there *there_r);

/* The reason, in words that follow its name, not to remove the volume @id,
 * which snap_lv_is_there() has just found; NULL: there is none.  @same_boot:
 * it was made in this one. */
const char *snap_lv_why_left(libxl_snapshot_ctx *sc, const char *id,
                             bool same_boot);

/*-- volume, area: pure -----------------------------------------------------*/

/* True if the volume is in a thin pool. */
bool snap_lv_is_thin(const struct snap_lv *lv);
bool snap_lv_is_open(const struct snap_lv *lv);
bool snap_lv_is_read_only(const struct snap_lv *lv);
/* Fill in op->origin by op->lv; it is a base if it is read-only. */
void snap_lv_find_origin(struct snap_disk_op *op);
/* VG/LV, as LVM's commands take it; and the path of its device. */
const char *snap_lv_id(libxl_snapshot_ctx *sc, const char *vg,
                       const char *name);
const char *snap_lv_device(libxl_snapshot_ctx *sc, const char *vg,
                           const char *name);
/* The name of the volume that snapshot @name of @lv gets. */
const char *snap_lv_snapshot_name(libxl_snapshot_ctx *sc,
                                  const struct snap_lv *lv,
                                  const char *name);

/* The reason why no snapshot of the volume can be taken, thick or thin; or
 * NULL. */
const char *snap_lv_refuse(libxl_snapshot_ctx *sc,
                           const struct snap_disk *disk);
/* Refuse a @name that LVM does not allow, or that exists. */
int snap_lv_check_new(libxl_snapshot_ctx *sc, const char *vdev,
                      const struct snap_lv *lv, const char *name);

/* Plan a command of LVM's, which ends in good order by SIGTERM: it takes
 * none while it changes something (2.03, lib/misc/lvm-signal.c). */
struct snap_step *snap_lv_plan_exec(libxl_snapshot_ctx *sc,
                                    struct snap_plan *plan,
                                    const char *what, const char **argv);
/* Plan to make @vg/@name with lvcreate's @argv, which gives it @tag; undone
 * by lvremove, if it has that. */
void snap_lv_plan_create(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                         const char *vg, const char *name, const char *of,
                         const char *tag, const char **argv);
/* The image of @op, which becomes a base, is not to be written any more: a
 * file is made immutable, a volume read-only. */
void snap_lv_plan_freeze_base(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                              const struct snap_disk_op *op);
/* Revert: the same of a base that has lost its protection; undone, it is as
 * it was. */
void snap_lv_plan_freeze_again(libxl_snapshot_ctx *sc,
                               struct snap_plan *plan,
                               const struct snap_disk_op *op);

/* The same of the image @path, the volume @lv or, if that is NULL, a file;
 * and that it can be written to, until it is frozen again. */
void snap_lv_plan_freeze(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                         const char *path, const char *identity,
                         const struct snap_lv *lv);
void snap_lv_plan_unfreeze(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                           const char *path, const char *identity,
                           const struct snap_lv *lv);
/* Driver slots `check' and `act' of a delete: the volume of the snapshot is
 * removed. */
int snap_lv_delete_check(libxl_snapshot_ctx *sc,
                         const struct snap_disk_op *op);
void snap_lv_delete(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                    const struct snap_disk_op *op);

/* The LVM tag by which a volume that we made is told from another of its
 * name.  The uuid does not serve: it is not known when lvcreate is killed,
 * and a revert takes a thick snapshot anew. */
const char *snap_lv_tag(libxl_snapshot_ctx *sc, uint64_t creation_time);
bool snap_lv_has_tag(const struct snap_lv *lv, const char *tag);
/* Our tag of @lv, or NULL. */
const char *snap_lv_tag_of(libxl_snapshot_ctx *sc,
                           const struct snap_lv *lv);

/* Make @disk the volume at @path, in the hands of @backend. */
void snap_lv_set_disk(libxl_device_disk *disk, const char *path,
                      libxl_disk_backend backend);
/* Driver slots `look' and `describe' of both. */
int snap_lv_look(libxl_snapshot_ctx *sc, struct snap_disk_op *op);
void snap_lv_describe(libxl_snapshot_ctx *sc,
                      const struct snap_disk_op *op,
                      libxl_disk_snapshot *ds);

/*
 * Choose op->area for each of @ops that the thick driver makes.  @wish: a
 * share of the origin ("20%") or a size ("4G"); NULL: all that it can ever
 * need, or if the volume group has less than that for all of them, a fair
 * share.
 */
int snap_lv_choose_areas(libxl_snapshot_ctx *sc, struct snap_disk_op *ops,
                         int num, const char *wish);
/* The largest area, in bytes, that a thick snapshot of @lv can ever need. */
uint64_t snap_lv_full_area(const struct snap_lv *lv);

extern const struct snap_driver snap_driver_lvm_thick;
extern const struct snap_driver snap_driver_lvm_thin;

#endif /* SNAP_LVM_H */
