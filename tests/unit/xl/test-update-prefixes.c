/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-update-prefixes.c: an xl.cfg that is to name new images and has some
 * in the old forms.  Of a prefix libxlutil takes the format, or a script,
 * and then the word behind the path for the device (4.17,
 * libxlu_disk_l.l).
 */
#include "update.h"

static void a_prefix_gives_way_to_the_format(void)
{
    static const char *const prefixes[] = {
        "tap:qcow2:", "qcow2:", "qcow2: ", "tap2:tapdisk:qcow2:",
        "tap:aio:qcow2:",
    };
    static const char *const raw_prefixes[] = {
        "file:", "phy:", "tap:aio:", "aio:", "raw:", "tap:", "tap2:",
        "tapdisk:", "ioemu:", "ioemu:file: ",
    };
    size_t i;

    for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        char *spec = snap_sprintf(sc, "disk=['%s/a.qcow2,xvda,w']",
                                  prefixes[i]);

        CHECK_STR(update(snap_sprintf(sc, NAME "%s", spec), 1),
                  NAME "disk=['/a.s1.qcow2,qcow2,xvda,w']");
    }
    for (i = 0; i < sizeof(raw_prefixes) / sizeof(raw_prefixes[0]); i++)
        CHECK_RAW(snap_sprintf(sc, "'%s/b.raw,xvdb,w'", raw_prefixes[i]),
                  "'/b.s1.qcow2,qcow2,xvdb,w'");
    CHECK_ONE("'file:/o,xvdo', 'tap:qcow2:/a.qcow2,xvda'",
              "'file:/o,xvdo', '/a.s1.qcow2,qcow2,xvda'");
}

static void a_prefix_among_other_words(void)
{
    CHECK_RAW("'file:/b.raw, vdev=xvdb, access=rw'",
              "'/b.s1.qcow2,qcow2, vdev=xvdb, access=rw'");
    CHECK_RAW("'vdev=xvdb, phy:/b.raw'", "'vdev=xvdb, /b.s1.qcow2,qcow2'");
    CHECK_RAW("'format=raw,file:/b.raw,xvdb'",
              "'format=qcow2,/b.s1.qcow2,xvdb'");
    CHECK_RAW("'file:/b.raw,format=raw,xvdb'",
              "'/b.s1.qcow2,qcow2,format=qcow2,xvdb'");
    CHECK_RAW("'file:/b.raw,xvdb,w,format=raw'",
              "'/b.s1.qcow2,qcow2,xvdb,w,format=qcow2'");
    CHECK_RAW("'file:/b.raw,ioemu:xvdb,w'",
              "'/b.s1.qcow2,qcow2,ioemu:xvdb,w'");
    CHECK_RAW("'/b.raw,ioemu:xvdb,w'",
              "'format=qcow2,/b.s1.qcow2,ioemu:xvdb,w'");
    CHECK_RAW("'tap:vdev=xvdb,/b.raw,w'",
              "'format=qcow2,tap:vdev=xvdb,/b.s1.qcow2,w'");
}

static void a_prefix_and_a_path_that_needs_target(void)
{
    update_to("/x,y", "'tap:qcow2:/a.qcow2,xvda,w'",
              "',qcow2,xvda,w,target=/x,y'");
    update_to("/x,y", "'format=qcow2,file:/a.qcow2,xvda'",
              "'format=qcow2,,xvda,target=/x,y'");
    update_to("/x,y", "'tap:qcow2:/a.qcow2,vdev=xvda'",
              "',qcow2,vdev=xvda,target=/x,y'");
}

static void what_is_as_it_is_to_be_keeps_its_prefix(void)
{
    update_to("/a.qcow2", "'tap:qcow2:/a.qcow2,xvda,w'",
              "'tap:qcow2:/a.qcow2,xvda,w'");
}

static void a_prefix_that_is_a_script_is_refused(void)
{
    static const char *const prefixes[] = { "drbd:", "nbd:", "enbd:",
                                            "iscsi:" };
    size_t i;

    for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        char *spec = snap_sprintf(sc, "disk=['%s/a.qcow2,xvda,w']",
                                  prefixes[i]);

        CHECK_HAS(update(snap_sprintf(sc, NAME "%s", spec), 1),
                  "refused: vm.cfg:2: disk xvda: a disk with script= ");
    }
}

TESTS(TEST(a_prefix_gives_way_to_the_format),
      TEST(a_prefix_among_other_words),
      TEST(a_prefix_and_a_path_that_needs_target),
      TEST(what_is_as_it_is_to_be_keeps_its_prefix),
      TEST(a_prefix_that_is_a_script_is_refused))
