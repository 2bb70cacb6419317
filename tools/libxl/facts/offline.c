/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/offline.c: gathers the facts of a domain that does not run, from
 * its config and its images.
 */
#include "facts/refuse.h"

#include <string.h>
#include <unistd.h>
#include <libxl_utils.h>

/* While a domain reboots or has crashed there is none for some seconds, but
 * xl's monitor of it, which starts it again. */
int snap_offline_wait(libxl_snapshot_ctx *sc, const char *name,
                      const libxl_uuid *uuid)
{
    uint64_t deadline = snap_wait_until(sc, SNAP_WAIT_REBOOT);
    uint32_t domid;
    pid_t *pids;
    int num, rc;

    for (;;) {
        if (!libxl_name_to_domid(sc->ctx, name, &domid)) return 0;
        rc = snap_dom_find(sc, uuid, &domid);
        if (rc || domid != SNAP_NO_DOMAIN) return rc;
        rc = snap_monitor_find_named(sc, name, &pids, &num);
        if (rc || !num) return rc;
        if (snap_now_us() > deadline) break;
        usleep(100000);
    }
    return snap_fail(
        sc, ERROR_FAIL,
        "domain %s: there is no such domain, but xl's monitor of it, pid %d, "
        "which may be about to start it again. Try again when it runs or "
        "the monitor has ended; if the domain was renamed, give it its old "
        "name back first",
        name, (int)pids[0]);
}

int snap_offline_look_again(libxl_snapshot_ctx *sc, const char *name,
                            const libxl_uuid *uuid)
{
    uint32_t domid;
    int rc = 0;

    if (libxl_name_to_domid(sc->ctx, name, &domid))
        rc = snap_dom_find(sc, uuid, &domid);
    if (rc || domid == SNAP_NO_DOMAIN) return rc;
    return snap_fail(sc, ERROR_FAIL, "domain %s: somebody has started it "
                     "meanwhile, as domain %s (domid %u); try again when it "
                     "is off", name, snap_xenstore_domain_name(sc, domid),
                     domid);
}

static int offline_check_not_running(libxl_snapshot_ctx *sc,
                                     const struct snap_domain *dom)
{
    uint32_t domid;
    int rc;

    rc = snap_offline_wait(sc, dom->name, &dom->uuid);
    if (rc) return rc;
    if (!libxl_name_to_domid(sc->ctx, dom->name, &domid))
        return snap_fail(sc, ERROR_INVAL, "domain %s: it runs, as domain %u; "
                         "leave out its config", dom->name, domid);
    rc = snap_saved_refuse(sc, dom->name);
    if (rc || libxl_uuid_is_nil(&dom->uuid)) return rc;
    rc = snap_dom_find(sc, &dom->uuid, &domid);
    if (rc || domid == SNAP_NO_DOMAIN) return rc;
    return snap_fail(sc, ERROR_INVAL, "domain %s: domain %u has its uuid "
                     "and runs under another name; name that domain, or "
                     "shut it down first", dom->name, domid);
}

/* Fill in what QEMU would say of the disk, by the format that is
 * configured. */
static int offline_gather_disk(libxl_snapshot_ctx *sc,
                               struct snap_disk *disk)
{
    int rc;

    disk->backend = SNAP_BACKEND_OFFLINE;
    disk->node_driver = disk->tapdisk
                            ? "vpc"
                            : snap_imageinfo_format(disk->stored->format);
    disk->node_file = disk->path;
    if (!disk->is_data_disk || disk->driver_domain
        || !disk->path || disk->path[0] != '/'
        || (disk->stored->script && !disk->tapdisk))
        return 0;
    if (disk->lv && disk->stored->format == LIBXL_DISK_FORMAT_RAW
        && !disk->tapdisk) {
        disk->chain.virtual_size = disk->lv->size;    /* the volume may be
                                                       * inactive */
        return 0;
    }
    rc = snap_disk_look_vhd(sc, disk);
    if (rc) return rc;
    if (disk->vhd == SNAP_VHD_BAD) return 0;
    return snap_image_look(sc, disk->path, disk->node_driver,
                           &disk->chain);
}

int snap_offline_gather(libxl_snapshot_ctx *sc,
                        const libxl_domain_config *config,
                        struct snap_domain *dom)
{
    int rc, i;

    libxl_domain_config_copy(sc->ctx, &dom->config, config);
    dom->name = dom->config.c_info.name;
    dom->uuid = dom->config.c_info.uuid;
    dom->type = dom->config.c_info.type;
    rc = snap_domain_config_check(sc, "xl.cfg", &dom->config);
    if (rc) return rc;
    rc = offline_check_not_running(sc, dom);
    if (rc) return rc;
    snap_domain_gather_disks(sc, dom);
    rc = snap_domain_gather_volumes(sc, dom);
    if (rc) return rc;
    for (i = 0; i < dom->num_disks; i++) {
        rc = offline_gather_disk(sc, &dom->disks[i]);
        if (rc) return rc;
    }
    return 0;
}
