/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/recover.c: end an operation that was cut off.
 *
 *   gather   its journal; the domain, if it is still the same; from the
 *            operation (struct snap_operation), if the commit point was
 *            passed, and if anything stands in the way
 *   plan     recover_plan.c
 *   run      a step that is done already is skipped; after a failure the
 *            other steps still run, and the journal stays for another try
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>

/* Find the domain, which may have been restarted: under another domid, or
 * since another boot of the host. */
void snap_recover_gather_domain(libxl_snapshot_ctx *sc,
                                struct snap_recover *r)
{
    const struct snap_journal_head *head = &r->entry.head;
    const char *uuid_str;

    r->domid = SNAP_NO_DOMAIN;
    if (!r->entry.same_boot || head->domid == SNAP_NO_DOMAIN
        || !head->running_uuid)
        return;
    if (snap_dom_uuid_str(sc, head->domid, &uuid_str))
        snap_take_error(sc);
    else if (!strcmp(head->running_uuid, uuid_str))
        r->domid = head->domid;
}

/* True if somebody has taken off our pause: the guest has run since. */
bool snap_recover_has_run(libxl_snapshot_ctx *sc,
                          const struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;
    uint64_t now;

    return e->same_boot && r->domid != SNAP_NO_DOMAIN && e->pauses > 0
        && e->has_cpu_ns && snap_dom_cpu_ns(sc, r->domid, &now)
        && now != e->cpu_ns;
}

void snap_recover_gather_run(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    r->has_run = snap_recover_has_run(sc, r);
    if (!r->has_run || !snap_dom_is_paused(sc, r->domid)) return;
    r->pause_is_told = true;
    snap_tell_left(sc, "domain %s is paused, by somebody else: it has run "
                   "since the command paused it; xl unpause lets it run",
                   r->entry.head.domain);
}

/* True if the file waits for a person's word.  Another one of its name that
 * is unwritable was made so by whoever put it there. */
static bool recover_is_fenced(libxl_snapshot_ctx *sc,
                              const struct snap_fence *fence)
{
    if (!snap_file_is_fenced(fence->path)) return false;
    if (!fence->identity
        || snap_image_is_made(sc, fence->path, fence->identity))
        return true;
    snap_tell_left(sc, "%s cannot be written to (lsattr), and is not the "
                   "file that waited for your word: it stays so",
                   fence->path);
    return false;
}

/* Find out which files wait for a person's word: recover_fence(). */
void snap_recover_gather_fenced(libxl_snapshot_ctx *sc,
                                struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;
    int i;

    if (e->other_host || e->is_copy) return;
    r->fenced = snap_zalloc(sc, (e->num_fenced + 1) * sizeof(*r->fenced));
    for (i = 0; i < e->num_fenced; i++)
        if (recover_is_fenced(sc, &e->fenced[i]))
            r->fenced[r->num_fenced++] = &e->fenced[i];
}

/* True if a domain that was paused before is so perhaps twice now. */
static bool recover_is_pause_unsure(const struct snap_journal_entry *e)
{
    int i;

    for (i = 0; i < e->plan.num_steps; i++)
        if (e->plan.steps[i].was_paused)
            return e->same_boot && e->pause_unsure;
    return false;
}

/* Why the disks of a snapshot that is completed may not be as its frozen
 * guest had them; NULL: they are, or it was not frozen. */
static const char *recover_unclean(const struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;
    int i;

    if (!r->forward || r->no_snapshot || e->thawed_in_time) return NULL;
    for (i = 0; i < e->plan.num_steps; i++)
        if (e->plan.steps[i].kind == SNAP_STEP_THAW)
            return ", as crash-consistent: whether its guest was frozen "
                   "until then is not known";
    return NULL;
}

