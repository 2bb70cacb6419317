/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_path.c: which xl is Xen's, for the commands and for the front. */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "xl.h"

const char *xl_path(void)
{
    const char *path = getenv("XL_SNAPSHOT_XL");

    return path && *path ? path : XL_PATH;
}

const char *xl_path_error(void)
{
    return xl_path()[0] == '/' ? NULL
        : "XL_SNAPSHOT_XL in the environment is not an absolute path; it "
          "must be that of Xen's own xl";
}
