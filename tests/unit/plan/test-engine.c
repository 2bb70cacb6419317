/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-engine.c: every plan that a few letters can describe, broken at
 * every step, against a second, naive account of what ought to happen.
 *
 * A plan is written as words, one a step: a letter names it, "-" no undo,
 * "!" commit point, "?" undo also if it fails, "&" needs all before it,
 * "=" needs the commit point known to be passed, "<k" ends what step k
 * began. Performed steps are recorded by their letter, undos by the
 * capital.
 */
#include "../test.h"

#include <ctype.h>
#include <stdio.h>

#define MAX_STEPS 16

static void parse_step(struct snap_plan *plan, const char *word)
{
    struct snap_step *step = snap_plan_add(sc, plan, SNAP_STEP_PAUSE, "%c",
                                           word[0]);

    if (!strchr(word, '-'))
        snap_step_undo(sc, step, SNAP_STEP_UNPAUSE, "%c", toupper(word[0]));
    step->commit_point = strchr(word, '!') != NULL;
    step->undo_if_failed = strchr(word, '?') != NULL;
    step->only_if_all_done = strchr(word, '&') != NULL;
    step->only_if_commit_known = strchr(word, '=') != NULL;
    if (strchr(word, '<'))
        step->retires_undo_of = strchr(word, '<')[1] - 'a';
}

static struct snap_plan parse_plan(const char *text)
{
    struct snap_plan plan = { 0 };
    char *words = snap_strdup(sc, text), *save, *word;

    for (word = strtok_r(words, " ", &save); word;
         word = strtok_r(NULL, " ", &save))
        parse_step(&plan, word);
    return plan;
}

/* Run the engine; steps whose letter is in @broken fail with their number,
 * of those that are in @lost it is not known whether they were done. */
static const char *perform_lost(const struct snap_plan *plan,
                                const char *broken, const char *lost,
                                struct snap_engine *engine)
{
    const struct snap_step *step;
    char *trace = snap_zalloc(sc, 4 * MAX_STEPS);
    int n = 0;

    snap_engine_init(sc, engine, plan);
    while ((step = snap_engine_next(engine)) && n < 4 * MAX_STEPS - 1) {
        trace[n++] = step->what[0];
        if (strchr(lost, step->what[0]))
            snap_engine_lost(engine, -(step->what[0]));
        else
            snap_engine_done(engine, strchr(broken, step->what[0])
                                     ? -(step->what[0]) : 0);
    }
    CHECK(step == NULL);
    CHECK(snap_engine_next(engine) == NULL);
    CHECK_INT(engine->state, SNAP_ENGINE_DONE);
    return trace;
}

static const char *perform(const struct snap_plan *plan,
                           const char *broken, struct snap_engine *engine)
{
    return perform_lost(plan, broken, "", engine);
}

static void check_run(const char *text, const char *broken,
                      const char *want, int rc, bool committed)
{
    struct snap_plan plan = parse_plan(text);
    struct snap_engine engine;
    const char *got = perform(&plan, broken, &engine);

    check_that(!strcmp(got, want), __LINE__, __FILE__,
               "plan '%s' broken at '%s': got '%s', not '%s'", text, broken,
               got, want);
    CHECK_INT(engine.rc, rc);
    CHECK_INT(engine.committed, committed);
}

static void engine_does_the_steps_in_order(void)
{
    check_run("a b c", "", "abc", 0, false);
    check_run("a b! c", "", "abc", 0, true);
    check_run("a- b-! c-&", "", "abc", 0, true);
}

static void an_empty_plan_is_done_at_once(void)
{
    check_run("", "", "", 0, false);
}

static void engine_unwinds_in_reverse_order(void)
{
    check_run("a b c d", "a", "a", -'a', false);
    check_run("a b c d", "b", "abA", -'b', false);
    check_run("a b c d", "c", "abcBA", -'c', false);
    check_run("a b c d", "d", "abcdCBA", -'d', false);
}

