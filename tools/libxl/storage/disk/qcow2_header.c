/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/disk/qcow2_header.c: what a program would open, or make, of a
 * qcow2 right when it opens that (docs/interop/qcow2.txt).  Pure.
 *
 * The rest is for qemu-img to say, which is started when this has been
 * looked at.
 */
#include "storage/disk/disk.h"

#include <string.h>

#define HEADER_V2           72
#define HEADER_HAS_DATA_FILE (UINT64_C(1) << 2)
#define HEADER_EXT_END      0
#define HEADER_EXT_DATA_FILE 0x44415441u
#define HEADER_EXT_BASE_FORMAT 0xe2792acau

static uint64_t header_number(const unsigned char *p, int bytes)
{
    uint64_t n = 0;

    while (bytes--) n = n << 8 | *p++;
    return n;
}

static bool header_is_v3(const unsigned char *head)
{
    return header_number(head + 4, 4) >= 3;
}

/* The content of the extension @kind, and its length; NULL: it has none, or
 * a program might take another one: QEMU takes the last (7.2), and more may
 * come behind what was read.  They end where the name of the base begins. */
static const unsigned char *header_extension(const unsigned char *head,
                                             size_t len, uint32_t kind,
                                             size_t *len_r)
{
    size_t at = header_is_v3(head) ? header_number(head + 100, 4) : HEADER_V2;
    uint64_t base = header_number(head + 8, 8);
    size_t end = base && base <= len ? base : len, size;
    const unsigned char *content = NULL;
    uint32_t found;

    for (; at < end && at <= len - 8; at += size) {
        found = header_number(head + at, 4);
        size = header_number(head + at + 4, 4);
        at += 8;
        if (found == HEADER_EXT_END) return content;
        if (size > len - at || (found == kind && content)) return NULL;
        if (found == kind) {
            content = head + at;
            *len_r = size;
        }
        size = (size + 7) & ~(size_t)7;
        if (size > len - at) return NULL;
    }
    return end == base && at >= end ? content : NULL;
}

static void header_read_base(libxl_snapshot_ctx *sc,
                             const unsigned char *head, size_t len,
                             struct snap_qcow2_header *header)
{
    uint64_t at = header_number(head + 8, 8);
    uint32_t name_len = header_number(head + 16, 4);
    const unsigned char *format;
    size_t format_len;

    header->has_base = at && name_len;
    if (!header->has_base || at > len || name_len > len - at) return;
    header->base = snap_sprintf(sc, "%.*s", (int)name_len, head + at);
    format = header_extension(head, len, HEADER_EXT_BASE_FORMAT,
                              &format_len);
    if (format)
        header->base_format = snap_sprintf(sc, "%.*s", (int)format_len,
                                           format);
}

bool snap_qcow2_header_read(libxl_snapshot_ctx *sc, const void *bytes,
                            size_t len, struct snap_qcow2_header *header_r)
{
    const unsigned char *head = bytes, *name;
    size_t name_len = 0;

    *header_r = (struct snap_qcow2_header){ .num_tags = 0 };
    if (len < SNAP_QCOW2_HEADER_MIN || memcmp(head, "QFI\xfb", 4))
        return false;
    header_r->num_tags = header_number(head + 60, 4);
    header_r->virtual_size = header_number(head + 24, 8);
    header_read_base(sc, head, len, header_r);
    if (!header_is_v3(head)
        || !(header_number(head + HEADER_V2, 8) & HEADER_HAS_DATA_FILE))
        return true;
    name = header_extension(head, len, HEADER_EXT_DATA_FILE, &name_len);
    if (!name) return false;
    header_r->data_file = snap_sprintf(sc, "%.*s", (int)name_len, name);
    return true;
}
