/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/recover.c: end an operation that was cut off.
 *
 *   gather   its journal; the domain, if it is still the same; whether the
 *            commit point was passed, which QEMU or the images tell if the
 *            journal does not
 *   plan     back: the undos, the last first; or forward: what comes after the
 *            commit point
 *   run      each step looks whether it is so already; where one fails the
 *            others still run, and the journal stays for another try
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

/* By how much the last write to a base may come after that to the journal. */
#define LATE_S 5

struct snap_recover {
    struct snap_journal_entry entry;
    uint32_t domid;             /* SNAP_NO_DOMAIN: it is not there any more */
    int commit;                 /* the index of the commit point */
    bool forward;
    int first;                  /* forward: the step to begin with */
    bool half_made;             /* domid is what an xl left that was killed */
    bool memory_lost;           /* what is there of it is not complete */
    const char *state;          /* a sentence */
    struct snap_plan plan;
};

/*-- gather -----------------------------------------------------------------*/

/* It may have been restarted: another domid, or another boot of the host. */
static void gather_domain(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    const struct snap_journal_head *head = &r->entry.head;
    const char *uuid_str;

    r->domid = SNAP_NO_DOMAIN;
    if (!r->entry.same_boot || head->domid == SNAP_NO_DOMAIN
        || !head->running_uuid)
        return;
    if (snap_dom_uuid_str(sc, head->domid, &uuid_str))
        snap_take_error(sc);
    else if (!strcmp(head->running_uuid, uuid_str))
        r->domid = head->domid;
}

static int commit_point(const struct snap_plan *plan)
{
    int i;

    for (i = 0; i < plan->num_steps; i++)
        if (plan->steps[i].commit_point) return i;
    return plan->num_steps;
}

/* QEMU has switched a disk to its overlay: then all, in one transaction. */
static int has_switched(libxl_snapshot_ctx *sc, const struct snap_recover *r,
                        bool *has_r)
{
    const struct snap_plan *plan = &r->entry.plan;
    const struct snap_disk *disk;
    struct snap_domain dom;
    int i, k, rc;

    *has_r = false;
    snap_domain_init(&dom);
    rc = snap_gather_domain(sc, r->domid, &dom);
    for (i = r->commit; !rc && i < plan->num_steps; i++)
        for (k = 0; k < plan->steps[i].num_repoints; k++) {
            const struct snap_repoint *to = &plan->steps[i].repoints[k];

            disk = snap_domain_disk(&dom, to->vdev);
            if (disk && disk->node_file && !strcmp(disk->node_file, to->to))
                *has_r = true;
        }
    snap_domain_dispose(&dom);
    return rc;
}

/*
 * The commit point of a create was begun, and no more is known.  One that has
 * an undo is undone.  QEMU's transaction: tags show in the images; overlays in
 * QEMU, and if that has gone, they are empty, or hold what the guest wrote
 * after it: forward is right for both.
 */
static int was_committed(libxl_snapshot_ctx *sc, const struct snap_recover *r,
                         bool *was_r)
{
    const struct snap_journal_head *head = &r->entry.head;

    *was_r = true;
    if (strcmp(head->operation, "create")) return 0;
    *was_r = !r->entry.plan.steps[r->commit].undo;
    if (!*was_r) return 0;
    if (head->num_tagged)
        return snap_gather_has_tag(sc, head->tagged[0], head->snapshot, was_r);
    if (r->domid == SNAP_NO_DOMAIN || snap_xs_qemu_is_gone(sc, r->domid))
        return 0;
    return has_switched(sc, r, was_r);
}

/*
 * A snapshot whose base somebody has written to since is none, and an overlay on
 * it is nothing that can be read; but what the guest wrote before is in there.
 * QEMU's own last writes come with the transaction.
 */
