/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/finalized.c: whether a job has changed the chain, for whoever was
 * not told: by the job, whose result waits; else by QEMU's graph; and where
 * QEMU has gone, by the header of the image that was to get another base.
 *
 * A pivot changes no header.  But it was sent to QEMU when base and active
 * layer were the same, and the base had all on its disk (7.2, mirror.c: the
 * guest's requests wait in PENDING), so that to take it for done is right
 * even if it was not.
 */
#include "facts/facts.h"

#include <string.h>

/* True if @base, which may be NULL for none, is the base of the step. */
static bool finalized_is_base(const struct snap_step *finalize,
                              const char *base)
{
    const char *to = finalize->images ? finalize->images[0] : NULL;

    if (!base || !to) return !base && !to;
    return !strcmp(base, to) || snap_file_is_same(base, to);
}

/* Set *was_r: a device of QEMU's is on the file @path. */
static int finalized_look_at_devices(libxl_snapshot_ctx *sc,
                                     struct snap_qmp *qmp, const char *path,
                                     bool *was_r)
{
    yajl_val reply, list;
    size_t i;
    int rc = snap_qmp_list(sc, qmp, "query-block", NULL,
                           SNAP_QEMU_THINGS_MAX, &reply, &list);

    *was_r = false;
    if (rc) return rc;
    for (i = 0; i < list->u.array.len; i++) {
        yajl_val inserted = snap_json_get(list->u.array.values[i],
                                          "inserted");
        const char *name = snap_json_str(inserted, "file");
        const char *file = name ? snap_imageinfo_file(sc, name) : NULL;

        if (file && snap_file_is_same(file, path)) *was_r = true;
    }
    yajl_tree_free(reply);
    return 0;
}

static int finalized_look_at_graph(libxl_snapshot_ctx *sc,
                                   struct snap_qmp *qmp,
                                   const struct snap_step *finalize,
                                   bool *was_r)
{
    const struct snap_node *node;
    struct snap_nodes nodes;
    int rc;

    if (finalize->to)
        return finalized_look_at_devices(sc, qmp, finalize->to, was_r);
    rc = snap_nodes_gather(sc, qmp, &nodes);
    if (!rc) rc = snap_nodes_find(sc, &nodes, finalize->path, &node);
    if (!rc) *was_r = finalized_is_base(finalize, node->base);
    return rc;
}

static int finalized_look_at_header(libxl_snapshot_ctx *sc,
                                    const struct snap_step *finalize,
                                    bool *was_r)
{
    struct snap_chain chain;
    int rc;

    *was_r = finalize->to != NULL;
    if (*was_r) return 0;
    rc = snap_image_look(sc, finalize->path, "qcow2", &chain);
    if (!rc)
        *was_r = finalized_is_base(
            finalize, chain.num_layers > 1 ? chain.layers[1].path : NULL);
    return rc;
}

int snap_job_was_finalized(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                           const struct snap_step *finalize, bool *was_r)
{
    struct snap_job job;
    int rc;

    *was_r = false;
    if (!qmp) return finalized_look_at_header(sc, finalize, was_r);
    rc = snap_job_look(sc, qmp, finalize->command, &job);
    if (rc) return rc;
    if (job.status == SNAP_JOB_GONE)
        return finalized_look_at_graph(sc, qmp, finalize, was_r);
    *was_r = job.status == SNAP_JOB_CONCLUDED && !job.error;
    return 0;
}
