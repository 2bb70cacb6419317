/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-revert-plans.c: the plan of each revert, and why others are
 * refused.
 */
#include "plans.h"

#include <stdlib.h>

/* A revert does not ask whether the domain is paused: it is destroyed. */
static void each_revert_has_its_plan(void)
{
    const char *names[64] = { "refused" }, *text, *running = NULL;
    const struct plan_case *pc;
    struct revert_facts f;
    enum state state;
    int num = 1;

    for (pc = revert_cases; pc->name; pc++) {
        text = "";
        for (state = 0; state < NUM_STATES; state++) {
            revert_facts(pc, state, &f);
            CHECK_STR(revert_plan(&f), NULL);
            if (state == RUNNING) running = plan_text(&f.r.plan);
            if (state == PAUSED) CHECK_STR(plan_text(&f.r.plan), running);
            else
                text = snap_sprintf(
                    sc, "%s-- %s\n%s", text,
                    state == OFF ? "off" : "running or paused",
                    plan_text(&f.r.plan));
            revert_facts_dispose(&f);
        }
        names[num++] = pc->name;
        check_golden(snap_sprintf(sc, "revert/%s.txt", pc->name), text);
    }
    check_golden_folder("revert", names, num);
}

/*-- refused ------------------------------------------------------------*/

static void has_no_uuid(struct revert_facts *f)
{
    memset(&f->snap.domain_uuid, 0, sizeof(f->snap.domain_uuid));
}

static void lost_its_memory(struct revert_facts *f)
{
    free(f->snap.memory_path);
    f->snap.memory_path = NULL;
}

static void lost_its_parent(struct revert_facts *f)
{
    free(f->snap.disks[0].parent.pdev_path);
    f->snap.disks[0].parent.pdev_path = NULL;
}

static void is_missing(struct revert_facts *f)
{
    f->r.ops[0].exists = false;
}

static void is_frozen(struct revert_facts *f)
{
    f->r.ops[0].is_frozen = true;
}

static void has_no_tag(struct revert_facts *f)
{
    f->r.ops[0].chain.num_layers = 0;
}

static void new_image_exists(struct revert_facts *f)
{
    f->r.ops[0].target.exists = true;
}

static void has_no_room(struct revert_facts *f)
{
    f->r.ops[0].target.space = 1 << 20;
}

static void is_differencing(struct revert_facts *f)
{
    f->r.ops[1].vhd = SNAP_VHD_DIFFERENCING;
}

static void volume_is_gone(struct revert_facts *f)
{
    f->r.ops[0].lv = NULL;
}

static void hook_has_it_not(struct revert_facts *f)
{
    f->r.ops[0].hook_has_it = false;
}

static struct snap_lv *volume(struct revert_facts *f)
{
    return (struct snap_lv *)f->r.ops[0].lv;
}

static void volume_is_full(struct revert_facts *f)
{
    volume(f)->data_percent = 100;
}

static void volume_is_open(struct revert_facts *f)
{
    volume(f)->attr = "sri-aos---";
}

static void volume_is_merging(struct revert_facts *f)
{
    volume(f)->attr = "Sri-a-s---";
}

static void volume_is_writable(struct revert_facts *f)
{
    volume(f)->attr = "Vwi---tz-k";
}

static void origin_is_open(struct revert_facts *f)
{
    ((struct snap_lv *)f->r.ops[0].origin)->attr = "owi-aos---";
}

static void origin_is_read_only(struct revert_facts *f)
{
    ((struct snap_lv *)f->r.ops[0].origin)->attr = "ori-a-s---";
    snap_lv_find_origin(&f->r.ops[0]);
}

static void pool_is_full(struct revert_facts *f)
{
    struct snap_lv *pool = (struct snap_lv *)snap_lv_named(
        f->r.ops[0].lv->all, "vg-0", "pool");

    pool->data_percent = 99;
}

static void is_in_another_group(struct revert_facts *f)
{
    f->r.ops[0].path = "/dev/vg-1/thin-root.s1.r1";
}

static const struct {
    const char *case_name;
    enum state state;
    const char *what;
    void (*spoil)(struct revert_facts *f);
} refused[] = {
    { "external", RUNNING, "no uuid", has_no_uuid },
    { "external", RUNNING, "no memory image, and not memory=0",
      lost_its_memory },
    { "external", RUNNING, "no parent", lost_its_parent },
    { "external", RUNNING, "base missing", is_missing },
    { "external", OFF, "base missing", is_missing },
    { "external", RUNNING, "new overlay exists", new_image_exists },
    { "external", RUNNING, "no room", has_no_room },
    { "internal", RUNNING, "frozen", is_frozen },
    { "internal", OFF, "no tag", has_no_tag },
    { "overlay-on-vhd", RUNNING, "differencing", is_differencing },
    { "thick", RUNNING, "volume gone", volume_is_gone },
    { "thick", RUNNING, "volume full", volume_is_full },
    { "thick", RUNNING, "volume open", volume_is_open },
    { "thick", RUNNING, "volume merging", volume_is_merging },
    { "thick", OFF, "origin open", origin_is_open },
    { "thick", RUNNING, "origin is a base", origin_is_read_only },
    { "thick", OFF, "origin is a base", origin_is_read_only },
    { "thin", RUNNING, "volume gone", volume_is_gone },
    { "thin", RUNNING, "volume writable", volume_is_writable },
    { "thin", RUNNING, "pool full", pool_is_full },
    { "thin", OFF, "new volume in another group", is_in_another_group },
    { "hook", RUNNING, "the hook has it not", hook_has_it_not },
    { "hook", OFF, "frozen", is_frozen },
};

static void each_refusal_says_why(void)
{
    const char *text = "", *why;
    struct revert_facts f;
    size_t i;

    for (i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        revert_facts(plan_case_named(revert_cases, refused[i].case_name),
                     refused[i].state, &f);
        refused[i].spoil(&f);
        why = revert_plan(&f);
        CHECK(why != NULL && f.r.plan.num_steps == 0);
        text = snap_sprintf(sc, "%s%s, %s, %s: %s\n", text,
                            refused[i].case_name,
                            state_names[refused[i].state], refused[i].what,
                            why);
        revert_facts_dispose(&f);
    }
    check_golden("revert/refused.txt", text);
}

TESTS(TEST(each_revert_has_its_plan), TEST(each_refusal_says_why))
