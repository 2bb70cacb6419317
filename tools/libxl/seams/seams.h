/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/seams.h: the files that touch the world, and decide nothing.  A
 * header for each part of it; those above include this one.
 */
#ifndef SNAP_SEAMS_H
#define SNAP_SEAMS_H

#include "seams/domain.h"
#include "seams/files.h"
#include "seams/programs.h"
#include "seams/qemu.h"
#include "seams/users.h"

#endif /* SNAP_SEAMS_H */
