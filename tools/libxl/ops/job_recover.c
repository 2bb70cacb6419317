/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/job_recover.c: looks at a job that was cut off, for a recovery.  One
 * that waits to be finalized is undone: it has changed nothing yet.
 */
#include "ops/ops.h"

int snap_job_was_carried_out(libxl_snapshot_ctx *sc, struct snap_recover *r,
                             const char *qmp_path, bool *was_r)
{
    bool alive = r->domid != SNAP_NO_DOMAIN
        && !snap_xenstore_qemu_is_gone(sc, r->domid);
    struct snap_qmp *qmp = NULL;
    int rc = 0;

    *was_r = false;
    if (qmp_path) rc = snap_qmp_open_path(sc, qmp_path, &qmp);
    else if (alive)
        rc = snap_qmp_open(sc, r->domid, r->entry.head.uuid_str, &qmp);
    if (rc) return rc;
    rc = snap_job_was_finalized(sc, qmp, &r->entry.plan.steps[r->commit],
                                was_r);
    snap_qmp_close(qmp);
    r->has_verdict = !rc;
    return rc;
}