static int check_base(libxl_snapshot_ctx *sc, const struct snap_recover *r,
                      const struct snap_repoint *to, uint64_t cut_off)
{
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };
    const struct snap_journal_entry *e = &r->entry;
    struct snap_file_use use = {
        .who = "base", .path = to->from, .write_only = true,
    };
    struct snap_file_print base;
    int rc = snap_file_print(sc, to->from, &base);

    if (!rc && !base.is_device) rc = snap_users_of_files(sc, &use, 1, &nobody);
    if (!rc && use.users)
        rc = snap_fail(sc, ERROR_INVAL, "domain %s: %s is in use by %s, and is "
                       "to be the base of snapshot %s; what the guest wrote "
                       "since is in %s.  Stop it first", e->head.domain,
                       to->from, use.users, e->head.snapshot, to->to);
    if (rc || base.is_device || base.written <= cut_off + LATE_S) return rc;
    return snap_fail(sc, ERROR_INVAL, "domain %s: %s was written to at %s, after "
                     "snapshot %s of it was cut off: somebody has started the "
                     "domain from it.  What the guest wrote before is in %s, "
                     "which needs the base as it was; keep a copy of the one "
                     "that you want, then remove the overlay and %s",
                     e->head.domain, to->from, snap_date(sc, base.written),
                     e->head.snapshot, to->to, e->path);
}

/* While the domain is there it is not on its bases. */
static int check_bases(libxl_snapshot_ctx *sc, const struct snap_recover *r)
{
    const struct snap_plan *plan = &r->entry.plan;
    struct snap_file_print journal;
    int i, k, rc;

    if (!r->forward || r->domid != SNAP_NO_DOMAIN
        || strcmp(r->entry.head.operation, "create"))
        return 0;
    rc = snap_file_print(sc, r->entry.path, &journal);
    for (i = r->commit; !rc && i < plan->num_steps; i++)
        for (k = 0; !rc && k < plan->steps[i].num_repoints; k++)
            rc = check_base(sc, r, &plan->steps[i].repoints[k],
                            journal.written);
    return rc;
}

/* After a crash of the host the file may lack what the kernel had not written
 * yet. */
static bool memory_is_lost(libxl_snapshot_ctx *sc,
                           const struct snap_recover *r)
{
    const char *path = r->entry.head.memory_path;
    char *json;
    off_t stream;

    if (!r->forward || r->entry.same_boot || !path || !snap_file_exists(path))
        return false;
    if (!snap_image_check(sc, path, &json, &stream)) return false;
    snap_take_error(sc);
    return true;
}

static int back_step(const struct snap_plan *plan)
{
    int i;

    for (i = 0; i < plan->num_steps; i++)
        if (plan->steps[i].kind == SNAP_STEP_RESTORE
            || plan->steps[i].kind == SNAP_STEP_BOOT)
            break;
    return i;
}

/* The domain that a revert was to bring back: another than it destroyed. */
static int find_back(libxl_snapshot_ctx *sc, const struct snap_recover *r,
                     uint32_t *domid_r)
{
    const struct snap_journal_head *head = &r->entry.head;
    const char *uuid_str;
    uint32_t domid;
    int rc;

    *domid_r = SNAP_NO_DOMAIN;
    if (libxl_name_to_domid(sc->ctx, head->domain, &domid)
        || domid == r->domid)
        return 0;
    rc = snap_dom_uuid_str(sc, domid, &uuid_str);
    if (rc) return rc;
    *domid_r = domid;
    if (!head->uuid_str || !strcmp(head->uuid_str, uuid_str)) return 0;
    return snap_fail(sc, ERROR_INVAL, "domain %s: somebody has started another "
                     "one of this name (domid %u), which stands in the way; "
                     "rename it or shut it down first", head->domain, domid);
}

/*
 * Where a revert goes on.  Once the domain is back it must not be done again:
 * the guest runs on the disks, or has run; but if the host has stopped since and
 * the guest had not yet been let run, it is.  What xl makes is whole when the xl
 * that watches over it is there (it forks last).
 */
static int gather_first(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;
    int back = back_step(&e->plan), num = 0, rc;
    uint32_t domid;
    pid_t *pids;

    r->first = r->commit;
    rc = find_back(sc, r, &domid);
    if (rc) return rc;
    if (e->same_boot ? e->is_back : e->may_have_run) {
        r->first = back + 1;
        r->domid = domid;
        return 0;
    }
    if (domid == SNAP_NO_DOMAIN) return 0;
    if (!e->same_boot || !e->may_be_back)
        return snap_fail(sc, ERROR_INVAL, "domain %s: somebody has started it "
                         "(domid %u) in the middle of its revert; shut it down "
                         "first, what it writes now is going to be lost",
                         e->head.domain, domid);
    rc = snap_monitor_find(sc, e->head.domain, &pids, &num);
    if (rc) return rc;
    r->domid = domid;
    r->half_made = !num;
    if (num) r->first = back + 1;
    return 0;
}

