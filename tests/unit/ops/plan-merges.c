/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan-merges.c: commits and pulls of the disk xvda of "vm", which is off, or
 * runs, and stands on a chain of five layers.
 */
#include "plans.h"

#define GiB (UINT64_C(1) << 30)

/* The active layer is 0. */
const struct merge_case merge_cases[] = {
    { "commit-middle", COMMIT, .top = 2, .base = 3, .flags = REMOVE },
    { "commit-middle-kept", COMMIT, .top = 2, .base = 4 },
    { "commit-below-active", COMMIT, .top = 1, .base = 4 },
    { "commit-relative", COMMIT, .top = 2, .base = 3, .flags = RELATIVE },
    { "commit-volume", COMMIT, .top = 1, .base = 4, .flags = ON_VOLUME },
    { "commit-active", COMMIT, .top = 0, .base = 4 },
    { "commit-active-shallow", COMMIT, .top = 0, .base = 1 },
    { "commit-active-config", COMMIT, .top = 0, .base = 4,
      .flags = CONFIG | REMOVE },
    { "commit-active-keep-overlay", COMMIT, .top = 0, .base = 4,
      .flags = KEEP_OVERLAY },
    { "pull-all", PULL, .top = 0, .base = 5, .flags = REMOVE },
    { "pull-to-base", PULL, .top = 0, .base = 4 },
    { "pull-middle", PULL, .top = 2, .base = 4 },
    { "pull-relative", PULL, .top = 2, .base = 4, .flags = RELATIVE },
    { "run-commit-middle", COMMIT, .top = 2, .base = 3,
      .flags = RUNS | REMOVE },
    { "run-commit-active", COMMIT, .top = 0, .base = 4, .flags = RUNS },
    { "run-commit-active-config", COMMIT, .top = 0, .base = 3,
      .flags = RUNS | CONFIG | REMOVE },
    { "run-pull-all", PULL, .top = 0, .base = 5, .flags = RUNS | REMOVE },
    { "run-pull-middle", PULL, .top = 2, .base = 4,
      .flags = RUNS | RELATIVE },
    { NULL }
};

static const char *const files[] = {
    "/srv/vm/xvda.s4.qcow2", "/srv/vm/xvda.s3.qcow2",
    "/srv/vm/xvda.s2.qcow2", "/srv/vm/xvda.s1.qcow2", "/srv/vm/xvda.raw",
};

static void set_layer(const struct merge_case *mc, struct merge_facts *f,
                      int i)
{
    struct snap_layer *l = &f->layers[i];
    struct snap_merge_layer *file = &f->files[i];
    bool is_base = i == MERGE_LAYERS - 1;

    l->path = is_base && (mc->flags & ON_VOLUME) ? "/dev/vg-0/base"
                                                 : files[i];
    l->format = is_base ? "raw" : "qcow2";
    l->virtual_size = 8 * GiB;
    l->bytes_on_disk = GiB;
    if (!is_base)
        l->base = mc->flags & RELATIVE ? strrchr(files[i + 1], '/') + 1
                                       : files[i + 1];
    file->is_file = !is_base || !(mc->flags & ON_VOLUME);
    file->is_frozen = i > 0;
    if (file->is_file)
        file->identity = snap_sprintf(sc, "inode %d born 1.5", i + 10);
    else
        file->lv = &f->lv;
    file->space = 100 * GiB;
    file->records = f->records[i];
}

static void set_running(struct merge_facts *f)
{
    static pid_t monitor = 12;

    f->disk.backend = SNAP_BACKEND_QDISK;
    f->disk.be_path = "/local/domain/0/backend/qdisk/7/51712";
    f->disk.devid = 51712;
    f->disk.node = "xvda-s4";
    f->disk.node_file = f->disk.path;
    f->disk.node_driver = "qcow2";
    f->m.dom.domid = 7;
    f->m.dom.monitors = &monitor;
    f->m.dom.num_monitors = 1;
}

void merge_facts(const struct merge_case *mc, struct merge_facts *f)
{
    int i;

    memset(f, 0, sizeof(*f));
    f->params = (libxl_snapshot_merge_params){
        .kind = mc->kind, .vdev = (char *)"xvda",
        .top = (char *)"top", .base = (char *)"base",
        .active = mc->kind == COMMIT && !mc->top,
        .keep_overlay = mc->flags & KEEP_OVERLAY,
        .remove = mc->flags & REMOVE,
    };
    if (mc->flags & CONFIG) {
        f->params.config_path = (char *)"/etc/xen/vm.cfg";
        f->params.config_text = (char *)"new text\n";
    }
    f->lv = (struct snap_lv){ .vg = "vg-0", .name = "base", .uuid = "u-1" };
    for (i = 0; i < MERGE_LAYERS; i++)
        set_layer(mc, f, i);
    /* the third layer is the base of a snapshot */
    f->records[2][0] = "/var/lib/xen/snapshots/vm/s3/snapshot.cfg";
    f->stored = (libxl_device_disk){
        .vdev = (char *)"xvda", .pdev_path = (char *)f->layers[0].path,
        .format = LIBXL_DISK_FORMAT_QCOW2,
        .backend = LIBXL_DISK_BACKEND_QDISK,
    };
    f->disk = (struct snap_disk){
        .stored = &f->stored, .vdev = "xvda", .path = f->layers[0].path,
        .is_data_disk = true, .backend = SNAP_BACKEND_OFFLINE,
        .chain = { 8 * GiB, MERGE_LAYERS, f->layers },
    };
    f->m = (struct snap_merge){
        .params = &f->params, .disk = &f->disk, .chain = &f->disk.chain,
        .base_at = mc->base, .top_at = mc->top, .files = f->files,
        .config_state = "file 9 1.5 0", .active_state = "file 8 1.5 0",
        .dom = { .domid = SNAP_NO_DOMAIN, .name = "vm" },
    };
    if (mc->flags & RUNS) set_running(f);
    if (mc->base == MERGE_LAYERS) f->params.base = NULL;
}

const char *merge_plan(struct merge_facts *f)
{
    int rc = snap_merge_choose(sc, &f->m);

    if (!rc) rc = snap_merge_check(sc, &f->m);
    if (rc) return snap_take_error(sc);
    snap_merge_plan(sc, &f->m);
    return NULL;
}
