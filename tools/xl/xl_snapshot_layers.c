/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_layers.c: the layers of an external snapshot that is being
 * deleted.  The layer P that has the state of a disk, and the one above it
 * in the chain, C, become one: what P has is pulled into C, or C is
 * committed into P, whichever copies less; libxl_snapshot_merge() does it,
 * and says no where it would take something from somebody.
 *
 * Where somebody else needs P it stays.  What cannot be merged is found by
 * dry runs, before anything is done.
 */
#include "xl_snapshot_layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "xl_block_chain.h"
#include "xl_json.h"
#include "xl_session.h"
#include "xl_snapshot_list.h"
#include "xl_utils.h"

/*-- which layers -------------------------------------------------------*/

/* The tree of @chain that has the image @path, *i_r; or NULL.  A tree in
 * whose own chain it is comes first. */
static const libxl_snapshot_tree *layers_find(
    const libxl_snapshot_chain *chain, const char *path, int *i_r)
{
    const libxl_snapshot_tree *found = NULL, *tree;
    int i, k;

    for (i = 0; i < chain->num_disks; i++) {
        tree = &chain->disks[i];
        for (k = 0; k < tree->num_images; k++) {
            if ((!path_is_same_file(tree->images[k].layer.path, path)
                 && !path_is_same_place(tree->images[k].layer.path, path))
                || (found && !tree->images[k].is_layer))
                continue;
            found = tree;
            *i_r = k;
            if (tree->images[k].is_layer) return found;
        }
    }
    return found;
}

/* The layer of the disk's own chain that stands on layer @p; or NULL. */
static const libxl_snapshot_image *layers_above(
    const libxl_snapshot_tree *tree, int p)
{
    int i;

    for (i = p + 1; i < tree->num_images; i++)
        if (tree->images[i].base == p && tree->images[i].is_layer)
            return &tree->images[i];
    return NULL;
}

/* True if @need is neither of the snapshot that goes nor of the image
 * @above, nor, by @direct, of what stands on that. */
static bool layers_need_counts(const libxl_snapshot_need *need,
                               const char *config_path, const char *above,
                               bool direct)
{
    switch (need->kind) {
    case LIBXL_SNAPSHOT_NEED_KIND_IMAGE:
        return !path_is_same_file(need->name, above);
    case LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT:
        if (path_is_same_file(need->known, config_path)) return false;
        break;
    case LIBXL_SNAPSHOT_NEED_KIND_JOURNAL:
        return false;
    default:
        break;
    }
    return (!direct || need->how != LIBXL_SNAPSHOT_NEED_HOW_IN_CHAIN)
        && need->how != LIBXL_SNAPSHOT_NEED_HOW_CHILD;
}

/* Why the layer @p stays: who needs it, but for @above; NULL: nobody that
 * is known. */
static char *layers_needed(const libxl_snapshot_image *p,
                           const char *config_path, const char *above,
                           bool direct)
{
    char *text = NULL, *more;
    int i;

    for (i = 0; i < p->num_needs; i++) {
        if (!layers_need_counts(&p->needs[i], config_path, above,
                                direct))
            continue;
        xasprintf(&more, "%s%s", text ? text : "is needed by ",
                  p->needs[i].who);
        free(text);
        xasprintf(&text, "%s, ", more);
        free(more);
    }
    if (text) text[strlen(text) - 2] = '\0';
    return text;
}

/*-- the merge ----------------------------------------------------------*/

static bool layers_is_file(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISREG(st.st_mode);
}

/* Try a merge of @p with the layer @above. */
static int layers_try(const struct session *s,
                      libxl_snapshot_merge_kind kind,
                      const libxl_snapshot_tree *tree, int p,
                      const libxl_snapshot_image *above,
                      const libxl_snapshot_merge_params *like,
                      struct layer *l)
{
    bool pulls = kind == LIBXL_SNAPSHOT_MERGE_PULL;
    int base = pulls ? tree->images[p].base : p;

    l->params = *like;
    l->params.kind = kind;
    l->params.vdev = xstrdup(tree->vdev);
    l->params.top = xstrdup(above->layer.path);
    l->params.base = base < 0 ? NULL
        : xstrdup(tree->images[base].layer.path);
    l->params.config_path = copy_or_null(like->config_path);
    l->params.snapshot_config = xstrdup(like->snapshot_config);
    l->params.remove = layers_is_file(pulls ? tree->images[p].layer.path
                                            : above->layer.path);
    l->params.dry_run = true;
    l->merges = !libxl_snapshot_merge(s->sc, &l->params, &l->result);
    return l->merges ? 0 : -1;
}

static void layer_init(struct layer *l, const libxl_disk_snapshot *ds)
{
    *l = (struct layer){ .ds = ds };
    libxl_snapshot_merge_params_init(&l->params);
    libxl_snapshot_merge_result_init(&l->result);
}

static void layer_dispose(struct layer *l)
{
    libxl_snapshot_merge_params_dispose(&l->params);
    libxl_snapshot_merge_result_dispose(&l->result);
    free(l->stays);
}

