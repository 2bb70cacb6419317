/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/disk/imageinfo.c: reads QEMU's ImageInfo, which its query-block
 * and "qemu-img info" both give, into facts.  Pure.
 */
#include "storage/disk/disk.h"

#include <string.h>

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

libxl_disk_format snap_imageinfo_made_format(const char *name)
{
    return strcmp(name, "raw") ? LIBXL_DISK_FORMAT_QCOW2
                               : LIBXL_DISK_FORMAT_RAW;
}

/* QEMU names an image that was opened with options of its own
 * "json:{...}", where the file is inside, below its format. */
const char *snap_imageinfo_file(libxl_snapshot_ctx *sc, const char *name)
{
    const char *file = NULL;
    yajl_val tree, v;

    if (!strncmp(name, "file:", 5)) return snap_strdup(sc, name + 5);
    if (strncmp(name, "json:", 5)) return snap_strdup(sc, name);
    tree = snap_json_parse(name + 5);
    for (v = tree; v && !file; v = snap_json_get(v, "file"))
        file = snap_json_str(v, "filename");
    name = snap_strdup(sc, file ? file : name);
    yajl_tree_free(tree);
    return name;
}

static const char *imageinfo_layer_path(libxl_snapshot_ctx *sc,
                                        yajl_val image)
{
    const char *name = snap_json_str(image, "filename");

    return name ? snap_imageinfo_file(sc, name) : "";
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

const char *snap_imageinfo_protocol(libxl_snapshot_ctx *sc,
                                    const char *name)
{
    size_t len = strcspn(name, ":/");

    return name[len] == ':' ? snap_sprintf(sc, "%.*s", (int)len, name) : NULL;
}

/* The file that is called @name in the layer @path: a relative one is beside
 * that. */
static const char *imageinfo_beside(libxl_snapshot_ctx *sc,
                                    const char *path, const char *name)
{
    const char *slash = name[0] == '/' ? NULL : strrchr(path, '/');

    if (!slash || snap_imageinfo_protocol(sc, name)) return name;
    return snap_sprintf(sc, "%.*s/%s", (int)(slash - path), path, name);
}

/* @data: what only this format has to tell.  The name of the data file of a
 * qcow2 stands in its header as it was given (7.2,
 * qcow2.c:qcow2_get_specific_info). */
static void imageinfo_layer_specific(libxl_snapshot_ctx *sc, yajl_val data,
                                     struct snap_layer *layer)
{
    const char *file = snap_json_dup(sc, data, "data-file");

    layer->bitmaps = imageinfo_strings(sc, snap_json_get(data, "bitmaps"),
                                       "name", &layer->num_bitmaps);
    layer->corrupt = snap_json_bool(data, "corrupt");
    if (file) layer->data_file = imageinfo_beside(sc, layer->path, file);
}

void snap_imageinfo_layer(libxl_snapshot_ctx *sc, yajl_val image,
                          const char *path, struct snap_layer *layer_r)
{
    *layer_r = (struct snap_layer){
        .path = path,
        .format = snap_json_dup(sc, image, "format"),
        .bytes_on_disk = snap_json_u64(image, "actual-size"),
        .virtual_size = snap_json_u64(image, "virtual-size"),
        .base = snap_json_dup(sc, image, "backing-filename"),
        .encrypted = snap_json_bool(image, "encrypted"),
        .dirty = snap_json_bool(image, "dirty-flag"),
    };
    imageinfo_layer_tags(sc, image, layer_r);
    imageinfo_layer_specific(
        sc, snap_json_get(snap_json_get(image, "format-specific"), "data"),
        layer_r);
}

bool snap_imageinfo_is_known(const char *format)
{
    static const char *const known[] = {
        "raw", "qcow2", "qcow", "qed", "vpc", "vdi", "vhdx",
    };
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (!strcmp(format, known[i])) return true;
    return false;
}

int snap_imageinfo_base_named(libxl_snapshot_ctx *sc, const char *path,
                              const char *name, const char *format,
                              const char **base_r)
{
    *base_r = NULL;
    if (!name || !*name) return 0;
    if (snap_imageinfo_protocol(sc, name))
        return snap_fail(sc, ERROR_INVAL, "image %s: its base is '%.200s', "
                         "which is no file of this host, and is not opened; "
                         "copy the base into one, and name that with "
                         "qemu-img rebase -u", path, name);
    if (format && !snap_imageinfo_is_known(format))
        return snap_fail(sc, ERROR_INVAL, "image %s: its base %s is of "
                         "format %s, whose content may be in any other "
                         "file, and is not opened; make a qcow2 of it with "
                         "qemu-img convert", path, name, format);
    *base_r = imageinfo_beside(sc, path, name);
    return 0;
}

int snap_imageinfo_base(libxl_snapshot_ctx *sc, yajl_val image,
                        const char *path, const char **base_r,
                        const char **format_r)
{
    const char *name = snap_json_dup(sc, image, "backing-filename");

    *format_r = snap_json_dup(sc, image, "backing-filename-format");
    return snap_imageinfo_base_named(sc, path, name, *format_r, base_r);
}

/* If a layer does not name its base's format, QEMU has guessed it, from data
 * that a guest may have written, so the format is left out. */
void snap_imageinfo_nested(libxl_snapshot_ctx *sc, yajl_val image,
                           struct snap_chain *chain_r)
{
    struct snap_layer *layers;
    bool said = true;
    yajl_val v;
    int num = 0, i = 0;

    for (v = image; v && num < SNAP_LAYERS_MAX;
         v = snap_json_get(v, "backing-image"))
        num++;
    layers = snap_zalloc(sc, num * sizeof(*layers));
    for (v = image; i < num; v = snap_json_get(v, "backing-image")) {
        snap_imageinfo_layer(sc, v, imageinfo_layer_path(sc, v), &layers[i]);
        if (!said) layers[i].format = NULL;
        said = snap_json_str(v, "backing-filename-format") != NULL;
        i++;
    }
    *chain_r = (struct snap_chain){
        .virtual_size = snap_json_u64(image, "virtual-size"),
        .num_layers = num, .layers = layers,
    };
}
