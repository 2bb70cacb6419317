/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/disk/disk.h: a disk, whatever its storage: what is known of it
 * and of its chain, where a new image can go, who serves it; and what a
 * driver is.
 */
#ifndef SNAP_DISK_H
#define SNAP_DISK_H

#include "plan/plan.h"

/*-- chain: the images of a disk, active first; pure ------------------------*/

/* A snapshot that an image keeps inside. */
struct snap_tag {
    const char *id, *name;
    uint64_t creation_time;             /* seconds since the epoch; 0: unknown */
    uint64_t creation_nsec;             /* and nanoseconds */
    uint64_t vm_state_bytes;            /* memory in it, by QEMU's savevm */
};

/* One image of a chain. */
struct snap_layer {
    const char *path;                   /* "" if QEMU does not say */
    const char *format;                 /* QEMU's name; NULL: not said */
    uint64_t bytes_on_disk;
    int num_tags;
    const struct snap_tag *tags;
};

struct snap_chain {
    uint64_t virtual_size;              /* bytes; 0: not known */
    int num_layers;                     /* 0: not known, or not an image file */
    const struct snap_layer *layers;    /* the active one first */
};

/* The layer whose file is @path, or NULL. */
const struct snap_layer *snap_chain_find(const struct snap_chain *chain,
                                         const char *path);
/* The layer that @layer stands on, NULL below the base. */
const struct snap_layer *snap_chain_below(const struct snap_chain *chain,
                                          const struct snap_layer *layer);
/* The tag @name of the active layer, or NULL. */
const struct snap_tag *snap_chain_top_tag(const struct snap_chain *chain,
                                          const char *name);
/* The files of all layers, chain->num_layers of them. */
const char **snap_chain_paths(libxl_snapshot_ctx *sc,
                              const struct snap_chain *chain);

/*-- imageinfo: what QEMU says of an image; pure -----------------------------*/

/* The chain in an ImageInfo of query-block, its base inside of it; and in
 * a list of "qemu-img info --backing-chain". */
void snap_imageinfo_nested(libxl_snapshot_ctx *sc, yajl_val image,
                           struct snap_chain *chain_r);
void snap_imageinfo_list(libxl_snapshot_ctx *sc, yajl_val list,
                         struct snap_chain *chain_r);
/* QEMU's name of a format: "vpc" for a vhd. */
const char *snap_imageinfo_format(libxl_disk_format format);

/*-- a disk -----------------------------------------------------------------*/

/* A hook that takes a disk. */
struct snap_hook {
    const char *name, *path;
    unsigned int can;           /* LIBXL_SNAPSHOT_CAN_* */
};

enum snap_backend {
    SNAP_BACKEND_NONE,              /* no such device in xenstore */
    SNAP_BACKEND_QDISK,
    SNAP_BACKEND_PHY,               /* blkback */
    SNAP_BACKEND_OTHER,
    SNAP_BACKEND_OFFLINE,           /* the domain does not run */
};

struct snap_driver;

/* Which driver takes a disk. */
struct snap_choice {
    const struct snap_driver *driver;   /* NULL: none */
    const char *why;                    /* why none; NULL where one does */
};

struct snap_disk {
    const libxl_device_disk *stored;    /* points into the domain's config */
    const char *vdev;
    const char *path;                   /* active layer, from the config */
    bool is_data_disk;                        /* writable, no cdrom */
    int devid;
    enum snap_backend backend;
    uint32_t backend_domid;
    const char *driver_domain;          /* named in the config; NULL: none */
    const char *be_path;                /* xenstore */
    bool discard;                       /* the guest's discards reach the file */
    /* what QEMU says, or qemu-img if nobody runs it; node is NULL where
     * QEMU has no such disk */
    const char *node;
    const char *node_file;
    const char *node_driver;
    bool emulated;                      /* also an IDE, AHCI or SCSI disk */
    struct snap_chain chain;
    const struct snap_lv *lv;           /* NULL: the image is no volume */
    /* where hooks were asked (facts/hooks.c) */
    const struct snap_hook *hook;       /* the one that takes it, or NULL */
    const char *no_hook;                /* why none does; NULL: there is none */
    enum snap_vhd vhd;
    bool tapdisk;                       /* script=block-tap serves this vhd */
    bool vhd_util;                      /* for that: the program is there */
    /* by mode; made once, by snap_choice_make() */
    bool chosen;
    struct snap_choice choices[LIBXL_SNAPSHOT_MODE_EXTERNAL + 1];
};

