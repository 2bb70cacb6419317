/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/record_again.c: the state of a base in a snapshot config, after we
 * have changed the base ourselves, and not what it shows: the base of an
 * image in a chain that is made shorter has another header by then.
 */
#include "facts/images.h"

#include <stdlib.h>
#include <string.h>

/* True of a disk whose base is @image, and of which a state is recorded. */
static bool again_is_of(const libxl_disk_snapshot *ds, const char *image)
{
    return ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL && ds->state
        && ds->parent.pdev_path
        && snap_file_is_same(ds->parent.pdev_path, image);
}

bool snap_identity_is_recorded(libxl_snapshot_ctx *sc, const char *config,
                               const char *image)
{
    libxl_domain_snapshot snap;
    bool is = false;
    int i;

    libxl_domain_snapshot_init(&snap);
    if (snap_config_read(sc, config, &snap)) snap_take_error(sc);
    for (i = 0; i < snap.num_disks; i++)
        if (again_is_of(&snap.disks[i], image))
            is = snap_identity_is_state(sc, image, snap.disks[i].state);
    libxl_domain_snapshot_dispose(&snap);
    return is;
}

/* True if a state has changed. */
static bool again_set_states(libxl_snapshot_ctx *sc,
                             libxl_domain_snapshot *snap, const char *image)
{
    const char *now = snap_identity_file(sc, image);
    bool changed = false;
    int i;

    for (i = 0; now && i < snap->num_disks; i++) {
        libxl_disk_snapshot *ds = &snap->disks[i];

        if (!again_is_of(ds, image) || !strcmp(ds->state, now)) continue;
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

    if (!snap_file_exists(config)) {
        snap_tell_left(sc, "%s is not there any more, to record the state of "
                       "%s in it", config, image);
        return 0;
    }
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
