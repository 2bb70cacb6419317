/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/refuse.c: refusals that more than one operation makes.  Each is a
 * sentence: what, on what, why, what to do.
 */
#include "facts/refuse.h"

#include <inttypes.h>
#include <string.h>

int snap_refuse_saver(libxl_snapshot_ctx *sc, const char *domain,
                      pid_t saver)
{
    if (!saver) return 0;
    return snap_fail(sc, ERROR_INVAL, "domain %s: it is being saved or "
                     "migrated (pid %d), with the disks that it has now; "
                     "wait until that has ended", domain, (int)saver);
}

/* Whoever destroys a domain that is suspended, or kept after a crash, loses
 * its memory. */
static int refuse_shut_down(libxl_snapshot_ctx *sc,
                            const struct snap_domain *dom)
{
    if (dom->shutdown_reason == LIBXL_SHUTDOWN_REASON_SUSPEND)
        return snap_fail(sc, ERROR_INVAL, "domain %u: it is suspended, and "
                         "its memory waits to go on; let it go on with xl "
                         "resume (from Xen 4.20 on) and do not destroy it, "
                         "which would lose that memory", dom->domid);
    if (dom->shutdown_reason == LIBXL_SHUTDOWN_REASON_CRASH)
        return snap_fail(sc, ERROR_INVAL, "domain %u: it has crashed; wait "
                         "until xl has cleaned up. If it is kept for an "
                         "analysis, take that (xl dump-core) before you "
                         "destroy it; with its xl.cfg (--domain-config) "
                         "there are snapshots of its disks then",
                         dom->domid);
    return snap_fail(sc, ERROR_INVAL, "domain %u: it has shut down; wait "
                     "until xl has cleaned up or started it again",
                     dom->domid);
}

int snap_refuse_not_alive(libxl_snapshot_ctx *sc,
                          const struct snap_domain *dom)
{
    if (dom->domid == 0)
        return snap_fail(sc, ERROR_INVAL, "domain 0 runs this command, so "
                         "the command cannot be used on it");
    if (dom->dying)
        return snap_fail(sc, ERROR_INVAL, "domain %u: it is dying; wait until "
                         "it is gone", dom->domid);
    if (dom->shutdown && dom->saver)
        return snap_refuse_saver(sc, snap_sprintf(sc, "%u", dom->domid),
                                 dom->saver);
    if (dom->shutdown) return refuse_shut_down(sc, dom);
    if (dom->asked_to)
        return snap_fail(sc, ERROR_INVAL, "domain %u: it has been asked "
                         "to %s and has not done so yet; wait until it has. "
                         "If nobody has asked, its guest has written that: "
                         "take it away with xenstore-write /local/domain/%u/"
                         "control/shutdown ''", dom->domid, dom->asked_to,
                         dom->domid);
    return 0;
}

int snap_refuse_domain(libxl_snapshot_ctx *sc,
                       const struct snap_domain *dom)
{
    if (dom->stubdom)
        return snap_fail(
            sc, ERROR_INVAL,
            "domain %s: its device model runs in "
            "a stub domain, where disks cannot be switched to "
            "overlays",
            dom->name);
    if (dom->dm_restricted)
        return snap_fail(sc, ERROR_INVAL, "domain %s: its QEMU runs with "
                         "dm_restrict and cannot open new files", dom->name);
    if (dom->config_update)
        return snap_fail(sc, ERROR_INVAL, "domain %s: its next reboot "
                         "will use a config that xl config-update has "
                         "left, which names its present disks; reboot it "
                         "first", dom->name);
    if (dom->job)
        return snap_fail(sc, ERROR_INVAL, "domain %s: its QEMU runs a job on "
                         "a disk, %s, and takes no snapshot meanwhile; wait "
                         "until it has ended, or let the program that began "
                         "it end it", dom->name, dom->job);
    return snap_refuse_saver(sc, dom->name, dom->saver);
}

/* A relative path would be another file from another folder.  What a hook's
 * disk is called is the hook's business. */
static int refuse_relative(libxl_snapshot_ctx *sc, const char *what,
                           const char *path)
{
    if (!path || path[0] == '/') return 0;
    return snap_fail(sc, ERROR_INVAL, "%s: the snapshot config names "
                     "'%.200s', which is not an absolute path", what, path);
}

static int refuse_parent(libxl_snapshot_ctx *sc,
                         const libxl_disk_snapshot *ds)
{
    if (!ds->parent.pdev_path)
        return snap_fail(sc, ERROR_INVAL, "disk %s: the snapshot config "
                         "does not say what holds its state (`parents')",
                         ds->vdev);
    if (snap_hook_name(ds->driver)) return 0;
    return refuse_relative(sc, snap_sprintf(sc, "disk %s", ds->vdev),
                           ds->parent.pdev_path);
}

