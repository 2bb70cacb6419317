/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-vhd.c: the two ends of a vhd, the first of which a guest may own. */
#include "fuzz.h"

#include <string.h>

const char fuzz_target[] = "vhd";

#define FOOTER 512

/* A right checksum is not to be found by trying. */
static void seal(uint8_t *footer)
{
    uint32_t sum = 0;
    int i;

    if (memcmp(footer, "conectix", 8)) return;
    memset(footer + 64, 0, 4);
    for (i = 0; i < FOOTER; i++) sum += footer[i];
    for (i = 0; i < 4; i++) footer[64 + i] = ~sum >> (24 - 8 * i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    uint8_t *file = (uint8_t *)fuzz_text(sc, data, size);
    enum snap_vhd vhd = SNAP_VHD_NONE;
    int rc;

    if (size >= FOOTER) {
        seal(file);
        seal(file + size - FOOTER);
    }
    rc = snap_vhd_read(sc, fuzz_file(file, size), &vhd);
    fuzz_judged(sc, rc);
    MUST(!rc && vhd != SNAP_VHD_NONE);
    return 0;
}