static const char *recover_state(libxl_snapshot_ctx *sc,
                                 const struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;
    const char *at = e->at < 0 ? "before its first step"
        : snap_sprintf(sc, "at%s: %s", e->same_boot ? "" : " or after",
                       e->plan.steps[e->at].what);
    const char *unclean = r->looked ? recover_unclean(r) : NULL;

    return snap_sprintf(
        sc, "a %s (%s) was cut off %s%s%s%s%s%s%s%s",
        snap_command_name(sc, e->head.operation),
        e->head.snapshot ? e->head.snapshot : "no name",
        e->undoing ? "while it was being undone, " : "", at,
        e->is_copy ? ", as a copy of its journal has it" : "",
        !r->looked ? "" : r->forward ? "; it is to be completed"
                                     : "; it is to be undone",
        unclean ? unclean : "",
        r->why_undone ? snap_sprintf(sc, ": %s", r->why_undone) : "",
        r->forward && r->no_snapshot
            ? snap_sprintf(sc, ", but without a snapshot: %s", r->no_snapshot)
            : "",
        recover_is_pause_unsure(e)
            ? "; the domain stays paused, and may need xl unpause twice" : "");
}

static const char *recover_state_elsewhere(libxl_snapshot_ctx *sc,
                                           const struct snap_recover *r)
{
    const struct snap_journal_head *head = &r->entry.head;

    return snap_sprintf(sc, "a %s (%s), which %s has begun, has not "
                        "ended; that host alone can tell if it is at work",
                        snap_command_name(sc, head->operation),
                        head->snapshot ? head->snapshot : "no name",
                        r->entry.other_host);
}

/* A program that the operation has left at work may still do its step:
 * wait for its end before that is undone, or done again. */
static int recover_check_left(libxl_snapshot_ctx *sc,
                              const struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;
    int i;

    for (i = 0; e->same_boot && i < e->num_left; i++)
        if (snap_process_is_at_work(sc, &e->left[i]))
            return snap_fail(
                sc, ERROR_FAIL,
                "domain %s: a program that the %s has started, pid "
                "%d, is still at work; see that its storage answers, wait "
                "for its end, then run xl snapshot-recover %s again",
                e->head.domain, snap_command_name(sc, e->head.operation),
                (int)e->left[i].pid,
                snap_operand(sc, e->head.domain));
    return 0;
}

/* Somebody may save or migrate the domain by now: a guest that he has
 * suspended must not be resumed. */
static int recover_check_saver(libxl_snapshot_ctx *sc,
                               const struct snap_recover *r)
{
    pid_t saver = 0;
    int rc = 0;

    if (r->domid != SNAP_NO_DOMAIN)
        rc = snap_dom_saver(sc, r->domid, false, &saver);
    return rc ? rc : snap_refuse_saver(sc, r->entry.head.domain, saver);
}

static int recover_gather(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    const struct snap_operation *operation;
    int rc = 0;

    if (r->entry.other_host) {
        r->state = recover_state_elsewhere(sc, r);
        return 0;
    }
    r->state = recover_state(sc, r);
    rc = snap_journal_refuse_copy(sc, &r->entry);
    if (!rc) rc = snap_journal_refuse_later(sc, &r->entry);
    if (rc) return rc;
    operation = snap_operation_named(r->entry.head.operation);
    if (!operation)
        return snap_fail(
            sc, ERROR_INVAL,
            "%s: this version has no operation '%s'; another version of "
            "this program wrote the journal and has to recover it",
            r->entry.path, r->entry.head.operation);
    rc = recover_check_left(sc, r);
    if (rc) return rc;
    r->commit = snap_recover_commit_point(&r->entry.plan);
    r->first = r->commit + 1;
    snap_recover_gather_domain(sc, r);
    snap_recover_gather_fenced(sc, r);
    rc = recover_check_saver(sc, r);
    if (rc) return rc;
    r->forward = r->entry.committed || r->entry.maybe;
    r->no_snapshot = r->entry.no_snapshot;
    if (r->entry.maybe && operation->was_committed)
        rc = operation->was_committed(sc, r, &r->forward);
    if (rc) return rc;
    r->looked = true;
    if (operation->look) rc = operation->look(sc, r);
    snap_recover_gather_run(sc, r);
    r->state = recover_state(sc, r);
    return rc;
}

/* List the domain's new disks for its xl.cfg: the command was cut off
 * before it could print them. */
static void recover_result_disks(const struct snap_recover *r,
                                 libxl_snapshot_recovery *result)
{
    const struct snap_plan *plan = &r->entry.plan;
    libxl_device_disk disk;
    int i, k, num = 0;

    for (i = 0; i < plan->num_steps; i++)
        num += plan->steps[i].num_repoints;
    if (!r->forward || !num || result->refused || result->unknown) return;
    result->disks = snap_result_array(num, sizeof(*result->disks));
    for (i = 0; i < plan->num_steps; i++)
        for (k = 0; k < plan->steps[i].num_repoints; k++) {
            const struct snap_repoint *to = &plan->steps[i].repoints[k];

            libxl_device_disk_init(&disk);
            snap_device_disk_set(&disk, to->vdev, to->to, to->format);
            disk.backend = to->backend;
            result->disks[result->num_disks++] =
                libxl_snapshot_disk_spec(&disk);
            libxl_device_disk_dispose(&disk);
        }
}

