/* SPDX-License-Identifier: LGPL-2.1-only */
/* ops/verify.c: finds out if a revert would work. */
#include "ops/ops.h"

int libxl_domain_snapshot_verify(
    libxl_snapshot_ctx *sc, const libxl_domain_snapshot *snap,
    const libxl_domain_snapshot_revert_params *params,
    libxl_domain_snapshot_verification *verification)
{
    struct snap_revert r = { .snap = snap, .params = params,
                        .report = verification };
    int rc;

    snap_ctx_begin(sc);
    snap_domain_init(&r.dom);
    libxl_domain_config_init(&r.config);
    rc = snap_revert_look(sc, &r);
    libxl_domain_config_dispose(&r.config);
    snap_domain_dispose(&r.dom);
    if (!rc) return 0;
    return snap_fail(sc, rc, "snapshot %s cannot be reverted to",
                     snap->name ? snap->name : "without a name");
}
