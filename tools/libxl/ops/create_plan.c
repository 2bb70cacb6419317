/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/create_plan.c: the order of a create.  Pure.
 *
 *   before   overlays and files, while the guest runs; last, what the host
 *            has not written of its disks yet
 *   stop     xl's monitor held; with memory: save, then pause and resume;
 *            without: quiesce if asked to, pause; of a domain that does not
 *            run: nothing
 *   disks    what can be undone; then one transaction for all that QEMU runs,
 *            the commit point; of a domain without disks, or one that is off,
 *            it is the last look at it; unpause, thaw
 *   after    stored config repointed, monitor released, bases frozen, files
 *            flushed and given their names
 */
#include "ops/ops.h"

bool snap_create_saves_paused(const struct snap_domain *dom)
{
    return dom->type == LIBXL_DOMAIN_TYPE_HVM && !dom->pv_drivers;
}

bool snap_create_quiesces(const struct snap_create *c)
{
    return c->params->quiesce && c->dom.domid != SNAP_NO_DOMAIN;
}

static void plan_folder(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                        const char *dir)
{
    struct snap_step *step = snap_plan_add(sc, plan, SNAP_STEP_MKDIR,
                                           "create the folder %s", dir);

    step->path = dir;
    step = snap_step_undo(sc, step, SNAP_STEP_RMDIR, "remove the folder %s",
                          dir);
    step->path = dir;
}

/* The driver's part in a create; snap_create_check() has seen that it has
 * one. */
static const struct snap_verb *plan_verb(const struct snap_disk_op *op)
{
    return &op->driver->verbs[SNAP_VERB_CREATE];
}

/* Plan all that can be done while the guest still runs. */
static void plan_before(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    int i;

    for (i = 0; i < c->num_missing; i++)
        plan_folder(sc, &c->plan, c->missing[i]);
    for (i = 0; i < c->num_files; i++)
        snap_plan_create_file(sc, &c->plan, c->files[i].partial, NULL,
                              c->files[i].content,
                              snap_sprintf(sc, "the %s", c->files[i].what));
    snap_drivers_prepare(sc, &c->plan, c->ops, c->num_ops);
}

/* True if QEMU, or a loop device, may have left something of the disk to the
 * host's page cache.  The path of a disk that has a hotplug script may be
 * anything. */
static bool plan_flushes_disk(const struct snap_disk *disk)
{
    return disk->node || (disk->backend == SNAP_BACKEND_PHY
                          && !disk->stored->script);
}

/* Plan that what the host has yet to write of the disks is on the disk: else
 * a snapshot waits for it, with the guest held.  What it writes from now on
 * is little.  One program for all disks. */
static void plan_flush(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    const char **argv = snap_zalloc(sc, (c->num_ops + 4) * sizeof(*argv));
    const char *disks = NULL;
    struct snap_step *step;
    int num = 0, i;

    argv[num++] = "sync";
    argv[num++] = "-d";
    argv[num++] = "--";
    for (i = 0; i < c->num_ops; i++) {
        const struct snap_disk *disk = c->ops[i].disk;

        if (c->dom.domid == SNAP_NO_DOMAIN || !plan_flushes_disk(disk))
            continue;
        argv[num++] = disk->path;
        disks = disks ? snap_sprintf(sc, "%s, %s", disks, disk->vdev)
                      : disk->vdev;
    }
    if (!disks) return;
    step = snap_plan_exec(sc, &c->plan,
                          snap_sprintf(sc, "flush what the host has yet to "
                                       "write to %s", disks), argv);
    step->timeout_ms = snap_wait_ms(sc, SNAP_WAIT_FLUSH);
    step->at_deadline = SNAP_EXEC_KILL;
}

/* True if the records of the disk must be made to name its overlay. */
static bool plan_repoints_disk(const struct snap_disk_op *op)
{
    return op->driver->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL
        && op->disk->node;
}

/* Plan to stop xl's monitor, which must not see the domain suspended, nor
 * start it from a stored config that still names the bases.  Returns the
 * index of the step; -1 if there is none. */
static int plan_hold_monitor(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    bool needed = c->params->memory_path != NULL;
    int i;

    for (i = 0; i < c->num_ops; i++)
        needed = needed || plan_repoints_disk(&c->ops[i]);
    if (!needed || !c->dom.num_monitors) return -1;
    return snap_plan_hold_monitor(sc, &c->plan, c->dom.monitors,
                                  c->dom.num_monitors);
}

/* Plan a pause of ours, also where somebody else has paused the domain:
 * theirs may end at any time. */
static struct snap_step *plan_pause(libxl_snapshot_ctx *sc,
                                    struct snap_create *c)
{
    struct snap_step *pause = snap_plan_add(sc, &c->plan, SNAP_STEP_PAUSE,
                                            "pause the domain");
    struct snap_step *undo = snap_step_undo(sc, pause, SNAP_STEP_UNPAUSE,
                                            "unpause the domain");

