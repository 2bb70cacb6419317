/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/lvm/look.c: facts about LVM: the images that are logical
 * volumes, and their properties, from one call of lvs(8) in an operation.
 * An image is found by the number of its device, whatever name or link
 * leads there; a volume that is not active has no device, and is found by
 * LVM's own two names for it only.
 */
#include "storage/lvm/lvm.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static const char lvm_fields[] =
    "vg_name,lv_name,lv_attr,lv_size,lv_path,lv_dm_path,"
    "lv_kernel_major,lv_kernel_minor,origin,pool_lv,data_percent,"
    "metadata_percent,chunk_size,vg_free,vg_extent_size,"
    "lv_uuid,lv_time,lv_tags,thin_id";

/* Get the reply of lvs, which is asked once in an operation.  A host
 * without LVM has no volumes: a device that the device mapper made there
 * is something else. */
static int lvm_gather(libxl_snapshot_ctx *sc)
{
    const char **argv = snap_argv(sc, "lvs", "--reportformat", "json", "-a",
                                  "--units", "b", "--nosuffix", "-o",
                                  lvm_fields, NULL);
    struct snap_lvm *lvm = snap_zalloc(sc, sizeof(*lvm));
    struct snap_exec_output output;
    int rc;

    if (sc->lvm) return 0;
    sc->lvm = lvm;
    if (!snap_exec_finds(sc, argv[0])) return 0;
    rc = snap_exec(sc, "the logical volumes", argv,
                   snap_wait_ms(sc, SNAP_WAIT_LVS), &output);
    return rc ? rc : snap_lvm_parse(sc, output.out, lvm);
}

int snap_lv_gather(libxl_snapshot_ctx *sc, const char *path,
                   const struct snap_lv **lv_r)
{
    struct stat st;
    bool there;
    int rc;

    *lv_r = NULL;
    if (!path) return 0;
    there = !stat(path, &st);
    if (there ? !S_ISBLK(st.st_mode)
                || !snap_file_exists(snap_sprintf(
                       sc, "/sys/dev/block/%u:%u/dm", major(st.st_rdev),
                       minor(st.st_rdev)))
              : strncmp(path, "/dev/", 5))
        return 0;
    rc = lvm_gather(sc);
    if (rc) return rc;
    *lv_r = there ? snap_lv_of_device(sc->lvm, major(st.st_rdev),
                                      minor(st.st_rdev))
                  : snap_lv_of_path(sc->lvm, path);
    return 0;
}

int snap_lv_is_there(libxl_snapshot_ctx *sc, const char *id,
                     const char *tag, enum snap_lv_there *there_r)
{
    const char *slash = strchr(id, '/');
    int i, rc;

    *there_r = SNAP_LV_GONE;
    sc->lvm = NULL;             /* ask lvs again */
    rc = lvm_gather(sc);
    for (i = 0; !rc && i < sc->lvm->num; i++) {
        const struct snap_lv *lv = &sc->lvm->lvs[i];

        if (slash && lv->vg && lv->name && !strcmp(lv->name, slash + 1)
            && !strncmp(lv->vg, id, slash - id) && !lv->vg[slash - id])
            *there_r = !tag || snap_lv_has_tag(lv, tag) ? SNAP_LV_OURS
                                                        : SNAP_LV_OTHER;
    }
    return rc;
}

int snap_lv_is_related(libxl_snapshot_ctx *sc, const char *path,
                       const char *parent, bool *related_r)
{
    const struct snap_lv *one, *two;
    int rc = snap_lv_gather(sc, path, &one);

    if (!rc) rc = snap_lv_gather(sc, parent, &two);
    *related_r = !rc && one && two && snap_lv_root(one) == snap_lv_root(two);
    return rc;
}

int snap_lv_look(libxl_snapshot_ctx *sc, struct snap_disk_op *op)
{
    const char *written;
    int rc;

    if (op->verb == SNAP_VERB_CREATE) return 0;
    rc = snap_lv_gather(sc, op->image, &op->lv);
    if (rc || !op->lv) return rc;
    snap_lv_find_origin(op);
    /* a merge writes to the origin; and an inactive volume has no device */
    written = op->driver->revert_moves_disk ? op->image
        : op->origin ? op->origin->path : NULL;
    if (written && snap_file_exists(written)) op->at_stake = written;
    return 0;
}
