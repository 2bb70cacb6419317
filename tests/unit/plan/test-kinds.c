/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-kinds.c: all kinds of steps, one after the other: each has a name,
 * and a step that lacks what its kind needs is refused in words.
 */
#include "../test.h"

/*-- names ------------------------------------------------------------------*/

static void every_kind_has_a_name_of_its_own(void)
{
    int k;

    for (k = 0; k < SNAP_STEP_NUM; k++)
        CHECK_INT(snap_step_kind_find(snap_step_kind_name(k)), k);
}

static void every_done_when_has_a_name_of_its_own(void)
{
    int w;

    for (w = 0; w < SNAP_DONE_NUM; w++)
        CHECK_INT(snap_done_when_find(snap_done_when_name(w)), w);
}

static void a_value_that_is_none_has_a_name_that_is_none(void)
{
    CHECK_INT(snap_step_kind_find(snap_step_kind_name(SNAP_STEP_NUM)), -1);
    CHECK_INT(snap_step_kind_find(snap_step_kind_name(-1)), -1);
    CHECK_INT(snap_step_kind_find(NULL), -1);
    CHECK_INT(snap_done_when_find(snap_done_when_name(SNAP_DONE_NUM)), -1);
    CHECK_INT(snap_done_when_find(snap_done_when_name(-1)), -1);
    CHECK_INT(snap_done_when_find(NULL), -1);
}

/*-- what a step of each needs ----------------------------------------------*/

/* All that any kind may need, in the order of a record. */
static const struct {
    const char *name, *json;
} members[] = {
    { "path", "\"/etc/xen/snapshot.d/a\"" },
    { "to", "\"/to\"" },
    { "like", "\"/like\"" },
    { "argv", NULL },           /* argv_of() */
    { "images", "[\"/image\"]" },
    { "command", NULL },        /* command_of() */
    { "arguments", "\"{\\\"job-id\\\":\\\"j\\\"}\"" },
    { "disks", "[{\"vdev\":\"xvda\",\"from\":\"/from\",\"to\":\"/to\","
      "\"format\":\"qcow2\",\"be_path\":\"/be\"}]" },
    { "pids", "[12]" },
    { "content", "\"text\"" },
    { "shows", "\"sign\"" },
    { "undo", "{\"kind\":\"thaw\",\"what\":\"undo it\","
      "\"argv\":[\"/thaw\",\"thaw\",\"web\"]}" },
};
#define NUM_MEMBERS (sizeof(members) / sizeof(*members))
#define ALL_MEMBERS ((1U << NUM_MEMBERS) - 1)

/* A program for a step of that kind. */
static const char *argv_of(enum snap_step_kind kind)
{
    switch (kind) {
    case SNAP_STEP_EXEC: return "[\"lvchange\",\"-q\",\"-an\",\"vg/a\"]";
    case SNAP_STEP_QUIESCE: return "[\"/a\",\"freeze\",\"web\"]";
    case SNAP_STEP_THAW: return "[\"/a\",\"thaw\",\"web\"]";
    case SNAP_STEP_RESTORE:
        return "[\"/xl\",\"restore\",\"-p\",\"/proc/self/fd/0\"]";
    case SNAP_STEP_BOOT:
        return "[\"/xl\",\"create\",\"-q\",\"-p\",\"/a\",\"disk=[]\"]";
    default: return "[\"/program\"]";
    }
}

/* A command for a step of that kind. */
static const char *command_of(enum snap_step_kind kind)
{
    return kind == SNAP_STEP_JOB_START ? "\"block-stream\""
                                       : "\"create\"";
}

/* A plan of one step that has the members of the bits in @has. */
static char *plan_text(enum snap_step_kind kind, unsigned has)
{
    char *text = snap_sprintf(sc, "[{\"kind\":\"%s\",\"what\":\"do it\"",
                              snap_step_kind_name(kind));
    const char *json;
    size_t m;

    for (m = 0; m < NUM_MEMBERS; m++) {
        if (!(has & (1U << m))) continue;
        json = members[m].json ? members[m].json
            : !strcmp(members[m].name, "argv") ? argv_of(kind)
                                               : command_of(kind);
        text = snap_sprintf(sc, "%s,\"%s\":%s", text, members[m].name,
                            json);
    }
    return snap_sprintf(sc, "%s}]", text);
}