int snap_refuse_snapshot(libxl_snapshot_ctx *sc,
                         const libxl_domain_snapshot *snap)
{
    int i, rc;

    if (snap->doubt) return snap_fail(sc, ERROR_INVAL, "%s", snap->doubt);
    rc = snap_name_check(sc, snap->name);
    if (!rc && snap->domain_name)
        rc = snap_domain_name_check(sc, snap->domain_name);
    if (rc) return rc;
    if (snap->memory_path && libxl_uuid_is_nil(&snap->domain_uuid))
        return snap_fail(sc, ERROR_INVAL,
                         "the snapshot config has no uuid; use one that "
                         "snapshot-create wrote");
    if (!snap->memory_path && (libxl_defbool_is_default(snap->memory)
                               || libxl_defbool_val(snap->memory)))
        return snap_fail(sc, ERROR_INVAL,
                         "the snapshot config names no memory image "
                         "(`memory_path') and does not say memory=0");
    if (!snap->memory_path && !snap->domain_name)
        return snap_fail(sc, ERROR_INVAL,
                         "the snapshot config does not name its domain "
                         "(`domain')");
    rc = refuse_relative(sc, "memory image", snap->memory_path);
    if (!rc)
        rc = refuse_relative(sc, "domain config", snap->domain_config_path);
    for (i = 0; !rc && i < snap->num_disks; i++)
        rc = refuse_parent(sc, &snap->disks[i]);
    return rc;
}

int snap_refuse_place(libxl_snapshot_ctx *sc, const struct snap_disk_op *op,
                      bool trust_folders)
{
    if (!op->doubt || trust_folders) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: somebody could put another "
                     "file in the place of its image: %s", op->vdev,
                     op->doubt);
}

int snap_refuse_used(libxl_snapshot_ctx *sc,
                     const struct snap_layers *layers)
{
    int i;

    for (i = 0; i < layers->num; i++)
        if (layers->files[i].users)
            return snap_fail(sc, ERROR_INVAL, "%s: %s is in use by %s; end "
                             "that first", layers->files[i].who,
                             layers->files[i].path, layers->files[i].users);
    return 0;
}

int snap_refuse_not_open(libxl_snapshot_ctx *sc,
                         const struct snap_layers *layers)
{
    int i;

    for (i = 0; i < layers->num; i++)
        if (layers->files[i].server && !layers->files[i].is_open)
            return snap_fail(sc, ERROR_INVAL, "%s: %s has another file open "
                             "than %s: that was moved, or another one put "
                             "in its place, while the domain runs, and what "
                             "the guest writes does not go there. Put the "
                             "open file back under this name",
                             layers->files[i].who, layers->files[i].server,
                             layers->files[i].path);
    return 0;
}

int snap_refuse_left_out(libxl_snapshot_ctx *sc,
                         const libxl_domain_snapshot *snap,
                         const char *vdev, bool allowed)
{
    int i;

    for (i = 0; i < snap->num_skipped; i++)
        if (!strcmp(snap->skipped[i], vdev)) break;
    if (i == snap->num_skipped)
        return snap_fail(sc, ERROR_INVAL, "disk %s: the domain wrote to "
                         "it, but the snapshot config does not list it",
                         vdev);
    if (allowed) return 0;
    if (snap->memory_path)
        return snap_fail(sc, ERROR_INVAL, "disk %s: the snapshot left it "
                         "out, so it would keep today's content while the "
                         "guest's memory goes back, which ruins a file "
                         "system that the guest has mounted from it; if "
                         "there is none, use --skip-unsupported", vdev);
    return snap_fail(sc, ERROR_INVAL, "disk %s: the snapshot left it out, "
                     "so it would keep today's content while the other "
                     "disks go back; if that is acceptable, use "
                     "--skip-unsupported", vdev);
}

int snap_refuse_uncaptured(libxl_snapshot_ctx *sc,
                           const struct snap_uncaptured *u, bool allowed)
{
    if (!u->num || allowed) return 0;
    return snap_fail(sc, ERROR_INVAL, "%s: no snapshot has what it holds, "
                     "so after a revert that would not fit the guest's "
                     "disks and memory; take it away from the domain or, "
                     "if what it holds does not matter, use "
                     "--skip-unsupported", u->names[0]);
}

int snap_refuse_boot(libxl_snapshot_ctx *sc, const char *config_path,
                     const struct snap_boot *boot)
{
    int i;

    for (i = 0; i < boot->num; i++) {
        const struct snap_boot_file *file = &boot->files[i];

        if (file->path[0] != '/')
            return snap_fail(sc, ERROR_INVAL, "%s: %s is %s, a path that "
                             "begins where xl is started, so a revert from "
                             "elsewhere would not find it; write the whole "
                             "path", config_path, file->what, file->path);
        if (!file->exists)
            return snap_fail(sc, ERROR_INVAL, "%s: %s is %s, which is "
                             "missing, so a revert could not bring the "
                             "domain back; put it back, or change that",
                             config_path, file->what, file->path);
    }
    return 0;
}

int snap_refuse_no_room(libxl_snapshot_ctx *sc,
                        const struct snap_boot *boot)
{
    if (boot->need_kb <= boot->free_kb) return 0;
    return snap_fail(sc, ERROR_INVAL, "the domain needs %" PRIu64 " MiB of "
                     "memory, and with that of the running one, if it runs, "
                     "the host has %" PRIu64 " MiB free for it; shut down "
                     "another domain, or give it less (xl mem-set)",
                     boot->need_kb >> 10, boot->free_kb >> 10);
}
