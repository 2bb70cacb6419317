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
 *
 * The daemon is known by what it is: a process of the program xl, which was
 * called to create or to restore a domain, and lives on.  Its log, which has
 * the domain's name, is its standard output; "xl create -F" has none, and is
 * told by its arguments: one has the domain's name, or is a file that has
 * (4.17, xl_utils.c:do_daemonize).
 */
#include "seams/domain.h"
#include "seams/files.h"
#include "seams/users.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libxl_utils.h>

/* The config is at the beginning of a memory image, too. */
#define ARGUMENT_MAX    (256 * 1024)
#define ARGUMENTS_MAX   64

/*-- what a monitor is ------------------------------------------------------*/

/* The last part of the path that /proc/@pid/@link leads to; NULL if the
 * process has ended. */
static const char *monitor_link(libxl_snapshot_ctx *sc, pid_t pid,
                                const char *link)
{
    char path[512];
    ssize_t len = readlink(snap_sprintf(sc, "/proc/%d/%s", (int)pid, link),
                           path, sizeof(path) - 1);
    const char *slash;

    if (len <= 0) return NULL;
    path[len] = 0;
    slash = strrchr(path, '/');
    return snap_strdup(sc, slash ? slash + 1 : path);
}

/* The arguments of a process, up to NULL, not more than are looked at; NULL
 * if it has ended. */
static const char **monitor_argv(libxl_snapshot_ctx *sc, pid_t pid)
{
    struct snap_words words;
    const char **argv, *arg;
    int num = 0;

    if (!snap_words_open(sc, &words, pid, "cmdline")) return NULL;
    argv = snap_zalloc(sc, (ARGUMENTS_MAX + 1) * sizeof(*argv));
    while (num < ARGUMENTS_MAX && (arg = snap_words_next(&words)))
        argv[num++] = snap_strdup(sc, arg);
    snap_words_close(&words);
    return argv;
}

/* True if xl takes @word for a command that makes a domain.  It takes the
 * beginning of a command, too. */
static bool monitor_is_command(const char *word)
{
    static const char *const commands[] = {
        "create", "restore", "migrate-receive",
    };
    size_t i;

    for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
        if (*word && !strncmp(commands[i], word, strlen(word))) return true;
    return false;
}

/* The arguments of the monitor @pid, a process of root's; NULL if that is
 * not one. */
static const char **monitor_is(libxl_snapshot_ctx *sc, pid_t pid)
{
    const char *program = monitor_link(sc, pid, "exe"), **argv;
    int i;

    /* one that was replaced since it was started reads "xl (deleted)" */
    if (!program || (strcmp(program, "xl") && strncmp(program, "xl ", 3)))
        return NULL;
    argv = monitor_argv(sc, pid);
    if (!argv) return NULL;
    for (i = 1; argv[i] && argv[i][0] == '-'; i++)
        ;
    return argv[i] && monitor_is_command(argv[i]) ? argv + i + 1 : NULL;
}

/*-- whose it is ------------------------------------------------------------*/

/* True if @log is the log of the monitor of domain @name, perhaps rotated
 * or deleted since it was opened. */
static bool monitor_is_log_of(const char *log, const char *name)
{
    size_t len = strlen(name);

    return !strncmp(log, "xl-", 3) && !strncmp(log + 3, name, len)
        && !strncmp(log + 3 + len, ".log", 4)
        && !isalnum((unsigned char)log[3 + len + 4]);
}

static bool monitor_is_log(const char *log)
{
    return log && !strncmp(log, "xl-", 3) && strstr(log, ".log");
}

static bool monitor_text_names(libxl_snapshot_ctx *sc, const char *text,
                               size_t len, const char *name)
{
    const char *quoted = snap_sprintf(sc, "\"%s\"", name);
    const char *single = snap_sprintf(sc, "'%s'", name);

    return memmem(text, len, quoted, strlen(quoted))
        || memmem(text, len, single, strlen(single));
}

/* True if the quoted word @name stands in the file @arg of process @pid. */
static bool monitor_file_names(libxl_snapshot_ctx *sc, pid_t pid,
                               const char *arg, const char *name)
{
    const char *path = *arg == '/' ? arg
        : snap_sprintf(sc, "/proc/%d/cwd/%s", (int)pid, arg);
    int fd = snap_open(sc, path, O_RDONLY);
    struct stat st;
    char *text;
    ssize_t got;
    bool found;

    if (fd < 0) return false;
    text = malloc(ARGUMENT_MAX);
    if (!text) abort();
    got = fstat(fd, &st) || !S_ISREG(st.st_mode) ? 0
        : read(fd, text, ARGUMENT_MAX);
    found = got > 0 && monitor_text_names(sc, text, got, name);
    free(text);
    close(fd);
    return found;
}

