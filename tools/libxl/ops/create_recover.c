/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/create_recover.c: looks at a create that was cut off, for a
 * recovery.
 */
#include "ops/ops.h"

#include <string.h>

/* The time by which the last write to a base may come after the last write
 * to the journal. */
#define CREATE_LATE_S 5

/*-- of a domain that was off -----------------------------------------------*/

/* Set *why_r: the reason why the image @path may be no base any more; NULL:
 * it is as the create had it. */
static int create_look_at_base(libxl_snapshot_ctx *sc,
                               const struct snap_journal_entry *e,
                               const char *path, const char **why_r)
{
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };
    const char *then = snap_prints_find(&e->head.at_stake, path);
    struct snap_file_use use = {
        .who = "base", .path = path, .write_only = true,
    };
    int rc = 0;

    *why_r = NULL;
    if (snap_file_exists(path))
        rc = snap_users_of_files(sc, &use, 1, &nobody);
    if (use.users)
        *why_r = snap_sprintf(sc, "is in use by %s", use.users);
    else if (!then)
        *why_r = "may have been written to: the journal does not tell how "
                 "it was";
    else if (!snap_identity_is_unwritten_base(sc, path, then, e->same_boot))
        *why_r = "is not as the create's journal has it: somebody has "
                 "written to it, or put another one in its place";
    return rc;
}

/*
 * A domain that was off may have been started from its bases since, and
 * they are no snapshot then, while the overlays have nothing.  So the
 * create is undone; but not if a base was perhaps frozen.
 */
static int create_look_off(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;
    const char *why = NULL, *path = NULL;
    int i, rc = 0;

    for (i = 0; !rc && !why && i < e->head.at_stake.num; i++) {
        path = e->head.at_stake.paths[i];
        rc = create_look_at_base(sc, e, path, &why);
    }
    if (rc || !why) return rc;
    r->forward = false;
    if (e->at <= r->commit) return 0;
    return snap_fail(
        sc, ERROR_INVAL,
        "domain %s: snapshot %s cannot be completed: %s %s. End what uses "
        "it; if it stays so, keep a copy of it, and see --abandon",
        e->head.domain, e->head.snapshot, path, why);
}

/*-- of a domain that ran ---------------------------------------------------*/

/* How the base @path shows that it was written to since the guest left it;
 * NULL: it does not.  Without a print of after that, its date counts. */
static const char *create_base_is_written(libxl_snapshot_ctx *sc,
                                          const struct snap_recover *r,
                                          const char *path,
                                          const struct snap_file_print *base,
                                          uint64_t cut_off)
{
    const struct snap_journal_entry *e = &r->entry;
    const char *then = snap_prints_find(&e->head.at_stake, path);
    bool told = then && strchr(then, ' ');

    if (base->is_device && !e->same_boot) return NULL;
    if (told && !snap_identity_is_unwritten_base(sc, path, then,
                                                 e->same_boot))
        return "is not as the create's journal has it";
    if (base->is_device || r->domid != SNAP_NO_DOMAIN
        || (told && snap_identity_tells_writes(sc, then))
        || base->written <= cut_off + CREATE_LATE_S)
        return NULL;
    return snap_sprintf(sc, "was written to at %s, after the create was cut "
                        "off", snap_date(sc, base->written));
}

/*
 * Refuse to complete a snapshot whose base somebody has written to since:
 * the snapshot is ruined, and the overlay, which has what the guest wrote
 * before, cannot be read any more.  QEMU's own last writes come with the
 * transaction.
 */
static int create_check_base(libxl_snapshot_ctx *sc,
                             const struct snap_recover *r,
                             const struct snap_repoint *to,
                             uint64_t cut_off)
{
    struct snap_users_except except = { 0, r->domid };
    const struct snap_journal_entry *e = &r->entry;
    struct snap_file_use use = {
        .who = "base", .path = to->from, .write_only = true,
    };
    struct snap_file_print base;
    int rc = snap_file_print(sc, to->from, &base);
    const char *why;

    if (r->domid != SNAP_NO_DOMAIN)
        except.pid = snap_xenstore_qemu_pid(sc, r->domid);
    if (!rc && !base.is_device)
        rc = snap_users_of_files(sc, &use, 1, &except);
    if (!rc && use.users)
        rc = snap_fail(
            sc, ERROR_INVAL,
            "domain %s: %s is in use by %s, but it must become the base "
            "of snapshot %s. What the guest wrote since the snapshot is "
            "in %s. End that use first",
            e->head.domain, to->from, use.users, e->head.snapshot, to->to);
    if (rc) return rc;
    why = create_base_is_written(sc, r, to->from, &base, cut_off);
    if (!why) return 0;
    return snap_fail(
        sc, ERROR_INVAL,
        "domain %s: %s %s: somebody has started the domain from it, or put "
        "another file in its place. What the guest wrote since snapshot %s "
        "is in %s, which needs the base as it was. Keep copies of both "
        "elsewhere; then put that base back, or see --abandon",
        e->head.domain, to->from, why, e->head.snapshot, to->to);
}

