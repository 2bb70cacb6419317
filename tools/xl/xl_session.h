/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_session.h: what a command runs in: libxl's context and the snapshot
 * library's, the log, errors.
 */
#ifndef XL_SESSION_H
#define XL_SESSION_H

#include <libxl_snapshot.h>

/* One run of a command. */
struct session {
    const char *command;
    struct logger *logger;
    libxl_ctx *ctx;
    libxl_snapshot_ctx *sc;
};

/* Open what a command needs, let @run do its work with @options, and
 * close.  Returns the exit status: EXIT_FAILURE if @run does not return 0,
 * after it has said why. */
int session_run(const char *command,
                int (*run)(const struct session *s, const void *options),
                const void *options);

/* Print a line to stderr, behind the name of the command. */
void session_error(const struct session *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Print the library's reason, and libxl's if it gave one. */
void session_library_error(const struct session *s);
/* Print that a signal came too late to undo, if one did. */
void session_tell_signal(const struct session *s, bool signalled);

/* xl_log.c: a logger that keeps libxl's first error for the one line that
 * the user gets. */
struct logger;
struct logger *logger_create(const char *command);
void logger_destroy(struct logger *l);
xentoollog_logger *logger_xtl(struct logger *l);
/* The first error that libxl reported, or NULL. */
const char *logger_first_error(const struct logger *l);

#endif /* XL_SESSION_H */
