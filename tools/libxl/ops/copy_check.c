/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/copy_check.c: the refusals of a copy of a disk, before anything
 * changes.  Pure.
 */
#include "ops/ops.h"

#include <inttypes.h>
#include <string.h>

int snap_copy_layers(const struct snap_copy *c)
{
    return c->params->shallow ? 1 : c->chain->num_layers;
}

uint64_t snap_copy_bytes(const struct snap_copy *c)
{
    uint64_t bytes = 0;
    int i;

    for (i = 0; i < snap_copy_layers(c); i++)
        bytes += c->chain->layers[i].bytes_on_disk;
    return bytes < c->chain->virtual_size ? bytes : c->chain->virtual_size;
}

static int copy_fail(libxl_snapshot_ctx *sc, const struct snap_copy *c,
                     const char *why)
{
    return snap_fail(sc, ERROR_INVAL, "disk %s: %s", c->disk->vdev, why);
}

/*-- the disk ---------------------------------------------------------------*/

/* Why no program may read the layer by itself; NULL: it may. */
static const char *copy_odd_layer(const struct snap_layer *l)
{
    if (l->corrupt)
        return "is marked corrupt; copy it, then let qemu-img check -r all "
               "repair the copy";
    if (l->encrypted)
        return "is encrypted, and nobody is here to give its key; use "
               "qemu-img";
    return NULL;
}

static int copy_check_disk(libxl_snapshot_ctx *sc, const struct snap_copy *c)
{
    const char *why = snap_reach_qdisk(sc, c->disk);
    int i;

    if (why) return copy_fail(sc, c, why);
    if (!c->chain->num_layers || !c->chain->virtual_size)
        return copy_fail(sc, c, "how large it is cannot be told");
    for (i = 0; i < c->chain->num_layers; i++) {
        why = copy_odd_layer(&c->chain->layers[i]);
        if (why)
            return snap_fail(sc, ERROR_INVAL, "disk %s: its layer %s %s",
                             c->disk->vdev, c->chain->layers[i].path, why);
    }
    if (!c->params->trust_folders && c->doubt)
        return snap_fail(sc, ERROR_INVAL, "disk %s: somebody could put "
                         "another file in the place of a layer: %s",
                         c->disk->vdev, c->doubt);
    if (!c->params->shallow) return 0;
    if (strcmp(c->format, "qcow2"))
        return copy_fail(sc, c, "a shallow copy stands on another layer, "
                         "which only a qcow2 can");
    if (c->chain->num_layers < 2)
        return copy_fail(sc, c, "it has one image and no other layers, so "
                         "leave out --shallow");
    return 0;
}

/*-- the copy ---------------------------------------------------------------*/

static int copy_fail_target(libxl_snapshot_ctx *sc,
                            const struct snap_copy *c, const char *why)
{
    return snap_fail(sc, ERROR_INVAL, "copy %s: %s", c->params->path, why);
}

/* QEMU copies to an image of another size, and fails in the end (7.2); and
 * qemu-img would let the guest see another disk. */
static int copy_check_size(libxl_snapshot_ctx *sc, const struct snap_copy *c)
{
    uint64_t size = c->image.layer.virtual_size;

    if (size == c->chain->virtual_size) return 0;
    return snap_fail(sc, ERROR_INVAL, "copy %s: it has %" PRIu64 " bytes, "
                     "the disk has %" PRIu64 "; it has to be of the same "
                     "size", c->params->path, size, c->chain->virtual_size);
}

/* The header of a qcow2 that the user has made says what it stands on. */
static int copy_check_base(libxl_snapshot_ctx *sc, const struct snap_copy *c)
{
    const char *base = c->image.base;

    if (!c->params->shallow && base)
        return snap_fail(sc, ERROR_INVAL, "copy %s: it stands on %s, and a "
                         "full copy stands on nothing; make it anew, or use "
                         "--shallow", c->params->path, base);
    if (c->params->shallow
        && (!base || strcmp(base, c->chain->layers[1].path)))
        return snap_fail(sc, ERROR_INVAL, "copy %s: it stands on %s, and a "
                         "shallow copy has to stand on %s", c->params->path,
                         base ? base : "nothing", c->chain->layers[1].path);
    return 0;
}

