/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/create_gather.c: gathers the facts for a create: the domain, its
 * disks and their drivers, the users of the images, the places for files.
 * Also describes the snapshot that is going to be taken.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>

/*-- disks ------------------------------------------------------------------*/

/* Choose the driver that the caller wants, or the first that can. */
static int gather_driver(libxl_snapshot_ctx *sc, struct snap_hooks *hooks,
                         const libxl_disk_snapshot_params *want,
                         struct snap_disk *disk, struct snap_disk_op *op)
{
    const char *why;

    if (want->driver) {
        op->driver = snap_driver_named(want->driver);
        if (!op->driver || op->driver->mode != want->mode)
            return snap_fail(sc, ERROR_INVAL, "disk %s: there is no driver "
                             "'%s' for %s snapshots; see xl snapshot-drivers",
                             want->vdev, want->driver,
                             libxl_snapshot_mode_to_string(want->mode));
        snap_choice_ask_hook(sc, hooks, want->driver, disk);
        why = op->driver->refuse(sc, disk);
    } else {
        snap_choice_make(sc, hooks, disk);
        op->driver = snap_choice_of(disk, want->mode)->driver;
        why = snap_choice_of(disk, want->mode)->why;
    }
    if (!why) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s (%s): no %s snapshot: %s",
                     disk->vdev, disk->path ? disk->path : "empty",
                     libxl_snapshot_mode_to_string(want->mode), why);
}

/* Let the caller choose the disks, if it has to see them first. */
static int gather_choice(libxl_snapshot_ctx *sc, struct snap_create *c,
                         struct snap_hooks *hooks)
{
    libxl_domain_snapshot_params *p = c->params;
    libxl_disk_snapshot_info *info;
    char *why;
    int rc = 0;

    if (!p->choose_disks || p->num_disks) return 0;
    info = snap_disks_list(sc, hooks, &c->dom);
    why = p->choose_disks(p->choose_user, info, c->dom.num_disks, p);
    if (why) rc = snap_fail(sc, ERROR_INVAL, "%s", why);
    free(why);
    libxl_disk_snapshot_info_list_free(info, c->dom.num_disks);
    return rc;
}

/* An image on which another operation has stopped half-way says nothing that
 * a look could be trusted with; and to look takes long. */
static int gather_journals(libxl_snapshot_ctx *sc,
                           const struct snap_create *c)
{
    struct snap_journal_images images = { 0 };
    const struct snap_disk *disk;
    int i;

    for (i = 0; i < c->params->num_disks; i++) {
        disk = snap_domain_disk(&c->dom, c->params->disks[i].vdev);
        if (disk) snap_journal_images_add(sc, &images, disk->path, false);
    }
    return snap_journal_refuse_images(sc, c->dom.name, &images);
}

static int gather_ops(libxl_snapshot_ctx *sc, struct snap_create *c,
                      struct snap_hooks *hooks)
{
    const libxl_disk_snapshot_params *want;
    struct snap_disk_op *op;
    int i, rc;

    c->num_ops = c->params->num_disks;
    c->ops = snap_zalloc(sc, c->num_ops * sizeof(*c->ops));
    for (i = 0; i < c->num_ops; i++) {
        want = &c->params->disks[i];
        op = &c->ops[i];
        op->verb = SNAP_VERB_CREATE;
        op->vdev = want->vdev;
        op->name = c->params->name;
        op->creation_time = c->params->creation_time;
        op->path = want->path;
        op->disk = snap_domain_disk(&c->dom, want->vdev);
        if (!op->disk)
            return snap_fail(sc, ERROR_INVAL, "disk %s: domain %s has no such "
                             "disk; see xl block-list", want->vdev,
                             c->dom.name);
        if (!op->disk->is_data_disk)
            return snap_fail(sc, ERROR_INVAL, "disk %s: no snapshots are "
                             "taken of read-only disks and CD-ROMs; leave "
                             "it out",
                             want->vdev);
        rc = gather_driver(sc, hooks, want,
                           &c->dom.disks[op->disk - c->dom.disks], op);
        if (rc) return rc;
        op->image = op->disk->path;
        op->format = op->disk->stored->format;
        op->node = snap_domain_new_node(sc, &c->dom, want->vdev);
        op->reuse = want->reuse;
        if (op->reuse) op->reused_state = snap_identity_file(sc, op->path);
        snap_disk_look_place(sc, op);
        snap_disk_look_layers(sc, op, &op->disk->chain);
        rc = op->driver->look(sc, op);
        if (rc) return rc;
    }
    for (i = 0; i < c->dom.num_disks && c->params->skip_unsupported; i++)
        if (snap_create_leaves_out(c, &c->dom.disks[i]))
            snap_choice_make(sc, hooks, &c->dom.disks[i]);
    return snap_lv_choose_areas(sc, c->ops, c->num_ops,
                                c->params->lvm_size);
}

