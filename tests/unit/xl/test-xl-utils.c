/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-xl-utils.c: the memory functions behave as those of xen.git's xl. */
#include "../test.h"

#include <stdlib.h>

#include "xl_utils.h"

static void a_string_is_made_from_a_format(void)
{
    char *text;

    xasprintf(&text, "%s-%d", "a", 7);
    CHECK_STR(text, "a-7");
    free(text);
}

static void memory_begins_as_zeros_and_keeps_what_it_has(void)
{
    char *text = xcalloc(2, 4);

    CHECK_INT(memcmp(text, "\0\0\0\0\0\0\0", 8), 0);
    strcpy(text, "1234567");
    text = xrealloc(text, 4096);
    CHECK_STR(text, "1234567");
    free(text);
}

static void no_size_frees(void)
{
    CHECK(!xrealloc(xstrdup("text"), 0));
    CHECK(!xrealloc(NULL, 0));
}

TESTS(TEST(a_string_is_made_from_a_format),
      TEST(memory_begins_as_zeros_and_keeps_what_it_has),
      TEST(no_size_frees))
