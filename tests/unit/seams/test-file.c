/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-file.c: files are made only where nothing is, and never replace
 * one. */
#include "../test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mode_t mode_of(const char *path)
{
    struct stat st;

    return stat(path, &st) ? 0 : st.st_mode & 07777;
}

static int unlink_own(const char *path, const char *made,
                      const char *content)
{
    const struct snap_file_own own = { .made = made, .content = content };

    return snap_file_unlink(sc, path, &own);
}

static void a_file_is_made_with_its_content_for_root_only(void)
{
    const char *path = tmp_path("f");

    CHECK_OK(snap_file_create(sc, path, NULL, "hello"));
    CHECK_STR(file_text(path), "hello");
    CHECK_INT(mode_of(path), 0600);
}

static void a_file_that_exists_is_not_touched(void)
{
    const char *path = tmp_text("f", "theirs");

    CHECK_FAILS(snap_file_create(sc, path, NULL, "ours"), ERROR_FAIL,
                "File exists");
    CHECK_STR(file_text(path), "theirs");
}

static void a_dangling_link_is_not_followed(void)
{
    const char *path = tmp_path("link"), *target = tmp_path("target");

    REQUIRE(!symlink(target, path));
    CHECK_FAILS(snap_file_create(sc, path, NULL, "x"), ERROR_FAIL, "exists");
    CHECK(!snap_file_exists(target));
    CHECK(snap_file_exists(path));
}

static void an_overlay_takes_mode_and_owner_from_its_base(void)
{
    const char *base = tmp_text("base", ""), *path = tmp_path("o");
    struct stat st;

    REQUIRE(!chmod(base, 0440));
    if (!geteuid()) REQUIRE(!chown(base, 12, 34));
    CHECK_OK(snap_file_create(sc, path, base, NULL));
    CHECK_INT(mode_of(path), 0640);
    REQUIRE(!stat(path, &st));
    if (!geteuid()) CHECK(st.st_uid == 12 && st.st_gid == 34);
}

static void a_file_that_cannot_be_finished_is_removed(void)
{
    const char *path = tmp_path("f");

    CHECK_FAILS(snap_file_create(sc, path, "/nowhere", NULL), ERROR_FAIL,
                "cannot write");
    CHECK(!snap_file_exists(path));
    CHECK_FAILS(snap_file_create(sc, tmp_path("no/f"), NULL, NULL),
                ERROR_FAIL, "cannot create");
}

static void removing_what_is_gone_is_no_failure(void)
{
    const char *path = tmp_text("f", "");

    CHECK_OK(unlink_own(path, NULL, NULL));
    CHECK_OK(unlink_own(path, NULL, NULL));
    CHECK_OK(snap_file_rmdir(sc, path, NULL));
    CHECK_OK(unlink_own(tmp_path("no/f"), NULL, NULL));
    CHECK_FAILS(snap_file_rmdir(sc, "/proc", NULL), ERROR_FAIL,
                "cannot remove the folder /proc");
    CHECK(!sc->left);
}

static void what_was_written_to_since_is_not_removed(void)
{
    const char *path = tmp_text("f", "the con"), *made;
    struct snap_file_own own = { .is_overlay = true };

    own.made = made = snap_file_identity(sc, path);
    CHECK_OK(unlink_own(path, made, "the"));
    CHECK(strstr(sc->left, "f was written to since; remove it if"));
    CHECK_OK(snap_file_unlink(sc, path, &own));
    CHECK_STR(file_text(path), "the con");
    own.users = "cp (pid 7)";
    CHECK_OK(snap_file_unlink(sc, path, &own));
    CHECK(strstr(sc->left, "f is in use by cp (pid 7); remove it if"));
    CHECK(snap_file_exists(path));
    CHECK_OK(unlink_own(path, made, "the content"));
    CHECK(!snap_file_exists(path));
}

static void a_vhd_is_empty_until_it_has_a_block(void)
{
    static const unsigned char first[8] = {
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 4,
    };
    char vhd[2048] = "conectix";
    int fd = open(tmp_path("vhd"), O_RDWR | O_CREAT, 0600);

    REQUIRE(fd >= 0);
    CHECK(snap_file_is_empty_overlay(fd));
    memcpy(vhd + 512, "cxsparse", 8);
    vhd[512 + 22] = 6;                          /* the table, at 1536 */
    vhd[512 + 31] = 2;                          /* of two blocks */
    memset(vhd + 1536, 0xff, 512);
    REQUIRE(pwrite(fd, vhd, sizeof(vhd), 0) == sizeof(vhd));
    CHECK(snap_file_is_empty_overlay(fd));
    REQUIRE(pwrite(fd, first, sizeof(first), 1536) == sizeof(first));
    CHECK(!snap_file_is_empty_overlay(fd));
    close(fd);
}

