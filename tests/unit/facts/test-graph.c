/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-graph.c: what QEMU says of its disks, as QEMU 7.2 said it for
 * domains on Xen 4.17 (query-block, with what does not matter here taken
 * out), and as a QEMU in its guest's hands could say it.
 */
#include "../test.h"

#include <stdlib.h>

static struct snap_domain dom;
static yajl_val replies[8];
static struct snap_qemu_device devices[8];
static int num_devices;

static void domain(int num, const char *const (*disks)[2])
{
    int i;

    memset(&dom, 0, sizeof(dom));
    num_devices = 0;
    dom.num_disks = num;
    dom.disks = snap_zalloc(sc, num * sizeof(*dom.disks));
    for (i = 0; i < num; i++) {
        dom.disks[i].vdev = disks[i][0];
        dom.disks[i].path = disks[i][1];
    }
}

static void device(const char *vdev, const char *inserted)
{
    replies[num_devices] = snap_json_parse(inserted);
    REQUIRE(replies[num_devices] != NULL);
    devices[num_devices].vdev = vdev;
    devices[num_devices].inserted = replies[num_devices];
    num_devices++;
}

static int apply(void)
{
    int rc = snap_domain_apply_graph(sc, &dom, devices, num_devices), i;

    /* all that is kept must have been copied */
    for (i = 0; i < num_devices; i++) yajl_tree_free(replies[i]);
    num_devices = 0;
    return rc;
}

#define QCOW2_PLAIN \
    "{\"iops_rd\":0,\"detect_zeroes\":\"off\",\"image\":{\"snapshots\":[" \
    "{\"vm-clock-nsec\":0,\"name\":\"s1\",\"id\":\"1\",\"vm-state-size\":7," \
    "\"date-sec\":1795254010,\"date-nsec\":5}," \
    "{\"vm-clock-nsec\":0,\"name\":\"s 2\",\"id\":\"2\"}]," \
    "\"virtual-size\":268435456,\"filename\":\"/d/root.qcow2\"," \
    "\"cluster-size\":65536,\"format\":\"qcow2\",\"actual-size\":9920512," \
    "\"format-specific\":{\"type\":\"qcow2\",\"data\":{\"compat\":\"1.1\"}}," \
    "\"dirty-flag\":false},\"ro\":false,\"node-name\":\"#block1\"," \
    "\"backing_file_depth\":0,\"drv\":\"qcow2\",\"iops\":0," \
    "\"encrypted\":false,\"cache\":{\"no-flush\":false,\"direct\":false," \
    "\"writeback\":true},\"file\":\"/d/root.qcow2\"}"

#define RAW_PLAIN \
    "{\"image\":{\"virtual-size\":67108864,\"filename\":\"/d/data.img\"," \
    "\"format\":\"raw\",\"actual-size\":4096,\"dirty-flag\":false}," \
    "\"ro\":false,\"node-name\":\"#block3\",\"backing_file_depth\":0," \
    "\"drv\":\"raw\",\"file\":\"/d/data.img\"}"

#define QCOW2_CHAIN \
    "{\"image\":{\"backing-image\":{\"backing-image\":{\"virtual-size\":" \
    "67108864,\"filename\":\"/d/data.img\",\"format\":\"raw\"}," \
    "\"backing-filename-format\":\"raw\",\"virtual-size\":67108864," \
    "\"filename\":\"/d/data.s1.qcow2\",\"format\":\"qcow2\"," \
    "\"full-backing-filename\":\"/d/data.img\",\"backing-filename\":" \
    "\"/d/data.img\"},\"backing-filename-format\":\"qcow2\"," \
    "\"virtual-size\":67108864,\"filename\":\"/d/data.s2.qcow2\"," \
    "\"format\":\"qcow2\",\"backing-filename\":\"/d/data.s1.qcow2\"}," \
    "\"ro\":false,\"node-name\":\"xvdb-s2\",\"backing_file_depth\":2," \
    "\"drv\":\"qcow2\",\"backing_file\":\"/d/data.s1.qcow2\"," \
    "\"file\":\"/d/data.s2.qcow2\"}"

static const char *const two[][2] = {
    { "xvda", "/d/root.qcow2" }, { "xvdb", "/d/data.img" },
};

