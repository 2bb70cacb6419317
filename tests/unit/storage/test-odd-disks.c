/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-odd-disks.c: disks that are no file in a format of QEMU's own on
 * this host: network storage, driver domains, tapdisk, vhd.
 */
#include "disk.h"

#include <stdlib.h>

static void storage_of_the_network_is_refused_with_the_way_out(void)
{
    static const char *const paths[][2] = {
        { "rbd:pool/web:id=xen", "QEMU reaches it by rbd:, so it is not a "
         "file of this host; take the snapshot where the storage is (rbd "
         "snap create POOL/IMAGE@NAME) while the domain is paused or off, "
         "or give the storage a hook" },
        { "nbd:10.0.0.1:10809", "QEMU reaches it by nbd:, so it is not a "
         "file of this host; take the snapshot where the storage is while" },
        { "nbd+unix:///web?socket=/s", "QEMU reaches it by nbd+unix:" },
        { "iscsi://host/iqn/0", "QEMU reaches it by iscsi:" },
        { "http://host/x.img", "QEMU reaches it by http:" },
        { "json:{\"driver\":\"raw\"}", "QEMU reaches it by json:" },
        { "./rbd:x", "its image is not an absolute path" },
        { ":x", "its image is not an absolute path" },
    };
    size_t i;

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        good_disk();
        disk.path = disk.node_file = paths[i][0];
        both_refuse(paths[i][1]);
        disk.path = disk.node_file = paths[i][0];
        disk.backend = SNAP_BACKEND_OFFLINE;
        both_refuse(paths[i][1]);
    }
    good_disk();
    disk.path = disk.node_file = "/srv/rbd:x";
    CHECK_STR(snap_driver_overlay.refuse(sc, &disk), NULL);
    disk.backend = SNAP_BACKEND_PHY;
    stored.script = (char *)"block-iscsi";
    both_refuse("the script block-iscsi makes its device; take the snapshot "
                "where the storage is");
}

/* The base is returned. */
static struct snap_layer *layers(const char *top, const char *base)
{
    static struct snap_layer both[2];

    good_disk();
    both[0] = (struct snap_layer){ .path = top, .format = "qcow2" };
    both[1] = (struct snap_layer){ .path = base, .format = "raw" };
    disk.chain.layers = both;
    disk.chain.num_layers = 2;
    return &both[1];
}

static void a_layer_that_nobody_could_watch_is_refused(void)
{
    static const char *const unknown[] = {
        "json:{\"driver\":\"quorum\",\"x\":\"nbd://\"}", "base.raw", "",
        "blkdebug::/d/base.raw", "nbd://host/x", "rbd:pool/image",
    };
    static struct snap_layer data = { .path = "/srv/web.qcow2",
                                      .format = "qcow2",
                                      .data_file = "/srv/web.data" };
    struct snap_layer *base;
    size_t i;

    for (i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
        layers("/srv/web.qcow2", unknown[i]);
        both_refuse("which files of this host hold that cannot be told");
    }
    base = layers("/srv/web.qcow2", "/d/base.raw");
    CHECK_STR(snap_driver_overlay.refuse(sc, &disk), NULL);
    base->format = "vmdk";
    both_refuse("a layer of it, /d/base.raw, has the format vmdk, whose "
                "content may be in any other file");
    layers("/srv/web.qcow2", "/d/base.raw")->format = NULL;
    both_refuse("the image above /d/base.raw does not say which format that "
                "has");
    layers("/srv/web.qcow2", "/d/base.raw")->format = NULL;
    both_refuse("run qemu-img rebase -u -f qcow2 -b /d/base.raw -F FORMAT "
                "/srv/web.qcow2 (for FORMAT, ");
    layers("/srv/web.qcow2", "/d/base.raw")[-1].format = NULL;
    disk.backend = SNAP_BACKEND_OFFLINE;
    both_refuse("QEMU does not say which format it has");
    disk.chain.layers = &data;
    disk.chain.num_layers = 1;
    both_refuse("its data is in another file, /srv/web.data, which");
}

static void a_driver_domain_is_out_of_reach(void)
{
    good_disk();
    disk.backend = SNAP_BACKEND_OFFLINE;
    disk.driver_domain = "storage";
    both_refuse("its backend is in domain storage, out of reach");
    disk.backend_domid = 7;
    both_refuse("its backend is in domain 7, out of reach");
}

static void the_config_tells_what_serves_a_disk(void)
{
    static libxl_device_disk disks[] = {
        { .vdev = (char *)"xvda",
          .readwrite = 1,
          .script = (char *)"block-tap",
          .pdev_path = (char *)"vhd:/srv/a.vhd" },
        { .vdev = (char *)"xvdb",
          .readwrite = 1,
          .pdev_path = (char *)"/b",
          .script = (char *)"/etc/xen/scripts/block-tap",
          .backend_domname = (char *)"storage" },
        { .vdev = (char *)"xvdc",
          .pdev_path = (char *)"vhd:/c",
          .backend_domname = (char *)"0" },
        { .vdev = (char *)"hdd",
          .readwrite = 1,
          .is_cdrom = 1,
          .script = (char *)"/etc/xen/scripts/block-tap",
          .pdev_path = (char *)"vhd:/srv/d.vhd" },
    };
    struct snap_domain dom = { .config = { .disks = disks,
                                           .num_disks = 4 } };

    snap_domain_gather_disks(sc, &dom);
    CHECK(dom.disks[0].tapdisk && dom.disks[0].is_data_disk);
    CHECK_STR(dom.disks[0].path, "/srv/a.vhd");
    CHECK_STR(dom.disks[0].driver_domain, NULL);
    CHECK(!dom.disks[1].tapdisk);
    CHECK_STR(dom.disks[1].driver_domain, "storage");
    CHECK(!dom.disks[2].tapdisk && !dom.disks[2].is_data_disk);
    CHECK_STR(dom.disks[2].path, "vhd:/c");
    CHECK_STR(dom.disks[2].driver_domain, NULL);
    CHECK(dom.disks[3].tapdisk && !dom.disks[3].is_data_disk);
}

