/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_config_parse.c: an xl.cfg, and its disks, as libxlutil reads them.
 * libxlutil writes what it complains of to a FILE: kept here as a line.
 */
#include "xl_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int config_parse(struct config_parser *p, const char *file,
                 const char *text)
{
    memset(p, 0, sizeof(*p));
    p->file = file;
    p->report = open_memstream(&p->complaint, &p->complaint_len);
    if (!p->report) abort();
    p->cfg = xlu_cfg_init(p->report, file);
    if (!p->cfg) abort();
    return libxl_snapshot_cfg_readdata(p->cfg, p->report, file, text);
}

const char *config_complaint(struct config_parser *p)
{
    fflush(p->report);
    if (!*p->complaint) return NULL;
    p->complaint[strcspn(p->complaint, "\n")] = 0;
    return p->complaint;
}

int config_number(struct config_parser *p, const char *key, long *number)
{
    int r = xlu_cfg_get_long(p->cfg, key, number, 0);

    return r == ESRCH ? 0 : r;
}

/* xl warns of a string in place of the list, and starts the domain without
 * disks. */
int config_disks(struct config_parser *p, XLU_ConfigList **list_r,
                 int *num_r)
{
    int r;

    *num_r = 0;
    r = xlu_cfg_get_list(p->cfg, "disk", list_r, num_r, 0);
    if (r == ESRCH) return 0;
    if (r) return -1;
    if (*num_r <= LIBXL_SNAPSHOT_MAX_DISKS) return 0;
    fprintf(p->report, "%s: `disk' has %d items; no domain has more than "
            "%d disks\n", p->file, *num_r, LIBXL_SNAPSHOT_MAX_DISKS);
    return -1;
}

int config_disk(struct config_parser *p, const XLU_ConfigList *list, int i,
                libxl_device_disk *disk)
{
    const char *spec = xlu_cfg_get_listitem(list, i);

    libxl_device_disk_init(disk);
    if (!spec) {
        fprintf(p->report, "%s: an item of `disk' is not a string\n",
                p->file);
        return -1;
    }
    return libxl_snapshot_disk_parse(p->cfg, p->report, p->file, spec,
                                     disk);
}

void config_parser_dispose(struct config_parser *p)
{
    if (p->cfg) xlu_cfg_destroy(p->cfg);
    if (p->report) fclose(p->report);
    free(p->complaint);
    memset(p, 0, sizeof(*p));
}
