/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * config/write.c: writes the snapshot config, xl.snapshot.cfg(5), and
 * strings of xl.cfg.
 */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>

char *snap_config_quote(libxl_snapshot_ctx *sc, const char *s)
{
    char *escaped = libxl_snapshot_config_escape(s, '"');
    char *quoted = snap_sprintf(sc, "\"%s\"", escaped);

    free(escaped);
    return quoted;
}

char *libxl_domain_snapshot_config_text(libxl_snapshot_ctx *sc,
                                        const libxl_domain_snapshot *snap)
{
    const struct snap_key *key;
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f) abort();
    fputs("# A domain snapshot: see xl.snapshot.cfg(5), xl-snapshot(1).\n", f);
    for (key = snap_keys; key->name; key++)
        if (key->flags & SNAP_KEY_WRITTEN)
            key->type->write(sc, f, key, snap);
    fclose(f);
    if (!text) abort();
    return text;
}
