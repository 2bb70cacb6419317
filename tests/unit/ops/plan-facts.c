/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan-facts.c: the facts of creates and reverts. They come from
 * disk_facts[] where gather asks libxl, QEMU and LVM; what it makes of
 * them is made here by the same pure functions of the library.
 */
#include "plan-disks.h"

#include <stdlib.h>

#define FOLDER      "/snapshots/vm"
#define DIRECTORY   FOLDER "/" SNAPSHOT

/* A path of the test's memory. */
static char *facts_path(const char *path, int i)
{
    char *result = disk_path(path, i), *copy = snap_strdup(sc, result);

    free(result);
    return copy;
}

static struct snap_target facts_target(const char *path)
{
    return (struct snap_target){ .path = path,
                                 .space = UINT64_C(1) << 40 };
}

/*-- create -------------------------------------------------------------*/

/* As the command chooses them. */
static void create_params(const struct plan_case *pc, enum state state,
                          struct create_facts *f)
{
    libxl_domain_snapshot_params *p = &f->params;
    bool memory = state != OFF && (pc->what == MEMORY || pc->what == LIVE);
    int i;

    libxl_domain_snapshot_params_init(p);
    p->name = (char *)SNAPSHOT;
    p->creation_time = CREATED;
    p->directory = (char *)DIRECTORY;
    p->config_path = (char *)DIRECTORY "/snapshot.cfg";
    if (memory) p->memory_path = (char *)DIRECTORY "/memory";
    else p->domain_config_path = (char *)DIRECTORY "/domain.cfg";
    p->live = pc->what == LIVE;
    p->quiesce = pc->what == AGENT || pc->what == COMMAND;
    if (pc->what == COMMAND) p->quiesce_command = (char *)"/srv/vm/quiet";
    p->leave_paused = pc->flags & LEAVE_PAUSED;
    p->unpause_to_save = pc->flags & UNPAUSE;
    p->skip_unsupported = pc->flags & SKIP;
    p->disks = f->disks;
    for (i = 0; i < MAX_DISKS && pc->disks[i]; i++) {
        const struct disk_facts *facts = &disk_facts[pc->disks[i]];

        if (facts->read_only
            || (pc->disks[i] == UNSUPPORTED && p->skip_unsupported
                && state != OFF))
            continue;
        f->disks[p->num_disks++] = (libxl_disk_snapshot_params){
            .vdev = (char *)disk_vdev(i), .mode = facts->mode,
            .path = facts_path(facts->overlay, i), .reuse = facts->reuse,
        };
    }
}

/* An overlay as it has to be. */
static void create_reused(struct snap_disk_op *op)
{
    op->reuse = op->target.exists = true;
    op->reused_state = "file 196616 1.000000002 0123456789abcdef";
    op->reused = (struct snap_reused){
        .num_names = 1, .is_on_image = true, .is_empty = true,
        .image = { .layer = { .path = op->path, .format = "qcow2",
                              .virtual_size = DISK_BYTES },
                   .base = op->image,
                   .base_format = snap_imageinfo_format(op->format) },
    };
}

static const char *create_op(struct snap_create *c,
                             const libxl_disk_snapshot_params *want,
                             struct snap_disk_op *op)
{
    struct snap_hooks no_others = { .listed = true };
    struct snap_disk *disk =
        (struct snap_disk *)snap_domain_disk(&c->dom, want->vdev);

    snap_choice_make(sc, &no_others, disk);
    *op = (struct snap_disk_op){
        .verb = SNAP_VERB_CREATE, .vdev = want->vdev, .name = SNAPSHOT,
        .creation_time = CREATED, .path = want->path, .disk = disk,
        .driver = snap_choice_of(disk, want->mode)->driver,
        .image = disk->path, .at_stake = disk->path,
        .format = disk->stored->format,
        .node = snap_sprintf(sc, "%s-s1", want->vdev),
    };
    if (want->path) op->target = facts_target(want->path);
    if (want->reuse) create_reused(op);
    return snap_choice_of(disk, want->mode)->why;
}

static const char *create_ops(struct snap_create *c)
{
    struct snap_hooks no_others = { .listed = true };
    const char *why;
    int num = 0, i;

    c->num_ops = c->params->num_disks;
    c->ops = snap_zalloc(sc, c->num_ops * sizeof(*c->ops));
    c->images = snap_zalloc(sc, (2 * c->num_ops + 1) * sizeof(*c->images));
    c->devices = c->dom.devices;
    for (i = 0; i < c->num_ops; i++) {
        struct snap_disk_op *op = &c->ops[i];

        why = create_op(c, &c->params->disks[i], op);
        if (why) return snap_sprintf(sc, "disk %s: %s", op->vdev, why);
        c->images[num++] = op->disk->path;
        if (op->reuse) c->images[num++] = op->path;
    }
    for (i = 0; i < c->dom.num_disks && c->params->skip_unsupported; i++)
        snap_choice_make(sc, &no_others, &c->dom.disks[i]);
    return snap_lv_choose_areas(sc, c->ops, c->num_ops, NULL)
        ? snap_take_error(sc) : NULL;
}