/*-- look: asks qemu-img, files and vhd footers ------------------------------*/

/* The chain of the image @path.  One run of qemu-img, however deep it is. */
int snap_image_look(libxl_snapshot_ctx *sc, const char *path,
                    const char *format, struct snap_chain *chain_r);
/* Whether the qcow2 @path has the internal snapshot @tag. */
int snap_image_has_tag(libxl_snapshot_ctx *sc, const char *path,
                       const char *tag, bool *has_r);
/* The kind of vhd that @disk is; nothing is done if it is none. */
int snap_disk_look_vhd(libxl_snapshot_ctx *sc, struct snap_disk *disk);

/* A place where a file is to be made. */
struct snap_target {
    const char *path;
    bool exists;                /* something is there, or cannot be looked at */
    uint64_t space;             /* free bytes of the file system */
    int rc;                     /* not 0: that cannot be told, */
    const char *error;          /* and why */
};
/* Look at @path.  @directory: is to be made, and need not exist; or NULL. */
void snap_target_look(libxl_snapshot_ctx *sc, const char *path,
                      const char *directory, struct snap_target *target_r);

/*-- target: whether a new image can go there; pure -------------------------*/

/* It is absent, its folder is there and takes @bytes more.  @what it is to
 * be, for messages. */
int snap_target_check(libxl_snapshot_ctx *sc, const char *what,
                      const struct snap_target *target, uint64_t bytes);
/* The same for an overlay: its metadata at birth, and room for the guest's
 * next writes. */
#define SNAP_OVERLAY_BYTES (UINT64_C(4) << 20)
int snap_target_check_overlay(libxl_snapshot_ctx *sc,
                              const struct snap_target *target);

/*-- reach: who serves a disk; pure -----------------------------------------*/

/* Why QEMU, or qemu-img where nobody runs it, cannot snapshot this disk,
 * whichever way; NULL: it can. */
const char *snap_reach_qdisk(libxl_snapshot_ctx *sc,
                             const struct snap_disk *disk);

/* Nobody can, from here: a driver domain serves it. */
const char *snap_reach_driver_domain(libxl_snapshot_ctx *sc,
                                     const struct snap_disk *disk);
/* The same for a vhd that tapdisk serves and vhd-util. */
const char *snap_reach_tapdisk(const struct snap_disk *disk);

/*-- drivers ----------------------------------------------------------------*/

/* What operations do with a disk. */
enum snap_verb_kind {
    SNAP_VERB_CREATE,
    SNAP_VERB_REVERT,
    SNAP_VERB_NUM
};

/* One disk's part in an operation. */
struct snap_disk_op {
    /* the operation fills in: */
    enum snap_verb_kind verb;
    const struct snap_driver *driver;
    const char *vdev;
    const char *name;           /* of the snapshot */
    uint64_t creation_time;     /* of the snapshot; seconds since the epoch */
    const char *image;          /* create: active layer; revert: what holds the
                                 * state of the snapshot */
    libxl_disk_format format;   /* of that */
    const char *path;           /* the image that the disk gets: an overlay, a
                                 * volume; NULL: it stays on its own */
    const struct snap_disk *disk;   /* create: the disk */
    const char *node;           /* create: a name for the new image in QEMU */
    const libxl_disk_snapshot *ds;  /* revert: what the config says of it */
    bool running;               /* revert: the domain runs */

