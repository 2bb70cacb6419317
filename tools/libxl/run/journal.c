/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * run/journal.c: writes the durable record of an operation; its format is
 * in run/run.h.
 */
#include "run/run.h"

#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct snap_journal {
    char *path;
    int fd;
    bool recovers;
    bool made_above;            /* the operation made the folder above
                                 * the snapshot's, too */
    struct snap_prints at_stake, left;
    bool stake_is_written;
    struct aiocb flush;
    bool hangs;                 /* the storage hangs: no line is written
                                 * any more */
};

static int journal_fail(libxl_snapshot_ctx *sc, const char *path,
                        const char *why)
{
    return snap_fail(sc, ERROR_FAIL, "cannot write the journal %s: %s", path,
                     why);
}

static int journal_write_failed(libxl_snapshot_ctx *sc, const char *path)
{
    return journal_fail(sc, path, strerror(errno));
}

/* Strings as JSON; NULL if there are none. */
static const char *journal_strings(libxl_snapshot_ctx *sc,
                                   const char **strings, int num)
{
    return num && strings ? snap_json_strings(sc, strings, num) : NULL;
}

/* Print all images of @of. */
static void journal_print(libxl_snapshot_ctx *sc, struct snap_prints *of,
                          bool short_ones)
{
    int i;

    of->prints = snap_zalloc(sc, (of->num + 1) * sizeof(*of->prints));
    for (i = 0; i < of->num; i++)
        of->prints[i] = short_ones
            ? snap_identity_short_print(sc, of->paths[i])
            : snap_identity_print(sc, of->paths[i]);
}

/* The prints of the images of the domain that was just destroyed. */
static const char *journal_left_prints(libxl_snapshot_ctx *sc,
                                       struct snap_journal *journal,
                                       const struct snap_journal_note *note)
{
    struct snap_prints *of = &journal->left;

    if (journal->recovers || note->kind != SNAP_STEP_DESTROY
        || strcmp(note->state, "done"))
        return NULL;
    journal_print(sc, of, false);
    return journal_strings(sc, of->prints, of->num);
}

/* The prints of what is at stake, if the end of a step has changed one;
 * NULL: it has not. */
static const char *journal_prints_anew(libxl_snapshot_ctx *sc,
                                       struct snap_journal *journal,
                                       const struct snap_journal_note *note)
{
    struct snap_prints *of = &journal->at_stake;
    bool all = note->kind == SNAP_STEP_DESTROY, any = false;
    int i;

    if (!strcmp(note->state, "begun") || note->is_verdict) return NULL;
    if (journal->stake_is_written) {
        if (!note->settled) return NULL;
        journal->stake_is_written = false;
        all = true;
    }
    if (all || (note->writes && !of->prints)) {
        journal_print(sc, of, false);
        return journal_strings(sc, of->prints, of->num);
    }
    for (i = 0; note->writes && i < of->num; i++) {
        if (strcmp(of->paths[i], note->writes)) continue;
        of->prints[i] = snap_identity_print(sc, of->paths[i]);
        any = true;
    }
    return any ? journal_strings(sc, of->prints, of->num) : NULL;
}

static char *journal_head_to_json(libxl_snapshot_ctx *sc,
                                  struct snap_journal_head *head,
                                  const struct snap_plan *plan,
                                  const struct snap_journal_images *images,
                                  const char *file, bool made_above)
{
    bool runs = head->domid != SNAP_NO_DOMAIN;
    const struct snap_journal_host host = snap_journal_host(sc);
    struct snap_prints *stake = &head->at_stake, *relied = &head->relied_on;

    journal_print(sc, stake, head->stake_is_written);
    journal_print(sc, relied, false);
    return snap_json_object(
        sc, "s:operation", head->operation, "s:domain", head->domain,
        "s:uuid", head->uuid_str,
        "j:domid", runs ? snap_sprintf(sc, "%u", head->domid) : NULL,
        "s:running_uuid", head->running_uuid,
        "s:snapshot", head->snapshot, "s:memory", head->memory_path,
        "s:mark", head->mark,
        "j:tagged", journal_strings(sc, head->tagged, head->num_tagged),
        "j:at_stake", journal_strings(sc, stake->paths, stake->num),
        "j:prints", journal_strings(sc, stake->prints, stake->num),
        "j:relied_on", journal_strings(sc, relied->paths, relied->num),
        "j:relied_prints", journal_strings(sc, relied->prints, relied->num),
        "j:left_images", journal_strings(sc, head->left.paths,
                                         head->left.num),
        "j:images", snap_journal_images_to_json(sc, images),
        "u:began", (uint64_t)time(NULL),
        "s:host", host.name, "s:machine", host.machine,
        "s:boot", host.boot, "s:file", file,
        "j:made_above", made_above ? "true" : NULL,
        "j:plan", snap_plan_record(sc, plan), NULL);
}

static int journal_sync_folder(libxl_snapshot_ctx *sc, const char *path)
{
    int fd = snap_open(sc, path, O_RDONLY | O_DIRECTORY);
    int r = fd < 0 ? -1 : fsync(fd);

    if (fd >= 0) close(fd);
    return r ? journal_write_failed(sc, path) : 0;
}

