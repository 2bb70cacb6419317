/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_strings.c: strings, see xl_snapshot.h. */
#include "xl_snapshot.h"

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
