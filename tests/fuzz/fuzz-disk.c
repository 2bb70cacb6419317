/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * fuzz-disk.c: a disk in xl-disk-configuration(5) syntax, and a string in
 * xl.cfg's: what we write of them libxlutil reads as the same.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libxlutil.h>

const char fuzz_target[] = "disk";

static FILE *nowhere;

static XLU_Config *open_config(void)
{
    XLU_Config *cfg;

    if (!nowhere) nowhere = fopen("/dev/null", "w");
    cfg = nowhere ? xlu_cfg_init(nowhere, "input") : NULL;
    if (!cfg) abort();
    return cfg;
}

static void spec_and_back(XLU_Config *cfg, const char *text)
{
    libxl_device_disk disk, again;
    char *spec, *spec2;

    if (strchr(text, '\n')) return;  /* such a path is refused, as libxlutil
                                      * cannot say it after "target=" */
    libxl_device_disk_init(&disk);
    if (!libxl_snapshot_disk_parse(cfg, nowhere, "input", text, &disk)
        && snap_vdev_is_valid(disk.vdev)) {
        spec = libxl_snapshot_disk_spec(&disk);
        libxl_device_disk_init(&again);
        MUST(!libxl_snapshot_disk_parse(cfg, nowhere, "input", spec,
                                        &again));
        spec2 = libxl_snapshot_disk_spec(&again);
        MUST(!strcmp(spec, spec2));
        libxl_device_disk_dispose(&again);
        free(spec);
        free(spec2);
    }
    libxl_device_disk_dispose(&disk);
}

static void quote_and_back(libxl_snapshot_ctx *sc, XLU_Config *cfg,
                           const char *text, char quote)
{
    char *escaped = libxl_snapshot_config_escape(text, quote);
    char *line = snap_sprintf(sc, "key = %c%s%c\n", quote, escaped, quote);
    const char *read = NULL;

    MUST(!xlu_cfg_readdata(cfg, line, strlen(line)));
    MUST(!xlu_cfg_get_string(cfg, "key", &read, 1));
    MUST(!strcmp(read, text));
    free(escaped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    char *text = fuzz_text(sc, data, size);
    XLU_Config *cfg = open_config();

    spec_and_back(cfg, text);
    quote_and_back(sc, cfg, text, '"');
    xlu_cfg_destroy(cfg);
    cfg = open_config();
    quote_and_back(sc, cfg, text, '\'');
    xlu_cfg_destroy(cfg);
    return 0;
}
