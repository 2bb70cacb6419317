/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/save.c: suspend a domain into a file, the one libxl call that
 * takes long.  It runs as an asynchronous operation under our own poll
 * loop, so that the guest's stop is seen when it happens (xenstored tells
 * with @releaseDomain) and a signal ends the copying.
 *
 * If libxl-save-helper dies while it waits for libxl's answer to "suspend
 * the guest", libxl frees the operation whose watch and timer for that
 * answer it still holds (4.17, domain_save_done), and the next call
 * crashes.  Therefore:
 *  - A signal does not use libxl_ao_abort(), which kills the helper just so
 *    (helper_getreply: read fails with EINTR).  We let its next write fail
 *    instead, which it takes as a full disk: libxl ends what it is in the
 *    middle of, and reports.
 *  - The save has a libxl_ctx of its own, which after a failure is left as it
 *    is and never used or freed.
 *  - After a failure the request may yet be on its way to the guest.
 *
 * Where the storage of the file hangs, the helper hangs in its write, and
 * libxl with it; the guest, suspended, would stand still for as long.  We
 * do not wait for libxl then: its context is left as after any failure,
 * and the guest is resumed.  Nor do we where the guest cannot answer any
 * more, for which libxl would wait for a minute.
 */
#include "seams/domain.h"
#include "seams/files.h"
#include "seams/programs.h"
#include "seams/users.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <unistd.h>
#include <libxl_event.h>
#include <xenstore.h>

#define SAVE_LOOK_MS        1000
#define SAVE_SETTLE_TRIES   20
#define SAVE_SETTLE_US      50000

/* Started -> Done, by libxl's callback. */
struct save {
    libxl_snapshot_ctx *sc;
    libxl_ctx *ctx;
    uint32_t domid;
    libxl_asyncop_how how;
    bool done, aborted, stalled;
    int rc;
    int fd;
    char pos[32];               /* the position in the file, as text */
    uint64_t moved_us;          /* when @pos changed last */
    uint64_t looked_us;         /* when we last looked if the guest can
                                 * answer */
    const char *mute;           /* why the guest cannot answer; NULL: it
                                 * can */
    int signal_fd;
    struct xs_handle *xs;       /* watches @releaseDomain */
    uint64_t stopped_us;
    struct pollfd *fds;         /* ours first, then libxl's */
    short *events;              /* events that libxl waits for */
    int max_fds;
};

enum { SAVE_FD_SIGNAL, SAVE_FD_XS, SAVE_FDS };

static void save_callback(libxl_ctx *ctx, int rc, void *opaque)
{
    struct save *save = opaque;

    (void)ctx;
    save->done = true;
    save->rc = rc;
}

/* Let every write of our children to a file fail.  They ignore SIGXFSZ,
 * since we do, and get EFBIG. */
static void save_stop_writes(void)
{
    static const struct rlimit none = { 0, 0 };
    FILE *f = snap_open_lines("/proc/thread-self/children");
    int pid;

    if (!f) return;             /* the save then ends by itself */
    while (fscanf(f, "%d", &pid) == 1)
        prlimit(pid, RLIMIT_FSIZE, &none, NULL);
    fclose(f);
}

/* Let libxl say what it waits for; grow the array until it fits. */
static int save_beforepoll(struct save *save, struct timeval now,
                           int *nfds_r, int *timeout_r)
{
    int nfds, rc;

    for (;;) {
        nfds = save->max_fds - SAVE_FDS;
        *timeout_r = -1;
        rc = libxl_osevent_beforepoll(
            save->ctx, &nfds, save->fds + SAVE_FDS, timeout_r, now);
        if (rc != ERROR_BUFFERFULL) break;
        save->fds = snap_grow(save->sc, save->fds,
                              save->max_fds * sizeof(*save->fds),
                              (SAVE_FDS + nfds) * sizeof(*save->fds));
        save->events = snap_zalloc(save->sc, nfds * sizeof(*save->events));
        save->max_fds = SAVE_FDS + nfds;
    }
    *nfds_r = nfds;
    return rc;
}

