/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snapshot_merge.h: chains of images made shorter.  Included by
 * libxl_snapshot.h.
 *
 * A chain is a base, overlays on it, and the active layer, to which the
 * domain writes.  Its layers are counted from the active one, which is 0.
 */
#ifndef LIBXL_SNAPSHOT_MERGE_H
#define LIBXL_SNAPSHOT_MERGE_H

#include <libxl_snapshot_chain.h>

typedef enum libxl_snapshot_merge_kind {
    /* The data of layers goes down, into the one below them. */
    LIBXL_SNAPSHOT_MERGE_COMMIT = 1,
    /* The data of layers goes up, into the one above them. */
    LIBXL_SNAPSHOT_MERGE_PULL = 2,
} libxl_snapshot_merge_kind;

typedef struct libxl_snapshot_merge_params {
    libxl_snapshot_merge_kind kind;
    char *vdev;
    /* The domain that runs; or the config of one that does not, of which
     * name and disks are used, and which stays the caller's. */
    uint32_t domid;
    const libxl_domain_config *config;      /* NULL: it runs */
    /* Files of layers, by whatever name.  Commit: those from @top (NULL: the
     * active one) down go into @base (NULL: the lowest one).  Pull: those
     * above @base (NULL: all) go up into @top (NULL: the active one). */
    char *base, *top;
    bool shallow;               /* commit: into the one right below @top */
    bool active;                /* commit: of the active layer, too */
    bool keep_overlay;          /* of that: the domain stays on it */
    bool remove;                /* the layers that are superfluous then */
    uint64_t speed;             /* of a domain that runs: bytes a second, at
                                 * most; 0: as fast as it goes */
    /* The domain's xl.cfg; NULL: it has none.  What any other one of it says
     * is a need.  Commit of the active layer: the text that names the new
     * disk there; NULL: the caller's user writes it himself. */
    char *config_path, *config_text;
    /* Where it stands who needs the layers: what somebody else needs stays
     * as it is.  Stays the caller's. */
    const libxl_snapshot_sources *sources;
    char *snapshot_config;      /* of a snapshot that is being deleted, and
                                 * needs nothing; NULL: all do */
    bool trust_folders;         /* as for a create */
    bool dry_run;
} libxl_snapshot_merge_params;

void libxl_snapshot_merge_params_init(libxl_snapshot_merge_params *params);
void libxl_snapshot_merge_params_dispose(libxl_snapshot_merge_params *params);

typedef struct libxl_snapshot_merge_result {
    char *domain;
    char *target;               /* the layer that has the data */
    int num_merged;             /* layers that are superfluous, the upper */
    char **merged;              /* ones first */
    int num_removed;            /* those that are deleted; dry run: that */
    char **removed;             /* will be if nobody needs them then */
    char *left;                 /* what is not, and why: a phrase; or NULL */
    uint64_t bytes;             /* that they have on their disks */
    bool moves;                 /* the domain is to have another disk than
                                 * the old one: */
    libxl_device_disk old_disk, disk;
    uint64_t total_us;
    uint64_t held_us;           /* of that, the guest's requests to the disk
                                 * had to wait */
    int num_steps;              /* the plan, a sentence a step */
    char **steps;
    char *plan_json;            /* the plan, for programs */
    bool signalled;             /* a signal came after the commit point */
} libxl_snapshot_merge_result;

void libxl_snapshot_merge_result_init(libxl_snapshot_merge_result *result);
void libxl_snapshot_merge_result_dispose(libxl_snapshot_merge_result *result);

/*
 * Merge layers of a disk, of a domain that runs or not.  What its chain shows
 * stays the same at every moment, whatever dies; what no layer that is
 * changed showed by itself, snapshots and other images least of all, may be
 * gone, so that a layer which one of these needs is refused.
 * @result_r must be initialised.
 *
 * Errors: ERROR_INVAL (refused), ERROR_ABORTED (a signal), ERROR_LOCK_FAIL,
 * ERROR_FAIL.  Signals are as with libxl_domain_snapshot_create().
 * Source: QEMU's jobs block-commit and block-stream; of a domain that is off
 * qemu-img commit and rebase.
 */
int libxl_snapshot_merge(libxl_snapshot_ctx *sc,
                      const libxl_snapshot_merge_params *params,
                      libxl_snapshot_merge_result *result_r);

#endif /* LIBXL_SNAPSHOT_MERGE_H */
