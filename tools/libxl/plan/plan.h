/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan/plan.h: steps as data, and the engine that goes through them.
 * Pure.
 */
#ifndef SNAP_PLAN_H
#define SNAP_PLAN_H

#include "seams/seams.h"

/*-- steps as data ----------------------------------------------------------*/

/* In the order of what they act on: run/steps_<object>.c. */
enum snap_step_kind {
    /* files */
    SNAP_STEP_MKDIR,            /* path; 0700 */
    SNAP_STEP_RMDIR,            /* path */
    SNAP_STEP_CREATE_FILE,      /* path, owner and mode as owner_of, content */
    SNAP_STEP_UNLINK,           /* path; left if it has more than content, or
                                 * if owner_of, than an empty overlay */
    SNAP_STEP_RECORD,           /* into path, a snapshot config:
                                 * content, with a record of its disks'
                                 * states */
    SNAP_STEP_RECORD_AGAIN,     /* into each of images, snapshot configs: the
                                 * state of path, a base of theirs */
    SNAP_STEP_PUBLISH,          /* fsync path, rename it to `to' */
    SNAP_STEP_REPLACE,          /* the same, over the file that is there */
    SNAP_STEP_FLUSH,            /* fsync path and its folder */
    SNAP_STEP_FREEZE,           /* path: nobody can write it any more */
    SNAP_STEP_UNFREEZE,         /* path, a base, can be written to again */
    SNAP_STEP_UNFENCE,          /* path: it may be written to again */
    SNAP_STEP_REMOVE_IMAGE,     /* path: with all that is in it */
    /* programs */
    SNAP_STEP_EXEC,             /* argv, what for messages; timeout_ms,
                                 * at_deadline */
    SNAP_STEP_HOOK,             /* path, command (its verb), arguments */
    SNAP_STEP_REMOVE_BITMAPS,   /* path, a qcow2: all its dirty bitmaps */
    /* QEMU */
    SNAP_STEP_QMP,              /* command, arguments */
    SNAP_STEP_LOOK_AGAIN,       /* the domain is alive; content: it is paused
                                 * and these are its devices (command:
                                 * asked of QEMU, too) and what images are;
                                 * images: nobody else has them open */
    SNAP_STEP_REMOVE_TAG,       /* from path, a qcow2 that is QEMU's node
                                 * command: the tag content, if it is the
                                 * one that was made */
    /* QEMU's jobs; command: the job's id */
    SNAP_STEP_JOB_START,        /* command: block-commit of images, top and
                                 * base, of the disk whose active layer is
                                 * path; block-stream into path, down to
                                 * images, a base or none; blockdev-mirror of
                                 * path into images, an image that QEMU has
                                 * open; arguments: with job-id */
    SNAP_STEP_JOB_CANCEL,       /* undo of JOB_START; path: as there */
    SNAP_STEP_JOB_WAIT,         /* until it has done its work; path: what it
                                 * writes to, which is flushed */
    SNAP_STEP_JOB_COMPLETE,     /* of a pivot: the guest's requests wait from
                                 * then on */
    SNAP_STEP_JOB_LEAVE_COPY,   /* of a copy, the same: it is of this
                                 * instant, and the disk stays where it is */
    SNAP_STEP_JOB_FINALIZE,     /* let it change the chain: path gets the
                                 * base images (NULL: none); or the disk is
                                 * on `to'; images the same as path: a copy
                                 * is left, by which nothing changes */
    SNAP_STEP_JOB_END,          /* its result is not needed any more */
    SNAP_STEP_CLOSE_NODES,      /* images, top to bottom, which no disk has
                                 * any more */
    /* the guest */
    SNAP_STEP_QUIESCE,          /* path (agent's socket) or argv; undo: THAW */
    SNAP_STEP_THAW,             /* the same */
    /* the domain */
    SNAP_STEP_SAVE,             /* suspend the domain into path; live */
    SNAP_STEP_RESUME,
    SNAP_STEP_PAUSE,
    SNAP_STEP_UNPAUSE,
    SNAP_STEP_REPOINT,          /* disks */
    SNAP_STEP_HOLD_MONITOR,     /* pids */
    SNAP_STEP_RELEASE_MONITOR,  /* pids */
    SNAP_STEP_LOOK_OFF,         /* no domain of its name or uuid is there, and
                                 * nobody writes to images */
    SNAP_STEP_DESTROY,          /* and wait until nobody writes to images */
    SNAP_STEP_RESTORE,          /* path, content (config), argv */
    SNAP_STEP_BOOT,             /* argv */

