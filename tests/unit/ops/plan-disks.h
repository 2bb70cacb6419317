/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan-disks.h: the disks and the domain of a case.
 */
#ifndef TEST_PLAN_DISKS_H
#define TEST_PLAN_DISKS_H

#include "plans.h"

#define DISK_BYTES  (UINT64_C(64) << 20)
#define SNAPSHOT    "s1"
#define CREATED     1700000000      /* seconds since the epoch */
#define UUID        "b59e1c7a-3c9c-4c0a-8f2e-0b6f3c1d2e4f"

/* "%v" in paths is the disk's vdev. */
struct disk_facts {
    libxl_snapshot_mode mode;
    const char *image;              /* in the domain's config */
    libxl_disk_format format;
    enum snap_backend backend;      /* while the domain runs */
    const char *overlay;            /* what an external snapshot makes */
    const char *new_image;          /* what a revert gives the disk */
    const char *base;               /* what the image is an overlay on */
    const char *lv;                 /* volume in vg-0 */
    const char *hook;
    bool discard, direct, read_only, tapdisk, reuse;
};
extern const struct disk_facts disk_facts[NUM_DISK_KINDS];
/* "xvda" for 0; and @path of that disk, malloc'd. */
const char *disk_vdev(int i);
char *disk_path(const char *path, int i);

/* The disks of @pc, as a config has them; dispose it. */
void plan_config(const struct plan_case *pc, enum state state,
                 libxl_domain_config *config);
/* The domain, as it is gathered to take a snapshot; dispose it. */
void plan_domain(const struct plan_case *pc, enum state state,
                 const struct snap_lvm *lvm, struct snap_domain *dom);
/* The volumes of the host.  @snapshot: the snapshot's are there. */
const struct snap_lvm *plan_lvm(enum state state, bool snapshot);
/* The chain of an image of @facts. */
struct snap_chain plan_chain(const struct disk_facts *facts, int i);

#endif /* TEST_PLAN_DISKS_H */
