/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-merge-plans.c: the plan of each commit and pull, and why others are
 * refused.
 */
#include "plans.h"

static void each_merge_has_its_plan(void)
{
    const char *names[32] = { "refused" };
    const struct merge_case *mc;
    struct merge_facts f;
    int num = 1;

    for (mc = merge_cases; mc->name; mc++) {
        merge_facts(mc, &f);
        CHECK_STR(merge_plan(&f), NULL);
        names[num++] = mc->name;
        check_golden(snap_sprintf(sc, "merge/%s.txt", mc->name),
                     plan_text(&f.m.plan));
    }
    check_golden_folder("merge", names, num);
}

/*-- refused ------------------------------------------------------------*/

static const struct snap_tag tag = { .id = "1", .name = "t1" };
static const char *bitmap = "b1";

static void one_layer(struct merge_facts *f)
{
    f->disk.chain.num_layers = 1;
}

static void is_read_only(struct merge_facts *f)
{
    f->disk.is_data_disk = false;
    f->disk.chain.num_layers = 0;
}

static void top_is_none(struct merge_facts *f)
{
    f->m.top_at = -1;
}

static void base_is_none(struct merge_facts *f)
{
    f->m.base_at = -1;
}

static void base_is_above(struct merge_facts *f)
{
    f->m.base_at = 0;
}

static void is_not_active(struct merge_facts *f)
{
    f->params.active = true;
}

static void not_said(struct merge_facts *f)
{
    f->params.active = false;
}

static void says_it_twice(struct merge_facts *f)
{
    f->params.shallow = true;
}

static void nothing_between(struct merge_facts *f)
{
    f->m.base_at = 1;
}

static void overlay_goes(struct merge_facts *f)
{
    f->params.remove = true;
}

static void is_corrupt(struct merge_facts *f)
{
    f->layers[2].corrupt = true;
}

static void is_encrypted(struct merge_facts *f)
{
    f->layers[2].encrypted = true;
}

static void has_a_data_file(struct merge_facts *f)
{
    f->layers[2].data_file = "/srv/vm/data";
}

static void is_a_vhd(struct merge_facts *f)
{
    f->layers[4].format = "vpc";
}

static void is_a_device_nobody_knows(struct merge_facts *f)
{
    f->files[4].lv = NULL;
}

static void is_a_device(struct merge_facts *f)
{
    f->files[0].is_file = false;
}

static void has_a_tag(struct merge_facts *f)
{
    f->layers[2].num_tags = 1;
    f->layers[2].tags = &tag;
}

static void has_a_bitmap(struct merge_facts *f)
{
    f->layers[2].num_bitmaps = 1;
    f->layers[2].bitmaps = &bitmap;
}

static void is_smaller(struct merge_facts *f)
{
    f->layers[2].virtual_size /= 2;
}

static void is_larger(struct merge_facts *f)
{
    f->layers[1].virtual_size *= 2;
}

static void target_is_needed(struct merge_facts *f)
{
    f->files[4].needed = "snapshot s1 of vm";
}

static void is_needed(struct merge_facts *f)
{
    f->files[2].needed = "domain db and 2 more";
}

static void is_not_known(struct merge_facts *f)
{
    f->m.unknown = "/etc/xen/db.cfg: Permission denied";
}

static void child_has_a_sign(struct merge_facts *f)
{
    f->files[1].sign = "is protected";
}

static void layers_have_a_sign(struct merge_facts *f)
{
    f->files[3].sign = f->files[4].sign = "is protected";
}

static void is_known_by_another_place(struct merge_facts *f)
{
    f->files[1].lost = "is the base of snapshot s4 of vm";
}

static void is_used(struct merge_facts *f)
{
    static struct snap_file_use use = {
        .who = "disk xvda", .path = "/srv/vm/xvda.raw",
        .users = (char *)"qemu-nbd (pid 412)",
    };

    f->m.layers = (struct snap_layers){ 1, &use };
}

