/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-text.c: others' words, for a terminal, for a shell and in JSON. */
#include "../test.h"

#include <stdlib.h>

/* The plain form of @s is @plain, and @json is its JSON without quotes. */
static void check_spelled(const char *s, const char *plain, const char *json)
{
    char *text = libxl_snapshot_json_string(s);

    CHECK_STR(snap_plain(sc, s), plain);
    CHECK_STR(text, snap_sprintf(sc, "\"%s\"", json));
    free(text);
}

/* The same, where both are one. */
static void check_same(const char *s, const char *spelled)
{
    check_spelled(s, spelled, spelled);
}

static void text_stays_as_it_is(void)
{
    check_same("", "");
    check_same("/srv/web one.img ~!@#$%^&*(){}[]|;:'<>?,.", "/srv/web one.img "
               "~!@#$%^&*(){}[]|;:'<>?,.");
    check_same("\xc3\xa4\xc3\x96\xc3\x9f \xe6\x97\xa5\xe6\x9c\xac "
               "\xd7\xa9\xd7\x9c \xf0\x9f\x90\xb4 \xc2\xa0",
               "\xc3\xa4\xc3\x96\xc3\x9f \xe6\x97\xa5\xe6\x9c\xac "
               "\xd7\xa9\xd7\x9c \xf0\x9f\x90\xb4 \xc2\xa0");
    check_spelled("a\"b\\c", "a\"b\\c", "a\\\"b\\\\c");
    CHECK_STR(snap_plain(sc, NULL), NULL);
}

static void control_characters_are_spelled(void)
{
    check_spelled("\x1b[31m", "\\x1b[31m", "\\u001b[31m");
    check_spelled("a\nb\rc\td", "a\\x0ab\\x0dc\\x09d", "a\\nb\\rc\\td");
    check_spelled("\x01\x08\x1f\x7f", "\\x01\\x08\\x1f\\x7f",
                  "\\u0001\\b\\u001f\\u007f");
    check_same("\xc2\x80\xc2\x9b\xc2\x9f", "\\u0080\\u009b\\u009f");
}

static void what_turns_or_ends_a_line_is_spelled(void)
{
    check_same("\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "\\u061c\\u200e\\u200f");
    check_same("\xe2\x80\xaa\xe2\x80\xae", "\\u202a\\u202e");
    check_same("\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069");
    check_same("\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029");
    /* beside them */
    check_same("\xd8\x9b\xe2\x80\x90\xe2\x80\xaf\xe2\x81\xa5",
               "\xd8\x9b\xe2\x80\x90\xe2\x80\xaf\xe2\x81\xa5");
}

static void what_is_not_utf8_is_spelled_by_bytes(void)
{
    check_spelled("B\xfcro", "B\\xfcro", "B\\udcfcro");
    check_spelled("\x80\x9b" "31m", "\\x80\\x9b31m", "\\udc80\\udc9b31m");
    check_spelled("\xc3", "\\xc3", "\\udcc3");
    check_spelled("\xe2\x80", "\\xe2\\x80", "\\udce2\\udc80");
    /* too long, a surrogate, too large */
    check_spelled("\xc0\xaf", "\\xc0\\xaf", "\\udcc0\\udcaf");
    check_spelled("\xe0\x82\x9b", "\\xe0\\x82\\x9b",
                  "\\udce0\\udc82\\udc9b");
    check_spelled("\xed\xb3\xbf", "\\xed\\xb3\\xbf",
                  "\\udced\\udcb3\\udcbf");
    check_spelled("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
                  "\\udcf4\\udc90\\udc80\\udc80");
}

static void what_is_plain_stays_so(void)
{
    const char *plain = snap_plain(sc, "\x1b[31m\xfc\xe2\x80\xae\n\\x1b");

    CHECK_STR(snap_plain(sc, plain), plain);
}

static void check_operand(const char *s, const char *operand)
{
    CHECK_STR(snap_operand(sc, s), operand);
}

static void an_operand_can_be_pasted_whatever_it_is(void)
{
    check_operand("web", "web");
    check_operand("it's", "'it'\\''s'");
    check_operand("\x1b[1m it's \\ \xfc\xe2\x80\xae",
                  "$'\\033[1m it\\047s \\134 \\374\\342\\200\\256'");
    check_operand("-\n", "-- $'-\\012'");
}

static void a_text_grows_in_its_place(void)
{
    char *text = snap_append(sc, NULL, "%s", "");
    size_t before = sc->num_allocs;
    int i;

    CHECK_STR(text, "");
    for (i = 0; i < 10000; i++)
        text = snap_append(sc, text, "%c%s", 'a' + i % 26, "-");
    CHECK_INT(strlen(text), 20000);
    CHECK(!strncmp(text, "a-b-c-", 6) && !strcmp(text + 19996, "o-p-"));
    CHECK(sc->num_allocs < before + 10);
    text = snap_append(sc, text, "%s", snap_sprintf(sc, "%040000d", 7));
    CHECK_INT(strlen(text), 60000);
}

TESTS(TEST(text_stays_as_it_is), TEST(control_characters_are_spelled),
      TEST(what_turns_or_ends_a_line_is_spelled),
      TEST(what_is_not_utf8_is_spelled_by_bytes),
      TEST(what_is_plain_stays_so),
      TEST(an_operand_can_be_pasted_whatever_it_is),
      TEST(a_text_grows_in_its_place))
