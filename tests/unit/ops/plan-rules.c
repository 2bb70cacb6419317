/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan-rules.c: how the steps of a plan stand to each other.
 */
#include "plan-rules.h"

static void rule(const struct subject *s, int step, bool holds,
                 const char *sentence)
{
    const struct snap_plan *plan = s->plan;

    if (holds) return;
    check_that(false, __LINE__, __FILE__, "%s, step %d (%s): broken: %s",
               s->who, step, step < plan->num_steps
                             ? plan->steps[step].what : "none", sentence);
}

static bool is_one_of(enum snap_step_kind kind,
                      const enum snap_step_kind *kinds, int num)
{
    int i;

    for (i = 0; i < num; i++)
        if (kinds[i] == kind) return true;
    return false;
}

#define IS_ONE_OF(kind, ...) \
    is_one_of(kind, (const enum snap_step_kind[]){ __VA_ARGS__ }, \
              sizeof((const enum snap_step_kind[]){ __VA_ARGS__ }) \
              / sizeof(enum snap_step_kind))

static int first_of(const struct snap_plan *plan, enum snap_step_kind kind)
{
    int i;

    for (i = 0; i < plan->num_steps; i++)
        if (plan->steps[i].kind == kind) break;
    return i;
}

static int count_of(const struct snap_plan *plan, enum snap_step_kind kind)
{
    int i, num = 0;

    for (i = 0; i < plan->num_steps; i++)
        num += plan->steps[i].kind == kind;
    return num;
}

/*-- of any plan --------------------------------------------------------*/

static bool argv_has(const char **argv, const char *arg)
{
    for (; argv && *argv; argv++)
        if (!strcmp(*argv, arg)) return true;
    return false;
}

/* What stands behind @arg; "" if that is not there. */
static const char *argv_after(const char **argv, const char *arg)
{
    for (; argv && *argv; argv++)
        if (!strcmp(*argv, arg)) return argv[1] ? argv[1] : "";
    return "";
}

/* The step only fills, or flushes, a file that a step before it has
 * created. */
static bool fills_a_new_file(const struct snap_plan *plan, int step)
{
    const struct snap_step *s = &plan->steps[step];
    int i;

    for (i = 0; i < step; i++)
        if (plan->steps[i].kind == SNAP_STEP_CREATE_FILE
            && (s->kind == SNAP_STEP_EXEC
                    ? argv_has(s->argv, plan->steps[i].path)
                    : s->kind == SNAP_STEP_FLUSH
                      && !strcmp(s->path, plan->steps[i].path)))
            return true;
    return false;
}

/* The step changes nothing: what it flushes would get to the disk anyway. */
static bool is_flush(const struct snap_step *step)
{
    return step->kind == SNAP_STEP_FLUSH
        || (step->kind == SNAP_STEP_EXEC && !strcmp(step->argv[0], "sync"));
}

/* A power cut after the commit point leaves no image empty that the domain
 * is on. */
static void rule_flushed(const struct subject *s, int i, int commit)
{
    const struct snap_step *image = &s->plan->steps[i];
    int k = i;

    if (image->kind != SNAP_STEP_CREATE_FILE || !image->owner_of) return;
    while (++k < s->plan->num_steps)
        if (s->plan->steps[k].kind == SNAP_STEP_FLUSH
            && !strcmp(s->plan->steps[k].path, image->path))
            break;
    rule(s, i, k <= commit, "a new image is flushed before the commit point");
}

static void rule_ends(const struct subject *s, int i)
{
    static const enum snap_step_kind pairs[][2] = {
        { SNAP_STEP_RESUME, SNAP_STEP_SAVE },
        { SNAP_STEP_RELEASE_MONITOR, SNAP_STEP_HOLD_MONITOR },
        { SNAP_STEP_THAW, SNAP_STEP_QUIESCE },
        { SNAP_STEP_PAUSE, SNAP_STEP_UNPAUSE },
    };
    const struct snap_step *step = &s->plan->steps[i];
    size_t k;

    for (k = 0; k < sizeof(pairs) / sizeof(*pairs); k++)
        if (step->kind == pairs[k][0]
            && (step->kind != SNAP_STEP_PAUSE
                || step->retires_undo_of >= 0)) {
            rule(s, i, step->retires_undo_of >= 0 && step->retires_undo_of < i
                 && s->plan->steps[step->retires_undo_of].kind == pairs[k][1]
                 && s->plan->steps[step->retires_undo_of].undo
                 && s->plan->steps[step->retires_undo_of].undo->kind
                     == step->kind,
                 "it makes the undo of what it reverses superfluous");
            return;
        }
    rule(s, i, step->retires_undo_of == -1, "it makes no undo superfluous");
}

