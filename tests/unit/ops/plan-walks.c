/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan-walks.c: a plan is cut off at each of its steps, and the undos or
 * the recovery are performed on the model of plan-world.c.
 */
#include "plan-rules.h"
#include "plan-world.h"

#include <string.h>

static void same(const struct subject *s, int step, const char *how,
                 const char *of, const struct world *want,
                 const struct world *got)
{
    const char *diff = world_diff(want, got);

    if (!diff) return;
    check_that(false, __LINE__, __FILE__, "%s, step %d (%s) %s%s:%s",
               s->who, step, s->plan->steps[step].what, how, of, diff);
}

/* A plan, and the world after each number of its steps. */
struct walk {
    const struct subject *s;
    const struct world *at;
    const struct world *before, *after;
};

static struct walk walk_of(const struct subject *s)
{
    int num = s->plan->num_steps, i;
    struct world *at = snap_zalloc(sc, (num + 1) * sizeof(*at));

    at[0] = world_before(s->plan, s->paused);
    for (i = 0; i < num; i++) {
        at[i + 1] = at[i];
        world_apply(&at[i + 1], &s->plan->steps[i], false);
    }
    return (struct walk){ s, at, &at[0], &at[num] };
}

/*-- a step that fails --------------------------------------------------*/

enum failure { REFUSED, HALF, LOST_DONE, LOST_UNDONE, NUM_FAILURES };
static const char *const failure_names[] = {
    [REFUSED] = "fails", [HALF] = "fails half done",
    [LOST_DONE] = "is done, without an answer",
    [LOST_UNDONE] = "is not done, without an answer",
};

static bool can_fail_so(const struct snap_step *step, enum failure how)
{
    if (how == HALF) return step->undo_if_failed;
    return how == REFUSED || step->kind == SNAP_STEP_QMP;
}

/* As run/run.c does when step @at fails.  *left_r: the journal stays. */
static struct world world_with_failure(const struct walk *walk, int at,
                                       enum failure how, bool *left_r)
{
    struct world w = *walk->before;
    const struct snap_step *step;
    struct snap_engine engine;

    snap_engine_init(sc, &engine, walk->s->plan);
    while ((step = snap_engine_next(&engine))) {
        bool back = engine.state == SNAP_ENGINE_UNWINDING;

        if (back || engine.at != at) {
            world_apply(&w, step, back && engine.at == engine.unsure);
            snap_engine_done(&engine, 0);
            continue;
        }
        if (how == HALF || how == LOST_DONE) world_apply(&w, step, false);
        if (how == REFUSED || how == HALF)
            snap_engine_done(&engine, ERROR_FAIL);
        else
            snap_engine_lost(&engine, ERROR_FAIL);
    }
    w.frozen = false;           /* in the end the keeper is dropped */
    *left_r = engine.committed;
    return w;
}

/* Each of the first @num steps is done, by the journal. */
static struct snap_recover cut_off(const struct subject *s, int at, int num,
                                   bool committed, bool maybe,
                                   bool same_boot)
{
    struct snap_recover r = {
        .entry = {
            .head = s->head, .plan = *s->plan, .at = at,
            .committed = committed, .maybe = maybe, .same_boot = same_boot,
        },
        .domid = same_boot ? s->head.domid : SNAP_NO_DOMAIN,
        .commit = snap_recover_commit_point(s->plan),
    };

    r.entry.done = snap_zalloc(sc, s->plan->num_steps + 1);
    memset(r.entry.done, true, num);
    r.first = r.commit + 1;
    r.forward = committed || maybe;
    return r;
}

static void recover(struct world *w, struct snap_recover *r)
{
    int i;

    snap_recover_plan(sc, r);
    for (i = 0; i < r->plan.num_steps; i++)
        world_apply(w, &r->plan.steps[i], true);
}

/* After the commit point a create goes on, while a revert ends at the step
 * that failed. */
static void recover_failure(const struct subject *s, struct world *w,
                            int at, enum failure how)
{
    int last = s->plan->num_steps - 1;
    bool lost = how == LOST_DONE || how == LOST_UNDONE;
    struct snap_recover r = cut_off(s, last, at, !lost, lost, true);

    r.entry.pauses = w->paused - s->paused;
    if (lost) r.forward = how == LOST_DONE || at != r.commit;
    if (!strcmp(s->head.operation, "revert")) {
        r.first = at == last && !s->leave_paused ? at : r.commit;
        r.entry.pauses = w->paused;     /* that of xl alone */
    }
    recover(w, &r);
}

