/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/own_file.h: a part of seams.h: files that we make, and remove.
 *
 * @made: the identity of the file or folder that we made; NULL: not known.
 */
#ifndef SNAP_OWN_FILE_H
#define SNAP_OWN_FILE_H

#include "base/base.h"

/* What tells the file or folder @path from another one that comes to its
 * place; NULL: there is none, or its file system does not tell. */
const char *snap_file_identity(libxl_snapshot_ctx *sc, const char *path);

/* Fail if another file than the one that we made is at @path. */
int snap_file_check_made(libxl_snapshot_ctx *sc, const char *path,
                         const char *made);

int snap_file_create(libxl_snapshot_ctx *sc, const char *path,
                     const char *like, const char *content);
/* Open for writing the empty file that snap_file_create() made; fail if
 * somebody has put another file in its place. */
int snap_file_reopen(libxl_snapshot_ctx *sc, const char *path,
                     const char *made, int *fd_r);
/* Write @text over the whole file; its owner and mode stay. */
int snap_file_overwrite(libxl_snapshot_ctx *sc, const char *path,
                        const char *made, const char *text);
/* Let the file or device @path, and its name in its folder, be on the
 * disk. */
int snap_file_flush(libxl_snapshot_ctx *sc, const char *path);
int snap_file_publish(libxl_snapshot_ctx *sc, const char *path,
                      const char *made, const char *to);
/* True if only @to is there.  Nothing can be done any more if that is
 * another file; it is told. */
bool snap_file_is_published(libxl_snapshot_ctx *sc, const char *path,
                            const char *made, const char *to);
/* Make a folder, 0700; succeeds if we have made it already. */
int snap_file_mkdir(libxl_snapshot_ctx *sc, const char *path);

/* Remove the file or the folder; succeeds if it is gone.  One that is not
 * ours is left, which is no failure: snap_tell_left().  If that is not
 * known, a file goes that is empty or has nothing but the beginning of
 * @content (which may be NULL), and any empty folder. */
int snap_file_unlink(libxl_snapshot_ctx *sc, const char *path,
                     const char *made, const char *content);
int snap_file_rmdir(libxl_snapshot_ctx *sc, const char *path,
                    const char *made);

#endif /* SNAP_OWN_FILE_H */
