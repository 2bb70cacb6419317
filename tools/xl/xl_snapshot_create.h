/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_snapshot_create.h: what xl snapshot-create is asked for. */
#ifndef XL_SNAPSHOT_CREATE_H
#define XL_SNAPSHOT_CREATE_H

#include "xl_snapshot.h"

/* The command line. */
struct create_options {
    struct common_options common;
    const char *domain;
    const char *wishes;                 /* the second operand */
    const char *name, *name_prefix, *description;
    const char *quiesce_command;
    unsigned int quiesce_seconds;
    const char *lvm_size;
    const libxl_domain_snapshot *like;  /* whose internal disks stay so */
    libxl_snapshot_mode mode;
    bool disk_only, quiesce, live, reuse_external, unpause;
};

/* A create as the library is asked for it, with all that it refers to. */
struct create_request {
    struct domain_target target;
    const char *name;                   /* that the user chose, or NULL */
    struct disk_wishes wishes;          /* the user's ConfigFile */
    libxl_domain_snapshot_params params;
    struct chain_length *chains;        /* with the snapshot */
    int num_chains;
};

/* Find the domain, read the ConfigFile, choose names.  Complains and
 * returns -1 if it cannot; dispose of @r whatever the result. */
int create_request_read(const struct session *s,
                        const struct create_options *o,
                        struct create_request *r);
void create_request_dispose(struct create_request *r);

#endif /* XL_SNAPSHOT_CREATE_H */