    pause->was_paused = undo->was_paused = c->dom.paused;
    return pause;
}

/* Plan the save.  When it ends the guest is paused. */
static void plan_save(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    const char *path = c->files[0].partial;
    struct snap_plan *plan = &c->plan;
    struct snap_step *step;
    int save, lifted = -1;

    if (c->dom.paused && !snap_create_saves_paused(&c->dom)) {
        step = snap_plan_add(sc, plan, SNAP_STEP_UNPAUSE,
                             "let the paused domain run for the save");
        snap_step_undo(sc, step, SNAP_STEP_PAUSE, "pause the domain again");
        lifted = snap_plan_last(plan);
    }
    step = snap_plan_add(sc, plan, SNAP_STEP_SAVE, "save the memory to %s%s",
                         path, c->params->live ? ", live" : "");
    step->path = path;
    step->content = c->image_config;
    step->live = c->params->live;
    step->undo_if_failed = true;
    snap_step_undo(sc, step, SNAP_STEP_RESUME, "resume the domain");
    save = snap_plan_last(plan);

    plan_pause(sc, c);
    step = snap_plan_add(sc, plan, SNAP_STEP_RESUME,
                         "resume the domain, its vCPUs held by the pause");
    step->retires_undo_of = save;
    if (lifted < 0) return;
    step = snap_plan_add(sc, plan, SNAP_STEP_PAUSE,
                         "pause the domain once more, as it was before");
    step->retires_undo_of = lifted;
    step->was_paused = true;
}

/* Plan to stop the guest, by a save or a pause. */
static void plan_stop(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    if (c->params->memory_path)
        plan_save(sc, c);
    else if (c->dom.domid != SNAP_NO_DOMAIN)
        plan_pause(sc, c)->is_downtime_start = !c->dom.paused;
}

/* Let @step, the last before the disks are taken, be sure that nobody has
 * written to an overlay of the user's since it was looked at. */
static void plan_know_reused(libxl_snapshot_ctx *sc,
                             const struct snap_create *c,
                             struct snap_step *step)
{
    int i;

    for (i = 0; i < c->num_ops; i++)
        if (c->ops[i].reuse)
            snap_step_know(sc, step, c->ops[i].path,
                           c->ops[i].reused_state);
}

/* Plan to see, right before QEMU's transaction or, without one, before the
 * first disk is taken, that all is as it was gathered: a save takes minutes,
 * in which disks may come and go. */
static void plan_look_again(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    bool serves = false;
    struct snap_step *step;
    int i;

    for (i = 0; i < c->dom.num_disks; i++)
        serves = serves || c->dom.disks[i].node;
    step = snap_plan_add(sc, &c->plan, SNAP_STEP_LOOK_AGAIN, "see that the "
                         "domain's devices are still the same");
    step->content = c->devices;
    step->command = serves ? "query-block" : NULL;
    if (c->images && *c->images) step->images = c->images;
    plan_know_reused(sc, c, step);
}

/* QEMU's part in the snapshot of a disk, for its transaction; or NULL. */
static const char *plan_action(libxl_snapshot_ctx *sc,
                               const struct snap_disk_op *op)
{
    return op->disk->node && plan_verb(op)->action
        ? plan_verb(op)->action(sc, op) : NULL;
}

static void plan_transaction(libxl_snapshot_ctx *sc, struct snap_create *c,
                             const char **actions, int num)
{
    struct snap_step *step =
        snap_plan_add(sc, &c->plan, SNAP_STEP_QMP,
                      "snapshot %d disk%s in one QEMU transaction", num,
                      num == 1 ? "" : "s");

    step->command = "transaction";
    step->arguments = snap_json_object(
        sc, "j:actions", snap_json_array(sc, actions, num), NULL);
}

/* Plan the snapshots of all disks of a domain that is off: as long as it is,
 * they are of one instant, and programs may write to its images.  So it is
 * looked at before each, and after all.  That look changes nothing: one that
 * was cut off has not committed anything. */
static void plan_disks_off(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    struct snap_step *step;
    int i;

    for (i = 0; i < c->num_ops; i++) {
        if (!plan_verb(&c->ops[i])->act) continue;
        snap_plan_look_off(sc, &c->plan, c->images);
        plan_verb(&c->ops[i])->act(sc, &c->plan, &c->ops[i]);
    }
    step = snap_plan_look_off(sc, &c->plan, c->images);
    plan_know_reused(sc, c, step);
    step->commit_point = true;
}

/* Plan the snapshots of all disks at one instant, which is past once the
 * last step here is done; without disks that is the look at the domain. */
static void plan_disks(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    const char **actions = snap_zalloc(sc, (c->num_ops + 1)
                                           * sizeof(*actions));
    int num = 0, i;

    for (i = 0; i < c->num_ops; i++) {
        actions[num] = plan_action(sc, &c->ops[i]);
        if (actions[num]) num++;
    }
    if (!num) plan_look_again(sc, c);
    for (i = 0; i < c->num_ops; i++)
        if (plan_verb(&c->ops[i])->act)
            plan_verb(&c->ops[i])->act(sc, &c->plan, &c->ops[i]);
    if (num) {
        plan_look_again(sc, c);
        plan_transaction(sc, c, actions, num);
    }
    c->plan.steps[snap_plan_last(&c->plan)].commit_point = true;
}

