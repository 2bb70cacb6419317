/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/revert_recover.c: looks at a revert that was cut off, for a
 * recovery.
 */
#include "ops/ops.h"

#include <string.h>
#include <libxl_utils.h>

/* True if libxl has begun to take the domain apart.  It pauses it before
 * that (4.17, libxl__destroy_domid()), and so may somebody else, at any
 * time since; then it ends its QEMU, which may die, too; then it removes its
 * devices. */
static bool revert_has_destroyed(libxl_snapshot_ctx *sc, uint32_t domid,
                                 const libxl_dominfo *info)
{
    const char *devices;

    if (info->dying || !info->paused
        || !snap_xenstore_qemu_is_gone(sc, domid))
        return info->dying;
    devices = snap_xenstore_devices(sc, domid);
    return devices && !strstr(devices, "vbd ");
}

/*
 * Slot was_committed.  The domain is destroyed, or libxl has begun with it,
 * and it has to be brought back.  Any other has gone on since, perhaps for
 * weeks, whatever its state is now.
 */
static int revert_was_committed(libxl_snapshot_ctx *sc,
                                struct snap_recover *r, bool *was_r)
{
    libxl_dominfo info;
    int rc;

    *was_r = true;
    if (r->domid == SNAP_NO_DOMAIN) return 0;
    libxl_dominfo_init(&info);
    rc = snap_dom_info(sc, r->domid, &info);
    *was_r = revert_has_destroyed(sc, r->domid, &info);
    r->pause_is_told = !rc && !*was_r && info.paused;
    if (r->pause_is_told)
        snap_tell_left(sc, "domain %s is paused, by whom is not known; xl "
                       "unpause lets it run", r->entry.head.domain);
    libxl_dominfo_dispose(&info);
    return rc;
}

static int revert_back_step(const struct snap_plan *plan)
{
    int i;

    for (i = 0; i < plan->num_steps; i++)
        if (plan->steps[i].kind == SNAP_STEP_RESTORE
            || plan->steps[i].kind == SNAP_STEP_BOOT)
            break;
    return i;
}

/* Undo the revert after all, since @why: nobody is put back into the past
 * who has gone on since. */
static void revert_give_up(libxl_snapshot_ctx *sc, struct snap_recover *r,
                           bool is_there, const char *why)
{
    r->forward = false;
    r->has_verdict = true;
    r->why_undone = snap_sprintf(sc, "it has overwritten nothing, and %s",
                                 why);
    if (!is_there)
        snap_tell_left(sc, "domain %s is off, since its revert has destroyed "
                       "it; started, it has the disks that it had before",
                       r->entry.head.domain);
}

