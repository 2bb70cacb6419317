/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/copy_plan.c: the order of a copy.  Pure.
 *
 *   make     an empty image of the size of the disk
 *   copy     QEMU's job, or of a domain that is off qemu-img.  The disk stays
 *            as it is: whatever ends here has done no harm, and the copy
 *            is removed
 *   switch   with a pivot: QEMU's disk is on the copy (job_plan.c), or the
 *            last look at a domain that is off: the commit point
 *   after    the domain's xl.cfg names the copy; the old image is made
 *            unwritable: it opens without a word, and has not what the guest
 *            writes from now on
 */
#include "ops/ops.h"

#include <inttypes.h>
#include <string.h>

/* What storage copies at least in a millisecond. */
#define COPY_BYTES_PER_MS (2 << 10)

static const char *copy_active(const struct snap_copy *c)
{
    return c->chain->layers[0].path;
}

/* The layer that the copy stands on; or NULL. */
static const struct snap_layer *copy_base(const struct snap_copy *c)
{
    return c->params->shallow ? &c->chain->layers[1] : NULL;
}

/*-- the image --------------------------------------------------------------*/

/* Plan a file, which is removed with all that is in it if the copy does not
 * come to its end. */
static void copy_plan_file(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    const char *path = c->params->path;
    struct snap_step *step = snap_plan_add(
        sc, &c->plan, SNAP_STEP_CREATE_FILE, "create the copy of %s, %s",
        c->disk->vdev, path);

    step->path = path;
    step->owner_of = copy_active(c);
    step = snap_step_undo(sc, step, SNAP_STEP_REMOVE_IMAGE, "remove %s",
                          path);
    step->path = path;
}

/* Plan an empty image in it.  -u: qemu-img does not open the base. */
static void copy_plan_format(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    const struct snap_layer *base = copy_base(c);
    const char *path = c->params->path;
    const char *size = snap_sprintf(sc, "%" PRIu64, c->chain->virtual_size);
    struct snap_step *step = snap_plan_exec(
        sc, &c->plan, snap_sprintf(sc, "format %s%s%s", path,
                                   base ? " on the base " : "",
                                   base ? base->path : ""),
        base ? snap_argv(sc, "qemu-img", "create", "-q", "-f", c->format,
                         "-u", "-b", base->path, "-F", base->format, path,
                         size, NULL)
             : snap_argv(sc, "qemu-img", "create", "-q", "-f", c->format,
                         path, size, NULL));

    step->path = path;
    step->at_deadline = SNAP_EXEC_KILL;
}

static void copy_plan_make(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    if (c->params->reuse) return;
    copy_plan_file(sc, c);
    copy_plan_format(sc, c);
    snap_plan_flush(sc, &c->plan, c->params->path);
}

static struct snap_pivot copy_pivot(const struct snap_copy *c)
{
    return (struct snap_pivot){
        .disk = c->disk, .to = c->params->path,
        .format = snap_imageinfo_made_format(c->format),
        .config_path = c->params->config_path,
        .config_text = c->params->config_text,
        .config_state = c->config_state,
    };
}

static void copy_plan_after(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    const struct snap_pivot pivot = copy_pivot(c);

    snap_pivot_plan_config(sc, &c->plan, &pivot);
    snap_pivot_plan_freeze(sc, &c->plan, copy_active(c),
                           c->old[0].identity);
}

/*-- of a domain that is off ------------------------------------------------*/

