/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * replay.c: in the place of libFuzzer: the corpus once, for "make check".
 * Its log names the input that it died of.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void replay(const char *folder, const char *name)
{
    char *path, *data = NULL;
    size_t size = 0;
    FILE *f, *copy;
    int c;

    printf("# %s\n", name);
    fflush(stdout);
    if (asprintf(&path, "%s/%s", folder, name) < 0) abort();
    f = fopen(path, "r");
    copy = open_memstream(&data, &size);
    if (!f || !copy) abort();
    while ((c = getc(f)) != EOF) putc(c, copy);
    fclose(f);
    fclose(copy);
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    free(data);
    free(path);
}

int main(void)
{
    const char *srcdir = getenv("srcdir");
    struct dirent **names = NULL;
    char *folder;
    int i, num, done = 0;

    if (asprintf(&folder, "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
                 fuzz_target) < 0)
        abort();
    alarm(120);
    puts("1..1");
    num = scandir(folder, &names, NULL, alphasort);
    for (i = 0; i < num; i++) {
        if (names[i]->d_name[0] != '.') {
            replay(folder, names[i]->d_name);
            done++;
        }
        free(names[i]);
    }
    printf("%sok 1 - %d inputs of corpus/%s\n", done ? "" : "not ", done,
           fuzz_target);
    free(names);
    free(folder);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
