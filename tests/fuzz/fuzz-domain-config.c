/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * fuzz-domain-config.c: a domain's config in JSON, from a memory image or
 * as it is stored, what libxl makes of it, and what we look for in that.
 */
#include "fuzz.h"

#include <stdlib.h>

#include "facts/domain.h"

const char fuzz_target[] = "domain-config";

static int read_json(libxl_snapshot_ctx *sc, const char *json,
                     libxl_domain_config *config)
{
    libxl_domain_config_init(config);
    return snap_domain_config_from_json(sc, "image", json, config);
}

static void look(libxl_snapshot_ctx *sc, const libxl_domain_config *config)
{
    struct snap_uncaptured uncaptured = { .num = 0 };
    libxl_domain_snapshot snap = { .memory_path = NULL };
    struct snap_boot boot;
    int i;

    snap_uncaptured_of_config(sc, config, &uncaptured);
    fuzz_judged(sc, snap_refuse_uncaptured(sc, &uncaptured, false));
    snap_boot_gather(sc, config, &snap, &boot);
    fuzz_judged(sc, snap_refuse_boot(sc, "image", &boot));
    for (i = 0; i < config->num_disks; i++) {
        MUST(snap_config_disk(config, config->disks[i].vdev)
             == &config->disks[i]);
        free(libxl_snapshot_disk_spec(&config->disks[i]));
    }
    snap_dom_need_kb(sc, config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin_xen();
    libxl_domain_config config, again;
    char *json;
    int rc;

    rc = read_json(sc, fuzz_text(sc, data, size), &config);
    fuzz_judged(sc, rc);
    if (rc) goto out;
    look(sc, &config);
    /* what a revert hands to xl is read as what it is */
    json = libxl_domain_config_to_json(sc->ctx, &config);
    MUST(json);
    MUST(!read_json(sc, json, &again));
    libxl_domain_config_dispose(&again);
    free(json);
 out:
    libxl_domain_config_dispose(&config);
    return 0;
}
