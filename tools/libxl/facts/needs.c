/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/needs.c: the forest of images, and the answer to who needs one, by
 * what was gathered.
 */
#include "facts/needs.h"

#include <ctype.h>
#include <string.h>

/*-- the images, sorted by what they are ------------------------------------*/

/* One that is not there is known by its name. */
static int needs_compare(const struct snap_needs_image *image,
                         const char *path, const struct snap_file_id *id)
{
    if (image->is_there != (id != NULL)) return id ? -1 : 1;
    if (!id) return strcmp(image->layer.path, path);
    if (image->id.block != id->block) return id->block ? -1 : 1;
    if (image->id.dev != id->dev) return image->id.dev < id->dev ? -1 : 1;
    if (image->id.ino != id->ino) return image->id.ino < id->ino ? -1 : 1;
    return 0;
}

/* Where the image stands in needs->sorted, or would. */
static int needs_place(const struct snap_needs *needs, const char *path,
                       const struct snap_file_id *id, bool *is_r)
{
    int low = 0, high = needs->num_sorted, mid, order;

    *is_r = false;
    while (low < high) {
        mid = low + (high - low) / 2;
        order = needs_compare(&needs->images[needs->sorted[mid]], path, id);
        if (order < 0) low = mid + 1;
        else high = mid;
        if (!order) *is_r = true;
    }
    return low;
}

int snap_needs_add_image(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                         const char *path, const struct snap_file_id *id)
{
    bool is_known;
    int at = needs_place(needs, path, id, &is_known), i;

    if (is_known) return needs->sorted[at];
    needs->images = snap_grow_by_one(sc, needs->images, needs->num_images,
                                     sizeof(*needs->images));
    needs->sorted = snap_grow_by_one(sc, needs->sorted, needs->num_sorted,
                                     sizeof(*needs->sorted));
    for (i = needs->num_sorted++; i > at; i--)
        needs->sorted[i] = needs->sorted[i - 1];
    needs->sorted[at] = needs->num_images;
    needs->images[needs->num_images] = (struct snap_needs_image){
        .layer = { .path = snap_strdup(sc, path) }, .is_there = id != NULL,
        .base = -1,
    };
    if (id) needs->images[needs->num_images].id = *id;
    return needs->num_images++;
}

int snap_needs_find_image(libxl_snapshot_ctx *sc,
                          const struct snap_needs *needs, const char *path)
{
    struct snap_file_id id;
    bool is_there = snap_file_id(path, &id), is_known;
    int at = needs_place(needs, is_there ? path
                                         : snap_file_true_path(sc, path),
                         is_there ? &id : NULL, &is_known);

    return is_known ? needs->sorted[at] : -1;
}

bool snap_needs_is_on(const struct snap_needs *needs, int image, int below)
{
    while (image >= 0 && image != below) image = needs->images[image].base;
    return image >= 0;
}

bool snap_needs_set_base(struct snap_needs *needs, int image, int base)
{
    if (snap_needs_is_on(needs, base, image)) return false;
    needs->images[image].base = base;
    return true;
}

int snap_needs_root(const struct snap_needs *needs, int image)
{
    while (needs->images[image].base >= 0)
        image = needs->images[image].base;
    return image;
}

/*-- the needs --------------------------------------------------------------*/

void snap_needs_add(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                    const struct snap_need *need)
{
    needs->list = snap_grow_by_one(sc, needs->list, needs->num,
                                   sizeof(*needs->list));
    needs->list[needs->num++] = *need;
}

bool snap_needs_is_disregarded(libxl_snapshot_ctx *sc,
                               const struct snap_needs *needs,
                               const char *file)
{
    const char *path = snap_file_true_path(sc, file);
    int i;

    if (needs->given_up && snap_file_is_same(needs->given_up, file))
        return true;
    /* it need not be there, so that its place counts, too */
    for (i = 0; i < needs->num_disregarded; i++)
        if (snap_file_is_same(needs->disregarded[i], file)
            || !strcmp(snap_file_true_path(sc, needs->disregarded[i]), path))
            return true;
    return false;
}