static void is_in_a_strange_folder(struct merge_facts *f)
{
    f->files[2].doubt = "/srv/vm can be written to by others";
}

static void has_no_room(struct merge_facts *f)
{
    f->files[4].space = f->files[0].space = 1 << 20;
}

static void config_is_not_known(struct merge_facts *f)
{
    f->params.config_text = NULL;
}

static void goes_and_is_no_file(struct merge_facts *f)
{
    f->files[4].is_file = false;
    f->files[4].lv = &f->lv;
}

static const struct {
    const char *case_name, *what;
    void (*spoil)(struct merge_facts *f);
} refused[] = {
    { "pull-all", "one layer", one_layer },
    { "commit-active", "read-only", is_read_only },
    { "commit-middle", "no such top", top_is_none },
    { "commit-middle", "no such base", base_is_none },
    { "commit-middle", "base above", base_is_above },
    { "commit-middle", "--active", is_not_active },
    { "commit-active", "without --active", not_said },
    { "commit-middle", "--shallow too", says_it_twice },
    { "pull-to-base", "nothing between", nothing_between },
    { "commit-active-keep-overlay", "--delete", overlay_goes },
    { "commit-middle", "corrupt", is_corrupt },
    { "pull-middle", "corrupt", is_corrupt },
    { "commit-middle", "encrypted", is_encrypted },
    { "commit-middle", "data file", has_a_data_file },
    { "commit-active", "vhd", is_a_vhd },
    { "commit-volume", "frozen by nobody", is_a_device_nobody_knows },
    { "commit-active", "active layer on a device", is_a_device },
    { "commit-middle", "tag", has_a_tag },
    { "pull-middle", "tag", has_a_tag },
    { "pull-all", "tag", has_a_tag },
    { "commit-middle", "bitmap", has_a_bitmap },
    { "pull-all", "bitmap", has_a_bitmap },
    { "commit-below-active", "smaller", is_smaller },
    { "commit-volume", "larger", is_larger },
    { "commit-active", "target needed", target_is_needed },
    { "commit-active", "needed", is_needed },
    { "pull-all", "needed", is_needed },
    { "commit-active", "not known", is_not_known },
    { "commit-middle", "sign above", child_has_a_sign },
    { "commit-active", "signs", layers_have_a_sign },
    { "pull-all", "sign below", layers_have_a_sign },
    { "commit-middle", "another place", is_known_by_another_place },
    { "commit-active", "used", is_used },
    { "commit-active", "folder", is_in_a_strange_folder },
    { "commit-active", "no room", has_no_room },
    { "pull-all", "no room", has_no_room },
    { "commit-active-config", "--delete alone", config_is_not_known },
    { "pull-all", "no file", goes_and_is_no_file },
};

static const struct merge_case *case_named(const char *name)
{
    const struct merge_case *mc = merge_cases;

    while (strcmp(mc->name, name)) mc++;
    return mc;
}

static void each_refusal_says_why(void)
{
    const char *text = "", *why;
    struct merge_facts f;
    size_t i;

    for (i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        merge_facts(case_named(refused[i].case_name), &f);
        refused[i].spoil(&f);
        why = merge_plan(&f);
        CHECK(why != NULL && f.m.plan.num_steps == 0);
        text = snap_sprintf(sc, "%s%s, %s: %s\n", text,
                            refused[i].case_name, refused[i].what, why);
    }
    check_golden("merge/refused.txt", text);
}

/* What others need of a layer whose content stays does not matter. */
static void a_pull_harms_nobody(void)
{
    struct merge_facts f;

    merge_facts(case_named("pull-middle"), &f);
    f.files[2].needed = f.files[3].needed = "snapshot s1 of vm";
    f.files[3].sign = "is protected";
    f.m.unknown = "/etc/xen/db.cfg: Permission denied";
    CHECK_STR(merge_plan(&f), NULL);
}

TESTS(TEST(each_merge_has_its_plan), TEST(each_refusal_says_why),
      TEST(a_pull_harms_nobody))
