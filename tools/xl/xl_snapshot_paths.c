/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_snapshot_paths.c: the default names, see xl_snapshot.h. */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xl.h"
#include "xl_utils.h"

char *default_snapshot_name(time_t now)
{
    char name[32];

    strftime(name, sizeof(name), "%Y%m%d-%H%M%S", localtime(&now));
    return xstrdup(name);
}

char *default_directory(const char *domain)
{
    char *path;

    xasprintf(&path, XEN_LIB_DIR "/snapshots/%s", domain);
    return path;
}

/* Length of @path without the extension of its last component. */
static size_t stem_length(const char *path)
{
    const char *slash = strrchr(path, '/'),
               *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');

    return dot && dot != base ? (size_t)(dot - path) : strlen(path);
}

/*
 * Where layer N of a chain is web.s3.qcow2 on web.s2.qcow2 on web.qcow2,
 * the stem is "web": the shortest stem of a lower layer that the active
 * one continues with a dot.  A gold image's overlays have stems of their
 * own.
 */
static size_t chain_stem_length(const libxl_disk_snapshot_info *disk)
{
    size_t active = stem_length(disk->path), best = active, len;
    int i;

    for (i = 1; i < disk->num_layers; i++) {
        len = stem_length(disk->layers[i].path);
        if (len < best && !strncmp(disk->layers[i].path, disk->path, len)
            && disk->path[len] == '.')
            best = len;
    }
    return best;
}

char *default_overlay(const libxl_disk_snapshot_info *disk,
                      const char *name)
{
    char *path;

    xasprintf(&path, "%.*s.%s.%s", (int)chain_stem_length(disk), disk->path,
              name, libxl_disk_format_to_string(disk->overlay));
    return path;
}

char *revert_overlay(const char *child, int n)
{
    size_t stem = stem_length(child);
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

static char *next_free(char *(*nth)(const char *, int), const char *of)
{
    char *path = NULL;
    int n = 0;

    do {
        free(path);
        path = nth(of, ++n);
    } while (!access(path, F_OK));
    return path;
}

char *next_revert_overlay(const char *child)
{
    /* tapdisk's target is "vhd:FILE" */
    return next_free(revert_overlay,
                     strncmp(child, "vhd:/", 5) ? child : child + 4);
}

char *next_revert_volume(const char *snapshot)
{
    return next_free(revert_volume, snapshot);
}
