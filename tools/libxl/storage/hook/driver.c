/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/hook/driver.c: storage that a hook knows, xl-snapshot-hooks(7).
 * The domain stays on its path; the hook finds the state by the path and
 * the snapshot's name.  So the snapshot config is known before the hook
 * runs.
 */
#include "storage/hook/hook.h"

#include <stdlib.h>
#include <string.h>

/* Refuse a disk that no hook can take.  QEMU keeps tables of a qcow2 in
 * its memory: a copy of the file, made while QEMU runs, would not be a
 * copy of the disk. */
static const char *hook_refuse(libxl_snapshot_ctx *sc,
                               const struct snap_disk *disk)
{
    const char *why = snap_reach_driver_domain(sc, disk), *format;

    if (why) return why;
    if (!disk->path || !*disk->path || strchr(disk->path, '\n'))
        return "its path is empty, or has a newline in it";
    why = snap_reach_as_stored(sc, disk);
    if (why) return why;
    format = snap_imageinfo_format(disk->stored->format);
    if (disk->node && strcmp(format, "raw"))
        return snap_sprintf(
            sc,
            "QEMU keeps a part of a %s image in memory, where no hook "
            "sees it; use an internal or external snapshot",
            format);
    if (!disk->hook)
        return disk->no_hook ? disk->no_hook : "no hook was asked";
    if (disk->backend == SNAP_BACKEND_OFFLINE
        && !(disk->hook->can & LIBXL_SNAPSHOT_CAN_OFFLINE))
        return snap_sprintf(sc, "hook %s can do it only while the domain runs",
                            disk->hook->name);
    if (disk->backend != SNAP_BACKEND_OFFLINE
        && !(disk->hook->can & LIBXL_SNAPSHOT_CAN_LIVE))
        return snap_sprintf(sc, "hook %s cannot do it while the domain runs",
                            disk->hook->name);
    return NULL;
}

static int hook_check(libxl_snapshot_ctx *sc,
                      const struct snap_disk_op *op)
{
    if (!op->hook_has_it) return 0;
    return snap_fail(sc, ERROR_INVAL,
                     "disk %s: hook %s has a snapshot '%s' of "
                     "%s already; choose another name",
                     op->vdev, op->disk->hook->name, op->name,
                     op->disk->path);
}

static void hook_set_request(libxl_snapshot_ctx *sc,
                             struct snap_step *step, const char *path,
                             const char *verb,
                             const struct snap_hook_disk *facts)
{
    step->path = path;
    step->command = verb;
    step->arguments = snap_hook_request(sc, verb, facts);
}

static void hook_create(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                        const struct snap_disk_op *op)
{
    const struct snap_hook *hook = op->disk->hook;
    struct snap_hook_disk facts = snap_hook_create_facts(op);
    struct snap_step *step;

    step = snap_plan_add(sc, plan, SNAP_STEP_HOOK, "let hook %s take snapshot "
                         "%s of %s", hook->name, op->name, op->disk->path);
    hook_set_request(sc, step, hook->path, "create", &facts);
    step->undo_if_failed = true;
    step = snap_step_undo(sc, step, SNAP_STEP_HOOK, "let hook %s delete "
                          "snapshot %s of %s", hook->name, op->name,
                          op->disk->path);
    hook_set_request(sc, step, hook->path, "delete", &facts);
}

static void hook_describe(libxl_snapshot_ctx *sc,
                          const struct snap_disk_op *op,
                          libxl_disk_snapshot *ds)
{
    const libxl_device_disk *stored = op->disk->stored;

    free(ds->driver);
    ds->driver = snap_result_str(snap_sprintf(sc, SNAP_HOOK_PREFIX "%s",
                                              op->disk->hook->name));
    snap_device_disk_set(&ds->parent, ds->vdev, op->disk->path,
                         stored->format);
    ds->parent.backend = stored->backend;
}

/*-- revert -----------------------------------------------------------------*/

static int hook_revert_check(libxl_snapshot_ctx *sc,
                             const struct snap_disk_op *op)
{
    if (op->hook_has_it) return 0;
    return snap_fail(sc, ERROR_INVAL,
                     "disk %s: hook %s has no snapshot '%s' of "
                     "%s; it was deleted",
                     op->vdev, snap_hook_name(op->ds->driver), op->name,
                     op->image);
}

static void hook_configure(const struct snap_disk_op *op,
                           libxl_device_disk *disk)
{
    const libxl_device_disk *parent = &op->ds->parent;

    free(disk->pdev_path);
    disk->pdev_path = snap_result_str(parent->pdev_path);
    disk->format = parent->format;
    if (parent->backend != LIBXL_DISK_BACKEND_UNKNOWN)
        disk->backend = parent->backend;
}

static void hook_revert(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                        const struct snap_disk_op *op)
{
    const char *name = snap_hook_name(op->ds->driver);
    struct snap_hook_disk facts = snap_hook_revert_facts(op);
    struct snap_step *step;

    step = snap_plan_add(sc, plan, SNAP_STEP_HOOK, "let hook %s bring %s back "
                         "to snapshot %s", name, facts.path, op->name);
    hook_set_request(sc, step, snap_hook_path(sc, name), "revert", &facts);
}

/*-- delete -----------------------------------------------------------------*/

static void hook_delete(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                        const struct snap_disk_op *op)
{
    const char *name = snap_hook_name(op->ds->driver);
    struct snap_hook_disk facts = snap_hook_revert_facts(op);
    struct snap_step *step;

    if (!op->hook_has_it) return;
    step = snap_plan_add(sc, plan, SNAP_STEP_HOOK, "let hook %s delete "
                         "snapshot %s of %s", name, op->name, facts.path);
    hook_set_request(sc, step, snap_hook_path(sc, name), "delete", &facts);
}

/* The driver of all hooks; each hook says by itself what it can do. */
const struct snap_driver snap_driver_hook = {
    .name = SNAP_HOOK_PREFIX,
    .mode = LIBXL_SNAPSHOT_MODE_INTERNAL,
    .refuse = hook_refuse,
    .look = snap_hook_look,
    .describe = hook_describe,
    .configure = hook_configure,
    .verbs = {
        [SNAP_VERB_CREATE] = {
            .check = hook_check,
            .act = hook_create,
        },
        [SNAP_VERB_REVERT] = {
            .check = hook_revert_check,
            .act = hook_revert,
        },
        [SNAP_VERB_DELETE] = {
            .act = hook_delete,
        },
    },
};
