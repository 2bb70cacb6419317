/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * standalone/xl_utils.c: memory, as in xen.git's tools/xl/xl_utils.c: with
 * its messages and its exit status, where there is none.
 */
#include "../xl_output.h"
#include "xl_utils.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libxl.h>

static void xl_no_memory(const char *call, size_t size)
{
    message_line("xl: Unable to %s %zu bytes.", call, size);
    exit(-ERROR_FAIL);
}

void xvasprintf(char **strp, const char *fmt, va_list ap)
{
    if (vasprintf(strp, fmt, ap) >= 0) return;
    message_line("asprintf failed: %s", strerror(errno));
    exit(EXIT_FAILURE);
}

void xasprintf(char **strp, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    xvasprintf(strp, fmt, ap);
    va_end(ap);
}

char *xstrdup(const char *x)
{
    char *copy = strdup(x);

    if (!copy) xl_no_memory("strdup", strlen(x));
    return copy;
}

void *xcalloc(size_t n, size_t sz)
{
    void *ptr = calloc(n, sz);

    if (!ptr) xl_no_memory("calloc", n * sz);
    return ptr;
}

void *xrealloc(void *ptr, size_t sz)
{
    if (!sz) {
        free(ptr);
        return NULL;
    }
    ptr = realloc(ptr, sz);
    if (!ptr) xl_no_memory("realloc to", sz);
    return ptr;
}
