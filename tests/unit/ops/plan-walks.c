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

static void walk_create(const struct walk *walk, int at, enum progress how,
                        bool same_boot)
{
    const struct subject *s = walk->s;
    struct snap_recover r = ended(s, at, how, same_boot);
    struct world w = walk->at[at + (how != BEGUN)], want;
    int sure = at + (how == DONE);

    w.frozen = false;           /* its keeper thaws it */
    r.entry.pauses = walk->at[sure].paused - s->paused;
    r.entry.pause_unsure = how != DONE
        && (s->plan->steps[at].kind == SNAP_STEP_PAUSE
            || s->plan->steps[at].kind == SNAP_STEP_UNPAUSE);
    if (r.entry.maybe
        && (s->plan->steps[r.commit].kind != SNAP_STEP_QMP
            || (r.domid == SNAP_NO_DOMAIN && !s->head.num_tagged)))
        CHECK_OK(snap_operation_create.was_committed(sc, &r, &r.forward));
    else if (r.entry.maybe)
        r.forward = how != BEGUN;       /* QEMU or the image tells */
    want = r.forward ? *walk->after : *walk->before;
    if (!same_boot) {
        world_stop(&want);
        world_stop(&w);
        /* lines that were not flushed are lost */
        if (at < r.commit) r.entry.at = -1;
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
