/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/files.h: files and devices: opened, made, locked, told apart.
 */
#ifndef SNAP_FILES_H
#define SNAP_FILES_H

#include "base/base.h"

#include <stdio.h>

/*-- seam: open, paths that others cannot bend ------------------------------*/

/*
 * Like open(2), with mode 0600 and O_CLOEXEC, but only a file, a folder or
 * a block device is opened; and a symbolic link is followed only if nobody
 * but root, or we, can have put it there; and with O_NOFOLLOW or O_EXCL not
 * at the end of @path.  Never waits.  A pipe without a name, /dev/fd/63,
 * may be read, and may have nothing yet.  Returns -1 and sets errno.
 */
int snap_open(libxl_snapshot_ctx *sc, const char *path, int flags);
/*
 * The same of what nobody but root, or we, can have written: nobody else
 * can write to the file or folder itself, to a folder on the way there, or
 * to one on the way of a symbolic link; in a sticky folder others can have
 * files of their own.  *why_r: why it cannot be opened, and what to do.
 */
int snap_open_trusted(libxl_snapshot_ctx *sc, const char *path, int flags,
                      const char **why_r);
/* As snap_open(), but for *doubt_r: why it would not be trusted; or
 * NULL. */
int snap_open_doubted(libxl_snapshot_ctx *sc, const char *path, int flags,
                      const char **doubt_r);
/* Why others can have written what is at @path, and what to do; NULL: they
 * cannot, and so it may be used by its path; or there is nothing. */
const char *snap_open_doubt(libxl_snapshot_ctx *sc, const char *path);
/* Why others can put another thing at @path, whoever may write to what is
 * there now; NULL: they cannot.  @instead: what can be done instead of
 * taking it from them, for the message. */
const char *snap_open_doubt_place(libxl_snapshot_ctx *sc, const char *path,
                                  const char *instead);
/* The same of @path where a file is made that is given to the owner of
 * @like: in a sticky folder he can then put another one in its place. */
const char *snap_open_doubt_new(libxl_snapshot_ctx *sc, const char *path,
                                const char *like, const char *instead);
/* The same as snap_open(), of an image or another path that QEMU, xl or LVM
 * follows: by whatever links. */
int snap_open_image(const char *path, int flags);
/* Open a file of lines; NULL: it cannot be. */
FILE *snap_open_lines(const char *path);
/* What is at @name in the folder @dir, O_PATH: no more than looked at. */
int snap_open_at(int dir, const char *name);
/* Open /dev/null. */
int snap_open_null(void);
/* Have the standard file @fd open, if only /dev/null, by @flags.  Those
 * below it are. */
void snap_open_missing(int fd, int flags);
/* The errno of these, or of a call after them, in words. */
const char *snap_open_why(void);

/*-- seam: file -------------------------------------------------------------*/

/*
 * Make @path unwritable, even for root and its QEMU, which modes do not
 * stop: immutable if the file system can do that (undone by "chattr -i"),
 * else without any write bit.  Block devices are left as they are: LVM
 * freezes volumes.  On the disk when it returns.  Fails if the file is not
 * the one of @identity, see snap_image_identity(); NULL: not known.
 */
int snap_file_freeze(libxl_snapshot_ctx *sc, const char *path,
                     const char *identity);
/* Undo that: any process that may write to files can. */
int snap_file_unfreeze(libxl_snapshot_ctx *sc, const char *path,
                       const char *identity);
bool snap_file_is_frozen(const char *path);
/* How many names the file has; 1 of what is none. */
unsigned int snap_file_num_names(const char *path);
/* True if snap_file_freeze(), or LVM, has something to do yet. */
bool snap_file_needs_freeze(const char *path);
/* True if not even root can write to @path: it is immutable, or a device
 * that is read-only. */
bool snap_file_stops_root(const char *path);
/* Make a file immutable for a time, and writable again.  Its mode stays, so
 * that a file system without that flag, or a device, has no fence. */
int snap_file_fence(libxl_snapshot_ctx *sc, const char *path,
                    const char *identity);
int snap_file_unfence(libxl_snapshot_ctx *sc, const char *path,
                      const char *identity);
bool snap_file_is_fenced(const char *path);
bool snap_file_exists(const char *path);
/* True if @path leads to a file that everybody on this host may read, and
 * root alone can put another one in its place. */
bool snap_file_is_public(libxl_snapshot_ctx *sc, const char *path);
/* True if both are files, and in one folder, wherever links lead. */
bool snap_file_is_beside(libxl_snapshot_ctx *sc, const char *a,
                         const char *b);
/* True if both name one file or device, which need not exist. */
bool snap_file_is_same(const char *a, const char *b);
/* The first bytes of @fd, if the kernel has them at hand; else false, since
 * to read them may take as long as the storage likes. */