static int read_plan(const char *text, struct snap_plan *plan)
{
    yajl_val v = snap_json_parse(text);
    int rc;

    REQUIRE(v != NULL);
    rc = snap_plan_parse(sc, v, plan);
    yajl_tree_free(v);
    return rc;
}

/* The members that a step of this kind cannot be done without. */
static unsigned least_members(enum snap_step_kind kind)
{
    unsigned has = ALL_MEMBERS, bit;
    struct snap_plan plan;

    for (bit = 1; bit < ALL_MEMBERS; bit <<= 1)
        if (!read_plan(plan_text(kind, has & ~bit), &plan)) has &= ~bit;
    error_forget();
    return has;
}

static void check_is_read_as_it_was(const char *text)
{
    struct snap_plan plan;

    CHECK_OK(read_plan(text, &plan));
    CHECK_STR(snap_plan_record(sc, &plan), text);
}

static void a_step_with_all_it_can_have_is_read_as_it_was(void)
{
    int k;

    for (k = 0; k < SNAP_STEP_NUM; k++)
        check_is_read_as_it_was(plan_text(k, ALL_MEMBERS));
}

static void the_least_step_of_a_kind_is_as_recorded(void)
{
    char *all = snap_strdup(sc, ""), *text;
    int k;

    for (k = 0; k < SNAP_STEP_NUM; k++) {
        text = plan_text(k, least_members(k));
        check_is_read_as_it_was(text);
        all = snap_sprintf(sc, "%s%s\n", all, text);
    }
    check_golden("step-kinds.json", all);
}

static void a_step_that_lacks_any_of_that_is_refused_in_words(void)
{
    struct snap_plan plan;
    unsigned has;
    size_t m;
    int k;

    for (k = 0; k < SNAP_STEP_NUM; k++) {
        has = least_members(k);
        for (m = 0; m < NUM_MEMBERS; m++) {
            if (!(has & (1U << m))) continue;
            CHECK_INT(read_plan(plan_text(k, has & ~(1U << m)), &plan),
                      ERROR_INVAL);
            CHECK_HAS(error_text(), snap_sprintf(
                sc, "the step 'do it' (%s) cannot be done: ",
                snap_step_kind_name(k)));
            CHECK_HAS(error_text(), snap_sprintf(sc, "'%s'",
                                                 members[m].name));
            error_forget();
        }
    }
}

