/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_update_config.c: let an xl.cfg name new images: text in, text out.
 *
 * libxlutil says what the file means, before and after.  It does not say
 * where things stand, xl_config_scan.c does.  That is believed only where
 * it finds what libxlutil reads, and the new text is read again: every
 * disk must be as it was, but for the paths and formats that were to
 * change.
 */
#include "xl_config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "xl_utils.h"

/* What is to stand in the text in place of @len bytes at @at. */
struct patch {
    size_t at, len;
    char quote;
    char *with;
};

struct update {
    const char *file;
    const char *text;
    size_t len;
    struct config_edit *edits;
    int num_edits;
    struct config_items items;
    int num_patches;
    struct patch *patches;
    char *error;
};

static int update_fail(struct update *u, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The first one counts. */
static int update_fail(struct update *u, const char *fmt, ...)
{
    va_list ap;

    if (u->error) return -1;
    va_start(ap, fmt);
    xvasprintf(&u->error, fmt, ap);
    va_end(ap);
    return -1;
}

/*-- what libxlutil reads ---------------------------------------------------*/

struct parsed {
    struct config_parser parser;
    XLU_ConfigList *disks;
    int num;
};

/* Fail with libxlutil's own words. */
static int parse_fail(struct update *u, struct parsed *p)
{
    const char *complaint = config_complaint(&p->parser);

    return complaint ? update_fail(u, "%s", complaint)
                     : update_fail(u, "%s: cannot be parsed", u->file);
}

/* Dispose it whatever the result. */
static int parse(struct update *u, const char *text, size_t len,
                 struct parsed *p)
{
    int r;

    memset(p, 0, sizeof(*p));
    if (memchr(text, 0, len) || len > CONFIG_FILE_MAX)
        return update_fail(u, "%s: not a text file, or larger than %d bytes",
                           u->file, CONFIG_FILE_MAX);
    if (config_parse(&p->parser, u->file, text, len))
        return parse_fail(u, p);
    r = xlu_cfg_get_list(p->parser.cfg, "disk", &p->disks, &p->num, 0);
    if (r == ESRCH) return 0;
    return r ? parse_fail(u, p) : 0;
}

/* @disk must be disposed of whatever the result; it has a path, if only
 * "". */
static int parse_spec(struct update *u, struct parsed *p, const char *spec,
                      libxl_device_disk *disk)
{
    libxl_device_disk_init(disk);
    if (xlu_disk_parse(p->parser.cfg, 1, &spec, disk))
        return parse_fail(u, p);
    if (!disk->pdev_path) disk->pdev_path = xstrdup("");
    return 0;
}

/*-- where things stand ------------------------------------------------------*/

/* What we find is what libxlutil read. */
static int find_items(struct update *u, struct parsed *p)
{
    struct config_items *found = &u->items;
    int i;

    config_find_items(u->text, u->len, found);
    if (found->again)
        return update_fail(
            u,
            "%s:%d: `disk' is set again, after line %d; make "
            "one list of it",
            u->file, found->again, found->line);
    for (i = 0; i < p->num && i < found->num; i++) {
        const char *spec = xlu_cfg_get_listitem(p->disks, i);

        if (!spec || (found->items[i].spec
                      && strcmp(spec, found->items[i].spec)))
            break;
    }
    if (i == p->num && i == found->num) return 0;
    return update_fail(
        u,
        "%s:%d: `disk' must be a list of quoted strings, one "
        "for each disk",
        u->file, i < found->num ? found->items[i].line : found->line);
}

/*-- the change -------------------------------------------------------------*/

/* Takes @with. */
static void add_patch(struct update *u, const struct config_item *item,
                      size_t begin, size_t end, char *with)
{
    u->patches = xrealloc(u->patches,
                          (u->num_patches + 1) * sizeof(*u->patches));
    u->patches[u->num_patches++] = (struct patch){
        .at = item->at[begin], .len = item->at[end] - item->at[begin],
        .quote = item->quote, .with = with };
}

/* Whether @path can stand without target= in front of it. */
static bool is_positional(const char *path)
{
    return path[0] == '/' && !strpbrk(path, ",=");
}

static void change_path(struct update *u, const struct config_item *item,
                        const struct config_place *place, const char *path)
{
    const struct config_span *target = &place->target;
    size_t len = strlen(item->spec), end = len;
    char *text, *option;

    if (place->keyword || !is_positional(path)) {
        text = libxl_snapshot_disk_target(path);
        if (place->keyword) {
            add_patch(u, item, target->begin - 7, target->end, text);
            return;
        }
        /* the position stays, empty: others follow on it */
        add_patch(u, item, target->begin, target->end, xstrdup(""));
        while (end > target->end && strchr(" \t", item->spec[end - 1])) end--;
        xasprintf(&option, "%s%s", end && item->spec[end - 1] == ','
                                   ? "" : ",", text);
        add_patch(u, item, len, len, option);
        free(text);
    } else {
        add_patch(u, item, target->begin, target->end, xstrdup(path));
    }
}

static void change_format(struct update *u, const struct config_item *item,
                          const struct config_place *place,
                          libxl_disk_format format)
{
    const char *name = libxl_disk_format_to_string(format);
    char *option;
    int i;

    for (i = 0; i < place->num_formats; i++)
        add_patch(u, item, place->formats[i].begin, place->formats[i].end,
                  xstrdup(name));
    if (place->num_formats) return;
    xasprintf(&option, "format=%s,", name);
    add_patch(u, item, 0, 0, option);
}

static bool is_one_of(const char *path, char **paths)
{
    for (; *paths; paths++)
        if (!strcmp(path, *paths)) return true;
    return false;
}

/* The disk of @edit is item @i. */
static int change_disk(struct update *u, struct config_edit *edit, int i,
                       const libxl_device_disk *disk)
{
    const struct config_item *item = &u->items.items[i];
    struct config_place place;

    if (edit->line)
        return update_fail(u, "%s:%d: disk %s stands here again, after line "
                           "%d; leave one", u->file, item->line, edit->vdev,
                           edit->line);
    edit->line = item->line;
    edit->item = i;
    if (!is_one_of(disk->pdev_path, edit->from))
        return update_fail(
            u,
            "%s:%d: disk %s names %s; expected was %s, write "
            "that first",
            u->file, item->line, edit->vdev, disk->pdev_path,
            edit->from[0]);
    config_find_place(item->spec, &place);
    if (place.prefix)
        return update_fail(
            u,
            "%s:%d: disk %s: a path with a prefix in front of "
            "it, as of old; write TARGET,FORMAT,VDEV,ACCESS, see "
            "xl-disk-configuration(5)",
            u->file, item->line, edit->vdev);
    if (!place.has_target)
        return update_fail(u, "%s:%d: disk %s: its path is not found in the "
                           "string", u->file, item->line, edit->vdev);
    if (disk->format != edit->format)
        change_format(u, item, &place, edit->format);
    if (strcmp(disk->pdev_path, edit->to))
        change_path(u, item, &place, edit->to);
    return 0;
}

struct config_edit *config_edit_of(struct config_edit *edits, int num,
                                   const char *vdev)
{
    int i;

    for (i = 0; i < num; i++)
        if (!strcmp(edits[i].vdev, vdev)) return &edits[i];
    return NULL;
}

/* One image in two disks: that the old name goes from one would not help. */
static int check_others(struct update *u, const libxl_device_disk *disk,
                        int line)
{
    int i;

    for (i = 0; i < u->num_edits; i++)
        if (is_one_of(disk->pdev_path, u->edits[i].from))
            return update_fail(u, "%s:%d: disk %s names %s, too, the image of "
                               "disk %s; one image cannot be two disks",
                               u->file, line, disk->vdev, disk->pdev_path,
                               u->edits[i].vdev);
    return 0;
}

static int change_item(struct update *u, struct parsed *p, int i)
{
    const struct config_item *item = &u->items.items[i];
    libxl_device_disk disk;
    struct config_edit *edit;
    int r;

    r = parse_spec(u, p, xlu_cfg_get_listitem(p->disks, i), &disk);
    if (r) goto out;
    edit = config_edit_of(u->edits, u->num_edits, disk.vdev);
    if (!edit)
        r = check_others(u, &disk, item->line);
    else if (!item->spec)
        r = update_fail(
            u,
            "%s:%d: disk %s has a numeric escape in its string; "
            "write the character itself",
            u->file, item->line, edit->vdev);
    else
        r = change_disk(u, edit, i, &disk);
 out:
    libxl_device_disk_dispose(&disk);
    return r;
}

static int change_all(struct update *u, struct parsed *p)
{
    int i;

    for (i = 0; i < u->num_edits; i++)
        u->edits[i].line = 0;
    for (i = 0; i < p->num; i++)
        if (change_item(u, p, i)) return -1;
    for (i = 0; i < u->num_edits; i++)
        if (!u->edits[i].line)
            return update_fail(u, "%s: no disk %s in it; is it the config of "
                               "this domain?", u->file, u->edits[i].vdev);
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct patch *x = a, *y = b;

    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->len < y->len ? -1 : x->len > y->len;
}

static char *new_text(struct update *u)
{
    size_t at = 0, len;
    char *text = NULL, *escaped;
    FILE *f = open_memstream(&text, &len);
    int i;

    if (!f) abort();
    if (u->num_patches)
        qsort(u->patches, u->num_patches, sizeof(*u->patches), by_place);
    for (i = 0; i < u->num_patches; i++) {
        const struct patch *patch = &u->patches[i];

        fwrite(u->text + at, 1, patch->at - at, f);
        escaped = libxl_snapshot_config_escape(patch->with, patch->quote);
        fputs(escaped, f);
        free(escaped);
        at = patch->at + patch->len;
    }
    fwrite(u->text + at, 1, u->len - at, f);
    fclose(f);
    if (!text) abort();
    return text;
}

/*-- the proof --------------------------------------------------------------*/

static int check_disk(struct update *u, struct parsed *before,
                      struct parsed *after, int i,
                      const struct config_edit *edit)
{
    libxl_device_disk was, is;
    char *want = NULL, *got = NULL;
    int r;

    libxl_device_disk_init(&is);
    r = parse_spec(u, before, xlu_cfg_get_listitem(before->disks, i),
                   &was);
    if (r) goto out;
    r = parse_spec(u, after, xlu_cfg_get_listitem(after->disks, i), &is);
    if (r) goto out;
    free(was.pdev_path);
    was.pdev_path = xstrdup(edit->to);
    was.format = edit->format;
    want = libxl_snapshot_disk_spec(&was);
    got = libxl_snapshot_disk_spec(&is);
    if (strcmp(want, got))
        r = update_fail(u, "%s:%d: disk %s cannot be rewritten: it would be "
                        "\"%s\"; write \"%s\"", u->file, edit->line,
                        edit->vdev, got, want);
 out:
    libxl_device_disk_dispose(&was);
    libxl_device_disk_dispose(&is);
    free(want);
    free(got);
    return r;
}

static int check_text(struct update *u, const char *text, size_t len)
{
    struct parsed before, after;
    int i, k, r;

    memset(&after, 0, sizeof(after));
    r = parse(u, u->text, u->len, &before);
    if (r) goto out;
    r = parse(u, text, len, &after);
    if (r) goto out;
    if (before.num != after.num)
        r = update_fail(u, "%s: it would have %d disks, not %d", u->file,
                        after.num, before.num);
    for (i = 0; !r && i < before.num; i++) {
        for (k = 0; k < u->num_edits; k++)
            if (u->edits[k].item == i) break;
        if (k < u->num_edits)
            r = check_disk(u, &before, &after, i, &u->edits[k]);
        else if (strcmp(xlu_cfg_get_listitem(before.disks, i),
                        xlu_cfg_get_listitem(after.disks, i)))
            r = update_fail(u, "%s: another disk would change", u->file);
    }
 out:
    config_parser_dispose(&before.parser);
    config_parser_dispose(&after.parser);
    return r;
}

int update_config_check(const char *file, const char *before,
                        const char *after, size_t after_len,
                        struct config_edit *edits, int num, char **error_r)
{
    struct update u = {
        .file = file,
        .text = before,
        .len = strlen(before),
        .edits = edits,
        .num_edits = num,
    };
    int r = check_text(&u, after, after_len);

    *error_r = u.error;
    return r;
}

/*-- all of it --------------------------------------------------------------*/

static int check_name(struct update *u, struct parsed *p,
                      const char *domain)
{
    const char *name = NULL;

    xlu_cfg_get_string(p->parser.cfg, "name", &name, 1);
    if (name && !strcmp(name, domain)) return 0;
    return update_fail(u, "%s: it is of domain %s, not of %s", u->file,
                       name ? name : "(no name)", domain);
}

static void update_dispose(struct update *u)
{
    int i;

    for (i = 0; i < u->num_patches; i++)
        free(u->patches[i].with);
    config_items_dispose(&u->items);
    free(u->patches);
}

char *update_config_text(const char *file, const char *text, size_t len,
                         const char *domain, struct config_edit *edits,
                         int num, char **error_r)
{
    struct update u = {
        .file = file, .text = text, .len = len, .edits = edits,
        .num_edits = num,
    };
    struct parsed p;
    char *result = NULL;

    if (parse(&u, text, len, &p) || check_name(&u, &p, domain)
        || find_items(&u, &p) || change_all(&u, &p))
        goto out;
    result = new_text(&u);
    if (!check_text(&u, result, strlen(result))) goto out;
    free(result);
    result = NULL;
 out:
    *error_r = u.error;
    config_parser_dispose(&p.parser);
    update_dispose(&u);
    return result;
}