/*-- vhd --------------------------------------------------------------------*/

static void good_vhd(void)
{
    good_disk();
    stored.format = LIBXL_DISK_FORMAT_VHD;
    disk.path = disk.node_file = "/srv/web.vhd";
    disk.node_driver = "vpc";
}

static void a_plain_vhd_gets_an_overlay_a_differencing_one_not(void)
{
    good_vhd();
    disk.vhd = SNAP_VHD_PLAIN;
    CHECK_STR(snap_driver_overlay.refuse(sc, &disk), NULL);
    disk.vhd = SNAP_VHD_DIFFERENCING;
    both_refuse("it is a differencing vhd, of which QEMU reads only the "
                "top layer, and zeros below it");
    good_vhd();
    disk.vhd = SNAP_VHD_BAD;
    both_refuse("it is damaged or not a vhd");
}

static void overlays_on_a_vhd(void)
{
    libxl_disk_snapshot ds = disk_snapshot(LIBXL_SNAPSHOT_MODE_EXTERNAL,
                                           "/srv/web.vhd",
                                           LIBXL_DISK_FORMAT_VHD);
    struct snap_disk_op op = operation(&snap_driver_overlay);
    struct snap_disk_op back = way_back(&snap_driver_overlay, &ds,
                                        "/srv/web.before.r1.qcow2");
    struct snap_plan plan = { 0 };

    good_vhd();
    disk.chain.virtual_size = 20994048;
    back.chain.virtual_size = 20994048;
    plan_prepare(&plan, &op);
    plan_prepare(&plan, &back);
    check_golden("overlay-vhd.json", plan_lines(&plan));
    libxl_device_disk_dispose(&ds.parent);
}

static void tapdisks_disk(void)
{
    good_disk();
    disk.backend = SNAP_BACKEND_OFFLINE;
    disk.node = NULL;
    disk.path = disk.node_file = "/srv/web.vhd";
    disk.node_driver = "vpc";
    disk.vhd = SNAP_VHD_DIFFERENCING;
    disk.tapdisk = disk.vhd_util = true;
    stored.script = (char *)"block-tap";
}

static void tapdisk_goes_on_in_a_differencing_vhd(void)
{
    libxl_disk_snapshot ds = disk_snapshot(LIBXL_SNAPSHOT_MODE_EXTERNAL,
                                           "/srv/web.vhd",
                                           LIBXL_DISK_FORMAT_VHD);
    struct snap_disk_op op = operation(&snap_driver_vhd);
    struct snap_disk_op back = way_back(&snap_driver_vhd, &ds,
                                        "/srv/web.before.r1.vhd");
    libxl_device_disk now = { .format = LIBXL_DISK_FORMAT_VHD,
                              .backend = LIBXL_DISK_BACKEND_QDISK };
    struct snap_plan plan = { 0 };

    tapdisks_disk();
    op.path = "/srv/web.before.vhd";
    CHECK_STR(snap_driver_vhd.refuse(sc, &disk), NULL);
    plan_prepare(&plan, &op);
    plan_prepare(&plan, &back);
    check_golden("vhd.json", plan_lines(&plan));

    snap_driver_vhd.configure(&back, &now);
    CHECK_STR(now.pdev_path, "vhd:/srv/web.before.r1.vhd");
    CHECK_STR(now.script, "block-tap");
    CHECK_INT(now.format, LIBXL_DISK_FORMAT_RAW);
    CHECK_INT(now.backend, LIBXL_DISK_BACKEND_UNKNOWN);
    free(now.pdev_path);
    free(now.script);
    libxl_device_disk_dispose(&ds.parent);
}

static void what_tapdisk_cannot_is_refused(void)
{
    const char *why = NULL;

    tapdisks_disk();
    CHECK(choose(LIBXL_SNAPSHOT_MODE_EXTERNAL, &why) == &snap_driver_vhd);
    CHECK_STR(snap_driver_overlay.refuse(sc, &disk),
              "tapdisk serves it, not QEMU");
    disk.vhd_util = false;
    CHECK(!choose(LIBXL_SNAPSHOT_MODE_EXTERNAL, &why));
    CHECK_HAS(why, "vhd-util, which makes its snapshots, is not installed");
    tapdisks_disk();
    disk.backend = SNAP_BACKEND_PHY;
    CHECK(!choose(LIBXL_SNAPSHOT_MODE_EXTERNAL, &why));
    CHECK_HAS(why, "shut the domain down and take the snapshot with "
              "--domain-config");
    tapdisks_disk();
    disk.vhd = SNAP_VHD_BAD;
    CHECK_HAS(snap_driver_vhd.refuse(sc, &disk), "damaged or not a vhd");
    good_disk();
    CHECK_HAS(snap_driver_vhd.refuse(sc, &disk), "does not serve it");
}

TESTS(TEST(storage_of_the_network_is_refused_with_the_way_out),
      TEST(a_layer_that_nobody_could_watch_is_refused),
      TEST(a_driver_domain_is_out_of_reach),
      TEST(the_config_tells_what_serves_a_disk),
      TEST(a_plain_vhd_gets_an_overlay_a_differencing_one_not),
      TEST(overlays_on_a_vhd), TEST(tapdisk_goes_on_in_a_differencing_vhd),
      TEST(what_tapdisk_cannot_is_refused))
