/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-image.c: memory images, whole, cut at every byte, and forged.
 *
 * The images are small but valid: xl's header and config, a libxl stream
 * with a libxc stream in it, an emulator record, ends.
 */
#include "../test.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned char image[1024];
static size_t len, stream;

static size_t put(const void *data, size_t size)
{
    size_t at = len;

    memcpy(image + len, data, size);
    len += size;
    return at;
}

static size_t put32(uint32_t v)
{
    return put(&v, sizeof(v));
}

static size_t put_record(uint32_t type, uint32_t size)
{
    size_t at = put32(type);

    put32(size);
    memset(image + len, 0x5a, size);
    len += (size + 7) & ~7u;
    return at;
}

static size_t libxl_header, libxc_header, emulator_record, memory_record;

static void build_head(const char *json)
{
    const void *head;
    size_t size;

    memset(image, 0, sizeof(image));
    len = 0;
    snap_memory_image_header(sc, json, &head, &size);
    put(head, size);
    stream = len;
}

static void build_stream(void)
{
    uint64_t ident = htobe64(UINT64_C(0x4c6962786c466d74));
    uint64_t marker = UINT64_MAX;

    libxl_header = put(&ident, sizeof(ident));
    put32(htobe32(2));
    put32(0);
    put_record(1, 0);                   /* libxc context */
    libxc_header = put(&marker, sizeof(marker));
    put32(htobe32(0x58454e46));
    put32(htobe32(3));
    put("\0\0\0\0\0\0\0\0", 8);         /* options */
    put32(1);                           /* domain header: x86 PV */
    put32(12);
    put32(4);
    put32(17);
    memory_record = put_record(1, 21);  /* page data, padded */
    put_record(2, 8);
    put_record(0, 0);                   /* end */
    emulator_record = put_record(4, 13);
    put_record(0, 0);
}

static void build(void)
{
    build_head("{\"c_info\":{}}");
    build_stream();
}

static int check_image(char **json, off_t *at)
{
    int fd, rc;

    *json = NULL;
    *at = -1;
    rc = snap_memory_image_open(sc, tmp_file("m", image, len), json, &fd);
    if (rc) return rc;
    *at = lseek(fd, 0, SEEK_CUR);
    close(fd);
    return 0;
}

static void refused(const char *why)
{
    char *json;
    off_t at;

    CHECK_FAILS(check_image(&json, &at), ERROR_INVAL, why);
}

static void a_whole_image_gives_its_config_and_stream(void)
{
    char *json;
    off_t at;

    build();
    CHECK_OK(check_image(&json, &at));
    CHECK_STR(json, "{\"c_info\":{}}");
    CHECK_INT(at, stream);
}

static void an_image_cut_at_any_byte_is_refused(void)
{
    size_t whole;
    char *json;
    off_t at;
    int rc;

    build();
    for (whole = len, len = 0; len < whole; len++) {
        rc = check_image(&json, &at);
        check_that(rc == ERROR_INVAL && strstr(error_text(), "truncated; "
                                               "restore it from a copy"),
                   __LINE__, __FILE__, "cut at %zu of %zu: %d, %s", len,
                   whole, rc, error_text());
        error_forget();
    }
}

static void bytes_after_the_end_are_refused(void)
{
    build();
    image[len++] = 0;
    refused("has more data after its end");
    len--;
    len += 100;
    refused("has more data after its end");
}

static void an_image_whose_bytes_are_changed_is_never_misread(void)
{
    /* each byte of the headers inverted: refused, or of no consequence */
    unsigned int refusals = 0;
    size_t i;
    char *json;
    off_t at;

    build();
    for (i = 0; i < len; i++) {
        image[i] ^= 0xff;
        if (check_image(&json, &at)) refusals++;
        image[i] ^= 0xff;
        error_forget();
    }
    CHECK(refusals > 48);
    CHECK_OK(check_image(&json, &at));
}

static void what_xl_did_not_write_is_refused(void)
{
    build();
    image[0] = 'x';
    refused("not a file that xl save wrote");
    build();
    image[31] = 'x';                    /* the last of the magic */
    refused("not a file that xl save wrote");
    build();
    image[32] = 1, image[35] = 4;       /* big-endian */
    refused("not a file that xl save wrote");
    build();
    image[36] = 1;                      /* mandatory flags: legacy stream */
    refused("written by an xl that is too old or too new");
    image[36] = 7;
    refused("written by an xl that is too old or too new");
}

