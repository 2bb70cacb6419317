/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/create_commit.c: a create that was cut off in QEMU's transaction:
 * whether its disks were switched, and whether that is a snapshot.
 *
 * The guest's memory, and the volumes of a mixed snapshot, are of the time
 * before the transaction.  So what was done is a snapshot only if the guest
 * has not run since: else nobody knows of which instant the disks are.  The
 * switch is completed all the same, since what the guest wrote is in the
 * overlays; tags are removed.
 *
 * QEMU switches all disks or none.  One that it does not know any more, as
 * all do when it has ended, shows in its overlay: where all are empty, the
 * bases have everything, and to undo is right, whatever was done.
 */
#include "ops/ops.h"

/* A tag may be dated later than the last line of the journal: QEMU makes it
 * when its storage answers. */
#define COMMIT_LATE_S 600

/*-- tags -------------------------------------------------------------------*/

/* True if @tag was made while QEMU was to make it: another one of its name
 * may have taken its place. */
static bool commit_is_in_time(libxl_snapshot_ctx *sc,
                              const struct snap_recover *r,
                              const struct snap_made_tag *tag)
{
    const struct snap_journal_entry *e = &r->entry;
    uint64_t from = e->commit_from ? e->commit_from : e->began;
    struct snap_file_print journal;
    uint64_t to = e->commit_to;

    if (!to && !snap_file_print(sc, e->path, &journal)) to = journal.written;
    snap_take_error(sc);
    return tag->made_at >= from && tag->made_at <= to + COMMIT_LATE_S;
}

/* Find those of the tags of @t that are ours. */
static int commit_find_tags(libxl_snapshot_ctx *sc, struct snap_recover *r,
                            const struct snap_transaction *t)
{
    const struct snap_journal_head *head = &r->entry.head;
    struct snap_recover_tag *tags =
        snap_zalloc(sc, (head->num_tagged + 1) * sizeof(*tags));
    int i, rc = 0;

    r->tags = tags;
    r->num_tags = 0;
    for (i = 0; !rc && i < head->num_tagged; i++) {
        struct snap_made_tag tag = { NULL };

        if (t->num_tags == head->num_tagged) tag = t->tags[i];
        if (!tag.node)
            rc = snap_transaction_look_at_file(sc, head->tagged[i],
                                               head->snapshot, &tag);
        if (rc || !tag.made) continue;
        if (commit_is_in_time(sc, r, &tag))
            tags[r->num_tags++] =
                (struct snap_recover_tag){ head->tagged[i], tag };
        else
            snap_tell_left(sc, "tag %s of %s, made at %s, is not the one of "
                           "the command", head->snapshot, head->tagged[i],
                           snap_date(sc, tag.made_at));
    }
    return rc;
}

/*-- the transaction --------------------------------------------------------*/

static bool commit_has_qemu(libxl_snapshot_ctx *sc,
                            const struct snap_recover *r)
{
    return r->domid != SNAP_NO_DOMAIN
        && !snap_xenstore_qemu_is_gone(sc, r->domid);
}

/* Ask QEMU what has become of the transaction, if there is one. */
static int commit_ask(libxl_snapshot_ctx *sc, const struct snap_recover *r,
                      struct snap_transaction *t)
{
    const struct snap_step *step = &r->entry.plan.steps[r->commit];
    struct snap_qmp *qmp = NULL;
    int rc = 0;

    if (commit_has_qemu(sc, r))
        rc = snap_qmp_open(sc, r->domid, r->entry.head.uuid_str, &qmp);
    if (!rc) rc = snap_transaction_look(sc, qmp, step->arguments, t);
    snap_qmp_close(qmp);
    return rc;
}

static bool commit_is_transaction(const struct snap_recover *r)
{
    return r->commit < r->entry.plan.num_steps
        && r->entry.plan.steps[r->commit].kind == SNAP_STEP_QMP;
}

int snap_create_look_for_tags(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    struct snap_transaction t;
    int rc;

    if (!commit_is_transaction(r) || r->entry.at < r->commit
        || !r->entry.head.num_tagged)
        return 0;
    rc = commit_ask(sc, r, &t);
    return rc ? rc : commit_find_tags(sc, r, &t);
}

/* Find an overlay that was written to; *used_r: NULL if there is none, and
 * *has_any_r if there are any. */
static int commit_find_used(libxl_snapshot_ctx *sc,
                            const struct snap_recover *r, bool *has_any_r,
                            const char **used_r)
{
    const struct snap_plan *plan = &r->entry.plan;
    bool used;
    int i, k, rc = 0;

    *has_any_r = false;
    *used_r = NULL;
    for (i = r->commit; !rc && i < plan->num_steps; i++)
        for (k = 0; !rc && k < plan->steps[i].num_repoints; k++) {
            *has_any_r = true;
            rc = snap_file_is_used_overlay(
                sc, plan->steps[i].repoints[k].to, &used);
            if (!rc && used) *used_r = plan->steps[i].repoints[k].to;
        }
    return rc;
}

/* True if the guest has not run since before the transaction. */
static bool commit_is_held(libxl_snapshot_ctx *sc,
                           const struct snap_recover *r)
{
    return r->entry.pauses > 0 && !r->entry.pause_unsure
        && commit_has_qemu(sc, r) && snap_dom_is_paused(sc, r->domid)
        && !snap_recover_has_run(sc, r);
}

static int commit_fail_half(libxl_snapshot_ctx *sc,
                            const struct snap_recover *r, const char *used)
{
    const struct snap_journal_head *head = &r->entry.head;

    return snap_fail(
        sc, ERROR_INVAL, "domain %s: its QEMU says that it has not switched "
        "%s, but %s; the one or the other has been changed by "
        "somebody. Keep copies of base and overlays while the domain is shut "
        "down; to give up this recovery see --abandon", head->domain,
        used ? "the disks to their overlays" : "every disk to its overlay",
        used
        ? snap_sprintf(sc, "%s was written to", used)
        : "others are switched");
}

/*
 * Slot was_committed.  Any commit point but QEMU's transaction is undone: a
 * tag or a volume has an undo, a last look at the domain changes nothing,
 * and nothing names an overlay yet whose flush was begun.
 */
int snap_create_was_carried_out(libxl_snapshot_ctx *sc,
                                struct snap_recover *r, bool *was_r)
{
    const char *used = NULL;
    bool has_overlays, all_made;
    struct snap_transaction t;
    int rc;

    *was_r = false;
    if (!commit_is_transaction(r)) return 0;
    rc = commit_ask(sc, r, &t);
    if (!rc) rc = commit_find_tags(sc, r, &t);
    if (!rc) rc = commit_find_used(sc, r, &has_overlays, &used);
    if (rc) return rc;
    if (t.num_unswitched && (t.num_switched || used))
        return commit_fail_half(sc, r, t.num_switched ? NULL : used);
    r->has_verdict = true;
    all_made = r->num_tags == r->entry.head.num_tagged;
    if (!commit_is_held(sc, r) || !all_made || t.num_gone)
        r->no_snapshot = "nobody knows if the guest's disks are of the time "
                         "of its memory";
    *was_r = has_overlays ? t.num_switched || used
                          : all_made && !r->no_snapshot;
    return 0;
}
