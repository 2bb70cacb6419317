/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-result.c: what create and revert return: init, dispose, dispose
 * again. */
#include "../test.h"

static void a_result_can_be_disposed_of_twice(void)
{
    libxl_domain_snapshot_result result;
    struct snap_plan plan = { 0 };

    libxl_domain_snapshot_result_init(&result);
    CHECK_INT(result.domid, SNAP_NO_DOMAIN);
    snap_plan_add(sc, &plan, SNAP_STEP_PAUSE, "pause the domain");
    snap_plan_to_result(sc, &plan, &result);
    result.snapshot.name = snap_result_str("before");
    snap_skipped_add(&result.snapshot, "xvdb");
    result.unclean = snap_result_str("thawed too early");
    libxl_domain_snapshot_result_dispose(&result);
    CHECK(result.steps == NULL && result.plan_json == NULL);
    CHECK(result.unclean == NULL);
    CHECK(result.snapshot.name == NULL && result.snapshot.skipped == NULL);
    libxl_domain_snapshot_result_dispose(&result);
}

TESTS(TEST(a_result_can_be_disposed_of_twice))
