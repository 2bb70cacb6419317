/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-plan-rules.c: what holds of all plans, of which each is looked at.
 */
#include "plan-rules.h"

static int num_plans;

static void look_at_create(const struct plan_case *pc, enum state state)
{
    struct create_facts f;

    if (!create_facts(pc, state, &f) && !create_plan(&f)) {
        const struct subject s = {
            .who = snap_sprintf(sc, "create of %s, %s", pc->name,
                                state_names[state]),
            .plan = &f.c.plan, .head = snap_create_head(sc, &f.c),
            .num_ops = f.c.num_ops, .paused = state == PAUSED,
            .leave_paused = f.params.leave_paused,
            .monitored = f.c.dom.num_monitors > 0,
        };

        check_create_rules(&s);
        check_images(&s);
        check_create_walks(&s);
        num_plans++;
    }
    create_facts_dispose(&f);
}

static void every_create_keeps_the_rules(void)
{
    const struct plan_case *pc;
    enum state state;

    num_plans = 0;
    for (pc = create_cases; pc->name; pc++)
        for (state = 0; state < NUM_STATES; state++) {
            const struct plan_case this = create_case(pc, state);

            snap_ctx_begin(sc);     /* which frees the last one's memory */
            look_at_create(&this, state);
        }
    CHECK(num_plans > 90);
}

static void so_does_every_combination_of_guests_and_options(void)
{
    struct plan_case pc = { .disks = { OVERLAY, TAG, THIN } };
    enum state state;

    for (pc.guest = 0; pc.guest < NUM_GUESTS; pc.guest++)
        for (state = 0; state < NUM_STATES; state++)
            for (pc.what = 0; pc.what < NUM_WHATS; pc.what++)
                for (pc.flags = 0; pc.flags <= (UNPAUSE | LEAVE_PAUSED);
                     pc.flags++) {
                    snap_ctx_begin(sc);
                    pc.name = snap_sprintf(sc, "%s, %s, %s%s%s",
                        guest_names[pc.guest], state_names[state],
                        what_names[pc.what],
                        pc.flags & UNPAUSE ? ", --unpause" : "",
                        pc.flags & LEAVE_PAUSED ? ", --paused" : "");
                    look_at_create(&pc, state);
                }
}

static void every_revert_keeps_the_rules(void)
{
    const struct plan_case *pc;
    struct revert_facts f;
    enum state state;

    for (pc = revert_cases; pc->name; pc++)
        for (state = 0; state < NUM_STATES; state++) {
            struct subject s = { .plan = &f.r.plan };

            snap_ctx_begin(sc);
            s.who = snap_sprintf(sc, "revert of %s, %s", pc->name,
                                 state_names[state]);
            s.paused = state == PAUSED;
            revert_facts(pc, state, &f);
            CHECK_STR(revert_plan(&f), NULL);
            s.head = snap_revert_head(sc, &f.r);
            s.num_ops = f.r.num_ops;
            s.monitored = f.r.dom.num_monitors > 0;
            s.leave_paused = f.params.leave_paused;
            check_revert_rules(&s);
            check_images(&s);
            check_revert_walks(&s);
            revert_facts_dispose(&f);
        }
}

/* Of a domain that runs QEMU is asked: block/job-dies.sh. */
static void every_merge_can_be_cut_off(void)
{
    const struct merge_case *mc;
    struct merge_facts f;

    for (mc = merge_cases; mc->name; mc++) {
        struct subject s = { .who = mc->name, .plan = &f.m.plan };

        if (mc->flags & RUNS) continue;
        snap_ctx_begin(sc);
        merge_facts(mc, &f);
        CHECK_STR(merge_plan(&f), NULL);
        s.head = snap_merge_head(sc, &f.m);
        s.num_ops = 1;
        check_images(&s);
        check_create_walks(&s);
    }
}

TESTS(TEST(every_create_keeps_the_rules),
      TEST(so_does_every_combination_of_guests_and_options),
      TEST(every_revert_keeps_the_rules), TEST(every_merge_can_be_cut_off))
