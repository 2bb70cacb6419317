/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * config/write.c: writes xl.cfg syntax: strings, disks, and the
 * snapshot config, xl.snapshot.cfg(5).
 */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *snap_config_quote(libxl_snapshot_ctx *sc, const char *s)
{
    char *escaped = libxl_snapshot_config_escape(s, '"');
    char *quoted = snap_sprintf(sc, "\"%s\"", escaped);

    free(escaped);
    return quoted;
}

static void write_item(FILE *f, libxl_snapshot_ctx *sc, const char *item)
{
    fprintf(f, "    %s,\n", snap_config_quote(sc, item));
}

/* Disks of a snapshot are writable; what backend serves them is not said. */
static char *image_spec(libxl_snapshot_ctx *sc, const char *vdev,
                        const libxl_device_disk *disk)
{
    char *target = libxl_snapshot_disk_target(disk->pdev_path);
    char *spec = snap_sprintf(sc, "format=%s,vdev=%s,access=rw,%s",
                              libxl_disk_format_to_string(disk->format), vdev,
                              target);

    free(target);
    return spec;
}

static const char *backend_option(const libxl_device_disk *disk)
{
    switch (disk->backend) {
    case LIBXL_DISK_BACKEND_PHY:   return ",backendtype=phy";
    case LIBXL_DISK_BACKEND_QDISK: return ",backendtype=qdisk";
    default:                       return "";
    }
}

/* A hook's disk goes back to the backend that served it. */
static char *parent_spec(libxl_snapshot_ctx *sc, const libxl_disk_snapshot *ds)
{
    char *spec = image_spec(sc, ds->vdev, &ds->parent);

    /* QEMU's images are QEMU's */
    if (ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL || !ds->driver
        || !strcmp(ds->driver, "qcow2-internal")
        || !*backend_option(&ds->parent))
        return spec;
    return snap_sprintf(sc, "%s,%s", backend_option(&ds->parent) + 1, spec);
}

static void write_states(FILE *f, libxl_snapshot_ctx *sc,
                         const libxl_domain_snapshot *snap)
{
    int i, num = 0;

    for (i = 0; i < snap->num_disks; i++)
        num += snap->disks[i].state != NULL;
    if (!num) return;
    fputs("# What each disk's state is known by: a revert refuses another.\n"
          "states = [\n", f);
    for (i = 0; i < snap->num_disks; i++)
        if (snap->disks[i].state)
            write_item(f, sc, snap_sprintf(sc, "%s=%s", snap->disks[i].vdev,
                                           snap->disks[i].state));
    fputs("]\n", f);
}

static void write_disks(FILE *f, libxl_snapshot_ctx *sc,
                        const libxl_domain_snapshot *snap)
{
    const libxl_disk_snapshot *ds;
    int i;

    fputs("# What the domain went on with: an overlay, or, where it says only\n"
          "# the device, the same image.\n"
          "disks = [\n", f);
    for (i = 0; i < snap->num_disks; i++) {
        ds = &snap->disks[i];
        write_item(f, sc, ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL
                          ? image_spec(sc, ds->vdev, &ds->child)
                          : snap_sprintf(sc, ",,%s", ds->vdev));
    }
    fputs("]\n# What holds the disk's state at the snapshot.  Never write to "
          "these.\nparents = [\n", f);
    for (i = 0; i < snap->num_disks; i++)
        if (snap->disks[i].parent.pdev_path)
            write_item(f, sc, parent_spec(sc, &snap->disks[i]));
    fputs("]\n# What made each disk's snapshot.\ndrivers = [\n", f);
    for (i = 0; i < snap->num_disks; i++) {
        ds = &snap->disks[i];
        if (ds->driver)
            write_item(f, sc, snap_sprintf(sc, "%s=%s", ds->vdev, ds->driver));
    }
    fputs("]\n", f);
    write_states(f, sc, snap);
    if (!snap->num_skipped) return;
    fputs("# Writable disks that have no snapshots and were left out.\n"
          "skipped = [\n", f);
    for (i = 0; i < snap->num_skipped; i++)
        write_item(f, sc, snap->skipped[i]);
    fputs("]\n", f);
}

char *libxl_domain_snapshot_config_text(libxl_snapshot_ctx *sc,
                                        const libxl_domain_snapshot *snap)
{
    const struct snap_key *key;
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f) abort();
    fputs("# A domain snapshot: see xl.snapshot.cfg(5), xl-snapshot(1).\n", f);
    for (key = snap_keys; key->name; key++)
        if (key->sections & SNAP_KEY_WRITTEN)
            key->type->write(sc, f, key, snap);
    write_disks(f, sc, snap);
    fclose(f);
    if (!text) abort();
    return text;
}
