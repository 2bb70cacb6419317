/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/record_again.c: the state of a base in a snapshot config, after we
 * have changed the base ourselves, and not what it shows: the base of an
 * image in a chain that is made shorter has another header by then.
 */
#include "facts/needs.h"
#include "facts/images.h"

#include <stdlib.h>
#include <string.h>

/* One that somebody else has changed does not become good. */
static bool again_is_good(libxl_snapshot_ctx *sc, const struct snap_need *need,
                          const char *image)
{
    return need->kind == LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT
        && need->how == LIBXL_SNAPSHOT_NEED_HOW_PARENT && !need->lost
        && need->known_by == SNAP_KNOWN_BY_FILE && need->state
        && snap_identity_is_state(sc, image, need->state);
}

const char **snap_needs_records(libxl_snapshot_ctx *sc,
                                const struct snap_needs *needs,
                                const char *path, const char *but)
{
    int image = snap_needs_find_image(sc, needs, path), i, num = 0;
    const char **configs = snap_zalloc(sc, (needs->num + 1)
                                           * sizeof(*configs));

    for (i = 0; i < needs->num; i++) {
        const struct snap_need *need = &needs->list[i];

        if (need->image == image && again_is_good(sc, need, path)
            && !(but && snap_file_is_same(need->known, but)))
            configs[num++] = need->known;
    }
    return configs;
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
