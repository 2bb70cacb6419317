/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_create_plan.c: the order of a create.  Pure but for asking which
 * folders exist.
 *
 *   before   overlays and files, while the guest runs
 *   save     the guest stops, unseen by xl's monitor; then pause and resume
 *   commit   one QEMU transaction for all disks; unpause
 *   after    stored config repointed, monitor released, bases frozen, files
 *            flushed and given their names
 */
#include "libxl_snap_internal.h"

#include <stdlib.h>

bool snap_create_saves_paused(const struct snap_domain *dom)
{
    return dom->type == LIBXL_DOMAIN_TYPE_HVM && !dom->pv_drivers;
}

/* The folder and those above it that are missing, topmost first. */
static void plan_directory(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                           const char *dir)
{
    struct snap_step *step;

    if (snap_file_exists(dir)) return;
    plan_directory(sc, plan, snap_file_dirname(sc, dir));
    step = snap_plan_add(sc, plan, SNAP_STEP_MKDIR, "create the folder %s",
                         dir);
    step->path = dir;
    step = snap_step_undo(sc, step, SNAP_STEP_RMDIR, "remove the folder %s",
                          dir);
    step->path = dir;
}

static const char *config_text(libxl_snapshot_ctx *sc,
                               const libxl_domain_snapshot *snap)
{
    char *text = libxl_domain_snapshot_config_text(sc, snap);
    const char *kept = snap_strdup(sc, text);

    free(text);
    return kept;
}

/* What can be done while the guest runs. */
static void plan_before(libxl_snapshot_ctx *sc, struct snap_create *c,
                        const libxl_domain_snapshot *snap)
{
    int i;

    if (c->params->directory)
        plan_directory(sc, &c->plan, c->params->directory);
    snap_plan_create_file(sc, &c->plan, c->partial_memory, NULL, NULL,
                          "the memory image");
    if (c->partial_config)
        snap_plan_create_file(sc, &c->plan, c->partial_config, NULL,
                              config_text(sc, snap), "the snapshot config");
    for (i = 0; i < c->num_ops; i++)
        if (c->ops[i].driver->prepare)
            c->ops[i].driver->prepare(sc, &c->plan, &c->ops[i]);
}

static void set_monitors(struct snap_step *step, const struct snap_create *c)
{
    step->pids = c->dom.monitors;
    step->num_pids = c->dom.num_monitors;
}

/* xl's monitor must not see the domain suspended. */
static int plan_hold_monitor(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    struct snap_step *step;

    if (!c->dom.num_monitors) return -1;
    step = snap_plan_add(sc, &c->plan, SNAP_STEP_HOLD_MONITOR,
                         "hold xl's monitor of the domain");
    set_monitors(step, c);
    step = snap_step_undo(sc, step, SNAP_STEP_RELEASE_MONITOR,
                          "release xl's monitor");
    set_monitors(step, c);
    return snap_plan_last(&c->plan);
}

static void plan_release_monitor(libxl_snapshot_ctx *sc, struct snap_create *c,
                                 int hold)
{
    struct snap_step *step;

    if (hold < 0) return;
    step = snap_plan_add(sc, &c->plan, SNAP_STEP_RELEASE_MONITOR,
                         "release xl's monitor");
    set_monitors(step, c);
    step->ends = hold;
}

/* The guest stops in the course of "save" and is held when this ends, as is
 * xl's monitor: returns the index of that step. */
static int plan_save(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    struct snap_plan *plan = &c->plan;
    struct snap_step *step;
    int save, hold;

    if (c->dom.paused && !snap_create_saves_paused(&c->dom)) {
        step = snap_plan_add(sc, plan, SNAP_STEP_UNPAUSE,
                             "let the paused domain run for the save");
        snap_step_undo(sc, step, SNAP_STEP_PAUSE, "pause the domain again");
    }
    hold = plan_hold_monitor(sc, c);
    step = snap_plan_add(sc, plan, SNAP_STEP_SAVE, "save the memory to %s%s",
                         c->partial_memory,
                         c->params->live ? ", live" : "");
    step->path = c->partial_memory;
    step->content = c->image_config;
    step->live = c->params->live;
    step->undo_if_failed = true;
    snap_step_undo(sc, step, SNAP_STEP_RESUME, "resume the domain");
    save = snap_plan_last(plan);

    step = snap_plan_add(sc, plan, SNAP_STEP_PAUSE, "pause the domain");
    snap_step_undo(sc, step, SNAP_STEP_UNPAUSE, "unpause the domain");
    step = snap_plan_add(sc, plan, SNAP_STEP_RESUME,
                         "resume the domain, its vCPUs held by the pause");
    step->ends = save;
    return hold;
}

