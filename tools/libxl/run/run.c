/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/run.c: performs a plan: asks the engine for the next step and
 * hands it to the seam that can do it.
 *
 * The connection to QEMU is opened by the first QMP step and closed before
 * any step in which libxl may want it, which keeps the rule "never hold the
 * QMP socket across a libxl call" in one place.
 */
#include "run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <libxl_utils.h>

#define RUN_RESTORE_MS  300000
#define RUN_RELEASE_MS  30000

static void run_qmp_close(struct snap_run *run)
{
    snap_qmp_close(run->qmp);
    run->qmp = NULL;
}

static int run_qmp(libxl_snapshot_ctx *sc, struct snap_run *run,
                   const struct snap_step *step)
{
    int rc;

    if (!run->qmp) {
        rc = run->qmp_path
            ? snap_qmp_open_path(sc, run->qmp_path, &run->qmp)
            : snap_qmp_open(sc, run->domid, run->uuid_str, &run->qmp);
        if (rc) return rc;
    }
    rc = snap_qmp_execute(sc, run->qmp, step->command, step->arguments, NULL);
    /* only QEMU's own "no" tells that it did not do it, and will not */
    run->lost = rc && rc != ERROR_QMP_GENERIC_ERROR;
    if (run->lost) run_qmp_close(run);
    return rc;
}

/* The header and config of xl's file, then what libxl writes. */
static int run_save(libxl_snapshot_ctx *sc, struct snap_run *run,
                    const struct snap_step *step)
{
    uint64_t began = snap_now_us();
    const void *head;
    size_t len;
    int fd, rc;

    rc = snap_file_reopen(sc, step->path, &fd);
    if (rc) return rc;
    snap_image_header(sc, step->content, &head, &len);
    if (snap_file_write_all(fd, head, len)) {
        rc = snap_fail(sc, ERROR_FAIL, "cannot write %s: %s", step->path,
                       strerror(errno));
        goto out;
    }
    rc = snap_dom_save(sc, run->domid, fd, step->live, &run->stopped_us);
    if (!run->stopped_us && !step->live) run->stopped_us = began;
 out:
    close(fd);
    return rc;
}

static int run_pause(libxl_snapshot_ctx *sc, struct snap_run *run,
                     const struct snap_step *step)
{
    uint64_t began = snap_now_us();
    int rc = snap_dom_pause(sc, run->domid);

    if (!rc && step->stops) run->stopped_us = began;
    return rc;
}

static int run_unpause(libxl_snapshot_ctx *sc, struct snap_run *run)
{
    int rc = snap_dom_unpause(sc, run->domid);

    if (!rc && run->stopped_us) run->running_us = snap_now_us();
    return rc;
}

/* The first of @files that somebody writes to, NULL for none. */
static int run_find_writer(libxl_snapshot_ctx *sc, struct snap_file_use *files,
                           int num, const struct snap_file_use **used_r)
{
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };
    int rc, i;

    rc = snap_users_of_files(sc, files, num, &nobody);
    *used_r = NULL;
    for (i = 0; !rc && i < num && !*used_r; i++)
        if (files[i].users) *used_r = &files[i];
    return rc;
}

/* libxl tells QEMU to end (SIGHUP) and does not wait until it has. */
static int run_destroy(libxl_snapshot_ctx *sc, struct snap_run *run,
                       const struct snap_step *step)
{
    uint64_t deadline = snap_now_us() + RUN_RELEASE_MS * UINT64_C(1000);
    const struct snap_file_use *used;
    struct snap_file_use *files;
    int rc, i, num;

    for (num = 0; step->argv && step->argv[num]; num++);
    files = snap_zalloc(sc, num * sizeof(*files));
    for (i = 0; i < num; i++)
        files[i] = (struct snap_file_use){
            .who = "image", .path = step->argv[i], .write_only = true,
        };
    rc = snap_dom_destroy(sc, run->domid);
    if (rc) return rc;
    for (;;) {
        rc = run_find_writer(sc, files, num, &used);
        if (rc || !used) return rc;
        if (snap_now_us() > deadline)
            return snap_fail(sc, ERROR_TIMEDOUT, "%s is still in use by %s",
                             used->path, used->users);
        usleep(50000);
    }
}

