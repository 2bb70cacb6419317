/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/revert_look.c: what a revert knows and checks before it destroys
 * anything; a verification ends here.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

static const char *revert_new_path(const struct snap_revert *r,
                                   const char *vdev)
{
    int i;

    for (i = 0; i < r->params->num_disks; i++)
        if (!strcmp(r->params->disks[i].vdev, vdev))
            return r->params->disks[i].path;
    return NULL;
}

/*-- gather -----------------------------------------------------------------*/

static int revert_gather_op(libxl_snapshot_ctx *sc,
                            const struct snap_revert *r,
                            const libxl_disk_snapshot *ds,
                            struct snap_disk_op *op)
{
    int rc;

    *op = (struct snap_disk_op){
        .verb = SNAP_VERB_REVERT, .vdev = ds->vdev, .ds = ds,
        .name = r->snap->name, .image = ds->parent.pdev_path,
        .format = ds->parent.format,
        .creation_time = r->snap->creation_time,
    };
    rc = snap_driver_of(sc, ds, &op->driver);
    if (rc || !op->driver->revert_moves_disk) return rc;
    op->path = revert_new_path(r, ds->vdev);
    if (op->path) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: no path for its new image",
                     ds->vdev);
}

static int revert_gather_ops(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    int i, rc;

    r->ops = snap_zalloc(sc, snap->num_disks * sizeof(*r->ops));
    for (i = 0; i < snap->num_disks; i++) {
        rc = revert_gather_op(sc, r, &snap->disks[i],
                              &r->ops[r->num_ops++]);
        if (rc) return rc;
    }
    return 0;
}

/* A domain with 256 disks has some 5,000. */
#define IMAGE_CONFIG_VALUES_MAX 16384

/* libxl's reader (4.17) takes minutes for JSON that nests deep or has many
 * values (libxl__ptr_add() looks for a free place from the first one on
 * each time), so our own, which limits the depth, goes first. */
static int revert_read_image_config(libxl_snapshot_ctx *sc,
                                    struct snap_revert *r, const char *json)
{
    yajl_val tree = snap_json_parse(json);
    bool few = tree && snap_json_count(tree) <= IMAGE_CONFIG_VALUES_MAX;

    yajl_tree_free(tree);
    if (!few) return ERROR_INVAL;
    return libxl_domain_config_from_json(sc->ctx, &r->config, json);
}

