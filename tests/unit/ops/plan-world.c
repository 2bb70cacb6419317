/* SPDX-License-Identifier: LGPL-2.1-only */
/* plan-world.c: see plan-world.h. */
#include "plan-world.h"

/*-- things -------------------------------------------------------------*/

static int world_find(const struct world *w, const char *thing)
{
    int i;

    for (i = 0; i < w->num; i++)
        if (!strcmp(w->things[i], thing)) break;
    return i;
}

static void world_set(struct world *w, const char *kind, const char *name,
                      bool there)
{
    const char *thing = snap_sprintf(sc, "%s %s", kind, name);
    int i = world_find(w, thing);

    if (there && i == w->num) {
        REQUIRE((size_t)w->num < sizeof(w->things) / sizeof(*w->things));
        w->things[w->num++] = thing;
    } else if (!there && i < w->num) {
        w->things[i] = w->things[--w->num];
    }
}

static bool world_has(const struct world *w, const char *kind,
                      const char *name)
{
    return world_find(w, snap_sprintf(sc, "%s %s", kind, name)) < w->num;
}

/*-- steps --------------------------------------------------------------*/

static const char *argv_last(const char **argv)
{
    while (argv[1]) argv++;
    return *argv;
}

static const char *argv_text(const char **argv)
{
    const char *text = "";

    for (; *argv; argv++) text = snap_sprintf(sc, "%s %s", text, *argv);
    return text;
}

/* Its outcome, by what it runs: "qemu-img snapshot -q -c TAG", say. */
static void world_exec(struct world *w, const struct snap_step *s)
{
    const char **argv = s->argv;
    const char *text = argv_text(argv);

    if (s->done_when == SNAP_DONE_LV_IS_THERE
        || s->done_when == SNAP_DONE_LV_IS_GONE
        || s->done_when == SNAP_DONE_LV_IS_REMOVED)
        world_set(w, "volume", s->done_probe,
                  s->done_when == SNAP_DONE_LV_IS_THERE);
    else if (strstr(text, "qemu-img create"))
        world_set(w, "format of", argv[10], true);
    else if (strstr(text, "vhd-util snapshot"))
        world_set(w, "format of", argv[3], true);
    else if (strstr(text, "qemu-img snapshot"))
        world_set(w, !strcmp(argv[3], "-a") ? "applied" : "tag",
                  argv_last(argv), strcmp(argv[3], "-d"));
    else if (strstr(text, "lvchange -q -prw"))
        world_set(w, "frozen", argv_last(argv), false);
    else if (strstr(text, "lvchange -q -pr"))
        world_set(w, "frozen", argv_last(argv), true);
    else if (strstr(text, "qemu-img rebase -q -u"))
        world_set(w, "other base of", argv_last(argv), true);
    else if (strstr(text, "qemu-img commit")
             || strstr(text, "qemu-img rebase"))
        return;                 /* what the chain shows is the same */
    else
        CHECK(strstr(text, "lvchange -q -a") || !strcmp(*argv, "sync"));
}

static void world_hook(struct world *w, const struct snap_step *s)
{
    yajl_val request = snap_json_parse(s->arguments);
    const char *path = snap_json_str(request, "path");

    world_set(w, !strcmp(s->command, "revert") ? "applied by the hook"
                                               : "state of the hook", path,
              strcmp(s->command, "delete"));
    yajl_tree_free(request);
}

/* The tags of a transaction are on disks. */
static void world_qmp(struct world *w, const struct snap_step *s)
{
    yajl_val arguments = snap_json_parse(s->arguments), actions;
    size_t i;

    if (strcmp(s->command, "transaction")) {
        world_set(w, "node", snap_json_str(arguments, "node-name"),
                  !strcmp(s->command, "blockdev-add"));
        goto out;
    }
    actions = snap_json_get(arguments, "actions");
    for (i = 0; i < actions->u.array.len; i++) {
        yajl_val data = snap_json_get(actions->u.array.values[i], "data");
        const char *tagged = snap_json_str(data, "device");

        world_set(w, tagged ? "tag by QEMU in" : "switch of",
                  tagged ? tagged : snap_json_str(data, "node"), true);
    }
 out:
    yajl_tree_free(arguments);
}

