/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_block_merge.h: what came of xl block-commit and xl block-pull. */
#ifndef XL_BLOCK_MERGE_H
#define XL_BLOCK_MERGE_H

#include <libxl_snapshot.h>

struct common_options;
struct config_update;

/* Print what a merge with @p has done or, in a dry run, would do. */
void print_merged(const libxl_snapshot_merge_result *result,
                  const libxl_snapshot_merge_params *p,
                  const struct config_update *u,
                  const struct common_options *o);

#endif /* XL_BLOCK_MERGE_H */
