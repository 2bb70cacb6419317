/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_config_parse.c: an xl.cfg as libxlutil reads it.  libxlutil writes
 * what it complains of to a FILE: kept here as a line.
 */
#include "xl_config.h"

#include <stdlib.h>
#include <string.h>

int config_parse(struct config_parser *p, const char *file,
                 const char *text, size_t len)
{
    memset(p, 0, sizeof(*p));
    p->report = open_memstream(&p->complaint, &p->complaint_len);
    if (!p->report) abort();
    p->cfg = xlu_cfg_init(p->report, file);
    if (!p->cfg) abort();
    return xlu_cfg_readdata(p->cfg, text, len) ? -1 : 0;
}

const char *config_complaint(struct config_parser *p)
{
    fflush(p->report);
    if (!*p->complaint) return NULL;
    p->complaint[strcspn(p->complaint, "\n")] = 0;
    return p->complaint;
}

void config_parser_dispose(struct config_parser *p)
{
    if (p->cfg) xlu_cfg_destroy(p->cfg);
    if (p->report) fclose(p->report);
    free(p->complaint);
    memset(p, 0, sizeof(*p));
}
