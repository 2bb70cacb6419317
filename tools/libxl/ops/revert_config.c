/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/revert_config.c: the config of the domain that a revert brings back:
 * from the memory image or an xl.cfg, checked, and with the disks that it
 * is to have.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

static int revert_gather_image_config(libxl_snapshot_ctx *sc,
                                      struct snap_revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    char *json;
    int rc;

    rc = snap_memory_image_check(sc, snap->memory_path, &json);
    if (rc) return rc;
    rc = snap_domain_config_from_json(
        sc, snap_sprintf(sc, "memory image %s", snap->memory_path), json,
        &r->config);
    if (rc) return rc;
    if (libxl_uuid_compare(&r->config.c_info.uuid, &snap->domain_uuid))
        return snap_fail(sc, ERROR_INVAL, "memory image %s: this is the "
                         "memory of domain %s, uuid " LIBXL_UUID_FMT ", "
                         "not of the snapshot's domain",
                         snap->memory_path, r->config.c_info.name,
                         LIBXL_UUID_BYTES(r->config.c_info.uuid));
    if (snap->domain_name
        && strcmp(r->config.c_info.name, snap->domain_name))
        return snap_fail(sc, ERROR_INVAL, "memory image %s: this is the "
                         "memory of domain %s, but the snapshot is of %s",
                         snap->memory_path, r->config.c_info.name,
                         snap->domain_name);
    return 0;
}

/*
 * Find out who can have written the xl.cfg to boot from.  That which the
 * snapshot has kept root alone may have; that which a person names is his
 * choice, as with xl create, and he may mend it before a recovery, but
 * nobody else may.
 */
static int revert_gather_writers(libxl_snapshot_ctx *sc,
                                 struct snap_revert *r)
{
    const char *kept = r->snap->domain_config_path;
    const char *path = r->params->domain_config_path, *doubt;
    bool is_kept;

    if (!path) return 0;
    is_kept = kept && snap_file_is_same(kept, path);
    doubt = snap_open_doubt(sc, path);
    if (is_kept && doubt)
        return snap_fail(sc, ERROR_INVAL, "%s: %s", path, doubt);
    r->config_is_trusted = !doubt;
    if (is_kept || doubt) r->config_state = snap_identity_file(sc, path);
    return 0;
}

/* Without memory: what the domain is to be booted with. */
static int revert_gather_boot_config(libxl_snapshot_ctx *sc,
                                     struct snap_revert *r)
{
    const libxl_domain_config *config = r->params->config;
    const char *name = r->snap->domain_name;
    int rc = revert_gather_writers(sc, r);

    if (rc) return rc;
    if (r->params->config_error)
        return snap_fail(sc, ERROR_INVAL, "%s", r->params->config_error);
    if (!config || !r->params->domain_config_path)
        return snap_fail(sc, ERROR_INVAL, "snapshot %s has no memory, so "
                         "a revert boots the domain from its xl.cfg; name "
                         "that with --domain-config", r->snap->name);
    libxl_domain_config_copy(sc->ctx, &r->config, config);
    if (!r->config.c_info.name
        || (name && strcmp(r->config.c_info.name, name)))
        return snap_fail(sc, ERROR_INVAL, "%s: this is the config of "
                         "domain %s, but the snapshot is of %s",
                         r->params->domain_config_path,
                         r->config.c_info.name ? r->config.c_info.name
                                               : "no name", name);
    return snap_domain_config_check(sc, r->params->domain_config_path,
                                    &r->config);
}

static int revert_check_disks_are_there(libxl_snapshot_ctx *sc,
                                        const struct snap_revert *r)
{
    int i;

    for (i = 0; i < r->num_ops; i++)
        if (!snap_config_disk(&r->config, r->ops[i].vdev))
            return snap_fail(sc, ERROR_INVAL, "disk %s: the domain's "
                             "config does not list it", r->ops[i].vdev);
    return 0;
}

/* No writable disk of the config may be without a disk snapshot: it would
 * meet the guest's old memory, or the other disks, with today's content. */
