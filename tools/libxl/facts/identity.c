/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/identity.c: tells a disk's state at a snapshot from another that
 * took its place: a base that was written to, a tag or a volume that was
 * removed and made again.  To the guest's memory this would be a disk that
 * changes without a write, and the guest would ruin its file system.
 *
 * A state is a line of words, of which the first one is its kind:
 *
 *   tag ID DATE             a qcow2's tag; DATE as seconds.nanoseconds
 *   file SIZE DATE HASH     a frozen base; HASH of its first 64 KiB, where
 *                           a qcow2 has the link to its own base
 *   device SIZE HASH        a frozen base on a block device
 *   volume UUID NUMBER      a thin volume, and its number in the pool
 *   origin UUID TAG         a thick snapshot volume, by its origin
 *   image SIZE HASH HASH    the memory image: of its first and last 64 KiB
 *
 * A print is such a line, too.  It lasts for minutes, not for years, so it
 * may hold what a copy or a reboot changes: inode, ctime, the kernel's
 * count of writes.
 */
#include "facts/images.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The state of a disk or of the memory image as it is now. */
struct state {
    const char *text;           /* NULL: nothing identifies it */
    const char *date;           /* when it was made or written; or NULL */
};

/*-- the state now ----------------------------------------------------------*/

static void identity_set_tag(libxl_snapshot_ctx *sc,
                             const struct snap_tag *tag,
                             struct state *state)
{
    if (!tag || !tag->id) return;
    state->text = snap_tag_identity(sc, tag);
    state->date = snap_date(sc, tag->creation_time);
}

int snap_identity_tag(libxl_snapshot_ctx *sc, const char *path,
                      const char *name, const char **text_r)
{
    struct state state = { NULL };
    struct snap_chain chain;
    int rc = snap_image_look(sc, path, "qcow2", &chain);

    *text_r = NULL;
    if (rc) return rc;
    if (snap_chain_num_top_tags(&chain, name) > 1) {
        *text_r = "one of several";
        return 0;
    }
    identity_set_tag(sc, snap_chain_top_tag(&chain, name), &state);
    *text_r = state.text;
    return 0;
}

static int identity_tag_state(libxl_snapshot_ctx *sc, const char *path,
                              const char *name, struct state *state)
{
    struct snap_chain chain;
    int rc = snap_image_look(sc, path, "qcow2", &chain);

    if (!rc)
        identity_set_tag(sc, snap_chain_top_tag(&chain, name), state);
    return rc;
}

static int identity_file_state(libxl_snapshot_ctx *sc, const char *path,
                               struct state *state)
{
    struct snap_file_print p;
    int rc = snap_file_print(sc, path, &p);

    if (rc) return rc;
    if (p.is_device) {
        state->text = snap_sprintf(sc, "device %" PRIu64 " %016" PRIx64,
                                   p.bytes, p.head);
        return 0;
    }
    state->text = snap_sprintf(sc, "file %" PRIu64 " %" PRIu64 ".%09" PRIu64
                               " %016" PRIx64, p.bytes, p.written,
                               p.written_nsec, p.head);
    state->date = snap_date(sc, p.written);
    return 0;
}

const char *snap_identity_file(libxl_snapshot_ctx *sc, const char *path)
{
    struct state state = { NULL };

    if (identity_file_state(sc, path, &state)) snap_take_error(sc);
    return state.text;
}

static int identity_volume_state(libxl_snapshot_ctx *sc, const char *path,
                                 struct state *state)
{
    const struct snap_lv *lv, *origin;
    const char *tag;
    int rc = snap_lv_gather(sc, path, &lv);

    if (rc || !lv || !lv->uuid) return rc;
    state->date = lv->time;
    if (lv->pool) {
        state->text = snap_sprintf(sc, "volume %s %s", lv->uuid,
                                   lv->thin_id ? lv->thin_id : "-");
        return 0;
    }
    origin = snap_lv_named(lv->all, lv->vg, lv->origin);
    tag = snap_lv_tag_of(sc, lv);
    if (origin && origin->uuid && tag)
        state->text = snap_sprintf(sc, "origin %s %s", origin->uuid, tag);
    return 0;
}

