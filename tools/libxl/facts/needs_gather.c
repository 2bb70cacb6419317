/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/needs_gather.c: all on this host that may need an image: domains,
 * xl.cfg files, saved memory, snapshot configs.  Changes nothing.
 *
 * Nothing here is an error: whatever cannot be read may need the image, and
 * is told as that.
 */
#include "facts/facts.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*-- an image, and what it stands on ----------------------------------------*/

/* What the device stands on: a loop device on its file, a snapshot of a
 * volume on that; NULL: nothing that is known. */
static const char *needs_below_device(libxl_snapshot_ctx *sc,
                                      const char *path,
                                      const struct snap_file_id *id)
{
    const char *file = id ? snap_file_of_loop(sc, id->dev) : NULL;
    const struct snap_lv *lv;

    if (file) return file;
    if (snap_lv_gather(sc, path, &lv)) snap_take_error(sc);
    else if (lv && lv->origin) return snap_lv_device(sc, lv->vg, lv->origin);
    return NULL;
}

int snap_needs_image_at(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                        const char *path)
{
    struct snap_file_id id;
    bool is_there = snap_file_id(path, &id);
    int image, before = needs->num_images;

    if (before == SNAP_NEEDS_IMAGES_MAX) {
        snap_needs_add_unknown(sc, needs, NULL, snap_sprintf(
            sc, "%s, and other images: there are more than %d", path,
            SNAP_NEEDS_IMAGES_MAX));
        return -1;
    }
    image = snap_needs_add_image(
        sc, needs, is_there ? path : snap_file_true_path(sc, path),
        is_there ? &id : NULL);
    if (image < before || strncmp(path, "/dev/", 5)) return image;
    path = needs_below_device(sc, path, is_there ? &id : NULL);
    if (path)
        snap_needs_set_base(needs, image,
                            snap_needs_image_at(sc, needs, path));
    return image;
}

static void needs_problem(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                          int image, const char *why)
{
    const char *path = needs->images[image].layer.path;

    needs->images[image].problem = why;
    snap_needs_add_unknown(sc, needs, path, snap_sprintf(
        sc, "what %s stands on: %s", path, why));
}

/* Ask what the image stands on; *base_r, *format_r: NULL if on nothing. */
static void needs_look(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                       int image, const char *format, const char **base_r,
                       const char **format_r)
{
    struct snap_needs_image *it = &needs->images[image];
    struct snap_image looked;

    *base_r = *format_r = NULL;
    it->looked = true;
    if (snap_image_look_alone(sc, it->layer.path, format, true, &looked)) {
        needs_problem(sc, needs, image, snap_take_error(sc));
        return;
    }
    it->layer = looked.layer;
    it->has_tags = looked.header_tags > 0;
    *base_r = looked.base;
    *format_r = looked.base_format;
}

/* An image that was said to be raw may be said to be a qcow2 elsewhere. */
static bool needs_is_to_look(const struct snap_needs_image *image,
                             const char *format)
{
    const char *before = image->layer.format;

    if (!image->is_there) return false;
    return !image->looked
        || (image->base < 0 && !image->problem && format
            && strcmp(format, "raw") && (!before || strcmp(before, format)));
}

int snap_needs_walk(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                    const char *path, const char *format)
{
    int top = snap_needs_image_at(sc, needs, path), at = top, below;

    while (at >= 0 && needs_is_to_look(&needs->images[at], format)) {
        needs_look(sc, needs, at, format, &path, &format);
        if (!path) break;
        below = snap_needs_image_at(sc, needs, path);
        if (below >= 0 && !snap_needs_set_base(needs, at, below)) {
            needs_problem(sc, needs, at, "it is its own base, so the chain "
                          "has no end");
            break;
        }
        at = below;
    }
    if (at >= 0 && !needs->images[at].is_there && format)
        needs->images[at].said = snap_strdup(sc, format);
    return top;
}

/*-- domains ----------------------------------------------------------------*/

/* tapdisk's target is "vhd:FILE". */
static const char *needs_file(const char *path)
{
    return path && !strncmp(path, "vhd:/", 5) ? path + 4 : path;
}

/* What is not there may stand on any image, as it is on a share that is not
 * mounted now; but no raw image does, nor a vhd on what we merge. */
