/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-choose-disks.c: which kind of snapshot each disk of a create gets:
 * facts of the disks and wishes in, params out.
 */
#include "../test.h"

#include <stdlib.h>
#include <unistd.h>

#include "../../../tools/xl/xl_snapshot.h"
#include "xl_utils.h"

static struct disk_wishes wishes;
static libxl_domain_snapshot_params params;

static void begin(libxl_snapshot_mode all)
{
    libxl_domain_snapshot_init(&wishes.each);
    libxl_domain_snapshot_params_init(&params);
    wishes.all = all;
    params.name = xstrdup("s");
}

static void wish(const char *vdev, libxl_snapshot_mode mode,
                 libxl_disk_format format, const char *path)
{
    libxl_domain_snapshot *snap = &wishes.each;
    libxl_disk_snapshot *ds;

    snap->disks = xrealloc(snap->disks,
                           (snap->num_disks + 1) * sizeof(*snap->disks));
    ds = &snap->disks[snap->num_disks++];
    memset(ds, 0, sizeof(*ds));
    ds->vdev = xstrdup(vdev);
    ds->mode = mode;
    libxl_device_disk_init(&ds->parent);
    libxl_device_disk_init(&ds->child);
    if (path) ds->child.pdev_path = xstrdup(path);
    ds->child.format = format;
}

/* The choice as text: "xvda external /d/a.s.qcow2, xvdb internal", or the
 * reason why there is none. */
static const char *choice(const libxl_disk_snapshot_info *info, int num)
{
    const char *text = "";
    char *why = choose_disks(&wishes, info, num, &params);
    int i;

    for (i = 0; !why && i < params.num_disks; i++) {
        const libxl_disk_snapshot_params *disk = &params.disks[i];

        text = snap_sprintf(sc, "%s%s%s %s%s%s", text, i ? ", " : "",
                            disk->vdev,
                            libxl_snapshot_mode_to_string(disk->mode),
                            disk->path ? " " : "",
                            disk->path ? disk->path : "");
    }
    if (why) text = snap_sprintf(sc, "refused: %s", why);
    free(why);
    libxl_domain_snapshot_params_dispose(&params);
    libxl_domain_snapshot_dispose(&wishes.each);
    return text;
}

#define QCOW2(v, p)                                                     \
    { .vdev = v, .path = p, .is_data_disk = true,                       \
      .overlay = LIBXL_DISK_FORMAT_QCOW2 }
#define RAW(v, p)                                                       \
    { .vdev = v, .path = p, .is_data_disk = true,                       \
      .overlay = LIBXL_DISK_FORMAT_QCOW2, .why_no_internal = "raw" }
#define LVM(v)                                                          \
    { .vdev = v, .path = "/dev/vg/x", .is_data_disk = true,             \
      .why_no_external = "lvm" }
#define CHOICE(...) \
    choice((libxl_disk_snapshot_info []){ __VA_ARGS__ },                \
           sizeof((libxl_disk_snapshot_info []){ __VA_ARGS__ })         \
           / sizeof(libxl_disk_snapshot_info))

static void all_are_internal_if_all_can(void)
{
    begin(LIBXL_SNAPSHOT_MODE_DEFAULT);
    CHECK_STR(CHOICE(QCOW2("xvda", "/d/a.qcow2"), QCOW2("xvdb", "/d/b")),
              "xvda internal, xvdb internal");
}

static void one_that_cannot_makes_all_external(void)
{
    begin(LIBXL_SNAPSHOT_MODE_DEFAULT);
    CHECK_STR(CHOICE(QCOW2("xvda", "/d/a.qcow2"), RAW("xvdb", "/d/b.raw")),
              "xvda external /d/a.s.qcow2, xvdb external /d/b.s.qcow2");
}

static void a_disk_with_one_kind_gets_that(void)
{
    begin(LIBXL_SNAPSHOT_MODE_DEFAULT);
    CHECK_STR(CHOICE(RAW("xvda", "/d/a.raw"), LVM("xvdb")),
              "xvda external /d/a.s.qcow2, xvdb internal");
}

static void a_disk_that_is_not_writable_is_left_out(void)
{
    libxl_disk_snapshot_info info[] = {
        QCOW2("xvda", "/d/a.qcow2"), RAW("hdc", "/d/cd.iso") };

    begin(LIBXL_SNAPSHOT_MODE_DEFAULT);
    info[1].is_data_disk = false;
    CHECK_STR(choice(info, 2), "xvda internal");
}

static void an_option_is_for_all_disks(void)
{
    begin(LIBXL_SNAPSHOT_MODE_EXTERNAL);
    CHECK_STR(CHOICE(QCOW2("xvda", "/d/a.qcow2"), QCOW2("xvdb", "/d/b")),
              "xvda external /d/a.s.qcow2, xvdb external /d/b.s.qcow2");
    begin(LIBXL_SNAPSHOT_MODE_INTERNAL);
    CHECK_STR(CHOICE(RAW("xvda", "/d/a.raw")), "xvda internal");
}

