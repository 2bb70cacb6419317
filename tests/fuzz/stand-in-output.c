/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * stand-in-output.c: in the place of xl_output.c and exit(3): each line is
 * put together, and looked at; and a command that ends the process ends.
 */
#include "fuzz.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../tools/xl/xl_output.h"

static void output_take(const char *fmt, va_list ap)
    __attribute__((format(printf, 1, 0)));

static void output_take(const char *fmt, va_list ap)
{
    char *text, *plain;

    if (vasprintf(&text, fmt, ap) < 0) abort();
    plain = libxl_snapshot_plain(text);
    fuzz_printable(plain);
    free(plain);
    free(text);
}

#define TAKE(fmt) do {          \
        va_list ap;             \
                                \
        va_start(ap, fmt);      \
        output_take(fmt, ap);   \
        va_end(ap);             \
    } while (0)

void print_line(const char *fmt, ...) { TAKE(fmt); }
void message_line(const char *fmt, ...) { TAKE(fmt); }
void message_soon(const char *fmt, ...) { TAKE(fmt); }
void message_progress(const char *fmt, ...) { TAKE(fmt); }
void print_lines(const char *text) { MUST(text); }
void message_flush(void) {}

int output_finish(const char *command, int code)
{
    (void)command;
    return code;
}

/*-- exit ---------------------------------------------------------------*/

static jmp_buf exit_to;

void fuzz_until_exit(void (*body)(void *opaque), void *opaque)
{
    if (!setjmp(exit_to)) body(opaque);
}

void fuzz_exit(int code)
{
    MUST(code >= 0 && code <= 2);
    longjmp(exit_to, 1);
}
