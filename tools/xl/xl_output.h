/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_output.h: all that is printed.
 *
 * Each call is a line, whose newline is added here.  What others have
 * named or said may stand in it, and cannot end it, turn it round or reach
 * the terminal's controls: libxl_snapshot_plain().
 */
#ifndef XL_OUTPUT_H
#define XL_OUTPUT_H

#include <stdbool.h>

typedef void print_function(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* Print a line of a result to stdout. */
void print_line(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/* The same of each line of @text, which is ours. */
void print_lines(const char *text);
/* Write out what was printed: the last act of every command.  Returns
 * @code, its exit status; if that fails, says so on stderr and returns
 * EXIT_FAILURE in place of 0. */
int output_finish(const char *command, int code);

/* Print a message to stderr, behind what was printed before. */
void message_line(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/* The same while a guest may stand still: as far as stderr takes it now;
 * the rest is kept until the next message, or message_flush(). */
void message_soon(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/* Show how far something is, on a terminal alone, in the place of the last
 * such line; any message takes it away. */
void message_progress(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/* Write what is kept, and take away what message_progress() shows. */
void message_flush(void);

#endif /* XL_OUTPUT_H */
