/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-monitor.c: which processes are xl's monitors of a domain.  A shell
 * under the name xl, which is called to run a script "create", is one.
 */
#include "../test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A name that no monitor of another test, which runs meanwhile, has. */
static const char *own(const char *name)
{
    return snap_sprintf(sc, "t%d%s", (int)getpid(), name);
}

/* A program of the test's own folder, a copy of the shell. */
static const char *shell_as(const char *name)
{
    const char *path = tmp_path(name);
    const char *command = snap_sprintf(sc, "cp -L /bin/sh '%s'", path);

    if (system(command)) abort();
    return path;
}

/* Start it there as "@program create..." with @log as its output. */
static pid_t started(const char *program, const char *log,
                     const char *option, const char *arg)
{
    const char *dir = snap_file_dirname(sc, program);
    int fd = open(tmp_path(log), O_WRONLY | O_CREAT | O_APPEND, 0600);
    int fds[2];
    pid_t pid;

    if (fd < 0 || pipe(fds)) abort();
    tmp_text("create", "echo\nread x\n");
    pid = fork();
    if (!pid) {
        dup2(fds[0], 0);
        if (chdir(dir) || dup2(fd, 1) < 0) _exit(1);
        execl(program, program, "create", option, arg, NULL);
        _exit(1);
    }
    close(fds[0]);
    /* it writes a line when it has become that program */
    while (lseek(fd, 0, SEEK_END) < 1) usleep(1000);
    close(fd);
    return pid;
}

static void ended(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* How many monitors a domain @name has; the first, or 0, in *pid_r. */
static int monitors_of(const char *name, pid_t *pid_r)
{
    pid_t *pids;
    int num;

    CHECK_OK(snap_monitor_find_named(sc, name, &pids, &num));
    *pid_r = num ? pids[0] : 0;
    return num;
}

static void a_monitor_is_known_by_its_log(void)
{
    const char *log = snap_sprintf(sc, "xl-%s.log", own("-test"));
    const char *old = snap_sprintf(sc, "%s-20261128", log);
    pid_t pid = started(shell_as("xl"), log, "web.cfg", NULL), found;

    CHECK_INT(monitors_of(own("-test"), &found), 1);
    CHECK_INT(found, pid);
    CHECK_INT(monitors_of(own(""), &found), 0);
    CHECK_INT(monitors_of(own("-test2"), &found), 0);
    rename(tmp_path(log), tmp_path(old));
    CHECK_INT(monitors_of(own("-test"), &found), 1);
    unlink(tmp_path(old));
    CHECK_INT(monitors_of(own("-test"), &found), 1);
    unlink(tmp_path("xl"));
    CHECK_INT(monitors_of(own("-test"), &found), 1);
    ended(pid);
    CHECK_INT(monitors_of(own("-test"), &found), 0);
}

static void one_that_reads_the_log_is_none(void)
{
    const char *log = snap_sprintf(sc, "xl-%s.log", own("-test"));
    pid_t pid = started(shell_as("tail"), log, "web.cfg", NULL), found;

    CHECK_INT(monitors_of(own("-test"), &found), 0);
    ended(pid);
}

static void without_a_log_it_is_known_by_its_arguments(void)
{
    const char *xl = shell_as("xl");
    pid_t pid, found;

    tmp_text("web.cfg", snap_sprintf(sc, "kernel = \"/boot/k\"\nname = '%s'\n",
                                     own("-test")));
    pid = started(xl, "terminal", "-F", "web.cfg");
    CHECK_INT(monitors_of(own("-test"), &found), 1);
    CHECK_INT(found, pid);
    CHECK_INT(monitors_of(own(""), &found), 0);
    ended(pid);
    pid = started(xl, "terminal2", tmp_path("web.cfg"),
                  snap_sprintf(sc, "name=\"%s\"", own("-other")));
    CHECK_INT(monitors_of(own("-other"), &found), 1);
    CHECK_INT(found, pid);
    CHECK_INT(monitors_of(own("-othe"), &found), 0);
    ended(pid);
}

static char state_of(pid_t pid)
{
    const char *stat = snap_file_first_line(
        sc, snap_sprintf(sc, "/proc/%d/stat", (int)pid));
    const char *end = stat ? strrchr(stat, ')') : NULL;

    return end ? end[2] : 0;
}

static void a_monitor_is_held_and_let_go(void)
{
    pid_t pid = started(shell_as("xl"), "xl-web-test.log", "web.cfg", NULL);
    pid_t other = started(shell_as("tail"), "other", "web.cfg", NULL);

    CHECK_OK(snap_monitor_hold(sc, &pid, 1));
    CHECK_INT(state_of(pid), 'T');
    CHECK_OK(snap_monitor_release(sc, &pid, 1));
    CHECK(state_of(pid) != 'T');
    /* another process has its number by now */
    kill(other, SIGSTOP);
    while (state_of(other) != 'T') usleep(1000);
    CHECK_OK(snap_monitor_release(sc, &other, 1));
    CHECK_INT(state_of(other), 'T');
    ended(pid);
    ended(other);
}

TESTS(TEST(a_monitor_is_known_by_its_log),
      TEST(one_that_reads_the_log_is_none),
      TEST(without_a_log_it_is_known_by_its_arguments),
      TEST(a_monitor_is_held_and_let_go))
