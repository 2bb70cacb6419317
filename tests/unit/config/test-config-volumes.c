/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-config-volumes.c: what the snapshot config says of logical volumes
 * and of disks that have no snapshots, or of which it says little.
 */
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>

static libxl_domain_snapshot snap;

static int read_text(const char *text)
{
    char path[256];             /* what tmp_text() returns is the context's */

    snprintf(path, sizeof(path), "%s", tmp_text("s.cfg", text));
    libxl_domain_snapshot_dispose(&snap);
    return libxl_domain_snapshot_config_read(sc, path, &snap);
}

static void refused(const char *text, const char *sentence)
{
    CHECK_FAILS(read_text(text), ERROR_INVAL, sentence);
    libxl_domain_snapshot_dispose(&snap);
}

static void what_was_left_out_is_not_in_disks(void)
{
    const char *why = ": `skipped' must list virtual devices that are not "
                      "in `disks'";

    refused("disks=[',,xvda']\nskipped=['xvda']\n", why);
    refused("skipped=['']\n", why);
    refused("skipped='xvda'\n", "");
    CHECK_OK(read_text("disks=[',,xvda']\nskipped=['xvdb','xvdc']\n"));
    REQUIRE(snap.num_skipped == 2);
    CHECK_STR(snap.skipped[1], "xvdc");
    libxl_domain_snapshot_dispose(&snap);
}

static void a_volume_keeps_its_backend(void)
{
    char *text;

    CHECK_OK(read_text("disks=[',,xvda',',,xvdb']\nskipped=['xvdc']\n"
                       "drivers=['xvda=lvm-thick','xvdb=qcow2-internal']\n"
                       "parents=['format=raw,vdev=xvda,backendtype=phy,"
                       "target=/dev/vg/lv.s1','/a.qcow2,qcow2,xvdb']\n"
                       "lvm_size='20%'\n"));
    CHECK_INT(snap.disks[0].parent.backend, LIBXL_DISK_BACKEND_PHY);
    CHECK_STR(snap.lvm_size, "20%");
    text = libxl_domain_snapshot_config_text(sc, &snap);
    CHECK_HAS(text, "\"backendtype=phy,format=raw,vdev=xvda,access=rw,"
              "target=/dev/vg/lv.s1\"");
    CHECK_HAS(text, "\"format=qcow2,vdev=xvdb,access=rw,target=/a.qcow2\"");
    CHECK_HAS(text, "skipped = [\n    \"xvdc\",\n]\n");
    free(text);
    libxl_domain_snapshot_dispose(&snap);
}

static void what_a_config_leaves_out_is_not_written(void)
{
    char *text;

    CHECK_OK(read_text("disks=['/o,qcow2,xvda',',,xvdb']\n"
                       "parents=['/b,raw,xvdb']\n"));
    text = libxl_domain_snapshot_config_text(sc, &snap);
    CHECK_HAS(text, "parents = [\n    \"format=raw,vdev=xvdb,access=rw,"
                    "target=/b\",\n]");
    free(text);
    libxl_domain_snapshot_dispose(&snap);
}

TESTS(TEST(what_was_left_out_is_not_in_disks),
      TEST(a_volume_keeps_its_backend),
      TEST(what_a_config_leaves_out_is_not_written))
