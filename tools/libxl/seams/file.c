/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/file.c: files as they are: read, frozen, told from another.  Those
 * that we make are in own_file.c.
 */
#include "seams/files.h"
#include "seams/users.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/sysmacros.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#define PRINT_BYTES (64 << 10)

int snap_file_write_all(int fd, const void *buf, size_t len)
{
    const char *p = buf;
    ssize_t put;

    while (len) {
        put = write(fd, p, len);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return -1;
        p += put;
        len -= put;
    }
    return 0;
}

bool snap_file_exists(const char *path)
{
    struct stat st;

    return !lstat(path, &st) || errno != ENOENT;
}

bool snap_file_is_public(libxl_snapshot_ctx *sc, const char *path)
{
    char *real = realpath(path, NULL);
    const char *at = snap_strdup(sc, real);
    struct stat st;
    bool is = at && !stat(at, &st) && S_ISREG(st.st_mode)
        && (st.st_mode & S_IROTH);

    free(real);
    while (is && strcmp(at, "/")) {
        at = snap_file_dirname(sc, at);
        is = !stat(at, &st) && (st.st_mode & S_IXOTH);
    }
    return is && !snap_open_doubt_place(sc, path, NULL);
}

bool snap_file_is_beside(libxl_snapshot_ctx *sc, const char *a,
                         const char *b)
{
    struct stat sa, sb;

    return !stat(a, &sa) && !stat(b, &sb) && S_ISREG(sa.st_mode)
        && S_ISREG(sb.st_mode)
        && !strcmp(snap_file_dirname(sc, snap_file_true_path(sc, a)),
                   snap_file_dirname(sc, snap_file_true_path(sc, b)));
}

