/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run-job.c: commits, pulls and copies under a running QEMU: the plan of the
 * library, its engine, journal and recovery, without Xen around them.
 *
 *   run-job QMP-SOCKET commit ACTIVE CHILD TARGET BACKING MERGED...
 *   run-job QMP-SOCKET pull TARGET BASE BACKING MERGED...
 *     "-" for a child, a base, or a name in the header, that there is not
 *   run-job QMP-SOCKET copy|move full|top ACTIVE COPY CLOSED...
 *     COPY is open in QEMU
 *   run-job QMP-SOCKET recover JOURNAL
 *     "-" for the socket of a QEMU that has gone
 *
 * Prints the error, if any, and how far a job is; exits 0 done, 1 failed
 * and unwound, 3 failed behind the commit point.  $STALL: the seconds that a
 * job may stand still; $SPEED: bytes a second.
 */
#include "ops/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static libxl_snapshot_ctx *sc;

static void check(int rc)
{
    if (!rc) return;
    fprintf(stderr, "%s\n", libxl_snapshot_ctx_error(sc));
    exit(1);
}

static const char *or_none(const char *arg)
{
    return strcmp(arg, "-") ? arg : NULL;
}

static void message(xentoollog_logger *lg, xentoollog_level level,
                    int errnoval, const char *context, const char *format,
                    va_list al)
{
    (void)lg, (void)level, (void)errnoval, (void)context, (void)format;
    (void)al;
}

static void progress(xentoollog_logger *lg, const char *context,
                     const char *what, int percent, unsigned long done,
                     unsigned long total)
{
    (void)lg, (void)context, (void)what, (void)percent;
    printf("%lu/%lu\n", done, total);
}

static xentoollog_logger logger = { message, progress, NULL };

static int finish(struct snap_run *run, int rc)
{
    if (rc) fprintf(stderr, "%s\n", libxl_snapshot_ctx_error(sc));
    return !rc ? 0 : run->committed ? 3 : 1;
}

static int start(const char *socket, struct snap_chain_job *job)
{
    struct snap_journal_head head = {
        .operation = "create", .domain = "vm", .domid = SNAP_NO_DOMAIN,
    };
    struct snap_run run = {
        .qmp_path = socket, .domain_name = "vm", .head = &head,
    };
    struct snap_plan plan = { 0 };

    job->id = "xl-snapshot-xvda";
    snap_job_plan(sc, &plan, job);
    snap_plan_flush(sc, &plan, job->target);
    if (job->leaves)
        plan.steps[snap_plan_last(&plan)].commit_point = true;
    return finish(&run, snap_run_plan(sc, &run, &plan));
}

static int recover(const char *socket, const char *journal)
{
    struct snap_recover r = { .domid = SNAP_NO_DOMAIN };
    struct snap_run run = {
        .qmp_path = socket, .domain_name = "vm", .redo = true,
        .domid = SNAP_NO_DOMAIN,
    };

    check(snap_journal_read(sc, journal, &r.entry));
    if (r.entry.torn) return unlink(journal);
    r.commit = snap_recover_commit_point(&r.entry.plan);
    r.first = r.commit + 1;
    r.forward = r.entry.committed;
    if (r.entry.maybe)
        check(snap_job_was_carried_out(sc, &r, socket, &r.forward));
    printf("%s\n", r.forward ? "forward" : "back");
    snap_recover_plan(sc, &r);
    check(snap_journal_open(sc, &r.entry, &run.journal));
    return finish(&run, snap_run_plan(sc, &run, &r.plan));
}

int main(int argc, char **argv)
{
    struct snap_chain_job job = { 0 };
    const char *stall = getenv("STALL"), *speed = getenv("SPEED");

    if (argc < 4 || libxl_snapshot_ctx_alloc(&sc, NULL, &logger)) return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    libxl_snapshot_ctx_set_journal(sc, ".journal");
    sc->wait_ms[SNAP_WAIT_QMP_GREETING] = 20000;
    sc->wait_ms[SNAP_WAIT_QMP_REPLY] = 20000;
    sc->wait_ms[SNAP_WAIT_JOB_STALL] = stall ? atoi(stall) * 1000 : 10000;
    if (speed) job.speed = strtoull(speed, NULL, 10);
    if (!strcmp(argv[2], "recover"))
        return recover(or_none(argv[1]), argv[3]);
    if (!strcmp(argv[2], "commit") && argc > 7) {
        job.active = argv[3];
        job.child = or_none(argv[4]);
        job.target = argv[5];
        job.backing = or_none(argv[6]);
        job.merged = (const char **)argv + 7;
    } else if (!strcmp(argv[2], "pull") && argc > 6) {
        job.pulls = true;
        job.active = job.target = argv[3];
        job.base = or_none(argv[4]);
        job.backing = or_none(argv[5]);
        job.merged = (const char **)argv + 6;
    } else if ((!strcmp(argv[2], "copy") || !strcmp(argv[2], "move"))
               && argc > 6) {
        job.leaves = !strcmp(argv[2], "copy");
        job.copies = argv[3];
        job.active = argv[4];
        job.target = argv[5];
        job.merged = (const char **)argv + 6;
    } else
        return 2;
    return start(argv[1], &job);
}
