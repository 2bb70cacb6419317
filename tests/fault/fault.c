/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * fault.c: preloaded into a program under test, it makes something go wrong at
 * a chosen moment: the Nth write to a file with PART in its path.
 *
 *   LD_PRELOAD=fault.so FAULT="PART N WHAT" xl-snapshot ...
 *
 * WHAT: kill-before, kill-after (SIGKILL to this process, at that write),
 * stop-after (SIGSTOP: the moment is kept until somebody lets it go on),
 * term-after (SIGTERM), raise-N (signal N, after that write), enospc, eio (that write fails and all after it).
 *
 * FAULT_FSYNC="END": no file whose path ends so can be flushed.
 * FAULT_FLUSHES="FILE": the path of what is flushed is added to that, a line each time.
 * FAULT_SETFLAGS=no: a file system without the immutable flag, as NFS.
 * FAULT_RENAME=no: one whose renames may replace, and that has no hard links, as
 * vfat or exfat by FUSE.
 * FAULT_KILL=deaf: no program ends by a signal of the one under test, as if it
 * waited for its storage.
 *
 * A debugger could do as much, and takes ten times as long where the tests run.
 */
#include <aio.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The program under test keeps no such variables. */
static const char *fault_at, *fault_fsync, *fault_setflags, *fault_rename, *fault_kill,
    *fault_flushes;
static void __attribute__((constructor)) fault_begin(void)
{
    fault_at = getenv("FAULT");
    fault_fsync = getenv("FAULT_FSYNC");
    fault_setflags = getenv("FAULT_SETFLAGS");
    fault_rename = getenv("FAULT_RENAME");
    fault_kill = getenv("FAULT_KILL");
    fault_flushes = getenv("FAULT_FLUSHES");
}

/* The length of the path of an open file; -1 if it has none. */
static ssize_t path_of(int fd, char *path, size_t size)
{
    char link[32];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return readlink(link, path, size);
}

static int is_meant(int fd, const char *part, size_t len)
{
    char path[4096];
    ssize_t got = path_of(fd, path, sizeof(path));

    return got > 0 && memmem(path, got, part, len);
}

/* Which write of those that are meant this is, from 1; 0: none. */
static unsigned long which(int fd, const char *fault)
{
    static unsigned long count;

    return fault && is_meant(fd, fault, strcspn(fault, " ")) ? ++count : 0;
}

ssize_t write(int fd, const void *buf, size_t len)
{
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    const char *fault = fault_at;
    unsigned long nth = 0, now = which(fd, fault);
    char what[16] = "";
    int number;
    ssize_t done;

    if (!now || sscanf(fault, "%*s %lu %15s", &nth, what) != 2 || now < nth)
        return real(fd, buf, len);
    errno = !strcmp(what, "enospc") ? ENOSPC : !strcmp(what, "eio") ? EIO : 0;
    if (errno) return -1;
    if (now > nth) return real(fd, buf, len);
    if (!strcmp(what, "kill-before")) raise(SIGKILL);
    done = real(fd, buf, len);
    if (!strcmp(what, "kill-after")) raise(SIGKILL);
    if (!strcmp(what, "stop-after")) raise(SIGSTOP);
    if (!strcmp(what, "term-after")) raise(SIGTERM);
    if (sscanf(what, "raise-%d", &number) == 1) raise(number);
    return done;
}

static void note_flush(int fd)
{
    int to = fault_flushes ? open(fault_flushes, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    char path[4097];
    ssize_t len = path_of(fd, path, sizeof(path) - 1);

    if (to < 0) return;
    path[len < 0 ? 0 : len] = '\n';
    if (dprintf(to, "%.*s", (int)(len < 0 ? 1 : len + 1), path) < 0) abort();
    close(to);
}

int aio_fsync(int op, struct aiocb *cb)
{
    int (*real)(int, struct aiocb *) = dlsym(RTLD_NEXT, "aio_fsync");

    note_flush(cb->aio_fildes);
    return real(op, cb);
}

int fsync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    const char *end = fault_fsync;
    ssize_t len = end ? strlen(end) : 0, got;
    char path[4096];

    note_flush(fd);
    got = end ? path_of(fd, path, sizeof(path)) : -1;
    if (got < len || memcmp(path + got - len, end, len)) return real(fd);
    errno = EIO;
    return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
    int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
    va_list ap;
    void *arg;

    va_start(ap, request);
    arg = va_arg(ap, void *);
    va_end(ap);
    if (request != FS_IOC_SETFLAGS || !fault_setflags)
        return real(fd, request, arg);
    errno = ENOTTY;
    return -1;
}

int renameat2(int from, const char *path, int to, const char *name, unsigned flags)
{
    int (*real)(int, const char *, int, const char *, unsigned) =
        dlsym(RTLD_NEXT, "renameat2");

    if (!flags || !fault_rename) return real(from, path, to, name, flags);
    errno = EINVAL;
    return -1;
}

int link(const char *path, const char *to)
{
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "link");

    if (!fault_rename) return real(path, to);
    errno = EPERM;
    return -1;
}

int kill(pid_t pid, int number)
{
    int (*real)(pid_t, int) = dlsym(RTLD_NEXT, "kill");

    return number && fault_kill ? 0 : real(pid, number);
}