/* Check the bases.  A domain that exists runs on the overlays, but somebody
 * else may write to a base all the same. */
static int create_check_bases(libxl_snapshot_ctx *sc,
                              const struct snap_recover *r)
{
    const struct snap_plan *plan = &r->entry.plan;
    struct snap_file_print journal;
    int i, k, rc;

    rc = snap_file_print(sc, r->entry.path, &journal);
    for (i = r->commit; !rc && i < plan->num_steps; i++)
        for (k = 0; !rc && k < plan->steps[i].num_repoints; k++)
            rc = create_check_base(sc, r, &plan->steps[i].repoints[k],
                            journal.written);
    return rc;
}

/* True if the memory image is not complete: after a crash of the host it
 * may lack data that the kernel had not written yet. */
static bool create_memory_is_lost(libxl_snapshot_ctx *sc,
                                  const struct snap_recover *r)
{
    const char *path = r->entry.head.memory_path;
    char *json;

    /* whose file it is by now, a revert says */
    if (r->entry.same_boot || !path || !snap_file_exists(path)
        || snap_open_doubt(sc, path))
        return false;
    if (!snap_memory_image_check(sc, path, &json)) return false;
    snap_take_error(sc);
    return true;
}

/* A domain that went on running and was saved by xendomains when the host
 * went down: the config in its memory has what was on record then.  If that
 * were the bases, a restore would let the guest go on without its disks, or
 * ruin a base that is not immutable. */
static void create_tell_saved(libxl_snapshot_ctx *sc,
                              const struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;
    const char *path = NULL;
    int i;

    for (i = r->commit; i < e->plan.num_steps; i++)
        if (e->plan.steps[i].kind == SNAP_STEP_REPOINT && !e->done[i]) break;
    if (r->domid != SNAP_NO_DOMAIN || i >= e->plan.num_steps) return;
    if (snap_saved_find(sc, e->head.domain, &path)) snap_take_error(sc);
    if (path)
        snap_tell_left(sc, "%s has the memory of the domain, and %s as its "
                       "disk, which is a base now; let nobody restore it as "
                       "it is: move it away, and use xl restore with an "
                       "xl.cfg that names %s before the file", path,
                       e->plan.steps[i].repoints[0].from,
                       e->plan.steps[i].repoints[0].to);
}

/* True if a snapshot config is to be recorded yet. */
static bool create_records(const struct snap_recover *r)
{
    const struct snap_plan *plan = &r->entry.plan;
    int i;

    for (i = r->commit; i < plan->num_steps; i++)
        if (plan->steps[i].kind == SNAP_STEP_RECORD
            && snap_file_exists(plan->steps[i].path))
            return true;
    return false;
}

/* Find out if what there is to be recorded is no snapshot, though the commit
 * point was passed. */
static int create_look(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    bool all;
    int rc = 0;

    if (r->entry.head.domid == SNAP_NO_DOMAIN)
        return r->forward ? create_look_off(sc, r) : 0;
    if (!r->has_verdict) rc = snap_create_look_for_tags(sc, r);
    all = r->num_tags == r->entry.head.num_tagged;
    if (rc || !r->forward) return rc;
    if (!r->no_snapshot && create_memory_is_lost(sc, r))
        r->no_snapshot = "its memory image did not reach the disk before the "
                         "host stopped";
    if (!r->no_snapshot && !all && create_records(r))
        r->no_snapshot = "a tag that it has made is not there any more";
    r->has_verdict = r->has_verdict || r->no_snapshot;
    create_tell_saved(sc, r);
    return create_check_bases(sc, r);
}

const struct snap_operation snap_operation_create = {
    .name = "create",
    .was_committed = snap_create_was_carried_out,
    .look = create_look,
};
