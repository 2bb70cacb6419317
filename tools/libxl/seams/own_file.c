/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/own_file.c: files of our own: made only where nothing exists,
 * written under a temporary name, fsynced, renamed without replacing
 * anything.
 */
#include "seams/seams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    int rc = 0;

    if (fd < 0)
        return snap_fail(sc, ERROR_FAIL, "cannot create %s: %s", path,
                         snap_open_why());
    if ((like && own_take_after(fd, like))
        || (content && snap_file_write_all(fd, content, strlen(content))))
        rc = snap_fail(sc, ERROR_FAIL, "cannot write %s: %s", path,
                       strerror(errno));
    if (close(fd) && !rc)
        rc = snap_fail(sc, ERROR_FAIL, "cannot write %s: %s", path,
                       strerror(errno));
    if (rc) unlink(path);
    return rc;
}

/* Open for writing a file that we made; fail if somebody has put another
 * one in its place.  O_NONBLOCK: a fifo is refused, not waited for. */
static int own_open(libxl_snapshot_ctx *sc, const char *path,
                    bool empty, int *fd_r)
{
    int fd = snap_open(sc, path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;

    *fd_r = -1;
    if (fd < 0)
        return snap_fail(sc, ERROR_FAIL, "cannot write %s: %s", path,
                         snap_open_why());
    if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid()
        && st.st_nlink == 1 && !(empty && st.st_size)) {
        *fd_r = fd;
        return 0;
    }
    close(fd);
    return snap_fail(sc, ERROR_FAIL,
                     "cannot write %s: somebody has put another "
                     "file in its place",
                     path);
}

int snap_file_reopen(libxl_snapshot_ctx *sc, const char *path, int *fd_r)
{
    return own_open(sc, path, true, fd_r);
}

int snap_file_unlink(libxl_snapshot_ctx *sc, const char *path)
{
    if (!unlink(path) || errno == ENOENT) return 0;
    return snap_fail(sc, ERROR_FAIL, "cannot remove %s: %s", path,
                     strerror(errno));
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

int snap_file_rmdir(libxl_snapshot_ctx *sc, const char *path)
{
    /* a folder that is not empty stays: somebody else has put a file
     * there */
    if (!rmdir(path) || errno == ENOENT || errno == ENOTEMPTY) return 0;
    return snap_fail(sc, ERROR_FAIL, "cannot remove the folder %s: %s", path,
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
    if (!own_sync_path(sc, path, O_RDONLY | O_NONBLOCK)
        && !own_sync_path(sc, snap_file_dirname(sc, path),
                          O_RDONLY | O_DIRECTORY))
        return 0;
    return snap_fail(sc, ERROR_FAIL, "cannot flush %s to the disk: %s", path,
                     snap_open_why());
}

/* Rename @path to @to, which must not exist.  Some file systems, NFS among
 * them, have no RENAME_NOREPLACE. */
static int own_rename_onto_nothing(const char *path, const char *to)
{
    if (!renameat2(AT_FDCWD, path, AT_FDCWD, to, RENAME_NOREPLACE))
        return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    return link(path, to) || unlink(path) ? -1 : 0;
}

int snap_file_publish(libxl_snapshot_ctx *sc, const char *path,
                      const char *to)
{
    if (own_sync_path(sc, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        || own_rename_onto_nothing(path, to)
        || own_sync_path(sc, snap_file_dirname(sc, to),
                          O_RDONLY | O_DIRECTORY))
        return snap_fail(sc, ERROR_FAIL, "cannot rename %s to %s: %s", path,
                         to, snap_open_why());
    return 0;
}

int snap_file_overwrite(libxl_snapshot_ctx *sc, const char *path,
                        const char *text)
{
    int fd, rc = own_open(sc, path, false, &fd);

    if (rc) return rc;
    if (ftruncate(fd, 0) || snap_file_write_all(fd, text, strlen(text))
        || fsync(fd))
        rc = snap_fail(sc, ERROR_FAIL, "cannot write %s: %s", path,
                       strerror(errno));
    close(fd);
    return rc;
}
