/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-qemu-img.c: what qemu-img says of an image, and of its version. */
#include "fuzz.h"

#include "facts/facts.h"

#include <string.h>

const char fuzz_target[] = "qemu-img";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    const char *version, *problem;
    struct snap_chain chain;
    int i, k, rc;

    fuzz_prints(data, size);
    snap_program_version(sc, "qemu-img", &version, &problem);
    if (version) fuzz_printable(version);
    rc = snap_image_look(sc, "/d/root.qcow2", "qcow2", &chain);
    fuzz_judged(sc, rc);
    if (rc) return 0;
    MUST(chain.num_layers > 0);
    for (i = 0; i < chain.num_layers; i++) {
        MUST(snap_chain_find(&chain, chain.layers[i].path));
        for (k = 0; k < chain.layers[i].num_tags; k++)
            MUST(chain.layers[i].tags[k].name);
        for (k = 0; k < chain.layers[i].num_bitmaps; k++)
            MUST(chain.layers[i].bitmaps[k]);
        for (k = 0; k < chain.layers[i].num_others; k++)
            MUST(strcmp(chain.layers[i].others[k], chain.layers[i].path));
    }
    return 0;
}