/* Get the state of the disk @ds; @name is the snapshot's. */
static int identity_disk_state(libxl_snapshot_ctx *sc,
                               const struct snap_driver *driver,
                               const libxl_disk_snapshot *ds,
                               const char *name, struct state *state)
{
    const char *path = ds->parent.pdev_path;

    *state = (struct state){ NULL, NULL };
    if (!path) return 0;
    switch (driver->known_by) {
    case SNAP_KNOWN_BY_NOTHING:
        return 0;
    case SNAP_KNOWN_BY_TAG:
        return identity_tag_state(sc, path, name, state);
    case SNAP_KNOWN_BY_FILE:
        return identity_file_state(sc, path, state);
    case SNAP_KNOWN_BY_VOLUME:
        return identity_volume_state(sc, path, state);
    }
    return 0;
}

static int identity_memory_state(libxl_snapshot_ctx *sc, const char *path,
                                 struct state *state)
{
    struct snap_file_print p;
    int rc = snap_file_print(sc, path, &p);

    *state = (struct state){ NULL, NULL };
    if (rc) return rc;
    state->text = snap_sprintf(sc, "image %" PRIu64 " %016" PRIx64 " %016"
                               PRIx64, p.bytes, p.head, p.tail);
    state->date = snap_date(sc, p.written);
    return 0;
}

/*-- record -----------------------------------------------------------------*/

static void identity_keep(char **to, const struct state *state)
{
    free(*to);
    *to = snap_result_str(state->text);
}

static int identity_fill(libxl_snapshot_ctx *sc,
                         libxl_domain_snapshot *snap,
                         const char *memory_now)
{
    const struct snap_driver *driver;
    struct state state;
    int i, rc = 0;

    for (i = 0; !rc && i < snap->num_disks; i++) {
        rc = snap_driver_of(sc, &snap->disks[i], &driver);
        if (!rc)
            rc = identity_disk_state(sc, driver, &snap->disks[i],
                                     snap->name, &state);
        if (!rc) identity_keep(&snap->disks[i].state, &state);
    }
    if (rc || !snap->memory_path) return rc;
    rc = identity_memory_state(sc, memory_now, &state);
    if (!rc) identity_keep(&snap->memory_state, &state);
    return rc;
}

int snap_identity_record(libxl_snapshot_ctx *sc, const char *path,
                         const char *made, const char *content,
                         bool unclean)
{
    libxl_domain_snapshot snap;
    const char *partial;
    char *text;
    int rc;

    libxl_domain_snapshot_init(&snap);
    rc = snap_config_parse(sc, path, content, &snap);
    if (rc) goto out;
    partial = snap_sprintf(sc, "%s.partial", snap.memory_path);
    rc = identity_fill(sc, &snap,
                       snap.memory_path && snap_file_exists(partial)
                           ? partial
                           : snap.memory_path);
    if (rc) goto out;
    if (unclean) snap_set_unclean(&snap);
    text = libxl_domain_snapshot_config_text(sc, &snap);
    rc = snap_file_overwrite(sc, path, made, text);
    free(text);
 out:
    libxl_domain_snapshot_dispose(&snap);
    return rc;
}

/*-- check ------------------------------------------------------------------*/

/* Word @n of a state, from 0. */
static const char *identity_word(libxl_snapshot_ctx *sc, const char *text,
                                 int n)
{
    while (n-- > 0) {
        text += strcspn(text, " ");
        text += strspn(text, " ");
    }
    return snap_sprintf(sc, "%.*s", (int)strcspn(text, " "), text);
}

static bool identity_differs(libxl_snapshot_ctx *sc, const char *one,
                             const char *two, int n)
{
    return strcmp(identity_word(sc, one, n), identity_word(sc, two, n));
}

/* In words, how the state @now differs from the recorded state @then. */
static const char *identity_difference(libxl_snapshot_ctx *sc,
                                       const char *then,
                                       const struct state *now)
{
    const char *kind = identity_word(sc, then, 0), *date = now->date;

    if ((!strcmp(kind, "volume") || !strcmp(kind, "origin")) && date)
        return snap_sprintf(
            sc, "another volume has that name now, made at %s", date);
    if (!now->text || identity_differs(sc, then, now->text, 0))
        return "its storage is of another kind now";
    if (!strcmp(kind, "file") && identity_differs(sc, then, now->text, 2))
        return snap_sprintf(sc, "it was last written to at %s",
                            date ? date : "an unknown time");
    if (!strcmp(kind, "tag"))
        return snap_sprintf(sc, "its tag was made again at %s",
                            date ? date : "an unknown time");
    if (identity_differs(sc, then, now->text, 1))
        return snap_sprintf(sc, "it has %s bytes now and had %s then",
                            identity_word(sc, now->text, 1),
                            identity_word(sc, then, 1));
    return "its first 64 KiB have changed";
}

