/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/domain.c: reads the facts of a domain: its state, its stored
 * config, its disks in xenstore.  Changes nothing.
 */
#include "facts/refuse.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

void snap_domain_init(struct snap_domain *dom)
{
    memset(dom, 0, sizeof(*dom));
    dom->domid = SNAP_NO_DOMAIN;
    libxl_domain_config_init(&dom->config);
}

void snap_domain_dispose(struct snap_domain *dom)
{
    libxl_domain_config_dispose(&dom->config);
    snap_domain_init(dom);
}

const struct snap_disk *snap_domain_disk(const struct snap_domain *dom,
                                         const char *vdev)
{
    int i;

    for (i = 0; i < dom->num_disks; i++)
        if (!strcmp(dom->disks[i].vdev, vdev))
            return &dom->disks[i];
    return NULL;
}

/*-- the domain -------------------------------------------------------------*/

/* The request that stands in control/shutdown and that the guest has not
 * answered; NULL: none.  The guest can write there, too: what is no request
 * (4.17, libxl_domain.c; Linux, drivers/xen/manage.c) is none. */
static const char *domain_request(libxl_snapshot_ctx *sc, uint32_t domid)
{
    static const char *const requests[] = {
        "poweroff", "reboot", "halt", "suspend",
    };
    const char *said = snap_xenstore_read(sc, snap_sprintf(
        sc, "/local/domain/%u/control/shutdown", domid));
    size_t i;

    for (i = 0; said && i < sizeof(requests) / sizeof(requests[0]); i++)
        if (!strcmp(said, requests[i])) return requests[i];
    return NULL;
}

static int domain_gather_state(libxl_snapshot_ctx *sc,
                               struct snap_domain *dom)
{
    libxl_dominfo info;
    int rc;

    libxl_dominfo_init(&info);
    rc = snap_dom_info(sc, dom->domid, &info);
    if (rc) goto out;
    dom->uuid = info.uuid;
    dom->uuid_str = snap_sprintf(sc, LIBXL_UUID_FMT,
                                 LIBXL_UUID_BYTES(info.uuid));
    dom->type = info.domain_type;
    dom->paused = info.paused;
    dom->shutdown = info.shutdown;
    dom->shutdown_reason = info.shutdown_reason;
    dom->dying = info.dying;
    dom->memory_kb = info.current_memkb;
    dom->asked_to = domain_request(sc, dom->domid);
 out:
    libxl_dominfo_dispose(&info);
    return rc;
}

static int domain_gather_config(libxl_snapshot_ctx *sc,
                                struct snap_domain *dom)
{
    const libxl_domain_build_info *b = &dom->config.b_info;
    uint8_t *data = NULL;
    int rc, len;

    rc = snap_domain_config_retrieve(sc, dom->domid, &dom->config);
    if (rc) return rc;
    dom->name = dom->config.c_info.name;
    /* libxl_defbool_val() aborts on a default */
    dom->dm_restricted = !libxl_defbool_is_default(b->dm_restrict)
        && libxl_defbool_val(b->dm_restrict);
    dom->stubdom = libxl_get_stubdom_id(sc->ctx, dom->domid) != 0;

    /* "xl config-update" leaves this, and it overrides the stored config
     * when the domain reboots (4.17, xl_vmcontrol.c:reload_domain_config) */
    rc = libxl_userdata_retrieve(sc->ctx, dom->domid, "xl", &data, &len);
    dom->config_update = !rc && len > 0;
    free(data);
    return 0;
}

/*-- disks in xenstore ------------------------------------------------------*/

static enum snap_backend domain_backend_of_path(const char *path)
{
    if (strstr(path, "/backend/qdisk/")) return SNAP_BACKEND_QDISK;
    if (strstr(path, "/backend/vbd/")) return SNAP_BACKEND_PHY;
    return SNAP_BACKEND_OTHER;
}

static bool domain_xs_is_one(libxl_snapshot_ctx *sc, const char *dir,
                             const char *key)
{
    const char *value =
        snap_xenstore_read(sc, snap_sprintf(sc, "%s/%s", dir, key));

    return value && !strcmp(value, "1");
}

static void domain_gather_backend(libxl_snapshot_ctx *sc,
                                  struct snap_domain *dom,
                                  struct snap_disk *disk)
{
    libxl_diskinfo info;

    libxl_diskinfo_init(&info);
    if (libxl_device_disk_getinfo(sc->ctx, dom->domid, disk->stored,
                                  &info)) {
        /* 4.17 leaves a pointer to the backend's name, which it has freed */
        libxl_diskinfo_init(&info);
    } else if (info.backend) {
        disk->devid = info.devid;
        disk->be_path = snap_strdup(sc, info.backend);
        disk->backend = domain_backend_of_path(info.backend);
        disk->discard = domain_xs_is_one(sc, info.backend, "discard-enable");
        disk->backend_domid = info.backend_id;
        if (info.state == 4 /* XenbusStateConnected */)
            dom->pv_drivers = true;
    }
    libxl_diskinfo_dispose(&info);
}

/* The file of a vhd that tapdisk serves: "vhd:/FILE" (4.17, block-tap). */
static const char *domain_tapdisk_file(const libxl_device_disk *stored)
{
    const char *script = stored->script, *path = stored->pdev_path, *slash;

    if (!script || !path || strncmp(path, "vhd:/", 5)) return NULL;
    slash = strrchr(script, '/');
    return strcmp(slash ? slash + 1 : script, "block-tap") ? NULL : path + 4;
}

/* The driver domain that serves the disk; NULL if that is domain 0, which
 * xl also takes as "0". */
