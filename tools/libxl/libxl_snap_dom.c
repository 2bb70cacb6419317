/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_dom.c: what libxl does to a domain for us.
 *
 * The save is the one call that takes long.  It runs as an asynchronous libxl
 * operation under our own poll loop, so that the guest's stop is seen when it
 * happens (xenstored tells with @releaseDomain).  A signal waits for its end:
 * libxl_ao_abort() of a save has crashed in 4.17, which would leave the guest
 * suspended.  The other calls are short.
 */
#include "libxl_snap_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <libxl_event.h>
#include <libxl_utils.h>
#include <xenstore.h>

/*-- signals ----------------------------------------------------------------*/

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

void snap_signals_block(sigset_t *old)
{
    sigset_t set;

    stop_signals(&set);
    sigprocmask(SIG_BLOCK, &set, old);
}

void snap_signals_restore(const sigset_t *old)
{
    sigprocmask(SIG_SETMASK, old, NULL);
}

bool snap_signals_pending(void)
{
    sigset_t set, pending;
    int sig;

    stop_signals(&set);
    sigpending(&pending);
    for (sig = 1; sig < NSIG; sig++)
        if (sigismember(&set, sig) == 1 && sigismember(&pending, sig) == 1)
            return true;
    return false;
}

void snap_signals_drop(void)
{
    struct timespec now = { 0, 0 };
    sigset_t set;

    stop_signals(&set);
    while (sigtimedwait(&set, NULL, &now) > 0);
}

/*-- short calls ------------------------------------------------------------*/

static int dom_failed(libxl_snapshot_ctx *sc, int rc, uint32_t domid,
                      const char *what)
{
    if (!rc) return 0;
    return snap_fail(sc, rc, "domain %u: libxl cannot %s it: %s", domid, what,
                     libxl_error_to_string(rc));
}

int snap_dom_info(libxl_snapshot_ctx *sc, uint32_t domid, libxl_dominfo *info)
{
    int rc = libxl_domain_info(sc->ctx, info, domid);

    if (rc == ERROR_DOMAIN_NOTFOUND)
        return snap_fail(sc, rc, "domain %u: there is no such domain; see xl "
                         "list", domid);
    return dom_failed(sc, rc, domid, "inspect");
}

int snap_dom_uuid(libxl_snapshot_ctx *sc, uint32_t domid, libxl_uuid *uuid_r)
{
    libxl_dominfo info;
    int rc;

    libxl_dominfo_init(&info);
    rc = snap_dom_info(sc, domid, &info);
    *uuid_r = info.uuid;
    libxl_dominfo_dispose(&info);
    return rc;
}

static bool dom_is_suspended(libxl_snapshot_ctx *sc, uint32_t domid)
{
    libxl_dominfo info;
    bool suspended;

    libxl_dominfo_init(&info);
    suspended = !libxl_domain_info(sc->ctx, &info, domid) && info.shutdown
        && info.shutdown_reason == LIBXL_SHUTDOWN_REASON_SUSPEND;
    libxl_dominfo_dispose(&info);
    return suspended;
}

/* A save that failed early left the guest running, and resuming a running
 * domain is an error (4.17, xc_resume.c:modify_returncode). */
int snap_dom_resume(libxl_snapshot_ctx *sc, uint32_t domid)
{
    if (!dom_is_suspended(sc, domid)) return 0;
    return dom_failed(sc, libxl_domain_resume(sc->ctx, domid, 1, NULL), domid,
                      "resume");
}

int snap_dom_pause(libxl_snapshot_ctx *sc, uint32_t domid)
{
    return dom_failed(sc, libxl_domain_pause(sc->ctx, domid, NULL), domid,
                      "pause");
}

int snap_dom_unpause(libxl_snapshot_ctx *sc, uint32_t domid)
{
    return dom_failed(sc, libxl_domain_unpause(sc->ctx, domid, NULL), domid,
                      "unpause");
}

int snap_dom_destroy(libxl_snapshot_ctx *sc, uint32_t domid)
{
    return dom_failed(sc, libxl_domain_destroy(sc->ctx, domid, NULL), domid,
                      "destroy");
}

