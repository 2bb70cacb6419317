/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/revert_images.c: whether the images of a snapshot are the domain's.
 *
 * The guest gets what is in them, and may write to it.  A snapshot config
 * that somebody else has written could name any file or device of the host.
 * So there has to be more than its word: the state of the image, which
 * nobody can write there who has not seen that; or a disk of the domain that
 * runs, or of its own xl.cfg, which is on it.  What an image says that it
 * stands on is looked at, too.
 */
#include "ops/ops.h"

#include <string.h>

/* The images that the domain has by what does not come with the snapshot,
 * with all layers. */
struct snap_own_images {
    int num;
    const char **paths;
};

static void own_add(libxl_snapshot_ctx *sc, struct snap_own_images *own,
                    const char *path)
{
    own->paths = snap_grow_by_one(sc, own->paths, own->num,
                                  sizeof(*own->paths));
    own->paths[own->num++] = path;
}

/* An image that cannot be looked at has no layers. */
static void own_add_disk(libxl_snapshot_ctx *sc, struct snap_own_images *own,
                         const libxl_device_disk *disk)
{
    const char *format = snap_imageinfo_format(disk->format);
    const char *path = snap_strdup(sc, disk->pdev_path);
    struct snap_chain chain;
    int i;

    if (!path || !disk->readwrite) return;
    own_add(sc, own, path);
    if (*path != '/' || !format) return;
    if (snap_image_look(sc, path, format, &chain)) {
        snap_take_error(sc);
        return;
    }
    for (i = 1; i < chain.num_layers; i++)
        own_add(sc, own, chain.layers[i].path);
}

static void own_gather(libxl_snapshot_ctx *sc, struct snap_revert *r,
                       struct snap_own_images *own)
{
    const char *path = r->params->own_config_path;
    libxl_domain_config config;
    int i;

    libxl_domain_config_init(&config);
    if (r->dom.domid != SNAP_NO_DOMAIN
        && (r->dom.config.c_info.name
            || snap_domain_gather_config(sc, &r->dom)))
        for (i = 0; i < r->dom.config.num_disks; i++)
            own_add_disk(sc, own, &r->dom.config.disks[i]);
    if (path && !snap_revert_read_xl_cfg(sc, r, path, &config))
        for (i = 0; i < config.num_disks; i++)
            own_add_disk(sc, own, &config.disks[i]);
    snap_take_error(sc);
    libxl_domain_config_dispose(&config);
}

/* True if @path is the image or, of volumes, has the same origin: LVM says
 * so, and root alone tells that. */
static bool own_is(libxl_snapshot_ctx *sc, const char *own, const char *path)
{
    bool is = snap_file_is_same(own, path);

    if (!is && *own == '/' && snap_lv_is_related(sc, own, path, &is))
        snap_take_error(sc);
    return is;
}

/* True if the domain is on @path; its images are gathered when they are
 * needed, once. */
static bool own_has(libxl_snapshot_ctx *sc, struct snap_revert *r,
                    const char *path)
{
    int i;

    if (!r->own_images) {
        r->own_images = snap_zalloc(sc, sizeof(*r->own_images));
        own_gather(sc, r, r->own_images);
    }
    for (i = 0; i < r->own_images->num; i++)
        if (own_is(sc, r->own_images->paths[i], path)) return true;
    return false;
}

/* What a hook has a snapshot of, it knows.  The first bytes of a device may
 * be those of others, which have come from one template. */
static bool image_has_state(const struct snap_disk_op *op)
{
    const char *state = op->ds->state;

    return op->driver->known_by == SNAP_KNOWN_BY_NOTHING
        || (state && strncmp(state, "device ", 7));
}

/* True if @path is the base of a snapshot on record, by its state. */
static bool layer_is_on_record(libxl_snapshot_ctx *sc,
                               const struct snap_revert *r,
                               const char *path)
{
    const libxl_domain_snapshot_revert_params *p = r->params;
    int i;

    for (i = 0; i < p->num_bases; i++)
        if (p->base_states[i]
            && snap_identity_is_base(sc, path, p->bases[i],
                                     p->base_states[i]))
            return true;
    return false;
}

/* Refuse the file @path, which the image @from names as a layer or as its
 * data file, if nothing shows that it goes with that. */
static int image_check_other(libxl_snapshot_ctx *sc, struct snap_revert *r,
                             const struct snap_disk_op *op,
                             const char *from, const char *path)
{
    if (!path || snap_file_is_beside(sc, path, from)
        || snap_file_is_public(sc, path)
        || layer_is_on_record(sc, r, path) || own_has(sc, r, path))
        return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: nothing but the image %s says "
                     "that %s belongs to domain %s: it is in another folder, "
                     "not everybody may read it, and neither the domain that "
                     "runs nor its own xl.cfg has it; the guest would get "
                     "what is in there. Name the domain's xl.cfg with "
                     "--domain-config, or if it is right, use "
                     "--accept-config", op->vdev, from, path,
                     r->config.c_info.name);
}

int snap_revert_check_images(libxl_snapshot_ctx *sc, struct snap_revert *r,
                             const struct snap_disk_op *op)
{
    const struct snap_chain *chain = &op->chain;
    int i, rc = 0;

    if (r->params->accept_images) return 0;
    if (!image_has_state(op) && !own_has(sc, r, op->image))
        return snap_fail(sc, ERROR_INVAL, "disk %s: nothing but the snapshot "
                         "config says that %s belongs to domain %s: it has "
                         "no state of it (`states') that would show it, and "
                         "neither the domain that runs nor its own xl.cfg "
                         "has it; the guest would get what is in there. Name "
                         "the domain's xl.cfg with --domain-config, or if it "
                         "is right, use --accept-config", op->vdev,
                         op->image, r->config.c_info.name);
    for (i = 0; !rc && i < chain->num_layers; i++) {
        const char *path = chain->layers[i].path;

        if (i)
            rc = image_check_other(sc, r, op, chain->layers[i - 1].path,
                                   path);
        if (!rc)
            rc = image_check_other(sc, r, op, path,
                                   chain->layers[i].data_file);
    }
    return rc;
}
