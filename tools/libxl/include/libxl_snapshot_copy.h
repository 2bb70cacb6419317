/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snapshot_copy.h: a disk copied to another image, while its guest
 * runs or not; and moved there.  Included by libxl_snapshot.h.
 */
#ifndef LIBXL_SNAPSHOT_COPY_H
#define LIBXL_SNAPSHOT_COPY_H

#include <libxl_snapshot_chain.h>

typedef struct libxl_snapshot_copy_params {
    char *vdev;
    /* The domain that runs; or the config of one that does not, of which
     * name and disks are used, and which stays the caller's. */
    uint32_t domid;
    const libxl_domain_config *config;      /* NULL: it runs */
    char *path;                 /* the copy: a file that is made, or with
                                 * @reuse a file or a block device */
    libxl_disk_format format;   /* raw or qcow2; 0: the disk's, if it is one
                                 * of these, else qcow2; of a device raw */
    bool shallow;               /* only what the active layer has: the copy
                                 * stands on the layer below it */
    bool reuse;                 /* the copy exists: what is in it is lost */
    bool pivot;                 /* the domain goes on with the copy, which
                                 * else is of the instant at which it was
                                 * complete */
    bool remove;                /* with @pivot: the layers that the copy does
                                 * not stand on, afterwards */
    uint64_t speed;             /* of a domain that runs: bytes a second, at
                                 * most; 0: as fast as it goes */
    /* The domain's xl.cfg; NULL: it has none.  With @pivot the text that
     * names the copy there; NULL: the caller's user writes it himself. */
    char *config_path, *config_text;
    /* Where it stands who needs the images, those that are deleted or written
     * over among them.  Stays the caller's. */
    const libxl_snapshot_sources *sources;
    bool trust_folders;         /* as for a create */
    bool dry_run;
} libxl_snapshot_copy_params;

void libxl_snapshot_copy_params_init(libxl_snapshot_copy_params *params);
void libxl_snapshot_copy_params_dispose(libxl_snapshot_copy_params *params);

typedef struct libxl_snapshot_copy_result {
    char *domain;
    libxl_device_disk old_disk;
    libxl_device_disk disk;     /* as the domain has it with the copy */
    char *base;                 /* that the copy stands on; or NULL */
    int num_old;                /* with @pivot: the layers that the disk */
    char **old;                 /* leaves behind, the upper ones first */
    int num_removed;            /* those that are deleted; dry run: that */
    char **removed;             /* will be if nobody needs them then */
    uint64_t bytes;             /* that are copied, at most */
    int num_tags;               /* internal snapshots of the active layer: */
    char **tags;                /* the copy has them not */
    char *left;                 /* what stays, and why; or NULL */
    uint64_t total_us;
    uint64_t held_us;           /* of that, the guest's requests to the disk
                                 * had to wait */
    int num_steps;              /* the plan, a sentence a step */
    char **steps;
    char *plan_json;            /* the plan, for programs */
    bool signalled;             /* a signal came after the commit point */
} libxl_snapshot_copy_result;

void libxl_snapshot_copy_result_init(libxl_snapshot_copy_result *result);
void libxl_snapshot_copy_result_dispose(libxl_snapshot_copy_result *result);

/*
 * Copy a disk of a domain, which runs or not.  The disk, and all that its
 * chain has, stays as it is; what the guest writes while data is copied is
 * in the copy, too.  A copy that fails, or is cut off, is removed; with
 * @reuse it stays, and its content is undefined.  The old image of a disk
 * that has been moved is made unwritable: nothing may start on it.
 * @result_r must be initialised.
 *
 * Errors: ERROR_INVAL (refused), ERROR_ABORTED (a signal), ERROR_LOCK_FAIL,
 * ERROR_FAIL.  Signals are as with libxl_domain_snapshot_create().
 * Source: QEMU's job blockdev-mirror, ended by job-complete, or by
 * block-job-cancel without force; of a domain that is off qemu-img convert.
 */
int libxl_snapshot_copy(libxl_snapshot_ctx *sc,
                        const libxl_snapshot_copy_params *params,
                        libxl_snapshot_copy_result *result_r);

#endif /* LIBXL_SNAPSHOT_COPY_H */