/* Who serves the disk to the running domain, if that can be asked for what
 * it has open.  A hotplug script may make another device of the path. */
static const char *gather_server(libxl_snapshot_ctx *sc,
                                 const struct snap_domain *dom,
                                 const struct snap_disk *disk)
{
    if (disk->node && dom->qemu_pid)
        return snap_sprintf(sc, "QEMU (see ls -l /proc/%d/fd)",
                            (int)dom->qemu_pid);
    if (disk->backend == SNAP_BACKEND_PHY && !disk->stored->script
        && snap_xenstore_read(sc, snap_sprintf(sc, "%s/physical-device",
                                               disk->be_path)))
        return "blkback";
    return NULL;
}

/* What the domain has open tells which file is meant: whoever can write to
 * its folder could have shown us another one when we looked. */
static int gather_check_identity(libxl_snapshot_ctx *sc,
                                 const struct snap_create *c)
{
    int i, k;

    for (i = 0; i < c->num_ops; i++)
        for (k = 0; k < c->layers.num; k++) {
            const struct snap_file_use *file = &c->layers.files[k];
            const struct snap_disk_op *op = &c->ops[i];

            if (!file->server || !op->identity || !op->image
                || strcmp(file->path, op->image)
                || snap_file_is_identity_of(sc, op->identity, file->inode))
                continue;
            return snap_fail(sc, ERROR_INVAL, "disk %s: %s was another file "
                             "a moment ago: somebody changes what is at its "
                             "path; end that first", op->vdev, op->image);
        }
    return 0;
}

/* Find out who uses an overlay that the user has made: not even the QEMU of
 * the domain may. */
static int gather_users_of_reused(libxl_snapshot_ctx *sc,
                                  struct snap_create *c)
{
    const struct snap_chain unknown = { 0 };
    int i;

    for (i = 0; i < c->num_ops; i++)
        if (c->ops[i].reuse && c->ops[i].target.exists)
            snap_layers_add(sc, &c->reused, c->ops[i].vdev, c->ops[i].path,
                            &unknown, false);
    return snap_layers_find_users(sc, &c->reused, 0, SNAP_NO_DOMAIN);
}

/* Gather the layers of all disks, and find out who uses them. */
static int gather_users(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    int i, k, num = 0, rc = gather_users_of_reused(sc, c);

    if (rc) return rc;
    c->images = snap_zalloc(sc, (2 * c->num_ops + 1) * sizeof(*c->images));
    for (i = 0; i < c->num_ops; i++) {
        const struct snap_disk *disk = c->ops[i].disk;

        k = c->layers.num;
        snap_layers_add(sc, &c->layers, c->ops[i].vdev, disk->path,
                        &disk->chain, false);
        for (; k < c->layers.num; k++)
            c->layers.files[k].server = gather_server(sc, &c->dom, disk);
        if (disk->path) c->images[num++] = disk->path;
        if (c->ops[i].reuse) c->images[num++] = c->ops[i].path;
    }
    if (c->dom.devices)
        c->devices = snap_devices_add_images(sc, c->dom.devices,
                                             c->images);
    rc = snap_layers_find_users(sc, &c->layers, c->dom.qemu_pid,
                                c->dom.domid);
    return rc ? rc : gather_check_identity(sc, c);
}

/*-- memory -----------------------------------------------------------------*/

/* Find out if this Xen can copy the memory of the domain while it runs:
 * Debian's (4.17) is built without shadow paging, which a PV domain needs
 * for that. */
