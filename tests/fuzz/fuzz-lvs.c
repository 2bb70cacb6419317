/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-lvs.c: what lvs prints of the logical volumes. */
#include "fuzz.h"

#include "storage/lvm/lvm.h"

const char fuzz_target[] = "lvs";

/* An area for a snapshot of the volume: it is there, or it is refused. */
static void choose_area(libxl_snapshot_ctx *sc, const struct snap_lv *lv)
{
    struct snap_disk disk = { .vdev = "xvda", .lv = lv };
    struct snap_disk_op op = { .driver = &snap_driver_lvm_thick,
                               .disk = &disk };
    int rc = snap_lv_choose_areas(sc, &op, 1, NULL);

    fuzz_judged(sc, rc);
    MUST(rc || (op.area && op.area <= lv->vg_free));
    fuzz_judged(sc, snap_lv_choose_areas(sc, &op, 1, "20%"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    struct snap_lvm lvm;
    enum snap_lv_there there;
    int rc, i;

    fuzz_prints(data, size);
    rc = snap_lv_is_there(sc, "vg/root", "x", &there);
    fuzz_judged(sc, rc);
    if (rc) return 0;
    MUST(!snap_lvm_parse(sc, fuzz_text(sc, data, size), &lvm));
    for (i = 0; i < lvm.num; i++) {
        const struct snap_lv *lv = &lvm.lvs[i];

        MUST(snap_lv_named(&lvm, lv->vg, lv->name));
        snap_lv_named(&lvm, lv->vg, lv->origin);
        MUST(snap_lv_of_device(&lvm, lv->major, lv->minor));
        MUST(!lv->path || snap_lv_of_path(&lvm, lv->path));
        choose_area(sc, lv);
    }
    return 0;
}
