/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_snapshot_list_print.c: the list, for people and as JSON. */
#include "xl_snapshot_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "xl_block_chain.h"
#include "xl_json.h"
#include "xl_output.h"
#include "xl_snapshot.h"
#include "xl_utils.h"

/*-- JSON ---------------------------------------------------------------*/

static void list_json_recorded(struct json *j, const struct recorded *r)
{
    json_open_object(j, NULL);
    json_str(j, "name", r->snap.name);
    json_str(j, "description", r->snap.description);
    if (r->snap.creation_time)
        json_u64(j, "creation_time", r->snap.creation_time);
    json_str(j, "config", r->config_path);
    json_str(j, "memory", r->snap.memory_path);
    json_str(j, "consistency", r->snap.consistency);
    json_bool(j, "complete", !r->problem);
    json_str(j, "problem", r->problem);
    json_close_object(j);
}

/* The members of a tag, for an object that may have more. */
static void list_json_tag(struct json *j, const libxl_snapshot_tag *tag)
{
    json_str(j, "name", tag->name);
    if (tag->creation_time)
        json_u64(j, "creation_time", tag->creation_time);
    json_u64(j, "memory_bytes", tag->memory_bytes);
}

static void list_json_tag_row(struct json *j,
                              const struct snapshot_list *list,
                              const struct tag_row *row)
{
    int i;

    json_open_object(j, NULL);
    list_json_tag(j, row->tag);
    json_bool(j, "all_disks", row->all);
    json_open_array(j, "disks");
    for (i = 0; i < list->num_disks; i++)
        if (row->on[i]) json_str(j, NULL, list->disks[i].vdev);
    json_close_array(j);
    json_close_object(j);
}

static void list_json_layer(struct json *j,
                            const libxl_snapshot_layer *layer)
{
    int i;

    json_open_object(j, NULL);
    json_str(j, "path", layer->path);
    json_str(j, "format", layer->format);
    json_u64(j, "bytes", layer->bytes);
    json_open_array(j, "tags");
    for (i = 0; i < layer->num_tags; i++) {
        json_open_object(j, NULL);
        list_json_tag(j, &layer->tags[i]);
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
}

static void list_json_disk(struct json *j,
                           const libxl_disk_snapshot_info *disk)
{
    int i;

    json_open_object(j, NULL);
    json_str(j, "vdev", disk->vdev);
    json_str(j, "path", disk->path);
    json_bool(j, "writable", disk->is_data_disk);
    json_open_array(j, "layers");
    for (i = 0; i < disk->num_layers; i++)
        list_json_layer(j, &disk->layers[i]);
    json_close_array(j);
    json_close_object(j);
}

static void list_json_images(struct json *j,
                             const struct snapshot_list *list)
{
    int i;

    json_open_array(j, "image_tags");
    for (i = 0; i < list->num_tags; i++)
        list_json_tag_row(j, list, &list->tags[i]);
    json_close_array(j);
    json_open_array(j, "disks");
    for (i = 0; i < list->num_disks; i++)
        list_json_disk(j, &list->disks[i]);
    json_close_array(j);
    print_leftovers_json(j, &list->chain);
}

void print_list_json(const struct snapshot_list *list)
{
    struct json *j = json_begin();
    int i;

    json_open_object(j, NULL);
    json_str(j, "domain", list->domain);
    json_str(j, "directory", list->directory);
    json_open_array(j, "snapshots");
    for (i = 0; i < list->num_recorded; i++)
        list_json_recorded(j, &list->recorded[i]);
    json_close_array(j);
    if (list->images) list_json_images(j, list);
    json_close_object(j);
    json_print(j);
}

/*-- text ---------------------------------------------------------------*/

static const char *list_time(uint64_t seconds, char text[32])
{
    time_t t = seconds;
    struct tm *tm = seconds ? localtime(&t) : NULL;

    if (!tm || !strftime(text, 32, "%Y-%m-%d %H:%M:%S", tm))
        snprintf(text, 32, "-");
    return text;
}

static int list_widest(int width, const char *s)
{
    int len = s ? strlen(s) : 0;

    return len > width ? len : width;
}

static void list_text_recorded(const struct snapshot_list *list)
{
    char when[32];
    int i, width = strlen("NAME");

    if (!list->num_recorded) {
        print_line("No snapshot configs in %s", list->directory);
        return;
    }
    for (i = 0; i < list->num_recorded; i++)
        width = list_widest(width, list->recorded[i].snap.name);
    print_line("In %s:", list->directory);
    print_line("%-*s  %-19s  %-14s  %s", width, "NAME", "TIME", "WHAT",
               "FILES");
    for (i = 0; i < list->num_recorded; i++) {
        const struct recorded *r = &list->recorded[i];

        print_line("%-*s  %-19s  %-14s  %s", width,
                   r->snap.name ? r->snap.name : "-",
                   list_time(r->snap.creation_time, when),
                   r->snap.memory_path ? "memory + disks" : "disks",
                   r->problem ? r->problem : "all there");
    }
}

/* The disks that have the tag: in words, malloc'd. */
static char *list_tag_disks(const struct snapshot_list *list,
                            const struct tag_row *row)
{
    char *words = xstrdup(row->all ? "all" : "only"), *more;
    int i;

    for (i = 0; !row->all && i < list->num_disks; i++) {
        if (!row->on[i]) continue;
        xasprintf(&more, "%s %s", words, list->disks[i].vdev);
        free(words);
        words = more;
    }
    return words;
}

static void list_text_tag_row(const struct snapshot_list *list,
                              const struct tag_row *row, int width)
{
    uint64_t memory = row->tag->memory_bytes;
    char when[32], size[32], *disks = list_tag_disks(list, row);

    print_line("%-*s  %-19s  %-8s  %s", width, row->tag->name,
               list_time(row->tag->creation_time, when),
               memory ? size_text(memory, size) : "-",
               disks);
    free(disks);
}

static void list_text_tags(const struct snapshot_list *list)
{
    int i, width = strlen("TAG");

    if (!list->num_tags) return;
    for (i = 0; i < list->num_tags; i++)
        width = list_widest(width, list->tags[i].tag->name);
    print_line("%-*s  %-19s  %-8s  %s", width, "TAG", "TIME", "MEMORY",
               "DISKS");
    for (i = 0; i < list->num_tags; i++)
        list_text_tag_row(list, &list->tags[i], width);
}

static void list_text_layers(const libxl_disk_snapshot_info *disk)
{
    char size[32];
    int i;

    if (!disk->num_layers)
        print_line("%-5s  %5s  %-6s  %10s  %4s  %s", disk->vdev, "-", "-",
                   "-", "-", disk->path ? disk->path : "empty");
    for (i = 0; i < disk->num_layers; i++) {
        const libxl_snapshot_layer *layer = &disk->layers[i];

        print_line("%-5s  %5d  %-6s  %10s  %4d  %s", disk->vdev, i,
                   layer->format ? layer->format : "-",
                   size_text(layer->bytes, size), layer->num_tags,
                   layer->path);
    }
}

void print_list_text(const struct snapshot_list *list)
{
    int i;

    list_text_recorded(list);
    if (!list->images) return;
    print_line("%s", "");
    print_line("From the images (which record neither memory nor other "
               "disks):");
    list_text_tags(list);
    print_line("%-5s  %5s  %-6s  %10s  %4s  %s", "DISK", "DEPTH", "FORMAT",
               "ON DISK", "TAGS", "FILE");
    for (i = 0; i < list->num_disks; i++)
        if (list->disks[i].is_data_disk) list_text_layers(&list->disks[i]);
    print_leftovers_text(&list->chain, NULL);
}
