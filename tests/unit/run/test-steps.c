/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-steps.c: what steps do, and what tells that they are done, as far
 * as that needs no domain.
 */
#include "../test.h"
#include "run/run.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The domain is gone, unless a test says otherwise. */
static struct snap_run no_domain(void)
{
    return (struct snap_run){ .domid = SNAP_NO_DOMAIN, .domain_name = "web" };
}

static bool is_done(const struct snap_step *step)
{
    const struct snap_step_act *act = snap_step_act(step->kind);
    struct snap_run run = no_domain();
    bool done = true;

    if (!act->is_done) return false;
    CHECK_OK(act->is_done(sc, &run, step, &done));
    return done;
}

static void add(struct snap_plan *plan, enum snap_step_kind kind,
                const char *path, const char *to)
{
    struct snap_step *step = snap_plan_add(sc, plan, kind, "do it");

    step->path = path;
    step->to = to;
    step->content = "x";
}

/*-- all kinds --------------------------------------------------------------*/

static void every_kind_has_a_row_that_can_do_it(void)
{
    int k;

    for (k = 0; k < SNAP_STEP_NUM; k++) {
        CHECK_INT(snap_step_act(k)->kind, k);
        CHECK(snap_step_act(k)->run != NULL);
    }
}

static void no_kind_has_two_rows(void)
{
    static const struct snap_step_table *const tables[] = {
        &snap_steps_file, &snap_steps_program, &snap_steps_qemu,
        &snap_steps_job, &snap_steps_guest, &snap_steps_domain,
    };
    size_t t, i, num = 0;

    for (t = 0; t < sizeof(tables) / sizeof(*tables); t++)
        for (i = 0; i < tables[t]->num; i++, num++)
            CHECK(snap_step_act(tables[t]->acts[i].kind)
                  == &tables[t]->acts[i]);
    CHECK_INT(num, SNAP_STEP_NUM);
}

static void a_step_of_no_kind_fails_and_what_was_done_is_undone(void)
{
    struct snap_run run = no_domain();
    struct snap_plan plan = { 0 };

    snap_plan_create_file(sc, &plan, tmp_path("a"), NULL, "x", "the file");
    add(&plan, SNAP_STEP_NUM, NULL, NULL);
    CHECK_FAILS(snap_run_plan(sc, &run, &plan), ERROR_INVAL,
                "do it: no code performs a step of kind 'nameless'");
    CHECK(!snap_file_exists(tmp_path("a")));
}

/*-- files ------------------------------------------------------------------*/

static void a_published_file_is_known_by_both_its_names(void)
{
    const struct snap_step step = {
        .kind = SNAP_STEP_PUBLISH, .path = tmp_path("a"), .to = tmp_path("b"),
    };

    CHECK(!is_done(&step));             /* neither: somebody removed it */
    tmp_text("a", "new");
    CHECK(!is_done(&step));
    tmp_text("b", "old");
    CHECK(!is_done(&step));
    CHECK_INT(unlink(step.path), 0);
    CHECK(is_done(&step));
}

static void a_record_is_done_when_its_file_has_been_published(void)
{
    const struct snap_step step = {
        .kind = SNAP_STEP_RECORD, .path = tmp_path("a"), .content = "",
    };

    CHECK(is_done(&step));
    tmp_text("a", "");
    CHECK(!is_done(&step));
}

static void steps_on_files_that_are_done_can_be_done_again(void)
{
    struct snap_run run = no_domain();
    struct snap_plan plan = { 0 };

    add(&plan, SNAP_STEP_MKDIR, tmp_path("dir"), NULL);
    add(&plan, SNAP_STEP_RECORD, tmp_path("a"), NULL);
    add(&plan, SNAP_STEP_PUBLISH, tmp_path("a"), tmp_path("b"));
    add(&plan, SNAP_STEP_UNLINK, tmp_path("c"), NULL);
    add(&plan, SNAP_STEP_RMDIR, tmp_path("d"), NULL);
    CHECK_INT(mkdir(tmp_path("dir"), 0700), 0);
    tmp_text("b", "kept");
    run.redo = true;
    CHECK_OK(snap_run_plan(sc, &run, &plan));
    CHECK_STR(file_text(tmp_path("b")), "kept");
}