static void needs_add_missing(libxl_snapshot_ctx *sc,
                              struct snap_needs *needs,
                              const struct snap_need *need)
{
    const struct snap_needs_image *root =
        &needs->images[snap_needs_root(needs, need->image)];
    const char *path = root->layer.path;

    if (root->is_there
        || (root->said
            && (!strcmp(root->said, "raw") || !strcmp(root->said, "vpc")))
        || (need->known && snap_needs_is_disregarded(sc, needs, need->known)))
        return;
    snap_needs_add_unknown(sc, needs, path, snap_sprintf(
        sc, "%s, which %s needs, is not there", path, need->who));
}

/* Add @need, of the image @path, and all below it. */
static void needs_add_image(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                            struct snap_need *need, const char *path,
                            const char *format)
{
    path = needs_file(path);
    if (!path || *path != '/') return;
    need->image = snap_needs_walk(sc, needs, path, format);
    need->layer = snap_file_true_path(sc, path);
    if (need->image < 0) return;
    snap_needs_add(sc, needs, need);
    /* an overlay is not needed by what has made it; a base that was moved is
     * looked for by its state */
    if (need->how == LIBXL_SNAPSHOT_NEED_HOW_CHILD
        || (need->kind == LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT
            && !needs->images[need->image].is_there))
        return;
    needs_add_missing(sc, needs, need);
}

/* A name without a folder depends on where xl is started.  Of a domain that
 * runs the file is open. */
static void needs_add_relative(libxl_snapshot_ctx *sc,
                               struct snap_needs *needs,
                               const struct snap_need *need,
                               const char *path)
{
    if (!need->known || !path || !*path || *path == '/'
        || snap_imageinfo_protocol(sc, path))
        return;
    snap_needs_add_unknown(sc, needs, need->known, snap_sprintf(
        sc, "disk %s of %s is %s, a name without a folder", need->vdev,
        need->who, path));
}

/* Add @disk.  What a script, or a driver domain, makes of a path is their
 * business; if there is such a file here, it may be that, in any format. */
static void needs_add_disk(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                           struct snap_need *need,
                           const struct snap_disk *disk)
{
    const char *path = needs_file(disk->path);

    if (disk->driver_domain || (disk->stored->script && !disk->tapdisk)) {
        if (path && *path == '/' && snap_file_exists(path))
            needs_add_image(sc, needs, need, path, NULL);
        return;
    }
    needs_add_relative(sc, needs, need, path);
    needs_add_image(sc, needs, need, path,
                    disk->tapdisk ? "vpc"
                        : snap_imageinfo_format(disk->stored->format));
}

/* Add the disks of @config; @need says by what it is known. */
static void needs_add_disks(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                            struct snap_need *need,
                            const libxl_domain_config *config)
{
    struct snap_domain dom;
    int i;

    snap_domain_init(&dom);
    dom.config = *config;       /* as it is, to be read */
    snap_domain_gather_disks(sc, &dom);
    need->how = LIBXL_SNAPSHOT_NEED_HOW_ACTIVE;
    need->name = need->domain = snap_strdup(sc, config->c_info.name);
    need->uuid = config->c_info.uuid;
    for (i = 0; i < dom.num_disks; i++) {
        need->vdev = snap_strdup(sc, dom.disks[i].vdev);
        needs_add_disk(sc, needs, need, &dom.disks[i]);
    }
}

/* Add the disks of the domain that has @config; @file: the xl.cfg that says
 * so; NULL: none. */
static void needs_add_config_of(libxl_snapshot_ctx *sc,
                                struct snap_needs *needs,
                                const libxl_domain_config *config,
                                const char *file)
{
    const char *name = config->c_info.name;
    struct snap_need need = {
        .kind = LIBXL_SNAPSHOT_NEED_KIND_DOMAIN, .known = file,
        .who = file ? snap_sprintf(sc, "domain %s by %s", name, file)
                    : snap_sprintf(sc, "domain %s", name),
    };

    needs_add_disks(sc, needs, &need, config);
}

