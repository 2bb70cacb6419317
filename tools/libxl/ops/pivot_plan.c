/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/pivot_plan.c: a disk that goes on with another image: its xl.cfg, and
 * where else that stands.  Pure.
 */
#include "ops/ops.h"

/* The text of the domain's new xl.cfg, beside that; NULL: its user writes
 * it. */
static const char *pivot_config(libxl_snapshot_ctx *sc,
                                const struct snap_pivot *pivot)
{
    return pivot->config_text
        ? snap_sprintf(sc, "%s.partial", pivot->config_path) : NULL;
}

void snap_pivot_plan_new_config(libxl_snapshot_ctx *sc,
                                struct snap_plan *plan,
                                const struct snap_pivot *pivot)
{
    const char *config = pivot_config(sc, pivot);

    if (!config) return;
    snap_plan_create_file(sc, plan, config, pivot->config_path,
                          pivot->config_text, "the new xl.cfg as");
    snap_plan_flush(sc, plan, config);
}

void snap_pivot_plan_config(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            const struct snap_pivot *pivot)
{
    const char *path = pivot_config(sc, pivot), *to = pivot->config_path;
    struct snap_step *step;

    if (!path) return;
    step = snap_plan_add(sc, plan, SNAP_STEP_REPLACE, "name %s in %s",
                         pivot->to, to);
    step->path = path;
    step->to = to;
    step->only_if_all_done = true;
    snap_step_know(sc, step, to, pivot->config_state);
}

void snap_pivot_plan_freeze(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            const char *path, const char *identity)
{
    struct snap_step *step = snap_plan_freeze(sc, plan, path, identity);

    step->only_if_all_done = true;  /* else its xl.cfg names it yet */
}

void snap_pivot_note_disk(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                          const struct snap_pivot *pivot)
{
    struct snap_step *step = &plan->steps[snap_plan_last(plan)];
    struct snap_repoint *to = snap_zalloc(sc, sizeof(*to));

    *to = (struct snap_repoint){
        .vdev = pivot->disk->vdev, .to = pivot->to, .format = pivot->format,
        .backend = LIBXL_DISK_BACKEND_QDISK,
    };
    step->repoints = to;
    step->num_repoints = 1;
}

void snap_pivot_set_job(libxl_snapshot_ctx *sc,
                        const struct snap_pivot *pivot,
                        const struct snap_domain *dom,
                        struct snap_chain_job *job)
{
    const struct snap_disk *disk = pivot->disk;
    struct snap_repoint *to = snap_zalloc(sc, 2 * sizeof(*to));

    to[0] = to[1] = (struct snap_repoint){
        .vdev = disk->vdev, .be_path = disk->be_path, .devid = disk->devid,
        .backend = LIBXL_DISK_BACKEND_QDISK, .from = disk->path,
        .to = pivot->to, .format = pivot->format,
    };
    to[1].from = pivot->to;
    to[1].to = disk->path;
    to[1].format = disk->stored->format;
    to[1].backend = disk->stored->backend;
    job->to = &to[0];
    job->back = &to[1];
    job->monitors = dom->monitors;
    job->num_monitors = dom->num_monitors;
}
