/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-lvm.c: the JSON of lvs in, facts out; facts in, steps and refusals
 * out.
 */
#include "../test.h"
#include "storage/lvm/lvm.h"

#include <stdlib.h>

#define MIB (UINT64_C(1) << 20)

/* As LVM 2.03.16 prints it. */
static const char lvs_head[] = "{\"report\":[{\"lv\":[";
static const char lvs_tail[] = "]}]}";

static const char *row(const char *name, const char *attr, int mib,
                       int minor, const char *origin, const char *pool,
                       const char *data)
{
    bool hidden = *name == '[';

    return snap_sprintf(
        sc, "{\"vg_name\":\"vg-0\",\"lv_name\":\"%s\",\"lv_attr\":\"%s\","
        "\"lv_size\":\"%llu\",\"lv_path\":\"%s%s\",\"lv_dm_path\":"
        "\"/dev/mapper/vg--0-%s\",\"lv_kernel_major\":\"%d\","
        "\"lv_kernel_minor\":\"%d\",\"lv_tags\":\"\",\"origin\":\"%s\","
        "\"pool_lv\":\"%s\",\"data_percent\":\"%s\",\"metadata_percent\":"
        "\"%s\",\"chunk_size\":\"4096\",\"vg_free\":\"209715200\","
        "\"vg_extent_size\":\"4194304\"}", name, attr,
        (unsigned long long)mib << 20, hidden ? "" : "/dev/vg-0/",
        hidden ? "" : name, name, minor < 0 ? -1 : 253, minor, origin, pool,
        data, *attr == 't' ? "10.94" : "");
}

static struct snap_lvm lvm;

static void gather(void)
{
    const char *text = snap_sprintf(
        sc, "%s%s,%s,%s,%s,%s,%s,%s,%s,%s%s", lvs_head,
        row("pool", "twi-aotz--", 256, 3, "", "", "50.00"),
        row("[pool_tdata]", "Twi-ao----", 256, 2, "", "", ""),
        row("root", "owi-aos---", 64, 0, "", "", ""),
        row("root.s1", "sri-a-s---", 68, 8, "root", "", "25.00"),
        row("data", "-wi-ao----", 32, 9, "", "", ""),
        row("thin", "Vwi-aotz--", 64, 5, "", "pool", "3.00"),
        row("thin.s1", "Vri---tz-k", 64, -1, "thin", "pool", ""),
        row("thin.s1.r1", "Vwi-a-tz--", 64, 6, "thin.s1", "pool", "3.00"),
        row("gone", "Vwi-a-tz--", 64, 7, "", "other", "3.00"), lvs_tail);

    CHECK_OK(snap_lvm_parse(sc, text, &lvm));
}

static struct snap_lv *lv(const char *name)
{
    struct snap_lv *found =
        (struct snap_lv *)snap_lv_named(&lvm, "vg-0", name);

    REQUIRE(found != NULL);
    return found;
}

#define VERB(op) (&(op)->driver->verbs[(op)->verb])

static libxl_device_disk stored;
static struct snap_disk disk;

/* A disk that blkback serves. */
static struct snap_disk_op on(const char *name)
{
    const struct snap_driver *driver;

    stored = (libxl_device_disk){ .vdev = (char *)"xvda", .readwrite = 1,
                                  .format = LIBXL_DISK_FORMAT_RAW };
    disk = (struct snap_disk){
        .stored = &stored,
        .vdev = "xvda",
        .is_data_disk = true,
        .lv = lv(name),
        .path = lv(name)->path,
        .backend = SNAP_BACKEND_PHY,
    };
    driver = snap_lv_is_thin(disk.lv) ? &snap_driver_lvm_thin
                                      : &snap_driver_lvm_thick;
    return (struct snap_disk_op){
        .verb = SNAP_VERB_CREATE, .vdev = "xvda", .disk = &disk,
        .driver = driver, .name = "s9", .area = 36 * MIB,
    };
}

/*-- facts ------------------------------------------------------------------*/

