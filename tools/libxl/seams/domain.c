/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/domain.c: short calls of libxl that act on a domain, and signals.
 * The long call, a save, is in seams/save.c.
 */
#include "seams/domain.h"
#include "seams/programs.h"
#include "seams/users.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libxl_utils.h>

/*-- signals ----------------------------------------------------------------*/

/* Those that end a process, but for SIGKILL, for those that tell of a fault
 * of its own, and for those that are ignored during a run. */
void snap_signals_set(sigset_t *set)
{
    static const int stop[] = {
        SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGALRM, SIGVTALRM,
        SIGPROF, SIGUSR1, SIGUSR2,
    };
    size_t i;

    sigemptyset(set);
    for (i = 0; i < sizeof(stop) / sizeof(*stop); i++)
        sigaddset(set, stop[i]);
}

void snap_signals_block(struct snap_signals *old)
{
    /* SIGCHLD is libxl's (4.17, libxl_fork.c) */
    static const int kept[] = {
        SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP, SIGCHLD,
    };
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    sigset_t set;
    size_t i;

    sigfillset(&set);
    for (i = 0; i < sizeof(kept) / sizeof(*kept); i++)
        sigdelset(&set, kept[i]);
    sigprocmask(SIG_BLOCK, &set, &old->mask);
    sigaction(SIGPIPE, &ignore, &old->pipe);
    sigaction(SIGXFSZ, &ignore, &old->xfsz);
}