/* Nobody reads them all: that would take hours. */
static void a_file_of_zeros_without_end_is_not_empty(void)
{
    unsigned char head[104] = "QFI\xfb";
    int fd = open(tmp_path("zeros"), O_RDWR | O_CREAT, 0600);

    REQUIRE(fd >= 0 && !ftruncate(fd, 1 << 20));
    CHECK(snap_file_is_empty_overlay(fd));
    REQUIRE(!ftruncate(fd, (off_t)8 << 40));
    CHECK(!snap_file_is_empty_overlay(fd));
    head[36] = 0xff;                            /* entries of its table */
    head[46] = 1;                               /* where that is */
    REQUIRE(pwrite(fd, head, sizeof(head), 0) == sizeof(head));
    CHECK(!snap_file_is_empty_overlay(fd));
    head[36] = 0;
    REQUIRE(pwrite(fd, head, sizeof(head), 0) == sizeof(head));
    CHECK(snap_file_is_empty_overlay(fd));
    close(fd);
}

static bool is_used(const unsigned char *image, size_t len)
{
    bool used = false;

    CHECK_OK(snap_file_is_used_overlay(
        sc, tmp_file("overlay", image, len), &used));
    return used;
}

static void an_overlay_is_used_when_its_table_has_an_entry(void)
{
    unsigned char image[4096] = "QFI\xfb";
    bool used = true;

    image[39] = 2;                              /* entries of the table, */
    image[46] = 4;                              /* at 1024 */
    CHECK(!is_used(image, sizeof(image)));
    image[1024 + 16] = 1;                       /* behind it */
    CHECK(!is_used(image, sizeof(image)));
    image[1024 + 15] = 1;
    CHECK(is_used(image, sizeof(image)));
    image[1024 + 15] = 0;
    image[63] = 1;                              /* a tag */
    CHECK(is_used(image, sizeof(image)));
    CHECK(!is_used(image, 0));                  /* not formatted yet */
    CHECK_OK(snap_file_is_used_overlay(sc, tmp_path("none"), &used));
    CHECK(!used);
    CHECK_FAILS(
        snap_file_is_used_overlay(sc, tmp_text("f", "content"), &used),
        ERROR_FAIL, "f was written to: it is no overlay");
    CHECK_FAILS(snap_file_is_used_overlay(sc, tmp_path("f/x"), &used),
                ERROR_FAIL, "cannot tell whether");
}

static void what_is_in_the_place_of_ours_is_not_removed(void)
{
    const char *path = tmp_path("f"), *made, *other;

    CHECK(!snap_file_identity(sc, path));
    CHECK_OK(snap_file_create(sc, path, NULL, "x"));
    made = snap_file_identity(sc, path);
    REQUIRE(made != NULL);
    tmp_text("f", "written to since");
    CHECK_STR(snap_file_identity(sc, path), made);
    REQUIRE(!unlink(path));
    tmp_text("f", "theirs");
    other = snap_file_identity(sc, path);
    CHECK(strcmp(made, other));
    CHECK_OK(unlink_own(path, made, "theirs"));
    CHECK(strstr(sc->left, "f is not the file that the command has made"));
    CHECK_OK(snap_file_rmdir(sc, path, made));
    CHECK_STR(file_text(path), "theirs");
    CHECK_OK(unlink_own(path, other, NULL));
    CHECK(!snap_file_exists(path));
}

static void what_may_be_ours_is_removed_if_nothing_is_lost(void)
{
    const char *path = tmp_text("f", "the con");

    CHECK_OK(unlink_own(path, NULL, "other content"));
    CHECK_OK(unlink_own(path, NULL, "the"));
    CHECK_OK(unlink_own(path, NULL, NULL));
    CHECK(strstr(sc->left, "f may not be the file that the command has made"));
    CHECK_STR(file_text(path), "the con");
    CHECK_OK(unlink_own(path, NULL, "the content"));
    CHECK(!snap_file_exists(path));
    REQUIRE(!symlink("/nowhere", path));
    CHECK_OK(unlink_own(path, NULL, "the content"));
    CHECK(snap_file_exists(path));
}

static void what_others_can_write_to_is_no_folder_of_ours(void)
{
    const char *dir = tmp_path("d");

    CHECK_OK(snap_file_mkdir(sc, dir));
    CHECK_INT(symlink(dir, tmp_path("link")), 0);
    CHECK_FAILS(snap_file_mkdir(sc, tmp_path("link")), ERROR_FAIL,
                "cannot create the folder");
    CHECK_INT(chmod(dir, 0777), 0);
    CHECK_FAILS(snap_file_mkdir(sc, dir), ERROR_FAIL,
                "cannot create the folder");
}

