/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-config-file.c: the user's xl.cfg as a file: what is replaced and
 * what is left, and what is refused before anything is.
 */
#include "../test.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../tools/xl/xl_config.h"

#define BEFORE "name = 'vm'\ndisk = [ '/a.raw,raw,xvda,w' ] # mine\n"
#define AFTER  "name = 'vm'\ndisk = [ '/a.s1.qcow2,qcow2,xvda,w' ] # mine\n"

static libxl_domain_snapshot snap;
static struct config_update u;
static libxl_snapshot_ctx *own;     /* what is in sc stays */

/* A snapshot that froze /a.raw; xvdb is internal and stays. */
static void begin(const char *file)
{
    static libxl_disk_snapshot disks[2];

    if (!own && libxl_snapshot_ctx_alloc(&own, NULL, NULL)) abort();
    libxl_domain_snapshot_init(&snap);
    disks[0].vdev = "xvda";
    disks[0].mode = LIBXL_SNAPSHOT_MODE_EXTERNAL;
    snap_device_disk_set(&disks[0].parent, "xvda", "/a.raw",
                         LIBXL_DISK_FORMAT_RAW);
    snap_device_disk_set(&disks[0].child, "xvda", "/a.s1.qcow2",
                         LIBXL_DISK_FORMAT_QCOW2);
    disks[1].vdev = "xvdb";
    disks[1].mode = LIBXL_SNAPSHOT_MODE_INTERNAL;
    snap.num_disks = 2;
    snap.disks = disks;
    config_update_init(&u, own, file, &snap);
    libxl_device_disk_dispose(&disks[0].parent);
    libxl_device_disk_dispose(&disks[0].child);
}

static int files_in(const char *folder)
{
    DIR *dir = opendir(folder);
    int n = 0;

    while (dir && readdir(dir)) n++;
    if (dir) closedir(dir);
    return n - 2;
}

static void the_file_is_replaced_and_nothing_left(void)
{
    const char *file = tmp_text("vm.cfg", BEFORE);
    struct stat was, is;

    chmod(file, 0640);
    if (!geteuid() && chown(file, 0, 2)) abort();
    stat(file, &was);
    begin(file);
    CHECK_INT(u.num, 1);
    CHECK_INT(config_update_try(&u, "vm"), 0);
    CHECK_STR(file_text(file), BEFORE);
    CHECK(!u.done);
    CHECK_INT(config_update_write(&u, "vm"), 0);
    CHECK(u.done);
    CHECK_STR(file_text(file), AFTER);
    stat(file, &is);
    CHECK_INT(is.st_mode, was.st_mode);
    CHECK_INT(is.st_uid, was.st_uid);
    CHECK_INT(is.st_gid, was.st_gid);
    CHECK(is.st_ino != was.st_ino);
    CHECK_INT(files_in(tmp_path("")), 1);
    CHECK_INT(u.edits[0].line, 2);
    config_update_dispose(&u);
    config_update_dispose(&u);
}

static void a_symbolic_link_is_followed(void)
{
    const char *file, *path = tmp_path("link.cfg");
    struct stat st;

    mkdir(tmp_path("there"), 0700);
    file = tmp_text("there/vm.cfg", BEFORE);
    if (symlink("there/vm.cfg", path)) abort();
    begin(path);
    CHECK_INT(config_update_write(&u, "vm"), 0);
    CHECK_STR(file_text(file), AFTER);
    CHECK(!lstat(path, &st) && S_ISLNK(st.st_mode));
    CHECK_INT(files_in(tmp_path("there")), 1);
    CHECK_STR(u.path, file);
    config_update_dispose(&u);
}

static void a_file_that_is_right_already_is_left(void)
{
    const char *file = tmp_text("vm.cfg", AFTER);
    struct stat was, is;

    stat(file, &was);
    begin(file);
    config_edit_from(&u.edits[0], "/a.s1.qcow2");
    CHECK_INT(config_update_write(&u, "vm"), 0);
    CHECK(u.done);
    stat(file, &is);
    CHECK_INT(is.st_ino, was.st_ino);
    config_update_dispose(&u);
}

static void refused(const char *file, const char *why)
{
    begin(file);
    CHECK_INT(config_update_try(&u, "vm"), -1);
    CHECK_HAS(u.error, why);
    config_update_dispose(&u);
    begin(file);
    CHECK_INT(config_update_write(&u, "vm"), -1);
    CHECK_HAS(u.error, why);
    CHECK(!u.done);
    config_update_dispose(&u);
}

