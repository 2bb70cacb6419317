/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-disk-spec.c: disks in xl-disk-configuration(5) syntax, which
 * libxlutil reads as what they were.
 */
#include "../test.h"

#include <stdlib.h>
#include <libxlutil.h>

/* What @spec is after libxlutil has read it. */
static char *again(const char *spec)
{
    XLU_Config *cfg = xlu_cfg_init(stderr, "spec");
    libxl_device_disk disk;
    char *text;

    libxl_device_disk_init(&disk);
    CHECK_INT(libxl_snapshot_disk_parse(cfg, stderr, "spec", spec,
                                        &disk), 0);
    text = libxl_snapshot_disk_spec(&disk);
    libxl_device_disk_dispose(&disk);
    xlu_cfg_destroy(cfg);
    return text;
}

static void check_again(const char *spec, const char *want)
{
    char *once = again(spec), *twice = again(once);

    CHECK_STR(once, want);
    CHECK_STR(twice, want);
    free(once);
    free(twice);
}

static void a_disk_is_written_with_all_its_options(void)
{
    check_again("/a,qcow2,xvda", "/a,qcow2,xvda,w");
    check_again("/a,vdev=xvda,access=ro", "/a,raw,xvda,r");
    check_again("/i.iso,,hdc,cdrom", "/i.iso,raw,hdc,r,cdrom");
    check_again(",,hdc:cdrom", "format=empty,vdev=hdc,access=r,cdrom,target=");
    check_again("/a,qcow2,xvda,w,no-discard,direct-io-safe,"
                "backendtype=qdisk,backend=7,script=s,specification=virtio",
                "/a,qcow2,xvda,w,backend=7,backendtype=qdisk,"
                "specification=virtio,script=s,direct-io-safe,no-discard");
    check_again("/a,qcow2,xvda,w,discard,colo,colo-host=h,colo-port=9,"
                "colo-export=e,active-disk=/x,hidden-disk=/y",
                "/a,qcow2,xvda,w,discard,colo,colo-host=h,colo-port=9,"
                "colo-export=e,active-disk=/x,hidden-disk=/y");
    check_again("format=vhd,vdev=xvda,target=/a,b=c, d,,",
                "format=vhd,vdev=xvda,access=w,target=/a,b=c, d,,");
}

/* libxlutil 4.17 does not read `untrusted', which its libxl has. */
static void trust_is_written(void)
{
#ifdef LIBXL_HAVE_DISK_TRUSTED
    libxl_device_disk disk;
    char *spec;

    libxl_device_disk_init(&disk);
    snap_device_disk_set(&disk, "xvda", "/a", LIBXL_DISK_FORMAT_RAW);
    libxl_defbool_set(&disk.trusted, false);
    spec = libxl_snapshot_disk_spec(&disk);
    CHECK_STR(spec, "/a,raw,xvda,w,backendtype=qdisk,untrusted");
    free(spec);
    libxl_device_disk_dispose(&disk);
#endif
}

static void a_string_is_escaped(void)
{
    char *text = libxl_snapshot_config_escape("it's \"\\\n", '\'');

    CHECK_STR(text, "it\\'s \"\\\\\\n");
    free(text);
}

TESTS(TEST(a_disk_is_written_with_all_its_options),
      TEST(trust_is_written),
      TEST(a_string_is_escaped))
