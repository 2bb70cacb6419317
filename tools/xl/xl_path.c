/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_path.c: which xl is Xen's, see xl_snapshot.h; for the front, too. */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "xl.h"

const char *xl_path(void)
{
    const char *path = getenv("XL_SNAPSHOT_XL");

    return path && *path ? path : XL_PATH;
}