static void save_own_events(struct save *save)
{
    char **watch;

    /* the signal itself stays pending, for our caller */
    if (save->fds[SAVE_FD_SIGNAL].revents) save->aborted = true;
    /* each time, since the helper may have been started since */
    if (save->aborted) save_stop_writes();
    if (save->fds[SAVE_FD_XS].revents) {
        while ((watch = xs_check_watch(save->xs))) free(watch);
        if (!save->stopped_us
            && snap_dom_is_suspended(save->sc, save->domid))
            save->stopped_us = snap_now_us();
    }
}

/*
 * Give libxl one event at a time.  The end of its helper finishes the save
 * and frees it; if the watch for the guest's answer has fired in the same
 * round, libxl (4.17) would go on to it and use the freed memory.
 */
static void save_afterpoll(struct save *save, int nfds)
{
    struct pollfd *fds = save->fds + SAVE_FDS;
    short *events = save->events;
    struct timeval now;
    int i, num = 0;

    for (i = 0; i < nfds; i++) {
        events[i] = fds[i].revents;
        fds[i].revents = 0;
        if (events[i]) num++;
    }
    gettimeofday(&now, NULL);
    if (!num) libxl_osevent_afterpoll(save->ctx, nfds, fds, now);
    for (i = 0; i < nfds && !save->done; i++) {
        if (!events[i]) continue;
        fds[i].revents = events[i];
        libxl_osevent_afterpoll(save->ctx, nfds, fds, now);
        fds[i].revents = 0;
    }
}

/*
 * True if the file takes no more data, because its storage hangs: a server
 * that does not answer, for instance.  The position in the file is read
 * from /proc, since anything else would hang as well.
 */
static bool save_is_stalled(struct save *save)
{
    const char *pos = snap_file_first_line(
        save->sc, snap_sprintf(save->sc, "/proc/self/fdinfo/%d", save->fd));
    uint64_t now = snap_now_us(), limit_ms;

    if (!pos || strncmp(pos, save->pos, sizeof(save->pos) - 1)) {
        snprintf(save->pos, sizeof(save->pos), "%s", pos ? pos : "");
        save->moved_us = now;
    }
    limit_ms = snap_wait_ms(save->sc, SNAP_WAIT_SAVE_STALL);
    if (!save->stopped_us)
        limit_ms += snap_wait_ms(save->sc, SNAP_WAIT_SUSPEND);
    return now - save->moved_us > limit_ms * 1000;
}

/* The reason why the guest will never answer the request to suspend; NULL
 * if it still may. */
static const char *save_is_mute(struct save *save)
{
    uint64_t now = snap_now_us();
    libxl_shutdown_reason reason;

    if (save->stopped_us || now - save->looked_us < SAVE_LOOK_MS * 1000)
        return NULL;
    save->looked_us = now;
    reason = snap_dom_shutdown_reason(save->sc, save->domid);
    if (reason != LIBXL_SHUTDOWN_REASON_UNKNOWN
        && reason != LIBXL_SHUTDOWN_REASON_SUSPEND)
        return snap_sprintf(save->sc, "the guest has shut down (%s)",
                            libxl_shutdown_reason_to_string(reason));
    /* a guest waits for its disks before it suspends */
    if (snap_xenstore_qemu_is_gone(save->sc, save->domid))
        return "its QEMU has died";
    return NULL;
}

static int save_wait(struct save *save)
{
    struct timeval now;
    int nfds, timeout, rc;

    while (!save->done) {
        gettimeofday(&now, NULL);
        rc = save_beforepoll(save, now, &nfds, &timeout);
        if (rc) return rc;
        save->fds[SAVE_FD_SIGNAL] = (struct pollfd){
            .fd = save->aborted ? -1 : save->signal_fd, .events = POLLIN };
        save->fds[SAVE_FD_XS] = (struct pollfd){
            .fd = save->xs ? xs_fileno(save->xs) : -1, .events = POLLIN };
        if (timeout < 0 || timeout > SAVE_LOOK_MS) timeout = SAVE_LOOK_MS;
        if (poll(save->fds, SAVE_FDS + nfds, timeout) < 0) {
            if (errno == EINTR) continue;
            return ERROR_FAIL;
        }
        save_own_events(save);
        save->stalled = save_is_stalled(save);
        save->mute = save_is_mute(save);
        if (save->stalled || save->mute) {
            save_stop_writes();
            return ERROR_TIMEDOUT;
        }
        save_afterpoll(save, nfds);
    }
    return save->rc;
}