/* Refuse a domain that has the uuid, under another name. */
static int revert_check_uuid(libxl_snapshot_ctx *sc,
                             const struct snap_recover *r)
{
    const struct snap_journal_head *head = &r->entry.head;
    libxl_uuid uuid;
    uint32_t domid;
    int rc;

    if (!head->uuid_str || libxl_uuid_from_string(&uuid, head->uuid_str))
        return 0;
    rc = snap_dom_find(sc, &uuid, &domid);
    if (rc || domid == SNAP_NO_DOMAIN || domid == r->domid) return rc;
    return snap_fail(
        sc, ERROR_INVAL,
        "domain %s: domain %u has its uuid, under another name; shut that "
        "down first", head->domain, domid);
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
    if (libxl_name_to_domid(sc->ctx, head->domain, &domid))
        return revert_check_uuid(sc, r);
    if (domid == r->domid) return 0;
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

/* Find somebody who uses what is at stake, or (@write_only) writes to it;
 * *use_r: NULL if nobody does.  The domain that the revert destroys does not
 * count, nor one that it has half made. */
static int revert_find_user(libxl_snapshot_ctx *sc,
                            const struct snap_recover *r, bool write_only,
                            const struct snap_file_use **use_r)
{
    const struct snap_journal_head *head = &r->entry.head;
    struct snap_users_except except = { 0, r->domid };
    struct snap_file_use *uses =
        snap_zalloc(sc, (head->at_stake.num + 1) * sizeof(*uses));
    int i, num = 0, rc;

    *use_r = NULL;
    for (i = 0; i < head->at_stake.num; i++)
        if (snap_file_exists(head->at_stake.paths[i]))
            uses[num++] = (struct snap_file_use){
                .who = "disk", .path = head->at_stake.paths[i],
                .write_only = write_only,
            };
    if (r->domid != SNAP_NO_DOMAIN)
        except.pid = snap_xenstore_qemu_pid(sc, r->domid);
    rc = snap_users_of_files(sc, uses, num, &except);
    for (i = 0; !rc && !*use_r && i < num; i++)
        if (uses[i].users) *use_r = &uses[i];
    return rc;
}

/* Refuse while somebody uses what is at stake.  Where that is no more than
 * reading, nobody is to begin to write before a person has decided. */
static int revert_check_nobody_uses(libxl_snapshot_ctx *sc,
                                    struct snap_recover *r)
{
    const struct snap_file_use *user, *writer;
    const char *domain = r->entry.head.domain;
    int rc = revert_find_user(sc, r, false, &user);

    if (rc || !user) return rc;
    rc = revert_find_user(sc, r, true, &writer);
    if (rc) return rc;
    r->must_wait = !writer;
    return snap_fail(sc, ERROR_INVAL, "domain %s: %s is in use by %s, and "
                     "the rest of its revert would ruin it; end that first",
                     domain, user->path, user->users);
}

/* The kind of the first step, of those that are left, that destroys what
 * somebody has written since; SNAP_STEP_NUM if there is none.  Memory that
 * is restored ruins disks that have gone on without it. */
static enum snap_step_kind revert_destroys_by(const struct snap_recover *r,
                                              int back)
{
    const struct snap_plan *plan = &r->entry.plan;
    int i;

    for (i = r->first; i <= back && i < plan->num_steps; i++)
        if (plan->steps[i].kind == SNAP_STEP_EXEC
            || plan->steps[i].kind == SNAP_STEP_HOOK
            || plan->steps[i].kind == SNAP_STEP_RESTORE)
            return plan->steps[i].kind;
    return SNAP_STEP_NUM;
}

/* The reason why nobody can know that what is at stake is as the revert
 * left it; NULL: it is. */
static const char *revert_may_lose(libxl_snapshot_ctx *sc,
                                   const struct snap_recover *r, int back)
{
    const struct snap_journal_entry *e = &r->entry;
    const struct snap_prints *stake = &e->head.at_stake;
    enum snap_step_kind kind = revert_destroys_by(r, back);
    int i;

    if (kind == SNAP_STEP_NUM) return NULL;
    if (!e->same_boot && kind != SNAP_STEP_RESTORE)
        return "the host has been restarted since";
    if (!stake->prints) return "its journal does not tell how its disks were";
    for (i = 0; i < stake->num; i++)
        if (!snap_identity_is_unwritten(sc, stake->paths[i],
                                        stake->prints[i]))
            return snap_sprintf(sc, "%s is not as the revert's journal has "
                                "it", stake->paths[i]);
    return NULL;
}

/* Refuse where the snapshot of a disk is gone: no word brings it back. */
static int revert_check_merged(libxl_snapshot_ctx *sc,
                               struct snap_recover *r, int back)
{
    const struct snap_plan *plan = &r->entry.plan;
    int i, rc = 0;

    for (i = r->first; !rc && i <= back && i < plan->num_steps; i++)
        rc = snap_known_check_merged(sc, &plan->steps[i]);
    if (rc) r->must_wait = true;
    return rc;
}

/* Refuse to destroy what somebody has written since the revert was cut
 * off, unless a person has said that it may be lost. */
static int revert_check_writes(libxl_snapshot_ctx *sc,
                               struct snap_recover *r, int back)
{
    const char *why, *domain = r->entry.head.domain;
    int rc = revert_check_nobody_uses(sc, r);

    if (!rc) rc = revert_check_merged(sc, r, back);
    if (rc || r->params->lose_writes) return rc;
    why = revert_may_lose(sc, r, back);
    if (!why) return 0;
    r->must_wait = true;
    return snap_fail(
        sc, ERROR_INVAL,
        "domain %s: the rest of its revert to %s destroys what is on its "
        "disks, and somebody may have written to them since it was cut off: "
        "%s. Until you decide, do not start the domain: its disks may be of "
        "two moments. Keep a copy of what you need; then xl "
        "snapshot-recover %s--lose-writes %s completes the revert, or "
        "--abandon leaves the disks as they are",
        domain, r->entry.head.snapshot, why,
        r->params->take_over ? "--take-over " : "",
        snap_operand(sc, domain));
}

/* Refuse while the xl of the revert is at work: its domain is not
 * complete yet. */
static int revert_check_xl(libxl_snapshot_ctx *sc,
                           const struct snap_recover *r)
{
    const struct snap_journal_head *head = &r->entry.head;
    pid_t pid = 0;
    int rc = 0;

    if (r->entry.same_boot && head->mark)
        rc = snap_monitor_at_work(sc, head->mark, &pid);
    if (rc || !pid) return rc;
    return snap_fail(sc, ERROR_FAIL, "domain %s: the xl that its revert has "
                     "started, pid %d, is still at work; wait for its end, "
                     "then run xl snapshot-recover %s again", head->domain,
                     (int)pid, snap_operand(sc, head->domain));
}

/* True if the domain that our xl has made is complete: xl's monitor of it,
 * which xl forks last (4.17), is there, or its guest has run. */
static int revert_is_complete(libxl_snapshot_ctx *sc,
                              const struct snap_recover *r, uint32_t domid,
                              bool *is_r)
{
    libxl_dominfo info;
    pid_t *pids;
    int num, rc;

    rc = snap_monitor_find(sc, r->entry.head.domain, &pids, &num);
    *is_r = r->entry.is_back || num;
    if (rc || *is_r) return rc;
    libxl_dominfo_init(&info);
    rc = snap_dom_info(sc, domid, &info);
    *is_r = !info.paused || info.cpu_time;
    libxl_dominfo_dispose(&info);
    return rc;
}

/* True if it is known that our xl has not made the domain. */
static bool revert_is_others(const struct snap_recover *r,
                             enum snap_maker maker)
{
    return maker == SNAP_MADE_BY_OTHERS || !r->entry.may_be_back;
}

/* A domain is there that somebody else has made, or may have, and the
 * revert is not over. */
static int revert_refuse(libxl_snapshot_ctx *sc,
                         const struct snap_recover *r, uint32_t domid,
                         enum snap_maker maker)
{
    const struct snap_journal_entry *e = &r->entry;
    const char *domain = e->head.domain;

    if (!revert_is_others(r, maker))
        return snap_fail(
            sc, ERROR_INVAL,
            "domain %s: it is there (domid %u), and nothing tells whether "
            "the xl of its revert has made it or somebody else; look at it, "
            "and shut it down, or destroy it if it never ran; then run xl "
            "snapshot-recover %s again", domain, domid,
            snap_operand(sc, domain));
    return snap_fail(
        sc, ERROR_INVAL,
        "domain %s: somebody has started it (domid %u) in the middle "
        "of its revert; shut it down first. What it writes now will "
        "be lost", domain, domid);
}

/* The revert was over, whoever has started the domain since. */
static bool revert_is_over(const struct snap_journal_entry *e)
{
    return e->may_have_run || (e->same_boot && e->is_back && !e->head.mark);
}

/* A domain is there that our xl has not made, or perhaps not. */
static int revert_judge_others(libxl_snapshot_ctx *sc,
                               struct snap_recover *r, uint32_t domid,
                               enum snap_maker maker)
{
    if (revert_is_over(&r->entry)) {
        if (snap_dom_is_paused(sc, domid))
            snap_tell_left(sc, "domain %s is paused, by whom is not known; "
                           "xl unpause lets it run", r->entry.head.domain);
        return 0;
    }
    if (!revert_is_others(r, maker)
        || (snap_recover_has_overwritten(r) && !r->entry.is_back))
        return revert_refuse(sc, r, domid, maker);
    if (snap_recover_has_overwritten(r)
        || snap_revert_new_image_is_used(sc, r)) {
        /* what came back has ended, and this runs on its disks, or may */
        r->first = r->entry.plan.num_steps;
        return 0;
    }
    revert_give_up(sc, r, true, "somebody has started the domain since");
    return 0;
}

/* A domain is there.  That of somebody else is neither let run, nor
 * destroyed, nor taken for the one that came back. */
static int revert_judge(libxl_snapshot_ctx *sc, struct snap_recover *r,
                        int back, uint32_t domid)
{
    const struct snap_journal_head *head = &r->entry.head;
    enum snap_maker maker = r->entry.same_boot
        ? snap_mark_maker(sc, domid, head->domain, head->mark)
        : SNAP_MADE_BY_OTHERS;
    bool complete;
    int rc;

    if (maker != SNAP_MADE_BY_US)
        return revert_judge_others(sc, r, domid, maker);
    rc = revert_is_complete(sc, r, domid, &complete);
    if (rc) return rc;
    r->domid = domid;
    r->half_made = !complete;
    if (complete) r->first = back + 1;
    return 0;
}

/*
 * Find the step at which a revert goes on.  Once the domain is back it
 * must not be brought back again, since the guest runs, or has run, on the
 * disks; unless the host has stopped since, before the guest was let run.
 */
static int revert_find_first(libxl_snapshot_ctx *sc,
                             struct snap_recover *r, int back)
{
    const struct snap_journal_entry *e = &r->entry;
    uint32_t domid;
    int rc;

    r->first = r->commit;
    rc = revert_check_xl(sc, r);
    if (!rc) rc = revert_find_back(sc, r, &domid);
    if (rc) return rc;
    if (e->same_boot ? e->is_back : e->may_have_run) r->first = back + 1;
    return domid == SNAP_NO_DOMAIN ? 0 : revert_judge(sc, r, back, domid);
}

/* Refuse a memory image, or an xl.cfg, that others can have written since,
 * before anything is done: it may be run at a boot, and nobody looks. */
static int revert_check_writers(libxl_snapshot_ctx *sc,
                                struct snap_recover *r, int back)
{
    const struct snap_plan *plan = &r->entry.plan;
    int rc = back < plan->num_steps
        ? snap_known_check_writers(sc, &plan->steps[back]) : 0;

    if (!rc) return 0;
    r->must_wait = snap_recover_has_overwritten(r);
    return snap_fail(sc, rc, "domain %s: its revert to %s cannot be completed "
                     "yet: %s", r->entry.head.domain, r->entry.head.snapshot,
                     snap_take_error(sc));
}

/* Look at what the revert goes on from: where that has changed, or the
 * domain may have gone on without it, it is undone if it has overwritten
 * nothing, and refused else. */
static int revert_check_needed(libxl_snapshot_ctx *sc,
                               struct snap_recover *r, int back)
{
    const char *why, *domain = r->entry.head.domain;
    bool overwritten = snap_recover_has_overwritten(r);
    int rc = snap_revert_find_change(sc, r, &why);

    if (rc) return rc;
    if (!overwritten && !why) why = snap_revert_find_use(sc, r);
    if (!overwritten && !why && !r->entry.same_boot)
        why = "the host has been restarted since";
    if (why && !overwritten) {
        revert_give_up(sc, r, r->half_made, why);
        return 0;
    }
    rc = revert_check_writers(sc, r, back);
    if (rc || !why) return rc;
    r->must_wait = true;
    return snap_fail(
        sc, ERROR_INVAL, "domain %s: its revert to %s cannot be completed: "
        "%s. Put the right one back, then run xl snapshot-recover %s again; "
        "where that cannot be done, --abandon gives it up", domain,
        r->entry.head.snapshot, why, snap_operand(sc, domain));
}

static int revert_look(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    int back = revert_back_step(&r->entry.plan), rc;

    if (!r->forward) return 0;
    rc = revert_find_first(sc, r, back);
    /* its guest has run on what it has made: it is over */
    if (!rc && r->forward && !r->half_made && r->entry.may_be_back
        && snap_revert_new_image_is_used(sc, r))
        r->first = back + 1;
    if (rc || !r->forward || r->first > back) return rc;
    rc = revert_check_needed(sc, r, back);
    return rc || !r->forward ? rc : revert_check_writes(sc, r, back);
}

const struct snap_operation snap_operation_revert = {
    .name = "revert",
    .was_committed = revert_was_committed,
    .look = revert_look,
};