static int revert_check_left_out(libxl_snapshot_ctx *sc,
                                 struct snap_revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    struct snap_uncaptured uncaptured = { .num = 0 };
    int i, rc;

    for (i = 0; i < r->config.num_disks; i++) {
        const libxl_device_disk *disk = &r->config.disks[i];

        if (!disk->readwrite || disk->is_cdrom
            || snap_disk_snapshot(snap, disk->vdev))
            continue;
        rc = snap_refuse_left_out(sc, snap, disk->vdev,
                                  r->params->skip_unsupported);
        if (rc) return rc;
    }
    snap_uncaptured_of_config(sc, &r->config, &uncaptured);
    return snap_refuse_uncaptured(sc, &uncaptured,
                                  r->params->skip_unsupported);
}

int snap_revert_gather_config(libxl_snapshot_ctx *sc,
                              struct snap_revert *r)
{
    int rc = r->snap->memory_path ? revert_gather_image_config(sc, r)
                                  : revert_gather_boot_config(sc, r);

    if (!rc && !r->params->force)
        rc = snap_identity_check_memory(sc, r->snap);
    if (!rc) rc = revert_check_disks_are_there(sc, r);
    if (!rc) rc = revert_check_left_out(sc, r);
    if (rc) return rc;
    snap_boot_gather(sc, &r->config, r->snap, &r->boot);
    return snap_refuse_boot(sc, r->snap->memory_path
                            ? r->snap->memory_path
                            : r->params->domain_config_path, &r->boot);
}

/*-- the config that it is to have ----------------------------------------*/

static void revert_configure_disks(struct snap_revert *r)
{
    int i;

    for (i = 0; i < r->num_ops; i++) {
        const struct snap_disk_op *op = &r->ops[i];
        libxl_device_disk *disk = snap_config_disk(&r->config, op->vdev);

        if (op->driver->configure) {
            op->driver->configure(op, disk);
            continue;
        }
        free(disk->pdev_path);
        disk->pdev_path = snap_result_str(op->path ? op->path : op->image);
        disk->format = op->path ? LIBXL_DISK_FORMAT_QCOW2 : op->format;
        disk->backend = LIBXL_DISK_BACKEND_QDISK;
    }
}

/* The disks as a setting of an xl.cfg. */
static const char *revert_disk_setting(libxl_snapshot_ctx *sc,
                                       const libxl_domain_config *config)
{
    const char *text = "disk=[";
    char *spec;
    int i;

    for (i = 0; i < config->num_disks; i++) {
        spec = libxl_snapshot_disk_spec(&config->disks[i]);
        text = snap_sprintf(sc, "%s%s,", text, snap_config_quote(sc, spec));
        free(spec);
    }
    return snap_sprintf(sc, "%s]", text);
}

void snap_revert_configure(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    revert_configure_disks(r);
    r->disk_setting = revert_disk_setting(sc, &r->config);
}

/*
 * A guest that has a VM generation ID sees by a new one that it is not the
 * same machine any more: a directory server then takes no number twice.
 * libxl writes it into the guest's memory after a restore (4.17,
 * libxl__build_post); at a boot xl makes a new one by itself.
 */
static int revert_renew_genid(libxl_snapshot_ctx *sc,
                              libxl_domain_config *config)
{
    libxl_domain_build_info *b = &config->b_info;

    if (b->type != LIBXL_DOMAIN_TYPE_HVM
        || libxl_ms_vm_genid_is_zero(&b->u.hvm.ms_vm_genid)
        || !libxl_ms_vm_genid_generate(sc->ctx, &b->u.hvm.ms_vm_genid))
        return 0;
    return snap_fail(sc, ERROR_FAIL, "libxl cannot make a VM generation ID");
}

int snap_revert_gather_new_config(libxl_snapshot_ctx *sc,
                                  struct snap_revert *r)
{
    char *json;
    int rc;

    rc = revert_renew_genid(sc, &r->config);
    if (rc) return rc;
    snap_revert_configure(sc, r);
    json = libxl_domain_config_to_json(sc->ctx, &r->config);
    if (!json)
        return snap_fail(sc, ERROR_FAIL,
                         "libxl cannot write the new config as "
                         "JSON");
    r->config_json = snap_strdup(sc, json);
    free(json);
    return 0;
}