/* xl has made the domain anew. */
static int run_brought_back(libxl_snapshot_ctx *sc, struct snap_run *run)
{
    int rc = libxl_name_to_domid(sc->ctx, run->domain_name, &run->domid);

    run->restored = true;
    if (!rc) return 0;
    return snap_fail(sc, ERROR_FAIL, "xl brought the domain back, but there is "
                     "no domain %s", run->domain_name);
}

static int run_boot(libxl_snapshot_ctx *sc, struct snap_run *run,
                    const struct snap_step *step)
{
    int rc = snap_exec(sc, "start of the domain", step->argv,
                       snap_step_ms(sc, RUN_RESTORE_MS), NULL);

    return rc ? rc : run_brought_back(sc, run);
}

/* Hand the memory image to xl, with the config that it is to have now. */
static int run_restore(libxl_snapshot_ctx *sc, struct snap_run *run,
                       const struct snap_step *step)
{
    struct snap_exec_input input = { .fd = -1 };
    off_t stream;
    char *json;
    int rc;

    rc = snap_image_check(sc, step->path, &json, &stream);
    if (rc) return rc;
    snap_image_header(sc, step->content, &input.head, &input.head_len);
    input.fd = snap_open(sc, step->path, O_RDONLY);
    if (input.fd < 0 || lseek(input.fd, stream, SEEK_SET) < 0) {
        rc = snap_fail(sc, ERROR_FAIL, "cannot read %s: %s", step->path,
                       snap_open_why());
        goto out;
    }
    rc = snap_exec_fed(sc, "restore of the domain", step->argv,
                       snap_step_ms(sc, RUN_RESTORE_MS), &input, NULL);
    if (!rc) rc = run_brought_back(sc, run);
 out:
    if (input.fd >= 0) close(input.fd);
    return rc;
}

