/* SPDX-License-Identifier: LGPL-2.1-only */
/* storage/lvm/lvs.c: parses the output of lvs(8), and finds volumes in it.
 * Pure. */
#include "storage/lvm/lvm.h"

#include <stdlib.h>
#include <string.h>

/*-- what lvs says ----------------------------------------------------------*/

/* A member of a volume's object, which is always a string; NULL if it is
 * empty. */
static const char *lvs_field(libxl_snapshot_ctx *sc, yajl_val obj,
                             const char *key)
{
    const char *value = snap_json_str(obj, key);

    return value && *value ? snap_strdup(sc, value) : NULL;
}

static uint64_t lvs_number(yajl_val obj, const char *key)
{
    const char *value = snap_json_str(obj, key);

    return value ? strtoull(value, NULL, 10) : 0;
}

/* -1: lvs does not know, the volume is not active. */
static double lvs_percent(yajl_val obj, const char *key)
{
    const char *value = snap_json_str(obj, key);

    return value && *value ? strtod(value, NULL) : -1;
}

/* The name without the brackets, in which LVM puts a volume of its own. */
static const char *lvs_without_brackets(libxl_snapshot_ctx *sc,
                                        const char *name)
{
    if (!name || *name != '[') return name;
    return snap_sprintf(sc, "%.*s", (int)strcspn(name + 1, "]"), name + 1);
}

static int lvs_read_lv(libxl_snapshot_ctx *sc, yajl_val obj,
                       struct snap_lv *lv)
{
    const char *major = snap_json_str(obj, "lv_kernel_major");
    const char *minor = snap_json_str(obj, "lv_kernel_minor");

    lv->vg = lvs_field(sc, obj, "vg_name");
    lv->name = lvs_without_brackets(sc, lvs_field(sc, obj, "lv_name"));
    lv->attr = lvs_field(sc, obj, "lv_attr");
    lv->path = lvs_field(sc, obj, "lv_path");
    lv->dm_path = lvs_field(sc, obj, "lv_dm_path");
    lv->origin = lvs_without_brackets(sc, lvs_field(sc, obj, "origin"));
    lv->pool = lvs_without_brackets(sc, lvs_field(sc, obj, "pool_lv"));
    lv->uuid = lvs_field(sc, obj, "lv_uuid");
    lv->time = lvs_field(sc, obj, "lv_time");
    lv->tags = lvs_field(sc, obj, "lv_tags");
    lv->thin_id = lvs_field(sc, obj, "thin_id");
    lv->major = major ? atoi(major) : -1;
    lv->minor = minor ? atoi(minor) : -1;
    lv->size = lvs_number(obj, "lv_size");
    lv->chunk_size = lvs_number(obj, "chunk_size");
    lv->vg_free = lvs_number(obj, "vg_free");
    lv->vg_extent = lvs_number(obj, "vg_extent_size");
    lv->data_percent = lvs_percent(obj, "data_percent");
    lv->metadata_percent = lvs_percent(obj, "metadata_percent");
    return lv->vg && lv->name && lv->attr && strlen(lv->attr) >= 9 ? 0
                                                                   : -1;
}

int snap_lvm_parse(libxl_snapshot_ctx *sc, const char *text,
                   struct snap_lvm *lvm)
{
    yajl_val root = snap_json_parse(text), reports, lvs;
    size_t i, j;
    int rc = 0;

    *lvm = (struct snap_lvm){ 0 };
    reports = snap_json_get(root, "report");
    if (!YAJL_IS_ARRAY(reports)) rc = ERROR_FAIL;
    for (i = 0; !rc && i < reports->u.array.len; i++) {
        lvs = snap_json_get(reports->u.array.values[i], "lv");
        if (!YAJL_IS_ARRAY(lvs)) continue;
        lvm->lvs = snap_grow(sc, lvm->lvs, lvm->num * sizeof(*lvm->lvs),
                             (lvm->num + lvs->u.array.len)
                             * sizeof(*lvm->lvs));
        for (j = 0; !rc && j < lvs->u.array.len; j++)
            if (lvs_read_lv(sc, lvs->u.array.values[j],
                            &lvm->lvs[lvm->num++]))
                rc = ERROR_FAIL;
    }
    yajl_tree_free(root);
    if (rc)
        return snap_fail(sc, rc, "the output of lvs is not what lvs(8) of "
                         "LVM 2.02.158 or later reports as JSON");
    for (i = 0; i < (size_t)lvm->num; i++)
        lvm->lvs[i].all = lvm;
    return 0;
}

/*-- which one it is --------------------------------------------------------*/

const struct snap_lv *snap_lv_named(const struct snap_lvm *lvm,
                                    const char *vg, const char *name)
{
    int i;

    for (i = 0; name && i < lvm->num; i++)
        if (!strcmp(lvm->lvs[i].vg, vg) && !strcmp(lvm->lvs[i].name, name))
            return &lvm->lvs[i];
    return NULL;
}

const struct snap_lv *snap_lv_of_device(const struct snap_lvm *lvm,
                                        int major, int minor)
{
    int i;

    for (i = 0; i < lvm->num; i++)
        if (lvm->lvs[i].major == major && lvm->lvs[i].minor == minor)
            return &lvm->lvs[i];
    return NULL;
}

const struct snap_lv *snap_lv_of_path(const struct snap_lvm *lvm,
                                      const char *path)
{
    int i;

    for (i = 0; i < lvm->num; i++) {
        const struct snap_lv *lv = &lvm->lvs[i];

        if ((lv->path && !strcmp(lv->path, path))
            || (lv->dm_path && !strcmp(lv->dm_path, path)))
            return lv;
    }
    return NULL;
}

const struct snap_lv *snap_lv_root(const struct snap_lv *lv)
{
    const struct snap_lv *below;
    int n;

    for (n = 0; lv && n < lv->all->num; n++) {
        below = snap_lv_named(lv->all, lv->vg, lv->origin);
        if (!below) break;
        lv = below;
    }
    return lv;
}
