/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/run.h: performs a plan, and keeps its journal.
 */
#ifndef SNAP_RUN_H
#define SNAP_RUN_H

#include "facts/facts.h"

/*-- journal: the durable record of an operation ----------------------------*/

/*
 * The record of an operation that has begun and not ended, one file for
 * each domain, in the folder that the context names.
 *
 * The first line has the whole plan, which alone tells how to undo or to
 * complete it; the lines after it say how far it came:
 *
 *   {"operation":"create", "domain":"web", ..., "plan":[...]}
 *   {"step":0,"kind":"mkdir","state":"begun"}
 *   {"step":0,"kind":"mkdir","state":"done","made":"inode 7 born 1.5"}
 *   {"step":5,"kind":"pause","state":"done","cpu_ns":71000000}
 *   {"undo":0,"kind":"rmdir","state":"begun"}
 *   {"recover":0,...}              a step of a recovery, counted anew
 *
 * The first line has the identity of its own file, by which a copy of the
 * journal, as from a backup, is known: the operation may have ended since.
 *
 * The first line has prints of what is at stake (snap_identity_print()), in
 * the order of the member at_stake, and of what is relied on; the end of a
 * step has them anew if it has changed one.  A print is never taken anew
 * else: it would take in what somebody else has written since.  Of images that
 * a guest writes to there are short ones in the first line, and others when
 * the commit point is passed and the guest let go (create: a print reads,
 * and storage may hang), or the domain is destroyed (revert).
 *
 * The first line is written under another name, so that no other host sees
 * half of it; it is on the disk before the first step begins, and so are
 * all lines up to the commit point before that begins.  The others survive
 * our own death at once, but a crash of the host only when the kernel has
 * written them: a recovery after such a crash takes any step before the
 * commit point as perhaps done.  So those are flushed that it needs:
 *
 *   - what a step has made, before another one writes to that
 *   - that the commit point was passed, before what follows it
 *   - the beginning of what holds the guest, so that a journal that cannot
 *     be written is found out before; past the commit point, of what may
 *     overwrite an image, or lets a guest do so
 *   - prints
 */

/* Images, with prints of them (snap_identity_print()). */
struct snap_prints {
    int num;
    const char **paths;
    const char **prints;        /* as the journal has them last; NULL: it has
                                 * none */
};
/* The print of @path; NULL if there is none. */
const char *snap_prints_find(const struct snap_prints *of,
                             const char *path);

/* The operation, as its journal's first line describes it. */
struct snap_journal_head {
    const char *operation;      /* "create", "revert", "commit", "pull" */
    const char *domain;         /* its name */
    const char *uuid_str;       /* NULL: none, since it does not run;
                                 * revert: the uuid that it will have */
    uint32_t domid;             /* SNAP_NO_DOMAIN: it does not run */
    const char *running_uuid;   /* of domid, or if it does not run, in its
                                 * xl.cfg; NULL: the same as uuid_str */
    const char *snapshot;       /* the snapshot's name; of a commit or a
                                 * pull the disk */
    const char *memory_path;    /* create: the name under which the
                                 * memory is written; NULL: without
                                 * memory */
    int num_tagged;             /* create: qcow2 images that QEMU tags */
    const char **tagged;
    const char *mark;           /* revert: of the xl that brings the
                                 * domain back (seams/mark.c); NULL:
                                 * without */
    struct snap_prints at_stake;    /* revert: what it overwrites, or
                                     * restores the memory of; merge and
                                     * copy of a disk that is off: the active
                                     * layer, if that is to be left, and what
                                     * gets the data; create: images that
                                     * become bases, */
    bool stake_is_written;      /* to which the guest writes until the
                                 * commit point */
    struct snap_prints relied_on;   /* revert: what it needs and leaves as
                                     * it is: bases, the memory image */
    struct snap_prints left;    /* revert: the images of the domain that it
                                 * destroys; printed when it has */
    const struct snap_layers *layers;   /* of all its disks; those that are
                                         * write_only it only reads.  NULL
                                         * in a head that was read */
};

