/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-recover-plans.c: what becomes of an operation that was cut off at
 * each entry of its journal.  The journal is written here, and read by
 * run/journal.c.
 *
 * Where a recovery asks the world, there is a line for each answer.
 */
#include "plans.h"

#include <unistd.h>

/*-- the journal --------------------------------------------------------*/

struct journal {
    const char *name;           /* of its golden file */
    struct snap_journal_head head;
    const struct snap_plan *plan;
    const char *first_line;
    int commit;
};

static void journal_begin(struct journal *j)
{
    const struct snap_journal_head *head = &j->head;
    bool runs = head->domid != SNAP_NO_DOMAIN;

    j->commit = snap_recover_commit_point(j->plan);
    j->first_line = snap_json_object(
        sc, "s:operation", head->operation, "s:domain", head->domain,
        "s:uuid", head->uuid_str, "j:domid", runs ? "7" : NULL,
        "s:snapshot", head->snapshot, "s:memory", head->memory_path,
        "j:tagged", head->num_tagged
                    ? snap_json_strings(sc, head->tagged, head->num_tagged)
                    : NULL,
        "u:began", UINT64_C(1700000000),
        "s:boot", snap_file_first_line(sc, "/proc/sys/kernel/random/boot_id"),
        "j:plan", snap_plan_record(sc, j->plan), NULL);
}

/* @notes and one more line. */
static const char *journal_note(const struct journal *j, const char *notes,
                                const char *what, int step,
                                const char *state)
{
    const struct snap_step *s = &j->plan->steps[step];
    enum snap_step_kind kind = strcmp(what, "undo") ? s->kind
                                                    : s->undo->kind;

    return snap_sprintf(sc, "%s{\"%s\":%d,\"kind\":\"%s\","
                        "\"state\":\"%s\"}\n", notes, what, step,
                        snap_step_kind_name(kind), state);
}

static struct snap_journal_entry journal_entry(const struct journal *j,
                                               const char *notes)
{
    const char *text = snap_sprintf(sc, "%s\n%s", j->first_line, notes);
    const char *path = tmp_path("vm.json");
    struct snap_journal_entry entry;

    /* ext4 would flush a file that is written anew */
    unlink(path);
    tmp_text("vm.json", text);
    CHECK_OK(snap_journal_read(sc, path, &entry));
    return entry;
}

/*-- the recovery -------------------------------------------------------*/

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static const char *argv_last(const char **argv)
{
    while (argv[1]) argv++;
    return base_name(*argv);
}

/* The object of a step, in a word or two. */
static const char *recovery_target(const struct snap_step *step)
{
    const char *text = "";
    int i;

    switch (step->kind) {
    case SNAP_STEP_REPOINT:
        for (i = 0; i < step->num_repoints; i++)
            text = snap_sprintf(sc, "%s %s", text,
                                base_name(step->repoints[i].to));
        return text;
    case SNAP_STEP_EXEC:
        return snap_sprintf(sc, " %s %s", step->argv[0], step->done_probe
                            ? step->done_probe : argv_last(step->argv));
    case SNAP_STEP_QMP:
        return snap_sprintf(sc, " %s %s", step->command, step->arguments);
    case SNAP_STEP_HOOK:
        return snap_sprintf(sc, " %s %s", base_name(step->path),
                            step->command);
    default:
        return step->path ? snap_sprintf(sc, " %s", base_name(step->path))
                          : "";
    }
}

/* Without what a recovery leaves out. */
static const char *recovery_record(const struct snap_step *step)
{
    struct snap_step copy = *step;
    const struct snap_plan plan = { .num_steps = 1, .steps = &copy };

    copy.undo = NULL;
    copy.commit_point = copy.only_if_commit_known = false;
    copy.retires_undo_of = -1;
    return snap_plan_record(sc, &plan);
}

static bool recovery_is(const struct snap_step *step,
                        const struct snap_step *from)
{
    return from && step->kind == from->kind
        && !strcmp(step->what, from->what)
        && !strcmp(recovery_record(step), recovery_record(from));
}

/* The step is a step of the plan or an undo, to the letter, or one of those
 * that a recovery adds. */
