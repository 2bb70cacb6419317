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

/* A domain that does not run may have no uuid yet. */
static int create_lock_offline(libxl_snapshot_ctx *sc,
                               const libxl_domain_config *config,
                               int *lock_r)
{
    const char *name = config->c_info.name;
    int rc = snap_lock_domain(sc, name, lock_r);

    return rc ? rc : snap_journal_refuse(sc, name, NULL);
}

static int create_lock_running(libxl_snapshot_ctx *sc, uint32_t domid,
                               int *lock_r)
{
    const char *uuid_str;
    int rc = snap_dom_uuid_str(sc, domid, &uuid_str);

    if (!rc) rc = snap_lock_domain(sc, uuid_str, lock_r);
    return rc ? rc : snap_journal_refuse(sc, NULL, uuid_str);
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

struct snap_journal_head snap_create_head(libxl_snapshot_ctx *sc,
                                          const struct snap_create *c)
{
    struct snap_journal_head head = {
        .operation = snap_operation_create.name, .domain = c->dom.name,
        .uuid_str = c->dom.uuid_str, .domid = c->dom.domid,
        .snapshot = c->params->name,
        .memory_path = c->params->memory_path ? c->files[0].partial : NULL,
    };

    head.tagged = create_tagged_images(sc, c, &head.num_tagged);
    return head;
}

static int create_run_plan(libxl_snapshot_ctx *sc,
                           const struct snap_create *c,
                           struct snap_run *run)
{
    const struct snap_journal_head head = snap_create_head(sc, c);

    run->uuid_str = c->dom.uuid_str;
    run->domain_name = c->dom.name;
    run->head = &head;
    return snap_run_plan(sc, run, &c->plan);
}

int libxl_domain_snapshot_create(libxl_snapshot_ctx *sc, uint32_t domid,
                                 libxl_domain_snapshot_params *params,
                                 libxl_domain_snapshot_result *result)
{
    struct snap_create c = { .params = params };
    struct snap_run run = { .domid = domid };
    uint64_t began = snap_now_us();
    int lock_fd = -1, rc;

    snap_ctx_begin(sc);
    sc->wait_ms[SNAP_WAIT_FROZEN] = params->quiesce_seconds * 1000;
    snap_domain_init(&c.dom);
    rc = params->config ? create_lock_offline(sc, params->config, &lock_fd)
                        : create_lock_running(sc, domid, &lock_fd);
    if (rc) goto out;
    rc = snap_create_gather(sc, domid, &c, &result->snapshot);
    if (rc) goto out;
    rc = snap_create_check(sc, &c);
    if (rc) goto out;

    snap_create_plan(sc, &c);
    snap_plan_to_result(sc, &c.plan, result);
    if (params->dry_run) goto out;

    rc = create_run_plan(sc, &c, &run);
    if (rc && run.commit_unknown)
        snap_fail(
            sc, rc,
            "domain %s: QEMU did not answer, so it is not known whether "
            "it switched the disks to their overlays. Nothing is lost and "
            "the domain runs on. When QEMU answers again, run xl "
            "snapshot-recover %s",
            c.dom.name, snap_operand(sc, c.dom.name));
    else if (rc && run.committed && domid != SNAP_NO_DOMAIN)
        snap_fail(
            sc, rc,
            "domain %s: its disks are on their new layers and it runs on "
            "with them; fix this and run xl snapshot-recover %s before "
            "the domain reboots",
            c.dom.name, snap_operand(sc, c.dom.name));
    result->domid = domid;
    result->signalled = run.signalled;
    if (run.stopped_us && run.running_us)
        result->downtime_us = run.running_us - run.stopped_us;
    result->total_us = snap_now_us() - began;

 out:
    snap_lock_release(&lock_fd, NULL);
    snap_domain_dispose(&c.dom);
    return rc;
}
