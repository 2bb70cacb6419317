/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/ops.h: shared by the files of the operations, each of which reads
 * gather, check, plan, run.
 */
#ifndef SNAP_OPS_H
#define SNAP_OPS_H

#include "run/run.h"

struct snap_recover;

/*-- needs: who needs an image ----------------------------------------------*/

/* snap_needs_gather(), and the operations that have not ended. */
void snap_needs_find(libxl_snapshot_ctx *sc,
                     const libxl_snapshot_sources *sources,
                     const struct snap_needs_target *targets, int num,
                     struct snap_needs *needs);

/*-- create: what its files share -------------------------------------------*/

/* A file of the snapshot, which is written under the name @partial first. */
struct snap_create_file {
    const char *what;               /* in messages */
    const char *path, *partial;
    const char *content;            /* NULL: the memory image */
    struct snap_target target, partial_target;
};

struct snap_create {
    /* the caller's */
    libxl_domain_snapshot_params *params;

    /* gathered */
    struct snap_domain dom;         /* domid SNAP_NO_DOMAIN: it does not run */
    int num_ops;
    struct snap_disk_op *ops;
    struct snap_layers layers;      /* of all disks, with who uses them */
    struct snap_layers reused;      /* overlays that the user has made */
    const char **images;            /* the active ones of all disks, and
                                     * those, up to NULL */
    const char *devices;            /* of the running domain, with what
                                     * images are */
    bool can_live;                  /* asked for live: Xen can save the
                                     * domain live */
    const char *quiesce_unsafe;     /* why the program for it must not be
                                     * run; or NULL */
    const char *image_config;       /* JSON for the memory image */
    struct snap_boot boot;          /* of params->boot_config */
    struct snap_uncaptured uncaptured;      /* of the domain and of that */
    int num_missing;                /* folders to be made, topmost first */
    const char **missing;
    int num_files;
    struct snap_create_file files[3];

    struct snap_plan plan;
};

/* Fill in the part of @c that is gathered, and describe in @snap the
 * snapshot that is going to be taken.  Changes nothing. */
int snap_create_gather(libxl_snapshot_ctx *sc, uint32_t domid,
                       struct snap_create *c, libxl_domain_snapshot *snap);
/* True if a domain of this kind can be saved while it is paused: Xen
 * suspends it without an answer of the guest. */
bool snap_create_saves_paused(const struct snap_domain *dom);
/* True if the guest is to be frozen, and runs. */
bool snap_create_quiesces(const struct snap_create *c);
/* True if the disk is writable and the caller has not named it. */
bool snap_create_leaves_out(const struct snap_create *c,
                            const struct snap_disk *disk);
/* True if a disk that is left out may be so, because no driver can take a
 * snapshot of it and the caller allows it. */
bool snap_create_skips(const struct snap_create *c,
                       const struct snap_disk *disk);
int snap_create_check(libxl_snapshot_ctx *sc, const struct snap_create *c);
/* Take the locks, by uuid and by name, of the domain @domid or, if @config is
 * not NULL, of the one that does not run and has that; refuse it while an
 * operation on it has not ended. */
int snap_lock_target(libxl_snapshot_ctx *sc, uint32_t domid,
                     const libxl_domain_config *config, int *uuid_lock,
                     int *name_lock);
void snap_create_plan(libxl_snapshot_ctx *sc, struct snap_create *c);
/* The head of the journal of a create; its strings are those of @c. */
struct snap_journal_head snap_create_head(libxl_snapshot_ctx *sc,
                                          const struct snap_create *c);

/*-- result ---------------------------------------------------------------*/

/* The bases that @plan, which is done, has frozen as far as their storage
 * can, but not for root: malloc'd, as the array.  Returns their number. */
int snap_result_unprotected(const struct snap_plan *plan, char ***bases_r);
/* Fill in @to, which is of a result. */
void snap_result_layer(const struct snap_layer *from,
                       libxl_snapshot_layer *to);

/*-- disks ------------------------------------------------------------------*/

/* Describe the disks of @dom: dom->num_disks elements, to be freed with
 * libxl_disk_snapshot_info_list_free(). */
libxl_disk_snapshot_info *snap_disks_list(libxl_snapshot_ctx *sc,
                                          struct snap_hooks *hooks,
                                          struct snap_domain *dom);

/* Gather the domain @domid or, if @config is not NULL, the one that does not
 * run and has that, and find its disk @vdev; refuse one that runs and whose
 * disks cannot be switched. */
int snap_target_gather(libxl_snapshot_ctx *sc, uint32_t domid,
                       const libxl_domain_config *config, const char *vdev,
                       struct snap_domain *dom,
                       const struct snap_disk **disk_r);

