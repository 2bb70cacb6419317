/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_images.c: facts about disk images, from qemu-img, which is told
 * each format and asked without a lock.
 */
#include "libxl_snap_internal.h"

#include <string.h>

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

const char *snap_image_file(libxl_snapshot_ctx *sc, yajl_val image)
{
    const char *name = snap_json_str(image, "filename"), *file = NULL;
    yajl_val tree, v;

    if (!name) return "";
    if (strncmp(name, "json:", 5)) return snap_strdup(sc, name);
    tree = snap_json_parse(name + 5);
    for (v = tree; v && !file; v = snap_json_get(v, "file"))
        file = snap_json_str(v, "filename");
    name = snap_strdup(sc, file ? file : name);
    yajl_tree_free(tree);
    return name;
}

/* The chain as QEMU would open it; qemu-img ends with an error where a layer
 * is missing or is its own base. */
int snap_gather_image(libxl_snapshot_ctx *sc, const char *path,
                      const char *format, struct snap_image_info *info_r)
{
    const char **argv = snap_argv(sc, "qemu-img", "info", "-U", "-f", format,
                                  "--backing-chain", "--output=json", path,
                                  NULL);
    struct snap_exec_output output;
    yajl_val chain, info;
    int rc, i, num;

    rc = snap_exec(sc, snap_sprintf(sc, "image %s", path), argv,
                   IMAGES_EXEC_MS, &output);
    if (rc) return rc;
    chain = snap_json_parse(output.out);
    if (!YAJL_IS_ARRAY(chain) || !chain->u.array.len) {
        yajl_tree_free(chain);
        return snap_fail(sc, ERROR_FAIL, "image %s: qemu-img's output is no "
                         "JSON array", path);
    }
    num = chain->u.array.len;
    info = chain->u.array.values[0];
    info_r->virtual_size = snap_json_u64(info, "virtual-size");
    info_r->num_tags = snap_image_tags(sc, info, &info_r->tags);
    info_r->num_layers = num;
    info_r->layers = snap_zalloc(sc, num * sizeof(*info_r->layers));
    for (i = 0; i < num; i++)
        info_r->layers[i] = snap_image_file(sc, chain->u.array.values[i]);
    yajl_tree_free(chain);
    return 0;
}