static void a_pv_domain_with_a_qcow2_and_a_raw_disk(void)
{
    const struct snap_disk *d;

    domain(2, two);
    device("xvda0", QCOW2_PLAIN);
    device("xvdb0", RAW_PLAIN);
    CHECK_OK(apply());
    d = &dom.disks[0];
    CHECK_STR(d->node, "#block1");
    CHECK_STR(d->node_file, "/d/root.qcow2");
    CHECK_STR(d->node_driver, "qcow2");
    CHECK_INT(d->chain.virtual_size, 268435456);
    CHECK_INT(d->chain.num_layers, 1);
    CHECK_STR(d->chain.layers[0].path, "/d/root.qcow2");
    REQUIRE(d->chain.layers[0].num_tags == 2);
    CHECK_STR(d->chain.layers[0].tags[0].name, "s1");
    CHECK_STR(d->chain.layers[0].tags[1].name, "s 2");
    CHECK_STR(d->chain.layers[0].format, "qcow2");
    CHECK_INT(d->chain.layers[0].bytes_on_disk, 9920512);
    CHECK_STR(d->chain.layers[0].tags[0].name, "s1");
    CHECK_INT(d->chain.layers[0].tags[0].creation_time, 1795254010);
    CHECK_INT(d->chain.layers[0].tags[0].vm_state_bytes, 7);
    CHECK_INT(d->chain.layers[0].tags[1].creation_time, 0);
    CHECK(!d->emulated);
    d = &dom.disks[1];
    CHECK_STR(d->node, "#block3");
    CHECK_STR(d->node_driver, "raw");
    CHECK_INT(d->chain.num_layers, 1);
    CHECK_INT(d->chain.layers[0].num_tags, 0);
}

static void after_snapshots_the_chain_is_listed_active_first(void)
{
    domain(2, two);
    device("xvdb0", QCOW2_CHAIN);
    CHECK_OK(apply());
    CHECK_STR(dom.disks[0].node, NULL);
    CHECK_STR(dom.disks[1].node, "xvdb-s2");
    REQUIRE(dom.disks[1].chain.num_layers == 3);
    CHECK_STR(dom.disks[1].chain.layers[0].path, "/d/data.s2.qcow2");
    CHECK_STR(dom.disks[1].chain.layers[1].path, "/d/data.s1.qcow2");
    CHECK_STR(dom.disks[1].chain.layers[2].path, "/d/data.img");
}

static void an_hvm_domain_has_an_emulated_twin(void)
{
    domain(2, two);
    device("xvda0", QCOW2_PLAIN);
    device(NULL, QCOW2_PLAIN);          /* IDE: no vdev property */
    device("xvdb0", RAW_PLAIN);
    CHECK_OK(apply());
    CHECK(dom.disks[0].emulated);
    CHECK_STR(dom.disks[0].node, "#block1");
    CHECK(!dom.disks[1].emulated);
}

static void a_twin_alone_is_no_disk_of_the_domain(void)
{
    domain(2, two);
    device(NULL, QCOW2_PLAIN);
    device(NULL, "{}");
    CHECK_OK(apply());
    CHECK(dom.disks[0].emulated);
    CHECK_STR(dom.disks[0].node, NULL);
}

static void a_vdev_may_be_told_without_partition(void)
{
    domain(2, two);
    device("xvda", QCOW2_PLAIN);
    CHECK_OK(apply());
    CHECK_STR(dom.disks[0].node, "#block1");
}

static void partitions_are_not_mixed_up(void)
{
    static const char *const disks[][2] = {
        { "xvda1", "/d/data.img" }, { "xvda10", "/d/root.qcow2" },
    };

    domain(2, disks);
    device("xvda10", QCOW2_PLAIN);
    device("xvda1", RAW_PLAIN);
    CHECK_OK(apply());
    CHECK_STR(dom.disks[0].node, "#block3");
    CHECK_STR(dom.disks[1].node, "#block1");
}

static void a_longer_name_is_another_disk(void)
{
    static const char *const disks[][2] = {
        { "xvda", "/d/data.img" }, { "xvdaa", "/d/root.qcow2" },
    };

    domain(2, disks);
    device("xvdaa0", QCOW2_PLAIN);
    CHECK_OK(apply());
    CHECK_STR(dom.disks[0].node, NULL);
    CHECK_STR(dom.disks[1].node, "#block1");
}