    SNAP_STEP_NUM,              /* how many there are */
};

/* The way to tell that an EXEC, which may be run a second time, has been
 * done already. */
enum snap_done_when {
    SNAP_DONE_NEVER,            /* no way: the program can be run again */
    SNAP_DONE_LV_IS_THERE,      /* the volume done_probe, VG/LV */
    SNAP_DONE_LV_IS_GONE,
    SNAP_DONE_LV_IS_REMOVED,    /* the same, but one that is not ours is
                                 * left, and told of */
    SNAP_DONE_TAG_IS_GONE,      /* the tag done_probe, from the qcow2
                                 * path */
    SNAP_DONE_NUM,              /* how many there are */
};

/* A thing that a step acts on, and which must be the one that it was.  A
 * name, of a file, a tag or a volume, may be given to another one. */
struct snap_known {
    const char *what;           /* a path; of a volume VG/LV */
    const char *identity;       /* facts/known.c */
};

struct snap_step {
    enum snap_step_kind kind;
    const char *what;           /* "pause the domain"; an infinitive phrase */
    const char *path, *to, *owner_of;
    const char *content;        /* CREATE_FILE, UNLINK, SAVE, RESTORE */
    const char **argv;
    int timeout_ms;             /* EXEC: added to the usual time */
    enum snap_exec_end at_deadline;     /* EXEC */
    const char **images;        /* LOOK_..., DESTROY, RECORD_AGAIN: paths up
                                 * to NULL; NULL: none */
    const char *command, *arguments;
    bool live;
    bool is_downtime_start;     /* PAUSE: the guest ran until then */
    bool was_paused;            /* PAUSE, UNPAUSE: of a domain that somebody
                                 * else has paused, too; Xen counts */
    int num_repoints;
    const struct snap_repoint *repoints;
    int num_pids;
    const pid_t *pids;

    enum snap_done_when done_when;
    const char *done_probe;
    const char *lv_tag;         /* LV_IS_...: by which that volume is ours;
                                 * NULL: not known, but by its name */

    const char *writes;         /* the image that it writes to; NULL: path */
    int num_known;              /* looked at right before it begins */
    const struct snap_known *known;

    const char *made;           /* the identity of what it acts on, and a
                                 * step before it has made; NULL: not
                                 * known.  Not in the plan: known when that
                                 * step has ended */

    struct snap_step *undo;     /* NULL: nothing to undo */
    bool undo_if_failed;        /* a failed step may have half happened, or
                                 * not at all */
    bool commit_point;          /* once it is done, the plan can only be
                                 * completed */
    bool only_if_all_done;      /* past the commit point: skip if a step
                                 * failed */
    bool only_if_commit_known;  /* past the commit point: skip unless
                                 * that is known to be done */
    int retires_undo_of;        /* index of the step whose undo this
                                 * makes superfluous; -1: none */
};

struct snap_plan {
    int num_steps, max_steps;
    struct snap_step *steps;
};

/*-- kinds: their names, and what a step of each needs ----------------------*/

/* "mkdir", as plans are printed and journals written; never NULL. */
const char *snap_step_kind_name(enum snap_step_kind kind);
const char *snap_done_when_name(enum snap_done_when when);
/* The value whose name is @name; -1 if there is none, or for NULL. */
int snap_step_kind_find(const char *name);
int snap_done_when_find(const char *name);
/* The reason, in words, why @step, whose kind is valid, cannot be done;
 * NULL if it can. */
