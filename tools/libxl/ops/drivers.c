/* SPDX-License-Identifier: LGPL-2.1-only */
/* ops/drivers.c: lists the drivers for disk snapshots on this host. */
#include "ops/ops.h"

#include <stdlib.h>

static void drivers_add(libxl_snapshot_ctx *sc,
                        const struct snap_driver *driver,
                        libxl_snapshot_driver *d)
{
    const char *version = NULL, *problem = NULL;

    if (driver->program)
        snap_program_version(sc, driver->program, &version, &problem);
    d->name = snap_result_str(driver->name);
    d->mode = driver->mode;
    d->can = driver->can;
    d->program = snap_result_str(driver->program);
    d->version = snap_result_str(version);
    d->problem = snap_result_str(problem);
}

static void drivers_add_hook(libxl_snapshot_ctx *sc, const char *name,
                             libxl_snapshot_driver *d)
{
    const char *version, *problem;

    snap_hook_info(sc, name, &d->can, &version, &problem);
    d->name = snap_result_str(snap_sprintf(sc, SNAP_HOOK_PREFIX "%s", name));
    d->mode = snap_driver_hook.mode;
    d->program = snap_result_str(snap_hook_path(sc, name));
    d->version = snap_result_str(version);
    d->problem = snap_result_str(problem);
}

int libxl_snapshot_driver_list(libxl_snapshot_ctx *sc,
                               libxl_snapshot_driver **drivers_r,
                               int *num_r)
{
    const struct snap_driver *const *built_in;
    libxl_snapshot_driver *drivers;
    int num_built_in, num_hooks, num = 0, i, rc;
    const char **hooks;

    snap_ctx_begin(sc);
    built_in = snap_drivers(&num_built_in);
    rc = snap_hook_list(sc, &hooks, &num_hooks);
    if (rc) return rc;
    drivers = snap_result_array(num_built_in + num_hooks, sizeof(*drivers));
    for (i = 0; i < num_built_in; i++)
        if (built_in[i] != &snap_driver_hook)
            drivers_add(sc, built_in[i], &drivers[num++]);
    for (i = 0; i < num_hooks; i++)
        drivers_add_hook(sc, hooks[i], &drivers[num++]);
    *drivers_r = drivers;
    *num_r = num;
    return 0;
}

void libxl_snapshot_driver_list_free(libxl_snapshot_driver *drivers,
                                     int num)
{
    int i;

    for (i = 0; i < num; i++) {
        free(drivers[i].name);
        free(drivers[i].program);
        free(drivers[i].version);
        free(drivers[i].problem);
    }
    free(drivers);
}
