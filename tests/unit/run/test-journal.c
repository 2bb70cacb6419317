/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-journal.c: what is written of an operation, and what is read of it
 * after it was cut off at any line.
 */
#include "../test.h"
#include "run/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UUID "b59e1c7a-3c9c-4c0a-8f2e-0b6f3c1d2e4f"

static const struct snap_journal_head head = {
    .operation = "create", .domain = "web", .uuid_str = UUID, .domid = 7,
    .snapshot = "s1", .memory_path = "/s/memory.partial",
};

/* Files, then a commit point, then another file. */
static struct snap_plan some_plan(void)
{
    struct snap_plan plan = { 0 };
    struct snap_step *step;

    snap_plan_create_file(sc, &plan, "/a", NULL, "x", "a file");
    snap_plan_create_file(sc, &plan, "/b", NULL, "x", "a file");
    step = snap_plan_add(sc, &plan, SNAP_STEP_QMP, "commit");
    step->command = "transaction";
    step->commit_point = true;
    snap_plan_add(sc, &plan, SNAP_STEP_UNPAUSE, "unpause");
    return plan;
}

static struct snap_journal *begin(void)
{
    struct snap_plan plan = some_plan();
    struct snap_journal *journal = NULL;

    libxl_snapshot_ctx_set_journal(sc, tmp_path("deep/journal"));
    CHECK_OK(snap_journal_begin(sc, &head, &plan, &journal));
    REQUIRE(journal != NULL);
    return journal;
}

static void note(struct snap_journal *journal, int step, const char *state)
{
    struct snap_journal_note n = {
        .step = step, .kind = SNAP_STEP_CREATE_FILE, .state = state,
    };

    CHECK_OK(snap_journal_note(sc, journal, &n));
}

/* What a reader finds now. */
static struct snap_journal_entry found(void)
{
    struct snap_journal_entry *entries;
    int num;

    CHECK_OK(snap_journal_list(sc, &entries, &num));
    REQUIRE(num == 1);
    return entries[0];
}

static void there_is_none_without_a_folder(void)
{
    const struct snap_journal_note first = { .state = "begun", .flush = true };
    struct snap_plan plan = some_plan();
    struct snap_journal *journal = (void *)1;

    libxl_snapshot_ctx_set_journal(sc, NULL);
    CHECK_OK(snap_journal_begin(sc, &head, &plan, &journal));
    CHECK(journal == NULL);
    CHECK_OK(snap_journal_note(sc, NULL, &first));
    CHECK_OK(snap_journal_end(sc, NULL));
    CHECK_OK(snap_journal_refuse(sc, "web", UUID));
}

