/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/revert_look.c: what a revert knows and checks before it destroys
 * anything; a verification ends here.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

static const char *revert_new_path(const struct snap_revert *r,
                                   const char *vdev)
{
    int i;

    for (i = 0; i < r->params->num_disks; i++)
        if (!strcmp(r->params->disks[i].vdev, vdev))
            return r->params->disks[i].path;
    return NULL;
}

/*-- gather -----------------------------------------------------------------*/

static int revert_gather_op(libxl_snapshot_ctx *sc,
                            const struct snap_revert *r,
                            const libxl_disk_snapshot *ds,
                            struct snap_disk_op *op)
{
    int rc;

    *op = (struct snap_disk_op){
        .verb = SNAP_VERB_REVERT, .vdev = ds->vdev, .ds = ds,
        .name = r->snap->name, .image = ds->parent.pdev_path,
        .format = ds->parent.format,
        .creation_time = r->snap->creation_time,
    };
    rc = snap_driver_of(sc, ds, &op->driver);
    if (rc || !op->driver->revert_moves_disk) return rc;
    op->path = revert_new_path(r, ds->vdev);
    if (op->path) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: no path for its new image",
                     ds->vdev);
}

static int revert_gather_ops(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    int i, rc;

    r->ops = snap_zalloc(sc, snap->num_disks * sizeof(*r->ops));
    for (i = 0; i < snap->num_disks; i++) {
        rc = revert_gather_op(sc, r, &snap->disks[i],
                              &r->ops[r->num_ops++]);
        if (rc) return rc;
    }
    return 0;
}

/* Set *is_r: the running domain @domid has one of the snapshot's disks, or
 * one of another branch of the first @num_bases bases on record.  A snapshot
 * without disks tells nothing. */
static int revert_is_on_disks(libxl_snapshot_ctx *sc,
                              const struct snap_revert *r, uint32_t domid,
                              int num_bases, bool *is_r)
{
    int i, rc;

    *is_r = false;
    for (i = 0; i < r->num_ops && !*is_r; i++) {
        rc = snap_domain_is_on(sc, domid, r->ops[i].ds, r->params->bases,
                               num_bases, is_r);
        if (rc) return rc;
    }
    return 0;
}

/* The domain @domid has the snapshot's name.  It is the snapshot's if it
 * has the uuid, too; or one of the disks, while no domain has the uuid:
 * then it was started from an xl.cfg without one. */
static int revert_take_named(libxl_snapshot_ctx *sc, struct snap_revert *r,
                             const char *name, uint32_t domid)
{
    const libxl_uuid *wanted = &r->snap->domain_uuid;
    bool is_it = false;
    uint32_t other;
    libxl_uuid uuid;
    int rc;

    rc = snap_dom_uuid(sc, domid, &uuid);
    if (rc) return rc;
    r->dom.domid = domid;
    rc = snap_dom_find_other(sc, wanted, domid, &other);
    if (rc) return rc;
    if (!libxl_uuid_compare(&uuid, wanted)) {
        if (r->report || other == SNAP_NO_DOMAIN) return 0;
        return snap_fail(sc, ERROR_INVAL, "domain %s: domain %s (domid %u) "
                         "has the same uuid; it must be shut down, and get "
                         "a uuid of its own", name,
                         snap_xenstore_domain_name(sc, other), other);
    }
    if (other == SNAP_NO_DOMAIN)
        rc = revert_is_on_disks(sc, r, domid, r->params->num_bases, &is_it);
    if (rc || is_it) return rc;
    return snap_fail(sc, ERROR_INVAL, "domain %s: domain %u has "
                     "this name but is another domain (neither "
                     "its uuid nor its disks are the snapshot's); "
                     "rename it first", name, domid);
}

/*
 * The domain @domid has the snapshot's uuid, under another name: it has
 * been renamed, or is a copy whose xl.cfg has kept the uuid, which must not
 * be destroyed in its stead.  It is the snapshot's if the caller names it,
 * and it has one of the disks.  One that is just being destroyed has lost its
 * name and its config by then (libxl 4.17), and only has to be waited for.
 */
static int revert_take_renamed(libxl_snapshot_ctx *sc,
                               struct snap_revert *r, const char *name,
                               uint32_t domid)
{
    const char *now = snap_xenstore_domain_name(sc, domid);
    bool is_it = !r->num_ops;
    int rc;

    r->dom.domid = domid;
    if (snap_dom_is_dying(sc, domid)) return 0;
    rc = is_it ? 0 : revert_is_on_disks(sc, r, domid, 0, &is_it);
    if (rc) return rc;
    if (!is_it)
        return snap_fail(sc, ERROR_INVAL, "domain %s: domain %s (domid %u) "
                         "has its uuid, but none of the snapshot's disks; "
                         "if it is a copy, shut it down and give it a uuid "
                         "of its own; if it is the domain, renamed, rename "
                         "it back: xl rename %s %s", name, now, domid,
                         snap_operand(sc, now), snap_operand(sc, name));
    if (r->report || r->params->domid == domid) return 0;
    return snap_fail(sc, ERROR_INVAL, "domain %s: domain %s (domid %u) has "
                     "its uuid; if that is the domain, renamed, name it: xl "
                     "snapshot-revert %s ...; if it is a copy, shut it down "
                     "and give it a uuid of its own", name, now, domid,
                     snap_operand(sc, now));
}

