/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-target.c: where a new image can go. */
#include "../test.h"

static int check_target(const char *path, const char *directory,
                        uint64_t bytes)
{
    struct snap_target target;

    snap_target_look(sc, path, directory, &target);
    return snap_target_check(sc, "overlay", &target, bytes);
}

static void a_target_must_be_absolute_absent_and_have_room(void)
{
    const char *path = tmp_text("f", ""), *deep = tmp_path("a/b/c");

    CHECK_FAILS(check_target("f", NULL, 1), ERROR_INVAL,
                "overlay f: not an absolute path");
    CHECK_FAILS(check_target(path, NULL, 1), ERROR_INVAL,
                "exists already; choose another name");
    CHECK_FAILS(check_target(tmp_path("g"), NULL, UINT64_MAX / 2), ERROR_INVAL,
                "MiB free");
    CHECK_FAILS(check_target(deep, NULL, 1), ERROR_INVAL, "No such file");
    CHECK_FAILS(check_target(tmp_path(snap_sprintf(sc, "%0256d", 0)), NULL,
                             1), ERROR_INVAL,
                "longer than files may have (255 bytes)");
    CHECK_OK(check_target(deep, tmp_path("a/b"), 1));
    CHECK_OK(check_target(tmp_path("g"), NULL, 1));
}

static void an_overlay_must_be_one_that_qemu_can_start_from(void)
{
    struct snap_target target;

    snap_target_look(sc, tmp_path("a b"), NULL, &target);
    CHECK_FAILS(snap_target_check_overlay(sc, &target), ERROR_INVAL,
                "a path with white space");
    snap_target_look(sc, tmp_path("ab"), NULL, &target);
    CHECK_OK(snap_target_check_overlay(sc, &target));
}

TESTS(TEST(a_target_must_be_absolute_absent_and_have_room),
      TEST(an_overlay_must_be_one_that_qemu_can_start_from))
