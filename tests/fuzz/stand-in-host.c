/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * stand-in-host.c: a host for the Xen of the command tests: one without
 * domains, on which no folder has anything in it, /proc neither.
 */
#include "fuzz.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool host_is_there;

static void host_log(xentoollog_logger *logger, xentoollog_level level,
                     int errnoval, const char *context, const char *format,
                     va_list al)
{
}

/* Before the table asks where it is. */
static void __attribute__((constructor(101))) host_make(void)
{
    static const char table[] =
        "xen/0/uuid 00000000-0000-0000-0000-000000000000\n"
        "xen/0/type pv\n"
        "xen/0/state\n"
        "/local/domain/0/name Domain-0\n"
        "/local/pool/0/name Pool-0\n";
    char path[32];
    int fd = memfd_create("host", MFD_CLOEXEC);

    if (fd < 0 || write(fd, table, strlen(table)) < 0) abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (setenv("STAND_IN_XEN", path, true)) abort();
}

libxl_snapshot_ctx *fuzz_begin_xen(void)
{
    static xentoollog_logger logger = { .vmessage = host_log };
    libxl_snapshot_ctx *sc = fuzz_begin();

    host_is_there = true;
    if (!sc->ctx && libxl_ctx_alloc(&sc->ctx, LIBXL_VERSION, 0, &logger))
        abort();
    return sc;
}

/* libFuzzer lists the folders of its inputs before the first one. */
struct dirent *readdir(DIR *dir)
{
    struct dirent *(*real)(DIR *);

    if (host_is_there) return NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "readdir");
    return real(dir);
}