/* True if an argument after the command names the domain: name="web", or a
 * config file or memory image in which that stands. */
static bool monitor_argv_names(libxl_snapshot_ctx *sc, pid_t pid,
                               const char **argv, const char *name)
{
    for (; *argv; argv++) {
        const char *value = strncmp(*argv, "name", 4) ? NULL
            : strchr(*argv, '=');

        if (value) {
            value += 1 + strspn(value + 1, " \"'");
            if (!strncmp(value, name, strlen(name))
                && strspn(value + strlen(name), " \"'")
                   == strlen(value + strlen(name)))
                return true;
        }
        if (**argv != '-' && monitor_file_names(sc, pid, *argv, name))
            return true;
    }
    return false;
}

/* True if the process @pid is xl's monitor of a domain @name. */
static bool monitor_is_of(libxl_snapshot_ctx *sc, pid_t pid,
                          const char *name)
{
    const char **argv = monitor_is(sc, pid);
    const char *log;

    if (!argv) return false;
    log = monitor_link(sc, pid, "fd/1");
    return monitor_is_log(log) ? monitor_is_log_of(log, name)
                               : monitor_argv_names(sc, pid, argv, name);
}

static bool monitor_is_of_a_domain(libxl_snapshot_ctx *sc, pid_t pid,
                                   const libxl_dominfo *domains, int num)
{
    bool is = false;
    char *name;
    int i;

    for (i = 0; i < num && !is; i++) {
        name = libxl_domid_to_name(sc->ctx, domains[i].domid);
        is = name && monitor_is_of(sc, pid, name);
        free(name);
    }
    return is;
}

/* Keep those of @pids that are monitors of a domain @name. */
static int monitor_keep_named(libxl_snapshot_ctx *sc, const char *name,
                              pid_t *pids, int num)
{
    int i, kept = 0;

    for (i = 0; i < num; i++)
        if (monitor_is_of(sc, pids[i], name)) pids[kept++] = pids[i];
    return kept;
}

static bool monitor_match(libxl_snapshot_ctx *sc, pid_t pid)
{
    return monitor_is(sc, pid) != NULL;
}

int snap_monitor_find_named(libxl_snapshot_ctx *sc, const char *name,
                            pid_t **pids_r, int *num_r)
{
    int rc = snap_processes(sc, monitor_match, pids_r, num_r);

    if (!rc) *num_r = monitor_keep_named(sc, name, *pids_r, *num_r);
    return rc;
}

/* A monitor knows a renamed domain by its old name.  So if none has the
 * domain's name, all are taken that are of no domain. */
int snap_monitor_find(libxl_snapshot_ctx *sc, const char *name,
                      pid_t **pids_r, int *num_r)
{
    libxl_dominfo *domains;
    int rc = snap_monitor_find_named(sc, name, pids_r, num_r), num, i, all;

    if (rc || *num_r) return rc;
    rc = snap_processes(sc, monitor_match, pids_r, &all);
    if (rc || !all) return rc;
    domains = libxl_list_domain(sc->ctx, &num);
    if (!domains)
        return snap_fail(sc, ERROR_FAIL, "libxl cannot list the domains");
    for (i = 0; i < all; i++)
        if (!monitor_is_of_a_domain(sc, (*pids_r)[i], domains, num))
            (*pids_r)[(*num_r)++] = (*pids_r)[i];
    libxl_dominfo_list_free(domains, num);
    return 0;
}

/* A monitor writes to its log; until then it is the xl that was called. */
static int monitor_find_at_work(libxl_snapshot_ctx *sc, const char *mark,
                                pid_t *pid_r)
{
    pid_t *pids;
    int num, i, rc = snap_processes(sc, monitor_match, &pids, &num);

    *pid_r = 0;
    for (i = 0; !rc && i < num; i++)
        if (snap_mark_is_on(sc, pids[i], mark)
            && !monitor_is_log(monitor_link(sc, pids[i], "fd/1")))
            *pid_r = pids[i];
    return rc;
}

int snap_monitor_at_work(libxl_snapshot_ctx *sc, const char *mark,
                         pid_t *pid_r)
{
    uint64_t deadline = snap_wait_until(sc, SNAP_WAIT_SAVER);
    int rc;

    do {
        rc = monitor_find_at_work(sc, mark, pid_r);
        if (rc || !*pid_r) return rc;
        usleep(50000);
    } while (snap_now_us() < deadline);
    return 0;
}

/*-- holding it -------------------------------------------------------------*/

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
 * now, so it must be a monitor. */
int snap_monitor_release(libxl_snapshot_ctx *sc, const pid_t *pids,
                         int num)
{
    int i;

    for (i = 0; i < num; i++)
        if (snap_process_is_roots(sc, pids[i]) && monitor_is(sc, pids[i]))
            kill(pids[i], SIGCONT);
    return 0;
}
