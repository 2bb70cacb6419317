/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-users.c: who uses a file, and who a socket. */
#include "../test.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
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
            if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
                _exit(1);
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
    struct snap_file_use file = {
        .who = "file", .path = path, .write_only = write_only,
    };
    const struct snap_users_except but = { except, SNAP_NO_DOMAIN };

    CHECK_OK(snap_users_of_files(sc, &file, 1, &but));
    return file.users;
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
    CHECK_HAS(text, " and ");
    CHECK_HAS(text, name_of(two));
    end(one);
    end(two);
}

/* The layers @paths of disk @vdev. */
static void add(struct snap_layers *layers, const char *vdev,
                const char *const *paths, int num, bool base)
{
    struct snap_layer *chain = snap_zalloc(sc, num * sizeof(*chain));
    int i;

    for (i = 0; i < num; i++) chain[i].path = paths[i];
    snap_layers_add(sc, layers, vdev, paths[0], &(struct snap_chain){
        .num_layers = num, .layers = chain }, base);
}

static int unused(struct snap_layers *layers, pid_t qemu_pid)
{
    int i, rc;

    for (i = 0; i < layers->num; i++) layers->files[i].users = NULL;
    rc = snap_layers_find_users(sc, layers, qemu_pid, SNAP_NO_DOMAIN);
    return rc ? rc : snap_refuse_used(sc, layers);
}

/* What the process @server has open, for us, is the file at @path. */
static bool has_open(const char *path, pid_t server)
{
    struct snap_file_use file = {
        .who = "disk xvda", .path = path, .server = "QEMU",
        .write_only = true,
    };
    struct snap_layers layers = { 1, &file };

    CHECK_OK(snap_layers_find_users(sc, &layers, server, SNAP_NO_DOMAIN));
    CHECK(snap_file_is_identity_of(sc, snap_image_identity(sc, path),
                                   file.inode));
    CHECK(!snap_file_is_identity_of(sc, "inode 0 born 0.0",
                                    file.inode));
    if (file.is_open) CHECK_OK(snap_refuse_not_open(sc, &layers));
    else CHECK_FAILS(snap_refuse_not_open(sc, &layers), ERROR_INVAL,
                     snap_sprintf(sc, "disk xvda: QEMU has another file "
                                  "open than %s", path));
    return file.is_open;
}

static void a_file_that_took_the_name_of_an_open_one_is_another(void)
{
    const char *path = tmp_text("f", ""), *moved = tmp_path("moved");
    pid_t pid = user_of(path, O_RDONLY, false);

    CHECK(has_open(path, pid));
    CHECK(!has_open(path, getpid()));
    REQUIRE(!link(path, moved));
    CHECK(has_open(moved, pid));
    REQUIRE(!unlink(path));
    tmp_text("f", "");
    CHECK(!has_open(path, pid));
    CHECK(has_open(moved, pid));
    end(pid);
}

static void what_nobody_can_be_asked_for_may_be_open_or_not(void)
{
    struct snap_file_use file = { .who = "disk xvda", .path = "/x" };
    struct snap_layers layers = { 1, &file };

    CHECK_OK(snap_refuse_not_open(sc, &layers));
}

static void the_refusal_names_disk_file_and_user(void)
{
    const char *layers[] = { tmp_text("top", ""), tmp_text("base", "") };
    struct snap_layers all = { 0 };
    pid_t pid = user_of(layers[1], O_RDONLY, false);

    add(&all, "xvda", layers, 2, false);
    CHECK_OK(unused(&all, 0));
    end(pid);
    pid = user_of(layers[1], O_RDWR, false);
    CHECK_FAILS(unused(&all, 0), ERROR_INVAL,
                snap_sprintf(sc, "disk xvda: %s is in use by %s; end that "
                             "first", layers[1], name_of(pid)));
    CHECK_OK(unused(&all, pid));
    end(pid);
}

static void only_the_active_layer_may_have_no_reader(void)
{
    const char *layers[] = { tmp_text("top", ""), tmp_text("base", "") };
    struct snap_layers active = { 0 }, base = { 0 };
    pid_t pid = user_of(layers[0], O_RDONLY, false);

    add(&active, "xvda", layers, 2, false);
    CHECK_FAILS(unused(&active, 0), ERROR_INVAL,
                name_of(pid));
    add(&base, "xvda", layers, 2, true);
    CHECK_OK(unused(&base, 0));
    end(pid);
}

static void what_one_disk_writes_is_no_layer_of_another(void)
{
    const char *top = tmp_text("top", ""), *base = tmp_text("base", "");
    const char *a[] = { top, base }, *b[] = { tmp_path("same") };
    struct snap_layers layers = { 0 };

    REQUIRE(!link(base, b[0]));
    add(&layers, "xvda", a, 2, false);
    add(&layers, "xvdb", b, 1, false);
    CHECK_FAILS(unused(&layers, 0), ERROR_INVAL,
                "is in use by disk xvdb of the same domain");
}

static void two_disks_may_have_the_same_base(void)
{
    const char *a[] = { tmp_text("a", ""), tmp_text("base", "") };
    const char *b[] = { tmp_text("b", ""), a[1] };
    struct snap_layers layers = { 0 };

    add(&layers, "xvda", a, 2, false);
    add(&layers, "xvdb", b, 2, false);
    CHECK_OK(unused(&layers, 0));
}

static void a_layer_that_is_no_file_is_left_alone(void)
{
    const char *paths[] = { tmp_text("f", ""), "nbd://host/x", "" };
    struct snap_layers layers = { 0 };

    add(&layers, "xvda", paths, 3, false);
    CHECK_INT(layers.num, 1);
}