static void a_file_is_made_published_and_removed(void)
{
    struct snap_run run = no_domain();
    struct snap_plan plan = { 0 };

    add(&plan, SNAP_STEP_MKDIR, tmp_path("dir"), NULL);
    add(&plan, SNAP_STEP_CREATE_FILE, tmp_path("dir/a"), NULL);
    add(&plan, SNAP_STEP_PUBLISH, tmp_path("dir/a"), tmp_path("b"));
    add(&plan, SNAP_STEP_RMDIR, tmp_path("dir"), NULL);
    add(&plan, SNAP_STEP_UNLINK, tmp_path("c"), NULL);
    tmp_text("c", "");
    CHECK_OK(snap_run_plan(sc, &run, &plan));
    CHECK_STR(file_text(tmp_path("b")), "x");
    CHECK(!snap_file_exists(tmp_path("dir")));
    CHECK(!snap_file_exists(tmp_path("c")));
}

/*-- programs ---------------------------------------------------------------*/

/* A program @name before all others, which does @command. */
static void stand_in_that(const char *name, const char *command)
{
    const char *path = tmp_text(name, snap_sprintf(sc, "#!/bin/sh\n%s\n",
                                                   command));

    CHECK_INT(chmod(path, 0700), 0);
    setenv("PATH", snap_sprintf(sc, "%s:/usr/bin:/bin", tmp_path("")), 1);
}

/* The same, which prints @text. */
static void stand_in(const char *name, const char *text)
{
    stand_in_that(name, snap_sprintf(sc, "exec cat <<'END'\n%s\nEND", text));
}

/* As LVM 2.03.16 and QEMU 7.2 print it: volume vg/there, tag "there" in an
 * image with a header of a qcow2. */
static void stand_ins(void)
{
    stand_in("lvs", "{\"report\":[{\"lv\":[{\"vg_name\":\"vg\","
             "\"lv_name\":\"there\",\"lv_attr\":\"sri-a-s---\","
             "\"lv_size\":\"4194304\",\"lv_path\":\"/dev/vg/there\","
             "\"lv_dm_path\":\"/dev/mapper/vg-there\","
             "\"lv_kernel_major\":\"253\",\"lv_kernel_minor\":\"0\","
             "\"lv_tags\":\"x,xl-snapshot.17\",\"origin\":\"\","
             "\"pool_lv\":\"\","
             "\"data_percent\":\"\",\"metadata_percent\":\"\","
             "\"chunk_size\":\"4096\",\"vg_free\":\"0\","
             "\"vg_extent_size\":\"4194304\"}]}]}");
    stand_in_that("head", "printf 'QFI\\373\\0\\0\\0\\2'; "
                  "dd if=/dev/zero bs=96 count=1 2>/dev/null");
    stand_in("qemu-img", "{\"filename\":\"/a\",\"format\":\"qcow2\","
             "\"virtual-size\":1048576,\"snapshots\":[{\"id\":\"1\","
             "\"name\":\"there\",\"vm-state-size\":0,\"date-sec\":1,"
             "\"date-nsec\":0,\"vm-clock-sec\":0,\"vm-clock-nsec\":0}]}");
}

static void a_program_shows_that_it_was_run_as_its_step_says(void)
{
    static const struct {
        enum snap_done_when when;
        const char *done_probe, *lv_tag;
        bool done;
    } cases[] = {
        { SNAP_DONE_NEVER, "vg/there", NULL, false },
        { SNAP_DONE_LV_IS_THERE, "vg/there", NULL, true },
        { SNAP_DONE_LV_IS_THERE, "vg/there", "xl-snapshot.17", true },
        { SNAP_DONE_LV_IS_THERE, "vg/gone", NULL, false },
        { SNAP_DONE_LV_IS_GONE, "vg/there", NULL, false },
        { SNAP_DONE_LV_IS_GONE, "vg/there", "xl-snapshot.17", false },
        { SNAP_DONE_LV_IS_GONE, "vg/gone", "xl-snapshot.17", true },
        { SNAP_DONE_LV_IS_REMOVED, "vg/there", "xl-snapshot.17", false },
        { SNAP_DONE_LV_IS_REMOVED, "vg/gone", "xl-snapshot.17", true },
        { SNAP_DONE_LV_IS_REMOVED, "vg/gone", NULL, true },
        { SNAP_DONE_TAG_IS_GONE, "there", NULL, false },
        { SNAP_DONE_TAG_IS_GONE, "gone", NULL, true },
    };
    size_t i;

    stand_ins();
    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct snap_step step = {
            .kind = SNAP_STEP_EXEC,
            .path = tmp_text("a", ""),
            .done_probe = cases[i].done_probe,
            .done_when = cases[i].when,
            .lv_tag = cases[i].lv_tag,
        };

        CHECK_INT(is_done(&step), cases[i].done);
    }
    CHECK(!sc->left);
}

