/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-overlay.c: an overlay that a recovery takes for empty: the bases must
 * have all then. */
#include "fuzz.h"

#include <string.h>

const char fuzz_target[] = "overlay";

static uint64_t number(const uint8_t *p, int bytes)
{
    uint64_t n = 0;

    while (bytes--) n = n << 8 | *p++;
    return n;
}

static bool is_used(libxl_snapshot_ctx *sc, const void *file, size_t size)
{
    bool used = false;
    int rc = snap_file_is_used_overlay(sc, fuzz_file(file, size), &used);

    fuzz_judged(sc, rc);
    return rc || used;
}

/* One entry in its table, and a qcow2 is used. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    uint8_t *file = (uint8_t *)fuzz_text(sc, data, size);
    uint64_t at, len;

    if (is_used(sc, file, size) || size < 72
        || memcmp(file, "QFI\xfb", 4))
        return 0;
    at = number(file + 40, 8);
    len = 8 * number(file + 36, 4);
    if (at < 104 || at >= size || !len) return 0;
    if (len > size - at) len = size - at;
    file[at + len - 1] = 1;
    MUST(is_used(sc, file, size));
    return 0;
}