static int gather_can_live(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    libxl_physinfo phys;
    int rc;

    libxl_physinfo_init(&phys);
    rc = libxl_get_physinfo(sc->ctx, &phys);
    c->can_live = c->dom.type == LIBXL_DOMAIN_TYPE_PV
        ? phys.cap_shadow : phys.cap_hap || phys.cap_shadow;
    libxl_physinfo_dispose(&phys);
    if (!rc) return 0;
    return snap_fail(sc, rc, "libxl cannot tell what this Xen can do: %s",
                     libxl_error_to_string(rc));
}

/*
 * Make the config for the memory image: the stored one, with paths that
 * never exist.  So a stock "xl restore" without a config fails, and does
 * not run the guest on disks that have changed since.  The backend is left
 * open because only then does libxl look for the file (4.17,
 * libxl__device_disk_set_backend).
 */
static int gather_image_config(libxl_snapshot_ctx *sc,
                               struct snap_create *c)
{
    libxl_domain_config config;
    char *json;
    int i, rc;

    libxl_domain_config_init(&config);
    libxl_domain_config_copy(sc->ctx, &config, &c->dom.config);
    config.c_info.domid = INVALID_DOMID;
    for (i = 0; i < c->num_ops; i++) {
        libxl_device_disk *disk = &config.disks[c->ops[i].disk
                                                - c->dom.disks];
        char *path = snap_sprintf(sc, "%s.use-xl-snapshot-revert",
                                  disk->pdev_path);

        free(disk->pdev_path);
        disk->pdev_path = snap_result_str(path);
        disk->backend = LIBXL_DISK_BACKEND_UNKNOWN;
    }
    json = libxl_domain_config_to_json(sc->ctx, &config);
    rc = json ? 0 : snap_fail(sc, ERROR_FAIL, "domain %s: libxl cannot write "
                              "its config as JSON", c->dom.name);
    c->image_config = snap_strdup(sc, json);
    free(json);
    libxl_domain_config_dispose(&config);
    return rc;
}

/*-- files ------------------------------------------------------------------*/

/* Add a file of the snapshot; @content is NULL for the memory image, which
 * the save fills. */
static void gather_file(libxl_snapshot_ctx *sc, struct snap_create *c,
                        const char *what, const char *path,
                        const char *content)
{
    struct snap_create_file *file = &c->files[c->num_files];

    if (!path) return;
    c->num_files++;
    *file = (struct snap_create_file){
        .what = what, .path = path, .content = content,
        .partial = snap_sprintf(sc, "%s.partial", path),
    };
    snap_target_look(sc, path, c->params->directory, &file->target);
    snap_target_look(sc, file->partial, c->params->directory,
                     &file->partial_target);
}

/* The folder and those above it that are missing, topmost first. */
static void gather_missing(libxl_snapshot_ctx *sc, struct snap_create *c,
                           const char *dir)
{
    if (snap_file_exists(dir)) return;
    gather_missing(sc, c, snap_file_dirname(sc, dir));
    c->missing =
        snap_grow(sc, c->missing, c->num_missing * sizeof(*c->missing),
                  (c->num_missing + 1) * sizeof(*c->missing));
    c->missing[c->num_missing++] = dir;
}

/* A domain that is booted from its xl.cfg gets the devices of that. */
static void gather_uncaptured(libxl_snapshot_ctx *sc, struct snap_create *c)
{
    snap_uncaptured_of_config(sc, &c->dom.config, &c->uncaptured);
    if (c->params->boot_config)
        snap_uncaptured_of_config(sc, c->params->boot_config,
                                  &c->uncaptured);
    snap_uncaptured_of_qemu(sc, &c->dom, &c->uncaptured);
}

/*-- the snapshot -----------------------------------------------------------*/

static void gather_result_disk(libxl_snapshot_ctx *sc,
                               const struct snap_disk_op *op,
                               libxl_disk_snapshot *ds)
{
    libxl_device_disk_init(&ds->parent);
    libxl_device_disk_init(&ds->child);
    ds->vdev = snap_result_str(op->disk->vdev);
    ds->mode = op->driver->mode;
    ds->driver = snap_result_str(op->driver->name);
    if (op->driver->describe) {
        op->driver->describe(sc, op, ds);
        return;
    }
    snap_device_disk_set(&ds->parent, ds->vdev, op->disk->path,
                         op->disk->stored->format);
    if (ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL)
        snap_device_disk_repoint(sc, &ds->child, op->disk->stored,
                                 op->path, LIBXL_DISK_FORMAT_QCOW2);
}

