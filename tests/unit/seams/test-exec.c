/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-exec.c: real programs that fail, die, hang, flood, do not listen. */
#include "../test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONG_MS  20000
#define SHORT_MS 300

static int run_shell(const char *script, int timeout_ms,
                     struct snap_exec_output *output)
{
    const char *argv[] = { "sh", "-c", script, NULL };

    return snap_exec(sc, "the test", argv, timeout_ms, output);
}

static int feed_shell(const char *script, int timeout_ms, const char *head,
                      size_t size)
{
    const char *argv[] = { "sh", "-c", script, NULL };
    struct snap_exec_input input = { .head = head,
                                     .head_len = strlen(head) };
    char *big = snap_zalloc(sc, size);
    int rc;

    memset(big, 'x', size);
    input.fd = open(tmp_file("fed", big, size), O_RDONLY);
    rc = snap_exec_fed(sc, "the test", argv, timeout_ms, &input, NULL);
    close(input.fd);
    return rc;
}

static void a_program_that_succeeds_gives_its_output(void)
{
    struct snap_exec_output output = { NULL };

    CHECK_OK(run_shell("echo out; echo err >&2", LONG_MS, &output));
    CHECK_STR(output.out, "out\n");
    CHECK_OK(run_shell("exit 0", LONG_MS, NULL));
    CHECK_STR(libxl_snapshot_ctx_error(sc), NULL);
}

static void arguments_arrive_as_they_are(void)
{
    const char *argv[] = { "printf", "%s|", "a b", "", "$HOME", "`x`", "*",
                           "'\"", NULL };
    struct snap_exec_output output = { NULL };

    CHECK_OK(snap_exec(sc, "the test", argv, LONG_MS, &output));
    CHECK_STR(output.out, "a b||$HOME|`x`|*|'\"|");
}

static void a_status_and_the_last_words_are_told(void)
{
    CHECK_FAILS(run_shell("echo first >&2; echo 'no room' >&2; exit 3",
                          LONG_MS, NULL), ERROR_FAIL,
                "the test: sh failed with status 3: no room");
    CHECK_FAILS(run_shell("exit 1", LONG_MS, NULL), ERROR_FAIL,
                "sh failed with status 1");
}

static void death_by_a_signal_is_told_apart(void)
{
    CHECK_FAILS(run_shell("echo oh >&2; kill -KILL $$", LONG_MS, NULL),
                ERROR_FAIL, "the test: sh was killed by signal 9: oh");
}

static void a_program_that_is_missing_is_named(void)
{
    const char *none[] = { "no-such-program", NULL };
    const char *folder[] = { "/tmp", NULL };

    /* under valgrind posix_spawn() succeeds and the child exits with 127 */
    CHECK_FAILS(snap_exec(sc, "the test", none, LONG_MS, NULL),
                ERROR_NOTFOUND, "no-such-program");
    CHECK(snap_exec(sc, "the test", folder, LONG_MS, NULL) < 0);
    CHECK_HAS(error_text(), "the test: ");
    CHECK_HAS(error_text(), "/tmp");
}

static void a_program_that_hangs_is_killed(void)
{
    uint64_t began = snap_now_us();

    CHECK_FAILS(run_shell("echo busy >&2; sleep 60", SHORT_MS, NULL),
                ERROR_TIMEDOUT, "was killed: busy");
    CHECK(snap_now_us() - began < 5000000);
}

static void it_is_killed_with_its_children(void)
{
    const char *path = tmp_path("pid");

    /* the grandchild keeps the file open for as long as it lives */
    tmp_text("pid", "");
    CHECK_FAILS(run_shell(snap_sprintf(sc, "sh -c 'sleep 60; :' >>%s & wait",
                                       path), SHORT_MS, NULL),
                ERROR_TIMEDOUT, "was killed");
    usleep(100000);
    CHECK_STR(file_users(path), NULL);
}

/* Trace the first child that we start, and never take notice of its end:
 * until the tracer has gone it is as one that hangs in its storage (state
 * D): killed, and not to be waited for. */
