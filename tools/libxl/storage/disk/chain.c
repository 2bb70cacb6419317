/* SPDX-License-Identifier: LGPL-2.1-only */
/* storage/disk/chain.c: the images of a disk.  Pure. */
#include "storage/disk/disk.h"

#include <inttypes.h>
#include <string.h>

const char *snap_tag_identity(libxl_snapshot_ctx *sc,
                              const struct snap_tag *tag)
{
    if (!tag->id) return NULL;
    return snap_sprintf(sc, "tag %s %" PRIu64 ".%09" PRIu64, tag->id,
                        tag->creation_time, tag->creation_nsec);
}

const struct snap_layer *snap_chain_find(const struct snap_chain *chain,
                                         const char *path)
{
    int i;

    for (i = 0; i < chain->num_layers; i++)
        if (!strcmp(chain->layers[i].path, path)) return &chain->layers[i];
    return NULL;
}

const struct snap_layer *snap_chain_below(const struct snap_chain *chain,
                                          const struct snap_layer *layer)
{
    int i = layer - chain->layers + 1;

    return i < chain->num_layers ? &chain->layers[i] : NULL;
}

const struct snap_tag *snap_chain_top_tag(const struct snap_chain *chain,
                                          const char *name)
{
    int i;

    for (i = 0; chain->num_layers && i < chain->layers[0].num_tags; i++)
        if (!strcmp(chain->layers[0].tags[i].name, name))
            return &chain->layers[0].tags[i];
    return NULL;
}

int snap_chain_num_top_tags(const struct snap_chain *chain,
                            const char *name)
{
    int i, num = 0;

    for (i = 0; chain->num_layers && i < chain->layers[0].num_tags; i++)
        if (!strcmp(chain->layers[0].tags[i].name, name)) num++;
    return num;
}

int snap_chain_num_top_ids(const struct snap_chain *chain, const char *id)
{
    int i, num = 0;

    for (i = 0; chain->num_layers && i < chain->layers[0].num_tags; i++) {
        const char *one = chain->layers[0].tags[i].id;

        if (one && !strcmp(one, id)) num++;
    }
    return num;
}

const char **snap_chain_paths(libxl_snapshot_ctx *sc,
                              const struct snap_chain *chain)
{
    const char **paths =
        snap_zalloc(sc, (chain->num_layers + 1) * sizeof(*paths));
    int i;

    for (i = 0; i < chain->num_layers; i++)
        paths[i] = chain->layers[i].path;
    return paths;
}
