/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * config/lists.c: the types of keys that have a list of strings: how each
 * is read, written and freed.  All are about the disks of the snapshot,
 * which `disks' names: its row goes before the others.
 */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libxlutil.h>

/* Call @add, which puts a string into @snap, for each string of the list. */
static int list_read(struct snap_config_file *file,
                     const struct snap_key *key,
                     libxl_domain_snapshot *snap,
                     int (*add)(struct snap_config_file *file,
                                const struct snap_key *key,
                                libxl_domain_snapshot *snap,
                                const char *item))
{
    XLU_ConfigList *list;
    const char *item;
    int num, i, r, rc;

    r = xlu_cfg_get_list(file->cfg, key->name, &list, &num, 0);
    if (r == ESRCH) return 0;
    if (r)
        return snap_config_refuse(file, "`%s' must be a list (%s)",
                                  key->name, snap_config_complaint(file));
    if (num > LIBXL_SNAPSHOT_MAX_DISKS)
        return snap_config_refuse(file, "`%s' has %d items; no domain has "
                                  "more than %d disks", key->name, num,
                                  LIBXL_SNAPSHOT_MAX_DISKS);
    for (i = 0; i < num; i++) {
        item = xlu_cfg_get_listitem(list, i);
        if (!item)
            return snap_config_refuse(file, "an item of `%s' is not a "
                                      "string", key->name);
        rc = add(file, key, snap, item);
        if (rc) return rc;
    }
    return 0;
}

/* Write the list; items that are NULL are left out. */
static void list_write(libxl_snapshot_ctx *sc, FILE *f,
                       const struct snap_key *key,
                       const char *const *items, int num)
{
    bool any = false;
    int i;

    for (i = 0; i < num; i++)
        if (items[i]) any = true;
    if (!any && key->flags & SNAP_KEY_IF_ANY) return;
    fprintf(f, "%s%s = [\n", key->comment, key->name);
    for (i = 0; i < num; i++)
        if (items[i])
            fprintf(f, "    %s,\n", snap_config_quote(sc, items[i]));
    fputs("]\n", f);
}

/* An array with place for an item for each disk. */
static const char **list_items(libxl_snapshot_ctx *sc,
                               const libxl_domain_snapshot *snap)
{
    return snap_zalloc(sc, (snap->num_disks + 1) * sizeof(const char *));
}

/*-- images: the disks, and what each goes on with ----------------------*/

/* @disk must be disposed of whatever the result. */
static int list_parse(struct snap_config_file *file, const char *spec,
                      libxl_device_disk *disk)
{
    libxl_device_disk_init(disk);
    if (!libxl_snapshot_disk_parse(file->cfg, file->report, file->path,
                                   spec, disk))
        return 0;
    return snap_config_refuse(file, "disk '%.256s': %s", spec,
                              snap_config_complaint(file));
}

static bool list_has_target(const libxl_device_disk *disk)
{
    return disk->pdev_path && *disk->pdev_path;
}

/* An empty target is internal.  libxlutil 4.17 gives ",,hdb" the path ""
 * and the format raw, so the path tells, never the format. */
static void list_new_image(libxl_domain_snapshot *snap,
                           const libxl_device_disk *disk)
{
    libxl_disk_snapshot *ds;

    snap->disks = realloc(snap->disks,
                          (snap->num_disks + 1) * sizeof(*snap->disks));
    if (!snap->disks) abort();
    ds = &snap->disks[snap->num_disks++];
    memset(ds, 0, sizeof(*ds));
    libxl_device_disk_init(&ds->parent);
    libxl_device_disk_init(&ds->child);
    ds->vdev = snap_result_str(disk->vdev);
    ds->mode = LIBXL_SNAPSHOT_MODE_INTERNAL;
    if (!list_has_target(disk)) return;
    ds->mode = LIBXL_SNAPSHOT_MODE_EXTERNAL;
    snap_device_disk_set(&ds->child, disk->vdev, disk->pdev_path,
                         disk->format);
}