static void unknown_optional_flags_do_not_matter(void)
{
    char *json;
    off_t at;

    build();
    image[40] = 0xff;
    CHECK_OK(check_image(&json, &at));
}

static void set32(size_t at, uint32_t v)
{
    memcpy(image + at, &v, sizeof(v));
}

static void an_image_without_a_config_is_refused(void)
{
    build();
    set32(48, 0);                       /* length of the JSON */
    refused("does not contain the domain's config");
    set32(48, UINT32_MAX);
    refused("does not contain the domain's config");
    set32(48, (16 << 20) + 1);
    refused("does not contain the domain's config");
    build();
    set32(44, 4);                       /* optional data ends before it */
    refused("does not contain the domain's config");
    set32(44, 0);
    refused("does not contain the domain's config");
}

static void more_optional_data_is_stepped_over(void)
{
    char *json;
    off_t at;
    uint32_t size;

    build_head("{}");
    put("something later", 16);
    stream += 16;
    memcpy(&size, image + 44, sizeof(size));
    set32(44, size + 16);
    build_stream();
    CHECK_OK(check_image(&json, &at));
    CHECK_STR(json, "{}");
    CHECK_INT(at, stream);
}

static void lengths_beyond_the_end_are_refused(void)
{
    static const uint32_t lengths[] = {
        1 << 20, INT32_MAX, (uint32_t)INT32_MAX + 1, UINT32_MAX - 7,
        UINT32_MAX - 6, UINT32_MAX,
    };
    size_t i;

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        build();
        set32(memory_record + 4, lengths[i]);
        refused("truncated");
        build();
        set32(emulator_record + 4, lengths[i]);
        refused("truncated");
        build();
        set32(44, lengths[i]);
        refused("truncated");
    }
}

static void damaged_streams_are_refused(void)
{
    build();
    image[libxl_header] = 'l';
    refused("not a libxl stream of version 2");
    build();
    image[libxl_header + 11] = 3;
    refused("not a libxl stream of version 2");
    build();
    image[libxc_header] = 0;
    refused("its memory part is damaged");
    build();
    image[libxc_header + 8] = 'x';
    refused("its memory part is damaged");
}

static void an_image_without_memory_is_refused(void)
{
    uint64_t ident = htobe64(UINT64_C(0x4c6962786c466d74));

    build_head("{}");
    put(&ident, sizeof(ident));
    put32(htobe32(2));
    put32(0);
    put_record(0, 0);
    refused("contains no memory");
}

static void what_is_no_file_is_refused(void)
{
    const char *fifo = tmp_path("fifo");
    char *json;

    CHECK_FAILS(snap_memory_image_check(sc, "/nowhere", &json),
                ERROR_INVAL,
                "memory image /nowhere: No such file or directory");
    CHECK_FAILS(snap_memory_image_check(sc, "/tmp", &json), ERROR_INVAL,
                "memory image /tmp: not a file");
    REQUIRE(!mkfifo(fifo, 0600));
    CHECK_FAILS(snap_memory_image_check(sc, fifo, &json), ERROR_INVAL,
                "neither a file");
}

static void the_header_is_what_xl_4_17_writes(void)
{
    const unsigned char *head;
    size_t size;

    snap_memory_image_header(sc, "{}", (const void **)&head, &size);
    CHECK_INT(size, 48 + 4 + 3);
    CHECK(!memcmp(head, "Xen saved domain, xl format\n \0 \r", 32));
    CHECK(!memcmp(head + 32, "\4\3\2\1" "\3\0\0\0" "\0\0\0\0" "\7\0\0\0"
                  "\3\0\0\0" "{}\0", 23));
}

TESTS(TEST(a_whole_image_gives_its_config_and_stream),
      TEST(an_image_cut_at_any_byte_is_refused),
      TEST(bytes_after_the_end_are_refused),
      TEST(an_image_whose_bytes_are_changed_is_never_misread),
      TEST(what_xl_did_not_write_is_refused),
      TEST(unknown_optional_flags_do_not_matter),
      TEST(an_image_without_a_config_is_refused),
      TEST(more_optional_data_is_stepped_over),
      TEST(lengths_beyond_the_end_are_refused),
      TEST(damaged_streams_are_refused),
      TEST(an_image_without_memory_is_refused),
      TEST(what_is_no_file_is_refused),
      TEST(the_header_is_what_xl_4_17_writes))
