/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-deadline.c: how long things may take, and who may say otherwise. */
#include "../test.h"

#include <limits.h>

static void everything_has_its_time(void)
{
    int i;

    for (i = 0; i < SNAP_WAIT_NUM; i++) CHECK(snap_wait_ms(sc, i) > 0);
}

static void a_timeout_is_for_steps_and_not_for_hooks(void)
{
    libxl_snapshot_ctx_set_timeout(sc, 2);
    CHECK_INT(snap_wait_ms(sc, SNAP_WAIT_PROGRAM), 2000);
    CHECK_INT(snap_wait_ms(sc, SNAP_WAIT_QMP_REPLY), 2000);
    CHECK_INT(snap_wait_ms(sc, SNAP_WAIT_HOOK_ACT), 300000);
    CHECK_INT(snap_wait_ms(sc, SNAP_WAIT_QMP_GREETING), 10000);
    libxl_snapshot_ctx_set_timeout(sc, 0);
    CHECK_INT(snap_wait_ms(sc, SNAP_WAIT_PROGRAM), 60000);
}

static void a_hook_may_act_long_but_not_answer_late(void)
{
    libxl_snapshot_ctx_set_hook_timeout(sc, 3600);
    CHECK_INT(snap_wait_ms(sc, SNAP_WAIT_HOOK_ACT), 3600000);
    CHECK_INT(snap_wait_ms(sc, SNAP_WAIT_HOOK_ASK), 10000);
    libxl_snapshot_ctx_set_hook_timeout(sc, 1);
    CHECK_INT(snap_wait_ms(sc, SNAP_WAIT_HOOK_ASK), 1000);
}

static void more_seconds_than_an_int_has_are_the_most_it_has(void)
{
    libxl_snapshot_ctx_set_timeout(sc, UINT_MAX);
    CHECK_INT(snap_wait_ms(sc, SNAP_WAIT_LVS), INT_MAX);
    CHECK(snap_wait_until(sc, SNAP_WAIT_LVS) > snap_now_us());
}

TESTS(TEST(everything_has_its_time),
      TEST(a_timeout_is_for_steps_and_not_for_hooks),
      TEST(a_hook_may_act_long_but_not_answer_late),
      TEST(more_seconds_than_an_int_has_are_the_most_it_has))
