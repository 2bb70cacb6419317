/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/merge.c: make the chain of a disk shorter, by a commit or a pull.
 *
 *   gather   the domain, the chain, who uses its layers, and what snapshots
 *            need of them: merge_gather.c, which changes nothing
 *   check    merge_check.c
 *   plan     merge_plan.c
 *   run      what was cut off is undone or completed by merge_recover.c
 *   remove   the layers that are superfluous then: remove.c
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>

static void merge_result(const struct snap_merge *m,
                         libxl_snapshot_merge_result *result)
{
    const struct snap_layer *layers = m->chain->layers;
    int i;

    result->domain = snap_result_str(m->dom.name);
    result->target = snap_result_str(layers[m->target].path);
    result->merged = snap_result_array(m->last - m->first + 1,
                                       sizeof(*result->merged));
    for (i = m->first; i <= m->last; i++)
        result->merged[result->num_merged++] =
            snap_result_str(layers[i].path);
    result->bytes = snap_merge_bytes(m);
    result->moves = snap_merge_moves(m);
    if (!result->moves) return;
    snap_device_disk_set(&result->disk, m->disk->vdev,
                         layers[m->target].path, snap_merge_format(m));
    snap_device_disk_set(&result->old_disk, m->disk->vdev, m->disk->path,
                         m->disk->stored->format);
}

/* Of a domain that is off: the layer that it is to leave, and the one that
 * gets the data.  QEMU writes to that, too, as long as the domain runs. */
static void merge_set_stake(libxl_snapshot_ctx *sc,
                            const struct snap_merge *m,
                            struct snap_prints *stake)
{
    if (m->dom.domid != SNAP_NO_DOMAIN) return;
    stake->paths = snap_zalloc(sc, 2 * sizeof(char *));
    if (snap_merge_moves(m))
        stake->paths[stake->num++] = snap_merge_path(m, 0);
    stake->paths[stake->num++] = snap_merge_path(m, m->target);
}

struct snap_journal_head snap_merge_head(libxl_snapshot_ctx *sc,
                                         const struct snap_merge *m)
{
    struct snap_journal_head head = {
        .operation = m->params->kind == LIBXL_SNAPSHOT_MERGE_COMMIT
            ? snap_operation_commit.name : snap_operation_pull.name,
        .domain = m->dom.name, .domid = m->dom.domid,
        .uuid_str = m->dom.uuid_str, .snapshot = m->disk->vdev,
    };

    if (head.domid == SNAP_NO_DOMAIN)
        head.running_uuid = snap_uuid_str(sc, &m->dom.uuid);
    merge_set_stake(sc, m, &head.at_stake);
    head.layers = &m->layers;
    return head;
}

static int merge_run(libxl_snapshot_ctx *sc, const struct snap_merge *m,
                     const struct snap_journal_head *head,
                     libxl_snapshot_merge_result *result)
{
    const char *domain = m->dom.name;
    struct snap_run run = snap_run_of(head);
    bool runs = m->dom.domid != SNAP_NO_DOMAIN;
    int rc = snap_run_plan(sc, &run, &m->plan);

    if (run.stopped_us && run.running_us)
        result->held_us = run.running_us - run.stopped_us;
    result->signalled = run.signalled;
    if (rc && run.committed)
        return snap_fail(sc, rc, "domain %s: disk %s has all its data, but "
                         "its chain is not as it is to be yet; fix this and "
                         "run xl snapshot-recover %s before the domain %s",
                         domain, m->disk->vdev, snap_operand(sc, domain),
                         runs ? "reboots" : "starts");
    return rc;
}

/*-- the layers that are superfluous then -----------------------------------*/

/* Delete them, as far as nobody needs them by now.  The merge is done, and
 * what stays is no failure of that. */
static void merge_remove(libxl_snapshot_ctx *sc, const struct snap_merge *m,
                         const struct snap_journal_head *head,
                         libxl_snapshot_merge_result *result)
{
    struct snap_remove rm = {
        .of = head, .sources = m->params->sources,
        .config = m->params->snapshot_config,
    };
    int i;

    rm.files = snap_merge_superfluous(sc, m, &rm.num);
    for (i = 0; i < rm.num; i++)
        if (!rm.files[i].print)
            rm.files[i].print = snap_identity_print(sc, rm.files[i].path);
    result->num_removed = snap_remove_after(sc, &rm, &result->removed,
                                            &result->signalled);
}

/*-- all of it --------------------------------------------------------------*/

int libxl_snapshot_merge(libxl_snapshot_ctx *sc,
                      const libxl_snapshot_merge_params *params,
                      libxl_snapshot_merge_result *result)
{
    struct snap_merge m = { .params = params };
    struct snap_journal_head head;
    uint64_t began = snap_now_us();
    int uuid_lock = -1, name_lock = -1, rc;

    snap_ctx_begin(sc);
    snap_domain_init(&m.dom);
    rc = snap_lock_target(sc, params->domid, params->config, &uuid_lock,
                          &name_lock);
    if (!rc) rc = snap_merge_gather(sc, &m);
    if (!rc) rc = snap_merge_check(sc, &m);
    if (rc) goto out;
    snap_merge_plan(sc, &m);
    merge_result(&m, result);
    result->steps = snap_plan_sentences(&m.plan, &result->num_steps);
    result->plan_json = snap_result_str(snap_plan_to_json(sc, &m.plan));
    head = snap_merge_head(sc, &m);
    rc = snap_journal_refuse_plan(sc, &head, &m.plan);
    if (!rc && params->dry_run && params->remove) {
        result->num_removed = result->num_merged;
        result->removed = snap_remove_foresee(sc, result->merged,
                                              result->num_merged,
                                              &result->steps,
                                              &result->num_steps);
    }
    if (rc || params->dry_run) goto out;
    rc = merge_run(sc, &m, &head, result);
    if (!rc && params->remove) merge_remove(sc, &m, &head, result);
    result->left = rc ? NULL : snap_result_str(sc->left);
    result->total_us = snap_now_us() - began;

 out:
    snap_lock_release(&name_lock, NULL);
    snap_lock_release(&uuid_lock, NULL);
    snap_domain_dispose(&m.dom);
    return rc;
}