/* Choose between a pull into @above and a commit of it, which has to be
 * below another one: else the disk would be another image. */
static int layers_choose(const struct session *s,
                         const libxl_snapshot_tree *tree, int p,
                         const libxl_snapshot_image *above,
                         const libxl_snapshot_merge_params *like,
                         struct layer *l)
{
    struct layer commit;
    const libxl_disk_snapshot *ds = l->ds;
    char *why = NULL;

    layer_init(&commit, ds);
    if (layers_try(s, LIBXL_SNAPSHOT_MERGE_PULL, tree, p, above, like, l))
        why = copy_or_null(libxl_snapshot_ctx_error(s->sc));
    if (!above->is_active)
        layers_try(s, LIBXL_SNAPSHOT_MERGE_COMMIT, tree, p, above, like,
                   &commit);
    if (commit.merges
        && (!l->merges || commit.result.bytes < l->result.bytes)) {
        layer_dispose(l);
        *l = commit;
    } else {
        layer_dispose(&commit);
    }
    if (!l->merges)
        session_error(s, "%s; to forget the snapshot, and leave the "
                      "layers as they are, use --keep-data", why);
    free(why);
    return l->merges ? 0 : -1;
}

/* Tags are in P alone, and stay there, if C is committed into it. */
static void layers_try_for_tags(const struct session *s,
                                const libxl_snapshot_tree *tree, int p,
                                const libxl_snapshot_image *above,
                                const libxl_snapshot_merge_params *like,
                                struct layer *l)
{
    if (!l->stays || !above || above->is_active
        || !tree->images[p].layer.num_tags
        || layers_try(s, LIBXL_SNAPSHOT_MERGE_COMMIT, tree, p, above, like,
                      l))
        return;
    free(l->stays);
    l->stays = NULL;
}

/* One that has gone with its merge nothing stands on any more.  Any other
 * is somewhere else, and the snapshot config is what tells of it. */
static int layers_check_gone(const struct session *s,
                             const libxl_snapshot_tree *tree, int p,
                             const struct layer *l)
{
    int i;

    for (i = 0; tree && i < tree->num_images; i++) {
        if (tree->images[i].base != p) continue;
        session_error(s, "disk %s: %s is not there, and %s stands on it; "
                      "put it back or, to forget the snapshot and leave "
                      "the layers as they are, use --keep-data",
                      l->ds->vdev, l->ds->parent.pdev_path,
                      tree->images[i].layer.path);
        return -1;
    }
    return 0;
}

/* True if what stands in the place of the layer is not what the snapshot
 * has on record, but a disk that was made under that name since. */
static bool layers_is_other(const struct session *s,
                            const libxl_disk_snapshot *ds)
{
    return ds->state
        && !libxl_snapshot_has_state(s->sc, ds->parent.pdev_path,
                                     ds->state);
}

static int layers_plan_disk(const struct session *s,
                            const libxl_snapshot_chain *chain,
                            const libxl_snapshot_merge_params *like,
                            struct layer *l)
{
    const char *path = l->ds->parent.pdev_path;
    const libxl_snapshot_image *above, *image;
    const libxl_snapshot_tree *tree;
    struct stat st;
    int p = -1;

    tree = layers_find(chain, path, &p);
    if (stat(path, &st)) return layers_check_gone(s, tree, p, l);
    if (layers_is_other(s, l->ds)) {
        l->stays = xstrdup("is another one, or was written to, since the "
                           "snapshot was taken");
        return 0;
    }
    image = tree ? &tree->images[p] : NULL;
    above = tree && image->is_layer ? layers_above(tree, p) : NULL;
    if (image)
        l->stays = layers_needed(image, like->snapshot_config,
                                 above ? above->layer.path
                                       : l->ds->child.pdev_path, above);
    layers_try_for_tags(s, tree, p, above, like, l);
    if (l->stays || l->merges) return 0;
    if (above) return layers_choose(s, tree, p, above, like, l);
    l->stays = xstrdup(image && image->is_active
                       ? "is the disk itself"
                       : "is in no chain of the domain any more; nobody "
                         "else is known to need it");
    return 0;
}

/*-- the domain ---------------------------------------------------------*/

static int layers_find_domain(const struct session *s, const char *domain,
                              const struct common_options *o,
                              struct layers *l, char **config_r)
{
    *config_r = domain_config_find(s, domain, o->domain_config);
    if (domain_target_find(s, domain, *config_r, &l->target)) return -1;
    if (domain_target_runs(&l->target)) {
        session_error(s, "domain %s: it runs, and the layers of an "
                      "external snapshot are merged while it is off; shut "
                      "it down first, or use --keep-data, to forget the "
                      "snapshot and leave the layers as they are",
                      l->target.name);
        return -1;
    }
    if (l->target.config_text)
        return recorded_refuse_off(s, l->target.name, o->directory,
                                   &l->target.config);
    session_error(s, "domain %s: it does not run, and its xl.cfg, which "
                  "tells where its layers are, is not known: name it with "
                  "--domain-config; or, if the domain is gone, use "
                  "--keep-data", domain);
    return -1;
}

