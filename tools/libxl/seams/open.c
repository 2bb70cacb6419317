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
 *
 * What we do as root because a file says so, root alone must have written:
 * the same walk then doubts each folder that it comes through, and the file
 * itself.  Nobody can change such a path afterwards, so that it may be given
 * to a program by its name.
 */
#include "seams/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINKS_MAX 40
#define NTFS3_MAGIC 0x7366746e  /* linux/magic.h has none */

/* What others than root can change. */
enum open_care {
    OPEN_LINKS,                 /* it matters for symbolic links */
    OPEN_PLACE,                 /* and for every folder on the way */
    OPEN_GIVEN,                 /* also if what is there is another's */
    OPEN_ALL,                   /* and for what is there */
};

struct walk {
    libxl_snapshot_ctx *sc;
    int dir;                    /* the folder that has been reached */
    const char *path;
    const char *rest;           /* of the path, still to be walked */
    int links;
    int flags;
    enum open_care care;
    const char *instead;        /* what else can be done; or NULL */
    const char *keeps;          /* what its file system needs; or NULL */
    const char *doubt;          /* the first thing that others can change;
                                 * NULL: there is none */
    char *chown, *chmod;        /* names of all of them, each with a space
                                 * before and behind it */
};

/*-- who can have written it ------------------------------------------------*/

static bool open_is_ours(uid_t uid)
{
    return uid == 0 || uid == geteuid();
}

/* True if its mode lets others write to the file @st; or put anything into
 * it, if it is a folder, and in the place of what others have in it.  In a
 * sticky folder nobody can replace another's file. */
static bool open_mode_is_weak(const struct stat *st)
{
    return !S_ISLNK(st->st_mode) && (st->st_mode & 022)
        && !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX));
}

static bool open_is_doubtful(const struct stat *st)
{
    return !open_is_ours(st->st_uid) || open_mode_is_weak(st);
}

/* Whoever can put something in the place of @at, an entry of @dir, -1: of
 * none, can do it since he can change what is returned; -1: nobody can.
 * @given: what is made there will be another's. */
static int open_weak(int dir, int at, bool given)
{
    struct stat st, entry;

    if (fstat(dir, &st) || open_is_doubtful(&st)) return dir;
    if (!(st.st_mode & 022)) return -1;
    if (at < 0) return given ? dir : -1;
    return fstat(at, &entry) || !open_is_ours(entry.st_uid) ? at : -1;
}

static char *open_add_name(struct walk *w, char *names, const char *name)
{
    name = snap_sprintf(w->sc, " %s ", snap_operand(w->sc, name));
    if (names && strstr(names, name)) return names;
    return snap_append(w->sc, names, "%s", names ? name + 1 : name);
}

/* What is to be done where the file system keeps no owners or modes, or
 * root of this host may not change them; NULL: nothing is known of it.  By
 * FUSE come exfat and NTFS, and others that keep them. */
static const char *open_keeps(int fd)
{
    struct statfs fs;

    switch (fstatfs(fd, &fs) ? 0 : (uint32_t)fs.f_type) {
    case NFS_SUPER_MAGIC:
        return "; if that is refused, have the NFS server export it with "
               "no_root_squash";
    case MSDOS_SUPER_MAGIC:
    case EXFAT_SUPER_MAGIC:
    case FUSE_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case NTFS3_MAGIC:
        return "; if that changes nothing, since its file system keeps no "
               "owners and modes, mount it with the options uid=0,umask=077";
    default:
        return NULL;
    }
}

/* Note that others can change what @fd is. */
static void open_doubt(struct walk *w, int fd)
{
    char name[4096];
    struct stat st;
    ssize_t len = readlink(snap_sprintf(w->sc, "/proc/self/fd/%d", fd), name,
                           sizeof(name) - 1);

    if (len < 0 || fstat(fd, &st)) {
        w->doubt = snap_sprintf(w->sc, "it cannot be looked at: %s",
                                strerror(errno));
        return;
    }
    name[len] = 0;
    if (!w->doubt)
        w->doubt = snap_sprintf(w->sc, "%s, of uid %u and mode %04o, can be "
                                "changed by others than root",
                                strcmp(name, w->path) ? name : "it",
                                (unsigned)st.st_uid,
                                (unsigned)st.st_mode & 07777);
    if (!w->keeps) w->keeps = open_keeps(fd);
    if (!open_is_ours(st.st_uid))
        w->chown = open_add_name(w, w->chown, name);
    if (open_mode_is_weak(&st))
        w->chmod = open_add_name(w, w->chmod, name);
}

/* Doubt the folder that has been reached, or @at, -1: nothing, in it. */
static void open_doubt_place(struct walk *w, int at)
{
    int weak = w->care == OPEN_LINKS ? -1
        : open_weak(w->dir, at, w->care == OPEN_GIVEN);

    if (weak >= 0) open_doubt(w, weak);
}

/* Doubt the file or folder @fd.  A second name that somebody has given to
 * another file of root's may be in a folder where all can make names. */
static void open_doubt_file(struct walk *w, int fd)
{
    struct stat st, dir;

    if (w->care != OPEN_ALL) return;
    if (fstat(fd, &st) || open_is_doubtful(&st))
        open_doubt(w, fd);
    else if (!w->doubt && S_ISREG(st.st_mode) && st.st_nlink > 1
             && (fstat(w->dir, &dir) || (dir.st_mode & 022)))
        w->doubt = "it has another name, too (a hard link), and others can "
                   "make names in its folder; if you trust it, put a copy "
                   "in its place";
}