static void disks_without_image_do_not_matter(void)
{
    static const char *const disks[][2] = {
        { "hdc", NULL }, { "xvda", "/d/root.qcow2" },
    };

    domain(2, disks);
    device(NULL, QCOW2_PLAIN);
    device("xvdz0", RAW_PLAIN);
    CHECK_OK(apply());
    CHECK(!dom.disks[0].emulated && dom.disks[1].emulated);
    domain(0, disks);
    device("xvda0", QCOW2_PLAIN);
    CHECK_OK(apply());
}

/* What a committed chain's root is called: a base that is not that of its
 * header. */
#define QCOW2_JSON \
    "{\"image\":{\"filename\":\"json:{\\\"backing\\\":{\\\"driver\\\":" \
    "\\\"qcow2\\\",\\\"file\\\":{\\\"driver\\\":\\\"file\\\"," \
    "\\\"filename\\\":\\\"/d/base\\\"}}," \
    "\\\"driver\\\":\\\"qcow2\\\",\\\"file\\\":{\\\"driver\\\":" \
    "\\\"file\\\",\\\"filename\\\":\\\"/d/root.qcow2\\\"}}\"," \
    "\"format\":\"qcow2\"},\"node-name\":\"n\",\"drv\":\"qcow2\"," \
    "\"backing_file\":\"/d/base\",\"file\":\"json:{\\\"driver\\\":" \
    "\\\"qcow2\\\",\\\"file\\\":{\\\"driver\\\":\\\"file\\\"," \
    "\\\"filename\\\":\\\"/d/root.qcow2\\\"}}\"}"

static void a_name_with_options_is_taken_apart(void)
{
    domain(2, two);
    device("xvda0", QCOW2_JSON);
    device(NULL, QCOW2_JSON);
    CHECK_OK(apply());
    CHECK_STR(dom.disks[0].node_file, "/d/root.qcow2");
    CHECK_STR(dom.disks[0].chain.layers[0].path, "/d/root.qcow2");
    CHECK(dom.disks[0].emulated);
    domain(0, two);
    device(NULL, QCOW2_JSON);
    CHECK_OK(apply());
    CHECK_STR(dom.others[0], "/d/root.qcow2");
}

/*-- other images -----------------------------------------------------------*/

static void images_of_no_disk_are_others_if_they_are_written_to(void)
{
    struct snap_uncaptured u = { .num = 1 };
    const char *argument = "device_model_args -drive file=/d/usb.img,if=none";

    domain(2, two);
    device("xvda0", QCOW2_PLAIN);
    device(NULL, QCOW2_PLAIN);
    device("xvdb0", RAW_PLAIN);
    device(NULL, "{\"file\":\"/d/usb.img\",\"ro\":false}");
    device(NULL, "{\"file\":\"/d/x.iso\",\"ro\":true}");
    device("xvdz0", "{\"file\":\"/d/new.img\",\"ro\":false}");
    device(NULL, "{\"node-name\":\"#block7\"}");
    CHECK_OK(apply());
    REQUIRE(dom.num_others == 3);
    u.names = snap_zalloc(sc, sizeof(*u.names));
    u.names[0] = argument;
    snap_uncaptured_of_qemu(sc, &dom, &u);
    REQUIRE(u.num == 3);                /* the argument has told of one */
    CHECK_STR(u.names[1], "QEMU's disk /d/new.img");
    CHECK_STR(u.names[2], "QEMU's disk #block7");
    CHECK_FAILS(snap_refuse_uncaptured(sc, &u, false), ERROR_INVAL,
                "/d/usb.img,if=none: no snapshot has what it holds");
    CHECK_OK(snap_refuse_uncaptured(sc, &u, true));
}

/*-- a QEMU that lies -------------------------------------------------------*/

static void refused(const char *inserted)
{
    domain(2, two);
    device("xvda0", inserted);
    CHECK_FAILS(apply(), ERROR_PROTOCOL_ERROR_QMP,
                "disk xvda: QEMU's query-block lacks its node-name, file, drv "
                "or image");
}

