/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-image.c: the memory image: xl's header, libxl's and libxc's
 * streams. */
#include "fuzz.h"

#include <string.h>
#include <unistd.h>

const char fuzz_target[] = "image";

/* With the header that a revert makes, it is the same image. */
static void head_and_stream(libxl_snapshot_ctx *sc, const char *json,
                            const uint8_t *stream, size_t size)
{
    const void *head;
    size_t len;
    char *image, *json2;
    int fd;

    snap_memory_image_header(sc, json, &head, &len);
    image = snap_grow(sc, head, len, len + size);
    memcpy(image + len, stream, size);
    MUST(!snap_memory_image_open(sc, fuzz_file(image, len + size), &json2,
                                 &fd));
    MUST((size_t)lseek(fd, 0, SEEK_CUR) == len && !strcmp(json, json2));
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    off_t at;
    char *json;
    int fd, rc = snap_memory_image_open(sc, fuzz_file(data, size), &json,
                                        &fd);

    fuzz_judged(sc, rc);
    if (rc) return 0;
    at = lseek(fd, 0, SEEK_CUR);
    close(fd);
    MUST(at > 0 && (size_t)at < size);
    if (*json) head_and_stream(sc, json, data + at, size - at);
    return 0;
}
