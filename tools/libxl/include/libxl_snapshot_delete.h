/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snapshot_delete.h: deletes a snapshot.
 */
#ifndef LIBXL_SNAPSHOT_DELETE_H
#define LIBXL_SNAPSHOT_DELETE_H

#include <libxl_snapshot_chain.h>

typedef struct libxl_domain_snapshot_delete_params {
    char *config_path;          /* the snapshot config, which goes last; and
                                 * then its folder, if that has the
                                 * snapshot's name and is empty */
    bool keep_layers;           /* leave external disks as they are: a merge
                                 * has done what was to be done */
    bool keep_data;             /* leave the disks as they are: tags, volumes
                                 * and layers stay, but nothing tells any
                                 * more what they are */
    /* Where it stands who needs the images: a tag that another snapshot
     * config has, too, is not removed.  Stays the caller's; NULL: nowhere. */
    const libxl_snapshot_sources *sources;
    bool trust_folders;         /* as for a create */
    bool dry_run;
} libxl_domain_snapshot_delete_params;

void libxl_domain_snapshot_delete_params_init(
    libxl_domain_snapshot_delete_params *params);
void libxl_domain_snapshot_delete_params_dispose(
    libxl_domain_snapshot_delete_params *params);

/*
 * Delete @snap, whose domain may run or not: first what the disks have of it,
 * then its memory image and the xl.cfg that was kept with it, if these are in
 * the folder of the snapshot config, then the config.  What is gone already
 * is no failure; what is another one by now is refused.  Everything that can
 * be checked is checked before the first is removed; from then on the command
 * can only be completed.  Of the result @snapshot.name, the steps and
 * @signalled are filled in; @result_r must be initialised.
 *
 * Errors: ERROR_INVAL (refused), ERROR_LOCK_FAIL, ERROR_ABORTED, ERROR_FAIL.
 * Source: QMP blockdev-snapshot-delete-internal-sync; qemu-img snapshot -d;
 * lvremove; the verb delete of hooks.
 */
int libxl_domain_snapshot_delete(
    libxl_snapshot_ctx *sc, const libxl_domain_snapshot *snap,
    const libxl_domain_snapshot_delete_params *params,
    libxl_domain_snapshot_result *result_r);

#endif /* LIBXL_SNAPSHOT_DELETE_H */