static int run_step(libxl_snapshot_ctx *sc, struct snap_run *run,
                    const struct snap_step *step)
{
    const struct snap_step_act *act = snap_step_act(step->kind);

    run->lost = false;
    if (step->kind != SNAP_STEP_QMP) run_qmp_close(run);
    if (act) return act->run(sc, run, step);

    switch (step->kind) {
    case SNAP_STEP_QMP:     return run_qmp(sc, run, step);
    case SNAP_STEP_SAVE:    return run_save(sc, run, step);
    case SNAP_STEP_RESUME:  return snap_dom_resume(sc, run->domid);
    case SNAP_STEP_PAUSE:   return run_pause(sc, run, step);
    case SNAP_STEP_UNPAUSE: return run_unpause(sc, run);
    case SNAP_STEP_REPOINT:
        return snap_xs_repoint(sc, run->domid, run->uuid_str, step->repoints,
                               step->num_repoints);
    case SNAP_STEP_HOLD_MONITOR:
        return snap_monitor_hold(sc, step->pids, step->num_pids);
    case SNAP_STEP_RELEASE_MONITOR:
        return snap_monitor_release(sc, step->pids, step->num_pids);
    case SNAP_STEP_DESTROY: return run_destroy(sc, run, step);
    case SNAP_STEP_RESTORE: return run_restore(sc, run, step);
    case SNAP_STEP_BOOT:    return run_boot(sc, run, step);
    default:                break;
    }
    return ERROR_INVAL;
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

/* A step that may have been done before, or an undo of one that was not.  QEMU
 * says no when it has been asked to close a node that it has not. */
static int run_again(libxl_snapshot_ctx *sc, struct snap_run *run,
                     const struct snap_step *step)
{
    const char *before = snap_strdup(sc, sc->error);
    bool done;
    int rc = snap_step_is_done(sc, run, step, &done);

    if (rc) return rc;
    if (done) {
        snap_log(sc, XTL_VERBOSE, "%s: is so already", step->what);
        return 0;
    }
    rc = run_timed(sc, run, step);
    if (rc == ERROR_QMP_GENERIC_ERROR && step->kind == SNAP_STEP_QMP) {
        snap_log(sc, XTL_VERBOSE, "%s: QEMU says: %s", step->what,
                 snap_take_error(sc));
        if (before) snap_fail(sc, rc, "%s", before);
        return 0;
    }
    return rc;
}

/* An undo, or what comes after the commit point, that went with QEMU. */
static bool is_moot(libxl_snapshot_ctx *sc, const struct snap_run *run,
                    const struct snap_step *step)
{
    return step->kind == SNAP_STEP_QMP && !run->qmp_path
        && snap_xs_qemu_is_gone(sc, run->domid);
}

/* What a revert brings back is paused until then, and on disks that no later
 * recovery may bring back once more. */
static bool lets_guest_write(const struct snap_run *run,
                             const struct snap_step *step)
{
    return step->kind == SNAP_STEP_UNPAUSE && (run->restored || run->again);
}

/* A flush takes milliseconds, on a hard disk dozens, and where the storage hangs for
 * ever: nothing that the guest is to wait for.  It may wait for any undo. */
static bool may_flush(const struct snap_run *run,
                      const struct snap_engine *engine)
{
    bool holds_guest = run->keeper || (run->stopped_us && !run->running_us);

    return engine->state != SNAP_ENGINE_UNWINDING && !holds_guest;
}

/* Before the commit point, a journal that cannot be written is a reason to
 * stop; after it, none to leave the rest undone. */
static int run_recorded(libxl_snapshot_ctx *sc, struct snap_run *run,
                        const struct snap_engine *engine,
                        const struct snap_step *step)
{
    bool forward = engine->state == SNAP_ENGINE_FORWARD;
    bool again = run->again || (!forward && engine->at == engine->unsure);
    struct snap_journal_note note = {
        .step = engine->at, .kind = step->kind, .state = "begun",
        .undo = engine->state == SNAP_ENGINE_UNWINDING,
        .flush = may_flush(run, engine) || (forward && step->commit_point)
            || lets_guest_write(run, step),
    };
    int rc = snap_journal_note(sc, run->journal, &note);

    if (rc && forward) return rc;
    rc = again ? run_again(sc, run, step)
        : !forward && is_moot(sc, run, step) ? 0
        : run_timed(sc, run, step);
    note.state = !rc ? "done" : run->lost ? "lost" : "failed";
    note.flush = !rc && may_flush(run, engine);
    snap_journal_note(sc, run->journal, &note);
    /* who freezes the guest thaws it in the end, whatever it says to us */
    if (rc && !forward && step->kind != SNAP_STEP_THAW) run->left = true;
    return rc;
}

static int run_steps(libxl_snapshot_ctx *sc, struct snap_run *run,
                     const struct snap_plan *plan)
{
    struct snap_engine engine;
    const struct snap_step *step;
    int rc;

    snap_engine_init(sc, &engine, plan);
    if (run->again) engine.state = SNAP_ENGINE_COMMITTED;
    while ((step = snap_engine_next(&engine))) {
        if (engine.state == SNAP_ENGINE_FORWARD && snap_signals_pending())
            rc = snap_signals_fail(sc);
        else
            rc = run_recorded(sc, run, &engine, step);
        if (rc && run->lost) snap_engine_lost(&engine, rc);
        else snap_engine_done(&engine, rc);
    }
    run_qmp_close(run);
    snap_quiesce_drop(run->keeper);
    run->committed = engine.committed;
    run->unknown = engine.unknown;
    if (engine.unknown) run->left = true;
    return engine.rc;
}

/* Signals are blocked for the whole run: a tool that dies between "pause" and
 * "unpause" would leave the guest stopped.  They count between two steps, and
 * only as long as there is a way back. */
int snap_run_plan(libxl_snapshot_ctx *sc, struct snap_run *run,
                  const struct snap_plan *plan)
{
    sigset_t old;
    int rc;

    if (run->head) {
        rc = snap_journal_begin(sc, run->head, plan, &run->journal);
        if (rc) return rc;
    }
    snap_signals_block(&old);
    rc = run_steps(sc, run, plan);
    run->signalled = run->committed && snap_signals_pending();
    snap_signals_drop();
    snap_signals_restore(&old);
    if (run->left)
        snap_journal_close(run->journal);
    else if (snap_journal_end(sc, run->journal) && !rc)
        rc = ERROR_FAIL;
    run->journal = NULL;
    return rc;
}