/*-- quiesce: freezing the guest's file systems -----------------------------*/

/* Refuse a guest whose file systems cannot be frozen: by its agent
 * (@command NULL), or by @command, which must not be run if it is
 * @unsafe. */
int snap_quiesce_check(libxl_snapshot_ctx *sc,
                       const struct snap_domain *dom, const char *command,
                       const char *unsafe);
/* Plan the freeze, and return the index of its step @quiesce, with which
 * its thaw is planned. */
int snap_quiesce_plan(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                      const struct snap_domain *dom, const char *command);
void snap_quiesce_plan_thaw(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            int quiesce);

/*-- revert: shared by a revert and a verification --------------------------*/

struct snap_revert {
    /* the caller's */
    const libxl_domain_snapshot *snap;
    const libxl_domain_snapshot_revert_params *params;
    libxl_domain_snapshot_verification *report;     /* NULL: a revert */

    /* gathered */
    struct snap_domain dom;         /* domid SNAP_NO_DOMAIN: it does not run */
    int num_ops;
    struct snap_disk_op *ops;
    struct snap_layers layers;      /* of all disks, with who uses them */
    libxl_domain_config config;     /* with the new disks */
    struct snap_boot boot;
    const char *config_json;        /* the same, for a restore */
    const char *disk_setting;       /* the setting `disk' of an xl.cfg,
                                     * for a boot */
    bool config_is_trusted;         /* of that xl.cfg: root alone can
                                     * have written it */
    const char *config_state;       /* the one that it must be yet when it is
                                     * booted; NULL: any */
    struct snap_own_images *own_images;     /* NULL: not needed yet */
    int rc;                         /* the first failure of a check */
    struct snap_prints left;        /* the images of the running domain */
    int num_accepted;
    const char **accepted;          /* what --accept-config took */

    struct snap_plan plan;
    const char *mark;               /* of the xl that brings the domain
                                     * back */
};

/* The config of the domain, from the memory image or the user's xl.cfg,
 * checked; and then, with its new disks, as JSON for xl. */
int snap_revert_gather_config(libxl_snapshot_ctx *sc,
                              struct snap_revert *r);
int snap_revert_gather_new_config(libxl_snapshot_ctx *sc,
                                  struct snap_revert *r);
/* Refuse a config of the snapshot's that names programs, files or devices
 * which the domain did not have; r->dom has been found. */
int snap_revert_check_named(libxl_snapshot_ctx *sc, struct snap_revert *r);
/* Refuse the images of @op, whose driver has looked, if nothing but the
 * snapshot says that they are the domain's. */
int snap_revert_check_images(libxl_snapshot_ctx *sc, struct snap_revert *r,
                             const struct snap_disk_op *op);
/* Ask xl, which alone knows all the keys of an xl.cfg and its defaults, what
 * @path says; refuse that of another domain. */
int snap_revert_read_xl_cfg(libxl_snapshot_ctx *sc,
                            const struct snap_revert *r, const char *path,
                            libxl_domain_config *config);
/* Gather, and check all that can be known before the domain is destroyed.
 * A revert ends at the first failure; a verification reports them all.
 * Returns the first. */
int snap_revert_look(libxl_snapshot_ctx *sc, struct snap_revert *r);
/* Let r->config have the disks that the domain is to have after the
 * revert, and fill in r->disk_setting. */
void snap_revert_configure(libxl_snapshot_ctx *sc, struct snap_revert *r);
void snap_revert_plan(libxl_snapshot_ctx *sc, struct snap_revert *r);
/* The head of the journal of a revert; its strings are those of @r. */
struct snap_journal_head snap_revert_head(libxl_snapshot_ctx *sc,
                                          const struct snap_revert *r);

/*-- delete -----------------------------------------------------------------*/

struct snap_delete {
    /* the caller's */
    const libxl_domain_snapshot *snap;
    const libxl_domain_snapshot_delete_params *params;

    /* gathered */
    struct snap_domain dom;         /* domid SNAP_NO_DOMAIN: it does not run */
    int num_ops;
    struct snap_disk_op *ops;
    struct snap_layers layers;      /* what is written to */
    struct snap_needs needs;        /* of the images that have tags of it */
    const char *config;             /* its config, without symbolic links */

    struct snap_plan plan;
};

bool snap_delete_runs(const struct snap_delete *d);
/* True if the disk of @op has a tag of the snapshot. */
bool snap_delete_has_tag(const struct snap_disk_op *op);
/* Find out who needs the images with these tags, and refuse to remove what
 * another snapshot has, too. */
