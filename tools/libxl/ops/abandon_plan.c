/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/abandon_plan.c: what is done of an operation that is given up, what is
 * not, and what a person has to know of that.  Pure.
 *
 *   first    the disks repointed, where QEMU is known to have switched them:
 *            from then on a reboot starts the guest on what it has written
 *   then     what lets the guest go, as a recovery would do it
 *
 * All other steps are given up.
 */
#include "ops/ops.h"

/* True for a step that brings the domain back, or destroys it before. */
static bool abandon_is_rebirth(const struct snap_step *step)
{
    return step->kind == SNAP_STEP_DESTROY
        || step->kind == SNAP_STEP_RESTORE || step->kind == SNAP_STEP_BOOT;
}

/* True if somebody has the domain in hands, or its disks. */
static bool abandon_must_hold(const struct snap_abandon *a)
{
    return a->saver || a->use;
}

/* True for a step that is done.  A domain that is brought back no more has
 * nothing to unpause (@reborn); a monitor that waits for one that has gone
 * would hold up the next command. */
static bool abandon_does(const struct snap_abandon *a,
                         const struct snap_step *step, bool reborn)
{
    const struct snap_journal_entry *e = &a->r.entry;
    bool is_there = a->r.domid != SNAP_NO_DOMAIN;

    switch (step->kind) {
    case SNAP_STEP_UNFENCE:
        return true;
    case SNAP_STEP_RELEASE_MONITOR:
        return e->same_boot && !e->is_copy && !e->other_host
            && (!is_there || !a->unknown);
    case SNAP_STEP_REPOINT:
        return is_there && !a->unknown;
    case SNAP_STEP_THAW:
        return is_there;
    case SNAP_STEP_PAUSE:
        return is_there && !a->saver;
    case SNAP_STEP_RESUME:
        return is_there && !a->saver;
    case SNAP_STEP_UNPAUSE:
        return is_there && !reborn && !abandon_must_hold(a);
    default:
        return false;
    }
}

void snap_abandon_give_up(libxl_snapshot_ctx *sc, struct snap_abandon *a,
                          const char *what)
{
    a->given_up = snap_grow(sc, a->given_up,
                            a->num_given_up * sizeof(*a->given_up),
                            (a->num_given_up + 1) * sizeof(*a->given_up));
    a->given_up[a->num_given_up++] = what;
}

/* Divide what a recovery would do. */
static void abandon_divide(libxl_snapshot_ctx *sc, struct snap_abandon *a,
                           const struct snap_plan *all)
{
    struct snap_plan *plan = &a->r.plan;
    bool reborn = false;
    int i;

    for (i = 0; i < all->num_steps; i++)
        if (all->steps[i].kind == SNAP_STEP_REPOINT
            && abandon_does(a, &all->steps[i], false))
            snap_plan_add_copy(sc, plan, &all->steps[i]);
    for (i = 0; i < all->num_steps; i++) {
        const struct snap_step *step = &all->steps[i];

        reborn = reborn || abandon_is_rebirth(step);
        if (!abandon_does(a, step, reborn)) {
            snap_abandon_give_up(sc, a, step->what);
            continue;
        }
        if (step->kind == SNAP_STEP_REPOINT) continue;
        /* one that is suspended cannot be let go by xl (to 4.19) */
        if (step->kind == SNAP_STEP_RESUME && a->use && a->suspended)
            snap_plan_add(sc, plan, SNAP_STEP_PAUSE,
                          "pause the domain until its disks are free");
        snap_plan_add_copy(sc, plan, step);
    }
    a->reborn = reborn;
}

/*-- what a person has to know ----------------------------------------------*/

static const struct snap_step *abandon_step_of(const struct snap_plan *plan,
                                               enum snap_step_kind kind)
{
    int i;

    for (i = 0; i < plan->num_steps; i++)
        if (plan->steps[i].kind == kind) return &plan->steps[i];
    return NULL;
}

