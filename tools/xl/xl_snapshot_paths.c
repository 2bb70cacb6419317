/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_snapshot_paths.c: the default names, see xl_snapshot.h. */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "xl.h"
#include "xl_utils.h"

char *default_domain_config(const char *domain)
{
    char *path;

    xasprintf(&path, XEN_CONFIG_DIR "/%s.cfg", domain);
    return path;
}

char *default_snapshot_name(time_t now)
{
    char name[32];

    strftime(name, sizeof(name), "%Y%m%d-%H%M%S", localtime(&now));
    return xstrdup(name);
}

char *default_directory(const char *domain)
{
    char *path;

    xasprintf(&path, DEFAULT_SNAPSHOTS "/%s", domain);
    return path;
}

/* The length of @path without the extension of its last component. */
static size_t path_stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');

    return dot && dot != base ? (size_t)(dot - path) : strlen(path);
}

/* True if @path is the first @len characters of @layer, a dot and more. */
static bool path_continues(const char *path, const char *layer, size_t len)
{
    return !strncmp(path, layer, len) && path[len] == '.';
}

/*
 * The length of the stem that a chain has in common, and the layer that
 * has it: of web.s3.qcow2 on web.s2.qcow2 on web.qcow2 it is "web", the
 * shortest stem of a lower layer that the active one continues with a dot.
 * Of web.img.s2.qcow2 on web.img it is "web.img".  A gold image's overlays
 * have stems of their own.
 */
static size_t path_chain_stem(const libxl_disk_snapshot_info *disk,
                              const char **of)
{
    size_t best = path_stem(disk->path), len;
    int i;

    *of = disk->path;
    for (i = 1; i < disk->num_layers; i++) {
        const char *layer = disk->layers[i].path;

        len = strlen(layer);
        if (!path_continues(disk->path, layer, len))
            len = path_stem(layer);
        if (len >= best || !path_continues(disk->path, layer, len))
            continue;
        *of = layer;
        best = len;
    }
    return best;
}

char *default_overlay(const libxl_disk_snapshot_info *disk,
                      const char *name, int n)
{
    char *path, number[16] = "";
    const char *layer;
    size_t len = path_chain_stem(disk, &layer);

    if (n > 0) len = strlen(layer);
    if (n > 1) snprintf(number, sizeof(number), ".%d", n);
    xasprintf(&path, "%.*s%s.%s.%s", (int)len, layer, number, name,
              libxl_disk_format_to_string(disk->overlay));
    return path;
}

bool path_is_same_file(const char *a, const char *b)
{
    struct stat st_a, st_b;

    return !stat(a, &st_a) && !stat(b, &st_b)
        && st_a.st_dev == st_b.st_dev && st_a.st_ino == st_b.st_ino;
}

bool path_is_same_place(const char *a, const char *b)
{
    const char *file_a = strrchr(a, '/'), *file_b = strrchr(b, '/');
    char *dir_a, *dir_b;
    bool same;

    if (!strcmp(a, b)) return true;
    if (!file_a || !file_b || strcmp(file_a, file_b)) return false;
    xasprintf(&dir_a, "%.*s/", (int)(file_a - a), a);
    xasprintf(&dir_b, "%.*s/", (int)(file_b - b), b);
    same = path_is_same_file(dir_a, dir_b);
    free(dir_a);
    free(dir_b);
    return same;
}

bool path_is_named(const char *path,
                   const libxl_disk_snapshot_params *disks, int num)
{
    int i;

    for (i = 0; i < num; i++)
        if (disks[i].path && path_is_same_place(path, disks[i].path))
            return true;
    return false;
}

char *revert_overlay(const char *child, int n)
{
    size_t stem = path_stem(child);
    const char *suffix = strcmp(child + stem, ".vhd") ? ".qcow2" : ".vhd";
    char *path;

    xasprintf(&path, "%.*s.r%d%s", (int)stem, child, n, suffix);
    return path;
}

char *revert_volume(const char *snapshot, int n)
{
    char *path;

    xasprintf(&path, "%s.r%d", snapshot, n);
    return path;
}

/* The first path that @nth makes of @from, and that neither anything there
 * nor a new image of @p has. */
static char *path_next_free(libxl_snapshot_ctx *sc,
                            const libxl_domain_snapshot_revert_params *p,
                            char *(*nth)(const char *from, int n),
                            const char *from)
{
    char *path = NULL;
    int n = 0;

    do {
        free(path);
        path = nth(from, ++n);
    } while (path_is_named(path, p->disks, p->num_disks)
             || libxl_snapshot_path_is_taken(sc, path));
    return path;
}

char *next_revert_overlay(libxl_snapshot_ctx *sc,
                          const libxl_domain_snapshot_revert_params *p,
                          const char *child)
{
    /* tapdisk's target is "vhd:FILE" */
    if (!strncmp(child, "vhd:/", 5)) child += 4;
    return path_next_free(sc, p, revert_overlay, child);
}

char *next_revert_volume(libxl_snapshot_ctx *sc,
                         const libxl_domain_snapshot_revert_params *p,
                         const char *snapshot)
{
    return path_next_free(sc, p, revert_volume, snapshot);
}
