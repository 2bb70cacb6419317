/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/journal_images.c: the images that an operation acts on, as the head
 * of its journal has them, and whether two operations meet on one.
 *
 * What is compared stands in the journal: no path of another domain is
 * looked at, since its file server may hang.
 */
#include "run/run.h"

#include <string.h>

/* An image that has been moved is known by its id, one that has been put
 * back from a backup by its path.  Two hosts see one file with one inode,
 * or else by one path. */
static bool images_is_same(const struct snap_journal_image *a,
                           const struct snap_journal_image *b)
{
    return !strcmp(a->path, b->path) || (a->id && b->id
                                         && !strcmp(a->id, b->id));
}

static void images_append(libxl_snapshot_ctx *sc,
                          struct snap_journal_images *images,
                          const struct snap_journal_image *image)
{
    if (images->num == images->max) {
        images->max = images->max ? 2 * images->max : 16;
        images->list = snap_grow(sc, images->list,
                                 images->num * sizeof(*image),
                                 images->max * sizeof(*image));
    }
    images->list[images->num++] = *image;
}

void snap_journal_images_add(libxl_snapshot_ctx *sc,
                             struct snap_journal_images *images,
                             const char *path, bool reads)
{
    struct snap_journal_image image = { .reads = reads };
    int i;

    if (!path) return;
    image.path = snap_file_true_path(sc, path);
    image.id = snap_file_lasting_id(sc, path);
    for (i = 0; i < images->num; i++)
        if (images_is_same(&images->list[i], &image)) return;
    images_append(sc, images, &image);
}

/* The layers that it changes, and those that it reads: this is known of no
 * step. */
static void images_add_layers(libxl_snapshot_ctx *sc,
                              const struct snap_layers *layers, bool reads,
                              struct snap_journal_images *images)
{
    int i;

    for (i = 0; i < layers->num; i++)
        if (layers->files[i].write_only == reads)
            snap_journal_images_add(sc, images, layers->files[i].path,
                                    reads);
}

static void images_add_paths(libxl_snapshot_ctx *sc,
                             const char *const *paths, int num, bool reads,
                             struct snap_journal_images *images)
{
    int i;

    for (i = 0; i < num; i++)
        snap_journal_images_add(sc, images, paths[i], reads);
}

void snap_journal_images_gather(libxl_snapshot_ctx *sc,
                                const struct snap_journal_head *head,
                                const struct snap_plan *plan,
                                struct snap_journal_images *images)
{
    const struct snap_prints *stake = &head->at_stake;
    const struct snap_prints *relied = &head->relied_on;
    const char **paths = snap_plan_images(sc, plan);

    if (head->layers) images_add_layers(sc, head->layers, false, images);
    images_add_paths(sc, relied->paths, relied->num, true, images);
    if (head->layers) images_add_layers(sc, head->layers, true, images);
    images_add_paths(sc, stake->paths, stake->num, false, images);
    images_add_paths(sc, head->tagged, head->num_tagged, false, images);
    for (; *paths; paths++)
        snap_journal_images_add(sc, images, *paths, false);
}

char *snap_journal_images_to_json(libxl_snapshot_ctx *sc,
                                  const struct snap_journal_images *images)
{
    const char **items = snap_zalloc(sc, (images->num + 1) * sizeof(*items));
    int i;

    for (i = 0; i < images->num; i++)
        items[i] = snap_json_object(
            sc, "s:path", images->list[i].path, "s:id", images->list[i].id,
            "j:reads", images->list[i].reads ? "true" : NULL, NULL);
    return snap_json_array(sc, items, images->num);
}

void snap_journal_images_parse(libxl_snapshot_ctx *sc, yajl_val array,
                               struct snap_journal_images *images)
{
    struct snap_journal_image image;
    size_t i;

    for (i = 0; YAJL_IS_ARRAY(array) && i < array->u.array.len; i++) {
        yajl_val obj = array->u.array.values[i];

        image.path = snap_json_dup(sc, obj, "path");
        image.id = snap_json_dup(sc, obj, "id");
        image.reads = snap_json_bool(obj, "reads");
        if (image.path) images_append(sc, images, &image);
    }
}

static void images_append_paths(libxl_snapshot_ctx *sc,
                                struct snap_journal_images *images,
                                const char *const *paths)
{
    for (; paths && *paths; paths++)
        images_append(sc, images,
                      &(struct snap_journal_image){ .path = *paths });
}

/* What a step has made is known by what the end of the step says, which its
 * undo has. */
static const char *images_made_id(const struct snap_journal_entry *entry,
                                  const char *path)
{
    const struct snap_step *undo;
    int i;

    for (i = 0; i < entry->plan.num_steps; i++) {
        undo = entry->plan.steps[i].undo;
        if (undo && undo->made && undo->path && !strcmp(undo->path, path))
            return undo->made;
    }
    return NULL;
}

/* A journal of an older version has the paths of its plan alone. */
struct snap_journal_images snap_journal_images_of(
    libxl_snapshot_ctx *sc, const struct snap_journal_entry *entry)
{
    struct snap_journal_images images = entry->images;
    int i;

    if (!images.num) {
        images_append_paths(sc, &images,
                            snap_plan_images(sc, &entry->plan));
        images_append_paths(sc, &images, entry->head.at_stake.paths);
        images_append_paths(sc, &images, entry->head.tagged);
    }
    for (i = 0; i < images.num; i++)
        if (!images.list[i].id)
            images.list[i].id = images_made_id(entry, images.list[i].path);
    return images;
}

const char *snap_journal_images_shared(
    libxl_snapshot_ctx *sc, const struct snap_journal_entry *entry,
    const struct snap_journal_images *images)
{
    const struct snap_journal_images theirs =
        snap_journal_images_of(sc, entry);
    int i, k;

    for (k = 0; k < theirs.num; k++)
        for (i = 0; i < images->num; i++)
            if (images_is_same(&images->list[i], &theirs.list[k])
                && !(images->list[i].reads && theirs.list[k].reads))
                return images->list[i].path;
    return NULL;
}