static void what_lvs_prints_becomes_facts(void)
{
    gather();
    CHECK_INT(lvm.num, 9);
    CHECK_STR(lv("thin.s1")->origin, "thin");
    CHECK_STR(lv("thin.s1")->pool, "pool");
    CHECK(lv("thin.s1")->data_percent == -1);
    CHECK(lv("root")->origin == NULL);
    CHECK_INT(lv("root")->size, 64 * MIB);
    CHECK_INT(lv("root")->vg_free, 200 * MIB);
    CHECK(lv("pool")->metadata_percent == 10.94);
    CHECK_STR(lv("pool_tdata")->name, "pool_tdata");
    CHECK(lv("pool_tdata")->path == NULL || !*lv("pool_tdata")->path);
}

static void a_volume_is_known_by_its_device_or_by_either_name(void)
{
    gather();
    CHECK(snap_lv_of_device(&lvm, 253, 8) == lv("root.s1"));
    CHECK(snap_lv_of_device(&lvm, 252, 8) == NULL);
    CHECK(snap_lv_of_path(&lvm, "/dev/vg-0/thin.s1") == lv("thin.s1"));
    CHECK(snap_lv_of_path(&lvm, "/dev/mapper/vg--0-thin.s1")
          == lv("thin.s1"));
    CHECK(snap_lv_of_path(&lvm, "/dev/vg-0/none") == NULL);
}

static void what_is_not_of_lvs_is_refused(void)
{
    CHECK_FAILS(snap_lvm_parse(sc, "", &lvm), ERROR_FAIL, "the output of lvs");
    CHECK_FAILS(snap_lvm_parse(sc, "{}", &lvm), ERROR_FAIL,
                "the output of lvs");
    CHECK_FAILS(snap_lvm_parse(sc, "{\"report\":[{\"lv\":[{}]}]}", &lvm),
                ERROR_FAIL, "the output of lvs");
    CHECK_FAILS(snap_lvm_parse(sc, "{\"report\":[{\"lv\":[{\"vg_name\":\"v\","
                               "\"lv_name\":\"l\",\"lv_attr\":\"-wi\"}]}]}",
                               &lvm), ERROR_FAIL, "the output of lvs");
    CHECK_OK(snap_lvm_parse(sc, "{\"report\":[{\"lv\":[]}]}", &lvm));
    CHECK_INT(lvm.num, 0);
}

/*-- create -----------------------------------------------------------------*/

static const struct snap_driver *choose(libxl_snapshot_mode mode,
                                        const char **why_r)
{
    struct snap_choice choice = snap_driver_choose(sc, &disk, mode);

    *why_r = choice.why;
    return choice.driver;
}

static void each_volume_has_its_driver(void)
{
    struct snap_hooks hooks = { .listed = true };
    struct snap_disk_op op;
    const char *why;

    gather();
    op = on("root");
    CHECK(choose(LIBXL_SNAPSHOT_MODE_INTERNAL, &why)
          == &snap_driver_lvm_thick);
    op = on("thin");
    CHECK(choose(LIBXL_SNAPSHOT_MODE_INTERNAL, &why)
          == &snap_driver_lvm_thin);
    CHECK(choose(LIBXL_SNAPSHOT_MODE_EXTERNAL, &why) == NULL);
    CHECK_HAS(why, "a logical volume has internal snapshots");
    disk.chosen = false;
    snap_choice_make(sc, &hooks, &disk);
    CHECK(!snap_disk_unsupported(&disk));
    disk.lv = NULL;
    disk.chosen = false;
    snap_choice_make(sc, &hooks, &disk);
    CHECK(snap_disk_unsupported(&disk));
    disk.backend = SNAP_BACKEND_NONE;
    CHECK(!snap_disk_unsupported(&disk));
    (void)op;
}

