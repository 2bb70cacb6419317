/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_recorded.c: the snapshot configs in a domain's folder, and
 * what they say of its images.
 */
#include "xl_snapshot_list.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xl_config.h"
#include "xl_session.h"
#include "xl_snapshot.h"
#include "xl_utils.h"

/* The first file that the snapshot needs and that does not exist. */
static const char *recorded_missing_file(const libxl_domain_snapshot *snap)
{
    int i;

    if (snap->memory_path && access(snap->memory_path, F_OK))
        return snap->memory_path;
    for (i = 0; i < snap->num_disks; i++) {
        const char *path = snap->disks[i].parent.pdev_path;

        if (path && access(path, F_OK)) return path;
    }
    return NULL;
}

/* The bytes of configs that others can have written which are read, and
 * kept; each counts for a block at least. */
#define RECORDED_OTHERS_MAX (16 << 20)
#define RECORDED_BLOCK 4096

static bool recorded_is_roots(const struct session *s, const char *path)
{
    const char *why;
    int fd = libxl_snapshot_open_trusted(s->sc, path, &why);

    if (fd >= 0) close(fd);
    return fd >= 0;
}

/* @others: the bytes of others' that were read. */
static void recorded_read(const struct session *s, struct recorded *r,
                          off_t *others)
{
    const char *missing;
    struct stat st;
    int rc;

    libxl_domain_snapshot_init(&r->snap);
    if (*others > RECORDED_OTHERS_MAX
        && !recorded_is_roots(s, r->config_path)) {
        xasprintf(&r->problem, "%s: not read: others than root can change "
                  "it, and too much of that kind is in its folder",
                  r->config_path);
        return;
    }
    rc = libxl_domain_snapshot_config_read(s->sc, r->config_path,
                                           &r->snap);
    if (rc || r->snap.doubt)
        *others += stat(r->config_path, &st) || st.st_size < RECORDED_BLOCK
            ? RECORDED_BLOCK : st.st_size;
    if (rc) {
        r->problem = copy_or_null(libxl_snapshot_ctx_error(s->sc));
        return;
    }
    missing = recorded_missing_file(&r->snap);
    if (r->snap.doubt)
        r->problem = xstrdup(r->snap.doubt);
    else if (missing)
        xasprintf(&r->problem, "%s is missing", missing);
}

static int recorded_older_first(const void *a, const void *b)
{
    const struct recorded *ra = a, *rb = b;

    if (ra->snap.creation_time != rb->snap.creation_time)
        return ra->snap.creation_time < rb->snap.creation_time ? -1 : 1;
    return strcmp(ra->config_path, rb->config_path);
}

struct recorded *recorded_find(const struct session *s,
                               const char *directory, int *num_r)
{
    struct dirent **entries;
    int num = scandir(directory, &entries, NULL, alphasort), i;
    struct recorded *found;
    off_t others = 0;
    char *path;

    *num_r = 0;
    if (num < 0) return NULL;
    found = xcalloc(num, sizeof(*found));
    for (i = 0; i < num; i++) {
        xasprintf(&path, "%s/%s/snapshot.cfg", directory,
                  entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && !access(path, F_OK)) {
            found[*num_r].config_path = path;
            recorded_read(s, &found[(*num_r)++], &others);
        } else {
            free(path);
        }
        free(entries[i]);
    }
    free(entries);
    qsort(found, *num_r, sizeof(*found), recorded_older_first);
    return found;
}

void recorded_free(struct recorded *recorded, int num)
{
    int i;

    for (i = 0; i < num; i++) {
        libxl_domain_snapshot_dispose(&recorded[i].snap);
        free(recorded[i].config_path);
        free(recorded[i].problem);
    }
    free(recorded);
}

/*-- images that are bases of snapshots ---------------------------------*/

static bool recorded_is_overlaid(const libxl_disk_snapshot *ds)
{
    return ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL && disk_is_moved(ds);
}

/* The disk of which @path is the base, by the last snapshot that says so:
 * *r_r. */
