/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/exec.c: runs programs.  The only file that forks.
 *
 * By argv, never by a shell; with a deadline; exit status and death by
 * signal kept apart.  The program's output goes to memory files, not
 * pipes: a reader is not needed while we feed its standard input, and a
 * daemon that it leaves behind (the monitor of "xl restore") cannot keep
 * us waiting for an EOF.
 */
#include "seams/files.h"
#include "seams/programs.h"
#include "seams/users.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXEC_OUTPUT_MAX (16 << 20)
#define EXEC_FLOOD (64 << 20)
#define EXEC_SLICE_MS 200
#define EXEC_CHUNK (1 << 20)
#define EXEC_CPU_S 10

/* RLIMIT_DATA: RLIMIT_AS counts malloc's reserves for each of QEMU's threads,
 * too, 64 MiB, and QEMU aborts when it cannot start one (7.2). */
static const struct rlimit reader_bytes = { 1 << 30, 1 << 30 };
static const struct rlimit reader_cpu = { EXEC_CPU_S, EXEC_CPU_S + 1 };

struct exec_child {
    pid_t pid;
    int pidfd;
    int in;                     /* our end of the program's stdin; -1:
                                 * none */
    int out, err;               /* memory files */
    enum snap_exec_end end;     /* after its deadline */
    struct snap_left left;
};

static void child_init(struct exec_child *child)
{
    *child = (struct exec_child){ .pid = -1, .pidfd = -1, .in = -1, .out = -1,
                                  .err = -1, .end = SNAP_EXEC_KILL };
}

static void exec_close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void child_dispose(struct exec_child *child)
{
    exec_close_fd(&child->pidfd);
    exec_close_fd(&child->in);
    exec_close_fd(&child->out);
    exec_close_fd(&child->err);
}

/* The child gets default signals, none blocked, and a process group of its
 * own, so that a Ctrl-C meant for us does not reach it and a kill reaches
 * all its processes. */
static void exec_spawn_attributes(posix_spawnattr_t *attr)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(attr);
    posix_spawnattr_setsigmask(attr, &none);
    posix_spawnattr_setsigdefault(attr, &all);
    posix_spawnattr_setpgroup(attr, 0);
    posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK
                                       | POSIX_SPAWN_SETSIGDEF
                                       | POSIX_SPAWN_SETPGROUP);
}

/* Start the program @file; its stdin is @in, or empty if that is -1. */
static int exec_spawn(const char *file, const char *const *argv, char **env,
                      int in, struct exec_child *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int r;

    posix_spawn_file_actions_init(&actions);
    if (in >= 0) posix_spawn_file_actions_adddup2(&actions, in, 0);
    else
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null",
                                         O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, child->out, 1);
    posix_spawn_file_actions_adddup2(&actions, child->err, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    exec_spawn_attributes(&attr);

    r = posix_spawn(&child->pid, file, &actions, &attr,
                    (char *const *)argv, env);

    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return r;
}

/* Return @fd as a number above 2.  If we were started with closed standard
 * files (cron, "<&-") our files would get their numbers, and the child's
 * redirections would overwrite one another. */
static int exec_above_stdio(int fd)
{
    int moved;

    if (fd < 0 || fd > 2) return fd;
    moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    close(fd);
    return moved;
}

/* @more_env: NAME=VALUE, or NULL; @fed: it is to have a standard input;
 * @in: else the file that this is, or -1. */
static int child_start(libxl_snapshot_ctx *sc, const char *what,
                       const char *const *argv, const char *const *more_env,
                       bool fed, int in, struct exec_child *child)
{
    char **env = snap_environ_make(sc, more_env);
    const char *file = snap_environ_find(sc, argv[0]);
    int pipes[2] = { -1, -1 }, r, rc;

    child->out = exec_above_stdio(memfd_create("stdout", MFD_CLOEXEC));
    child->err = exec_above_stdio(memfd_create("stderr", MFD_CLOEXEC));
    if (fed && !pipe2(pipes, O_CLOEXEC)) {
        pipes[0] = exec_above_stdio(pipes[0]);
        pipes[1] = exec_above_stdio(pipes[1]);
    }
    if (child->out < 0 || child->err < 0
        || (fed && (pipes[0] < 0 || pipes[1] < 0))) {
        rc = snap_fail(sc, ERROR_FAIL, "%s: cannot run %s: %s", what, argv[0],
                       strerror(errno));
        goto out;
    }
    r = file ? exec_spawn(file, argv, env, fed ? pipes[0] : in, child)
             : ENOENT;
    if (r) {
        child->pid = -1;
        rc = snap_fail(sc, r == ENOENT ? ERROR_NOTFOUND : ERROR_FAIL,
                       "%s: cannot run %s: %s", what, argv[0], strerror(r));
        goto out;
    }
    child->in = pipes[1];
    pipes[1] = -1;
    child->pidfd = syscall(SYS_pidfd_open, child->pid, 0);
    rc = 0;

 out:
    exec_close_fd(&pipes[0]);
    exec_close_fd(&pipes[1]);
    return rc;
}

