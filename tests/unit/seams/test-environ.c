/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-environ.c: where programs are found, and the variables that they
 * get. */
#include "../test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONG_MS 20000

static int run_shell(const char *script, int timeout_ms,
                     struct snap_exec_output *output)
{
    return snap_exec(sc, "the test", snap_argv(sc, "sh", "-c", script, NULL),
                     timeout_ms, output);
}

/* As cron has it; and a program called thus finds its own programs. */
static void programs_of_administrators_are_found_without_path(void)
{
    const char *argv[] = { "chroot", "--version", NULL };
    struct snap_exec_output output = { NULL };
    char *path = strdup(getenv("PATH"));

    setenv("PATH", "/usr/bin:/bin", 1);
    CHECK(snap_exec_finds(sc, "chroot"));
    CHECK_OK(snap_exec(sc, "the test", argv, LONG_MS, NULL));
    CHECK_OK(run_shell("echo $PATH; chroot --version >/dev/null", LONG_MS,
                       &output));
    CHECK_STR(output.out,
              "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin\n");
    unsetenv("PATH");
    CHECK_OK(run_shell("chroot --version", LONG_MS, NULL));
    setenv("PATH", path, 1);
    free(path);
}

/* Any other folder may be anybody's. */
static void only_absolute_parts_of_path_count(void)
{
    struct snap_exec_output output = { NULL };
    char *path = strdup(getenv("PATH"));

    tmp_text("mine", "#!/bin/sh\n");
    chmod(tmp_path("mine"), 0700);
    CHECK_INT(chdir(snap_file_dirname(sc, tmp_path("mine"))), 0);
    setenv("PATH", ":/usr/bin:.:../tmp::/bin:", 1);
    CHECK(!snap_exec_finds(sc, "mine"));
    CHECK_OK(run_shell("echo $PATH", LONG_MS, &output));
    CHECK_STR(output.out, "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin\n");
    CHECK(snap_exec_finds(sc, "sh") && !snap_exec_finds(sc, "."));
    CHECK_INT(chdir("/"), 0);
    setenv("PATH", path, 1);
    free(path);
}

static void it_gets_no_variables_but_a_few(void)
{
    struct snap_exec_output output = { NULL };

    setenv("HOME", "/root", 1);
    setenv("TZ", "UTC", 1);
    setenv("LC_ALL", "de_DE", 1);
    setenv("BASH_ENV", "/tmp/evil", 1);
    setenv("XL_SNAPSHOT_OWN", "a b", 1);
    CHECK_OK(run_shell("tr '\\0' '\\n' </proc/$$/environ | grep -v ^PATH= "
                       "| sort", LONG_MS, &output));
    CHECK_STR(output.out, "HOME=/root\nLC_ALL=C\nTZ=UTC\n"
              "XL_SNAPSHOT_OWN=a b\n");
    unsetenv("XL_SNAPSHOT_OWN");
    unsetenv("LC_ALL");
}

TESTS(TEST(programs_of_administrators_are_found_without_path),
      TEST(only_absolute_parts_of_path_count),
      TEST(it_gets_no_variables_but_a_few))