int snap_dom_find(libxl_snapshot_ctx *sc, const libxl_uuid *uuid,
                  uint32_t *domid_r)
{
    libxl_dominfo *list;
    int num, i;

    *domid_r = SNAP_NO_DOMAIN;
    list = libxl_list_domain(sc->ctx, &num);
    if (!list)
        return snap_fail(sc, ERROR_FAIL, "libxl cannot list the domains");
    for (i = 0; i < num; i++)
        if (list[i].domid && !libxl_uuid_compare(&list[i].uuid, uuid))
            *domid_r = list[i].domid;
    libxl_dominfo_list_free(list, num);
    return 0;
}

/*-- save -------------------------------------------------------------------*/

/* Started -> Done, by libxl's callback. */
struct dom_save {
    libxl_snapshot_ctx *sc;
    uint32_t domid;
    libxl_asyncop_how how;
    bool done;
    int rc;
    struct xs_handle *xs;       /* watches @releaseDomain */
    uint64_t stopped_us;
    struct pollfd *fds;         /* ours first, then libxl's */
    int max_fds;
};

enum { SAVE_FD_XS, SAVE_FDS };

static void save_callback(libxl_ctx *ctx, int rc, void *opaque)
{
    struct dom_save *save = opaque;

    (void)ctx;
    save->done = true;
    save->rc = rc;
}

/* Let libxl say what it waits for; grow the array until it fits. */
static int save_beforepoll(struct dom_save *save, struct timeval now,
                           int *nfds_r, int *timeout_r)
{
    int nfds, rc;

    for (;;) {
        nfds = save->max_fds - SAVE_FDS;
        *timeout_r = -1;
        rc = libxl_osevent_beforepoll(save->sc->ctx, &nfds,
                                      save->fds + SAVE_FDS, timeout_r, now);
        if (rc != ERROR_BUFFERFULL) break;
        save->fds = snap_grow(save->sc, save->fds,
                              save->max_fds * sizeof(*save->fds),
                              (SAVE_FDS + nfds) * sizeof(*save->fds));
        save->max_fds = SAVE_FDS + nfds;
    }
    *nfds_r = nfds;
    return rc;
}

static void save_own_events(struct dom_save *save)
{
    char **watch;

    if (save->fds[SAVE_FD_XS].revents) {
        while ((watch = xs_check_watch(save->xs))) free(watch);
        if (!save->stopped_us && dom_is_suspended(save->sc, save->domid))
            save->stopped_us = snap_now_us();
    }
}

static int save_wait(struct dom_save *save)
{
    struct timeval now;
    int nfds, timeout, rc;

    while (!save->done) {
        gettimeofday(&now, NULL);
        rc = save_beforepoll(save, now, &nfds, &timeout);
        if (rc) return rc;
        save->fds[SAVE_FD_XS] = (struct pollfd){
            .fd = save->xs ? xs_fileno(save->xs) : -1, .events = POLLIN };
        if (poll(save->fds, SAVE_FDS + nfds, timeout) < 0) {
            if (errno == EINTR) continue;
            return ERROR_FAIL;
        }
        save_own_events(save);
        gettimeofday(&now, NULL);
        libxl_osevent_afterpoll(save->sc->ctx, nfds, save->fds + SAVE_FDS,
                                now);
    }
    return save->rc;
}

static int save_failed(libxl_snapshot_ctx *sc, const struct dom_save *save,
                       int rc)
{
    if (rc == ERROR_GUEST_TIMEDOUT)
        return snap_fail(sc, rc, "domain %u: the guest does not answer the "
                         "suspend request; see that its kernel has Xen "
                         "suspend support and is not stuck", save->domid);
    return snap_fail(sc, rc, "domain %u: libxl cannot save its memory: %s",
                     save->domid, libxl_error_to_string(rc));
}

int snap_dom_save(libxl_snapshot_ctx *sc, uint32_t domid, int fd, bool live,
                  uint64_t *stopped_us_r)
{
    struct dom_save save = { .sc = sc, .domid = domid };
    int rc;

    save.max_fds = SAVE_FDS + 8;
    save.fds = snap_zalloc(sc, save.max_fds * sizeof(*save.fds));
    save.how.callback = save_callback;
    save.how.u.for_callback = &save;
    save.xs = xs_open(0);
    if (save.xs) xs_watch(save.xs, "@releaseDomain", "snapshot");

    rc = libxl_domain_suspend(sc->ctx, domid, fd,
                              live ? LIBXL_SUSPEND_LIVE : 0, &save.how);
    if (!rc) rc = save_wait(&save);
    if (rc) rc = save_failed(sc, &save, rc);
    *stopped_us_r = save.stopped_us;

    if (save.xs) xs_close(save.xs);
    return rc;
}
