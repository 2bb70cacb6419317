/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/merge_check.c: which layers are meant, and the refusals of a commit
 * and a pull, before anything changes.  Pure.
 */
#include "ops/ops.h"

#include <inttypes.h>
#include <string.h>

static bool merge_is_commit(const struct snap_merge *m)
{
    return m->params->kind == LIBXL_SNAPSHOT_MERGE_COMMIT;
}

const char *snap_merge_path(const struct snap_merge *m, int i)
{
    return m->chain->layers[i].path;
}

bool snap_merge_moves(const struct snap_merge *m)
{
    return m->child < 0 && !m->params->keep_overlay;
}

libxl_disk_format snap_merge_format(const struct snap_merge *m)
{
    return snap_imageinfo_made_format(m->chain->layers[m->target].format);
}

uint64_t snap_merge_bytes(const struct snap_merge *m)
{
    uint64_t bytes = 0;
    int i;

    for (i = m->first; i <= m->last; i++)
        bytes += m->chain->layers[i].bytes_on_disk;
    return bytes;
}

/*-- which layers -----------------------------------------------------------*/

static int merge_fail(libxl_snapshot_ctx *sc, const struct snap_merge *m,
                      const char *why)
{
    return snap_fail(sc, ERROR_INVAL, "disk %s: %s", m->disk->vdev, why);
}

static int merge_check_named(libxl_snapshot_ctx *sc,
                             const struct snap_merge *m, const char *path,
                             int at)
{
    if (!path || at >= 0) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: %s is no layer of it; xl "
                     "block-chain lists them", m->disk->vdev, path);
}

static int merge_check_active(libxl_snapshot_ctx *sc,
                              const struct snap_merge *m, int top)
{
    const libxl_snapshot_merge_params *p = m->params;

    if (!top && !p->active)
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s is its active layer, "
                         "and with a commit of that the disk becomes another "
                         "image; say --active if that is meant, or name a "
                         "lower layer with --top", m->disk->vdev,
                         snap_merge_path(m, 0));
    if (top && p->active)
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s is not its active "
                         "layer, which is %s; leave out --active, or --top",
                         m->disk->vdev, snap_merge_path(m, top),
                         snap_merge_path(m, 0));
    if (p->keep_overlay && m->dom.domid != SNAP_NO_DOMAIN)
        return merge_fail(sc, m, "while the domain runs, what the guest "
                          "writes would not get into the base; leave out "
                          "--keep-overlay, or shut the domain down");
    if (!p->keep_overlay || !p->remove) return 0;
    return merge_fail(sc, m, "an overlay that the domain stays on cannot be "
                      "deleted: leave out --keep-overlay or --delete");
}

static int merge_choose_commit(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    const libxl_snapshot_merge_params *p = m->params;
    int top = p->top ? m->top_at : 0;
    int base = p->base ? m->base_at
        : p->shallow ? top + 1 : m->chain->num_layers - 1;
    int rc = merge_check_active(sc, m, top);

    if (rc) return rc;
    if (p->base && p->shallow)
        return merge_fail(sc, m, "--shallow says into which layer, as --base "
                          "does; leave one out");
    if (base >= m->chain->num_layers)
        return merge_fail(sc, m, "there is no layer below that one");
    if (base <= top)
        return snap_fail(sc, ERROR_INVAL, "disk %s: %s is not below %s",
                         m->disk->vdev, snap_merge_path(m, base),
                         snap_merge_path(m, top));
    m->first = top;
    m->last = base - 1;
    m->target = base;
    m->child = top - 1;
    return 0;
}

static int merge_choose_pull(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    const libxl_snapshot_merge_params *p = m->params;
    int top = p->top ? m->top_at : 0;
    int base = p->base ? m->base_at : m->chain->num_layers;

    if (base <= top + 1)
        return snap_fail(sc, ERROR_INVAL, "disk %s: between %s and its new "
                         "base there is no layer to be pulled",
                         m->disk->vdev, snap_merge_path(m, top));
    m->first = top + 1;
    m->last = base - 1;
    m->target = m->child = top;
    return 0;
}

