/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_disks.c: which kind of snapshot each disk of a create gets,
 * and where its overlay goes: the user's wishes, else the default.
 */
#include "xl_snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "xl_utils.h"

static const libxl_disk_snapshot *wished(const libxl_domain_snapshot *wish,
                                         const char *vdev)
{
    int i;

    for (i = 0; i < wish->num_disks; i++)
        if (!strcmp(wish->disks[i].vdev, vdev))
            return &wish->disks[i];
    return NULL;
}

/* Beside a block device is /dev, which is RAM: no place for an overlay. */
static bool has_no_place(const libxl_disk_snapshot_info *info)
{
    struct stat st;

    return info->path && !stat(info->path, &st) && S_ISBLK(st.st_mode);
}

/* A disk that the rule is for. */
static bool is_ours(const libxl_disk_snapshot_info *info,
                    const libxl_domain_snapshot *wish, bool skip)
{
    return info->is_data_disk && !wished(wish, info->vdev)
        && !(skip && info->unsupported);
}

/* Internal if every writable disk without a wish of its own can. */
static libxl_snapshot_mode default_mode(
    const libxl_disk_snapshot_info *info, int num,
    const libxl_domain_snapshot *wish, bool skip)
{
    int i;

    for (i = 0; i < num; i++)
        if (is_ours(&info[i], wish, skip) && info[i].why_no_internal)
            return LIBXL_SNAPSHOT_MODE_EXTERNAL;
    return LIBXL_SNAPSHOT_MODE_INTERNAL;
}

/* By default, a disk that has only one kind, or a place only for that,
 * gets it. */
static libxl_snapshot_mode disk_mode(const libxl_disk_snapshot_info *info,
                                     libxl_snapshot_mode asked,
                                     libxl_snapshot_mode usual)
{
    if (asked != LIBXL_SNAPSHOT_MODE_DEFAULT) return asked;
    if (!info->why_no_internal
        && (info->why_no_external || has_no_place(info)))
        return LIBXL_SNAPSHOT_MODE_INTERNAL;
    return usual;
}

static void add_disk(libxl_domain_snapshot_params *p, const char *vdev,
                     libxl_snapshot_mode mode, char *path)
{
    p->disks[p->num_disks++] = (libxl_disk_snapshot_params){
        .vdev = xstrdup(vdev), .mode = mode, .path = path };
}

static char *check_wishes(const libxl_domain_snapshot *wish)
{
    char *why;
    int i;

    for (i = 0; i < wish->num_disks; i++) {
        const libxl_disk_snapshot *ds = &wish->disks[i];

        if (ds->mode != LIBXL_SNAPSHOT_MODE_EXTERNAL
            || ds->child.format == LIBXL_DISK_FORMAT_QCOW2
            || ds->child.format == LIBXL_DISK_FORMAT_VHD)
            continue;
        xasprintf(&why, "disk %s: an overlay is qcow2; write '%s,qcow2,%s'",
                  ds->vdev, ds->child.pdev_path, ds->vdev);
        return why;
    }
    return NULL;
}

static char *check_place(const libxl_disk_snapshot_info *info,
                         libxl_snapshot_mode mode)
{
    char *why;

    if (mode != LIBXL_SNAPSHOT_MODE_EXTERNAL || info->why_no_external
        || !has_no_place(info))
        return NULL;
    xasprintf(&why, "disk %s: %s is a block device; say in a ConfigFile where "
              "its overlay is to be: disks = [ '/FOLDER/FILE,qcow2,%s' ]",
              info->vdev, info->path, info->vdev);
    return why;
}

char *choose_disks(void *wishes, const libxl_disk_snapshot_info *info,
                   int num, libxl_domain_snapshot_params *p)
{
    const struct disk_wishes *w = wishes;
    const libxl_domain_snapshot *wish = &w->each;
    const bool skip = p->skip_unsupported;
    libxl_snapshot_mode usual, mode;
    char *why;
    int i;

    why = check_wishes(wish);
    if (why) return why;
    usual = default_mode(info, num, wish, skip);
    free(p->disks);             /* empty, of a dry run */
    p->disks = xcalloc(num + wish->num_disks, sizeof(*p->disks));

    for (i = 0; i < wish->num_disks; i++) {
        const libxl_disk_snapshot *ds = &wish->disks[i];

        add_disk(p, ds->vdev, ds->mode,
                 ds->child.pdev_path ? absolute_path(ds->child.pdev_path)
                                     : NULL);
        p->disks[p->num_disks - 1].driver = copy_or_null(ds->driver);
    }
    for (i = 0; i < num; i++) {
        if (!is_ours(&info[i], wish, skip)) continue;
        mode = disk_mode(&info[i], w->all, usual);
        why = check_place(&info[i], mode);
        if (why) return why;
        add_disk(p, info[i].vdev, mode,
                 mode == LIBXL_SNAPSHOT_MODE_EXTERNAL && info[i].path
                 ? default_overlay(&info[i], p->name) : NULL);
    }
    return NULL;
}
