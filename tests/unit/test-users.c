/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-users.c: processes that have a file open, or a socket connected. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process with @path open as @flags say, or connected to it. */
static pid_t user_of(const char *path, int flags, bool connected)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int ready[2], fd;
    pid_t pid;
    char c;

    if (pipe(ready)) abort();
    pid = fork();
    if (!pid) {
        prctl(PR_SET_NAME, "the-user");
        close(ready[0]);
        if (connected) {
            strcpy(addr.sun_path, path);
            fd = socket(AF_UNIX, SOCK_STREAM, 0);
            if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) _exit(1);
        } else if (open(path, flags) < 0) {
            _exit(1);
        }
        if (write(ready[1], "x", 1) != 1) _exit(1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    if (read(ready[0], &c, 1) != 1) abort();
    close(ready[0]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static const char *name_of(pid_t pid)
{
    return snap_sprintf(sc, "the-user (pid %d)", (int)pid);
}

static const char *users(const char *path, pid_t except, bool write_only)
{
    char *text = NULL;

    CHECK_OK(snap_users_of_file(sc, path, except, write_only, &text));
    return text;
}

static void a_file_that_nobody_has_open_has_no_users(void)
{
    const char *path = tmp_text("f", "");
    int fd = open(path, O_RDWR);

    CHECK_STR(users(path, 0, false), NULL);     /* we do not count */
    close(fd);
}

static void a_reader_is_a_user_but_no_writer(void)
{
    const char *path = tmp_text("f", "");
    pid_t pid = user_of(path, O_RDONLY, false);

    CHECK_STR(users(path, 0, false), name_of(pid));
    CHECK_STR(users(path, 0, true), NULL);
    CHECK_STR(users(path, pid, false), NULL);
    end(pid);
    CHECK_STR(users(path, 0, false), NULL);
}

static void a_writer_is_both(void)
{
    const char *path = tmp_text("f", "");
    pid_t pid = user_of(path, O_WRONLY, false);

    CHECK_STR(users(path, 0, true), name_of(pid));
    end(pid);
    pid = user_of(path, O_RDWR | O_APPEND, false);
    CHECK_STR(users(path, 0, true), name_of(pid));
    end(pid);
}

static void another_name_of_the_file_does_not_hide_a_user(void)
{
    const char *path = tmp_text("f", ""), *hard = tmp_path("hard");
    const char *soft = tmp_path("soft");
    pid_t pid;

    REQUIRE(!link(path, hard) && !symlink(path, soft));
    pid = user_of(hard, O_RDWR, false);
    CHECK_STR(users(path, 0, true), name_of(pid));
    CHECK_STR(users(soft, 0, true), name_of(pid));
    end(pid);
}

static void two_users_are_both_named(void)
{
    const char *path = tmp_text("f", "");
    pid_t one = user_of(path, O_RDONLY, false);
    pid_t two = user_of(path, O_RDWR, false);
    const char *text = users(path, 0, false);

    CHECK_HAS(text, name_of(one));
    CHECK_HAS(text, ", ");
    CHECK_HAS(text, name_of(two));
    end(one);
    end(two);
}

static void the_refusal_names_file_and_user(void)
{
    const char *path = tmp_text("f", "");
    pid_t pid = user_of(path, O_RDWR, false);

    CHECK_FAILS(snap_check_unused(sc, "disk xvda", path, 0, false),
                ERROR_INVAL, snap_sprintf(sc, "disk xvda: %s is in use by %s; "
                                          "end that first", path,
                                          name_of(pid)));
    CHECK_OK(snap_check_unused(sc, "disk xvda", path, pid, false));
    end(pid);
}

static void a_file_that_is_gone_is_an_error(void)
{
    char *text;

    CHECK_FAILS(snap_users_of_file(sc, "/nowhere", 0, false, &text),
                ERROR_FAIL, "/nowhere: No such file");
}

static int listen_at(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(addr.sun_path, path);
    if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1))
        abort();
    return fd;
}

static void who_is_connected_to_a_socket_is_named(void)
{
    const char *path = tmp_path("sock");
    int fd = listen_at(path), conn;
    char *text;
    pid_t pid;

    CHECK_STR(snap_users_of_socket(sc, path), NULL);
    pid = user_of(path, 0, true);
    conn = accept(fd, NULL, NULL);
    text = snap_users_of_socket(sc, path);
    if (!text) test_skip("this kernel has no unix_diag");
    else CHECK_STR(text, name_of(pid));
    CHECK_STR(snap_users_of_socket(sc, tmp_path("soc")), NULL);
    close(conn);
    close(fd);
    end(pid);
}

static void a_process_that_is_gone_has_a_name_still(void)
{
    CHECK_STR(snap_process_name(sc, 0x7ffffff0),
              "a process (pid 2147483632)");
}

TESTS(TEST(a_file_that_nobody_has_open_has_no_users),
      TEST(a_reader_is_a_user_but_no_writer), TEST(a_writer_is_both),
      TEST(another_name_of_the_file_does_not_hide_a_user),
      TEST(two_users_are_both_named), TEST(the_refusal_names_file_and_user),
      TEST(a_file_that_is_gone_is_an_error),
      TEST(who_is_connected_to_a_socket_is_named),
      TEST(a_process_that_is_gone_has_a_name_still))
