/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/merge_plan.c: the order of a commit and of a pull.  Pure.  While the
 * domain runs, QEMU does both: job_plan.c.  Of one that is off:
 *
 *   copy     a layer that is frozen is made writable; qemu-img copies what is
 *            above the target, or below it, into it.  The chain shows the
 *            same all the time, so that a copy which ends in the middle, for
 *            whatever reason, has done no harm
 *   look     that the domain is still off: the commit point
 *   switch   commit: the header of the child names the target; or the
 *            domain's xl.cfg does.  A pull's copy has ended with that
 *   after    frozen again what was; the states of snapshots whose base has
 *            another header recorded
 *
 * What is superfluous then is not of this plan: remove.c.
 */
#include "ops/ops.h"

#include <string.h>

/* What storage copies at least in a millisecond. */
#define MERGE_BYTES_PER_MS  (2 << 10)

static const char *merge_format(const struct snap_merge *m, int i)
{
    return m->chain->layers[i].format;
}

/*-- steps ------------------------------------------------------------------*/

/* Plan that layer @i can be written to, until it is frozen again. */
static void merge_plan_unfreeze(libxl_snapshot_ctx *sc, struct snap_merge *m,
                                int i)
{
    const struct snap_merge_layer *f = &m->files[i];

    if (f->is_frozen)
        snap_lv_plan_unfreeze(sc, &m->plan, snap_merge_path(m, i),
                              f->identity, f->lv);
}

static void merge_plan_freeze(libxl_snapshot_ctx *sc, struct snap_merge *m,
                              int i)
{
    const struct snap_merge_layer *f = &m->files[i];

    if (f->is_frozen)
        snap_lv_plan_freeze(sc, &m->plan, snap_merge_path(m, i), f->identity,
                            f->lv);
}

/* True if snapshots have the state of layer @i on record. */
static bool merge_has_records(const struct snap_merge *m, int i)
{
    return m->files[i].records[0] != NULL;
}

static void merge_set_record(libxl_snapshot_ctx *sc, struct snap_step *step,
                             const struct snap_merge *m, int i)
{
    snap_step_record_again(sc, step, snap_merge_path(m, i),
                           m->files[i].records, m->files[i].identity);
}

static void merge_plan_record(libxl_snapshot_ctx *sc, struct snap_merge *m,
                              int i)
{
    if (merge_has_records(m, i))
        merge_set_record(sc, snap_plan_add(sc, &m->plan,
                                           SNAP_STEP_RECORD_AGAIN, "record"),
                         m, i);
}

/* The same in an undo of @step: a pull that was begun has written to its
 * target, whatever comes of it. */
static void merge_undo_record(libxl_snapshot_ctx *sc,
                              const struct snap_merge *m,
                              struct snap_step *step)
{
    if (merge_has_records(m, m->target))
        merge_set_record(sc, snap_step_undo(sc, step, SNAP_STEP_RECORD_AGAIN,
                                            "record"), m, m->target);
}

/* Plan a program that writes to layer @i, and to no other. */
static struct snap_step *merge_plan_exec(libxl_snapshot_ctx *sc,
                                         struct snap_merge *m, int i,
                                         const char *what,
                                         const char **argv)
{
    struct snap_step *step = snap_plan_exec(sc, &m->plan, what, argv);

    step->writes = snap_merge_path(m, i);
    step->at_deadline = SNAP_EXEC_KILL;
    snap_step_know(sc, step, step->writes, m->files[i].identity);
    return step;
}

/* What layer @i is to call the layer @base: a name that is beside it stays
 * so, and the folder can be moved. */
static const char *merge_name_of(libxl_snapshot_ctx *sc,
                                 const struct snap_merge *m, int i, int base)
{
    const char *path = snap_merge_path(m, base);
    const char *above = snap_merge_path(m, i);
    const char *was = m->chain->layers[i].base;
    size_t len = strrchr(above, '/') + 1 - above;

    if (!was || *was == '/' || strncmp(path, above, len)) return path;
    path += len;
    return *path == '-' || snap_imageinfo_protocol(sc, path)
        ? snap_sprintf(sc, "./%s", path) : path;
}

