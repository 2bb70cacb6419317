/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test.h: what the unit tests share: CUnit's registry and assertions, TAP
 * as output, a fresh library context and a folder for each test.
 *
 * The name of a test function is a sentence, `_' for a space:
 *
 *   static void a_name_with_a_slash_is_refused(void)
 *   {
 *       CHECK(!libxl_snapshot_name_is_valid("a/b"));
 *   }
 *
 *   TESTS(TEST(a_name_with_a_slash_is_refused))
 */
#ifndef TEST_H
#define TEST_H

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <string.h>

#include "ops/ops.h"

/* Without a libxl context: there is no Xen here. */
extern libxl_snapshot_ctx *sc;

/* A path in the test's own folder, which goes when the test ends. */
const char *tmp_path(const char *name);
/* Make the file @name there; its path. */
const char *tmp_file(const char *name, const void *content, size_t len);
const char *tmp_text(const char *name, const char *text);
/* The hook @name, a shell script, in the folder that is then that of the
 * hooks; its path.  And one as it should be. */
const char *tmp_hook(const char *name, const char *script);
#define TEST_GOOD_HOOK \
    "case $1 in\n" \
    "info) echo '{\"version\":\"2.1\"," \
    "\"can\":[\"live\",\"nested\",\"fly\"]}';;\n" \
    "probe) echo '{\"handles\":true,\"can\":[\"live\",\"offline\"]," \
    "\"exists\":false}';;\n" \
    "*) echo '{\"done\":true}';;\nesac"
/* @path as a string; "" if it cannot be read. */
char *file_text(const char *path);

/* Who uses the file @path, but for us; NULL: nobody. */
const char *file_users(const char *path);

/* The last error, "" for none; and forget it. */
const char *error_text(void);
void error_forget(void);

/* End the test: it cannot be run here. */
void test_skip(const char *why);

/*
 * Compare @got with the file golden/@name of the sources, and print where they
 * differ; with UPDATE_GOLDEN in the environment, write that file instead.
 */
const char *golden_path(const char *name);
void check_golden(const char *name, const char *got);
/* JSON of a plan, a step a line, so that a change shows as one.  A journal
 * must be able to keep the plan, too. */
char *plan_lines(const struct snap_plan *plan);

#define CHECK(cond) \
    check_that(!!(cond), __LINE__, __FILE__, "%s", #cond)
#define CHECK_STR(got, want) check_str(got, want, __LINE__, __FILE__)
#define CHECK_INT(got, want) check_int(got, want, __LINE__, __FILE__)
/* @text has @part in it. */
#define CHECK_HAS(text, part) check_has(text, part, __LINE__, __FILE__)
/* @call fails with @rc and a sentence that has @part in it; forgotten
 * after. */
#define CHECK_FAILS(call, rc, part) do {                    \
        error_forget();                                     \
        CHECK_INT(call, rc);                                \
        CHECK_HAS(error_text(), part);                      \
        error_forget();                                     \
    } while (0)
/* @call succeeds. */
#define CHECK_OK(call) check_ok(call, __LINE__, __FILE__)
/* As CHECK(), and end the test if it does not hold. */
#define REQUIRE(cond) CU_ASSERT_FATAL(cond)

void check_that(bool ok, int line, const char *file, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void check_str(const char *got, const char *want, int line,
               const char *file);
void check_int(long long got, long long want, int line, const char *file);
void check_has(const char *text, const char *part, int line,
               const char *file);
void check_ok(int rc, int line, const char *file);

struct test {
    const char *name;
    void (*run)(void);
};
int test_run(const struct test *tests);

#define TEST(function) { #function, function }
#define TESTS(...)                                          \
    int main(void)                                          \
    {                                                       \
        const struct test tests[] = { __VA_ARGS__, { NULL, NULL } }; \
        return test_run(tests);                             \
    }

#endif /* TEST_H */
