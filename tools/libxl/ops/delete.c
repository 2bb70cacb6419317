/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/delete.c: delete a snapshot.
 *
 *   gather   the domain, if it runs; what each disk has of the snapshot
 *   check    it is the snapshot's yet, and nobody uses it
 *   plan     the disks; then the memory image and the xl.cfg; the snapshot
 *            config last, so that what is left has a record
 *   run
 *
 * What is removed cannot be had back, so the first step is the commit point,
 * a last look, and a recovery only completes: from that look on, since the
 * domain may have been started, or shut down, since.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

void libxl_domain_snapshot_delete_params_init(
    libxl_domain_snapshot_delete_params *params)
{
    memset(params, 0, sizeof(*params));
}

void libxl_domain_snapshot_delete_params_dispose(
    libxl_domain_snapshot_delete_params *params)
{
    free(params->config_path);
    libxl_domain_snapshot_delete_params_init(params);
}

bool snap_delete_runs(const struct snap_delete *d)
{
    return d->dom.domid != SNAP_NO_DOMAIN;
}

/*-- gather -----------------------------------------------------------------*/

/* The domain that runs, by the snapshot's uuid, or one that was started from
 * an xl.cfg without a uuid, by its name.  If it is another one of that name,
 * it has other disks, and a look at who uses the images finds the rest. */
static int delete_gather_domain(libxl_snapshot_ctx *sc, struct snap_delete *d)
{
    const libxl_domain_snapshot *snap = d->snap;
    uint32_t domid = SNAP_NO_DOMAIN;
    int rc = 0;

    if (!libxl_uuid_is_nil(&snap->domain_uuid))
        rc = snap_dom_find(sc, &snap->domain_uuid, &domid);
    if (rc) return rc;
    if (domid == SNAP_NO_DOMAIN && snap->domain_name
        && libxl_name_to_domid(sc->ctx, snap->domain_name, &domid))
        domid = SNAP_NO_DOMAIN;
    if (domid == SNAP_NO_DOMAIN) return 0;
    rc = snap_domain_gather(sc, domid, &d->dom);
    return rc ? rc : snap_refuse_domain(sc, &d->dom);
}

/* The disk of the running domain that is on @image; or NULL. */
static const struct snap_disk *delete_disk_on(const struct snap_delete *d,
                                              const char *image)
{
    int i;

    for (i = 0; snap_delete_runs(d) && i < d->dom.num_disks; i++)
        if (d->dom.disks[i].path && d->dom.disks[i].node
            && snap_file_is_same(d->dom.disks[i].path, image))
            return &d->dom.disks[i];
    return NULL;
}

static int delete_gather_op(libxl_snapshot_ctx *sc, struct snap_delete *d,
                            const libxl_disk_snapshot *ds,
                            struct snap_disk_op *op)
{
    int rc;

    *op = (struct snap_disk_op){
        .verb = SNAP_VERB_DELETE, .vdev = ds->vdev, .ds = ds,
        .name = d->snap->name, .image = ds->parent.pdev_path,
        .format = ds->parent.format, .running = snap_delete_runs(d),
        .creation_time = d->snap->creation_time,
        .disk = delete_disk_on(d, ds->parent.pdev_path),
    };
    rc = snap_driver_of(sc, ds, &op->driver);
    if (!rc && snap_driver_check_verb(sc, op))
        rc = snap_fail(sc, ERROR_INVAL, "%s, since other layers stand on it; "
                       "to forget the snapshot, and leave the layers as "
                       "they are, use --keep-data", snap_take_error(sc));
    if (rc) return rc;
    snap_disk_look_place(sc, op);
    rc = snap_refuse_place(sc, op, d->params->trust_folders);
    if (!rc && snap_delete_has_tag(op) && !snap_file_exists(op->image))
        rc = snap_fail(sc, ERROR_INVAL, "disk %s: %s, which has the tag %s, "
                       "is not there; put it back or, if it is given up, "
                       "use --keep-data", op->vdev, op->image, op->name);
    return rc ? rc : op->driver->look(sc, op);
}

/*-- check ------------------------------------------------------------------*/

/* What has gone is no failure, but what is another one by now may be all that
 * somebody has. */
static int delete_check_op(libxl_snapshot_ctx *sc,
                           const struct snap_disk_op *op)
{
    int rc = snap_driver_check(sc, op);
    const char *why;
    bool gone;

    if (!rc) rc = snap_identity_compare_disk(sc, op, &gone, &why);
    if (rc || !why || gone) return rc;
    return snap_fail(sc, ERROR_INVAL, "disk %s: %s has changed since the "
                     "snapshot: %s; what is there may be somebody else's. "
                     "Remove it yourself if it is not, and use --keep-data "
                     "for the rest", op->vdev, op->image, why);
}