static int revert_gather_image_config(libxl_snapshot_ctx *sc,
                                      struct snap_revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    off_t stream;
    char *json;
    int rc;

    rc = snap_memory_image_check(sc, snap->memory_path, &json, &stream);
    if (rc) return rc;
    rc = revert_read_image_config(sc, r, json);
    if (rc || !r->config.c_info.name)
        return snap_fail(sc, ERROR_INVAL, "memory image %s: libxl cannot read "
                         "the config in it", snap->memory_path);
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

/* Without memory: what the domain is to be booted with. */
static int revert_gather_boot_config(libxl_snapshot_ctx *sc,
                                     struct snap_revert *r)
{
    const libxl_domain_config *config = r->params->config;
    const char *name = r->snap->domain_name;

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
    return 0;
}

static int revert_check_disks_are_known(libxl_snapshot_ctx *sc,
                                        const struct snap_revert *r)
{
    const libxl_domain_config *config = &r->config;
    const libxl_device_disk *disk;
    int i;

    if (config->num_disks > LIBXL_SNAPSHOT_MAX_DISKS)
        return snap_fail(sc, ERROR_INVAL, "the domain's config has %d "
                         "disks; no domain has more than %d",
                         config->num_disks, LIBXL_SNAPSHOT_MAX_DISKS);
    for (i = 0; i < config->num_disks; i++) {
        disk = &config->disks[i];
        if (!disk->vdev)
            return snap_fail(sc, ERROR_INVAL, "the domain's config has a "
                             "disk (%s) that has no virtual device",
                             disk->pdev_path ? disk->pdev_path
                                             : "no image");
        if (snap_config_disk(config, disk->vdev) != disk)
            return snap_fail(sc, ERROR_INVAL, "the domain's config lists "
                             "disk %s twice", disk->vdev);
    }
    return 0;
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

static int revert_gather_new_config(libxl_snapshot_ctx *sc,
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

/* Set *is_r: the running domain @domid has one of the snapshot's disks.  A
 * snapshot without disks tells nothing. */
static int revert_is_on_disks(libxl_snapshot_ctx *sc,
                              const struct snap_revert *r, uint32_t domid,
                              bool *is_r)
{
    int i, rc;

    *is_r = false;
    for (i = 0; i < r->num_ops && !*is_r; i++) {
        const libxl_disk_snapshot *ds = r->ops[i].ds;

        rc = snap_domain_is_on(sc, domid, ds->vdev, ds->parent.pdev_path,
                               is_r);
        if (rc) return rc;
    }
    return 0;
}

/* The domain @domid has the snapshot's name.  It is the snapshot's if it
 * has the uuid, too; or one of the disks, while no domain has the uuid:
 * then it was started from an xl.cfg without one. */
static int revert_take_named(libxl_snapshot_ctx *sc, struct snap_revert *r,
                             const char *name, uint32_t domid)
{
    const libxl_uuid *wanted = &r->snap->domain_uuid;
    bool is_it = false;
    uint32_t other;
    libxl_uuid uuid;
    int rc;

    rc = snap_dom_uuid(sc, domid, &uuid);
    if (rc) return rc;
    r->dom.domid = domid;
    rc = snap_dom_find_other(sc, wanted, domid, &other);
    if (rc) return rc;
    if (!libxl_uuid_compare(&uuid, wanted)) {
        if (r->report || other == SNAP_NO_DOMAIN) return 0;
        return snap_fail(sc, ERROR_INVAL, "domain %s: domain %s (domid %u) "
                         "has the same uuid; it must be shut down, and get "
                         "a uuid of its own", name,
                         snap_xenstore_domain_name(sc, other), other);
    }
    if (other == SNAP_NO_DOMAIN)
        rc = revert_is_on_disks(sc, r, domid, &is_it);
    if (rc || is_it) return rc;
    return snap_fail(sc, ERROR_INVAL, "domain %s: domain %u has "
                     "this name but is another domain (neither "
                     "its uuid nor its disks are the snapshot's); "
                     "rename it first", name, domid);
}

/*
 * The domain @domid has the snapshot's uuid, under another name: it has
 * been renamed, or is a copy whose xl.cfg has kept the uuid, which must not
 * be destroyed in its stead.  It is the snapshot's if the caller names it,
 * and it has one of the disks.
 */
static int revert_take_renamed(libxl_snapshot_ctx *sc,
                               struct snap_revert *r, const char *name,
                               uint32_t domid)
{
    const char *now = snap_xenstore_domain_name(sc, domid);
    bool is_it = !r->num_ops;
    int rc = is_it ? 0 : revert_is_on_disks(sc, r, domid, &is_it);

    if (rc) return rc;
    r->dom.domid = domid;
    if (!is_it)
        return snap_fail(sc, ERROR_INVAL, "domain %s: domain %s (domid %u) "
                         "has its uuid, but none of the snapshot's disks; "
                         "if it is a copy, shut it down and give it a uuid "
                         "of its own; if it is the domain, renamed, rename "
                         "it back: xl rename %s %s", name, now, domid,
                         snap_operand(sc, now), snap_operand(sc, name));
    if (r->report || r->params->domid == domid) return 0;
    return snap_fail(sc, ERROR_INVAL, "domain %s: domain %s (domid %u) has "
                     "its uuid; if that is the domain, renamed, name it: xl "
                     "snapshot-revert %s ...; if it is a copy, shut it down "
                     "and give it a uuid of its own", name, now, domid,
                     snap_operand(sc, now));
}

/* Find the running domain, if there is one. */
static int revert_find_domain(libxl_snapshot_ctx *sc,
                              struct snap_revert *r, const char *name)
{
    uint32_t domid;
    int rc;

    if (name && !r->report) {
        rc = snap_offline_wait(sc, name, &r->snap->domain_uuid);
        if (rc) return rc;
    }
    if (name && !libxl_name_to_domid(sc->ctx, name, &domid))
        return revert_take_named(sc, r, name, domid);
    rc = snap_dom_find(sc, &r->snap->domain_uuid, &domid);
    if (rc || domid == SNAP_NO_DOMAIN) return rc;
    return revert_take_renamed(sc, r, name, domid);
}

/* The running domain: only what the revert needs of it, since one whose
 * QEMU has died must be revertible too.  A verification looks for it
 * without its config, too: its own use of its disks is no fault. */
static int revert_gather_domain(libxl_snapshot_ctx *sc,
                                struct snap_revert *r)
{
    const char *name = r->config.c_info.name ? r->config.c_info.name
                                             : r->snap->domain_name;
    int rc = revert_find_domain(sc, r, name);

    if (rc) return rc;
    if (r->dom.domid == SNAP_NO_DOMAIN)
        return name && !r->report ? snap_saved_refuse(sc, name) : 0;
    r->dom.qemu_pid = snap_xenstore_qemu_pid(sc, r->dom.domid);
    rc = snap_dom_uuid_str(sc, r->dom.domid, &r->dom.uuid_str);
    if (rc || r->report) return rc;
    r->dom.name = snap_xenstore_domain_name(sc, r->dom.domid);
    rc = snap_dom_saver(sc, r->dom.domid, false, &r->dom.saver);
    if (!rc) rc = snap_refuse_saver(sc, r->dom.name, r->dom.saver);
    if (rc) return rc;
    return snap_monitor_find(sc, r->dom.name, &r->dom.monitors,
                             &r->dom.num_monitors);
}

/*-- check ------------------------------------------------------------------*/

/* A base may be read by other domains' overlays, an image with a tag in it
 * by nobody: applying the tag rewrites it. */
static int revert_check_users(libxl_snapshot_ctx *sc,
                              const struct snap_revert *r)
{
    struct snap_layers layers = { 0 };
    int i, rc;

    for (i = 0; i < r->num_ops; i++)
        snap_layers_add(sc, &layers, r->ops[i].vdev, r->ops[i].at_stake,
                        &r->ops[i].chain,
                        r->ops[i].driver->revert_moves_disk);
    rc = snap_layers_find_users(sc, &layers, r->dom.qemu_pid,
                                r->dom.domid);
    return rc ? rc : snap_refuse_used(sc, &layers);
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

/* Looks may take long, and run programs: only when nothing else is amiss. */
static int revert_look_at_disk(libxl_snapshot_ctx *sc,
                               const struct snap_revert *r,
                               struct snap_disk_op *op)
{
    int rc;

    op->running = r->dom.domid != SNAP_NO_DOMAIN;
    rc = op->driver->look(sc, op);
    if (!rc) rc = snap_driver_check(sc, op);
    if (rc || r->params->force) return rc;
    return snap_identity_check_disk(sc, op);
}

/*-- gather and check: the same for a revert and a verification -------------*/

/* @what was looked at, with the result @rc.  Whether to go on: a revert
 * ends at the first failure, a verification tells them all. */
static bool revert_looked_at(libxl_snapshot_ctx *sc, struct snap_revert *r,
                             const char *what, const char *path, int rc)
{
    if (rc && !r->rc) r->rc = rc;
    if (!r->report) return !rc;
    snap_verification_add(r->report, what, path,
                          rc ? snap_take_error(sc) : NULL);
    return true;
}

static int revert_gather_config(libxl_snapshot_ctx *sc,
                                struct snap_revert *r)
{
    int rc = r->snap->memory_path ? revert_gather_image_config(sc, r)
                                  : revert_gather_boot_config(sc, r);

    if (!rc && !r->params->force)
        rc = snap_identity_check_memory(sc, r->snap);
    if (!rc) rc = revert_check_disks_are_known(sc, r);
    if (!rc) rc = revert_check_disks_are_there(sc, r);
    if (!rc) rc = revert_check_left_out(sc, r);
    if (rc) return rc;
    snap_boot_gather(sc, &r->config, r->snap, &r->boot);
    return snap_refuse_boot(sc, r->snap->memory_path
                            ? r->snap->memory_path
                            : r->params->domain_config_path, &r->boot);
}

/* A verification while another domain has the memory is no fault of the
 * snapshot. */
static int revert_check_room(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    int rc;

    if (r->report) return 0;
    r->boot.need_kb = snap_dom_need_kb(sc, &r->config);
    rc = snap_dom_free_kb(sc, r->dom.domid, &r->boot.free_kb);
    return rc ? rc : snap_refuse_no_room(sc, &r->boot);
}

int snap_revert_look(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    bool has_memory = snap->memory_path != NULL, all_there = true;
    int i, rc;

    rc = snap_refuse_snapshot(sc, snap);
    if (!rc) rc = revert_gather_ops(sc, r);
    if (!revert_looked_at(sc, r, "snapshot config", NULL, rc) || rc)
        return r->rc;

    rc = revert_gather_config(sc, r);
    if (!revert_looked_at(sc, r, has_memory ? "memory image" : "domain config",
                          has_memory ? snap->memory_path
                                     : r->params->domain_config_path, rc))
        return r->rc;
    rc = revert_gather_domain(sc, r);
    if (!rc) rc = revert_check_room(sc, r);
    if (!revert_looked_at(sc, r, "domain", NULL, rc)) return r->rc;
    for (i = 0; i < r->num_ops; i++) {
        struct snap_disk_op *op = &r->ops[i];

        rc = revert_look_at_disk(sc, r, op);
        if (!revert_looked_at(sc, r, snap_sprintf(sc, "disk %s", op->vdev),
                              op->image, rc))
            return r->rc;
        if (rc) all_there = false;
    }
    if (!all_there) return r->rc;
    revert_looked_at(sc, r, "users", NULL, revert_check_users(sc, r));
    if (!r->rc && !r->report) r->rc = revert_gather_new_config(sc, r);
    return r->rc;
}
