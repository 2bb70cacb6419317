/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/run.h: performs a plan, and keeps its journal.
 */
#ifndef SNAP_RUN_H
#define SNAP_RUN_H

#include "facts/facts.h"

/*-- journal: the durable record of an operation -----------------------------*/

/*
 * The record of an operation that has begun and not
 * ended, one file for each domain, in the folder that the context names.
 *
 * The first line has the whole plan, which alone tells how to undo or to
 * complete it; the lines after it say how far it came:
 *
 *   {"operation":"create", "domain":"web", ..., "plan":[...]}
 *   {"step":0,"kind":"mkdir","state":"begun"}
 *   {"step":0,"kind":"mkdir","state":"done"}
 *   {"undo":0,"kind":"rmdir","state":"begun"}
 *   {"recover":0,...}              of a recovery, which counts steps of its own
 *
 * The first line is on the disk before the first step begins, and so is all up
 * to a commit point before that.  What comes between is safe from our own end
 * at once, and from that of the host when the kernel gets to it: recovery after
 * a crash of the host takes any step before the commit point as perhaps done.
 */

/* What a journal says of its operation. */
struct snap_journal_head {
    const char *operation;      /* "create", "revert" */
    const char *domain;         /* its name */
    const char *uuid_str;       /* NULL: it has none, being off; of a revert:
                                 * the one it is to have */
    uint32_t domid;             /* SNAP_NO_DOMAIN: it does not run */
    const char *running_uuid;   /* of domid; NULL: the same as uuid_str */
    const char *snapshot;       /* the snapshot's name */
    const char *memory_path;    /* create: under what name the memory is
                                 * written; NULL: it is not */
    int num_tagged;             /* create: qcow2 images that QEMU tags */
    const char **tagged;
};

/* An open one; NULL where the context has no folder for them, which is
 * fine with all that take one. */
struct snap_journal;

/* Write the first line.  There must be none of this domain yet. */
int snap_journal_begin(libxl_snapshot_ctx *sc,
                       const struct snap_journal_head *head,
                       const struct snap_plan *plan,
                       struct snap_journal **journal_r);
/* How far it has come. */
struct snap_journal_note {
    int step;                   /* its number */
    enum snap_step_kind kind;
    bool undo;                  /* it is undone */
    const char *state;          /* "begun", "done", "failed", or "lost": it may
                                 * or may not be done */
    bool flush;                 /* that has to be on the disk */
};
/* ERROR_TIMEDOUT: its storage hangs; from then on notes are not written,
 * and come back at once. */
int snap_journal_note(libxl_snapshot_ctx *sc, struct snap_journal *journal,
                      const struct snap_journal_note *note);
/* The operation is over: nothing is left to do or undo. */
int snap_journal_end(libxl_snapshot_ctx *sc, struct snap_journal *journal);
/* Close it and leave it. */
void snap_journal_close(struct snap_journal *journal);

/* One that was left. */
struct snap_journal_entry {
    const char *path;
    const char *error;          /* of a list: it cannot be used, and why; the
                                 * head has the name of the file as the domain
                                 * and the uuid, which of them it is being
                                 * unknown */
    bool torn;                  /* it ended before it began: that is the
                                 * domain, and all of the head */
    struct snap_journal_head head;
    uint64_t began;             /* seconds since the epoch */
    struct snap_plan plan;
    int at;                     /* the last step that was begun; -1: none */
    bool may_be_back, is_back;  /* revert: to bring the domain back was begun;
                                 * is done, by itself or a recovery */
    bool may_have_run;          /* and to let it run was begun, which is on the
                                 * disk before the guest can write */
    bool committed;             /* a commit point is done, */
    bool maybe;                 /* or was begun, and nobody knows */
    bool undoing;
    bool made_above;            /* it made the folder above its own */
    bool same_boot;             /* the host has not been restarted since */
};

/* Open it again, for a recovery to write to. */
int snap_journal_open(libxl_snapshot_ctx *sc,
                      const struct snap_journal_entry *entry,
                      struct snap_journal **journal_r);
/* The entry in the file @path. */
int snap_journal_read(libxl_snapshot_ctx *sc, const char *path,
                      struct snap_journal_entry *entry);
/* All in the context's folder, also those that cannot be used. */
int snap_journal_list(libxl_snapshot_ctx *sc,
                      struct snap_journal_entry **entries_r, int *num_r);
/* Whether it is of the domain of this name, or of this uuid (NULL:
 * unknown, either). */
bool snap_journal_is_of(const struct snap_journal_entry *entry,
                        const char *domain, const char *uuid_str);