/* The guest is not let run, since somebody has it in hands. */
static void abandon_tell_held(libxl_snapshot_ctx *sc,
                              const struct snap_abandon *a)
{
    const char *domain = a->r.entry.head.domain;

    if (a->saver)
        snap_tell_left(sc, "domain %s is being saved or migrated (pid %d), "
                       "so it is neither resumed nor unpaused; when that has "
                       "ended and it is paused, xl unpause %s lets it run",
                       domain, (int)a->saver, snap_operand(sc, domain));
    else
        snap_tell_left(sc, "domain %s stays paused: %s, and its guest would "
                       "write to the same disk; end that, then xl unpause %s "
                       "lets it run", domain, a->use,
                       snap_operand(sc, domain));
}

/* The pause is somebody else's, or the beginning of a domain's end. */
static void abandon_tell_paused(libxl_snapshot_ctx *sc,
                                const struct snap_abandon *a)
{
    const struct snap_journal_head *head = &a->r.entry.head;

    if (a->r.pause_is_told || a->r.half_made) return;
    if (a->reborn)
        snap_tell_left(sc, "domain %s is paused, and not whole: its revert "
                       "had begun to destroy it; destroy it, then revert it "
                       "again", head->domain);
    else if (a->r.entry.pause_unsure)
        snap_tell_left(sc, "domain %s stays paused, as it was before, and "
                       "perhaps once more; xl unpause, twice if need be, "
                       "lets it run", head->domain);
    else
        snap_tell_left(sc, "domain %s stays paused, by somebody else than "
                       "the %s; xl unpause lets it run",
                       head->domain,
                       snap_command_name(sc, head->operation));
}

static void abandon_tell_guest(libxl_snapshot_ctx *sc,
                               const struct snap_abandon *a,
                               const struct snap_plan *all)
{
    const struct snap_plan *plan = &a->r.plan;
    const char *domain = a->r.entry.head.domain;
    bool lets_go = abandon_step_of(all, SNAP_STEP_UNPAUSE)
        || abandon_step_of(all, SNAP_STEP_RESUME);

    if (abandon_must_hold(a) && lets_go && (a->paused || a->suspended)) {
        abandon_tell_held(sc, a);
        return;
    }
    if (a->paused && !abandon_step_of(plan, SNAP_STEP_UNPAUSE))
        abandon_tell_paused(sc, a);
    if (a->suspended && !a->saver && !abandon_step_of(plan, SNAP_STEP_RESUME))
        snap_tell_left(sc, "domain %s is suspended, by somebody else; xl "
                       "resume (from Xen 4.20 on) lets it go on; do not "
                       "destroy it, which would lose its memory", domain);
}

/* "BASE to OVERLAY" of each disk that QEMU was to switch; NULL: none. */
static const char *abandon_switches(libxl_snapshot_ctx *sc,
                                    const struct snap_plan *was)
{
    const struct snap_step *step = abandon_step_of(was, SNAP_STEP_REPOINT);
    const char *text = NULL;
    int i;

    for (i = 0; step && i < step->num_repoints; i++)
        text = snap_sprintf(sc, "%s%s%s to %s", text ? text : "",
                            text ? ", " : "", step->repoints[i].from,
                            step->repoints[i].to);
    return text;
}

void snap_abandon_tell_monitor(libxl_snapshot_ctx *sc,
                               const struct snap_plan *plan)
{
    const struct snap_step *step =
        abandon_step_of(plan, SNAP_STEP_RELEASE_MONITOR);
    int i;

    for (i = 0; step && i < step->num_pids; i++)
        snap_tell_left(sc, "xl's monitor of it, pid %d, stays stopped, since "
                       "at a reboot it would start the guest on the disks "
                       "that its stored config names; kill -CONT %d lets it "
                       "go on, when these are right or the domain has ended",
                       (int)step->pids[i], (int)step->pids[i]);
}

