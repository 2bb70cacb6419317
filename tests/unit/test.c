/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test.c: CUnit runs the tests and counts; its message handlers print TAP,
 * which CUnit does not know itself.
 */
#include "test.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

libxl_snapshot_ctx *sc;

static char folder[] = "/tmp/xl-snapshot-test.XXXXXX";
static const char *skipped;
static int number;

/*-- one test's surroundings ------------------------------------------------*/

static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    char inner[512];

    while (dir && (e = readdir(dir))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name);
        if (unlink(inner)) remove_tree(inner);
    }
    if (dir) closedir(dir);
    rmdir(path);
}

static void test_setup(void)
{
    /* whatever the user's is: what a group can write to is not trusted */
    umask(022);
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    if (!mkdtemp(folder) || libxl_snapshot_ctx_alloc(&sc, NULL, NULL))
        abort();
    skipped = NULL;
}

static void test_teardown(void)
{
    libxl_snapshot_ctx_free(sc);
    sc = NULL;
    remove_tree(folder);
}

const char *tmp_path(const char *name)
{
    return snap_sprintf(sc, "%s/%s", folder, name);
}

const char *tmp_file(const char *name, const void *content, size_t len)
{
    const char *path = tmp_path(name);
    FILE *f = fopen(path, "w");

    if (!f || fwrite(content, 1, len, f) != len || fclose(f)) abort();
    return path;
}

const char *tmp_text(const char *name, const char *text)
{
    return tmp_file(name, text, strlen(text));
}

const char *tmp_hook(const char *name, const char *script)
{
    const char *dir = tmp_path("snapshot.d");
    const char *path = snap_sprintf(sc, "%s/%s", dir, name);

    mkdir(dir, 0755);
    sc->hook_dir = dir;
    tmp_text(snap_sprintf(sc, "snapshot.d/%s", name),
             snap_sprintf(sc, "#!/bin/sh\n%s\n", script));
    chmod(path, 0755);
    return path;
}

char *file_text(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = NULL;
    size_t got, len = 0;
    char buf[4096];

    while (f && (got = fread(buf, 1, sizeof(buf), f))) {
        text = snap_grow(sc, text, len, len + got + 1);
        memcpy(text + len, buf, got);
        len += got;
    }
    if (f) fclose(f);
    return text ? text : snap_strdup(sc, "");
}

const char *error_text(void)
{
    const char *error = libxl_snapshot_ctx_error(sc);

    return error ? error : "";
}

void error_forget(void)
{
    free(sc->error);
    sc->error = NULL;
}

/*-- assertions -------------------------------------------------------------*/

void check_that(bool ok, int line, const char *file, const char *fmt, ...)
{
    char text[2000];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    CU_assertImplementation(ok, line, text, file, "", CU_FALSE);
}

void check_str(const char *got, const char *want, int line,
               const char *file)
{
    bool same = got && want ? !strcmp(got, want) : got == want;

    check_that(same, line, file, "got \"%s\", not \"%s\"",
               got ? got : "(null)", want ? want : "(null)");
}

void check_int(long long got, long long want, int line, const char *file)
{
    check_that(got == want, line, file, "got %lld, not %lld; error: %s", got,
               want, error_text());
}

void check_has(const char *text, const char *part, int line,
               const char *file)
{
    check_that(text && strstr(text, part), line, file,
               "\"%s\" does not have \"%s\" in it", text ? text : "(null)",
               part);
}

void check_ok(int rc, int line, const char *file)
{
    check_that(!rc, line, file, "failed with %d: %s", rc, error_text());
}

void test_skip(const char *why)
{
    skipped = why;
}

const char *file_users(const char *path)
{
    struct snap_file_use file = { .who = "file", .path = path };
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };

    CHECK_OK(snap_users_of_files(sc, &file, 1, &nobody));
    return file.users;
}

/*-- golden files -----------------------------------------------------------*/

const char *golden_path(const char *name)
{
    const char *dir = getenv("srcdir");

    return snap_sprintf(sc, "%s/tests/unit/golden/%s", dir ? dir : ".", name);
}

/* A line of a diagnosis for each that differs, and its neighbours. */
static void print_diff(const char *path, const char *got)
{
    const char *now = tmp_text("golden", got);
    FILE *f = popen(snap_sprintf(sc, "diff -u --label %s --label now '%s' "
                                 "'%s' 2>&1", strrchr(path, '/') + 1, path,
                                 now), "r");
    char *line = NULL;
    size_t size = 0;

    if (!f) abort();
    while (getline(&line, &size, f) > 0) printf("# %s", line);
    free(line);
    pclose(f);
}

void check_golden(const char *name, const char *got)
{
    const char *path = golden_path(name);
    bool same;
    FILE *f;

    if (getenv("UPDATE_GOLDEN")) {
        f = fopen(path, "w");
        if (!f || fputs(got, f) < 0 || fclose(f)) abort();
        return;
    }
    same = !strcmp(file_text(path), got);
    if (!same) print_diff(path, got);
    check_that(same, 0, name, "differs from what is recorded");
}

/* The journal can keep it. */
static void check_record(const struct snap_plan *plan)
{
    yajl_val v = snap_json_parse(snap_plan_record(sc, plan));
    struct snap_plan again;

    CHECK_OK(snap_plan_parse(sc, v, &again));
    yajl_tree_free(v);
}

char *plan_lines(const struct snap_plan *plan)
{
    char *json = snap_plan_to_json(sc, plan), *at, *text = snap_strdup(sc, "");

    check_record(plan);

    while ((at = strstr(json + 1, ",{\"kind\""))) {
        /* an undo stands behind a colon, not behind a comma */
        text = snap_sprintf(sc, "%s%.*s,\n", text, (int)(at - json), json);
        json = at + 1;
    }
    return snap_sprintf(sc, "%s%s\n", text, json);
}

/*-- TAP --------------------------------------------------------------------*/

static void print_sentence(const char *name)
{
    for (; *name; name++)
        putchar(*name == '_' ? ' ' : *name);
}

/* Each line of a diagnosis needs its own "#". */
static void print_diagnosis(const CU_FailureRecord *failure)
{
    const char *p;

    printf("# %s:%u: ", failure->strFileName, failure->uiLineNumber);
    for (p = failure->strCondition; p && *p; p++) {
        putchar(*p);
        if (*p == '\n') printf("# ");
    }
    putchar('\n');
}

static void on_test_complete(const CU_pTest test, const CU_pSuite suite,
                             const CU_pFailureRecord failures)
{
    const CU_FailureRecord *failure;

    (void)suite;
    printf("%sok %d - ", failures ? "not " : "", ++number);
    print_sentence(test->pName);
    if (skipped) printf(" # SKIP %s", skipped);
    putchar('\n');
    for (failure = failures; failure; failure = failure->pNext)
        print_diagnosis(failure);
    fflush(stdout);
}

int test_run(const struct test *tests)
{
    CU_pSuite suite;
    unsigned int failures;
    int i;

    if (CU_initialize_registry()) abort();
    suite = CU_add_suite_with_setup_and_teardown("unit", NULL, NULL,
                                                 test_setup, test_teardown);
    for (i = 0; tests[i].name; i++)
        if (!CU_add_test(suite, tests[i].name, tests[i].run)) abort();
    printf("1..%d\n", i);
    fflush(stdout);
    CU_set_test_complete_handler(on_test_complete);
    alarm(120);                 /* a test that hangs is a test that fails */
    CU_run_all_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
