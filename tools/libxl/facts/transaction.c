/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/transaction.c: whether QEMU has carried out a transaction, by its
 * graph: an overlay has a base when its disk has been switched to it, since
 * it was opened without one; a tag stands in its image.
 */
#include "facts/facts.h"

#include <string.h>

static yajl_val transaction_node(yajl_val nodes, const char *name)
{
    size_t i, len = YAJL_IS_ARRAY(nodes) ? nodes->u.array.len : 0;

    for (i = 0; name && i < len; i++) {
        yajl_val node = nodes->u.array.values[i];
        const char *is = snap_json_str(node, "node-name");

        if (is && !strcmp(is, name)) return node;
    }
    return NULL;
}

static void transaction_add_overlay(yajl_val node,
                                    struct snap_transaction *t)
{
    if (!node) t->num_gone++;
    else if (snap_json_str(node, "backing_file")) t->num_switched++;
    else t->num_unswitched++;
}

/* Of several tags with the name nobody can tell which one it is. */
static void transaction_find_tag(libxl_snapshot_ctx *sc,
                                 const struct snap_chain *chain,
                                 const char *name, struct snap_made_tag *tag)
{
    const struct snap_tag *found = snap_chain_top_tag(chain, name);

    tag->virtual_size = chain->virtual_size;
    if (!found) return;
    tag->made = snap_chain_num_top_tags(chain, name) > 1
        ? "one of several" : snap_tag_identity(sc, found);
    tag->made_at = found->creation_time;
}

static void transaction_add_tag(libxl_snapshot_ctx *sc, yajl_val nodes,
                                yajl_val data, struct snap_transaction *t)
{
    const char *name = snap_json_str(data, "name");
    struct snap_made_tag *tag = &t->tags[t->num_tags++];
    yajl_val node;
    struct snap_chain chain;

    tag->node = snap_json_dup(sc, data, "device");
    node = transaction_node(nodes, tag->node);
    if (!node) tag->node = NULL;
    if (!node || !name) return;
    snap_imageinfo_nested(sc, snap_json_get(node, "image"), &chain);
    transaction_find_tag(sc, &chain, name, tag);
    if (tag->made) t->num_made++;
}

void snap_transaction_compare(libxl_snapshot_ctx *sc, yajl_val arguments,
                              yajl_val nodes, struct snap_transaction *t)
{
    yajl_val actions = snap_json_get(arguments, "actions");
    size_t i, len = YAJL_IS_ARRAY(actions) ? actions->u.array.len : 0;

    *t = (struct snap_transaction){
        .tags = snap_zalloc(sc, (len + 1) * sizeof(*t->tags)),
    };
    for (i = 0; i < len; i++) {
        yajl_val action = actions->u.array.values[i];
        yajl_val data = snap_json_get(action, "data");
        const char *type = snap_json_str(action, "type");

        if (type && !strcmp(type, "blockdev-snapshot"))
            transaction_add_overlay(
                transaction_node(nodes, snap_json_str(data, "overlay")), t);
        else if (type && !strcmp(type, "blockdev-snapshot-internal-sync"))
            transaction_add_tag(sc, nodes, data, t);
    }
}

int snap_transaction_look(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                          const char *arguments, struct snap_transaction *t)
{
    yajl_val asked, reply = NULL, nodes = NULL;
    int rc = qmp ? snap_domain_query_nodes(sc, qmp, &reply, &nodes) : 0;

    if (rc) return rc;
    asked = snap_json_parse(arguments ? arguments : "{}");
    snap_transaction_compare(sc, asked, nodes, t);
    yajl_tree_free(asked);
    yajl_tree_free(reply);
    return 0;
}

int snap_transaction_look_at_file(libxl_snapshot_ctx *sc, const char *path,
                                  const char *name,
                                  struct snap_made_tag *tag)
{
    struct snap_chain chain;
    int rc = 0;

    if (!snap_file_exists(path)) return 0;
    rc = snap_image_look(sc, path, "qcow2", &chain);
    if (!rc) transaction_find_tag(sc, &chain, name, tag);
    return rc;
}

/* QEMU removes the tag that has both the ID and the name. */
int snap_transaction_remove_tag(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                                const char *node, const char *name,
                                const char *made)
{
    const struct snap_tag *tag;
    struct snap_chain chain;
    const char *now;
    yajl_val reply, nodes;
    int rc = snap_domain_query_nodes(sc, qmp, &reply, &nodes);

    if (rc) return rc;
    snap_imageinfo_nested(
        sc, snap_json_get(transaction_node(nodes, node), "image"), &chain);
    yajl_tree_free(reply);
    tag = snap_chain_top_tag(&chain, name);
    now = tag ? snap_tag_identity(sc, tag) : NULL;
    if (!now || strcmp(now, made)) return 0;
    return snap_qmp_execute(
        sc, qmp, "blockdev-snapshot-delete-internal-sync",
        snap_json_object(sc, "s:device", node, "s:id", tag->id, "s:name",
                         name, NULL), NULL);
}

/* An overlay that has gone, as one of a disk that was detached, says
 * nothing; the others do. */
enum snap_carried snap_transaction_judge(const struct snap_transaction *t)
{
    bool knows_overlays = t->num_switched || t->num_unswitched;

    if (!knows_overlays && (t->num_gone || !t->num_tags))
        return SNAP_CARRIED_UNKNOWN;
    if (!t->num_switched && !t->num_made) return SNAP_CARRIED_NOT;
    if (!t->num_unswitched && t->num_made == t->num_tags)
        return SNAP_CARRIED_OUT;
    return SNAP_CARRIED_UNKNOWN;
}
