/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_driver.h: what a driver is: one kind of disk snapshot, on one
 * kind of storage.  To add one, write its file and add a line to the table in
 * storage/storage.c.
 */
#ifndef LIBXL_SNAP_DRIVER_H
#define LIBXL_SNAP_DRIVER_H

#include "libxl_snap_internal.h"

/* One disk's part in a create. */
struct snap_disk_op {
    const struct snap_disk *disk;
    const struct snap_driver *driver;
    const char *name;           /* of the snapshot */
    const char *path;           /* external: overlay */
    const char *node;           /* external: overlay's node name */
    uint64_t creation_time;     /* of the snapshot; seconds since the epoch */
    uint64_t area;              /* lvm-thick: bytes for what is overwritten */
};

/* One disk's part in a revert. */
struct snap_revert_op {
    const libxl_disk_snapshot *ds;
    const struct snap_driver *driver;
    const char *name;           /* of the snapshot */
    const char *path;           /* the disk's new image, if the driver moves
                                 * it; else NULL */
    struct snap_image_info image;   /* of ds->parent, by revert_check; zero
                                     * where that is no image */
    const struct snap_lv *lv;   /* ds->parent, where that is a volume */
    const struct snap_lv *origin;   /* of lv; NULL: it has none */
    bool running;               /* the domain runs */
};

/*
 * A driver describes: it appends steps to a plan, or returns QMP text.  It
 * sees one disk, never another driver, and does nothing itself.
 * A slot may be NULL where there is nothing to do.
 */
enum snap_known_by {            /* libxl_snap_state.h */
    SNAP_KNOWN_BY_NOTHING,      /* a hook's own affair */
    SNAP_KNOWN_BY_TAG,
    SNAP_KNOWN_BY_FILE,
    SNAP_KNOWN_BY_VOLUME,
};

struct snap_driver {
    const char *name;           /* in snapshot configs too */
    libxl_snapshot_mode mode;
    unsigned int can;           /* LIBXL_SNAPSHOT_CAN_* */
    const char *program;        /* that must be installed; NULL: none */
    enum snap_known_by known_by;    /* what tells a disk's state from another */
    bool moves;                 /* a revert gives the disk a new image */
    libxl_disk_format makes;    /* of an overlay; 0: qcow2 */
    /* Why this disk cannot be handled, or NULL: it can. */
    const char *(*refuse)(libxl_snapshot_ctx *sc, const struct snap_disk *disk);
    /* create: refusals that depend on the snapshot's name and paths */
    int (*check)(libxl_snapshot_ctx *sc, const struct snap_disk_op *op);
    /* create, while the guest runs */
    void (*prepare)(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                    const struct snap_disk_op *op);
    /* create, the guest's vCPUs held: steps that have an undo */
    void (*snapshot)(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                     const struct snap_disk_op *op);
    /* create, after those of all disks: this one's action in the QMP
     * transaction; for disks that a QEMU runs */
    const char *(*action)(libxl_snapshot_ctx *sc,
                          const struct snap_disk_op *op);
    /* Fill in ds->parent, and ds->child if it is not that. */
    void (*describe)(libxl_snapshot_ctx *sc, const struct snap_disk_op *op,
                     libxl_disk_snapshot *ds);
    /* revert: what must be true before the domain is destroyed */
    int (*revert_check)(libxl_snapshot_ctx *sc, struct snap_revert_op *op);
    /* revert: what the domain's config is to say of the disk; NULL: that it
     * is op->path, a qcow2, or if that is NULL ds->parent, in QEMU's hands */
    void (*configure)(const struct snap_revert_op *op, libxl_device_disk *disk);
    /* revert, before the domain is destroyed, and after */
    void (*revert_prepare)(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                           const struct snap_revert_op *op);
    void (*revert)(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                   const struct snap_revert_op *op);
};

extern const struct snap_driver snap_driver_internal;
extern const struct snap_driver snap_driver_overlay;
extern const struct snap_driver snap_driver_hook;
extern const struct snap_driver snap_driver_lvm_thick;
extern const struct snap_driver snap_driver_lvm_thin;
extern const struct snap_driver snap_driver_vhd;
/* The table: *num_r drivers, in the order in which they are tried. */
const struct snap_driver *const *snap_drivers(int *num_r);
/* NULL where there is none of that name. */
const struct snap_driver *snap_driver_named(const char *name);
/* The first driver of @mode that can handle @disk.  If there is none, NULL,
 * and *why_r says why not. */
const struct snap_driver *snap_driver_choose(libxl_snapshot_ctx *sc,
                                             const struct snap_disk *disk,
                                             libxl_snapshot_mode mode,
                                             const char **why_r);
/* Nothing can snapshot @disk as it is, because its storage has no snapshots:
 * not because something about it is amiss. */
bool snap_disk_unsupported(libxl_snapshot_ctx *sc,
                           const struct snap_disk *disk);
/* The driver that made @ds; an error if we have none of that name. */
int snap_driver_of(libxl_snapshot_ctx *sc, const libxl_disk_snapshot *ds,
                   const struct snap_driver **driver_r);
/* Why QEMU, or qemu-img where nobody runs it, cannot snapshot this disk,
 * whichever way; NULL: it can. */
const char *snap_qdisk_refuse(libxl_snapshot_ctx *sc,
                              const struct snap_disk *disk);

/* Nobody can, from here: a driver domain serves it. */
const char *snap_driver_domain_refuse(libxl_snapshot_ctx *sc,
                                      const struct snap_disk *disk);
/* The same for a vhd that tapdisk serves and vhd-util. */
const char *snap_tapdisk_refuse(const struct snap_disk *disk);

#endif /* LIBXL_SNAP_DRIVER_H */