/* An image that an operation acts on. */
struct snap_journal_image {
    const char *path;           /* without symbolic links */
    const char *id;             /* snap_file_lasting_id() when the operation
                                 * began; or NULL */
    bool reads;                 /* it only reads it, as others may */
};
struct snap_journal_images {
    int num, max;
    struct snap_journal_image *list;
};

/* An open journal; NULL if the context has no folder for journals, which
 * all functions that take one accept. */
struct snap_journal;

/* Write the first line of a new journal.  The domain must have none yet. */
int snap_journal_begin(libxl_snapshot_ctx *sc,
                       const struct snap_journal_head *head,
                       const struct snap_plan *plan,
                       struct snap_journal **journal_r);
/* How far the operation has come: a line of the journal. */
struct snap_journal_note {
    int step;                   /* the number of the step */
    enum snap_step_kind kind;
    bool undo;                  /* the step is being undone */
    const char *state;          /* "begun", "done", "failed"; "refused":
                                 * it failed, and has left nothing to
                                 * undo; "lost": nobody knows if it was
                                 * done */
    const char *made;           /* the identity of what it has made, if it
                                 * is done; or NULL */
    const char *cpu_ns;         /* of a domain that is paused now: how long
                                 * it has run, a number; or NULL */
    bool settled;               /* nobody but the operation writes to what
                                 * is at stake any more */
    const char *writes;         /* what the step has written to, perhaps an
                                 * image at stake; or NULL */
    uint64_t time;              /* of a commit point, in seconds; 0: does
                                 * not matter */
    bool is_verdict;            /* of a recovery, about a step of the
                                 * operation: it has found out its state */
    const char *no_snapshot;    /* a verdict: done, but there is no
                                 * snapshot: why; or NULL */
    bool flush, flush_prints;   /* the line must be on the disk before
                                 * the call returns; if it has prints */
    struct snap_left left;      /* "lost": its program */
};
/* Append a line.  ERROR_TIMEDOUT: the storage hangs; from then on no note
 * is written, and calls return at once. */
int snap_journal_note(libxl_snapshot_ctx *sc, struct snap_journal *journal,
                      const struct snap_journal_note *note);
/* A file that a recovery makes unwritable until a person has decided. */
struct snap_fence {
    const char *path;
    const char *identity;       /* snap_image_identity(); NULL: unknown */
};
/* Note @fence, which is about to be done; the line is on the disk when this
 * returns. */
int snap_journal_note_fence(libxl_snapshot_ctx *sc,
                            struct snap_journal *journal,
                            const struct snap_fence *fence);
/* The operation is over: nothing is left to do or undo. */
int snap_journal_end(libxl_snapshot_ctx *sc, struct snap_journal *journal);
/* Close the journal, and leave its file. */
void snap_journal_close(struct snap_journal *journal);

/* The host that has begun an operation; members may be NULL: not known. */
struct snap_journal_host {
    const char *name;
    const char *machine;        /* its machine-id(5) */
    const char *boot;           /* the id of this boot */
};
/* This host. */
struct snap_journal_host snap_journal_host(libxl_snapshot_ctx *sc);
/* A phrase for the host @of; NULL if it is, or may be, the host @here. */
const char *snap_journal_host_other(libxl_snapshot_ctx *sc,
                                    const struct snap_journal_host *here,
                                    const struct snap_journal_host *of);