static void walk_failures(const struct walk *walk)
{
    const struct subject *s = walk->s;
    int commit = snap_recover_commit_point(s->plan), i;
    enum failure how;
    struct world w;
    bool left;

    for (i = 0; i < s->plan->num_steps; i++)
        for (how = 0; how < NUM_FAILURES; how++) {
            if (!can_fail_so(&s->plan->steps[i], how)) continue;
            w = world_with_failure(walk, i, how, &left);
            if (left) recover_failure(s, &w, i, how);
            left = left && (i > commit || how == LOST_DONE);
            same(s, i, failure_names[how], "",
                 left ? walk->after : walk->before, &w);
        }
}

/*-- the end of the command, or of the host -----------------------------*/

enum progress { BEGUN, DONE_UNSAID, DONE, NUM_PROGRESSES };
static const char *const progress_names[] = {
    [BEGUN] = "begun", [DONE_UNSAID] = "done, but not in the journal",
    [DONE] = "done",
};

static const char *end_name(bool same_boot)
{
    return same_boot ? ", when it is killed" : ", when the host stops";
}

static struct snap_recover ended(const struct subject *s, int at,
                                 enum progress how, bool same_boot)
{
    int commit = snap_recover_commit_point(s->plan);

    return cut_off(s, at, at + (how == DONE),
                   at > commit || (at == commit && how == DONE),
                   at == commit && how != DONE, same_boot);
}

/*-- what is given up ---------------------------------------------------*/

enum hindrance { NONE, SAVED, SHARED, UNKNOWN, NUM_HINDRANCES };
static const char *const hindrance_names[] = {
    [NONE] = ", and is given up",
    [SAVED] = ", and is given up while the domain is saved",
    [SHARED] = ", and is given up while somebody uses its disks",
    [UNKNOWN] = ", and is given up, its disks not being known",
};

/* Give up @r in the world @w.  Until xl's monitor is released, the records
 * must be those of @want. */
static void abandon(struct world *w, const struct snap_recover *r,
                    enum hindrance by, const struct world *want)
{
    struct snap_abandon a = {
        .r = *r, .paused = w->paused, .suspended = w->suspended,
        .unknown = by == UNKNOWN, .saver = by == SAVED,
        .use = by == SHARED ? "it is in use" : NULL,
    };
    int i;

    snap_abandon_plan(sc, &a);
    for (i = 0; i < a.r.plan.num_steps; i++) {
        const struct snap_step *step = &a.r.plan.steps[i];
        struct world guest = world_of_guest(w), then = world_of_guest(want);

        guest.paused = then.paused;
        guest.suspended = then.suspended;
        guest.frozen = then.frozen;
        guest.held = then.held;
        if (step->kind == SNAP_STEP_RELEASE_MONITOR && by != UNKNOWN)
            CHECK_STR(world_diff(&then, &guest), NULL);
        world_apply(w, step, true);
    }
}

/* How the guest, which was @before when it was cut off, must stand then. */
static struct world given_up(const struct world *before,
                             const struct world *want, enum hindrance by,
                             const struct world *got)
{
    struct world guest = world_of_guest(want);

    if (by == SAVED) {
        guest.paused = before->paused;
        guest.suspended = before->suspended;
    }
    /* who lifts a pause of somebody's puts it back */
    if (by == SHARED && before->paused > guest.paused)
        guest.paused = before->paused;
    if (by == SHARED && before->suspended && !guest.paused) guest.paused = 1;
    if (by != UNKNOWN) return guest;
    guest = world_of_guest(before);
    guest.paused = got->paused;     /* let go as ever */
    guest.suspended = false;
    return guest;
}

static void walk_given_up(const struct walk *walk, int at,
                          enum progress how, const struct snap_recover *r,
                          const struct world *before,
                          const struct world *want)
{
    const struct subject *s = walk->s;
    enum hindrance by;

    for (by = 0; by < NUM_HINDRANCES; by++) {
        struct snap_recover this = *r;
        struct world w = *before, guest;

        if (by == UNKNOWN && !r->entry.maybe) continue;
        if (by == UNKNOWN) this.forward = true;
        abandon(&w, &this, by, want);
        if (s->paused && r->entry.pause_unsure && w.paused == 2)
            w.paused = 1;
        w = world_of_guest(&w);
        guest = given_up(before, want, by, &w);
        if (s->paused && r->entry.pause_unsure && guest.paused == 2)
            guest.paused = 1;
        same(s, at, progress_names[how], hindrance_names[by], &guest, &w);
    }
}