/* A journal gives an empty list of images to wait for back as none. */
static void rule_record(const struct subject *s)
{
    const char *record = snap_plan_record(sc, s->plan), *again;
    int destroy = first_of(s->plan, SNAP_STEP_DESTROY);
    yajl_val v = snap_json_parse(record);
    struct snap_plan plan;

    CHECK_OK(snap_plan_parse(sc, v, &plan));
    yajl_tree_free(v);
    if (destroy < plan.num_steps && !plan.steps[destroy].images)
        plan.steps[destroy].images = snap_zalloc(sc, sizeof(char *));
    again = snap_plan_record(sc, &plan);
    check_that(!strcmp(record, again), __LINE__, __FILE__,
               "%s: a journal keeps\n%s\nof\n%s", s->who, again, record);
}

static void rules_of_any(const struct subject *s, int commit)
{
    int i;

    for (i = 0; i < s->plan->num_steps; i++) {
        const struct snap_step *step = &s->plan->steps[i];

        rule_ends(s, i);
        rule_flushed(s, i, commit);
        rule(s, i, !snap_step_problem(sc, step)
             && !(step->undo && snap_step_problem(sc, step->undo)),
             "a recovery may do the step, and its undo");
        if (i < commit)
            rule(s, i, step->undo || step->retires_undo_of >= 0
                 || IS_ONE_OF(step->kind, SNAP_STEP_LOOK_AGAIN,
                              SNAP_STEP_LOOK_OFF)
                 || is_flush(step) || fills_a_new_file(s->plan, i),
                 "a step before the commit point has an undo");
        rule(s, i, i > commit || !step->only_if_commit_known,
             "only_if_commit_known has a meaning after the commit point only");
        rule(s, i, i >= commit || !step->only_if_all_done,
             "only_if_all_done has a meaning from the commit point on only");
        rule(s, i, !step->undo || !step->undo->undo,
             "an undo has no undo of its own");
        rule(s, i, !step->undo_if_failed || step->undo,
             "undo_if_failed needs an undo");
        rule(s, i, !step->undo || step->undo_if_failed
             || !IS_ONE_OF(step->kind, SNAP_STEP_SAVE, SNAP_STEP_HOOK,
                           SNAP_STEP_EXEC),
             "a save or a program that failed may have half happened");
        rule(s, i, step->at_deadline != SNAP_EXEC_KILL
             || is_flush(step) || fills_a_new_file(s->plan, i),
             "what is killed changes nothing but new files");
        rule(s, i, step->at_deadline != SNAP_EXEC_TERM
             || !argv_has(step->argv, "qemu-img"),
             "qemu-img does not end in good order");
    }
}

/*-- create -------------------------------------------------------------*/

/* The steps from *from_r to before *to_r, during which the guest stands
 * still; *from_r is num_steps where it never does. */
static void held_section(const struct subject *s, int *from_r, int *to_r)
{
    const struct snap_plan *plan = s->plan;
    int save = first_of(plan, SNAP_STEP_SAVE);
    int pause = first_of(plan, SNAP_STEP_PAUSE), i;

    *from_r = save < pause ? save : pause;
    for (i = *from_r; i < plan->num_steps; i++)
        if (plan->steps[i].kind == SNAP_STEP_UNPAUSE) break;
    *to_r = i < plan->num_steps ? i : snap_recover_commit_point(plan);
}

/* QEMU's transaction, LVM's snapshots and hooks are the instant.  All else
 * can be done before or after it. */
