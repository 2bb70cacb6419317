/* SPDX-License-Identifier: LGPL-2.1-only */
/* facts/layers.c: finds the users of the images of an operation. */
#include "facts/images.h"

/* An image that is not a local file, such as the export of an NBD server,
 * has no users that can be seen on this host. */
static void layers_add_path(libxl_snapshot_ctx *sc,
                            struct snap_layers *layers, const char *who,
                            const char *path, bool write_only)
{
    if (path[0] != '/') return;
    layers->files = snap_grow(sc, layers->files,
                              layers->num * sizeof(*layers->files),
                              (layers->num + 1) * sizeof(*layers->files));
    layers->files[layers->num++] = (struct snap_file_use){
        .who = who, .path = path, .write_only = write_only,
    };
}

void snap_layers_add(libxl_snapshot_ctx *sc, struct snap_layers *layers,
                     const char *vdev, const char *image,
                     const struct snap_chain *chain, bool base)
{
    const char *who = snap_sprintf(sc, "disk %s", vdev);
    const struct snap_layer *layer;
    int i;

    for (i = 0; i < chain->num_layers; i++) {
        layer = &chain->layers[i];
        layers_add_path(sc, layers, who, layer->path, base || i > 0);
        if (layer->data_file)
            layers_add_path(sc, layers, who, layer->data_file,
                            base || i > 0);
    }
    if (!chain->num_layers && image)
        layers_add_path(sc, layers, who, image, base);
}

int snap_layers_find_users(libxl_snapshot_ctx *sc,
                           struct snap_layers *layers, pid_t qemu_pid,
                           uint32_t domid)
{
    const struct snap_users_except except = { qemu_pid, domid };

    return snap_users_of_files(sc, layers->files, layers->num, &except);
}
