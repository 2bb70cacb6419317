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
    int rc;

    f->identity = snap_image_identity(sc, path);
    f->is_file = f->identity != NULL;
    f->is_frozen = snap_file_is_frozen(path);
    f->doubt = snap_open_doubt_place(sc, path, "use --trust-folders");
    if (!f->is_file) return snap_lv_gather(sc, path, &f->lv);
    rc = snap_file_space(sc, snap_file_dirname(sc, path), &f->space);
    f->records = snap_zalloc(sc, sizeof(*f->records));
    return rc;
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
    struct snap_layers *layers = &m->layers;
    int i;

    for (i = 0; i < m->chain->num_layers; i++) {
        bool changes = i == m->target || i == m->child
            || (m->params->remove && i >= m->first && i <= m->last);

        layers->files = snap_grow_by_one(sc, layers->files, layers->num,
                                         sizeof(*layers->files));
        layers->files[layers->num++] = (struct snap_file_use){
            .who = who, .path = m->chain->layers[i].path,
            .write_only = !changes,
        };
    }
    return snap_layers_find_users(sc, layers, m->dom.qemu_pid,
                                  m->dom.domid);
}

/*-- the snapshots ----------------------------------------------------------*/

static void merge_add_need(libxl_snapshot_ctx *sc,
                           struct snap_merge_layer *f, const char *who,
                           const char *record)
{
    size_t size = sizeof(*f->needs);
    int n = f->num_needs;

    f->needs = snap_grow_by_one(sc, f->needs, n, size);
    f->records = snap_grow(sc, f->records, (n + 1) * size, (n + 2) * size);
    f->needs[n] = who;
    f->records[n] = record;
    f->num_needs = n + 1;
}

static void merge_add_snapshot(libxl_snapshot_ctx *sc, struct snap_merge *m,
                               const libxl_domain_snapshot *snap,
                               const char *record)
{
    const char *who = snap_sprintf(
        sc, "snapshot %s of %s", snap->name ? snap->name : "without a name",
        snap->domain_name ? snap->domain_name : "a domain");
    int i, at;

    for (i = 0; i < snap->num_disks; i++) {
        if (snap->disks[i].mode != LIBXL_SNAPSHOT_MODE_EXTERNAL) continue;
        at = merge_layer_at(m, snap->disks[i].parent.pdev_path);
        if (at >= 0) merge_add_need(sc, &m->files[at], who, record);
    }
}

/* One that cannot be read might need any layer. */
static int merge_gather_snapshot(libxl_snapshot_ctx *sc,
                                 struct snap_merge *m, const char *record)
{
    libxl_domain_snapshot snap;
    int rc;

    libxl_domain_snapshot_init(&snap);
    rc = snap_config_read(sc, record, &snap);
    if (!rc) merge_add_snapshot(sc, m, &snap, record);
    libxl_domain_snapshot_dispose(&snap);
    if (!rc) return 0;
    return snap_fail(sc, rc, "what this snapshot config needs cannot be "
                     "known; mend it, or move it away if its snapshot is not "
                     "wanted any more");
}

/*-- all of it --------------------------------------------------------------*/

static int merge_gather_disk(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    struct snap_journal_images images = { 0 };
    int i;

    m->disk = snap_domain_disk(&m->dom, m->params->vdev);
    if (!m->disk)
        return snap_fail(sc, ERROR_INVAL, "disk %s: domain %s has no such "
                         "disk", m->params->vdev, m->dom.name);
    m->chain = &m->disk->chain;
    for (i = 0; i < m->chain->num_layers; i++)
        snap_journal_images_add(sc, &images, m->chain->layers[i].path,
                                false);
    return snap_journal_refuse_images(sc, m->dom.name, &images);
}

int snap_merge_gather(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    const libxl_snapshot_merge_params *p = m->params;
    int i, rc;

    rc = snap_offline_gather(sc, p->config, &m->dom);
    if (!rc) rc = merge_gather_disk(sc, m);
    if (rc) return rc;
    m->base_at = merge_layer_at(m, p->base);
    m->top_at = merge_layer_at(m, p->top);
    rc = snap_merge_choose(sc, m);
    if (!rc) rc = merge_gather_layers(sc, m);
    for (i = 0; !rc && i < p->num_snapshots; i++)
        rc = merge_gather_snapshot(sc, m, p->snapshots[i]);
    if (!rc) rc = merge_gather_users(sc, m);
    if (!rc && p->config_path)
        m->config_state = snap_identity_file(sc, p->config_path);
    return rc;
}
