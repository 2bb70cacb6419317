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

/*
 * Names: STEM.json; and STEM.json.HOST.BOOT for a draft, the head of a
 * journal that its host is just writing, or was killed at.
 */
#define JOURNAL_EXT ".json"

/* What stands behind ".json": nothing, or ".HOST.BOOT"; NULL: it is
 * neither. */
static const char *journals_tail(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *next = name, *tail = NULL;

    while ((next = strstr(next, JOURNAL_EXT)))
        tail = next += strlen(JOURNAL_EXT);
    return tail && tail != name + strlen(JOURNAL_EXT)
           && (!*tail || *tail == '.') ? tail : NULL;
}

const char *snap_journal_stem(libxl_snapshot_ctx *sc, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *tail = journals_tail(path);

    if (!tail) return snap_strdup(sc, name);
    return snap_sprintf(sc, "%.*s",
                        (int)(tail - strlen(JOURNAL_EXT) - name), name);
}

bool snap_journal_is_draft(const char *path)
{
    const char *tail = journals_tail(path);

    return tail && *tail;
}

static const char *journals_host(const struct snap_journal_host *host)
{
    return host->machine ? host->machine : host->name ? host->name : "-";
}

const char *snap_journal_draft(libxl_snapshot_ctx *sc, const char *path)
{
    const struct snap_journal_host here = snap_journal_host(sc);

    return snap_sprintf(sc, "%s.%s.%s", path, journals_host(&here),
                        here.boot ? here.boot : "-");
}

/* True for a draft of this host, of this boot or an earlier one. */
static bool journals_is_our_draft(libxl_snapshot_ctx *sc, const char *path)
{
    const struct snap_journal_host here = snap_journal_host(sc);
    const char *tail = journals_tail(path);
    const char *boot = tail ? strrchr(tail, '.') : NULL;

    return boot
        && !strcmp(snap_sprintf(sc, ".%s%s", journals_host(&here), boot),
                   tail);
}

static int journals_is_journal(const struct dirent *entry)
{
    return journals_tail(entry->d_name) != NULL;
}

/* True if @a began later; of one second, any order will do that is the same
 * each time.  All journals are in one folder, however that is spelled. */
static bool journals_is_later(const struct snap_journal_entry *a,
                              const struct snap_journal_entry *than)
{
    const char *x = strrchr(a->path, '/'), *y = strrchr(than->path, '/');

    return a->began != than->began ? a->began > than->began
        : strcmp(x ? x + 1 : a->path, y ? y + 1 : than->path) > 0;
}

static int journals_compare(const void *a, const void *b)
{
    return journals_is_later(b, a) - journals_is_later(a, b);
}

int snap_journal_list(libxl_snapshot_ctx *sc,
                      struct snap_journal_entry **entries_r, int *num_r)
{
    struct snap_journal_entry *entry;
    struct dirent **names = NULL;
    const char *path, *doubt;
    int i, num = 0;

    *entries_r = NULL;
    *num_r = 0;
    if (!sc->journal_dir) return 0;
    doubt = snap_open_doubt(sc, sc->journal_dir);
    if (doubt)
        return snap_fail(sc, ERROR_FAIL, "cannot use the journal's folder "
                         "%s: %s", sc->journal_dir, doubt);
    num = scandir(sc->journal_dir, &names, journals_is_journal, alphasort);
    if (num < 0 && errno == ENOENT) return 0;
    if (num < 0)
        return snap_fail(sc, ERROR_FAIL,
                         "cannot read the journal's folder %s: "
                         "%s",
                         sc->journal_dir, strerror(errno));
    *entries_r = snap_zalloc(sc, num * sizeof(**entries_r));
    for (i = 0; i < num; i++) {
        path = snap_sprintf(sc, "%s/%s", sc->journal_dir,
                            names[i]->d_name);
        free(names[i]);
        if (snap_journal_is_draft(path) && !journals_is_our_draft(sc, path))
            continue;
        entry = &(*entries_r)[(*num_r)++];
        if (snap_journal_read(sc, path, entry))
            entry->error = snap_take_error(sc);
        /* one that has just ended */
        if (entry->error && !snap_file_exists(path)) (*num_r)--;
    }
    free(names);
    if (*num_r)
        qsort(*entries_r, *num_r, sizeof(**entries_r), journals_compare);
    return 0;
}

