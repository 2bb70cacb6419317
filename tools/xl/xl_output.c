/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_output.c: all that is printed, see xl_output.h.
 *
 * A guest may stand still while a message is written, and a terminal that
 * is stopped (^S), or a pipe that nobody reads, takes none.  So messages
 * are written as far as stderr takes them; the rest is kept until the next
 * message, or the end of the plan.
 */
#include "xl_output.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libxl_snapshot.h>

/* No more than what a pipe takes at once when poll() calls it writable. */
#define MESSAGE_CHUNK 512

static struct {
    char *kept;                 /* not written yet; NULL: none */
    bool shows_progress;
} message;

/* The line, plain, between @before and @after; malloc'd. */
static char *output_line(const char *before, const char *after,
                         const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static char *output_line(const char *before, const char *after,
                         const char *fmt, va_list ap)
{
    char *text, *plain, *line;

    if (vasprintf(&text, fmt, ap) < 0) abort();
    plain = libxl_snapshot_plain(text);
    if (asprintf(&line, "%s%s%s", before, plain, after) < 0) abort();
    free(plain);
    free(text);
    return line;
}

/*-- results ------------------------------------------------------------*/

void print_line(const char *fmt, ...)
{
    va_list ap;
    char *line;

    va_start(ap, fmt);
    line = output_line("", "\n", fmt, ap);
    va_end(ap);
    fputs(line, stdout);
    free(line);
}

void print_lines(const char *text)
{
    size_t len;

    for (; *text; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        print_line("%.*s", (int)len, text);
    }
}

/* A network file system may tell only at the close that it is full. */
int output_finish(const char *command, int code)
{
    errno = 0;
    if (!fflush(stdout) && !ferror(stdout)
        && (!close(STDOUT_FILENO) || errno == EBADF))
        return code;
    message_line("%s: cannot write to standard output: %s%s", command,
                 strerror(errno ? errno : EIO),
                 code ? "" : "; but for that, the command succeeded");
    return code ? code : EXIT_FAILURE;
}

/*-- messages -----------------------------------------------------------*/

/* Write what is kept; @wait: all of it, however long that takes.  What
 * cannot be written at all, since the reader has gone, is dropped. */
static void message_write_kept(bool wait)
{
    struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };
    size_t len, at = 0, left = message.kept ? strlen(message.kept) : 0;
    ssize_t done = 0;

    while (left && (done >= 0 || errno == EINTR)
           && poll(&pfd, 1, wait ? -1 : 0) > 0) {
        len = left < MESSAGE_CHUNK ? left : MESSAGE_CHUNK;
        done = write(STDERR_FILENO, message.kept + at, len);
        if (done < 0) continue;
        at += done;
        left -= done;
    }
    if (left && done >= 0)
        memmove(message.kept, message.kept + at, left + 1);
    else {
        free(message.kept);
        message.kept = NULL;
    }
}

/* Add @text, malloc'd, which is freed. */
static void message_add(char *text)
{
    char *both;

    if (message.kept) {
        if (asprintf(&both, "%s%s", message.kept, text) < 0) abort();
        free(message.kept);
        free(text);
        text = both;
    }
    message.kept = text;
    message_write_kept(false);
}

/* What stands before the next message: it takes the progress away. */
static const char *message_before(void)
{
    const char *before = message.shows_progress ? "\r\033[K" : "";

    message.shows_progress = false;
    return before;
}

void message_soon(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    message_add(output_line(message_before(), "\n", fmt, ap));
    va_end(ap);
}

/* In a log of both, results and messages stay in their order, and their
 * lines whole. */
void message_line(const char *fmt, ...)
{
    va_list ap;

    fflush(stdout);
    va_start(ap, fmt);
    message_add(output_line(message_before(), "\n", fmt, ap));
    va_end(ap);
    message_write_kept(true);
}

void message_progress(const char *fmt, ...)
{
    va_list ap;

    if (message.kept || !isatty(STDERR_FILENO)) return;
    va_start(ap, fmt);
    message_add(output_line("\r\033[K", "", fmt, ap));
    va_end(ap);
    message.shows_progress = true;
}

void message_flush(void)
{
    if (message.shows_progress) message_add(strdup(message_before()));
    message_write_kept(true);
}
