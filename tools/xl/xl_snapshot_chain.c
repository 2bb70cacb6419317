/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_chain.c: warns of disks that stand on many images.  How many
 * is a setting of the host, and those are in xl.conf(5): xl leaves alone
 * what it does not know in there.
 */
#include "xl_snapshot.h"

#include <stdlib.h>

#include "xl.h"
#include "xl_config.h"
#include "xl_session.h"
#include "xl_utils.h"

#define CHAIN_CONFIG XEN_CONFIG_DIR "/xl.conf"
#define CHAIN_KEY "snapshot.chain_depth"
#define CHAIN_DEPTH 16

/* Read the setting from the @text of xl.conf into *@depth_r, which is left
 * alone if there is none.  Returns -1 if it cannot be told. */
static int chain_parse_depth(const char *text, long *depth_r)
{
    struct config_parser parser;
    long depth = *depth_r;
    int r;

    r = config_parse(&parser, CHAIN_CONFIG, text);
    if (!r) r = config_number(&parser, CHAIN_KEY, &depth);
    config_parser_dispose(&parser);
    if (r || depth < 0) return -1;
    *depth_r = depth;
    return 0;
}

/* From how many images on there is a warning; 0: never.  A mistake in the
 * file is no reason to fail, but is told. */
static long chain_depth(const struct session *s)
{
    long depth = CHAIN_DEPTH;
    char *text;
    size_t len;

    if (config_file_read(CHAIN_CONFIG, &text, &len)) {
        free(text);
        return depth;
    }
    if (len > CONFIG_FILE_MAX || chain_parse_depth(text, &depth))
        session_error(s, "warning: %s: %s must be a number, or 0 for "
                      "never; %d is taken", CHAIN_CONFIG, CHAIN_KEY,
                      CHAIN_DEPTH);
    free(text);
    return depth;
}

/* How the chain is made shorter, if there is a command for it;
 * malloc'd. */
static char *chain_advice(const char *domain, const char *vdev)
{
    char *text, *name;

    if (!cmdtable_lookup("block-pull")) return xstrdup("");
    name = libxl_snapshot_operand(domain);
    xasprintf(&text, "; xl block-pull %s %s makes it one", name, vdev);
    free(name);
    return text;
}

void chains_warn(const struct session *s, const char *domain,
                 const struct chain_length *chains, int num)
{
    long depth = num ? chain_depth(s) : 0;
    char *advice;
    int i;

    for (i = 0; depth && i < num; i++) {
        if (chains[i].num_images < depth) continue;
        advice = chain_advice(domain, chains[i].vdev);
        session_error(s, "warning: disk %s stands on a chain of %d "
                      "images, and what the guest reads may be looked for "
                      "in each%s", chains[i].vdev, chains[i].num_images,
                      advice);
        free(advice);
    }
}
