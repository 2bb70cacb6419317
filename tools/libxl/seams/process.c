/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/process.c: how our process begins: with what its caller has left
 * it, which is for nobody else.
 */
#include "seams/files.h"
#include "seams/programs.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROCESS_FDS_MAX 65536

/* Programs that libxl starts would have them. */
static void process_close_on_exec(void)
{
    int fd;

    if (!syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC)) return;
    for (fd = 3; fd < PROCESS_FDS_MAX; fd++)    /* Linux before 5.11 */
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* A limit might end us when the guest is held, or its domain destroyed; or,
 * weeks later, the QEMU that a revert starts, to which it goes on.  Root may
 * raise all of them. */
static void process_raise_limits(void)
{
    static const struct {
        int resource;
        rlim_t least;
    } limits[] = {
        { RLIMIT_FSIZE, RLIM_INFINITY },
        { RLIMIT_CPU, RLIM_INFINITY },
        { RLIMIT_AS, RLIM_INFINITY },
        { RLIMIT_DATA, RLIM_INFINITY },
        { RLIMIT_STACK, 8 << 20 },
        { RLIMIT_NOFILE, 1024 },
    };
    struct rlimit now, raised;
    size_t i;

    for (i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
        if (getrlimit(limits[i].resource, &now)
            || now.rlim_cur >= limits[i].least)
            continue;
        raised.rlim_cur = raised.rlim_max = limits[i].least;
        if (raised.rlim_max < now.rlim_max) raised.rlim_max = now.rlim_max;
        if (!setrlimit(limits[i].resource, &raised)) continue;
        now.rlim_cur = now.rlim_max;
        setrlimit(limits[i].resource, &now);
    }
}

void libxl_snapshot_process_begin(void)
{
    libxl_snapshot_ctx *sc;

    process_raise_limits();
    snap_open_missing(0, O_RDONLY);
    snap_open_missing(1, O_RDONLY);
    snap_open_missing(2, O_WRONLY);
    process_close_on_exec();
    signal(SIGCHLD, SIG_DFL);   /* if it is ignored, the kernel forgets how
                                 * programs have ended */
    if (libxl_snapshot_ctx_alloc(&sc, NULL, NULL)) abort();
    snap_environ_reduce(sc);
    libxl_snapshot_ctx_free(sc);
}
