/*
 * Runs command lines in dom0 for tests/xenhost/xenhost, one at a time, over a
 * virtio-serial port.
 *
 *   host:  run ID SECONDS LENGTH\n<LENGTH bytes of bash>
 *   agent: \036begin ID\n <output of the job, as it comes> \036end ID CODE\n
 *   host:  kill\n                    (ends the job, which answers "end" as usual)
 *
 * A job is a session of its own, its stdin is /dev/null, its stdout and stderr
 * are one pipe.  It ends when its shell ends: daemons that it leaves behind may
 * keep the pipe.  Past its time limit it gets SIGTERM, some seconds to clean up,
 * SIGKILL, and answers code 124.
 * A new "run" kills a job that still runs (its client went away).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CODE_TIMEOUT 124
#define KILL_GRACE   20

struct job {
    char id[64];
    pid_t pid;                  /* 0: none */
    int out;                    /* read end of its pipe */
    time_t deadline;
    bool expired;
};

static int port;
static char in[1 << 20];
static size_t in_len;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static time_t now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

static void send_bytes(const char *p, size_t len)
{
    while (len) {
        ssize_t n = write(port, p, len);

        if (n < 0 && errno != EINTR)
            die("write");
        if (n > 0) {
            p += n;
            len -= n;
        }
    }
}

static void say(const char *fmt, ...)
{
    char line[128];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    send_bytes(line, strlen(line));
}

/* Sends what the pipe holds now; false at its end. */
static bool relay(int fd)
{
    char buf[16384];
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0)
        send_bytes(buf, n);
    return n < 0;
}

static void job_start(struct job *job, const char *id, int limit, char *script)
{
    int p[2];

    memset(job, 0, sizeof(*job));
    snprintf(job->id, sizeof(job->id), "%s", id);
    job->deadline = now() + limit + 1;
    if (pipe2(p, O_CLOEXEC))
        die("pipe");
    say("\036begin %s\n", id);
    job->pid = fork();
    if (job->pid < 0)
        die("fork");
    if (!job->pid) {
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setsid();
        dup2(open("/dev/null", O_RDONLY), 0);
        dup2(p[1], 1);
        dup2(p[1], 2);
        execl("/bin/bash", "bash", "-c", script, NULL);
        _exit(127);
    }
    close(p[1]);
    job->out = p[0];
    fcntl(job->out, F_SETFL, O_NONBLOCK);
}

static void job_end(struct job *job, int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status)
                                 : 128 + WTERMSIG(status);

    if (job->out >= 0) {
        relay(job->out);
        close(job->out);
    }
    if (job->expired) {
        kill(-job->pid, SIGKILL);
        code = CODE_TIMEOUT;
    }
    say("\036end %s %d\n", job->id, code);
    job->pid = 0;
}

static void job_kill(struct job *job)
{
    int status;

    if (!job->pid)
        return;
    kill(-job->pid, SIGKILL);
    waitpid(job->pid, &status, 0);
    job_end(job, status);
}

static void job_check(struct job *job)
{
    int status;

    if (!job->pid)
        return;
    if (waitpid(job->pid, &status, WNOHANG) == job->pid) {
        job_end(job, status);
        return;
    }
    if (now() < job->deadline)
        return;
    kill(-job->pid, job->expired ? SIGKILL : SIGTERM);
    job->expired = true;
    job->deadline = now() + KILL_GRACE;
}

static void drop_input(size_t n)
{
    memmove(in, in + n, in_len - n);
    in_len -= n;
}

/* Takes whole requests out of the input. */
static void serve(struct job *job)
{
    char *eol;

    while ((eol = memchr(in, '\n', in_len))) {
        size_t head = eol + 1 - in, len;
        char id[64], *script;
        int limit;

        *eol = '\0';
        if (sscanf(in, "run %63s %d %zu", id, &limit, &len) == 3) {
            if (in_len < head + len) {
                *eol = '\n';
                return;
            }
            script = strndup(in + head, len);
            if (!script)
                die("strndup");
            job_kill(job);
            job_start(job, id, limit, script);
            free(script);
            drop_input(head + len);
        } else {
            if (!strcmp(in, "kill"))
                job_kill(job);
            drop_input(head);
        }
    }
}

static void on_child(int sig)
{
    (void)sig;                  /* only to end ppoll() */
}

int main(int argc, char **argv)
{
    struct job job = { .out = -1 };
    struct sigaction sa = { .sa_handler = on_child };
    sigset_t chld, none;

    if (argc != 2)
        return 2;
    port = open(argv[1], O_RDWR | O_CLOEXEC);
    if (port < 0)
        die(argv[1]);
    sigemptyset(&none);
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, NULL);
    sigaction(SIGCHLD, &sa, NULL);

    for (;;) {
        struct pollfd fd[2] = {
            { .fd = port, .events = POLLIN },
            { .fd = job.pid ? job.out : -1, .events = POLLIN },
        };
        struct timespec second = { .tv_sec = 1 };

        if (ppoll(fd, 2, job.pid ? &second : NULL, &none) < 0 &&
            errno != EINTR)
            die("ppoll");
        if (fd[1].revents && !relay(job.out)) {
            close(job.out);
            job.out = -1;
        }
        job_check(&job);
        if (fd[0].revents & POLLIN) {
            ssize_t n = read(port, in + in_len, sizeof(in) - in_len);

            if (n > 0)
                in_len += n;
            else if (n < 0 && errno != EINTR && errno != EAGAIN)
                die("read");
            serve(&job);
        } else if (fd[0].revents & POLLHUP) {
            sleep(1);           /* the host side is not there yet */
        }
    }
}
