/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/revert.c: bring a domain back to a snapshot.
 *
 *   gather   the config that the domain is to have: that in the memory image,
 *            or without memory its xl.cfg; the images; the running domain
 *   check    all that can be known before the domain is destroyed; these two
 *            are in revert_look.c, for a verification as well
 *   plan     revert_plan.c: new overlays on the frozen layers; destroy (the
 *            commit point); tags applied, volumes merged; "xl restore" or
 *            "xl create"
 *   run
 *
 * xl brings the domain back, not libxl: only xl leaves the monitor behind
 * that handles the domain's reboots and crashes.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

static void revert_result(libxl_snapshot_ctx *sc,
                          libxl_domain_snapshot *dst,
                          const struct snap_revert *r)
{
    const libxl_domain_snapshot *src = r->snap;
    int i;

    dst->name = snap_result_str(src->name);
    dst->domain_name = snap_result_str(r->config.c_info.name);
    dst->domain_uuid = src->domain_uuid;
    dst->domain_type = src->domain_type;
    dst->creation_time = src->creation_time;
    dst->memory = src->memory;
    dst->memory_path = snap_result_str(src->memory_path);
    for (i = 0; i < src->num_skipped; i++)
        snap_skipped_add(dst, src->skipped[i]);
    dst->disks = snap_result_array(src->num_disks, sizeof(*dst->disks));
    for (i = 0; i < r->num_ops; i++) {
        const libxl_disk_snapshot *from = r->ops[i].ds;
        libxl_disk_snapshot *to = &dst->disks[dst->num_disks++];
        const libxl_device_disk *now = snap_config_disk(
            &r->config, from->vdev);

        to->vdev = snap_result_str(from->vdev);
        to->mode = from->mode;
        /* one driver serves all hooks; the snapshot has the name of the
         * hook */
        to->driver = snap_result_str(from->driver ? from->driver
                                     : r->ops[i].driver->name);
        libxl_device_disk_init(&to->parent);
        libxl_device_disk_init(&to->child);
        snap_device_disk_set(&to->parent, to->vdev, from->parent.pdev_path,
                             from->parent.format);
        libxl_device_disk_copy(sc->ctx, &to->child, now);
    }
}

static void revert_result_accepted(libxl_domain_snapshot_result *result,
                                   const struct snap_revert *r)
{
    int i;

    result->num_accepted = r->num_accepted;
    result->accepted = snap_result_array(r->num_accepted,
                                         sizeof(*result->accepted));
    for (i = 0; i < r->num_accepted; i++)
        result->accepted[i] = snap_result_str(r->accepted[i]);
}

/* What the revert overwrites, and the disks that belong to its memory. */
static const char **revert_at_stake(libxl_snapshot_ctx *sc,
                                    const struct snap_revert *r)
{
    const char **paths = snap_zalloc(sc, (r->num_ops + 1) * sizeof(*paths));
    int i;

    for (i = 0; i < r->num_ops; i++) {
        const struct snap_disk_op *op = &r->ops[i];

        paths[i] = op->path ? op->path
            : op->at_stake ? op->at_stake : op->image;
    }
    return paths;
}

static void revert_rely_on(libxl_snapshot_ctx *sc, struct snap_prints *of,
                           const char *path)
{
    of->paths = snap_grow(sc, of->paths, of->num * sizeof(*of->paths),
                          (of->num + 1) * sizeof(*of->paths));
    of->paths[of->num++] = path;
}

/* What the revert needs, and does not change: the layers below what the
 * domain is to write to, and its memory, or the xl.cfg that it has kept. */
static struct snap_prints revert_relied_on(libxl_snapshot_ctx *sc,
                                           const struct snap_revert *r)
{
    struct snap_prints of = { 0 };
    int i, k;

    for (i = 0; i < r->num_ops; i++) {
        const struct snap_disk_op *op = &r->ops[i];

        if (op->path) revert_rely_on(sc, &of, op->image);
        for (k = 1; k < op->chain.num_layers; k++)
            revert_rely_on(sc, &of, op->chain.layers[k].path);
    }
    if (r->snap->memory_path) revert_rely_on(sc, &of, r->snap->memory_path);
    else if (r->config_state)
        revert_rely_on(sc, &of, r->params->domain_config_path);
    return of;
}

