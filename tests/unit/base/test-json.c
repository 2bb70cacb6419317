/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-json.c: JSON text from parts, and reading what QEMU may have
 * forged. */
#include "../test.h"

static void an_object_has_its_pairs_in_order(void)
{
    CHECK_STR(snap_json_object(sc, "s:a", "x", "b:b", 1, "u:c", (uint64_t)7,
                               "j:d", "[1,2]", "b:e", 0, NULL),
              "{\"a\":\"x\",\"b\":true,\"c\":7,\"d\":[1,2],\"e\":false}");
}

static void a_null_value_leaves_its_pair_out(void)
{
    const char *none = NULL;

    CHECK_STR(snap_json_object(sc, "s:a", none, "j:b", none, "s:c", "", NULL),
              "{\"c\":\"\"}");
    CHECK_STR(snap_json_object(sc, "s:a", none, NULL), "{}");
}

static void strings_are_escaped_and_come_back(void)
{
    const char *hard = "a\"b\\c/d\n\t\r\x01\x7f e,f{}[]\xc3\xa4";
    char *text = snap_json_object(sc, "s:key", hard, NULL);
    yajl_val v = snap_json_parse(text);

    CHECK(!strchr(text, '\n'));
    CHECK_STR(snap_json_str(v, "key"), hard);
    yajl_tree_free(v);
}

static void any_bytes_come_back_from_json_that_is_utf8(void)
{
    char every[256], *text;
    yajl_val v;
    int i;

    for (i = 0; i < 255; i++) every[i] = i + 1;
    every[255] = 0;
    text = snap_json_object(sc, "s:key", every, NULL);
    v = snap_json_parse(text);
    CHECK_STR(snap_json_str(v, "key"), every);
    yajl_tree_free(v);
    for (; *text; text++) CHECK(*text >= ' ' && *text < 0x7f);
}

/* Only 128 surrogates stand for bytes. */
static void other_surrogates_are_no_bytes(void)
{
    yajl_val v = snap_json_parse("[\"\\udd00x\", \"\\udc7fx\"]");

    CHECK_STR(YAJL_GET_STRING(v->u.array.values[0]), "\xed\xb4\x80x");
    CHECK_STR(YAJL_GET_STRING(v->u.array.values[1]), "\xed\xb1\xbfx");
    yajl_tree_free(v);
}

static void arrays_nest_finished_text(void)
{
    const char *const items[] = { "{\"a\":1}", "\"x\"", "null" };
    const char *const words[] = { "a", "b\"c", "" };

    CHECK_STR(snap_json_array(sc, items, 3), "[{\"a\":1},\"x\",null]");
    CHECK_STR(snap_json_array(sc, items, 0), "[]");
    CHECK_STR(snap_json_strings(sc, words, 3), "[\"a\",\"b\\\"c\",\"\"]");
    CHECK_STR(snap_json_strings(sc, words, 0), "[]");
}

static void what_is_no_json_is_null(void)
{
    static const char *const bad[] = {
        "", " ", "{", "}", "{\"a\"}", "{\"a\":}", "[1,]", "nul", "'a'",
        "{} {}", "[1]x", "{\"a\":1", "\"", "\"\xff\"", "\"\n\"",
    };
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        yajl_val v = snap_json_parse(bad[i]);

        check_that(!v, __LINE__, __FILE__, "'%s' is taken for JSON", bad[i]);
        yajl_tree_free(v);
    }
}

static yajl_val parse_nested(int depth)
{
    char *text = snap_zalloc(sc, 2 * depth + 2);

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return snap_json_parse(text);
}

static void nesting_is_limited_to_256_levels(void)
{
    yajl_val v = parse_nested(256);

    CHECK(v != NULL);
    yajl_tree_free(v);
    CHECK(parse_nested(257) == NULL);
    CHECK(parse_nested(1000000) == NULL);
}

