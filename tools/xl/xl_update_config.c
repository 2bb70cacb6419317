/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_update_config.c: let an xl.cfg name new images: text in, text out.
 *
 * libxlutil says what the file means, before and after.  It does not say
 * where things stand, xl_config_scan.c does.  The scan is believed only
 * where it finds what libxlutil reads, and the new text is read again:
 * every disk must be as it was, but for the paths and formats that were to
 * change.
 */
#include "xl_config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "xl_utils.h"

struct update {
    const char *file;
    const char *text;
    size_t len;
    struct config_edit *edits;
    int num_edits;
    struct config_items items;
    struct config_patches patches;
    char *error;
};

static int update_fail(struct update *u, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The first reason counts. */
static int update_fail(struct update *u, const char *fmt, ...)
{
    va_list ap;

    if (u->error) return -1;
    va_start(ap, fmt);
    xvasprintf(&u->error, fmt, ap);
    va_end(ap);
    return -1;
}

/*-- what libxlutil reads -----------------------------------------------*/

struct parsed {
    struct config_parser parser;
    XLU_ConfigList *disks;
    int num;
};

/* Fail with libxlutil's own words. */
static int update_parse_fail(struct update *u, struct parsed *p)
{
    const char *complaint = config_complaint(&p->parser);

    if (complaint) return update_fail(u, "%s", complaint);
    return update_fail(u, "%s: cannot be parsed", u->file);
}

/* Parse @text.  Dispose of @p->parser whatever the result. */
static int update_parse(struct update *u, const char *text, size_t len,
                        struct parsed *p)
{
    memset(p, 0, sizeof(*p));
    if (memchr(text, 0, len) || len > CONFIG_FILE_MAX)
        return update_fail(u, "%s: not a text file, or larger than %d "
                           "bytes", u->file, CONFIG_FILE_MAX);
    if (config_parse(&p->parser, u->file, text)
        || config_disks(&p->parser, &p->disks, &p->num))
        return update_parse_fail(u, p);
    return 0;
}

/* Parse the disk number @i.  Dispose of @disk whatever the result; its
 * path is never NULL. */
static int update_parse_disk(struct update *u, struct parsed *p, int i,
                             libxl_device_disk *disk)
{
    if (config_disk(&p->parser, p->disks, i, disk))
        return update_parse_fail(u, p);
    if (!disk->pdev_path) disk->pdev_path = xstrdup("");
    return 0;
}

static int update_check_name(struct update *u, struct parsed *p,
                             const char *domain)
{
    const char *name = NULL;

    xlu_cfg_get_string(p->parser.cfg, "name", &name, 1);
    if (name && !strcmp(name, domain)) return 0;
    return update_fail(u, "%s: the config is of domain %s, not of %s",
                       u->file, name ? name : "(no name)", domain);
}

/*-- where things stand -------------------------------------------------*/

/* Scan the text for the disks, which must be those that libxlutil
 * reads. */
static int update_find_items(struct update *u, struct parsed *p)
{
    struct config_items *found = &u->items;
    int i;

    config_find_items(u->text, u->len, found);
    if (found->again)
        return update_fail(u, "%s:%d: `disk' is set again, after line %d; "
                           "put all disks into one list", u->file,
                           found->again, found->line);
    for (i = 0; i < p->num && i < found->num; i++) {
        const char *spec = xlu_cfg_get_listitem(p->disks, i);

        if (!spec || (found->items[i].spec
                      && strcmp(spec, found->items[i].spec)))
            break;
    }
    if (i == p->num && i == found->num) return 0;
    return update_fail(u, "%s:%d: `disk' must be a list of quoted "
                       "strings, one for each disk", u->file,
                       i < found->num ? found->items[i].line
                                      : found->line);
}

/*-- the change ---------------------------------------------------------*/

static bool update_is_one_of(const char *path, char **paths)
{
    for (; *paths; paths++)
        if (!strcmp(path, *paths)) return true;
    return false;
}

/* Put path and format of @edit where they stand in @item, which is
 * @disk. */
static void update_patch_disk(struct update *u,
                              const struct config_edit *edit,
                              const struct config_item *item,
                              const libxl_device_disk *disk,
                              const struct config_place *place)
{
    bool path = strcmp(disk->pdev_path, edit->to);
    bool format = disk->format != edit->format;

    if (place->target_prefix && !place->keyword && (path || format)) {
        config_patch_prefix(&u->patches, item, place, edit->to,
                            edit->format);
        return;
    }
    if (format)
        config_patch_format(&u->patches, item, place, edit->format);
    if (path)
        config_patch_path(&u->patches, item, place, edit->to);
}

/* Let item number @i, which is @disk, be as @edit says. */
static int update_change_disk(struct update *u, struct config_edit *edit,
                              int i, const libxl_device_disk *disk)
{
    const struct config_item *item = &u->items.items[i];
    struct config_place place;

    if (!item->spec)
        return update_fail(u, "%s:%d: disk %s has a numeric escape in its "
                           "string; write the character itself", u->file,
                           item->line, edit->vdev);
    if (edit->line)
        return update_fail(u, "%s:%d: disk %s is listed again, after line "
                           "%d; keep one of the two", u->file, item->line,
                           edit->vdev, edit->line);
    edit->line = item->line;
    edit->item = i;
    if (!update_is_one_of(disk->pdev_path, edit->from))
        return update_fail(u, "%s:%d: disk %s names %s, not %s; write "
                           "that first", u->file, item->line, edit->vdev,
                           disk->pdev_path, edit->from[0]);
    config_find_place(item->spec, &place);
    if (!place.has_target)
        return update_fail(u, "%s:%d: disk %s: the string has no path; "
                           "write TARGET,FORMAT,VDEV,ACCESS, see "
                           "xl-disk-configuration(5)", u->file, item->line,
                           edit->vdev);
    update_patch_disk(u, edit, item, disk, &place);
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

/* Refuse another disk that has the old image, too: to take the old name
 * from one of the two would not help. */
static int update_check_other(struct update *u,
                              const libxl_device_disk *disk, int line)
{
    int i;

    for (i = 0; i < u->num_edits; i++)
        if (update_is_one_of(disk->pdev_path, u->edits[i].from))
            return update_fail(u, "%s:%d: disk %s names %s, too, the "
                               "image of disk %s; two disks cannot share "
                               "an image", u->file, line, disk->vdev,
                               disk->pdev_path, u->edits[i].vdev);
    return 0;
}

static int update_change_item(struct update *u, struct parsed *p, int i)
{
    libxl_device_disk disk;
    struct config_edit *edit;
    int r;

    r = update_parse_disk(u, p, i, &disk);
    if (r) goto out;
    edit = config_edit_of(u->edits, u->num_edits, disk.vdev);
    if (edit)
        r = update_change_disk(u, edit, i, &disk);
    else
        r = update_check_other(u, &disk, u->items.items[i].line);
 out:
    libxl_device_disk_dispose(&disk);
    return r;
}

static int update_change_all(struct update *u, struct parsed *p)
{
    int i;

    for (i = 0; i < u->num_edits; i++)
        u->edits[i].line = 0;
    for (i = 0; i < p->num; i++)
        if (update_change_item(u, p, i)) return -1;
    for (i = 0; i < u->num_edits; i++)
        if (!u->edits[i].line)
            return update_fail(u, "%s: there is no disk %s; is it the "
                               "config of this domain?", u->file,
                               u->edits[i].vdev);
    return 0;
}

/*-- the proof ----------------------------------------------------------*/

/* Check that disk number @i is as it was, but for what @edit says, and
 * that libxl would start a domain with it. */
static int update_check_disk(struct update *u, struct parsed *before,
                             struct parsed *after, int i,
                             const struct config_edit *edit)
{
    libxl_device_disk was, is;
    char *want = NULL, *got = NULL;
    const char *why;
    int r;

    libxl_device_disk_init(&is);
    r = update_parse_disk(u, before, i, &was);
    if (r) goto out;
    r = update_parse_disk(u, after, i, &is);
    if (r) goto out;
    free(was.pdev_path);
    was.pdev_path = xstrdup(edit->to);
    was.format = edit->format;
    want = libxl_snapshot_disk_spec(&was);
    got = libxl_snapshot_disk_spec(&is);
    why = libxl_snapshot_disk_lacks_backend(&was);
    if (why)
        r = update_fail(u, "%s:%d: disk %s: %s", u->file, edit->line,
                        edit->vdev, why);
    else if (strcmp(want, got))
        r = update_fail(u, "%s:%d: disk %s cannot be rewritten: it would "
                        "be \"%s\"; write \"%s\"", u->file, edit->line,
                        edit->vdev, got, want);
 out:
    libxl_device_disk_dispose(&was);
    libxl_device_disk_dispose(&is);
    free(want);
    free(got);
    return r;
}

/* Check item number @i, which has an edit or must be the same text. */
static int update_check_item(struct update *u, struct parsed *before,
                             struct parsed *after, int i)
{
    int k;

    for (k = 0; k < u->num_edits; k++)
        if (u->edits[k].item == i)
            return update_check_disk(u, before, after, i, &u->edits[k]);
    if (!strcmp(xlu_cfg_get_listitem(before->disks, i),
                xlu_cfg_get_listitem(after->disks, i)))
        return 0;
    return update_fail(u, "%s: another disk would change, too; write the "
                       "new disks yourself", u->file);
}

static int update_check_text(struct update *u, const char *text,
                             size_t len)
{
    struct parsed before, after;
    int i, r;

    memset(&after, 0, sizeof(after));
    r = update_parse(u, u->text, u->len, &before);
    if (r) goto out;
    r = update_parse(u, text, len, &after);
    if (r) goto out;
    if (before.num != after.num)
        r = update_fail(u, "%s: there would be %d disks, not %d; write "
                        "the new disks yourself", u->file, after.num,
                        before.num);
    for (i = 0; !r && i < before.num; i++)
        r = update_check_item(u, &before, &after, i);
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
        .file = file, .text = before, .len = strlen(before),
        .edits = edits, .num_edits = num,
    };
    int r = update_check_text(&u, after, after_len);

    *error_r = u.error;
    return r;
}

/*-- all of it ----------------------------------------------------------*/

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

    if (update_parse(&u, text, len, &p)) goto out;
    if (update_check_name(&u, &p, domain)) goto out;
    if (update_find_items(&u, &p)) goto out;
    if (update_change_all(&u, &p)) goto out;
    result = config_patched_text(&u.patches, text, len);
    if (!update_check_text(&u, result, strlen(result))) goto out;
    free(result);
    result = NULL;
 out:
    *error_r = u.error;
    config_parser_dispose(&p.parser);
    config_patches_dispose(&u.patches);
    config_items_dispose(&u.items);
    return result;
}
