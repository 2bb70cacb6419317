/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-vhd.c: what kind of vhd a file is, and what only looks like one. */
#include "../test.h"

#include <string.h>

#define SIZE 4096

static unsigned char image[SIZE];

static void put32(unsigned char *p, uint32_t value)
{
    int i;

    for (i = 0; i < 4; i++)
        p[i] = value >> (24 - 8 * i);
}

/* A footer at @at, whose checksum is right. */
static void footer(int at, uint32_t type)
{
    unsigned char *p = image + at;
    uint32_t sum = 0;
    int i;

    memset(p, 0, 512);
    memcpy(p, "conectix", 8);
    put32(p + 12, 0x00010000);
    memcpy(p + 28, "tap", 4);
    put32(p + 60, type);
    for (i = 0; i < 512; i++) sum += p[i];
    put32(p + 64, ~sum);
}

static void start_and_end(uint32_t start, uint32_t end)
{
    memset(image, 0x5a, sizeof(image));
    if (start) footer(0, start);
    if (end) footer(SIZE - 512, end);
}

static enum snap_vhd kind_of(size_t len)
{
    enum snap_vhd vhd = SNAP_VHD_NONE;

    CHECK_OK(snap_vhd_read(sc, tmp_file("x.vhd", image, len), &vhd));
    return vhd;
}

static void the_footer_tells_the_kind(void)
{
    start_and_end(0, 2);
    CHECK_INT(kind_of(SIZE), SNAP_VHD_PLAIN);
    start_and_end(3, 3);
    CHECK_INT(kind_of(SIZE), SNAP_VHD_PLAIN);
    start_and_end(4, 4);
    CHECK_INT(kind_of(SIZE), SNAP_VHD_DIFFERENCING);
}

static void a_footer_that_is_being_written_does_not_matter(void)
{
    start_and_end(3, 0);
    CHECK_INT(kind_of(SIZE), SNAP_VHD_PLAIN);
    start_and_end(4, 0);
    CHECK_INT(kind_of(SIZE), SNAP_VHD_DIFFERENCING);
    start_and_end(4, 3);
    CHECK_INT(kind_of(SIZE), SNAP_VHD_DIFFERENCING);
}

static void a_header_that_the_guest_of_a_fixed_vhd_wrote_is_seen(void)
{
    start_and_end(3, 2);
    CHECK_INT(kind_of(SIZE), SNAP_VHD_BAD);
    start_and_end(4, 2);
    CHECK_INT(kind_of(SIZE), SNAP_VHD_BAD);
    start_and_end(0, 2);
    memcpy(image, "conectix", 8);       /* enough for QEMU */
    CHECK_INT(kind_of(SIZE), SNAP_VHD_BAD);
}

static void other_types_versions_and_checksums_are_bad(void)
{
    static const uint32_t types[] = { 0, 1, 5, 6, 0x03000000, 0xffffffff };
    size_t i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        memset(image, 0, sizeof(image));
        footer(0, types[i]);
        footer(SIZE - 512, types[i]);
        CHECK_INT(kind_of(SIZE), SNAP_VHD_BAD);
    }
    start_and_end(3, 3);
    image[100] ^= 1;                    /* the checksum is wrong now */
    image[SIZE - 1] ^= 1;
    CHECK_INT(kind_of(SIZE), SNAP_VHD_BAD);
    start_and_end(3, 0);
    put32(image + 12, 0x00020000);
    put32(image + 64, 0);
    CHECK_INT(kind_of(SIZE), SNAP_VHD_BAD);
    start_and_end(0, 0);
    CHECK_INT(kind_of(SIZE), SNAP_VHD_BAD);
}

static void what_is_too_short_is_bad(void)
{
    start_and_end(3, 3);
    CHECK_INT(kind_of(0), SNAP_VHD_BAD);
    CHECK_INT(kind_of(511), SNAP_VHD_BAD);
    CHECK_INT(kind_of(512), SNAP_VHD_BAD);
    CHECK_INT(kind_of(1023), SNAP_VHD_BAD);
    CHECK_INT(kind_of(1024), SNAP_VHD_PLAIN);   /* by its start */
}

static void what_cannot_be_read_is_an_error(void)
{
    enum snap_vhd vhd;

    CHECK_FAILS(snap_vhd_read(sc, "/nowhere/x.vhd", &vhd), ERROR_FAIL,
                "cannot open /nowhere/x.vhd: No such file");
    CHECK(snap_vhd_read(sc, "/tmp", &vhd) || vhd == SNAP_VHD_BAD);
}

/* The base of an overlay, which QEMU is to read. */
static int check_base(const char *path)
{
    libxl_disk_snapshot ds = { .vdev = (char *)"xvda" };
    struct snap_disk_op op = {
        .verb = SNAP_VERB_REVERT, .vdev = "xvda", .ds = &ds, .image = path,
        .format = LIBXL_DISK_FORMAT_VHD, .path = tmp_path("overlay"),
        .name = "before",
    };
    int rc = snap_driver_overlay.look(sc, &op);

    return rc ? rc : snap_driver_overlay.verbs[op.verb].check(sc, &op);
}

static void a_base_has_to_be_plain(void)
{
    start_and_end(4, 4);
    CHECK_FAILS(check_base(tmp_file("d.vhd", image, SIZE)), ERROR_INVAL,
                "d.vhd is a differencing vhd; QEMU would read zeros from it");
    CHECK_FAILS(check_base(tmp_file("b.vhd", image, 9)), ERROR_INVAL,
                "b.vhd is damaged or not a vhd");
    start_and_end(3, 3);
    CHECK(check_base(tmp_file("p.vhd", image, SIZE)) != 0);
    CHECK_HAS(error_text(), "p.vhd: qemu-img");     /* that asks further */
}

static void only_a_disk_that_may_be_one_is_looked_at(void)
{
    libxl_device_disk stored = { .format = LIBXL_DISK_FORMAT_RAW };
    struct snap_disk disk = { .stored = &stored, .is_data_disk = true };

    disk.path = "/nowhere/x.vhd";
    CHECK_OK(snap_disk_look_vhd(sc, &disk));
    CHECK_INT(disk.vhd, SNAP_VHD_NONE);
    stored.format = LIBXL_DISK_FORMAT_VHD;
    CHECK_FAILS(snap_disk_look_vhd(sc, &disk), ERROR_FAIL, "/nowhere/x.vhd");
    disk.driver_domain = "storage";
    CHECK_OK(snap_disk_look_vhd(sc, &disk));
    disk.driver_domain = NULL;
    disk.path = "rbd:x";
    CHECK_OK(snap_disk_look_vhd(sc, &disk));
    disk.path = NULL;
    CHECK_OK(snap_disk_look_vhd(sc, &disk));
    start_and_end(4, 4);
    stored.format = LIBXL_DISK_FORMAT_RAW;
    disk.tapdisk = true;
    disk.path = tmp_file("t.vhd", image, SIZE);
    CHECK_OK(snap_disk_look_vhd(sc, &disk));
    CHECK_INT(disk.vhd, SNAP_VHD_DIFFERENCING);
}

TESTS(TEST(the_footer_tells_the_kind),
      TEST(a_footer_that_is_being_written_does_not_matter),
      TEST(a_header_that_the_guest_of_a_fixed_vhd_wrote_is_seen),
      TEST(other_types_versions_and_checksums_are_bad),
      TEST(what_is_too_short_is_bad),
      TEST(what_cannot_be_read_is_an_error), TEST(a_base_has_to_be_plain),
      TEST(only_a_disk_that_may_be_one_is_looked_at))