static void a_volume_that_is_not_ours_shows_nothing(void)
{
    const struct snap_step_act *exec = snap_step_act(SNAP_STEP_EXEC);
    struct snap_step step = {
        .kind = SNAP_STEP_EXEC, .done_probe = "vg/there",
        .lv_tag = "xl-snapshot.1",
    };
    struct snap_run run = no_domain();
    bool done;

    stand_ins();
    step.done_when = SNAP_DONE_LV_IS_THERE;
    CHECK_FAILS(exec->is_done(sc, &run, &step, &done), ERROR_INVAL,
                "the volume vg/there is another one");
    step.done_when = SNAP_DONE_LV_IS_GONE;
    CHECK_FAILS(exec->is_done(sc, &run, &step, &done), ERROR_INVAL,
                "has not the tag xl-snapshot.1");
}

static void a_volume_that_is_not_ours_is_not_removed(void)
{
    struct snap_step step = {
        .kind = SNAP_STEP_EXEC, .what = "remove it",
        .done_when = SNAP_DONE_LV_IS_REMOVED, .done_probe = "vg/there",
        .lv_tag = "xl-snapshot.1",
    };
    struct snap_run run = no_domain();

    stand_ins();
    step.argv = snap_argv(sc, "mkdir", tmp_path("removed"), NULL);
    CHECK_OK(snap_step_act(SNAP_STEP_EXEC)->run(sc, &run, &step));
    CHECK(strstr(sc->left, "vg/there is not the volume that the command has "
                 "made"));
    CHECK(is_done(&step));
    sc->left = NULL;
    step.lv_tag = NULL;
    CHECK(is_done(&step));
    CHECK(strstr(sc->left, "vg/there may not be the volume that the command "
                 "has made; if you have not made it, lvremove it"));
    CHECK(!snap_file_exists(tmp_path("removed")));
    step.lv_tag = "xl-snapshot.17";
    CHECK_OK(snap_step_act(SNAP_STEP_EXEC)->run(sc, &run, &step));
    CHECK(snap_file_exists(tmp_path("removed")));
}

static void a_program_that_was_run_is_not_run_again(void)
{
    struct snap_run run = no_domain();
    struct snap_plan plan = { 0 };
    struct snap_step *step;

    stand_ins();
    step = snap_plan_exec(sc, &plan, "make it", snap_argv(
        sc, "mkdir", tmp_path("made-again"), NULL));
    step->done_when = SNAP_DONE_LV_IS_THERE;
    step->done_probe = "vg/there";
    snap_plan_exec(sc, &plan, "make another", snap_argv(
        sc, "mkdir", tmp_path("made"), NULL));
    run.redo = true;
    CHECK_OK(snap_run_plan(sc, &run, &plan));
    CHECK(!snap_file_exists(tmp_path("made-again")));
    CHECK(snap_file_exists(tmp_path("made")));
}

/* A step whose program does not end in time, between two that have undos:
 * a journal has none but drivers' programs. */
static struct snap_plan stuck_plan(void)
{
    struct snap_plan plan = { 0 };
    struct snap_step *step;

    stand_in_that("sync", "exec sleep 20");
    stand_in_that("lvchange", snap_sprintf(sc, "[ $2 = -pr ] || "
                                           "touch '%s'/${3#vg/}",
                                           tmp_path("")));
    step = snap_plan_exec(sc, &plan, "make it",
                          snap_argv(sc, "lvchange", "-q", "-pr", "vg/unmade",
                                    NULL));
    snap_step_undo(sc, step, SNAP_STEP_EXEC, "unmake it")->argv =
        snap_argv(sc, "lvchange", "-q", "-prw", "vg/unmade", NULL);
    snap_plan_create_file(sc, &plan, tmp_path("file"), NULL, "x", "it");
    step = snap_plan_exec(sc, &plan, "hang",
                          snap_argv(sc, "sync", "-d", "--", "/", NULL));
    step->commit_point = true;
    snap_step_undo(sc, step, SNAP_STEP_EXEC, "remove it")->argv =
        snap_argv(sc, "lvchange", "-q", "-prw", "vg/removed", NULL);
    return plan;
}