static void a_wish_comes_first_and_is_for_its_disk(void)
{
    begin(LIBXL_SNAPSHOT_MODE_DEFAULT);
    wish("xvdb", LIBXL_SNAPSHOT_MODE_EXTERNAL, LIBXL_DISK_FORMAT_QCOW2,
         "/e/mine");
    CHECK_STR(CHOICE(QCOW2("xvda", "/d/a.qcow2"), RAW("xvdb", "/d/b.raw")),
              "xvdb external /e/mine, xvda internal");
}

static void an_overlay_that_is_wished_for_must_be_qcow2(void)
{
    begin(LIBXL_SNAPSHOT_MODE_DEFAULT);
    wish("xvda", LIBXL_SNAPSHOT_MODE_EXTERNAL, LIBXL_DISK_FORMAT_RAW,
         "/e/mine");
    CHECK_STR(CHOICE(QCOW2("xvda", "/d/a.qcow2")),
              "refused: disk xvda: an overlay must be qcow2; write "
              "'/e/mine,qcow2,xvda'");
}

static void a_disk_without_snapshots_is_skipped_on_request(void)
{
    libxl_disk_snapshot_info info[] = {
        QCOW2("xvda", "/d/a.qcow2"), RAW("xvdb", "/dev/sdz1") };

    info[1].unsupported = true;
    begin(LIBXL_SNAPSHOT_MODE_DEFAULT);
    params.skip_unsupported = true;
    CHECK_STR(choice(info, 2), "xvda internal");
    begin(LIBXL_SNAPSHOT_MODE_DEFAULT);
    CHECK_HAS(choice(info, 2), "xvdb external");
}

static void no_two_disks_get_one_overlay(void)
{
    begin(LIBXL_SNAPSHOT_MODE_EXTERNAL);
    CHECK_STR(CHOICE(RAW("xvda", "/d/web.img"), RAW("xvdb", "/d/web.swp"),
                     RAW("xvdc", "/e/web.img")),
              "xvda external /d/web.img.s.qcow2, "
              "xvdb external /d/web.swp.s.qcow2, "
              "xvdc external /e/web.s.qcow2");
    begin(LIBXL_SNAPSHOT_MODE_EXTERNAL);
    CHECK_STR(CHOICE(RAW("xvda", "/d/a.cfg-disk"),
                     RAW("xvdb", "/d/a.cfg-swap")),
              "xvda external /d/a.cfg-disk.s.qcow2, "
              "xvdb external /d/a.cfg-swap.s.qcow2");
}

static void the_first_choice_of_another_disk_is_its_own(void)
{
    begin(LIBXL_SNAPSHOT_MODE_EXTERNAL);
    CHECK_STR(CHOICE(RAW("xvda", "/d/web.img"), RAW("xvdb", "/d/web.swp"),
                     RAW("xvdc", "/d/web.img.old")),
              "xvda external /d/web.img.2.s.qcow2, "
              "xvdb external /d/web.swp.s.qcow2, "
              "xvdc external /d/web.img.s.qcow2");
}

static void a_wish_keeps_its_overlay(void)
{
    begin(LIBXL_SNAPSHOT_MODE_EXTERNAL);
    wish("xvdb", LIBXL_SNAPSHOT_MODE_EXTERNAL, LIBXL_DISK_FORMAT_QCOW2,
         "/d/web.s.qcow2");
    CHECK_STR(CHOICE(RAW("xvda", "/d/web.img"), RAW("xvdb", "/e/b.img")),
              "xvdb external /d/web.s.qcow2, "
              "xvda external /d/web.img.s.qcow2");
}

static void nothing_that_is_there_is_an_overlay(void)
{
    char *image = xstrdup(tmp_path("web.img"));
    const char *want;

    tmp_text("web.s.qcow2", "");
    want = snap_sprintf(sc, "xvda external %s.s.qcow2", image);
    begin(LIBXL_SNAPSHOT_MODE_EXTERNAL);
    CHECK_STR(CHOICE(RAW("xvda", image)), want);
    CHECK_INT(symlink("/nowhere", tmp_path("web.img.s.qcow2")), 0);
    want = snap_sprintf(sc, "xvda external %s.2.s.qcow2", image);
    begin(LIBXL_SNAPSHOT_MODE_EXTERNAL);
    CHECK_STR(CHOICE(RAW("xvda", image)), want);
    free(image);
}

TESTS(TEST(all_are_internal_if_all_can),
      TEST(one_that_cannot_makes_all_external),
      TEST(a_disk_with_one_kind_gets_that),
      TEST(a_disk_that_is_not_writable_is_left_out),
      TEST(an_option_is_for_all_disks),
      TEST(a_wish_comes_first_and_is_for_its_disk),
      TEST(an_overlay_that_is_wished_for_must_be_qcow2),
      TEST(a_disk_without_snapshots_is_skipped_on_request),
      TEST(no_two_disks_get_one_overlay),
      TEST(the_first_choice_of_another_disk_is_its_own),
      TEST(a_wish_keeps_its_overlay),
      TEST(nothing_that_is_there_is_an_overlay))