static void create_file(struct snap_create *c, const char *what,
                        const char *path, const char *content)
{
    struct snap_create_file *file = &c->files[c->num_files];

    if (!path) return;
    c->num_files++;
    *file = (struct snap_create_file){
        .what = what, .path = path, .content = content,
        .partial = snap_sprintf(sc, "%s.partial", path),
    };
    file->target = facts_target(file->path);
    file->partial_target = facts_target(file->partial);
}

struct plan_case create_case(const struct plan_case *pc, enum state state)
{
    struct plan_case copy = *pc;

    if (state == PAUSED && pc->guest != HVM_EMULATED
        && (pc->what == MEMORY || pc->what == LIVE))
        copy.flags |= UNPAUSE;
    return copy;
}

const char *create_facts(const struct plan_case *pc, enum state state,
                         struct create_facts *f)
{
    static const char *missing[] = { FOLDER, DIRECTORY };
    struct snap_create *c = &f->c;
    const char *why;

    memset(f, 0, sizeof(*f));
    create_params(pc, state, f);
    c->params = &f->params;
    plan_domain(pc, state, plan_lvm(state, false), &c->dom);
    why = create_ops(c);
    /* as on Debian, whose Xen has no shadow paging for PV */
    c->can_live = f->params.live && pc->guest != PV;
    c->image_config = "(the config in the memory image)";
    c->missing = missing;
    c->num_missing = 2;
    create_file(c, "memory image", f->params.memory_path, NULL);
    create_file(c, "domain config", f->params.domain_config_path,
                "(the xl.cfg)");
    create_file(c, "snapshot config", f->params.config_path,
                "(the snapshot config)");
    return why;
}

const char *create_plan(struct create_facts *f)
{
    if (snap_create_check(sc, &f->c)) return snap_take_error(sc);
    snap_create_plan(sc, &f->c);
    return NULL;
}

void create_facts_dispose(struct create_facts *f)
{
    snap_domain_dispose(&f->c.dom);
}

/*-- revert -------------------------------------------------------------*/

/* An external snapshot gets its base only: the overlay that the domain
 * goes on with is made by libxl_device_disk_copy(), which crashes without
 * a libxl context (4.17). */
static void snapshot_disk(const struct snap_disk_op *op,
                          libxl_disk_snapshot *ds)
{
    const struct snap_disk *disk = op->disk;
    libxl_disk_format format = disk->tapdisk ? LIBXL_DISK_FORMAT_VHD
                                             : disk->stored->format;

    libxl_device_disk_init(&ds->parent);
    libxl_device_disk_init(&ds->child);
    ds->vdev = snap_result_str(op->vdev);
    ds->mode = op->driver->mode;
    ds->driver = snap_result_str(op->driver->name);
    if (op->driver->describe && ds->mode == LIBXL_SNAPSHOT_MODE_INTERNAL)
        op->driver->describe(sc, op, ds);
    else
        snap_device_disk_set(&ds->parent, ds->vdev, disk->path, format);
}

/* The snapshot that a create of this case describes; tapdisk's disks are
 * taken while the domain is off. */
static void snapshot_facts(const struct plan_case *pc,
                           libxl_domain_snapshot *snap)
{
    struct create_facts f;
    int i;

    if (create_facts(pc, RUNNING, &f)) {
        create_facts_dispose(&f);
        CHECK_STR(create_facts(pc, OFF, &f), NULL);
    }
    libxl_domain_snapshot_init(snap);
    snap->name = snap_result_str(SNAPSHOT);
    snap->domain_name = snap_result_str("vm");
    if (!(pc->flags & REBORN))
        libxl_uuid_from_string(&snap->domain_uuid, UUID);
    libxl_defbool_set(&snap->memory, pc->what == MEMORY);
    if (pc->what == MEMORY)
        snap->memory_path = snap_result_str(DIRECTORY "/memory");
    snap->disks = calloc(MAX_DISKS, sizeof(*snap->disks));
    if (!snap->disks) abort();
    for (i = 0; i < f.c.num_ops; i++)
        snapshot_disk(&f.c.ops[i], &snap->disks[snap->num_disks++]);
    for (i = 0; i < f.c.dom.num_disks; i++)
        if (snap_create_skips(&f.c, &f.c.dom.disks[i]))
            snap_skipped_add(snap, f.c.dom.disks[i].vdev);
    create_facts_dispose(&f);
}

