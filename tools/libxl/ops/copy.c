/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/copy.c: copy a disk to another image, and let the domain go on there.
 *
 *   gather   the domain, the chain, who uses its layers; what there is where
 *            the copy is to be: copy_gather.c, which changes nothing
 *   check    copy_check.c
 *   plan     copy_plan.c
 *   run
 *   remove   the layers that are superfluous after a pivot: remove.c
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>

static void copy_result(libxl_snapshot_ctx *sc, const struct snap_copy *c,
                        libxl_snapshot_copy_result *result)
{
    const struct snap_layer *active = &c->chain->layers[0];
    int num = snap_copy_layers(c), i;

    result->domain = snap_result_str(c->dom.name);
    result->bytes = snap_copy_bytes(c);
    snap_device_disk_set(&result->old_disk, c->disk->vdev, c->disk->path,
                         c->disk->stored->format);
    snap_device_disk_set(&result->disk, c->disk->vdev, c->params->path,
                         snap_imageinfo_made_format(c->format));
    if (c->params->shallow)
        result->base = snap_result_str(c->chain->layers[1].path);
    result->old = snap_result_array(num, sizeof(*result->old));
    for (i = 0; c->params->pivot && i < num; i++)
        result->old[result->num_old++] = snap_result_str(c->old[i].path);
    result->tags = snap_result_array(active->num_tags,
                                     sizeof(*result->tags));
    for (i = 0; i < active->num_tags; i++)
        result->tags[result->num_tags++] =
            snap_result_str(active->tags[i].name);
    result->steps = snap_plan_sentences(&c->plan, &result->num_steps);
    result->plan_json = snap_result_str(snap_plan_to_json(sc, &c->plan));
}

static struct snap_journal_head copy_head(libxl_snapshot_ctx *sc,
                                          const struct snap_copy *c)
{
    bool is_off = c->dom.domid == SNAP_NO_DOMAIN;
    struct snap_journal_head head = {
        .operation = snap_operation_copy.name,
        .domain = c->dom.name, .domid = c->dom.domid,
        .uuid_str = c->dom.uuid_str, .snapshot = c->disk->vdev,
        .layers = &c->layers,
    };

    if (is_off) head.running_uuid = snap_uuid_str(sc, &c->dom.uuid);
    if (is_off && c->params->pivot) {
        head.at_stake.num = 2;
        head.at_stake.paths = snap_zalloc(sc, 2 * sizeof(char *));
        head.at_stake.paths[0] = c->chain->layers[0].path;
        head.at_stake.paths[1] = c->params->path;
    }
    return head;
}

static int copy_run(libxl_snapshot_ctx *sc, const struct snap_copy *c,
                    const struct snap_journal_head *head,
                    libxl_snapshot_copy_result *result)
{
    const char *domain = c->dom.name;
    struct snap_run run = snap_run_of(head);
    int rc = snap_run_plan(sc, &run, &c->plan);

    if (run.stopped_us && run.running_us)
        result->held_us = run.running_us - run.stopped_us;
    result->signalled = run.signalled;
    if (rc && run.committed)
        return snap_fail(sc, rc, "domain %s: disk %s is on %s now, but not "
                         "all is in order yet; fix this and run xl "
                         "snapshot-recover %s", domain, c->disk->vdev,
                         c->params->path, snap_operand(sc, domain));
    return rc;
}

/* The copy is made, and what stays is no failure of that. */
static void copy_remove(libxl_snapshot_ctx *sc, const struct snap_copy *c,
                        const struct snap_journal_head *head,
                        libxl_snapshot_copy_result *result)
{
    struct snap_remove rm = {
        .of = head, .sources = c->params->sources,
        .num = snap_copy_layers(c), .files = c->old,
    };

    if (!c->old[0].print)
        c->old[0].print = snap_identity_print(sc, c->old[0].path);
    result->num_removed = snap_remove_after(sc, &rm, &result->removed,
                                            &result->signalled);
}

int libxl_snapshot_copy(libxl_snapshot_ctx *sc,
                        const libxl_snapshot_copy_params *params,
                        libxl_snapshot_copy_result *result)
{
    struct snap_copy c = { .params = params };
    struct snap_journal_head head;
    uint64_t began = snap_now_us();
    int uuid_lock = -1, name_lock = -1, rc;

    snap_ctx_begin(sc);
    snap_domain_init(&c.dom);
    rc = snap_lock_target(sc, params->domid, params->config, &uuid_lock,
                          &name_lock);
    if (!rc) rc = snap_copy_gather(sc, &c);
    if (!rc) rc = snap_copy_check(sc, &c);
    if (rc) goto out;
    snap_copy_plan(sc, &c);
    copy_result(sc, &c, result);
    head = copy_head(sc, &c);
    rc = snap_journal_refuse_plan(sc, &head, &c.plan);
    if (!rc && params->dry_run && params->remove) {
        result->num_removed = result->num_old;
        result->removed = snap_remove_foresee(sc, result->old,
                                              result->num_old,
                                              &result->steps,
                                              &result->num_steps);
    }
    if (rc || params->dry_run) goto out;
    rc = copy_run(sc, &c, &head, result);
    if (!rc && params->remove) copy_remove(sc, &c, &head, result);
    result->left = snap_result_str(sc->left);
    result->total_us = snap_now_us() - began;

 out:
    snap_lock_release(&name_lock, NULL);
    snap_lock_release(&uuid_lock, NULL);
    snap_domain_dispose(&c.dom);
    return rc;
}

/*-- recovery ---------------------------------------------------------------*/

/* Slot was_committed: the last look, or a flush, that was begun and no more
 * has changed nothing, and the copy is removed. */
static int copy_was_committed(libxl_snapshot_ctx *sc, struct snap_recover *r,
                              bool *was_r)
{
    *was_r = false;
    return r->entry.plan.steps[r->commit].kind == SNAP_STEP_JOB_FINALIZE
        ? snap_job_was_carried_out(sc, r, NULL, was_r) : 0;
}

/* Slot look: a copy that is undone is removed, and the domain's user may have
 * let it run there by now. */
static int copy_look(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    const struct snap_journal_head *head = &r->entry.head;
    const char *why;
    int rc = snap_merge_look(sc, r);

    if (rc || r->forward || !r->has_verdict) return rc;
    why = snap_merge_why_other_target(sc, r);
    if (!why) return 0;
    return snap_fail(sc, ERROR_INVAL, "domain %s: %s: it may have what the "
                     "guest has written since, so it is not removed, and disk "
                     "%s is not moved to it. See what both images show, and "
                     "use --abandon, which changes neither", head->domain,
                     why, head->snapshot);
}

const struct snap_operation snap_operation_copy = {
    .name = "copy",
    .was_committed = copy_was_committed,
    .look = copy_look,
};