static void steps_without_undo_are_passed_over(void)
{
    check_run("a b- c d-", "d", "abcdCA", -'d', false);
    check_run("a- b- c-", "c", "abc", -'c', false);
}

static void a_step_that_was_not_begun_is_not_undone(void)
{
    struct snap_plan plan = parse_plan("a b? c");
    struct snap_engine engine;

    snap_engine_init(sc, &engine, &plan);
    snap_engine_next(&engine);
    snap_engine_done(&engine, 0);
    snap_engine_next(&engine);
    snap_engine_refused(&engine, ERROR_FAIL);
    CHECK(snap_engine_next(&engine) == plan.steps[0].undo);
    snap_engine_refused(&engine, ERROR_FAIL);
    CHECK(snap_engine_next(&engine) == NULL);
    CHECK_INT(engine.rc, ERROR_FAIL);
}

static void a_failed_step_is_undone_only_if_it_asks_for_that(void)
{
    check_run("a b? c", "b", "abBA", -'b', false);
    check_run("a b c", "b", "abA", -'b', false);
    check_run("a b?- c", "b", "abA", -'b', false);
}

static void a_failed_undo_does_not_stop_the_others(void)
{
    check_run("a b c d", "dC", "abcdCBA", -'d', false);
    check_run("a b c d", "dCBA", "abcdCBA", -'d', false);
}

static void what_a_step_ended_is_not_undone(void)
{
    /* create's save (a), pause (b), resume (c ends a), transaction (d) */
    check_run("a? b c-<a d-! e-", "a", "aA", -'a', false);
    check_run("a? b c-<a d-! e-", "b", "abA", -'b', false);
    check_run("a? b c-<a d-! e-", "c", "abcBA", -'c', false);
    check_run("a? b c-<a d-! e-", "d", "abcdB", -'d', false);
    check_run("a? b c-<a d-! e-", "e", "abcde", -'e', true);
}

static void past_the_commit_point_nothing_is_undone(void)
{
    check_run("a b! c d", "c", "abcd", -'c', true);
    check_run("a b! c d", "d", "abcd", -'d', true);
    check_run("a b! c d", "cd", "abcd", -'c', true);
}

static void a_commit_point_that_fails_unwinds(void)
{
    check_run("a b c! d", "c", "abcBA", -'c', false);
    check_run("a b c?! d", "c", "abcCBA", -'c', false);
}

static void what_needs_all_before_is_left_out_after_a_failure(void)
{
    check_run("a! b c& d", "b", "abd", -'b', true);
    check_run("a! b c& d& e", "b", "abe", -'b', true);
    check_run("a! b& c& d&", "b", "ab", -'b', true);
    check_run("a! b c& d", "", "abcd", 0, true);
}

/*-- all plans --------------------------------------------------------------*/

/* What ought to happen, told without a state machine. */
static const char *expected(const struct snap_plan *plan, int broken)
{
    char *trace = snap_zalloc(sc, 4 * MAX_STEPS);
    bool committed = false, failed = false;
    int n = 0, i, j;

    for (i = 0; i < plan->num_steps; i++) {
        const struct snap_step *step = &plan->steps[i];

        if (committed && failed && step->only_if_all_done) continue;
        trace[n++] = step->what[0];
        if (i == broken) {
            failed = true;
            if (!committed) break;
        } else if (step->commit_point) {
            committed = true;
        }
    }
    if (committed || !failed) return trace;
    for (i = broken; i >= 0; i--) {
        const struct snap_step *step = &plan->steps[i];
        bool ended = false;

        for (j = i + 1; j < broken; j++)
            if (plan->steps[j].retires_undo_of == i) ended = true;
        if (i == broken && !step->undo_if_failed) continue;
        if (step->undo && !ended) trace[n++] = step->undo->what[0];
    }
    return trace;
}

/* The plan whose steps' traits are the base-16 digits of @code. */
static struct snap_plan numbered_plan(int num_steps, unsigned int code)
{
    struct snap_plan plan = { 0 };
    char word[16];
    int i, traits;

