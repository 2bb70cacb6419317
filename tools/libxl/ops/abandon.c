/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/abandon.c: the way out where recovery has none: give up what is left
 * of an operation that was cut off.  It neither looks nor asks as a
 * recovery does, since that is what may refuse.  The guest, and what was
 * fenced, is let go; all other steps are named, and not done; the journal
 * stays as a record, under a name that holds nobody up.
 */
#include "ops/ops.h"

#include <stdlib.h>

/* True for a step that lets the guest go, and harms nothing. */
static bool abandon_lets_go(const struct snap_step *step)
{
    return step->kind == SNAP_STEP_RESUME || step->kind == SNAP_STEP_UNPAUSE
        || step->kind == SNAP_STEP_THAW
        || step->kind == SNAP_STEP_RELEASE_MONITOR;
}

static void abandon_add(libxl_snapshot_recovery *result, const char *what)
{
    result->given_up = realloc(result->given_up, (result->num_given_up + 1)
                               * sizeof(*result->given_up));
    if (!result->given_up) abort();
    result->given_up[result->num_given_up++] = snap_result_str(what);
}

/* Find out what a recovery would do, by the journal alone, beginning with
 * the step that was cut off. */
static void abandon_gather(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;

    r->commit = snap_recover_commit_point(&e->plan);
    r->forward = e->committed || e->maybe;
    r->first = e->maybe || e->at > r->commit ? e->at : r->commit + 1;
    if (!e->other_host && !e->is_copy) snap_recover_gather_domain(sc, r);
    snap_recover_gather_run(sc, r);
    snap_recover_gather_fenced(sc, r);
    r->state = snap_sprintf(
        sc, "a snapshot-%s (%s) was cut off%s%s%s, and is given up",
        e->head.operation ? e->head.operation : "command",
        e->head.snapshot ? e->head.snapshot : "no name",
        e->other_host ? " on " : "", e->other_host ? e->other_host : "",
        e->is_copy ? ", as a copy of its journal has it" : "");
}

/* Keep in the plan what lets the guest go; all else is given up. */
static void abandon_divide(struct snap_recover *r,
                           libxl_snapshot_recovery *result)
{
    struct snap_plan *plan = &r->plan;
    int i, num = 0;

    for (i = 0; i < plan->num_steps; i++)
        if (plan->steps[i].kind == SNAP_STEP_UNFENCE
            || (r->domid != SNAP_NO_DOMAIN
                && abandon_lets_go(&plan->steps[i])))
            plan->steps[num++] = plan->steps[i];
        else
            abandon_add(result, plan->steps[i].what);
    plan->num_steps = num;
}

static void abandon_plan(libxl_snapshot_ctx *sc, struct snap_recover *r,
                         libxl_snapshot_recovery *result)
{
    const char *host = r->entry.other_host;

    if (r->entry.error) {
        abandon_add(result, r->entry.error);
        return;
    }
    if (host && !r->entry.plan.num_steps)
        abandon_add(result, "a plan that this version cannot read");
    r->entry.other_host = NULL;     /* its steps are planned, to be named */
    snap_recover_plan(sc, r);
    r->entry.other_host = host;
    abandon_divide(r, result);
}

/* A step that fails is given up, too. */
static void abandon_run(libxl_snapshot_ctx *sc, const struct snap_recover *r,
                        libxl_snapshot_recovery *result)
{
    struct snap_run run = {
        .domid = r->domid, .uuid_str = r->entry.head.uuid_str,
        .domain_name = r->entry.head.domain, .redo = true,
    };

    if (snap_run_plan(sc, &run, &r->plan))
        abandon_add(result, snap_take_error(sc));
}

/* Find the journal of @domain, its name or uuid; *found_r: there is one. */
static int abandon_find(libxl_snapshot_ctx *sc, const char *domain,
                        struct snap_journal_entry *entry, bool *found_r)
{
    struct snap_journal_entry *entries;
    int i, num, rc = snap_journal_list(sc, &entries, &num);

    *found_r = false;
    for (i = 0; !rc && !*found_r && i < num; i++)
        if (snap_journal_is_of(&entries[i], domain, domain)) {
            *entry = entries[i];
            *found_r = true;
        }
    return rc;
}

int libxl_snapshot_abandon(libxl_snapshot_ctx *sc, const char *domain,
                           bool dry_run, libxl_snapshot_recovery *result)
{
    struct snap_recover r = { .domid = SNAP_NO_DOMAIN };
    int uuid_lock = -1, name_lock = -1, rc;
    const char *record = NULL;
    bool found;

    snap_ctx_begin(sc);
    rc = abandon_find(sc, domain, &r.entry, &found);
    if (rc || !found) goto out;
    /* of a damaged journal uuid and domain are the same, its file's name */
    rc = snap_lock_domain_both(
        sc, r.entry.error ? NULL : r.entry.head.uuid_str,
        r.entry.head.domain, &uuid_lock, &name_lock);
    /* the operation may have ended or gone on while we waited */
    if (!rc) rc = abandon_find(sc, domain, &r.entry, &found);
    if (rc || !found) goto out;
    abandon_gather(sc, &r);
    abandon_plan(sc, &r, result);
    snap_recover_result(&r, result);
    if (dry_run) goto out;
    abandon_run(sc, &r, result);
    rc = snap_journal_set_aside(sc, r.entry.path, &record);
    if (rc) goto out;
    free(result->journal);
    result->journal = snap_result_str(record);
 out:
    snap_lock_release(&name_lock, NULL);
    snap_lock_release(&uuid_lock, NULL);
    return rc;
}