static void a_file_that_is_gone_is_an_error(void)
{
    struct snap_file_use file = { .who = "disk xvda", .path = "/nowhere" };
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };

    CHECK_FAILS(snap_users_of_files(sc, &file, 1, &nobody), ERROR_FAIL,
                "disk xvda: /nowhere: No such file");
}

/*-- the kernel's uses: loop devices, where they can be had -----------------*/

/* No descriptor stays open: the users that we fork would have it, too. */
static const char *loop_attach(const char *path, int flags)
{
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    int file = open(path, flags | O_CLOEXEC);
    int n = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
    const char *device = snap_sprintf(sc, "/dev/loop%d", n);
    int loop = n < 0 ? -1 : open(device, flags | O_CLOEXEC);
    bool done = loop >= 0 && !ioctl(loop, LOOP_SET_FD, file);

    close(control);
    close(file);
    close(loop);
    if (!done) test_skip("there are no loop devices");
    return done ? device : NULL;
}

static void loop_detach(const char *device)
{
    int loop = open(device, O_RDONLY | O_CLOEXEC);

    CHECK_INT(ioctl(loop, LOOP_CLR_FD, 0), 0);
    close(loop);
}

static const char *disk_file(const char *name)
{
    const char *path = tmp_text(name, "");

    REQUIRE(!truncate(path, 1 << 20));
    return path;
}

static void a_loop_device_is_a_user(void)
{
    const char *path = disk_file("f"), *other = disk_file("g");
    const char *device = loop_attach(path, O_RDWR);
    const char *name = snap_sprintf(sc, "the loop device %s", device);

    if (!device) return;
    CHECK_STR(users(path, 0, false), name);
    CHECK_STR(users(path, 0, true), name);
    CHECK_STR(users(other, 0, false), NULL);
    loop_detach(device);
    CHECK_STR(users(path, 0, false), NULL);
}

static void a_read_only_loop_device_is_a_reader(void)
{
    const char *path = disk_file("f");
    const char *device = loop_attach(path, O_RDONLY);

    if (!device) return;
    CHECK_STR(users(path, 0, false),
              snap_sprintf(sc, "the loop device %s", device));
    CHECK_STR(users(path, 0, true), NULL);
    loop_detach(device);
}

static void a_loop_device_is_known_by_its_file_not_by_the_name(void)
{
    const char *path = disk_file("f"), *hard = tmp_path("hard");
    const char *device = loop_attach(path, O_RDWR);

    if (!device) return;
    REQUIRE(!link(path, hard) && !unlink(path));
    disk_file("f");
    CHECK_STR(users(path, 0, false), NULL);
    CHECK_STR(users(hard, 0, false),
              snap_sprintf(sc, "the loop device %s", device));
    loop_detach(device);
}

static void who_has_the_loop_device_open_uses_its_file(void)
{
    const char *path = disk_file("f");
    const char *device = loop_attach(path, O_RDWR);
    pid_t pid;

    if (!device) return;
    pid = user_of(device, O_RDWR, false);
    CHECK_STR(users(path, 0, true), name_of(pid));
    CHECK_STR(users(device, 0, true), name_of(pid));
    CHECK_STR(users(path, pid, true), NULL);        /* expected, so the loop */
    CHECK(has_open(path, pid));
    end(pid);
    loop_detach(device);
}

static void the_writer_of_a_file_writes_to_its_loop_device(void)
{
    const char *path = disk_file("f");
    const char *device = loop_attach(path, O_RDWR);
    pid_t pid;

    if (!device) return;
    pid = user_of(path, O_RDONLY, false);
    CHECK_STR(users(device, 0, false), NULL);
    end(pid);
    pid = user_of(path, O_RDWR, false);
    CHECK_STR(users(device, 0, false), name_of(pid));
    end(pid);
    loop_detach(device);
}

static void an_exclusive_user_that_is_not_seen_counts(void)
{
    const char *path = disk_file("f");
    const char *device = loop_attach(path, O_RDWR);
    int fd;

    if (!device) return;
    CHECK_STR(users(device, 0, false), NULL);
    fd = open(device, O_RDONLY | O_EXCL | O_CLOEXEC);   /* we do not count */
    REQUIRE(fd >= 0);
    CHECK_HAS(users(device, 0, false), "something that has opened it "
              "exclusively");
    close(fd);
    loop_detach(device);
}

/*-- sockets ----------------------------------------------------------------*/

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
      TEST(two_users_are_both_named),
      TEST(a_file_that_took_the_name_of_an_open_one_is_another),
      TEST(what_nobody_can_be_asked_for_may_be_open_or_not),
      TEST(the_refusal_names_disk_file_and_user),
      TEST(only_the_active_layer_may_have_no_reader),
      TEST(what_one_disk_writes_is_no_layer_of_another),
      TEST(two_disks_may_have_the_same_base),
      TEST(a_layer_that_is_no_file_is_left_alone),
      TEST(a_file_that_is_gone_is_an_error), TEST(a_loop_device_is_a_user),
      TEST(a_read_only_loop_device_is_a_reader),
      TEST(a_loop_device_is_known_by_its_file_not_by_the_name),
      TEST(who_has_the_loop_device_open_uses_its_file),
      TEST(the_writer_of_a_file_writes_to_its_loop_device),
      TEST(an_exclusive_user_that_is_not_seen_counts),
      TEST(who_is_connected_to_a_socket_is_named),
      TEST(a_process_that_is_gone_has_a_name_still))
