/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/delete_needs.c: who else needs a tag that a delete is to remove, and
 * the image that it is in.
 *
 * That image may be the base of external snapshots by now.  A tag that goes
 * changes nothing of what they show, but the state that they have on record,
 * so they get the new one.
 */
#include "ops/ops.h"

#include <string.h>

bool snap_delete_has_tag(const struct snap_disk_op *op)
{
    return op->driver->known_by == SNAP_KNOWN_BY_TAG;
}

/* True if @need is of a snapshot other than the one that goes, and of the
 * image itself. */
static bool delete_is_other(const struct snap_delete *d,
                            const struct snap_need *need, int image)
{
    return need->image == image
        && need->kind == LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT
        && need->how == LIBXL_SNAPSHOT_NEED_HOW_PARENT
        && !snap_file_is_same(need->known, d->params->config_path);
}

void snap_delete_gather_needs(libxl_snapshot_ctx *sc, struct snap_delete *d)
{
    static const libxl_snapshot_sources none;
    struct snap_needs_target *targets =
        snap_zalloc(sc, (d->num_ops + 1) * sizeof(*targets));
    int i, num = 0;

    for (i = 0; i < d->num_ops; i++)
        if (snap_delete_has_tag(&d->ops[i]))
            targets[num++] = (struct snap_needs_target){
                d->ops[i].image, "qcow2",
            };
    if (num)
        snap_needs_find(sc, d->params->sources ? d->params->sources : &none,
                        targets, num, &d->needs);
}

/* True if @need is of the tag that @op removes: a copy of its config. */
static bool delete_is_same_tag(const struct snap_need *need,
                               const struct snap_disk_op *op)
{
    if (need->known_by != SNAP_KNOWN_BY_TAG) return false;
    return need->state && op->ds->state
        ? !strcmp(need->state, op->ds->state) : !strcmp(need->name, op->name);
}

int snap_delete_check_needs(libxl_snapshot_ctx *sc,
                            const struct snap_delete *d,
                            const struct snap_disk_op *op)
{
    int image = snap_needs_find_image(sc, &d->needs, op->image), i;

    if (!snap_delete_has_tag(op)) return 0;
    for (i = 0; i < d->needs.num; i++) {
        const struct snap_need *need = &d->needs.list[i];

        if (!delete_is_other(d, need, image)) continue;
        if (delete_is_same_tag(need, op))
            return snap_fail(sc, ERROR_INVAL, "disk %s: %s has the tag %s, "
                             "too; to forget one of the two, and leave the "
                             "tag to the other, use --keep-data", op->vdev,
                             need->known, op->name);
        if (need->known_by != SNAP_KNOWN_BY_TAG && snap_delete_runs(d))
            return snap_fail(sc, ERROR_INVAL, "disk %s: %s, which has the "
                             "tag %s, is the base of %s, and can be changed "
                             "while the domain is off only; shut it down, "
                             "or delete that snapshot first", op->vdev,
                             op->image, op->name, need->who);
    }
    if (!op->is_frozen || !d->needs.num_unknown) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: %s, which has the tag %s, is "
                     "protected, and whose base it is cannot be known: %s",
                     op->vdev, op->image, op->name,
                     snap_needs_unknown_text(sc, &d->needs));
}

void snap_delete_plan_records(libxl_snapshot_ctx *sc, struct snap_delete *d,
                              const struct snap_disk_op *op)
{
    const char **configs;

    if (!snap_delete_has_tag(op)) return;
    configs = snap_needs_records(sc, &d->needs, op->image,
                                 d->params->config_path);
    if (configs[0])
        snap_step_record_again(
            sc, snap_plan_add(sc, &d->plan, SNAP_STEP_RECORD_AGAIN, "record"),
            op->image, configs, op->identity);
}
