/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_images.c: facts about disk images, from qemu-img, which is told
 * each format and asked without a lock.
 */
#include "libxl_snap_internal.h"

#define IMAGES_EXEC_MS      30000

int snap_image_tags(libxl_snapshot_ctx *sc, yajl_val image,
                    const char ***tags_r)
{
    yajl_val list = snap_json_get(image, "snapshots");
    size_t i, len = YAJL_IS_ARRAY(list) ? list->u.array.len : 0;
    const char **tags = snap_zalloc(sc, len * sizeof(*tags));
    int num = 0;

    for (i = 0; i < len; i++) {
        const char *name = snap_strdup(
            sc, snap_json_str(list->u.array.values[i], "name"));

        if (name) tags[num++] = name;
    }
    *tags_r = tags;
    return num;
}

static const char *dup_str(libxl_snapshot_ctx *sc, yajl_val obj,
                           const char *key)
{
    return snap_strdup(sc, snap_json_str(obj, key));
}

int snap_gather_image(libxl_snapshot_ctx *sc, const char *path,
                      const char *format, struct snap_image_info *info_r)
{
    const char **argv = snap_argv(sc, "qemu-img", "info", "-U", "-f", format,
                                  "--output=json", path, NULL);
    struct snap_exec_output output;
    yajl_val info;
    int rc;

    rc = snap_exec(sc, snap_sprintf(sc, "image %s", path), argv,
                   IMAGES_EXEC_MS, &output);
    if (rc) return rc;
    info = snap_json_parse(output.out);
    if (!YAJL_IS_OBJECT(info)) {
        yajl_tree_free(info);
        return snap_fail(sc, ERROR_FAIL, "image %s: qemu-img's output is no "
                         "JSON object", path);
    }
    info_r->virtual_size = snap_json_u64(info, "virtual-size");
    info_r->num_tags = snap_image_tags(sc, info, &info_r->tags);
    info_r->backing = dup_str(sc, info, "full-backing-filename");
    info_r->backing_format = dup_str(sc, info, "backing-filename-format");
    yajl_tree_free(info);
    return 0;
}
