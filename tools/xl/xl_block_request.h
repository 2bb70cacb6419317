/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_block_request.h: what the commands that change the chain of a disk
 * ask for, as far as it is the same for all. */
#ifndef XL_BLOCK_REQUEST_H
#define XL_BLOCK_REQUEST_H

#include <libxl_snapshot.h>

#include "xl_snapshot.h"

struct block_request {
    /* the caller's */
    const char *domain, *vdev;
    const struct common_options *common;

    struct domain_target target;
    char *config_path;          /* its xl.cfg; or NULL */
    libxl_snapshot_sources sources;     /* found when they are asked */
};

/* Fill in the rest of @req, which is not to be moved then.  Complains and
 * returns -1 if there is no such domain, or it runs, so that it cannot be
 * done; @what would be: "layers are merged".  Dispose of it whatever the
 * result. */
int block_request_find(const struct session *s, struct block_request *req,
                       const char *what);
void block_request_dispose(struct block_request *req);

/* What @u is to write into the user's xl.cfg: @disk in the place of the
 * one with its vdev. */
void block_request_edit(const struct session *s,
                        const struct block_request *req,
                        const libxl_device_disk *disk,
                        struct config_update *u);
/* The text of the new xl.cfg of @domain, and its path, both malloc'd; the
 * library writes it.  Complains and returns -1 if it cannot be made. */
int block_request_text(const struct session *s, struct config_update *u,
                       const char *domain, char **path, char **text);

/* Print the plan of a dry run. */
void print_block_plan(char *const *steps, int num_steps, uint64_t bytes);
/* Print which disk is to stand in the xl.cfg, or does. */
void print_block_disk(const libxl_device_disk *disk,
                      const struct config_update *u);

#endif /* XL_BLOCK_REQUEST_H */
