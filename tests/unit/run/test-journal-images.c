/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-journal-images.c: an operation is known by its images, whatever the
 * domain is called.
 */
#include "../test.h"
#include "run/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ELSEWHERE "\"host\":\"b\"," \
    "\"machine\":\"0123456789abcdef0123456789abcdef\","

static const char *disk, *base;

/* Bases are on record as layers that are read. */
static struct snap_layers the_layers(void)
{
    static struct snap_file_use files[2];
    const struct snap_layers layers = { .num = 2, .files = files };

    files[0] = (struct snap_file_use){ .who = "disk", .path = disk };
    files[1] = (struct snap_file_use){ .who = "disk", .path = base,
                                       .write_only = true };
    return layers;
}

/* The operation makes the file @makes, and acts on the disk; its journal. */
static struct snap_journal *begin(const char *domain, const char *makes)
{
    const struct snap_layers layers = the_layers();
    const struct snap_journal_head head = {
        .operation = "create", .domain = domain, .domid = SNAP_NO_DOMAIN,
        .snapshot = "s1", .layers = &layers,
    };
    struct snap_journal *journal = NULL;
    struct snap_plan plan = { 0 };

    snap_plan_create_file(sc, &plan, makes, NULL, "x", "a file");
    CHECK_OK(snap_journal_begin(sc, &head, &plan, &journal));
    REQUIRE(journal != NULL);
    return journal;
}

static void set_up(void)
{
    snap_ctx_begin(sc);
    libxl_snapshot_ctx_set_journal(sc, tmp_path("journal"));
    disk = snap_strdup(sc, tmp_text("disk", "content"));
    base = snap_strdup(sc, tmp_text("base", "of several"));
}

static int refuse(const char *path, bool reads)
{
    struct snap_journal_images images = { 0 };

    snap_journal_images_add(sc, &images, path, reads);
    return snap_journal_refuse_images(sc, "db", &images);
}

static void one_under_another_name_does_not_begin(void)
{
    struct snap_journal *journal;

    set_up();
    journal = begin("web", tmp_path("new"));
    CHECK_FAILS(refuse(disk, false), ERROR_FAIL,
                "domain db: ");
    CHECK_FAILS(refuse(disk, false), ERROR_FAIL,
                "is an image of another operation, too: domain web: a "
                "snapshot-create of it has not ended");
    CHECK_FAILS(refuse(disk, true), ERROR_FAIL,
                "run xl snapshot-recover web first");
    CHECK_FAILS(refuse(tmp_path("new"), false), ERROR_FAIL, "new");
    CHECK_OK(refuse(tmp_path("another"), false));
    CHECK_OK(snap_journal_end(sc, journal));
    CHECK_OK(refuse(disk, false));
}

static void a_base_is_read_by_several(void)
{
    struct snap_journal *journal;

    set_up();
    journal = begin("web", tmp_path("new"));
    CHECK_OK(refuse(base, true));
    CHECK_FAILS(refuse(base, false), ERROR_FAIL, base);
    CHECK_OK(snap_journal_end(sc, journal));
}

static void a_file_is_known_by_itself(void)
{
    struct snap_journal *journal;
    const char *moved, *link;

    set_up();
    moved = tmp_path("moved");
    link = tmp_path("link");
    journal = begin("web", tmp_path("new"));
    REQUIRE(!symlink(disk, link) && !symlink(".", tmp_path("folder")));
    CHECK_FAILS(refuse(link, false), ERROR_FAIL, disk);
    CHECK_FAILS(refuse(tmp_path("folder/disk"), false), ERROR_FAIL, disk);
    CHECK_FAILS(refuse(tmp_path("folder/new"), false), ERROR_FAIL, "new");
    CHECK_OK(refuse(tmp_path("folder/another"), false));
    REQUIRE(!rename(disk, moved));
    CHECK_FAILS(refuse(moved, false), ERROR_FAIL, moved);
    /* restored from a backup */
    tmp_text("disk", "another");
    CHECK_FAILS(refuse(disk, false), ERROR_FAIL, disk);
    CHECK_OK(snap_journal_end(sc, journal));
}

static void what_it_has_made_is_known_when_it_was_moved(void)
{
    struct snap_journal_note note = {
        .kind = SNAP_STEP_CREATE_FILE, .state = "done",
    };
    struct snap_journal *journal;
    const char *new, *moved;

    set_up();
    new = tmp_path("new");
    moved = tmp_path("moved");
    journal = begin("web", new);
    tmp_text("new", "x");
    note.made = snap_file_identity(sc, new);
    CHECK_OK(snap_journal_note(sc, journal, &note));
    REQUIRE(!rename(new, moved));
    CHECK_FAILS(refuse(moved, false), ERROR_FAIL, moved);
    CHECK_OK(snap_journal_end(sc, journal));
}

