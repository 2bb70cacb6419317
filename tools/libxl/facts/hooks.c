/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/hooks.c: which hook takes a disk.  A hook that fails is left out, and
 * how it failed stands beside the other reasons.
 */
#include "facts/facts.h"

#include <string.h>

static void list_once(libxl_snapshot_ctx *sc, struct snap_hooks *hooks)
{
    if (hooks->listed) return;
    hooks->listed = true;
    if (snap_hook_list(sc, &hooks->names, &hooks->num))
        snap_log(sc, XTL_WARN, "%s", snap_take_error(sc));
    hooks->failed = snap_zalloc(sc, hooks->num * sizeof(*hooks->failed));
}

static void ask_all(libxl_snapshot_ctx *sc, struct snap_hooks *hooks,
                    const char *only, struct snap_disk *disk)
{
    const char *why, *all = NULL;
    int i;

    list_once(sc, hooks);
    disk->hook = NULL;          /* it may be another one's */
    for (i = 0; i < hooks->num; i++) {
        if (only && strcmp(only, hooks->names[i])) continue;
        why = hooks->failed[i] ? hooks->failed[i]
            : snap_hook_probe(sc, hooks->names[i], disk, &hooks->failed[i]);
        if (!why) return;
        all = all ? snap_sprintf(sc, "%s; %s", all, why) : why;
    }
    if (only && !all)
        all = snap_sprintf(sc, "there is no hook %s", snap_hook_path(sc, only));
    disk->no_hook = all;
}

void snap_probe_disk(libxl_snapshot_ctx *sc, struct snap_hooks *hooks,
                     const char *driver, struct snap_disk *disk)
{
    const char *only = snap_hook_name(driver), *why;

    if (driver && !only) return;
    if (!driver && disk->no_hook) return;
    if (!driver && (snap_driver_choose(sc, disk, LIBXL_SNAPSHOT_MODE_INTERNAL,
                                       &why)
                    || snap_driver_choose(sc, disk,
                                          LIBXL_SNAPSHOT_MODE_EXTERNAL, &why)))
        return;
    ask_all(sc, hooks, only, disk);
}
