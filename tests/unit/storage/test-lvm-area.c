/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-lvm-area.c: how much room the snapshots of volumes that are not
 * thin get.
 */
#include "../test.h"
#include "storage/lvm/lvm.h"

#define MIB (UINT64_C(1) << 20)

static struct snap_lv volume(const char *name, int mib, int free)
{
    return (struct snap_lv){
        .vg = "vg-0", .name = name, .attr = "-wi-ao----", .size = mib * MIB,
        .vg_free = free * MIB, .vg_extent = 4 * MIB,
    };
}

/* root, 64 MiB, and data, 32 MiB, with @free MiB in their group. */
static int areas(int free, const char *wish, uint64_t *root,
                 uint64_t *data)
{
    const struct snap_lv lvs[] = { volume("root", 64, free),
                                   volume("data", 32, free) };
    const struct snap_disk disks[] = { { .vdev = "xvda", .lv = &lvs[0] },
                                       { .vdev = "xvdb", .lv = &lvs[1] } };
    struct snap_disk_op ops[] = {
        { .disk = &disks[0], .driver = &snap_driver_lvm_thick },
        { .disk = &disks[1], .driver = &snap_driver_lvm_thick } };
    int rc = snap_lv_choose_areas(sc, ops, 2, wish);

    *root = ops[0].area / MIB;
    *data = ops[1].area / MIB;
    return rc;
}

static void an_area_never_fills_up_if_there_is_room(void)
{
    uint64_t root, data;

    CHECK_OK(areas(104, NULL, &root, &data));
    CHECK_INT(root, 68);
    CHECK_INT(data, 36);
}

static void less_room_is_shared_in_proportion(void)
{
    uint64_t root, data;

    CHECK_OK(areas(100, NULL, &root, &data));
    CHECK_INT(root, 64);
    CHECK_INT(data, 32);
    CHECK_OK(areas(24, NULL, &root, &data));
    CHECK_INT(root, 12);
    CHECK_INT(data, 8);
    CHECK_FAILS(areas(8, NULL, &root, &data), ERROR_INVAL,
                "disk xvda: volume group vg-0 has 8 MiB free for the snapshot "
                "of root, which needs 8 MiB at least and 68 MiB never to fill "
                "up");
    CHECK_FAILS(areas(0, NULL, &root, &data), ERROR_INVAL, "has 0 MiB free");
}

static void a_wish_is_taken(void)
{
    uint64_t root, data;

    CHECK_OK(areas(200, "50%", &root, &data));
    CHECK_INT(root, 32);
    CHECK_INT(data, 16);
    CHECK_OK(areas(200, "1G", &root, &data));       /* more than can be used */
    CHECK_INT(root, 68);
    CHECK_OK(areas(200, "5M", &root, &data));       /* whole extents */
    CHECK_INT(root, 8);
    CHECK_FAILS(areas(40, "50%", &root, &data), ERROR_INVAL,
                "disk xvdb: volume group vg-0 has 8 MiB free for the snapshot "
                "of data, which needs 16 MiB; make room");
}

static void a_wish_that_is_none_is_refused(void)
{
    static const char *const wishes[] = { "", "x", "-1G", "0%", "101%", "4",
        "4g", "4GB", "4 G", "1e9G", "99999999999999999999T", "%" };
    uint64_t root, data;
    size_t i;

    for (i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
        CHECK_FAILS(areas(200, wishes[i], &root, &data), ERROR_INVAL,
                    "is not a size for a snapshot");
}

static void groups_do_not_share_with_each_other(void)
{
    struct snap_lv root = volume("root", 64, 68),
                   data = volume("data", 32, 36);
    const struct snap_disk disks[] = { { .vdev = "xvda", .lv = &root },
                                       { .vdev = "xvdb", .lv = &data } };
    struct snap_disk_op ops[] = {
        { .disk = &disks[0], .driver = &snap_driver_lvm_thick },
        { .disk = &disks[1], .driver = &snap_driver_lvm_thick } };

    data.vg = "vg-1";
    CHECK_OK(snap_lv_choose_areas(sc, ops, 2, NULL));
    CHECK_INT(ops[0].area, 68 * MIB);
    CHECK_INT(ops[1].area, 36 * MIB);
}

static void other_disks_have_no_area(void)
{
    struct snap_lv thin = volume("thin", 64, 0);
    const struct snap_disk disk = { .vdev = "xvda", .lv = &thin };
    struct snap_disk_op op = { .disk = &disk,
                               .driver = &snap_driver_lvm_thin };

    CHECK_OK(snap_lv_choose_areas(sc, &op, 1, "nonsense"));
    CHECK_INT(op.area, 0);
}

TESTS(TEST(an_area_never_fills_up_if_there_is_room),
      TEST(less_room_is_shared_in_proportion), TEST(a_wish_is_taken),
      TEST(a_wish_that_is_none_is_refused),
      TEST(groups_do_not_share_with_each_other),
      TEST(other_disks_have_no_area))
