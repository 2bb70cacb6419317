/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/disk/disk.h: a disk, whatever its storage: its facts and its
 * chain, the place for a new image, the program that serves it; and the
 * contract of a driver.
 */
#ifndef SNAP_DISK_H
#define SNAP_DISK_H

#include "plan/plan.h"

/*-- chain: the images of a disk, active first; pure ------------------------*/

/* A snapshot that an image keeps inside. */
struct snap_tag {
    const char *id, *name;
    uint64_t creation_time;             /* in seconds; 0: unknown */
    uint64_t creation_nsec;             /* and nanoseconds */
    uint64_t vm_state_bytes;            /* memory in it, by QEMU's savevm */
};

/* An image of a chain. */
struct snap_layer {
    const char *path;                   /* "" if QEMU does not say */
    const char *format;                 /* QEMU's name; NULL: not said */
    uint64_t bytes_on_disk;
    uint64_t virtual_size;              /* 0: not known */
    const char *base;                   /* what it calls its base, in its own
                                         * words; NULL: it has none */
    int num_tags;
    const struct snap_tag *tags;
    int num_bitmaps;                    /* dirty bitmaps in the file: backup
                                         * tools leave them */
    const char **bitmaps;               /* their names */
    bool corrupt;                       /* QEMU has marked it so, and does
                                         * not write to it any more */
    bool dirty;                         /* it was not closed, and QEMU repairs
                                         * it when it writes to it */
    bool encrypted;
    const char *data_file;              /* that holds its content; or NULL */
};

/* More of either than anybody has: a QEMU that says so is in its guest's
 * hands, and an image out to harm. */
#define SNAP_LAYERS_MAX 1024
#define SNAP_TAGS_MAX 4096

struct snap_chain {
    uint64_t virtual_size;              /* bytes; 0: not known */
    int num_layers;                     /* 0: not known, or no image */
    const struct snap_layer *layers;    /* the active one first */
};

/* What tells @tag from another one; NULL if it has no ID. */
const char *snap_tag_identity(libxl_snapshot_ctx *sc,
                              const struct snap_tag *tag);
/* The layer whose file is @path, or NULL. */
const struct snap_layer *snap_chain_find(const struct snap_chain *chain,
                                         const char *path);
/* The layer that @layer stands on, NULL below the base. */
const struct snap_layer *snap_chain_below(const struct snap_chain *chain,
                                          const struct snap_layer *layer);
/* The tag @name of the active layer, or NULL. */
const struct snap_tag *snap_chain_top_tag(const struct snap_chain *chain,
                                          const char *name);
/* How many tags of the active layer have that name: QEMU lets them. */
int snap_chain_num_top_tags(const struct snap_chain *chain,
                            const char *name);
/* How many tags of the active layer have the ID @id. */
int snap_chain_num_top_ids(const struct snap_chain *chain, const char *id);
/* The files of all layers, up to NULL. */
const char **snap_chain_paths(libxl_snapshot_ctx *sc,
                              const struct snap_chain *chain);

/*-- imageinfo: QEMU's words about an image; pure ---------------------------*/

/* The chain in an ImageInfo of query-block, its base inside of it. */
void snap_imageinfo_nested(libxl_snapshot_ctx *sc, yajl_val image,
                           struct snap_chain *chain_r);
/* The layer @path in an ImageInfo of "qemu-img info". */
void snap_imageinfo_layer(libxl_snapshot_ctx *sc, yajl_val image,
                          const char *path, struct snap_layer *layer_r);
/* The file that is the base of the layer @path, NULL if it has none, and
 * its format, NULL if that is not said.  Refuse a base that is no file of
 * this host, or of a format that might lead to others. */
int snap_imageinfo_base(libxl_snapshot_ctx *sc, yajl_val image,
                        const char *path, const char **base_r,
                        const char **format_r);
/* The same where the header of @path calls its base @name, and its format
 * @format: set *base_r. */
int snap_imageinfo_base_named(libxl_snapshot_ctx *sc, const char *path,
                              const char *name, const char *format,
                              const char **base_r);
/* True if an image of that format leads to no file that is not its base, or
 * the data file of a qcow2. */
bool snap_imageinfo_is_known(const char *format);
/* The file that QEMU means by @name, if that is "file:PATH" or
 * "json:{...}". */
const char *snap_imageinfo_file(libxl_snapshot_ctx *sc, const char *name);
/* "nbd" of a name that QEMU would not take for a file's ("NAME:" before any
 * "/" is a protocol, 7.2, path_has_protocol()); NULL of others. */
const char *snap_imageinfo_protocol(libxl_snapshot_ctx *sc,
                                    const char *name);
