/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/own_file.c: files of our own: made only where nothing exists,
 * written under a temporary name, fsynced, renamed without replacing
 * anything.
 *
 * A path does not tell if the file there is still ours.  Its identity
 * does: the number of its inode, which another file may get when it is
 * gone, and the time of its birth, to the nanosecond; where the file
 * system keeps none, the kernel's handle, which is never given twice.
 * Neither changes when the file is written, renamed or linked.  A file is
 * held open from the comparison to its removal, so that meanwhile no other
 * can get its inode.
 */
#include "seams/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN_REPLACED    "somebody has put another file in its place"
/* The folder may come from a backup. */
#define OWN_COPY        "; if that is a copy of it, rename it yourself, " \
                        "without .partial, then run xl snapshot-recover again"

/*-- identity ---------------------------------------------------------------*/

static const char *own_handle(libxl_snapshot_ctx *sc, int fd)
{
    struct file_handle *h = snap_zalloc(sc, sizeof(*h) + MAX_HANDLE_SZ);
    const char *hex = "";
    int mount;
    unsigned int i;

    h->handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(fd, "", h, &mount, AT_EMPTY_PATH)) return NULL;
    for (i = 0; i < h->handle_bytes; i++)
        hex = snap_sprintf(sc, "%s%02x", hex, h->f_handle[i]);
    return snap_sprintf(sc, "handle %d %s", h->handle_type, hex);
}

/* The identity of an open file; NULL: the file system does not tell. */
static const char *own_identity(libxl_snapshot_ctx *sc, int fd)
{
    struct statx st;
    const char *handle;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st))
        return NULL;
    if (st.stx_mask & STATX_BTIME)
        return snap_sprintf(sc, "inode %" PRIu64 " born %" PRId64 ".%09u",
                            (uint64_t)st.stx_ino,
                            (int64_t)st.stx_btime.tv_sec,
                            st.stx_btime.tv_nsec);
    handle = own_handle(sc, fd);
    return handle ? snap_sprintf(sc, "inode %" PRIu64 " %s",
                                 (uint64_t)st.stx_ino, handle) : NULL;
}

/* Another kernel may tell the birth, and this one the handle, or the
 * other way round: the inode decides then. */
static bool own_is_same(const char *now, const char *made)
{
    char inode[2][32], kind[2][8];

    if (!now || !made || !strcmp(now, made)) return now && made;
    return sscanf(now, "inode %31s %7s", inode[0], kind[0]) == 2
        && sscanf(made, "inode %31s %7s", inode[1], kind[1]) == 2
        && !strcmp(inode[0], inode[1]) && strcmp(kind[0], kind[1]);
}

bool snap_file_is_identity(const char *text)
{
    return !strncmp(text, "inode ", strlen("inode "));
}

bool snap_file_is_identity_of(libxl_snapshot_ctx *sc, const char *text,
                              uint64_t inode)
{
    const char *begin = snap_sprintf(sc, "inode %" PRIu64 " ", inode);

    return !strncmp(text, begin, strlen(begin));
}

bool snap_fd_is_made(libxl_snapshot_ctx *sc, int fd, const char *made)
{
    return own_is_same(own_identity(sc, fd), made);
}

static const char *own_identity_at(libxl_snapshot_ctx *sc,
                                   const char *path, int flags)
{
    int fd = snap_open(sc, path, O_PATH | flags);
    const char *identity = fd < 0 ? NULL : own_identity(sc, fd);

    if (fd >= 0) close(fd);
    return identity;
}

const char *snap_file_identity(libxl_snapshot_ctx *sc, const char *path)
{
    return own_identity_at(sc, path, O_NOFOLLOW);
}

const char *snap_file_identity_behind(libxl_snapshot_ctx *sc,
                                      const char *path)
{
    return own_identity_at(sc, path, 0);
}