static void what_is_missing_or_of_another_type_is_refused(void)
{
    refused("{}");
    refused("{\"node-name\":\"n\",\"file\":\"f\",\"drv\":\"raw\"}");
    refused("{\"node-name\":\"n\",\"file\":\"f\",\"image\":{}}");
    refused("{\"node-name\":\"n\",\"drv\":\"raw\",\"image\":{}}");
    refused("{\"file\":\"f\",\"drv\":\"raw\",\"image\":{}}");
    refused("{\"node-name\":1,\"file\":\"f\",\"drv\":\"raw\",\"image\":{}}");
    refused("[]");
    refused("\"x\"");
}

static void odd_images_are_survived(void)
{
    static const char *const images[] = {
        "{}", "[]", "1", "{\"snapshots\":{}}", "{\"snapshots\":[1,[],{}]}",
        "{\"snapshots\":[{\"name\":7},{\"name\":\"t\"}]}",
        "{\"backing-image\":5,\"filename\":[]}",
        "{\"backing-image\":{\"backing-image\":null}}",
        "{\"format-specific\":{\"data\":{\"extents\":[7],\"bitmaps\":7}}}",
        "{\"format-specific\":[],\"virtual-size\":-1}",
        "{\"virtual-size\":1e99}",
    };
    size_t i;

    for (i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
        domain(2, two);
        device("xvda0", snap_sprintf(sc, "{\"node-name\":\"n\",\"file\":\"f\","
                                     "\"drv\":\"raw\",\"image\":%s}",
                                     images[i]));
        CHECK_OK(apply());
        CHECK_INT(dom.disks[0].chain.virtual_size, 0);
        CHECK(dom.disks[0].chain.num_layers >= 1);
        CHECK(dom.disks[0].chain.layers[0].path != NULL);
        CHECK_INT(dom.disks[0].chain.layers[0].num_tags, i == 5);
    }
}

static void a_vdev_that_is_told_twice_is_refused(void)
{
    domain(2, two);
    device("xvdb0", QCOW2_CHAIN);
    device("xvdb0", RAW_PLAIN);
    CHECK_FAILS(apply(), ERROR_PROTOCOL_ERROR_QMP,
                "disk xvdb: QEMU's query-block lists it twice");
    domain(2, two);
    device("xvdb0", QCOW2_CHAIN);
    device("xvdb", RAW_PLAIN);
    CHECK_FAILS(apply(), ERROR_PROTOCOL_ERROR_QMP, "lists it twice");
}

/*-- query-block-jobs -------------------------------------------------------*/

static const char *job(const char *text)
{
    yajl_val jobs = snap_json_parse(text);

    snap_domain_init(&dom);
    snap_domain_apply_jobs(sc, &dom, jobs);
    yajl_tree_free(jobs);
    return dom.job;
}

static void a_job_counts_until_it_is_concluded(void)
{
    CHECK_STR(job("[]"), NULL);
    CHECK_STR(job("{}"), NULL);
    CHECK_STR(job("[{\"device\":\"j0\",\"type\":\"mirror\","
                  "\"status\":\"ready\"}]"), "mirror (j0)");
    CHECK_STR(job("[{\"device\":\"j0\",\"type\":\"commit\","
                  "\"status\":\"concluded\"},{\"device\":\"j1\","
                  "\"type\":\"stream\"}]"), "stream (j1)");
    CHECK_STR(job("[{\"device\":\"j0\",\"type\":\"commit\","
                  "\"status\":\"concluded\"}]"), NULL);
    CHECK_STR(job("[7,{\"device\":[]}]"), "a job (unnamed)");
}

/*-- images -----------------------------------------------------------------*/

static void a_guessed_format_is_not_repeated(void)
{
    domain(2, two);
    device("xvda0", "{\"node-name\":\"n\",\"file\":\"/a\",\"drv\":\"qcow2\","
           "\"image\":{\"filename\":\"/a\",\"format\":\"qcow2\","
           "\"backing-image\":{\"filename\":\"/b\",\"format\":\"qcow2\"}}}");
    CHECK_OK(apply());
    REQUIRE(dom.disks[0].chain.num_layers == 2);
    CHECK_STR(dom.disks[0].chain.layers[0].format, "qcow2");
    CHECK_STR(dom.disks[0].chain.layers[1].path, "/b");
    CHECK_STR(dom.disks[0].chain.layers[1].format, NULL);
}

