/* SPDX-License-Identifier: LGPL-2.1-only */
/* base/argv.c: the arguments of programs. */
#include "base/base.h"

const char **snap_argv(libxl_snapshot_ctx *sc, const char *arg, ...)
{
    const char **argv, *a;
    int num = 0;
    va_list ap;

    va_start(ap, arg);
    for (a = arg; a; a = va_arg(ap, const char *)) num++;
    va_end(ap);

    argv = snap_zalloc(sc, (num + 1) * sizeof(*argv));
    num = 0;
    va_start(ap, arg);
    for (a = arg; a; a = va_arg(ap, const char *)) argv[num++] = a;
    va_end(ap);
    return argv;
}