    for (i = 0; i < num_steps; i++, code /= 16) {
        traits = code % 16;
        snprintf(word, sizeof(word), "%c%s%s%s%s", 'a' + i,
                 traits & 1 ? "-" : "", traits & 2 ? "?" : "",
                 traits & 4 ? "!" : "", traits & 8 ? "&" : "");
        parse_step(&plan, word);
        if ((traits & 3) == 2 && i) plan.steps[i].retires_undo_of = i - 1;
    }
    return plan;
}

static void all_plans_of_three_steps_break_as_they_ought_to(void)
{
    struct snap_engine engine;
    unsigned int code;
    int steps, broken, wrong = 0;

    for (steps = 0; steps <= 3; steps++) {
        for (code = 0; code < 1u << (4 * steps); code++) {
            struct snap_plan plan = numbered_plan(steps, code);

            for (broken = -1; broken < steps; broken++) {
                const char name[] = { broken < 0 ? 0 : 'a' + broken, 0 };
                const char *got = perform(&plan, name, &engine);

                if (strcmp(got, expected(&plan, broken)) && wrong++ < 5)
                    check_that(false, __LINE__, __FILE__, "plan %d/%x broken "
                               "at %d: got '%s', not '%s'", steps, code,
                               broken, got, expected(&plan, broken));
            }
            if (code % 256 == 0) snap_ctx_begin(sc);
        }
    }
    CHECK_INT(wrong, 0);
}

/* What QEMU may have switched to must not be removed: forward is safe. */
static void a_commit_point_of_unknown_outcome_counts_as_passed(void)
{
    struct snap_plan plan = parse_plan("a b!- c d= e&");
    struct snap_engine engine;

    CHECK_STR(perform_lost(&plan, "", "b", &engine), "abc");
    CHECK_INT(engine.rc, -'b');
    CHECK(engine.committed);
    CHECK(engine.commit_unknown);
}

static void but_one_with_an_undo_is_undone(void)
{
    struct snap_plan plan = parse_plan("a b! c");
    struct snap_engine engine;

    CHECK_STR(perform_lost(&plan, "", "b", &engine), "abBA");
    CHECK(!engine.committed);
    CHECK(!engine.commit_unknown);
    CHECK_INT(engine.unsure, 1);
}

static void a_lost_step_before_it_is_undone(void)
{
    struct snap_plan plan = parse_plan("a b c!");
    struct snap_engine engine;

    CHECK_STR(perform_lost(&plan, "", "b", &engine), "abBA");
    CHECK_INT(engine.rc, -'b');
    CHECK(!engine.committed);
    CHECK_INT(engine.unsure, 1);
}

static void a_lost_undo_does_not_stop_the_others(void)
{
    struct snap_plan plan = parse_plan("a b c!");
    struct snap_engine engine;

    CHECK_STR(perform_lost(&plan, "c", "B", &engine), "abcBA");
}

TESTS(TEST(engine_does_the_steps_in_order),
      TEST(an_empty_plan_is_done_at_once),
      TEST(engine_unwinds_in_reverse_order),
      TEST(steps_without_undo_are_passed_over),
      TEST(a_step_that_was_not_begun_is_not_undone),
      TEST(a_failed_step_is_undone_only_if_it_asks_for_that),
      TEST(a_failed_undo_does_not_stop_the_others),
      TEST(what_a_step_ended_is_not_undone),
      TEST(past_the_commit_point_nothing_is_undone),
      TEST(a_commit_point_that_fails_unwinds),
      TEST(what_needs_all_before_is_left_out_after_a_failure),
      TEST(a_commit_point_of_unknown_outcome_counts_as_passed),
      TEST(but_one_with_an_undo_is_undone),
      TEST(a_lost_step_before_it_is_undone),
      TEST(a_lost_undo_does_not_stop_the_others),
      TEST(all_plans_of_three_steps_break_as_they_ought_to))