static void needs_add_domain(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                             uint32_t domid)
{
    struct snap_need need = { .kind = LIBXL_SNAPSHOT_NEED_KIND_DOMAIN };
    libxl_domain_config config;

    libxl_domain_config_init(&config);
    need.who = snap_sprintf(sc, "domain %s",
                            snap_xenstore_domain_name(sc, domid));
    if (snap_domain_config_retrieve(sc, domid, &config))
        snap_needs_add_unknown(sc, needs, NULL, snap_sprintf(
            sc, "%s: %s", need.who, snap_take_error(sc)));
    else
        needs_add_disks(sc, needs, &need, &config);
    libxl_domain_config_dispose(&config);
}

static void needs_add_domains(libxl_snapshot_ctx *sc,
                              struct snap_needs *needs)
{
    uint32_t *domids;
    int num, i;

    if (snap_dom_list(sc, NULL, &domids, &num))
        snap_needs_add_unknown(sc, needs, NULL, snap_take_error(sc));
    for (i = 0; i < num; i++)
        needs_add_domain(sc, needs, domids[i]);
}

static void needs_add_domain_file(libxl_snapshot_ctx *sc,
                                  struct snap_needs *needs,
                                  const libxl_snapshot_domain_file *file)
{
    if (file->error)
        snap_needs_add_unknown(sc, needs, file->path, file->error);
    else
        needs_add_config_of(sc, needs, &file->config,
                            snap_strdup(sc, file->path));
}

/* The domain's other disks may stand on the same layers.  What it is
 * described by may be no file, or none of the sources. */
static void needs_add_own(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                          const libxl_snapshot_sources *sources)
{
    int i;

    if (!needs->own) return;
    for (i = 0; needs->own_file && i < sources->num_domain_files; i++)
        if (snap_file_is_same(sources->domain_files[i].path,
                              needs->own_file))
            return;
    needs_add_config_of(sc, needs, needs->own, needs->own_file);
}

/*-- memory that xendomains has saved ---------------------------------------*/

static void needs_add_saved(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                            const char *path)
{
    struct snap_need need = {
        .kind = LIBXL_SNAPSHOT_NEED_KIND_SAVED, .known = path,
    };
    libxl_domain_config config;
    char *json;
    int rc;

    libxl_domain_config_init(&config);
    rc = snap_memory_image_check(sc, path, &json);
    if (!rc) rc = snap_domain_config_from_json(sc, path, json, &config);
    need.who = snap_sprintf(sc, "saved memory %s", path);
    if (rc) snap_needs_add_unknown(sc, needs, path, snap_take_error(sc));
    else needs_add_disks(sc, needs, &need, &config);
    libxl_domain_config_dispose(&config);
}

