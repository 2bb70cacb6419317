/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-open.c: symbolic links in the way of files that root makes and
 * reads, and other things that somebody may put there.
 */
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHY "a symbolic link in its path is in a folder that others can"

/* A folder of this mode. */
static const char *folder(const char *name, mode_t mode)
{
    const char *path = tmp_path(name);

    REQUIRE(!mkdir(path, 0700) && !chmod(path, mode));
    return path;
}

static void link_to(const char *target, const char *name)
{
    REQUIRE(!symlink(target, tmp_path(name)));
}

/* What is read there; NULL and errno if it cannot be opened. */
static const char *content(const char *name)
{
    int fd = snap_open(sc, tmp_path(name), O_RDONLY);
    char *text = snap_zalloc(sc, 100);

    if (fd < 0) return NULL;
    REQUIRE(read(fd, text, 99) >= 0);
    close(fd);
    return text;
}

static void a_path_is_opened_as_open_does(void)
{
    int fd;

    folder("d", 0700);
    tmp_text("d/f", "x");
    CHECK_STR(content("d/f"), "x");
    CHECK_STR(content("./d//../d/./f"), "x");
    CHECK(content("d/g") == NULL && errno == ENOENT);
    CHECK(content("d/f/g") == NULL && errno == ENOTDIR);
    REQUIRE(!chdir(tmp_path("d")));
    fd = snap_open(sc, "f", O_RDONLY);
    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    close(fd);
    REQUIRE(!chdir("/"));
    fd = snap_open(sc, "/", O_RDONLY | O_DIRECTORY);
    CHECK(fd >= 0);
    close(fd);
}

static void links_of_our_own_are_followed(void)
{
    folder("d", 0755);
    folder("e", 0700);
    tmp_text("e/f", "x");
    link_to("../e", "d/relative");
    link_to(tmp_path("e/f"), "d/absolute");
    link_to("absolute", "d/again");
    CHECK_STR(content("d/relative/f"), "x");
    CHECK_STR(content("d/again"), "x");
    link_to("round", "d/round");
    CHECK(content("d/round") == NULL && errno == ELOOP);
    link_to("nowhere", "d/dangling");
    CHECK(content("d/dangling") == NULL && errno == ENOENT);
}

static void a_link_in_a_folder_of_others_is_not_followed(void)
{
    char *text;

    tmp_text("secret", "x");
    folder("d", 0777);
    link_to("../secret", "d/link");
    link_to("..", "d/up");
    CHECK(content("d/link") == NULL && errno == ELOOP);
    CHECK(content("d/up/secret") == NULL && errno == ELOOP);
    link_to("d/link", "ours");
    CHECK(content("ours") == NULL && errno == ELOOP);
    CHECK_FAILS(snap_file_read(sc, tmp_path("d/link"), 100, &text, NULL),
                ERROR_INVAL, WHY);
    CHECK_FAILS(snap_file_create(sc, tmp_path("d/up/new"), NULL, "x"),
                ERROR_FAIL, WHY);
    CHECK(!snap_file_exists(tmp_path("new")));
}

static void in_a_sticky_folder_it_depends_on_whose_link_it_is(void)
{
    tmp_text("secret", "x");
    folder("d", 01777);
    link_to("../secret", "d/link");
    CHECK_STR(content("d/link"), "x");
    if (geteuid()) {
        test_skip("to make a link of somebody else's takes root");
        return;
    }
    REQUIRE(!lchown(tmp_path("d/link"), 1, 1));
    CHECK(content("d/link") == NULL && errno == ELOOP);
    folder("theirs", 0755);
    link_to("../secret", "theirs/link");
    REQUIRE(!chown(tmp_path("theirs"), 1, 1));
    CHECK(content("theirs/link") == NULL && errno == ELOOP);
}

/* Why the file of that name is not trusted; NULL: it is. */
static const char *doubt(const char *name)
{
    const char *why, *path = tmp_path(name), *place;
    int fd = snap_open_trusted(sc, path, O_RDONLY, &why);

    CHECK((fd < 0) == (why != NULL));
    if (fd >= 0) close(fd);
    CHECK(!snap_file_exists(path) || !snap_open_doubt(sc, path) == !why);
    place = snap_open_doubt_place(sc, path, NULL);
    CHECK(!place || why);
    return why;
}

static bool place_is_doubted(const char *name)
{
    return snap_open_doubt_place(sc, tmp_path(name), NULL) != NULL;
}

