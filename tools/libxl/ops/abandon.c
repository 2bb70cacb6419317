/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/abandon.c: the way out where recovery has none: give up what is left
 * of an operation that was cut off.  It looks as a recovery does, but what
 * makes that one refuse is told of here.  The guest, and what was fenced, is
 * let go, unless that would do harm now; all other steps are named, and not
 * done; the journal stays as a record, under a name that holds nobody up.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

/*-- gather -----------------------------------------------------------------*/

/* Whether the commit point was passed, and what the operation finds.  What
 * stands in the way of a recovery is told of: it may be why a person gives
 * up. */
static void abandon_ask(libxl_snapshot_ctx *sc, struct snap_abandon *a)
{
    static const libxl_snapshot_recover_params any = { .lose_writes = true };
    struct snap_recover *r = &a->r;
    const struct snap_operation *operation =
        snap_operation_named(r->entry.head.operation);
    bool forward = r->forward;
    int rc = 0;

    r->params = &any;
    if (operation && r->entry.maybe && operation->was_committed)
        rc = operation->was_committed(sc, r, &forward);
    if (!rc) r->forward = forward;
    a->unknown = rc != 0 || (!operation && r->entry.maybe);
    if (!rc && operation && operation->look) rc = operation->look(sc, r);
    a->is_refused = rc != 0;
    if (rc)
        snap_tell_left(sc, "this stands in the way of a recovery: %s",
                       snap_take_error(sc));
}

/* The program of ours that may still do its step. */
static void abandon_gather_left(libxl_snapshot_ctx *sc,
                                const struct snap_journal_entry *e)
{
    int i;

    for (i = 0; e->same_boot && i < e->num_left; i++)
        if (snap_process_is_at_work(sc, &e->left[i]))
            snap_tell_left(sc, "a program that the %s has started, "
                           "pid %d, is still at work; begin nothing on the "
                           "disks of domain %s before it has ended",
                           snap_command_name(sc, e->head.operation),
                           (int)e->left[i].pid,
                           e->head.domain);
}

static void abandon_add_use(struct snap_file_use *uses, int *num,
                            const char *path)
{
    if (path && snap_file_exists(path))
        uses[(*num)++] = (struct snap_file_use){
            .who = "disk", .path = path, .write_only = true,
        };
}

/* The images of the operation that the guest writes to, or reads below
 * its overlays. */
static struct snap_file_use *abandon_images(libxl_snapshot_ctx *sc,
                                            const struct snap_recover *r,
                                            int *num_r)
{
    const struct snap_journal_head *head = &r->entry.head;
    const struct snap_plan *plan = &r->entry.plan;
    int i, k, max = head->at_stake.num + head->num_tagged;
    struct snap_file_use *uses;

    for (i = 0; i < plan->num_steps; i++) max += plan->steps[i].num_repoints;
    uses = snap_zalloc(sc, (max + 1) * sizeof(*uses));
    *num_r = 0;
    for (i = 0; i < head->at_stake.num; i++)
        abandon_add_use(uses, num_r, head->at_stake.paths[i]);
    for (i = 0; i < head->num_tagged; i++)
        abandon_add_use(uses, num_r, head->tagged[i]);
    for (i = 0; r->forward && i < plan->num_steps; i++)
        for (k = 0; k < plan->steps[i].num_repoints; k++)
            abandon_add_use(uses, num_r, plan->steps[i].repoints[k].to);
    return uses;
}

/* Who writes to a disk of the guest, but its own QEMU. */
static void abandon_gather_use(libxl_snapshot_ctx *sc,
                               struct snap_abandon *a)
{
    const struct snap_users_except except = {
        snap_xenstore_qemu_pid(sc, a->r.domid), a->r.domid,
    };
    const struct snap_file_use *used;
    int num;
    struct snap_file_use *uses = abandon_images(sc, &a->r, &num);

    if (snap_users_find(sc, uses, num, &except, &used))
        snap_tell_left(sc, "who uses its disks cannot be found out: %s",
                       snap_take_error(sc));
    else if (used)
        a->use = snap_sprintf(sc, "%s is in use by %s", used->path,
                              used->users);
}

/* What would make it harmful to let the guest go. */
static void abandon_gather_guest(libxl_snapshot_ctx *sc,
                                 struct snap_abandon *a)
{
    uint32_t domid = a->r.domid;

    if (domid == SNAP_NO_DOMAIN) return;
    a->paused = snap_dom_is_paused(sc, domid);
    a->suspended = snap_dom_is_suspended(sc, domid);
    if (snap_dom_saver(sc, domid, false, &a->saver))
        snap_tell_left(sc, "whether somebody saves or migrates it cannot be "
                       "found out: %s", snap_take_error(sc));
    if (!a->r.half_made) abandon_gather_use(sc, a);
}

/* Which files are fenced: those that are made writable again, with who uses
 * them, and those that are not since the journal is none of this host. */