/* The disk that goes on with the target, if it does. */
static struct snap_pivot merge_pivot(const struct snap_merge *m)
{
    bool moves = snap_merge_moves(m);

    return (struct snap_pivot){
        .disk = m->disk, .to = snap_merge_path(m, m->target),
        .format = snap_merge_format(m),
        .config_path = moves ? m->params->config_path : NULL,
        .config_text = moves ? m->params->config_text : NULL,
        .config_state = m->config_state,
    };
}

/* Plan the last look before nothing can be undone any more.  The copy may
 * have taken hours: a guest that has run in them wrote to the active layer,
 * from which the domain must not be taken then. */
static void merge_plan_commit_point(libxl_snapshot_ctx *sc,
                                    struct snap_merge *m)
{
    struct snap_step *step = snap_plan_look_off(
        sc, &m->plan, snap_chain_paths(sc, m->chain));

    step->commit_point = true;
    if (snap_merge_moves(m))
        snap_step_know(sc, step, snap_merge_path(m, 0), m->active_state);
}

/*-- commit -----------------------------------------------------------------*/

static void commit_plan_copy(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    const char *target = snap_merge_path(m, m->target);
    const char *top = snap_merge_path(m, m->first);
    struct snap_step *step = merge_plan_exec(
        sc, m, m->target,
        snap_sprintf(sc, "copy what %s has above %s into that", top, target),
        snap_argv(sc, "qemu-img", "commit", "-q", "-f",
                  merge_format(m, m->first), "-b", target, "-d", top, NULL));

    snap_step_allow_time(step, snap_merge_bytes(m), MERGE_BYTES_PER_MS);
    snap_plan_flush(sc, &m->plan, target);
}

/* Plan that the layer above the merged ones stands on the target. */
static void commit_plan_child(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    int i = m->child;
    const char *child = snap_merge_path(m, i);
    const char *target = snap_merge_path(m, m->target);

    merge_plan_unfreeze(sc, m, i);
    merge_plan_exec(sc, m, i,
                    snap_sprintf(sc, "let %s stand on %s", child, target),
                    snap_argv(sc, "qemu-img", "rebase", "-q", "-u", "-f",
                              merge_format(m, i), "-b",
                              merge_name_of(sc, m, i, m->target), "-F",
                              merge_format(m, m->target), child, NULL));
    snap_plan_flush(sc, &m->plan, child);
    merge_plan_freeze(sc, m, i);
    merge_plan_record(sc, m, i);
}

static void commit_plan(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    const struct snap_pivot pivot = merge_pivot(m);

    snap_pivot_plan_new_config(sc, &m->plan, &pivot);
    snap_plan_look_off(sc, &m->plan, snap_chain_paths(sc, m->chain));
    merge_plan_unfreeze(sc, m, m->target);
    /* qemu-img opens the upper layer for writing, too (7.2, img_commit()) */
    merge_plan_unfreeze(sc, m, m->first);
    commit_plan_copy(sc, m);
    merge_plan_commit_point(sc, m);
    if (snap_merge_moves(m)) {
        snap_pivot_note_disk(sc, &m->plan, &pivot);
        snap_pivot_plan_config(sc, &m->plan, &pivot);
        snap_pivot_plan_freeze(sc, &m->plan, snap_merge_path(m, 0),
                               m->files[0].identity);
    } else {
        if (m->child >= 0) commit_plan_child(sc, m);
        merge_plan_freeze(sc, m, m->first);
        merge_plan_freeze(sc, m, m->target);
    }
}

/*-- pull -------------------------------------------------------------------*/

static const char **pull_argv(libxl_snapshot_ctx *sc,
                              const struct snap_merge *m)
{
    const char *target = snap_merge_path(m, m->target);
    const char *format = merge_format(m, m->target);
    int base = m->last + 1;

    if (base == m->chain->num_layers)
        return snap_argv(sc, "qemu-img", "rebase", "-q", "-f", format, "-b",
                         "", target, NULL);
    return snap_argv(sc, "qemu-img", "rebase", "-q", "-f", format, "-b",
                     merge_name_of(sc, m, m->target, base), "-F",
                     merge_format(m, base), target, NULL);
}

