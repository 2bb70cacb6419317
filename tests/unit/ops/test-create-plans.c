/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-create-plans.c: the plan of each create, and why others are
 * refused.
 */
#include "plan-disks.h"

/* Why the case is refused, a line for each state; its plan in the other
 * states is added to *text_r. */
static const char *refusals(const struct plan_case *pc,
                            const char **text_r)
{
    struct create_facts f;
    const char *why, *refused = "";
    enum state state;

    for (state = 0; state < NUM_STATES; state++) {
        const struct plan_case this = create_case(pc, state);

        why = create_facts(&this, state, &f);
        if (!why) why = create_plan(&f);
        if (why)
            refused = snap_sprintf(sc, "%s%s, %s: %s\n", refused, pc->name,
                                   state_names[state], why);
        else
            *text_r = snap_sprintf(sc, "%s-- %s\n%s", *text_r,
                                   state_names[state],
                                   plan_text(&f.c.plan));
        create_facts_dispose(&f);
    }
    return refused;
}

static void each_create_has_its_plan(void)
{
    const char *names[64] = { "refused-cases", "refused", "combinations" };
    const char *text, *refused = "";
    const struct plan_case *pc;
    int num = 3;

    for (pc = create_cases; pc->name; pc++) {
        text = "";
        refused = snap_sprintf(sc, "%s%s", refused, refusals(pc, &text));
        if (!*text) continue;
        names[num++] = pc->name;
        check_golden(snap_sprintf(sc, "create/%s.txt", pc->name), text);
    }
    check_golden("create/refused-cases.txt", refused);
    check_golden_folder("create", names, num);
}

/*-- refused ------------------------------------------------------------*/

static void is_stubdom(struct create_facts *f)
{
    f->c.dom.stubdom = true;
}

static void is_restricted(struct create_facts *f)
{
    f->c.dom.dm_restricted = true;
}

static void is_migrated(struct create_facts *f)
{
    f->c.dom.saver = 4712;
}

static void has_a_job(struct create_facts *f)
{
    f->c.dom.job = "mirror (drive-xvda)";
}

static void has_config_update(struct create_facts *f)
{
    f->c.dom.config_update = true;
}

static void wants_live(struct create_facts *f)
{
    f->params.live = true;
}

static void wants_memory(struct create_facts *f)
{
    f->params.memory_path = (char *)"/snapshots/vm/s1/memory";
}

static void wants_quiesce(struct create_facts *f)
{
    f->params.quiesce = true;
}

static void wants_quiesce_and_pause(struct create_facts *f)
{
    f->params.quiesce = f->params.leave_paused = true;
}

static void has_no_command(struct create_facts *f)
{
    f->c.quiesce_unsafe = "/srv/vm/quiet: No such file or directory";
}

static void has_relative_command(struct create_facts *f)
{
    f->params.quiesce_command = (char *)"quiet";
}

static void agent_is_the_console(struct create_facts *f)
{
    f->c.dom.config.channels[0].devid = 0;
}

static void is_named_twice(struct create_facts *f)
{
    f->c.ops[1] = f->c.ops[0];
}

static void has_one_overlay(struct create_facts *f)
{
    f->c.ops[1].path = f->c.ops[0].path;
}

static void lacks_a_disk(struct create_facts *f)
{
    f->c.num_ops = 1;
}

static void overlay_exists(struct create_facts *f)
{
    f->c.ops[0].target.exists = true;
}

static void overlay_has_no_room(struct create_facts *f)
{
    f->c.ops[0].target.space = 1 << 20;
}

static void overlay_has_a_blank(struct create_facts *f)
{
    f->c.ops[0].target.path = "/srv/vm/a b";
}

static void memory_has_no_room(struct create_facts *f)
{
    f->c.files[0].partial_target.space = 32 << 20;
}

static void memory_exists(struct create_facts *f)
{
    f->c.files[0].target.exists = true;
}

static void folder_is_none(struct create_facts *f)
{
    f->c.files[0].target.rc = ERROR_INVAL;
    f->c.files[0].target.error = "/snapshots/vm: not a folder";
}

static void tag_exists(struct create_facts *f)
{
    static const struct snap_tag tag = { .id = "1", .name = "s1" };
    struct snap_layer *top = (struct snap_layer *)
        f->c.ops[0].disk->chain.layers;

    top->tags = &tag;
    top->num_tags = 1;
}

static void base_is_in_use(struct create_facts *f)
{
    static struct snap_file_use use = {
        .who = "disk xvda", .path = "/srv/vm/xvda.qcow2",
        .users = (char *)"qemu-nbd (pid 99)",
    };

    f->c.layers.files = &use;
    f->c.layers.num = 1;
}