struct snap_journal_head snap_revert_head(libxl_snapshot_ctx *sc,
                                          const struct snap_revert *r)
{
    return (struct snap_journal_head){
        .operation = snap_operation_revert.name,
        .domain = r->config.c_info.name,
        .uuid_str = snap_uuid_str(sc, &r->snap->domain_uuid),
        .domid = r->dom.domid,
        .running_uuid = r->dom.uuid_str,
        .snapshot = r->snap->name,
        .mark = r->mark,
        .at_stake = { .num = r->num_ops, .paths = revert_at_stake(sc, r) },
        .relied_on = revert_relied_on(sc, r),
        .left = r->left,
        .layers = &r->layers,
    };
}

static int revert_run(libxl_snapshot_ctx *sc, struct snap_revert *r,
                      const struct snap_journal_head *head,
                      libxl_domain_snapshot_result *result)
{
    struct snap_run run = {
        .domid = r->dom.domid, .uuid_str = head->uuid_str,
        .domain_name = r->config.c_info.name, .mark = head->mark,
        .head = head,
    };
    int rc = snap_run_plan(sc, &run, &r->plan);

    result->domid = run.domid;
    result->signalled = run.signalled;
    if (rc && run.restored)
        snap_fail(sc, rc, "domain %s is back, but paused; xl unpause lets it "
                  "run", r->config.c_info.name);
    else if (rc && run.committed && r->dom.domid == SNAP_NO_DOMAIN)
        snap_fail(sc, rc, "domain %s: the revert has begun, and its disks "
                  "are of two moments by now; what uses them must end "
                  "before xl snapshot-recover %s completes it",
                  r->config.c_info.name,
                  snap_operand(sc, r->config.c_info.name));
    else if (rc && run.committed)
        snap_fail(sc, rc, "domain %s has been destroyed and is not back "
                  "yet. Nothing else is lost: fix this and run xl "
                  "snapshot-recover %s",
                  r->config.c_info.name,
                  snap_operand(sc, r->config.c_info.name));
    return rc;
}

/* Take both locks: while the domain is destroyed, a snapshot of it by its
 * xl.cfg must wait. */
static int revert_lock(libxl_snapshot_ctx *sc,
                       const libxl_domain_snapshot *snap, int *uuid_lock,
                       int *name_lock)
{
    const char *uuid = snap_uuid_str(sc, &snap->domain_uuid);
    int rc = snap_lock_domain_both(sc, uuid, snap->domain_name, uuid_lock,
                                   name_lock);

    return rc ? rc : snap_journal_refuse(sc, snap->domain_name, uuid);
}

int libxl_domain_snapshot_revert(
    libxl_snapshot_ctx *sc, const libxl_domain_snapshot *snap,
    const libxl_domain_snapshot_revert_params *params,
    libxl_domain_snapshot_result *result)
{
    struct snap_revert r = { .snap = snap, .params = params };
    struct snap_journal_head head;
    uint64_t began = snap_now_us();
    int uuid_lock = -1, name_lock = -1, rc;

    snap_ctx_begin(sc);
    snap_domain_init(&r.dom);
    libxl_domain_config_init(&r.config);
    rc = revert_lock(sc, snap, &uuid_lock, &name_lock);
    if (rc) goto out;
    rc = snap_revert_look(sc, &r);
    if (rc) goto out;
    snap_revert_plan(sc, &r);
    revert_result(sc, &result->snapshot, &r);
    revert_result_accepted(result, &r);
    snap_plan_to_result(sc, &r.plan, result);
    r.mark = snap_mark_new(sc);
    head = snap_revert_head(sc, &r);
    rc = snap_journal_refuse_plan(sc, &head, &r.plan);
    if (rc || params->dry_run) goto out;
    rc = revert_run(sc, &r, &head, result);
    result->total_us = snap_now_us() - began;

 out:
    snap_lock_release(&name_lock, NULL);
    snap_lock_release(&uuid_lock, NULL);
    libxl_domain_config_dispose(&r.config);
    snap_domain_dispose(&r.dom);
    return rc;
}