static void copy_plan_convert(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    const struct snap_layer *active = &c->chain->layers[0];
    const struct snap_layer *base = copy_base(c);
    const char *path = c->params->path;
    struct snap_step *step = snap_plan_exec(
        sc, &c->plan, snap_sprintf(sc, "copy %s to %s", active->path, path),
        base ? snap_argv(sc, "qemu-img", "convert", "-n", "-q", "-f",
                         active->format, "-O", c->format, "-B", base->path,
                         "-F", base->format, active->path, path, NULL)
             : snap_argv(sc, "qemu-img", "convert", "-n", "-q", "-f",
                         active->format, "-O", c->format, active->path, path,
                         NULL));

    step->path = step->writes = path;
    step->at_deadline = SNAP_EXEC_KILL;
    snap_step_know(sc, step, path, c->identity);
    snap_step_allow_time(step, snap_copy_bytes(c), COPY_BYTES_PER_MS);
    snap_plan_flush(sc, &c->plan, path);
}

static void copy_plan_off(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    const struct snap_pivot pivot = copy_pivot(c);
    const char **paths = snap_chain_paths(sc, c->chain);
    struct snap_step *step;

    snap_pivot_plan_new_config(sc, &c->plan, &pivot);
    copy_plan_make(sc, c);
    snap_plan_look_off(sc, &c->plan, paths);
    copy_plan_convert(sc, c);
    /* a guest that has run meanwhile wrote to what has been copied */
    step = snap_plan_look_off(sc, &c->plan, paths);
    step->commit_point = true;
    snap_step_know(sc, step, copy_active(c), c->active_state);
    if (!c->params->pivot) return;
    snap_pivot_note_disk(sc, &c->plan, &pivot);
    copy_plan_after(sc, c);
}

/*-- of a domain that runs --------------------------------------------------*/

static void copy_plan_open(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    struct snap_step *step = snap_plan_add(
        sc, &c->plan, SNAP_STEP_QMP, "open it in QEMU as node %s", c->node);

    step->path = c->params->path;
    step->command = "blockdev-add";
    step->arguments = snap_reach_node(sc, c->disk, c->params->path,
                                      c->format, c->node, c->base_node);
    step = snap_step_undo(sc, step, SNAP_STEP_QMP, "close node %s in QEMU",
                          c->node);
    step->command = "blockdev-del";
    step->arguments = snap_json_object(sc, "s:node-name", c->node, NULL);
}

/* What QEMU closes in the end: the old layers, those that the copy does not
 * stand on; or the copy. */
static const char **copy_closed(libxl_snapshot_ctx *sc,
                                const struct snap_copy *c)
{
    const char **paths = snap_zalloc(sc, (c->chain->num_layers + 1)
                                         * sizeof(*paths));
    int i, num = snap_copy_layers(c);

    for (i = 0; c->params->pivot && i < num; i++)
        paths[i] = c->chain->layers[i].path;
    if (!c->params->pivot) paths[0] = c->params->path;
    return paths;
}

static void copy_plan_online(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    const struct snap_pivot pivot = copy_pivot(c);
    struct snap_chain_job job = {
        .id = snap_sprintf(sc, "xl-snapshot-%s", c->disk->vdev),
        .copies = c->params->shallow ? "top" : "full",
        .leaves = !c->params->pivot, .active = copy_active(c),
        .target = c->params->path, .merged = copy_closed(sc, c),
        .speed = c->params->speed,
    };
    struct snap_step *step;

    if (c->params->pivot) snap_pivot_set_job(sc, &pivot, &c->dom, &job);
    snap_pivot_plan_new_config(sc, &c->plan, &pivot);
    copy_plan_make(sc, c);
    step = snap_plan_add(sc, &c->plan, SNAP_STEP_LOOK_AGAIN,
                         "see that nobody else uses the layers");
    step->images = snap_chain_paths(sc, c->chain);
    copy_plan_open(sc, c);
    snap_job_plan(sc, &c->plan, &job);
    snap_plan_flush(sc, &c->plan, c->params->path);
    if (c->params->pivot) copy_plan_after(sc, c);
    else c->plan.steps[snap_plan_last(&c->plan)].commit_point = true;
}

void snap_copy_plan(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    if (c->dom.domid != SNAP_NO_DOMAIN) copy_plan_online(sc, c);
    else copy_plan_off(sc, c);
}