static int list_add_image(struct snap_config_file *file,
                          const struct snap_key *key,
                          libxl_domain_snapshot *snap, const char *spec)
{
    libxl_device_disk disk;
    int rc;

    rc = list_parse(file, spec, &disk);
    if (rc) goto out;
    if (!disk.vdev || !*disk.vdev)
        rc = snap_config_refuse(file, "a disk has no virtual device; "
                                "write TARGET,FORMAT,VDEV or ,,VDEV");
    else if (!snap_vdev_is_valid(disk.vdev))
        rc = snap_config_refuse(file, "disk '%.256s' is no virtual device; "
                                "see xl-disk-configuration(5)", disk.vdev);
    else if (snap_disk_snapshot(snap, disk.vdev))
        rc = snap_config_refuse(file, "disk %s is in `%s' twice; remove "
                                "one of them", disk.vdev, key->name);
    else
        list_new_image(snap, &disk);
 out:
    libxl_device_disk_dispose(&disk);
    return rc;
}

static int list_read_images(struct snap_config_file *file,
                            const struct snap_key *key,
                            libxl_domain_snapshot *snap)
{
    return list_read(file, key, snap, list_add_image);
}

/* The specification of a disk of the snapshot: writable, without its
 * backend. */
static char *list_spec(libxl_snapshot_ctx *sc, const char *vdev,
                       const libxl_device_disk *disk)
{
    char *target = libxl_snapshot_disk_target(disk->pdev_path);
    char *spec = snap_sprintf(sc, "format=%s,vdev=%s,access=rw,%s",
                              libxl_disk_format_to_string(disk->format),
                              vdev, target);

    free(target);
    return spec;
}

static const char *list_image(libxl_snapshot_ctx *sc,
                              const libxl_disk_snapshot *ds)
{
    if (ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL)
        return list_spec(sc, ds->vdev, &ds->child);
    return snap_sprintf(sc, ",,%s", ds->vdev);
}

static void list_write_images(libxl_snapshot_ctx *sc, FILE *f,
                              const struct snap_key *key,
                              const libxl_domain_snapshot *snap)
{
    const char **items = list_items(sc, snap);
    int i;

    for (i = 0; i < snap->num_disks; i++)
        items[i] = list_image(sc, &snap->disks[i]);
    list_write(sc, f, key, items, snap->num_disks);
}

static void list_dispose_images(const struct snap_key *key,
                                libxl_domain_snapshot *snap)
{
    libxl_disk_snapshot **disks = snap_key_member(key, snap);
    int i;

    for (i = 0; i < snap->num_disks; i++) {
        free((*disks)[i].vdev);
        libxl_device_disk_dispose(&(*disks)[i].child);
    }
    free(*disks);
}

const struct snap_key_type snap_key_images = {
    .read = list_read_images,
    .write = list_write_images,
    .dispose = list_dispose_images,
};

/*-- parents: what holds the state of each disk -------------------------*/

static int list_add_parent(struct snap_config_file *file,
                           const struct snap_key *key,
                           libxl_domain_snapshot *snap, const char *spec)
{
    libxl_disk_snapshot *ds;
    libxl_device_disk disk;
    int rc;

    rc = list_parse(file, spec, &disk);
    if (rc) goto out;
    ds = disk.vdev ? snap_disk_snapshot(snap, disk.vdev) : NULL;
    if (!ds || !list_has_target(&disk) || ds->parent.pdev_path) {
        rc = snap_config_refuse(file, "`%s' must name one image for each "
                                "of `disks'", key->name);
        goto out;
    }
    snap_device_disk_set(&ds->parent, disk.vdev, disk.pdev_path,
                         disk.format);
    ds->parent.backend = disk.backend;
 out:
    libxl_device_disk_dispose(&disk);
    return rc;
}

static int list_read_parents(struct snap_config_file *file,
                             const struct snap_key *key,
                             libxl_domain_snapshot *snap)
{
    return list_read(file, key, snap, list_add_parent);
}

/* The backend to write: none for images, which QEMU serves in any case; a
 * volume, and a disk of a hook, go back to the backend that served them. */
static const char *list_backend(const libxl_disk_snapshot *ds)
{
    if (ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL || !ds->driver
        || !strcmp(ds->driver, "qcow2-internal"))
        return "";
    switch (ds->parent.backend) {
    case LIBXL_DISK_BACKEND_PHY:   return "backendtype=phy,";
    case LIBXL_DISK_BACKEND_QDISK: return "backendtype=qdisk,";
    default:                       return "";
    }
}

static const char *list_parent(libxl_snapshot_ctx *sc,
                               const libxl_disk_snapshot *ds)
{
    if (!ds->parent.pdev_path) return NULL;
    return snap_sprintf(sc, "%s%s", list_backend(ds),
                        list_spec(sc, ds->vdev, &ds->parent));
}

