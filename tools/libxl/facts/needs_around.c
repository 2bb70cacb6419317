/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/needs_around.c: images that nobody has on record: those in the
 * folders of images that matter.  A clone that somebody made by hand, with
 * "qemu-img create -b", is known by its header alone.
 */
#include "facts/facts.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct around {
    libxl_snapshot_ctx *sc;
    struct snap_needs *needs;
    const int *targets;
    int num;
    const char **folders;       /* that were looked into */
    int num_folders;
};

static bool around_matters(const struct around *a, int image)
{
    int root = snap_needs_root(a->needs, image), i;

    for (i = 0; i < a->num; i++)
        if (a->targets[i] >= 0
            && snap_needs_root(a->needs, a->targets[i]) == root)
            return true;
    return false;
}

/* Add the file @path, if it stands on another one. What cannot be read, or
 * is no qcow2, tells none. */
static void around_add(struct around *a, const char *path)
{
    libxl_snapshot_ctx *sc = a->sc;
    struct snap_image image;

    if (snap_needs_find_image(sc, a->needs, path) >= 0) return;
    if (snap_image_look_alone(sc, path, NULL, true, &image)) {
        snap_needs_add_unknown(sc, a->needs, path, snap_sprintf(
            sc, "what %s stands on: %s", path, snap_take_error(sc)));
        return;
    }
    if (image.base) snap_needs_walk(sc, a->needs, path, "qcow2");
}

/* True of a file, also behind a link. */
static bool around_is_regular(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISREG(st.st_mode);
}

static int around_is_file(const struct dirent *entry)
{
    return entry->d_type == DT_REG || entry->d_type == DT_LNK
        || entry->d_type == DT_UNKNOWN;
}

static void around_look_into(struct around *a, const char *folder)
{
    libxl_snapshot_ctx *sc = a->sc;
    struct dirent **entries = NULL;
    int num = scandir(folder, &entries, around_is_file, alphasort), i;
    const char *path;

    if (num < 0 && errno != ENOENT)
        snap_needs_add_unknown(sc, a->needs, folder, snap_sprintf(
            sc, "images in %s: %s", folder, strerror(errno)));
    if (num > SNAP_NEEDS_FILES_MAX)
        snap_needs_add_unknown(sc, a->needs, folder, snap_sprintf(
            sc, "images in %s: of its files, more than %d, not all were "
            "looked at", folder, SNAP_NEEDS_FILES_MAX));
    for (i = 0; i < num; i++) {
        path = snap_sprintf(sc, "%s/%s", strcmp(folder, "/") ? folder : "",
                            entries[i]->d_name);
        if (i < SNAP_NEEDS_FILES_MAX && around_is_regular(path))
            around_add(a, path);
        free(entries[i]);
    }
    free(entries);
}

/* True if the folder of the image, *folder_r, was not looked into. */
static bool around_new_folder(struct around *a, int image,
                              const char **folder_r)
{
    const struct snap_needs_image *it = &a->needs->images[image];
    const char *folder;
    int i;

    if (it->is_there && it->id.block) return false;     /* /dev */
    folder = snap_file_dirname(a->sc, snap_file_true_path(
                                          a->sc, it->layer.path));
    for (i = 0; i < a->num_folders; i++)
        if (!strcmp(a->folders[i], folder)) return false;
    a->folders = snap_grow_by_one(a->sc, a->folders, a->num_folders,
                                  sizeof(*a->folders));
    *folder_r = a->folders[a->num_folders++] = folder;
    return true;
}

/* Put the tags of the image into the needs. */
static void around_add_tags(struct around *a, int image)
{
    const struct snap_layer *layer = &a->needs->images[image].layer;
    int i;

    for (i = 0; i < layer->num_tags; i++)
        snap_needs_add(a->sc, a->needs, &(struct snap_need){
            .kind = LIBXL_SNAPSHOT_NEED_KIND_TAG,
            .how = LIBXL_SNAPSHOT_NEED_HOW_PARENT,
            .who = snap_sprintf(a->sc, "tag %s", layer->tags[i].name),
            .name = layer->tags[i].name, .known = layer->path,
            .layer = layer->path, .image = image,
        });
}

/* True of the layers of a target, and of what has tags. */
static bool around_is_to_describe(const struct around *a, int image)
{
    int i;

    if (a->needs->images[image].has_tags) return true;
    for (i = 0; i < a->num; i++)
        if (snap_needs_is_on(a->needs, a->targets[i], image)) return true;
    return false;
}

static void around_describe(struct around *a, int image)
{
    struct snap_needs_image *it = &a->needs->images[image];
    struct snap_image described;

    if (!it->is_there || it->problem || !it->layer.format
        || !around_is_to_describe(a, image))
        return;
    if (snap_image_look_alone(a->sc, it->layer.path, it->layer.format, false,
                              &described)) {
        it->problem = snap_take_error(a->sc);
        return;
    }
    it->layer = described.layer;
    it->described = true;
    around_add_tags(a, image);
}

static bool around_has_state(struct around *a, int image, const char *state)
{
    const struct snap_layer *layer = &a->needs->images[image].layer;
    const char *tag;
    int i;

    if (strncmp(state, "tag ", 4))
        return snap_identity_is_state(a->sc, layer->path, state);
    for (i = 0; i < layer->num_tags; i++) {
        tag = snap_tag_identity(a->sc, &layer->tags[i]);
        if (tag && !strcmp(tag, state)) return true;
    }
    return false;
}

/* The image may be that of a snapshot which knows it by another place. */
static void around_find_lost(struct around *a, int image)
{
    int i;

    if (!a->needs->images[image].is_there) return;
    for (i = 0; i < a->needs->num_lost; i++) {
        struct snap_need need = a->needs->lost[i].need;

        if (!a->needs->lost[i].state
            || !around_has_state(a, image, a->needs->lost[i].state))
            continue;
        a->needs->lost[i].is_found = true;
        need.image = image;
        snap_needs_add(a->sc, a->needs, &need);
    }
}

void snap_needs_look_around(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                            const int *targets, int num)
{
    struct around a = {
        .sc = sc, .needs = needs, .targets = targets, .num = num,
    };
    const char *folder;
    int i;

    /* what is found in one folder may have its own in another */
    for (i = 0; i < needs->num_images; i++) {
        if (!around_matters(&a, i) || !around_new_folder(&a, i, &folder))
            continue;
        around_look_into(&a, folder);
        i = -1;
    }
    for (i = 0; i < needs->num_images; i++)
        if (around_matters(&a, i)) {
            around_describe(&a, i);
            around_find_lost(&a, i);
        }
}
