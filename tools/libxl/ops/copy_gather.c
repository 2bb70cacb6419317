/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/copy_gather.c: finds all that a copy of a disk needs to know.  Changes
 * nothing.
 */
#include "ops/ops.h"

#include <string.h>

/* "qcow2" or "raw": as the caller says, or as the disk has it. */
static const char *copy_choose_format(const struct snap_copy *c)
{
    const char *active = c->chain->num_layers ? c->chain->layers[0].format
                                              : NULL;

    if (c->params->format) return snap_imageinfo_format(c->params->format);
    if (c->params->shallow) return "qcow2";
    if (!strncmp(c->params->path, "/dev/", 5)) return "raw";
    return active && !strcmp(active, "raw") ? "raw" : "qcow2";
}

/* Find out what there is already where the copy is to be. */
static int copy_gather_target(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    const libxl_snapshot_copy_params *p = c->params;

    c->format = copy_choose_format(c);
    snap_target_look(sc, p->path, NULL, &c->target);
    if (!c->target.exists || !p->reuse) return 0;
    c->identity = snap_image_identity(sc, p->path);
    c->has_data = snap_file_has_data(p->path);
    return snap_image_look_alone(sc, p->path, c->format, false, &c->image);
}

/* The layers of the disk.  Of a volume that nobody has open the size alone is
 * known, for it may be inactive. */
static const struct snap_chain *copy_chain(libxl_snapshot_ctx *sc,
                                           const struct snap_disk *disk)
{
    struct snap_chain *chain;
    struct snap_layer *layer;

    if (disk->chain.num_layers || !disk->lv) return &disk->chain;
    chain = snap_zalloc(sc, sizeof(*chain));
    layer = snap_zalloc(sc, sizeof(*layer));
    *layer = (struct snap_layer){
        .path = disk->path, .format = "raw",
        .virtual_size = disk->lv->size, .bytes_on_disk = disk->lv->size,
    };
    *chain = (struct snap_chain){ disk->lv->size, 1, layer };
    return chain;
}

static int copy_gather_disk(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    struct snap_journal_images images = { 0 };
    int i;

    c->chain = copy_chain(sc, c->disk);
    for (i = 0; i < c->chain->num_layers; i++)
        snap_journal_images_add(sc, &images, c->chain->layers[i].path,
                                false);
    snap_journal_images_add(sc, &images, c->params->path, true);
    return snap_journal_refuse_images(sc, c->dom.name, &images);
}

/* Nobody may write to what is read, nor have open what is written over. */
static int copy_gather_users(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    const char *who = snap_sprintf(sc, "disk %s", c->disk->vdev);
    const char *server = c->disk->node && c->dom.qemu_pid ? "QEMU" : NULL;
    int i, num = c->chain->num_layers;

    c->layers.files = snap_zalloc(sc, (num + 1)
                                      * sizeof(*c->layers.files));
    for (i = 0; i < num; i++) {
        const char *path = c->chain->layers[i].path;

        c->layers.files[c->layers.num++] = (struct snap_file_use){
            .who = who, .path = path, .write_only = true, .server = server,
        };
        if (!c->doubt)
            c->doubt = snap_open_doubt_place(sc, path, "use --trust-folders");
    }
    if (c->target.exists && c->params->reuse)
        c->layers.files[c->layers.num++] = (struct snap_file_use){
            .who = "the copy", .path = c->params->path,
        };
    return snap_layers_find_users(sc, &c->layers, c->dom.qemu_pid,
                                  c->dom.domid);
}

/*-- who needs what ---------------------------------------------------------*/

/* What is written over may be all that somebody has. */
static void copy_set_needed(libxl_snapshot_ctx *sc, struct snap_copy *c,
                            const struct snap_needs *needs)
{
    int num;
    const struct snap_need *list =
        snap_needs_of(sc, needs, c->params->path, NULL, &num);

    c->needed = snap_needs_text(sc, list, num);
    c->unknown = snap_needs_unknown_text(sc, needs);
}