static void check_comes_from(const struct snap_step *step,
                             const struct snap_plan *plan)
{
    bool found = (step->kind == SNAP_STEP_DESTROY && !step->argv)
        || step->kind == SNAP_STEP_REMOVE_TAG
        || step->done_when == SNAP_DONE_TAG_IS_GONE;
    int i;

    for (i = 0; !found && i < plan->num_steps; i++) {
        const struct snap_step *from = &plan->steps[i];

        found = recovery_is(step, from) || recovery_is(step, from->undo)
            || (from->kind == SNAP_STEP_PUBLISH
                && step->kind == SNAP_STEP_UNLINK
                && !strcmp(from->path, step->path));
    }
    if (!found)
        check_that(false, __LINE__, __FILE__, "is not of the plan: %s",
                   recovery_record(step));
}

/* The steps of a recovery, as it has been decided, in one line. */
static const char *recovery_line(struct snap_recover *r,
                                 const char *answer)
{
    const char *text = r->forward ? snap_sprintf(sc, "forward from %d:",
                                                 r->first) : "back:";
    int i;

    r->plan = (struct snap_plan){ .num_steps = 0 };
    snap_recover_plan(sc, r);
    for (i = 0; i < r->plan.num_steps; i++) {
        const struct snap_step *step = &r->plan.steps[i];

        check_comes_from(step, &r->entry.plan);
        text = snap_sprintf(sc, "%s%s %s%s", text, i ? ";" : "",
                            snap_step_kind_name(step->kind),
                            recovery_target(step));
    }
    if (!r->plan.num_steps) text = snap_sprintf(sc, "%s nothing", text);
    return snap_sprintf(sc, "    %s%s%s\n", answer, *answer ? ": " : "",
                        text);
}

/*-- decisions ----------------------------------------------------------*/

static const char *forward_lines(struct snap_recover *r,
                                 const char *answer)
{
    const char *text = recovery_line(r, answer);

    if (r->entry.same_boot || !r->entry.head.memory_path) return text;
    r->no_snapshot = "memory lost";
    text = snap_sprintf(sc, "%s%s", text, recovery_line(
        r, *answer ? snap_sprintf(sc, "%s, memory lost", answer)
                   : "memory lost"));
    r->no_snapshot = NULL;
    return text;
}

/* QEMU's transaction was done, but nobody knows when; or its answer.  QEMU
 * has the images open if the domain is there. */
static const char *unknown_lines(struct snap_recover *r)
{
    const struct snap_plan *plan = &r->entry.plan;
    const struct snap_journal_head *head = &r->entry.head;
    bool has_overlays = false;
    struct snap_recover_tag *tags =
        snap_zalloc(sc, (head->num_tagged + 1) * sizeof(*tags));
    const char *text;
    int i;

    for (i = 0; i < plan->num_steps; i++)
        has_overlays = has_overlays || plan->steps[i].num_repoints;
    for (i = 0; i < head->num_tagged; i++) {
        tags[i].path = head->tagged[i];
        tags[i].tag.made = "tag 1 1.0";
        if (r->domid != SNAP_NO_DOMAIN) tags[i].tag.node = "node";
    }
    r->tags = tags;
    r->num_tags = head->num_tagged;
    r->no_snapshot = "nobody knows";
    r->forward = has_overlays;
    text = recovery_line(r, "it was done, nobody knows when");
    r->num_tags = 0;
    r->no_snapshot = NULL;
    return text;
}

/* Asks as ops/create_recover.c does; answers that need no world are that
 * one's. */
static const char *create_lines(struct snap_recover *r)
{
    const struct snap_step *commit = &r->entry.plan.steps[r->commit];
    const char *text;

    if (!r->entry.maybe) {
        r->forward = r->entry.committed;
        return r->forward ? forward_lines(r, "") : recovery_line(r, "");
    }
    if (commit->kind != SNAP_STEP_QMP) {
        CHECK_OK(snap_operation_create.was_committed(sc, r, &r->forward));
        return r->forward ? forward_lines(r, "") : recovery_line(r, "");
    }
    r->forward = true;
    text = r->domid == SNAP_NO_DOMAIN ? "" : forward_lines(r, "it was done");
    text = snap_sprintf(sc, "%s%s", text, unknown_lines(r));
    r->forward = false;
    return snap_sprintf(sc, "%s%s", text, recovery_line(r, "it was not"));
}

/* Looks as ops/revert_recover.c does: for a domain of that name, and for
 * the xl that watches over it. */