const char *snap_step_problem(libxl_snapshot_ctx *sc,
                              const struct snap_step *step);
/* True if argv of @step is a program that a plan of ours runs in a step of
 * that kind, with such arguments. */
bool snap_step_argv_is_planned(const struct snap_step *step);
/* True if @step has a path that is not a folder, a program or a socket;
 * arguments that name files or volumes. */
bool snap_step_path_is_image(const struct snap_step *step);
bool snap_step_argv_has_images(const struct snap_step *step);

/*-- plan: a list of steps --------------------------------------------------*/

/* Append a step and return it, to be filled in; valid until the next one. */
struct snap_step *snap_plan_add(libxl_snapshot_ctx *sc,
                                struct snap_plan *plan,
                                enum snap_step_kind kind, const char *fmt,
                                ...) __attribute__((format(printf, 4, 5)));
/* Append a copy of @from, of whatever plan, and return it: as above. */
struct snap_step *snap_plan_add_copy(libxl_snapshot_ctx *sc,
                                     struct snap_plan *plan,
                                     const struct snap_step *from);
/* Give @step an undo and return that. */
struct snap_step *snap_step_undo(libxl_snapshot_ctx *sc,
                                 struct snap_step *step,
                                 enum snap_step_kind kind, const char *fmt,
                                 ...)
    __attribute__((format(printf, 4, 5)));
/* Let @step begin only if @what is what has the identity @identity; NULL:
 * there is none to compare. */
void snap_step_know(libxl_snapshot_ctx *sc, struct snap_step *step,
                    const char *what, const char *identity);
/* The identity by which @step knows its path, of those that begin with the
 * word @kind; NULL: it does not. */
const char *snap_step_identity(const struct snap_step *step,
                               const char *kind);
/* The identity of a thing that an earlier step makes, until that has ended;
 * and the print of what it writes to, without which nothing is known. */
#define SNAP_KNOWN_WHEN_MADE "made unknown"
#define SNAP_KNOWN_WHEN_WRITTEN "print unknown"
/* That of a file which root alone is to have written, whichever it is. */
#define SNAP_KNOWN_TRUSTED "trusted"
/* Let the last step know the tags and volumes that are made before it. */
void snap_plan_know_made(libxl_snapshot_ctx *sc, struct snap_plan *plan);
/* Step @at has ended, and has made what has the identity @made: known to
 * its undo, and to the steps after it that act on it. */
void snap_plan_set_made(libxl_snapshot_ctx *sc, const struct snap_plan *plan,
                        int at, const char *made);
/* If @maker makes a file, let its undo know what it puts there, which is
 * not written with an undo. */
void snap_plan_set_content(const struct snap_step *maker);
/* The steps from @begin on write to @image, of those at stake. */
void snap_plan_set_writes(const struct snap_plan *plan, int begin,
                          const char *image);
/* The index of the last step. */
int snap_plan_last(const struct snap_plan *plan);
/* Steps that several operations use. */
void snap_plan_create_file(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                           const char *path, const char *like,
                           const char *content, const char *what);
/* Give an EXEC, or its undo, time for @bytes more than the usual one. */
void snap_step_allow_time(struct snap_step *step, uint64_t bytes,
                          unsigned bytes_per_ms);
struct snap_step *snap_plan_exec(libxl_snapshot_ctx *sc,
                                 struct snap_plan *plan, const char *what,
                                 const char **argv);
/* Plan that the new file @path, and its name, are on the disk. */
void snap_plan_flush(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                     const char *path);
/* Plan that xl's monitor, the processes @pids, is stopped, until
 * snap_plan_release_monitor() is planned for the index @hold that this
 * returns. */
