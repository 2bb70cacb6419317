/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_disks.c: which kind of snapshot each disk of a create gets,
 * and where its overlay goes: the user's wishes, else the default.
 */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "xl_utils.h"

static bool disks_has_wish(const libxl_domain_snapshot *wish,
                           const char *vdev)
{
    int i;

    for (i = 0; i < wish->num_disks; i++)
        if (!strcmp(wish->disks[i].vdev, vdev)) return true;
    return false;
}

/* A block device is in /dev, which is RAM: no overlay can stand there. */
static bool disks_has_no_place(const libxl_disk_snapshot_info *info)
{
    struct stat st;

    return info->path && !stat(info->path, &st) && S_ISBLK(st.st_mode);
}

/* Tell whether the default rule decides for this disk. */
static bool disks_by_default(const libxl_disk_snapshot_info *info,
                             const libxl_domain_snapshot *wish, bool skip)
{
    return info->is_data_disk && !disks_has_wish(wish, info->vdev)
        && !(skip && info->unsupported);
}

/* Internal if every writable disk without a wish of its own can be so. */
static libxl_snapshot_mode disks_default_mode(
    const libxl_disk_snapshot_info *info, int num,
    const libxl_domain_snapshot *wish, bool skip)
{
    int i;

    for (i = 0; i < num; i++)
        if (disks_by_default(&info[i], wish, skip)
            && info[i].why_no_internal)
            return LIBXL_SNAPSHOT_MODE_EXTERNAL;
    return LIBXL_SNAPSHOT_MODE_INTERNAL;
}

/* By default, a disk that can only have an internal snapshot, or has no
 * place for another kind, gets that. */
static libxl_snapshot_mode disks_mode(const libxl_disk_snapshot_info *info,
                                      libxl_snapshot_mode asked,
                                      libxl_snapshot_mode usual)
{
    if (asked != LIBXL_SNAPSHOT_MODE_DEFAULT) return asked;
    if (!info->why_no_internal
        && (info->why_no_external || disks_has_no_place(info)))
        return LIBXL_SNAPSHOT_MODE_INTERNAL;
    return usual;
}

/*-- what cannot be -----------------------------------------------------*/

/* The reason why the wishes cannot be met, malloc'd; NULL: they can. */
static char *disks_check_wishes(const libxl_domain_snapshot *wish)
{
    char *why;
    int i;

    for (i = 0; i < wish->num_disks; i++) {
        const libxl_disk_snapshot *ds = &wish->disks[i];

        if (ds->mode != LIBXL_SNAPSHOT_MODE_EXTERNAL
            || ds->child.format == LIBXL_DISK_FORMAT_QCOW2
            || ds->child.format == LIBXL_DISK_FORMAT_VHD)
            continue;
        xasprintf(&why, "disk %s: an overlay must be qcow2; write "
                  "'%s,qcow2,%s'", ds->vdev, ds->child.pdev_path,
                  ds->vdev);
        return why;
    }
    return NULL;
}

/* The reason why the disk cannot have that, malloc'd; NULL: it can. */
static char *disks_check_place(const libxl_disk_snapshot_info *info,
                               libxl_snapshot_mode mode)
{
    char *why;

    if (mode != LIBXL_SNAPSHOT_MODE_EXTERNAL || info->why_no_external
        || !disks_has_no_place(info))
        return NULL;
    xasprintf(&why, "disk %s: %s is a block device, beside which there is "
              "no place for an overlay; name one in a ConfigFile: "
              "disks = [ '/FOLDER/FILE,qcow2,%s' ]", info->vdev,
              info->path, info->vdev);
    return why;
}

/*-- the choice ---------------------------------------------------------*/

static libxl_disk_snapshot_params *disks_add(
    libxl_domain_snapshot_params *p, const char *vdev,
    libxl_snapshot_mode mode)
{
    libxl_disk_snapshot_params *disk = &p->disks[p->num_disks++];

    *disk = (libxl_disk_snapshot_params){
        .vdev = xstrdup(vdev), .mode = mode };
    return disk;
}

static void disks_add_wishes(const libxl_domain_snapshot *wish,
                             libxl_domain_snapshot_params *p)
{
    int i;

    for (i = 0; i < wish->num_disks; i++) {
        const libxl_disk_snapshot *ds = &wish->disks[i];
        libxl_disk_snapshot_params *disk;

        disk = disks_add(p, ds->vdev, ds->mode);
        disk->driver = copy_or_null(ds->driver);
        if (ds->child.pdev_path)
            disk->path = absolute_path(ds->child.pdev_path);
    }
}

static char *disks_add_default(const libxl_disk_snapshot_info *info,
                               libxl_snapshot_mode mode,
                               libxl_domain_snapshot_params *p)
{
    libxl_disk_snapshot_params *disk;
    char *why = disks_check_place(info, mode);

    if (why) return why;
    disk = disks_add(p, info->vdev, mode);
    if (mode == LIBXL_SNAPSHOT_MODE_EXTERNAL && info->path)
        disk->path = default_overlay(info, p->name);
    return NULL;
}

char *choose_disks(void *wishes, const libxl_disk_snapshot_info *info,
                   int num, libxl_domain_snapshot_params *p)
{
    const struct disk_wishes *w = wishes;
    const bool skip = p->skip_unsupported;
    libxl_snapshot_mode usual, mode;
    char *why;
    int i;

    why = disks_check_wishes(&w->each);
    if (why) return why;
    usual = disks_default_mode(info, num, &w->each, skip);
    free(p->disks);     /* a dry run that chose none may have left this */
    p->disks = xcalloc(num + w->each.num_disks, sizeof(*p->disks));
    disks_add_wishes(&w->each, p);
    for (i = 0; i < num && !why; i++) {
        if (!disks_by_default(&info[i], &w->each, skip)) continue;
        mode = disks_mode(&info[i], w->all, usual);
        why = disks_add_default(&info[i], mode, p);
    }
    return why;
}