/* An image on which another operation has stopped half-way says nothing that
 * a look could be trusted with; and to look takes long. */
static int revert_check_journals(libxl_snapshot_ctx *sc,
                                 const struct snap_revert *r)
{
    struct snap_journal_images images = { 0 };
    int i;

    for (i = 0; i < r->num_ops; i++)
        snap_journal_images_add(sc, &images, r->ops[i].image,
                                r->ops[i].driver->revert_moves_disk);
    return snap_journal_refuse_images(sc, r->config.c_info.name, &images);
}

/* Find the running domain, if there is one. */
static int revert_find_domain(libxl_snapshot_ctx *sc,
                              struct snap_revert *r, const char *name)
{
    uint32_t domid;
    int rc;

    if (name && !r->report) {
        rc = snap_offline_wait(sc, name, &r->snap->domain_uuid);
        if (rc) return rc;
    }
    if (name && !libxl_name_to_domid(sc->ctx, name, &domid))
        return revert_take_named(sc, r, name, domid);
    rc = snap_dom_find(sc, &r->snap->domain_uuid, &domid);
    if (rc || domid == SNAP_NO_DOMAIN) return rc;
    return revert_take_renamed(sc, r, name, domid);
}

/* The images that the domain has until it is destroyed, as far as libxl
 * tells. */
static void revert_gather_left(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    struct snap_domain *dom = &r->dom;
    int i;

    if (!snap_domain_gather_config(sc, dom)) return;
    r->left.paths = snap_zalloc(sc, (dom->num_disks + 1)
                                    * sizeof(*r->left.paths));
    for (i = 0; i < dom->num_disks; i++)
        if (dom->disks[i].is_data_disk && dom->disks[i].path
            && *dom->disks[i].path == '/')
            r->left.paths[r->left.num++] = dom->disks[i].path;
}

/* The running domain: only what the revert needs of it, since one whose
 * QEMU has died must be revertible too.  A verification looks for it
 * without its config, too: its own use of its disks is no fault. */
static int revert_gather_domain(libxl_snapshot_ctx *sc,
                                struct snap_revert *r)
{
    const char *name = r->config.c_info.name ? r->config.c_info.name
                                             : r->snap->domain_name;
    int rc = revert_find_domain(sc, r, name);

    if (rc) return rc;
    if (r->dom.domid == SNAP_NO_DOMAIN)
        return name && !r->report ? snap_saved_refuse(sc, name) : 0;
    r->dom.qemu_pid = snap_xenstore_qemu_pid(sc, r->dom.domid);
    rc = snap_dom_uuid_str(sc, r->dom.domid, &r->dom.uuid_str);
    if (rc || r->report) return rc;
    r->dom.name = snap_xenstore_domain_name(sc, r->dom.domid);
    rc = snap_dom_saver(sc, r->dom.domid, false, &r->dom.saver);
    if (!rc) rc = snap_refuse_saver(sc, r->dom.name, r->dom.saver);
    if (rc) return rc;
    revert_gather_left(sc, r);
    return snap_monitor_find(sc, r->dom.name, &r->dom.monitors,
                             &r->dom.num_monitors);
}

/*-- check ------------------------------------------------------------------*/

/* A base may be read by other domains' overlays, an image with a tag in it
 * by nobody: applying the tag rewrites it. */
static int revert_check_users(libxl_snapshot_ctx *sc,
                              struct snap_revert *r)
{
    int i, rc;

    for (i = 0; i < r->num_ops; i++)
        snap_layers_add(sc, &r->layers, r->ops[i].vdev, r->ops[i].at_stake,
                        &r->ops[i].chain,
                        r->ops[i].driver->revert_moves_disk);
    rc = snap_layers_find_users(sc, &r->layers, r->dom.qemu_pid,
                                r->dom.domid);
    return rc ? rc : snap_refuse_used(sc, &r->layers);
}

