/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-config.c: the snapshot config, xl.snapshot.cfg(5). */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

const char fuzz_target[] = "config";

/* What we write of it is a snapshot config that says the same. */
static void write_and_read(libxl_snapshot_ctx *sc,
                           const libxl_domain_snapshot *snap)
{
    char *text = libxl_domain_snapshot_config_text(sc, snap), *text2;
    libxl_domain_snapshot again;

    libxl_domain_snapshot_init(&again);
    MUST(!libxl_domain_snapshot_config_read(
        sc, fuzz_file(text, strlen(text)), &again));
    text2 = libxl_domain_snapshot_config_text(sc, &again);
    MUST(!strcmp(text, text2));
    MUST(again.num_disks == snap->num_disks);
    libxl_domain_snapshot_dispose(&again);
    free(text);
    free(text2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    libxl_domain_snapshot snap;
    int rc;

    libxl_domain_snapshot_init(&snap);
    rc = libxl_domain_snapshot_config_read(sc, fuzz_file(data, size),
                                           &snap);
    fuzz_judged(sc, rc);
    fuzz_judged(sc, snap_refuse_snapshot(sc, &snap));
    if (!rc) write_and_read(sc, &snap);
    libxl_domain_snapshot_dispose(&snap);
    libxl_domain_snapshot_dispose(&snap);
    return 0;
}
