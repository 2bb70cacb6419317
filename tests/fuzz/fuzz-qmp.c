/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-qmp.c: all that a QEMU says, which may be in its guest's hands. */
#include "fuzz.h"

#include <string.h>

const char fuzz_target[] = "qmp";

/* What gather does with the replies to query-block, query-block-jobs. */
static void apply(libxl_snapshot_ctx *sc, yajl_val reply)
{
    static const char *const vdevs[] = { "xvda", "xvda0", NULL, "hdb" };
    struct snap_disk disks[2] = {
        { .vdev = "xvda", .path = "/d/root.qcow2" },
        { .vdev = "hdb", .path = "/d/data.img" },
    };
    struct snap_domain dom = { .num_disks = 2, .disks = disks };
    yajl_val list = snap_json_get(reply, "return");
    size_t i, len = YAJL_IS_ARRAY(list) ? list->u.array.len : 0;
    struct snap_qemu_device *devices =
        snap_zalloc(sc, len * sizeof(*devices));

    for (i = 0; i < len; i++) {
        devices[i].vdev = vdevs[i % 4];
        devices[i].inserted = snap_json_get(list->u.array.values[i],
                                            "inserted");
    }
    fuzz_judged(sc, snap_domain_apply_graph(sc, &dom, devices, len));
    snap_domain_apply_jobs(sc, &dom, list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    struct snap_qmp *qmp = NULL;
    yajl_val reply = NULL;
    int rc;

    fuzz_says(data, size);
    rc = snap_qmp_open_path(sc, "/qmp", &qmp);
    fuzz_judged(sc, rc);
    if (rc) return 0;
    fuzz_printable(snap_qmp_version(qmp));
    rc = snap_qmp_execute(sc, qmp, "query-block", NULL, &reply);
    fuzz_judged(sc, rc);
    if (!rc) apply(sc, reply);
    if (!rc) yajl_tree_free(reply);
    fuzz_judged(sc, snap_qmp_execute(sc, qmp, "transaction",
                                     "{\"actions\":[]}", NULL));
    snap_qmp_close(qmp);
    return 0;
}
