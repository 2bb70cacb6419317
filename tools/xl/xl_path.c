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
