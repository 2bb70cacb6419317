/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-copy-plans.c: the plan of each copy of a disk, and why others are
 * refused.
 */
#include "plans.h"

#define GiB (UINT64_C(1) << 30)

struct copy_facts {
    struct merge_facts chain;
    libxl_snapshot_copy_params params;
    struct snap_remove_file old[8];
    struct snap_copy c;
};

static const struct copy_case {
    const char *name;           /* of its golden file */
    bool runs, pivot, shallow, reuse, config;
    const char *path, *format;
} copy_cases[] = {
    { "copy", .path = "/new/vm.qcow2", .format = "qcow2" },
    { "copy-shallow", .shallow = true, .path = "/new/vm.qcow2",
      .format = "qcow2" },
    { "move", .pivot = true, .config = true, .path = "/new/vm.qcow2",
      .format = "qcow2" },
    { "move-to-volume", .pivot = true, .reuse = true,
      .path = "/dev/vg/vm", .format = "raw" },
    { "run-copy", .runs = true, .path = "/new/vm.raw", .format = "raw" },
    { "run-copy-shallow", .runs = true, .shallow = true,
      .path = "/new/vm.qcow2", .format = "qcow2" },
    { "run-move", .runs = true, .pivot = true, .config = true,
      .path = "/new/vm.qcow2", .format = "qcow2" },
    { "run-move-shallow", .runs = true, .pivot = true, .shallow = true,
      .path = "/new/vm.qcow2", .format = "qcow2" },
    { "run-move-to-volume", .runs = true, .pivot = true, .reuse = true,
      .path = "/dev/vg/vm", .format = "raw" },
    { NULL }
};

static void copy_facts(const struct copy_case *cc, struct copy_facts *f)
{
    const struct merge_case chain = {
        .kind = PULL, .flags = cc->runs ? RUNS : 0,
    };
    int i;

    memset(f, 0, sizeof(*f));
    merge_facts(&chain, &f->chain);
    f->params = (libxl_snapshot_copy_params){
        .vdev = (char *)"xvda", .path = (char *)cc->path,
        .shallow = cc->shallow, .reuse = cc->reuse, .pivot = cc->pivot,
        .config_path = (char *)(cc->config ? "/etc/xen/vm.cfg" : NULL),
        .config_text = (char *)(cc->config ? "new text\n" : NULL),
    };
    f->c = (struct snap_copy){
        .params = &f->params, .disk = &f->chain.disk,
        .chain = &f->chain.disk.chain, .dom = f->chain.m.dom,
        .format = cc->format, .node = "xvda-s5",
        .base_node = cc->shallow ? "#block123" : NULL,
        .target = { .path = cc->path, .exists = cc->reuse,
                    .space = 100 * GiB },
        .config_state = "file 9 1.5 0", .active_state = "file 8 1.5 0",
        .old = f->old,
    };
    for (i = 0; i < f->chain.disk.chain.num_layers; i++)
        f->old[i] = (struct snap_remove_file){
            .path = f->chain.layers[i].path, .identity = "inode 10 born 1.5",
        };
    if (!cc->reuse) return;
    f->c.image.layer = (struct snap_layer){
        .path = cc->path, .format = cc->format, .virtual_size = 8 * GiB,
    };
}

/* Check the facts and fill in f->c.plan; or return why it is refused. */
static const char *copy_plan(struct copy_facts *f)
{
    if (snap_copy_check(sc, &f->c)) return snap_take_error(sc);
    snap_copy_plan(sc, &f->c);
    return NULL;
}

static void each_copy_has_its_plan(void)
{
    const char *names[16] = { "refused" };
    const struct copy_case *cc;
    struct copy_facts f;
    int num = 1;

    for (cc = copy_cases; cc->name; cc++) {
        copy_facts(cc, &f);
        CHECK_STR(copy_plan(&f), NULL);
        names[num++] = cc->name;
        check_golden(snap_sprintf(sc, "copy/%s.txt", cc->name),
                     plan_text(&f.c.plan));
    }
    check_golden_folder("copy", names, num);
}

/* A copy that has no pivot never touches what the disk stands on. */
static void a_copy_alone_changes_nothing_else(void)
{
    const struct copy_case *cc;
    struct copy_facts f;
    int i;

    for (cc = copy_cases; cc->name; cc++) {
        if (cc->pivot) continue;
        copy_facts(cc, &f);
        CHECK_STR(copy_plan(&f), NULL);
        for (i = 0; i < f.c.plan.num_steps; i++) {
            const struct snap_step *step = &f.c.plan.steps[i];

            CHECK(step->kind != SNAP_STEP_FREEZE);
            CHECK(step->kind != SNAP_STEP_REPOINT);
            CHECK(step->kind != SNAP_STEP_REPLACE);
            CHECK(!step->writes || !strcmp(step->writes, cc->path));
        }
    }
}

/*-- refused ------------------------------------------------------------*/

static const struct snap_tag tag = { .id = "1", .name = "t1" };

static void is_corrupt(struct copy_facts *f)
{
    f->chain.layers[2].corrupt = true;
}

