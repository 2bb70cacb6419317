/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_session.c: what a command runs in, see xl_session.h. */
#include "xl_session.h"

#include <stdarg.h>
#include <stdlib.h>

#include "xl.h"
#include "xl_output.h"
#include "xl_snapshot.h"
#include "xl_utils.h"

#define SESSION_TIMEOUT_MAX_S 86400

/*-- errors -------------------------------------------------------------*/

void session_error(const struct session *s, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    xvasprintf(&text, fmt, ap);
    va_end(ap);
    message_line("%s: %s", s->command, text);
    free(text);
}

void session_library_error(const struct session *s)
{
    const char *error = libxl_snapshot_ctx_error(s->sc);
    const char *libxl = logger_first_error(s->logger);

    if (!error) error = "failed";
    if (libxl)
        session_error(s, "%s (libxl: %s)", error, libxl);
    else
        session_error(s, "%s", error);
}

void session_tell_signal(const struct session *s, bool signalled)
{
    if (!signalled) return;
    session_error(s, "a signal came after the commit point, when nothing "
                  "can be undone any more; the command went on to its "
                  "end");
}

/*-- the session --------------------------------------------------------*/

/* Let @set have the number of seconds in the environment variable @name.
 * A variable that is empty counts as not set. */
static int session_set_timeout(struct session *s, const char *name,
                               void (*set)(libxl_snapshot_ctx *sc,
                                           unsigned int seconds))
{
    const char *text = getenv(name);
    unsigned long seconds;
    char *end;

    if (!text || !*text) return 0;
    seconds = strtoul(text, &end, 10);
    if (*end || *text == '-' || !seconds
        || seconds > SESSION_TIMEOUT_MAX_S) {
        session_error(s, "%s is '%s'; it must be a number of seconds from "
                      "1 to %d", name, text, SESSION_TIMEOUT_MAX_S);
        return -1;
    }
    set(s->sc, seconds);
    return 0;
}

/* Hooks that copy images, and slow storage, need more than is usual. */
static int session_set_timeouts(struct session *s)
{
    if (session_set_timeout(s, "XL_SNAPSHOT_HOOK_TIMEOUT",
                            libxl_snapshot_ctx_set_hook_timeout))
        return -1;
    return session_set_timeout(s, "XL_SNAPSHOT_TIMEOUT",
                               libxl_snapshot_ctx_set_timeout);
}

static int session_open(struct session *s, const char *command)
{
    xentoollog_logger *lg;

    *s = (struct session){ .command = command };
    s->logger = logger_create(command);
    lg = logger_xtl(s->logger);
    if (libxl_ctx_alloc(&s->ctx, LIBXL_VERSION, 0, lg)) {
        s->ctx = NULL;
        session_error(s, "libxl cannot reach Xen; run this as root in "
                      "domain 0 of a Xen host");
        return -1;
    }
    if (libxl_snapshot_ctx_alloc(&s->sc, s->ctx, lg)) abort();
    libxl_snapshot_ctx_set_journal(s->sc, DEFAULT_JOURNAL);
    if (xl_path_error()) {
        session_error(s, "%s", xl_path_error());
        return -1;
    }
    return session_set_timeouts(s);
}

static void session_close(struct session *s)
{
    message_flush();
    libxl_snapshot_ctx_free(s->sc);
    libxl_ctx_free(s->ctx);
    logger_destroy(s->logger);
}

int session_run(const char *command,
                int (*run)(const struct session *s, const void *options),
                const void *options)
{
    struct session s;
    int r;

    r = session_open(&s, command);
    if (!r) r = run(&s, options);
    session_close(&s);
    return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
