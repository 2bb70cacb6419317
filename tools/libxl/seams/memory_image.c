/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/memory_image.c: the file of a memory image: what "xl save" writes.
 *
 *   xl's header      magic, byte order, flags, length of the optional data
 *   optional data    u32 length, the domain's config as JSON with its NUL
 *   libxl's stream   header, records; one of them, LIBXC_CONTEXT, is followed
 *                    by libxc's own stream of records; both end with END
 *
 * xl's part is tools/xl/xl.h (4.17; not installed by Xen), the streams are
 * docs/specs/libxl-migration-stream and libxc-migration-stream.  Walking
 * the records to the last END tells a complete image from a truncated one
 * and reads only their headers.
 */
#include "seams/files.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Some 1,000 times what libxl 4.20 writes of a domain. */
#define CONFIG_JSON_MAX (1 << 20)

static const char xl_magic[] = "Xen saved domain, xl format\n \0 \r";

struct xl_header {
    char magic[32];
    uint32_t byteorder;
    uint32_t mandatory_flags;
    uint32_t optional_flags;
    uint32_t optional_data_len;
};

#define XL_BYTEORDER        UINT32_C(0x01020304)
#define XL_FLAG_JSON        UINT32_C(1)
#define XL_FLAG_STREAM_V2   UINT32_C(2)

#define LIBXL_IDENT         UINT64_C(0x4c6962786c466d74)    /* "LibxlFmt" */
#define LIBXL_VERSION_2     2
#define LIBXL_RECORD_END            0
#define LIBXL_RECORD_LIBXC_CONTEXT  1

#define LIBXC_MARKER        UINT64_MAX
#define LIBXC_ID            UINT32_C(0x58454e46)            /* "XENF" */
#define LIBXC_HEADERS_SIZE  (24 + 16)       /* image header, domain header */
#define LIBXC_RECORD_END    0

void snap_memory_image_header(libxl_snapshot_ctx *sc, const char *json,
                             const void **head_r, size_t *len_r)
{
    uint32_t json_len = strlen(json) + 1;
    struct xl_header hdr = {
        .byteorder = XL_BYTEORDER,
        .mandatory_flags = XL_FLAG_JSON | XL_FLAG_STREAM_V2,
        .optional_data_len = sizeof(json_len) + json_len,
    };
    char *head;

    *len_r = sizeof(hdr) + sizeof(json_len) + json_len;
    *head_r = head = snap_zalloc(sc, *len_r);
    memcpy(hdr.magic, xl_magic, sizeof(hdr.magic));
    memcpy(head, &hdr, sizeof(hdr));
    memcpy(head + sizeof(hdr), &json_len, sizeof(json_len));
    memcpy(head + sizeof(hdr) + sizeof(json_len), json, json_len);
}

/*-- reading ----------------------------------------------------------------*/

struct reader {
    libxl_snapshot_ctx *sc;
    const char *path;
    int fd;
    off_t at, size;
};

static int image_bad(struct reader *r, const char *why)
{
    return snap_fail(r->sc, ERROR_INVAL, "memory image %s: %s", r->path, why);
}

static int image_read(struct reader *r, void *buf, size_t len)
{
    if (r->size - r->at < (off_t)len
        || pread(r->fd, buf, len, r->at) != (ssize_t)len)
        return image_bad(r, "truncated; restore it from a copy or use another "
                         "snapshot");
    r->at += len;
    return 0;
}

struct record {
    uint32_t type, length;
};

/* Read a record's header and step over its body, padded to 8 octets. */
static int image_record(struct reader *r, struct record *rec)
{
    off_t body;
    int rc = image_read(r, rec, sizeof(*rec));

    if (rc) return rc;
    body = ((off_t)rec->length + 7) & ~(off_t)7;
    if (r->size - r->at < body)
        return image_bad(r, "truncated; restore it from a copy or use another "
                         "snapshot");
    r->at += body;
    return 0;
}