static void what_is_no_file_of_one_name_is_refused(void)
{
    const char *file = tmp_text("vm.cfg", BEFORE);

    refused(tmp_path("none.cfg"), "none.cfg: No such file");
    refused(tmp_path(""), "not a regular file");
    refused("/dev/null", "/dev/null: it is neither a file nor a block device");
    if (link(file, tmp_path("second.cfg"))) abort();
    refused(file, "a hard link");
    CHECK_STR(file_text(file), BEFORE);
    if (symlink("loop.cfg", tmp_path("loop.cfg"))) abort();
    refused(tmp_path("loop.cfg"), "loop.cfg: ");
}

/* Nobody else may be able to put another file in its place, meanwhile. */
static void what_others_can_change_is_refused(void)
{
    const char *file, *folder = tmp_path("theirs");

    mkdir(folder, 0700);
    file = tmp_text("theirs/vm.cfg", BEFORE);
    chmod(file, 0664);
    refused(file, "can be changed by others than root; if you trust what is "
            "there, run chmod go-w ");
    chmod(file, 0600);
    chmod(folder, 0777);
    refused(file, "theirs, of uid ");
    CHECK_STR(file_text(file), BEFORE);
    CHECK_INT(files_in(folder), 1);
    chmod(folder, 0700);
    begin(file);
    CHECK_INT(config_update_try(&u, "vm"), 0);
    chmod(folder, 0777);
    CHECK_INT(config_update_write(&u, "vm"), -1);
    CHECK_HAS(u.error, "theirs, of uid ");
    CHECK_STR(file_text(file), BEFORE);
    config_update_dispose(&u);
}

/* What the text says may be another's, once. */
static void no_bit_that_gives_away_an_owner_is_kept(void)
{
    const char *file = tmp_text("vm.cfg", BEFORE);
    struct stat st;

    chmod(file, 06755);
    begin(file);
    CHECK_INT(config_update_write(&u, "vm"), 0);
    CHECK(!stat(file, &st));
    CHECK_INT(st.st_mode & 07777, 0755);
    config_update_dispose(&u);
}

static void what_the_text_is_refused_for_is_said(void)
{
    const char *file = tmp_text("vm.cfg", "name = 'other'\n");

    refused(file, "vm.cfg: the config is of domain other, not of vm");
    CHECK_STR(file_text(file), "name = 'other'\n");
    refused(tmp_file("nul.cfg", BEFORE "\0\n", sizeof(BEFORE) + 1),
            "not a text file");
    CHECK_INT(files_in(tmp_path("")), 2);
}

static void a_full_disk_leaves_the_old_file(void)
{
    const char *file = tmp_text("vm.cfg", BEFORE);
    struct rlimit was, small;

    getrlimit(RLIMIT_FSIZE, &was);
    small = was;
    small.rlim_cur = 10;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    begin(file);
    CHECK_INT(config_update_write(&u, "vm"), -1);
    setrlimit(RLIMIT_FSIZE, &was);
    CHECK_HAS(u.error, "cannot write ");
    CHECK(!u.done);
    CHECK_STR(file_text(file), BEFORE);
    CHECK_INT(files_in(tmp_path("")), 1);
    config_update_dispose(&u);
}

static void without_a_file_nothing_is_done(void)
{
    struct config_update none = { .file = NULL };

    CHECK_INT(config_update_write(&none, "vm"), 0);
    CHECK(!none.done);
    config_update_dispose(&none);
}

static void a_literal_is_escaped(void)
{
    char *literal = spec_literal("/it's\\,qcow2,xvda,w");

    CHECK_STR(literal, "'/it\\'s\\\\,qcow2,xvda,w'");
    free(literal);
}

TESTS(TEST(a_literal_is_escaped), TEST(the_file_is_replaced_and_nothing_left),
      TEST(a_symbolic_link_is_followed),
      TEST(a_file_that_is_right_already_is_left),
      TEST(what_is_no_file_of_one_name_is_refused),
      TEST(what_others_can_change_is_refused),
      TEST(no_bit_that_gives_away_an_owner_is_kept),
      TEST(what_the_text_is_refused_for_is_said),
      TEST(a_full_disk_leaves_the_old_file),
      TEST(without_a_file_nothing_is_done))
