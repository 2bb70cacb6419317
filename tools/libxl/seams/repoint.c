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
 * libxl_disk.c:cdrom_insert_inserted): under "libxl-device-changes-lock", and
 * inside of that under "domain-userdata-lock".  A block-attach or
 * network-attach holds the latter alone while it reads the stored config,
 * adds its device and writes it back.
 */
#include "seams/domain.h"
#include "seams/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xenstore.h>

#include "config.h"

#define XS_TRIES        10
#define STORED_MAX      (1 << 20)

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

/* The path of a file that libxl keeps for a domain; @wh: 'd' data, 'n' new
 * data, 'l' a lock (4.17, libxl_dom.c:libxl__userdata_path). */
static const char *repoint_userdata(libxl_snapshot_ctx *sc, char wh,
                                    uint32_t domid, const char *uuid_str,
                                    const char *name)
{
    return snap_sprintf(sc, XEN_LIB_DIR "/userdata-%c.%u.%s.%s", wh, domid,
                        uuid_str, name);
}

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
    /* without one xl would give a raw file to blkback (4.17) */
    if (r->backend) disk->backend = r->backend;
    return 0;
}

/* Write the file as libxl does (4.17, libxl_dom.c:libxl__userdata_store):
 * with a zero at its end, beside the old one, and then in its place. */
static int repoint_store(libxl_snapshot_ctx *sc, const char *path,
                         const char *fresh, const char *json)
{
    int fd = snap_open(sc, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
    int r = fd < 0 ? -1 : snap_file_write_all(fd, json, strlen(json) + 1);

    if (fd >= 0 && close(fd)) r = -1;
    if (!r) r = rename(fresh, path);
    return r ? snap_fail(sc, ERROR_FAIL, "cannot write the stored config, "
                         "%s: %s", path, snap_open_why()) : 0;
}

/* Change the stored config.  libxl_userdata_retrieve() and _store() each
 * take the lock that we hold (4.17, libxl_dom.c), so that between the two
 * somebody else could write it; hence by its file. */
static int repoint_config(libxl_snapshot_ctx *sc, uint32_t domid,
                          const char *uuid_str,
                          const struct snap_repoint *repoints, int num)
{
    const char *path = repoint_userdata(sc, 'd', domid, uuid_str,
                                        "libxl-json");
    libxl_domain_config config;
    char *old, *json = NULL;
    int i, rc;

    libxl_domain_config_init(&config);
    rc = snap_file_read_written(sc, path, STORED_MAX, &old, NULL, NULL);
    if (rc) goto out;
    rc = snap_domain_config_from_json(sc, path, old, &config);
    if (rc) goto out;
    for (i = 0; i < num; i++) {
        rc = repoint_edit_config(sc, &config, &repoints[i]);
        if (rc) goto out;
    }
    json = libxl_domain_config_to_json(sc->ctx, &config);
    if (!json) {
        rc = snap_fail(sc, ERROR_FAIL, "cannot generate the stored config");
        goto out;
    }
    rc = repoint_store(sc, path, repoint_userdata(sc, 'n', domid, uuid_str,
                                                  "libxl-json"), json);
 out:
    free(json);
    libxl_domain_config_dispose(&config);
    return rc;
}

static int repoint_lock(libxl_snapshot_ctx *sc, const char *path,
                        const char *what, int *fd_r)
{
    return snap_lock(sc, path, snap_wait_ms(sc, SNAP_WAIT_DEVICES_LOCK), what,
                     fd_r);
}

int snap_repoint_disks(libxl_snapshot_ctx *sc, uint32_t domid,
                       const char *uuid_str,
                       const struct snap_repoint *repoints, int num)
{
    const char *devices = repoint_userdata(sc, 'l', domid, uuid_str,
                                           "libxl-device-changes-lock");
    const char *userdata = repoint_userdata(sc, 'l', domid, uuid_str,
                                            "domain-userdata-lock");
    int devices_fd = -1, userdata_fd = -1, rc;

    rc = repoint_lock(sc, devices, "libxl's device-changes lock",
                      &devices_fd);
    if (rc) goto out;
    rc = repoint_lock(sc, userdata, "libxl's lock of the stored config",
                      &userdata_fd);
    if (rc) goto out;
    rc = repoint_xenstore(sc, domid, repoints, num);
    if (!rc) rc = repoint_config(sc, domid, uuid_str, repoints, num);
 out:
    snap_lock_release(&userdata_fd, userdata);
    snap_lock_release(&devices_fd, devices);
    return rc;
}
