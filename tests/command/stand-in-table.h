/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * stand-in-table.h: the host that the stand-in for Xen shows: a text file
 * that the environment variable STAND_IN_XEN names.  A line of it is a path,
 * a space and a value:
 *
 *   /local/domain/5/name web        a node of xenstore
 *   xen/5/uuid 1b3c8ee0-...         what the hypervisor knows of domain 5
 *
 * The file is read anew for each question, and locked meanwhile (flock): a
 * test, a stand-in for xl and the command see each other's changes.
 */
#ifndef STAND_IN_TABLE_H
#define STAND_IN_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct table_node {
    char *path, *value;
};

/* Sorted by path; above each node are all that its path goes through. */
struct table {
    int fd;                     /* -1: a copy, which no file belongs to */
    bool changed;               /* since it was read */
    size_t num;
    struct table_node *nodes;
};

/* The file of the table; NULL where this host has no Xen. */
const char *table_path(void);
/* Read it; it stays locked, against everybody or against writers, until
 * table_free().  NULL and errno: there is none. */
struct table *table_load(bool to_change);
/* Write it back if it has changed.  -1 and errno: it could not be. */
int table_store(const struct table *table);
struct table *table_copy(const struct table *table);
bool table_is_same(const struct table *one, const struct table *two);
void table_free(struct table *table);           /* NULL is fine */

/* NULL: there is no such node. */
const char *table_get(const struct table *table, const char *path);
void table_set(struct table *table, const char *path, const char *value);
/* The node and all below it; false if there is none. */
bool table_remove(struct table *table, const char *path);
/* @path is @above or below it. */
bool table_is_below(const char *path, const char *above);

#endif /* STAND_IN_TABLE_H */
