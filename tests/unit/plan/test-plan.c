/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-plan.c: steps as data, and the JSON of a plan that uses every
 * field. */
#include "../test.h"

static void a_plan_grows_and_keeps_its_steps(void)
{
    struct snap_plan plan = { 0 };
    int i;

    CHECK_INT(snap_plan_last(&plan), -1);
    for (i = 0; i < 100; i++) {
        snap_plan_add(sc, &plan, SNAP_STEP_PAUSE, "step %d", i);
        CHECK_INT(snap_plan_last(&plan), i);
    }
    for (i = 0; i < 100; i++)
        CHECK_STR(plan.steps[i].what, snap_sprintf(sc, "step %d", i));
}

static void a_new_step_has_no_undo_and_ends_nothing(void)
{
    struct snap_plan plan = { 0 };
    struct snap_step *step = snap_plan_add(sc, &plan, SNAP_STEP_MKDIR, "x");

    CHECK(!step->undo && !step->commit_point && !step->only_if_all_done);
    CHECK_INT(step->retires_undo_of, -1);
    step = snap_step_undo(sc, step, SNAP_STEP_RMDIR, "not x");
    CHECK(plan.steps[0].undo == step);
    CHECK_INT(step->kind, SNAP_STEP_RMDIR);
    CHECK_INT(step->retires_undo_of, -1);
}

static void a_file_is_created_with_its_removal_beside_it(void)
{
    struct snap_plan plan = { 0 };

    snap_plan_create_file(sc, &plan, "/a", "/b", "text", "the file");
    CHECK_STR(plan.steps[0].what, "create the file /a");
    CHECK_STR(plan.steps[0].owner_of, "/b");
    CHECK_STR(plan.steps[0].content, "text");
    CHECK_INT(plan.steps[0].undo->kind, SNAP_STEP_UNLINK);
    CHECK_STR(plan.steps[0].undo->path, "/a");
    CHECK_STR(plan.steps[0].undo->what, "remove /a");
}

static void an_argv_ends_with_null(void)
{
    const char **argv = snap_argv(sc, "a", "b c", "", NULL);

    CHECK_STR(argv[0], "a");
    CHECK_STR(argv[1], "b c");
    CHECK_STR(argv[2], "");
    CHECK(argv[3] == NULL);
}

static void an_empty_plan_is_an_empty_array(void)
{
    struct snap_plan plan = { 0 };
    libxl_domain_snapshot_result result;

    CHECK_STR(snap_plan_to_json(sc, &plan), "[]");
    libxl_domain_snapshot_result_init(&result);
    snap_plan_to_result(sc, &plan, &result);
    CHECK_INT(result.num_steps, 0);
    CHECK_STR(result.plan_json, "[]");
    libxl_domain_snapshot_result_dispose(&result);
}

static void every_field(struct snap_plan *plan)
{
    static const struct snap_repoint repoints[] = {
        { "xvda", "/be/1", 51712, "/a", "/a.s.qcow2",
          LIBXL_DISK_FORMAT_QCOW2, LIBXL_DISK_BACKEND_UNKNOWN },
        { "xvdb", "/be/2", 51728, "/b", "/b.s", LIBXL_DISK_FORMAT_RAW,
          LIBXL_DISK_BACKEND_PHY },
    };
    struct snap_step *step;

    step = snap_plan_add(sc, plan, SNAP_STEP_MKDIR, "create %s", "/d");
    step->path = "/d";
    snap_step_undo(sc, step, SNAP_STEP_RMDIR, "remove /d")->path = "/d";
    snap_plan_create_file(sc, plan, "/d/o", "/a", "the content", "a file");
    snap_plan_exec(sc, plan, "run it", snap_argv(sc, "sync", "-d", "--",
                                                 "a \"b\"", NULL));
    step = snap_plan_add(sc, plan, SNAP_STEP_SAVE, "save");
    step->path = "/d/m";
    step->content = "{\"secret\":1}";
    step->live = true;
    step = snap_plan_add(sc, plan, SNAP_STEP_QMP, "do it");
    step->command = "transaction";
    step->arguments = "{\"actions\":[]}";
    step->commit_point = true;
    step = snap_plan_add(sc, plan, SNAP_STEP_REPOINT, "repoint");
    step->repoints = repoints;
    step->num_repoints = 2;
    step = snap_plan_add(sc, plan, SNAP_STEP_PUBLISH, "publish");
    step->path = "/d/m";
    step->to = "/d/n";
    snap_plan_add(sc, plan, SNAP_STEP_RESUME, "resume");
    snap_plan_add(sc, plan, SNAP_STEP_PAUSE, "pause");
    snap_plan_add(sc, plan, SNAP_STEP_UNPAUSE, "unpause");
    step = snap_plan_add(sc, plan, SNAP_STEP_DESTROY, "destroy");
    step->images = snap_argv(sc, "/d/a", "/d/b", NULL);
    step = snap_plan_add(sc, plan, SNAP_STEP_RESTORE, "restore");
    step->path = "/d/n";
    step->content = "{}";
    step->argv = snap_argv(sc, "/xl", "restore", "-p", "/proc/self/fd/0",
                           NULL);
}