static void plan_transaction(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    const char **actions = snap_zalloc(sc, c->num_ops * sizeof(*actions));
    struct snap_step *step;
    int i;

    if (!c->num_ops) return;
    for (i = 0; i < c->num_ops; i++)
        actions[i] = c->ops[i].driver->action(sc, &c->ops[i]);
    step = snap_plan_add(sc, &c->plan, SNAP_STEP_QMP,
                         "snapshot %d disk%s in one QEMU transaction",
                         c->num_ops, c->num_ops == 1 ? "" : "s");
    step->command = "transaction";
    step->arguments = snap_json_object(
        sc, "j:actions", snap_json_array(sc, actions, c->num_ops), NULL);
    step->commit_point = true;
}

static void plan_repoint(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    struct snap_repoint *repoints = snap_zalloc(
        sc, c->num_ops * sizeof(*repoints));
    struct snap_step *step;
    int num = 0, i;

    for (i = 0; i < c->num_ops; i++) {
        const struct snap_disk_op *op = &c->ops[i];

        if (op->driver->mode != LIBXL_SNAPSHOT_MODE_EXTERNAL) continue;
        repoints[num++] = (struct snap_repoint){
            .vdev = op->disk->vdev, .be_path = op->disk->be_path,
            .devid = op->disk->devid, .from = op->disk->path,
            .to = op->path, .format = LIBXL_DISK_FORMAT_QCOW2,
        };
    }
    if (!num) return;
    step = snap_plan_add(sc, &c->plan, SNAP_STEP_REPOINT, "repoint %d disk%s "
                         "in xenstore and the stored config", num,
                         num == 1 ? "" : "s");
    step->repoints = repoints;
    step->num_repoints = num;
}

static void plan_unpause(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    /* our pause replaces the user's where that had to be lifted */
    bool replaced = c->dom.paused && !snap_create_saves_paused(&c->dom);

    if (!replaced && (c->dom.paused || !c->params->leave_paused))
        snap_plan_add(sc, &c->plan, SNAP_STEP_UNPAUSE, "unpause the domain");
}

static void plan_after(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    const libxl_domain_snapshot_params *p = c->params;
    struct snap_step *step;
    int i;

    for (i = 0; i < c->num_ops; i++) {
        if (c->ops[i].driver->mode != LIBXL_SNAPSHOT_MODE_EXTERNAL) continue;
        step = snap_plan_add(sc, &c->plan, SNAP_STEP_FREEZE,
                             "make the base %s unwritable",
                             c->ops[i].disk->path);
        step->path = c->ops[i].disk->path;
        step->needs_known = true;       /* QEMU may be writing to it yet */
    }
    step = snap_plan_add(sc, &c->plan, SNAP_STEP_PUBLISH,
                         "flush the memory image and name it %s",
                         p->memory_path);
    step->path = c->partial_memory;
    step->to = p->memory_path;
    step->needs_known = true;
    if (!p->config_path) return;
    step = snap_plan_add(sc, &c->plan, SNAP_STEP_PUBLISH,
                         "name the snapshot config %s", p->config_path);
    step->path = c->partial_config;
    step->to = p->config_path;
    step->needs_all = true;
}

/*
 * The guest runs again before its stored config has the new disks, which takes
 * almost as long as the transaction.  xl's monitor, which alone would start
 * the domain from that config, is held until it has them; for anybody else the
 * base is frozen right after.
 */
void snap_create_plan(libxl_snapshot_ctx *sc, struct snap_create *c,
                      const libxl_domain_snapshot *snap)
{
    int hold;

    plan_before(sc, c, snap);
    hold = plan_save(sc, c);
    plan_transaction(sc, c);
    plan_unpause(sc, c);
    plan_repoint(sc, c);
    plan_release_monitor(sc, c, hold);
    plan_after(sc, c);
}