static void a_folder_with_something_of_others_stays(void)
{
    const char *dir = tmp_path("d");

    CHECK_OK(snap_file_mkdir(sc, dir));
    CHECK_INT(mode_of(dir), 0700);
    CHECK_OK(snap_file_mkdir(sc, dir));
    tmp_text("d/theirs", "x");
    CHECK_OK(snap_file_rmdir(sc, dir, NULL));
    CHECK_STR(file_text(tmp_path("d/theirs")), "x");
    REQUIRE(!unlink(tmp_path("d/theirs")));
    CHECK_OK(snap_file_rmdir(sc, dir, NULL));
    CHECK(!snap_file_exists(dir));
}

static void publishing_renames(void)
{
    const char *path = tmp_text("f.partial", "x"), *to = tmp_path("f");

    CHECK_OK(snap_file_publish(sc, path, NULL, to));
    CHECK(!snap_file_exists(path));
    CHECK_STR(file_text(to), "x");
}

static void publishing_never_replaces_a_file(void)
{
    const char *path = tmp_text("f.partial", "x");
    const char *to = tmp_text("f", "theirs");

    CHECK_FAILS(snap_file_publish(sc, path, NULL, to), ERROR_FAIL,
                "File exists");
    CHECK_STR(file_text(to), "theirs");
    CHECK_STR(file_text(path), "x");
    CHECK_FAILS(snap_file_publish(sc, tmp_path("gone"), NULL, tmp_path("g")),
                ERROR_FAIL, "No such file");
}

static void what_is_published_is_what_we_made(void)
{
    const char *path = tmp_text("f.partial", "x"), *to = tmp_path("f");
    const char *made = snap_file_identity(sc, path);

    CHECK_FAILS(snap_file_publish(sc, path, "inode 1 born 2.3", to),
                ERROR_FAIL, "somebody has put another file in its place");
    CHECK(!snap_file_exists(to));
    CHECK(!snap_file_is_published(sc, path, made, to));
    /* killed between the two halves of a rename */
    REQUIRE(!link(path, to));
    CHECK_OK(snap_file_publish(sc, path, made, to));
    CHECK(!snap_file_exists(path));
    CHECK(snap_file_is_published(sc, path, made, to));
    CHECK(snap_file_is_published(sc, path, NULL, to));
    CHECK(!sc->left);
    CHECK(snap_file_is_published(sc, path, "inode 1 born 2.3", to));
    CHECK(strstr(sc->left, "f is not the file that the command has made"));
}

static void a_path_has_a_folder(void)
{
    CHECK_STR(snap_file_dirname(sc, "/a/b"), "/a");
    CHECK_STR(snap_file_dirname(sc, "/a"), "/");
    CHECK_STR(snap_file_dirname(sc, "a"), ".");
    CHECK_STR(snap_file_dirname(sc, "/a/b/"), "/a/b");
    CHECK_STR(snap_file_dirname(sc, "/"), "/");
}

static void a_path_that_cannot_be_looked_at_counts_as_there(void)
{
    CHECK(snap_file_exists("/proc"));
    CHECK(!snap_file_exists(tmp_path("no")));
    CHECK(snap_file_exists("/proc/self/comm/x"));   /* ENOTDIR */
}

static void space_is_told(void)
{
    uint64_t bytes = 0;

    CHECK_OK(snap_file_space(sc, "/tmp", &bytes));
    CHECK(bytes > 0);
    CHECK_FAILS(snap_file_space(sc, "/nowhere", &bytes), ERROR_INVAL,
                "/nowhere: No such file");
}

TESTS(TEST(a_file_is_made_with_its_content_for_root_only),
      TEST(a_file_that_exists_is_not_touched),
      TEST(a_dangling_link_is_not_followed),
      TEST(an_overlay_takes_mode_and_owner_from_its_base),
      TEST(a_file_that_cannot_be_finished_is_removed),
      TEST(removing_what_is_gone_is_no_failure),
      TEST(what_was_written_to_since_is_not_removed),
      TEST(a_vhd_is_empty_until_it_has_a_block),
      TEST(a_file_of_zeros_without_end_is_not_empty),
      TEST(an_overlay_is_used_when_its_table_has_an_entry),
      TEST(what_is_in_the_place_of_ours_is_not_removed),
      TEST(what_may_be_ours_is_removed_if_nothing_is_lost),
      TEST(what_is_published_is_what_we_made),
      TEST(what_others_can_write_to_is_no_folder_of_ours),
      TEST(a_folder_with_something_of_others_stays),
      TEST(publishing_renames), TEST(publishing_never_replaces_a_file),
      TEST(a_path_has_a_folder),
      TEST(a_path_that_cannot_be_looked_at_counts_as_there),
      TEST(space_is_told))