static void rule_held(const struct subject *s)
{
    int from, to, i;

    held_section(s, &from, &to);
    for (i = first_of(s->plan, SNAP_STEP_HOLD_MONITOR);
         i < s->plan->num_steps; i++)
        rule(s, i, !is_flush(&s->plan->steps[i]),
             "disks are flushed while xl's monitor runs");
    for (i = from; i < to && i < s->plan->num_steps; i++) {
        const struct snap_step *step = &s->plan->steps[i];

        rule(s, i, IS_ONE_OF(step->kind, SNAP_STEP_SAVE, SNAP_STEP_PAUSE,
                             SNAP_STEP_RESUME, SNAP_STEP_QMP,
                             SNAP_STEP_HOOK, SNAP_STEP_LOOK_AGAIN)
             || (step->kind == SNAP_STEP_EXEC
                 && argv_has(step->argv, "lvcreate")),
             "only the snapshot is taken while the guest stands still");
        rule(s, i, step->kind != SNAP_STEP_QMP
             || !strcmp(step->command, "transaction"),
             "QEMU is asked for the transaction only meanwhile");
    }
}

static bool is_last_of_disks(const struct snap_step *step)
{
    return IS_ONE_OF(step->kind, SNAP_STEP_QMP, SNAP_STEP_EXEC,
                     SNAP_STEP_HOOK, SNAP_STEP_FLUSH);
}

/* A commit point that was cut off: QEMU tells if it has carried out the
 * transaction, and the hypervisor if it has destroyed the domain.  Anything
 * else of a create changes nothing, or is undone; of a revert it is done
 * again. */
static bool can_be_cut_off(const struct subject *s, int commit)
{
    const struct snap_step *step = &s->plan->steps[commit];

    if (!strcmp(s->head.operation, "revert"))
        return IS_ONE_OF(step->kind, SNAP_STEP_DESTROY,
                         SNAP_STEP_REMOVE_BITMAPS, SNAP_STEP_RESTORE,
                         SNAP_STEP_BOOT)
            || (IS_ONE_OF(step->kind, SNAP_STEP_EXEC, SNAP_STEP_HOOK)
                && !step->undo);
    return step->kind == SNAP_STEP_QMP ? !strcmp(step->command, "transaction")
        : step->undo || IS_ONE_OF(step->kind, SNAP_STEP_LOOK_OFF,
                                  SNAP_STEP_LOOK_AGAIN);
}

static void rule_commit(const struct subject *s, int commit)
{
    const struct snap_plan *plan = s->plan;
    int i, num = 0;

    for (i = 0; i < plan->num_steps; i++)
        num += plan->steps[i].commit_point;
    rule(s, commit, num == 1, "a create has one commit point");
    rule(s, commit, s->head.domid == SNAP_NO_DOMAIN
         ? plan->steps[commit].kind == SNAP_STEP_LOOK_OFF
         : s->num_ops ? is_last_of_disks(&plan->steps[commit])
         : plan->steps[commit].kind == SNAP_STEP_LOOK_AGAIN,
         "a disk's snapshot is the commit point, or the look at the domain "
         "where there is none");
    rule(s, commit, can_be_cut_off(s, commit),
         "a commit point shows, or can be done again, or undone");
    for (i = commit + 1; i < plan->num_steps; i++)
        rule(s, i, IS_ONE_OF(plan->steps[i].kind, SNAP_STEP_UNPAUSE,
                             SNAP_STEP_THAW, SNAP_STEP_REPOINT,
                             SNAP_STEP_RELEASE_MONITOR, SNAP_STEP_FREEZE,
                             SNAP_STEP_RECORD, SNAP_STEP_PUBLISH)
             || argv_has(plan->steps[i].argv, "lvchange"),
             "no snapshot of a disk comes after the commit point");
}

static void rule_quiesce(const struct subject *s)
{
    const struct snap_plan *plan = s->plan;
    int quiesce = first_of(plan, SNAP_STEP_QUIESCE);
    int thaw = first_of(plan, SNAP_STEP_THAW);
    const struct snap_step *frozen;

    rule(s, quiesce, count_of(plan, SNAP_STEP_QUIESCE)
         == count_of(plan, SNAP_STEP_THAW), "a freeze has its thaw");
    if (quiesce == plan->num_steps) return;
    frozen = &plan->steps[quiesce];
    rule(s, quiesce, count_of(plan, SNAP_STEP_QUIESCE) == 1,
         "the guest is frozen once");
    rule(s, quiesce, frozen[1].kind == SNAP_STEP_PAUSE,
         "a frozen guest is paused at once");
    rule(s, thaw, thaw > 0
         && plan->steps[thaw - 1].kind == SNAP_STEP_UNPAUSE,
         "the guest is thawed right after its unpause");
    rule(s, thaw, plan->steps[thaw].path == frozen->undo->path
         && plan->steps[thaw].argv == frozen->undo->argv,
         "the thaw does what the undo of the freeze does");
}

