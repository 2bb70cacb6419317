/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-image.c: the memory image: xl's header, libxl's and libxc's
 * streams. */
#include "fuzz.h"

#include <string.h>

const char fuzz_target[] = "image";

/* With the header that a revert makes, it is the same image. */
static void head_and_stream(libxl_snapshot_ctx *sc, const char *json,
                            const uint8_t *stream, size_t size)
{
    const void *head;
    size_t len;
    char *image, *json2;
    off_t at;

    snap_memory_image_header(sc, json, &head, &len);
    image = snap_grow(sc, head, len, len + size);
    memcpy(image + len, stream, size);
    MUST(!snap_memory_image_check(sc, fuzz_file(image, len + size), &json2,
                                  &at));
    MUST((size_t)at == len && !strcmp(json, json2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    off_t at;
    char *json;
    int rc =
        snap_memory_image_check(sc, fuzz_file(data, size), &json, &at);

    fuzz_judged(sc, rc);
    if (rc) return 0;
    MUST(at > 0 && (size_t)at < size);
    if (*json) head_and_stream(sc, json, data + at, size - at);
    return 0;
}