/* A journal that was left. */
struct snap_journal_entry {
    const char *path;
    const char *error;          /* of a list: why it cannot be used.
                                 * The head then has the name of the
                                 * file as domain and as uuid, since
                                 * nothing tells which of the two it is */
    bool torn;                  /* a draft, or cut off in its first line:
                                 * nothing was begun, and the head has
                                 * the domain alone */
    off_t length;               /* of its whole lines */
    struct snap_journal_head head;
    uint64_t began;             /* seconds since the epoch */
    const char *other_host;     /* another host has begun it, which alone
                                 * knows if it is at work: a phrase; else
                                 * NULL */
    bool is_copy;               /* of a journal */
    struct snap_plan plan;
    const char *plan_error;     /* of another host: why this version cannot
                                 * read its plan; or NULL */
    int at;                     /* the last step that was begun; -1: none */
    struct snap_journal_images images;  /* 0: older versions do not tell */
    bool *done;                 /* by step: it is done */
    bool may_be_back, is_back;  /* revert: bringing the domain back was
                                 * begun; is done, by the revert or a
                                 * recovery */
    bool may_have_run;          /* and letting it run was begun: this
                                 * line is on the disk before the guest
                                 * can write */
    bool has_recovery;          /* a recovery has begun */
    bool committed;             /* a commit point is done, */
    bool maybe;                 /* or was begun, and nobody knows if it
                                 * is done */
    uint64_t commit_from, commit_to;    /* when it was begun; when the
                                 * journal was last written to in it */
    const char *no_snapshot;    /* it is done, but there is no snapshot:
                                 * why; or NULL */
    int num_fenced;             /* each path once */
    struct snap_fence *fenced;
    bool undoing;
    bool thawed;                /* what was frozen is thawed, */
    bool thawed_in_time;        /* and was frozen until then */
    int pauses;                 /* how often the operation has paused the
                                 * domain and not unpaused it */
    bool pause_unsure;          /* or once more, or less: the journal ends
                                 * in the middle of such a step */
    bool has_cpu_ns;            /* how long it had run when the last of
                                 * these pauses began is known: */
    uint64_t cpu_ns;
    bool made_above;            /* the operation made the folder above
                                 * the snapshot's */
    bool same_boot;             /* the host has not been restarted since */
    int num_left;               /* programs that had not ended */
    struct snap_left *left;
};

/* Open the journal of @entry again, for a recovery to append to. */
int snap_journal_open(libxl_snapshot_ctx *sc,
                      const struct snap_journal_entry *entry,
                      struct snap_journal **journal_r);
/* Read the journal @path. */
int snap_journal_read(libxl_snapshot_ctx *sc, const char *path,
                      struct snap_journal_entry *entry);
/* The uuid or the name of the domain in the name of the file. */
const char *snap_journal_stem(libxl_snapshot_ctx *sc, const char *path);
/* The name under which this host writes the head of the journal @path; and
 * true if @path is such a name: nothing was begun. */
const char *snap_journal_draft(libxl_snapshot_ctx *sc, const char *path);
bool snap_journal_is_draft(const char *path);
/* List the journals in the context's folder, also those that cannot be
 * used, and drafts of this host: the latest first, which is the order to
 * end them in. */
int snap_journal_list(libxl_snapshot_ctx *sc,
                      struct snap_journal_entry **entries_r, int *num_r);
/* True if @entry is of the domain @domain, or of the uuid @uuid_str;
 * either may be NULL: unknown. */
bool snap_journal_is_of(const struct snap_journal_entry *entry,
                        const char *domain, const char *uuid_str);
/* True if @entry is, or may be, of @domain, its name or uuid: of one that
 * cannot be used a uuid does not tell whose it is. */
bool snap_journal_may_be_of(const struct snap_journal_entry *entry,
                            const char *domain);
/* Rename the journal @path, so that it is a record of what was given up,
 * and holds nobody up; *to_r: its name then. */
int snap_journal_set_aside(libxl_snapshot_ctx *sc, const char *path,
                           const char **to_r);
/* Fail if @entry is a copy, by which nothing may be done. */
int snap_journal_refuse_copy(libxl_snapshot_ctx *sc,
                             const struct snap_journal_entry *entry);
/* Fail, since another host has begun the operation of @entry. */
int snap_journal_fail_other(libxl_snapshot_ctx *sc,
                            const struct snap_journal_entry *entry);
/* Fail if there is a journal of the domain @domain, or of the uuid
 * @uuid_str (either may be NULL: unknown); the message names the command
 * that ends it. */
int snap_journal_refuse(libxl_snapshot_ctx *sc, const char *domain,
                        const char *uuid_str);
/* Fail if there is one of the domain of @head, or of one of @images, other
 * than @path. */
int snap_journal_refuse_others(libxl_snapshot_ctx *sc,
                               const struct snap_journal_head *head,
                               const struct snap_journal_images *images,
                               const char *path);

/*-- journal_images: the images that an operation acts on -------------------*/