/* Plan to repoint the disks.  Only a recovery undoes that, if it finds
 * that QEMU never carried out the transaction. */
static void plan_repoint(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    size_t size = c->num_ops * sizeof(struct snap_repoint);
    struct snap_repoint *repoints = snap_zalloc(sc, size);
    struct snap_repoint *back = snap_zalloc(sc, size);
    struct snap_step *step;
    int num = 0, i;

    for (i = 0; i < c->num_ops; i++) {
        const struct snap_disk_op *op = &c->ops[i];

        if (!plan_repoints_disk(op)) continue;
        repoints[num] = back[num] = (struct snap_repoint){
            .vdev = op->disk->vdev, .be_path = op->disk->be_path,
            .devid = op->disk->devid, .from = op->disk->path,
            .to = op->path, .format = LIBXL_DISK_FORMAT_QCOW2,
        };
        back[num].from = op->path;
        back[num].to = op->disk->path;
        back[num].format = op->disk->stored->format;
        num++;
    }
    if (!num) return;
    step = snap_plan_add(sc, &c->plan, SNAP_STEP_REPOINT, "repoint %d disk%s "
                         "in xenstore and the stored config", num,
                         num == 1 ? "" : "s");
    step->repoints = repoints;
    step->num_repoints = num;
    step =
        snap_step_undo(sc, step, SNAP_STEP_REPOINT,
                       "repoint %d disk%s back", num, num == 1 ? "" : "s");
    step->repoints = back;
    step->num_repoints = num;
}

/* Plan to take off our pause; not where it is to stay. */
static void plan_unpause(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    if (c->dom.domid == SNAP_NO_DOMAIN) return;
    if (!c->dom.paused && c->params->leave_paused) return;
    snap_plan_add(sc, &c->plan, SNAP_STEP_UNPAUSE, "unpause the domain")
        ->was_paused = c->dom.paused;
}

/* Plan to record the states of the disks, which are final when all images
 * are frozen. */
static void plan_record(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    const struct snap_create_file *config;
    struct snap_step *step;
    int i;

    if (!c->params->config_path) return;
    config = &c->files[c->num_files - 1];
    step = snap_plan_add(sc, &c->plan, SNAP_STEP_RECORD, "record the "
                         "state of the disks and the memory in the %s",
                         config->what);
    step->path = config->partial;
    step->content = config->content;
    step->only_if_commit_known = true;
    snap_plan_know_made(sc, &c->plan);
    for (i = 0; i < c->num_ops; i++)
        snap_step_know(sc, step, c->ops[i].image, c->ops[i].identity);
}

static void plan_after(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    int first = c->plan.num_steps, i;
    struct snap_step *step;

    for (i = 0; i < c->num_ops; i++)
        if (plan_verb(&c->ops[i])->finish)
            plan_verb(&c->ops[i])->finish(sc, &c->plan, &c->ops[i]);
    /* QEMU may still be writing to a base */
    for (i = first; i < c->plan.num_steps; i++)
        c->plan.steps[i].only_if_commit_known = true;
    plan_record(sc, c);
    for (i = 0; i < c->num_files; i++) {
        step = snap_plan_add(sc, &c->plan, SNAP_STEP_PUBLISH,
                             "flush the %s and name it %s", c->files[i].what,
                             c->files[i].path);
        step->path = c->files[i].partial;
        step->to = c->files[i].path;
        step->only_if_commit_known = true;
        /* the snapshot config comes last: it says that all is complete */
        step->only_if_all_done = i == c->num_files - 1;
    }
}

/*
 * Plan a create.  The guest runs again before its stored config has the
 * new disks, since writing that takes almost as long as the transaction.
 * xl's monitor, which would start the domain from that config when the
 * guest reboots, is stopped until then; against everybody else the base is
 * frozen right after.
 */
void snap_create_plan(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    int hold, quiesce = -1;

    plan_before(sc, c);
    plan_flush(sc, c);
    hold = plan_hold_monitor(sc, c);
    if (snap_create_quiesces(c))
        quiesce = snap_quiesce_plan(sc, &c->plan, &c->dom,
                                    c->params->quiesce_command);
    plan_stop(sc, c);
    if (c->dom.domid == SNAP_NO_DOMAIN) plan_disks_off(sc, c);
    else plan_disks(sc, c);
    plan_unpause(sc, c);
    if (quiesce >= 0) snap_quiesce_plan_thaw(sc, &c->plan, quiesce);
    plan_repoint(sc, c);
    if (hold >= 0) snap_plan_release_monitor(sc, &c->plan, hold);
    plan_after(sc, c);
}
