/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-operations.c: the table of the operations that keep a journal. */
#include "../test.h"

static void every_operation_is_found_by_its_name(void)
{
    int num, i;
    const struct snap_operation *const *all = snap_operations(&num);

    CHECK(num > 0);
    for (i = 0; i < num; i++) {
        REQUIRE(all[i]->name != NULL);
        CHECK(snap_operation_named(all[i]->name) == all[i]);
    }
    CHECK(snap_operation_named("create") == &snap_operation_create);
    CHECK(snap_operation_named("revert") == &snap_operation_revert);
}

static void what_another_version_does_is_none_of_ours(void)
{
    CHECK(snap_operation_named("") == NULL);
    CHECK(snap_operation_named("creat") == NULL);
    CHECK(snap_operation_named("teleport") == NULL);
}

TESTS(TEST(every_operation_is_found_by_its_name),
      TEST(what_another_version_does_is_none_of_ours))