/* QEMU's name of a format: "vpc" for a vhd. */
const char *snap_imageinfo_format(libxl_disk_format format);
/* The opposite, of an image that we write to: a raw one or a qcow2. */
libxl_disk_format snap_imageinfo_made_format(const char *name);

/*-- qcow2_header: what a program opens as it opens a qcow2; pure -----------*/

#define SNAP_QCOW2_HEADER_MIN 104
struct snap_qcow2_header {
    uint32_t num_tags;
    uint64_t virtual_size;
    const char *data_file;              /* NULL: it has none */
    bool has_base;
    const char *base;                   /* as it is spelled; NULL: it has
                                         * none, or @bytes have not its
                                         * name */
    const char *base_format;            /* NULL: it does not say */
};
/* False if @bytes, the first of the file, are no header that can be read. */
bool snap_qcow2_header_read(libxl_snapshot_ctx *sc, const void *bytes,
                            size_t len, struct snap_qcow2_header *header_r);

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

/* The driver that takes a disk. */
struct snap_choice {
    const struct snap_driver *driver;   /* NULL: none */
    const char *why;                    /* why none; NULL where one does */
};

struct snap_disk {
    const libxl_device_disk *stored;    /* points into the domain's config */
    const char *vdev;
    const char *path;                   /* active layer, from the config */
    bool is_data_disk;                  /* writable, not a CD-ROM */
    int devid;
    enum snap_backend backend;
    uint32_t backend_domid;
    const char *driver_domain;          /* named in the config; NULL: none */
    const char *be_path;                /* xenstore */
    bool discard;                       /* the guest's reach the file */
    /* what QEMU says, or qemu-img if nobody runs it; node is NULL where
     * QEMU has no such disk */
    const char *node;
    const char *node_file;
    const char *node_driver;
    bool emulated;                      /* also an IDE, AHCI or SCSI disk */
    struct snap_chain chain;
    const struct snap_lv *lv;           /* NULL: the image is not a
                                         * volume */
    /* where hooks were asked (facts/hooks.c) */
    const struct snap_hook *hook;       /* the hook that takes the disk,
                                         * or NULL */
    const char *no_hook;                /* why no hook takes it; NULL:
                                         * there is no hook */
    enum snap_vhd vhd;
    bool tapdisk;                       /* script=block-tap serves this vhd */
    bool vhd_util;                      /* the program that tapdisk
                                         * needs is there */
    /* by mode; made once, by snap_choice_make() */
    bool chosen;
    struct snap_choice choices[LIBXL_SNAPSHOT_MODE_EXTERNAL + 1];
};

/*-- look: asks qemu-img, files and vhd footers -----------------------------*/

/*
 * The chain of the image @path.  Each layer is looked at by itself before
 * qemu-img opens it: a file or a block device of this host, and nothing that
 * its header leads to is opened.  A layer whose format is not said, since
 * the one above does not, is the last one, and has not been opened.
 */
int snap_image_look(libxl_snapshot_ctx *sc, const char *path,
                    const char *format, struct snap_chain *chain_r);
/* What the image @path says of itself, and of what it stands on. */
struct snap_image {
    struct snap_layer layer;
    const char *base;                   /* NULL: it stands on nothing */
    const char *base_format;            /* NULL: not said */
    uint32_t header_tags;               /* how many tags its header says that
                                         * it has */
};
/*
 * Look at the image @path alone.  Of a qcow2 of which no more than its base
 * is asked (@base_only) the header tells it, which takes a tenth of the time;
 * so it does of one whose format nobody says, since QEMU would guess that:
 * this is for those who refuse.
 */
int snap_image_look_alone(libxl_snapshot_ctx *sc, const char *path,
                          const char *format, bool base_only,
                          struct snap_image *image_r);
/* The chain of the image @path, by such looks: what stands on what, and
 * nothing else. */
int snap_image_look_bases(libxl_snapshot_ctx *sc, const char *path,
                          const char *format, struct snap_chain *chain_r);
/* Set *has_r: the qcow2 @path has the internal snapshot @tag. */
int snap_image_has_tag(libxl_snapshot_ctx *sc, const char *path,
                       const char *tag, bool *has_r);
/* Find out the kind of vhd that @disk is; does nothing for other formats. */
int snap_disk_look_vhd(libxl_snapshot_ctx *sc, struct snap_disk *disk);

struct snap_disk_op;
/* Fill in @doubt of @op, by its image and its overlay; by the layers below the
 * first one of its @chain. */
void snap_disk_look_place(libxl_snapshot_ctx *sc, struct snap_disk_op *op);
void snap_disk_look_layers(libxl_snapshot_ctx *sc, struct snap_disk_op *op,
                           const struct snap_chain *chain);