static void check_create(const char *golden, const char *name)
{
    struct snap_disk_op op = on(name);
    struct snap_plan plan = { 0 };
    libxl_disk_snapshot ds = { .vdev = (char *)"xvda" };

    CHECK_OK(VERB(&op)->check(sc, &op));
    VERB(&op)->act(sc, &plan, &op);
    check_golden(golden, plan_lines(&plan));
    libxl_device_disk_init(&ds.parent);
    libxl_device_disk_init(&ds.child);
    op.driver->describe(sc, &op, &ds);
    CHECK_STR(ds.parent.pdev_path, snap_sprintf(
        sc, "/dev/vg-0/%s.s9", *name == 't' ? "thin" : name));
    CHECK(ds.child.pdev_path == NULL);
    CHECK_INT(ds.parent.backend, LIBXL_DISK_BACKEND_PHY);
    CHECK_INT(ds.parent.format, LIBXL_DISK_FORMAT_RAW);
    libxl_device_disk_dispose(&ds.parent);
    libxl_device_disk_dispose(&ds.child);
}

static void a_thick_snapshot(void)
{
    gather();
    check_create("lvm-thick.json", "root");
}

static void a_thin_snapshot_of_a_reverts_volume_has_a_short_name(void)
{
    gather();
    check_create("lvm-thin.json", "thin.s1.r1");
}

static void a_volume_of_qemus_stays_with_qemu(void)
{
    libxl_disk_snapshot ds = { .vdev = (char *)"xvda" };
    struct snap_disk_op op;

    gather();
    op = on("data");
    disk.backend = SNAP_BACKEND_QDISK;
    libxl_device_disk_init(&ds.parent);
    libxl_device_disk_init(&ds.child);
    snap_lv_describe(sc, &op, &ds);
    CHECK_INT(ds.parent.backend, LIBXL_DISK_BACKEND_QDISK);
    disk.backend = SNAP_BACKEND_OFFLINE;
    snap_lv_describe(sc, &op, &ds);
    CHECK_INT(ds.parent.backend, LIBXL_DISK_BACKEND_PHY);
    libxl_device_disk_dispose(&ds.parent);
    libxl_device_disk_dispose(&ds.child);
}

static void refuses(const char *name, const char *attr, const char *why)
{
    struct snap_disk_op op;

    gather();
    lv(name)->attr = attr;
    op = on(name);
    CHECK_HAS(op.driver->refuse(sc, &disk), why);
}

static void volumes_in_a_bad_state_are_refused(void)
{
    refuses("root", "owi---s---", "volume vg-0/root is not active");
    refuses("root", "owi-s-s---", "volume vg-0/root is not active");
    refuses("root", "owi-aos-p-", "volume vg-0/root is incomplete");
    refuses("root", "Owi-aos---", "is being merged into volume vg-0/root");
    refuses("root.s1", "sri-a-s---", "LVM takes no snapshots of a volume like "
            "vg-0/root.s1");
    gather();
    on("thin");
    CHECK_HAS(snap_driver_lvm_thick.refuse(sc, &disk), "is thin");
    on("root");
    CHECK_HAS(snap_driver_lvm_thin.refuse(sc, &disk), "is not thin");
    stored.format = LIBXL_DISK_FORMAT_QCOW2;
    CHECK_HAS(snap_driver_lvm_thick.refuse(sc, &disk), "another format");
    disk.backend_domid = 4;
    CHECK_HAS(snap_driver_lvm_thick.refuse(sc, &disk), "in domain 4");
    disk.lv = NULL;
    CHECK_HAS(snap_driver_lvm_thick.refuse(sc, &disk), "not a logical "
              "volume");
}

static void named(const char *name, const char *why)
{
    struct snap_disk_op op = on("root");

    op.name = name;
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL, why);
}

static void names_that_lvm_would_not_take_are_refused(void)
{
    gather();
    named("s1", "there is a volume vg-0/root.s1 already");
    named("a_tdata", "LVM reserves names that contain '_tdata'");
    named("x_mimage_0", "LVM reserves names that contain '_mimage'");
    /* vg--0-root. is 11, and LVM needs 6 */
    named("1234567890123456789012345678901234567890123456789012345678901234567"
          "89012345678901234567890123456789012345678901", "too long a name");
    named("1-3-5-7-9-1-3-5-7-9-1-3-5-7-9-1-3-5-7-9-1-3-5-7-9-1-3-5-7-9-1-3-5-7"
          "-9-1-3-5-7", "too long a name");
}

