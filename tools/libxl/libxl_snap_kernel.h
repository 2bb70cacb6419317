/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_kernel.h: the table of uses that seams/users_kernel.c begins and
 * seams/users.c completes and reads.
 */
#ifndef LIBXL_SNAP_KERNEL_H
#define LIBXL_SNAP_KERNEL_H

#include "libxl_snap_internal.h"

/* A file, or a block device, by what it is: names change. */
struct snap_file_id {
    bool block;
    dev_t dev;
    ino_t ino;                  /* 0: block device */
};

enum snap_use_kind {
    SNAP_USE_LOOP,              /* as another block device: */
    SNAP_USE_HOLDER,            /* device-mapper, md */
    SNAP_USE_PARTITION,
    SNAP_USE_BELOW,             /* what a loop device or partition is made of */
    SNAP_USE_MOUNT,             /* for itself: */
    SNAP_USE_SWAP,
    SNAP_USE_BLKBACK,
    SNAP_USE_PROCESS,           /* seams/users.c adds these two */
    SNAP_USE_DISK,
};

struct snap_use {
    enum snap_use_kind kind;
    struct snap_file_id of;     /* what is used */
    struct snap_file_id as;     /* LOOP, HOLDER, PARTITION, BELOW */
    bool writes;
    const char *name;           /* the device @as in words, MOUNT: where */
    uint32_t domid, devid;      /* BLKBACK */
    pid_t pid;                  /* PROCESS */
};

struct snap_uses {
    int num, max;
    struct snap_use *list;
};

bool snap_file_id(const char *path, struct snap_file_id *id_r);
struct snap_use *snap_uses_add(libxl_snapshot_ctx *sc, struct snap_uses *uses,
                               enum snap_use_kind kind,
                               const struct snap_file_id *of);
/* All of them, for whatever files. */
int snap_kernel_uses(libxl_snapshot_ctx *sc, struct snap_uses *uses);

#endif /* LIBXL_SNAP_KERNEL_H */
