/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan/engine.c: which step of a plan comes next.  No I/O: a loop
 * (run/run.c) drives it here, libxl's callbacks could in xen.git.
 *
 * Up to the commit point a failure unwinds: the undos of what was done run
 * in reverse.  Past it there is no way but forward: a step that fails is
 * remembered and the ones after it still run, since leaving out "unpause"
 * because "repoint" failed would help nobody; but not those that build on
 * all before them, as "restore" does on the disks being back.
 *
 * If it is not known whether the commit point was passed, forward is the
 * safe way too: an overlay that QEMU has not switched to is empty and
 * shows its base, while one that it has switched to must not be removed.
 * Unless the commit point has an undo: then it is undone.
 */
#include "plan/plan.h"

void snap_engine_init(libxl_snapshot_ctx *sc, struct snap_engine *engine,
                      const struct snap_plan *plan)
{
    int i;

    *engine = (struct snap_engine){
        .plan = plan,
        .state = SNAP_ENGINE_FORWARD,
        .unsure = -1,
        .undoable = snap_zalloc(sc, plan->num_steps * sizeof(bool)),
    };
    for (i = 0; i < plan->num_steps; i++)
        snap_plan_set_content(&plan->steps[i]);
}

static bool engine_is_left_out(const struct snap_engine *engine,
                               const struct snap_step *step)
{
    return (engine->rc && step->only_if_all_done)
        || (engine->commit_unknown && step->only_if_commit_known);
}

const struct snap_step *snap_engine_next(struct snap_engine *engine)
{
    const struct snap_plan *plan = engine->plan;

    switch (engine->state) {
    case SNAP_ENGINE_COMMITTED:
        while (engine->at < plan->num_steps
               && engine_is_left_out(engine, &plan->steps[engine->at]))
            engine->at++;
        /* fallthrough */
    case SNAP_ENGINE_FORWARD:
        if (engine->at < plan->num_steps) return &plan->steps[engine->at];
        engine->state = SNAP_ENGINE_DONE;
        return NULL;
    case SNAP_ENGINE_UNWINDING:
        while (engine->at >= 0 && !engine->undoable[engine->at])
            engine->at--;
        if (engine->at >= 0) return plan->steps[engine->at].undo;
        engine->state = SNAP_ENGINE_DONE;
        return NULL;
    case SNAP_ENGINE_DONE:
        break;
    }
    return NULL;
}

static void engine_step_failed(struct snap_engine *engine,
                               const struct snap_step *step)
{
    engine->undoable[engine->at] = step->undo && step->undo_if_failed;
    engine->unsure = engine->at;
    engine->state = SNAP_ENGINE_UNWINDING;
}

static void engine_step_succeeded(struct snap_engine *engine,
                                  const struct snap_step *step)
{
    engine->undoable[engine->at] = step->undo != NULL;
    if (step->retires_undo_of >= 0)
        engine->undoable[step->retires_undo_of] = false;
    if (step->commit_point) {
        engine->committed = true;
        engine->state = SNAP_ENGINE_COMMITTED;
    }
    engine->at++;
}

void snap_engine_done(struct snap_engine *engine, int rc)
{
    const struct snap_step *step;

    if (rc && !engine->rc) engine->rc = rc;

    switch (engine->state) {
    case SNAP_ENGINE_FORWARD:
        step = &engine->plan->steps[engine->at];
        if (rc) engine_step_failed(engine, step);
        else engine_step_succeeded(engine, step);
        break;
    case SNAP_ENGINE_COMMITTED:
        engine->at++;
        break;
    case SNAP_ENGINE_UNWINDING:
        engine->undoable[engine->at--] = false;
        break;
    case SNAP_ENGINE_DONE:
        break;
    }
}

void snap_engine_refused(struct snap_engine *engine, int rc)
{
    bool forward = engine->state == SNAP_ENGINE_FORWARD;

    snap_engine_done(engine, rc);
    if (forward) engine->undoable[engine->at] = false;
}

void snap_engine_lost(struct snap_engine *engine, int rc)
{
    const struct snap_step *step;

    if (engine->state != SNAP_ENGINE_FORWARD) {
        snap_engine_done(engine, rc);
        return;
    }
    step = &engine->plan->steps[engine->at];
    engine->rc = rc;
    if (step->commit_point && !step->undo) {
        engine->committed = engine->commit_unknown = true;
        engine->state = SNAP_ENGINE_COMMITTED;
        engine->at++;
    } else {
        engine->undoable[engine->at] = step->undo != NULL;
        engine->unsure = engine->at;
        engine->state = SNAP_ENGINE_UNWINDING;
    }
}
