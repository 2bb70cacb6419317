/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * hurry.c: preloaded into a program that waits by the clock, it makes the clock of
 * that program run eight times as fast.
 *
 *   LD_PRELOAD=hurry.so xl destroy ...
 *
 * libxl sleeps for 2 s in each destruction of a domain whose disks QEMU has
 * (LIBXL_QEMU_BODGE_TIMEOUT, 4.17), and waits a minute for a guest that does not
 * answer.  For what the tests clean up, and where it is that minute they test.
 */
#include <dlfcn.h>
#include <poll.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#define TIMES 8

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    static int64_t begin;
    int64_t us;

    (void)tz;
    if (!begin) begin = now_us();
    us = begin + (now_us() - begin) * TIMES;
    tv->tv_sec = us / 1000000;
    tv->tv_usec = us % 1000000;
    return 0;
}

int poll(struct pollfd *fds, nfds_t num, int timeout)
{
    int (*real)(struct pollfd *, nfds_t, int) = dlsym(RTLD_NEXT, "poll");

    return real(fds, num, timeout > 0 ? (timeout + TIMES - 1) / TIMES : timeout);
}
