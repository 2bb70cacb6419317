/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/ops.h: what the files of an operation share.  Each operation reads
 * gather, check, plan, run.
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
    struct snap_target target, partial_target;
};

struct snap_create {
    /* the caller's */
    libxl_domain_snapshot_params *params;

    /* gathered */
    struct snap_domain dom;         /* domid SNAP_NO_DOMAIN: it does not run */
    int num_ops;
    struct snap_disk_op *ops;
    struct snap_layers layers;      /* of all disks, with who uses them */
    bool can_live;                  /* asked for: Xen can save it live */
    bool has_quiesce_command;       /* that is there */
    const char *image_config;       /* JSON for the memory image */
    int num_missing;                /* folders to be made, topmost first */
    const char **missing;
    int num_files;
    struct snap_create_file files[3];

    struct snap_plan plan;
};

/* Fill in what is gathered, and describe in @snap the snapshot that it is
 * going to be.  Changes nothing. */
int snap_create_gather(libxl_snapshot_ctx *sc, uint32_t domid,
                       struct snap_create *c, libxl_domain_snapshot *snap);
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

/* What the disks of @dom are and what can be done with them, an element a
 * disk, to be freed with libxl_disk_snapshot_info_list_free(). */
libxl_disk_snapshot_info *snap_disks_list(libxl_snapshot_ctx *sc,
                                          struct snap_hooks *hooks,
                                          struct snap_domain *dom);

/*-- quiesce: freezing the guest's file systems -----------------------------*/

/* Refuse a guest whose file systems cannot be frozen: by its agent
 * (@command NULL), or by @command. */
int snap_quiesce_check(libxl_snapshot_ctx *sc,
                       const struct snap_domain *dom, const char *command,
                       bool command_exists);
/* Freeze them; returns the index of the step.  And thaw them. */
int snap_quiesce_plan(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                      const struct snap_domain *dom, const char *command);
void snap_quiesce_plan_thaw(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            int quiesce);

/*-- revert: what a revert and a verification share --------------------------*/

struct snap_revert {
    /* the caller's */
    const libxl_domain_snapshot *snap;
    const libxl_domain_snapshot_revert_params *params;
    libxl_domain_snapshot_verification *report;     /* NULL: a revert */

    /* gathered */
    struct snap_domain dom;         /* domid SNAP_NO_DOMAIN: it does not run */
    int num_ops;
    struct snap_disk_op *ops;
    const char **look_errors;       /* by op: what its look failed with, or NULL */
    libxl_domain_config config;     /* with the new disks */
    const char *config_json;        /* the same, for a restore */
    const char *disk_setting;       /* its disks, as an xl.cfg has them: to boot */
    int rc;                         /* the first failure of a check */

    struct snap_plan plan;
};

/* Gather, and check all that can be known before the domain is destroyed.
 * A revert ends at the first failure; a verification goes on and tells
 * them all. Returns the first. */
int snap_revert_look(libxl_snapshot_ctx *sc, struct snap_revert *r);
void snap_revert_plan(libxl_snapshot_ctx *sc, struct snap_revert *r);

/*-- recover: ending an operation that was cut off --------------------------*/

struct snap_recover {
    /* gathered */
    struct snap_journal_entry entry;
    uint32_t domid;             /* SNAP_NO_DOMAIN: it is not there any more */
    int commit;                 /* the index of the commit point */
    bool forward;               /* it is completed; else undone */
    int first;                  /* forward: the step to begin with */
    bool half_made;             /* domid is what an xl left that was killed */
    bool memory_lost;           /* what is there of it is not complete */
    const char *state;          /* a sentence */

    struct snap_plan plan;
};

/* The index of the first commit point of @plan; plan->num_steps: it has
 * none. */
int snap_recover_commit_point(const struct snap_plan *plan);
void snap_recover_plan(libxl_snapshot_ctx *sc, struct snap_recover *r);

/*-- operations: those that keep a journal ----------------------------------*/

struct snap_operation {
    const char *name;           /* in journals; the command is snapshot-<name> */
    /* The commit point was begun, and no more is known: whether it was
     * passed. May be NULL: then it counts as passed. */
    int (*was_committed)(libxl_snapshot_ctx *sc,
                         const struct snap_recover *r, bool *was_r);
    /* Before the rest of the operation is done: refuse what must not
     * happen any more, and set r->first where that is not the step after
     * the commit point, r->half_made and r->memory_lost.  May be NULL. */
    int (*look)(libxl_snapshot_ctx *sc, struct snap_recover *r);
};

extern const struct snap_operation snap_operation_create;
extern const struct snap_operation snap_operation_revert;
/* All of them; and the one of that name, or NULL. */
const struct snap_operation *const *snap_operations(int *num_r);
const struct snap_operation *snap_operation_named(const char *name);

#endif /* SNAP_OPS_H */
