/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_imageinfo.h: what QEMU says of an image.  It is part of
 * libxl_snap_internal.h; include that.
 */
#ifndef LIBXL_SNAP_IMAGEINFO_H
#define LIBXL_SNAP_IMAGEINFO_H

/* A snapshot that an image keeps inside. */
struct snap_tag {
    const char *id, *name;
    uint64_t creation_time;             /* seconds since the epoch; 0: unknown */
    uint64_t creation_nsec;             /* and nanoseconds */
    uint64_t vm_state_bytes;            /* memory in it, by QEMU's savevm */
};

/* One image of a chain. */
struct snap_layer {
    const char *path;                   /* "" if QEMU does not say */
    const char *format;                 /* QEMU's name; NULL: not said */
    uint64_t bytes_on_disk;
    int num_tags;
    const struct snap_tag *tags;
};

/* The chain in an ImageInfo of query-block, its base inside of it; and in a
 * list of "qemu-img info --backing-chain".  Active first. */
const struct snap_layer *snap_imageinfo_nested(libxl_snapshot_ctx *sc,
                                               yajl_val image, int *num_r);
const struct snap_layer *snap_imageinfo_list(libxl_snapshot_ctx *sc,
                                             yajl_val list, int *num_r);
/* The names alone: files of a chain, tags of a layer. */
const char **snap_layer_paths(libxl_snapshot_ctx *sc,
                              const struct snap_layer *layers, int num);
const char **snap_layer_tags(libxl_snapshot_ctx *sc,
                             const struct snap_layer *layer);
/* QEMU's name of a format: "vpc" for a vhd. */
const char *snap_qemu_format(libxl_disk_format format);

#endif /* LIBXL_SNAP_IMAGEINFO_H */
