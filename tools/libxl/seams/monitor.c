/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/monitor.c: keeps xl's monitor of a domain through a save.
 *
 * "xl create" and "xl restore" leave a daemon behind that restarts the
 * domain when it reboots or crashes.  It takes a suspend for the end:
 * "Domain has suspended", and leaves (xl_vmcontrol.c:handle_domain_death,
 * up to 4.19; since 4.20 it stays).  After "xl save -c" nobody handles the
 * domain's next reboot.
 *
 * The daemon looks at the domain's state when it gets to run, not at what
 * happened meanwhile (libxl's domain_death_xswatch_callback).  Stopped
 * while the domain is suspended, it sees nothing.
 *
 * We stop it with SIGSTOP, and not as its tracer: if we are killed it must
 * stay stopped, or it would see the suspend and leave before
 * snapshot-recover resumes the domain.
 */
#include "seams/seams.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libxl_utils.h>

#include "config.h"

#define LOG_PREFIX XEN_LOG_DIR "/xl-"

struct monitor_match {
    libxl_dominfo *domains;
    int num_domains;
    const char *name;           /* NULL: none that exists */
};

/* True if @link is the log of the monitor of domain @name, perhaps rotated
 * or deleted since it was opened. */
static bool monitor_is_log_of(const char *link, const char *name)
{
    const char *rest;

    if (strncmp(link, LOG_PREFIX, strlen(LOG_PREFIX))) return false;
    rest = link + strlen(LOG_PREFIX);
    if (strncmp(rest, name, strlen(name))) return false;
    rest += strlen(name);
    return !strcmp(rest, ".log") || !strncmp(rest, ".log.", 5)
        || !strncmp(rest, ".log ", 5);
}

static bool monitor_is_log_of_a_domain(libxl_snapshot_ctx *sc,
                                       const char *link,
                                       const struct monitor_match *m)
{
    char *name;
    int i;

    for (i = 0; i < m->num_domains; i++) {
        name = libxl_domid_to_name(sc->ctx, m->domains[i].domid);
        if (name && monitor_is_log_of(link, name)) {
            free(name);
            return true;
        }
        free(name);
    }
    return false;
}

/* True if the file descriptor is the log of a monitor that @opaque, a
 * monitor_match, is looking for (NULL: any). */
static bool monitor_match_log(libxl_snapshot_ctx *sc, pid_t pid,
                              const char *fd, void *opaque)
{
    const struct monitor_match *m = opaque;
    char link[512];
    ssize_t len = readlink(snap_sprintf(sc, "/proc/%d/fd/%s", (int)pid, fd),
                           link, sizeof(link) - 1);

    if (len <= 0) return false;
    link[len] = 0;
    if (m && m->name) return monitor_is_log_of(link, m->name);
    return !strncmp(link, LOG_PREFIX, strlen(LOG_PREFIX))
        && !(m && monitor_is_log_of_a_domain(sc, link, m));
}

/* The log of a renamed domain has the old name.  So if no log has the
 * domain's name, all monitors whose logs belong to no domain are taken. */
int snap_monitor_find(libxl_snapshot_ctx *sc, const char *name,
                      pid_t **pids_r, int *num_r)
{
    struct monitor_match m = { .name = name };
    int rc;

    rc = snap_processes_with_fd(sc, monitor_match_log, &m, pids_r, num_r);
    if (rc || *num_r) return rc;
    m.name = NULL;
    m.domains = libxl_list_domain(sc->ctx, &m.num_domains);
    if (!m.domains) return snap_fail(sc, ERROR_FAIL, "libxl cannot list the "
                                     "domains");
    rc = snap_processes_with_fd(sc, monitor_match_log, &m, pids_r, num_r);
    libxl_dominfo_list_free(m.domains, m.num_domains);
    return rc;
}

/* The state of a process, as in proc(5): 'S' asleep, 'T' stopped; 0 if it
 * has ended. */
static char monitor_process_state(libxl_snapshot_ctx *sc, pid_t pid)
{
    const char *stat = snap_file_first_line(
        sc, snap_sprintf(sc, "/proc/%d/stat", (int)pid));
    const char *name_end = stat ? strrchr(stat, ')') : NULL;

    return name_end && name_end[1] ? name_end[2] : 0;
}

/* Stop the monitor.  Returns 0, also if it has ended, or an errno. */
static int monitor_hold(libxl_snapshot_ctx *sc, pid_t pid)
{
    uint64_t deadline = snap_wait_until(sc, SNAP_WAIT_MONITOR);
    char state;

    if (kill(pid, SIGSTOP)) return errno == ESRCH ? 0 : errno;
    while ((state = monitor_process_state(sc, pid)) && state != 'T') {
        if (snap_now_us() > deadline) return ETIMEDOUT;
        usleep(1000);
    }
    return 0;
}

int snap_monitor_hold(libxl_snapshot_ctx *sc, const pid_t *pids, int num)
{
    int i, error;

    for (i = 0; i < num; i++) {
        error = monitor_hold(sc, pids[i]);
        if (!error) continue;
        snap_monitor_release(sc, pids, i + 1);
        return snap_fail(sc, ERROR_FAIL, "xl's monitor of the domain, pid "
                         "%d, cannot be stopped (SIGSTOP: %s); it would "
                         "exit at the suspend, and nothing would handle "
                         "the domain's next reboot",
                         (int)pids[i], strerror(error));
    }
    return 0;
}

/* Let the monitors go on.  In a recovery a pid may be another process by
 * now, so it must have a monitor's log. */
int snap_monitor_release(libxl_snapshot_ctx *sc, const pid_t *pids,
                         int num)
{
    int i;

    for (i = 0; i < num; i++)
        if (snap_process_has_fd(sc, pids[i], monitor_match_log, NULL))
            kill(pids[i], SIGCONT);
    return 0;
}
