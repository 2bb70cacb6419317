/* SPDX-License-Identifier: LGPL-2.1-only */
#include "update.h"

#include <stdlib.h>

static char *from_a[] = { "/a.qcow2", "/a.older.qcow2", NULL };
static char *from_b[] = { "/b.raw", NULL };
struct config_edit edits[2];

void reset(void)
{
    edits[0] = (struct config_edit){
        .vdev = "xvda", .num_from = 2, .from = from_a, .to = "/a.s1.qcow2",
        .format = LIBXL_DISK_FORMAT_QCOW2 };
    edits[1] = (struct config_edit){
        .vdev = "xvdb", .num_from = 1, .from = from_b, .to = "/b.s1.qcow2",
        .format = LIBXL_DISK_FORMAT_QCOW2 };
}

char *updated(const char *text, size_t len, int num)
{
    char *error = NULL;
    char *got = update_config_text("vm.cfg", text, len, "vm", edits, num,
                                   &error);
    char *result = got ? snap_strdup(sc, got)
                       : snap_sprintf(sc, "refused: %s", error);

    CHECK(!got == !!error);
    free(got);
    free(error);
    return result;
}

char *update(const char *text, int num)
{
    reset();
    return updated(text, strlen(text), num);
}

char *updated_disks(const char *disks)
{
    char *text = snap_sprintf(sc, NAME "disk=[%s]", disks);

    return updated(text, strlen(text), 1);
}

void update_to(const char *path, const char *before, const char *after)
{
    char *text = snap_sprintf(sc, NAME "disk = [ %s ]", before);
    char *want = snap_sprintf(sc, NAME "disk = [ %s ]", after);

    reset();
    edits[0].to = (char *)path;
    CHECK_STR(updated(text, strlen(text), 1), want);
}