static void the_json_of_a_plan_is_as_recorded(void)
{
    struct snap_plan plan = { 0 };

    every_field(&plan);
    check_golden("plan.json", plan_lines(&plan));
}

static void the_json_of_a_plan_is_json(void)
{
    struct snap_plan plan = { 0 };
    yajl_val v;

    every_field(&plan);
    v = snap_json_parse(snap_plan_to_json(sc, &plan));
    REQUIRE(YAJL_IS_ARRAY(v));
    CHECK_INT(v->u.array.len, plan.num_steps);
    yajl_tree_free(v);
}

/* Those that only the journal has, too. */
static void the_rest(struct snap_plan *plan)
{
    static const pid_t pids[] = { 12, 13 };
    struct snap_step *step;

    step = snap_plan_add(sc, plan, SNAP_STEP_HOLD_MONITOR, "hold");
    step->pids = pids;
    step->num_pids = 2;
    step = snap_plan_add(sc, plan, SNAP_STEP_RELEASE_MONITOR, "release");
    step->retires_undo_of = 0;
    step->only_if_all_done = step->only_if_commit_known = true;
    step->is_downtime_start = true;
    step->undo_if_failed = true;
    step = snap_plan_exec(sc, plan, "lvremove it",
                          snap_argv(sc, "lvchange", "-q", "-an", "vg/it",
                                    NULL));
    step->timeout_ms = 12;
    step->at_deadline = SNAP_EXEC_KILL;
    step->done_when = SNAP_DONE_LV_IS_GONE;
    step->done_probe = "vg/it";
    step->lv_tag = "xl-snapshot.17";
    step->writes = "/dev/vg/of";
}

static void a_recorded_plan_is_read_as_it_was(void)
{
    struct snap_plan plan = { 0 }, again;
    char *record;
    yajl_val v;

    every_field(&plan);
    the_rest(&plan);
    record = snap_plan_record(sc, &plan);
    v = snap_json_parse(record);
    REQUIRE(v != NULL);
    CHECK_OK(snap_plan_parse(sc, v, &again));
    yajl_tree_free(v);
    CHECK_STR(snap_plan_record(sc, &again), record);
    CHECK_STR(again.steps[4].arguments, "{\"actions\":[]}");
    CHECK_STR(again.steps[2].argv[3], "a \"b\"");
    CHECK(again.steps[2].argv[4] == NULL);
    CHECK_INT(again.steps[5].repoints[1].devid, 51728);
    CHECK_INT(again.steps[5].repoints[1].format, LIBXL_DISK_FORMAT_RAW);
    CHECK_INT(again.steps[5].repoints[1].backend, LIBXL_DISK_BACKEND_PHY);
    CHECK_INT(again.steps[0].undo->kind, SNAP_STEP_RMDIR);
    CHECK_INT(again.steps[plan.num_steps - 1].done_when,
              SNAP_DONE_LV_IS_GONE);
    CHECK_STR(again.steps[plan.num_steps - 1].lv_tag, "xl-snapshot.17");
    CHECK_STR(again.steps[plan.num_steps - 1].writes, "/dev/vg/of");
    CHECK_INT(again.steps[plan.num_steps - 1].at_deadline, SNAP_EXEC_KILL);
}

