/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/result.c: init and dispose of the results of create and revert.  The
 * snapshot in a result is freed by the keys of its config, so this file
 * cannot be in base, below these, with the other public structs.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>

void libxl_domain_snapshot_result_init(
    libxl_domain_snapshot_result *result)
{
    memset(result, 0, sizeof(*result));
    libxl_domain_snapshot_init(&result->snapshot);
    result->domid = INVALID_DOMID;
}

void libxl_domain_snapshot_result_dispose(
    libxl_domain_snapshot_result *result)
{
    libxl_domain_snapshot_dispose(&result->snapshot);
    snap_strings_free(result->steps, result->num_steps);
    free(result->plan_json);
    free(result->unclean);
    free(result->left);
    snap_strings_free(result->unprotected, result->num_unprotected);
    snap_strings_free(result->accepted, result->num_accepted);
    libxl_domain_snapshot_result_init(result);
}

int snap_result_unprotected(const struct snap_plan *plan, char ***bases_r)
{
    char **bases = snap_result_array(plan->num_steps, sizeof(*bases));
    int i, num = 0;

    for (i = 0; i < plan->num_steps; i++)
        if (plan->steps[i].kind == SNAP_STEP_FREEZE
            && !snap_file_stops_root(plan->steps[i].path))
            bases[num++] = snap_result_str(plan->steps[i].path);
    *bases_r = bases;
    return num;
}

void snap_result_layer(const struct snap_layer *from,
                       libxl_snapshot_layer *to)
{
    int i;

    to->path = snap_result_str(from->path);
    to->format = snap_result_str(from->format);
    to->bytes = from->bytes_on_disk;
    to->tags = snap_result_array(from->num_tags, sizeof(*to->tags));
    for (i = 0; i < from->num_tags; i++)
        to->tags[to->num_tags++] = (libxl_snapshot_tag){
            .name = snap_result_str(from->tags[i].name),
            .creation_time = from->tags[i].creation_time,
            .memory_bytes = from->tags[i].vm_state_bytes,
        };
}