static const char *revert_lines(struct snap_recover *r)
{
    const struct snap_journal_entry *e = &r->entry;
    const char *text;
    int back;

    r->forward = e->committed || e->maybe;
    if (!r->forward) return recovery_line(r, "");
    for (back = 0; back < e->plan.num_steps; back++)
        if (e->plan.steps[back].kind == SNAP_STEP_RESTORE
            || e->plan.steps[back].kind == SNAP_STEP_BOOT)
            break;
    r->first = back + 1;
    if (e->same_boot ? e->is_back : e->may_have_run)
        return recovery_line(r, "it is back");
    r->first = r->commit;
    text = recovery_line(r, "no domain is there");
    if (!e->same_boot || !e->may_be_back)
        return snap_sprintf(sc, "%s    one is there: refused\n", text);
    r->half_made = true;
    text = snap_sprintf(sc, "%s%s", text,
                        recovery_line(r, "one without xl"));
    r->half_made = false;
    r->first = back + 1;
    return snap_sprintf(sc, "%s%s", text, recovery_line(r, "one with xl"));
}

static const char *entry_lines(const struct journal *j,
                               struct snap_recover *r, bool same_boot)
{
    r->entry.same_boot = same_boot;
    r->commit = j->commit;
    r->first = r->commit + 1;
    r->domid = same_boot ? j->head.domid : SNAP_NO_DOMAIN;
    return !strcmp(j->head.operation, "create") ? create_lines(r)
                                                : revert_lines(r);
}

/*-- all entries --------------------------------------------------------*/

/* Successive entries with the same lines are told together. */
struct story {
    const char *text, *from, *to, *lines;
};

static void story_end(struct story *s)
{
    if (s->from)
        s->text = snap_sprintf(sc, "%s%s%s%s\n%s", s->text, s->from,
                               s->to ? " to " : "", s->to ? s->to : "",
                               s->lines);
    s->from = s->to = NULL;
}

static void story_add(struct story *s, const char *entry,
                      const char *lines)
{
    if (s->from && !strcmp(lines, s->lines)) {
        s->to = entry;
        return;
    }
    story_end(s);
    s->from = entry;
    s->lines = lines;
}

struct stories {
    const struct journal *journal;
    struct story killed, stopped;       /* the command; the host */
};

/* The journal ends behind @notes. */
static void tell(struct stories *s, const char *entry, const char *notes)
{
    struct snap_recover r = { .entry = journal_entry(s->journal, notes) };

    CHECK(r.entry.same_boot && !r.entry.torn);
    story_add(&s->killed, entry, entry_lines(s->journal, &r, true));
    story_add(&s->stopped, entry, entry_lines(s->journal, &r, false));
}

static const char *tell_step(struct stories *s, const char *notes,
                             int step, const char *state)
{
    const struct snap_plan *plan = s->journal->plan;
    const char *kind = snap_step_kind_name(plan->steps[step].kind);

    notes = journal_note(s->journal, notes, "step", step, state);
    tell(s, snap_sprintf(sc, "%d %s %s", step, kind, state), notes);
    return notes;
}

/* The commit point fails, and what was done is being undone; or nobody
 * knows. */
static void tell_failed_commit(struct stories *s, const char *notes)
{
    const struct snap_plan *plan = s->journal->plan;
    int commit = s->journal->commit, i;
    const char *failed = tell_step(s, notes, commit, "failed");

    for (i = commit - 1; i >= 0; i--)
        if (plan->steps[i].undo) break;
    if (i >= 0)
        tell(s, snap_sprintf(sc, "%d %s being undone", i,
                             snap_step_kind_name(plan->steps[i].kind)),
             journal_note(s->journal, failed, "undo", i, "begun"));
    tell_step(s, notes, commit, "lost");
}

static void check_recovery(struct journal *j)
{
    struct stories s = {
        .journal = j, .killed.text = "-- killed\n",
        .stopped.text = "-- the host has stopped\n",
    };
    const char *notes = "", *at_commit = NULL;
    int i;

    journal_begin(j);
    tell(&s, "before 0", notes);
    for (i = 0; i < j->plan->num_steps; i++) {
        notes = tell_step(&s, notes, i, "begun");
        if (i == j->commit) at_commit = notes;
        notes = tell_step(&s, notes, i, "done");
    }
    if (at_commit) tell_failed_commit(&s, at_commit);
    story_end(&s.killed);
    story_end(&s.stopped);
    check_golden(snap_sprintf(sc, "recover/%s.txt", j->name),
                 snap_sprintf(sc, "%s%s", s.killed.text, s.stopped.text));
}