/* It removed any volume of that name. */
static void an_older_removal_of_a_volume_is_read(void)
{
    yajl_val v = snap_json_parse("[{\"kind\":\"exec\",\"what\":\"x\","
                                 "\"argv\":[\"lvremove\",\"-q\",\"-y\","
                                 "\"-f\",\"vg/it\"],\"done_when\":"
                                 "\"lv-is-gone\",\"shows\":\"vg/it\"}]");
    struct snap_plan plan;

    REQUIRE(v != NULL);
    CHECK_OK(snap_plan_parse(sc, v, &plan));
    yajl_tree_free(v);
    CHECK_INT(plan.steps[0].done_when, SNAP_DONE_LV_IS_REMOVED);
    CHECK(plan.steps[0].lv_tag == NULL);
}

/* No size is so large that the time for it is none. */
static void time_for_a_size_does_not_overflow(void)
{
    struct snap_step step = { 0 };

    snap_step_allow_time(&step, UINT64_C(4096) * 5, 4096);
    CHECK_INT(step.timeout_ms, 5);
    snap_step_allow_time(&step, UINT64_C(1) << 50, 4096);
    CHECK_INT(step.timeout_ms, INT32_MAX);
}

/* Its images were in argv once; a journal outlives an upgrade. */
static void an_older_destroy_is_read(void)
{
    yajl_val v = snap_json_parse("[{\"kind\":\"destroy\",\"what\":\"x\","
                                 "\"argv\":[\"/a\",\"/b\"]}]");
    struct snap_plan plan;

    REQUIRE(v != NULL);
    CHECK_OK(snap_plan_parse(sc, v, &plan));
    yajl_tree_free(v);
    CHECK(plan.steps[0].argv == NULL);
    REQUIRE(plan.steps[0].images != NULL);
    CHECK_STR(plan.steps[0].images[0], "/a");
    CHECK_STR(plan.steps[0].images[1], "/b");
    CHECK(plan.steps[0].images[2] == NULL);
    CHECK_STR(snap_plan_record(sc, &plan), "[{\"kind\":\"destroy\","
              "\"what\":\"x\",\"images\":[\"/a\",\"/b\"]}]");
}

static void a_plan_that_is_none_is_refused(void)
{
    static const char *const bad[] = {
        "[{\"what\":\"x\"}]", "[{\"kind\":\"fly\"}]", "[7]", "[null]",
        "[{\"kind\":\"exec\",\"done_when\":\"soon\"}]",
        "[{\"kind\":\"pause\",\"ends\":0}]",
        "[{\"kind\":\"pause\",\"undo\":{\"kind\":\"fly\"}}]",
        /* what it takes to do it is missing */
        "[{\"kind\":\"mkdir\"}]",
        "[{\"kind\":\"pause\",\"undo\":{\"kind\":\"unlink\"}}]",
        "[{\"kind\":\"release-monitor\",\"pids\":[1,4294967298]}]",
    };
    struct snap_plan plan;
    yajl_val v;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        v = snap_json_parse(bad[i]);
        REQUIRE(v != NULL);
        CHECK_INT(snap_plan_parse(sc, v, &plan), ERROR_INVAL);
        error_forget();
        yajl_tree_free(v);
    }
}

static void a_result_has_a_sentence_a_step(void)
{
    struct snap_plan plan = { 0 };
    libxl_domain_snapshot_result result;

    every_field(&plan);
    libxl_domain_snapshot_result_init(&result);
    snap_plan_to_result(sc, &plan, &result);
    CHECK_INT(result.num_steps, plan.num_steps);
    CHECK_STR(result.steps[0], "create /d");
    CHECK_STR(result.steps[result.num_steps - 1], "restore");
    libxl_domain_snapshot_result_dispose(&result);
}

TESTS(TEST(a_plan_grows_and_keeps_its_steps),
      TEST(a_new_step_has_no_undo_and_ends_nothing),
      TEST(a_file_is_created_with_its_removal_beside_it),
      TEST(an_argv_ends_with_null), TEST(an_empty_plan_is_an_empty_array),
      TEST(the_json_of_a_plan_is_as_recorded),
      TEST(a_recorded_plan_is_read_as_it_was),
      TEST(an_older_removal_of_a_volume_is_read),
      TEST(time_for_a_size_does_not_overflow),
      TEST(an_older_destroy_is_read), TEST(a_plan_that_is_none_is_refused),
      TEST(the_json_of_a_plan_is_json),
      TEST(a_result_has_a_sentence_a_step))