#define SNAP_PEEK_BYTES 4096
bool snap_file_peek(libxl_snapshot_ctx *sc, int fd, char **head_r,
                    size_t *len_r);
/* True if both are there, and @path was last written to before @than. */
bool snap_file_is_older(const char *path, const char *than);
/* Fail if a thing is at @path for which a program that opens it might wait
 * or which acts, such as a fifo or a character device. */
int snap_file_check_plain(libxl_snapshot_ctx *sc, const char *path);
const char *snap_file_dirname(libxl_snapshot_ctx *sc, const char *path);
/* Free bytes for root on the file system of folder @path. */
int snap_file_space(libxl_snapshot_ctx *sc, const char *path,
                    uint64_t *bytes_r);
/* Read a whole file of at most @max bytes, NUL-terminated.  A pipe may
 * take SNAP_WAIT_PIPE for its next bytes.  *doubt_r, unless NULL: why
 * others may have written it, as snap_open_doubted(); or NULL. */
int snap_file_read(libxl_snapshot_ctx *sc, const char *path, size_t max,
                   char **text_r, const char **doubt_r);
/* Read a file up to its first zero: after a power cut a file has its
 * length, but the part that the kernel had not written yet reads as zeros
 * (ext4).  *more_r, unless NULL: there is something else behind them. */
int snap_file_read_written(libxl_snapshot_ctx *sc, const char *path,
                           size_t max, char **text_r, bool *more_r,
                           const char **doubt_r);
int snap_file_write_all(int fd, const void *buf, size_t len);

/* What tells a file from another without reading all of it.  The dates,
 * mtime and ctime, say nothing for a device. */
struct snap_file_print {
    bool is_device;
    uint64_t bytes;
    uint64_t inode, written, written_nsec, changed, changed_nsec;
    const char *writes;         /* a device's, as counted; NULL: unknown */
    uint64_t head, tail;        /* XXH3 of its first and of its last 64 KiB */
};
int snap_file_print(libxl_snapshot_ctx *sc, const char *path,
                    struct snap_file_print *print_r);
/* True if the kernel counts writes to the block device, and knows of none
 * since that was activated in this boot. */
bool snap_device_is_unwritten(libxl_snapshot_ctx *sc, int major, int minor);

/*-- seam: same_file, what a path leads to ----------------------------------*/

/* @path without symbolic links on the way to the file, and to it; also of
 * one that does not exist.  A device keeps its name: what its links lead to
 * is another one in another boot. */
const char *snap_file_true_path(libxl_snapshot_ctx *sc, const char *path);
/* What tells the file or device that @path leads to from any other,
 * whatever names it has: in each boot, and on each host that has it, where
 * its storage tells that, else in this boot alone.  NULL: there is none. */
const char *snap_file_lasting_id(libxl_snapshot_ctx *sc, const char *path);

/* The file behind the loop device @dev; NULL: it is none. */
const char *snap_file_of_loop(libxl_snapshot_ctx *sc, dev_t dev);

/*-- seam: own_file, files that we make, and remove -------------------------*/

/* @made: the identity of the file or folder that we made; NULL: not known. */

/* What tells the file or folder @path from another one that comes to its
 * place; NULL: there is none, or its file system does not tell. */
const char *snap_file_identity(libxl_snapshot_ctx *sc, const char *path);
/* The same of the file behind a symbolic link. */
const char *snap_file_identity_behind(libxl_snapshot_ctx *sc,
                                      const char *path);

/* The same of the file to which an image's path leads, by whatever links;
 * NULL for a device, whose node may be another one after each boot. */
const char *snap_image_identity(libxl_snapshot_ctx *sc, const char *path);
bool snap_image_is_made(libxl_snapshot_ctx *sc, const char *path,
                        const char *identity);
/* True if the open file @fd is the one of @identity. */
bool snap_fd_is_made(libxl_snapshot_ctx *sc, int fd, const char *identity);
/* True if @text is an identity of a file, of whichever; of one that has
 * this @inode. */
bool snap_file_is_identity(const char *text);
bool snap_file_is_identity_of(libxl_snapshot_ctx *sc, const char *text,
                              uint64_t inode);

/* True if the file or folder @path is the one that we made. */
bool snap_file_is_made(libxl_snapshot_ctx *sc, const char *path,
                       const char *made);
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
/* The same by a new file in its place: all of one or of the other is there,
 * whatever stops in the middle. */
int snap_file_rewrite(libxl_snapshot_ctx *sc, const char *path,
                      const char *text);
/* Let the file or device @path, and its name in its folder, be on the
 * disk. */
