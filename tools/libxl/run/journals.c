/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/journals.c: the folder of the journals, and what is refused because
 * of what is in it.
 */
#include "run/run.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The length of the name of a file without the ".json" behind it. */
static size_t journals_stem_len(const char *name)
{
    size_t len = strlen(name);

    return len > 5 && !strcmp(name + len - 5, ".json") ? len - 5 : len;
}

const char *snap_journal_stem(libxl_snapshot_ctx *sc, const char *path)
{
    const char *slash = strrchr(path, '/'),
               *name = slash ? slash + 1 : path;

    return snap_sprintf(sc, "%.*s", (int)journals_stem_len(name), name);
}

static int journals_is_journal(const struct dirent *entry)
{
    return entry->d_name[journals_stem_len(entry->d_name)] != '\0';
}

int snap_journal_list(libxl_snapshot_ctx *sc,
                      struct snap_journal_entry **entries_r, int *num_r)
{
    struct dirent **names = NULL;
    int i, num = 0;

    *entries_r = NULL;
    *num_r = 0;
    if (!sc->journal_dir) return 0;
    num = scandir(sc->journal_dir, &names, journals_is_journal, alphasort);
    if (num < 0 && errno == ENOENT) return 0;
    if (num < 0)
        return snap_fail(sc, ERROR_FAIL,
                         "cannot read the journal's folder %s: "
                         "%s",
                         sc->journal_dir, strerror(errno));
    *entries_r = snap_zalloc(sc, num * sizeof(**entries_r));
    for (i = 0; i < num; i++) {
        if (snap_journal_read(sc, snap_sprintf(
                sc, "%s/%s", sc->journal_dir, names[i]->d_name),
                &(*entries_r)[i]))
            (*entries_r)[i].error = snap_take_error(sc);
        free(names[i]);
    }
    free(names);
    *num_r = num;
    return 0;
}

bool snap_journal_is_of(const struct snap_journal_entry *entry,
                        const char *domain, const char *uuid_str)
{
    const struct snap_journal_head *head = &entry->head;

    return (domain && !strcmp(head->domain, domain))
           || (uuid_str && head->uuid_str
               && !strcmp(head->uuid_str, uuid_str))
           || (uuid_str && head->running_uuid
               && !strcmp(head->running_uuid, uuid_str));
}

int snap_journal_fail_other(libxl_snapshot_ctx *sc,
                            const struct snap_journal_entry *entry)
{
    const struct snap_journal_head *head = &entry->head;

    return snap_fail(sc, ERROR_INVAL, "domain %s: a snapshot-%s of it has "
                     "not ended on %s (%s), and may be at work there; run xl "
                     "snapshot-recover %s there first", head->domain,
                     head->operation, entry->other_host, entry->path,
                     snap_operand(sc, head->domain));
}

int snap_journal_refuse(libxl_snapshot_ctx *sc, const char *domain,
                        const char *uuid_str)
{
    struct snap_journal_entry *entries;
    int i, num, rc;

    rc = snap_journal_list(sc, &entries, &num);
    if (rc) return rc;
    for (i = 0; i < num; i++) {
        const struct snap_journal_head *head = &entries[i].head;

        if (entries[i].torn
            || !snap_journal_is_of(&entries[i], domain, uuid_str))
            continue;
        if (entries[i].error)
            return snap_fail(sc, ERROR_INVAL, "%s", entries[i].error);
        if (entries[i].other_host)
            return snap_journal_fail_other(sc, &entries[i]);
        return snap_fail(sc, ERROR_FAIL, "domain %s: a snapshot-%s of it has "
                         "not ended (%s); run xl snapshot-recover %s first",
                         head->domain, head->operation, entries[i].path,
                         snap_operand(sc, head->domain));
    }
    return 0;
}