/* Make the file @draft, its folder and those missing above that.  The end
 * of another operation removes an empty folder, perhaps just now.  A draft
 * of this name was left by a command that was killed. */
static int journal_create_draft(libxl_snapshot_ctx *sc, const char *draft,
                                bool *made_above_r, const char **why_r)
{
    const char *dir = snap_file_dirname(sc, draft);
    int fd, try;

    *made_above_r = false;
    *why_r = NULL;
    for (try = 0; try < 10; try++) {
        if (!mkdir(snap_file_dirname(sc, dir), 0700)) *made_above_r = true;
        else if (errno != EEXIST) return -1;
        if (mkdir(dir, 0700) && errno != EEXIST) return -1;
        fd = snap_open_trusted(sc, draft, O_WRONLY | O_CREAT | O_EXCL
                               | O_APPEND, why_r);
        if (fd >= 0 || (errno == EEXIST ? unlink(draft) : errno != ENOENT))
            return fd;
    }
    return -1;
}

/* Remove the folder of the journal @path, and the one that we made above
 * it, if empty. */
static void journal_drop_folder(libxl_snapshot_ctx *sc, const char *path,
                                bool above)
{
    const char *dir = snap_file_dirname(sc, path);

    if (!rmdir(dir) && above) rmdir(snap_file_dirname(sc, dir));
}

/* Refuse a journal that could not be read again. */
static int journal_check_readable(libxl_snapshot_ctx *sc, const char *path,
                                  const char *line)
{
    yajl_val val = snap_json_parse(line);
    struct snap_plan plan;
    int rc = val ? snap_plan_parse(sc, snap_json_get(val, "plan"), &plan)
                 : snap_fail(sc, ERROR_INVAL, "the journal %s could not be "
                             "read again: it is not JSON", path);

    yajl_tree_free(val);
    return rc;
}

static struct snap_journal *journal_new(
    const char *path, int fd, const struct snap_journal_head *head,
    bool recovers, bool made_above)
{
    struct snap_journal *journal = calloc(1, sizeof(*journal));

    if (!journal) abort();
    journal->path = snap_result_str(path);
    journal->fd = fd;
    journal->at_stake = head->at_stake;
    journal->left = head->left;
    journal->stake_is_written = head->stake_is_written;
    journal->recovers = recovers;
    journal->made_above = made_above;
    return journal;
}

/* Give the head @draft its name, at which nothing else may be but the torn
 * journal of a command that had begun nothing. */
static int journal_publish(libxl_snapshot_ctx *sc,
                           const struct snap_journal_head *head,
                           const char *draft, const char *path)
{
    struct snap_journal_entry was;
    const char *why;
    int rc = snap_file_publish(sc, draft, NULL, path);

    if (!rc) return 0;
    why = snap_take_error(sc);
    if (!snap_journal_read(sc, path, &was) && was.torn && !unlink(path))
        return snap_file_publish(sc, draft, NULL, path);
    snap_take_error(sc);
    rc = snap_journal_refuse(sc, head->domain, head->uuid_str);
    return rc ? rc : snap_fail(sc, ERROR_FAIL, "%s", why);
}

/* Write the first line; file and name are on the disk when this returns.
 * Of two commands that begin at once on one domain or image, under two
 * names or on two hosts, both withdraw, or the later one does. */
static int journal_write_head(libxl_snapshot_ctx *sc,
                              const struct snap_journal_head *head,
                              const struct snap_journal_images *images, int fd,
                              const char *line, const char *draft,
                              const char *path)
{
    const char *dir = snap_file_dirname(sc, path);
    int rc;

    if (snap_file_write_all(fd, line, strlen(line)))
        return journal_write_failed(sc, path);
    rc = journal_publish(sc, head, draft, path);
    if (rc) return rc;
    rc = journal_sync_folder(sc, snap_file_dirname(sc, dir));
    if (!rc) rc = snap_journal_refuse_others(sc, head, images, path);
    if (rc) unlink(path);
    return rc;
}

int snap_journal_begin(libxl_snapshot_ctx *sc,
                       const struct snap_journal_head *head,
                       const struct snap_plan *plan,
                       struct snap_journal **journal_r)
{
    struct snap_journal_head printed = *head;
    struct snap_journal_images images = { 0 };
    const char *path, *draft, *line, *why;
    bool made_above;
    int fd, rc;

    *journal_r = NULL;
    if (!sc->journal_dir) return 0;
    path = snap_sprintf(sc, "%s/%s.json", sc->journal_dir,
                        head->uuid_str ? head->uuid_str : head->domain);
    draft = snap_journal_draft(sc, path);
    fd = journal_create_draft(sc, draft, &made_above, &why);
    if (fd < 0) return journal_fail(sc, path, why ? why : strerror(errno));
    snap_journal_images_gather(sc, head, plan, &images);
    line = snap_sprintf(sc, "%s\n",
                        journal_head_to_json(sc, &printed, plan, &images,
                                             snap_file_identity(sc, draft),
                                             made_above));
    rc = journal_check_readable(sc, path, line);
    if (!rc)
        rc = journal_write_head(sc, head, &images, fd, line, draft, path);
    if (rc) {
        unlink(draft);
        journal_drop_folder(sc, path, made_above);
        close(fd);
        return rc;
    }
    *journal_r = journal_new(path, fd, &printed, false, made_above);
    return 0;
}

