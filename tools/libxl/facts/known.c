/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/known.c: whether what a step acts on is the one that it was when
 * the step was planned, or when an earlier step made it.  Names of files
 * and volumes, and IDs of tags, are given again: between two steps, or in
 * the weeks until a recovery, somebody may have removed the one and made
 * another.  An identity is a line of words, of which the first one is its
 * kind:
 *
 *   tag ID DATE         a tag in the qcow2
 *   inode NUMBER BIRTH  a file (seams/own_file.c)
 *   lv UUID             the volume VG/LV
 *   lv-tag TAG          the volume VG/LV has the LVM tag
 *   print ...           a file or device to which nobody has written since
 *   file, device, image ...     a state (facts/identity.c)
 *   trusted             a file that root alone can have written
 *   made unknown        what will be known when it is made
 */
#include "facts/facts.h"

#include <string.h>

/* @rest_r: what follows the word @kind, if @identity is of that kind. */
static bool known_is(const char *identity, const char *kind,
                     const char **rest_r)
{
    size_t len = strlen(kind);

    if (strncmp(identity, kind, len) || identity[len] != ' ') return false;
    *rest_r = identity + len + 1;
    return true;
}

/* Functions named known_look_... set *why_r to what is at @what now, in
 * words that follow its name, if that is another one. */
static int known_look_at_tag(libxl_snapshot_ctx *sc, const char *what,
                             const char *identity, const char *rest,
                             const char **why_r)
{
    const char *id = snap_sprintf(sc, "%.*s", (int)strcspn(rest, " "), rest);
    struct snap_chain chain;
    int rc = snap_image_look(sc, what, "qcow2", &chain), i;

    if (rc) return rc;
    *why_r = snap_sprintf(sc, "has no tag with the ID %s any more", id);
    for (i = 0; chain.num_layers && i < chain.layers[0].num_tags; i++) {
        const struct snap_tag *tag = &chain.layers[0].tags[i];
        const char *now = snap_tag_identity(sc, tag);

        if (!tag->id || strcmp(tag->id, id)) continue;
        *why_r = !strcmp(now, identity) ? NULL : snap_sprintf(
            sc, "has another tag with the ID %s by now, '%s', made at %s", id,
            tag->name, snap_date(sc, tag->creation_time));
        break;
    }
    return 0;
}

static int known_look_at_lv(libxl_snapshot_ctx *sc, const char *what,
                            const char *uuid, const char *tag,
                            const char **why_r)
{
    const struct snap_lv *lv;
    int rc = snap_lv_find(sc, what, &lv);

    if (rc) return rc;
    if (!lv)
        *why_r = "is not there any more";
    else if (uuid ? !lv->uuid || strcmp(lv->uuid, uuid)
                  : !snap_lv_has_tag(lv, tag))
        *why_r = snap_sprintf(sc, "is another volume by now, made at %s",
                              lv->time ? lv->time : "an unknown time");
    return 0;
}

/* What was merged into the volume @what is there only as long as nobody has
 * written to it. */
static void known_look_at_print(libxl_snapshot_ctx *sc, const char *what,
                                const char *print, const char **why_r)
{
    if (!snap_identity_is_unwritten(sc, what, print))
        *why_r = "has been written to since the snapshot was merged into "
                 "it, or nobody knows; the snapshot is gone, and what is on "
                 "the volume now is not it; --abandon leaves the disks as "
                 "they are";
}

static int known_look_at_writers(libxl_snapshot_ctx *sc,
                                 const struct snap_known *k)
{
    const char *doubt = snap_open_doubt(sc, k->what);

    return doubt ? snap_fail(sc, ERROR_INVAL, "%s: %s", k->what, doubt) : 0;
}

int snap_known_check_writers(libxl_snapshot_ctx *sc,
                             const struct snap_step *step)
{
    int i, rc = 0;

    for (i = 0; !rc && i < step->num_known; i++)
        if (!strcmp(step->known[i].identity, SNAP_KNOWN_TRUSTED))
            rc = known_look_at_writers(sc, &step->known[i]);
    return rc;
}

static int known_look(libxl_snapshot_ctx *sc, const struct snap_known *k,
                      bool redo, const char **why_r)
{
    const char *now = "is another file by now", *rest;

    if (!strcmp(k->identity, SNAP_KNOWN_TRUSTED))
        return known_look_at_writers(sc, k);
    if (known_is(k->identity, "tag", &rest))
        return known_look_at_tag(sc, k->what, k->identity, rest, why_r);
    if (known_is(k->identity, "lv", &rest))
        return known_look_at_lv(sc, k->what, rest, NULL, why_r);
    if (known_is(k->identity, "lv-tag", &rest))
        return known_look_at_lv(sc, k->what, NULL, rest, why_r);
    if (known_is(k->identity, "print", &rest)) {
        if (redo) known_look_at_print(sc, k->what, rest, why_r);
    } else if (known_is(k->identity, "inode", &rest)) {
        if (!snap_image_is_made(sc, k->what, k->identity)) *why_r = now;
    } else if (known_is(k->identity, "image", &rest)) {
        const libxl_domain_snapshot memory = {
            .memory_path = (char *)k->what,
            .memory_state = (char *)k->identity,
        };

        return snap_identity_check_memory(sc, &memory);
    } else if (!known_is(k->identity, "made", &rest)
               && !snap_identity_is_state(sc, k->what, k->identity)) {
        *why_r = "has changed since";
    }
    return 0;
}

int snap_known_check(libxl_snapshot_ctx *sc, const struct snap_step *step,
                     bool redo)
{
    const char *why = NULL;
    int i, rc = 0;

    sc->lvm = NULL;             /* earlier steps, and others, have changed
                                 * volumes: ask lvs again */
    for (i = 0; !rc && !why && i < step->num_known; i++)
        rc = known_look(sc, &step->known[i], redo, &why);
    if (rc || !why) return rc;
    return snap_fail(sc, ERROR_INVAL, "%s: %s %s", step->what,
                     step->known[i - 1].what, why);
}

int snap_known_check_merged(libxl_snapshot_ctx *sc,
                            const struct snap_step *step)
{
    enum snap_lv_there there;
    int rc;

    if (step->done_when != SNAP_DONE_LV_IS_THERE) return 0;
    rc = snap_lv_is_there(sc, step->done_probe, step->lv_tag, &there);
    /* it is still to be merged, or was taken again already */
    if (rc || there != SNAP_LV_GONE) return rc;
    if (step->num_known) return snap_known_check(sc, step, true);
    return snap_fail(sc, ERROR_INVAL, "%s: a journal of this older version "
                     "does not tell how the volume was when the snapshot "
                     "was merged into it; the snapshot is gone; --abandon "
                     "leaves the disks as they are", step->what);
}
