/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-imageinfo.c: what is looked at of an image before a program opens it,
 * and what qemu-img says of it.
 */
#include "../test.h"

static struct snap_layer read_layer(const char *text)
{
    yajl_val image = snap_json_parse(text);
    struct snap_layer layer;

    snap_imageinfo_layer(sc, image, "/d/a.qcow2", &layer);
    yajl_tree_free(image);
    return layer;
}

static void a_layer_has_the_name_that_it_was_looked_at_by(void)
{
    struct snap_layer layer = read_layer(
        "{\"filename\":\"/dev/fd/0\",\"format\":\"qcow2\",\"actual-size\":7,"
        "\"format-specific\":{\"type\":\"qcow2\",\"data\":{\"corrupt\":true,"
        "\"data-file\":\"a.data\",\"bitmaps\":[{\"name\":\"b\"},{}]}}}");

    CHECK_STR(layer.path, "/d/a.qcow2");
    CHECK_STR(layer.format, "qcow2");
    CHECK_INT(layer.bytes_on_disk, 7);
    CHECK_STR(layer.data_file, "/d/a.data");
    CHECK_INT(layer.num_bitmaps, 1);
    CHECK(layer.corrupt);
    layer = read_layer("{\"format\":7,\"snapshots\":7}");
    CHECK_STR(layer.format, NULL);
    CHECK_INT(layer.num_tags, 0);
}

/* The base by these words of the layer /d/a.qcow2. */
static const char *base_of(const char *name, const char *format)
{
    const char *text = snap_json_object(sc, "s:backing-filename", name,
                                        "s:backing-filename-format", format,
                                        NULL);
    yajl_val image = snap_json_parse(text);
    const char *base, *said;
    int rc = snap_imageinfo_base(sc, image, "/d/a.qcow2", &base, &said);

    yajl_tree_free(image);
    if (rc) return snap_take_error(sc);
    if (said && format) CHECK_STR(said, format);
    return base;
}

static void a_base_is_a_file_here_or_refused(void)
{
    static const char *const elsewhere[] = {
        "json:{\"driver\":\"raw\"}", "nbd://host/x", "nbd:host:10809",
        "rbd:pool/image", "file:/d/base.raw", "blkdebug::/d/base.raw", ":x",
        "fat:rw:/etc", "/dev/fdset/1:",
    };
    size_t i;

    CHECK_STR(base_of(NULL, NULL), NULL);
    CHECK_STR(base_of("", "raw"), NULL);
    CHECK_STR(base_of("/e/b.raw", "raw"), "/e/b.raw");
    CHECK_STR(base_of("b.raw", "raw"), "/d/b.raw");
    CHECK_STR(base_of("../e/b:1.raw", NULL), "/d/../e/b:1.raw");
    for (i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere) - 1; i++)
        CHECK_HAS(base_of(elsewhere[i], "raw"), "which is no file of this "
                  "host, and is not opened");
    CHECK_STR(base_of(elsewhere[i], "raw"), elsewhere[i]);
    CHECK_HAS(base_of("/e/b", "vmdk"), "is of format vmdk, whose content may "
              "be in any other file");
    CHECK_HAS(base_of("/e/b", "luks"), "is of format luks");
}

/*-- the header of a qcow2 --------------------------------------------------*/

static void put(unsigned char *at, int bytes, uint64_t number)
{
    while (bytes--) {
        at[bytes] = number;
        number >>= 8;
    }
}

