/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan-world.h: a model of the world that plans change: what is there, and
 * how the guest stands.
 */
#ifndef TEST_PLAN_WORLD_H
#define TEST_PLAN_WORLD_H

#include "plans.h"

struct world {
    int paused;                 /* how often: Xen counts */
    bool gone;                  /* the domain */
    bool suspended;             /* the guest */
    bool frozen;                /* its file systems */
    bool held;                  /* xl's monitor of it */
    int num;
    const char *things[96];     /* "file PATH", "volume VG/LV", ... */
};

/* Before @plan begins. */
struct world world_before(const struct snap_plan *plan, bool paused);
/* Perform @step.  @again: unless it is done already, by run/again.c. */
void world_apply(struct world *w, const struct snap_step *step,
                 bool again);
/* The host stops: what is on its disks stays. */
void world_stop(struct world *w);
/* How the guest stands, and what the domain's records name as its disks;
 * without the rest. */
struct world world_of_guest(const struct world *w);
/* The differences in words; NULL: there are none. */
const char *world_diff(const struct world *a, const struct world *b);

#endif /* TEST_PLAN_WORLD_H */
