/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-default-names.c: the names of snapshots, folders, overlays and volumes
 * that nobody has chosen.
 */
#include "../test.h"

#include <stdlib.h>

#include "../../../tools/xl/xl_snapshot.h"
#include "xl_utils.h"

/* Compare @got, which is malloc'd, and free it. */
static void check_name(char *got, const char *want)
{
    CHECK_STR(got, want);
    free(got);
}

/* Compare the @n-th choice for the overlay of snapshot s on the chain of
 * @paths, active first. */
static void check_overlay(const char *const *paths, int n,
                          libxl_disk_format format, const char *want)
{
    libxl_snapshot_layer layers[4] = { { .path = NULL } };
    libxl_disk_snapshot_info disk = {
        .path = (char *)paths[0], .overlay = format, .layers = layers,
    };

    for (; paths[disk.num_layers]; disk.num_layers++)
        layers[disk.num_layers].path = (char *)paths[disk.num_layers];
    check_name(default_overlay(&disk, "s", n), want);
}

#define CHECK_OVERLAY(format, want, ...)                                \
    check_overlay((const char *const []){ __VA_ARGS__, NULL }, 0,       \
                  LIBXL_DISK_FORMAT_##format, want)
#define CHECK_CHOICE(n, want, ...)                                      \
    check_overlay((const char *const []){ __VA_ARGS__, NULL }, n,       \
                  LIBXL_DISK_FORMAT_QCOW2, want)

static void an_overlay_stands_beside_its_base(void)
{
    CHECK_OVERLAY(QCOW2, "/d/web.s.qcow2", "/d/web.qcow2");
    CHECK_OVERLAY(QCOW2, "/d/web.s.qcow2", "/d/web.img");
    CHECK_OVERLAY(QCOW2, "/d.x/web.s.qcow2", "/d.x/web");
    CHECK_OVERLAY(QCOW2, "/d/.web.s.qcow2", "/d/.web");
    CHECK_OVERLAY(VHD, "/d/web.s.vhd", "/d/web.vhd");
}

static void the_stem_does_not_grow_with_the_chain(void)
{
    CHECK_OVERLAY(QCOW2, "/d/web.s.qcow2", "/d/web.s2.qcow2",
                  "/d/web.s1.qcow2", "/d/web.qcow2");
}

static void a_clone_of_a_gold_image_has_a_stem_of_its_own(void)
{
    CHECK_OVERLAY(QCOW2, "/d/web.s.qcow2", "/d/web.qcow2", "/d/gold.qcow2");
    CHECK_OVERLAY(QCOW2, "/d/gold2.s.qcow2", "/d/gold2.qcow2",
                  "/d/gold.qcow2");
}

static void where_the_stem_is_taken_the_whole_name_stands_for_it(void)
{
    CHECK_CHOICE(0, "/d/web.s.qcow2", "/d/web.img");
    CHECK_CHOICE(1, "/d/web.img.s.qcow2", "/d/web.img");
    CHECK_CHOICE(1, "/d/web.cfg-swap.s.qcow2", "/d/web.cfg-swap");
    CHECK_CHOICE(1, "/d/web.s.qcow2", "/d/web");
    CHECK_CHOICE(1, "/d/web.img.s.qcow2", "/d/web.s1.qcow2", "/d/web.img");
    CHECK_CHOICE(2, "/d/web.img.2.s.qcow2", "/d/web.img");
    CHECK_CHOICE(11, "/d/web.img.11.s.qcow2", "/d/web.img");
}

static void an_image_whose_whole_name_stood_for_the_stem_keeps_it(void)
{
    CHECK_CHOICE(0, "/d/web.img.s.qcow2", "/d/web.img.s1.qcow2", "/d/web.img");
    CHECK_CHOICE(0, "/d/web.img.s.qcow2", "/d/web.img.s2.r1.qcow2",
                 "/d/web.img.2.s1.qcow2", "/d/web.img");
    CHECK_CHOICE(1, "/d/web.img.s.qcow2", "/d/web.img.s1.qcow2", "/d/web.img");
    CHECK_CHOICE(2, "/d/web.img.2.s.qcow2", "/d/web.img.s1.qcow2",
                 "/d/web.img");
}

static void a_folder_may_have_two_names(void)
{
    char *a = xstrdup(tmp_path("web")), *b = xstrdup(tmp_path("./web"));

    CHECK(path_is_same_place(a, b));
    CHECK(!path_is_same_place(a, tmp_path("web2")));
    CHECK(!path_is_same_place("/nowhere/web", "/nowhere/./web"));
    CHECK(path_is_same_place("/nowhere/web", "/nowhere/web"));
    CHECK(!path_is_same_place("web", "/web"));
    free(a);
    free(b);
}

static void reverts_count_up(void)
{
    check_name(revert_overlay("/d/web.s.qcow2", 1), "/d/web.s.r1.qcow2");
    check_name(revert_overlay("/d/web.s.vhd", 12), "/d/web.s.r12.vhd");
    check_name(revert_volume("/dev/vg/web.s", 2), "/dev/vg/web.s.r2");
}

static void the_next_revert_takes_the_first_name_that_is_free(void)
{
    char *child = xstrdup(tmp_path("web.s.qcow2"));
    char *r1 = xstrdup(tmp_path("web.s.r1.qcow2"));
    char *r2 = xstrdup(tmp_path("web.s.r2.qcow2"));
    libxl_disk_snapshot_params disk = { .path = r1 };
    libxl_domain_snapshot_revert_params none = { .num_disks = 0 };
    libxl_domain_snapshot_revert_params one = {
        .num_disks = 1, .disks = &disk,
    };

    check_name(next_revert_overlay(sc, &none, child), r1);
    check_name(next_revert_overlay(sc, &one, child), r2);
    tmp_text("web.s.r1.qcow2", "");
    tmp_text("web.s.r3.qcow2", "");
    check_name(next_revert_overlay(sc, &none, child), r2);
    free(child);
    free(r1);
    free(r2);
    check_name(next_revert_volume(sc, &none, "/nowhere/lv.s"),
               "/nowhere/lv.s.r1");
}

static void the_target_of_tapdisk_is_no_part_of_a_path(void)
{
    libxl_domain_snapshot_revert_params none = { .num_disks = 0 };

    check_name(next_revert_overlay(sc, &none, "vhd:/nowhere/web.s.vhd"),
               "/nowhere/web.s.r1.vhd");
}

static void a_name_from_the_time_can_name_a_snapshot(void)
{
    char *name = default_snapshot_name(1732181411);

    CHECK_INT(strlen(name), strlen("20241121-093011"));
    CHECK(libxl_snapshot_name_is_valid(name));
    free(name);
}

TESTS(TEST(an_overlay_stands_beside_its_base),
      TEST(the_stem_does_not_grow_with_the_chain),
      TEST(a_clone_of_a_gold_image_has_a_stem_of_its_own),
      TEST(where_the_stem_is_taken_the_whole_name_stands_for_it),
      TEST(an_image_whose_whole_name_stood_for_the_stem_keeps_it),
      TEST(a_folder_may_have_two_names),
      TEST(reverts_count_up),
      TEST(the_next_revert_takes_the_first_name_that_is_free),
      TEST(the_target_of_tapdisk_is_no_part_of_a_path),
      TEST(a_name_from_the_time_can_name_a_snapshot))
