/* SPDX-License-Identifier: LGPL-2.1-only */
/* base/deadline.c: how long things may take. */
#include "base/base.h"

#include <time.h>

uint64_t snap_deadline(int ms, int usual_ms)
{
    return snap_now_us() + (ms ? ms : usual_ms) * UINT64_C(1000);
}

int snap_step_ms(const libxl_snapshot_ctx *sc, int usual_ms)
{
    return sc->step_ms ? sc->step_ms : usual_ms;
}

uint64_t snap_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000;
}
