/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/transaction.c: whether QEMU has carried out a transaction, by its
 * graph: an overlay has a base when its disk has been switched to it, since
 * it was opened without one; a tag stands in its image.
 */
#include "facts/domain.h"

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

static void transaction_add_tag(libxl_snapshot_ctx *sc, yajl_val node,
                                const char *name,
                                struct snap_transaction *t)
{
    struct snap_chain chain;

    t->num_tags++;
    if (!node || !name) return;
    snap_imageinfo_nested(sc, snap_json_get(node, "image"), &chain);
    if (snap_chain_top_tag(&chain, name)) t->num_made++;
}

void snap_transaction_compare(libxl_snapshot_ctx *sc, yajl_val arguments,
                              yajl_val nodes, struct snap_transaction *t)
{
    yajl_val actions = snap_json_get(arguments, "actions");
    size_t i, len = YAJL_IS_ARRAY(actions) ? actions->u.array.len : 0;

    *t = (struct snap_transaction){ 0 };
    for (i = 0; i < len; i++) {
        yajl_val action = actions->u.array.values[i];
        yajl_val data = snap_json_get(action, "data");
        const char *type = snap_json_str(action, "type");

        if (type && !strcmp(type, "blockdev-snapshot"))
            transaction_add_overlay(
                transaction_node(nodes, snap_json_str(data, "overlay")), t);
        else if (type && !strcmp(type, "blockdev-snapshot-internal-sync"))
            transaction_add_tag(
                sc, transaction_node(nodes, snap_json_str(data, "device")),
                snap_json_str(data, "name"), t);
    }
}

int snap_transaction_look(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                          const char *arguments, struct snap_transaction *t)
{
    yajl_val asked, reply;
    int rc = snap_qmp_execute(sc, qmp, "query-named-block-nodes",
                              snap_json_object(sc, "b:flat", 1, NULL),
                              &reply);

    if (rc) return rc;
    asked = snap_json_parse(arguments);
    snap_transaction_compare(sc, asked, snap_json_get(reply, "return"), t);
    yajl_tree_free(asked);
    yajl_tree_free(reply);
    return 0;
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