int snap_identity_compare_disk(libxl_snapshot_ctx *sc,
                               const struct snap_disk_op *op, bool *gone_r,
                               const char **why_r)
{
    const libxl_disk_snapshot *ds = op->ds;
    struct state now = { NULL, NULL };
    int rc = 0;

    *gone_r = false;
    *why_r = NULL;
    if (!ds->state) return 0;
    if (op->driver->known_by == SNAP_KNOWN_BY_TAG)
        identity_set_tag(sc, snap_chain_top_tag(&op->chain, op->name), &now);
    else
        rc = identity_disk_state(sc, op->driver, ds, op->name, &now);
    if (rc || (now.text && !strcmp(now.text, ds->state))) return rc;
    *gone_r = !now.text;
    *why_r = identity_difference(sc, ds->state, &now);
    return 0;
}

int snap_identity_check_disk(libxl_snapshot_ctx *sc,
                             const struct snap_disk_op *op)
{
    const char *why;
    bool gone;
    int rc = snap_identity_compare_disk(sc, op, &gone, &why);

    if (rc || !why) return rc;
    return snap_fail(
        sc, ERROR_INVAL,
        "disk %s: %s has changed since the snapshot: %s; it no longer "
        "matches the rest of the snapshot. Put the right one back; only "
        "if you know that its content is the same, use --force",
        op->ds->vdev, op->ds->parent.pdev_path, why);
}

/* Whether they are of two images, and not copies of one: a copy, and a tar
 * that restores it, may lose the date. */
static bool identity_is_another(libxl_snapshot_ctx *sc, const char *then,
                                const char *now)
{
    bool is_file = !strcmp(identity_word(sc, then, 0), "file");

    return identity_differs(sc, then, now, 0)
        || identity_differs(sc, then, now, 1)
        || identity_differs(sc, then, now, is_file ? 3 : 2);
}

bool snap_identity_is_base(libxl_snapshot_ctx *sc, const char *path,
                           const char *base, const char *then)
{
    struct state now;

    if (!snap_file_is_same(base, path)) return false;
    if (!then) return true;
    if (!identity_file_state(sc, path, &now))
        return !identity_is_another(sc, then, now.text);
    snap_take_error(sc);
    return true;
}

bool snap_identity_is_state(libxl_snapshot_ctx *sc, const char *path,
                            const char *then)
{
    struct state now;

    if (!identity_file_state(sc, path, &now))
        return !strcmp(now.text, then);
    snap_take_error(sc);
    return true;
}

int snap_identity_check_memory(libxl_snapshot_ctx *sc,
                               const libxl_domain_snapshot *snap)
{
    struct state now;
    int rc;

    if (!snap->memory_state || !snap->memory_path) return 0;
    rc = identity_memory_state(sc, snap->memory_path, &now);
    if (rc || !strcmp(now.text, snap->memory_state)) return rc;
    return snap_fail(
        sc, ERROR_INVAL,
        "memory image %s: it has changed since the snapshot: it was last "
        "written to at %s; it no longer matches the disks. Put the right one "
        "back; only if you know that its content is the same, use --force",
        snap->memory_path,
        now.date ? now.date : "an unknown time");
}

/*-- prints -----------------------------------------------------------------*/

#define IDENTITY_NO_PRINT "unknown"
#define IDENTITY_ABSENT "absent"

const char *snap_identity_print(libxl_snapshot_ctx *sc, const char *path)
{
    const char *before = snap_strdup(sc, sc->error);
    struct snap_file_print p;

    if (!snap_file_exists(path)) return IDENTITY_ABSENT;
    if (snap_file_print(sc, path, &p)) {
        snap_take_error(sc);
        if (before) snap_fail(sc, ERROR_FAIL, "%s", before);
        return IDENTITY_NO_PRINT;
    }
    if (p.is_device && !p.writes) return IDENTITY_NO_PRINT;
    if (p.is_device)
        return snap_sprintf(sc, "device %" PRIu64 " %016" PRIx64 " %s",
                            p.bytes, p.head, p.writes);
    return snap_sprintf(
        sc, "file %" PRIu64 " %" PRIu64 " %" PRIu64 ".%09" PRIu64
        " %" PRIu64 ".%09" PRIu64 " %016" PRIx64, p.inode, p.bytes,
        p.written, p.written_nsec, p.changed, p.changed_nsec, p.head);
}

const char *snap_identity_short_print(libxl_snapshot_ctx *sc,
                                      const char *path)
{
    const char *print = snap_identity_print(sc, path);
    const char *number = identity_word(sc, print, 1);

    return *number ? snap_sprintf(sc, "%s %s", identity_word(sc, print, 0),
                                  number) : print;
}

