/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_block_copy_print.c: the result of xl block-copy, for people and as
 * JSON.
 */
#include "xl_block_copy.h"

#include <stdlib.h>
#include <string.h>

#include "xl_block_request.h"
#include "xl_config.h"
#include "xl_json.h"
#include "xl_output.h"

static void copied_print_json(const libxl_snapshot_copy_result *result,
                              const libxl_snapshot_copy_params *p,
                              const struct config_update *u)
{
    struct json *j = json_begin();
    char *spec;

    json_open_object(j, NULL);
    json_str(j, "domain", result->domain);
    json_str(j, "disk", p->vdev);
    json_str(j, "copy", p->path);
    json_str(j, "format",
             libxl_disk_format_to_string(result->disk.format));
    json_str(j, "base", result->base);
    json_bool(j, "pivot", p->pivot);
    json_strings(j, "old", result->old, result->num_old);
    json_strings(j, "deleted", result->removed, result->num_removed);
    json_str(j, "left", result->left);
    json_strings(j, "tags_not_copied", result->tags, result->num_tags);
    json_u64(j, "bytes", result->bytes);
    if (p->pivot) {
        spec = libxl_snapshot_disk_spec(&result->disk);
        json_str(j, "xl_cfg", spec);
        free(spec);
        json_bool(j, "update_config_done", u->done);
    }
    if (p->dry_run)
        json_text(j, "plan", result->plan_json);
    else
        json_u64(j, "total_us", result->total_us);
    json_close_object(j);
    json_print(j);
}

static void copied_print_tags(const libxl_snapshot_copy_result *result)
{
    int i;

    for (i = 0; i < result->num_tags; i++)
        print_line("Internal snapshot '%s' is in %s alone; the copy has "
                   "it not.", result->tags[i], result->old_disk.pdev_path);
}

static bool copied_is_removed(const libxl_snapshot_copy_result *result,
                              const char *path)
{
    int i;

    for (i = 0; i < result->num_removed; i++)
        if (!strcmp(result->removed[i], path)) return true;
    return false;
}

static void copied_print_old(const libxl_snapshot_copy_result *result)
{
    int i;

    for (i = 0; i < result->num_old; i++)
        print_line("  %s %s", result->old[i],
                   copied_is_removed(result, result->old[i])
                   ? "is deleted" : "is not needed by it");
    if (!copied_is_removed(result, result->old[0]))
        print_line("Nothing may start on %s any more; it is unwritable, "
                   "and shows the disk as it was.", result->old[0]);
}

static void copied_print_text(const libxl_snapshot_copy_result *result,
                              const libxl_snapshot_copy_params *p,
                              const struct config_update *u)
{
    print_line("Disk %s of domain %s is copied to %s (%s%s%s).", p->vdev,
               result->domain, p->path,
               libxl_disk_format_to_string(result->disk.format),
               result->base ? ", on " : "",
               result->base ? result->base : "");
    if (p->pivot) {
        copied_print_old(result);
        print_block_disk(&result->disk, u);
    }
    copied_print_tags(result);
    if (result->left) print_line("Left: %s.", result->left);
}

void print_copied(const libxl_snapshot_copy_result *result,
                  const libxl_snapshot_copy_params *p,
                  const struct config_update *u,
                  const struct common_options *o)
{
    if (o->json) {
        copied_print_json(result, p, u);
    } else if (p->dry_run) {
        copied_print_tags(result);
        print_block_plan(result->steps, result->num_steps, result->bytes);
    } else {
        copied_print_text(result, p, u);
    }
}
