/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_config_patch.c: the text of an xl.cfg with another path and another
 * format for some disks, where xl_config_scan.c has found them.
 */
#include "xl_config.h"

#include <stdlib.h>
#include <string.h>

#include "xl_utils.h"

/* A replacement for @len bytes of the text at @at. */
struct config_patch {
    size_t at, len;
    char quote;
    char *with;
};

/* Replace the characters of @item from @begin to @end by @with, which
 * becomes the patches'. */
static void patch_add(struct config_patches *p,
                      const struct config_item *item, size_t begin,
                      size_t end, char *with)
{
    p->patches = xrealloc(p->patches,
                          (p->num + 1) * sizeof(*p->patches));
    p->patches[p->num++] = (struct config_patch){
        .at = item->at[begin], .len = item->at[end] - item->at[begin],
        .quote = item->quote, .with = with };
}

/* Name the path at the end, behind target=. */
static void patch_add_target(struct config_patches *p,
                             const struct config_item *item,
                             const struct config_span *target,
                             const char *path)
{
    size_t len = strlen(item->spec), end = len;
    char *text = libxl_snapshot_disk_target(path), *option;

    while (end > target->end && strchr(" \t", item->spec[end - 1]))
        end--;
    xasprintf(&option, "%s%s",
              end && item->spec[end - 1] == ',' ? "" : ",", text);
    patch_add(p, item, len, len, option);
    free(text);
}

/* Replace a path that stands alone, from @begin on, by @path and @more.
 * If it cannot stand alone its position stays and is empty, since others
 * follow on it. */
static void patch_positional(struct config_patches *p,
                             const struct config_item *item,
                             const struct config_place *place,
                             size_t begin, const char *path,
                             const char *more)
{
    bool alone = path[0] == '/' && !strpbrk(path, ",=");
    char *with;

    xasprintf(&with, "%s%s", alone ? path : "", more);
    patch_add(p, item, begin, place->target.end, with);
    if (!alone) patch_add_target(p, item, &place->target, path);
}

void config_patch_path(struct config_patches *p,
                       const struct config_item *item,
                       const struct config_place *place, const char *path)
{
    const struct config_span *target = &place->target;

    if (place->keyword)
        patch_add(p, item, target->begin - strlen("target="),
                  target->end, libxl_snapshot_disk_target(path));
    else
        patch_positional(p, item, place, target->begin, path, "");
}

/* Name @format wherever a format is named. */
static void patch_formats(struct config_patches *p,
                          const struct config_item *item,
                          const struct config_place *place,
                          const char *format)
{
    int i;

    for (i = 0; i < place->num_formats; i++)
        patch_add(p, item, place->formats[i].begin,
                  place->formats[i].end, xstrdup(format));
}

void config_patch_format(struct config_patches *p,
                         const struct config_item *item,
                         const struct config_place *place,
                         libxl_disk_format format)
{
    const char *name = libxl_disk_format_to_string(format);
    char *option;

    patch_formats(p, item, place, name);
    if (place->num_formats) return;
    xasprintf(&option, "format=%s,", name);
    patch_add(p, item, 0, 0, option);
}

/* A path without a prefix is followed by its format, unless that was named
 * before. */
void config_patch_prefix(struct config_patches *p,
                         const struct config_item *item,
                         const struct config_place *place,
                         const char *path, libxl_disk_format format)
{
    const char *name = libxl_disk_format_to_string(format);
    size_t begin = place->target.begin - place->target_prefix;
    bool named = place->num_formats && place->formats[0].begin < begin;
    char *behind;

    patch_formats(p, item, place, name);
    xasprintf(&behind, "%s%s", named ? "" : ",", named ? "" : name);
    patch_positional(p, item, place, begin, path, behind);
    free(behind);
}

static int patch_by_place(const void *a, const void *b)
{
    const struct config_patch *x = a, *y = b;

    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    if (x->len != y->len) return x->len < y->len ? -1 : 1;
    return 0;
}

char *config_patched_text(struct config_patches *p, const char *text,
                          size_t len)
{
    size_t at = 0, new_len;
    char *new_text = NULL, *escaped;
    FILE *f = open_memstream(&new_text, &new_len);
    int i;

    if (!f) abort();
    if (p->num)
        qsort(p->patches, p->num, sizeof(*p->patches), patch_by_place);
    for (i = 0; i < p->num; i++) {
        const struct config_patch *patch = &p->patches[i];

        fwrite(text + at, 1, patch->at - at, f);
        escaped = libxl_snapshot_config_escape(patch->with, patch->quote);
        fputs(escaped, f);
        free(escaped);
        at = patch->at + patch->len;
    }
    fwrite(text + at, 1, len - at, f);
    fclose(f);
    if (!new_text) abort();
    return new_text;
}

void config_patches_dispose(struct config_patches *p)
{
    int i;

    for (i = 0; i < p->num; i++)
        free(p->patches[i].with);
    free(p->patches);
    memset(p, 0, sizeof(*p));
}
