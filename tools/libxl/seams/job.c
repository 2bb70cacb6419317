/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/job.c: QEMU's jobs: block-commit, block-stream.
 *
 * They are started with auto-finalize=false and auto-dismiss=false: a job
 * that has done its work waits for us before it changes the graph, and its
 * result waits for whoever asks next, if we die.
 */
#include "seams/qemu.h"

#include <string.h>

static enum snap_job_status job_status(const char *name)
{
    static const struct {
        const char *name;
        enum snap_job_status status;
    } names[] = {
        { "ready", SNAP_JOB_READY },
        { "pending", SNAP_JOB_PENDING },
        { "concluded", SNAP_JOB_CONCLUDED },
        { "null", SNAP_JOB_GONE },
    };
    size_t i;

    for (i = 0; name && i < sizeof(names) / sizeof(*names); i++)
        if (!strcmp(names[i].name, name)) return names[i].status;
    return SNAP_JOB_AT_WORK;
}

void snap_job_apply(libxl_snapshot_ctx *sc, yajl_val list, const char *id,
                    struct snap_job *job)
{
    size_t i, len = YAJL_IS_ARRAY(list) ? list->u.array.len : 0;

    *job = (struct snap_job){ SNAP_JOB_GONE };
    for (i = 0; i < len; i++) {
        yajl_val of = list->u.array.values[i];
        const char *name = snap_json_str(of, "id");

        if (!name || strcmp(name, id)) continue;
        job->status = job_status(snap_json_str(of, "status"));
        job->error = snap_json_dup(sc, of, "error");
        job->done = snap_json_u64(of, "current-progress");
        job->total = snap_json_u64(of, "total-progress");
    }
}

int snap_job_look(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                  const char *id, struct snap_job *job)
{
    yajl_val reply, list;
    int rc = snap_qmp_list(sc, qmp, "query-jobs", NULL,
                           SNAP_QEMU_THINGS_MAX, &reply, &list);

    if (rc) return rc;
    snap_job_apply(sc, list, id, job);
    yajl_tree_free(reply);
    return 0;
}

int snap_job_tell(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                  const char *command, const char *id)
{
    return snap_qmp_execute(sc, qmp, command,
                            snap_json_object(sc, "s:id", id, NULL), NULL);
}

int snap_job_flush_node(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                        const char *node)
{
    static const char filter[] = "xl-snapshot-flush";
    int rc = snap_qmp_execute(
        sc, qmp, "blockdev-add",
        snap_json_object(sc, "s:driver", "copy-on-read", "s:node-name",
                         filter, "s:file", node, NULL), NULL);

    if (rc) return rc;
    return snap_qmp_execute(sc, qmp, "blockdev-del",
                            snap_json_object(sc, "s:node-name", filter, NULL),
                            NULL);
}