static void list_write_parents(libxl_snapshot_ctx *sc, FILE *f,
                               const struct snap_key *key,
                               const libxl_domain_snapshot *snap)
{
    const char **items = list_items(sc, snap);
    int i;

    for (i = 0; i < snap->num_disks; i++)
        items[i] = list_parent(sc, &snap->disks[i]);
    list_write(sc, f, key, items, snap->num_disks);
}

static void list_dispose_parents(const struct snap_key *key,
                                 libxl_domain_snapshot *snap)
{
    int i;

    for (i = 0; i < snap->num_disks; i++)
        libxl_device_disk_dispose(snap_key_member(key, &snap->disks[i]));
}

const struct snap_key_type snap_key_parents = {
    .read = list_read_parents,
    .write = list_write_parents,
    .dispose = list_dispose_parents,
};

/*-- texts of disks: VDEV=TEXT ------------------------------------------*/

static int list_add_text(struct snap_config_file *file,
                         const struct snap_key *key,
                         libxl_domain_snapshot *snap, const char *item)
{
    size_t len = strcspn(item, "=");
    const char *vdev = snap_sprintf(file->sc, "%.*s", (int)len, item);
    libxl_disk_snapshot *ds = snap_disk_snapshot(snap, vdev);
    char **value = ds ? snap_key_member(key, ds) : NULL;

    if (!ds || !item[len] || !item[len + 1] || *value)
        return snap_config_refuse(file, "`%s' must be a list of VDEV=%s, "
                                  "at most one for each of `disks'",
                                  key->name, key->item);
    *value = snap_result_str(item + len + 1);
    return 0;
}

static int list_read_texts(struct snap_config_file *file,
                           const struct snap_key *key,
                           libxl_domain_snapshot *snap)
{
    return list_read(file, key, snap, list_add_text);
}

static const char *list_text(libxl_snapshot_ctx *sc,
                             const struct snap_key *key,
                             const libxl_disk_snapshot *ds)
{
    char *const *value = snap_key_member(key, ds);

    return *value ? snap_sprintf(sc, "%s=%s", ds->vdev, *value) : NULL;
}

static void list_write_texts(libxl_snapshot_ctx *sc, FILE *f,
                             const struct snap_key *key,
                             const libxl_domain_snapshot *snap)
{
    const char **items = list_items(sc, snap);
    int i;

    for (i = 0; i < snap->num_disks; i++)
        items[i] = list_text(sc, key, &snap->disks[i]);
    list_write(sc, f, key, items, snap->num_disks);
}

static void list_dispose_texts(const struct snap_key *key,
                               libxl_domain_snapshot *snap)
{
    char **value;
    int i;

    for (i = 0; i < snap->num_disks; i++) {
        value = snap_key_member(key, &snap->disks[i]);
        free(*value);
    }
}

const struct snap_key_type snap_key_texts = {
    .read = list_read_texts,
    .write = list_write_texts,
    .dispose = list_dispose_texts,
};

/*-- skipped: disks that the snapshot leaves out ------------------------*/

static int list_add_skipped(struct snap_config_file *file,
                            const struct snap_key *key,
                            libxl_domain_snapshot *snap, const char *vdev)
{
    if (!*vdev || snap_disk_snapshot(snap, vdev))
        return snap_config_refuse(file, "`%s' must list virtual devices "
                                  "that are not in `disks'", key->name);
    snap_skipped_add(snap, vdev);
    return 0;
}

static int list_read_skipped(struct snap_config_file *file,
                             const struct snap_key *key,
                             libxl_domain_snapshot *snap)
{
    return list_read(file, key, snap, list_add_skipped);
}

static void list_write_skipped(libxl_snapshot_ctx *sc, FILE *f,
                               const struct snap_key *key,
                               const libxl_domain_snapshot *snap)
{
    list_write(sc, f, key, (const char *const *)snap->skipped,
               snap->num_skipped);
}

static void list_dispose_skipped(const struct snap_key *key,
                                 libxl_domain_snapshot *snap)
{
    char ***vdevs = snap_key_member(key, snap);

    snap_strings_free(*vdevs, snap->num_skipped);
}

const struct snap_key_type snap_key_skipped = {
    .read = list_read_skipped,
    .write = list_write_skipped,
    .dispose = list_dispose_skipped,
};
