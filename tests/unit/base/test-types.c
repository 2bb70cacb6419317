/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-types.c: init, dispose, dispose again; and the context's memory. */
#include "../test.h"

#include <stdlib.h>

static void params_can_be_disposed_of_twice(void)
{
    libxl_domain_snapshot_params params;

    libxl_domain_snapshot_params_init(&params);
    params.name = strdup("n");
    params.description = strdup("d");
    params.memory_path = strdup("/m");
    params.config_path = strdup("/c");
    params.directory = strdup("/d");
    params.num_disks = 1;
    params.disks = calloc(1, sizeof(*params.disks));
    params.disks[0].vdev = strdup("xvda");
    params.disks[0].path = strdup("/p");
    libxl_domain_snapshot_params_dispose(&params);
    CHECK(params.disks == NULL);
    libxl_domain_snapshot_params_dispose(&params);
}

static void revert_params_can_be_disposed_of_twice(void)
{
    libxl_domain_snapshot_revert_params params;

    libxl_domain_snapshot_revert_params_init(&params);
    params.xl_path = strdup("/xl");
    params.num_disks = 1;
    params.disks = calloc(1, sizeof(*params.disks));
    params.disks[0].vdev = strdup("xvda");
    libxl_domain_snapshot_revert_params_dispose(&params);
    CHECK(params.xl_path == NULL);
    libxl_domain_snapshot_revert_params_dispose(&params);
}

static void a_verification_can_be_disposed_of_twice(void)
{
    libxl_domain_snapshot_verification v;

    libxl_domain_snapshot_verification_init(&v);
    snap_verification_add(&v, "domain", NULL, NULL);
    snap_fail(sc, ERROR_INVAL, "disk xvda: gone");
    snap_verification_add(&v, "disk xvda", "/a",
                          snap_take_error(sc));
    CHECK_INT(v.num_items, 2);
    CHECK(v.items[0].path == NULL && v.items[0].error == NULL);
    CHECK_STR(v.items[1].error, "disk xvda: gone");
    CHECK_STR(error_text(), "");        /* what comes next has its own */
    libxl_domain_snapshot_verification_dispose(&v);
    CHECK(v.items == NULL);
    libxl_domain_snapshot_verification_dispose(&v);
}

static void a_chain_can_be_disposed_of_twice(void)
{
    libxl_snapshot_sources sources;
    libxl_snapshot_chain chain;
    libxl_snapshot_image *image;

    libxl_snapshot_chain_init(&chain);
    chain.domain = strdup("web");
    chain.num_disks = 1;
    chain.disks = calloc(1, sizeof(*chain.disks));
    chain.disks[0].vdev = strdup("xvda");
    chain.disks[0].num_images = 1;
    image = chain.disks[0].images = calloc(1, sizeof(*image));
    image->layer.path = strdup("/a");
    image->num_needs = 1;
    image->needs = calloc(1, sizeof(*image->needs));
    image->needs[0].who = strdup("domain web");
    libxl_snapshot_chain_dispose(&chain);
    CHECK(chain.disks == NULL);
    libxl_snapshot_chain_dispose(&chain);
    libxl_snapshot_sources_init(&sources);
    libxl_snapshot_sources_dispose(&sources);
    libxl_snapshot_sources_dispose(&sources);
}

static void what_an_image_is_needed_for_has_words(void)
{
    int i;

    for (i = LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT;
         i <= LIBXL_SNAPSHOT_NEED_KIND_JOURNAL; i++)
        CHECK(strcmp(libxl_snapshot_need_kind_to_string(i), "unknown"));
    for (i = LIBXL_SNAPSHOT_NEED_HOW_ACTIVE;
         i <= LIBXL_SNAPSHOT_NEED_HOW_CHILD; i++)
        CHECK(strcmp(libxl_snapshot_need_how_to_string(i), "unknown"));
    CHECK_STR(libxl_snapshot_need_kind_to_string(0), "unknown");
    CHECK_STR(libxl_snapshot_need_how_to_string(0), "unknown");
}

