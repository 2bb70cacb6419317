/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/create.c: take a snapshot of a domain.
 *
 *   gather   create_gather.c: the domain, its disks, QEMU's graph, the
 *            users of the images, the places for files
 *   check    create_check.c: refuse what cannot work, before anything changes
 *   plan     create_plan.c
 *   run
 *
 * Why pause and resume before the transaction: after a save the guest is
 * suspended and QEMU may have given up its images (HVM, live: they are
 * inactive until "cont"; a snapshot of an inactive node reports success
 * without being one, QEMU 7.2).  Resumed but paused, QEMU owns its images
 * again and no vCPU runs.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

/* NULL if it has none, as a destroyed domain that is still dying. */
static const char *create_running_name(libxl_snapshot_ctx *sc,
                                       uint32_t domid)
{
    char *name = libxl_domid_to_name(sc->ctx, domid);
    const char *copy = name ? snap_strdup(sc, name) : NULL;

    free(name);
    return copy;
}

/* A command on the running domain and one by its xl.cfg must meet.  A domain
 * that does not run may have no uuid yet. */
int snap_lock_target(libxl_snapshot_ctx *sc, uint32_t domid,
                     const libxl_domain_config *config, int *uuid_lock,
                     int *name_lock)
{
    const char *name = NULL, *uuid_str = NULL;
    int rc = 0;

    if (config) {
        name = config->c_info.name;
        uuid_str = snap_uuid_str(sc, &config->c_info.uuid);
    } else {
        rc = snap_dom_uuid_str(sc, domid, &uuid_str);
        name = create_running_name(sc, domid);
    }
    if (!rc)
        rc = snap_lock_domain_both(sc, uuid_str, name, uuid_lock,
                                   name_lock);
    return rc ? rc : snap_journal_refuse(sc, name, uuid_str);
}

/* The images in which QEMU is to make a tag. */
static const char **create_tagged_images(libxl_snapshot_ctx *sc,
                                         const struct snap_create *c,
                                         int *num_r)
{
    const char **paths = snap_zalloc(sc, c->num_ops * sizeof(*paths));
    int i;

    *num_r = 0;
    for (i = 0; i < c->num_ops; i++)
        if (c->ops[i].driver->known_by == SNAP_KNOWN_BY_TAG
            && c->ops[i].disk->node)
            paths[(*num_r)++] = c->ops[i].disk->path;
    return paths;
}

/* The images that are to be bases. */
static const char **create_bases(libxl_snapshot_ctx *sc,
                                 const struct snap_create *c, int *num_r)
{
    const char **paths = snap_zalloc(sc, (c->num_ops + 1) * sizeof(*paths));
    int i;

    *num_r = 0;
    for (i = 0; i < c->num_ops; i++)
        if (c->ops[i].driver->known_by == SNAP_KNOWN_BY_FILE)
            paths[(*num_r)++] = c->ops[i].disk->path;
    return paths;
}

struct snap_journal_head snap_create_head(libxl_snapshot_ctx *sc,
                                          const struct snap_create *c)
{
    struct snap_journal_head head = {
        .operation = snap_operation_create.name, .domain = c->dom.name,
        .uuid_str = c->dom.uuid_str, .domid = c->dom.domid,
        .snapshot = c->params->name,
        .memory_path = c->params->memory_path ? c->files[0].partial : NULL,
    };

    if (head.domid == SNAP_NO_DOMAIN)
        head.running_uuid = snap_uuid_str(sc, &c->dom.uuid);
    head.tagged = create_tagged_images(sc, c, &head.num_tagged);
    head.at_stake.paths = create_bases(sc, c, &head.at_stake.num);
    head.stake_is_written = c->dom.domid != SNAP_NO_DOMAIN;
    head.layers = &c->layers;
    return head;
}

static int create_run_plan(libxl_snapshot_ctx *sc,
                           const struct snap_create *c,
                           const struct snap_journal_head *head,
                           struct snap_run *run)
{
    run->uuid_str = head->uuid_str ? head->uuid_str : head->running_uuid;
    run->domain_name = c->dom.name;
    run->head = head;
    return snap_run_plan(sc, run, &c->plan);
}

/* Say what it means for the domain that the run of its plan has failed, and
 * what is to be done. */
static void create_fail(libxl_snapshot_ctx *sc, const struct snap_create *c,
                        const struct snap_run *run, int rc)
{
    const char *domain = c->dom.name, *operand = snap_operand(sc, domain);
    bool runs = c->dom.domid != SNAP_NO_DOMAIN;

    if (run->unclean) snap_fail(sc, rc, "%s", run->unclean);
    if (run->commit_unknown)
        snap_fail(
            sc, rc,
            "domain %s: QEMU did not answer, so it is not known whether "
            "it switched the disks to their overlays. Nothing is lost and "
            "the domain runs on. When QEMU answers again, run xl "
            "snapshot-recover %s",
            domain, operand);
    else if (run->committed)
        snap_fail(
            sc, rc,
            "domain %s: the snapshot is taken, but not complete%s; fix this "
            "and run xl snapshot-recover %s before the domain %s",
            domain, runs ? ", and the domain runs on" : "", operand,
            runs ? "reboots" : "starts");
}

int libxl_domain_snapshot_create(libxl_snapshot_ctx *sc, uint32_t domid,
                                 libxl_domain_snapshot_params *params,
                                 libxl_domain_snapshot_result *result)
{
    struct snap_create c = { .params = params };
    struct snap_run run = { .domid = domid };
    struct snap_journal_head head;
    uint64_t began = snap_now_us();
    int uuid_lock = -1, name_lock = -1, rc;

    snap_ctx_begin(sc);
    sc->wait_ms[SNAP_WAIT_FROZEN] = params->quiesce_seconds * 1000;
    snap_domain_init(&c.dom);
    rc = snap_lock_target(sc, domid, params->config, &uuid_lock,
                          &name_lock);
    if (rc) goto out;
    rc = snap_create_gather(sc, domid, &c, &result->snapshot);
    if (rc) goto out;
    rc = snap_create_check(sc, &c);
    if (rc) goto out;

    snap_create_plan(sc, &c);
    snap_plan_to_result(sc, &c.plan, result);
    head = snap_create_head(sc, &c);
    rc = snap_journal_refuse_plan(sc, &head, &c.plan);
    if (rc || params->dry_run) goto out;

    rc = create_run_plan(sc, &c, &head, &run);
    if (rc) create_fail(sc, &c, &run, rc);
    result->domid = domid;
    result->signalled = run.signalled;
    if (run.unclean) {
        result->unclean = snap_result_str(run.unclean);
        snap_set_unclean(&result->snapshot);
    }
    if (!rc)
        result->num_unprotected =
            snap_result_unprotected(&c.plan, &result->unprotected);
    if (run.stopped_us && run.running_us)
        result->downtime_us = run.running_us - run.stopped_us;
    result->total_us = snap_now_us() - began;

 out:
    snap_lock_release(&name_lock, NULL);
    snap_lock_release(&uuid_lock, NULL);
    snap_domain_dispose(&c.dom);
    return rc;
}