static void abandon_gather_fenced(libxl_snapshot_ctx *sc,
                                  struct snap_abandon *a)
{
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };
    const struct snap_journal_entry *e = &a->r.entry;
    struct snap_file_use use = { .who = "disk" };
    int i;

    snap_recover_gather_fenced(sc, &a->r);
    for (i = 0; i < a->r.num_fenced; i++) {
        use.path = a->r.fenced[i]->path;
        if (snap_users_of_files(sc, &use, 1, &nobody)) snap_take_error(sc);
        else if (use.users)
            snap_tell_left(sc, "%s, which is made writable again, is in use "
                           "by %s", use.path, use.users);
    }
    a->unwritable = snap_zalloc(sc, (e->num_fenced + 1)
                                    * sizeof(*a->unwritable));
    for (i = 0; (e->is_copy || e->other_host) && i < e->num_fenced; i++)
        if (snap_file_is_fenced(e->fenced[i].path))
            a->unwritable[a->num_unwritable++] = e->fenced[i].path;
}

/* Nothing is known of what a damaged journal was to tell, but how the domain
 * is. */
static void abandon_gather_damaged(libxl_snapshot_ctx *sc,
                                   struct snap_abandon *a)
{
    const char *stem = a->r.entry.head.domain;
    libxl_uuid uuid;
    uint32_t domid;

    if (libxl_name_to_domid(sc->ctx, stem, &domid)
        && (libxl_uuid_from_string(&uuid, stem)
            || snap_dom_find(sc, &uuid, &domid)))
        return;
    if (domid == SNAP_NO_DOMAIN) return;
    snap_tell_left(sc, "domain %u may have been held by the command; %s; "
                   "xl's monitor of it is stopped if ps shows it with T "
                   "(kill -CONT lets it go on)", domid,
                   snap_dom_is_paused(sc, domid)
                       ? "it is paused, and xl unpause lets it run"
                   : snap_dom_is_suspended(sc, domid)
                       ? "it is suspended, and must not be destroyed: xl "
                         "resume (from Xen 4.20 on) lets it go on"
                       : "it runs");
}

static void abandon_gather(libxl_snapshot_ctx *sc, struct snap_abandon *a)
{
    struct snap_recover *r = &a->r;
    const struct snap_journal_entry *e = &r->entry;

    r->commit = snap_recover_commit_point(&e->plan);
    r->first = r->commit + 1;
    r->forward = e->committed || e->maybe;
    r->no_snapshot = e->no_snapshot;
    r->state = snap_sprintf(
        sc, "a %s (%s) was cut off%s%s%s, and is given up",
        snap_command_name(sc, e->head.operation),
        e->head.snapshot ? e->head.snapshot : "no name",
        e->other_host ? " on " : "", e->other_host ? e->other_host : "",
        e->is_copy ? ", as a copy of its journal has it" : "");
    abandon_gather_fenced(sc, a);
    if (e->error) {
        abandon_gather_damaged(sc, a);
        return;
    }
    if (e->torn) return;
    if (e->other_host || e->is_copy) {
        a->unknown = e->maybe;
        return;
    }
    snap_recover_gather_domain(sc, r);
    abandon_ask(sc, a);
    abandon_gather_left(sc, e);
    snap_recover_gather_run(sc, r);
    abandon_gather_guest(sc, a);
}

/*-- run --------------------------------------------------------------------*/

/* Perform the plan, and note it in the journal, in case it is cut off
 * itself; *done_r, by step.  The error stays. */
static int abandon_perform(libxl_snapshot_ctx *sc,
                           const struct snap_recover *r, bool *done)
{
    const struct snap_journal_entry *e = &r->entry;
    const char *told = sc->left;
    struct snap_run run = {
        .domid = r->domid, .uuid_str = e->head.uuid_str,
        .domain_name = e->head.domain, .redo = true,
        .is_later_boot = !e->same_boot, .is_unfinished = true, .done = done,
    };
    int rc;

    if (!e->is_copy && !e->other_host
        && snap_journal_open(sc, e, &run.journal)) {
        snap_take_error(sc);
        run.journal = NULL;
    }
    sc->left = NULL;        /* else it would be in the error */
    rc = snap_run_plan(sc, &run, &r->plan);
    sc->left = told;
    return rc;
}

/* A step that failed is given up, too. */
static void abandon_tell_failed(libxl_snapshot_ctx *sc,
                                struct snap_abandon *a,
                                const struct snap_step *step)
{
    struct snap_step copy = *step;
    const struct snap_plan failed = { .num_steps = 1, .steps = &copy };

    snap_abandon_give_up(sc, a, step->what);
    if (a->r.domid != SNAP_NO_DOMAIN) snap_abandon_tell_monitor(sc, &failed);
}

/* Fails if the domain is suspended, and stays so: nothing else lets it go on
 * (to Xen 4.19), so the journal stays, too. */