/* List the steps of the operation itself, from the commit point on. */
static void recover_result_done(const struct snap_recover *r,
                                libxl_snapshot_recovery *result)
{
    const struct snap_plan *plan = &r->entry.plan;
    int i;

    result->done = snap_result_array(plan->num_steps, sizeof(*result->done));
    for (i = r->commit; r->forward && i < plan->num_steps; i++)
        if (r->entry.done[i])
            result->done[result->num_done++] =
                snap_result_str(plan->steps[i].what);
}

void snap_recover_result(const struct snap_recover *r,
                         libxl_snapshot_recovery *result)
{
    const struct snap_journal_head *head = &r->entry.head;
    int i;

    result->domain = snap_result_str(head->domain);
    result->operation = snap_result_str(head->operation);
    result->snapshot = snap_result_str(head->snapshot);
    result->journal = snap_result_str(r->entry.path);
    result->began = r->entry.began;
    result->state = snap_result_str(r->state);
    result->host = snap_result_str(r->entry.other_host);
    result->forward = r->forward;
    recover_result_done(r, result);
    result->steps =
        snap_result_array(r->plan.num_steps, sizeof(*result->steps));
    for (i = 0; i < r->plan.num_steps; i++)
        result->steps[result->num_steps++] =
            snap_result_str(r->plan.steps[i].what);
    recover_result_disks(r, result);
}

/* Keep what was found out of the commit point: when the recovery has begun,
 * it does not show any more. */
static int recover_note_verdict(libxl_snapshot_ctx *sc,
                                const struct snap_recover *r,
                                struct snap_journal *journal)
{
    struct snap_journal_note note = {
        .step = r->commit, .state = r->why_undone ? "undone"
            : r->forward ? "done" : "failed",
        .is_verdict = true, .flush = true,
        .no_snapshot = r->forward ? r->no_snapshot : NULL,
    };

    if (!r->has_verdict) return 0;
    note.kind = r->entry.plan.steps[r->commit].kind;
    return snap_journal_note(sc, journal, &note);
}

static int recover_run(libxl_snapshot_ctx *sc,
                       const struct snap_recover *r)
{
    const struct snap_journal_head *head = &r->entry.head;
    struct snap_run run = {
        .domid = r->domid, .uuid_str = head->uuid_str,
        .domain_name = head->domain, .mark = head->mark, .redo = true,
        .is_later_boot = !r->entry.same_boot,
        .unclean = recover_unclean(r),
    };
    int rc = snap_journal_open(sc, &r->entry, &run.journal);

    if (rc) return rc;
    rc = recover_note_verdict(sc, r, run.journal);
    if (rc) {
        snap_journal_close(run.journal);
        return rc;
    }
    rc = snap_run_plan(sc, &run, &r->plan);
    if (rc)
        return snap_fail(sc, rc, "domain %s: not every step could be %s; "
                         "fix this and run xl snapshot-recover %s again; "
                         "where that cannot be done, --abandon gives it up",
                         head->domain, r->forward ? "completed" : "undone",
                         snap_operand(sc, head->domain));
    return 0;
}

/*
 * The host has been restarted, and a person has to decide: xendomains may
 * start the domain next, on disks of which some are of the snapshot and
 * some are not.  Nobody can write to them until then.  A device has no such
 * flag.  A file that has it already was not made unwritable by us.
 */
static void recover_fence(libxl_snapshot_ctx *sc,
                          const struct snap_recover *r)
{
    const struct snap_journal_head *head = &r->entry.head;
    struct snap_journal *journal;
    int i, rc;

    if (snap_journal_open(sc, &r->entry, &journal)) return;
    for (i = 0; i < head->at_stake.num; i++) {
        const char *path = head->at_stake.paths[i];
        const struct snap_fence fence = {
            path, snap_image_identity(sc, path),
        };

        if (!snap_file_exists(path) || snap_file_is_fenced(path)) continue;
        rc = snap_journal_note_fence(sc, journal, &fence);
        if (!rc) snap_file_fence(sc, path, fence.identity);
    }
    snap_journal_close(journal);
}