int snap_merge_choose(libxl_snapshot_ctx *sc, struct snap_merge *m)
{
    const char *why = snap_reach_qdisk(sc, m->disk);
    int rc;

    if (why) return merge_fail(sc, m, why);
    if (!m->disk->is_data_disk)
        return merge_fail(sc, m, "the domain does not write to it, and layers "
                          "of such a disk are not merged; make it writable in "
                          "the xl.cfg first, or use qemu-img");
    if (m->chain->num_layers < 2)
        return snap_fail(sc, ERROR_INVAL, "disk %s: it has one image and no "
                         "other layers, so there is nothing to merge",
                         m->disk->vdev);
    rc = merge_check_named(sc, m, m->params->base, m->base_at);
    if (!rc) rc = merge_check_named(sc, m, m->params->top, m->top_at);
    if (rc) return rc;
    return merge_is_commit(m) ? merge_choose_commit(sc, m)
                              : merge_choose_pull(sc, m);
}

/*-- what the layers are ----------------------------------------------------*/

static bool merge_is_merged(const struct snap_merge *m, int i)
{
    return i >= m->first && i <= m->last;
}

static bool merge_is_written(const struct snap_merge *m, int i)
{
    return i == m->target || i == m->child;
}

/* Why no program may merge the layer, or write to it; NULL: it may. */
static const char *merge_odd_layer(libxl_snapshot_ctx *sc,
                                   const struct snap_merge *m, int i)
{
    const struct snap_layer *l = &m->chain->layers[i];
    bool is_raw_base = merge_is_commit(m) && i == m->target
        && !strcmp(l->format, "raw");

    if (l->corrupt)
        return "is marked corrupt; copy it, then let qemu-img check -r all "
               "repair it";
    if (l->encrypted)
        return "is encrypted, and nobody is here to give its key; use "
               "qemu-img";
    if (l->data_file)
        return "keeps its data in another file; make one image of the disk "
               "with qemu-img convert";
    if (strcmp(l->format, "qcow2") && !is_raw_base)
        return snap_sprintf(sc, "is a %s; layers of qcow2 alone can be "
                            "merged, into these or a raw base", l->format);
    if (!i && snap_merge_moves(m) && !m->files[i].is_file)
        return "is a device, and whether a guest writes to it meanwhile "
               "cannot be seen; use --keep-overlay, or block-pull";
    if (merge_is_written(m, i) && m->files[i].is_frozen
        && !m->files[i].is_file && !m->files[i].lv)
        return "is a device that is read-only, and who made it so is not "
               "known; make it writable";
    return NULL;
}

/* What is in the layer besides its data, and a merge would lose. */
static const char *merge_lost(libxl_snapshot_ctx *sc,
                              const struct snap_merge *m, int i)
{
    const struct snap_layer *l = &m->chain->layers[i];
    bool goes = merge_is_merged(m, i)
        && (merge_is_commit(m) || m->params->remove);

    if (l->num_tags && goes)
        return snap_sprintf(sc, "has the internal snapshot '%s', which would "
                            "go with it; if it is not wanted, qemu-img "
                            "snapshot -d removes it", l->tags[0].name);
    if (l->num_tags && !merge_is_commit(m) && i == m->target)
        return snap_sprintf(sc, "has the internal snapshot '%s', which would "
                            "read zeros where it has its data from the "
                            "layers below; if it is not wanted, qemu-img "
                            "snapshot -d removes it; or commit those layers",
                            l->tags[0].name);
    if (l->num_bitmaps && goes)
        return snap_sprintf(sc, "has the dirty bitmap '%s', by which a "
                            "backup program knows what has changed; end its "
                            "chain of backups, and remove it with qemu-img "
                            "bitmap --remove", l->bitmaps[0]);
    return NULL;
}

