/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/chains.h: operations on the chain of a disk: merges, which make it
 * shorter, and copies.  Included by ops/ops.h.
 */
#ifndef SNAP_OPS_CHAINS_H
#define SNAP_OPS_CHAINS_H

/*-- merge: commit and pull, which make a chain shorter ---------------------*/

/* A layer, as far as a merge has to know it. */
struct snap_merge_layer {
    const char *identity;       /* of the file; NULL: it is a device */
    const struct snap_lv *lv;   /* NULL: it is no volume */
    bool is_file, is_frozen;
    const char *doubt;          /* why others could put another file in its
                                 * place; or NULL */
    uint64_t space;             /* free bytes where a file is */
    const char *print;          /* as it is read; NULL: a guest writes to
                                 * it */
    const char *needed;         /* by whom, in words, but for what stands
                                 * on it in the chain and stays; or NULL */
    const char *sign;           /* of somebody who needs it, and is not known:
                                 * snap_needs_sign(); or NULL */
    const char *lost;           /* a snapshot that knows it by another place,
                                 * in words; or NULL */
    const char **records;       /* snapshot configs that have its state on
                                 * record, up to NULL */
};

struct snap_merge {
    /* the caller's */
    const libxl_snapshot_merge_params *params;

    /* gathered */
    struct snap_domain dom;         /* domid SNAP_NO_DOMAIN: it does not run */
    const struct snap_disk *disk;
    const struct snap_chain *chain; /* of the disk */
    int base_at, top_at;            /* the layers that the caller names; -1:
                                     * what he names is none */
    struct snap_merge_layer *files; /* by layer */
    struct snap_layers layers;      /* those that are merged, or change, with
                                     * who uses them */
    const char *config_state;       /* of params->config_path */
    const char *active_state;       /* of the active layer */
    const char *unknown;            /* why nobody can know who needs the
                                     * layers; or NULL */

    /* Chosen: layers of the chain.  Those from @first to @last are merged
     * into @target.  @child, the one above them, gets the layer below them
     * as its base: it is the target of a pull; -1: there is none, for the
     * active layer is committed. */
    int first, last, target, child;

    struct snap_plan plan;
};

/* The layers that the caller means; refuse what cannot be meant. */
int snap_merge_choose(libxl_snapshot_ctx *sc, struct snap_merge *m);
/* Fill in the part of @m that is gathered, and choose.  Changes nothing. */
int snap_merge_gather(libxl_snapshot_ctx *sc, struct snap_merge *m);
int snap_merge_check(libxl_snapshot_ctx *sc, const struct snap_merge *m);
void snap_merge_plan(libxl_snapshot_ctx *sc, struct snap_merge *m);
/* The file of layer @i. */
const char *snap_merge_path(const struct snap_merge *m, int i);
/* True if the domain is to go on with the target. */
bool snap_merge_moves(const struct snap_merge *m);
/* The target's format, and the bytes that the merged layers have. */
libxl_disk_format snap_merge_format(const struct snap_merge *m);
uint64_t snap_merge_bytes(const struct snap_merge *m);
/* Slot look of an operation by which a disk may go on with another image. */
int snap_merge_look(libxl_snapshot_ctx *sc, struct snap_recover *r);
/* Why nothing may be moved to what got the data: it has not what was copied
 * into it, but what it had in a backup perhaps.  NULL: it has. */
const char *snap_merge_why_other_target(libxl_snapshot_ctx *sc,
                                        const struct snap_recover *r);
/* The merged layers, as a delete of them has to know them. */
struct snap_remove_file *snap_merge_superfluous(libxl_snapshot_ctx *sc,
                                                const struct snap_merge *m,
                                                int *num_r);
/* The head of the journal of a merge; its strings are those of @m. */
struct snap_journal_head snap_merge_head(libxl_snapshot_ctx *sc,
                                         const struct snap_merge *m);

/*-- job: QEMU that moves data under its guest ------------------------------*/