static void an_info_list_may_be_empty(void)
{
    libxl_disk_snapshot_info *info = calloc(1, sizeof(*info));

    info->vdev = strdup("xvda");
    info->layers = calloc(1, sizeof(*info->layers));
    info->layers[0].path = strdup("/a");
    info->layers[0].format = strdup("qcow2");
    info->layers[0].tags = calloc(1, sizeof(*info->layers[0].tags));
    info->layers[0].tags[0].name = strdup("s1");
    info->layers[0].num_tags = 1;
    info->num_layers = 1;
    libxl_disk_snapshot_info_list_free(info, 1);
    libxl_disk_snapshot_info_list_free(NULL, 0);
}

static void setting_a_disk_again_frees_what_it_had(void)
{
    libxl_device_disk disk;

    libxl_device_disk_init(&disk);
    snap_device_disk_set(&disk, "xvda", "/a", LIBXL_DISK_FORMAT_RAW);
    snap_device_disk_set(&disk, "xvdb", "/b", LIBXL_DISK_FORMAT_QCOW2);
    CHECK_STR(disk.vdev, "xvdb");
    CHECK_STR(disk.pdev_path, "/b");
    CHECK_INT(disk.format, LIBXL_DISK_FORMAT_QCOW2);
    CHECK(disk.readwrite && !disk.is_cdrom);
    libxl_device_disk_dispose(&disk);
}

static void modes_have_names(void)
{
    CHECK_STR(libxl_snapshot_mode_to_string(LIBXL_SNAPSHOT_MODE_DEFAULT),
              "default");
    CHECK_STR(libxl_snapshot_mode_to_string(LIBXL_SNAPSHOT_MODE_INTERNAL),
              "internal");
    CHECK_STR(libxl_snapshot_mode_to_string(LIBXL_SNAPSHOT_MODE_EXTERNAL),
              "external");
}

static void the_first_failure_is_the_reason_and_later_ones_follow_it(void)
{
    CHECK_INT(snap_fail(sc, ERROR_FAIL, "disk %s: full", "xvda"), ERROR_FAIL);
    CHECK_INT(snap_fail(sc, ERROR_INVAL, "cannot remove it"), ERROR_INVAL);
    CHECK_STR(error_text(), "disk xvda: full; cannot remove it");
}

static void a_failure_may_quote_the_one_before(void)
{
    snap_fail(sc, ERROR_FAIL, "a");
    snap_fail(sc, ERROR_FAIL, "not %s", error_text());
    CHECK_STR(error_text(), "a; not a");
}

/* it may have a guest's words in it, and goes to a terminal */
static void a_reason_is_one_line_that_no_terminal_obeys(void)
{
    snap_fail(sc, ERROR_FAIL, "%s: %s", "agent",
              "\033]0;x\007\r\n\tb\x7f\xc2\x9b" "2J \xc3\xa4\xe2\x82\xac\xc2");
    CHECK_STR(error_text(),
              "agent: \\x1b]0;x\\x07\\x0d\\x0a\\x09b\\x7f\\u009b2J "
              "\xc3\xa4\xe2\x82\xac\\xc2");
}

static void an_operation_begins_without_error_and_memory(void)
{
    int i;

    for (i = 0; i < 1000; i++) snap_sprintf(sc, "%d", i);
    snap_fail(sc, ERROR_FAIL, "a");
    snap_ctx_begin(sc);
    CHECK(libxl_snapshot_ctx_error(sc) == NULL);
    CHECK_INT(sc->num_allocs, 0);
    libxl_snapshot_ctx_free(NULL);
}

TESTS(TEST(params_can_be_disposed_of_twice),
      TEST(revert_params_can_be_disposed_of_twice),
      TEST(a_verification_can_be_disposed_of_twice),
      TEST(a_chain_can_be_disposed_of_twice),
      TEST(what_an_image_is_needed_for_has_words),
      TEST(an_info_list_may_be_empty),
      TEST(setting_a_disk_again_frees_what_it_had),
      TEST(modes_have_names),
      TEST(the_first_failure_is_the_reason_and_later_ones_follow_it),
      TEST(a_failure_may_quote_the_one_before),
      TEST(a_reason_is_one_line_that_no_terminal_obeys),
      TEST(an_operation_begins_without_error_and_memory))