static void it_is_private_and_goes_with_its_folders(void)
{
    struct snap_journal *journal = begin();
    struct stat st;

    CHECK_INT(stat(tmp_path("deep/journal/" UUID ".json"), &st), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    CHECK_INT(stat(tmp_path("deep/journal"), &st), 0);
    CHECK_INT(st.st_mode & 07777, 0700);
    CHECK_OK(snap_journal_end(sc, journal));
    CHECK(access(tmp_path("deep"), F_OK));
}

/* Also by a recovery. */
static void a_folder_that_was_there_stays(void)
{
    struct snap_journal_entry e;
    struct snap_journal *journal;

    snap_journal_close(begin());
    e = found();
    CHECK(e.made_above);
    CHECK_OK(snap_journal_open(sc, &e, &journal));
    CHECK_OK(snap_journal_end(sc, journal));
    CHECK(access(tmp_path("deep"), F_OK));
    CHECK_INT(mkdir(tmp_path("deep"), 0700), 0);
    CHECK_OK(snap_journal_end(sc, begin()));
    CHECK_INT(access(tmp_path("deep"), F_OK), 0);
}

static void what_it_says_is_read(void)
{
    struct snap_journal *journal = begin();
    struct snap_journal_entry e = found();

    CHECK_STR(e.head.operation, "create");
    CHECK_STR(e.head.domain, "web");
    CHECK_STR(e.head.uuid_str, UUID);
    CHECK_STR(e.head.running_uuid, UUID);
    CHECK_INT(e.head.domid, 7);
    CHECK_STR(e.head.snapshot, "s1");
    CHECK_STR(e.head.memory_path, "/s/memory.partial");
    CHECK_INT(e.plan.num_steps, 4);
    CHECK_INT(e.at, -1);
    CHECK(e.same_boot && !e.committed && !e.maybe && !e.undoing);
    snap_journal_close(journal);
}

static void it_tells_how_far_the_operation_came(void)
{
    struct snap_journal *journal = begin();
    struct snap_journal_entry e;

    note(journal, 0, "begun");
    note(journal, 0, "done");
    note(journal, 1, "begun");
    e = found();
    CHECK_INT(e.at, 1);
    CHECK(!e.committed && !e.maybe);
    note(journal, 1, "done");
    note(journal, 2, "begun");
    e = found();
    CHECK(!e.committed && e.maybe);
    note(journal, 2, "done");
    e = found();
    CHECK(e.committed && !e.maybe);
    note(journal, 3, "begun");
    e = found();
    CHECK_INT(e.at, 3);
    CHECK(e.committed && !e.maybe);
    snap_journal_close(journal);
}

static void a_commit_point_that_failed_was_not_passed(void)
{
    const struct snap_journal_note undo = {
        .step = 1, .kind = SNAP_STEP_UNLINK, .undo = true, .state = "begun",
    };
    struct snap_journal *journal = begin();
    struct snap_journal_entry e;

    note(journal, 2, "begun");
    note(journal, 2, "failed");
    CHECK_OK(snap_journal_note(sc, journal, &undo));
    e = found();
    CHECK(!e.committed && !e.maybe && e.undoing);
    CHECK_INT(e.at, 2);
    note(journal, 2, "lost");
    e = found();
    CHECK(!e.committed && e.maybe);
    snap_journal_close(journal);
}

/* Its steps are others than the plan's. */
static void a_recovery_tells_only_that_the_domain_is_back(void)
{
    struct snap_journal_note n = { .step = 2, .kind = SNAP_STEP_UNPAUSE,
                                   .state = "begun" };
    struct snap_journal *journal = begin();
    struct snap_journal_entry e;

    note(journal, 0, "begun");
    snap_journal_close(journal);
    e = found();
    CHECK_OK(snap_journal_open(sc, &e, &journal));
    CHECK_OK(snap_journal_note(sc, journal, &n));
    e = found();
    CHECK_INT(e.at, 0);
    CHECK(!e.committed && !e.maybe && !e.may_be_back && !e.is_back);
    n.kind = SNAP_STEP_RESTORE;
    CHECK_OK(snap_journal_note(sc, journal, &n));
    CHECK(found().may_be_back && !found().is_back);
    n.state = "done";
    CHECK_OK(snap_journal_note(sc, journal, &n));
    CHECK(found().is_back && !found().may_have_run);
    n.kind = SNAP_STEP_UNPAUSE;
    n.state = "begun";
    CHECK_OK(snap_journal_note(sc, journal, &n));
    CHECK(found().may_have_run);
    snap_journal_close(journal);
}

static void a_torn_line_at_the_end_does_not_count(void)
{
    struct snap_journal *journal = begin();
    const char *path = tmp_path("deep/journal/" UUID ".json");
    struct snap_journal_entry e;
    struct stat st;
    int cut;

    note(journal, 0, "begun");
    note(journal, 0, "done");
    note(journal, 1, "begun");
    for (cut = 1; cut < 20; cut++) {
        CHECK_INT(stat(path, &st), 0);
        CHECK_INT(truncate(path, st.st_size - 1), 0);
        e = found();
        CHECK_INT(e.at, 0);
    }
    /* what the kernel had not written when the power was cut */
    CHECK_INT(truncate(path, st.st_size + 4096), 0);
    e = found();
    CHECK_INT(e.at, 0);
    snap_journal_close(journal);
}

/* A recovery goes on behind the last whole line, or its own lines would
 * be lost: that a revert has brought the domain back, for instance. */
static void a_recovery_writes_where_it_is_read(void)
{
    const struct snap_journal_note back = {
        .step = 0, .kind = SNAP_STEP_RESTORE, .state = "done",
    };
    const char *path = tmp_path("deep/journal/" UUID ".json");
    struct snap_journal_entry e;
    struct snap_journal *journal;
    struct stat st;

    note(journal = begin(), 0, "begun");
    snap_journal_close(journal);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(truncate(path, st.st_size - 1), 0);
    CHECK_INT(truncate(path, st.st_size + 4096), 0);
    e = found();
    CHECK_OK(snap_journal_open(sc, &e, &journal));
    CHECK_OK(snap_journal_note(sc, journal, &back));
    CHECK(found().is_back);
    snap_journal_close(journal);
}

static void without_its_first_line_nothing_was_begun(void)
{
    static const char zeros[4096];
    struct snap_plan plan = some_plan();
    struct snap_journal *journal;

    snap_journal_end(sc, begin());
    CHECK_INT(mkdir(tmp_path("deep"), 0700), 0);
    CHECK_INT(mkdir(tmp_path("deep/journal"), 0700), 0);
    tmp_text("deep/journal/" UUID ".json", "{\"operation\":");
    CHECK(found().torn);
    CHECK_STR(found().head.domain, UUID);
    CHECK_OK(snap_journal_refuse(sc, "web", UUID));
    tmp_file("deep/journal/" UUID ".json", zeros, sizeof(zeros));
    CHECK(found().torn);
    CHECK_OK(snap_journal_begin(sc, &head, &plan, &journal));
    CHECK(!found().torn);
    snap_journal_close(journal);
}

/* Nor does it hold up another domain. */
static void one_that_makes_no_sense_is_told_of(void)
{
    static const char *const why[] = {
        "{}\n", "its first line does not name its operation and domain",
        "[\n", "its first line is not JSON",
        "{\"operation\":\"create\",\"domain\":\"web\",\"domid\":0}\n",
        "its domid is not a domid",
        "{\"operation\":\"create\",\"domain\":\"web\","
        "\"domid\":4294967297}\n",
        "its domid is not a domid",
        "{\"operation\":\"create\",\"domain\":\"web\","
        "\"tagged\":[\"/a\"]}\n",
        "its first line does not name its snapshot",
        "{\"operation\":\"create\",\"domain\":\"web\"}\n",
        "its first line has no plan",
        "{\"operation\":\"create\",\"domain\":\"web\",\"plan\":{}}\n",
        "its first line has no plan",
    };
    size_t i;

    libxl_snapshot_ctx_set_journal(sc, tmp_path(""));
    for (i = 0; i < sizeof(why) / sizeof(*why); i += 2) {
        tmp_text("web.json", why[i]);
        CHECK(strstr(found().error, why[i + 1]) != NULL);
        CHECK_FAILS(snap_journal_refuse(sc, "web", NULL), ERROR_INVAL,
                    "web.json is not a usable journal");
        CHECK_OK(snap_journal_refuse(sc, "db", UUID));
    }
}

/* The file of a domain whose name has dots in it. */
static void a_torn_one_is_of_its_domain_alone(void)
{
    libxl_snapshot_ctx_set_journal(sc, tmp_path(""));
    tmp_text("web.example.com.json", "{\"operation\":");
    CHECK_STR(found().head.domain, "web.example.com");
    tmp_text("web.example.com.json", "{}\n");
    CHECK_FAILS(snap_journal_refuse(sc, "web.example.com", NULL),
                ERROR_INVAL, "not a usable journal");
    CHECK_OK(snap_journal_refuse(sc, "web", NULL));
}

/* The kernel writes zeros at the end of a file at most. */
static void with_more_behind_zeros_it_is_damaged(void)
{
    static const char damaged[] = "{\"operation\":\0\0\0\0\n"
        "{\"step\":0,\"kind\":\"mkdir\",\"state\":\"begun\"}\n";

    libxl_snapshot_ctx_set_journal(sc, tmp_path(""));
    tmp_file("web.json", damaged, sizeof(damaged) - 1);
    CHECK(!found().torn);
    CHECK_FAILS(snap_journal_refuse(sc, "web", NULL), ERROR_INVAL,
                "zeros in the middle");
}

static void it_may_be_named_without_a_folder(void)
{
    struct snap_journal_entry entry;

    CHECK_FAILS(snap_journal_read(sc, "web.json", &entry), ERROR_INVAL,
                "web.json: No such file");
    CHECK_STR(entry.head.domain, "web");
}

static void another_operation_on_the_domain_is_refused(void)
{
    snap_journal_close(begin());
    CHECK_FAILS(snap_journal_refuse(sc, "web", NULL), ERROR_FAIL,
                "domain web: a snapshot-create of it has not ended");
    CHECK_FAILS(snap_journal_refuse(sc, "renamed", UUID), ERROR_FAIL,
                "run xl snapshot-recover web first");
    CHECK_OK(snap_journal_refuse(sc, "db", NULL));
    CHECK_OK(snap_journal_refuse(sc, "db",
                                 "00000000-0000-4000-8000-000000000001"));
}

static void a_second_one_of_the_domain_is_not_begun(void)
{
    struct snap_plan plan = some_plan();
    struct snap_journal *journal;

    snap_journal_close(begin());
    CHECK_INT(snap_journal_begin(sc, &head, &plan, &journal), ERROR_FAIL);
    CHECK(journal == NULL);
    error_forget();
    CHECK_INT(found().plan.num_steps, 4);
}

/* The folder may be shared: a head under its last name is whole. */
static void a_head_is_written_under_another_name(void)
{
    const char *draft =
        snap_journal_draft(sc, "deep/journal/" UUID ".json");
    struct snap_plan plan = some_plan();
    struct snap_journal *journal;

    snap_journal_end(sc, begin());
    CHECK_INT(mkdir(tmp_path("deep"), 0700), 0);
    CHECK_INT(mkdir(tmp_path("deep/journal"), 0700), 0);
    tmp_text(draft, "{\"operation\":\"create\",\"domain\":\"web\"}\n");
    CHECK(found().torn);
    CHECK_STR(found().head.domain, UUID);
    CHECK_OK(snap_journal_refuse(sc, "web", UUID));
    CHECK_OK(snap_journal_begin(sc, &head, &plan, &journal));
    CHECK(!found().torn);
    CHECK(access(tmp_path(draft), F_OK));
    CHECK_OK(snap_journal_end(sc, journal));
}

/* What another host is just writing. */
static void another_hosts_draft_is_left_alone(void)
{
    static const char draft[] =
        "deep/journal/" UUID ".json.0123456789abcdef0123456789abcdef."
        "00000000-0000-4000-8000-000000000000";
    struct snap_journal_entry *entries;
    struct snap_journal *journal = begin();
    int num;

    tmp_text(draft, "{\"operation\":");
    CHECK_OK(snap_journal_list(sc, &entries, &num));
    CHECK_INT(num, 1);
    CHECK_OK(snap_journal_end(sc, journal));
    CHECK_OK(snap_journal_refuse(sc, "web", UUID));
    CHECK_OK(snap_journal_end(sc, begin()));
    CHECK_INT(access(tmp_path(draft), F_OK), 0);
}

/* Locks are each host's own.  A domain has two names for its journal: its
 * uuid and, while it does not run, its name. */
static void of_two_hosts_one_begins_at_most(void)
{
    static const char other[] =
        "{\"operation\":\"create\",\"domain\":\"web\",\"host\":\"b\","
        "\"machine\":\"0123456789abcdef0123456789abcdef\",\"plan\":[]}\n";
    static const char *const names[] = { "web", UUID };
    struct snap_plan plan = some_plan();
    struct snap_journal *journal;
    const char *path;
    int i;

    snap_journal_end(sc, begin());
    CHECK_INT(mkdir(tmp_path("deep"), 0700), 0);
    CHECK_INT(mkdir(tmp_path("deep/journal"), 0700), 0);
    for (i = 0; i < 2; i++) {
        path = tmp_text(snap_sprintf(sc, "deep/journal/%s.json", names[i]),
                        other);
        CHECK_FAILS(snap_journal_begin(sc, &head, &plan, &journal),
                    ERROR_INVAL, "has not ended on host b");
        CHECK_STR(found().other_host, "host b");
        CHECK_INT(unlink(path), 0);
    }
}

static void a_path_that_is_not_utf8_comes_back_byte_for_byte(void)
{
    const char *path = "/\377\303\303\244 \355\263\277\033\n\\udcff";
    struct snap_plan plan = { 0 };
    struct snap_journal *journal;

    libxl_snapshot_ctx_set_journal(sc, tmp_path("journal"));
    snap_plan_create_file(sc, &plan, path, NULL, "x", "a file");
    CHECK_OK(snap_journal_begin(sc, &head, &plan, &journal));
    CHECK_STR(found().plan.steps[0].path, path);
    snap_journal_close(journal);
}

TESTS(TEST(there_is_none_without_a_folder),
      TEST(it_is_private_and_goes_with_its_folders),
      TEST(a_folder_that_was_there_stays), TEST(what_it_says_is_read),
      TEST(it_tells_how_far_the_operation_came),
      TEST(a_commit_point_that_failed_was_not_passed),
      TEST(a_recovery_tells_only_that_the_domain_is_back),
      TEST(a_torn_line_at_the_end_does_not_count),
      TEST(a_recovery_writes_where_it_is_read),
      TEST(without_its_first_line_nothing_was_begun),
      TEST(one_that_makes_no_sense_is_told_of),
      TEST(a_torn_one_is_of_its_domain_alone),
      TEST(with_more_behind_zeros_it_is_damaged),
      TEST(it_may_be_named_without_a_folder),
      TEST(another_operation_on_the_domain_is_refused),
      TEST(a_second_one_of_the_domain_is_not_begun),
      TEST(a_head_is_written_under_another_name),
      TEST(another_hosts_draft_is_left_alone),
      TEST(of_two_hosts_one_begins_at_most),
      TEST(a_path_that_is_not_utf8_comes_back_byte_for_byte))
