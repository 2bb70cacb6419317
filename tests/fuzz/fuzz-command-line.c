/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * fuzz-command-line.c: the words of a command line, a line each, up to
 * where the command would begin its work.
 */
#include "fuzz.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/xl/xl_session.h"
#include "xl.h"

const char fuzz_target[] = "command-line";

#define WORDS_MAX 64

int xl_snapshot_main(int argc, char **argv);

int session_run(const char *command,
                int (*run)(const struct session *s, const void *options),
                const void *options)
{
    MUST(command && run && options);
    return EXIT_SUCCESS;
}

/* It begins once only. */
void libxl_snapshot_process_begin(void)
{
}

/* Nothing that has no session calls these. */
void session_error(const struct session *s, const char *fmt, ...)
{
    (void)s, (void)fmt;
    abort();
}

void session_library_error(const struct session *s)
{
    (void)s;
    abort();
}

void session_tell_signal(const struct session *s, bool signalled)
{
    (void)s, (void)signalled;
    abort();
}

struct words {
    int num;
    char **list;
};

static void run(void *opaque)
{
    struct words *words = opaque;

    xl_snapshot_main(words->num, words->list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(fuzz_begin(), data, size), *word;
    struct words words = { .num = 1 };

    words.list = calloc(WORDS_MAX + 2, sizeof(*words.list));
    if (!words.list) abort();
    words.list[0] = (char *)"xl-snapshot";
    while (words.num <= WORDS_MAX && (word = strsep(&text, "\n")))
        words.list[words.num++] = word;
    /* as it is when the program begins */
    optind = 0;
    dryrun_only = 0;
    timestamps = false;
    minmsglevel = minmsglevel_default;
    fuzz_until_exit(run, &words);
    free(words.list);
    return 0;
}