static const char *state_of(libxl_snapshot_ctx *sc,
                            const struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;
    const char *at = e->at < 0 ? "before its first step"
        : snap_sprintf(sc, "at: %s", e->plan.steps[e->at].what);

    return snap_sprintf(
        sc, "a snapshot-%s (%s) was cut off %s%s; it is to be %s%s",
        e->head.operation, e->head.snapshot ? e->head.snapshot : "no name",
        e->undoing ? "while it was undone, " : "", at,
        r->forward ? "completed" : "undone",
        r->memory_lost ? ", but without a snapshot: its memory image did not "
                         "reach the disk before the host stopped" : "");
}

static int gather(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    int rc = 0;

    r->commit = commit_point(&r->entry.plan);
    gather_domain(sc, r);
    r->forward = r->entry.committed;
    if (r->entry.maybe) rc = was_committed(sc, r, &r->forward);
    if (rc) return rc;
    r->first = r->commit + 1;
    if (r->forward && !strcmp(r->entry.head.operation, "revert"))
        rc = gather_first(sc, r);
    if (rc) return rc;
    rc = check_bases(sc, r);
    if (rc) return rc;
    r->memory_lost = memory_is_lost(sc, r);
    r->state = state_of(sc, r);
    return 0;
}

/*-- plan -------------------------------------------------------------------*/

static struct snap_step *copy_step(libxl_snapshot_ctx *sc,
                                   struct snap_plan *plan,
                                   const struct snap_step *from)
{
    struct snap_step *step = snap_plan_add(sc, plan, from->kind, "%s",
                                           from->what);
    const char *what = step->what;

    *step = *from;
    step->what = what;
    step->undo = NULL;
    step->commit_point = false;
    step->ends = -1;
    return step;
}

/* After a crash of the host the journal may lack steps that were done. */
static void plan_back(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    const struct snap_plan *was = &r->entry.plan;
    int last = r->entry.same_boot ? r->entry.at : r->commit, i;

    for (i = last < was->num_steps ? last : was->num_steps - 1; i >= 0; i--)
        if (was->steps[i].undo) copy_step(sc, &r->plan, was->steps[i].undo);
}

/* The names under which files would have been published. */
static void plan_drop(libxl_snapshot_ctx *sc, struct snap_recover *r,
                      const struct snap_step *publish)
{
    struct snap_step *step = snap_plan_add(sc, &r->plan, SNAP_STEP_UNLINK,
                                           "remove %s", publish->path);

    step->path = publish->path;
}

static void plan_forward(libxl_snapshot_ctx *sc, struct snap_recover *r)
{
    const struct snap_plan *was = &r->entry.plan;
    struct snap_step *step;
    int i;

    if (r->half_made && was->steps[r->first].kind != SNAP_STEP_DESTROY)
        snap_plan_add(sc, &r->plan, SNAP_STEP_DESTROY, "destroy what xl left "
                      "of domain %s", r->entry.head.domain);
    for (i = r->first; i < was->num_steps; i++) {
        if (r->memory_lost && was->steps[i].kind == SNAP_STEP_PUBLISH) {
            plan_drop(sc, r, &was->steps[i]);
            continue;
        }
        step = copy_step(sc, &r->plan, &was->steps[i]);
        step->needs_known = false;      /* it is, now */
    }
    for (i = r->commit - 1; r->memory_lost && i >= 0; i--)
        if (was->steps[i].kind == SNAP_STEP_MKDIR)
            copy_step(sc, &r->plan, was->steps[i].undo);
}

/*-- the operation ----------------------------------------------------------*/