static void what_others_can_write_is_not_trusted(void)
{
    folder("d", 0755);
    folder("d/e", 0755);
    tmp_text("d/e/f", "x");
    chmod(tmp_path("d/e/f"), 0644);
    CHECK_STR(doubt("d/e/f"), NULL);
    CHECK_STR(doubt("d/e/../e/./f"), NULL);
    chmod(tmp_path("d/e/f"), 0664);
    CHECK_HAS(doubt("d/e/f"), snap_sprintf(
        sc, "it, of uid %u and mode 0664, can be changed by others than "
        "root; if you trust what is there, run chmod go-w %s, and try again",
        geteuid(), tmp_path("d/e/f")));
    CHECK(!place_is_doubted("d/e/f"));
    chmod(tmp_path("d"), 0777);
    CHECK_HAS(doubt("d/e/f"), snap_sprintf(
        sc, "run chmod go-w %s %s, and", tmp_path("d"), tmp_path("d/e/f")));
    CHECK(place_is_doubted("d/e/f") && place_is_doubted("d/e/none")
          && place_is_doubted("d/none"));
    chmod(tmp_path("d"), 01777);
    chmod(tmp_path("d/e/f"), 0600);
    CHECK_STR(doubt("d/e/f"), NULL);
    CHECK(!place_is_doubted("d/e/f") && !place_is_doubted("d/none"));
    CHECK_HAS(doubt("d/e/g"), "No such file");
}

/* Its new owner could take it away, and put a link there, before it is
 * opened again. */
static void what_is_given_to_others_is_not_made_where_all_can(void)
{
    const char *like = tmp_text("like", "x"), *path = tmp_path("d/none");

    folder("d", 01777);
    CHECK_STR(snap_open_doubt_new(sc, path, like, NULL), NULL);
    if (geteuid()) return;
    REQUIRE(!chown(like, 1, 1));
    CHECK_HAS(snap_open_doubt_new(sc, path, like, NULL),
              "/d, of uid 0 and mode 1777, can be changed by others");
    chmod(tmp_path("d"), 0755);
    CHECK_STR(snap_open_doubt_new(sc, path, like, NULL), NULL);
}

static void a_second_name_counts_where_others_can_make_names(void)
{
    folder("d", 0755);
    tmp_text("d/f", "x");
    REQUIRE(!link(tmp_path("d/f"), tmp_path("d/g")));
    CHECK_STR(doubt("d/f"), NULL);
    chmod(tmp_path("d"), 01777);
    CHECK_HAS(doubt("d/f"), "a hard link");
}

/* Each link is where root alone can have put it, and all folders on the way
 * are such. */
static void each_folder_of_a_chain_of_links_counts(void)
{
    folder("real", 0755);
    folder("middle", 0755);
    tmp_text("real/f", "x");
    link_to("../real", "middle/link");
    link_to("middle/link/f", "f");
    CHECK_STR(doubt("f"), NULL);
    chmod(tmp_path("middle"), 0777);
    CHECK_HAS(doubt("f"), "/middle, of uid ");
    CHECK(place_is_doubted("f"));
    chmod(tmp_path("middle"), 0755);
    chmod(tmp_path("real"), 0777);
    CHECK_HAS(doubt("f"), "/real, of uid ");
    REQUIRE(!chdir(tmp_path("real")));
    CHECK_HAS(snap_open_doubt(sc, "f"), "/real, of uid ");
    REQUIRE(!chdir("/"));
}

/* Nothing is made where others could change it. */
static void a_file_is_made_where_it_can_be_trusted(void)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL;
    const char *why;
    int fd;

    folder("d", 0777);
    fd = snap_open_trusted(sc, tmp_path("d/f"), flags, &why);
    CHECK(fd < 0 && errno == EPERM);
    CHECK_HAS(why, "mode 0777, can be changed");
    CHECK(!snap_file_exists(tmp_path("d/f")));
    chmod(tmp_path("d"), 0700);
    fd = snap_open_trusted(sc, tmp_path("d/f"), flags, &why);
    CHECK(fd >= 0 && !why);
    close(fd);
    fd = snap_open_trusted(sc, tmp_path("d/f"), flags, &why);
    CHECK(fd < 0 && errno == EEXIST);
}

