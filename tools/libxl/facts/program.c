/* SPDX-License-Identifier: LGPL-2.1-only */
/* facts/program.c: finds the version of a program that is installed. */
#include "facts/images.h"

#include <ctype.h>
#include <string.h>

/* "qemu-img version 7.2.22 (...)", "  LVM version:  2.03.16(2) (...)". */
static const char *program_first_number(libxl_snapshot_ctx *sc,
                                        const char *text)
{
    while (*text && *text != '\n') {
        size_t len = strcspn(text, " \t\n");

        if (isdigit((unsigned char)*text))
            return snap_plain(
                sc, snap_sprintf(sc, "%.*s", (int)len, text));
        text += len ? len : 1;
    }
    return NULL;
}

void snap_program_version(libxl_snapshot_ctx *sc, const char *program,
                          const char **version_r, const char **problem_r)
{
    struct snap_exec_output output;
    int rc;

    *version_r = *problem_r = NULL;
    rc = snap_exec(sc, "version", snap_argv(sc, program, "--version", NULL),
                   snap_wait_ms(sc, SNAP_WAIT_VERSION), &output);
    if (!rc) {
        *version_r = program_first_number(sc, output.out);
        return;
    }
    snap_take_error(sc);        /* not every program has --version */
    if (rc == ERROR_NOTFOUND)
        *problem_r = snap_sprintf(sc, "%s is not installed", program);
}