static void world_repoint(struct world *w, const struct snap_step *s)
{
    int i;

    for (i = 0; i < s->num_repoints; i++) {
        world_set(w, s->repoints[i].vdev, s->repoints[i].from, false);
        world_set(w, s->repoints[i].vdev, s->repoints[i].to, true);
    }
}

static void world_domain(struct world *w, const struct snap_step *s)
{
    switch (s->kind) {
    case SNAP_STEP_SAVE: w->suspended = true; break;
    case SNAP_STEP_RESUME: w->suspended = false; break;
    case SNAP_STEP_PAUSE: w->paused++; break;
    case SNAP_STEP_UNPAUSE: if (w->paused) w->paused--; break;
    case SNAP_STEP_QUIESCE: w->frozen = true; break;
    case SNAP_STEP_THAW: w->frozen = false; break;
    case SNAP_STEP_HOLD_MONITOR: w->held = true; break;
    case SNAP_STEP_RELEASE_MONITOR: w->held = false; break;
    case SNAP_STEP_REPOINT: world_repoint(w, s); break;
    case SNAP_STEP_DESTROY:
        w->gone = true;
        w->paused = 0;
        break;
    case SNAP_STEP_RESTORE:
    case SNAP_STEP_BOOT:
        w->gone = false;
        w->paused = 1;
        break;
    default: CU_FAIL("a step that the model does not know");
    }
}

/* As run/again.c has it. */
static bool world_is_done(const struct world *w, const struct snap_step *s)
{
    switch (s->kind) {
    case SNAP_STEP_QUIESCE: case SNAP_STEP_THAW: return true;
    case SNAP_STEP_QMP: case SNAP_STEP_REPOINT: case SNAP_STEP_DESTROY:
        return w->gone;
    case SNAP_STEP_RESUME: return w->gone || !w->suspended;
    case SNAP_STEP_PAUSE: case SNAP_STEP_UNPAUSE:
        return w->gone || (w->paused > 0) == (s->kind == SNAP_STEP_PAUSE);
    case SNAP_STEP_EXEC:
        if (s->done_when == SNAP_DONE_LV_IS_THERE)
            return world_has(w, "volume", s->done_probe);
        return (s->done_when == SNAP_DONE_LV_IS_GONE
                || s->done_when == SNAP_DONE_LV_IS_REMOVED)
            && !world_has(w, "volume", s->done_probe);
    case SNAP_STEP_PUBLISH: case SNAP_STEP_REPLACE:
        return !world_has(w, "file", s->path);
    default: return false;
    }
}

void world_apply(struct world *w, const struct snap_step *s, bool again)
{
    if (again && world_is_done(w, s)) return;
    switch (s->kind) {
    case SNAP_STEP_MKDIR: world_set(w, "folder", s->path, true); break;
    case SNAP_STEP_RMDIR: world_set(w, "folder", s->path, false); break;
    case SNAP_STEP_CREATE_FILE: world_set(w, "file", s->path, true); break;
    case SNAP_STEP_UNLINK:
        world_set(w, "file", s->path, false);
        world_set(w, "format of", s->path, false);
        break;
    case SNAP_STEP_PUBLISH:
        world_set(w, "file", s->path, false);
        world_set(w, "file", s->to, true);
        break;
    case SNAP_STEP_REPLACE:
        world_set(w, "file", s->path, false);
        world_set(w, "replaced", s->to, true);
        break;
    case SNAP_STEP_FREEZE: world_set(w, "frozen", s->path, true); break;
    case SNAP_STEP_UNFREEZE: world_set(w, "frozen", s->path, false); break;
    case SNAP_STEP_REMOVE_IMAGE:
        world_set(w, "image", s->path, false);
        world_set(w, "frozen", s->path, false);
        break;
    case SNAP_STEP_UNFENCE: world_set(w, "fenced", s->path, false); break;
    case SNAP_STEP_REMOVE_BITMAPS:
    case SNAP_STEP_RECORD:
    case SNAP_STEP_RECORD_AGAIN:
    case SNAP_STEP_LOOK_AGAIN:
    case SNAP_STEP_LOOK_OFF:
    case SNAP_STEP_FLUSH: break;
    case SNAP_STEP_EXEC: world_exec(w, s); break;
    case SNAP_STEP_HOOK: world_hook(w, s); break;
    case SNAP_STEP_QMP: world_qmp(w, s); break;
    default: world_domain(w, s);
    }
}

