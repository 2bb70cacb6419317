/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * standalone/xl.h: as much of xen.git's tools/xl/xl.h as our commands use,
 * with its names, types and meanings.  tests/style/test-xen.sh compiles
 * the commands with that one.
 */
#ifndef XL_H
#define XL_H

#include <stdbool.h>
#include <xentoollog.h>

#include "config.h"     /* xen.git's Makefile gives its own by -include */

struct cmd_spec {
    const char *cmd_name;
    int (*cmd_impl)(int argc, char **argv);
    int can_dryrun;
    int modifies;
    const char *cmd_desc;
    const char *cmd_usage;
    const char *cmd_option;
};

void help(const char *command);

extern const struct cmd_spec cmd_table[];
extern const int cmdtable_len;
/* Look up a command in the table, allowing unambiguous truncation */
const struct cmd_spec *cmdtable_lookup(const char *s);

/* global options */
extern int dryrun_only;
extern bool timestamps;
extern xentoollog_level minmsglevel;
#define minmsglevel_default XTL_PROGRESS

#endif /* XL_H */
