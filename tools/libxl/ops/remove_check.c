/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/remove_check.c: refuse, before an operation, what cannot be deleted
 * after it.  Pure.
 */
#include "ops/ops.h"

int snap_remove_check(libxl_snapshot_ctx *sc, const char *vdev,
                      const struct snap_remove_file *files, int num,
                      bool names)
{
    int i;

    if (names)
        return snap_fail(sc, ERROR_INVAL, "disk %s: the domain's xl.cfg names "
                         "the layer that is to be deleted; let "
                         "--update-config write the new one there", vdev);
    for (i = 0; i < num; i++)
        if (!files[i].identity)
            return snap_fail(sc, ERROR_INVAL, "disk %s: %s is no file, and "
                             "only files are deleted; leave out --delete",
                             vdev, files[i].path);
    return 0;
}
