/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snapshot_chain.h: the images that disks stand on, and who needs
 * them.
 */
#ifndef LIBXL_SNAPSHOT_CHAIN_H
#define LIBXL_SNAPSHOT_CHAIN_H

#include <libxl_snapshot.h>

/* An xl.cfg of a domain that may be off. */
typedef struct libxl_snapshot_domain_file {
    char *path;
    libxl_domain_config config; /* name, uuid and disks of it count */
    char *error;                /* why it cannot be read; NULL: it was */
} libxl_snapshot_domain_file;

/*
 * Where it stands on this host who needs an image, as far as the caller
 * knows: the library invents no path.  Domains that exist, xendomains' saved
 * memory, journals and the folders of the images are looked at besides.
 */
typedef struct libxl_snapshot_sources {
    int num_configs;
    char **configs;             /* snapshot configs */
    int num_domain_files;
    libxl_snapshot_domain_file *domain_files;
    /* Files of which somebody says that what cannot be known of them does not
     * matter: an image that is not there, a file that cannot be read, a layer
     * that is protected, and nobody knows for whom. */
    int num_disregarded;
    char **disregarded;
    /* Find them anew, into sources that are initialised, whenever it is asked
     * who needs an image: in the hours that data are moved somebody may have
     * made a clone.  NULL: they stay. */
    void (*find_again)(void *data, struct libxl_snapshot_sources *sources_r);
    void *data;
} libxl_snapshot_sources;

void libxl_snapshot_sources_init(libxl_snapshot_sources *sources);
void libxl_snapshot_sources_dispose(libxl_snapshot_sources *sources);

/* What needs an image. */
typedef enum libxl_snapshot_need_kind {
    LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT = 1,  /* a snapshot config */
    LIBXL_SNAPSHOT_NEED_KIND_DOMAIN,        /* that exists, or an xl.cfg */
    LIBXL_SNAPSHOT_NEED_KIND_SAVED,         /* memory that xendomains saved */
    LIBXL_SNAPSHOT_NEED_KIND_TAG,           /* inside of an image */
    LIBXL_SNAPSHOT_NEED_KIND_IMAGE,         /* that stands on it */
    LIBXL_SNAPSHOT_NEED_KIND_JOURNAL,       /* of what has not ended */
} libxl_snapshot_need_kind;

/* As what. */
typedef enum libxl_snapshot_need_how {
    LIBXL_SNAPSHOT_NEED_HOW_ACTIVE = 1,     /* it is a disk now */
    LIBXL_SNAPSHOT_NEED_HOW_IN_CHAIN,       /* below another image */
    LIBXL_SNAPSHOT_NEED_HOW_PARENT,         /* it holds the state */
    LIBXL_SNAPSHOT_NEED_HOW_CHILD,          /* the overlay that the snapshot
                                             * made: no revert needs it */
} libxl_snapshot_need_how;

/* "snapshot", "domain", "saved", "tag", "image", "journal"; "active",
 * "in-chain", "parent", "child". */
const char *libxl_snapshot_need_kind_to_string(
    libxl_snapshot_need_kind kind);
const char *libxl_snapshot_need_how_to_string(libxl_snapshot_need_how how);

typedef struct libxl_snapshot_need {
    libxl_snapshot_need_kind kind;
    libxl_snapshot_need_how how;
    char *who;                  /* "snapshot s1 of web" */
    char *name;                 /* of the snapshot, domain or tag; the path of
                                 * an image */
    char *domain;               /* of a snapshot or domain; or NULL */
    char *known;                /* the file that says so; NULL: a domain that
                                 * exists */
} libxl_snapshot_need;

/* An image of a disk's tree. */
typedef struct libxl_snapshot_image {
    libxl_snapshot_layer layer;
    uint64_t virtual_size;      /* bytes; 0: not known */
    int base;                   /* the index, below its own, of what it stands
                                 * on; -1: nothing */
    bool exists;
    bool is_layer;              /* of the disk's own chain */
    bool is_active;             /* the disk itself */
    bool is_frozen;             /* nobody can write to it */
    bool is_leftover;           /* a create or a revert of this domain has
                                 * made it, and nobody needs it any more */
    bool is_open;               /* by the domain's own QEMU, or blkback */
    char *users;                /* who else has it open: "qemu-nbd (pid 412)";
                                 * or NULL */
    char *problem;              /* why it cannot be read; or NULL */
    int num_needs;              /* who needs its content, or has made it */
    libxl_snapshot_need *needs;
} libxl_snapshot_image;

/* A disk, and all images that stand on the same ones as it, whosesoever:
 * each behind its base and all images on that whose names come before, that
 * of the disk's own chain as the last. */
typedef struct libxl_snapshot_tree {
    char *vdev;
    char *path;                 /* active layer; NULL: an empty drive */
    bool is_data_disk;
    char *problem;              /* why it has no images; or NULL */
    int num_images;
    libxl_snapshot_image *images;
} libxl_snapshot_tree;

typedef struct libxl_snapshot_chain {
    char *domain;
    int num_disks;
    libxl_snapshot_tree *disks;
    int num_unknown;            /* what could not be looked at, and may need */
    char **unknown;             /* an image, too: a sentence each */
} libxl_snapshot_chain;

void libxl_snapshot_chain_init(libxl_snapshot_chain *chain);
void libxl_snapshot_chain_dispose(libxl_snapshot_chain *chain);

/*
 * Describe the images of all disks of the running domain @domid (@config
 * NULL), or of the one that does not run and has @config, and who needs
 * them, by @sources, in which the xl.cfg of @config should be.  Changes
 * nothing, takes no lock, asks no QEMU: what cannot be looked at is told in
 * @chain_r, which must be initialised.
 * Errors: ERROR_FAIL, ERROR_INVAL (the stored config cannot be read).
 * Source: libxl_list_domain(), libxl_retrieve_domain_configuration(); headers
 * of images, qemu-img, lvs, /proc.
 */
int libxl_snapshot_block_chain(libxl_snapshot_ctx *sc, uint32_t domid,
                               const libxl_domain_config *config,
                               const libxl_snapshot_sources *sources,
                               libxl_snapshot_chain *chain_r);

#endif /* LIBXL_SNAPSHOT_CHAIN_H */
