/* SPDX-License-Identifier: LGPL-2.1-only */
/* seams/own_file.h: a part of seams.h: files that we make, and remove. */
#ifndef SNAP_OWN_FILE_H
#define SNAP_OWN_FILE_H

#include "base/base.h"

int snap_file_create(libxl_snapshot_ctx *sc, const char *path,
                     const char *like, const char *content);
/* Open for writing the empty file that snap_file_create() made; fail if
 * somebody has put another file in its place. */
int snap_file_reopen(libxl_snapshot_ctx *sc, const char *path, int *fd_r);
/* Write @text over the whole file; its owner and mode stay. */
int snap_file_overwrite(libxl_snapshot_ctx *sc, const char *path,
                        const char *text);
int snap_file_unlink(libxl_snapshot_ctx *sc, const char *path);
/* Make a folder, 0700; succeeds if we have made it already. */
int snap_file_mkdir(libxl_snapshot_ctx *sc, const char *path);
int snap_file_rmdir(libxl_snapshot_ctx *sc, const char *path);
/* Let the file or device @path, and its name in its folder, be on the
 * disk. */
int snap_file_flush(libxl_snapshot_ctx *sc, const char *path);
int snap_file_publish(libxl_snapshot_ctx *sc, const char *path,
                      const char *to);

#endif /* SNAP_OWN_FILE_H */
