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

/* The reason why no overlay can be reused, malloc'd; NULL: it can. */
static char *disks_check_reuse(const struct disk_wishes *wishes)
{
    const libxl_domain_snapshot *wish = &wishes->each;
    int i;

    if (!wishes->reuse) return NULL;
    for (i = 0; i < wish->num_disks; i++)
        if (wish->disks[i].mode == LIBXL_SNAPSHOT_MODE_EXTERNAL)
            return NULL;
    return xstrdup("--reuse-external: which overlays you have made is not "
                   "said; name them in a ConfigFile: "
                   "disks = [ '/FOLDER/FILE,qcow2,VDEV' ]");
}

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

static void disks_add_wishes(const struct disk_wishes *wishes,
                             libxl_domain_snapshot_params *p)
{
    const libxl_domain_snapshot *wish = &wishes->each;
    int i;

    for (i = 0; i < wish->num_disks; i++) {
        const libxl_disk_snapshot *ds = &wish->disks[i];
        libxl_disk_snapshot_params *disk;

        disk = disks_add(p, ds->vdev, ds->mode);
        disk->driver = copy_or_null(ds->driver);
        if (ds->child.pdev_path)
            disk->path = absolute_path(ds->child.pdev_path);
        disk->reuse = wishes->reuse
            && ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL;
    }
}

/* What the disks are, and what each gets that nobody has a wish for. */
struct disks_choice {
    const libxl_disk_snapshot_info *info;
    int num;
    const struct disk_wishes *wishes;
    libxl_snapshot_mode usual;
    libxl_domain_snapshot_params *p;
};

/* True if the default rules give the disk an overlay. */
static bool disks_gets_overlay(const struct disks_choice *c,
                               const libxl_disk_snapshot_info *info)
{
    return disks_by_default(info, &c->wishes->each, c->p->skip_unsupported)
        && disks_mode(info, c->wishes->all, c->usual)
               == LIBXL_SNAPSHOT_MODE_EXTERNAL
        && info->path;
}

/* True if neither a file nor the overlay of another disk has @path, nor is
 * it the first choice for another disk. */
static bool disks_is_free(const struct disks_choice *c, const char *path,
                          const libxl_disk_snapshot_info *of)
{
    bool is_free = true;
    struct stat st;
    char *other;
    int i;

    if (!lstat(path, &st)
        || path_is_named(path, c->p->disks, c->p->num_disks))
        return false;
    for (i = 0; i < c->num && is_free; i++) {
        if (&c->info[i] == of || !disks_gets_overlay(c, &c->info[i]))
            continue;
        other = default_overlay(&c->info[i], c->p->name, 0);
        is_free = !path_is_same_place(path, other);
        free(other);
    }
    return is_free;
}

/* The first choice that is free. */
static char *disks_overlay(const struct disks_choice *c,
                           const libxl_disk_snapshot_info *info)
{
    char *path = default_overlay(info, c->p->name, 0);
    int n;

    for (n = 1; !disks_is_free(c, path, info); n++) {
        free(path);
        path = default_overlay(info, c->p->name, n);
    }
    return path;
}

static char *disks_add_default(const struct disks_choice *c,
                               const libxl_disk_snapshot_info *info)
{
    libxl_snapshot_mode mode = disks_mode(info, c->wishes->all, c->usual);
    char *why = disks_check_place(info, mode), *path = NULL;

    if (why) return why;
    if (disks_gets_overlay(c, info)) path = disks_overlay(c, info);
    disks_add(c->p, info->vdev, mode)->path = path;
    return NULL;
}

char *choose_disks(void *wishes, const libxl_disk_snapshot_info *info,
                   int num, libxl_domain_snapshot_params *p)
{
    struct disks_choice c = {
        .info = info, .num = num, .wishes = wishes, .p = p,
    };
    const libxl_domain_snapshot *each = &c.wishes->each;
    char *why;
    int i;

    why = disks_check_reuse(c.wishes);
    if (!why) why = disks_check_wishes(each);
    if (why) return why;
    c.usual = disks_default_mode(info, num, each, p->skip_unsupported);
    free(p->disks);     /* a dry run that chose none may have left this */
    p->disks = xcalloc(num + each->num_disks, sizeof(*p->disks));
    disks_add_wishes(c.wishes, p);
    for (i = 0; i < num && !why; i++)
        if (disks_by_default(&info[i], each, p->skip_unsupported))
            why = disks_add_default(&c, &info[i]);
    return why;
}
