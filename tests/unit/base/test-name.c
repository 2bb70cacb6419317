/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-name.c: which names a snapshot may have. */
#include "../test.h"

static void names_of_letters_digits_and_four_signs_are_good(void)
{
    static const char *const good[] = {
        "a", "1", "Z", "before-upgrade", "2024-11-21_09.40", "v1.0+git",
        "_x", "+x", "a.b", "a..b", "a-",
    };
    size_t i;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        check_that(libxl_snapshot_name_is_valid(good[i]), __LINE__, __FILE__,
                   "'%s' is refused", good[i]);
}

static void every_other_character_is_refused(void)
{
    const char *fine = "abcdefghijklmnopqrstuvwxyz"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+";
    char name[] = "a?b";
    int c;

    for (c = 1; c < 256; c++) {
        name[1] = c;
        check_that(libxl_snapshot_name_is_valid(name)
                   == (strchr(fine, c) != NULL), __LINE__, __FILE__,
                   "character %d is judged wrongly", c);
    }
}

static void a_leading_dot_or_minus_is_refused(void)
{
    CHECK(!libxl_snapshot_name_is_valid("."));
    CHECK(!libxl_snapshot_name_is_valid(".."));
    CHECK(!libxl_snapshot_name_is_valid(".hidden"));
    CHECK(!libxl_snapshot_name_is_valid("-rf"));
}

static void a_name_has_1_to_128_characters(void)
{
    char name[131];

    memset(name, 'n', sizeof(name));
    name[128] = 0;
    CHECK(libxl_snapshot_name_is_valid(name));
    name[128] = 'n';
    name[129] = 0;
    CHECK(!libxl_snapshot_name_is_valid(name));
    CHECK(!libxl_snapshot_name_is_valid(""));
}

static void the_refusal_says_the_rule_and_the_name(void)
{
    CHECK_FAILS(snap_name_check(sc, "a/b"), ERROR_INVAL,
                "snapshot name 'a/b': not valid; use letters");
    CHECK_FAILS(snap_name_check(sc, NULL), ERROR_INVAL, "snapshot name ''");
    CHECK_OK(snap_name_check(sc, "a"));
    CHECK_STR(libxl_snapshot_ctx_error(sc), NULL);
}

static void a_name_of_a_megabyte_does_not_fill_the_message(void)
{
    char *name = snap_zalloc(sc, 1 << 20);

    memset(name, 'x', (1 << 20) - 1);
    CHECK_INT(snap_name_check(sc, name), ERROR_INVAL);
    CHECK(strlen(error_text()) < 400);
}

TESTS(TEST(names_of_letters_digits_and_four_signs_are_good),
      TEST(every_other_character_is_refused),
      TEST(a_leading_dot_or_minus_is_refused),
      TEST(a_name_has_1_to_128_characters),
      TEST(the_refusal_says_the_rule_and_the_name),
      TEST(a_name_of_a_megabyte_does_not_fill_the_message))
