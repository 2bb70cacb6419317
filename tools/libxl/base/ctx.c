/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * base/ctx.c: the memory and the error of one operation.
 *
 * Strings and small structs of an operation are never freed one by one:
 * they belong to the context and go when the next operation begins, as
 * with libxl's gc.  The first failure is the reason that the user is told.
 */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void snap_forget(libxl_snapshot_ctx *sc, size_t mark)
{
    while (sc->num_allocs > mark) free(sc->allocs[--sc->num_allocs]);
}

int libxl_snapshot_ctx_alloc(libxl_snapshot_ctx **sc_r, libxl_ctx *ctx,
                             xentoollog_logger *lg)
{
    libxl_snapshot_ctx *sc = calloc(1, sizeof(*sc));

    if (!sc) return ERROR_NOMEM;
    sc->ctx = ctx;
    sc->lg = lg;
    *sc_r = sc;
    return 0;
}

void libxl_snapshot_ctx_free(libxl_snapshot_ctx *sc)
{
    if (!sc) return;
    snap_forget(sc, 0);
    free(sc->allocs);
    free(sc->error);
    free(sc->journal_dir);
    free(sc);
}

void libxl_snapshot_ctx_set_journal(libxl_snapshot_ctx *sc,
                                    const char *dir)
{
    free(sc->journal_dir);
    sc->journal_dir = snap_result_str(dir);
}

const char *libxl_snapshot_ctx_error(const libxl_snapshot_ctx *sc)
{
    return sc->error;
}

void snap_ctx_begin(libxl_snapshot_ctx *sc)
{
    snap_forget(sc, 0);
    sc->lvm = NULL;
    sc->left = NULL;
    free(sc->error);
    sc->error = NULL;
}

/* Abort if there is no memory, as libxl does, without which nothing works
 * here. */
static void *ctx_must(void *ptr)
{
    if (!ptr) abort();
    return ptr;
}

static void *ctx_keep(libxl_snapshot_ctx *sc, void *ptr)
{
    if (sc->num_allocs == sc->max_allocs) {
        sc->max_allocs = sc->max_allocs ? 2 * sc->max_allocs : 64;
        sc->allocs = ctx_must(
            realloc(sc->allocs, sc->max_allocs * sizeof(*sc->allocs)));
    }
    sc->allocs[sc->num_allocs++] = ctx_must(ptr);
    return ptr;
}

void *snap_zalloc(libxl_snapshot_ctx *sc, size_t size)
{
    return ctx_keep(sc, calloc(1, size ? size : 1));
}

void *snap_grow(libxl_snapshot_ctx *sc, const void *old, size_t old_size,
                size_t new_size)
{
    void *ptr = snap_zalloc(sc, new_size);

    if (old_size) memcpy(ptr, old, old_size);
    return ptr;
}

void *snap_grow_by_one(libxl_snapshot_ctx *sc, void *old, size_t num,
                       size_t size)
{
    if (num & (num - 1)) return old;    /* it has room up to a power of 2 */
    return snap_grow(sc, old, num * size, (num ? 2 * num : 1) * size);
}

char *snap_strdup(libxl_snapshot_ctx *sc, const char *s)
{
    return s ? ctx_keep(sc, strdup(s)) : NULL;
}

static char *ctx_format(const char *fmt, va_list ap)
    __attribute__((format(printf, 1, 0)));

static char *ctx_format(const char *fmt, va_list ap)
{
    char *s;

    return vasprintf(&s, fmt, ap) < 0 ? ctx_must(NULL) : s;
}

/* The same, fit for a terminal. */
static char *ctx_format_plain(const char *fmt, va_list ap)
    __attribute__((format(printf, 1, 0)));

static char *ctx_format_plain(const char *fmt, va_list ap)
{
    char *s = ctx_format(fmt, ap), *plain = libxl_snapshot_plain(s);

    free(s);
    return plain;
}

char *snap_vsprintf(libxl_snapshot_ctx *sc, const char *fmt, va_list ap)
{
    return ctx_keep(sc, ctx_format(fmt, ap));
}

char *snap_sprintf(libxl_snapshot_ctx *sc, const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    s = snap_vsprintf(sc, fmt, ap);
    va_end(ap);
    return s;
}

/* The memory of a text of @size bytes that grows. */
static size_t ctx_text_room(size_t size)
{
    size_t room = 64;

    while (room < size) room *= 2;
    return room;
}

char *snap_append(libxl_snapshot_ctx *sc, char *text, const char *fmt, ...)
{
    size_t old = text ? strlen(text) : 0, len;
    va_list ap;
    char *more;

    va_start(ap, fmt);
    more = ctx_format(fmt, ap);
    va_end(ap);
    len = strlen(more) + 1;
    if (!text || ctx_text_room(old + 1) < old + len)
        text = snap_grow(sc, text, old, ctx_text_room(old + len));
    memcpy(text + old, more, len);
    free(more);
    return text;
}

char *snap_plain(libxl_snapshot_ctx *sc, const char *s)
{
    char *text = s ? libxl_snapshot_plain(s) : NULL;
    char *kept = snap_strdup(sc, text);

    free(text);
    return kept;
}

char *snap_result_str(const char *s)
{
    return s ? ctx_must(strdup(s)) : NULL;
}

void *snap_result_array(size_t num, size_t size)
{
    return ctx_must(calloc(num + 1, size));
}

int snap_fail(libxl_snapshot_ctx *sc, int rc, const char *fmt, ...)
{
    va_list ap;
    char *text, *both;

    va_start(ap, fmt);
    text = ctx_format_plain(fmt, ap);
    va_end(ap);

    if (sc->error) {
        both = snap_sprintf(sc, "%s; %s", sc->error, text);
        free(sc->error);
        free(text);
        text = ctx_must(strdup(both));
    }
    sc->error = text;
    return rc;
}

const char *snap_take_error(libxl_snapshot_ctx *sc)
{
    const char *text = snap_strdup(sc, sc->error ? sc->error : "failed");

    free(sc->error);
    sc->error = NULL;
    return text;
}

void snap_tell_left(libxl_snapshot_ctx *sc, const char *fmt, ...)
{
    const char *before = sc->left;
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = ctx_format_plain(fmt, ap);
    va_end(ap);
    sc->left = before ? snap_sprintf(sc, "%s; %s", before, text)
                      : snap_strdup(sc, text);
    free(text);
}

void snap_log(libxl_snapshot_ctx *sc, xentoollog_level level,
              const char *fmt, ...)
{
    va_list ap;
    char *text;

    if (!sc->lg) return;
    va_start(ap, fmt);
    text = ctx_format_plain(fmt, ap);
    va_end(ap);
    xtl_log(sc->lg, level, -1, "snapshot", "%s", text);
    free(text);
}

const char *snap_date(libxl_snapshot_ctx *sc, uint64_t seconds)
{
    time_t t = seconds;
    struct tm tm;
    char text[32];

    if (!localtime_r(&t, &tm)
        || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
        return NULL;
    return snap_strdup(sc, text);
}

void snap_progress(libxl_snapshot_ctx *sc, const char *what, uint64_t done,
                   uint64_t total)
{
    if (sc->lg && total)
        xtl_progress(sc->lg, "snapshot", what, done, total);
}
