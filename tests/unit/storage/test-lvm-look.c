/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-lvm-look.c: which images are asked about, and an lvs that fails. */
#include "../test.h"
#include "storage/lvm/lvm.h"

#include <stdlib.h>
#include <sys/stat.h>

static void a_file_is_no_volume(void)
{
    const struct snap_lv *found;

    CHECK_OK(snap_lv_gather(sc, tmp_text("file", "x"), &found));
    CHECK(found == NULL);
    CHECK_OK(snap_lv_gather(sc, "/nowhere/file", &found));
    CHECK(found == NULL);
    CHECK_OK(snap_lv_gather(sc, NULL, &found));
    CHECK(found == NULL && sc->lvm == NULL);    /* lvs was not asked */
}

/* An lvs that fails must not leave an empty table to those who ask next. */
static void lvs_that_fails_is_asked_again(void)
{
    const char *script = tmp_text("lvs", "#!/bin/sh\nexit 5\n");
    const struct snap_lv *found;
    char *path = strdup(getenv("PATH"));
    int i;

    chmod(script, 0700);
    setenv("PATH", snap_sprintf(sc, "%s:%s", snap_file_dirname(sc, script),
                                path), 1);
    for (i = 0; i < 2; i++)
        CHECK_FAILS(snap_lv_gather(sc, "/dev/none/root", &found),
                    ERROR_FAIL, "lvs failed with status 5");
    setenv("PATH", path, 1);
    free(path);
}

TESTS(TEST(a_file_is_no_volume),
      TEST(lvs_that_fails_is_asked_again))
