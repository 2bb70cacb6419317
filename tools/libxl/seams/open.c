/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/open.c: opens files: nothing else does.
 *
 * In a folder that others can write to somebody may put a symbolic link in
 * the place of a file, or of a folder in its path, and make root overwrite
 * or read a file of his choice.  So a link is followed only if nobody but
 * root, or we, can have put it there.  Linux has such a rule for sticky
 * folders only (fs.protected_symlinks), and openat2() follows all links or
 * none, but /var/run is a link.
 *
 * To open is to act: a fifo makes us wait, a tape rewinds, a watchdog
 * begins to count.  So what is at a path is looked at first, by O_PATH,
 * and that same thing is opened then if it is a file, a folder or a block
 * device.
 */
#include "seams/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
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
    int flags;
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

/*-- what is there ----------------------------------------------------------*/

/* What may be opened: files, folders and block devices. */
#define OPEN_PLAIN(mode) (S_ISREG(mode) || S_ISDIR(mode) || S_ISBLK(mode))

/* Close @at and open what it is, if that is plain; or (@pipe) a pipe that
 * our parent has opened for us, as a shell does for <(command). */
static int open_really(int at, int flags, bool pipe)
{
    char path[32];
    struct stat st;
    int fd = -1, error;

    if (at < 0) return -1;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", at);
    if (fstat(at, &st))
        fd = -1;
    else if (S_ISLNK(st.st_mode))
        errno = ELOOP;
    else if (!OPEN_PLAIN(st.st_mode) && !(pipe && S_ISFIFO(st.st_mode)))
        errno = EMEDIUMTYPE;
    else
        fd = open(path, (flags & ~O_NOFOLLOW) | O_NONBLOCK | O_CLOEXEC);
    error = errno;
    close(at);
    errno = error;
    return fd;
}

int snap_open_image(const char *path, int flags)
{
    return open_really(open(path, O_PATH | O_CLOEXEC), flags, false);
}

int libxl_snapshot_open_file(const char *path)
{
    int fd = snap_open_image(path, O_RDONLY);
    struct stat st;

    if (fd < 0 || (!fstat(fd, &st) && S_ISREG(st.st_mode))) return fd;
    close(fd);
    errno = EMEDIUMTYPE;
    return -1;
}

/* The kernel's own files are plain, and there are thousands of them. */
FILE *snap_open_lines(const char *path)
{
    FILE *f;
    int fd;

    if (!strncmp(path, "/proc/", 6) || !strncmp(path, "/sys/", 5))
        return fopen(path, "re");
    fd = libxl_snapshot_open_file(path);
    f = fd < 0 ? NULL : fdopen(fd, "r");
    if (!f && fd >= 0) close(fd);
    return f;
}

int snap_open_at(int dir, const char *name)
{
    return openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

int snap_open_null(void)
{
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

/*-- the way there ----------------------------------------------------------*/

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

/* Open the last name of the path.  Of two who make the same file at once
 * without O_EXCL both get it. */
static int open_last(struct walk *w, const char *name, bool proc)
{
    int no_follow = proc ? 0 : O_NOFOLLOW;
    int flags = w->flags | no_follow | O_CLOEXEC, fd;

    if (flags & (O_EXCL | O_PATH)) return openat(w->dir, name, flags, 0600);
    do {
        fd = openat(w->dir, name, O_PATH | no_follow | O_CLOEXEC);
        if (fd >= 0) return open_really(fd, flags & ~O_CREAT, proc);
        if (errno == ENOENT && (flags & O_CREAT))
            fd = openat(w->dir, name, flags | O_EXCL, 0600);
    } while (fd < 0 && errno == EEXIST);
    return fd;
}

/* Go on by one name of the path; *fd_r is the file if that was the last. */
static int open_walk_on(struct walk *w, int *fd_r)
{
    const char *name = open_next_name(w);
    bool last = !*w->rest, proc = open_is_proc(w->dir);
    int no_follow = proc ? 0 : O_NOFOLLOW, at, r;
    struct stat st;

    at = snap_open_at(w->dir, name);
    if (at >= 0 && !fstat(at, &st) && S_ISLNK(st.st_mode) && !proc
        && !(last && (w->flags & (O_EXCL | O_NOFOLLOW)))) {
        r = open_follow(w, at, &st);
    } else if (last) {
        *fd_r = open_last(w, name, proc);
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
    struct walk w = { .sc = sc, .rest = path, .flags = flags };
    int fd = -1, r = 0, error;

    w.dir = open(*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (w.dir < 0) return -1;
    while (fd < 0 && !r)
        r = open_walk_on(&w, &fd);
    error = errno;
    if (w.dir >= 0) close(w.dir);
    errno = error;
    return fd;
}

const char *libxl_snapshot_open_why(void)
{
    return snap_open_why();
}

const char *snap_open_why(void)
{
    return errno == ELOOP ? "it is a symbolic link, or a symbolic link in "
                            "its path is in a folder that others can write "
                            "to"
        : errno == EMEDIUMTYPE ? "it is neither a file nor a block device"
        : strerror(errno);
}