/* What is there and is of no use. */
static void what_is_odd_is_refused_in_words(void)
{
    static const char *const odd[] = {
        "[{\"kind\":\"exec\",\"argv\":[]}]", "'argv' is missing",
        "[{\"kind\":\"hook\",\"path\":\"a\",\"command\":\"b\","
        "\"arguments\":\"{}\"}]", "'path' is not absolute",
        "[{\"kind\":\"publish\",\"path\":\"/a\",\"to\":\"b\"}]",
        "'to' is not absolute",
        "[{\"kind\":\"hook\",\"path\":\"/a\",\"command\":\"create\","
        "\"arguments\":\"{}\"}]", "'path' is not a hook in "
        "/etc/xen/snapshot.d",
        "[{\"kind\":\"hook\",\"path\":\"/etc/xen/snapshot.d/a.b\","
        "\"command\":\"create\",\"arguments\":\"{}\"}]",
        "'path' is not a hook in /etc/xen/snapshot.d",
        "[{\"kind\":\"hook\",\"path\":\"/etc/xen/snapshot.d/a\","
        "\"command\":\"info\",\"arguments\":\"{}\"}]",
        "'command' is not a verb that changes something",
        "[{\"kind\":\"quiesce\",\"argv\":[\"/a\",\"freeze\",\"web\"],"
        "\"undo\":{\"kind\":\"thaw\"}}]", "'argv' of its undo is missing",
        "[{\"kind\":\"exec\",\"argv\":[\"/bin/sh\",\"x\"]}]",
        "'argv', /bin/sh and its arguments, is not what such a step runs",
        "[{\"kind\":\"pause\",\"undo\":{\"kind\":\"exec\","
        "\"argv\":[\"/bin/sh\"]}}]", "/bin/sh and its arguments",
        "[{\"kind\":\"repoint\",\"disks\":[{\"to\":\"/b\"}]}]",
        "'vdev' of a disk is missing",
        "[{\"kind\":\"boot\",\"argv\":[\"xl\"],"
        "\"disks\":[{\"vdev\":\"xvda\"}]}]", "'to' of a disk is missing",
        "[{\"kind\":\"repoint\",\"disks\":[{\"vdev\":\"xvda\","
        "\"to\":\"/b\",\"from\":\"/a\"}]}]", "'be_path' of a disk is missing",
        "[{\"kind\":\"repoint\",\"disks\":[{\"vdev\":\"xvda\","
        "\"to\":\"/b\",\"be_path\":\"/be\"}]}]", "'from' of a disk is missing",
        "[{\"kind\":\"hold-monitor\",\"pids\":[12,0]}]",
        "'pids' has a number that is no pid",
        "[{\"kind\":\"release-monitor\",\"pids\":[-1]}]",
        "'pids' has a number that is no pid",
        "[{\"kind\":\"exec\",\"argv\":[\"a\"],"
        "\"done_when\":\"lv-is-there\"}]", "'shows' is missing",
        "[{\"kind\":\"exec\",\"argv\":[\"a\"],"
        "\"done_when\":\"lv-is-gone\"}]", "'shows' is missing",
        "[{\"kind\":\"exec\",\"argv\":[\"a\"],\"path\":\"/a\","
        "\"done_when\":\"tag-is-gone\"}]", "'shows' is missing",
        "[{\"kind\":\"exec\",\"argv\":[\"a\"],\"shows\":\"s\","
        "\"done_when\":\"tag-is-gone\"}]", "'path' is missing",
        "[{\"kind\":\"job-start\",\"path\":\"/a\",\"command\":\"quit\","
        "\"arguments\":\"{\\\"job-id\\\":\\\"j\\\"}\",\"undo\":{\"kind\":"
        "\"job-cancel\",\"command\":\"j\"}}]", "'command' is no job of ours",
        "[{\"kind\":\"job-start\",\"path\":\"/a\",\"command\":"
        "\"block-stream\",\"arguments\":\"{}\",\"undo\":{\"kind\":"
        "\"job-cancel\",\"command\":\"j\"}}]", "'arguments' has no job-id",
        "[{\"kind\":\"job-start\",\"path\":\"/a\",\"command\":"
        "\"block-commit\",\"arguments\":\"{\\\"job-id\\\":\\\"j\\\"}\","
        "\"images\":[\"/a\"],\"undo\":{\"kind\":\"job-cancel\","
        "\"command\":\"j\"}}]", "'images' are not those of such a job",
        "[{\"kind\":\"fly\"}]", "there is no step of kind 'fly'",
        "[{\"kind\":\"nameless\"}]", "there is no step of kind 'nameless'",
        "[{}]", "there is no step of kind ''",
        "[{\"kind\":\"pause\",\"done_when\":\"soon\"}]",
        "'soon' cannot tell that a step is done",
    };
    struct snap_plan plan;
    size_t i;

    for (i = 0; i < sizeof(odd) / sizeof(*odd); i += 2)
        CHECK_FAILS(read_plan(odd[i], &plan), ERROR_INVAL, odd[i + 1]);
}

TESTS(TEST(every_kind_has_a_name_of_its_own),
      TEST(every_done_when_has_a_name_of_its_own),
      TEST(a_value_that_is_none_has_a_name_that_is_none),
      TEST(a_step_with_all_it_can_have_is_read_as_it_was),
      TEST(the_least_step_of_a_kind_is_as_recorded),
      TEST(a_step_that_lacks_any_of_that_is_refused_in_words),
      TEST(what_is_odd_is_refused_in_words))