/* A base that lost its flag, as in a copy, is one all the same. */
static bool revert_is_base(libxl_snapshot_ctx *sc,
                           const struct snap_revert *r,
                           const struct snap_disk_op *op)
{
    const libxl_domain_snapshot_revert_params *p = r->params;
    const char *path = op->at_stake ? op->at_stake : op->image;
    int i;

    for (i = 0; path && i < p->num_bases; i++)
        if (snap_identity_is_base(sc, path, p->bases[i],
                                  p->base_states[i]))
            return true;
    return false;
}

/* Looks may take long, and run programs: only when nothing else is amiss. */
static int revert_look_at_disk(libxl_snapshot_ctx *sc,
                               struct snap_revert *r,
                               struct snap_disk_op *op)
{
    int rc;

    op->running = r->dom.domid != SNAP_NO_DOMAIN;
    op->just_taken = r->report && r->params->just_taken;
    snap_disk_look_place(sc, op);
    rc = snap_refuse_place(sc, op, r->params->trust_folders);
    if (!rc) rc = op->driver->look(sc, op);
    if (!rc) snap_disk_look_layers(sc, op, &op->chain);
    if (!rc) rc = snap_refuse_place(sc, op, r->params->trust_folders);
    if (!rc && !op->driver->revert_moves_disk)
        op->is_frozen = op->is_frozen || revert_is_base(sc, r, op);
    if (!rc) rc = snap_driver_check(sc, op);
    if (!rc) rc = snap_revert_check_images(sc, r, op);
    if (rc || r->params->force) return rc;
    return snap_identity_check_disk(sc, op);
}

/* A base that is good may be so by luck: its flag was taken off, or its
 * storage has none. */
static bool revert_is_unprotected(const struct snap_disk_op *op)
{
    return op->driver->known_by == SNAP_KNOWN_BY_FILE && op->image
        && snap_file_exists(op->image) && !snap_file_stops_root(op->image);
}

static void revert_report_disk(const struct snap_disk_op *op,
                               libxl_snapshot_verified_item *item)
{
    item->unprotected = revert_is_unprotected(op);
    item->vdev = snap_result_str(op->vdev);
    if (op->chain.num_layers)
        item->num_images = op->chain.num_layers
            + (op->driver->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL);
}

/*-- gather and check: the same for a revert and a verification -------------*/

/* @what was looked at, with the result @rc.  Whether to go on: a revert
 * ends at the first failure, a verification tells them all. */
static bool revert_looked_at(libxl_snapshot_ctx *sc, struct snap_revert *r,
                             const char *what, const char *path, int rc)
{
    if (rc && !r->rc) r->rc = rc;
    if (!r->report) return !rc;
    snap_verification_add(r->report, what, path,
                          rc ? snap_take_error(sc) : NULL);
    return true;
}

/* A verification while another domain has the memory is no fault of the
 * snapshot. */
static int revert_check_room(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    int rc;

    if (r->report) return 0;
    r->boot.need_kb = snap_dom_need_kb(sc, &r->config);
    rc = snap_dom_free_kb(sc, r->dom.domid, &r->boot.free_kb);
    return rc ? rc : snap_refuse_no_room(sc, &r->boot);
}

int snap_revert_look(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    const libxl_domain_snapshot *snap = r->snap;
    bool has_memory = snap->memory_path != NULL, all_there = true;
    bool has_config;
    int i, rc;

    rc = snap_refuse_snapshot(sc, snap);
    if (!rc) rc = revert_gather_ops(sc, r);
    if (!revert_looked_at(sc, r, "snapshot config", NULL, rc) || rc)
        return r->rc;

    rc = snap_revert_gather_config(sc, r);
    has_config = !rc;
    if (!revert_looked_at(sc, r, has_memory ? "memory image" : "domain config",
                          has_memory ? snap->memory_path
                                     : r->params->domain_config_path, rc))
        return r->rc;
    rc = r->report ? 0 : revert_check_journals(sc, r);
    if (!rc) rc = revert_gather_domain(sc, r);
    if (!rc) rc = revert_check_room(sc, r);
    if (!revert_looked_at(sc, r, "domain", NULL, rc)) return r->rc;
    if (has_config
        && !revert_looked_at(sc, r, "programs", NULL,
                             snap_revert_check_named(sc, r)))
        return r->rc;
    for (i = 0; i < r->num_ops; i++) {
        struct snap_disk_op *op = &r->ops[i];

        rc = revert_look_at_disk(sc, r, op);
        if (!revert_looked_at(sc, r, snap_sprintf(sc, "disk %s", op->vdev),
                              op->image, rc))
            return r->rc;
        if (r->report)
            revert_report_disk(
                op, &r->report->items[r->report->num_items - 1]);
        if (rc) all_there = false;
    }
    if (!all_there) return r->rc;
    revert_looked_at(sc, r, "users", NULL, revert_check_users(sc, r));
    if (!r->rc && !r->report) r->rc = snap_revert_gather_new_config(sc, r);
    return r->rc;
}