const char *snap_image_identity(libxl_snapshot_ctx *sc, const char *path)
{
    int fd = libxl_snapshot_open_file(path);
    const char *identity = fd < 0 ? NULL : own_identity(sc, fd);

    if (fd >= 0) close(fd);
    return identity;
}

bool snap_image_is_made(libxl_snapshot_ctx *sc, const char *path,
                        const char *identity)
{
    return own_is_same(snap_image_identity(sc, path), identity);
}

bool snap_file_is_made(libxl_snapshot_ctx *sc, const char *path,
                       const char *made)
{
    return own_is_same(snap_file_identity(sc, path), made);
}

int snap_file_check_made(libxl_snapshot_ctx *sc, const char *path,
                         const char *made)
{
    if (!made || snap_file_is_made(sc, path, made)) return 0;
    return snap_fail(sc, ERROR_FAIL, "cannot use %s: " OWN_REPLACED, path);
}

/*-- removing ---------------------------------------------------------------*/

/* Open for reading the file that @fd is, whatever is at its path by now. */
static int own_reopen(libxl_snapshot_ctx *sc, int fd)
{
    struct stat st;

    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) return -1;
    return snap_open_image(snap_sprintf(sc, "/proc/self/fd/%d", fd),
                           O_RDONLY);
}

/* True if the file has nothing that is not ours.  Without an identity we
 * may have made it, and not come further. */
static bool own_has_no_more(libxl_snapshot_ctx *sc, int fd,
                            const struct snap_file_own *own)
{
    int in = own_reopen(sc, fd);
    bool is_so = true;

    if (in < 0) return false;
    if (!own->made || own->content)
        is_so = snap_file_has_no_more(in, own->content);
    else if (own->is_overlay)
        is_so = snap_file_is_empty_overlay(in);
    close(in);
    return is_so;
}

/* The reason to leave the file, or with @flags the folder, in words that
 * follow its name; NULL: there is none. */
static const char *own_why_left(libxl_snapshot_ctx *sc, int fd,
                                const struct snap_file_own *own, int flags)
{
    const char *what = flags ? "folder" : "file";

    if (own->made && !snap_fd_is_made(sc, fd, own->made))
        return snap_sprintf(sc, "is not the %s that the command has made",
                            what);
    if (own->users)
        return snap_sprintf(sc, "is in use by %s; remove it if nobody needs "
                            "it", own->users);
    if (flags || own_has_no_more(sc, fd, own)) return NULL;
    return own->made
        ? "was written to since; remove it if you do not need what is in it"
        : snap_sprintf(sc, "may not be the %s that the command has made; "
                       "if you have not put it there, remove it", what);
}

static int own_remove_at(libxl_snapshot_ctx *sc, int dir, const char *path,
                         const struct snap_file_own *own, int flags)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    int fd = snap_open_at(dir, name), r = 0;
    const char *why;

    if (fd < 0) return -1;
    why = own_why_left(sc, fd, own, flags);
    if (why) snap_tell_left(sc, "%s %s", path, why);
    else r = unlinkat(dir, name, flags);
    close(fd);
    return r;
}

static int own_remove(libxl_snapshot_ctx *sc, const char *path,
                      const struct snap_file_own *own, int flags)
{
    int dir = snap_open(sc, snap_file_dirname(sc, path),
                        O_PATH | O_DIRECTORY), r = -1;

    if (dir >= 0) r = own_remove_at(sc, dir, path, own, flags);
    if (r && errno == ENOENT) r = 0;
    /* a folder that is not empty stays: somebody else has put a file
     * there */
    if (r && errno == ENOTEMPTY && flags) r = 0;
    if (r)
        snap_fail(sc, ERROR_FAIL, "cannot remove %s%s: %s",
                  flags ? "the folder " : "", path, snap_open_why());
    if (dir >= 0) close(dir);
    return r ? ERROR_FAIL : 0;
}