/*-- create -------------------------------------------------------------*/

static void walk_create(const struct walk *walk, int at, enum progress how,
                        bool same_boot)
{
    const struct subject *s = walk->s;
    const struct snap_operation *operation =
        snap_operation_named(s->head.operation);
    struct snap_recover r = ended(s, at, how, same_boot);
    struct world w = walk->at[at + (how != BEGUN)], want;
    int sure = at + (how == DONE);

    w.frozen = false;           /* its keeper thaws it */
    r.entry.pauses = walk->at[sure].paused - s->paused;
    r.entry.pause_unsure = how != DONE
        && (s->plan->steps[at].kind == SNAP_STEP_PAUSE
            || s->plan->steps[at].kind == SNAP_STEP_UNPAUSE);
    if (r.entry.maybe && operation->was_committed
        && (s->plan->steps[r.commit].kind != SNAP_STEP_QMP
            || (r.domid == SNAP_NO_DOMAIN && !s->head.num_tagged)))
        CHECK_OK(operation->was_committed(sc, &r, &r.forward));
    else if (r.entry.maybe && operation->was_committed)
        r.forward = how != BEGUN;       /* QEMU or the image tells */
    want = r.forward ? *walk->after : *walk->before;
    if (!same_boot) {
        world_stop(&want);
        world_stop(&w);
        /* lines that were not flushed are lost */
        if (at < r.commit) r.entry.at = -1;
    } else {
        walk_given_up(walk, at, how, &r, &w, &want);
    }
    recover(&w, &r);
    /* nobody knows how often, but paused it stays */
    if (s->paused && r.entry.pause_unsure && w.paused == 2) w.paused = 1;
    same(s, at, progress_names[how], end_name(same_boot), &want, &w);
}

void check_create_walks(const struct subject *s)
{
    const struct walk walk = walk_of(s);
    enum progress how;
    int i;

    walk_failures(&walk);
    for (i = 0; i < s->plan->num_steps; i++)
        for (how = 0; how < NUM_PROGRESSES; how++) {
            walk_create(&walk, i, how, true);
            walk_create(&walk, i, how, false);
        }
}

/*-- revert -------------------------------------------------------------*/

/* A domain that is not back stays as it is, but nobody waits for it. */
static void walk_revert_given_up(const struct walk *walk, int at,
                                 enum progress how,
                                 const struct snap_recover *r, bool is_back,
                                 const struct world *before,
                                 const struct world *want)
{
    struct world w = *before, guest = world_of_guest(before);
    struct snap_recover this = *r;

    guest.held = false;
    if (!r->forward || is_back) guest.paused = want->paused;
    if (before->gone) this.domid = SNAP_NO_DOMAIN;
    else if (is_back) this.domid = 8;
    abandon(&w, &this, NONE, &guest);
    w = world_of_guest(&w);
    same(walk->s, at, progress_names[how], hindrance_names[NONE], &guest,
         &w);
}

/* Decides as ops/revert_recover.c does, where what xl has made is whole.
 * After the host has stopped, a guest that had run is not brought back. */
static void walk_revert(const struct walk *walk, int at, enum progress how,
                        bool same_boot)
{
    const struct subject *s = walk->s;
    struct snap_recover r = ended(s, at, how, same_boot);
    int back = s->plan->num_steps - 1 - !s->leave_paused;
    int sure = at + (how == DONE);
    struct world w = walk->at[at + (how != BEGUN)], want;
    bool is_back = same_boot ? at > back || (at == back && how != BEGUN)
                             : at > back;

    want = r.forward ? *walk->after : *walk->before;
    if (!same_boot) {
        world_stop(&w);
        if (!r.forward || is_back) world_stop(&want);
    }
    r.first = is_back ? back + 1 : r.commit;
    r.entry.pauses = sure > back ? walk->at[sure].paused : 0;
    r.entry.pause_unsure = how != DONE && at >= back;
    if (same_boot)
        walk_revert_given_up(walk, at, how, &r, is_back, &w, &want);
    recover(&w, &r);
    same(s, at, progress_names[how], end_name(same_boot), &want, &w);
}

void check_revert_walks(const struct subject *s)
{
    const struct walk walk = walk_of(s);
    enum progress how;
    int i;

    walk_failures(&walk);
    for (i = 0; i < s->plan->num_steps; i++)
        for (how = 0; how < NUM_PROGRESSES; how++) {
            walk_revert(&walk, i, how, true);
            walk_revert(&walk, i, how, false);
        }
}