static int published(const struct snap_plan *plan, const char *path)
{
    int i, num = 0;

    for (i = 0; i < plan->num_steps; i++)
        num += plan->steps[i].kind == SNAP_STEP_PUBLISH
            && !strcmp(plan->steps[i].path, path);
    return num;
}

/* Files have a partial name until all is done; overlays have not. */
static void rule_files(const struct subject *s, int commit)
{
    const struct snap_plan *plan = s->plan;
    int record = first_of(plan, SNAP_STEP_RECORD), i;

    for (i = 0; i < plan->num_steps; i++) {
        const struct snap_step *step = &plan->steps[i];

        if (step->kind == SNAP_STEP_CREATE_FILE)
            rule(s, i, i < commit && published(plan, step->path)
                                     == (step->owner_of == NULL),
                 "a new file is published, an overlay is not");
        if (IS_ONE_OF(step->kind, SNAP_STEP_FREEZE, SNAP_STEP_RECORD,
                      SNAP_STEP_PUBLISH))
            rule(s, i, step->only_if_commit_known,
                 "this waits until the commit point is known");
        if (step->kind == SNAP_STEP_FREEZE)
            rule(s, i, i < record,
                 "a base is frozen before its state is recorded");
        if (step->kind == SNAP_STEP_PUBLISH)
            rule(s, i, i > record,
                 "states are recorded before a file is published");
        rule(s, i, step->only_if_all_done == (i == plan->num_steps - 1),
             "only_if_all_done is the last step's alone");
    }
    i = plan->num_steps - 1;
    rule(s, i, plan->steps[i].kind == SNAP_STEP_PUBLISH
         && !strcmp(plan->steps[i].path, plan->steps[record].path),
         "the snapshot config is published last");
}

/* A base that could still be written would take the overlay with it. */
static void rule_bases(const struct subject *s)
{
    const struct snap_plan *plan = s->plan;
    int repoint = first_of(plan, SNAP_STEP_REPOINT), i, k;
    const struct snap_step *step = &plan->steps[repoint];

    for (i = 0; repoint < plan->num_steps && i < step->num_repoints; i++) {
        bool volume = !strncmp(step->repoints[i].from, "/dev/", 5);

        for (k = repoint; k < plan->num_steps; k++) {
            const struct snap_step *freeze = &plan->steps[k];

            if (volume ? argv_has(freeze->argv, "-pr")
                       : freeze->kind == SNAP_STEP_FREEZE
                         && !strcmp(freeze->path, step->repoints[i].from))
                break;
        }
        rule(s, repoint, k < plan->num_steps,
             "the image that a disk leaves is frozen");
        for (k = 0; k < repoint; k++)
            if (is_flush(&plan->steps[k])
                && argv_has(plan->steps[k].argv, step->repoints[i].from))
                break;
        rule(s, repoint, k < repoint, "and was flushed before");
    }
}

/* Xen counts pauses.  If one of ours holds the guest, it does not matter who
 * takes off another one. */
static void rule_pauses(const struct subject *s)
{
    int commit = snap_recover_commit_point(s->plan);
    int look = first_of(s->plan, SNAP_STEP_LOOK_AGAIN);
    int paused = s->paused, i;

    for (i = 0; i < s->plan->num_steps; i++) {
        paused += s->plan->steps[i].kind == SNAP_STEP_PAUSE;
        paused -= s->plan->steps[i].kind == SNAP_STEP_UNPAUSE;
        rule(s, i, paused >= 0, "no pause is lifted that there is not");
        rule(s, i, i < look || i > commit || paused > s->paused,
             "the disks are taken under a pause of ours");
    }
    rule(s, i, paused == (s->paused || s->leave_paused),
         "in the end it is paused if it was or is to be, else not");
}

/* What was gathered may be no longer so once the memory is saved. */
static void rule_look(const struct subject *s, int commit)
{
    const struct snap_plan *plan = s->plan;
    int look = first_of(plan, SNAP_STEP_LOOK_AGAIN), i, k;

    if (s->head.domid == SNAP_NO_DOMAIN) return;
    rule(s, look, look < commit + !s->num_ops && plan->steps[look].content
         && (plan->steps[look].images || !s->num_ops),
         "all is looked at again");
    held_section(s, &i, &k);
    rule(s, look, look > i, "when nothing can change any more");
    rule(s, look, plan->steps[commit].kind != SNAP_STEP_QMP
         || look == commit - 1, "right before QEMU's transaction");
}