static void a_header_tells_what_a_program_would_open(void)
{
    unsigned char head[512] = "QFI\xfb";
    struct snap_qcow2_header h;
    size_t len;

    put(head + 4, 4, 2);
    put(head + 60, 4, 7);
    put(head + 24, 8, UINT64_C(5) << 32);
    REQUIRE(snap_qcow2_header_read(sc, head, 512, &h));
    CHECK_INT(h.num_tags, 7);
    CHECK(h.virtual_size == UINT64_C(5) << 32);
    CHECK_STR(h.data_file, NULL);
    for (len = 0; len < 104; len++)
        CHECK(!snap_qcow2_header_read(sc, head, len, &h));

    put(head + 4, 4, 3);
    put(head + 72, 8, 4);
    put(head + 100, 4, 104);
    put(head + 104, 4, 0x6803f857);     /* a table of names, 5 bytes */
    put(head + 108, 4, 5);
    put(head + 120, 4, 0x44415441);
    put(head + 124, 4, 6);
    memcpy(head + 128, "nbd:/xNO", 8);
    REQUIRE(snap_qcow2_header_read(sc, head, 512, &h));
    CHECK_STR(h.data_file, "nbd:/x");
    REQUIRE(snap_qcow2_header_read(sc, head, 144, &h));
    CHECK(!snap_qcow2_header_read(sc, head, 143, &h));  /* no end */
    put(head + 8, 8, 136);              /* but where the base's name begins */
    REQUIRE(snap_qcow2_header_read(sc, head, 143, &h));
    CHECK_STR(h.data_file, "nbd:/x");
    put(head + 8, 8, 0);
    put(head + 136, 4, 0x44415441);     /* which QEMU would take */
    put(head + 140, 4, 6);
    memcpy(head + 144, "nbd:/y", 6);
    CHECK(!snap_qcow2_header_read(sc, head, 512, &h));
    put(head + 124, 4, UINT32_MAX);
    CHECK(!snap_qcow2_header_read(sc, head, 512, &h));
    put(head + 108, 4, UINT32_MAX - 3);
    CHECK(!snap_qcow2_header_read(sc, head, 512, &h));
    put(head + 100, 4, UINT32_MAX);
    CHECK(!snap_qcow2_header_read(sc, head, 512, &h));
    put(head + 72, 8, 0);               /* nothing is opened then */
    CHECK(snap_qcow2_header_read(sc, head, 512, &h));
}

/* A header of @version with a base, @at 256, and that format. */
static const unsigned char *with_base(int version, const char *base,
                                      const char *format)
{
    static unsigned char head[512];
    int at = version > 2 ? 104 : 72;

    memset(head, 0, sizeof(head));
    memcpy(head, "QFI\xfb", 4);
    put(head + 4, 4, version);
    put(head + 8, 8, 256);
    put(head + 16, 4, strlen(base));
    memcpy(head + 256, base, strlen(base));
    if (version > 2) put(head + 100, 4, at);
    if (!format) return head;
    put(head + at, 4, 0xe2792aca);
    put(head + at + 4, 4, strlen(format));
    memcpy(head + at + 8, format, strlen(format));
    return head;
}

static void a_header_tells_the_base(void)
{
    struct snap_qcow2_header h;
    int version;

    for (version = 2; version < 4; version++) {
        REQUIRE(snap_qcow2_header_read(
            sc, with_base(version, "b.raw", "raw"), 512, &h));
        CHECK(h.has_base);
        CHECK_STR(h.base, "b.raw");
        CHECK_STR(h.base_format, "raw");
        REQUIRE(snap_qcow2_header_read(sc, with_base(version, "b", NULL),
                                       512, &h));
        CHECK_STR(h.base, "b");
        CHECK_STR(h.base_format, NULL);
    }
    /* its name stands behind what was read */
    REQUIRE(snap_qcow2_header_read(sc, with_base(3, "base", "raw"), 259, &h));
    CHECK(h.has_base);
    CHECK_STR(h.base, NULL);
    REQUIRE(snap_qcow2_header_read(sc, with_base(3, "", NULL), 512, &h));
    CHECK(!h.has_base);
}

static void a_file_has_more_than_one_name(void)
{
    CHECK_STR(snap_imageinfo_file(sc, "/d/a"), "/d/a");
    CHECK_STR(snap_imageinfo_file(sc, "file:a:b"), "a:b");
    CHECK_STR(snap_imageinfo_file(sc, "json:{\"driver\":\"qcow2\",\"file\":"
                                  "{\"filename\":\"/d/a\"}}"), "/d/a");
    CHECK_STR(snap_imageinfo_file(sc, "json:["), "json:[");
    CHECK_STR(snap_imageinfo_file(sc, "nbd:x"), "nbd:x");
}

TESTS(TEST(a_file_has_more_than_one_name),
      TEST(a_header_tells_the_base),
      TEST(a_layer_has_the_name_that_it_was_looked_at_by),
      TEST(a_base_is_a_file_here_or_refused),
      TEST(a_header_tells_what_a_program_would_open))