static void what_is_others_own_is_not_trusted(void)
{
    if (geteuid()) {
        test_skip("to give a file to somebody else takes root");
        return;
    }
    folder("d", 01777);
    tmp_text("d/f", "x");
    REQUIRE(!chown(tmp_path("d/f"), 1, 1));
    CHECK_HAS(doubt("d/f"), snap_sprintf(sc, "run chown -h root %s, and",
                                         tmp_path("d/f")));
    CHECK(place_is_doubted("d/f"));
    chmod(tmp_path("d"), 0755);
    CHECK(doubt("d/f") && !place_is_doubted("d/f"));
    REQUIRE(!chown(tmp_path("d"), 1, 1) && !chmod(tmp_path("d/f"), 0666));
    CHECK_HAS(doubt("d/f"), snap_sprintf(
        sc, "run chown -h root %s %s && chmod go-w %s, and", tmp_path("d"),
        tmp_path("d/f"), tmp_path("d/f")));
}

static void what_the_kernel_links_to_has_no_path(void)
{
    int fds[2], fd;
    char c;

    REQUIRE(!pipe(fds) && write(fds[1], "x", 1) == 1);
    fd = snap_open(sc, snap_sprintf(sc, "/dev/fd/%d", fds[0]), O_RDONLY);
    CHECK(fd >= 0 && read(fd, &c, 1) == 1 && c == 'x');
    close(fd);
    close(fds[0]);
    close(fds[1]);
}

static void what_is_put_in_the_place_of_our_file_is_not_written(void)
{
    const char *path, *secret = tmp_text("secret", "");
    int fd;

    folder("d", 0777);
    path = tmp_path("d/memory.partial");
    CHECK_OK(snap_file_create(sc, path, NULL, NULL));
    CHECK_OK(snap_file_reopen(sc, path, NULL, &fd));
    CHECK_INT(write(fd, "x", 1), 1);
    close(fd);
    CHECK_FAILS(snap_file_reopen(sc, path, NULL, &fd), ERROR_FAIL, "somebody");
    CHECK_OK(snap_file_overwrite(sc, path, NULL, "y"));
    CHECK_STR(file_text(path), "y");
    unlink(path);
    REQUIRE(!link(secret, path));
    CHECK_FAILS(snap_file_reopen(sc, path, NULL, &fd), ERROR_FAIL, "somebody");
    CHECK_FAILS(snap_file_overwrite(sc, path, NULL, "y"), ERROR_FAIL,
                "somebody");
    unlink(path);
    link_to(secret, "d/memory.partial");
    CHECK_FAILS(snap_file_reopen(sc, path, NULL, &fd), ERROR_FAIL, WHY);
    CHECK_FAILS(snap_file_overwrite(sc, path, NULL, "y"), ERROR_FAIL, WHY);
    CHECK_FAILS(snap_file_publish(sc, path, NULL, tmp_path("d/memory")),
                ERROR_FAIL, WHY);
    CHECK_STR(file_text(secret), "");
    unlink(path);
    REQUIRE(!mkfifo(path, 0600));
    CHECK_FAILS(snap_file_reopen(sc, path, NULL, &fd), ERROR_FAIL,
                "cannot write");
    CHECK_INT(fd, -1);
}

/* After all looks at the path, and before it is opened for that. */
static void what_is_put_in_the_place_of_a_base_is_not_frozen(void)
{
    const char *image = tmp_text("base", "x"), *why = "another file by now";
    const char *victim = tmp_text("victim", "y");
    const char *identity = snap_image_identity(sc, image);
    struct stat st;

    REQUIRE(identity && !unlink(image));
    link_to(victim, "base");
    CHECK_FAILS(snap_file_freeze(sc, image, identity), ERROR_FAIL, why);
    CHECK_FAILS(snap_file_fence(sc, image, identity), ERROR_FAIL, why);
    CHECK_FAILS(snap_file_unfence(sc, image, identity), ERROR_FAIL, why);
    /* where the file system tells no identity */
    REQUIRE(!chmod(tmp_path(""), 0777));
    CHECK_FAILS(snap_file_freeze(sc, image, NULL), ERROR_FAIL, "link");
    CHECK_FAILS(snap_file_fence(sc, image, NULL), ERROR_FAIL, "link");
    REQUIRE(!chmod(tmp_path(""), 0700));
    REQUIRE(!stat(victim, &st));
    CHECK(st.st_mode & 0200);
    CHECK(!snap_file_stops_root(victim));
}