static const libxl_disk_snapshot *recorded_of_base(
    const struct session *s, const struct recorded *recorded, int num,
    const char *path, const struct recorded **r_r)
{
    const libxl_disk_snapshot *ds, *found = NULL;
    int i, k;

    for (i = 0; i < num; i++)
        for (k = 0; k < recorded[i].snap.num_disks; k++) {
            ds = &recorded[i].snap.disks[k];
            if (recorded_is_overlaid(ds)
                && libxl_snapshot_is_base(s->sc, path,
                                          ds->parent.pdev_path,
                                          ds->state)) {
                found = ds;
                *r_r = &recorded[i];
            }
        }
    return found;
}

/* The newest overlay of the disk @vdev, which has one; *r_r: of which
 * snapshot. */
static const char *recorded_last_overlay(const struct recorded *recorded,
                                         int num, const char *vdev,
                                         const struct recorded **r_r)
{
    const char *overlay = NULL;
    int i, k;

    for (i = 0; i < num; i++)
        for (k = 0; k < recorded[i].snap.num_disks; k++) {
            const libxl_disk_snapshot *ds = &recorded[i].snap.disks[k];

            if (strcmp(ds->vdev, vdev) || !recorded_is_overlaid(ds))
                continue;
            overlay = ds->child.pdev_path;
            *r_r = &recorded[i];
        }
    return overlay;
}

static int recorded_refuse_disk(const struct session *s,
                                const struct recorded *recorded, int num,
                                const libxl_device_disk *disk)
{
    const struct recorded *base = NULL, *newest;
    const libxl_disk_snapshot *ds;
    const char *overlay;

    ds = recorded_of_base(s, recorded, num, disk->pdev_path, &base);
    if (!ds) return 0;
    newest = base;
    overlay = recorded_last_overlay(recorded, num, ds->vdev, &newest);
    session_error(s, "disk %s: %s is the base of snapshot %s: what the "
                  "domain wrote since then is in overlays on it. Name the "
                  "one that it was on last in its xl.cfg (snapshot %s "
                  "gave it %s); or, if neither they nor that snapshot are "
                  "wanted any more, move %.*s away first",
                  disk->vdev, disk->pdev_path, base->snap.name,
                  newest->snap.name, overlay,
                  (int)(strlen(base->config_path)
                        - strlen("/snapshot.cfg")), base->config_path);
    return -1;
}

static int recorded_refuse_bases(const struct session *s,
                                 const char *directory,
                                 const libxl_domain_config *config)
{
    int num, i, r = 0;
    struct recorded *recorded = recorded_find(s, directory, &num);

    for (i = 0; !r && i < config->num_disks; i++) {
        const libxl_device_disk *disk = &config->disks[i];

        if (disk->pdev_path && disk->readwrite)
            r = recorded_refuse_disk(s, recorded, num, disk);
    }
    recorded_free(recorded, num);
    return r;
}

int recorded_refuse_off(const struct session *s, const char *domain,
                        const char *directory,
                        const libxl_domain_config *config)
{
    char *dir = default_directory(domain);
    int r = recorded_refuse_bases(s, dir, config);

    free(dir);
    if (r || !directory) return r;
    dir = absolute_path(directory);
    r = recorded_refuse_bases(s, dir, config);
    free(dir);
    return r;
}

void recorded_add_bases(const struct session *s, const char *directory,
                        libxl_domain_snapshot_revert_params *p)
{
    int num, i, k;
    struct recorded *recorded = recorded_find(s, directory, &num);

    for (i = 0; i < num; i++)
        for (k = 0; k < recorded[i].snap.num_disks; k++) {
            const libxl_disk_snapshot *ds = &recorded[i].snap.disks[k];

            if (!recorded_is_overlaid(ds)) continue;
            p->bases = xrealloc(p->bases,
                                (p->num_bases + 1) * sizeof(*p->bases));
            p->base_states = xrealloc(
                p->base_states,
                (p->num_bases + 1) * sizeof(*p->base_states));
            p->base_states[p->num_bases] = copy_or_null(ds->state);
            p->bases[p->num_bases++] = xstrdup(ds->parent.pdev_path);
        }
    recorded_free(recorded, num);
}
