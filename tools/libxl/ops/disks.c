/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/disks.c: list the disks of a domain, and change nothing.
 */
#include "libxl_snap_hook.h"
#include "libxl_snap_journal.h"

/* Suspended, it is in the middle of an operation, or that was cut off. */
static int refuse_suspended(libxl_snapshot_ctx *sc, uint32_t domid, int rc)
{
    const char *uuid_str;
    int fd = -1;

    if (domid == SNAP_NO_DOMAIN || !snap_dom_is_suspended(sc, domid)
        || snap_dom_uuid_str(sc, domid, &uuid_str)
        || !snap_journal_refuse(sc, NULL, uuid_str))
        return rc;
    if (snap_lock_domain(sc, uuid_str, &fd)) return ERROR_LOCK_FAIL;
    rc = snap_journal_refuse(sc, NULL, uuid_str);
    snap_unlock(&fd, NULL);
    return rc;
}

int libxl_disk_snapshot_info_list(libxl_snapshot_ctx *sc, uint32_t domid,
                                  const libxl_domain_config *config,
                                  libxl_disk_snapshot_info **info_r,
                                  int *num_r)
{
    struct snap_hooks hooks = { .num = 0 };
    struct snap_domain dom;
    int rc;

    snap_ctx_begin(sc);
    snap_domain_init(&dom);
    rc = config ? snap_gather_offline(sc, config, &dom)
                : snap_gather_domain(sc, domid, &dom);
    if (rc) rc = refuse_suspended(sc, domid, rc);
    if (rc) goto out;

    *info_r = snap_disk_info_list(sc, &hooks, &dom);
    *num_r = dom.num_disks;
 out:
    snap_domain_dispose(&dom);
    return rc;
}