static pid_t trace_our_child(void)
{
    const char *list = snap_sprintf(sc, "/proc/%d/task/%d/children",
                                    (int)getpid(), (int)getpid());
    pid_t tracer = fork(), pid;
    FILE *f;

    if (tracer) return tracer;
    for (;; usleep(1000)) {
        f = fopen(list, "re");
        while (f && fscanf(f, "%d", &pid) == 1)
            if (!ptrace(PTRACE_SEIZE, pid, 0, 0)) {
                sleep(60);
                _exit(0);
            }
        if (f) fclose(f);
    }
}

static void a_program_that_cannot_be_killed_is_left(void)
{
    pid_t tracer = trace_our_child();
    uint64_t began = snap_now_us();
    struct snap_exec_output output = { NULL };

    sc->wait_ms[SNAP_WAIT_REAP] = 500;
    CHECK_FAILS(run_shell("exec sleep 20", SHORT_MS, &output),
                ERROR_NOT_READY, "cannot be killed: its storage hangs");
    CHECK(snap_now_us() - began < 5000000);
    CHECK(output.left.pid > 0);
    sc->wait_ms[SNAP_WAIT_REAP] = 0;
    kill(tracer, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

static int change_shell(const char *script, enum snap_exec_end end,
                        struct snap_exec_output *output)
{
    const char *argv[] = { "sh", "-c", script, NULL };

    *output = (struct snap_exec_output){ NULL };
    return snap_exec_change(sc, "the test", argv, SHORT_MS, end, output);
}

/* End the program that was left, and then what it has started. */
static void end_left(const struct snap_left *left, bool has_child)
{
    int tries = 0;

    CHECK(snap_process_is_at_work(sc, left));
    CHECK_INT(kill(left->pid, SIGKILL), 0);
    CHECK_INT(waitpid(left->pid, NULL, 0), left->pid);
    CHECK(snap_process_is_at_work(sc, left) == has_child);
    kill(-left->pid, SIGKILL);
    while (snap_process_is_at_work(sc, left) && tries++ < 1000) usleep(10000);
    CHECK(!snap_process_is_at_work(sc, left));
}

static void one_that_no_signal_may_end_is_left_to_go_on(void)
{
    struct snap_exec_output output;

    CHECK_FAILS(change_shell("exec sleep 20", SNAP_EXEC_LEAVE, &output),
                ERROR_NOT_READY, "did not answer for 0 s and is left to go "
                "on");
    end_left(&output.left, false);
}

static void one_that_ends_in_good_order_is_asked_to(void)
{
    struct snap_exec_output output;

    CHECK_FAILS(change_shell("trap 'echo bye >&2; exit 0' TERM\n"
                             "while :; do sleep 0.01; done", SNAP_EXEC_TERM,
                             &output),
                ERROR_TIMEDOUT, "did not answer for 0 s and was ended: bye");
    CHECK_INT(output.left.pid, 0);
}

static void and_if_it_does_not_it_is_left_but_never_killed(void)
{
    struct snap_exec_output output;

    sc->wait_ms[SNAP_WAIT_REAP] = 100;
    CHECK_FAILS(change_shell("trap '' TERM; sleep 20; :", SNAP_EXEC_TERM,
                             &output),
                ERROR_NOT_READY, "does not end by SIGTERM");
    sc->wait_ms[SNAP_WAIT_REAP] = 0;
    end_left(&output.left, true);
}

/* As a hook that is a script, whose dd waits for the storage. */
static void what_it_has_started_counts_as_the_program(void)
{
    struct snap_exec_output output;
    int tries = 0;

    sc->wait_ms[SNAP_WAIT_REAP] = 100;
    CHECK_FAILS(change_shell("(trap '' TERM; sleep 20; :) & exec sleep 20",
                             SNAP_EXEC_TERM, &output),
                ERROR_NOT_READY, "does not end by SIGTERM");
    sc->wait_ms[SNAP_WAIT_REAP] = 0;
    CHECK(output.left.pid > 0);
    CHECK(snap_process_is_at_work(sc, &output.left));
    kill(-output.left.pid, SIGKILL);
    while (snap_process_is_at_work(sc, &output.left) && tries++ < 1000)
        usleep(10000);
    CHECK(!snap_process_is_at_work(sc, &output.left));
}

static void a_pid_that_is_used_again_is_not_the_program(void)
{
    struct snap_left left = { getpid(), snap_process_started(sc, getpid()) };

    CHECK(snap_process_is_at_work(sc, &left));
    left.started--;
    CHECK(!snap_process_is_at_work(sc, &left));
}

static void a_megabyte_of_output_is_taken(void)
{
    struct snap_exec_output output = { NULL };

    CHECK_OK(run_shell("head -c 1048576 /dev/zero | tr '\\0' x", LONG_MS,
                       &output));
    CHECK_INT(strlen(output.out), 1048576);
    CHECK_OK(run_shell("head -c 1048576 /dev/zero | tr '\\0' x >&2", LONG_MS,
                       &output));
}

static void half_of_an_answer_is_none(void)
{
    struct snap_exec_output output = { NULL };

    CHECK_FAILS(run_shell("head -c 17000000 /dev/zero | tr '\\0' x", LONG_MS,
                          &output),
                ERROR_FAIL, "the test: the answer has more than 16 MiB");
}

static void its_standard_input_is_empty(void)
{
    struct snap_exec_output output = { NULL };

    CHECK_OK(run_shell("cat; echo end", LONG_MS, &output));
    CHECK_STR(output.out, "end\n");
}

static void a_daemon_left_behind_does_not_keep_us_waiting(void)
{
    const char *path = tmp_path("stop");
    uint64_t began = snap_now_us();

    CHECK_OK(run_shell(snap_sprintf(sc, "{ for i in 1 2 3 4 5 6 7 8 9 10; do "
                                    "test -e %s && exit; sleep .2; done; } & "
                                    "exit 0", path), LONG_MS, NULL));
    CHECK(snap_now_us() - began < 1500000);
    tmp_text("stop", "");
}

/* As if we had been started with them closed: nothing may end up in the
 * wrong one. */
static void output_arrives_though_our_standard_files_are_closed(void)
{
    struct snap_exec_output output = { NULL };
    int kept[3], i, rc;

    fflush(stdout);
    for (i = 0; i < 3; i++) {
        kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
        close(i);
    }
    rc = run_shell("cat; echo out; echo err >&2", LONG_MS, &output);
    for (i = 0; i < 3; i++) {
        dup2(kept[i], i);
        close(kept[i]);
    }
    CHECK_OK(rc);
    CHECK_STR(output.out, "out\n");
}

static void a_program_starts_without_our_files_and_signals(void)
{
    struct snap_exec_output output = { NULL };
    int fd = open(tmp_text("ours", ""), O_RDONLY);
    unsigned long long blocked = 1, ignored = 0;
    sigset_t set, old;

    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, &old);
    signal(SIGUSR1, SIG_IGN);
    CHECK_OK(run_shell("ls -l /proc/self/fd | grep -c /ours$; "
                       "grep -E '^Sig(Blk|Ign)' /proc/self/status",
                       LONG_MS, &output));
    signal(SIGUSR1, SIG_DFL);
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(fd);
    CHECK_INT(sscanf(output.out, "0 SigBlk: %llx SigIgn: %llx", &blocked,
                     &ignored), 2);
    CHECK_INT(blocked, 0);
    CHECK_INT(ignored & 0x7fffffff, 0);         /* glibc keeps 32 and 33 */
}

static void a_program_that_prints_without_end_is_killed(void)
{
    uint64_t began = snap_now_us();

    CHECK_FAILS(run_shell("exec yes", LONG_MS, NULL), ERROR_FAIL,
                "the test: sh printed more than 64 MiB and was killed");
    CHECK(snap_now_us() - began < 5000000);
}

/*-- feeding ----------------------------------------------------------------*/

static void a_program_is_fed_the_head_and_then_the_file(void)
{
    CHECK_OK(feed_shell("test \"$(head -c 6)\" = \"HEADxx\" && "
                        "test $(cat | wc -c) = 299998", LONG_MS, "HEAD",
                        300000));
}

static void a_file_is_fed_from_its_offset(void)
{
    const char *argv[] = { "sh", "-c", "test \"$(cat)\" = \"head: cde\"",
                           NULL };
    struct snap_exec_input input = { .head = "head: ", .head_len = 6 };

    input.fd = open(tmp_text("f", "abcde"), O_RDONLY);
    lseek(input.fd, 2, SEEK_SET);
    CHECK_OK(snap_exec_fed(sc, "the test", argv, LONG_MS, &input, NULL));
    close(input.fd);
}

static void a_program_that_stops_listening_is_judged_by_its_exit(void)
{
    CHECK_OK(feed_shell("exec <&-; sleep .1; exit 0", LONG_MS, "h", 4 << 20));
    CHECK_FAILS(feed_shell("exec <&-; echo 'bad image' >&2; exit 1", LONG_MS,
                           "h", 4 << 20), ERROR_FAIL,
                "failed with status 1: bad image");
}

static void a_program_that_reads_slowly_may_take_its_time(void)
{
    uint64_t began = snap_now_us();

    /* longer in all than its deadline, which counts from the last bite */
    CHECK_OK(feed_shell("for i in 1 2 3 4 5 6 7 8; do sleep .15; "
                        "head -c 524288 >/dev/null; done; cat >/dev/null",
                        800, "h", 4 << 20));
    CHECK(snap_now_us() - began > 800000);
}

static void a_program_that_does_not_read_is_killed(void)
{
    CHECK_FAILS(feed_shell("sleep 60", SHORT_MS, "h", 4 << 20),
                ERROR_TIMEDOUT, "was killed");
    CHECK_FAILS(feed_shell("cat >/dev/null; sleep 60", SHORT_MS, "h", 10),
                ERROR_TIMEDOUT, "was killed");
}

static void our_own_sigpipe_is_as_before(void)
{
    struct sigaction now, mark = { .sa_handler = SIG_DFL };

    mark.sa_flags = SA_NODEFER;
    sigaction(SIGPIPE, &mark, NULL);
    CHECK_OK(feed_shell("exec <&-; exit 0", LONG_MS, "h", 1 << 20));
    sigaction(SIGPIPE, NULL, &now);
    CHECK(now.sa_handler == SIG_DFL && (now.sa_flags & SA_NODEFER));
}

static int open_files(void)
{
    int fd, num = 0;

    for (fd = 0; fd < 256; fd++)
        if (fcntl(fd, F_GETFD) >= 0) num++;
    return num;
}

static void nothing_stays_open(void)
{
    const char *none[] = { "no-such-program", NULL };
    int before = open_files();

    run_shell("exit 0", LONG_MS, NULL);
    run_shell("exit 1", LONG_MS, NULL);
    run_shell("sleep 60", SHORT_MS, NULL);
    feed_shell("exec <&-", LONG_MS, "h", 1 << 20);
    feed_shell("sleep 60", SHORT_MS, "h", 1 << 20);
    snap_exec(sc, "the test", none, LONG_MS, NULL);
    CHECK_INT(open_files(), before);
}

TESTS(TEST(a_program_that_succeeds_gives_its_output),
      TEST(arguments_arrive_as_they_are),
      TEST(a_status_and_the_last_words_are_told),
      TEST(death_by_a_signal_is_told_apart),
      TEST(a_program_that_is_missing_is_named),
      TEST(a_program_that_hangs_is_killed),
      TEST(it_is_killed_with_its_children),
      TEST(a_program_that_cannot_be_killed_is_left),
      TEST(one_that_no_signal_may_end_is_left_to_go_on),
      TEST(one_that_ends_in_good_order_is_asked_to),
      TEST(and_if_it_does_not_it_is_left_but_never_killed),
      TEST(what_it_has_started_counts_as_the_program),
      TEST(a_pid_that_is_used_again_is_not_the_program),
      TEST(a_megabyte_of_output_is_taken),
      TEST(half_of_an_answer_is_none),
      TEST(a_program_that_prints_without_end_is_killed),
      TEST(its_standard_input_is_empty),
      TEST(a_daemon_left_behind_does_not_keep_us_waiting),
      TEST(output_arrives_though_our_standard_files_are_closed),
      TEST(a_program_starts_without_our_files_and_signals),
      TEST(a_program_is_fed_the_head_and_then_the_file),
      TEST(a_file_is_fed_from_its_offset),
      TEST(a_program_that_stops_listening_is_judged_by_its_exit),
      TEST(a_program_that_reads_slowly_may_take_its_time),
      TEST(a_program_that_does_not_read_is_killed),
      TEST(our_own_sigpipe_is_as_before), TEST(nothing_stays_open))