static const char *domain_driver_domain(const libxl_device_disk *stored)
{
    const char *name = stored->backend_domname;

    return name && *name && strcmp(name, "0") && strcmp(name, "Domain-0")
        ? name : NULL;
}

/* Fill in the disks as far as the config tells. */
void snap_domain_gather_disks(libxl_snapshot_ctx *sc,
                              struct snap_domain *dom)
{
    int i;

    dom->num_disks = dom->config.num_disks;
    dom->disks = snap_zalloc(sc, dom->num_disks * sizeof(*dom->disks));
    for (i = 0; i < dom->num_disks; i++) {
        const libxl_device_disk *stored = &dom->config.disks[i];
        const char *vhd = domain_tapdisk_file(stored);

        dom->disks[i] = (struct snap_disk){
            .stored = stored,
            .vdev = stored->vdev,
            .path = vhd ? vhd : stored->pdev_path,
            .tapdisk = vhd != NULL,
            .driver_domain = domain_driver_domain(stored),
            .is_data_disk = stored->readwrite && !stored->is_cdrom,
        };
    }
}

bool snap_domain_gather_config(libxl_snapshot_ctx *sc,
                               struct snap_domain *dom)
{
    if (snap_domain_config_retrieve(sc, dom->domid, &dom->config)) {
        snap_take_error(sc);
        return false;
    }
    snap_domain_gather_disks(sc, dom);
    return true;
}

int snap_domain_gather_volumes(libxl_snapshot_ctx *sc,
                               struct snap_domain *dom)
{
    int i, rc;

    for (i = 0; i < dom->num_disks; i++) {
        rc = snap_lv_gather(sc, dom->disks[i].path, &dom->disks[i].lv);
        if (rc) return rc;
    }
    return 0;
}

/*-- all of it --------------------------------------------------------------*/

int snap_domain_gather(libxl_snapshot_ctx *sc, uint32_t domid,
                       struct snap_domain *dom)
{
    int rc, i;

    dom->domid = domid;
    rc = domain_gather_state(sc, dom);
    if (!rc) rc = snap_dom_saver(sc, dom->domid, false, &dom->saver);
    if (rc) return rc;
    /* a dying domain has no config, and one that is shut down no QEMU */
    rc = snap_refuse_not_alive(sc, dom);
    if (rc) return rc;
    rc = domain_gather_config(sc, dom);
    if (rc) return rc;
    snap_domain_gather_disks(sc, dom);
    for (i = 0; i < dom->num_disks; i++) {
        domain_gather_backend(sc, dom, &dom->disks[i]);
        rc = snap_disk_look_vhd(sc, &dom->disks[i]);
        if (rc) return rc;
    }
    rc = snap_domain_gather_volumes(sc, dom);
    if (rc) return rc;
    rc = snap_monitor_find(sc, dom->name, &dom->monitors,
                           &dom->num_monitors);
    if (rc) return rc;
    if (dom->stubdom) return 0;     /* its QEMU is out of our reach */
    return snap_domain_gather_qemu(sc, dom);
}

/*-- another domain's disks ------------------------------------------------*/

/* Set *is_r: the image @path is @parent, or has it in its chain. */
static int domain_is_on(libxl_snapshot_ctx *sc, const char *path,
                        const char *format, const char *parent, bool *is_r)
{
    struct snap_chain chain;
    int rc;

    *is_r = path && !strcmp(path, parent);
    if (*is_r || !path || path[0] != '/' || !format) return 0;
    rc = snap_lv_is_related(sc, path, parent, is_r);
    if (rc || *is_r) return rc;
    rc = snap_image_look(sc, path, format, &chain);
    if (rc) return rc;
    *is_r = snap_chain_find(&chain, parent) != NULL;
    return 0;
}

/* Set *is_r: the image @path and that of the snapshot @ds stand on one of
 * @bases.  An image that cannot be looked at stands on none. */
static void domain_shares_base(libxl_snapshot_ctx *sc, const char *path,
                               const char *format,
                               const libxl_disk_snapshot *ds,
                               char *const *bases, int num, bool *is_r)
{
    const char *parent_format = snap_imageinfo_format(ds->parent.format);
    struct snap_chain ours, theirs;
    int i;

    if (!num || !path || path[0] != '/' || !format || !parent_format) return;
    if (snap_image_look(sc, path, format, &theirs)
        || snap_image_look(sc, ds->parent.pdev_path, parent_format, &ours)) {
        snap_take_error(sc);
        return;
    }
    for (i = 0; i < num && !*is_r; i++)
        *is_r = snap_chain_find(&ours, bases[i])
            && snap_chain_find(&theirs, bases[i]);
}

int snap_domain_is_on(libxl_snapshot_ctx *sc, uint32_t domid,
                      const libxl_disk_snapshot *ds, char *const *bases,
                      int num_bases, bool *is_r)
{
    const libxl_device_disk *disk;
    libxl_domain_config config;
    const char *format;
    int rc;

    *is_r = false;
    libxl_domain_config_init(&config);
    rc = snap_domain_config_retrieve(sc, domid, &config);
    if (rc) goto out;
    disk = snap_config_disk(&config, ds->vdev);
    if (!disk || !ds->parent.pdev_path) goto out;
    format = snap_imageinfo_format(disk->format);
    rc = domain_is_on(sc, disk->pdev_path, format, ds->parent.pdev_path,
                      is_r);
    if (!rc && !*is_r)
        domain_shares_base(sc, disk->pdev_path, format, ds, bases, num_bases,
                           is_r);
 out:
    libxl_domain_config_dispose(&config);
    return rc;
}