/* The path of an image that QEMU calls that, as JSON. */
static const char *named(const char *name)
{
    device("xvda0", snap_sprintf(
        sc, "{\"node-name\":\"n\",\"file\":\"f\",\"drv\":\"raw\","
        "\"image\":{\"filename\":%s}}", name));
    domain(2, two);
    num_devices = 1;
    CHECK_OK(apply());
    REQUIRE(dom.disks[0].chain.num_layers == 1);
    return dom.disks[0].chain.layers[0].path;
}

static void a_file_opened_with_options_is_named_all_the_same(void)
{
    CHECK_STR(named("\"json:{\\\"driver\\\":\\\"qcow2\\\",\\\"file\\\":"
                    "{\\\"driver\\\":\\\"file\\\",\\\"filename\\\":"
                    "\\\"/d/x\\\"}}\""), "/d/x");
    CHECK_STR(named("\"json:{\""), "json:{");
    CHECK_STR(named("7"), "");
}

static void formats_are_named_as_qemu_names_them(void)
{
    CHECK_STR(snap_imageinfo_format(LIBXL_DISK_FORMAT_VHD), "vpc");
    CHECK_STR(snap_imageinfo_format(LIBXL_DISK_FORMAT_QCOW2), "qcow2");
    CHECK_STR(snap_imageinfo_format(LIBXL_DISK_FORMAT_RAW), "raw");
    CHECK_STR(snap_imageinfo_format(LIBXL_DISK_FORMAT_UNKNOWN), "raw");
}

static void a_chain_of_two_hundred_layers_is_listed(void)
{
    const char *image = "{\"filename\":\"/base\"}";
    int i;

    for (i = 0; i < 199; i++)
        image = snap_sprintf(sc, "{\"filename\":\"/%d\",\"backing-image\":%s}",
                             i, image);
    domain(2, two);
    device("xvda0", snap_sprintf(sc, "{\"node-name\":\"n\",\"file\":\"f\","
                                 "\"drv\":\"qcow2\",\"image\":%s}", image));
    CHECK_OK(apply());
    CHECK_INT(dom.disks[0].chain.num_layers, 200);
    CHECK_STR(dom.disks[0].chain.layers[199].path, "/base");
}

static void the_file_of_a_layer_with_options_is_found(void)
{
    const char *image =
        "{\"filename\":\"json:{\\\"driver\\\":\\\"qcow2\\\","
        "\\\"file\\\":{\\\"driver\\\":\\\"file\\\","
        "\\\"filename\\\":\\\"/top\\\"}}\",\"backing-image\":"
        "{\"filename\":\"json:{nonsense\",\"backing-image\":"
        "{\"filename\":\"nbd://host/base\"}}}";

    domain(2, two);
    device("xvda0", snap_sprintf(sc, "{\"node-name\":\"n\",\"file\":\"f\","
                                 "\"drv\":\"qcow2\",\"image\":%s}", image));
    CHECK_OK(apply());
    REQUIRE(dom.disks[0].chain.num_layers == 3);
    CHECK_STR(dom.disks[0].chain.layers[0].path, "/top");
    CHECK_STR(dom.disks[0].chain.layers[1].path, "json:{nonsense");
    CHECK_STR(dom.disks[0].chain.layers[2].path, "nbd://host/base");
}

TESTS(TEST(a_pv_domain_with_a_qcow2_and_a_raw_disk),
      TEST(after_snapshots_the_chain_is_listed_active_first),
      TEST(the_file_of_a_layer_with_options_is_found),
      TEST(an_hvm_domain_has_an_emulated_twin),
      TEST(a_twin_alone_is_no_disk_of_the_domain),
      TEST(a_vdev_may_be_told_without_partition),
      TEST(partitions_are_not_mixed_up),
      TEST(a_longer_name_is_another_disk),
      TEST(disks_without_image_do_not_matter),
      TEST(a_name_with_options_is_taken_apart),
      TEST(images_of_no_disk_are_others_if_they_are_written_to),
      TEST(what_is_missing_or_of_another_type_is_refused),
      TEST(odd_images_are_survived),
      TEST(a_vdev_that_is_told_twice_is_refused),
      TEST(a_guessed_format_is_not_repeated),
      TEST(a_file_opened_with_options_is_named_all_the_same),
      TEST(a_job_counts_until_it_is_concluded),
      TEST(formats_are_named_as_qemu_names_them),
      TEST(a_chain_of_two_hundred_layers_is_listed))
