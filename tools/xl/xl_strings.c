/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_strings.c: strings and memory, or abort; see xl_utils.h. */
#include "xl_utils.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *xasprintf(const char *fmt, ...)
{
    va_list ap;
    char *s;
    int r;

    va_start(ap, fmt);
    r = vasprintf(&s, fmt, ap);
    va_end(ap);
    if (r < 0) abort();
    return s;
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
    absolute = xasprintf("%s/%s", cwd ? cwd : "", path);
    free(cwd);
    return absolute;
}
