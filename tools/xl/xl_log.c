/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_log.c: where libxl's and the library's messages go.
 *
 * libxl reports one failure in several lines, the first of which is the
 * cause.  The user gets one line from us, so that first one is kept for
 * it; -v shows them all.
 */
#include "xl_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "xl.h"
#include "xl_output.h"
#include "xl_utils.h"

struct logger {
    xentoollog_logger vtable;       /* first: libxl casts */
    const char *command;
    xentoollog_level min_level;
    char *first_error;
};

static void logger_keep(struct logger *l, int errnoval, const char *text)
{
    if (l->first_error) return;
    if (errnoval > 0)
        xasprintf(&l->first_error, "%s: %s", text, strerror(errnoval));
    else
        l->first_error = xstrdup(text);
}

static void logger_print(xentoollog_level level, int errnoval,
                         const char *context, const char *text)
{
    char when[32] = "";
    time_t now = time(NULL);

    if (timestamps)
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S %Z ",
                 localtime(&now));
    message_soon("%s%s: %s: %s%s%s", when, context ? context : "xl",
                 xtl_level_to_string(level), text,
                 errnoval > 0 ? ": " : "",
                 errnoval > 0 ? strerror(errnoval) : "");
}

static void logger_vmessage(xentoollog_logger *vtable,
                            xentoollog_level level, int errnoval,
                            const char *context, const char *format,
                            va_list al)
{
    struct logger *l = (struct logger *)vtable;
    size_t len;
    char *text;

    if (vasprintf(&text, format, al) < 0) return;
    for (len = strlen(text); len && text[len - 1] == '\n';)
        text[--len] = 0;
    if (level >= XTL_ERROR) logger_keep(l, errnoval, text);
    if (level >= l->min_level)
        logger_print(level, errnoval, context, text);
    free(text);
}

static void logger_progress(xentoollog_logger *vtable, const char *context,
                            const char *doing_what, int percent,
                            unsigned long done, unsigned long total)
{
    struct logger *l = (struct logger *)vtable;

    (void)context;
    message_progress("%s: %s: %lu of %lu, %d%%", l->command, doing_what,
                     done, total, percent);
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
    return l;
}

void logger_destroy(struct logger *l)
{
    if (!l) return;
    free(l->first_error);
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