bool snap_identity_tells_writes(libxl_snapshot_ctx *sc, const char *print)
{
    return *identity_word(sc, print, 2);
}

bool snap_identity_is_unwritten(libxl_snapshot_ctx *sc, const char *path,
                                const char *then)
{
    return strcmp(then, IDENTITY_NO_PRINT)
        && !strcmp(then, snap_identity_print(sc, path));
}

static bool identity_is_earlier(const char *date, const char *than)
{
    uint64_t s[2], ns[2];

    return sscanf(date, "%" SCNu64 ".%" SCNu64, &s[0], &ns[0]) == 2
        && sscanf(than, "%" SCNu64 ".%" SCNu64, &s[1], &ns[1]) == 2
        && (s[0] < s[1] || (s[0] == s[1] && ns[0] < ns[1]));
}

/* Words of the print of a file. */
enum { FILE_KIND, FILE_INODE, FILE_BYTES, FILE_WRITTEN, FILE_CHANGED,
       FILE_HEAD };

/* After a crash the date of the last write may be an earlier one, and then
 * nobody may have set it back. */
static bool identity_lost_its_date(libxl_snapshot_ctx *sc, const char *then,
                                   const char *now, bool stops_root)
{
    return identity_is_earlier(identity_word(sc, now, FILE_WRITTEN),
                               identity_word(sc, then, FILE_WRITTEN))
        && (stops_root
            || !identity_is_earlier(identity_word(sc, then, FILE_CHANGED),
                                    identity_word(sc, now, FILE_CHANGED)));
}

/* Whether the first @num words are equal, as far as @then has them. */
static bool identity_is_same(libxl_snapshot_ctx *sc, const char *then,
                             const char *now, int num)
{
    int i;

    for (i = 0; i < num && *identity_word(sc, then, i); i++)
        if (identity_differs(sc, then, now, i)) return false;
    return true;
}

/* The change of the inode does not count: a freeze is one, as are a rename
 * and a chmod. */
static bool identity_is_base_of_file(libxl_snapshot_ctx *sc,
                                     const char *then, const char *now,
                                     bool stops_root, bool same_boot)
{
    int num = snap_identity_tells_writes(sc, then) ? FILE_HEAD + 1
                                                   : FILE_INODE + 1;
    int i;

    for (i = FILE_KIND; i < num; i++)
        if (i != FILE_CHANGED && identity_differs(sc, then, now, i)
            && !(i == FILE_WRITTEN && !same_boot
                 && identity_lost_its_date(sc, then, now, stops_root)))
            return false;
    return true;
}

bool snap_identity_is_unwritten_base(libxl_snapshot_ctx *sc,
                                     const char *path, const char *then,
                                     bool same_boot)
{
    const char *kind = identity_word(sc, then, 0);
    const char *now = snap_identity_print(sc, path);
    bool stops_root = snap_file_stops_root(path);

    if (!strcmp(kind, "file"))
        return identity_is_base_of_file(sc, then, now, stops_root,
                                        same_boot);
    if (strcmp(kind, "device") || (same_boot
                                   && snap_identity_tells_writes(sc, then)))
        return snap_identity_is_unwritten(sc, path, then);
    /* kind, bytes and head: counts of two boots can be equal by accident */
    return (stops_root || !snap_identity_tells_writes(sc, then))
        && identity_is_same(sc, then, now, 3);
}

/* By what a copy that puts it back keeps (cp -a), as a recorded state does. */
static bool identity_is_other_file(libxl_snapshot_ctx *sc, const char *then,
                                   const char *now)
{
    return identity_differs(sc, then, now, FILE_KIND)
        || identity_differs(sc, then, now, FILE_BYTES)
        || identity_differs(sc, then, now, FILE_WRITTEN)
        || identity_differs(sc, then, now, FILE_HEAD);
}

bool snap_identity_has_changed(libxl_snapshot_ctx *sc, const char *path,
                               const char *then, bool same_boot)
{
    const char *now = snap_identity_print(sc, path);

    if (!strcmp(then, IDENTITY_NO_PRINT) || !strcmp(then, IDENTITY_ABSENT))
        return false;
    if (!strcmp(identity_word(sc, then, 0), "file"))
        return identity_is_other_file(sc, then, now);
    if (!strcmp(now, IDENTITY_NO_PRINT)) return false;
    /* kind, bytes and head; writes are counted from each boot on */
    return !identity_is_same(sc, then, now, same_boot ? 4 : 3);
}
