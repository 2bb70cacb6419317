/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_log.c: where libxl's and the library's messages go.
 *
 * libxl reports one failure in several lines, the first of which is the
 * cause.  The user gets one line from us, so that first one is kept for
 * it; -v shows them all.  Progress goes to stderr if that is a terminal.
 *
 * A guest may stand still while a message is written, and a terminal that
 * is stopped (^S), or a pipe that nobody reads, takes none.  So messages
 * are written as far as stderr takes them; the rest is kept until the next
 * message, or the end of the plan.
 */
#include "xl_session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "xl.h"
#include "xl_utils.h"

/* No more than what a pipe takes at once when poll() calls it writable. */
#define LOGGER_CHUNK 512

struct logger {
    xentoollog_logger vtable;       /* first: libxl casts */
    const char *command;
    xentoollog_level min_level;
    bool terminal, showing;
    char *first_error;
    char *kept;                     /* not written yet; NULL: none */
};

/* Write what is kept; @wait: all of it, however long that takes.  What
 * cannot be written at all, since the reader has gone, is dropped. */
static void logger_write_kept(struct logger *l, bool wait)
{
    struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };
    size_t len, at = 0, left = l->kept ? strlen(l->kept) : 0;
    ssize_t done = 0;

    while (left && (done >= 0 || errno == EINTR)
           && poll(&pfd, 1, wait ? -1 : 0) > 0) {
        len = left < LOGGER_CHUNK ? left : LOGGER_CHUNK;
        done = write(STDERR_FILENO, l->kept + at, len);
        if (done < 0) continue;
        at += done;
        left -= done;
    }
    if (left && done >= 0) memmove(l->kept, l->kept + at, left + 1);
    else {
        free(l->kept);
        l->kept = NULL;
    }
}

static void logger_add(struct logger *l, const char *text)
{
    char *both;

    if (l->kept) {
        xasprintf(&both, "%s%s", l->kept, text);
        free(l->kept);
        l->kept = both;
    } else {
        l->kept = xstrdup(text);
    }
    logger_write_kept(l, false);
}

static void logger_hide_progress(struct logger *l)
{
    if (l->showing) logger_add(l, "\r\033[K");
    l->showing = false;
}

static void logger_keep(struct logger *l, int errnoval, const char *text)
{
    if (l->first_error) return;
    if (errnoval > 0)
        xasprintf(&l->first_error, "%s: %s", text, strerror(errnoval));
    else
        l->first_error = xstrdup(text);
}

static void logger_print(struct logger *l, xentoollog_level level,
                         int errnoval, const char *context,
                         const char *text)
{
    char when[32] = "", *line;
    time_t now = time(NULL);

    logger_hide_progress(l);
    if (timestamps)
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S %Z ",
                 localtime(&now));
    xasprintf(&line, "%s%s: %s: %s%s%s\n", when, context ? context : "xl",
              xtl_level_to_string(level), text, errnoval > 0 ? ": " : "",
              errnoval > 0 ? strerror(errnoval) : "");
    logger_add(l, line);
    free(line);
}

static void logger_vmessage(xentoollog_logger *vtable,
                            xentoollog_level level, int errnoval,
                            const char *context, const char *format,
                            va_list al)
{
    struct logger *l = (struct logger *)vtable;
    char *text, *raw;

    if (vasprintf(&raw, format, al) < 0) return;
    text = libxl_snapshot_plain(raw);       /* libxl quotes QEMU */
    free(raw);
    if (level >= XTL_ERROR) logger_keep(l, errnoval, text);
    if (level >= l->min_level)
        logger_print(l, level, errnoval, context, text);
    free(text);
}

static void logger_progress(xentoollog_logger *vtable, const char *context,
                            const char *doing_what, int percent,
                            unsigned long done, unsigned long total)
{
    struct logger *l = (struct logger *)vtable;
    char *line;

    (void)context;
    if (!l->terminal || l->kept) return;
    xasprintf(&line, "\r\033[K%s: %s: %lu of %lu, %d%%", l->command,
              doing_what, done, total, percent);
    logger_add(l, line);
    free(line);
    l->showing = true;
}

/* Without -v the command's own line has libxl's first error, and progress
 * has a line of its own.  The library logs each step as XTL_VERBOSE. */
static xentoollog_level logger_min_level(void)
{
    switch (minmsglevel_default - minmsglevel) {
    case 0:
        return XTL_CRITICAL;
    case 1:
        return XTL_VERBOSE;
    default:
        return XTL_DEBUG;
    }
}

struct logger *logger_create(const char *command)
{
    struct logger *l = xcalloc(1, sizeof(*l));

    l->vtable.vmessage = logger_vmessage;
    l->vtable.progress = logger_progress;
    l->command = command;
    l->min_level = logger_min_level();
    l->terminal = isatty(STDERR_FILENO);
    return l;
}

void logger_destroy(struct logger *l)
{
    if (!l) return;
    free(l->first_error);
    free(l->kept);
    free(l);
}

xentoollog_logger *logger_xtl(struct logger *l)
{
    return &l->vtable;
}

const char *logger_first_error(const struct logger *l)
{
    return l->first_error;
}

void logger_end_progress(struct logger *l)
{
    logger_hide_progress(l);
    logger_write_kept(l, true);
}