static char *exec_read_output(libxl_snapshot_ctx *sc, int fd, size_t *len_r)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text;
    ssize_t got;

    if (size < 0) size = 0;
    if (size > EXEC_OUTPUT_MAX) size = EXEC_OUTPUT_MAX;
    text = snap_zalloc(sc, size + 1);
    got = pread(fd, text, size, 0);
    *len_r = got > 0 ? got : 0;
    text[*len_r] = 0;
    return text;
}

/* The last line of the program's stderr, for a message; "" if none. */
static const char *exec_last_words(libxl_snapshot_ctx *sc,
                                   const struct exec_child *child)
{
    size_t len;
    char *text = exec_read_output(sc, child->err, &len), *nl;

    while (len && text[len - 1] == '\n') text[--len] = 0;
    nl = strrchr(text, '\n');
    if (nl) text = nl + 1;
    return *text ? snap_sprintf(sc, ": %s", text) : "";
}

/* True if the program prints without end, into our memory. */
static bool child_floods(const struct exec_child *child)
{
    struct stat out, err;

    return !fstat(child->out, &out) && !fstat(child->err, &err)
        && out.st_size + err.st_size > EXEC_FLOOD;
}

/* Wait until a program that was killed has ended, and all that it started.
 * What waits for its storage (state D) may do so for ever. */
static bool child_reap(libxl_snapshot_ctx *sc, const struct exec_child *child)
{
    const struct snap_left group = { .pid = child->pid };
    uint64_t deadline = snap_wait_until(sc, SNAP_WAIT_REAP);
    bool reaped = false;

    for (;; usleep(5000)) {
        reaped = reaped || waitpid(child->pid, NULL, WNOHANG);
        if (reaped && (kill(-child->pid, 0)
                       || !snap_process_is_at_work(sc, &group)))
            return true;
        if (snap_now_us() > deadline) return false;
    }
}

/* The program has not ended and cannot be made to. */
static int child_leave(libxl_snapshot_ctx *sc, const char *what,
                       const char *const *argv, struct exec_child *child,
                       int timeout_ms)
{
    static const char *const why[] = {
        [SNAP_EXEC_LEAVE] = "is left to go on, since it would leave half of "
                            "what it does",
        [SNAP_EXEC_TERM] = "does not end by SIGTERM, so it is left to go on",
        [SNAP_EXEC_KILL] = "cannot be killed: its storage hangs",
    };

    child->left = (struct snap_left){
        child->pid, snap_process_started(sc, child->pid),
    };
    return snap_fail(sc, ERROR_NOT_READY, "%s: %s (pid %d) did not answer "
                     "for %d s and %s", what, argv[0], (int)child->pid,
                     timeout_ms / 1000, why[child->end]);
}

static int child_kill(libxl_snapshot_ctx *sc, const char *what,
                      const char *const *argv, struct exec_child *child,
                      int timeout_ms)
{
    bool floods = child_floods(child);

    if (floods) child->end = SNAP_EXEC_KILL;
    if (child->end != SNAP_EXEC_LEAVE)
        kill(-child->pid, child->end == SNAP_EXEC_KILL ? SIGKILL : SIGTERM);
    if (child->end == SNAP_EXEC_LEAVE || !child_reap(sc, child))
        return child_leave(sc, what, argv, child, timeout_ms);
    if (floods)
        return snap_fail(sc, ERROR_FAIL, "%s: %s printed more than %d MiB and "
                         "was killed", what, argv[0], EXEC_FLOOD >> 20);
    return snap_fail(sc, ERROR_TIMEDOUT, "%s: %s did not answer for %d s and "
                     "was %s%s", what, argv[0], timeout_ms / 1000,
                     child->end == SNAP_EXEC_KILL ? "killed" : "ended",
                     exec_last_words(sc, child));
}

/* Wait without pidfd_open() (Linux before 5.3, valgrind 3.19): ask now and
 * then. */