static int needs_is_no_dot(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void needs_add_saved_folder(libxl_snapshot_ctx *sc,
                                   struct snap_needs *needs,
                                   const char *folder)
{
    struct dirent **entries = NULL;
    int num = scandir(folder, &entries, needs_is_no_dot, alphasort), i;

    if (num < 0 && errno != ENOENT)
        snap_needs_add_unknown(sc, needs, folder, snap_sprintf(
            sc, "saved memory in %s: %s", folder, strerror(errno)));
    for (i = 0; i < num; i++) {
        if (i < SNAP_NEEDS_FILES_MAX)
            needs_add_saved(sc, needs, snap_strdup(sc, snap_sprintf(
                sc, "%s/%s", folder, entries[i]->d_name)));
        free(entries[i]);
    }
    free(entries);
}

static void needs_add_saved_folders(libxl_snapshot_ctx *sc,
                                    struct snap_needs *needs)
{
    const char *folders[SNAP_SAVED_FOLDERS];
    int num, i;

    if (snap_saved_folders(sc, folders, &num))
        snap_needs_add_unknown(sc, needs, NULL, snap_take_error(sc));
    for (i = 0; i < num; i++)
        needs_add_saved_folder(sc, needs, folders[i]);
}

/*-- snapshot configs -------------------------------------------------------*/

/* An image that was moved away is known by its recorded state. */
static void needs_add_lost(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                           const struct snap_need *need,
                           const libxl_disk_snapshot *ds)
{
    const char *path = needs_file(ds->parent.pdev_path);

    if (!path || *path != '/' || snap_file_exists(path)) return;
    needs->lost = snap_grow_by_one(sc, needs->lost, needs->num_lost,
                                   sizeof(*needs->lost));
    needs->lost[needs->num_lost] = (struct snap_needs_lost){
        .need = *need, .state = snap_strdup(sc, ds->state),
    };
    needs->lost[needs->num_lost++].need.lost = snap_strdup(sc, path);
}

static void needs_add_not_found(libxl_snapshot_ctx *sc,
                                struct snap_needs *needs)
{
    int i;

    for (i = 0; i < needs->num_lost; i++)
        if (!needs->lost[i].is_found && needs->lost[i].need.image >= 0)
            needs_add_missing(sc, needs, &needs->lost[i].need);
}

static enum snap_known_by needs_known_by(libxl_snapshot_ctx *sc,
                                         const libxl_disk_snapshot *ds)
{
    const struct snap_driver *driver;

    if (!snap_driver_of(sc, ds, &driver)) return driver->known_by;
    snap_take_error(sc);
    return SNAP_KNOWN_BY_NOTHING;
}

static void needs_add_snapshot(libxl_snapshot_ctx *sc,
                               struct snap_needs *needs, const char *path,
                               const libxl_domain_snapshot *snap)
{
    const char *name = snap->name ? snap->name : "without a name";
    const char *domain = snap->domain_name;
    struct snap_need need = {
        .kind = LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT,
        .name = snap_strdup(sc, name), .domain = snap_strdup(sc, domain),
        .uuid = snap->domain_uuid, .known = snap_strdup(sc, path),
        .who = domain ? snap_sprintf(sc, "snapshot %s of %s", name, domain)
                      : snap_sprintf(sc, "snapshot %s", name),
    };
    int i;

    for (i = 0; i < snap->num_disks; i++) {
        const libxl_disk_snapshot *ds = &snap->disks[i];

        need.known_by = needs_known_by(sc, ds);
        need.state = snap_strdup(sc, ds->state);
        if (ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL) {
            need.how = LIBXL_SNAPSHOT_NEED_HOW_CHILD;
            needs_add_image(sc, needs, &need, ds->child.pdev_path,
                            snap_imageinfo_format(ds->child.format));
        }
        need.how = LIBXL_SNAPSHOT_NEED_HOW_PARENT;
        needs_add_image(sc, needs, &need, ds->parent.pdev_path,
                        snap_imageinfo_format(ds->parent.format));
        needs_add_lost(sc, needs, &need, ds);
    }
}

static void needs_add_config(libxl_snapshot_ctx *sc, struct snap_needs *needs,
                             const char *path)
{
    libxl_domain_snapshot snap;

    libxl_domain_snapshot_init(&snap);
    if (snap_config_read(sc, path, &snap))
        snap_needs_add_unknown(sc, needs, path, snap_take_error(sc));
    else
        needs_add_snapshot(sc, needs, path, &snap);
    libxl_domain_snapshot_dispose(&snap);
}

/*-- all of it --------------------------------------------------------------*/

/* The needs outlive the sources. */
static void needs_copy_disregarded(libxl_snapshot_ctx *sc,
                                   struct snap_needs *needs,
                                   const libxl_snapshot_sources *sources)
{
    int i;

    needs->num_disregarded = sources->num_disregarded;
    needs->disregarded = snap_zalloc(sc, (needs->num_disregarded + 1)
                                         * sizeof(*needs->disregarded));
    for (i = 0; i < needs->num_disregarded; i++)
        needs->disregarded[i] = snap_strdup(sc, sources->disregarded[i]);
}

void snap_needs_gather(libxl_snapshot_ctx *sc,
                       const libxl_snapshot_sources *sources,
                       const struct snap_needs_target *targets, int num,
                       struct snap_needs *needs)
{
    int *images = snap_zalloc(sc, num * sizeof(*images)), i;

    needs_copy_disregarded(sc, needs, sources);
    /* tops of chains first: what is below them is then known already */
    for (i = 0; i < num; i++)
        images[i] = snap_needs_walk(sc, needs, targets[i].path,
                                    targets[i].format);
    needs_add_domains(sc, needs);
    needs_add_own(sc, needs, sources);
    for (i = 0; i < sources->num_domain_files; i++)
        needs_add_domain_file(sc, needs, &sources->domain_files[i]);
    needs_add_saved_folders(sc, needs);
    for (i = 0; i < sources->num_configs; i++)
        needs_add_config(sc, needs, sources->configs[i]);
    snap_needs_look_around(sc, needs, images, num);
    needs_add_not_found(sc, needs);
}
