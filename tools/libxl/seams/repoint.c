/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/repoint.c: the disks that xenstore and the stored config of a running
 * domain name.
 *
 * The path of a disk stands in three places, and QEMU's switch to an overlay
 * changes none of them:
 *   backend  .../params         read by "xl block-detach" and by QEMU
 *   /libxl/<domid>/device/vbd/<devid>/params   libxl's own copy of that
 *   userdata "libxl-json"       path and format, read by save, migrate and
 *                               reboot
 *
 * libxl.h says of "libxl-json" that applications should not touch it, and has
 * no call to change a disk's path but libxl_cdrom_insert().  We break that
 * rule here and nowhere else, the way libxl_cdrom_insert() does it (4.17,
 * libxl_disk.c:cdrom_insert_inserted): under "libxl-device-changes-lock".
 */
#include "seams/seams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#include "config.h"

#define XS_TRIES        10

/*-- xenstore ---------------------------------------------------------------*/

/* libxl's names, not QEMU's: raw is "aio"
 * (libxl__device_disk_string_of_format) */
static const char *repoint_params_prefix(libxl_disk_format format)
{
    return format == LIBXL_DISK_FORMAT_RAW
               ? "aio"
               : libxl_disk_format_to_string(format);
}

/* Write the params of one disk, if its path is still the old one, or the
 * new one already. */
static int repoint_write_params(libxl_snapshot_ctx *sc,
                                struct xs_handle *xs, xs_transaction_t t,
                                uint32_t domid,
                                const struct snap_repoint *r)
{
    const char *be = snap_sprintf(sc, "%s/params", r->be_path);
    const char *copy = snap_sprintf(sc, "/libxl/%u/device/vbd/%d/params",
                                    domid, r->devid);
    const char *params =
        snap_sprintf(sc, "%s:%s", repoint_params_prefix(r->format), r->to);
    unsigned int len;
    char *old, *colon;
    bool same;

    old = xs_read(xs, t, be, &len);
    colon = old ? strchr(old, ':') : NULL;
    same = colon && (!strcmp(colon + 1, r->from) || !strcmp(old, params));
    free(old);
    if (!same)
        return snap_fail(sc, ERROR_FAIL, "disk %s: xenstore %s does not name "
                         "%s any more", r->vdev, be, r->from);
    if (!xs_write(xs, t, be, params, strlen(params))
        || !xs_write(xs, t, copy, params, strlen(params)))
        return snap_fail(sc, ERROR_FAIL, "disk %s: cannot write xenstore %s: "
                         "%s", r->vdev, be, strerror(errno));
    return 0;
}

static int repoint_xenstore(libxl_snapshot_ctx *sc, uint32_t domid,
                            const struct snap_repoint *repoints, int num)
{
    struct xs_handle *xs = xs_open(0);
    xs_transaction_t t;
    int rc, i, tries;

    if (!xs)
        return snap_fail(sc, ERROR_FAIL, "cannot open xenstore: %s",
                         strerror(errno));
    for (tries = 0; tries < XS_TRIES; tries++) {
        t = xs_transaction_start(xs);
        for (i = rc = 0; i < num && !rc; i++)
            rc = repoint_write_params(sc, xs, t, domid, &repoints[i]);
        if (rc) {
            xs_transaction_end(xs, t, true);
            goto out;
        }
        if (xs_transaction_end(xs, t, false)) goto out;
        if (errno != EAGAIN) break;
    }
    rc = snap_fail(sc, ERROR_FAIL, "xenstore does not take the disks' new "
                   "paths: %s", strerror(errno));
 out:
    xs_close(xs);
    return rc;
}

/*-- stored config ----------------------------------------------------------*/

static int repoint_edit_config(libxl_snapshot_ctx *sc,
                               libxl_domain_config *config,
                               const struct snap_repoint *r)
{
    libxl_device_disk *disk = snap_config_disk(config, r->vdev);

    if (!disk)
        return snap_fail(sc, ERROR_FAIL,
                         "disk %s: not in the stored config any "
                         "more",
                         r->vdev);
    free(disk->pdev_path);
    disk->pdev_path = snap_result_str(r->to);
    disk->format = r->format;
    return 0;
}

static int repoint_config(libxl_snapshot_ctx *sc, uint32_t domid,
                          const struct snap_repoint *repoints, int num)
{
    libxl_domain_config config;
    uint8_t *data = NULL;
    char *json = NULL;
    int len, i, rc;

    libxl_domain_config_init(&config);
    rc = libxl_userdata_retrieve(sc->ctx, domid, "libxl-json", &data, &len);
    if (rc || !len) {
        rc = snap_fail(sc, ERROR_FAIL, "cannot read the stored config");
        goto out;
    }
    rc = libxl_domain_config_from_json(sc->ctx, &config, (char *)data);
    if (rc) {
        rc = snap_fail(sc, rc, "cannot parse the stored config");
        goto out;
    }
    for (i = 0; i < num; i++) {
        rc = repoint_edit_config(sc, &config, &repoints[i]);
        if (rc) goto out;
    }
    json = libxl_domain_config_to_json(sc->ctx, &config);
    if (!json) {
        rc = snap_fail(sc, ERROR_FAIL, "cannot generate the stored config");
        goto out;
    }
    rc = libxl_userdata_store(sc->ctx, domid, "libxl-json", (uint8_t *)json,
                              strlen(json) + 1);
    if (rc) rc = snap_fail(sc, rc, "cannot write the stored config");

 out:
    free(json);
    free(data);
    libxl_domain_config_dispose(&config);
    return rc;
}

int snap_repoint_disks(libxl_snapshot_ctx *sc, uint32_t domid,
                       const char *uuid_str,
                       const struct snap_repoint *repoints, int num)
{
    const char *path = snap_sprintf(sc, XEN_LIB_DIR "/userdata-l.%u.%s."
                                    "libxl-device-changes-lock", domid,
                                    uuid_str);
    int fd, rc;

    rc = snap_lock(sc, path, snap_wait_ms(sc, SNAP_WAIT_DEVICES_LOCK),
                   "libxl's device-changes lock", &fd);
    if (rc) return rc;
    rc = repoint_xenstore(sc, domid, repoints, num);
    if (!rc) rc = repoint_config(sc, domid, repoints, num);
    snap_lock_release(&fd, path);
    return rc;
}
