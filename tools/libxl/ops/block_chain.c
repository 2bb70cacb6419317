/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/block_chain.c: describes the images of a domain's disks, and who needs
 * them.  Changes nothing.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>

struct block_chain {
    libxl_snapshot_ctx *sc;
    struct snap_domain dom;
    struct snap_needs needs;
    int *tops;                      /* by disk: its image; -1: none */
    struct snap_file_use *uses;     /* by image; zeros: not looked at */
};

/*-- what an image is -------------------------------------------------------*/

static void chain_fill_need(const struct snap_need *need,
                            libxl_snapshot_image *image)
{
    image->needs[image->num_needs++] = (libxl_snapshot_need){
        .kind = need->kind, .how = need->how,
        .who = snap_result_str(need->who),
        .name = snap_result_str(need->name),
        .domain = snap_result_str(need->domain),
        .known = snap_result_str(need->known),
    };
}

/* Those that need it, and the snapshots that have made it. */
static void chain_fill_needs(const struct block_chain *c, int i,
                             libxl_snapshot_image *image)
{
    int num, k;
    const struct snap_need *list =
        snap_needs_of_image(c->sc, &c->needs, i, NULL, &num);

    image->needs = snap_result_array(num + c->needs.num,
                                     sizeof(*image->needs));
    for (k = 0; k < num; k++)
        chain_fill_need(&list[k], image);
    for (k = 0; k < c->needs.num; k++)
        if (c->needs.list[k].image == i
            && c->needs.list[k].how == LIBXL_SNAPSHOT_NEED_HOW_CHILD)
            chain_fill_need(&c->needs.list[k], image);
}

/* True if an image stands on @image. */
static bool chain_is_base(const struct snap_needs *needs, int image)
{
    int i;

    for (i = 0; i < needs->num_images; i++)
        if (needs->images[i].base == image) return true;
    return false;
}

/*
 * True if nobody needs the image @i, which a create or a revert has made.
 * What a domain that is off was on last nobody knows but its xl.cfg, which
 * may be of before: then the newest data is in what looks left over.
 */
static bool chain_is_leftover(const struct block_chain *c, int top, int i)
{
    const struct snap_needs *needs = &c->needs;
    const libxl_domain_config *config = &c->dom.config;

    if (c->uses[i].users || c->uses[i].is_open) return false;
    if (c->dom.domid == SNAP_NO_DOMAIN
        && (chain_is_base(needs, top)
            || !snap_file_is_older(needs->images[i].layer.path,
                                   needs->images[top].layer.path)))
        return false;
    return snap_needs_is_leftover(c->sc, needs, i, config->c_info.name,
                                  &config->c_info.uuid);
}

static void chain_fill_image(const struct block_chain *c, int top, int i,
                             libxl_snapshot_image *image)
{
    const struct snap_needs_image *from = &c->needs.images[i];
    const char *path = from->layer.path;

    snap_result_layer(&from->layer, &image->layer);
    image->virtual_size = from->layer.virtual_size;
    image->exists = from->is_there;
    image->is_layer = snap_needs_is_on(&c->needs, top, i);
    image->is_active = i == top;
    image->is_frozen = from->is_there && snap_file_is_frozen(path);
    image->is_open = c->uses[i].is_open;
    image->users = snap_result_str(c->uses[i].users);
    image->problem = snap_result_str(from->problem);
    image->is_leftover = chain_is_leftover(c, top, i);
    chain_fill_needs(c, i, image);
}

/*-- the tree of a disk -----------------------------------------------------*/

/* The next image that stands on @base, behind @last (-2: the first): by
 * their names, and that of the disk's own chain, @own, as the last. */
static int chain_next_child(const struct snap_needs *needs, int base,
                            int own, int last)
{
    const struct snap_needs_image *images = needs->images;
    int i, next = -1;

    for (i = 0; last != own && i < needs->num_images; i++) {
        const char *path = images[i].layer.path;

        if (images[i].base != base || i == own || i == last
            || (last >= 0 && strcmp(path, images[last].layer.path) < 0))
            continue;
        if (next < 0 || strcmp(path, images[next].layer.path) < 0) next = i;
    }
    return next >= 0 || last == own ? next : own;
}

/* The image of the chain below @top that stands on @base; -1: none. */
static int chain_child_in(const struct snap_needs *needs, int top, int base)
{
    while (top >= 0 && needs->images[top].base != base)
        top = needs->images[top].base;
    return top;
}

/* Put the image @i and all that stand on it into @tree. */
static void chain_fill_from(const struct block_chain *c, int top, int i,
                            int base, libxl_snapshot_tree *tree)
{
    int at = tree->num_images++, child;
    int own = chain_child_in(&c->needs, top, i);

    tree->images[at].base = base;
    chain_fill_image(c, top, i, &tree->images[at]);
    child = chain_next_child(&c->needs, i, own, -2);
    for (; child >= 0; child = chain_next_child(&c->needs, i, own, child))
        chain_fill_from(c, top, child, at, tree);
}

static int chain_count_on(const struct snap_needs *needs, int root)
{
    int i, num = 0;

    for (i = 0; i < needs->num_images; i++)
        if (snap_needs_is_on(needs, i, root)) num++;
    return num;
}

static void chain_fill_tree(const struct block_chain *c, int disk,
                            libxl_snapshot_tree *tree)
{
    const struct snap_disk *from = &c->dom.disks[disk];
    int top = c->tops[disk];
    int root = top < 0 ? -1 : snap_needs_root(&c->needs, top);

    tree->vdev = snap_result_str(from->vdev);
    tree->path = snap_result_str(from->path);
    tree->is_data_disk = from->is_data_disk;
    if (root < 0) {
        tree->problem = snap_result_str(
            !from->path || !*from->path ? "the drive is empty"
            : from->driver_domain ? "a driver domain serves it"
            : "it is no file of this host");
        return;
    }
    tree->images = snap_result_array(chain_count_on(&c->needs, root),
                                     sizeof(*tree->images));
    chain_fill_from(c, top, root, -1, tree);
}