static void has_another_file_open(struct create_facts *f)
{
    static struct snap_file_use use = {
        .who = "disk xvda", .path = "/srv/vm/xvda.qcow2",
        .server = "QEMU (see ls -l /proc/412/fd)",
    };

    f->c.layers.files = &use;
    f->c.layers.num = 1;
}

static void hook_has_it(struct create_facts *f)
{
    f->c.ops[0].hook_has_it = true;
}

static void name_is_lvms(struct create_facts *f)
{
    f->c.ops[0].name = "x_tdata";
}

/* What an overlay is not to be that the user has made, one by one. */
static struct snap_reused *reused(struct create_facts *f)
{
    return &f->c.ops[0].reused;
}

static void reused_is_not_there(struct create_facts *f)
{
    f->c.ops[0].target.exists = false;
}

static void reused_is_a_link(struct create_facts *f)
{
    reused(f)->why_not_open = "it is a symbolic link";
}

static void reused_is_a_volume(struct create_facts *f)
{
    reused(f)->is_device = true;
}

static void reused_has_names(struct create_facts *f)
{
    reused(f)->num_names = 2;
}

static void reused_has_no_base(struct create_facts *f)
{
    reused(f)->image.base = NULL;
}

static void reused_is_on_another(struct create_facts *f)
{
    reused(f)->image.base = "/srv/vm/other.qcow2";
    reused(f)->is_on_image = false;
}

static void reused_says_no_format(struct create_facts *f)
{
    reused(f)->image.base_format = NULL;
}

static void reused_says_raw(struct create_facts *f)
{
    reused(f)->image.base_format = "raw";
}

static void reused_is_small(struct create_facts *f)
{
    reused(f)->image.layer.virtual_size = DISK_BYTES / 2;
}

static void reused_has_data(struct create_facts *f)
{
    reused(f)->is_empty = false;
}

static void reused_is_in_use(struct create_facts *f)
{
    static struct snap_file_use use = {
        .who = "disk xvda", .path = "/srv/vm/xvda.s1.qcow2",
        .users = (char *)"qemu-system-i386 (pid 412)",
    };

    f->c.reused.files = &use;
    f->c.reused.num = 1;
}

static void reuses_with_tapdisk(struct create_facts *f)
{
    f->c.ops[1].reuse = true;
}

static const struct {
    const char *case_name;
    enum state state;
    const char *what;
    void (*spoil)(struct create_facts *f);
} refused[] = {
    { "external", RUNNING, "in a stub domain", is_stubdom },
    { "external", RUNNING, "dm_restrict", is_restricted },
    { "external", RUNNING, "after xl config-update", has_config_update },
    { "disks-external", RUNNING, "migrated", is_migrated },
    { "internal", RUNNING, "a job", has_a_job },
    { "thick", RUNNING, "a job", has_a_job },
    { "external", RUNNING, "--live", wants_live },
    { "disks-external", RUNNING, "--live", wants_live },
    { "external", OFF, "with memory", wants_memory },
    { "external", RUNNING, "--quiesce", wants_quiesce },
    { "disks-external", RUNNING, "--quiesce", wants_quiesce },
    { "disks-external", RUNNING, "--quiesce -p", wants_quiesce_and_pause },
    { "quiesced-by-command", RUNNING, "no such program", has_no_command },
    { "quiesced-by-command", RUNNING, "relative", has_relative_command },
    { "quiesced-by-agent", RUNNING, "on the console",
      agent_is_the_console },
    { "external", RUNNING, "a disk twice", is_named_twice },
    { "external", RUNNING, "two disks, one overlay", has_one_overlay },
    { "external", RUNNING, "a disk left out", lacks_a_disk },
    { "external", RUNNING, "overlay exists", overlay_exists },
    { "external", OFF, "overlay exists", overlay_exists },
    { "external", RUNNING, "no room", overlay_has_no_room },
    { "external", RUNNING, "a blank in a path", overlay_has_a_blank },
    { "external", RUNNING, "no room for memory", memory_has_no_room },
    { "external", RUNNING, "memory image exists", memory_exists },
    { "external", RUNNING, "no folder", folder_is_none },
    { "internal", RUNNING, "tag exists", tag_exists },
    { "internal", OFF, "tag exists", tag_exists },
    { "external", RUNNING, "image in use", base_is_in_use },
    { "external", OFF, "image in use", base_is_in_use },
    { "external", RUNNING, "another file open", has_another_file_open },
    { "reused", RUNNING, "not there", reused_is_not_there },
    { "reused", RUNNING, "a link", reused_is_a_link },
    { "reused", RUNNING, "a volume", reused_is_a_volume },
    { "reused", RUNNING, "two names", reused_has_names },
    { "reused", RUNNING, "no base", reused_has_no_base },
    { "reused", RUNNING, "another base", reused_is_on_another },
    { "reused", RUNNING, "no format", reused_says_no_format },
    { "reused", OFF, "another format", reused_says_raw },
    { "reused", OFF, "another size", reused_is_small },
    { "reused", RUNNING, "not empty", reused_has_data },
    { "reused", RUNNING, "in use by its QEMU", reused_is_in_use },
    { "vhd", OFF, "reused", reuses_with_tapdisk },
    { "hook", RUNNING, "the hook has it", hook_has_it },
    { "thick", RUNNING, "a name of LVM's", name_is_lvms },
    { "thin", OFF, "a name of LVM's", name_is_lvms },
    { "vhd", OFF, "vhd exists", overlay_exists },
};

