/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_block_chain.h: the images of disks, and where it stands who needs
 * them. */
#ifndef XL_BLOCK_CHAIN_H
#define XL_BLOCK_CHAIN_H

#include <libxl_snapshot.h>

#include "xl_snapshot.h"

struct json;

/* xl_block_sources.c: all files of this host that may need an image: the
 * snapshot configs in the default place and in @directory (may be NULL),
 * the xl.cfg files in Xen's folders, and @domain_config (may be NULL).
 * @sources_r is to be disposed of. */
void block_sources_find(const char *directory, const char *domain_config,
                        libxl_snapshot_sources *sources_r);
/* Add the snapshot configs beside @config, unless it is among them. */
void block_sources_add_beside(libxl_snapshot_sources *sources,
                              const char *config);
/* Add the xl.cfg @path (may be NULL), unless it is among them. */
void block_sources_add_file(libxl_snapshot_sources *sources,
                            const char *path);

/* Complain and return -1 if no snapshot is in @directory (may be NULL),
 * which somebody has named so that those in it are looked at. */
int block_sources_check(const struct session *s, const char *directory);
/* Add the files that --disregard names. */
void block_sources_disregard(libxl_snapshot_sources *sources,
                             const struct common_options *o);

/* xl_block_chain.c: describe the images of @target's disks; @config: its
 * xl.cfg, if that is known.  Complains and returns -1 if that fails. */
int block_chain_find(const struct session *s, const char *directory,
                     const char *config,
                     const struct domain_target *target,
                     libxl_snapshot_chain *chain);

/* xl_block_chain_print.c */

/* Print the trees of all disks, or of the disk @vdev. */
void print_chain_text(const libxl_snapshot_chain *chain,
                      const char *vdev);
void print_chain_json(const libxl_snapshot_chain *chain,
                      const char *vdev);
/* Print the images that are left over, if there are any: of all disks, or
 * of @vdev; and in JSON as an array. */
void print_leftovers_text(const libxl_snapshot_chain *chain,
                          const char *vdev);
void print_leftovers_json(struct json *j,
                          const libxl_snapshot_chain *chain);

#endif /* XL_BLOCK_CHAIN_H */
