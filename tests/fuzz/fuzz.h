/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * fuzz.h: what the fuzzers share.  Each has one kind of outside input,
 * hands it to the function of the library that reads it, and does with the
 * result what the library would do.  It must neither crash nor be misled:
 * what is written of what was read must read the same again.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "ops/ops.h"

/* A folder of corpus/; each fuzzer's own. */
extern const char fuzz_target[];

/* libFuzzer, or replay.c, calls it for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A context without libxl; one for all inputs, begun anew. */
libxl_snapshot_ctx *fuzz_begin(void);
/* The path of a file with this content, until the next one is made. */
const char *fuzz_file(const void *data, size_t size);
/* The input as a string, of the context. */
char *fuzz_text(libxl_snapshot_ctx *sc, const uint8_t *data, size_t size);
/* @rc is 0, or there is a sentence that says why; which is forgotten. */
void fuzz_judged(libxl_snapshot_ctx *sc, int rc);
/* Neither a control character nor another line: it can go to a terminal. */
void fuzz_printable(const char *text);

/* stand-in-exec.c: what every program prints. */
void fuzz_prints(const uint8_t *data, size_t size);
/* stand-in-host.c: fuzz_begin() with libxl, on a host without domains,
 * whose folders are all empty. */
libxl_snapshot_ctx *fuzz_begin_xen(void);
/* stand-in-output.c: calls @body, which may end by exit(). */
void fuzz_until_exit(void (*body)(void *opaque), void *opaque);
/* stand-in-peer.c: what every socket that is connected to says, and ends. */
void fuzz_says(const uint8_t *data, size_t size);

#define MUST(cond) do {                                     \
        if (!(cond)) fuzz_broken(__FILE__, __LINE__, #cond); \
    } while (0)
void fuzz_broken(const char *file, int line, const char *what)
    __attribute__((noreturn));

#endif /* FUZZ_H */