void snap_needs_add_unknown(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                            const char *file, const char *sentence)
{
    int i;

    if (file && snap_needs_is_disregarded(sc, needs, file)) return;
    for (i = 0; i < needs->num_unknown; i++)
        if (!strcmp(needs->unknown[i].why, sentence)) return;
    if (needs->num_unknown == SNAP_NEEDS_UNKNOWN_MAX) return;
    needs->unknown = snap_grow_by_one(sc, needs->unknown, needs->num_unknown,
                                      sizeof(*needs->unknown));
    if (needs->num_unknown + 1 == SNAP_NEEDS_UNKNOWN_MAX) {
        sentence = "and more";
        file = NULL;
    }
    needs->unknown[needs->num_unknown++] = (struct snap_needs_unknown){
        .file = file ? snap_strdup(sc, file) : NULL,
        .why = snap_strdup(sc, sentence),
    };
}

const char *snap_needs_unknown_text(libxl_snapshot_ctx *sc,
                                    const struct snap_needs *needs)
{
    const struct snap_needs_unknown *u = needs->unknown;
    const char *more = "";

    if (!needs->num_unknown) return NULL;
    if (needs->num_unknown > 1)
        more = snap_sprintf(sc, " (and %d more: xl block-chain shows all)",
                            needs->num_unknown - 1);
    if (!u->file) return snap_sprintf(sc, "%s%s", u->why, more);
    return snap_sprintf(sc, "%s; mend that or, if it does not matter, say "
                        "--disregard=%s%s", u->why, snap_operand(sc, u->file),
                        more);
}

/*-- who needs an image -----------------------------------------------------*/

