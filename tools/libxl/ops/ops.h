/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/ops.h: what the files of an operation share.  Each operation reads gather,
 * check, plan, run.
 */
#ifndef SNAP_OPS_H
#define SNAP_OPS_H

#include "run/run.h"

/*-- create: what its files share -------------------------------------------*/

/* A file that it leaves behind: written under the partial name first. */
struct snap_create_file {
    const char *what;               /* in messages */
    const char *path, *partial;
    const char *content;            /* NULL: the memory image */
};

struct snap_create {
    libxl_domain_snapshot_params *params;
    struct snap_domain dom;         /* domid SNAP_NO_DOMAIN: it does not run */
    int num_ops;
    struct snap_disk_op *ops;
    const char *image_config;       /* JSON for the memory image */
    int num_files;
    struct snap_create_file files[3];
    struct snap_plan plan;
};

/* A paused domain of this kind can be saved: it need not answer. */
bool snap_create_saves_paused(const struct snap_domain *dom);
/* The guest is to be frozen, and there is one. */
bool snap_create_quiesces(const struct snap_create *c);
/* The disk is writable, and the caller has not named it. */
bool snap_create_leaves_out(const struct snap_create *c,
                            const struct snap_disk *disk);
/* So it is, and may be: it could not have been taken. */
bool snap_create_skips(const struct snap_create *c,
                       const struct snap_disk *disk);
int snap_create_check(libxl_snapshot_ctx *sc, const struct snap_create *c);
void snap_create_plan(libxl_snapshot_ctx *sc, struct snap_create *c);

/*-- disks ------------------------------------------------------------------*/

/* What the disks of @dom are and what can be done with them, an element a disk,
 * to be freed with libxl_disk_snapshot_info_list_free(). */
libxl_disk_snapshot_info *snap_disk_info_list(libxl_snapshot_ctx *sc,
                                              struct snap_hooks *hooks,
                                              struct snap_domain *dom);

/*-- quiesce: freezing the guest's file systems -----------------------------*/

/* The guest's file systems can be frozen: by its agent (@command NULL), or by
 * @command. */
int snap_check_quiesce(libxl_snapshot_ctx *sc, const struct snap_domain *dom,
                       const char *command);
/* Freeze the guest's file systems by its agent, or by @command if that is not
 * NULL, which snap_check_quiesce() has found possible; returns the index of the
 * step.  And thaw them. */
int snap_plan_quiesce(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                      const struct snap_domain *dom, const char *command);
void snap_plan_thaw(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                    int quiesce);

/*-- revert: what a revert and a verification share --------------------------*/

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

#endif /* SNAP_OPS_H */