/*
 * A domain may be renamed, and one without a uuid in its xl.cfg gets
 * another at each start.  Its images stay, so a journal keeps an operation
 * from beginning on the same images under any name.  Two that only read an
 * image, a base that domains share, do not disturb each other.
 */

/* Add @path, as it is now; NULL adds nothing.  What is there already
 * stays. */
void snap_journal_images_add(libxl_snapshot_ctx *sc,
                             struct snap_journal_images *images,
                             const char *path, bool reads);
/* Those of the operation that @head and @plan describe. */
void snap_journal_images_gather(libxl_snapshot_ctx *sc,
                                const struct snap_journal_head *head,
                                const struct snap_plan *plan,
                                struct snap_journal_images *images);
char *snap_journal_images_to_json(libxl_snapshot_ctx *sc,
                                  const struct snap_journal_images *images);
void snap_journal_images_parse(libxl_snapshot_ctx *sc, yajl_val array,
                               struct snap_journal_images *images);
/* Those of a journal. */
struct snap_journal_images snap_journal_images_of(
    libxl_snapshot_ctx *sc, const struct snap_journal_entry *entry);
/* The path of one of @images that the operation of @entry acts on, too, and
 * one of the two changes; NULL: there is none. */
const char *snap_journal_images_shared(
    libxl_snapshot_ctx *sc, const struct snap_journal_entry *entry,
    const struct snap_journal_images *images);
/* Fail if there is a journal of one of @images, on which an operation of
 * the domain @domain is to begin. */
int snap_journal_refuse_images(libxl_snapshot_ctx *sc, const char *domain,
                               const struct snap_journal_images *images);
/* Fail if there is one that keeps the operation of @head and @plan from
 * beginning. */
int snap_journal_refuse_plan(libxl_snapshot_ctx *sc,
                             const struct snap_journal_head *head,
                             const struct snap_plan *plan);
/* Fail if an operation that began later than that of @entry acts on one of
 * its images, and has not ended: that is to end first. */
int snap_journal_refuse_later(libxl_snapshot_ctx *sc,
                              const struct snap_journal_entry *entry);

/*-- run: perform a plan ----------------------------------------------------*/

struct snap_run {
    uint32_t domid;             /* RESTORE: replaced by the new one */
    const char *uuid_str;
    const char *domain_name;
    const char *mark;           /* RESTORE, BOOT: of its xl; or NULL */
    const struct snap_journal_head *head;   /* NULL: no journal is kept */
    uint64_t stopped_us;        /* when the guest stopped; 0: it did not */
    uint64_t running_us;        /* when it ran again */
    bool committed;
    bool signalled;             /* after the commit point, and the run
                                 * went on */
    bool commit_unknown;        /* whether the commit point was passed */
    bool reply_lost;            /* nobody knows if the last step was
                                 * done */
    const char *unclean;        /* why the disks may not be as the frozen
                                 * guest had them; NULL: they are */
    bool refused;               /* the last step failed, and has left
                                 * nothing that is to be undone */
    struct snap_left left;      /* its program, if that has not ended */
    bool is_stuck;              /* a program has not ended */
    bool restored;              /* xl has restored the domain */
    const char *qmp_path;       /* NULL: the socket that libxl gave its QEMU */
    struct snap_qmp *qmp;
    struct snap_keeper *keeper;     /* NULL: the guest is not frozen */
    struct snap_journal *journal;
    bool owes_flush;            /* it has what was made, or that the commit
                                 * point was passed, perhaps not on the
                                 * disk */
    bool redo;                  /* a recovery: any step may have been
                                 * done before, so ask first, and go on
                                 * after a failure */
    bool is_later_boot;         /* of an operation of an earlier boot */
    bool is_unfinished;         /* a step is neither done nor undone:
                                 * the journal stays */
    bool *done;                 /* by step: it is done; or NULL */
    bool is_config_stale;       /* the stored config names the disks of
                                 * before: nothing may start the domain
                                 * from it */
};

/* A run of the operation that @head, which stays, describes. */
struct snap_run snap_run_of(const struct snap_journal_head *head);
/*
 * Perform @plan on the domain that @run names.  Returns the first failure.
 * run->committed tells whether the plan's commit point was passed.
 */
