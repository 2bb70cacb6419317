/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/vhd.c: finds out the kind of a vhd.
 *
 * QEMU (7.2, driver vpc) does not know parents: it opens a differencing
 * vhd without an error and reads zeros for the data that is in the
 * parent.  So we look at the footer ourselves: 512 bytes at the end, and,
 * unless the vhd is of the fixed kind, a copy of them at the start.  The
 * guest owns the start of a fixed one.
 */
#include "seams/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VHD_FOOTER      512
#define VHD_VERSION     0x00010000

enum { VHD_FIXED = 2, VHD_DYNAMIC = 3, VHD_DIFFERENCING = 4 };

static uint32_t vhd_be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static bool vhd_has_cookie(const unsigned char *footer)
{
    return !memcmp(footer, "conectix", 8);
}

/* The type that the footer names; 0 if it is not a footer. */
static uint32_t vhd_footer_type(const unsigned char *footer)
{
    uint32_t sum = 0, type = vhd_be32(footer + 60);
    int i;

    for (i = 0; i < VHD_FOOTER; i++)
        if (i < 64 || i >= 68) sum += footer[i];
    if (!vhd_has_cookie(footer) || vhd_be32(footer + 12) != VHD_VERSION
        || vhd_be32(footer + 64) != ~sum)
        return 0;
    return type >= VHD_FIXED && type <= VHD_DIFFERENCING ? type : 0;
}

/* While QEMU writes to a dynamic vhd its last footer may be half there, so
 * the copy decides.  A fixed one with a cookie at its start would be
 * opened as dynamic by QEMU: forged by its guest, or damaged. */
static enum snap_vhd vhd_kind(const unsigned char *start,
                              const unsigned char *end)
{
    if (vhd_footer_type(end) == VHD_FIXED)
        return vhd_has_cookie(start) ? SNAP_VHD_BAD : SNAP_VHD_PLAIN;
    switch (vhd_footer_type(start)) {
    case VHD_DYNAMIC:      return SNAP_VHD_PLAIN;
    case VHD_DIFFERENCING: return SNAP_VHD_DIFFERENCING;
    default:               return SNAP_VHD_BAD;
    }
}

int snap_vhd_read(libxl_snapshot_ctx *sc, const char *path,
                  enum snap_vhd *vhd_r)
{
    unsigned char start[VHD_FOOTER], end[VHD_FOOTER];
    int fd = snap_open_image(path, O_RDONLY), rc = 0;
    off_t size;

    if (fd < 0)
        return snap_fail(sc, ERROR_FAIL, "cannot open %s: %s", path,
                         snap_open_why());
    size = lseek(fd, 0, SEEK_END);      /* works for a block device, too */
    if (size < 2 * VHD_FOOTER) {
        *vhd_r = SNAP_VHD_BAD;
        goto out;
    }
    if (pread(fd, start, sizeof(start), 0) != sizeof(start)
        || pread(fd, end, sizeof(end), size - VHD_FOOTER) != sizeof(end)) {
        rc = snap_fail(sc, ERROR_FAIL, "cannot read %s: %s", path,
                       strerror(errno));
        goto out;
    }
    *vhd_r = vhd_kind(start, end);
 out:
    close(fd);
    return rc;
}