void snap_signals_restore(const struct snap_signals *old)
{
    sigaction(SIGXFSZ, &old->xfsz, NULL);
    sigaction(SIGPIPE, &old->pipe, NULL);
    sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

bool snap_signals_pending(void)
{
    sigset_t set, pending;
    int sig;

    snap_signals_set(&set);
    sigpending(&pending);
    for (sig = 1; sig < NSIG; sig++)
        if (sigismember(&set, sig) == 1 && sigismember(&pending, sig) == 1)
            return true;
    return false;
}

int snap_signals_fail(libxl_snapshot_ctx *sc)
{
    return snap_fail(sc, ERROR_ABORTED,
                     "interrupted by a signal; what had been "
                     "done is undone");
}

void snap_signals_drop(void)
{
    struct timespec now = { 0, 0 };
    sigset_t set;

    snap_signals_set(&set);
    while (sigtimedwait(&set, NULL, &now) > 0)
        ;
}

/*-- short calls ------------------------------------------------------------*/

static int dom_failed(libxl_snapshot_ctx *sc, int rc, uint32_t domid,
                      const char *what)
{
    if (!rc) return 0;
    return snap_fail(sc, rc, "domain %u: libxl cannot %s it: %s", domid, what,
                     libxl_error_to_string(rc));
}

int snap_dom_info(libxl_snapshot_ctx *sc, uint32_t domid,
                  libxl_dominfo *info)
{
    int rc = libxl_domain_info(sc->ctx, info, domid);

    if (rc == ERROR_DOMAIN_NOTFOUND)
        return snap_fail(sc, rc, "domain %u: there is no such domain; see xl "
                         "list", domid);
    return dom_failed(sc, rc, domid, "inspect");
}

int snap_dom_uuid(libxl_snapshot_ctx *sc, uint32_t domid,
                  libxl_uuid *uuid_r)
{
    libxl_dominfo info;
    int rc;

    libxl_dominfo_init(&info);
    rc = snap_dom_info(sc, domid, &info);
    *uuid_r = info.uuid;
    libxl_dominfo_dispose(&info);
    return rc;
}

int snap_dom_uuid_str(libxl_snapshot_ctx *sc, uint32_t domid,
                      const char **uuid_r)
{
    libxl_uuid uuid;
    int rc = snap_dom_uuid(sc, domid, &uuid);

    *uuid_r = snap_sprintf(sc, LIBXL_UUID_FMT, LIBXL_UUID_BYTES(uuid));
    return rc;
}

/* The memory that the domain has now; 0 if there is none. */
static uint64_t dom_memory_kb(libxl_snapshot_ctx *sc, uint32_t domid)
{
    libxl_dominfo info;
    uint64_t kb;

    libxl_dominfo_init(&info);
    kb = libxl_domain_info(sc->ctx, &info, domid) ? 0 : info.current_memkb;
    libxl_dominfo_dispose(&info);
    return kb;
}

/* xl takes memory from domain 0 unless dom0_mem is among Xen's arguments
 * (4.17, xl.c:auto_autoballoon), and never the last DOM0_MIN_KB. */
#define DOM0_MIN_KB (128 << 10)
static uint64_t dom_balloon_kb(libxl_snapshot_ctx *sc)
{
    const libxl_version_info *xen = libxl_get_version_info(sc->ctx);
    uint64_t kb = dom_memory_kb(sc, 0);

    if (kb <= DOM0_MIN_KB
        || (xen && xen->commandline && strstr(xen->commandline, "dom0_mem=")))
        return 0;
    return kb - DOM0_MIN_KB;
}

int snap_dom_free_kb(libxl_snapshot_ctx *sc, uint32_t domid,
                     uint64_t *kb_r)
{
    const libxl_version_info *xen = libxl_get_version_info(sc->ctx);
    libxl_physinfo phys;
    int rc;

    libxl_physinfo_init(&phys);
    rc = libxl_get_physinfo(sc->ctx, &phys);
    if (rc || !xen)
        rc = snap_fail(sc, rc ? rc : ERROR_FAIL, "libxl cannot tell how much "
                       "memory is free");
    else
        *kb_r = (phys.free_pages + phys.scrub_pages)
            * (xen->pagesize / 1024) + dom_balloon_kb(sc);
    libxl_physinfo_dispose(&phys);
    if (!rc && domid != SNAP_NO_DOMAIN) *kb_r += dom_memory_kb(sc, domid);
    return rc;
}

uint64_t snap_dom_need_kb(libxl_snapshot_ctx *sc,
                          const libxl_domain_config *config)
{
    uint64_t kb = config->b_info.target_memkb;
    libxl_domain_config copy;

    libxl_domain_config_init(&copy);
    libxl_domain_config_copy(sc->ctx, &copy, config);
    /* libxl (4.17) makes the bitmap anew if it is empty, and loses what
     * the copy has then */
    if (!copy.b_info.avail_vcpus.size)
        libxl_bitmap_dispose(&copy.b_info.avail_vcpus);
    /* page tables are for as much as it may ever have */
    if (copy.b_info.max_memkb == LIBXL_MEMKB_DEFAULT)
        copy.b_info.max_memkb = kb;
    if (libxl_domain_need_memory(sc->ctx, &copy, INVALID_DOMID, &kb)
        && kb == LIBXL_MEMKB_DEFAULT)
        kb = 0;
    libxl_domain_config_dispose(&copy);
    return kb;
}

/* Set *info_r, without its strings; all zeros if there is no domain. */
static bool dom_look(libxl_snapshot_ctx *sc, uint32_t domid,
                     libxl_dominfo *info_r)
{
    libxl_dominfo info;
    bool is_there;

    libxl_dominfo_init(&info);
    is_there = !libxl_domain_info(sc->ctx, &info, domid);
    *info_r = (libxl_dominfo){ 0 };
    if (is_there) *info_r = info;
    info_r->ssid_label = NULL;
    libxl_dominfo_dispose(&info);
    return is_there;
}

bool snap_dom_is_paused(libxl_snapshot_ctx *sc, uint32_t domid)
{
    libxl_dominfo info;

    return dom_look(sc, domid, &info) && info.paused;
}

bool snap_dom_is_dying(libxl_snapshot_ctx *sc, uint32_t domid)
{
    libxl_dominfo info;

    return dom_look(sc, domid, &info) && info.dying;
}

bool snap_dom_cpu_ns(libxl_snapshot_ctx *sc, uint32_t domid, uint64_t *ns_r)
{
    libxl_dominfo info;
    bool is_there = dom_look(sc, domid, &info);

    *ns_r = info.cpu_time;
    return is_there;
}

/* libxl-save-helper --save-domain STREAM-FD BACK-FD DOMID ... (4.7 to 4.20,
 * libxl_save_callout.c).  It lives as long as the save does. */
static bool dom_saver_domid(libxl_snapshot_ctx *sc, pid_t pid,
                            uint32_t *domid_r)
{
    return snap_process_domid(sc, pid, "--save-domain", 3, domid_r);
}

static bool dom_is_saver(libxl_snapshot_ctx *sc, pid_t pid)
{
    uint32_t domid;

    return dom_saver_domid(sc, pid, &domid);
}

static int dom_find_saver(libxl_snapshot_ctx *sc, uint32_t domid,
                          pid_t *pid_r)
{
    uint32_t saved;
    pid_t *pids;
    int rc, num, i;

    *pid_r = 0;
    rc = snap_processes(sc, dom_is_saver, &pids, &num);
    if (rc) return rc;
    for (i = 0; i < num; i++)
        if (dom_saver_domid(sc, pids[i], &saved) && saved == domid)
            *pid_r = pids[i];
    return 0;
}

int snap_dom_saver(libxl_snapshot_ctx *sc, uint32_t domid, bool at_once,
                   pid_t *pid_r)
{
    uint64_t deadline = snap_wait_until(sc, SNAP_WAIT_SAVER);
    int rc;

    for (;;) {
        rc = dom_find_saver(sc, domid, pid_r);
        if (rc || !*pid_r || at_once || snap_now_us() > deadline) return rc;
        usleep(50000);
    }
}

int snap_dom_check_alive(libxl_snapshot_ctx *sc, uint32_t domid,
                         bool paused)
{
    libxl_dominfo info;
    pid_t saver;
    int rc;

    rc = snap_dom_saver(sc, domid, true, &saver);
    if (rc) return rc;
    if (saver)
        return snap_fail(sc, ERROR_FAIL, "domain %u: it is being saved or "
                         "migrated (pid %d) by now; wait until that has "
                         "ended, then try again", domid, (int)saver);
    libxl_dominfo_init(&info);
    rc = snap_dom_info(sc, domid, &info);
    if (!rc && (info.dying
                || (info.shutdown
                    && (paused || info.shutdown_reason
                                  != LIBXL_SHUTDOWN_REASON_SUSPEND))))
        rc = snap_fail(sc, ERROR_FAIL, "domain %u: it has ended meanwhile, "
                       "or is about to reboot", domid);
    else if (!rc && paused && !info.paused)
        rc = snap_fail(sc, ERROR_FAIL, "domain %u: somebody has unpaused it "
                       "meanwhile", domid);
    libxl_dominfo_dispose(&info);
    return rc;
}

libxl_shutdown_reason snap_dom_shutdown_reason(libxl_snapshot_ctx *sc,
                                              uint32_t domid)
{
    libxl_shutdown_reason reason = LIBXL_SHUTDOWN_REASON_UNKNOWN;
    libxl_dominfo info;

    libxl_dominfo_init(&info);
    if (!libxl_domain_info(sc->ctx, &info, domid) && info.shutdown)
        reason = info.shutdown_reason;
    libxl_dominfo_dispose(&info);
    return reason;
}

bool snap_dom_is_suspended(libxl_snapshot_ctx *sc, uint32_t domid)
{
    return snap_dom_shutdown_reason(sc, domid)
        == LIBXL_SHUTDOWN_REASON_SUSPEND;
}

/* Resume the domain if it is suspended.  A save that failed early leaves
 * the guest running, and resuming a running domain is an error (4.17,
 * xc_resume.c:modify_returncode). */
int snap_dom_resume(libxl_snapshot_ctx *sc, uint32_t domid)
{
    if (!snap_dom_is_suspended(sc, domid)) return 0;
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

int snap_dom_list(libxl_snapshot_ctx *sc, const libxl_uuid *uuid,
                  uint32_t **domids_r, int *num_r)
{
    libxl_dominfo *list;
    int num, i;

    *num_r = 0;
    list = libxl_list_domain(sc->ctx, &num);
    if (!list)
        return snap_fail(sc, ERROR_FAIL, "libxl cannot list the domains");
    *domids_r = snap_zalloc(sc, num * sizeof(**domids_r));
    for (i = 0; i < num; i++)
        if (list[i].domid
            && (!uuid || !libxl_uuid_compare(&list[i].uuid, uuid)))
            (*domids_r)[(*num_r)++] = list[i].domid;
    libxl_dominfo_list_free(list, num);
    return 0;
}

int snap_dom_find_other(libxl_snapshot_ctx *sc, const libxl_uuid *uuid,
                        uint32_t than, uint32_t *domid_r)
{
    uint32_t *domids;
    int num = 0, i, rc;

    *domid_r = SNAP_NO_DOMAIN;
    if (libxl_uuid_is_nil(uuid)) return 0;
    rc = snap_dom_list(sc, uuid, &domids, &num);
    for (i = 0; i < num; i++)
        if (domids[i] != than) *domid_r = domids[i];
    return rc;
}

int snap_dom_find(libxl_snapshot_ctx *sc, const libxl_uuid *uuid,
                  uint32_t *domid_r)
{
    return snap_dom_find_other(sc, uuid, SNAP_NO_DOMAIN, domid_r);
}