/* A place where a file is to be made. */
struct snap_target {
    const char *path;
    bool exists;                /* something is there, or cannot be
                                 * looked at */
    uint64_t space;             /* free bytes of the file system */
    int rc;                     /* not 0: the space cannot be told, */
    const char *error;          /* and why */
    const char *doubt;          /* why others could put another file there;
                                 * or NULL */
};
/* Look at @path.  @directory: is to be made, and need not exist; or NULL. */
void snap_target_look(libxl_snapshot_ctx *sc, const char *path,
                      const char *directory, struct snap_target *target_r);

/*-- target: whether a new image can go there; pure -------------------------*/

/* Refuse a target that exists, or whose folder does not exist or has no
 * room for @bytes.  @what names the purpose in messages. */
int snap_target_check(libxl_snapshot_ctx *sc, const char *what,
                      const struct snap_target *target, uint64_t bytes);
/* The room that an overlay needs: its metadata when it is made, and the
 * guest's next writes. */
#define SNAP_OVERLAY_BYTES (UINT64_C(4) << 20)
/* True if QEMU cannot start a domain from @path. */
bool snap_target_has_blank(const char *path);
int snap_target_check_overlay(libxl_snapshot_ctx *sc,
                              const struct snap_target *target);
/* The same of one that is there, as it has to be. */
int snap_target_check_reused(libxl_snapshot_ctx *sc,
                             const struct snap_target *target);

/*-- reach: who serves a disk; pure -----------------------------------------*/

/* The reason why QEMU, or qemu-img if the domain does not run, cannot take
 * a snapshot of this disk, of whatever mode; NULL if it can. */
const char *snap_reach_qdisk(libxl_snapshot_ctx *sc,
                             const struct snap_disk *disk);

/* The reason why none can, since the QEMU that serves the disk says that it
 * has another file or format open than the stored config names; or NULL. */
const char *snap_reach_as_stored(libxl_snapshot_ctx *sc,
                                 const struct snap_disk *disk);

/* The reason why no driver can, since a driver domain serves the disk; or
 * NULL. */
const char *snap_reach_driver_domain(libxl_snapshot_ctx *sc,
                                     const struct snap_disk *disk);
/* The reason why vhd-util cannot take a snapshot of a vhd that tapdisk
 * serves; NULL if it can. */
const char *snap_reach_tapdisk(const struct snap_disk *disk);

/* The arguments of blockdev-add for a new image of @disk, by which QEMU opens
 * it as its xen-block opened the old one (7.2, xen_block_drive_create): no
 * lock, and the same cache and discard.  @base: a node; NULL: it is opened
 * without. */
const char *snap_reach_node(libxl_snapshot_ctx *sc,
                            const struct snap_disk *disk, const char *path,
                            const char *format, const char *node,
                            const char *base);

/*-- drivers ----------------------------------------------------------------*/

/* An overlay that the user has made. */
struct snap_reused {
    const char *why_not_open;   /* for writing; NULL: it can be */
    bool is_device;
    uint64_t num_names;         /* hard links */
    struct snap_image image;
    bool is_on_image;           /* its base is the disk's image, by whatever
                                 * name */
    bool is_empty;              /* it has no data of its own */
};

/* The operations that act on disks. */
enum snap_verb_kind {
    SNAP_VERB_CREATE,
    SNAP_VERB_REVERT,
    SNAP_VERB_DELETE,
    SNAP_VERB_NUM
};

/* A disk's part in an operation. */
struct snap_disk_op {
    /* the operation fills in: */
    enum snap_verb_kind verb;
    const struct snap_driver *driver;
    const char *vdev;
    const char *name;           /* of the snapshot */
    uint64_t creation_time;     /* of the snapshot; seconds since the epoch */
    const char *image;          /* create: active layer; revert and
                                 * delete: the image or volume that holds
                                 * the state */
    libxl_disk_format format;   /* of @image */
    const char *path;           /* the new image of the disk: an
                                 * overlay, a volume; NULL: it stays on
                                 * its image */
    bool reuse;                 /* create: the user has made @path */
    const char *reused_state;   /* of that, before it was looked at */
    const struct snap_disk *disk;   /* create: the disk; delete: that of
                                 * the domain that runs and writes to the
                                 * image; or NULL */
    const char *node;           /* create: a name for the new image in QEMU */
    const libxl_disk_snapshot *ds;  /* revert, delete: the disk in the
                                     * snapshot config */
    bool running;               /* revert, delete: the domain runs */
    const char *doubt;          /* why others could put another file in the
                                 * place of the image, or of the new one; or
                                 * NULL: snap_disk_look_place() */

