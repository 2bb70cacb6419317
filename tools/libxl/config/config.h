/* SPDX-License-Identifier: LGPL-2.1-only */
/* config/config.h: the snapshot config, in xl.cfg syntax. */
#ifndef SNAP_CONFIG_H
#define SNAP_CONFIG_H

#include <stdio.h>

#include "storage/storage.h"

/* @s as a string of xl.cfg, in quotes. */
char *snap_config_quote(libxl_snapshot_ctx *sc, const char *s);
/* The snapshot config @text; @path is for messages. */
int snap_config_parse(libxl_snapshot_ctx *sc, const char *path,
                      const char *text, libxl_domain_snapshot *snap);

/*-- for the files of this folder -------------------------------------------*/

/* A snapshot config that is being read. */
struct snap_config_file {
    libxl_snapshot_ctx *sc;
    const char *path;           /* for messages */
    struct XLU_Config *cfg;
    FILE *report;               /* to which libxlutil writes its complaints */
    char *complaints;           /* what came there */
    size_t len;
};

/* The first complaint of libxlutil, a line. */
const char *snap_config_complaint(struct snap_config_file *file);
/* Fail with ERROR_INVAL and "PATH: " before the sentence. */
int snap_config_refuse(struct snap_config_file *file, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* SNAP_CONFIG_H */
