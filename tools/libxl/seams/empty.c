/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/empty.c: whether a file that we made has nothing but what we put
 * there.  Its content tells, and no date or hash that we could keep: it
 * does so also after a power cut, or a copy, and without a record.
 *
 * An overlay in which a guest has written as much as one zero has a table
 * for that part of its disk.  QEMU writes nothing into one that it only
 * opens (7.2).
 */
#include "seams/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EMPTY_BLOCK     (64 << 10)
/* A new overlay has less than 1 MiB, one for 64 TiB a table of 1 MiB.  More
 * zeros than this nobody reads: the guest's QEMU may have put them there. */
#define EMPTY_MAX       (64 << 20)
#define EMPTY_HEADER    1536    /* of a vhd, which has the longer one */

/* True if each of the @len bytes from @offset that are in the file is
 * @byte, and they are not more than EMPTY_MAX. */
static bool empty_is_all(int fd, uint64_t offset, uint64_t len,
                         unsigned char byte)
{
    unsigned char *buf;
    bool is_so = true;
    ssize_t got = 1, i;

    if (len > EMPTY_MAX) return false;
    buf = malloc(EMPTY_BLOCK);
    if (!buf) abort();
    while (is_so && len && got > 0) {
        got = pread(fd, buf, len < EMPTY_BLOCK ? len : EMPTY_BLOCK, offset);
        for (i = 0; is_so && i < got; i++) is_so = buf[i] == byte;
        if (got > 0) {
            len -= got;
            offset += got;
        }
    }
    free(buf);
    return is_so && got >= 0;
}

static uint64_t empty_number(const unsigned char *p, int bytes)
{
    uint64_t n = 0;

    while (bytes--) n = n << 8 | *p++;
    return n;
}

/* docs/interop/qcow2.txt: no table of its own, no tag, no bitmap. */
static bool empty_is_qcow2(int fd, const unsigned char *head)
{
    return !memcmp(head, "QFI\xfb", 4)
        && !empty_number(head + 60, 4) && !(head[95] & 1)
        && empty_is_all(fd, empty_number(head + 40, 8),
                        8 * empty_number(head + 36, 4), 0);
}

/* The copy of the footer, a header that names the table of the blocks, and
 * no block in it. */
static bool empty_is_vhd(int fd, const unsigned char *head)
{
    const unsigned char *header = head + 512;

    return !memcmp(head, "conectix", 8) && !memcmp(header, "cxsparse", 8)
        && empty_is_all(fd, empty_number(header + 16, 8),
                        4 * empty_number(header + 28, 4), 0xff);
}

bool snap_file_is_empty_overlay(int fd)
{
    unsigned char head[EMPTY_HEADER] = { 0 };
    struct stat st;

    if (fstat(fd, &st) || pread(fd, head, sizeof(head), 0) < 0) return false;
    return empty_is_qcow2(fd, head) || empty_is_vhd(fd, head)
           || empty_is_all(fd, 0, st.st_size, 0);
}

static bool empty_is_overlay(int fd)
{
    char magic[8] = "";

    return pread(fd, magic, sizeof(magic), 0) == sizeof(magic)
        && (!memcmp(magic, "QFI\xfb", 4) || !memcmp(magic, "conectix", 8));
}

int snap_file_is_used_overlay(libxl_snapshot_ctx *sc, const char *path,
                              bool *used_r)
{
    int fd = snap_open(sc, path, O_RDONLY), rc = 0;

    *used_r = false;
    if (fd < 0 && errno == ENOENT) return 0;
    if (fd < 0)
        return snap_fail(sc, ERROR_FAIL, "cannot tell whether %s was written "
                         "to: %s", path, snap_open_why());
    if (!snap_file_is_empty_overlay(fd)) {
        *used_r = empty_is_overlay(fd);
        if (!*used_r)
            rc = snap_fail(sc, ERROR_FAIL, "cannot tell whether %s was "
                           "written to: it is no overlay", path);
    }
    close(fd);
    return rc;
}

/* Of a device, whose zeros take as long to read as data does, the beginning,
 * where LVM puts zeros and whoever uses it puts a label. */
#define EMPTY_LABEL     4096

static bool empty_is_image(int fd)
{
    unsigned char head[EMPTY_HEADER] = { 0 };
    struct stat st;

    if (fstat(fd, &st) || pread(fd, head, sizeof(head), 0) < 0) return false;
    if (S_ISBLK(st.st_mode)) return empty_is_all(fd, 0, EMPTY_LABEL, 0);
    return empty_is_qcow2(fd, head)
           || (lseek(fd, 0, SEEK_DATA) < 0 && errno == ENXIO);
}

bool snap_file_has_data(const char *path)
{
    int fd = snap_open_image(path, O_RDONLY);
    bool is_empty = fd >= 0 && empty_is_image(fd);

    if (fd >= 0) close(fd);
    return !is_empty;
}

bool snap_file_has_no_more(int fd, const char *content)
{
    size_t max = content ? strlen(content) : 0;
    char *text = malloc(max + 1);
    struct stat st;
    bool is_so;

    if (!text) abort();
    is_so = !fstat(fd, &st) && (uint64_t)st.st_size <= max
        && pread(fd, text, max + 1, 0) == st.st_size
        && !memcmp(text, content ? content : "", st.st_size);
    free(text);
    return is_so;
}