static void a_thin_pool_that_is_nearly_full_is_refused(void)
{
    struct snap_disk_op op;

    gather();
    op = on("thin");
    CHECK_OK(VERB(&op)->check(sc, &op));
    lv("pool")->data_percent = 95.5;
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "nearly full: 95.5% of its data, 10.9% of its metadata");
    lv("pool")->data_percent = 1;
    lv("pool")->metadata_percent = 99;
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "99.0% of its metadata");
    lv("pool")->attr = "twi-aotzD-";
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL, "full or damaged");
    op = on("gone");
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "the thin pool vg-0/other is missing");
}

/*-- revert -----------------------------------------------------------------*/

static libxl_disk_snapshot ds;

static struct snap_disk_op back_to(const char *name)
{
    const struct snap_lv *found = lv(name);

    ds = (libxl_disk_snapshot){ .vdev = (char *)"xvda",
                                .mode = LIBXL_SNAPSHOT_MODE_INTERNAL };
    ds.parent.pdev_path = (char *)found->path;
    ds.parent.backend = LIBXL_DISK_BACKEND_PHY;
    return (struct snap_disk_op){
        .verb = SNAP_VERB_REVERT, .vdev = "xvda", .image = found->path,
        .ds = &ds, .name = "s1", .lv = found, .running = true,
        .driver = snap_lv_is_thin(found) ? &snap_driver_lvm_thin
                                         : &snap_driver_lvm_thick,
        .path = "/dev/vg-0/thin.s1.r2",
        .origin = snap_lv_named(&lvm, "vg-0", found->origin),
    };
}

static void going_back_merges_and_takes_the_snapshot_again(void)
{
    struct snap_disk_op op;
    struct snap_plan plan = { 0 };
    libxl_device_disk now = { .vdev = NULL };

    gather();
    op = back_to("root.s1");
    CHECK_OK(VERB(&op)->check(sc, &op));
    CHECK(VERB(&op)->prepare == NULL && !op.driver->revert_moves_disk);
    VERB(&op)->act(sc, &plan, &op);
    check_golden("lvm-thick-revert.json", plan_lines(&plan));
    CHECK(plan.steps[2].timeout_ms > 600000);
    op.driver->configure(&op, &now);
    CHECK_STR(now.pdev_path, "/dev/vg-0/root");
    CHECK_INT(now.backend, LIBXL_DISK_BACKEND_PHY);
    free(now.pdev_path);
}

static void going_back_to_a_thin_snapshot_makes_a_new_volume(void)
{
    struct snap_disk_op op;
    struct snap_plan plan = { 0 };
    libxl_device_disk now = { .vdev = NULL };

    gather();
    op = back_to("thin.s1");
    CHECK_OK(VERB(&op)->check(sc, &op));
    CHECK(VERB(&op)->act == NULL && op.driver->revert_moves_disk);
    VERB(&op)->prepare(sc, &plan, &op, SNAP_PHASE_FORMAT);
    check_golden("lvm-thin-revert.json", plan_lines(&plan));
    op.driver->configure(&op, &now);
    CHECK_STR(now.pdev_path, "/dev/vg-0/thin.s1.r2");
    CHECK_INT(now.format, LIBXL_DISK_FORMAT_RAW);
    free(now.pdev_path);
}

/* A revert to "root.s1" with volume @name having @attr is refused. */
static void no_way_back(const char *name, const char *attr,
                        const char *why)
{
    struct snap_disk_op op;

    gather();
    lv(name)->attr = attr;
    op = back_to("root.s1");
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL, why);
}

static void a_thick_snapshot_that_is_of_no_use_is_found_in_time(void)
{
    struct snap_disk_op op;

    no_way_back("root.s1", "sri-Ios---",
                "the snapshot vg-0/root.s1 is invalid: "
                "more was written to root than its 68 MiB could keep");
    no_way_back("root.s1", "Sri-a-s---", "is being merged");
    no_way_back("root", "Owi-a-s---", "is being merged");
    no_way_back("root.s1", "sri-aos---", "vg-0/root.s1 is open");
    no_way_back("root.s1", "-wi-a-----", "is not a snapshot volume");
    gather();
    op = back_to("root.s1");
    lv("root.s1")->data_percent = 100;
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "is invalid");
    lv("root.s1")->data_percent = 25;
    op.running = false;
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "root is open, though the domain does not run");
    op.running = true;
    op.name = "s2";
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "vg-0/root.s1 is a snapshot of root, which is another volume");
    op.lv = NULL;
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "there is no snapshot volume /dev/vg-0/root.s1");
}