/* Nothing starts on the active layer after a pivot: who else does? */
static void copy_set_others(libxl_snapshot_ctx *sc, struct snap_copy *c,
                            const struct snap_needs *needs)
{
    const struct snap_needs_except except = {
        .domain = c->dom.name, .vdev = c->disk->vdev,
        .file = c->params->config_path,
        .images = snap_chain_paths(sc, c->chain),
        .num_images = c->chain->num_layers,
    };
    int num, others = 0, i;
    const struct snap_need *list =
        snap_needs_of(sc, needs, c->chain->layers[0].path, &except, &num);
    struct snap_need *found = snap_zalloc(sc, (num + 1) * sizeof(*found));

    for (i = 0; i < num; i++)
        if (list[i].how == LIBXL_SNAPSHOT_NEED_HOW_ACTIVE)
            found[others++] = list[i];
    c->others = snap_needs_text(sc, found, others);
}

static void copy_gather_needs(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    bool reuses = c->target.exists && c->params->reuse;
    struct snap_needs_target targets[2] = { { NULL, NULL } };
    struct snap_needs needs = {
        .own = c->params->config, .own_file = c->params->config_path,
    };
    int num = 0;

    if (c->params->pivot && c->chain->num_layers)
        targets[num++] = (struct snap_needs_target){
            c->chain->layers[0].path, c->chain->layers[0].format,
        };
    if (reuses)
        targets[num++] = (struct snap_needs_target){
            c->params->path, c->format,
        };
    if (!num) return;
    snap_needs_find(sc, c->params->sources, targets, num, &needs);
    if (reuses) copy_set_needed(sc, c, &needs);
    if (c->params->pivot && c->chain->num_layers)
        copy_set_others(sc, c, &needs);
}

/* The layers that the disk leaves, as they are now. */
static void copy_gather_old(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    int num = snap_copy_layers(c), i;

    c->old = snap_zalloc(sc, (num + 1) * sizeof(*c->old));
    for (i = 0; i < num && i < c->chain->num_layers; i++) {
        const struct snap_layer *layer = &c->chain->layers[i];

        c->old[i] = (struct snap_remove_file){
            .path = layer->path, .format = layer->format,
            .identity = snap_image_identity(sc, layer->path),
        };
        if (c->params->remove && (i || c->dom.domid == SNAP_NO_DOMAIN))
            c->old[i].print = snap_identity_print(sc, layer->path);
    }
}

/* The node of the layer that a shallow copy stands on, too. */
static int copy_gather_node(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    const struct snap_node *node;
    struct snap_nodes nodes;
    struct snap_qmp *qmp;
    int rc;

    if (!c->disk->node) return 0;
    c->node = snap_domain_new_node(sc, &c->dom, c->disk->vdev);
    if (!c->params->shallow || c->chain->num_layers < 2) return 0;
    rc = snap_qmp_open(sc, c->dom.domid, c->dom.uuid_str, &qmp);
    if (rc) return rc;
    rc = snap_nodes_gather(sc, qmp, &nodes);
    snap_qmp_close(qmp);
    if (!rc) rc = snap_nodes_find(sc, &nodes, c->chain->layers[1].path,
                                  &node);
    if (!rc) c->base_node = node->name;
    return rc;
}

int snap_copy_gather(libxl_snapshot_ctx *sc, struct snap_copy *c)
{
    const libxl_snapshot_copy_params *p = c->params;
    int rc;

    rc = snap_target_gather(sc, p->domid, p->config, p->vdev, &c->dom,
                            &c->disk);
    if (!rc) rc = copy_gather_disk(sc, c);
    if (!rc) rc = copy_gather_target(sc, c);
    if (!rc) rc = copy_gather_users(sc, c);
    if (!rc) rc = copy_gather_node(sc, c);
    if (rc) return rc;
    copy_gather_needs(sc, c);
    copy_gather_old(sc, c);
    if (c->chain->num_layers)
        c->active_state = snap_identity_file(sc, c->chain->layers[0].path);
    if (p->config_path)
        c->config_state = snap_identity_file(sc, p->config_path);
    return 0;
}