int snap_run_plan(libxl_snapshot_ctx *sc, struct snap_run *run,
                  const struct snap_plan *plan);
/* For steps: open run->qmp, if it is not; close it, if it is open. */
int snap_run_open_qmp(libxl_snapshot_ctx *sc, struct snap_run *run);
void snap_run_close_qmp(struct snap_run *run);
/* True if the domain's QEMU has died.  One that is not libxl's has no pid in
 * xenstore, and counts as alive. */
bool snap_run_qemu_is_gone(libxl_snapshot_ctx *sc,
                           const struct snap_run *run);
/* For steps: note a program that has not ended: it may do the step yet. */
void snap_run_left(struct snap_run *run, const struct snap_left *left);

/*-- steps: what a step of each kind does -----------------------------------*/

/*
 * The row of a kind of step, in the table at the end of
 * run/steps_<object>.c.  Its functions may rely on those members of @step
 * that plan/kinds.c says its kind needs, and on no others.
 */
struct snap_step_act {
    enum snap_step_kind kind;

    /*
     * Do the step.  Must not be NULL.  Returns 0, or fails with a
     * sentence. Signals are blocked, and the guest may be held: whatever
     * may hang needs a deadline.  Sets run->reply_lost where nobody can
     * know whether a step that failed was done, and run->refused where
     * it has certainly made nothing.
     */
    int (*run)(libxl_snapshot_ctx *sc, struct snap_run *run,
               const struct snap_step *step);

    /*
     * Set *done_r: the step is done already.  Called before a step of a
     * recovery, and before the undo of a step whose end is not known;
     * run() is called only if it is not done.  Must look at the state of
     * the host, and change nothing; never at the journal, which may lack
     * its last lines.  The domain may be gone (run->domid is
     * SNAP_NO_DOMAIN).  May fail as run() may.  May be NULL, if a second
     * run does no harm or no recovery has such a step.
     */
    int (*is_done)(libxl_snapshot_ctx *sc, struct snap_run *run,
                   const struct snap_step *step, bool *done_r);

    /* The identity of what the step, which has just been done, has made;
     * NULL: there is none.  May be NULL: its kind makes nothing. */
    const char *(*made)(libxl_snapshot_ctx *sc,
                        const struct snap_step *step);

    /*
     * True if the object of the step has gone, so that it need not be done
     * any more.  Called before an undo, and past the commit point.  May be
     * NULL: run() then finds out.
     */
    bool (*is_moot)(libxl_snapshot_ctx *sc, const struct snap_run *run);

    /* run() runs a program that works on the storage, and may hang: past
     * the commit point it may overwrite something, so the journal has its
     * beginning on the disk. */
    bool is_program;

    /* The beginning of the step is always on the disk before run(). */
    bool begin_is_flushed;

    /* run() uses run->qmp, which is closed before a step that does not. */
    bool keeps_qmp;

    /* In a recovery, an error of QEMU's (ERROR_QMP_GENERIC_ERROR) means
     * that the step is done, or that the step it undoes never was: QEMU
     * refuses to close a node that it does not have (7.2). */
    bool refused_if_done;

    /* The domain is paused by us from here on. */
    bool pauses;

    /* The guest may write to its disks from here on: in a revert or a
     * recovery the journal says so, on the disk, before it can. */
    bool lets_guest_run;

    /* The step will be done even if run() fails, other than in a recovery;
     * so none is needed for it. */
    bool done_if_failed;
};

/* The row of @kind; if there is none, a row whose run() fails. */
const struct snap_step_act *snap_step_act(enum snap_step_kind kind);

/* The table of a file, for snap_step_act().  The file asserts that the
 * table is as long as its part of enum snap_step_kind. */
struct snap_step_table {
    const struct snap_step_act *acts;
    size_t num;
};
extern const struct snap_step_table snap_steps_file, snap_steps_program,
                                    snap_steps_qemu, snap_steps_job,
                                    snap_steps_guest, snap_steps_domain;
#define SNAP_STEP_NUM_OF(acts) (sizeof(acts) / sizeof(*(acts)))
#define SNAP_STEP_TABLE(acts) { acts, SNAP_STEP_NUM_OF(acts) }

#endif /* SNAP_RUN_H */