bool snap_file_is_same(const char *a, const char *b)
{
    struct stat sa, sb;

    if (stat(a, &sa) || stat(b, &sb)) return !strcmp(a, b);
    if (S_ISBLK(sa.st_mode) && S_ISBLK(sb.st_mode))
        return sa.st_rdev == sb.st_rdev;
    return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

bool snap_file_peek(libxl_snapshot_ctx *sc, int fd, char **head_r,
                    size_t *len_r)
{
    char *head = snap_zalloc(sc, SNAP_PEEK_BYTES + 1);
    struct iovec iov = { .iov_base = head, .iov_len = SNAP_PEEK_BYTES };
    ssize_t got = preadv2(fd, &iov, 1, 0, RWF_NOWAIT);

    if (got <= 0) return false;
    *head_r = head;
    *len_r = got;
    return true;
}

bool snap_file_is_older(const char *path, const char *than)
{
    struct stat a, b;

    if (stat(path, &a) || stat(than, &b)) return false;
    return a.st_mtim.tv_sec != b.st_mtim.tv_sec
        ? a.st_mtim.tv_sec < b.st_mtim.tv_sec
        : a.st_mtim.tv_nsec < b.st_mtim.tv_nsec;
}

int snap_file_check_plain(libxl_snapshot_ctx *sc, const char *path)
{
    int fd = snap_open_image(path, O_RDONLY), rc = 0;

    if (fd < 0 && errno == EMEDIUMTYPE)
        rc = snap_fail(sc, ERROR_INVAL, "%s: %s", path, snap_open_why());
    if (fd >= 0) close(fd);
    return rc;
}

const char *snap_file_dirname(libxl_snapshot_ctx *sc, const char *path)
{
    char *dir = snap_strdup(sc, path), *slash = strrchr(dir, '/');

    if (!slash) return ".";
    if (slash == dir) return "/";
    *slash = 0;
    return dir;
}

static int file_set_immutable(int fd, bool on)
{
    int flags;

    if (ioctl(fd, FS_IOC_GETFLAGS, &flags)) return -1;
    flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
    return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* Open a file whose flags are changed.  Somebody may put another one, or a
 * link to one, in its place after all looks at it: the open file has to be
 * the one of @identity; without that no link is followed which others than
 * root can have put there. */
static int file_open_known(libxl_snapshot_ctx *sc, const char *path,
                           const char *identity)
{
    int fd = identity ? snap_open_image(path, O_RDONLY)
                      : snap_open(sc, path, O_RDONLY);

    if (fd < 0 || !identity || snap_fd_is_made(sc, fd, identity)) return fd;
    close(fd);
    errno = ESTALE;
    return -1;
}

static const char *file_why(void)
{
    return errno == ESTALE ? "it is another file by now" : snap_open_why();
}

static bool file_is_immutable(int fd)
{
    int flags;

    return !ioctl(fd, FS_IOC_GETFLAGS, &flags) && (flags & FS_IMMUTABLE_FL);
}

static int file_make_unwritable(int fd, mode_t mode)
{
    return file_set_immutable(fd, true) ? fchmod(fd, mode & 0555) : 0;
}

static int file_make_writable(int fd, mode_t mode)
{
    if (file_is_immutable(fd) && file_set_immutable(fd, false)) return -1;
    return mode & 0222 ? 0 : fchmod(fd, (mode & 0777) | 0200);
}

/* Let @change decide who can write to the base @path; a device is left as it
 * is.  Returns -1 and sets errno if it fails. */
static int file_change_base(libxl_snapshot_ctx *sc, const char *path,
                            const char *identity,
                            int (*change)(int fd, mode_t mode))
{
    int fd = file_open_known(sc, path, identity), r = -1, err;
    struct stat st;

    if (fd < 0) return -1;
    if (!fstat(fd, &st)) r = S_ISREG(st.st_mode) ? change(fd, st.st_mode) : 0;
    if (!r && S_ISREG(st.st_mode)) r = fsync(fd);
    err = errno;
    close(fd);
    errno = err;
    return r;
}

int snap_file_freeze(libxl_snapshot_ctx *sc, const char *path,
                     const char *identity)
{
    if (!file_change_base(sc, path, identity, file_make_unwritable)) return 0;
    return snap_fail(sc, ERROR_FAIL, "cannot make %s unwritable: %s; make "
                     "sure that nothing writes to it", path, file_why());
}

int snap_file_unfreeze(libxl_snapshot_ctx *sc, const char *path,
                       const char *identity)
{
    if (!file_change_base(sc, path, identity, file_make_writable)) return 0;
    return snap_fail(sc, ERROR_FAIL, "cannot make %s writable: %s; use "
                     "chattr -i", path, file_why());
}

static int file_change_fence(libxl_snapshot_ctx *sc, const char *path,
                             const char *identity, bool on)
{
    int fd = file_open_known(sc, path, identity), r = -1;
    struct stat st;

    if (fd < 0 || fstat(fd, &st)) goto out;
    r = S_ISREG(st.st_mode) && (on || file_is_immutable(fd))
        ? file_set_immutable(fd, on) : 0;
    if (!r) r = fsync(fd);
 out:
    if (r)
        snap_fail(sc, ERROR_FAIL, "cannot make %s %s: %s; %s", path,
                  on ? "unwritable" : "writable again", file_why(),
                  on ? "see that nobody starts its domain"
                     : "use chattr -i");
    if (fd >= 0) close(fd);
    return r ? ERROR_FAIL : 0;
}

int snap_file_fence(libxl_snapshot_ctx *sc, const char *path,
                    const char *identity)
{
    return file_change_fence(sc, path, identity, true);
}

int snap_file_unfence(libxl_snapshot_ctx *sc, const char *path,
                      const char *identity)
{
    return file_change_fence(sc, path, identity, false);
}

bool snap_file_is_fenced(const char *path)
{
    int fd = snap_open_image(path, O_RDONLY);
    bool is = fd >= 0 && file_is_immutable(fd);

    if (fd >= 0) close(fd);
    return is;
}

static bool file_stops_root(int fd, const struct stat *st)
{
    int flags;

    if (S_ISBLK(st->st_mode)) return !ioctl(fd, BLKROGET, &flags) && flags;
    return file_is_immutable(fd);
}

bool snap_file_stops_root(const char *path)
{
    int fd = snap_open_image(path, O_RDONLY);
    struct stat st;
    bool stops = fd >= 0 && !fstat(fd, &st) && file_stops_root(fd, &st);

    if (fd >= 0) close(fd);
    return stops;
}

bool snap_file_needs_freeze(const char *path)
{
    int fd = snap_open_image(path, O_RDONLY), flags;
    struct stat st;
    bool needs = fd >= 0 && !fstat(fd, &st) && !file_stops_root(fd, &st)
        && (!S_ISREG(st.st_mode) || !ioctl(fd, FS_IOC_GETFLAGS, &flags)
            || (st.st_mode & 0222));

    if (fd >= 0) close(fd);
    return needs;
}

bool snap_file_is_frozen(const char *path)
{
    struct stat st;

    return snap_file_stops_root(path)
        || (!stat(path, &st) && S_ISREG(st.st_mode) && !(st.st_mode & 0222));
}

unsigned int snap_file_num_names(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISREG(st.st_mode) ? st.st_nlink : 1;
}

int snap_file_space(libxl_snapshot_ctx *sc, const char *path,
                    uint64_t *bytes_r)
{
    struct statvfs st;

    if (statvfs(path, &st))
        return snap_fail(sc, ERROR_INVAL, "%s: %s", path, strerror(errno));
    *bytes_r = (uint64_t)st.f_bfree * st.f_frsize;
    return 0;
}

/* Read from a file that may be a pipe, which tells no size and may have
 * nothing to read yet. */
static ssize_t file_read_some(const libxl_snapshot_ctx *sc, int fd,
                              char *buf, size_t max)
{
    struct pollfd pfd = { .fd = fd, .events = POLLIN };
    int r = poll(&pfd, 1, snap_wait_ms(sc, SNAP_WAIT_PIPE));

    if (!r) errno = ETIMEDOUT;
    return r > 0 ? read(fd, buf, max) : -1;
}

static int file_read_whole(libxl_snapshot_ctx *sc, const char *path,
                           size_t max, char **text_r, size_t *len_r,
                           const char **doubt_r)
{
    int fd = doubt_r ? snap_open_doubted(sc, path, O_RDONLY, doubt_r)
                     : snap_open(sc, path, O_RDONLY), rc;
    bool bent = fd < 0 && errno == ELOOP && doubt_r && *doubt_r;
    size_t len = 0, size = 65536;
    char *text = snap_zalloc(sc, size);
    ssize_t got = -1;

    while (fd >= 0 && len <= max
           && (got = file_read_some(sc, fd, text + len, size - 1 - len))
                  > 0) {
        len += got;
        if (len + 1 < size) continue;
        text = snap_grow(sc, text, size, 2 * size);
        size *= 2;
    }
    if (got < 0)
        rc = snap_fail(sc, ERROR_INVAL, "%s: %s", path,
                       bent ? *doubt_r : snap_open_why());
    else if (len > max)
        rc = snap_fail(sc, ERROR_INVAL, "%s: larger than %zu bytes", path,
                       max);
    else
        rc = 0;
    *text_r = text;
    *len_r = len;
    if (fd >= 0) close(fd);
    return rc;
}

int snap_file_read(libxl_snapshot_ctx *sc, const char *path, size_t max,
                   char **text_r, const char **doubt_r)
{
    size_t len;
    int rc = file_read_whole(sc, path, max, text_r, &len, doubt_r);

    if (!rc && strlen(*text_r) != len)
        rc = snap_fail(sc, ERROR_INVAL, "%s: not a text file", path);
    return rc;
}

int snap_file_read_written(libxl_snapshot_ctx *sc, const char *path,
                           size_t max, char **text_r, bool *more_r,
                           const char **doubt_r)
{
    size_t len, i;
    int rc = file_read_whole(sc, path, max, text_r, &len, doubt_r);

    if (!more_r) return rc;
    for (i = strlen(*text_r); i < len && !(*text_r)[i]; i++);
    *more_r = i < len;
    return rc;
}

/* The hash of up to 64 KiB from @offset. */
static int file_hash_at(int fd, off_t offset, uint64_t *hash_r)
{
    char *buf = malloc(PRINT_BYTES);
    ssize_t got = 1;
    size_t len = 0;

    if (!buf) abort();
    while (got > 0 && len < PRINT_BYTES) {
        got = pread(fd, buf + len, PRINT_BYTES - len, offset + len);
        if (got > 0) len += got;
    }
    *hash_r = XXH3_64bits(buf, len);
    free(buf);
    return got < 0 ? -1 : 0;
}

static const char *file_sys_line(libxl_snapshot_ctx *sc, dev_t device,
                                 const char *name)
{
    return snap_file_first_line(
        sc, snap_sprintf(sc, "/sys/dev/block/%u:%u/%s", major(device),
                         minor(device), name));
}

/* The requests and sectors that were written to a block device
 * (Documentation/block/stat.rst); false: they are not counted.  A partition
 * does not tell if its disk counts. */
static bool file_device_counts(libxl_snapshot_ctx *sc, dev_t device,
                               char requests[32], char sectors[32])
{
    const char *counts = file_sys_line(sc, device, "queue/iostats");
    const char *stat = file_sys_line(sc, device, "stat");

    return counts && !strcmp(counts, "1") && stat
        && sscanf(stat, "%*s %*s %*s %*s %31s %*s %31s", requests,
                  sectors) == 2;
}

/* The writes to a block device, in words that are never the same again:
 * its number in this boot (Linux 5.15), and the counts. */
static const char *file_device_writes(libxl_snapshot_ctx *sc, dev_t device)
{
    const char *number = file_sys_line(sc, device, "diskseq");
    char requests[32], sectors[32];

    if (!number || !file_device_counts(sc, device, requests, sectors))
        return NULL;
    return snap_sprintf(sc, "%s %s %s", number, requests, sectors);
}

bool snap_device_is_unwritten(libxl_snapshot_ctx *sc, int major, int minor)
{
    char requests[32], sectors[32];

    return file_device_counts(sc, makedev(major, minor), requests, sectors)
        && !strcmp(sectors, "0");
}

int snap_file_print(libxl_snapshot_ctx *sc, const char *path,
                    struct snap_file_print *print_r)
{
    int fd = snap_open_image(path, O_RDONLY), r = -1;
    struct stat st;
    off_t end;

    *print_r = (struct snap_file_print){ .bytes = 0 };
    if (fd < 0 || fstat(fd, &st) || (end = lseek(fd, 0, SEEK_END)) < 0)
        goto out;
    print_r->is_device = S_ISBLK(st.st_mode);
    print_r->bytes = end;
    print_r->written = st.st_mtim.tv_sec;
    print_r->written_nsec = st.st_mtim.tv_nsec;
    print_r->changed = st.st_ctim.tv_sec;
    print_r->changed_nsec = st.st_ctim.tv_nsec;
    print_r->inode = st.st_ino;
    if (print_r->is_device)
        print_r->writes = file_device_writes(sc, st.st_rdev);
    r = file_hash_at(fd, 0, &print_r->head);
    if (!r) r = file_hash_at(fd, end > PRINT_BYTES ? end - PRINT_BYTES : 0,
                             &print_r->tail);
 out:
    if (r)
        r = snap_fail(sc, ERROR_FAIL, "cannot read %s: %s", path,
                      snap_open_why());
    if (fd >= 0) close(fd);
    return r;
}
