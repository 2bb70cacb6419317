/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_strings.c: strings and memory, or abort; see xl_utils.h. */
#include "xl_utils.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void xvasprintf(char **strp, const char *fmt, va_list ap)
{
    if (vasprintf(strp, fmt, ap) < 0) abort();
}

void xasprintf(char **strp, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    xvasprintf(strp, fmt, ap);
    va_end(ap);
}

char *xstrdup(const char *s)
{
    char *copy = s ? strdup(s) : NULL;

    if (s && !copy) abort();
    return copy;
}

void *xcalloc(size_t num, size_t size)
{
    void *ptr = calloc(num ? num : 1, size);

    if (!ptr) abort();
    return ptr;
}

char *xabsolute(const char *path)
{
    char *cwd, *absolute;

    if (path[0] == '/') return xstrdup(path);
    cwd = getcwd(NULL, 0);
    xasprintf(&absolute, "%s/%s", cwd ? cwd : "", path);
    free(cwd);
    return absolute;
}
