/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_hook.h: hooks: programs of the administrator's that take disk
 * snapshots on storage we do not know; see xl-snapshot-hooks(7).
 */
#ifndef LIBXL_SNAP_HOOK_H
#define LIBXL_SNAP_HOOK_H

#include "libxl_snap_internal.h"

/*-- seam: hook, runs them --------------------------------------------------*/

#define SNAP_HOOK_PREFIX "hook/"

/* "zfs" of the driver "hook/zfs"; NULL if that (or NULL) names no hook. */
const char *snap_hook_name(const char *driver);
/* The path of hook @name, whether it is there or not. */
const char *snap_hook_path(libxl_snapshot_ctx *sc, const char *name);
/* Why the program @path must not be run; NULL: it may. */
const char *snap_hook_unsafe(libxl_snapshot_ctx *sc, const char *path);
/* The names of all hooks, sorted, safe or not. */
int snap_hook_list(libxl_snapshot_ctx *sc, const char ***names_r, int *num_r);

/* What a hook is told of a disk.  NULL: not known, or none. */
struct snap_hook_disk {
    const char *name;           /* of the snapshot */
    const char *vdev, *path, *format, *backend;
    bool running;
};

/* What is told of @disk, about snapshot @name (NULL: none). */
struct snap_hook_disk snap_hook_facts(const struct snap_disk *disk,
                                      const char *name);
/* The text of the request. */
const char *snap_hook_request(libxl_snapshot_ctx *sc, const char *verb,
                              const struct snap_hook_disk *disk);
/*
 * Ask the hook @path, which has a deadline.  *answer_r is a JSON object, to be
 * freed with yajl_tree_free().
 */
int snap_hook_ask(libxl_snapshot_ctx *sc, const char *path, const char *verb,
                  const char *request, yajl_val *answer_r);
/* Let it do something; it has to say that it is done. */
int snap_hook_act(libxl_snapshot_ctx *sc, const char *path, const char *verb,
                  const char *request);

/*-- facts: probe, what hooks and programs say ------------------------------*/

/* A hook that takes a disk. */
struct snap_hook {
    const char *name, *path;
    unsigned int can;           /* LIBXL_SNAPSHOT_CAN_* */
};

/* The hooks that an operation asks: found once, and one that fails is not
 * asked again.  Initialise with 0. */
struct snap_hooks {
    bool listed;
    int num;
    const char **names;
    const char **failed;        /* by name: how, or NULL */
};

/*
 * Ask the hook that @driver names, or if it is NULL and no other driver takes
 * @disk, all: fills in disk->hook or disk->no_hook.
 */
void snap_probe_disk(libxl_snapshot_ctx *sc, struct snap_hooks *hooks,
                     const char *driver, struct snap_disk *disk);
/*
 * Whether the hook @path has the snapshot that @disk names.  Fails if it could
 * not take it (it does not exist), or not revert to it (it does).
 */
int snap_probe_state(libxl_snapshot_ctx *sc, const char *path,
                     const struct snap_hook_disk *disk, bool *exists_r);
/* What hook @name says of itself.  *problem_r: why it is of no use, or NULL. */
void snap_probe_hook(libxl_snapshot_ctx *sc, const char *name,
                     unsigned int *can_r, const char **version_r,
                     const char **problem_r);
/* The version that "@program --version" prints first, NULL if it prints none.
 * *problem_r: as above. */
void snap_probe_program(libxl_snapshot_ctx *sc, const char *program,
                        const char **version_r, const char **problem_r);
/* The words of the array @list as LIBXL_SNAPSHOT_CAN_*. */
unsigned int snap_probe_can(yajl_val list);

/*-- facts: disk_info -------------------------------------------------------*/

/* What the disks of @dom are and what can be done with them, an element a disk,
 * to be freed with libxl_disk_snapshot_info_list_free(). */
libxl_disk_snapshot_info *snap_disk_info_list(libxl_snapshot_ctx *sc,
                                              struct snap_hooks *hooks,
                                              struct snap_domain *dom);

#endif /* LIBXL_SNAP_HOOK_H */