static int merge_check_layers(libxl_snapshot_ctx *sc,
                              const struct snap_merge *m)
{
    const char *why;
    int i;

    for (i = 0; i < m->chain->num_layers; i++) {
        if (!merge_is_written(m, i) && !merge_is_merged(m, i)) continue;
        why = merge_is_merged(m, i) && !merge_is_commit(m)
            ? NULL : merge_odd_layer(sc, m, i);
        if (!why) why = merge_lost(sc, m, i);
        if (why)
            return snap_fail(sc, ERROR_INVAL, "disk %s: its layer %s %s",
                             m->disk->vdev, snap_merge_path(m, i), why);
    }
    return 0;
}

/* Where a layer ends before the one below, what is beyond reads zeros; data
 * that it hides would show.  The target grows, but no device does. */
static int merge_check_sizes(libxl_snapshot_ctx *sc,
                             const struct snap_merge *m)
{
    uint64_t size = m->chain->layers[m->target].virtual_size, above;
    int i;

    for (i = m->first; merge_is_commit(m) && i <= m->last; i++) {
        above = m->chain->layers[i].virtual_size;
        if (above < size)
            return snap_fail(sc, ERROR_INVAL, "disk %s: its layer %s is "
                             "smaller (%" PRIu64 " bytes) than %s (%" PRIu64
                             "), and data that it hides would show; qemu-img "
                             "resize it first", m->disk->vdev,
                             snap_merge_path(m, i), above,
                             snap_merge_path(m, m->target), size);
        if (above > size && !m->files[m->target].is_file)
            return snap_fail(sc, ERROR_INVAL, "disk %s: %s is a device of "
                             "%" PRIu64 " bytes, and its layer %s has %"
                             PRIu64 "; enlarge the device first",
                             m->disk->vdev, snap_merge_path(m, m->target),
                             size, snap_merge_path(m, i), above);
    }
    return 0;
}

/*-- who needs them ---------------------------------------------------------*/

/* True for a layer whose own state goes.  A commit takes that from the
 * target, and what others see through the merged layers as soon as somebody
 * writes to it.  A pull changes what no layer shows. */
static bool merge_goes(const struct snap_merge *m, int i)
{
    return merge_is_commit(m) ? i >= m->first && i <= m->target
        : m->params->remove && merge_is_merged(m, i);
}

static int merge_check_needed(libxl_snapshot_ctx *sc,
                              const struct snap_merge *m)
{
    int i;

    for (i = 0; i < m->chain->num_layers; i++) {
        if (!merge_goes(m, i)) continue;
        if (m->files[i].needed)
            return snap_fail(sc, ERROR_INVAL, "disk %s: %s is needed as it is "
                             "by %s; end that need first (xl block-chain "
                             "shows all)", m->disk->vdev,
                             snap_merge_path(m, i), m->files[i].needed);
        if (m->unknown)
            return snap_fail(sc, ERROR_INVAL, "disk %s: whether somebody "
                             "needs %s as it is cannot be known: %s",
                             m->disk->vdev, snap_merge_path(m, i),
                             m->unknown);
    }
    return 0;
}

/* True for a layer whose file changes, or goes: its header is part of what a
 * snapshot knows it by. */
static bool merge_touches(const struct snap_merge *m, int i)
{
    return merge_goes(m, i) || merge_is_written(m, i);
}

/* "--disregard=A --disregard=B": all layers that have a sign. */
static const char *merge_all_signs(libxl_snapshot_ctx *sc,
                                   const struct snap_merge *m)
{
    const char *text = "";
    int i;

    for (i = 0; i < m->chain->num_layers; i++)
        if (merge_touches(m, i) && m->files[i].sign)
            text = snap_sprintf(sc, "%s%s--disregard=%s", text,
                                *text ? " " : "",
                                snap_operand(sc, snap_merge_path(m, i)));
    return text;
}

