/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/mark.c: what tells a domain that our xl has made from one that
 * somebody else has started meanwhile, with the same name and uuid.
 *
 * A mark, a word that is never used again, is in the environment of the xl
 * that we run, so also of its monitor and of the domain's QEMU, which libxl
 * starts with xl's environment (4.17, libxl_exec.c:libxl__exec); and, when
 * xl has ended, in xenstore, in the domain's folder of libxl, which goes
 * with the domain.
 */
#include "seams/seams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#define MARK_NAME "XL_SNAPSHOT_REVERT"

const char *snap_mark_new(libxl_snapshot_ctx *sc)
{
    libxl_uuid uuid;

    libxl_uuid_generate(&uuid);
    return snap_sprintf(sc, LIBXL_UUID_FMT, LIBXL_UUID_BYTES(uuid));
}

const char *const *snap_mark_env(libxl_snapshot_ctx *sc, const char *mark)
{
    const char **env = snap_environ_for_xl(sc), **end = env;

    while (*end) end++;
    if (mark) *end = snap_sprintf(sc, MARK_NAME "=%s", mark);
    return env;
}

static const char *mark_path(libxl_snapshot_ctx *sc, uint32_t domid)
{
    return snap_sprintf(sc, "/libxl/%u/xl-snapshot", domid);
}

void snap_mark_set(libxl_snapshot_ctx *sc, uint32_t domid,
                   const char *mark)
{
    struct xs_handle *xs = mark ? xs_open(0) : NULL;

    if (!xs) return;
    xs_write(xs, XBT_NULL, mark_path(sc, domid), mark, strlen(mark));
    xs_close(xs);
}

bool snap_mark_is_on(libxl_snapshot_ctx *sc, pid_t pid, const char *mark)
{
    const char *wanted = snap_sprintf(sc, MARK_NAME "=%s", mark);
    struct snap_words words;
    const char *entry;
    bool found = false;

    if (!snap_words_open(sc, &words, pid, "environ")) return false;
    while (!found && (entry = snap_words_next(&words)))
        found = !strcmp(entry, wanted);
    snap_words_close(&words);
    return found;
}

/* By the xl that watches over the domain; that of one which was renamed
 * since has the name, too. */
static enum snap_maker mark_of_monitors(libxl_snapshot_ctx *sc,
                                        const char *name, const char *mark)
{
    pid_t *pids;
    int num, i;

    if (snap_monitor_find(sc, name, &pids, &num)) {
        snap_take_error(sc);
        return SNAP_MADE_BY_OTHERS;
    }
    for (i = 0; i < num; i++)
        if (snap_mark_is_on(sc, pids[i], mark)) return SNAP_MADE_BY_US;
    return num ? SNAP_MADE_BY_OTHERS : SNAP_MADE_BY_NOBODY;
}

enum snap_maker snap_mark_maker(libxl_snapshot_ctx *sc, uint32_t domid,
                                const char *name, const char *mark)
{
    const char *now = snap_xenstore_read(sc, mark_path(sc, domid));
    pid_t qemu = snap_xenstore_qemu_pid(sc, domid);

    if (!mark) return SNAP_MADE_BY_NOBODY;
    if (now)
        return strcmp(now, mark) ? SNAP_MADE_BY_OTHERS : SNAP_MADE_BY_US;
    if (qemu && snap_process_started(sc, qemu))
        return snap_mark_is_on(sc, qemu, mark) ? SNAP_MADE_BY_US
                                               : SNAP_MADE_BY_OTHERS;
    return mark_of_monitors(sc, name, mark);
}