int snap_file_unlink(libxl_snapshot_ctx *sc, const char *path,
                     const struct snap_file_own *own)
{
    return own_remove(sc, path, own, 0);
}

int snap_file_rmdir(libxl_snapshot_ctx *sc, const char *path,
                    const char *made)
{
    const struct snap_file_own own = { .made = made };

    return own_remove(sc, path, &own, AT_REMOVEDIR);
}

/*-- making -----------------------------------------------------------------*/

/* Give the file the owner and mode of @like: an overlay belongs to the
 * owner of its base. */
static int own_take_after(int fd, const char *like)
{
    struct stat st;

    if (stat(like, &st)) return -1;
    if (S_ISBLK(st.st_mode)) return 0;
    if (fchown(fd, st.st_uid, st.st_gid)) return -1;
    return fchmod(fd, (st.st_mode & 0777) | 0600);
}

int snap_file_create(libxl_snapshot_ctx *sc, const char *path,
                     const char *like, const char *content)
{
    int fd = snap_open(sc, path, O_WRONLY | O_CREAT | O_EXCL);
    struct snap_file_own own = { .content = content };
    int rc = 0;

    if (fd < 0)
        return snap_fail(sc, ERROR_FAIL, "cannot create %s: %s", path,
                         snap_open_why());
    own.made = own_identity(sc, fd);
    if ((like && own_take_after(fd, like))
        || (content && snap_file_write_all(fd, content, strlen(content))))
        rc = snap_fail(sc, ERROR_FAIL, "cannot write %s: %s", path,
                       strerror(errno));
    if (close(fd) && !rc)
        rc = snap_fail(sc, ERROR_FAIL, "cannot write %s: %s", path,
                       strerror(errno));
    if (rc) snap_file_unlink(sc, path, &own);
    return rc;
}

/* Open for writing a file that we made; fail if somebody has put another
 * one in its place. */
static int own_open(libxl_snapshot_ctx *sc, const char *path,
                    const char *made, bool empty, int *fd_r)
{
    int fd = snap_open(sc, path, O_WRONLY | O_NOFOLLOW);
    struct stat st;

    *fd_r = -1;
    if (fd < 0)
        return snap_fail(sc, ERROR_FAIL, "cannot write %s: %s", path,
                         snap_open_why());
    if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid()
        && !(empty && st.st_size)
        && (made ? snap_fd_is_made(sc, fd, made) : st.st_nlink == 1)) {
        *fd_r = fd;
        return 0;
    }
    close(fd);
    return snap_fail(sc, ERROR_FAIL,
                     "cannot write %s: " OWN_REPLACED "%s", path,
                     empty ? "" : OWN_COPY);
}

int snap_file_reopen(libxl_snapshot_ctx *sc, const char *path,
                     const char *made, int *fd_r)
{
    return own_open(sc, path, made, true, fd_r);
}

/* True if nobody else can put anything into the folder @path. */
static bool own_is_folder(const char *path)
{
    struct stat st;

    return !lstat(path, &st) && S_ISDIR(st.st_mode)
           && st.st_uid == geteuid() && !(st.st_mode & 022);
}

int snap_file_mkdir(libxl_snapshot_ctx *sc, const char *path)
{
    /* the folder may exist by now: our journal has a part of the same
     * path */
    if (!mkdir(path, 0700)
        || (errno == EEXIST && own_is_folder(path)))
        return 0;
    return snap_fail(sc, ERROR_FAIL, "cannot create the folder %s: %s", path,
                     strerror(errno));
}

static int own_sync_path(libxl_snapshot_ctx *sc, const char *path,
                         int flags)
{
    int fd = snap_open(sc, path, flags), r;

    if (fd < 0) return -1;
    r = fsync(fd);
    close(fd);
    return r;
}

int snap_file_flush(libxl_snapshot_ctx *sc, const char *path)
{
    if (!own_sync_path(sc, path, O_RDONLY)
        && !own_sync_path(sc, snap_file_dirname(sc, path),
                          O_RDONLY | O_DIRECTORY))
        return 0;
    return snap_fail(sc, ERROR_FAIL, "cannot flush %s to the disk: %s", path,
                     snap_open_why());
}

