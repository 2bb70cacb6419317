/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/disks.c: describes the disks of a domain and the snapshots that can
 * be taken of them.  Changes nothing.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>

static void disks_fill_info(const struct snap_disk *disk,
                            libxl_disk_snapshot_info *info)
{
    const struct snap_choice *internal =
        snap_choice_of(disk, LIBXL_SNAPSHOT_MODE_INTERNAL);
    const struct snap_choice *external =
        snap_choice_of(disk, LIBXL_SNAPSHOT_MODE_EXTERNAL);
    int i;

    info->vdev = snap_result_str(disk->vdev);
    info->path = snap_result_str(disk->path);
    info->format = disk->stored->format;
    info->is_data_disk = disk->is_data_disk;
    info->why_no_internal = snap_result_str(internal->why);
    info->why_no_external = snap_result_str(external->why);
    info->overlay = external->driver && external->driver->overlay_format
        ? external->driver->overlay_format : LIBXL_DISK_FORMAT_QCOW2;
    info->unsupported = snap_disk_unsupported(disk);
    info->layers =
        snap_result_array(disk->chain.num_layers, sizeof(*info->layers));
    for (i = 0; i < disk->chain.num_layers; i++)
        snap_result_layer(&disk->chain.layers[i],
                          &info->layers[info->num_layers++]);
}

libxl_disk_snapshot_info *snap_disks_list(libxl_snapshot_ctx *sc,
                                          struct snap_hooks *hooks,
                                          struct snap_domain *dom)
{
    libxl_disk_snapshot_info *info =
        snap_result_array(dom->num_disks, sizeof(*info));
    int i;

    for (i = 0; i < dom->num_disks; i++) {
        snap_choice_make(sc, hooks, &dom->disks[i]);
        disks_fill_info(&dom->disks[i], &info[i]);
    }
    return info;
}

/* Refuse a suspended domain, which is in the middle of an operation, or of
 * one that was cut off. */
static int disks_refuse_suspended(libxl_snapshot_ctx *sc, uint32_t domid,
                                  int rc)
{
    const char *uuid_str;
    int fd = -1;

    if (domid == SNAP_NO_DOMAIN || !snap_dom_is_suspended(sc, domid)
        || snap_dom_uuid_str(sc, domid, &uuid_str)
        || !snap_journal_refuse(sc, NULL, uuid_str))
        return rc;
    if (snap_lock_domain(sc, uuid_str, &fd)) return ERROR_LOCK_FAIL;
    rc = snap_journal_refuse(sc, NULL, uuid_str);
    snap_lock_release(&fd, NULL);
    return rc;
}

int libxl_disk_snapshot_info_list(libxl_snapshot_ctx *sc, uint32_t domid,
                                  const libxl_domain_config *config,
                                  libxl_disk_snapshot_info **info_r,
                                  int *num_r)
{
    struct snap_hooks hooks = { .num = 0 };
    struct snap_domain dom;
    int rc;

    snap_ctx_begin(sc);
    snap_domain_init(&dom);
    rc = config ? snap_offline_gather(sc, config, &dom)
                : snap_domain_gather(sc, domid, &dom);
    if (rc) rc = disks_refuse_suspended(sc, domid, rc);
    if (rc) goto out;

    *info_r = snap_disks_list(sc, &hooks, &dom);
    *num_r = dom.num_disks;
 out:
    snap_domain_dispose(&dom);
    return rc;
}

bool libxl_snapshot_is_base(libxl_snapshot_ctx *sc, const char *path,
                            const char *base, const char *state)
{
    snap_ctx_begin(sc);
    return snap_identity_is_base(sc, path, base, state);
}

bool libxl_snapshot_has_state(libxl_snapshot_ctx *sc, const char *path,
                              const char *state)
{
    snap_ctx_begin(sc);
    return snap_identity_is_state(sc, path, state);
}

bool libxl_snapshot_path_is_taken(libxl_snapshot_ctx *sc, const char *path)
{
    const struct snap_lv *lv;

    snap_ctx_begin(sc);
    if (snap_file_exists(path)) return true;
    /* where lvs fails, the operation will say so */
    return !snap_lv_gather(sc, path, &lv) && lv;
}

int snap_target_gather(libxl_snapshot_ctx *sc, uint32_t domid,
                       const libxl_domain_config *config, const char *vdev,
                       struct snap_domain *dom,
                       const struct snap_disk **disk_r)
{
    int rc = config ? snap_offline_gather(sc, config, dom)
                    : snap_domain_gather(sc, domid, dom);

    if (!rc && !config) rc = snap_refuse_domain(sc, dom);
    if (rc) return rc;
    *disk_r = snap_domain_disk(dom, vdev);
    if (*disk_r) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: domain %s has no such disk",
                     vdev, dom->name);
}
