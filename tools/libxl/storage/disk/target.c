/* SPDX-License-Identifier: LGPL-2.1-only */
/* storage/disk/target.c: checks the place for a new image.  Pure. */
#include "storage/disk/disk.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* True if no file system takes a name in @path. */
static bool target_is_too_long(const char *path)
{
    size_t len = 0;

    if (strlen(path) >= PATH_MAX) return true;
    for (; *path && len <= NAME_MAX; path++)
        len = *path == '/' ? 0 : len + 1;
    return len > NAME_MAX;
}

static int target_check_path(libxl_snapshot_ctx *sc, const char *what,
                             const char *path)
{
    if (path[0] != '/')
        return snap_fail(sc, ERROR_INVAL, "%s %s: not an absolute path", what,
                         path);
    if (strchr(path, '\n'))
        return snap_fail(sc, ERROR_INVAL, "%s %s: a path with a newline in it "
                         "cannot stand in a snapshot config", what, path);
    if (target_is_too_long(path))
        return snap_fail(sc, ERROR_INVAL, "%s %s: a name in this path is "
                         "longer than files may have (%d bytes); choose a "
                         "shorter one", what, path, NAME_MAX);
    return 0;
}

static int target_check_space(libxl_snapshot_ctx *sc, const char *what,
                              const struct snap_target *target,
                              uint64_t bytes)
{
    if (target->rc) return snap_fail(sc, target->rc, "%s", target->error);
    if (target->space >= bytes) return 0;
    return snap_fail(sc, ERROR_INVAL, "%s %s: needs %" PRIu64 " MiB, the file "
                     "system has %" PRIu64 " MiB free; make room or choose "
                     "another place", what, target->path, (bytes >> 20) + 1,
                     target->space >> 20);
}

int snap_target_check(libxl_snapshot_ctx *sc, const char *what,
                      const struct snap_target *target, uint64_t bytes)
{
    int rc = target_check_path(sc, what, target->path);

    if (rc) return rc;
    if (target->exists)
        return snap_fail(sc, ERROR_INVAL, "%s %s: exists already; choose "
                         "another name for the snapshot", what,
                         target->path);
    return target_check_space(sc, what, target, bytes);
}

/* QEMU 7.2 reads the path from xenstore up to the first white space
 * (xen_block_backend: "%ms"), so the domain would run until its next
 * start. */
bool snap_target_has_blank(const char *path)
{
    return path[strcspn(path, " \t\v\f\r")];
}

static int target_check_blank(libxl_snapshot_ctx *sc, const char *path)
{
    if (!snap_target_has_blank(path)) return 0;
    return snap_fail(sc, ERROR_INVAL, "overlay %s: QEMU cannot start a domain "
                     "from a path with white space; choose another", path);
}

int snap_target_check_overlay(libxl_snapshot_ctx *sc,
                              const struct snap_target *target)
{
    int rc = target_check_blank(sc, target->path);

    return rc ? rc
              : snap_target_check(sc, "overlay", target, SNAP_OVERLAY_BYTES);
}

int snap_target_check_reused(libxl_snapshot_ctx *sc,
                             const struct snap_target *target)
{
    int rc = target_check_blank(sc, target->path);

    if (!rc) rc = target_check_path(sc, "overlay", target->path);
    if (rc) return rc;
    if (!target->exists)
        return snap_fail(sc, ERROR_INVAL, "overlay %s: there is no such image "
                         "to be reused; leave out --reuse-external and it is "
                         "made", target->path);
    return target_check_space(sc, "overlay", target, SNAP_OVERLAY_BYTES);
}
