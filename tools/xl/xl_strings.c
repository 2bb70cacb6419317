/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_strings.c: strings, see xl_snapshot.h. */
#include "xl_snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "xl_utils.h"

char *copy_or_null(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

char *absolute_path(const char *path)
{
    char *cwd, *absolute;

    cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);
    if (!cwd) return xstrdup(path);
    xasprintf(&absolute, "%s/%s", cwd, path);
    free(cwd);
    return absolute;
}

const char *size_text(uint64_t bytes, char text[SIZE_TEXT])
{
    if (bytes >> 30)
        snprintf(text, SIZE_TEXT, "%.1f GiB", (double)bytes / (1 << 30));
    else if (bytes >> 20)
        snprintf(text, SIZE_TEXT, "%" PRIu64 " MiB", bytes >> 20);
    else
        snprintf(text, SIZE_TEXT, "%" PRIu64 " KiB", bytes >> 10);
    return text;
}