/* Each kind of step, of commit point and of storage is in one of these. */
struct cut {
    const char *name;
    enum state state;
};
static const struct cut creates[] = {
    { "external", RUNNING }, { "external", PAUSED }, { "external", OFF },
    { "internal", RUNNING }, { "internal", OFF },
    { "live-external", RUNNING }, { "live-internal", RUNNING },
    { "hvm-emulated", PAUSED }, { "leave-paused", RUNNING },
    { "disks-external", RUNNING }, { "disks-external", PAUSED },
    { "disks-internal", RUNNING },
    { "quiesced-by-agent", RUNNING }, { "quiesced-volumes", RUNNING },
    { "thick", RUNNING }, { "thick", OFF }, { "thin", RUNNING },
    { "overlay-on-lv", RUNNING }, { "mixed-modes", RUNNING },
    { "mixed-storage", RUNNING }, { "mixed-storage", OFF },
    { "mixed-internal", RUNNING },
    { "hook", RUNNING }, { "hooks-and-tag", RUNNING },
    { "hooks-and-tag", OFF }, { "vhd", OFF }, { "no-disks", RUNNING },
};
static const struct cut reverts[] = {
    { "external", RUNNING }, { "external", OFF }, { "internal", RUNNING },
    { "mixed-modes", RUNNING }, { "leave-paused", RUNNING },
    { "disks-external", RUNNING }, { "disks-internal", RUNNING },
    { "thick", RUNNING }, { "disks-thick", OFF }, { "thin", RUNNING },
    { "mixed-storage", RUNNING }, { "disks-mixed-storage", RUNNING },
    { "hook", RUNNING }, { "vhd", OFF },
};
#define NUM_CREATES (sizeof(creates) / sizeof(*creates))
#define NUM_REVERTS (sizeof(reverts) / sizeof(*reverts))

static const char *cut_name(const char *operation, const struct cut *cut)
{
    return snap_sprintf(sc, "%s-%s-%s", operation, cut->name,
                        state_names[cut->state]);
}

static void each_create_that_is_cut_off_has_its_recovery(void)
{
    const struct cut *cut;
    struct create_facts f;

    for (cut = creates; cut < creates + NUM_CREATES; cut++) {
        const struct plan_case pc = create_case(
            plan_case_named(create_cases, cut->name), cut->state);
        struct journal j = { .plan = &f.c.plan };

        snap_ctx_begin(sc);         /* frees the last one's memory */
        CHECK_STR(create_facts(&pc, cut->state, &f), NULL);
        CHECK_STR(create_plan(&f), NULL);
        j.name = cut_name("create", cut);
        j.head = snap_create_head(sc, &f.c);
        check_recovery(&j);
        create_facts_dispose(&f);
    }
}

static void each_revert_that_is_cut_off_has_its_recovery(void)
{
    const struct cut *cut;
    struct revert_facts f;

    for (cut = reverts; cut < reverts + NUM_REVERTS; cut++) {
        struct journal j = { .plan = &f.r.plan };

        snap_ctx_begin(sc);
        revert_facts(plan_case_named(revert_cases, cut->name), cut->state,
                     &f);
        CHECK_STR(revert_plan(&f), NULL);
        j.name = cut_name("revert", cut);
        j.head = snap_revert_head(sc, &f.r);
        check_recovery(&j);
        revert_facts_dispose(&f);
    }
}

static void each_golden_recovery_is_of_one_of_these(void)
{
    const char *names[NUM_CREATES + NUM_REVERTS];
    size_t i;

    for (i = 0; i < NUM_CREATES; i++)
        names[i] = cut_name("create", &creates[i]);
    for (i = 0; i < NUM_REVERTS; i++)
        names[NUM_CREATES + i] = cut_name("revert", &reverts[i]);
    check_golden_folder("recover", names, NUM_CREATES + NUM_REVERTS);
}

static void an_operation_that_had_not_begun_needs_no_recovery(void)
{
    struct snap_recover r = { .entry = { .torn = true } };

    snap_recover_plan(sc, &r);
    CHECK_INT(r.plan.num_steps, 0);
}

TESTS(TEST(each_create_that_is_cut_off_has_its_recovery),
      TEST(each_revert_that_is_cut_off_has_its_recovery),
      TEST(each_golden_recovery_is_of_one_of_these),
      TEST(an_operation_that_had_not_begun_needs_no_recovery))