static void undos_by_programs_wait_for_one_that_has_not_ended(void)
{
    static const struct snap_journal_head head = {
        .operation = "create", .domain = "web", .domid = SNAP_NO_DOMAIN,
    };
    struct snap_run run = no_domain();
    struct snap_plan plan = stuck_plan();
    struct snap_journal_entry *entries;
    int num;

    libxl_snapshot_ctx_set_journal(sc, tmp_path("journal"));
    run.head = &head;
    sc->wait_ms[SNAP_WAIT_PROGRAM] = 100;
    CHECK_FAILS(snap_run_plan(sc, &run, &plan), ERROR_NOT_READY,
                "run xl snapshot-recover web");
    sc->wait_ms[SNAP_WAIT_PROGRAM] = 0;
    CHECK(!run.committed);
    CHECK(!snap_file_exists(tmp_path("file")));
    CHECK(!snap_file_exists(tmp_path("removed")));
    CHECK(!snap_file_exists(tmp_path("unmade")));

    CHECK_OK(snap_journal_list(sc, &entries, &num));
    REQUIRE(num == 1 && entries[0].num_left == 1);
    CHECK_INT(entries[0].at, 2);
    CHECK(entries[0].maybe);
    CHECK(snap_process_is_at_work(sc, entries[0].left));
    CHECK_INT(kill(entries[0].left->pid, SIGKILL), 0);
    CHECK_INT(waitpid(entries[0].left->pid, NULL, 0), entries[0].left->pid);
    CHECK_INT(unlink(entries[0].path), 0);
    libxl_snapshot_ctx_set_journal(sc, NULL);
}

static void a_program_that_failed_is_undone_if_it_did_anything(void)
{
    struct snap_run run = no_domain();
    struct snap_plan plan = { 0 };
    struct snap_step *step;

    stand_ins();
    step = snap_plan_exec(sc, &plan, "fail", snap_argv(sc, "false", NULL));
    step->undo_if_failed = true;
    step = snap_step_undo(sc, step, SNAP_STEP_EXEC, "remove it");
    step->argv = snap_argv(sc, "mkdir", tmp_path("undone"), NULL);
    step->path = tmp_text("a", "");
    step->done_when = SNAP_DONE_TAG_IS_GONE;
    step->done_probe = "gone";
    CHECK_FAILS(snap_run_plan(sc, &run, &plan), ERROR_FAIL, "fail: false");
    CHECK(!snap_file_exists(tmp_path("undone")));
    step->done_probe = "there";
    CHECK_FAILS(snap_run_plan(sc, &run, &plan), ERROR_FAIL, "fail: false");
    CHECK(snap_file_exists(tmp_path("undone")));
}

/*-- guest ------------------------------------------------------------------*/

/* Whoever recovers, the one that held the guest is gone. */
static void a_freeze_and_its_thaw_end_by_themselves(void)
{
    const struct snap_step quiesce = { .kind = SNAP_STEP_QUIESCE };
    const struct snap_step thaw = { .kind = SNAP_STEP_THAW };

    CHECK(is_done(&quiesce));
    CHECK(is_done(&thaw));
}

/*-- domain -----------------------------------------------------------------*/

static void of_a_domain_that_is_gone_nothing_is_left_to_do(void)
{
    static const enum snap_step_kind kinds[] = {
        SNAP_STEP_QMP, SNAP_STEP_RESUME, SNAP_STEP_PAUSE,
        SNAP_STEP_UNPAUSE, SNAP_STEP_REPOINT, SNAP_STEP_DESTROY,
    };
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        const struct snap_step step = { .kind = kinds[i] };

        CHECK(is_done(&step));
    }
}

/* A reader of the journal decides whether these are done again. */
static void to_bring_the_domain_back_is_never_done_of_itself(void)
{
    const struct snap_step restore = { .kind = SNAP_STEP_RESTORE };
    const struct snap_step boot = { .kind = SNAP_STEP_BOOT };

    CHECK(!is_done(&restore));
    CHECK(!is_done(&boot));
}

TESTS(TEST(every_kind_has_a_row_that_can_do_it),
      TEST(no_kind_has_two_rows),
      TEST(a_step_of_no_kind_fails_and_what_was_done_is_undone),
      TEST(a_published_file_is_known_by_both_its_names),
      TEST(a_record_is_done_when_its_file_has_been_published),
      TEST(steps_on_files_that_are_done_can_be_done_again),
      TEST(a_file_is_made_published_and_removed),
      TEST(a_program_shows_that_it_was_run_as_its_step_says),
      TEST(a_volume_that_is_not_ours_shows_nothing),
      TEST(a_volume_that_is_not_ours_is_not_removed),
      TEST(a_program_that_was_run_is_not_run_again),
      TEST(undos_by_programs_wait_for_one_that_has_not_ended),
      TEST(a_program_that_failed_is_undone_if_it_did_anything),
      TEST(a_freeze_and_its_thaw_end_by_themselves),
      TEST(of_a_domain_that_is_gone_nothing_is_left_to_do),
      TEST(to_bring_the_domain_back_is_never_done_of_itself))