/* The chain of the image, with the tag in it, or NULL. */
static struct snap_chain revert_chain(const struct disk_facts *facts,
                                      int i)
{
    struct snap_chain chain = plan_chain(facts, i);
    struct snap_layer *layers = snap_zalloc(sc, 2 * sizeof(*layers));
    struct snap_tag *tag = snap_zalloc(sc, sizeof(*tag));

    tag->id = "3";              /* as -a is to name it */
    tag->name = SNAPSHOT;
    memcpy(layers, chain.layers, chain.num_layers * sizeof(*layers));
    if (facts->mode == LIBXL_SNAPSHOT_MODE_INTERNAL) {
        layers[0].tags = tag;
        layers[0].num_tags = 1;
    }
    chain.layers = layers;
    return chain;
}

/* Fill in what the driver's look finds. */
static void revert_look(const struct disk_facts *facts,
                        const struct snap_lvm *lvm, int i,
                        struct snap_disk_op *op)
{
    const char *name = strrchr(op->image, '/') + 1;

    op->at_stake = op->image;
    op->exists = true;
    op->hook_has_it = facts->hook != NULL;
    if (facts->format == LIBXL_DISK_FORMAT_VHD) op->vhd = SNAP_VHD_PLAIN;
    if (op->path) op->target = facts_target(op->path);
    if (!facts->lv || facts->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL) {
        op->chain = revert_chain(facts, i);
        return;
    }
    op->lv = snap_lv_named(lvm, "vg-0", name);
    REQUIRE(op->lv != NULL);
    snap_lv_find_origin(op);
    op->at_stake = op->driver->revert_moves_disk ? NULL : op->origin->path;
}

static void revert_ops(const struct plan_case *pc, enum state state,
                       struct snap_revert *r)
{
    const struct snap_lvm *lvm = plan_lvm(state, true);
    int i, vdev;

    r->num_ops = r->snap->num_disks;
    r->ops = snap_zalloc(sc, r->num_ops * sizeof(*r->ops));
    for (i = 0; i < r->num_ops; i++) {
        const libxl_disk_snapshot *ds = &r->snap->disks[i];
        struct snap_disk_op *op = &r->ops[i];
        const struct disk_facts *facts;

        for (vdev = 0; strcmp(disk_vdev(vdev), ds->vdev); vdev++);
        facts = &disk_facts[pc->disks[vdev]];
        *op = (struct snap_disk_op){
            .verb = SNAP_VERB_REVERT, .vdev = ds->vdev, .ds = ds,
            .name = SNAPSHOT, .image = ds->parent.pdev_path,
            .format = ds->parent.format, .running = state != OFF,
        };
        CHECK_OK(snap_driver_of(sc, ds, &op->driver));
        if (op->driver->revert_moves_disk)
            op->path = facts_path(facts->new_image, vdev);
        revert_look(facts, lvm, vdev, op);
    }
}

void revert_facts(const struct plan_case *pc, enum state state,
                  struct revert_facts *f)
{
    static pid_t monitors[] = { 4711 };
    struct snap_revert *r = &f->r;

    memset(f, 0, sizeof(*f));
    snapshot_facts(pc, &f->snap);
    libxl_domain_snapshot_revert_params_init(&f->params);
    f->params.xl_path = (char *)"/usr/sbin/xl";
    f->params.leave_paused = pc->flags & LEAVE_PAUSED;
    f->params.skip_unsupported = pc->flags & SKIP;
    if (pc->what == DISKS)
        f->params.domain_config_path = (char *)DIRECTORY "/domain.cfg";
    r->snap = &f->snap;
    r->params = &f->params;
    snap_domain_init(&r->dom);
    if (state != OFF) {
        r->dom.domid = 7;
        r->dom.name = "vm";
        r->dom.paused = state == PAUSED;
        r->dom.qemu_pid = 412;
        r->dom.monitors = monitors;
        r->dom.num_monitors = pc->flags & UNWATCHED ? 0 : 1;
    }
    /* the image's config has no backends, like an xl.cfg */
    plan_config(pc, OFF, &r->config);
    revert_ops(pc, state, r);
    snap_revert_configure(sc, r);
    r->config_json = "(the config with the new disks)";
}

const char *revert_plan(struct revert_facts *f)
{
    int i, rc;

    rc = snap_refuse_snapshot(sc, &f->snap);
    for (i = 0; !rc && i < f->r.num_ops; i++)
        rc = snap_driver_check(sc, &f->r.ops[i]);
    if (rc) return snap_take_error(sc);
    snap_revert_plan(sc, &f->r);
    return NULL;
}

void revert_facts_dispose(struct revert_facts *f)
{
    libxl_domain_snapshot_dispose(&f->snap);
    libxl_domain_config_dispose(&f->r.config);
    snap_domain_dispose(&f->r.dom);
}
