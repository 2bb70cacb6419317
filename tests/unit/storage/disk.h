/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * disk.h: the one disk that the tests of the drivers begin with.
 */
#ifndef TEST_DISK_H
#define TEST_DISK_H

#include "../test.h"
#include "storage/storage.h"

extern libxl_device_disk stored;
extern struct snap_disk disk;

/* Make of it a disk that both drivers of qcow2 take. */
void good_disk(void);
/* Its snapshot "before" by @driver. */
struct snap_disk_op operation(const struct snap_driver *driver);
/* Plan what its driver prepares, when its disk is gathered. */
void plan_prepare(struct snap_plan *plan, const struct snap_disk_op *op);
/* The way back to @ds; @path: the image that the disk gets, or NULL. */
struct snap_disk_op way_back(const struct snap_driver *driver,
                             const libxl_disk_snapshot *ds,
                             const char *path);
#define VERB(op) (&(op)->driver->verbs[(op)->verb])
/* What a snapshot config says of it. */
libxl_disk_snapshot disk_snapshot(libxl_snapshot_mode mode,
                                  const char *parent,
                                  libxl_disk_format format);
/* The driver of @mode for it, or NULL and why there is none. */
const struct snap_driver *choose(libxl_snapshot_mode mode,
                                 const char **why_r);
/* Both drivers of qcow2 refuse it as it is now, with @why; it is good
 * after. */
void both_refuse(const char *why);

#endif