static int abandon_run(libxl_snapshot_ctx *sc, struct snap_abandon *a)
{
    struct snap_plan *plan = &a->r.plan;
    const char *domain = a->r.entry.head.domain, *error = NULL;
    bool *done = snap_zalloc(sc, plan->num_steps + 1), unpaused = false;
    bool must_stay = false;
    int i, num = 0;

    if (plan->num_steps && abandon_perform(sc, &a->r, done))
        error = snap_take_error(sc);
    for (i = 0; i < plan->num_steps; i++) {
        const struct snap_step *step = &plan->steps[i];

        if (!done[i]) abandon_tell_failed(sc, a, step);
        if (!done[i] && step->kind == SNAP_STEP_RESUME) must_stay = true;
        if (done[i] && step->kind == SNAP_STEP_UNPAUSE) unpaused = true;
        if (done[i]) plan->steps[num++] = *step;
    }
    plan->num_steps = num;
    if (must_stay)
        return snap_fail(sc, ERROR_FAIL, "domain %s: %s. It stays suspended, "
                         "and so does its journal: try again, or destroy it, "
                         "which loses its memory, and abandon the rest then",
                         domain, error);
    if (error) snap_tell_left(sc, "%s", error);
    if (unpaused && snap_dom_is_paused(sc, a->r.domid))
        snap_tell_left(sc, "domain %s is still paused, by somebody else, "
                       "too; xl unpause lets it run", domain);
    return 0;
}

/*-- all of it --------------------------------------------------------------*/

/* Find the journal of @domain, its name or uuid; *found_r: there is one.
 * Fails, with that in @entry, if one may be which cannot be used. */
static int abandon_find(libxl_snapshot_ctx *sc, const char *domain,
                        struct snap_journal_entry *entry, bool *found_r)
{
    struct snap_journal_entry *entries;
    const struct snap_journal_entry *maybe = NULL;
    int i, num, rc = snap_journal_list(sc, &entries, &num);

    *found_r = false;
    for (i = 0; !rc && !*found_r && i < num; i++)
        if (snap_journal_is_of(&entries[i], domain, domain)) {
            *entry = entries[i];
            *found_r = true;
        } else if (snap_journal_may_be_of(&entries[i], domain))
            maybe = &entries[i];
    if (rc || *found_r || !maybe) return rc;
    *entry = *maybe;
    return snap_fail(sc, ERROR_INVAL, "domain %s: only its uuid, in the name "
                     "of the journal, tells if this is one of it: %s. If it "
                     "is, run xl snapshot-recover --abandon %s", domain,
                     maybe->error, maybe->head.domain);
}

static void abandon_result(libxl_snapshot_ctx *sc,
                           const struct snap_abandon *a,
                           libxl_snapshot_recovery *result)
{
    int i;

    /* else the new disks would be listed */
    result->unknown = a->unknown || a->is_refused || a->reborn
        || a->r.entry.is_copy;
    snap_recover_result(&a->r, result);
    result->given_up = snap_result_array(a->num_given_up,
                                         sizeof(*result->given_up));
    for (i = 0; i < a->num_given_up; i++)
        result->given_up[result->num_given_up++] =
            snap_result_str(a->given_up[i]);
    result->left = snap_result_str(sc->left);
}

/* The locks are taken. */
static int abandon_all(libxl_snapshot_ctx *sc, struct snap_abandon *a,
                       bool dry_run, libxl_snapshot_recovery *result)
{
    const char *record = NULL;
    int rc = 0;

    abandon_gather(sc, a);
    if (a->r.entry.error) snap_abandon_give_up(sc, a, a->r.entry.error);
    else snap_abandon_plan(sc, a);
    if (!dry_run) rc = abandon_run(sc, a);
    abandon_result(sc, a, result);
    if (rc || dry_run) return rc;
    rc = snap_journal_set_aside(sc, a->r.entry.path, &record);
    if (rc) return rc;
    free(result->journal);
    result->journal = snap_result_str(record);
    return 0;
}

int libxl_snapshot_abandon(libxl_snapshot_ctx *sc, const char *domain,
                           bool dry_run, libxl_snapshot_recovery *result)
{
    struct snap_abandon a = { .r = { .domid = SNAP_NO_DOMAIN } };
    struct snap_journal_entry *entry = &a.r.entry;
    int uuid_lock = -1, name_lock = -1, rc;
    bool found;

    snap_ctx_begin(sc);
    rc = abandon_find(sc, domain, entry, &found);
    result->refused = rc && entry->error;
    if (result->refused) snap_recover_result(&a.r, result);
    if (rc || !found) goto out;
    /* of a damaged journal uuid and domain are the same, its file's name */
    rc = snap_lock_domain_both(
        sc, entry->error ? NULL : entry->head.uuid_str,
        entry->head.domain, &uuid_lock, &name_lock);
    /* the operation may have ended or gone on while we waited */
    if (!rc) rc = abandon_find(sc, domain, entry, &found);
    if (!rc && found) rc = abandon_all(sc, &a, dry_run, result);
 out:
    snap_lock_release(&name_lock, NULL);
    snap_lock_release(&uuid_lock, NULL);
    return rc;
}
