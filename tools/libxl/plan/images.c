/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan/images.c: what a plan acts on, by the plan itself.  All that its
 * steps name counts, in whatever member, but for what plan/kinds.c has as
 * something else; so the images of a new kind of step cannot be forgotten.
 */
#include "plan/plan.h"

#include <string.h>

struct images {
    libxl_snapshot_ctx *sc;
    int num;
    const char **paths;         /* with a NULL behind them */
};

static void images_add(struct images *images, const char *path)
{
    int i;

    if (!path || !*path) return;
    for (i = 0; i < images->num; i++)
        if (!strcmp(images->paths[i], path)) return;
    images->paths = snap_grow(images->sc, images->paths,
                              (i + 1) * sizeof(path),
                              (i + 2) * sizeof(path));
    images->paths[images->num++] = path;
}

/* Add the volume VG/LV; not another text. */
static void images_add_volume(struct images *images, const char *text)
{
    const char *slash = text ? strchr(text, '/') : NULL;

    if (!slash || slash == text || !slash[1] || strchr(slash + 1, '/')
        || strpbrk(text, "={}\"' "))
        return;
    images_add(images, snap_sprintf(images->sc, "/dev/%s", text));
}

static void images_add_argv(struct images *images, const char **argv)
{
    for (; argv[0] && argv[1]; argv++)
        if (argv[1][0] == '/') images_add(images, argv[1]);
        else images_add_volume(images, argv[1]);
}

/* Add the paths in JSON for QEMU or a hook. */
static void images_add_json(struct images *images, yajl_val v)
{
    const char *s = YAJL_GET_STRING(v);
    size_t i;

    if (s && *s == '/') images_add(images, snap_strdup(images->sc, s));
    for (i = 0; YAJL_IS_ARRAY(v) && i < v->u.array.len; i++)
        images_add_json(images, v->u.array.values[i]);
    for (i = 0; YAJL_IS_OBJECT(v) && i < v->u.object.len; i++)
        images_add_json(images, v->u.object.values[i]);
}

static void images_add_step(struct images *images,
                            const struct snap_step *step)
{
    yajl_val arguments = step->arguments ? snap_json_parse(step->arguments)
                                         : NULL;
    int i;

    if (snap_step_path_is_image(step)) images_add(images, step->path);
    images_add(images, step->to);
    images_add(images, step->owner_of);
    images_add(images, step->writes);
    for (i = 0; step->images && step->images[i]; i++)
        images_add(images, step->images[i]);
    for (i = 0; i < step->num_repoints; i++) {
        images_add(images, step->repoints[i].from);
        images_add(images, step->repoints[i].to);
    }
    if (snap_step_argv_has_images(step)) images_add_argv(images, step->argv);
    images_add_volume(images, step->done_probe);
    if (arguments) images_add_json(images, arguments);
    yajl_tree_free(arguments);
    if (step->undo) images_add_step(images, step->undo);
}

const char **snap_plan_images(libxl_snapshot_ctx *sc,
                              const struct snap_plan *plan)
{
    struct images images = {
        .sc = sc, .paths = snap_zalloc(sc, sizeof(*images.paths)),
    };
    int i;

    for (i = 0; i < plan->num_steps; i++)
        images_add_step(&images, &plan->steps[i]);
    return images.paths;
}