/* A shallow copy takes over what is in it already, as if the guest had
 * written that; and it may be somebody's. */
static int copy_check_empty(libxl_snapshot_ctx *sc, const struct snap_copy *c)
{
    if (!c->has_data) return 0;
    return copy_fail_target(sc, c, "it has data, perhaps somebody's; make it "
                            "anew, or let blkdiscard -z empty a volume");
}

static int copy_check_reused(libxl_snapshot_ctx *sc,
                             const struct snap_copy *c)
{
    const struct snap_layer *image = &c->image.layer;
    int rc;

    if (!c->target.exists)
        return copy_fail_target(sc, c, "there is no such image to be "
                                "reused; leave out --reuse-external and it "
                                "is made");
    if (c->needed)
        return snap_fail(sc, ERROR_INVAL, "copy %s: what is in it is needed "
                         "by %s", c->params->path, c->needed);
    if (c->unknown)
        return snap_fail(sc, ERROR_INVAL, "copy %s: whether somebody needs "
                         "what is in it cannot be known: %s", c->params->path,
                         c->unknown);
    if (image->num_tags || image->data_file || image->encrypted
        || image->num_bitmaps)
        return copy_fail_target(sc, c, "it is no plain image: it has "
                                "internal snapshots, bitmaps, a key or a "
                                "data file; make a new one");
    rc = copy_check_size(sc, c);
    if (!rc) rc = copy_check_base(sc, c);
    return rc ? rc : copy_check_empty(sc, c);
}

static int copy_check_target(libxl_snapshot_ctx *sc,
                             const struct snap_copy *c)
{
    if (!c->params->trust_folders && c->target.doubt)
        return snap_fail(sc, ERROR_INVAL, "copy %s: %s", c->params->path,
                         c->target.doubt);
    if (c->params->pivot && snap_target_has_blank(c->params->path))
        return copy_fail_target(sc, c, "QEMU cannot start a domain from a "
                                "path with white space; choose another");
    if (c->params->reuse) return copy_check_reused(sc, c);
    if (!strncmp(c->params->path, "/dev/", 5))
        return copy_fail_target(sc, c, "no file is made in /dev; make the "
                                "volume yourself, of the size of the disk, "
                                "and use --reuse-external");
    if (c->target.exists)
        return copy_fail_target(sc, c, "exists already; choose another "
                                "file, or use --reuse-external if you have "
                                "made it for this");
    return snap_target_check(sc, "copy", &c->target,
                             snap_copy_bytes(c) + SNAP_OVERLAY_BYTES);
}

/*-- the pivot --------------------------------------------------------------*/

static int copy_check_pivot(libxl_snapshot_ctx *sc, const struct snap_copy *c)
{
    const libxl_snapshot_copy_params *p = c->params;

    if (!p->pivot && (p->config_text || p->remove))
        return copy_fail(sc, c, "the domain does not go on with the copy, so "
                         "its xl.cfg and its layers stay as they are; use "
                         "--pivot, or leave out --update-config and "
                         "--delete");
    if (c->others)
        return snap_fail(sc, ERROR_INVAL, "disk %s: its image %s is the disk "
                         "of %s, too, and nothing is to start on it any "
                         "more; end that first, or leave out --pivot",
                         c->disk->vdev, c->chain->layers[0].path, c->others);
    if (!p->remove) return 0;
    return snap_remove_check(sc, c->disk->vdev, c->old, snap_copy_layers(c),
                             !p->config_text);
}

int snap_copy_check(libxl_snapshot_ctx *sc, const struct snap_copy *c)
{
    int rc = copy_check_disk(sc, c);

    if (!rc) rc = copy_check_pivot(sc, c);
    if (!rc) rc = copy_check_target(sc, c);
    if (!rc) rc = snap_refuse_used(sc, &c->layers);
    return rc ? rc : snap_refuse_not_open(sc, &c->layers);
}