/* The command that takes it from the others. */
static const char *open_mend_command(struct walk *w)
{
    return snap_sprintf(
        w->sc, "if you trust what is there, run%s%.*s%s%s%.*s, and try again"
        "%s", w->chown ? " chown -h root" : "",
        w->chown ? (int)strlen(w->chown) - 1 : 0, w->chown ? w->chown : "",
        w->chown && w->chmod ? " &&" : "", w->chmod ? " chmod go-w" : "",
        w->chmod ? (int)strlen(w->chmod) - 1 : 0, w->chmod ? w->chmod : "",
        w->keeps ? w->keeps : "");
}

/* What can be done about the doubt; last what takes from another user what
 * may be his for a reason. */
static const char *open_mend(struct walk *w)
{
    const char *run = w->chown || w->chmod ? open_mend_command(w) : NULL;
    const char *first = run, *then = w->instead;

    if (!first || (w->chown && then)) {
        first = w->instead;
        then = run;
    }
    if (!first) return w->doubt;
    return snap_sprintf(w->sc, "%s; %s%s%s", w->doubt, first,
                        then ? "; or " : "", then ? then : "");
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

void snap_open_missing(int fd, int flags)
{
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags) != fd) abort();
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
static int open_follow(struct walk *w, int link)
{
    char to[4096];
    ssize_t len = readlinkat(link, "", to, sizeof(to) - 1);

    if (len < 0) return -1;
    if (open_weak(w->dir, link, false) >= 0 || ++w->links > LINKS_MAX) {
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

    if (w->doubt && (flags & O_CREAT)) {
        errno = EPERM;
        return -1;
    }
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
    open_doubt_place(w, at);
    if (at >= 0 && !fstat(at, &st) && S_ISLNK(st.st_mode) && !proc
        && !(last && (w->flags & (O_EXCL | O_NOFOLLOW)))) {
        r = open_follow(w, at);
    } else if (last) {
        *fd_r = open_last(w, name, proc);
        if (*fd_r >= 0) open_doubt_file(w, *fd_r);
        r = *fd_r < 0 ? -1 : 0;
    } else {
        r = open_enter(
            w, openat(w->dir, name,
                      O_PATH | O_DIRECTORY | O_CLOEXEC | no_follow));
    }
    if (at >= 0) close(at);
    return r;
}

/* Walk @path, and open what is there. */
static int open_walk(struct walk *w, const char *path)
{
    int fd = -1, r = 0, error;
    char cwd[4096];

    /* others may be able to change a folder above ours, too */
    if (w->care != OPEN_LINKS && *path != '/') {
        if (!getcwd(cwd, sizeof(cwd))) return -1;
        path = snap_sprintf(w->sc, "%s/%s", cwd, path);
    }
    w->path = w->rest = path;
    w->dir = open(*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (w->dir < 0) return -1;
    while (fd < 0 && !r)
        r = open_walk_on(w, &fd);
    error = errno;
    if (w->dir >= 0) close(w->dir);
    errno = error;
    return fd;
}

int snap_open(libxl_snapshot_ctx *sc, const char *path, int flags)
{
    struct walk w = { .sc = sc, .flags = flags };

    return open_walk(&w, path);
}

int snap_open_doubted(libxl_snapshot_ctx *sc, const char *path, int flags,
                      const char **doubt_r)
{
    struct walk w = { .sc = sc, .flags = flags, .care = OPEN_ALL };
    int fd = open_walk(&w, path), error = errno;

    *doubt_r = w.doubt ? open_mend(&w) : NULL;
    errno = error;
    return fd;
}

int snap_open_trusted(libxl_snapshot_ctx *sc, const char *path, int flags,
                      const char **why_r)
{
    int fd = snap_open_doubted(sc, path, flags, why_r);

    if (fd >= 0 && !*why_r) return fd;
    if (!*why_r || (fd < 0 && errno == ENOENT)) *why_r = snap_open_why();
    if (fd >= 0) {
        close(fd);
        errno = EPERM;
    }
    return -1;
}

int libxl_snapshot_open_trusted(libxl_snapshot_ctx *sc, const char *path,
                                const char **why_r)
{
    snap_ctx_begin(sc);
    return snap_open_trusted(sc, path, O_RDONLY, why_r);
}

/* Why others can change what is at @path; NULL: they cannot. */
static const char *open_look(libxl_snapshot_ctx *sc, const char *path,
                             enum open_care care, const char *instead)
{
    struct walk w = { .sc = sc, .flags = O_PATH, .care = care,
                      .instead = instead };
    int fd = open_walk(&w, path);

    if (fd >= 0) close(fd);
    return w.doubt ? open_mend(&w) : NULL;
}

const char *snap_open_doubt(libxl_snapshot_ctx *sc, const char *path)
{
    return open_look(sc, path, OPEN_ALL, NULL);
}

const char *snap_open_doubt_place(libxl_snapshot_ctx *sc, const char *path,
                                  const char *instead)
{
    return open_look(sc, path, OPEN_PLACE, instead);
}

const char *snap_open_doubt_new(libxl_snapshot_ctx *sc, const char *path,
                                const char *like, const char *instead)
{
    struct stat st;
    bool given = like && !stat(like, &st) && S_ISREG(st.st_mode)
        && !open_is_ours(st.st_uid);

    return open_look(sc, path, given ? OPEN_GIVEN : OPEN_PLACE, instead);
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
