/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-lock.c: two processes and one lock, also while its file is
 * unlinked. */
#include "../test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that holds @path for @ms, then removes the file if @and_unlink
 * before it lets go, as libxl does.  Returns once it has the lock. */
static pid_t holder(const char *path, int ms, bool and_unlink)
{
    int ready[2], fd;
    pid_t pid;
    char c;

    if (pipe(ready)) abort();
    pid = fork();
    if (!pid) {
        prctl(PR_SET_NAME, "the-holder");
        fd = open(path, O_RDWR | O_CREAT, 0600);
        if (fd < 0 || flock(fd, LOCK_EX) || write(ready[1], "x", 1) != 1)
            _exit(1);
        usleep(ms * 1000);
        if (and_unlink) unlink(path);
        _exit(0);
    }
    close(ready[1]);
    if (read(ready[0], &c, 1) != 1) abort();
    close(ready[0]);
    return pid;
}

static void a_lock_is_taken_and_given_back(void)
{
    const char *path = tmp_path("lock");
    int fd = -1, again = -1;

    CHECK_OK(snap_lock(sc, path, 0, "the test", &fd));
    CHECK_FAILS(snap_lock(sc, path, 0, "the test", &again), ERROR_LOCK_FAIL,
                "the test: held by ");
    snap_lock_release(&fd, NULL);
    CHECK_INT(fd, -1);
    snap_lock_release(&fd, NULL);
    CHECK_OK(snap_lock(sc, path, 0, "the test", &again));
    snap_lock_release(&again, path);
    CHECK(!snap_file_exists(path));
}

static void the_holder_is_named(void)
{
    const char *path = tmp_path("lock");
    pid_t pid = holder(path, 60000, false);
    int fd = -1;

    CHECK_FAILS(snap_lock(sc, path, 0, "the test", &fd), ERROR_LOCK_FAIL,
                snap_sprintf(sc, "the test: held by the-holder (pid %d); wait "
                             "for it to end and try again", (int)pid));
    CHECK_INT(fd, -1);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void a_lock_dies_with_its_holder(void)
{
    const char *path = tmp_path("lock");
    pid_t pid = holder(path, 60000, false);
    int fd = -1;

    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK_OK(snap_lock(sc, path, 0, "the test", &fd));
    snap_lock_release(&fd, NULL);
}

static void it_waits_as_long_as_it_is_told(void)
{
    const char *path = tmp_path("lock");
    pid_t pid = holder(path, 60000, false);
    uint64_t began = snap_now_us(), took;
    int fd = -1;

    CHECK_INT(snap_lock(sc, path, 200, "the test", &fd), ERROR_LOCK_FAIL);
    took = snap_now_us() - began;
    CHECK(took > 200000 && took < 2000000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void it_gets_a_lock_that_becomes_free(void)
{
    const char *path = tmp_path("lock");
    pid_t pid = holder(path, 200, false);
    int fd = -1;

    CHECK_OK(snap_lock(sc, path, 10000, "the test", &fd));
    snap_lock_release(&fd, NULL);
    waitpid(pid, NULL, 0);
}

static void a_lock_on_an_unlinked_file_is_none(void)
{
    const char *path = tmp_path("lock");
    pid_t pid = holder(path, 200, true);
    struct stat by_fd, by_path;
    int fd = -1;

    /* what we wait for is unlinked under us: we must end up with the new */
    CHECK_OK(snap_lock(sc, path, 10000, "the test", &fd));
    REQUIRE(!fstat(fd, &by_fd));
    REQUIRE(!stat(path, &by_path));
    CHECK(by_fd.st_ino == by_path.st_ino);
    snap_lock_release(&fd, path);
    waitpid(pid, NULL, 0);
}

/* Each of @num processes takes the lock 50 times, unlinks its file when it
 * lets go, and counts in a file that only the lock protects. */
static void count_under_lock(const char *path, const char *count)
{
    int i, fd, f, value;

    for (i = 0; i < 50; i++) {
        if (snap_lock(sc, path, 30000, "the test", &fd)) _exit(1);
        f = open(count, O_RDWR);
        if (f < 0 || pread(f, &value, sizeof(value), 0) != sizeof(value))
            _exit(2);
        value++;
        if (pwrite(f, &value, sizeof(value), 0) != sizeof(value)) _exit(3);
        close(f);
        snap_lock_release(&fd, path);
    }
    _exit(0);
}

static void four_processes_that_unlink_it_exclude_each_other(void)
{
    const char *path = tmp_path("lock"), *count;
    int value = 0, i, status;

    count = tmp_file("count", &value, sizeof(value));
    for (i = 0; i < 4; i++)
        if (!fork()) count_under_lock(path, count);
    for (i = 0; i < 4; i++) {
        wait(&status);
        CHECK_INT(status, 0);
    }
    memcpy(&value, file_text(count), sizeof(value));
    CHECK_INT(value, 200);
}

static void a_lock_file_that_cannot_be_made_is_told(void)
{
    const char *path = tmp_path("no/lock"), *link = tmp_path("link");
    int fd = -1;

    CHECK_FAILS(snap_lock(sc, path, 0, "the test", &fd), ERROR_LOCK_FAIL,
                "the test: cannot open lock file");
    REQUIRE(!symlink("/etc/passwd", link));
    CHECK_FAILS(snap_lock(sc, link, 0, "the test", &fd), ERROR_LOCK_FAIL,
                "it is a symbolic link");
}

static void programs_that_we_run_do_not_inherit_it(void)
{
    const char *argv[] = { "sh", "-c", "sleep 1 &", NULL };
    const char *path = tmp_path("lock");
    int fd = -1;

    CHECK_OK(snap_lock(sc, path, 0, "the test", &fd));
    CHECK_OK(snap_exec(sc, "x", argv, 5000, NULL));
    snap_lock_release(&fd, NULL);
    CHECK_OK(snap_lock(sc, path, 0, "the test", &fd));
    snap_lock_release(&fd, NULL);
}

TESTS(TEST(a_lock_is_taken_and_given_back), TEST(the_holder_is_named),
      TEST(a_lock_dies_with_its_holder),
      TEST(it_waits_as_long_as_it_is_told),
      TEST(it_gets_a_lock_that_becomes_free),
      TEST(a_lock_on_an_unlinked_file_is_none),
      TEST(four_processes_that_unlink_it_exclude_each_other),
      TEST(a_lock_file_that_cannot_be_made_is_told),
      TEST(programs_that_we_run_do_not_inherit_it))
