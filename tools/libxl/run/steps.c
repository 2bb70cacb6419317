/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/steps.c: finds what a step of a kind does, in the tables of
 * run/steps_<object>.c.
 */
#include "run/run.h"

#define NUM(rows) (sizeof(rows) / sizeof(*(rows)))

static const struct {
    const struct snap_step_act *acts;
    size_t num;
} tables[] = {
    { snap_steps_file, NUM(snap_steps_file) },
    { snap_steps_program, NUM(snap_steps_program) },
    { snap_steps_guest, NUM(snap_steps_guest) },
    { snap_steps_domain, NUM(snap_steps_domain) },
};

const struct snap_step_act *snap_step_act(enum snap_step_kind kind)
{
    size_t t, i;

    for (t = 0; t < NUM(tables); t++)
        for (i = 0; i < tables[t].num; i++)
            if (tables[t].acts[i].kind == kind) return &tables[t].acts[i];
    return NULL;
}
