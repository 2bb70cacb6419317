/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * base/name.c: the one place that says which names a snapshot may have.
 *
 * A name becomes a folder, part of a file name, and a tag in a qcow2: no
 * slash, nothing that a shell, a glob or an option parser would take apart.
 */
#include "base/base.h"

#include <string.h>

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
                   "0123456789._-+"

bool libxl_snapshot_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= SNAP_NAME_MAX
        && name[0] != '.' && name[0] != '-'
        && strspn(name, NAME_CHARS) == len;
}

int snap_name_check(libxl_snapshot_ctx *sc, const char *name)
{
    if (name && libxl_snapshot_name_is_valid(name)) return 0;
    return snap_fail(sc, ERROR_INVAL, "snapshot name '%.*s': not a name; use "
                     "letters, digits, '.', '_', '-' and '+', at most %d, the "
                     "first no '.' or '-'", SNAP_NAME_MAX, name ? name : "",
                     SNAP_NAME_MAX);
}