    /* the driver's look fills in, as far as its check and steps need it: */
    const char *at_stake;       /* what is read or overwritten, if it has a
                                 * file or device now; else NULL */
    bool exists;                /* the image */
    bool is_frozen;             /* the image: it is a base */
    enum snap_vhd vhd;          /* the image */
    struct snap_chain chain;    /* the image */
    const struct snap_lv *lv;   /* the image */
    const struct snap_lv *origin;   /* of lv; NULL: it has none */
    bool hook_has_it;           /* the hook has a snapshot of that name */
    struct snap_target target;  /* for path */

    /* chosen for all disks together: */
    uint64_t area;              /* lvm-thick: bytes for what is overwritten */
};

/*
 * How a driver takes part in an operation.  A slot may be NULL where there
 * is nothing to do.  All are pure: they append steps to a plan, or return
 * QMP text, from what look found.
 */
struct snap_verb {
    /* Refuse what depends on this operation: names, paths, what look
     * found. */
    int (*check)(libxl_snapshot_ctx *sc, const struct snap_disk_op *op);
    /* Steps before the instant: create, while the guest runs; revert,
     * before the domain is destroyed.  Each has its undo. */
    void (*prepare)(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                    const struct snap_disk_op *op);
    /* Steps at the instant: create, while the guest's vCPUs are held, each
     * with its undo; revert, after the domain is destroyed. */
    void (*act)(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                const struct snap_disk_op *op);
    /* The disk's part in the QMP transaction that follows the acts of all
     * disks, as JSON.  Asked only of disks that a QEMU runs. */
    const char *(*action)(libxl_snapshot_ctx *sc,
                          const struct snap_disk_op *op);
    /* Steps when the instant is over and the guest runs again. */
    void (*finish)(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                   const struct snap_disk_op *op);
};

enum snap_known_by {            /* facts/identity.c */
    SNAP_KNOWN_BY_NOTHING,      /* a hook's own affair */
    SNAP_KNOWN_BY_TAG,
    SNAP_KNOWN_BY_FILE,
    SNAP_KNOWN_BY_VOLUME,
};

/*
 * One kind of disk snapshot, on one kind of storage.  It sees one disk,
 * never another driver.  storage/storage.c has the table, and says which
 * slots must be there.
 */
struct snap_driver {
    const char *name;           /* in snapshot configs too */
    libxl_snapshot_mode mode;
    unsigned int can;           /* LIBXL_SNAPSHOT_CAN_* */
    const char *program;        /* that must be installed; NULL: none */
    enum snap_known_by known_by;    /* what tells a disk's state from another */
    bool revert_moves_disk;     /* a revert gives the disk a new image */
    libxl_disk_format overlay_format;   /* external: of that; 0: qcow2 */
    /* Why this disk cannot be handled, NULL: it can.  Pure. */
    const char *(*refuse)(libxl_snapshot_ctx *sc,
                          const struct snap_disk *disk);
    /* Find out what op->verb needs to know: alone asks the world.  What is
     * not there is a finding, for check to refuse; an error is what cannot
     * be told. */
    int (*look)(libxl_snapshot_ctx *sc, struct snap_disk_op *op);
    /* create: fill in ds->parent, and ds->child if it is not that.  NULL:
     * the image, and external op->path as a qcow2. */
    void (*describe)(libxl_snapshot_ctx *sc, const struct snap_disk_op *op,
                     libxl_disk_snapshot *ds);
    /* revert: what the domain's config is to say of the disk; NULL: that
     * it is op->path, a qcow2, or if that is NULL op->image, in QEMU's
     * hands */
    void (*configure)(const struct snap_disk_op *op,
                      libxl_device_disk *disk);
    struct snap_verb verbs[SNAP_VERB_NUM];
};

#endif /* SNAP_DISK_H */