/* How the disks fit to each other where no memory goes with them. */
static const char *gather_consistency(const struct snap_create *c)
{
    if (c->params->memory_path) return NULL;
    if (c->dom.domid == SNAP_NO_DOMAIN) return "off";
    return c->params->quiesce ? "clean" : "crash";
}

static void gather_result(libxl_snapshot_ctx *sc,
                          const struct snap_create *c,
                          libxl_domain_snapshot *snap)
{
    const libxl_version_info *xen = libxl_get_version_info(sc->ctx);
    int i;

    snap->name = snap_result_str(c->params->name);
    snap->description = snap_result_str(c->params->description);
    snap->domain_name = snap_result_str(c->dom.name);
    snap->domain_uuid = c->dom.uuid;
    snap->domain_type = c->dom.type;
    snap->creation_time = c->params->creation_time;
    libxl_defbool_set(&snap->memory, c->params->memory_path != NULL);
    snap->memory_path = snap_result_str(c->params->memory_path);
    snap->consistency = snap_result_str(gather_consistency(c));
    snap->domain_config_path =
        snap_result_str(c->params->domain_config_path);
    snap->qemu_version = snap_result_str(c->dom.qemu_version);
    if (xen)
        snap->xen_version = snap_result_str(snap_sprintf(
            sc, "%d.%d%s", xen->xen_version_major, xen->xen_version_minor,
            xen->xen_version_extra));
    snap->disks = snap_result_array(c->num_ops, sizeof(*snap->disks));
    for (i = 0; i < c->num_ops; i++)
        gather_result_disk(sc, &c->ops[i],
                           &snap->disks[snap->num_disks++]);
    for (i = 0; i < c->dom.num_disks; i++)
        if (snap_create_skips(c, &c->dom.disks[i]))
            snap_skipped_add(snap, c->dom.disks[i].vdev);
    for (i = 0; i < c->uncaptured.num; i++)
        snap_skipped_add(snap, c->uncaptured.names[i]);
}

static const char *gather_config_text(libxl_snapshot_ctx *sc,
                                      const libxl_domain_snapshot *snap)
{
    char *text = libxl_domain_snapshot_config_text(sc, snap);
    const char *kept = snap_strdup(sc, text);

    free(text);
    return kept;
}

static void gather_files(libxl_snapshot_ctx *sc, struct snap_create *c,
                         const libxl_domain_snapshot *snap)
{
    const libxl_domain_snapshot_params *p = c->params;

    gather_file(sc, c, "memory image", p->memory_path, NULL);
    gather_file(sc, c, "domain config", p->domain_config_path,
                p->domain_config_text);
    gather_file(sc, c, "snapshot config", p->config_path,
                gather_config_text(sc, snap));
    if (p->directory) gather_missing(sc, c, p->directory);
}

int snap_create_gather(libxl_snapshot_ctx *sc, uint32_t domid,
                       struct snap_create *c, libxl_domain_snapshot *snap)
{
    const libxl_domain_snapshot_params *p = c->params;
    struct snap_hooks hooks = { .num = 0 };
    int rc;

    rc = snap_name_check(sc, p->name);
    if (rc) return rc;
    rc = p->config ? snap_offline_gather(sc, p->config, &c->dom)
                   : snap_domain_gather(sc, domid, &c->dom);
    if (rc) return rc;
    /* before hooks are asked about its disks */
    if (!p->config) rc = snap_refuse_domain(sc, &c->dom);
    if (rc) return rc;
    rc = gather_choice(sc, c, &hooks);
    if (!rc) rc = gather_journals(sc, c);
    if (rc) return rc;
    rc = gather_ops(sc, c, &hooks);
    if (rc) return rc;
    rc = gather_users(sc, c);
    if (rc) return rc;
    if (p->memory_path) {
        rc = gather_image_config(sc, c);
        if (!rc && p->live) rc = gather_can_live(sc, c);
        if (rc) return rc;
    }
    if (p->quiesce_command)
        c->quiesce_unsafe = snap_program_unsafe(sc, p->quiesce_command);
    gather_uncaptured(sc, c);
    gather_result(sc, c, snap);
    gather_files(sc, c, snap);
    if (p->boot_config) snap_boot_gather(sc, p->boot_config, snap, &c->boot);
    return 0;
}
