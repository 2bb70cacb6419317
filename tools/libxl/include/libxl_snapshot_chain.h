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

#endif /* LIBXL_SNAPSHOT_CHAIN_H */