static bool needs_is_text(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

static bool needs_is_except(libxl_snapshot_ctx *sc,
                            const struct snap_needs *needs,
                            const struct snap_need *need,
                            const struct snap_needs_except *except)
{
    if (need->kind == LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT)
        return except && except->config && need->known
            && snap_file_is_same(need->known, except->config);
    if (need->kind != LIBXL_SNAPSHOT_NEED_KIND_DOMAIN || !except
        || !except->num_images
        || !needs_is_text(need->domain, except->domain)
        || !needs_is_text(need->vdev, except->vdev))
        return false;
    if (need->known
        && !(except->file && snap_file_is_same(need->known, except->file)))
        return false;
    return need->image == snap_needs_find_image(sc, needs,
                                                except->images[0]);
}

static bool needs_is_except_image(libxl_snapshot_ctx *sc,
                                  const struct snap_needs *needs, int image,
                                  const struct snap_needs_except *except)
{
    int i;

    for (i = 0; except && i < except->num_images; i++)
        if (snap_needs_find_image(sc, needs, except->images[i]) == image)
            return true;
    return false;
}

struct needs_found {
    struct snap_need *list;
    int num;
};

static void needs_found_add(libxl_snapshot_ctx *sc, struct needs_found *f,
                            const struct snap_need *need, int image)
{
    f->list = snap_grow_by_one(sc, f->list, f->num, sizeof(*f->list));
    f->list[f->num] = *need;
    if (need->image != image)
        f->list[f->num].how = LIBXL_SNAPSHOT_NEED_HOW_IN_CHAIN;
    f->num++;
}

const struct snap_need *snap_needs_of_image(
    libxl_snapshot_ctx *sc, const struct snap_needs *needs, int image,
    const struct snap_needs_except *except, int *num_r)
{
    struct needs_found found = { .num = 0 };
    int i;

    for (i = 0; i < needs->num; i++) {
        const struct snap_need *need = &needs->list[i];

        if (need->how != LIBXL_SNAPSHOT_NEED_HOW_CHILD
            && !needs_is_except(sc, needs, need, except)
            && snap_needs_is_on(needs, need->image, image))
            needs_found_add(sc, &found, need, image);
    }
    for (i = 0; i < needs->num_images; i++) {
        const char *path = needs->images[i].layer.path;

        if (needs->images[i].base == image
            && !needs_is_except_image(sc, needs, i, except))
            needs_found_add(sc, &found, &(struct snap_need){
                .kind = LIBXL_SNAPSHOT_NEED_KIND_IMAGE,
                .who = snap_sprintf(sc, "image %s", path), .name = path,
                .known = path, .layer = path, .image = i,
            }, image);
    }
    *num_r = found.num;
    return found.list;
}

const struct snap_need *snap_needs_of(libxl_snapshot_ctx *sc,
                                      const struct snap_needs *needs,
                                      const char *path,
                                      const struct snap_needs_except *except,
                                      int *num_r)
{
    int image = snap_needs_find_image(sc, needs, path);

    *num_r = 0;
    return image < 0 ? NULL
        : snap_needs_of_image(sc, needs, image, except, num_r);
}

const char *snap_needs_text(libxl_snapshot_ctx *sc,
                            const struct snap_need *list, int num)
{
    struct snap_users_named named = { .num = 0 };
    int i, k;

    for (i = 0; i < num; i++) {
        for (k = 0; k < named.num; k++)
            if (!strcmp(named.names[k], list[i].who)) break;
        if (k < named.num) continue;
        if (named.num < SNAP_USERS_NAMED)
            named.names[named.num++] = list[i].who;
        else
            named.more++;
    }
    return snap_users_text(sc, &named);
}

/*-- signs of others --------------------------------------------------------*/

/* The snapshot whose base @image is, lost ones alone: @lost.  One that has a
 * tag in it has not frozen it. */
static const struct snap_need *needs_snapshot_of(
    const struct snap_needs *needs, int image, bool lost)
{
    int i;

    for (i = 0; i < needs->num; i++) {
        const struct snap_need *need = &needs->list[i];

        if (need->kind == LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT
            && need->how == LIBXL_SNAPSHOT_NEED_HOW_PARENT
            && need->known_by != SNAP_KNOWN_BY_TAG
            && need->image == image && (need->lost || !lost))
            return need;
    }
    return NULL;
}

const struct snap_need *snap_needs_lost_of(libxl_snapshot_ctx *sc,
                                           const struct snap_needs *needs,
                                           const char *path)
{
    int image = snap_needs_find_image(sc, needs, path);

    return image < 0 ? NULL : needs_snapshot_of(needs, image, true);
}

const char *snap_needs_sign(libxl_snapshot_ctx *sc,
                            const struct snap_needs *needs, const char *path)
{
    int image = snap_needs_find_image(sc, needs, path);
    unsigned int names = snap_file_num_names(path);

    if (snap_needs_is_disregarded(sc, needs, path)) return NULL;
    if (names > 1)
        return snap_sprintf(sc, "has %u names (hard links), and who needs it "
                            "by the others is not known", names);
    if (!snap_file_is_frozen(path)
        || (image >= 0 && needs_snapshot_of(needs, image, false)))
        return NULL;
    return "is protected, and no snapshot that is known here says for whom";
}

/*-- leftovers --------------------------------------------------------------*/

static bool needs_is_of(const struct snap_need *need, const char *name,
                        const libxl_uuid *uuid)
{
    if (uuid && !libxl_uuid_is_nil(uuid)
        && !libxl_uuid_compare(uuid, &need->uuid))
        return true;
    return name && need->domain && !strcmp(need->domain, name);
}

/* True if @path is an overlay that a revert to the snapshot of @child made:
 * CHILD without its extension, .rN, and one (xl_snapshot_paths.c). */
static bool needs_is_of_revert(const char *path, const char *child)
{
    const char *slash = strrchr(child, '/'), *dot = strrchr(child, '.');
    size_t stem = dot && (!slash || dot > slash + 1) ? (size_t)(dot - child)
                                                     : strlen(child);

    if (strncmp(path, child, stem)) return false;
    path += stem;
    if (strncmp(path, ".r", 2) || !isdigit((unsigned char)path[2]))
        return false;
    path += 2;
    path += strspn(path, "0123456789");
    return !strcmp(path, ".qcow2") || !strcmp(path, ".vhd");
}

/* True if a create or a revert has made the image. */
static bool needs_is_made(libxl_snapshot_ctx *sc,
                          const struct snap_needs *needs, int image,
                          const char *name, const libxl_uuid *uuid)
{
    const char *path = snap_file_true_path(sc,
                                           needs->images[image].layer.path);
    int i;

    for (i = 0; i < needs->num; i++) {
        const struct snap_need *need = &needs->list[i];

        if (need->how == LIBXL_SNAPSHOT_NEED_HOW_CHILD
            && needs_is_of(need, name, uuid)
            && (need->image == image
                || needs_is_of_revert(path, need->layer)))
            return true;
    }
    return false;
}

bool snap_needs_is_leftover(libxl_snapshot_ctx *sc,
                            const struct snap_needs *needs, int image,
                            const char *name, const libxl_uuid *uuid)
{
    int i;

    if (!needs->images[image].is_there) return false;
    for (i = 0; i < needs->num; i++)
        if (needs->list[i].image == image
            && needs->list[i].how != LIBXL_SNAPSHOT_NEED_HOW_CHILD)
            return false;
    for (i = 0; i < needs->num_images; i++)
        if (needs->images[i].base == image
            && !snap_needs_is_leftover(sc, needs, i, name, uuid))
            return false;
    return needs_is_made(sc, needs, image, name, uuid);
}