static bool child_ends_polled(const struct exec_child *child,
                              int timeout_ms)
{
    uint64_t deadline = snap_now_us() + timeout_ms * UINT64_C(1000);
    siginfo_t info = { .si_pid = 0 };

    for (;;) {
        if (waitid(P_PID, child->pid, &info, WEXITED | WNOHANG | WNOWAIT)
            || info.si_pid)
            return true;
        if (snap_now_us() > deadline || child_floods(child)) return false;
        usleep(5000);
    }
}

static bool child_ends(const struct exec_child *child, int timeout_ms)
{
    struct pollfd pfd = { .fd = child->pidfd, .events = POLLIN };
    uint64_t deadline = snap_now_us() + timeout_ms * UINT64_C(1000);

    if (child->pidfd < 0) return child_ends_polled(child, timeout_ms);
    while (poll(&pfd, 1, EXEC_SLICE_MS) <= 0)
        if (snap_now_us() > deadline || child_floods(child)) return false;
    return true;
}

/* Wait for the end of the program and judge it. */
static int child_wait(libxl_snapshot_ctx *sc, const char *what,
                      const char *const *argv, struct exec_child *child,
                      int timeout_ms)
{
    int status;

    if (!child_ends(child, timeout_ms))
        return child_kill(sc, what, argv, child, timeout_ms);
    while (waitpid(child->pid, &status, 0) < 0)
        if (errno != EINTR)
            return snap_fail(sc, ERROR_FAIL, "%s: lost %s: %s", what, argv[0],
                             strerror(errno));
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        return snap_fail(sc, ERROR_FAIL, "%s: %s took more than %d s of CPU "
                         "time", what, argv[0], EXEC_CPU_S);
    if (WIFSIGNALED(status))
        return snap_fail(sc, ERROR_FAIL, "%s: %s was killed by signal %d%s",
                         what, argv[0], WTERMSIG(status),
                         exec_last_words(sc, child));
    if (WEXITSTATUS(status) == 127)
        return snap_fail(sc, ERROR_NOTFOUND, "%s: %s cannot be run%s", what,
                         argv[0], exec_last_words(sc, child));
    if (WEXITSTATUS(status))
        return snap_fail(sc, ERROR_FAIL, "%s: %s failed with status %d%s",
                         what, argv[0], WEXITSTATUS(status),
                         exec_last_words(sc, child));
    return 0;
}

bool snap_exec_finds(libxl_snapshot_ctx *sc, const char *program)
{
    return snap_environ_find(sc, program) != NULL;
}

static int child_output(libxl_snapshot_ctx *sc, const char *what,
                        const struct exec_child *child, int rc,
                        struct snap_exec_output *output_r)
{
    if (output_r) output_r->left = child->left;
    if (rc || !output_r) return rc;
    output_r->out = exec_read_output(sc, child->out, &output_r->len);
    return output_r->len < EXEC_OUTPUT_MAX || child->end != SNAP_EXEC_KILL
        ? 0 : snap_fail(sc, ERROR_FAIL, "%s: the answer has more than 16 MiB",
                        what);
}

/* @in: the file that is its stdin, or -1. */
static int exec_run(libxl_snapshot_ctx *sc, const char *what,
                    const char *const *argv, int timeout_ms,
                    enum snap_exec_end end, int in,
                    struct snap_exec_output *output_r)
{
    struct exec_child child;
    int rc;

    child_init(&child);
    child.end = end;
    rc = child_start(sc, what, argv, NULL, false, in, &child);
    if (!rc && in >= 0) {       /* what is in the file has no more to say */
        prlimit(child.pid, RLIMIT_DATA, &reader_bytes, NULL);
        prlimit(child.pid, RLIMIT_CPU, &reader_cpu, NULL);
    }
    if (!rc) rc = child_wait(sc, what, argv, &child, timeout_ms);
    rc = child_output(sc, what, &child, rc, output_r);
    child_dispose(&child);
    return rc;
}

int snap_exec_change(libxl_snapshot_ctx *sc, const char *what,
                     const char *const *argv, int timeout_ms,
                     enum snap_exec_end end,
                     struct snap_exec_output *output_r)
{
    return exec_run(sc, what, argv, timeout_ms, end, -1, output_r);
}

int snap_exec(libxl_snapshot_ctx *sc, const char *what,
              const char *const *argv, int timeout_ms,
              struct snap_exec_output *output_r)
{
    return exec_run(sc, what, argv, timeout_ms, SNAP_EXEC_KILL, -1, output_r);
}