static void is_encrypted(struct copy_facts *f)
{
    f->chain.layers[2].encrypted = true;
}

static void is_no_qcow2(struct copy_facts *f)
{
    f->c.format = "raw";
}

static void has_one_layer(struct copy_facts *f)
{
    f->chain.disk.chain.num_layers = 1;
}

static void has_no_size(struct copy_facts *f)
{
    f->chain.disk.chain.virtual_size = 0;
}

static void exists(struct copy_facts *f)
{
    f->c.target.exists = true;
}

static void is_not_there(struct copy_facts *f)
{
    f->c.target.exists = false;
}

static void is_in_dev(struct copy_facts *f)
{
    f->params.reuse = false;
}

static void is_of_another_size(struct copy_facts *f)
{
    f->c.image.layer.virtual_size++;
}

static void stands_on_something(struct copy_facts *f)
{
    f->c.image.base = "/srv/gold.qcow2";
}

static void has_tags(struct copy_facts *f)
{
    f->c.image.layer.num_tags = 1;
    f->c.image.layer.tags = &tag;
}

static void is_needed(struct copy_facts *f)
{
    f->c.needed = "domain db";
}

static void is_not_known(struct copy_facts *f)
{
    f->c.unknown = "/etc/xen/db.cfg: Permission denied";
}

static void has_a_blank(struct copy_facts *f)
{
    f->params.path = (char *)"/new/my vm.qcow2";
}

static void has_no_room(struct copy_facts *f)
{
    f->c.target.space = GiB;
}

static void is_in_a_strange_folder(struct copy_facts *f)
{
    f->c.doubt = "/srv/vm can be written to by others";
}

static void goes_to_a_strange_folder(struct copy_facts *f)
{
    f->c.target.doubt = "/new can be written to by others";
}

static void is_used(struct copy_facts *f)
{
    static struct snap_file_use use = {
        .who = "the copy", .path = "/dev/vg/vm",
        .users = (char *)"qemu-nbd (pid 412)",
    };

    f->c.layers = (struct snap_layers){ 1, &use };
}

static void has_data(struct copy_facts *f)
{
    f->c.has_data = true;
}

static void is_shared(struct copy_facts *f)
{
    f->c.others = "domain db by /etc/xen/db.cfg";
}

static void goes_without_text(struct copy_facts *f)
{
    f->params.remove = true;
    f->params.config_text = NULL;
}

static void leaves_a_volume(struct copy_facts *f)
{
    f->params.remove = true;
    f->old[1].identity = NULL;
}

static void does_not_move(struct copy_facts *f)
{
    f->params.pivot = false;
}

static const struct {
    const char *case_name, *what;
    void (*spoil)(struct copy_facts *f);
} refused[] = {
    { "copy", "corrupt", is_corrupt },
    { "copy", "encrypted", is_encrypted },
    { "copy-shallow", "raw", is_no_qcow2 },
    { "copy-shallow", "one layer", has_one_layer },
    { "copy", "no size", has_no_size },
    { "copy", "there already", exists },
    { "move-to-volume", "not there", is_not_there },
    { "move-to-volume", "a new file in /dev", is_in_dev },
    { "move-to-volume", "another size", is_of_another_size },
    { "move-to-volume", "stands on something", stands_on_something },
    { "move-to-volume", "tags", has_tags },
    { "move-to-volume", "needed", is_needed },
    { "move-to-volume", "not known", is_not_known },
    { "move-to-volume", "used", is_used },
    { "move", "a blank", has_a_blank },
    { "run-copy", "no room", has_no_room },
    { "copy", "folder of the disk", is_in_a_strange_folder },
    { "copy", "folder of the copy", goes_to_a_strange_folder },
    { "move", "no pivot", does_not_move },
    { "move-to-volume", "data", has_data },
    { "move", "another's disk", is_shared },
    { "move", "named by the xl.cfg", goes_without_text },
    { "move", "a volume", leaves_a_volume },
};

static void each_refusal_says_why(void)
{
    const struct copy_case *cc;
    const char *text = "", *why;
    struct copy_facts f;
    size_t i;

    for (i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        for (cc = copy_cases; strcmp(cc->name, refused[i].case_name); cc++);
        copy_facts(cc, &f);
        refused[i].spoil(&f);
        why = copy_plan(&f);
        CHECK(why != NULL && f.c.plan.num_steps == 0);
        text = snap_sprintf(sc, "%s%s, %s: %s\n", text,
                            refused[i].case_name, refused[i].what, why);
    }
    check_golden("copy/refused.txt", text);
}

/* A blank in the name of a copy that nothing starts from does no harm. */
static void a_copy_may_be_called_anything(void)
{
    struct copy_facts f;

    copy_facts(&copy_cases[0], &f);
    has_a_blank(&f);
    f.c.target.path = f.params.path;
    CHECK_STR(copy_plan(&f), NULL);
}

TESTS(TEST(each_copy_has_its_plan), TEST(a_copy_alone_changes_nothing_else),
      TEST(each_refusal_says_why), TEST(a_copy_may_be_called_anything))