/* Take back a request to suspend that the guest has not seen.  If it has
 * seen the request, give it time to suspend: our caller then resumes it. */
static void save_settle(struct save *save)
{
    const char *path = snap_sprintf(
        save->sc, "/local/domain/%u/control/shutdown", save->domid);
    char *asked;
    int tries;

    if (!save->xs || save->stopped_us) return;
    asked = xs_read(save->xs, XBT_NULL, path, NULL);
    if (asked && !strcmp(asked, "suspend"))
        xs_write(save->xs, XBT_NULL, path, "", 0);
    free(asked);
    for (tries = 0; tries < SAVE_SETTLE_TRIES; tries++) {
        if (snap_dom_is_suspended(save->sc, save->domid)) break;
        usleep(SAVE_SETTLE_US);
    }
}

static int save_failed(libxl_snapshot_ctx *sc, const struct save *save,
                       int rc)
{
    if (save->aborted)
        return snap_signals_fail(sc);
    if (save->stalled)
        return snap_fail(
            sc, rc,
            "domain %u: the memory image could not be written for %d s; "
            "check its storage",
            save->domid,
            (int)((snap_now_us() - save->moved_us) / 1000000));
    if (save->mute)
        return snap_fail(sc, rc, "domain %u: %s, and its memory cannot be "
                         "saved; see its console and /var/log/xen",
                         save->domid, save->mute);
    if (rc == ERROR_GUEST_TIMEDOUT)
        return snap_fail(sc, rc, "domain %u: the guest does not answer "
                         "the suspend request; check that its kernel has "
                         "Xen suspend support and is not stuck",
                         save->domid);
    return snap_fail(sc, rc, "domain %u: libxl cannot save its memory: %s",
                     save->domid, libxl_error_to_string(rc));
}

static int save_run(struct save *save, int fd, bool live)
{
    int rc;

    save->how.callback = save_callback;
    save->how.u.for_callback = save;
    rc = libxl_domain_suspend(save->ctx, save->domid, fd,
                              live ? LIBXL_SUSPEND_LIVE : 0, &save->how);
    if (!rc) rc = save_wait(save);
    return rc;
}

int snap_save_domain(libxl_snapshot_ctx *sc, uint32_t domid, int fd,
                     bool live, uint64_t *stopped_us_r)
{
    struct save save = {
        .sc = sc, .domid = domid, .fd = fd, .moved_us = snap_now_us(),
    };
    sigset_t set;
    int rc;

    rc = libxl_ctx_alloc(&save.ctx, LIBXL_VERSION, 0, sc->lg);
    if (rc) return snap_fail(sc, rc, "libxl cannot open a second context");
    save.max_fds = SAVE_FDS + 8;
    save.fds = snap_zalloc(sc, save.max_fds * sizeof(*save.fds));
    save.events = snap_zalloc(sc, save.max_fds * sizeof(*save.events));
    snap_signals_set(&set);
    save.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    save.xs = xs_open(0);
    if (save.xs) xs_watch(save.xs, "@releaseDomain", "snapshot");

    rc = save_run(&save, fd, live);
    if (rc) {
        rc = save_failed(sc, &save, rc);
        save_settle(&save);
    } else {
        libxl_ctx_free(save.ctx);
    }
    *stopped_us_r = save.stopped_us;

    if (save.signal_fd >= 0) close(save.signal_fd);
    if (save.xs) xs_close(save.xs);
    return rc;
}
