/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-identity.c: what a disk's state is known by, and how another one in its
 * place is told from it. Tags are in tests/system/replaced.sh.
 */
#include "../test.h"
#include "facts/facts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Like that of a snapshot with one disk, recorded. */
static libxl_domain_snapshot snap;

static void set_date(const char *path, time_t seconds, long nsec)
{
    const struct timespec times[2] = {
        { seconds, nsec }, { seconds, nsec },
    };

    CHECK_INT(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Its text, with what snap_identity_record() adds. */
static void record(const char *parent, const char *memory)
{
    char *path = strdup(tmp_text("s.cfg", ""));     /* a read forgets ours */
    const char *text = snap_sprintf(
        sc, "name = \"s\"\ndisks = [ \"/o,qcow2,xvda\" ]\n"
        "parents = [ \"%s,raw,xvda\" ]\n%s", parent,
        memory ? snap_sprintf(sc, "memory_path = \"%s\"\n", memory) : "");

    CHECK_OK(snap_identity_record(sc, path, NULL, text, false));
    libxl_domain_snapshot_dispose(&snap);
    libxl_domain_snapshot_init(&snap);
    CHECK_OK(libxl_domain_snapshot_config_read(sc, path, &snap));
    free(path);
    REQUIRE(snap.num_disks == 1);
}

static int check_disk(void)
{
    struct snap_disk_op op = {
        .verb = SNAP_VERB_REVERT, .vdev = snap.disks[0].vdev,
        .ds = &snap.disks[0], .name = snap.name,
        .image = snap.disks[0].parent.pdev_path,
    };

    CHECK_OK(snap_driver_of(sc, op.ds, &op.driver));
    if (op.driver == &snap_driver_internal)
        CHECK_OK(op.driver->look(sc, &op));
    return snap_identity_check_disk(sc, &op);
}

static const char *a_base(void)
{
    const char *path = tmp_text("base.raw", "some content");

    set_date(path, 1700000000, 5);
    return path;
}

static void a_base_is_known_by_size_date_and_content(void)
{
    record(a_base(), NULL);
    CHECK_HAS(snap.disks[0].state, "file 12 1700000000.000000005 ");
    CHECK_OK(check_disk());
    libxl_domain_snapshot_dispose(&snap);
}

static void one_that_was_written_to_is_refused_with_the_time(void)
{
    record(a_base(), NULL);
    set_date(tmp_path("base.raw"), 1700000060, 5);
    setenv("TZ", "UTC", 1);
    CHECK_FAILS(check_disk(), ERROR_INVAL, "has changed since the "
                "snapshot: it was last written to at 2023-11-14 22:14:20");
    CHECK_FAILS(check_disk(), ERROR_INVAL, "only if you know that its content "
                "is the same, use --force");
    libxl_domain_snapshot_dispose(&snap);
}

static void a_date_that_was_set_back_does_not_hide_it(void)
{
    record(a_base(), NULL);
    set_date(tmp_text("base.raw", "some CONTENT"), 1700000000, 5);
    CHECK_FAILS(check_disk(), ERROR_INVAL, "its first 64 KiB have changed");
    set_date(tmp_text("base.raw", "some content more"), 1700000000, 5);
    CHECK_FAILS(check_disk(), ERROR_INVAL, "it has 17 bytes now and had "
                "12 then");
    libxl_domain_snapshot_dispose(&snap);
}

static void what_is_not_on_record_passes(void)
{
    record(a_base(), NULL);
    free(snap.disks[0].state);
    snap.disks[0].state = NULL;
    set_date(tmp_path("base.raw"), 1, 1);
    CHECK_OK(check_disk());
    CHECK_OK(snap_identity_check_memory(sc, &snap));
    libxl_domain_snapshot_dispose(&snap);
}

static void a_memory_image_may_be_copied_but_not_swapped(void)
{
    record(a_base(), tmp_text("memory", "registers"));
    CHECK_HAS(snap.memory_state, "image 9 ");
    set_date(tmp_path("memory"), 1700000060, 5);
    CHECK_OK(snap_identity_check_memory(sc, &snap));
    set_date(tmp_text("memory", "reGISTers"), 1700000060, 5);
    CHECK_FAILS(snap_identity_check_memory(sc, &snap), ERROR_INVAL,
                "it has changed since the snapshot: it was last written "
                "to at");
    libxl_domain_snapshot_dispose(&snap);
}

/* It is recorded before it gets its name. */
static void a_memory_image_that_is_not_published_counts(void)
{
    tmp_text("memory.partial", "registers");
    record(a_base(), tmp_path("memory"));
    CHECK_INT(rename(tmp_path("memory.partial"), tmp_path("memory")), 0);
    CHECK_OK(snap_identity_check_memory(sc, &snap));
    libxl_domain_snapshot_dispose(&snap);
}

static void recording_again_changes_nothing(void)
{
    char *once;

    record(a_base(), NULL);
    once = strdup(file_text(tmp_path("s.cfg")));
    record(tmp_path("base.raw"), NULL);
    CHECK_STR(file_text(tmp_path("s.cfg")), once);
    free(once);
    libxl_domain_snapshot_dispose(&snap);
}

/* Volumes, as lvs has them. */
static struct snap_lv lvs[] = {
    { .vg = "vg", .name = "root", .path = "/dev/vg/root", .uuid = "or-igin" },
    { .vg = "vg", .name = "root.s", .path = "/dev/vg/root.s", .uuid = "one",
      .origin = "root", .tags = "backup,xl-snapshot.17,x", .time = "today" },
    { .vg = "vg", .name = "thin.s", .path = "/dev/vg/thin.s", .uuid = "two",
      .pool = "pool", .thin_id = "4", .time = "today" },
};

static int check_volume(const char *driver, const char *path,
                        const char *state)
{
    static struct snap_lvm lvm = { .num = 3, .lvs = lvs };
    libxl_disk_snapshot ds = {
        .vdev = (char *)"xvda", .state = (char *)state,
        .parent.pdev_path = (char *)path,
    };
    struct snap_disk_op op = {
        .verb = SNAP_VERB_REVERT, .vdev = "xvda",
        .ds = &ds, .name = "s", .driver = snap_driver_named(driver),
    };
    int i;

    for (i = 0; i < lvm.num; i++) lvs[i].all = &lvm;
    sc->lvm = &lvm;
    return snap_identity_check_disk(sc, &op);
}

static void a_thin_volume_is_known_by_its_uuid(void)
{
    CHECK_OK(check_volume("lvm-thin", "/dev/vg/thin.s", "volume two 4"));
    CHECK_FAILS(check_volume("lvm-thin", "/dev/vg/thin.s", "volume six 3"),
                ERROR_INVAL, "another volume has that name now, made at "
                             "today");
}

static void a_thick_one_by_its_origin_and_its_tag(void)
{
    CHECK_STR(snap_lv_tag(sc, 17), "xl-snapshot.17");
    CHECK_STR(snap_lv_tag_of(sc, &lvs[1]), "xl-snapshot.17");
    CHECK(snap_lv_tag_of(sc, &lvs[0]) == NULL);
    CHECK_OK(check_volume("lvm-thick", "/dev/vg/root.s",
                          "origin or-igin xl-snapshot.17"));
    CHECK_FAILS(check_volume("lvm-thick", "/dev/vg/root.s",
                             "origin or-igin xl-snapshot.16"), ERROR_INVAL,
                "another volume has that name now");
    CHECK_FAILS(check_volume("lvm-thick", "/dev/vg/root",
                             "origin or-igin xl-snapshot.17"), ERROR_INVAL,
                "its storage is of another kind now");
}

/*-- prints ----------------------------------------------------------------*/

/* As it was, in this boot and in another. */
static void check_base(const char *path, const char *then, bool this_boot,
                       bool another)
{
    CHECK_INT(snap_identity_is_unwritten_base(sc, path, then, true),
              this_boot);
    CHECK_INT(snap_identity_is_unwritten_base(sc, path, then, false),
              another);
}

static void write_at_end(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND);

    CHECK(fd >= 0 && write(fd, "x", 1) == 1);
    close(fd);
}

/* A rename, a chmod and a freeze change its inode alone. */
static void a_base_that_is_written_to_has_another_print(void)
{
    const char *path = a_base();
    const char *then = snap_identity_print(sc, path);

    CHECK(snap_identity_tells_writes(sc, then));
    check_base(path, then, true, true);
    set_date(path, 1700000000, 6);
    check_base(path, then, false, false);
    set_date(path, 1700000000, 5);
    check_base(path, then, true, true);
    write_at_end(path);
    set_date(path, 1700000000, 5);
    check_base(path, then, false, false);
}

/* Without the immutable flag root may have put another content there. */
static void a_base_without_permissions_can_be_written_to(void)
{
    const char *path = a_base(), *then;

    set_date(path, 1700000000, 5);
    then = snap_identity_print(sc, path);
    CHECK_INT(chmod(path, 0400), 0);
    check_base(path, then, true, true);
    CHECK_INT(usleep(20000), 0);
    set_date(path, 1600000000, 5);
    check_base(path, then, false, false);
}

/* A file system may lose the last dates in a crash. */
static void after_a_crash_its_dates_may_be_earlier(void)
{
    const char *path = a_base(), *then;
    struct stat st;

    then = snap_identity_print(sc, path);
    CHECK_INT(stat(path, &st), 0);
    then = snap_sprintf(sc, "file %ju %ju 1700000000.000000009 "
                        "%ju.999999999 %s", (uintmax_t)st.st_ino,
                        (uintmax_t)st.st_size, (uintmax_t)st.st_ctime + 1,
                        strrchr(then, ' ') + 1);
    check_base(path, then, false, true);
    set_date(path, 1700000001, 0);
    check_base(path, then, false, false);
    then = snap_identity_print(sc, path);
    CHECK_INT(usleep(20000), 0);
    set_date(path, 1700000000, 0);      /* as who restores a backup */
    check_base(path, then, false, false);
}

static void a_short_print_tells_only_which_file_it_is(void)
{
    const char *path = a_base();
    const char *then = snap_identity_short_print(sc, path);
    char *copy = snap_sprintf(sc, "%s.copy", path);

    CHECK(!snap_identity_tells_writes(sc, then));
    write_at_end(path);
    check_base(path, then, true, true);
    CHECK_INT(rename(path, copy), 0);
    path = tmp_text("base.raw", "some content");
    check_base(path, then, false, false);
    CHECK_INT(unlink(path), 0);
    CHECK_STR(snap_identity_short_print(sc, path), "absent");
    check_base(path, then, false, false);
}

/* What was merged into a volume, for which a file does, is taken again only
 * as long as nobody has written to that. */
static void what_was_merged_is_known_until_it_is_written_to(void)
{
    const char *path = a_base(), *why = "the snapshot is gone";
    struct snap_plan plan = { 0 };
    struct snap_step *merge = snap_plan_add(sc, &plan, SNAP_STEP_EXEC,
                                            "merge it"), *again;

    merge->writes = path;
    merge->done_when = SNAP_DONE_LV_IS_GONE;
    again = snap_plan_add(sc, &plan, SNAP_STEP_EXEC, "take it again");
    snap_step_know(sc, again, path, SNAP_KNOWN_WHEN_WRITTEN);
    CHECK_FAILS(snap_known_check(sc, again, true), ERROR_INVAL, why);
    CHECK_OK(snap_known_check(sc, again, false));
    snap_plan_set_made(sc, &plan, 0, snap_sprintf(
        sc, "print %s", snap_identity_print(sc, path)));
    CHECK_OK(snap_known_check(sc, again, true));
    write_at_end(path);
    CHECK_FAILS(snap_known_check(sc, again, true), ERROR_INVAL, why);
}

TESTS(TEST(a_base_is_known_by_size_date_and_content),
      TEST(one_that_was_written_to_is_refused_with_the_time),
      TEST(a_date_that_was_set_back_does_not_hide_it),
      TEST(what_is_not_on_record_passes),
      TEST(a_memory_image_may_be_copied_but_not_swapped),
      TEST(a_memory_image_that_is_not_published_counts),
      TEST(recording_again_changes_nothing),
      TEST(a_thin_volume_is_known_by_its_uuid),
      TEST(a_thick_one_by_its_origin_and_its_tag),
      TEST(a_base_that_is_written_to_has_another_print),
      TEST(a_base_without_permissions_can_be_written_to),
      TEST(after_a_crash_its_dates_may_be_earlier),
      TEST(a_short_print_tells_only_which_file_it_is),
      TEST(what_was_merged_is_known_until_it_is_written_to))