/* A freeze says that somebody needs the layer, although not who. */
static int merge_check_signs(libxl_snapshot_ctx *sc,
                             const struct snap_merge *m)
{
    int i;

    for (i = 0; i < m->chain->num_layers; i++) {
        if (!merge_touches(m, i)) continue;
        if (m->files[i].lost)
            return snap_fail(sc, ERROR_INVAL, "disk %s: its layer %s %s; name "
                             "it there, or put it back", m->disk->vdev,
                             snap_merge_path(m, i), m->files[i].lost);
        if (m->files[i].sign)
            return snap_fail(sc, ERROR_INVAL, "disk %s: its layer %s %s; name "
                             "the folder of those snapshots with -d or, if "
                             "nobody needs it any more, say %s",
                             m->disk->vdev, snap_merge_path(m, i),
                             m->files[i].sign, merge_all_signs(sc, m));
    }
    return 0;
}

static int merge_check_place(libxl_snapshot_ctx *sc,
                             const struct snap_merge *m)
{
    int i;

    for (i = 0; !m->params->trust_folders && i < m->chain->num_layers; i++) {
        bool matters = merge_is_written(m, i) || merge_is_merged(m, i);

        if (matters && m->files[i].doubt)
            return snap_fail(sc, ERROR_INVAL, "disk %s: somebody could put "
                             "another file in the place of its layer %s: %s",
                             m->disk->vdev, snap_merge_path(m, i),
                             m->files[i].doubt);
    }
    return 0;
}

struct snap_remove_file *snap_merge_superfluous(libxl_snapshot_ctx *sc,
                                                const struct snap_merge *m,
                                                int *num_r)
{
    int num = m->last - m->first + 1, i;
    struct snap_remove_file *files = snap_zalloc(sc, num * sizeof(*files));

    for (i = 0; i < num; i++) {
        const struct snap_layer *layer = &m->chain->layers[m->first + i];
        const struct snap_merge_layer *f = &m->files[m->first + i];

        files[i] = (struct snap_remove_file){
            .path = layer->path, .format = layer->format, .print = f->print,
            .identity = f->is_file ? f->identity : NULL,
        };
    }
    *num_r = num;
    return files;
}

static int merge_check_remove(libxl_snapshot_ctx *sc,
                              const struct snap_merge *m)
{
    const struct snap_remove_file *files;
    int num;

    if (!m->params->remove) return 0;
    files = snap_merge_superfluous(sc, m, &num);
    return snap_remove_check(sc, m->disk->vdev, files, num,
                             snap_merge_moves(m) && !m->params->config_text);
}

/*-- room -------------------------------------------------------------------*/

/* What the target can grow by at most. */
static uint64_t merge_growth(const struct snap_merge *m)
{
    const struct snap_layer *target = &m->chain->layers[m->target];
    uint64_t all = m->chain->layers[m->first].virtual_size;
    uint64_t bytes = snap_merge_bytes(m);

    if (all < target->virtual_size) all = target->virtual_size;
    all = all > target->bytes_on_disk ? all - target->bytes_on_disk : 0;
    return (bytes < all ? bytes : all) + SNAP_OVERLAY_BYTES;
}

static int merge_check_room(libxl_snapshot_ctx *sc,
                            const struct snap_merge *m)
{
    const struct snap_merge_layer *f = &m->files[m->target];
    uint64_t need = merge_growth(m);

    if (!f->is_file || need <= f->space) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: there may be no room for the "
                     "data in %s: it takes up to %" PRIu64 " MiB, and %"
                     PRIu64 " MiB are free there", m->disk->vdev,
                     snap_merge_path(m, m->target), (need >> 20) + 1,
                     f->space >> 20);
}

int snap_merge_check(libxl_snapshot_ctx *sc, const struct snap_merge *m)
{
    int rc = merge_check_layers(sc, m);

    if (!rc) rc = merge_check_sizes(sc, m);
    if (!rc) rc = merge_check_needed(sc, m);
    if (!rc) rc = merge_check_signs(sc, m);
    if (!rc) rc = snap_refuse_used(sc, &m->layers);
    if (!rc) rc = snap_refuse_not_open(sc, &m->layers);
    if (!rc) rc = merge_check_place(sc, m);
    if (!rc) rc = merge_check_remove(sc, m);
    return rc ? rc : merge_check_room(sc, m);
}
