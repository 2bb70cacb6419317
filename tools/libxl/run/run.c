/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/run.c: performs a plan: asks the engine for the next step, lets the
 * row of its kind do it (run/steps_<object>.c), and keeps the journal.
 */
#include "run/run.h"

#include <inttypes.h>
#include <time.h>

static int run_step(libxl_snapshot_ctx *sc, struct snap_run *run,
                    const struct snap_step *step)
{
    const struct snap_step_act *act = snap_step_act(step->kind);
    int rc;

    run->reply_lost = run->refused = false;
    run->left.pid = 0;
    rc = snap_known_check(sc, step, run->redo);
    run->refused = rc != 0;
    if (rc) return rc;
    if (!act->keeps_qmp) snap_run_close_qmp(run);
    return act->run(sc, run, step);
}

void snap_run_left(struct snap_run *run, const struct snap_left *left)
{
    run->left = *left;
    run->reply_lost = left->pid != 0;
    run->is_stuck = run->is_stuck || run->reply_lost;
}

static int run_timed(libxl_snapshot_ctx *sc, struct snap_run *run,
                     const struct snap_step *step)
{
    uint64_t began = snap_now_us(), took;
    int rc = run_step(sc, run, step);

    took = snap_now_us() - began;
    snap_log(sc, XTL_VERBOSE, "%s: %s, %u.%03u s", step->what,
             rc ? "failed" : "done", (unsigned)(took / 1000000),
             (unsigned)(took / 1000 % 1000));
    return rc;
}

/* Do a step that may have been done before, or the undo of a step that may
 * not have been done.  *done_r: it was done already. */
static int run_again(libxl_snapshot_ctx *sc, struct snap_run *run,
                     const struct snap_step *step, bool *done_r)
{
    const struct snap_step_act *act = snap_step_act(step->kind);
    const char *before = snap_strdup(sc, sc->error);
    int rc = act->is_done ? act->is_done(sc, run, step, done_r) : 0;

    if (rc) return rc;
    if (*done_r) {
        snap_log(sc, XTL_VERBOSE, "%s: already done", step->what);
        return 0;
    }
    rc = run_timed(sc, run, step);
    if (rc == ERROR_QMP_GENERIC_ERROR && act->refused_if_done) {
        snap_log(sc, XTL_VERBOSE, "%s: QEMU says: %s", step->what,
                 snap_take_error(sc));
        if (before) snap_fail(sc, rc, "%s", before);
        return 0;
    }
    return rc;
}

/* True for an undo, or a step after the commit point, whose object has
 * gone. */
static bool run_is_moot(libxl_snapshot_ctx *sc, const struct snap_run *run,
                        const struct snap_step *step)
{
    const struct snap_step_act *act = snap_step_act(step->kind);

    return act->is_moot && act->is_moot(sc, run);
}

/* True if @step lets a guest write to disks that a recovery must not
 * revert again from then on: until then a domain that a revert brought
 * back is paused. */
static bool run_lets_guest_write(const struct snap_run *run,
                                 const struct snap_step *step)
{
    return snap_step_act(step->kind)->lets_guest_run
        && (run->restored || run->redo);
}

static bool run_holds_guest(const struct snap_run *run)
{
    return run->keeper || (run->stopped_us && !run->running_us);
}

/* True if a line may be flushed.  A flush takes milliseconds, on a hard
 * disk dozens, and if the storage hangs it takes for ever: a guest that is
 * held must not wait for it. */
static bool run_may_flush(const struct snap_run *run,
                          const struct snap_engine *engine)
{
    return engine->state != SNAP_ENGINE_UNWINDING && !run_holds_guest(run);
}

/* True if the journal must have the beginning of @step on the disk: the
 * list in run/run.h. */
static bool run_flushes_begin(const struct snap_run *run,
                              const struct snap_engine *engine,
                              const struct snap_step *step)
{
    const struct snap_step_act *act = snap_step_act(step->kind);
    bool forward = engine->state == SNAP_ENGINE_FORWARD;

    if ((forward && step->commit_point) || run_lets_guest_write(run, step))
        return true;
    if (!run_may_flush(run, engine)) return false;
    if (run->redo || act->begin_is_flushed) return true;
    return forward ? run->owes_flush && step->made
                   : run->owes_flush || act->is_program;
}

/* Write the line @note; a flush takes those before it along. */
static int run_note(libxl_snapshot_ctx *sc, struct snap_run *run,
                    const struct snap_journal_note *note)
{
    int rc = snap_journal_note(sc, run->journal, note);

    if (note->flush) run->owes_flush = false;
    else if (note->made || note->time) run->owes_flush = true;
    return rc;
}

/* Keep the identity of what a step has made, for its undo. */
static const char *run_set_made(libxl_snapshot_ctx *sc,
                                const struct snap_engine *engine,
                                const struct snap_step *step)
{
    const struct snap_step_act *act = snap_step_act(step->kind);
    const char *made = act->made ? act->made(sc, step) : NULL;

    if (made) snap_plan_set_made(sc, engine->plan, engine->at, made);
    return made;
}

/* The run time of the domain that @step has paused; NULL: not known. */
static const char *run_cpu_ns(libxl_snapshot_ctx *sc,
                              const struct snap_run *run,
                              const struct snap_step *step)
{
    uint64_t ns;

    if (!snap_step_act(step->kind)->pauses
        || !snap_dom_cpu_ns(sc, run->domid, &ns))
        return NULL;
    return snap_sprintf(sc, "%" PRIu64, ns);
}