/* "data", as if it were another snapshot of root. */
static struct snap_lv *sibling(int mib, double percent)
{
    struct snap_lv *other = lv("data");

    other->attr = "sri-a-s---";
    other->origin = "root";
    other->size = mib * MIB;
    other->data_percent = percent;
    return other;
}

static void a_merge_that_would_ruin_another_snapshot_is_refused(void)
{
    struct snap_disk_op op;

    gather();
    op = back_to("root.s1");            /* 17 MiB of it are used */
    sibling(40, 50);
    CHECK_OK(VERB(&op)->check(sc, &op));
    sibling(32, 50);
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "vg-0/data, another snapshot of its volume, has 16 MiB "
                "left but may need up to 17 MiB");
    sibling(68, 99);                    /* can never fill up */
    CHECK_OK(VERB(&op)->check(sc, &op));
    sibling(40, 50)->chunk_size = 65536;
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL, "up to 272 MiB");
    sibling(4, 50)->attr = "sri-I-s---";        /* lost already */
    CHECK_OK(VERB(&op)->check(sc, &op));
    sibling(68, 1)->attr = "sri-aos---";
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL, "is open");
}

static void a_thin_snapshot_that_is_of_no_use_is_found_in_time(void)
{
    struct snap_disk_op op;

    gather();
    op = back_to("thin.s1");
    op.path = "/dev/vg-0/thin.s1.r1";
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "there is a volume vg-0/thin.s1.r1 already");
    op.path = "/srv/thin";
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "its new volume, /srv/thin, is not in volume group vg-0");
    op = back_to("thin.s1.r1");
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL, "is writable");
    op = back_to("thin.s1");
    lv("pool")->data_percent = 99;
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL, "nearly full");
    op.lv = NULL;
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "there is no snapshot volume /dev/vg-0/thin.s1");
}

static void a_disk_that_was_left_out_needs_consent(void)
{
    char *skipped[] = { (char *)"xvdc" };
    libxl_domain_snapshot snap = { .num_skipped = 1, .skipped = skipped };

    CHECK_FAILS(snap_refuse_left_out(sc, &snap, "xvdb", true), ERROR_INVAL,
                "the domain wrote to it, but the snapshot config does not "
                "list it");
    CHECK_FAILS(snap_refuse_left_out(sc, &snap, "xvdc", false), ERROR_INVAL,
                "while the other disks go back");
    CHECK_OK(snap_refuse_left_out(sc, &snap, "xvdc", true));
    snap.memory_path = (char *)"/memory";
    CHECK_FAILS(snap_refuse_left_out(sc, &snap, "xvdc", false), ERROR_INVAL,
                "ruins a file system that the guest has mounted");
}

TESTS(TEST(what_lvs_prints_becomes_facts),
      TEST(a_volume_is_known_by_its_device_or_by_either_name),
      TEST(what_is_not_of_lvs_is_refused),
      TEST(each_volume_has_its_driver), TEST(a_thick_snapshot),
      TEST(a_thin_snapshot_of_a_reverts_volume_has_a_short_name),
      TEST(a_volume_of_qemus_stays_with_qemu),
      TEST(volumes_in_a_bad_state_are_refused),
      TEST(names_that_lvm_would_not_take_are_refused),
      TEST(a_thin_pool_that_is_nearly_full_is_refused),
      TEST(going_back_merges_and_takes_the_snapshot_again),
      TEST(going_back_to_a_thin_snapshot_makes_a_new_volume),
      TEST(a_thick_snapshot_that_is_of_no_use_is_found_in_time),
      TEST(a_merge_that_would_ruin_another_snapshot_is_refused),
      TEST(a_thin_snapshot_that_is_of_no_use_is_found_in_time),
      TEST(a_disk_that_was_left_out_needs_consent))
