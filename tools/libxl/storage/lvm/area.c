/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/lvm/area.c: how large the area of a thick snapshot is to be.
 * Pure.
 *
 * A snapshot whose area is full is lost.  One as large as its origin, and
 * a bit for the table of what is where, never fills up, so that is what it
 * gets if the volume group has the room for all snapshots that are to be
 * taken.  If not, they share the room in proportion to their origins, down
 * to a tenth of them; below that a snapshot is refused rather than taken
 * and soon lost.
 */
#include "storage/lvm/lvm.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define AREA_LEAST_PERCENT  10

static uint64_t area_extents_up(const struct snap_lv *lv, uint64_t bytes)
{
    uint64_t extent = lv->vg_extent ? lv->vg_extent : 1;

    return (bytes + extent - 1) / extent * extent;
}

static uint64_t area_extents_down(const struct snap_lv *lv, uint64_t bytes)
{
    return lv->vg_extent ? bytes / lv->vg_extent * lv->vg_extent : bytes;
}

/* 16 bytes of table for each chunk of 4 KiB, and a header (2.03,
 * lib/metadata/snapshot_manip.c:cow_max_extents). */
uint64_t snap_lv_full_area(const struct snap_lv *lv)
{
    return area_extents_up(lv, lv->size + lv->size / 256 + 3 * 4096);
}

static uint64_t area_least(const struct snap_lv *lv)
{
    return area_extents_up(lv, lv->size / 100 * AREA_LEAST_PERCENT);
}

static const struct snap_lv *area_thick_lv(const struct snap_disk_op *op)
{
    return op->driver == &snap_driver_lvm_thick ? op->disk->lv : NULL;
}

/* The bytes that the wish, such as "20%" or "4G", means for a snapshot of
 * @lv; 0 if it is neither. */
static uint64_t area_wished(const struct snap_lv *lv, const char *wish)
{
    static const char units[] = "KMGT";
    const char *unit;
    char *end;
    int shift;
    uint64_t n;

    if (!isdigit((unsigned char)*wish)) return 0;
    n = strtoull(wish, &end, 10);
    if (!n || !*end || end[1]) return 0;
    if (*end == '%')
        return n > 100 ? 0 : area_extents_up(lv, lv->size / 100 * n);
    unit = strchr(units, *end);
    if (!unit) return 0;
    shift = 10 * (unit - units + 1);
    return n >> (62 - shift) ? 0 : area_extents_up(lv, n << shift);
}

static int area_choose_wished(libxl_snapshot_ctx *sc,
                              struct snap_disk_op *op, const char *wish)
{
    uint64_t full = snap_lv_full_area(op->disk->lv);

    op->area = area_wished(op->disk->lv, wish);
    if (!op->area)
        return snap_fail(
            sc, ERROR_INVAL,
            "'%s' is not a size for a snapshot; write a share of the "
            "volume like 20%%, or a size like 512M or 4G",
            wish);
    if (op->area > full) op->area = full;
    return 0;
}

/* The sum of the full areas of all snapshots that are to be taken in the
 * volume group of @lv. */
static uint64_t area_sum_full(const struct snap_disk_op *ops, int num,
                              const struct snap_lv *lv)
{
    uint64_t sum = 0;
    int i;

    for (i = 0; i < num; i++)
        if (area_thick_lv(&ops[i])
            && !strcmp(area_thick_lv(&ops[i])->vg, lv->vg))
            sum += snap_lv_full_area(area_thick_lv(&ops[i]));
    return sum;
}

static void area_choose_share(struct snap_disk_op *ops, int num,
                              struct snap_disk_op *op)
{
    const struct snap_lv *lv = op->disk->lv;
    uint64_t full = snap_lv_full_area(lv),
             all = area_sum_full(ops, num, lv);
    long double share = (long double)lv->vg_free * full / all;

    op->area = all <= lv->vg_free ? full : area_extents_down(lv, share);
}

static int area_check(libxl_snapshot_ctx *sc,
                      const struct snap_disk_op *op, uint64_t least,
                      uint64_t taken)
{
    const struct snap_lv *lv = op->disk->lv;
    uint64_t left = lv->vg_free > taken ? lv->vg_free - taken : 0;

    if (op->area && op->area >= least && op->area <= left) return 0;
    return snap_fail(sc, ERROR_INVAL, "disk %s: volume group %s has %" PRIu64
                     " MiB free for the snapshot of %s, which needs %" PRIu64
                     " MiB%s; make room, or choose its size with --lvm-size",
                     op->disk->vdev, lv->vg, left >> 20, lv->name,
                     (op->area > least ? op->area : least) >> 20,
                     op->area > least ? "" : snap_sprintf(
                         sc, " at least and %" PRIu64 " MiB never to fill up",
                         snap_lv_full_area(lv) >> 20));
}

int snap_lv_choose_areas(libxl_snapshot_ctx *sc, struct snap_disk_op *ops,
                         int num, const char *wish)
{
    int i, j, rc;

    for (i = 0; i < num; i++) {
        uint64_t taken = 0, least = 1;

        if (!area_thick_lv(&ops[i])) continue;
        if (wish) {
            rc = area_choose_wished(sc, &ops[i], wish);
            if (rc) return rc;
        } else {
            area_choose_share(ops, num, &ops[i]);
            least = area_least(ops[i].disk->lv);
        }
        for (j = 0; j < i; j++)
            if (area_thick_lv(&ops[j])
                && !strcmp(area_thick_lv(&ops[j])->vg,
                           ops[i].disk->lv->vg))
                taken += ops[j].area;
        rc = area_check(sc, &ops[i], least, taken);
        if (rc) return rc;
    }
    return 0;
}
