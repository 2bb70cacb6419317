/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/record_again.c: the state of a base in a snapshot config, after we
 * have changed the base ourselves, and not what it shows: the base of an
 * image in a chain that is made shorter has another header by then.
 */
#include "facts/images.h"

#include <stdlib.h>
#include <string.h>

/* True if a state has changed. */
static bool again_set_states(libxl_snapshot_ctx *sc,
                             libxl_domain_snapshot *snap, const char *image)
{
    const char *now = snap_identity_file(sc, image);
    bool changed = false;
    int i;

    for (i = 0; now && i < snap->num_disks; i++) {
        libxl_disk_snapshot *ds = &snap->disks[i];

        if (ds->mode != LIBXL_SNAPSHOT_MODE_EXTERNAL || !ds->state
            || !ds->parent.pdev_path || !strcmp(ds->state, now)
            || !snap_file_is_same(ds->parent.pdev_path, image))
            continue;
        free(ds->state);
        ds->state = snap_result_str(now);
        changed = true;
    }
    return changed;
}

int snap_identity_record_again(libxl_snapshot_ctx *sc, const char *config,
                               const char *image)
{
    libxl_domain_snapshot snap;
    char *text;
    int rc;

    libxl_domain_snapshot_init(&snap);
    rc = snap_config_read(sc, config, &snap);
    /* by one that others may have written nobody reverts */
    if (rc || snap.doubt || !again_set_states(sc, &snap, image)) goto out;
    text = libxl_domain_snapshot_config_text(sc, &snap);
    rc = snap_file_rewrite(sc, config, text);
    free(text);
 out:
    libxl_domain_snapshot_dispose(&snap);
    return rc;
}
