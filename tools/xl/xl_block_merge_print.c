/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_block_merge_print.c: the results of xl block-commit and xl
 * block-pull, for people and as JSON.
 */
#include "xl_block_merge.h"

#include <stdlib.h>
#include <string.h>

#include "xl_block_request.h"
#include "xl_config.h"
#include "xl_json.h"
#include "xl_output.h"
#include "xl_snapshot.h"

static void merged_print_json(const libxl_snapshot_merge_result *result,
                              const libxl_snapshot_merge_params *p,
                              const struct config_update *u)
{
    struct json *j = json_begin();
    char *spec;

    json_open_object(j, NULL);
    json_str(j, "domain", result->domain);
    json_str(j, "disk", p->vdev);
    json_str(j, "target", result->target);
    json_strings(j, "merged", result->merged, result->num_merged);
    json_strings(j, "deleted", result->removed, result->num_removed);
    json_str(j, "left", result->left);
    json_u64(j, "bytes", result->bytes);
    if (result->moves) {
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

static bool merged_is_removed(const libxl_snapshot_merge_result *result,
                              const char *path)
{
    int i;

    for (i = 0; i < result->num_removed; i++)
        if (!strcmp(result->removed[i], path)) return true;
    return false;
}

/* The disk of the xl.cfg, and what an old one of it would do. */
static void merged_print_disk(const libxl_snapshot_merge_result *result,
                              const struct config_update *u)
{
    if (!result->moves) return;
    print_block_disk(&result->disk, u);
    if (!merged_is_removed(result, result->merged[0]))
        print_line("Once the domain has run on %s, %s is of no use any "
                   "more: nothing may start on it.", result->target,
                   result->merged[0]);
}

static void merged_print_text(const libxl_snapshot_merge_result *result,
                              const libxl_snapshot_merge_params *p,
                              const struct config_update *u)
{
    const char *stays = p->keep_overlay
        ? "can be deleted when no disk is on it" : "is not needed by it";
    int i;

    print_line("Disk %s of domain %s: %s has all the data.", p->vdev,
               result->domain, result->target);
    for (i = 0; i < result->num_merged; i++)
        print_line("  %s %s", result->merged[i],
                   merged_is_removed(result, result->merged[i])
                   ? "is deleted" : stays);
    merged_print_disk(result, u);
    if (result->left) print_line("Left: %s.", result->left);
}

void print_merged(const libxl_snapshot_merge_result *result,
                  const libxl_snapshot_merge_params *p,
                  const struct config_update *u,
                  const struct common_options *o)
{
    if (o->json)
        merged_print_json(result, p, u);
    else if (p->dry_run)
        print_block_plan(result->steps, result->num_steps, result->bytes);
    else
        merged_print_text(result, p, u);
}
