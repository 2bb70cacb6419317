/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz.c: see fuzz.h. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void fuzz_broken(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: must hold: %s\n", file, line, what);
    abort();
}

static void take_log(xentoollog_logger *logger, xentoollog_level level,
                     int errnoval, const char *context, const char *format,
                     va_list al) __attribute__((format(printf, 5, 0)));

/* Every message is put together, and looked at. */
static void take_log(xentoollog_logger *logger, xentoollog_level level,
                     int errnoval, const char *context, const char *format,
                     va_list al)
{
    char text[4096];

    (void)logger, (void)level, (void)errnoval, (void)context;
    vsnprintf(text, sizeof(text), format, al);
    fuzz_printable(text);
}

libxl_snapshot_ctx *fuzz_begin(void)
{
    static xentoollog_logger logger = { .vmessage = take_log };
    static libxl_snapshot_ctx *sc;

    if (!sc && libxl_snapshot_ctx_alloc(&sc, NULL, &logger)) abort();
    snap_ctx_begin(sc);
    return sc;
}

const char *fuzz_file(const void *data, size_t size)
{
    static char path[32];
    static int fd = -1;

    if (fd < 0) fd = memfd_create("input", MFD_CLOEXEC);
    /* as a file that nobody else can write to */
    if (fd < 0 || fchmod(fd, 0600) || ftruncate(fd, 0)
        || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return path;
}

char *fuzz_text(libxl_snapshot_ctx *sc, const uint8_t *data, size_t size)
{
    return snap_grow(sc, data, size, size + 1);
}

void fuzz_judged(libxl_snapshot_ctx *sc, int rc)
{
    const char *why = libxl_snapshot_ctx_error(sc);

    MUST(!rc == !why);
    if (!why) return;
    fuzz_printable(why);
    snap_take_error(sc);
}

void fuzz_printable(const char *text)
{
    for (; *text; text++)
        MUST((unsigned char)*text >= ' ' && *text != 0x7f);
}