/*-- worlds -------------------------------------------------------------*/

/* The volumes that it is going to merge are there, as the images that it is
 * going to delete; what it makes writable is frozen; and where the disks
 * are. */
struct world world_before(const struct snap_plan *plan, bool paused)
{
    struct world w = { .paused = paused };
    int i, k;

    for (i = 0; i < plan->num_steps; i++) {
        const struct snap_step *s = &plan->steps[i];

        if (s->done_when == SNAP_DONE_LV_IS_GONE)
            world_set(&w, "volume", s->done_probe, true);
        if (s->kind == SNAP_STEP_REMOVE_IMAGE)
            world_set(&w, "image", s->path, true);
        if (s->undo && (s->undo->kind == SNAP_STEP_FREEZE
                        || (s->undo->argv
                            && !strcmp(s->undo->argv[0], "lvchange"))))
            world_apply(&w, s->undo, false);
        if (s->kind != SNAP_STEP_REPOINT) continue;
        for (k = 0; k < s->num_repoints; k++)
            world_set(&w, s->repoints[k].vdev, s->repoints[k].from, true);
    }
    return w;
}

/* On the disks of the host. */
static bool world_lasts(const char *thing)
{
    static const char *const kinds[] = {
        "file", "folder", "format of", "volume", "tag",
        "state of the hook", "applied", "frozen", "image", "replaced",
        "other base of",
    };
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (!strncmp(thing, kinds[i], strlen(kinds[i]))) return true;
    return false;
}

void world_stop(struct world *w)
{
    int i;

    w->paused = 0;
    w->gone = true;
    w->suspended = w->frozen = w->held = false;
    for (i = w->num - 1; i >= 0; i--)
        if (!world_lasts(w->things[i])) w->things[i] = w->things[--w->num];
}

/* As world_repoint() has them: "VDEV PATH". */
static bool world_is_record(const char *thing)
{
    return !strncmp(thing, "xvd", 3) || !strncmp(thing, "hd", 2);
}

struct world world_of_guest(const struct world *w)
{
    struct world guest = *w;
    int i;

    guest.num = 0;
    for (i = 0; i < w->num; i++)
        if (world_is_record(w->things[i]))
            guest.things[guest.num++] = w->things[i];
    return guest;
}

static const char *world_lacks(const struct world *a,
                               const struct world *b, const char *sign)
{
    const char *text = "";
    int i;

    for (i = 0; i < b->num; i++)
        if (world_find(a, b->things[i]) == a->num)
            text = snap_sprintf(sc, "%s %s%s", text, sign, b->things[i]);
    return text;
}

const char *world_diff(const struct world *a, const struct world *b)
{
    const char *text = snap_sprintf(sc, "%s%s", world_lacks(b, a, "-"),
                                    world_lacks(a, b, "+"));

    if (a->paused != b->paused)
        text = snap_sprintf(sc, "%s paused %d, not %d", text, b->paused,
                            a->paused);
    if (a->gone != b->gone)
        text = snap_sprintf(sc, "%s gone or not", text);
    if (a->suspended != b->suspended)
        text = snap_sprintf(sc, "%s suspended or not", text);
    if (a->frozen != b->frozen)
        text = snap_sprintf(sc, "%s frozen or not", text);
    if (a->held != b->held)
        text = snap_sprintf(sc, "%s its monitor held or not", text);
    return *text ? text : NULL;
}