/*-- gathering --------------------------------------------------------------*/

static bool chain_matters(const struct block_chain *c, int image)
{
    int root = snap_needs_root(&c->needs, image), i;

    for (i = 0; i < c->dom.num_disks; i++)
        if (c->tops[i] >= 0
            && snap_needs_root(&c->needs, c->tops[i]) == root)
            return true;
    return false;
}

/* Ask who has the images open that stand on what the disks stand on. */
static void chain_gather_users(struct block_chain *c)
{
    const uint32_t domid = c->dom.domid;
    const struct snap_users_except itself = {
        .domid = domid,
        .pid = domid == SNAP_NO_DOMAIN ? 0
                                       : snap_xenstore_qemu_pid(c->sc, domid),
    };
    int num = c->needs.num_images, num_files = 0, i;
    struct snap_file_use *files = snap_zalloc(c->sc, num * sizeof(*files));
    int *of = snap_zalloc(c->sc, num * sizeof(*of));

    c->uses = snap_zalloc(c->sc, num * sizeof(*c->uses));
    for (i = 0; i < num; i++) {
        const struct snap_needs_image *image = &c->needs.images[i];

        if (!image->is_there || !chain_matters(c, i)) continue;
        of[num_files] = i;
        files[num_files++] = (struct snap_file_use){
            .who = "image", .path = image->layer.path,
        };
    }
    if (snap_users_of_files(c->sc, files, num_files, &itself))
        snap_needs_add_unknown(c->sc, &c->needs, NULL, snap_sprintf(
            c->sc, "who has images open: %s", snap_take_error(c->sc)));
    for (i = 0; i < num_files; i++)
        c->uses[of[i]] = files[i];
}

/* A file or device of this host that the disk is; NULL: it is none. */
static const char *chain_file(const struct snap_disk *disk)
{
    return !disk->driver_domain && disk->path && *disk->path == '/'
        ? disk->path : NULL;
}

static void chain_gather_needs(struct block_chain *c,
                               const libxl_snapshot_sources *sources)
{
    int max = c->dom.num_disks, num = 0, i;
    struct snap_needs_target *targets =
        snap_zalloc(c->sc, max * sizeof(*targets));

    for (i = 0; i < max; i++) {
        const struct snap_disk *disk = &c->dom.disks[i];

        if (!chain_file(disk)) continue;
        targets[num++] = (struct snap_needs_target){
            .path = disk->path,
            .format = disk->tapdisk ? "vpc" : snap_imageinfo_format(
                                                  disk->stored->format),
        };
    }
    snap_needs_find(c->sc, sources, targets, num, &c->needs);
    c->tops = snap_zalloc(c->sc, max * sizeof(*c->tops));
    for (i = 0; i < max; i++)
        c->tops[i] = !chain_file(&c->dom.disks[i]) ? -1
            : snap_needs_find_image(c->sc, &c->needs, c->dom.disks[i].path);
}

static void chain_find_stale(struct block_chain *c)
{
    int i;

    for (i = 0; c->dom.domid == SNAP_NO_DOMAIN && i < c->dom.num_disks; i++)
        if (c->tops[i] >= 0 && chain_is_base(&c->needs, c->tops[i]))
            snap_needs_add_unknown(c->sc, &c->needs, NULL, snap_sprintf(
                c->sc, "disk %s: other images stand on %s, which the xl.cfg "
                "names; what the domain wrote last may be in one of them",
                c->dom.disks[i].vdev, c->dom.disks[i].path));
}

static int chain_gather(struct block_chain *c, uint32_t domid,
                        const libxl_domain_config *config,
                        const libxl_snapshot_sources *sources)
{
    int rc;

    if (config)
        libxl_domain_config_copy(c->sc->ctx, &c->dom.config, config);
    else
        c->dom.domid = domid;
    rc = config ? snap_domain_config_check(c->sc, "xl.cfg", &c->dom.config)
        : snap_domain_config_retrieve(c->sc, domid, &c->dom.config);
    if (rc) return rc;
    snap_domain_gather_disks(c->sc, &c->dom);
    chain_gather_needs(c, sources);
    chain_gather_users(c);
    chain_find_stale(c);
    return 0;
}

int libxl_snapshot_block_chain(libxl_snapshot_ctx *sc, uint32_t domid,
                               const libxl_domain_config *config,
                               const libxl_snapshot_sources *sources,
                               libxl_snapshot_chain *chain)
{
    struct block_chain c = { .sc = sc };
    int rc, i;

    snap_ctx_begin(sc);
    snap_domain_init(&c.dom);
    rc = chain_gather(&c, domid, config, sources);
    if (rc) goto out;
    chain->domain = snap_result_str(c.dom.config.c_info.name);
    chain->disks = snap_result_array(c.dom.num_disks, sizeof(*chain->disks));
    for (i = 0; i < c.dom.num_disks; i++)
        chain_fill_tree(&c, i, &chain->disks[chain->num_disks++]);
    chain->unknown = snap_result_array(c.needs.num_unknown,
                                       sizeof(*chain->unknown));
    for (i = 0; i < c.needs.num_unknown; i++)
        chain->unknown[chain->num_unknown++] =
            snap_result_str(c.needs.unknown[i].why);
 out:
    snap_domain_dispose(&c.dom);
    return rc;
}
