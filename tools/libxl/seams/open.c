/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/open.c: opens files in folders that others may be able to write
 * to.  There somebody may put a symbolic link in the place of a file, or
 * of a folder in its path, and make root overwrite or read a file of his
 * choice. So a link is followed only if nobody but root, or we, can have
 * put it there.  Linux has such a rule for sticky folders only
 * (fs.protected_symlinks), and openat2() follows all links or none, but
 * /var/run is a link.
 */
#include "seams/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINKS_MAX 40

struct walk {
    libxl_snapshot_ctx *sc;
    int dir;                    /* the folder that has been reached */
    const char *rest;           /* of the path, still to be walked */
    int links;
};

static bool open_is_ours(uid_t uid)
{
    return uid == 0 || uid == geteuid();
}

/* True if others can put something in the place of @link.  In a sticky
 * folder nobody can replace another's file. */
static bool open_others_can_put(int dir, const struct stat *link)
{
    struct stat st;

    if (fstat(dir, &st) || !open_is_ours(st.st_uid)) return true;
    if (!(st.st_mode & 022)) return false;
    return !(st.st_mode & S_ISVTX) || !open_is_ours(link->st_uid);
}

/* True in /proc, whose links are the kernel's and may lead to a file
 * without a name, such as /dev/fd/63. */
static bool open_is_proc(int dir)
{
    struct statfs fs;

    return !fstatfs(dir, &fs) && fs.f_type == PROC_SUPER_MAGIC;
}

static int open_enter(struct walk *w, int dir)
{
    close(w->dir);
    w->dir = dir;
    return dir < 0 ? -1 : 0;
}

static const char *open_next_name(struct walk *w)
{
    const char *name = w->rest + strspn(w->rest, "/");
    size_t len = strcspn(name, "/");

    w->rest = name + len + strspn(name + len, "/");
    return len ? snap_sprintf(w->sc, "%.*s", (int)len, name) : ".";
}

/* Put the target of @link in front of the rest of the path. */
static int open_follow(struct walk *w, int link, const struct stat *st)
{
    char to[4096];
    ssize_t len = readlinkat(link, "", to, sizeof(to) - 1);

    if (len < 0) return -1;
    if (open_others_can_put(w->dir, st) || ++w->links > LINKS_MAX) {
        errno = ELOOP;
        return -1;
    }
    to[len] = 0;
    w->rest = snap_sprintf(w->sc, "%s/%s", to, w->rest);
    return *to != '/' ? 0
        : open_enter(w, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* Go on by one name of the path; *fd_r is the file if that was the last. */
static int open_walk_on(struct walk *w, int flags, int *fd_r)
{
    const char *name = open_next_name(w);
    bool last = !*w->rest, proc = open_is_proc(w->dir);
    int no_follow = proc ? 0 : O_NOFOLLOW, at, r;
    struct stat st;

    at = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (at >= 0 && !fstat(at, &st) && S_ISLNK(st.st_mode) && !proc
        && !(last && (flags & (O_EXCL | O_NOFOLLOW)))) {
        r = open_follow(w, at, &st);
    } else if (last) {
        *fd_r = openat(w->dir, name, flags | no_follow | O_CLOEXEC, 0600);
        r = *fd_r < 0 ? -1 : 0;
    } else {
        r = open_enter(
            w, openat(w->dir, name,
                      O_PATH | O_DIRECTORY | O_CLOEXEC | no_follow));
    }
    if (at >= 0) close(at);
    return r;
}

int snap_open(libxl_snapshot_ctx *sc, const char *path, int flags)
{
    struct walk w = { .sc = sc, .rest = path };
    int fd = -1, r = 0, error;

    w.dir = open(*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (w.dir < 0) return -1;
    while (fd < 0 && !r)
        r = open_walk_on(&w, flags, &fd);
    error = errno;
    if (w.dir >= 0) close(w.dir);
    errno = error;
    return fd;
}

const char *snap_open_why(void)
{
    return errno == ELOOP ? "a symbolic link in its path is in a folder "
                            "that others can write to" : strerror(errno);
}