int snap_exec_on(libxl_snapshot_ctx *sc, const char *what,
                 const char *const *argv, int timeout_ms, int fd,
                 struct snap_exec_output *output_r)
{
    return exec_run(sc, what, argv, timeout_ms, SNAP_EXEC_KILL, fd, output_r);
}

/* Write to the program's stdin, waiting at most @timeout_ms until it takes
 * a part.  ERROR_NOT_READY: the program has closed its stdin; its exit
 * status says why. */
static int exec_feed_bytes(struct exec_child *child, const char *buf,
                           size_t len, int timeout_ms)
{
    struct pollfd pfd = { .fd = child->in, .events = POLLOUT };
    ssize_t put;
    int r;

    while (len) {
        r = poll(&pfd, 1, timeout_ms);
        if (r == 0) return ERROR_TIMEDOUT;
        if (r < 0 && errno == EINTR) continue;
        put = write(child->in, buf, len);
        if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (put < 0) return ERROR_NOT_READY;
        buf += put;
        len -= put;
    }
    return 0;
}

static int exec_feed(libxl_snapshot_ctx *sc, const char *what,
                     struct exec_child *child,
                     const struct snap_exec_input *input, int timeout_ms)
{
    char *buf = snap_zalloc(sc, EXEC_CHUNK);
    ssize_t got;
    int rc;

    fcntl(child->in, F_SETFL, O_NONBLOCK);
    fcntl(child->in, F_SETPIPE_SZ, EXEC_CHUNK);     /* fewer wake-ups */
    rc = exec_feed_bytes(child, input->head, input->head_len, timeout_ms);
    while (!rc && input->fd >= 0) {
        got = read(input->fd, buf, EXEC_CHUNK);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return snap_fail(sc, ERROR_FAIL, "%s: cannot read: %s", what,
                             strerror(errno));
        if (!got) break;
        rc = exec_feed_bytes(child, buf, got, timeout_ms);
    }
    return rc == ERROR_NOT_READY ? 0 : rc;
}

int snap_exec_fed(libxl_snapshot_ctx *sc, const char *what,
                  const char *const *argv, int timeout_ms,
                  const struct snap_exec_input *input,
                  struct snap_exec_output *output_r)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
    struct exec_child child;
    int rc, rc2;

    child_init(&child);
    sigaction(SIGPIPE, &ignore, &old);
    rc = child_start(sc, what, argv, input->env, true, -1, &child);
    if (rc) goto out;
    rc = exec_feed(sc, what, &child, input, timeout_ms);
    exec_close_fd(&child.in);
    if (rc == ERROR_TIMEDOUT) {
        rc = child_kill(sc, what, argv, &child, timeout_ms);
        goto out;
    }
    rc2 = child_wait(sc, what, argv, &child, timeout_ms);
    if (!rc) rc = rc2;
 out:
    rc = child_output(sc, what, &child, rc, output_r);
    sigaction(SIGPIPE, &old, NULL);
    child_dispose(&child);
    return rc;
}

/*-- a process of our own ---------------------------------------------------*/

/* Runs in the child.  No file of the parent stays open: no lock, no output
 * whose end somebody waits for.  libxl must not be used on this side. */
static void exec_process_main(libxl_snapshot_ctx *sc, int fd,
                              snap_process *body, void *opaque)
{
    int null;

    setsid();
    if (fork()) _exit(0);           /* so that it is nobody's child */
    dup2(fd, 3);
    syscall(SYS_close_range, 4, ~0U, 0);
    null = snap_open_null();
    for (fd = 0; fd < 3; fd++)
        if (dup2(null, fd) < 0) close(fd);
    fcntl(3, F_SETFD, FD_CLOEXEC);
    sc->ctx = NULL;
    sc->lg = NULL;
    body(sc, 3, opaque);
    _exit(0);
}

int snap_exec_process(libxl_snapshot_ctx *sc, snap_process *body,
                      void *opaque, int *fd_r)
{
    int fds[2] = { -1, -1 }, rc = 0;
    pid_t pid = -1;

    if (!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
        fds[0] = exec_above_stdio(fds[0]);
        fds[1] = exec_above_stdio(fds[1]);
        pid = fork();
    }
    if (!pid) exec_process_main(sc, fds[1], body, opaque);
    if (pid < 0)
        rc = snap_fail(sc, ERROR_FAIL, "cannot start a process: %s",
                       strerror(errno));
    else
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    exec_close_fd(&fds[1]);
    if (rc) exec_close_fd(&fds[0]);
    *fd_r = fds[0];
    return rc;
}