/* Nobody has open what changes, but for the QEMU that changes it: of one
 * that has it below a disk this is not so. */
static int delete_check_users(libxl_snapshot_ctx *sc, struct snap_delete *d)
{
    struct snap_layers below = { 0 };
    int i, rc;

    for (i = 0; i < d->num_ops; i++)
        if (snap_delete_has_tag(&d->ops[i]))
            snap_layers_add(sc, d->ops[i].disk ? &d->layers : &below,
                            d->ops[i].vdev, d->ops[i].image,
                            &d->ops[i].chain, false);
    rc = snap_layers_find_users(sc, &d->layers, d->dom.qemu_pid,
                                d->dom.domid);
    if (!rc) rc = snap_refuse_used(sc, &d->layers);
    if (!rc && below.num)
        rc = snap_layers_find_users(sc, &below, 0, SNAP_NO_DOMAIN);
    if (!rc) rc = snap_refuse_used(sc, &below);
    for (i = 0; i < below.num; i++)
        d->layers.files = snap_grow_by_one(
            sc, d->layers.files, d->layers.num, sizeof(*below.files)),
        d->layers.files[d->layers.num++] = below.files[i];
    return rc;
}

static int delete_look_at_disks(libxl_snapshot_ctx *sc,
                                struct snap_delete *d)
{
    const libxl_domain_snapshot *snap = d->snap;
    int i, rc = 0;

    if (d->params->keep_data) return 0;
    rc = delete_gather_domain(sc, d);
    d->ops = snap_zalloc(sc, snap->num_disks * sizeof(*d->ops));
    for (i = 0; !rc && i < snap->num_disks; i++) {
        if (d->params->keep_layers
            && snap->disks[i].mode == LIBXL_SNAPSHOT_MODE_EXTERNAL)
            continue;
        rc = delete_gather_op(sc, d, &snap->disks[i], &d->ops[d->num_ops]);
        if (!rc) rc = delete_check_op(sc, &d->ops[d->num_ops]);
        if (!rc) d->num_ops++;
    }
    if (rc) return rc;
    snap_delete_gather_needs(sc, d);
    for (i = 0; !rc && i < d->num_ops; i++)
        rc = snap_delete_check_needs(sc, d, &d->ops[i]);
    return rc ? rc : delete_check_users(sc, d);
}

/*-- plan -------------------------------------------------------------------*/

/* Plan the last look, by which nothing changes: that of the recovery, too,
 * which may find the snapshot's folder gone.  Where the disks stay as they
 * are, it does not matter who uses them. */
static void delete_plan_look(libxl_snapshot_ctx *sc, struct snap_delete *d)
{
    const char **images = snap_zalloc(sc, (d->num_ops + 1)
                                          * sizeof(*images));
    struct snap_step *step;
    int i, num = 0;

    for (i = 0; i < d->num_ops; i++)
        if (snap_delete_has_tag(&d->ops[i]))
            images[num++] = d->ops[i].image;
    if (d->params->keep_data) {
        snap_plan_flush(sc, &d->plan, snap_file_dirname(
            sc, snap_file_dirname(sc, d->config)));
        step = &d->plan.steps[snap_plan_last(&d->plan)];
    } else if (snap_delete_runs(d)) {
        step = snap_plan_add(sc, &d->plan, SNAP_STEP_LOOK_AGAIN,
                             "see that nobody else uses the images");
        if (num) step->images = images;
    } else {
        step = snap_plan_look_off(sc, &d->plan, images);
    }
    step->commit_point = true;
}

/* Plan to remove a file of the snapshot.  One that is elsewhere is perhaps
 * the user's own, and stays. */
static void delete_plan_file(libxl_snapshot_ctx *sc, struct snap_delete *d,
                             const char *what, const char *path)
{
    struct snap_step *step;

    if (!path || !snap_file_exists(path)) return;
    if (!snap_file_is_beside(sc, path, d->config)
        && !snap_file_is_beside(sc, path, d->params->config_path)) {
        snap_tell_left(sc, "%s, %s, is not in the folder of the snapshot",
                       path, what);
        return;
    }
    path = snap_file_true_path(sc, path);
    step = snap_plan_add(sc, &d->plan, SNAP_STEP_REMOVE_IMAGE,
                         "remove %s %s", what, path);
    step->path = path;
    snap_step_know(sc, step, path, snap_file_identity(sc, path));
}

/* A folder with another name than the snapshot's has other things, too. */
static void delete_plan_folder(libxl_snapshot_ctx *sc, struct snap_delete *d)
{
    const char *dir = snap_file_dirname(sc, d->config);
    const char *slash = strrchr(dir, '/');
    struct snap_step *step;

    if (!slash || strcmp(slash + 1, d->snap->name)) return;
    step = snap_plan_add(sc, &d->plan, SNAP_STEP_RMDIR,
                         "remove the folder %s", dir);
    step->path = dir;
}

