/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan-rules.h: what holds of every plan.
 */
#ifndef TEST_PLAN_RULES_H
#define TEST_PLAN_RULES_H

#include "plans.h"

/* A plan, and what it is for. */
struct subject {
    const char *who;            /* for messages */
    const struct snap_plan *plan;
    struct snap_journal_head head;
    int num_ops;                /* disks that it works on */
    bool paused;                /* the domain was, before */
    bool leave_paused;
    bool monitored;             /* by an xl */
};

/* How its steps stand to each other. */
void check_create_rules(const struct subject *s);
void check_revert_rules(const struct subject *s);
/* What it names is what its journal says that it acts on. */
void check_images(const struct subject *s);
/*
 * Wherever the plan is cut off, by a step that fails, by the end of the
 * command or of the host: after the undos or a recovery the world is as it
 * was before the plan, or as it is after it.  If it is given up, the guest
 * and the records of its disks are; unless somebody has the guest in hands,
 * which is not let go then, or nobody knows its disks.
 */
void check_create_walks(const struct subject *s);
void check_revert_walks(const struct subject *s);

#endif /* TEST_PLAN_RULES_H */