static void pull_plan_copy(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    const char *below = m->first < m->last ? " and below" : "";
    struct snap_step *step = merge_plan_exec(
        sc, m, m->target,
        snap_sprintf(sc, "copy what %s has from %s%s into it",
                     snap_merge_path(m, m->target),
                     snap_merge_path(m, m->first), below),
        pull_argv(sc, m));

    snap_step_allow_time(step, snap_merge_bytes(m), MERGE_BYTES_PER_MS);
    step->undo_if_failed = merge_has_records(m, m->target);
    merge_undo_record(sc, m, step);
}

static void pull_plan(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    snap_plan_look_off(sc, &m->plan, snap_chain_paths(sc, m->chain));
    merge_plan_unfreeze(sc, m, m->target);
    pull_plan_copy(sc, m);
    snap_plan_flush(sc, &m->plan, snap_merge_path(m, m->target));
    merge_plan_commit_point(sc, m);
    merge_plan_freeze(sc, m, m->target);
    merge_plan_record(sc, m, m->target);
}

/*-- of a domain that runs --------------------------------------------------*/

static const char **online_merged(libxl_snapshot_ctx *sc,
                                  const struct snap_merge *m)
{
    const char **paths = snap_chain_paths(sc, m->chain) + m->first;

    paths[m->last - m->first + 1] = NULL;
    return paths;
}

static void online_set_base(libxl_snapshot_ctx *sc,
                            const struct snap_merge *m,
                            struct snap_chain_job *job)
{
    int base = job->pulls ? m->last + 1 : m->target;

    if (m->child < 0 || base == m->chain->num_layers) return;
    job->child = snap_merge_path(m, m->child);
    job->base = snap_merge_path(m, base);
    job->backing = merge_name_of(sc, m, m->child, base);
}

/* Plan what comes after the job: the header of the layer above, by which the
 * merged ones are not needed any more, is on the disk before any can be
 * deleted. */
static void online_plan_after(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    const struct snap_pivot pivot = merge_pivot(m);

    if (m->child < 0) {
        snap_pivot_plan_config(sc, &m->plan, &pivot);
        snap_pivot_plan_freeze(sc, &m->plan, snap_merge_path(m, 0),
                               m->files[0].identity);
        return;
    }
    snap_plan_flush(sc, &m->plan, snap_merge_path(m, m->child));
    merge_plan_freeze(sc, m, m->target);
    if (m->child != m->target) merge_plan_freeze(sc, m, m->child);
    merge_plan_record(sc, m, m->child);
}

static void online_plan(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    struct snap_chain_job job = {
        .id = snap_sprintf(sc, "xl-snapshot-%s", m->disk->vdev),
        .pulls = m->params->kind == LIBXL_SNAPSHOT_MERGE_PULL,
        .active = snap_merge_path(m, 0),
        .target = snap_merge_path(m, m->target),
        .merged = online_merged(sc, m), .speed = m->params->speed,
    };
    const struct snap_pivot pivot = merge_pivot(m);
    struct snap_step *step;

    if (m->child < 0) snap_pivot_set_job(sc, &pivot, &m->dom, &job);
    online_set_base(sc, m, &job);
    snap_pivot_plan_new_config(sc, &m->plan, &pivot);
    step = snap_plan_add(sc, &m->plan, SNAP_STEP_LOOK_AGAIN,
                         "see that nobody else uses the layers");
    step->images = snap_chain_paths(sc, m->chain);
    if (job.pulls) merge_undo_record(sc, m, step);
    merge_plan_unfreeze(sc, m, m->target);
    if (m->child >= 0 && m->child != m->target)
        merge_plan_unfreeze(sc, m, m->child);
    snap_job_plan(sc, &m->plan, &job);
    online_plan_after(sc, m);
}

void snap_merge_plan(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    if (m->dom.domid != SNAP_NO_DOMAIN) online_plan(sc, m);
    else if (m->params->kind == LIBXL_SNAPSHOT_MERGE_COMMIT)
        commit_plan(sc, m);
    else pull_plan(sc, m);
}