static void each_refusal_says_why(void)
{
    const char *text = "", *why;
    struct create_facts f;
    size_t i;

    for (i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        CHECK_STR(create_facts(plan_case_named(create_cases,
                                          refused[i].case_name),
                               refused[i].state, &f), NULL);
        refused[i].spoil(&f);
        why = create_plan(&f);
        CHECK(why != NULL && f.c.plan.num_steps == 0);
        text = snap_sprintf(sc, "%s%s, %s, %s: %s\n", text,
                            refused[i].case_name,
                            state_names[refused[i].state], refused[i].what,
                            why);
        create_facts_dispose(&f);
    }
    check_golden("create/refused.txt", text);
}

/*-- combinations -------------------------------------------------------*/

/* Each outcome once, with all combinations that have it. */
struct outcomes {
    int num;
    const char *outcome[64], *who[64];
};

static void outcomes_add(struct outcomes *o, const char *outcome,
                         const char *who)
{
    int i;

    for (i = 0; i < o->num; i++)
        if (!strcmp(o->outcome[i], outcome)) break;
    if (i == o->num) {
        REQUIRE(o->num < 64);
        o->outcome[o->num] = outcome;
        o->who[o->num++] = "";
    }
    o->who[i] = snap_sprintf(sc, "%s    %s\n", o->who[i], who);
}

static void outcomes_try(struct outcomes *o, const struct plan_case *pc,
                         enum state state, const char *who)
{
    struct create_facts f;
    const char *why = create_facts(pc, state, &f);

    if (!why) why = create_plan(&f);
    outcomes_add(o, why ? snap_sprintf(sc, "refused: %s", why)
                        : plan_kinds(&f.c.plan), who);
    create_facts_dispose(&f);
}

static void try_guests(struct outcomes *o)
{
    struct plan_case pc = { .name = "guest", .disks = { OVERLAY } };
    enum state state;

    for (pc.guest = 0; pc.guest < NUM_GUESTS; pc.guest++)
        for (state = 0; state < NUM_STATES; state++)
            for (pc.what = 0; pc.what < NUM_WHATS; pc.what++)
                for (pc.flags = 0; pc.flags <= (UNPAUSE | LEAVE_PAUSED);
                     pc.flags++)
                    outcomes_try(o, &pc, state, snap_sprintf(
                        sc, "%s, %s, %s%s%s", guest_names[pc.guest],
                        state_names[state], what_names[pc.what],
                        pc.flags & UNPAUSE ? ", --unpause" : "",
                        pc.flags & LEAVE_PAUSED ? ", --paused" : ""));
}

static void try_disks(struct outcomes *o)
{
    struct plan_case pc = { .name = "disks" };
    enum state state;
    int kind;

    for (kind = TAG; kind < NUM_DISK_KINDS; kind++)
        for (state = 0; state < NUM_STATES; state++)
            for (pc.what = 0; pc.what < NUM_WHATS; pc.what++) {
                struct plan_case this = create_case(&pc, state);

                this.disks[0] = kind;
                if (pc.what == LIVE || pc.what == COMMAND) continue;
                outcomes_try(o, &this, state, snap_sprintf(
                    sc, "%s, %s, %s", disk_names[kind], state_names[state],
                    what_names[pc.what]));
            }
}

static void every_combination_has_its_steps_or_its_refusal(void)
{
    struct outcomes *o = snap_zalloc(sc, sizeof(*o));
    const char *text = "";
    int i;

    try_guests(o);
    try_disks(o);
    for (i = 0; i < o->num; i++)
        text = snap_sprintf(sc, "%s%s\n%s", text, o->outcome[i],
                            o->who[i]);
    check_golden("create/combinations.txt", text);
}

TESTS(TEST(each_create_has_its_plan), TEST(each_refusal_says_why),
      TEST(every_combination_has_its_steps_or_its_refusal))