/* True for an undo by a program where another one is at work yet, and
 * hangs: on the same storage it would hang, too, and hold the guest. */
static bool run_must_leave(const struct snap_run *run,
                           const struct snap_engine *engine,
                           const struct snap_step *step)
{
    return run->is_stuck && engine->state == SNAP_ENGINE_UNWINDING
        && snap_step_act(step->kind)->is_program;
}

/* Do a step, with its lines in the journal.  Before the commit point a
 * journal that cannot be written is a reason to stop; after it the rest
 * has to be done all the same. */
static int run_recorded(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_engine *engine,
                        const struct snap_step *step)
{
    bool forward = engine->state == SNAP_ENGINE_FORWARD;
    bool again = run->redo || (!forward && engine->at == engine->unsure);
    struct snap_journal_note note = {
        .step = engine->at, .kind = step->kind, .state = "begun",
        .undo = engine->state == SNAP_ENGINE_UNWINDING,
        .flush = run_flushes_begin(run, engine, step),
    };
    bool was_done = false;
    int rc;

    if (forward && step->commit_point) note.time = time(NULL);
    rc = run_note(sc, run, &note);
    if (rc && forward) return rc;
    rc = again ? run_again(sc, run, step, &was_done)
        : !forward && run_is_moot(sc, run, step) ? 0
        : run_timed(sc, run, step);
    note.state = !rc ? "done" : run->reply_lost ? "lost"
        : run->refused ? "refused" : "failed";
    if (!rc && !was_done && !note.undo)
        note.made = run_set_made(sc, engine, step);
    if (!rc) note.cpu_ns = run_cpu_ns(sc, run, step);
    if (note.time) note.time = time(NULL);
    note.writes = step->writes ? step->writes : step->path;
    note.settled = engine->committed && !run_holds_guest(run);
    note.flush_prints = !rc && run_may_flush(run, engine);
    note.flush = note.flush_prints
        && (run->redo || (note.made && snap_step_act(step->kind)->is_program));
    note.left = run->left;
    run_note(sc, run, &note);
    if (rc && !forward
        && (run->redo || !snap_step_act(step->kind)->done_if_failed))
        run->is_unfinished = true;
    return rc;
}

/* Do a step.  One that will be done even if it fails, a thaw after the
 * commit point, keeps back no other: the snapshot is complete all the
 * same. */
static int run_tolerant(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_engine *engine,
                        const struct snap_step *step)
{
    const char *before;

    if (run->redo || engine->state != SNAP_ENGINE_COMMITTED
        || !snap_step_act(step->kind)->done_if_failed)
        return run_recorded(sc, run, engine, step);
    before = sc->error ? snap_take_error(sc) : NULL;
    if (run_recorded(sc, run, engine, step))
        run->unclean = snap_take_error(sc);
    if (before) snap_fail(sc, engine->rc, "%s", before);
    return 0;
}

static int run_steps(libxl_snapshot_ctx *sc, struct snap_run *run,
                     const struct snap_plan *plan)
{
    struct snap_engine engine;
    const struct snap_step *step;
    int rc;

    snap_engine_init(sc, &engine, plan);
    if (run->redo) engine.state = SNAP_ENGINE_COMMITTED;
    while ((step = snap_engine_next(&engine))) {
        if (engine.state == SNAP_ENGINE_FORWARD && snap_signals_pending())
            rc = snap_signals_fail(sc);
        else if (run_must_leave(run, &engine, step)) {
            run->is_unfinished = true;
            rc = 0;
        } else
            rc = run_tolerant(sc, run, &engine, step);
        if (run->done) run->done[engine.at] = !rc;
        if (rc && run->reply_lost) snap_engine_lost(&engine, rc);
        else if (rc && run->refused) snap_engine_refused(&engine, rc);
        else snap_engine_done(&engine, rc);
    }
    snap_run_close_qmp(run);
    snap_keeper_drop(run->keeper);
    run->committed = engine.committed;
    run->commit_unknown = engine.commit_unknown;
    if (engine.commit_unknown) run->is_unfinished = true;
    return engine.rc;
}

/* Signals are blocked for the whole run: a command that dies, or stops,
 * between "pause" and "unpause" would leave the guest stopped.  Those that
 * ask it to end are looked at between two steps, up to the commit
 * point. */
struct snap_run snap_run_of(const struct snap_journal_head *head)
{
    return (struct snap_run){
        .domid = head->domid, .domain_name = head->domain, .head = head,
        .uuid_str = head->uuid_str ? head->uuid_str : head->running_uuid,
    };
}

int snap_run_plan(libxl_snapshot_ctx *sc, struct snap_run *run,
                  const struct snap_plan *plan)
{
    struct snap_signals old;
    int rc = 0;

    snap_signals_block(&old);
    if (run->head)
        rc = snap_journal_begin(sc, run->head, plan, &run->journal);
    if (rc) goto out;
    rc = run_steps(sc, run, plan);
    if (rc && sc->left) snap_fail(sc, rc, "left: %s", sc->left);
    if (rc && run->is_unfinished && !run->committed && !run->redo)
        snap_fail(sc, rc, "domain %s: not all is undone yet; when nothing "
                  "hinders it any more, run xl snapshot-recover %s",
                  run->domain_name, snap_operand(sc, run->domain_name));
    run->signalled = run->committed && snap_signals_pending();
    snap_signals_drop();
    if (run->is_unfinished)
        snap_journal_close(run->journal);
    else if (snap_journal_end(sc, run->journal) && !rc)
        rc = ERROR_FAIL;
    run->journal = NULL;
 out:
    snap_signals_restore(&old);
    return rc;
}