void snap_delete_gather_needs(libxl_snapshot_ctx *sc, struct snap_delete *d);
int snap_delete_check_needs(libxl_snapshot_ctx *sc,
                            const struct snap_delete *d,
                            const struct snap_disk_op *op);
/* Plan that the snapshots of which the image of @op is the base have its
 * state without the tag. */
void snap_delete_plan_records(libxl_snapshot_ctx *sc, struct snap_delete *d,
                              const struct snap_disk_op *op);

/*-- remove: images that nobody needs any more ------------------------------*/

struct snap_remove_file {
    /* the caller's */
    const char *path, *format;      /* QEMU's name for that; NULL: unknown */
    const char *print;              /* of when it became superfluous; NULL:
                                     * as it is now */

    const char *file;               /* without symbolic links */
    const char *identity;           /* of that; NULL: it was gone before */
    /* the result */
    const char *why_left;           /* why it stays, in words that follow its
                                     * name; or NULL */
    bool is_gone;
};

struct snap_remove {
    /* the caller's */
    const struct snap_journal_head *of;     /* the domain, its uuids, the
                                             * snapshot or disk */
    const libxl_snapshot_sources *sources;
    const char *config;         /* the snapshot config whose needs do not
                                 * count; or NULL */
    int num;
    struct snap_remove_file *files;
    bool dry_run;

    struct snap_plan plan;          /* what is deleted */
};

/* Delete those of the files that nobody needs, uses, or has changed; the
 * locks of the domain are taken, and no journal of it is there.  Tells of
 * those that stay, and why (snap_tell_left()).  An error is one of the
 * deletion itself; how far that came, is_gone tells. */
int snap_remove(libxl_snapshot_ctx *sc, struct snap_remove *rm);
/* Refuse, before an operation, what cannot be deleted after it: files are,
 * devices are not (their identity is NULL); nor is what an xl.cfg, which
 * stays as it is, @names as disk @vdev. */
int snap_remove_check(libxl_snapshot_ctx *sc, const char *vdev,
                      const struct snap_remove_file *files, int num,
                      bool names);
/* The same as snap_remove(), after an operation that is done: what stays is
 * told, and no failure.  *paths_r: those that are gone, of the result; their
 * number is returned. */
int snap_remove_after(libxl_snapshot_ctx *sc, struct snap_remove *rm,
                      char ***paths_r, bool *signalled_r);
/* A dry run: the same of all @paths, and sentences of that behind the
 * @steps of the result. */
char **snap_remove_foresee(libxl_snapshot_ctx *sc, char *const *paths,
                           int num, char ***steps, int *num_steps);
/* Tell of @path, if it is a link to what is deleted: it is the user's, and
 * leads nowhere then. */
void snap_tell_link(libxl_snapshot_ctx *sc, const char *path);

/*-- recover: ending an operation that was cut off --------------------------*/

struct snap_recover_tag {
    const char *path;           /* of the image */
    struct snap_made_tag tag;
};

struct snap_recover {
    /* the caller's */
    const libxl_snapshot_recover_params *params;

    /* gathered */
    struct snap_journal_entry entry;
    uint32_t domid;             /* SNAP_NO_DOMAIN: the domain does not
                                 * exist any more */
    int commit;                 /* the index of the commit point */
    bool looked;                /* the next one is known: */
    bool forward;               /* it is completed; else undone */
    const char *why_undone;     /* revert: though its commit point was
                                 * passed: why; or NULL */
    int first;                  /* forward: the step to begin with */
    bool gives_up;              /* steps that the operation has done are
                                 * not planned again */
    bool half_made;             /* domid was left incomplete by an xl
                                 * that was killed */
    bool has_run;               /* domid has run since our pause: one that
                                 * is on is somebody else's */
    bool pause_is_told;         /* domid is paused, and a person knows why
                                 * and what to do */
    const char *no_snapshot;    /* forward: what there is is no snapshot:
                                 * why; or NULL */
    bool must_wait;             /* a person has to decide; until then the
                                 * domain must not be started */
    int num_fenced;             /* what is unwritable because of that */
    const struct snap_fence **fenced;
    bool has_verdict;           /* create: whether the commit point was
                                 * passed, and left a snapshot, may not show
                                 * any more when the recovery has begun */
    int num_tags;               /* create: tags that were made for the
                                 * snapshot, if there will be none */
    const struct snap_recover_tag *tags;
    const char *state;          /* a sentence */

    struct snap_plan plan;
};

/* The index of the first commit point of @plan; plan->num_steps if there
 * is none. */
int snap_recover_commit_point(const struct snap_plan *plan);
/* True if a revert, or a recovery of it, may have changed an image in its
 * place.  Until then everything is as it was, but for the memory of the
 * domain that is destroyed.  Pure. */
