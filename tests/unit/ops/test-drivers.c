/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-drivers.c: the drivers and hooks that this host has. */
#include "../test.h"

#include <stdlib.h>

static const libxl_snapshot_driver *named(const libxl_snapshot_driver *d,
                                          int num, const char *name)
{
    int i;

    for (i = 0; i < num; i++)
        if (!strcmp(d[i].name, name)) return &d[i];
    CU_FAIL_FATAL("no such driver");
    return NULL;
}

static void the_drivers_of_this_host_are_listed(void)
{
    /* the folder's name must outlive what the list begins with */
    char *dir = strdup(tmp_path("snapshot.d"));
    const libxl_snapshot_driver *d;
    libxl_snapshot_driver *all;
    int num;

    tmp_hook("zfs", TEST_GOOD_HOOK);
    tmp_hook("dead", "exit 1");
    tmp_hook("mute", "echo '{\"version\":\"1\"}'");
    tmp_hook("poor", "echo '{\"can\":[\"live\"],\"why\":\"no pools\"}'");
    sc->hook_dir = dir;
    CHECK_OK(libxl_snapshot_driver_list(sc, &all, &num));
    d = named(all, num, "qcow2-internal");
    CHECK_STR(d->program, "qemu-img");
    CHECK_STR(d->problem, NULL);
    CHECK(d->version && strchr(d->version, '.'));
    d = named(all, num, "hook/zfs");
    CHECK_STR(d->version, "2.1");
    CHECK_STR(d->problem, NULL);
    CHECK_INT(d->can, LIBXL_SNAPSHOT_CAN_LIVE | LIBXL_SNAPSHOT_CAN_NESTED);
    CHECK_HAS(named(all, num, "hook/dead")->problem, "failed with status 1");
    CHECK_HAS(named(all, num, "hook/mute")->problem, "does not say what");
    CHECK_STR(named(all, num, "hook/poor")->problem, "no pools");
    CHECK_STR(libxl_snapshot_ctx_error(sc), NULL);
    libxl_snapshot_driver_list_free(all, num);
    free(dir);
}

static void a_program_that_is_missing_is_a_problem(void)
{
    const char *version, *problem;

    snap_program_version(sc, "no-such-program", &version, &problem);
    CHECK_STR(problem, "no-such-program is not installed");
    snap_program_version(sc, "false", &version, &problem);
    CHECK(!version && !problem);
    CHECK_STR(libxl_snapshot_ctx_error(sc), NULL);
}

TESTS(TEST(the_drivers_of_this_host_are_listed),
      TEST(a_program_that_is_missing_is_a_problem))
