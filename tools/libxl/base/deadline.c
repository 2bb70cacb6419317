/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * base/deadline.c: how long things may take.  Whatever another program, a
 * guest or a storage may never answer has its row here.
 */
#include "base/base.h"

#include <limits.h>
#include <time.h>

/* The call that may set another time than the usual one. */
enum waits_of {
    OF_NOBODY,
    OF_STEPS,                   /* libxl_snapshot_ctx_set_timeout() */
    OF_HOOKS,                   /* libxl_snapshot_ctx_set_hook_timeout() */
};

static const struct {
    int ms;
    enum waits_of of;
} waits[SNAP_WAIT_NUM] = {
    [SNAP_WAIT_PROGRAM] = { 60000, OF_STEPS },
    [SNAP_WAIT_FLUSH] = { 540000, OF_STEPS },
    [SNAP_WAIT_REAP] = { 5000, OF_NOBODY },
    [SNAP_WAIT_VERSION] = { 10000, OF_NOBODY },
    [SNAP_WAIT_QEMU_IMG] = { 30000, OF_STEPS },
    [SNAP_WAIT_CHAIN] = { 300000, OF_NOBODY },
    [SNAP_WAIT_LVS] = { 60000, OF_STEPS },
    [SNAP_WAIT_XL] = { 300000, OF_STEPS },
    [SNAP_WAIT_RELEASE] = { 30000, OF_NOBODY },
    [SNAP_WAIT_JOURNAL] = { 60000, OF_STEPS },
    [SNAP_WAIT_PIPE] = { 10000, OF_NOBODY },
    [SNAP_WAIT_QMP_GREETING] = { 10000, OF_NOBODY },
    [SNAP_WAIT_QMP_REPLY] = { 60000, OF_STEPS },
    [SNAP_WAIT_AGENT_REPLY] = { 10000, OF_NOBODY },
    [SNAP_WAIT_FREEZE] = { 60000, OF_NOBODY },
    [SNAP_WAIT_THAW] = { 60000, OF_NOBODY },
    [SNAP_WAIT_FROZEN] = { 10000, OF_NOBODY },
    [SNAP_WAIT_KEEPER] = { 600000, OF_NOBODY },
    [SNAP_WAIT_MONITOR] = { 5000, OF_NOBODY },
    /* xl sleeps 2 s between the end of a domain and its start (4.17,
     * xl_vmcontrol.c:create_domain) */
    [SNAP_WAIT_REBOOT] = { 10000, OF_NOBODY },
    [SNAP_WAIT_PROCESSES] = { 60000, OF_STEPS },
    [SNAP_WAIT_SAVER] = { 3000, OF_NOBODY },
    [SNAP_WAIT_DEVICES_LOCK] = { 10000, OF_NOBODY },
    [SNAP_WAIT_SAVE_STALL] = { 60000, OF_STEPS },
    /* as long as libxl itself waits (4.17, libxl_dom_suspend.c) */
    [SNAP_WAIT_SUSPEND] = { 60000, OF_NOBODY },
    [SNAP_WAIT_JOB_STALL] = { 60000, OF_STEPS },
    [SNAP_WAIT_HOOK_ASK] = { 10000, OF_HOOKS },
    [SNAP_WAIT_HOOK_ACT] = { 300000, OF_HOOKS },
};

static void deadline_set(libxl_snapshot_ctx *sc, enum waits_of of,
                         unsigned int seconds)
{
    int ms = seconds > INT_MAX / 1000 ? INT_MAX : (int)seconds * 1000, i;

    for (i = 0; i < SNAP_WAIT_NUM; i++)
        if (waits[i].of == of) sc->wait_ms[i] = ms;
}

void libxl_snapshot_ctx_set_timeout(libxl_snapshot_ctx *sc,
                                    unsigned int seconds)
{
    deadline_set(sc, OF_STEPS, seconds);
}

/* A hook that copies an image may need more time for that, but never for
 * the answer to a question. */
void libxl_snapshot_ctx_set_hook_timeout(libxl_snapshot_ctx *sc,
                                         unsigned int seconds)
{
    deadline_set(sc, OF_HOOKS, seconds);
    if (sc->wait_ms[SNAP_WAIT_HOOK_ASK] > waits[SNAP_WAIT_HOOK_ASK].ms)
        sc->wait_ms[SNAP_WAIT_HOOK_ASK] = waits[SNAP_WAIT_HOOK_ASK].ms;
}

int snap_wait_ms(const libxl_snapshot_ctx *sc, enum snap_wait wait)
{
    return sc->wait_ms[wait] ? sc->wait_ms[wait] : waits[wait].ms;
}

uint64_t snap_deadline(int ms)
{
    return snap_now_us() + ms * UINT64_C(1000);
}

uint64_t snap_wait_until(const libxl_snapshot_ctx *sc, enum snap_wait wait)
{
    return snap_deadline(snap_wait_ms(sc, wait));
}

uint64_t snap_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000;
}