/* Where the guest's newest data is. */
static void abandon_tell_disks(libxl_snapshot_ctx *sc,
                               const struct snap_abandon *a,
                               const struct snap_plan *all)
{
    const char *domain = a->r.entry.head.domain;
    const char *switches = abandon_switches(sc, &a->r.entry.plan);

    if (!switches || a->r.entry.is_copy || !a->r.forward
        || !(abandon_step_of(all, SNAP_STEP_REPOINT)
             || abandon_step_of(all, SNAP_STEP_FREEZE)))
        return;
    if (a->unknown) {
        snap_tell_left(sc, "whether QEMU has switched the disks of domain %s "
                       "(%s) is not known; if it has, what the guest wrote "
                       "since is in the latter alone: look at them before "
                       "you start the domain anew", domain, switches);
        if (a->r.domid != SNAP_NO_DOMAIN) snap_abandon_tell_monitor(sc, all);
        return;
    }
    if (a->is_refused) {
        snap_tell_left(sc, "QEMU has switched the disks of domain %s (%s): "
                       "what the guest wrote since is in the latter alone, "
                       "and of use only on the former as it was then; keep "
                       "copies of both before you start the domain on "
                       "either", domain, switches);
        return;
    }
    snap_tell_left(sc, "QEMU has switched the disks of domain %s (%s), and "
                   "what the guest wrote since is in the latter alone; "
                   "never start it on the former, which nothing keeps from "
                   "being written to", domain, switches);
    if (a->saver)
        snap_tell_left(sc, "what is being saved of it names the former: "
                       "restore it only with a config that names the "
                       "latter");
}

static void abandon_tell_fenced(libxl_snapshot_ctx *sc,
                                const struct snap_abandon *a)
{
    int i;

    for (i = 0; i < a->num_unwritable; i++)
        snap_tell_left(sc, "%s cannot be written to (lsattr), and so it is "
                       "of no use to its domain: the revert had it so until "
                       "you decide; unless it is by now the base of a "
                       "snapshot, make it writable with chattr -i %s",
                       a->unwritable[i], snap_operand(sc, a->unwritable[i]));
}

static void abandon_tell(libxl_snapshot_ctx *sc,
                         const struct snap_abandon *a,
                         const struct snap_plan *all)
{
    const struct snap_journal_entry *e = &a->r.entry;

    abandon_tell_guest(sc, a, all);
    abandon_tell_disks(sc, a, all);
    /* of a copy nobody knows, unless its fences are still there */
    if (a->reborn && a->r.domid == SNAP_NO_DOMAIN
        && (!e->is_copy || a->num_unwritable))
        snap_tell_left(sc, "domain %s is not brought back%s",
                       e->head.domain, snap_recover_has_overwritten(&a->r)
                       ? ", and its disks may be of two moments: do not "
                         "start it before you have reverted it again"
                       : "; started, it has the disks that it had before");
    if (a->reborn && a->r.half_made)
        snap_tell_left(sc, "domain %s is not whole: the xl of its revert was "
                       "killed while it made it; destroy it, then revert it "
                       "again", e->head.domain);
    if (e->other_host)
        snap_tell_left(sc, "nobody here can tell whether %s is still at work "
                       "on domain %s: see that it is off", e->other_host,
                       e->head.domain);
    abandon_tell_fenced(sc, a);
}

void snap_abandon_plan(libxl_snapshot_ctx *sc, struct snap_abandon *a)
{
    const char *host = a->r.entry.other_host;
    struct snap_plan all;

    if (host && !a->r.entry.plan.num_steps)
        snap_abandon_give_up(sc, a,
                             "a plan that this version cannot read");
    a->r.gives_up = true;
    a->r.entry.other_host = NULL;   /* its steps are planned, to be named */
    snap_recover_plan(sc, &a->r);
    a->r.entry.other_host = host;
    all = a->r.plan;
    a->r.plan = (struct snap_plan){ .num_steps = 0 };
    abandon_divide(sc, a, &all);
    abandon_tell(sc, a, &all);
}