static int image_read_config(struct reader *r, char **json_r)
{
    struct xl_header hdr = { 0 };
    uint32_t len = 0;
    off_t end;
    int rc;

    rc = image_read(r, &hdr, sizeof(hdr));
    if (rc) return rc;
    if (memcmp(hdr.magic, xl_magic, sizeof(hdr.magic))
        || hdr.byteorder != XL_BYTEORDER)
        return image_bad(r, "not a file that xl save wrote");
    if (hdr.mandatory_flags != (XL_FLAG_JSON | XL_FLAG_STREAM_V2))
        return image_bad(r, "written by an xl that is too old or too new");
    end = r->at + hdr.optional_data_len;
    rc = image_read(r, &len, sizeof(len));
    if (rc) return rc;
    if (!len || len > CONFIG_JSON_MAX || (off_t)len > end - r->at)
        return image_bad(r, "does not contain the domain's config");
    *json_r = snap_zalloc(r->sc, len + 1);
    rc = image_read(r, *json_r, len);
    r->at = end;
    return rc;
}

static int image_walk_libxc(struct reader *r)
{
    struct { uint64_t marker; uint32_t id, version; } hdr = { 0 };
    struct record rec = { 0 };
    int rc;

    rc = image_read(r, &hdr, sizeof(hdr));
    if (rc) return rc;
    if (hdr.marker != LIBXC_MARKER || be32toh(hdr.id) != LIBXC_ID)
        return image_bad(r, "its memory part is damaged");
    r->at += LIBXC_HEADERS_SIZE - sizeof(hdr);
    do {
        rc = image_record(r, &rec);
        if (rc) return rc;
    } while (rec.type != LIBXC_RECORD_END);
    return 0;
}

static int image_walk_libxl(struct reader *r)
{
    struct { uint64_t ident; uint32_t version, options; } hdr = { 0 };
    struct record rec = { 0 };
    bool memory = false;
    int rc;

    rc = image_read(r, &hdr, sizeof(hdr));
    if (rc) return rc;
    if (be64toh(hdr.ident) != LIBXL_IDENT
        || be32toh(hdr.version) != LIBXL_VERSION_2)
        return image_bad(r, "not a libxl stream of version 2");
    do {
        rc = image_record(r, &rec);
        if (!rc && rec.type == LIBXL_RECORD_LIBXC_CONTEXT) {
            memory = true;
            rc = image_walk_libxc(r);
        }
        if (rc) return rc;
    } while (rec.type != LIBXL_RECORD_END);
    if (!memory) return image_bad(r, "contains no memory");
    return r->at == r->size ? 0 : image_bad(r, "has more data after its "
                                            "end");
}

int snap_memory_image_open(libxl_snapshot_ctx *sc, const char *path,
                           char **json_r, int *fd_r)
{
    struct reader r = { .sc = sc, .path = path };
    const char *why;
    struct stat st;
    off_t stream;
    int rc;

    *fd_r = -1;
    r.fd = snap_open_trusted(sc, path, O_RDONLY, &why);
    if (r.fd < 0) return image_bad(&r, why);
    if (fstat(r.fd, &st) || !S_ISREG(st.st_mode)) {
        rc = image_bad(&r, "not a file");
        goto out;
    }
    r.size = st.st_size;
    rc = image_read_config(&r, json_r);
    if (rc) goto out;
    stream = r.at;
    rc = image_walk_libxl(&r);
    if (!rc && lseek(r.fd, stream, SEEK_SET) < 0)
        rc = image_bad(&r, strerror(errno));
 out:
    if (rc) close(r.fd);
    else *fd_r = r.fd;
    return rc;
}

int snap_memory_image_check(libxl_snapshot_ctx *sc, const char *path,
                            char **json_r)
{
    int fd, rc = snap_memory_image_open(sc, path, json_r, &fd);

    if (fd >= 0) close(fd);
    return rc;
}
