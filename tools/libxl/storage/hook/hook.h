/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/hook/hook.h: storage that a program of the administrator's
 * knows; see xl-snapshot-hooks(7).
 */
#ifndef SNAP_HOOK_H
#define SNAP_HOOK_H

#include "storage/disk/disk.h"

/* The facts of a disk that a hook is told.  NULL: not known, or none. */
struct snap_hook_disk {
    const char *name;           /* of the snapshot */
    const char *vdev, *path, *format, *backend;
    bool running;
    uint64_t created;           /* when the snapshot was begun, in seconds
                                 * since the epoch; 0: unknown */
};

/* The text of the request @verb. */
const char *snap_hook_request(libxl_snapshot_ctx *sc, const char *verb,
                              const struct snap_hook_disk *disk);

/* The facts to tell of @disk, about snapshot @name (or NULL); and of the
 * disk of @op, whose snapshot is to be taken, or reverted to. */
struct snap_hook_disk snap_hook_facts(const struct snap_disk *disk,
                                      const char *name);
struct snap_hook_disk snap_hook_create_facts(
    const struct snap_disk_op *op);
struct snap_hook_disk snap_hook_revert_facts(
    const struct snap_disk_op *op);

/* Ask the hook @name if it takes @disk.  Returns NULL if it does, with
 * disk->hook set; else the reason.  *failed_r is set if the hook itself
 * failed. */
const char *snap_hook_probe(libxl_snapshot_ctx *sc, const char *name,
                            struct snap_disk *disk, const char **failed_r);
/*
 * Set *exists_r: the hook @path has the snapshot that @disk names.  Fails
 * if the hook says that it cannot take the snapshot (@is_new), which does
 * not exist, or cannot revert to it.
 */
int snap_hook_state(libxl_snapshot_ctx *sc, const char *path,
                    const struct snap_hook_disk *disk, bool is_new,
                    bool *exists_r);
/* Fail if the hook @path has the snapshot that @request is to take. */
int snap_hook_check_new(libxl_snapshot_ctx *sc, const char *path,
                        const char *request);
/* Ask the hook @name about itself.  *problem_r: why it is of no use, or
 * NULL. */
void snap_hook_info(libxl_snapshot_ctx *sc, const char *name,
                    unsigned int *can_r, const char **version_r,
                    const char **problem_r);
/* The words of the array @list as LIBXL_SNAPSHOT_CAN_*. */
unsigned int snap_hook_can(yajl_val list);

/* Driver slot `look'. */
int snap_hook_look(libxl_snapshot_ctx *sc, struct snap_disk_op *op);

extern const struct snap_driver snap_driver_hook;

#endif /* SNAP_HOOK_H */