/* Both withdraw, or the later one does. */
static void of_two_that_begin_at_once_one_does_at_most(void)
{
    const struct snap_layers layers = the_layers();
    const struct snap_journal_head head = {
        .operation = "create", .domain = "db", .domid = SNAP_NO_DOMAIN,
        .layers = &layers,
    };
    struct snap_journal *journal, *second = NULL;
    struct snap_plan plan = { 0 };

    set_up();
    journal = begin("web", tmp_path("new"));
    CHECK_FAILS(snap_journal_begin(sc, &head, &plan, &second), ERROR_FAIL,
                "is an image of another operation, too");
    CHECK(second == NULL);
    CHECK(access(tmp_path("journal/db.json"), F_OK));
    CHECK_OK(snap_journal_end(sc, journal));
    CHECK_OK(snap_journal_begin(sc, &head, &plan, &second));
    CHECK_OK(snap_journal_end(sc, second));
}

/* Write the journal of web, with @middle in its first line. */
static void write_journal(const char *middle)
{
    tmp_text("web.json", snap_sprintf(
        sc, "{\"operation\":\"create\",\"domain\":\"web\",%s}\n", middle));
}

static void journals_of_other_kinds_count_as_well(void)
{
    const char *plan;

    set_up();
    libxl_snapshot_ctx_set_journal(sc, tmp_path(""));
    plan = snap_sprintf(sc, "\"plan\":[{\"kind\":\"freeze\",\"what\":\"f\","
                        "\"path\":\"%s\"}]", disk);
    /* of an older version, which does not list its images */
    write_journal(plan);
    CHECK_FAILS(refuse(disk, true), ERROR_FAIL, "has not ended");
    write_journal(snap_sprintf(sc, ELSEWHERE "%s", plan));
    CHECK_FAILS(refuse(disk, true), ERROR_INVAL, "has not ended on host b");
    write_journal(snap_sprintf(sc, "\"file\":\"inode 1 born 1.0\",%s", plan));
    CHECK_FAILS(refuse(disk, true), ERROR_INVAL, "is a copy of the journal");
    write_journal(snap_sprintf(sc, "\"at_stake\":[\"%s\"],\"plan\":[]",
                               disk));
    CHECK_FAILS(refuse(disk, true), ERROR_FAIL, "has not ended");
    /* damaged, or of a newer version */
    write_journal(snap_sprintf(sc, "\"images\":[{\"path\":\"%s\"}],"
                               "\"plan\":[{\"kind\":\"new\"}]", disk));
    CHECK_FAILS(refuse(disk, true), ERROR_INVAL, "is not a usable journal");
    CHECK_OK(refuse(tmp_path("another"), false));
}

static void images_that_make_no_sense_are_none(void)
{
    static const char *const images[] = {
        "null", "[]", "{}", "[null]", "[[]]", "[{}]", "[\"/a\"]",
        "[{\"path\":1}]", "[{\"path\":\"/a\",\"id\":2,\"reads\":3}]",
    };
    size_t i;

    set_up();
    libxl_snapshot_ctx_set_journal(sc, tmp_path(""));
    for (i = 0; i < sizeof(images) / sizeof(*images); i++) {
        write_journal(snap_sprintf(sc, "\"images\":%s,\"plan\":[]",
                                   images[i]));
        CHECK_OK(refuse(disk, false));
    }
}

static void write_journal_of(const char *domain, int began)
{
    tmp_text(snap_sprintf(sc, "%s.json", domain), snap_sprintf(
        sc, "{\"operation\":\"create\",\"domain\":\"%s\",\"began\":%d,"
        "\"images\":[{\"path\":\"/a\"}],\"plan\":[]}\n", domain, began));
}

/* Of two that were both cut off, what came last is ended first. */
static void the_later_one_is_to_end_first(void)
{
    struct snap_journal_entry web, db;
    int began;

    set_up();
    libxl_snapshot_ctx_set_journal(sc, tmp_path(""));
    for (began = 5; began <= 6; began++) {
        write_journal_of("web", 5);
        write_journal_of("db", began);
        CHECK_OK(snap_journal_read(sc, tmp_path("web.json"), &web));
        CHECK_OK(snap_journal_read(sc, tmp_path("db.json"), &db));
        CHECK_OK(snap_journal_refuse_later(sc, began == 5 ? &web : &db));
        CHECK_FAILS(snap_journal_refuse_later(sc, began == 5 ? &db : &web),
                    ERROR_FAIL, began == 5
                    ? "domain db: /a is an image of a later operation, too: "
                      "domain web" : "run xl snapshot-recover db first");
    }
}

TESTS(TEST(one_under_another_name_does_not_begin),
      TEST(a_base_is_read_by_several), TEST(a_file_is_known_by_itself),
      TEST(what_it_has_made_is_known_when_it_was_moved),
      TEST(of_two_that_begin_at_once_one_does_at_most),
      TEST(journals_of_other_kinds_count_as_well),
      TEST(images_that_make_no_sense_are_none),
      TEST(the_later_one_is_to_end_first))