/* A fifo hangs, and a device acts: neither is opened. */
static void a_fifo_or_a_device_is_not_opened(void)
{
    const char *fifo = tmp_path("fifo"), *why = "neither a file nor a block";
    char *text;

    REQUIRE(!mkfifo(fifo, 0600));
    CHECK(snap_open(sc, fifo, O_RDONLY) < 0 && errno == EMEDIUMTYPE);
    CHECK(snap_open(sc, fifo, O_WRONLY | O_CREAT) < 0);
    CHECK(snap_open_image(fifo, O_RDONLY) < 0 && errno == EMEDIUMTYPE);
    CHECK(libxl_snapshot_open_file(fifo) < 0 && errno == EMEDIUMTYPE);
    CHECK(!snap_file_stops_root(fifo) && !snap_file_is_fenced(fifo));
    CHECK_FAILS(snap_file_freeze(sc, fifo, NULL), ERROR_FAIL, why);
    CHECK_FAILS(snap_file_read(sc, fifo, 100, &text, NULL), ERROR_INVAL, why);
    CHECK_FAILS(snap_file_check_plain(sc, fifo), ERROR_INVAL, why);
    CHECK_FAILS(snap_file_check_plain(sc, "/dev/null"), ERROR_INVAL, why);
    CHECK_OK(snap_file_check_plain(sc, tmp_path("nothing")));
    CHECK(snap_open(sc, "/dev/null", O_RDONLY) < 0 && errno == EMEDIUMTYPE);
    CHECK(libxl_snapshot_open_file("/") < 0 && errno == EMEDIUMTYPE);
}

/* Of two who make a file at once both get the same. */
static void a_file_is_made_if_it_is_not_there(void)
{
    const char *path = tmp_path("made");
    int one = snap_open(sc, path, O_RDWR | O_CREAT);
    int two = snap_open(sc, path, O_RDWR | O_CREAT);
    struct stat st[2];

    CHECK(one >= 0 && two >= 0 && !fstat(one, &st[0]) && !fstat(two, &st[1])
          && st[0].st_ino == st[1].st_ino);
    CHECK_INT(st[0].st_mode & 0777, 0600);
    close(one);
    close(two);
}

static void a_pipe_is_read_to_its_end(void)
{
    char *text;
    int fds[2];

    REQUIRE(!pipe(fds));
    if (!fork()) {
        usleep(50000);
        _exit(write(fds[1], "a\n", 2) != 2);
    }
    close(fds[1]);
    CHECK_OK(snap_file_read(sc, snap_sprintf(sc, "/dev/fd/%d", fds[0]), 100,
                            &text, NULL));
    CHECK_STR(text, "a\n");
    close(fds[0]);
}

static void a_file_may_be_as_large_as_said(void)
{
    const size_t max = 200000;
    char *much = snap_zalloc(sc, max + 2), *text;
    const char *path;

    memset(much, 'x', max);
    path = tmp_text("f", much);
    CHECK_OK(snap_file_read(sc, path, max, &text, NULL));
    CHECK_STR(text, much);
    CHECK_FAILS(snap_file_read(sc, path, max - 1, &text, NULL), ERROR_INVAL,
                "larger than 199999 bytes");
    CHECK_FAILS(snap_file_read(sc, tmp_file("g", "a\0b", 3), max, &text, NULL),
                ERROR_INVAL, "not a text file");
}

TESTS(TEST(a_path_is_opened_as_open_does),
      TEST(links_of_our_own_are_followed),
      TEST(a_link_in_a_folder_of_others_is_not_followed),
      TEST(in_a_sticky_folder_it_depends_on_whose_link_it_is),
      TEST(what_others_can_write_is_not_trusted),
      TEST(a_second_name_counts_where_others_can_make_names),
      TEST(each_folder_of_a_chain_of_links_counts),
      TEST(a_file_is_made_where_it_can_be_trusted),
      TEST(what_is_others_own_is_not_trusted),
      TEST(what_is_given_to_others_is_not_made_where_all_can),
      TEST(what_the_kernel_links_to_has_no_path),
      TEST(what_is_put_in_the_place_of_our_file_is_not_written),
      TEST(what_is_put_in_the_place_of_a_base_is_not_frozen),
      TEST(a_fifo_or_a_device_is_not_opened),
      TEST(a_file_is_made_if_it_is_not_there),
      TEST(a_pipe_is_read_to_its_end),
      TEST(a_file_may_be_as_large_as_said))
