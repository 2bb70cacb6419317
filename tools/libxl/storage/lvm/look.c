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

/* Get the reply of lvs, which is asked once in an operation; once more if
 * it failed. */
static int lvm_gather(libxl_snapshot_ctx *sc)
{
    const char **argv = snap_argv(sc, "lvs", "--reportformat", "json", "-a",
                                  "--units", "b", "--nosuffix", "-o",
                                  lvm_fields, NULL);
    struct snap_lvm *lvm = snap_zalloc(sc, sizeof(*lvm));
    struct snap_exec_output output;
    int rc;

    if (sc->lvm) return 0;
    if (!snap_exec_finds(sc, argv[0]))
        return snap_fail(sc, ERROR_NOTFOUND, "the logical volumes: there is "
                         "no program lvs; install LVM's tools (lvm2)");
    rc = snap_exec(sc, "the logical volumes", argv,
                   snap_wait_ms(sc, SNAP_WAIT_LVS), &output);
    if (!rc) rc = snap_lvm_parse(sc, output.out, lvm);
    if (!rc) sc->lvm = lvm;
    return rc;
}

/* True if the device mapper made the device @st for a logical volume: its
 * uuid there says so, whether lvs can be asked or not. */
static bool lvm_made(libxl_snapshot_ctx *sc, const struct stat *st)
{
    const char *dm = snap_sprintf(sc, "/sys/dev/block/%u:%u/dm",
                                  major(st->st_rdev), minor(st->st_rdev));
    char *uuid;

    if (!S_ISBLK(st->st_mode) || !snap_file_exists(dm)) return false;
    if (!snap_file_read(sc, snap_sprintf(sc, "%s/uuid", dm), 4096, &uuid,
                        NULL))
        return !strncmp(uuid, "LVM-", 4);
    snap_take_error(sc);
    return true;
}

/* Find a volume that has no device, since it is not active, by its path. */
static int lvm_gather_inactive(libxl_snapshot_ctx *sc, const char *path,
                               const struct snap_lv **lv_r)
{
    bool can_ask = sc->lvm || snap_exec_finds(sc, "lvs");
    int rc;

    if (strncmp(path, "/dev/", 5) || !can_ask) return 0;
    rc = lvm_gather(sc);
    if (!rc) *lv_r = snap_lv_of_path(sc->lvm, path);
    return rc;
}

int snap_lv_gather(libxl_snapshot_ctx *sc, const char *path,
                   const struct snap_lv **lv_r)
{
    struct stat st;
    int rc;

    *lv_r = NULL;
    if (!path) return 0;
    if (stat(path, &st)) return lvm_gather_inactive(sc, path, lv_r);
    if (!lvm_made(sc, &st)) return 0;
    rc = lvm_gather(sc);
    if (rc) return rc;
    *lv_r = snap_lv_of_device(sc->lvm, major(st.st_rdev),
                              minor(st.st_rdev));
    if (*lv_r) return 0;
    return snap_fail(sc, ERROR_INVAL, "%s is a logical volume, but lvs -a "
                     "does not list it; see that LVM's filters or devices "
                     "file (lvmdevices) do not hide it", path);
}

/* The volume @id, VG/LV, as lvs has told; NULL: there is none. */
static const struct snap_lv *lvm_find(libxl_snapshot_ctx *sc, const char *id)
{
    const char *slash = strchr(id, '/');
    int i;

    for (i = 0; slash && i < sc->lvm->num; i++) {
        const struct snap_lv *lv = &sc->lvm->lvs[i];

        if (lv->vg && lv->name && !strcmp(lv->name, slash + 1)
            && !strncmp(lv->vg, id, slash - id) && !lv->vg[slash - id])
            return lv;
    }
    return NULL;
}

int snap_lv_find(libxl_snapshot_ctx *sc, const char *id,
                 const struct snap_lv **lv_r)
{
    int rc = lvm_gather(sc);

    *lv_r = rc ? NULL : lvm_find(sc, id);
    return rc;
}

int snap_lv_is_there(libxl_snapshot_ctx *sc, const char *id,
                     const char *tag, enum snap_lv_there *there_r)
{
    const struct snap_lv *lv;
    int rc;

    *there_r = SNAP_LV_GONE;
    sc->lvm = NULL;             /* ask lvs again */
    rc = snap_lv_find(sc, id, &lv);
    if (lv)
        *there_r = !tag || snap_lv_has_tag(lv, tag) ? SNAP_LV_OURS
                                                    : SNAP_LV_OTHER;
    return rc;
}

/* Snapshots are read-only; the volume that a revert makes is not, and the
 * kernel counts its writes in one boot alone. */
const char *snap_lv_why_left(libxl_snapshot_ctx *sc, const char *id,
                             bool same_boot)
{
    const struct snap_lv *lv = lvm_find(sc, id);

    if (!lv) return NULL;
    if (snap_lv_is_open(lv))
        return "is in use; lvremove it if nobody needs it";
    if (snap_lv_is_read_only(lv)
        || (same_boot
            && snap_device_is_unwritten(sc, lv->major, lv->minor)))
        return NULL;
    return "may have been written to since; lvremove it if you do not need "
           "what is in it";
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
    rc = lvm_gather(sc);        /* without lvs no volume is known to be
                                 * gone */
    if (!rc) rc = snap_lv_gather(sc, op->image, &op->lv);
    if (rc || !op->lv) return rc;
    snap_lv_find_origin(op);
    /* a merge writes to the origin; and an inactive volume has no device */
    written = op->driver->revert_moves_disk ? op->image
        : op->origin ? op->origin->path : NULL;
    if (written && snap_file_exists(written)) op->at_stake = written;
    return 0;
}