/* Layers, by their files. */
struct snap_chain_job {
    const char *id;             /* of the job */
    bool pulls;                 /* into the target, from below; else what is
                                 * above the target is committed to it; */
    const char *copies;         /* or the disk is copied to it: QEMU's sync,
                                 * full or top; NULL: it is not */
    bool leaves;                /* a copy: the disk does not go on with it */
    const char *active;         /* the disk's */
    const char *target;
    const char *child;          /* commit: the layer that gets the target as
                                 * its base; NULL: the disk goes on with the
                                 * target (a pivot) */
    const char *base;           /* pull: the target's new base; or NULL */
    const char *backing;        /* what the header is to call its new base;
                                 * NULL: there is none */
    const char **merged;        /* what QEMU closes then, from top to bottom,
                                 * up to NULL */
    uint64_t speed;             /* bytes a second; 0: as fast as it goes */
    const struct snap_repoint *to, *back;   /* pivot: of the disk, and the
                                             * undo; NULL: nobody knows it */
    const pid_t *monitors;
    int num_monitors;
};
/* Plan it, with its commit point, if it has one, and up to the last layer
 * that QEMU closes. */
void snap_job_plan(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                   const struct snap_chain_job *job);
/* Slot was_committed of an operation whose commit point is JOB_FINALIZE;
 * @qmp_path: NULL for the socket that libxl gave the domain's QEMU. */
int snap_job_was_carried_out(libxl_snapshot_ctx *sc, struct snap_recover *r,
                             const char *qmp_path, bool *was_r);

/*-- pivot: a disk that goes on with another image --------------------------*/

struct snap_pivot {
    const struct snap_disk *disk;
    const char *to;             /* the image */
    libxl_disk_format format;
    /* The domain's xl.cfg, the text that names the image, and what the file
     * was; text NULL: the domain's user writes it. */
    const char *config_path, *config_text, *config_state;
};
/* Plan that the new text is there, beside the xl.cfg; and later that it takes
 * the place of that, if it is the same file yet. */
void snap_pivot_plan_new_config(libxl_snapshot_ctx *sc,
                                struct snap_plan *plan,
                                const struct snap_pivot *pivot);
void snap_pivot_plan_config(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            const struct snap_pivot *pivot);
/* Plan that nothing starts on the old image @path any more: it opens without
 * a word, and is not what the guest will have written.  But not before the
 * xl.cfg names the new one: the disk is on the old one until then. */
void snap_pivot_plan_freeze(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            const char *path, const char *identity);
/* Note in the last step the disk that the domain has after it, for its
 * xl.cfg: a recovery prints it. */
void snap_pivot_note_disk(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                          const struct snap_pivot *pivot);
/* Let @job, of @dom that runs, repoint the disk. */
void snap_pivot_set_job(libxl_snapshot_ctx *sc,
                        const struct snap_pivot *pivot,
                        const struct snap_domain *dom,
                        struct snap_chain_job *job);

/*-- copy: a disk copied, or moved, to another image ------------------------*/

struct snap_copy {
    /* the caller's */
    const libxl_snapshot_copy_params *params;

    /* gathered */
    struct snap_domain dom;         /* domid SNAP_NO_DOMAIN: it does not run */
    const struct snap_disk *disk;
    const struct snap_chain *chain; /* of the disk */
    struct snap_layers layers;      /* those, with who uses them; and then
                                     * the copy, if it exists */
    const char *format;             /* of the copy */
    struct snap_target target;      /* for the copy */
    struct snap_image image;        /* the copy, if it exists */
    const char *identity;           /* of its file */
    const char *needed, *unknown;   /* by whom, in words, its content; why
                                     * nobody can know; or NULL */
    bool has_data;                  /* the copy, before anything is copied */
    const char *others;             /* who has the active layer as his disk,
                                     * too, in words; or NULL */
    const char *doubt;              /* why others could put another file in
                                     * the place of a layer; or NULL */
    struct snap_remove_file *old;   /* the layers that the copy does not stand
                                     * on: snap_copy_layers() */
    const char *node, *base_node;   /* in QEMU: a name for the copy, and that
                                     * of the layer it stands on, or NULL */
    const char *config_state;       /* of params->config_path */
    const char *active_state;       /* of the active layer */

    struct snap_plan plan;
};
/* Fill in the part of @c that is gathered.  Changes nothing. */
int snap_copy_gather(libxl_snapshot_ctx *sc, struct snap_copy *c);
int snap_copy_check(libxl_snapshot_ctx *sc, const struct snap_copy *c);
void snap_copy_plan(libxl_snapshot_ctx *sc, struct snap_copy *c);
/* How many layers, from the active one on, are copied; and the bytes that
 * the copy takes at most. */
int snap_copy_layers(const struct snap_copy *c);
uint64_t snap_copy_bytes(const struct snap_copy *c);

#endif /* SNAP_OPS_CHAINS_H */
