/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * update.h: the xl.cfg that the tests of its rewriting begin with, and the
 * edits that are made in it.
 */
#ifndef TEST_UPDATE_H
#define TEST_UPDATE_H

#include "../test.h"
#include "../../../tools/xl/xl_config.h"

#define NAME "name = 'vm'\n"

/* xvda is to go from a qcow2 to an overlay, xvdb from a raw image. */
extern struct config_edit edits[2];

/* The edits as they are before any was made. */
void reset(void);
/* The first @num edits made; "refused: " and why if they cannot be. */
char *updated(const char *text, size_t len, int num);
/* The same, after a reset. */
char *update(const char *text, int num);
/* The first edit made in an xl.cfg with these disks. */
char *updated_disks(const char *disks);
/* xvda to go to @path: the disks @before become @after. */
void update_to(const char *path, const char *before, const char *after);

#define CHECK_UPDATE(num, before, after) \
    CHECK_STR(update(NAME before, num), NAME after)
#define CHECK_REFUSED(num, text, why) \
    CHECK_HAS(update(text, num), "refused: " why)
#define CHECK_ONE(before, after) \
    CHECK_UPDATE(1, "disk = [ " before " ]\n", "disk = [ " after " ]\n")
#define CHECK_ONE_REFUSED(spec) \
    CHECK_REFUSED(1, NAME "disk = [ " spec " ]\n", "vm.cfg:")
#define CHECK_RAW(before, after) do { \
        reset(); \
        edits[0] = edits[1]; \
        CHECK_STR(updated_disks(before), NAME "disk=[" after "]"); \
    } while (0)

#endif /* TEST_UPDATE_H */
