/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/hooks.c: chooses the driver of a disk.  Hooks are asked if no
 * other driver takes it; a hook that fails is left out, and its error is
 * added to the other reasons.
 */
#include "facts/images.h"

#include <string.h>

static void hooks_list(libxl_snapshot_ctx *sc, struct snap_hooks *hooks)
{
    if (hooks->listed) return;
    hooks->listed = true;
    if (snap_hook_list(sc, &hooks->names, &hooks->num))
        snap_log(sc, XTL_WARN, "%s", snap_take_error(sc));
    hooks->failed = snap_zalloc(sc, hooks->num * sizeof(*hooks->failed));
}

/* Ask the hook @only, or all hooks if that is NULL. */
static void hooks_ask(libxl_snapshot_ctx *sc, struct snap_hooks *hooks,
                      const char *only, struct snap_disk *disk)
{
    const char *why, *all = NULL;
    int i;

    hooks_list(sc, hooks);
    disk->hook = NULL;          /* it may be of another hook */
    for (i = 0; i < hooks->num; i++) {
        if (only && strcmp(only, hooks->names[i])) continue;
        why = hooks->failed[i] ? hooks->failed[i]
                               : snap_hook_probe(sc, hooks->names[i], disk,
                                                 &hooks->failed[i]);
        if (!why) return;
        all = all ? snap_sprintf(sc, "%s; %s", all, why) : why;
    }
    if (only && !all)
        all = snap_sprintf(sc, "there is no hook %s",
                           snap_hook_path(sc, only));
    disk->no_hook = all;
}

void snap_choice_ask_hook(libxl_snapshot_ctx *sc, struct snap_hooks *hooks,
                          const char *driver, struct snap_disk *disk)
{
    const char *name = snap_hook_name(driver);

    if (name) hooks_ask(sc, hooks, name, disk);
}

/* Choose the drivers of @disk by the facts so far; true if there is one. */
static bool hooks_choose(libxl_snapshot_ctx *sc, struct snap_disk *disk)
{
    struct snap_choice *choices = disk->choices;

    choices[LIBXL_SNAPSHOT_MODE_INTERNAL] =
        snap_driver_choose(sc, disk, LIBXL_SNAPSHOT_MODE_INTERNAL);
    choices[LIBXL_SNAPSHOT_MODE_EXTERNAL] =
        snap_driver_choose(sc, disk, LIBXL_SNAPSHOT_MODE_EXTERNAL);
    return choices[LIBXL_SNAPSHOT_MODE_INTERNAL].driver
        || choices[LIBXL_SNAPSHOT_MODE_EXTERNAL].driver;
}

void snap_choice_make(libxl_snapshot_ctx *sc, struct snap_hooks *hooks,
                      struct snap_disk *disk)
{
    if (disk->chosen) return;
    disk->chosen = true;
    if (hooks_choose(sc, disk) || !disk->is_data_disk) return;
    hooks_ask(sc, hooks, NULL, disk);
    hooks_choose(sc, disk);
}
