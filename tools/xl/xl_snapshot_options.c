/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_snapshot_options.c: options of several commands, see
 * xl_snapshot.h. */
#include "xl_snapshot.h"

#include <getopt.h>
#include <stdlib.h>

#include "xl.h"
#include "xl_output.h"
#include "xl_utils.h"

void usage_error(const char *command, const char *message)
{
    message_line("%s: %s", command, message);
    exit(2);
}

void common_option(struct common_options *o, int opt)
{
    switch (opt) {
    case 'd':
        o->directory = optarg;
        break;
    case 'N':
        o->dry_run = true;
        break;
    case 'p':
        o->paused = true;
        break;
    case 'v':
        if (minmsglevel > 0) minmsglevel--;
        break;
    case OPT_ACCEPT_CONFIG:
        o->accept_config = true;
        break;
    case OPT_DISREGARD:
        o->disregarded = xrealloc(
            o->disregarded,
            (o->num_disregarded + 1) * sizeof(*o->disregarded));
        o->disregarded[o->num_disregarded++] = optarg;
        break;
    case OPT_DOMAIN_CONFIG:
        o->domain_config = optarg;
        break;
    case OPT_JSON:
        o->json = true;
        break;
    case OPT_SKIP_UNSUPPORTED:
        o->skip_unsupported = true;
        break;
    case OPT_TRUST_FOLDERS:
        o->trust_folders = true;
        break;
    case OPT_UPDATE_CONFIG:
        o->update_config = optarg;
        break;
    }
}

void common_options_end(struct common_options *o, const char *command,
                        int operands, int most)
{
    if (dryrun_only) o->dry_run = true;
    if (operands <= most) return;
    message_line("%s: too many arguments; see xl %s --help", command,
                 command);
    exit(2);
}