    /* the driver's look fills in, as far as its check and steps need it: */
    const char *at_stake;       /* the file or device that will be read
                                 * or overwritten; NULL: there is none */
    bool exists;                /* the image */
    bool just_taken;            /* revert: to a snapshot that has just been
                                 * taken, of which no more than the bases is
                                 * asked */
    bool is_frozen;             /* revert: what it reads or overwrites is
                                 * the base of an external snapshot */
    bool needs_freeze;          /* revert: the image, a base, can be written
                                 * to */
    const char *identity;       /* of the file that the image is; or NULL */
    enum snap_vhd vhd;          /* the image */
    struct snap_chain chain;    /* the image */
    const struct snap_lv *lv;   /* the image */
    const struct snap_lv *origin;   /* of lv; NULL: it has none */
    bool hook_has_it;           /* the hook has a snapshot of that name */
    struct snap_target target;  /* for path */
    struct snap_reused reused;  /* path, if it is to be reused */

    /* chosen for all disks together: */
    uint64_t area;              /* lvm-thick: bytes for what is overwritten */
};

/* The phases of `prepare', each for all disks before the next: then the
 * journal has what they make on the disk with one flush, so has the file
 * system, and one connection to QEMU serves for all. */
enum snap_phase {
    SNAP_PHASE_MAKE,            /* empty files, under the names */
    SNAP_PHASE_FORMAT,          /* images in them; volumes */
    SNAP_PHASE_FLUSH,           /* these are on the disk */
    SNAP_PHASE_OPEN,            /* they are ready for the instant */
    SNAP_PHASE_NUM
};

/*
 * A driver's part in an operation.  A slot may be NULL: the driver has
 * nothing to do then.  Every slot must be pure: it appends steps to a
 * plan, or returns QMP text, by what the slot `look' found.
 */
struct snap_verb {
    /* Refuse a disk for reasons that depend on this operation: names,
     * paths, the findings of look. */
    int (*check)(libxl_snapshot_ctx *sc, const struct snap_disk_op *op);
    /* Steps before the instant: create, while the guest runs; revert,
     * before the domain is destroyed.  Each has its undo.  Called for each
     * phase, in which it may have nothing to do. */
    void (*prepare)(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                    const struct snap_disk_op *op, enum snap_phase phase);
    /* Steps at the instant: create, while the guest's vCPUs are held, each
     * with its undo; the last one may be the commit point, and without an
     * undo a recovery takes it for done once it was begun; revert, after
     * the domain is destroyed; delete: the removal, which can be done a
     * second time, and of what is gone already does nothing. */
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
    SNAP_KNOWN_BY_NOTHING,      /* only the hook can tell */
    SNAP_KNOWN_BY_TAG,
    SNAP_KNOWN_BY_FILE,
    SNAP_KNOWN_BY_VOLUME,
};

/*
 * A driver: one kind of disk snapshot, on one kind of storage.  A driver
 * sees one disk at a time, and never another driver.  storage/storage.c
 * has the table of drivers, and says which slots must not be NULL.
 */
struct snap_driver {
    const char *name;           /* in snapshot configs too */
    libxl_snapshot_mode mode;
    unsigned int can;           /* LIBXL_SNAPSHOT_CAN_* */
    const char *program;        /* the program that must be installed;
                                 * NULL: none */
    enum snap_known_by known_by;    /* how a disk's state is identified */
    bool reuses;                /* external: a create can go on with an
                                 * overlay that is there */
    bool revert_moves_disk;     /* a revert gives the disk a new image,
                                 * else it overwrites the present one */
    libxl_disk_format overlay_format;   /* external: the format; 0:
                                         * qcow2 */
    /* The reason why the driver cannot handle this disk; NULL if it can.
     * Must be pure. */
    const char *(*refuse)(libxl_snapshot_ctx *sc,
                          const struct snap_disk *disk);
    /* Gather the facts that op->verb needs.  The only slot that may look
     * at the state of the host; must change nothing.  A thing that is not
     * there is a finding, which check refuses; fail only if that cannot be
     * told. */
    int (*look)(libxl_snapshot_ctx *sc, struct snap_disk_op *op);
    /* Create: fill in ds->parent, and ds->child if that is another image.
     * May be NULL: parent is the image and, if external, child is
     * op->path, a qcow2. */
    void (*describe)(libxl_snapshot_ctx *sc, const struct snap_disk_op *op,
                     libxl_disk_snapshot *ds);
    /* Revert: set @disk as the domain's config is to have it.  May be
     * NULL: op->path, a qcow2, or if that is NULL op->image, served by
     * QEMU. */
    void (*configure)(const struct snap_disk_op *op,
                      libxl_device_disk *disk);
    /* The command that reads the state of the disk where a revert cannot
     * be; NULL if there is none.  May be NULL.  Must be pure. */
    const char *(*copy_out)(libxl_snapshot_ctx *sc,
                            const struct snap_disk_op *op);
    struct snap_verb verbs[SNAP_VERB_NUM];
};

#endif /* SNAP_DISK_H */
