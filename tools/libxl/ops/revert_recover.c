/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/revert_recover.c: looks at a revert that was cut off, for a
 * recovery.  Its commit point, once begun, counts as passed: a domain that
 * is perhaps destroyed has to be brought back.
 */
#include "ops/ops.h"

#include <string.h>
#include <libxl_utils.h>

static int revert_back_step(const struct snap_plan *plan)
{
    int i;

    for (i = 0; i < plan->num_steps; i++)
        if (plan->steps[i].kind == SNAP_STEP_RESTORE
            || plan->steps[i].kind == SNAP_STEP_BOOT)
            break;
    return i;
}

/* Find the domain that the revert was to bring back, which is not the one
 * that it destroyed. */
static int revert_find_back(libxl_snapshot_ctx *sc,
                            const struct snap_recover *r,
                            uint32_t *domid_r)
{
    const struct snap_journal_head *head = &r->entry.head;
    const char *uuid_str;
    uint32_t domid;
    int rc;

    *domid_r = SNAP_NO_DOMAIN;
    if (libxl_name_to_domid(sc->ctx, head->domain, &domid)
        || domid == r->domid)
        return 0;
    rc = snap_dom_uuid_str(sc, domid, &uuid_str);
    if (rc) return rc;
    *domid_r = domid;
    if (!head->uuid_str || !strcmp(head->uuid_str, uuid_str)) return 0;
    return snap_fail(
        sc, ERROR_INVAL,
        "domain %s: somebody has started another domain of this name "
        "(domid %u); rename that or shut it down first",
        head->domain, domid);
}

/*
 * Find the step at which a revert goes on.  Once the domain is back it
 * must not be brought back again, since the guest runs, or has run, on the
 * disks; unless the host has stopped since, before the guest was let run.
 * A domain that xl makes is complete when xl's monitor of it is there,
 * which xl forks last (4.17).
 */
static int revert_look(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;
    int back = revert_back_step(&e->plan), num = 0, rc;
    uint32_t domid;
    pid_t *pids;

    r->first = r->commit;
    rc = revert_find_back(sc, r, &domid);
    if (rc) return rc;
    if (e->same_boot ? e->is_back : e->may_have_run) {
        r->first = back + 1;
        r->domid = domid;
        return 0;
    }
    if (domid == SNAP_NO_DOMAIN) return 0;
    if (!e->same_boot || !e->may_be_back)
        return snap_fail(
            sc, ERROR_INVAL,
            "domain %s: somebody has started it (domid %u) in the middle "
            "of its revert; shut it down first. What it writes now will "
            "be lost",
            e->head.domain, domid);
    rc = snap_monitor_find(sc, e->head.domain, &pids, &num);
    if (rc) return rc;
    r->domid = domid;
    r->half_made = !num;
    if (num) r->first = back + 1;
    return 0;
}

const struct snap_operation snap_operation_revert = {
    .name = "revert",
    .look = revert_look,
};
