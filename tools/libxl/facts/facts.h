/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/facts.h: the state of the host, and refusals that operations share.
 * A header for each part of it; those above include this one.
 */
#ifndef SNAP_FACTS_H
#define SNAP_FACTS_H

#include "facts/domain.h"
#include "facts/images.h"
#include "facts/named.h"
#include "facts/needs.h"
#include "facts/refuse.h"

#endif /* SNAP_FACTS_H */