/* Fail if there is one of the domain of this name, or of this uuid (NULL:
 * unknown, either), naming the command that ends it. */
int snap_journal_refuse(libxl_snapshot_ctx *sc, const char *domain,
                        const char *uuid_str);

/*-- run: perform a plan ----------------------------------------------------*/

struct snap_run {
    uint32_t domid;             /* RESTORE: replaced by the new one */
    const char *uuid_str;
    const char *domain_name;
    const struct snap_journal_head *head;   /* NULL: no journal is kept */
    uint64_t stopped_us;        /* when the guest stopped; 0: it did not */
    uint64_t running_us;        /* when it ran again */
    bool committed;
    bool signalled;             /* after that, and it went on */
    bool commit_unknown;        /* whether the commit point was passed */
    bool reply_lost;            /* the last step may or may not be done */
    bool restored;              /* xl has restored the domain */
    const char *qmp_path;       /* NULL: the socket that libxl gave its QEMU */
    struct snap_qmp *qmp;
    struct snap_keeper *keeper;     /* NULL: the guest is not frozen */
    struct snap_journal *journal;
    bool redo;                 /* any step may have been done before: look,
                                 * and go on where one fails */
    bool is_unfinished;         /* something is neither done nor undone: the
                                 * journal stays */
};

/*
 * Perform @plan on the domain that @run names.  Returns the first failure.
 * run->committed tells whether the plan's commit point was passed.
 */
int snap_run_plan(libxl_snapshot_ctx *sc, struct snap_run *run,
                  const struct snap_plan *plan);
/* For steps: close run->qmp, if it is open. */
void snap_run_close_qmp(struct snap_run *run);

/*-- steps: what a step of each kind does -----------------------------------*/

/*
 * One kind's row in the table that run/steps_<object>.c ends in: what a
 * step does, and beside it what tells that it is done.  @step has all that
 * plan/kinds.c says its kind needs, and no more than that is sure.
 */
struct snap_step_act {
    enum snap_step_kind kind;

    /*
     * Do the step.  Must not be NULL.  Returns 0, or fails with a
     * sentence. Signals are blocked, and the guest may be held: whatever
     * may hang needs a deadline.  Sets run->reply_lost where nobody can
     * know whether a step that failed was done.
     */
    int (*run)(libxl_snapshot_ctx *sc, struct snap_run *run,
               const struct snap_step *step);

    /*
     * Set *done_r: whether the step is done already.  Asked before a step
     * of a recovery, and before the undo of a step that was lost; run() is
     * called only if not.  Looks at the world, which it does not change,
     * and never at the journal, which may lack its last lines.  The domain
     * may be gone (run->domid is SNAP_NO_DOMAIN).  May fail as run() may.
     * May be NULL: to do it once more does no harm, or no recovery does
     * it.
     */
    int (*is_done)(libxl_snapshot_ctx *sc, struct snap_run *run,
                   const struct snap_step *step, bool *done_r);

    /*
     * Whether what the step acts on has gone, so that it need not be done
     * any more.  Asked before an undo, and past the commit point. May be
     * NULL: that is for run() to say.
     */
    bool (*is_moot)(libxl_snapshot_ctx *sc, const struct snap_run *run);

    /* run() uses run->qmp.  Before any other step that is closed. */
    bool keeps_qmp;

    /* QEMU's "no" (ERROR_QMP_GENERIC_ERROR) in a recovery tells that the
     * step is done, or never was what it undoes: it says so when it is to
     * close a node that it does not have. */
    bool refused_if_done;

    /* The guest may write to its disks from here on: in a revert or a
     * recovery the journal says so, on the disk, before it can. */
    bool lets_guest_run;

    /* Even if run() fails it is going to be done: nothing is left to a
     * recovery. */
    bool done_if_failed;
};

/* The row of @kind; where there is none, one whose run() fails. */
const struct snap_step_act *snap_step_act(enum snap_step_kind kind);

/* What snap_step_act() looks through: the table of each file, which
 * compares its length with its part of enum snap_step_kind. */
struct snap_step_table {
    const struct snap_step_act *acts;
    size_t num;
};
extern const struct snap_step_table snap_steps_file, snap_steps_program,
                                    snap_steps_qemu, snap_steps_guest,
                                    snap_steps_domain;
#define SNAP_STEP_NUM_OF(acts) (sizeof(acts) / sizeof(*(acts)))
#define SNAP_STEP_TABLE(acts) { acts, SNAP_STEP_NUM_OF(acts) }

#endif /* SNAP_RUN_H */