/* Its disks in xl.cfg, which the command was cut off before it could say. */
static void result_disks(const struct snap_recover *r,
                         libxl_snapshot_recovery *result)
{
    const struct snap_plan *plan = &r->entry.plan;
    libxl_device_disk disk;
    int i, k, num = 0;

    for (i = 0; i < plan->num_steps; i++) num += plan->steps[i].num_repoints;
    if (!r->forward || !num) return;
    result->disks = calloc(num, sizeof(*result->disks));
    if (!result->disks) abort();
    for (i = 0; i < plan->num_steps; i++)
        for (k = 0; k < plan->steps[i].num_repoints; k++) {
            const struct snap_repoint *to = &plan->steps[i].repoints[k];

            libxl_device_disk_init(&disk);
            snap_device_disk_set(&disk, to->vdev, to->to, to->format);
            disk.backend = to->backend;
            result->disks[result->num_disks++] =
                libxl_snapshot_disk_spec(&disk);
            libxl_device_disk_dispose(&disk);
        }
}

static void result_set(const struct snap_recover *r,
                       libxl_snapshot_recovery *result)
{
    const struct snap_journal_head *head = &r->entry.head;
    int i;

    result->domain = snap_result_str(head->domain);
    result->operation = snap_result_str(head->operation);
    result->snapshot = snap_result_str(head->snapshot);
    result->journal = snap_result_str(r->entry.path);
    result->began = r->entry.began;
    result->state = snap_result_str(r->state);
    result->forward = r->forward;
    result->steps = calloc(r->plan.num_steps + 1, sizeof(*result->steps));
    if (!result->steps) abort();
    for (i = 0; i < r->plan.num_steps; i++)
        result->steps[result->num_steps++] =
            snap_result_str(r->plan.steps[i].what);
    result_disks(r, result);
}

static int run(libxl_snapshot_ctx *sc, const struct snap_recover *r)
{
    const struct snap_journal_head *head = &r->entry.head;
    struct snap_run run = {
        .domid = r->domid, .uuid_str = head->uuid_str,
        .domain_name = head->domain, .again = true,
    };
    int rc = snap_journal_open(sc, &r->entry, &run.journal);

    if (rc) return rc;
    rc = snap_run_plan(sc, &run, &r->plan);
    if (rc)
        return snap_fail(sc, rc, "domain %s: not all of it could be %s; mend "
                         "this and run xl snapshot-recover %s again",
                         head->domain, r->forward ? "completed" : "undone",
                         head->domain);
    return 0;
}

int libxl_snapshot_recover(libxl_snapshot_ctx *sc, const char *journal,
                           bool dry_run, libxl_snapshot_recovery *result)
{
    struct snap_recover r = { .domid = SNAP_NO_DOMAIN };
    int uuid_lock = -1, name_lock = -1, rc;

    snap_ctx_begin(sc);
    rc = snap_journal_read(sc, journal, &r.entry);
    if (rc) goto out;
    rc = snap_lock_domain_both(sc, r.entry.head.uuid_str, r.entry.head.domain,
                               &uuid_lock, &name_lock);
    if (rc) goto out;
    /* it may have ended while we waited, or gone further */
    rc = snap_journal_read(sc, journal, &r.entry);
    if (rc) goto out;
    if (r.entry.torn) r.state = "a command was cut off before its first step";
    else rc = gather(sc, &r);
    if (rc) goto out;
    if (r.forward) plan_forward(sc, &r);
    else plan_back(sc, &r);
    result_set(&r, result);
    if (!dry_run) rc = run(sc, &r);
 out:
    snap_unlock(&name_lock, NULL);
    snap_unlock(&uuid_lock, NULL);
    return rc;
}

int libxl_snapshot_journal_list(libxl_snapshot_ctx *sc, const char *domain,
                                char ***paths_r, int *num_r)
{
    struct snap_journal_entry *entries;
    int i, num, rc;

    snap_ctx_begin(sc);
    *num_r = 0;
    rc = snap_journal_list(sc, &entries, &num);
    *paths_r = calloc(num + 1, sizeof(**paths_r));
    if (!*paths_r) abort();
    for (i = 0; !rc && i < num; i++)
        if (!domain || entries[i].error
            || snap_journal_is_of(&entries[i], domain, domain))
            (*paths_r)[(*num_r)++] = snap_result_str(entries[i].path);
    return rc;
}
