/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-prints.c: when a journal has prints of the images of its operation.
 */
#include "../test.h"
#include "run/run.h"

static struct snap_journal *begin(const struct snap_prints *at_stake,
                                  const struct snap_prints *relied_on,
                                  bool is_written)
{
    const struct snap_journal_head head = {
        .operation = "create", .domain = "web", .domid = 7,
        .snapshot = "s1", .at_stake = *at_stake, .relied_on = *relied_on,
        .stake_is_written = is_written,
    };
    struct snap_plan plan = { 0 };
    struct snap_journal *journal = NULL;

    snap_plan_create_file(sc, &plan, "/a", NULL, "x", "a file");
    libxl_snapshot_ctx_set_journal(sc, tmp_path("journal"));
    CHECK_OK(snap_journal_begin(sc, &head, &plan, &journal));
    REQUIRE(journal != NULL);
    return journal;
}

/* What a reader finds now. */
static struct snap_journal_head found(void)
{
    struct snap_journal_entry *entries;
    int num;

    CHECK_OK(snap_journal_list(sc, &entries, &num));
    REQUIRE(num == 1);
    return entries[0].head;
}

/* What a guest writes to has no print until it writes there no more, and
 * then one only. */
static void prints_are_of_what_nobody_writes_to(void)
{
    const char *disk = snap_strdup(sc, tmp_text("disk", "content")), *then;
    const struct snap_prints at_stake = { .num = 1, .paths = &disk };
    const struct snap_prints none = { 0 };
    struct snap_journal *journal = begin(&at_stake, &none, true);
    struct snap_journal_note n = {
        .kind = SNAP_STEP_CREATE_FILE, .state = "done",
    };

    CHECK_OK(snap_journal_note(sc, journal, &n));
    CHECK_STR(found().at_stake.prints[0], snap_identity_short_print(sc, disk));
    n.settled = true;
    CHECK_OK(snap_journal_note(sc, journal, &n));
    then = snap_identity_print(sc, disk);
    CHECK_STR(found().at_stake.prints[0], then);
    tmp_text("disk", "content that is longer");
    CHECK_OK(snap_journal_note(sc, journal, &n));
    CHECK_STR(found().at_stake.prints[0], then);
    CHECK_OK(snap_journal_end(sc, journal));
}

/* A print that is taken anew takes in what somebody else has written since,
 * too: only that of the image that the step has changed is. */
static void a_step_prints_what_it_writes_to(void)
{
    const char *disks[] = {
        snap_strdup(sc, tmp_text("mine", "content")),
        snap_strdup(sc, tmp_text("other", "content")),
    };
    const struct snap_prints at_stake = { .num = 2, .paths = disks };
    const struct snap_prints relied_on = { .num = 1, .paths = disks };
    struct snap_journal *journal = begin(&at_stake, &relied_on, false);
    const char *was = snap_identity_print(sc, disks[0]);
    struct snap_journal_note n = {
        .kind = SNAP_STEP_EXEC, .state = "done", .settled = true,
    };

    CHECK_STR(found().relied_on.prints[0], was);
    tmp_text("mine", "content that is longer");
    tmp_text("other", "content that is longer");
    CHECK_OK(snap_journal_note(sc, journal, &n));
    CHECK_STR(found().at_stake.prints[0], was);
    n.writes = disks[0];
    CHECK_OK(snap_journal_note(sc, journal, &n));
    CHECK_STR(found().at_stake.prints[0], snap_identity_print(sc, disks[0]));
    CHECK(!snap_identity_is_unwritten(sc, disks[1],
                                      found().at_stake.prints[1]));
    CHECK_STR(found().relied_on.prints[0], was);
    CHECK_OK(snap_journal_end(sc, journal));
}

/* A guest writes to its disks until it is destroyed. */
static void a_destroyed_domain_has_written_the_last_time(void)
{
    const char *disk = snap_strdup(sc, tmp_text("disk", "content"));
    const struct snap_prints at_stake = { .num = 1, .paths = &disk };
    const struct snap_prints none = { 0 };
    struct snap_journal *journal = begin(&at_stake, &none, false);
    struct snap_journal_note n = {
        .kind = SNAP_STEP_DESTROY, .state = "begun",
    };

    CHECK_OK(snap_journal_note(sc, journal, &n));
    tmp_text("disk", "content that is longer");
    n.state = "done";
    CHECK_OK(snap_journal_note(sc, journal, &n));
    CHECK_STR(found().at_stake.prints[0], snap_identity_print(sc, disk));
    CHECK_OK(snap_journal_end(sc, journal));
}

static void a_change_is_told_where_it_is_known(void)
{
    const char *file = snap_strdup(sc, tmp_text("file", "content"));
    const char *then = snap_identity_print(sc, file);

    CHECK(!snap_identity_has_changed(sc, file, then, true));
    CHECK(!snap_identity_has_changed(sc, file, "absent", true));
    CHECK(!snap_identity_has_changed(sc, file, "unknown", true));
    tmp_text("file", "content that is longer");
    CHECK(snap_identity_has_changed(sc, file, then, true));
    CHECK(snap_identity_has_changed(sc, file, then, false));
}

TESTS(TEST(prints_are_of_what_nobody_writes_to),
      TEST(a_step_prints_what_it_writes_to),
      TEST(a_destroyed_domain_has_written_the_last_time),
      TEST(a_change_is_told_where_it_is_known))
