/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/disk/imageinfo.c: reads QEMU's ImageInfo, which its query-block
 * and "qemu-img info" both give, into facts.  Pure.
 */
#include "storage/disk/disk.h"

#include <string.h>

#define IMAGEINFO_LAYERS_MAX    1024

const char *snap_imageinfo_format(libxl_disk_format format)
{
    switch (format) {
    case LIBXL_DISK_FORMAT_QCOW2: return "qcow2";
    case LIBXL_DISK_FORMAT_QCOW:  return "qcow";
    case LIBXL_DISK_FORMAT_QED:   return "qed";
    case LIBXL_DISK_FORMAT_VHD:   return "vpc";
    default:                      return "raw";
    }
}

/* QEMU names an image that was opened with options of its own
 * "json:{...}", where the file is inside, below its format. */
static const char *imageinfo_layer_path(libxl_snapshot_ctx *sc,
                                        yajl_val image)
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

static void imageinfo_layer_tags(libxl_snapshot_ctx *sc, yajl_val image,
                                 struct snap_layer *layer)
{
    yajl_val list = snap_json_get(image, "snapshots");
    size_t i, len = YAJL_IS_ARRAY(list) ? list->u.array.len : 0;
    struct snap_tag *tags = snap_zalloc(sc, len * sizeof(*tags));

    for (i = 0; i < len; i++) {
        yajl_val v = list->u.array.values[i];
        struct snap_tag *tag = &tags[layer->num_tags];

        tag->id = snap_json_dup(sc, v, "id");
        tag->name = snap_json_dup(sc, v, "name");
        tag->creation_time = snap_json_u64(v, "date-sec");
        tag->creation_nsec = snap_json_u64(v, "date-nsec");
        tag->vm_state_bytes = snap_json_u64(v, "vm-state-size");
        if (tag->name) layer->num_tags++;
    }
    layer->tags = tags;
}

/* The members @member of the objects in @list. */
static const char **imageinfo_strings(libxl_snapshot_ctx *sc,
                                      yajl_val list, const char *member,
                                      int *num_r)
{
    size_t i, len = YAJL_IS_ARRAY(list) ? list->u.array.len : 0;
    const char **strings = snap_zalloc(sc, len * sizeof(*strings));

    *num_r = 0;
    for (i = 0; i < len; i++) {
        const char *text =
            snap_json_dup(sc, list->u.array.values[i], member);

        if (text) strings[(*num_r)++] = text;
    }
    return strings;
}

static void imageinfo_add_other(struct snap_layer *layer, const char *file)
{
    if (strcmp(file, layer->path)) layer->others[layer->num_others++] = file;
}

/* The files beside the layer's own that hold content: extents (vmdk), or
 * the data file of a qcow2, whose name stands in the header as it was given
 * (7.2, qcow2.c:qcow2_get_specific_info). */
static void imageinfo_layer_others(libxl_snapshot_ctx *sc, yajl_val data,
                                   struct snap_layer *layer)
{
    const char *file = snap_json_dup(sc, data, "data-file"), *slash;
    const char **extents;
    int num, i;

    extents = imageinfo_strings(sc, snap_json_get(data, "extents"),
                                "filename", &num);
    layer->others = snap_zalloc(sc, (num + 1) * sizeof(*layer->others));
    for (i = 0; i < num; i++) imageinfo_add_other(layer, extents[i]);
    if (!file) return;
    slash = file[0] == '/' ? NULL : strrchr(layer->path, '/');
    if (slash)
        file = snap_sprintf(sc, "%.*s/%s", (int)(slash - layer->path),
                            layer->path, file);
    imageinfo_add_other(layer, file);
}

/* @data: what only this format has to tell. */
static void imageinfo_layer_specific(libxl_snapshot_ctx *sc, yajl_val data,
                                     struct snap_layer *layer)
{
    layer->bitmaps = imageinfo_strings(sc, snap_json_get(data, "bitmaps"),
                                       "name", &layer->num_bitmaps);
    layer->corrupt = snap_json_bool(data, "corrupt");
    layer->header_is_elsewhere = snap_json_bool(data, "detached-header");
    imageinfo_layer_others(sc, data, layer);
}

static void imageinfo_read_layer(libxl_snapshot_ctx *sc, yajl_val image,
                                 struct snap_layer *layer)
{
    layer->path = imageinfo_layer_path(sc, image);
    layer->format = snap_json_dup(sc, image, "format");
    layer->bytes_on_disk = snap_json_u64(image, "actual-size");
    imageinfo_layer_tags(sc, image, layer);
    imageinfo_layer_specific(
        sc, snap_json_get(snap_json_get(image, "format-specific"), "data"),
        layer);
}

void snap_imageinfo_nested(libxl_snapshot_ctx *sc, yajl_val image,
                           struct snap_chain *chain_r)
{
    struct snap_layer *layers;
    yajl_val v;
    int num = 0, i = 0;

    for (v = image; v && num < IMAGEINFO_LAYERS_MAX;
         v = snap_json_get(v, "backing-image"))
        num++;
    layers = snap_zalloc(sc, num * sizeof(*layers));
    for (v = image; i < num; v = snap_json_get(v, "backing-image"))
        imageinfo_read_layer(sc, v, &layers[i++]);
    *chain_r = (struct snap_chain){
        .virtual_size = snap_json_u64(image, "virtual-size"),
        .num_layers = num, .layers = layers,
    };
}

/* Parse the output of qemu-img info.  If a layer does not name its base's
 * format, qemu-img has guessed it, from data that a guest may have
 * written, so the format is left out. */
void snap_imageinfo_list(libxl_snapshot_ctx *sc, yajl_val list,
                         struct snap_chain *chain_r)
{
    size_t i, len = YAJL_IS_ARRAY(list) ? list->u.array.len : 0;
    struct snap_layer *layers = snap_zalloc(sc, len * sizeof(*layers));
    bool said = true;

    for (i = 0; i < len; i++) {
        yajl_val v = list->u.array.values[i];

        imageinfo_read_layer(sc, v, &layers[i]);
        if (!said) layers[i].format = NULL;
        said = snap_json_str(v, "backing-filename-format") != NULL;
    }
    *chain_r = (struct snap_chain){ .num_layers = i, .layers = layers };
    if (i)
        chain_r->virtual_size = snap_json_u64(list->u.array.values[0],
                                              "virtual-size");
}
