/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_block_copy.h: what came of xl block-copy. */
#ifndef XL_BLOCK_COPY_H
#define XL_BLOCK_COPY_H

#include <libxl_snapshot.h>

struct common_options;
struct config_update;

/* Print what a copy with @p has done or, in a dry run, would do. */
void print_copied(const libxl_snapshot_copy_result *result,
                  const libxl_snapshot_copy_params *p,
                  const struct config_update *u,
                  const struct common_options *o);

#endif /* XL_BLOCK_COPY_H */
