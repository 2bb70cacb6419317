/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/xenstore.c: reads xenstore.
 */
#include "seams/seams.h"

#include <stdlib.h>
#include <xenstore.h>

char *snap_xenstore_read(libxl_snapshot_ctx *sc, const char *path)
{
    struct xs_handle *xs = xs_open(0);
    char *value, *text = NULL;
    unsigned int len;

    if (!xs) return NULL;
    value = xs_read(xs, XBT_NULL, path, &len);
    if (value) text = snap_strdup(sc, value);
    free(value);
    xs_close(xs);
    return text;
}

pid_t snap_xenstore_qemu_pid(libxl_snapshot_ctx *sc, uint32_t domid)
{
    const char *pid = snap_xenstore_read(
        sc, snap_sprintf(sc, "/local/domain/%u/image/device-model-pid",
                         domid));

    return pid ? atoi(pid) : 0;
}

bool snap_xenstore_qemu_is_gone(libxl_snapshot_ctx *sc, uint32_t domid)
{
    pid_t pid = snap_xenstore_qemu_pid(sc, domid);

    return pid && !snap_file_exists(snap_sprintf(sc, "/proc/%d", (int)pid));
}

const char *snap_xenstore_domain_name(libxl_snapshot_ctx *sc,
                                      uint32_t domid)
{
    const char *name = snap_xenstore_read(sc, snap_sprintf(
        sc, "/local/domain/%u/name", domid));

    return name ? name : snap_sprintf(sc, "%u", domid);
}
