/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/refuse.h: what several operations refuse.
 */
#ifndef SNAP_FACTS_REFUSE_H
#define SNAP_FACTS_REFUSE_H

#include "facts/domain.h"
#include "facts/images.h"

/*-- refuse: what several operations refuse, each a sentence ----------------*/

/* Refuse a domain that neither runs nor is paused. */
int snap_refuse_not_alive(libxl_snapshot_ctx *sc,
                          const struct snap_domain *dom);
/* Refuse a domain whose disks cannot be switched. */
int snap_refuse_domain(libxl_snapshot_ctx *sc,
                       const struct snap_domain *dom);
/* Refuse a domain that the process @saver, if there is one, saves or
 * migrates. */
int snap_refuse_saver(libxl_snapshot_ctx *sc, const char *domain,
                      pid_t saver);
/* Refuse a snapshot that is not complete enough for a revert. */
int snap_refuse_snapshot(libxl_snapshot_ctx *sc,
                         const libxl_domain_snapshot *snap);
/* Refuse if others could put another file in the place of the disk's image,
 * or of its new one. */
int snap_refuse_place(libxl_snapshot_ctx *sc, const struct snap_disk_op *op,
                      bool trust_folders);
/* Refuse if somebody else uses one of @layers. */
int snap_refuse_used(libxl_snapshot_ctx *sc,
                     const struct snap_layers *layers);
/* Refuse if one of @layers names another file than the domain has open. */
int snap_refuse_not_open(libxl_snapshot_ctx *sc,
                         const struct snap_layers *layers);
/* Refuse if xl would miss a file of @boot; @config_path names in messages
 * where the paths stand. */
int snap_refuse_boot(libxl_snapshot_ctx *sc, const char *config_path,
                     const struct snap_boot *boot);
int snap_refuse_no_room(libxl_snapshot_ctx *sc,
                        const struct snap_boot *boot);
/* Refuse devices whose state no snapshot has; unless the user allows that
 * (@allowed). */
int snap_refuse_uncaptured(libxl_snapshot_ctx *sc,
                           const struct snap_uncaptured *u, bool allowed);
/* Refuse a revert for the writable disk @vdev, which @snap lacks; unless
 * @snap left it out on purpose and the user allows that (@allowed). */
int snap_refuse_left_out(libxl_snapshot_ctx *sc,
                         const libxl_domain_snapshot *snap,
                         const char *vdev, bool allowed);
/* The folders where xendomains leaves the memory of domains. */
#define SNAP_SAVED_FOLDERS 3
int snap_saved_folders(libxl_snapshot_ctx *sc,
                       const char *folders_r[SNAP_SAVED_FOLDERS],
                       int *num_r);
/* Find the memory of the domain @name that xendomains has; *path_r: NULL if
 * it has none. */
int snap_saved_find(libxl_snapshot_ctx *sc, const char *name,
                    const char **path_r);
/* Refuse to change the disks of a domain that does not run while
 * xendomains has its memory. */
int snap_saved_refuse(libxl_snapshot_ctx *sc, const char *name);

#endif /* SNAP_FACTS_REFUSE_H */