/*-- all of it ----------------------------------------------------------*/

static void layers_find_disks(struct layers *l,
                              const libxl_domain_snapshot *snap)
{
    int i;

    l->list = xcalloc(snap->num_disks, sizeof(*l->list));
    for (i = 0; i < snap->num_disks; i++)
        if (snap->disks[i].mode == LIBXL_SNAPSHOT_MODE_EXTERNAL
            && snap->disks[i].parent.pdev_path)
            layer_init(&l->list[l->num++], &snap->disks[i]);
}

int layers_plan(const struct session *s, const char *domain,
                const struct common_options *o,
                const libxl_domain_snapshot *snap, const char *config_path,
                const libxl_snapshot_sources *sources, struct layers *l)
{
    libxl_snapshot_merge_params like;
    libxl_snapshot_chain chain;
    char *config = NULL;
    int r = 0, i;

    layers_find_disks(l, snap);
    if (!l->num) return 0;
    libxl_snapshot_merge_params_init(&like);
    libxl_snapshot_chain_init(&chain);
    r = layers_find_domain(s, domain, o, l, &config);
    if (!r)
        r = block_chain_find(s, o->directory, config, &l->target, &chain);
    like.config = &l->target.config;
    like.sources = sources;
    like.config_path = config;
    like.snapshot_config = (char *)config_path;
    like.trust_folders = o->trust_folders;
    for (i = 0; !r && i < l->num; i++)
        r = layers_plan_disk(s, &chain, &like, &l->list[i]);
    libxl_snapshot_chain_dispose(&chain);
    free(config);
    return r;
}

int layers_merge(const struct session *s, struct layers *l)
{
    int i;

    for (i = 0; i < l->num; i++) {
        struct layer *layer = &l->list[i];

        if (!layer->merges) continue;
        libxl_snapshot_merge_result_dispose(&layer->result);
        layer->params.dry_run = false;
        if (libxl_snapshot_merge(s->sc, &layer->params, &layer->result)) {
            session_library_error(s);
            return -1;
        }
        session_tell_signal(s, layer->result.signalled);
    }
    return 0;
}

void layers_dispose(struct layers *l)
{
    int i;

    for (i = 0; i < l->num; i++)
        layer_dispose(&l->list[i]);
    free(l->list);
    domain_target_dispose(&l->target);
}

/*-- printing -----------------------------------------------------------*/

static const char *layers_direction(const struct layer *l)
{
    return l->params.kind == LIBXL_SNAPSHOT_MERGE_PULL ? "pull" : "commit";
}

static void layers_print_stays(const struct layer *l)
{
    if (l->stays)
        print_line("Left: %s %s.", l->ds->parent.pdev_path, l->stays);
}

void print_layers_plan(const struct layers *l)
{
    char size[SIZE_TEXT];
    int i, k;

    for (i = 0; i < l->num; i++) {
        const libxl_snapshot_merge_result *r = &l->list[i].result;

        layers_print_stays(&l->list[i]);
        if (!l->list[i].merges) continue;
        print_line("Disk %s, a %s: up to %s are copied from %s into %s, "
                   "and %s%s:", l->list[i].params.vdev,
                   layers_direction(&l->list[i]),
                   size_text(r->bytes, size), r->merged[0], r->target,
                   r->merged[0], l->list[i].params.remove
                   ? " is deleted" : ", a device, stays");
        for (k = 0; k < r->num_steps; k++)
            print_line("%2d. %s", k + 1, r->steps[k]);
    }
}

void print_layers_done(const struct layers *l)
{
    struct stat st;
    int i;

    for (i = 0; i < l->num; i++) {
        const libxl_snapshot_merge_result *r = &l->list[i].result;

        layers_print_stays(&l->list[i]);
        if (l->list[i].merges)
            print_line("Disk %s: %s has the data of %s, which %s.",
                       l->list[i].params.vdev, r->target, r->merged[0],
                       stat(r->merged[0], &st) ? "is deleted"
                                               : "is left over");
    }
}

void print_layers_json(struct json *j, const struct layers *l,
                       bool dry_run)
{
    int i;

    json_open_array(j, "layers");
    for (i = 0; i < l->num; i++) {
        const libxl_snapshot_merge_result *r = &l->list[i].result;

        json_open_object(j, NULL);
        json_str(j, "layer", l->list[i].ds->parent.pdev_path);
        json_str(j, "stays", l->list[i].stays);
        if (l->list[i].merges) {
            json_str(j, "disk", l->list[i].params.vdev);
            json_str(j, "direction", layers_direction(&l->list[i]));
            json_str(j, "target", r->target);
            json_strings(j, "merged", r->merged, r->num_merged);
            json_u64(j, "bytes", r->bytes);
            if (dry_run) json_text(j, "plan", r->plan_json);
        }
        json_close_object(j);
    }
    json_close_array(j);
}