bool snap_recover_has_overwritten(const struct snap_recover *r);
void snap_recover_plan(libxl_snapshot_ctx *sc, struct snap_recover *r);
/* Fill in r->domid; r->has_run; r->fenced; @result. */
void snap_recover_gather_domain(libxl_snapshot_ctx *sc,
                                struct snap_recover *r);
void snap_recover_gather_run(libxl_snapshot_ctx *sc, struct snap_recover *r);
bool snap_recover_has_run(libxl_snapshot_ctx *sc,
                          const struct snap_recover *r);
void snap_recover_gather_fenced(libxl_snapshot_ctx *sc,
                                struct snap_recover *r);
void snap_recover_result(const struct snap_recover *r,
                         libxl_snapshot_recovery *result);

/*-- abandon: giving up what is left of an operation ------------------------*/

struct snap_abandon {
    struct snap_recover r;      /* as for a recovery; r.plan: what is done */

    /* gathered */
    bool unknown;               /* nobody knows if the commit point was
                                 * passed */
    bool is_refused;            /* a recovery would refuse: the disks may not
                                 * be as it needs them */
    bool paused, suspended;     /* the domain */
    pid_t saver;                /* saves or migrates it; 0: nobody */
    const char *use;            /* "FILE is in use by WHO", who writes to a
                                 * disk of the domain; or NULL */
    int num_unwritable;         /* files of the journal's fences that nobody
                                 * makes writable again */
    const char **unwritable;

    /* planned */
    bool reborn;                /* the domain was to be brought back, and
                                 * is not */
    int num_given_up;           /* what is not done */
    const char **given_up;
};

/* Fill in a->r.plan, and what is not done; tell what a person has to know
 * (snap_tell_left()). */
void snap_abandon_plan(libxl_snapshot_ctx *sc, struct snap_abandon *a);
void snap_abandon_give_up(libxl_snapshot_ctx *sc, struct snap_abandon *a,
                          const char *what);
/* Tell of xl's monitors that @plan, of a domain that exists, releases: they
 * stay stopped. */
void snap_abandon_tell_monitor(libxl_snapshot_ctx *sc,
                               const struct snap_plan *plan);

/* Set *why_r: what the rest of a revert needs, and has changed since it was
 * cut off; NULL: nothing, as far as that can be known. */
int snap_revert_find_change(libxl_snapshot_ctx *sc,
                            const struct snap_recover *r,
                            const char **why_r);
/* What shows that the domain has gone on with the disks that it had; NULL:
 * nothing. */
const char *snap_revert_find_use(libxl_snapshot_ctx *sc,
                                 const struct snap_recover *r);
/* True if a guest has written to a new image that the revert has made. */
bool snap_revert_new_image_is_used(libxl_snapshot_ctx *sc,
                                   const struct snap_recover *r);

/*-- operations: those that keep a journal ----------------------------------*/

struct snap_operation {
    const char *name;           /* in journals; in the command's name */
    /* Set *was_r: the commit point was passed; and r->no_snapshot.  Called
     * if the journal says that it was begun and no more.  Must not change
     * anything.  May be NULL: it counts as passed. */
    int (*was_committed)(libxl_snapshot_ctx *sc,
                         struct snap_recover *r, bool *was_r);
    /* Look at the domain and its files before the operation is completed
     * (r->forward) or undone.  Must refuse if that would do harm by now;
     * sets r->first if that is not the step after the commit point,
     * r->half_made, r->must_wait, r->no_snapshot, r->has_verdict and
     * r->tags; clears r->forward if it is to be undone after all, and may
     * say so in r->why_undone.  Must not change anything.  May be NULL. */
    int (*look)(libxl_snapshot_ctx *sc, struct snap_recover *r);
};

/* Slots of a create's for QEMU's transaction: was_committed; and set
 * r->tags. */
int snap_create_was_carried_out(libxl_snapshot_ctx *sc,
                                struct snap_recover *r, bool *was_r);
int snap_create_look_for_tags(libxl_snapshot_ctx *sc,
                              struct snap_recover *r);
extern const struct snap_operation snap_operation_create;
extern const struct snap_operation snap_operation_revert;
extern const struct snap_operation snap_operation_commit;
extern const struct snap_operation snap_operation_pull;
extern const struct snap_operation snap_operation_copy;
extern const struct snap_operation snap_operation_delete;
extern const struct snap_operation snap_operation_remove;
/* The operations; and the operation @name, or NULL. */
const struct snap_operation *const *snap_operations(int *num_r);
const struct snap_operation *snap_operation_named(const char *name);

#include "ops/chains.h"

#endif /* SNAP_OPS_H */
