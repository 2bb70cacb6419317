/* SPDX-License-Identifier: LGPL-2.1-only */
/* config/config.h: the snapshot config, in xl.cfg syntax. */
#ifndef SNAP_CONFIG_H
#define SNAP_CONFIG_H

#include "storage/storage.h"

/* @s as a string of xl.cfg, in quotes. */
char *snap_config_quote(libxl_snapshot_ctx *sc, const char *s);
/* The snapshot config @text; @path is for messages. */
int snap_config_parse(libxl_snapshot_ctx *sc, const char *path,
                      const char *text, libxl_domain_snapshot *snap);

#endif /* SNAP_CONFIG_H */
