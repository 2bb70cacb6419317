/* SPDX-License-Identifier: LGPL-2.1-only */
/* libxl_snap_revert.h: what a revert and a verification share. */
#ifndef LIBXL_SNAP_REVERT_H
#define LIBXL_SNAP_REVERT_H

#include "libxl_snap_driver.h"

struct snap_revert {
    const libxl_domain_snapshot *snap;
    const libxl_domain_snapshot_revert_params *params;
    struct snap_domain dom;         /* domid SNAP_NO_DOMAIN: it does not run */
    int num_ops;
    struct snap_revert_op *ops;
    libxl_domain_config config;     /* with the new disks */
    struct snap_plan plan;
    int rc;                         /* the first failure of a check */
    libxl_domain_snapshot_verification *report;     /* NULL: a revert */
};

/* Gather, and check all that can be known before the domain is destroyed.  A
 * revert ends at the first failure; a verification goes on and tells them all.
 * Returns the first. */
int snap_revert_look(libxl_snapshot_ctx *sc, struct snap_revert *r);
/* The disk of @config, or NULL. */
libxl_device_disk *snap_revert_disk(libxl_domain_config *config,
                                    const char *vdev);

/* The image that the revert reads or overwrites; NULL: it has no device. */
const char *snap_revert_at_stake(const struct snap_revert *r,
                                 const struct snap_revert_op *op);

#endif /* LIBXL_SNAP_REVERT_H */
