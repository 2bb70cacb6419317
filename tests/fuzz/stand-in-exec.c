/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * stand-in-exec.c: in the place of seams/exec.c: every program is there,
 * and prints the input; but for head(1), which prints what it is to.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint8_t *printed;
static size_t printed_size;

void fuzz_prints(const uint8_t *data, size_t size)
{
    printed = data;
    printed_size = size;
}

int snap_exec(libxl_snapshot_ctx *sc, const char *what,
              const char *const *argv, int timeout_ms,
              struct snap_exec_output *output_r)
{
    (void)what, (void)argv, (void)timeout_ms;
    if (output_r) {
        output_r->out = fuzz_text(sc, printed, printed_size);
        output_r->len = printed_size;
    }
    return 0;
}

int snap_exec_on(libxl_snapshot_ctx *sc, const char *what,
                 const char *const *argv, int timeout_ms, int fd,
                 struct snap_exec_output *output_r)
{
    uint8_t head[4096];
    ssize_t got = strcmp(argv[0], "head") ? -1
                                          : pread(fd, head, sizeof(head), 0);

    if (got < 0) return snap_exec(sc, what, argv, timeout_ms, output_r);
    output_r->out = fuzz_text(sc, head, got);
    output_r->len = got;
    return 0;
}

int snap_exec_fed(libxl_snapshot_ctx *sc, const char *what,
                  const char *const *argv, int timeout_ms,
                  const struct snap_exec_input *input,
                  struct snap_exec_output *output_r)
{
    (void)input;
    return snap_exec(sc, what, argv, timeout_ms, output_r);
}

int snap_exec_change(libxl_snapshot_ctx *sc, const char *what,
                     const char *const *argv, int timeout_ms,
                     enum snap_exec_end end,
                     struct snap_exec_output *output_r)
{
    (void)sc, (void)what, (void)argv, (void)timeout_ms, (void)end;
    (void)output_r;
    abort();            /* nothing that is fuzzed changes anything */
}

bool snap_exec_finds(libxl_snapshot_ctx *sc, const char *program)
{
    (void)sc, (void)program;
    return true;
}

int snap_exec_process(libxl_snapshot_ctx *sc, snap_process *body,
                      void *opaque, int *fd_r)
{
    (void)sc, (void)body, (void)opaque, (void)fd_r;
    abort();
}