int snap_journal_set_aside(libxl_snapshot_ctx *sc, const char *path,
                           const char **to_r)
{
    int i = 1;

    do {
        *to_r = snap_sprintf(sc, "%s/%s.abandoned-%d",
                             snap_file_dirname(sc, path),
                             snap_journal_stem(sc, path), i++);
    } while (snap_file_exists(*to_r));
    return snap_file_publish(sc, path, NULL, *to_r);
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

bool snap_journal_may_be_of(const struct snap_journal_entry *entry,
                            const char *domain)
{
    libxl_uuid uuid;

    return snap_journal_is_of(entry, domain, domain)
        || (entry->error
            && !libxl_uuid_from_string(&uuid, entry->head.domain));
}

int snap_journal_refuse_copy(libxl_snapshot_ctx *sc,
                             const struct snap_journal_entry *entry)
{
    const struct snap_journal_head *head = &entry->head;

    if (!entry->is_copy) return 0;
    return snap_fail(sc, ERROR_INVAL, "domain %s: %s is a copy of the "
                     "journal of a %s, as from a backup; that may "
                     "have ended long ago, so nothing is undone or completed "
                     "by it; see that the domain's disks are as you want "
                     "them, then run xl snapshot-recover --abandon %s",
                     head->domain, entry->path,
                     snap_command_name(sc, head->operation),
                     snap_operand(sc, head->domain));
}

int snap_journal_fail_other(libxl_snapshot_ctx *sc,
                            const struct snap_journal_entry *entry)
{
    const struct snap_journal_head *head = &entry->head;

    return snap_fail(sc, ERROR_INVAL, "domain %s: a %s of it has "
                     "not ended on %s (%s), and may be at work there; run xl "
                     "snapshot-recover %s there first; or, if that host will "
                     "never come back, or is this one under another name, "
                     "see --take-over", head->domain,
                     snap_command_name(sc, head->operation),
                     entry->other_host, entry->path,
                     snap_operand(sc, head->domain));
}

/* Fail, since the operation of @entry has not ended. */
static int journals_fail(libxl_snapshot_ctx *sc,
                         const struct snap_journal_entry *entry)
{
    const struct snap_journal_head *head = &entry->head;
    int rc;

    if (entry->error) return snap_fail(sc, ERROR_INVAL, "%s", entry->error);
    if (entry->other_host) return snap_journal_fail_other(sc, entry);
    rc = snap_journal_refuse_copy(sc, entry);
    if (rc) return rc;
    return snap_fail(sc, ERROR_FAIL, "domain %s: a %s of it has "
                     "not ended (%s); run xl snapshot-recover %s first",
                     head->domain, snap_command_name(sc, head->operation),
                     entry->path,
                     snap_operand(sc, head->domain));
}

/* Fail, since the operation of @entry, which has not ended, acts on @image
 * of the domain @domain. */
static int journals_fail_image(libxl_snapshot_ctx *sc, const char *domain,
                               const char *image, bool later,
                               const struct snap_journal_entry *entry)
{
    int rc = journals_fail(sc, entry);
    const char *why = snap_take_error(sc);

    if (later)
        return snap_fail(sc, rc, "domain %s: %s is an image of a later "
                         "operation, too: %s", domain, image, why);
    return snap_fail(sc, rc, "domain %s: %s is an image of another "
                     "operation, too: %s", domain, image, why);
}

/* What is about to begin, or to go on. */
struct journals_wanted {
    const char *except;         /* the path of a journal that does not
                                 * count, or NULL */
    const char *domain, *uuid_str, *other_uuid;     /* NULL: unknown */
    const struct snap_journal_images *images;       /* NULL: unknown */
    const struct snap_journal_entry *later_than;    /* it goes on; those that
                                 * began later count, by their images
                                 * alone; or NULL */
};

static int journals_refuse(libxl_snapshot_ctx *sc,
                           const struct journals_wanted *w)
{
    struct snap_journal_entry *entries;
    const char *image;
    int i, num, rc;

    rc = snap_journal_list(sc, &entries, &num);
    for (i = 0; !rc && i < num; i++) {
        const struct snap_journal_entry *e = &entries[i];

        if (e->torn || (w->except && !strcmp(e->path, w->except))
            || (w->later_than && !journals_is_later(e, w->later_than)))
            continue;
        if (!w->later_than
            && (snap_journal_is_of(e, w->domain, w->uuid_str)
                || snap_journal_is_of(e, NULL, w->other_uuid)))
            return journals_fail(sc, e);
        image = w->images ? snap_journal_images_shared(sc, e, w->images)
                          : NULL;
        if (image)
            return journals_fail_image(sc, w->domain, image,
                                       w->later_than != NULL, e);
    }
    return rc;
}

int snap_journal_refuse(libxl_snapshot_ctx *sc, const char *domain,
                        const char *uuid_str)
{
    const struct journals_wanted w = {
        .domain = domain, .uuid_str = uuid_str,
    };

    return journals_refuse(sc, &w);
}

int snap_journal_refuse_images(libxl_snapshot_ctx *sc, const char *domain,
                               const struct snap_journal_images *images)
{
    const struct journals_wanted w = { .domain = domain, .images = images };

    return journals_refuse(sc, &w);
}

int snap_journal_refuse_others(libxl_snapshot_ctx *sc,
                               const struct snap_journal_head *head,
                               const struct snap_journal_images *images,
                               const char *path)
{
    const struct journals_wanted w = {
        .except = path, .domain = head->domain, .uuid_str = head->uuid_str,
        .other_uuid = head->running_uuid, .images = images,
    };

    return journals_refuse(sc, &w);
}

int snap_journal_refuse_plan(libxl_snapshot_ctx *sc,
                             const struct snap_journal_head *head,
                             const struct snap_plan *plan)
{
    struct snap_journal_images images = { 0 };

    snap_journal_images_gather(sc, head, plan, &images);
    return snap_journal_refuse_others(sc, head, &images, NULL);
}

int snap_journal_refuse_later(libxl_snapshot_ctx *sc,
                              const struct snap_journal_entry *entry)
{
    const struct snap_journal_images images =
        snap_journal_images_of(sc, entry);
    const struct journals_wanted w = {
        .domain = entry->head.domain, .images = &images, .later_than = entry,
    };

    return journals_refuse(sc, &w);
}