/* Let the journal count as one of this host, of another boot. */
static int recover_take_over(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    if (r->entry.plan_error)
        return snap_fail(sc, ERROR_INVAL, "%s is not a usable journal: %s",
                         r->entry.path, r->entry.plan_error);
    r->entry.other_host = NULL;
    return 0;
}

/* Only the caller says which xl is run as root. */
static int recover_check_xl(libxl_snapshot_ctx *sc,
                            const struct snap_recover *r)
{
    const char *ours = r->params->xl_path, *xl;
    int i;

    for (i = 0; i < r->plan.num_steps; i++) {
        if (r->plan.steps[i].kind != SNAP_STEP_RESTORE
            && r->plan.steps[i].kind != SNAP_STEP_BOOT)
            continue;
        xl = r->plan.steps[i].argv[0];
        if (ours && !strcmp(xl, ours)) continue;
        return snap_fail(sc, ERROR_INVAL, "domain %s: by its journal %s would "
                         "bring it back, but the xl of this host is %s; if "
                         "the other one is Xen's, too, set XL_SNAPSHOT_XL to "
                         "its path and run xl snapshot-recover %s again",
                         r->entry.head.domain, xl, ours ? ours : "not known",
                         snap_operand(sc, r->entry.head.domain));
    }
    return 0;
}

/* Find out all that is needed to end the operation, or why it cannot be
 * ended; the locks are taken. */
static int recover_look(libxl_snapshot_ctx *sc, const char *journal,
                        struct snap_recover *r)
{
    /* it may have ended or gone on while we waited for the locks */
    int rc = snap_journal_read(sc, journal, &r->entry);

    if (!rc && r->params->take_over) rc = recover_take_over(sc, r);
    if (rc) return rc;
    if (r->entry.torn)
        r->state = "a command was cut off before its first step";
    else
        rc = recover_gather(sc, r);
    if (r->looked) snap_recover_plan(sc, r);
    if (!rc) rc = recover_check_xl(sc, r);
    if (!rc && r->entry.other_host)
        rc = snap_journal_fail_other(sc, &r->entry);
    return rc;
}

int libxl_snapshot_recover(libxl_snapshot_ctx *sc, const char *journal,
                           const libxl_snapshot_recover_params *params,
                           libxl_snapshot_recovery *result)
{
    struct snap_recover r = { .params = params, .domid = SNAP_NO_DOMAIN };
    int uuid_lock = -1, name_lock = -1, rc;

    snap_ctx_begin(sc);
    rc = snap_journal_read(sc, journal, &r.entry);
    if (!rc)
        rc = snap_lock_domain_both(sc, r.entry.head.uuid_str,
                                   r.entry.head.domain, &uuid_lock,
                                   &name_lock);
    if (!rc) rc = recover_look(sc, journal, &r);
    result->refused = rc != 0;
    result->unknown = !r.looked && !r.entry.torn;
    snap_recover_result(&r, result);
    if (r.must_wait && !r.entry.same_boot && !params->dry_run)
        recover_fence(sc, &r);
    if (!rc && !params->dry_run) rc = recover_run(sc, &r);
    if (!rc && !params->dry_run && r.forward)
        result->num_unprotected =
            snap_result_unprotected(&r.entry.plan, &result->unprotected);
    result->left = rc ? NULL : snap_result_str(sc->left);
    snap_lock_release(&name_lock, NULL);
    snap_lock_release(&uuid_lock, NULL);
    return rc;
}

int libxl_snapshot_journal_list(libxl_snapshot_ctx *sc, const char *domain,
                                char ***paths_r, int *num_r)
{
    struct snap_journal_entry *entries;
    int i, num, rc;

    snap_ctx_begin(sc);
    *num_r = 0;
    rc = snap_journal_list(sc, &entries, &num);
    *paths_r = snap_result_array(num, sizeof(**paths_r));
    for (i = 0; !rc && i < num; i++)
        if (!domain || snap_journal_may_be_of(&entries[i], domain))
            (*paths_r)[(*num_r)++] = snap_result_str(entries[i].path);
    return rc;
}