/* Past the commit point the engine goes on after a failure.  Here nothing
 * may be done after a look that refuses, nor the record of a thing go that
 * is there yet; but what was frozen is frozen again. */
static void delete_plan(libxl_snapshot_ctx *sc, struct snap_delete *d)
{
    int i;

    delete_plan_look(sc, d);
    for (i = 0; i < d->num_ops; i++) {
        d->ops[i].driver->verbs[SNAP_VERB_DELETE].act(sc, &d->plan,
                                                      &d->ops[i]);
        snap_delete_plan_records(sc, d, &d->ops[i]);
    }
    delete_plan_file(sc, d, "the memory image", d->snap->memory_path);
    delete_plan_file(sc, d, "the xl.cfg", d->snap->domain_config_path);
    delete_plan_file(sc, d, "the snapshot config", d->config);
    delete_plan_folder(sc, d);
    snap_tell_link(sc, d->params->config_path);
    snap_tell_link(sc, snap_file_dirname(sc, d->params->config_path));
    for (i = 1; i < d->plan.num_steps; i++)
        d->plan.steps[i].only_if_all_done =
            d->plan.steps[i].kind != SNAP_STEP_FREEZE;
}

/*-- all of it --------------------------------------------------------------*/

static struct snap_journal_head delete_head(libxl_snapshot_ctx *sc,
                                            const struct snap_delete *d)
{
    const char *uuid = snap_uuid_str(sc, &d->snap->domain_uuid);

    return (struct snap_journal_head){
        .operation = snap_operation_delete.name,
        .domain = d->snap->domain_name,
        .uuid_str = snap_delete_runs(d) ? d->dom.uuid_str : uuid,
        .domid = d->dom.domid, .snapshot = d->snap->name,
        .layers = &d->layers,
    };
}

static int delete_run(libxl_snapshot_ctx *sc, struct snap_delete *d,
                      const struct snap_journal_head *head,
                      libxl_domain_snapshot_result *result)
{
    struct snap_run run = snap_run_of(head);
    int rc = snap_run_plan(sc, &run, &d->plan);

    result->signalled = run.signalled;
    if (rc && run.committed)
        snap_fail(sc, rc, "snapshot %s of domain %s is deleted in part; fix "
                  "this and run xl snapshot-recover %s", d->snap->name,
                  head->domain, snap_operand(sc, head->domain));
    return rc;
}

int libxl_domain_snapshot_delete(
    libxl_snapshot_ctx *sc, const libxl_domain_snapshot *snap,
    const libxl_domain_snapshot_delete_params *params,
    libxl_domain_snapshot_result *result)
{
    struct snap_delete d = { .snap = snap, .params = params };
    struct snap_journal_head head;
    uint64_t began = snap_now_us();
    int uuid_lock = -1, name_lock = -1, rc;
    const char *uuid;

    snap_ctx_begin(sc);
    uuid = snap_uuid_str(sc, &snap->domain_uuid);
    snap_domain_init(&d.dom);
    rc = snap_refuse_snapshot(sc, snap);
    if (rc) goto out;
    rc = snap_lock_domain_both(sc, uuid, snap->domain_name, &uuid_lock,
                               &name_lock);
    if (!rc) rc = snap_journal_refuse(sc, snap->domain_name, uuid);
    if (!rc) rc = delete_look_at_disks(sc, &d);
    if (rc) goto out;
    d.config = snap_file_true_path(sc, params->config_path);
    delete_plan(sc, &d);
    result->snapshot.name = snap_result_str(snap->name);
    snap_plan_to_result(sc, &d.plan, result);
    head = delete_head(sc, &d);
    rc = snap_journal_refuse_plan(sc, &head, &d.plan);
    if (!rc && !params->dry_run) {
        rc = delete_run(sc, &d, &head, result);
        result->total_us = snap_now_us() - began;
    }
    result->left = rc ? NULL : snap_result_str(sc->left);
 out:
    snap_lock_release(&name_lock, NULL);
    snap_lock_release(&uuid_lock, NULL);
    snap_domain_dispose(&d.dom);
    return rc;
}

/*-- recovery ---------------------------------------------------------------*/

/* A last look that was begun and no more has removed nothing. */
static int delete_was_committed(libxl_snapshot_ctx *sc,
                                struct snap_recover *r, bool *was_r)
{
    (void)sc, (void)r;
    *was_r = false;
    return 0;
}

/* The last look is part of the recovery. */
static int delete_look(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    (void)sc;
    r->first = r->commit;
    return 0;
}

const struct snap_operation snap_operation_delete = {
    .name = "delete",
    .was_committed = delete_was_committed,
    .look = delete_look,
};