static void brackets_in_strings_do_not_nest(void)
{
    char *many = snap_zalloc(sc, 1001), *text;
    yajl_val v;

    memset(many, '[', 1000);
    text = snap_sprintf(sc, "{\"a\":\"\\\"%s\\\\\",\"b\":1}", many);
    v = snap_json_parse(text);
    CHECK_INT(snap_json_u64(v, "b"), 1);
    yajl_tree_free(v);
}

static void values_are_counted(void)
{
    CHECK(snap_json_count("7") == 1);
    CHECK(snap_json_count("[1,2,3]") >= 4);
    CHECK(snap_json_count("{\"a,b[\\\"\":{},\"c\":[\"d\"]}") == 5);
    CHECK(snap_json_count("[/**/]") == SIZE_MAX);
}

/* yajl_tree_parse() takes comments, in which a quote begins no string */
static void comments_are_no_json(void)
{
    char *deep = snap_zalloc(sc, 601);

    memset(deep, '[', 300);
    memset(deep + 300, ']', 300);
    CHECK(snap_json_parse(snap_sprintf(sc, "/*\"*/%s", deep)) == NULL);
    CHECK(snap_json_parse(snap_sprintf(sc, "//\"\n%s", deep)) == NULL);
    CHECK(snap_json_parse("[1] // one") == NULL);
}

static void a_member_of_another_type_counts_as_missing(void)
{
    yajl_val v = snap_json_parse(
        "{\"s\":\"x\",\"n\":-5,\"d\":1.5,\"big\":99999999999999999999,"
        "\"o\":{\"i\":3},\"t\":true,\"z\":null,\"l\":[1],\"m\":9e3}");

    CHECK_STR(snap_json_str(v, "s"), "x");
    CHECK_STR(snap_json_str(v, "n"), NULL);
    CHECK_STR(snap_json_str(v, "o"), NULL);
    CHECK_STR(snap_json_str(v, "missing"), NULL);
    CHECK_INT(snap_json_u64(v, "n"), 0);
    CHECK_INT(snap_json_u64(v, "d"), 0);
    CHECK_INT(snap_json_u64(v, "big"), 0);
    CHECK_INT(snap_json_u64(v, "s"), 0);
    CHECK_INT(snap_json_u64(v, "l"), 0);
    CHECK(snap_json_bool(v, "t"));
    CHECK(!snap_json_bool(v, "s"));
    CHECK(!snap_json_bool(v, "z"));
    CHECK_INT(snap_json_u64(snap_json_get(v, "o"), "i"), 3);
    CHECK(snap_json_get(snap_json_get(v, "s"), "i") == NULL);
    CHECK(snap_json_get(snap_json_get(v, "l"), "i") == NULL);
    CHECK(snap_json_get(NULL, "i") == NULL);
    yajl_tree_free(v);
}

static void a_large_number_keeps_its_value(void)
{
    char *text = snap_json_object(sc, "u:n", UINT64_C(9223372036854775807),
                                  NULL);
    yajl_val v = snap_json_parse(text);

    CHECK_STR(text, "{\"n\":9223372036854775807}");
    CHECK(snap_json_u64(v, "n") == UINT64_C(9223372036854775807));
    yajl_tree_free(v);
}

TESTS(TEST(an_object_has_its_pairs_in_order),
      TEST(a_null_value_leaves_its_pair_out),
      TEST(strings_are_escaped_and_come_back),
      TEST(any_bytes_come_back_from_json_that_is_utf8),
      TEST(other_surrogates_are_no_bytes),
      TEST(arrays_nest_finished_text),
      TEST(what_is_no_json_is_null),
      TEST(nesting_is_limited_to_256_levels),
      TEST(brackets_in_strings_do_not_nest),
      TEST(comments_are_no_json),
      TEST(values_are_counted),
      TEST(a_member_of_another_type_counts_as_missing),
      TEST(a_large_number_keeps_its_value))
