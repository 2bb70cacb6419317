/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/nodes.c: the nodes of QEMU's block graph, found by the file that
 * they have open.  A node's name is of no use for that: after a restart of
 * the domain QEMU gives other names to all below a disk's active layer
 * (7.2).
 */
#include "facts/facts.h"

#include <string.h>

static const char *nodes_file(libxl_snapshot_ctx *sc, yajl_val node,
                              const char *member)
{
    const char *name = snap_json_str(node, member);

    return name ? snap_imageinfo_file(sc, name) : NULL;
}

void snap_nodes_apply(libxl_snapshot_ctx *sc, yajl_val list,
                      struct snap_nodes *nodes)
{
    size_t i, len = YAJL_IS_ARRAY(list) ? list->u.array.len : 0;

    nodes->num = 0;
    nodes->list = snap_zalloc(sc, (len + 1) * sizeof(*nodes->list));
    for (i = 0; i < len; i++) {
        yajl_val of = list->u.array.values[i];
        struct snap_node *node = &nodes->list[nodes->num];

        node->name = snap_json_dup(sc, of, "node-name");
        node->driver = snap_json_dup(sc, of, "drv");
        node->file = nodes_file(sc, of, "file");
        node->base = nodes_file(sc, of, "backing_file");
        if (node->name && node->driver && node->file) nodes->num++;
    }
}

int snap_nodes_gather(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                      struct snap_nodes *nodes)
{
    yajl_val reply, list;
    int rc = snap_domain_query_nodes(sc, qmp, &reply, &list);

    if (rc) return rc;
    snap_nodes_apply(sc, list, nodes);
    yajl_tree_free(reply);
    return 0;
}

/* Filters, which jobs put above an image, are called like its file, too. */
static bool nodes_is_format(const struct snap_node *node)
{
    return snap_imageinfo_is_known(node->driver);
}

const struct snap_node *snap_nodes_of_file(const struct snap_nodes *nodes,
                                           const char *path, int skip)
{
    int i;

    for (i = 0; i < nodes->num; i++) {
        const struct snap_node *node = &nodes->list[i];

        if (nodes_is_format(node)
            && (!strcmp(node->file, path)
                || snap_file_is_same(node->file, path))
            && skip-- == 0)
            return node;
    }
    return NULL;
}

int snap_nodes_find(libxl_snapshot_ctx *sc, const struct snap_nodes *nodes,
                    const char *path, const struct snap_node **node_r)
{
    const struct snap_node *other = snap_nodes_of_file(nodes, path, 1);

    *node_r = snap_nodes_of_file(nodes, path, 0);
    if (!*node_r)
        return snap_fail(sc, ERROR_FAIL, "QEMU has %s not open (any more)",
                         path);
    if (other)
        return snap_fail(sc, ERROR_FAIL, "QEMU has %s open twice, as nodes %s "
                         "and %s, so that which one is the disk's cannot be "
                         "told", path, (*node_r)->name, other->name);
    return 0;
}
