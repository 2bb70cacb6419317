/* SPDX-License-Identifier: LGPL-2.1-only */
/* ops/operations.c: the operations that change something. */
#include "ops/ops.h"

#include <string.h>

static const struct snap_operation *const operations[] = {
    &snap_operation_create,
    &snap_operation_revert,
    &snap_operation_commit,
    &snap_operation_pull,
    &snap_operation_copy,
    &snap_operation_delete,
    &snap_operation_remove,
};

const struct snap_operation *const *snap_operations(int *num_r)
{
    *num_r = sizeof(operations) / sizeof(operations[0]);
    return operations;
}

const struct snap_operation *snap_operation_named(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (!strcmp(operations[i]->name, name)) return operations[i];
    return NULL;
}