/* A guest that reboots before its stored config names the overlays would
 * be started on the bases. */
static void rule_monitor(const struct subject *s)
{
    const struct snap_plan *plan = s->plan;
    int hold = first_of(plan, SNAP_STEP_HOLD_MONITOR);
    int release = first_of(plan, SNAP_STEP_RELEASE_MONITOR);
    int repoint = first_of(plan, SNAP_STEP_REPOINT);

    if (!s->monitored) return;
    rule(s, repoint, repoint == plan->num_steps
         || (hold < snap_recover_commit_point(plan) && repoint < release),
         "xl's monitor is held from before the switch to the repoint");
}

void check_create_rules(const struct subject *s)
{
    int commit = snap_recover_commit_point(s->plan);

    rule_commit(s, commit);
    rule_quiesce(s);
    rule_record(s);
    if (s->head.domid != SNAP_NO_DOMAIN) rule_pauses(s);
    rules_of_any(s, commit);
    rule_held(s);
    rule_files(s, commit);
    rule_bases(s);
    rule_monitor(s);
    rule_look(s, commit);
}

/*-- revert -------------------------------------------------------------*/

void check_revert_rules(const struct subject *s)
{
    const struct snap_plan *plan = s->plan;
    int commit = snap_recover_commit_point(plan), back, i;
    int destroy = first_of(plan, SNAP_STEP_DESTROY);
    int release = first_of(plan, SNAP_STEP_RELEASE_MONITOR);

    rules_of_any(s, commit);
    rule_record(s);
    rule(s, destroy, !s->monitored
         || (plan->steps[0].kind == SNAP_STEP_HOLD_MONITOR
             && plan->steps[1].kind == SNAP_STEP_LOOK_AGAIN
             && release == destroy + 1),
         "xl's monitor is held, and the domain there, until the destroy");
    rule(s, destroy, s->head.domid == SNAP_NO_DOMAIN
                     ? destroy == plan->num_steps : destroy == commit,
         "the destroy of a running domain is the commit point");
    rule(s, commit, can_be_cut_off(s, commit),
         "a commit point shows, or can be done again, or undone");
    for (i = 0; i < plan->num_steps; i++) {
        const struct snap_step *step = &plan->steps[i];

        rule(s, i, step->commit_point == (i >= commit),
             "there is no way back from a later step either");
        rule(s, i, step->only_if_all_done
                   == (i >= commit && i != destroy && i != release),
             "a step after the destroy has only_if_all_done");
        rule(s, i, i < commit || !step->undo, "it has no undo");
        if (i < commit && !IS_ONE_OF(step->kind, SNAP_STEP_HOLD_MONITOR,
                                     SNAP_STEP_LOOK_AGAIN,
                                     SNAP_STEP_LOOK_OFF))
            rule(s, i, step->kind == SNAP_STEP_CREATE_FILE
                 || argv_has(step->argv, "lvcreate")
                 || fills_a_new_file(plan, i),
                 "before the commit point only new images are made");
        rule(s, i, !argv_has(step->argv, "-a")
             || !argv_has(step->argv, "snapshot")
             || (i > commit
                 && step[-1].kind == SNAP_STEP_REMOVE_BITMAPS),
             "an image has no dirty bitmaps when its tag is applied");
        rule(s, i, !argv_has(step->argv, "-a")
             || !argv_has(step->argv, "snapshot")
             || !strcmp(argv_after(step->argv, "-a"), "3"),
             "a tag is applied by its ID, as plan-facts.c has it");
    }
    rule(s, plan->num_steps, count_of(plan, SNAP_STEP_RESTORE)
         + count_of(plan, SNAP_STEP_BOOT) == 1,
         "the domain is brought back once");
    back = first_of(plan, SNAP_STEP_RESTORE);
    if (back == plan->num_steps) back = first_of(plan, SNAP_STEP_BOOT);
    rule(s, back, back == plan->num_steps - 1 - !s->leave_paused,
         "all disks are back before the domain is");
    rule(s, plan->num_steps, count_of(plan, SNAP_STEP_UNPAUSE)
         == !s->leave_paused, "the guest is let run then");
}
