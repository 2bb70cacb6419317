/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/lock.c: locks, all of them flock(2), so that they die with their
 * holder and there is never a stale one to clear.
 *
 * Order: the lock on a domain, then libxl's lock on QEMU's socket, or its
 * device-changes lock and inside of that the lock of the stored config.
 */
#include "seams/files.h"
#include "seams/users.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "config.h"

#define LOCK_RETRY_MS 20

/* The holder of a flock on the file, by /proc/locks; NULL if that does not
 * tell. */
static const char *lock_holder(libxl_snapshot_ctx *sc, int fd)
{
    unsigned int major, minor;
    uint64_t ino;
    char kind[16], line[256];
    const char *who = NULL;
    struct stat st;
    int pid;
    FILE *f = snap_open_lines("/proc/locks");

    if (!f || fstat(fd, &st)) goto out;
    while (!who && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%*u: %15s %*s %*s %d %x:%x:%" SCNu64, kind, &pid,
                   &major, &minor, &ino) == 5
            && !strcmp(kind, "FLOCK") && ino == st.st_ino
            && makedev(major, minor) == st.st_dev)
            who = snap_process_name(sc, pid);
    }
 out:
    if (f) fclose(f);
    return who;
}

/* True if @fd is still the file @path, which may have been unlinked and
 * made anew between open and flock. */
static bool lock_is_current(int fd, const char *path)
{
    struct stat by_fd, by_path;

    return !fstat(fd, &by_fd) && !stat(path, &by_path)
           && by_fd.st_dev == by_path.st_dev
           && by_fd.st_ino == by_path.st_ino;
}

static int lock_once(libxl_snapshot_ctx *sc, const char *path,
                     uint64_t deadline, const char *what, int *fd_r)
{
    const char *who;
    int fd = snap_open(sc, path, O_RDWR | O_CREAT | O_NOFOLLOW);

    if (fd < 0)
        return snap_fail(sc, ERROR_LOCK_FAIL, "%s: cannot open lock file %s: "
                         "%s", what, path, snap_open_why());
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            close(fd);
            return snap_fail(sc, ERROR_LOCK_FAIL, "%s: cannot lock %s: %s",
                             what, path, strerror(errno));
        }
        if (snap_now_us() > deadline) {
            who = lock_holder(sc, fd);
            close(fd);
            return snap_fail(sc, ERROR_LOCK_FAIL, "%s: held by %s; wait for "
                             "it to end and try again", what,
                             who ? who : "another process");
        }
        usleep(LOCK_RETRY_MS * 1000);
    }
    *fd_r = fd;
    return 0;
}

int snap_lock(libxl_snapshot_ctx *sc, const char *path, int timeout_ms,
              const char *what, int *fd_r)
{
    uint64_t deadline = snap_now_us() + timeout_ms * UINT64_C(1000);
    int fd = -1, rc;

    for (;;) {
        rc = lock_once(sc, path, deadline, what, &fd);
        if (rc) return rc;
        if (lock_is_current(fd, path)) break;
        close(fd);
    }
    *fd_r = fd;
    return 0;
}

void snap_lock_release(int *fd, const char *unlink_path)
{
    if (*fd < 0) return;
    if (unlink_path) unlink(unlink_path);
    close(*fd);
    *fd = -1;
}

int snap_lock_domain(libxl_snapshot_ctx *sc, const char *id, int *fd_r)
{
    int rc = snap_domain_name_check(sc, id);

    if (rc) return rc;
    return snap_lock(sc, snap_sprintf(sc, XEN_RUN_DIR "/xl-snapshot.%s.lock",
                                      id), 0,
                     "another snapshot command is at work on this domain",
                     fd_r);
}

int snap_lock_domain_both(libxl_snapshot_ctx *sc, const char *uuid_str,
                          const char *name, int *uuid_fd_r, int *name_fd_r)
{
    int rc = uuid_str ? snap_lock_domain(sc, uuid_str, uuid_fd_r) : 0;

    if (!rc && name) rc = snap_lock_domain(sc, name, name_fd_r);
    return rc;
}