int snap_file_flush(libxl_snapshot_ctx *sc, const char *path);
int snap_file_publish(libxl_snapshot_ctx *sc, const char *path,
                      const char *made, const char *to);
/* The same, but in the place of the file @to. */
int snap_file_replace(libxl_snapshot_ctx *sc, const char *path,
                      const char *made, const char *to);
/* True if only @to is there.  Nothing can be done any more if that is
 * another file; it is told. */
bool snap_file_is_published(libxl_snapshot_ctx *sc, const char *path,
                            const char *made, const char *to);
/* Make a folder, 0700; succeeds if we have made it already. */
int snap_file_mkdir(libxl_snapshot_ctx *sc, const char *path);

/* What is known of a file that we made. */
struct snap_file_own {
    const char *made;
    const char *content;        /* what was to be written; or NULL */
    bool is_overlay;            /* into which a guest may have written */
    const char *users;          /* "qemu-nbd (pid 412)"; NULL: none */
};
/* Remove the file or the folder; succeeds if it is gone.  Left, which is no
 * failure, and told of (snap_tell_left()) is one that is not ours; is in
 * use; or has more than what we put there: an overlay with a guest's data,
 * or what is not a beginning of its content.  If it is not known to be
 * ours, it goes if it has nothing but such a beginning; a folder, if it is
 * empty. */
int snap_file_unlink(libxl_snapshot_ctx *sc, const char *path,
                     const struct snap_file_own *own);
int snap_file_rmdir(libxl_snapshot_ctx *sc, const char *path,
                    const char *made);

/*-- seam: empty, whether a file has more than what we put there ------------*/

/* True if @fd is a qcow2 or differencing vhd without any data of its own;
 * or has zeros alone, as a power cut leaves one. */
bool snap_file_is_empty_overlay(int fd);
/* Set *used_r: the overlay @path has data of its own; not so of one that does
 * not exist. */
int snap_file_is_used_overlay(libxl_snapshot_ctx *sc, const char *path,
                              bool *used_r);
/* False if the image @path, raw or a qcow2, is new: as it was made. */
bool snap_file_has_data(const char *path);
/* True if @fd has nothing but a beginning of @content; NULL: nothing. */
bool snap_file_has_no_more(int fd, const char *content);

/*-- seam: lock -------------------------------------------------------------*/

/*
 * Take flock(2) on @path, which may be unlinked by a holder; wait at most
 * @timeout_ms.  *fd_r is closed by snap_lock_release().
 * Errors: ERROR_LOCK_FAIL, with the holder named.
 */
int snap_lock(libxl_snapshot_ctx *sc, const char *path, int timeout_ms,
              const char *what, int *fd_r);
/* @unlink_path: remove the file first, as libxl does with its own; or
 * NULL. */
void snap_lock_release(int *fd, const char *unlink_path);
/* Take the lock of an operation on a domain; @id is its uuid, or its name
 * if it does not run.  Errors: ERROR_LOCK_FAIL, with the holder named. */
int snap_lock_domain(libxl_snapshot_ctx *sc, const char *id, int *fd_r);
/* Take both locks, by uuid and by name (either may be NULL): another
 * command may know a domain that does not run by either. */
int snap_lock_domain_both(libxl_snapshot_ctx *sc, const char *uuid_str,
                          const char *name, int *uuid_fd_r,
                          int *name_fd_r);

/*-- seam: vhd, the footer of a vhd -----------------------------------------*/

/* The kind of vhd, from its footer. */
enum snap_vhd {
    SNAP_VHD_NONE,                  /* the disk is not a vhd */
    SNAP_VHD_PLAIN,                 /* fixed or dynamic: complete by itself */
    SNAP_VHD_DIFFERENCING,          /* a part of its data is in a parent
                                     * vhd */
    SNAP_VHD_BAD,                   /* damaged, or not a vhd at all */
};

int snap_vhd_read(libxl_snapshot_ctx *sc, const char *path,
                  enum snap_vhd *vhd_r);

/*-- seam: image, the memory image's file -----------------------------------*/

/* Make the part of a memory image that comes before libxl's stream: xl's
 * header and the config @json. */
void snap_memory_image_header(libxl_snapshot_ctx *sc, const char *json,
                              const void **head_r, size_t *len_r);
/*
 * Open @path, a complete memory image, which nobody but root can have
 * written.  *json_r gets the config in it; *fd_r is at libxl's stream.
 */
int snap_memory_image_open(libxl_snapshot_ctx *sc, const char *path,
                           char **json_r, int *fd_r);
/* Check that it can be. */
int snap_memory_image_check(libxl_snapshot_ctx *sc, const char *path,
                            char **json_r);

#endif /* SNAP_FILES_H */
