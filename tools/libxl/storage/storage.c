/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/storage.c: the table of drivers.
 */
#include "storage/storage.h"

#include <string.h>

/* Hooks come last, for disks that no other driver takes. */
static const struct snap_driver *const drivers[] = {
    &snap_driver_internal,
    &snap_driver_overlay,
    &snap_driver_vhd,
    &snap_driver_lvm_thick,
    &snap_driver_lvm_thin,
    &snap_driver_hook,
};

const struct snap_driver *const *snap_drivers(int *num_r)
{
    *num_r = sizeof(drivers) / sizeof(drivers[0]);
    return drivers;
}

const struct snap_driver *snap_driver_named(const char *name)
{
    int num, i;
    const struct snap_driver *const *all = snap_drivers(&num);

    if (!strncmp(name, SNAP_HOOK_PREFIX, strlen(SNAP_HOOK_PREFIX)))
        return snap_hook_name(name) ? &snap_driver_hook : NULL;
    for (i = 0; i < num; i++)
        if (!strcmp(all[i]->name, name)) return all[i];
    return NULL;
}

struct snap_choice snap_driver_choose(libxl_snapshot_ctx *sc,
                                      const struct snap_disk *disk,
                                      libxl_snapshot_mode mode)
{
    const char *why, *first = NULL;
    size_t i;

    for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        if (drivers[i]->mode != mode) continue;
        why = drivers[i]->refuse(sc, disk);
        if (!why) return (struct snap_choice){ .driver = drivers[i] };
        if (!first) first = why;
    }
    if (!first) first = "no driver makes such snapshots";
    else if (disk->no_hook)
        first = snap_sprintf(sc, "%s; %s", first, disk->no_hook);
    return (struct snap_choice){ .why = first };
}

const struct snap_choice *snap_choice_of(const struct snap_disk *disk,
                                         libxl_snapshot_mode mode)
{
    static const struct snap_choice none = {
        .why = "no driver makes such snapshots",
    };

    return mode == LIBXL_SNAPSHOT_MODE_INTERNAL
                   || mode == LIBXL_SNAPSHOT_MODE_EXTERNAL
               ? &disk->choices[mode]
               : &none;
}

bool snap_disk_unsupported(const struct snap_disk *disk)
{
    return disk->backend == SNAP_BACKEND_PHY && !disk->backend_domid
        && !disk->lv
        && !snap_choice_of(disk, LIBXL_SNAPSHOT_MODE_INTERNAL)->driver
        && !snap_choice_of(disk, LIBXL_SNAPSHOT_MODE_EXTERNAL)->driver;
}

int snap_driver_of(libxl_snapshot_ctx *sc, const libxl_disk_snapshot *ds,
                   const struct snap_driver **driver_r)
{
    *driver_r = ds->driver ? snap_driver_named(ds->driver)
        : ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL ? &snap_driver_overlay
                                                   : &snap_driver_internal;
    if (*driver_r && (*driver_r)->mode == ds->mode) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: there is no driver '%s' for "
                     "%s snapshots; see xl snapshot-drivers", ds->vdev,
                     ds->driver, libxl_snapshot_mode_to_string(ds->mode));
}

bool libxl_disk_snapshot_moves(const libxl_disk_snapshot *ds)
{
    const struct snap_driver *driver = ds->driver
        ? snap_driver_named(ds->driver) : NULL;

    return driver ? driver->revert_moves_disk
                  : ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL;
}

/*-- verbs ------------------------------------------------------------------*/

static const char *const verb_names[] = {
    [SNAP_VERB_CREATE] = "take a snapshot",
    [SNAP_VERB_REVERT] = "revert to one",
    [SNAP_VERB_DELETE] = "delete one",
};
_Static_assert(sizeof(verb_names) / sizeof(verb_names[0]) == SNAP_VERB_NUM,
               "every verb has its words");

static bool storage_has_verb(const struct snap_verb *verb)
{
    return verb->prepare || verb->act || verb->action;
}

/* An overlay shows its base wherever the guest has not written: whoever
 * brings the base to another state ruins the disk of whoever is on it. */
static int storage_check_base(libxl_snapshot_ctx *sc,
                              const struct snap_disk_op *op)
{
    const char *how;

    if (op->verb != SNAP_VERB_REVERT || op->driver->revert_moves_disk
        || !op->is_frozen)
        return 0;
    how = op->driver->copy_out ? op->driver->copy_out(sc, op) : NULL;
    return snap_fail(sc, ERROR_INVAL, "disk %s: a revert overwrites %s, "
                     "which must not change because it is the base of an "
                     "external snapshot, and would ruin that%s%s", op->vdev,
                     op->at_stake ? op->at_stake : op->image,
                     how ? "; copy the state out with: " : "",
                     how ? how : "");
}

int snap_driver_check_verb(libxl_snapshot_ctx *sc,
                           const struct snap_disk_op *op)
{
    if (storage_has_verb(&op->driver->verbs[op->verb])) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: driver %s cannot %s",
                     op->vdev, op->driver->name, verb_names[op->verb]);
}

static int storage_check_reuse(libxl_snapshot_ctx *sc,
                               const struct snap_disk_op *op)
{
    if (!op->reuse || op->driver->reuses) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: driver %s takes no overlay "
                     "that is there already; leave out --reuse-external",
                     op->vdev, op->driver->name);
}

int snap_driver_check(libxl_snapshot_ctx *sc, const struct snap_disk_op *op)
{
    const struct snap_verb *verb = &op->driver->verbs[op->verb];
    int rc = snap_driver_check_verb(sc, op);

    if (!rc) rc = storage_check_base(sc, op);
    if (!rc) rc = storage_check_reuse(sc, op);
    return rc || !verb->check ? rc : verb->check(sc, op);
}

void snap_drivers_prepare(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                          const struct snap_disk_op *ops, int num)
{
    enum snap_phase phase;
    int i;

    for (phase = 0; phase < SNAP_PHASE_NUM; phase++)
        for (i = 0; i < num; i++) {
            const struct snap_verb *verb = &ops[i].driver->verbs[ops[i].verb];

            if (verb->prepare) verb->prepare(sc, plan, &ops[i], phase);
        }
}

const char *snap_driver_lacks(const struct snap_driver *driver)
{
    const struct snap_verb *create = &driver->verbs[SNAP_VERB_CREATE];
    const struct snap_verb *revert = &driver->verbs[SNAP_VERB_REVERT];
    bool external = driver->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL;

    if (!driver->name) return "name";
    if (!external && driver->mode != LIBXL_SNAPSHOT_MODE_INTERNAL)
        return "mode";
    if (!driver->refuse) return "refuse";
    if (!driver->look) return "look";
    if (!storage_has_verb(create)) return "create";
    if (!create->check) return "create.check";
    if (external && !create->finish)
        return "create.finish, to freeze the base";
    if (!storage_has_verb(revert)) return "revert";
    if (!revert->check) return "revert.check";
    if (driver->revert_moves_disk && !revert->prepare)
        return "revert.prepare, to make the new image";
    if (!driver->revert_moves_disk && !revert->act) return "revert.act";
    return NULL;
}