int snap_plan_hold_monitor(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                           const pid_t *pids, int num);
struct snap_step *snap_plan_release_monitor(libxl_snapshot_ctx *sc,
                                            struct snap_plan *plan,
                                            int hold);
/* Plan to see that the domain is still off, and that nobody writes to
 * @images, which are up to NULL. */
struct snap_step *snap_plan_look_off(libxl_snapshot_ctx *sc,
                                     struct snap_plan *plan,
                                     const char **images);
/* Plan that the file @path can be written to, until it is frozen again; its
 * @identity is known, or NULL. */
/* Let @step, of RECORD_AGAIN, be about the base @image and @configs, one or
 * more up to NULL. */
void snap_step_record_again(libxl_snapshot_ctx *sc, struct snap_step *step,
                            const char *image, const char **configs,
                            const char *identity);
void snap_plan_unfreeze(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                        const char *path, const char *identity);
/* Plan that nobody can write to the file @path, a base, any more. */
struct snap_step *snap_plan_freeze(libxl_snapshot_ctx *sc,
                                   struct snap_plan *plan, const char *path,
                                   const char *identity);
/* The files, devices and volumes ("/dev/VG/LV") that the steps of @plan, and
 * their undos, name: each once, up to NULL. */
const char **snap_plan_images(libxl_snapshot_ctx *sc,
                              const struct snap_plan *plan);
char *snap_plan_to_json(libxl_snapshot_ctx *sc,
                        const struct snap_plan *plan);
/* The whole plan, for journals: snap_plan_parse() reads it. */
char *snap_plan_record(libxl_snapshot_ctx *sc,
                       const struct snap_plan *plan);
int snap_plan_parse(libxl_snapshot_ctx *sc, yajl_val array,
                    struct snap_plan *plan);
/* The sentences of its steps, *num_r of them: malloc'd, as the array. */
char **snap_plan_sentences(const struct snap_plan *plan, int *num_r);
void snap_plan_to_result(libxl_snapshot_ctx *sc,
                         const struct snap_plan *plan,
                         libxl_domain_snapshot_result *result);

/*-- engine: which step is next ---------------------------------------------*/

/*
 * FORWARD   -> COMMITTED  when a commit point is done, or may be
 *           -> UNWINDING  when a step fails
 *           -> DONE       at the end of the plan
 * COMMITTED -> DONE       at the end; a failure is kept, and the steps
 *                         after it still run
 * UNWINDING -> DONE       when the last undo is done
 *
 * snap_engine_next()  returns the step to perform; NULL in DONE
 * snap_engine_done()  takes the result of the step that was returned last
 * snap_engine_refused() does so for a failure that has left nothing to undo
 * snap_engine_lost()  does so for a failure that does not tell if the step
 *                     was done: QEMU was sent the transaction and has not
 *                     answered, a program has not ended
 */
enum snap_engine_state {
    SNAP_ENGINE_FORWARD,
    SNAP_ENGINE_COMMITTED,
    SNAP_ENGINE_UNWINDING,
    SNAP_ENGINE_DONE,
};

struct snap_engine {
    const struct snap_plan *plan;
    enum snap_engine_state state;
    int at;                     /* the next step, or the next to undo */
    int rc;                     /* the first failure */
    bool committed;
    bool commit_unknown;        /* committed, but perhaps not in fact */
    int unsure;                 /* the step that failed and is to be
                                 * undone, if it was done; -1: none */
    bool *undoable;             /* by step: done, and its undo not
                                 * retired */
};

void snap_engine_init(libxl_snapshot_ctx *sc, struct snap_engine *engine,
                      const struct snap_plan *plan);
const struct snap_step *snap_engine_next(struct snap_engine *engine);
void snap_engine_done(struct snap_engine *engine, int rc);
void snap_engine_lost(struct snap_engine *engine, int rc);
void snap_engine_refused(struct snap_engine *engine, int rc);

#endif /* SNAP_PLAN_H */
