/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/merge_gather.c: finds all that a commit or a pull needs to know.
 * Changes nothing.
 */
#include "ops/ops.h"

#include <string.h>

/*-- the layers -------------------------------------------------------------*/

/* The layer whose file @path is, by whatever name; -1: none. */
static int merge_layer_at(const struct snap_merge *m, const char *path)
{
    int i;

    for (i = 0; path && i < m->chain->num_layers; i++)
        if (snap_file_is_same(m->chain->layers[i].path, path)) return i;
    return -1;
}

static int merge_gather_layer(libxl_snapshot_ctx *sc,
                              const struct snap_merge *m, int i)
{
    const char *path = m->chain->layers[i].path;
    struct snap_merge_layer *f = &m->files[i];

    f->identity = snap_image_identity(sc, path);
    f->is_file = f->identity != NULL;
    f->is_frozen = snap_file_is_frozen(path);
    if (i || m->dom.domid == SNAP_NO_DOMAIN)
        f->print = snap_identity_print(sc, path);
    f->doubt = snap_open_doubt_place(sc, path, "use --trust-folders");
    if (!f->is_file) return snap_lv_gather(sc, path, &f->lv);
    return snap_file_space(sc, snap_file_dirname(sc, path), &f->space);
}

static int merge_gather_layers(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    int i, rc = 0;

    m->files = snap_zalloc(sc, m->chain->num_layers * sizeof(*m->files));
    for (i = 0; !rc && i < m->chain->num_layers; i++)
        rc = merge_gather_layer(sc, m, i);
    return rc;
}

/* Nobody else may have open what changes or goes; nor write to what is
 * read. */
static int merge_gather_users(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    const char *who = snap_sprintf(sc, "disk %s", m->disk->vdev);
    const char *server = m->disk->node && m->dom.qemu_pid ? "QEMU" : NULL;
    struct snap_layers *layers = &m->layers;
    int i;

    for (i = 0; i < m->chain->num_layers; i++) {
        bool changes = i == m->target || i == m->child
            || (m->params->remove && i >= m->first && i <= m->last);

        layers->files = snap_grow_by_one(sc, layers->files, layers->num,
                                         sizeof(*layers->files));
        layers->files[layers->num++] = (struct snap_file_use){
            .who = who, .path = m->chain->layers[i].path,
            .write_only = !changes, .server = server,
        };
    }
    return snap_layers_find_users(sc, layers, m->dom.qemu_pid,
                                  m->dom.domid);
}

/*-- who needs them ---------------------------------------------------------*/

/* What the layers above the merged ones show stays as it is, and so does what
 * an overlay shows that the disk stays on: who needs one of them, or stands
 * on it, does not count; nor do tags in a layer itself, and the snapshots
 * whose they are: merge_check.c looks at these. */
static bool merge_need_counts(const struct snap_needs *needs, int image,
                              int kept, const struct snap_need *need)
{
    if (need->image == image
        && (need->kind == LIBXL_SNAPSHOT_NEED_KIND_TAG
            || need->known_by == SNAP_KNOWN_BY_TAG))
        return false;
    return kept < 0 || !snap_needs_is_on(needs, need->image, kept);
}

static void merge_set_needed(libxl_snapshot_ctx *sc, struct snap_merge *m,
                             const struct snap_needs *needs, int i)
{
    const struct snap_needs_except except = {
        .domain = m->dom.name, .vdev = m->disk->vdev,
        .file = m->params->config_path,
        .images = snap_chain_paths(sc, m->chain),
        .num_images = m->chain->num_layers,
        .config = m->params->snapshot_config,
    };
    int above = m->params->keep_overlay ? 0 : m->child;
    int kept = above < 0 ? -1
        : snap_needs_find_image(sc, needs, snap_merge_path(m, above));
    int image = snap_needs_find_image(sc, needs, snap_merge_path(m, i));
    const struct snap_need *list;
    int num, counts = 0, k;
    struct snap_need *counting;

    list = snap_needs_of(sc, needs, snap_merge_path(m, i), &except, &num);
    counting = snap_zalloc(sc, (num + 1) * sizeof(*counting));
    for (k = 0; k < num; k++)
        if (merge_need_counts(needs, image, kept, &list[k]))
            counting[counts++] = list[k];
    m->files[i].needed = snap_needs_text(sc, counting, counts);
}

/* The snapshot whose base the layer is, which cannot be recorded anew, since
 * its config has another place; in words.  NULL: there is none. */
static const char *merge_lost_of(libxl_snapshot_ctx *sc,
                                 const struct snap_merge *m,
                                 const struct snap_needs *needs, int i)
{
    const struct snap_need *need =
        snap_needs_lost_of(sc, needs, snap_merge_path(m, i));

    return need ? snap_sprintf(sc, "is the base of %s, whose %s says it is %s",
                               need->who, need->known, need->lost) : NULL;
}

static void merge_gather_needs(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    const struct snap_needs_target top = {
        snap_merge_path(m, 0), m->chain->layers[0].format,
    };
    struct snap_needs needs = {
        .given_up = m->params->snapshot_config,
        .own = m->params->config, .own_file = m->params->config_path,
    };
    int i;

    snap_needs_find(sc, m->params->sources, &top, 1, &needs);
    m->unknown = snap_needs_unknown_text(sc, &needs);
    for (i = 0; i < m->chain->num_layers; i++) {
        m->files[i].sign = snap_needs_sign(sc, &needs, snap_merge_path(m, i));
        m->files[i].lost = merge_lost_of(sc, m, &needs, i);
        merge_set_needed(sc, m, &needs, i);
        m->files[i].records =
            snap_needs_records(sc, &needs, snap_merge_path(m, i), NULL);
    }
}

/*-- all of it --------------------------------------------------------------*/

static int merge_gather_disk(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    struct snap_journal_images images = { 0 };
    int i;

    m->chain = &m->disk->chain;
    for (i = 0; i < m->chain->num_layers; i++)
        snap_journal_images_add(sc, &images, m->chain->layers[i].path,
                                false);
    return snap_journal_refuse_images(sc, m->dom.name, &images);
}

int snap_merge_gather(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    const libxl_snapshot_merge_params *p = m->params;
    int rc;

    rc = snap_target_gather(sc, p->domid, p->config, p->vdev, &m->dom,
                            &m->disk);
    if (!rc) rc = merge_gather_disk(sc, m);
    if (rc) return rc;
    m->base_at = merge_layer_at(m, p->base);
    m->top_at = merge_layer_at(m, p->top);
    rc = snap_merge_choose(sc, m);
    if (!rc) rc = merge_gather_layers(sc, m);
    if (!rc) rc = merge_gather_users(sc, m);
    if (rc) return rc;
    merge_gather_needs(sc, m);
    m->active_state = snap_identity_file(sc, snap_merge_path(m, 0));
    if (p->config_path)
        m->config_state = snap_identity_file(sc, p->config_path);
    return rc;
}