/* Rename @path to @to, which must not exist.  NFS has no RENAME_NOREPLACE;
 * vfat and exfat by FUSE have no hard links either: in a folder of root's
 * nobody makes @to between the look and the rename. */
static int own_rename_onto_nothing(const char *path, const char *to)
{
    if (!renameat2(AT_FDCWD, path, AT_FDCWD, to, RENAME_NOREPLACE))
        return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    if (!link(path, to)) return unlink(path);
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return -1;
    if (!snap_file_exists(to)) return rename(path, to);
    errno = EEXIST;
    return -1;
}

/* True if @to is another name of the open file: we were killed between
 * link() and unlink(). */
static bool own_has_name(int fd, const char *to)
{
    struct stat st, other;

    return !fstat(fd, &st) && !lstat(to, &other) && st.st_dev == other.st_dev
        && st.st_ino == other.st_ino;
}

/* @over: a file that is at @to goes. */
static int own_publish(libxl_snapshot_ctx *sc, const char *path,
                       const char *made, const char *to, bool over)
{
    int fd = snap_open(sc, path, O_RDONLY | O_NOFOLLOW), r = -1;
    const char *why = NULL;

    if (fd >= 0 && made && !snap_fd_is_made(sc, fd, made))
        why = OWN_REPLACED OWN_COPY;
    else if (fd >= 0 && !fsync(fd))
        r = own_has_name(fd, to) ? unlink(path)
            : over ? rename(path, to) : own_rename_onto_nothing(path, to);
    if (!r)
        r = own_sync_path(sc, snap_file_dirname(sc, to),
                          O_RDONLY | O_DIRECTORY);
    if (r)
        snap_fail(sc, ERROR_FAIL, "cannot rename %s to %s: %s", path, to,
                  why ? why : snap_open_why());
    if (fd >= 0) close(fd);
    return r ? ERROR_FAIL : 0;
}

int snap_file_publish(libxl_snapshot_ctx *sc, const char *path,
                      const char *made, const char *to)
{
    return own_publish(sc, path, made, to, false);
}

int snap_file_replace(libxl_snapshot_ctx *sc, const char *path,
                      const char *made, const char *to)
{
    return own_publish(sc, path, made, to, true);
}

bool snap_file_is_published(libxl_snapshot_ctx *sc, const char *path,
                            const char *made, const char *to)
{
    if (snap_file_exists(path) || !snap_file_exists(to)) return false;
    if (made && !snap_file_is_made(sc, to, made))
        snap_tell_left(sc, "%s is gone, and %s is not the file that the "
                       "command has made", path, to);
    return true;
}

int snap_file_overwrite(libxl_snapshot_ctx *sc, const char *path,
                        const char *made, const char *text)
{
    int fd, rc = own_open(sc, path, made, false, &fd);

    if (rc) return rc;
    if (ftruncate(fd, 0) || snap_file_write_all(fd, text, strlen(text))
        || fsync(fd))
        rc = snap_fail(sc, ERROR_FAIL, "cannot write %s: %s", path,
                       strerror(errno));
    close(fd);
    return rc;
}

/* What is left of an earlier attempt has a name that is ours. */
int snap_file_rewrite(libxl_snapshot_ctx *sc, const char *path,
                      const char *text)
{
    const char *partial = snap_sprintf(sc, "%s.partial", path);
    struct snap_file_own own = { .made = snap_file_identity(sc, partial) };
    int rc = 0;

    if (own.made) rc = snap_file_unlink(sc, partial, &own);
    if (!rc) rc = snap_file_create(sc, partial, path, text);
    if (rc) return rc;
    return snap_file_replace(sc, partial, snap_file_identity(sc, partial),
                             path);
}