int snap_journal_open(libxl_snapshot_ctx *sc,
                      const struct snap_journal_entry *entry,
                      struct snap_journal **journal_r)
{
    const char *why;
    int fd = snap_open_trusted(sc, entry->path, O_WRONLY | O_APPEND
                               | O_NOFOLLOW, &why);

    *journal_r = NULL;
    if (fd < 0) return journal_fail(sc, entry->path, why);
    /* a line behind a torn one, or behind zeros, would not be read */
    if (ftruncate(fd, entry->length)) {
        close(fd);
        return journal_write_failed(sc, entry->path);
    }
    *journal_r = journal_new(entry->path, fd, &entry->head, true,
                             entry->made_above);
    return 0;
}

/* An fdatasync() with a deadline, since the guest may be held. */
static int journal_flush(libxl_snapshot_ctx *sc,
                         struct snap_journal *journal)
{
    const struct aiocb *list = &journal->flush;
    int ms = snap_wait_ms(sc, SNAP_WAIT_JOURNAL), r;
    struct timespec timeout = { .tv_sec = ms / 1000,
                                .tv_nsec = ms % 1000 * 1000000L };

    journal->flush = (struct aiocb){
        .aio_fildes = journal->fd, .aio_sigevent.sigev_notify = SIGEV_NONE,
    };
    if (aio_fsync(O_DSYNC, &journal->flush))
        return journal_write_failed(sc, journal->path);
    do {
        r = aio_suspend(&list, 1, &timeout);
    } while (r && errno == EINTR);
    if (r) {
        journal->hangs = true;
        return snap_fail(sc, ERROR_TIMEDOUT,
                         "cannot write the journal %s: its "
                         "storage has not answered for %d s",
                         journal->path, ms / 1000);
    }
    errno = aio_error(&journal->flush);
    return errno ? journal_write_failed(sc, journal->path) : 0;
}

static int journal_write_line(libxl_snapshot_ctx *sc,
                              struct snap_journal *journal,
                              const char *line, bool flush)
{
    if (snap_file_write_all(journal->fd, line, strlen(line)))
        return journal_write_failed(sc, journal->path);
    return flush ? journal_flush(sc, journal) : 0;
}

int snap_journal_note(libxl_snapshot_ctx *sc, struct snap_journal *journal,
                      const struct snap_journal_note *note)
{
    const char *line, *left = NULL, *prints, *left_prints;

    if (!journal || journal->hangs) return 0;
    prints = journal_prints_anew(sc, journal, note);
    left_prints = journal_left_prints(sc, journal, note);
    if (note->left.pid)
        left = snap_json_object(sc, "u:pid", (uint64_t)note->left.pid,
                                "u:started", note->left.started, NULL);
    line = snap_sprintf(sc, "%s\n", snap_json_object(
        sc, journal->recovers && !note->is_verdict ? "u:recover"
            : note->undo ? "u:undo" : "u:step",
        (uint64_t)note->step, "s:kind", snap_step_kind_name(note->kind),
        "s:state", note->state,
        "j:time", note->time ? snap_sprintf(sc, "%" PRIu64, note->time) : NULL,
        "s:no_snapshot", note->no_snapshot, "s:made", note->made,
        "j:cpu_ns", note->cpu_ns, "j:left", left, "j:prints", prints,
        "j:left_prints", left_prints, NULL));
    return journal_write_line(sc, journal, line, note->flush
                              || (note->flush_prints
                                  && (prints || left_prints)));
}

int snap_journal_note_fence(libxl_snapshot_ctx *sc,
                            struct snap_journal *journal,
                            const struct snap_fence *fence)
{
    const char *line = snap_sprintf(
        sc, "%s\n", snap_json_object(sc, "s:fenced", fence->path,
                                     "s:made", fence->identity, NULL));

    return journal_write_line(sc, journal, line, true);
}

int snap_journal_end(libxl_snapshot_ctx *sc, struct snap_journal *journal)
{
    int rc;

    if (!journal) return 0;
    if (unlink(journal->path))
        rc = snap_fail(sc, ERROR_FAIL, "cannot remove the journal %s: %s",
                       journal->path, strerror(errno));
    else
        rc = journal_sync_folder(sc, snap_file_dirname(sc, journal->path));
    if (!rc) journal_drop_folder(sc, journal->path, journal->made_above);
    snap_journal_close(journal);
    return rc;
}

void snap_journal_close(struct snap_journal *journal)
{
    if (!journal) return;
    close(journal->fd);
    free(journal->path);
    /* a flush that is still under way will store its result there */
    if (aio_error(&journal->flush) != EINPROGRESS) free(journal);
}
