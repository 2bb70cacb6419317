/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-programs.c: what a step of a journal may run, a word changed at a
 * time.  That every plan of ours may be run is a rule of
 * ops/test-plan-rules.c.
 */
#include "../test.h"

#include <string.h>

/* True if a step of @kind may run @command, a word of which ends at '|'. */
static bool may_run(enum snap_step_kind kind, const char *command)
{
    const char *argv[16] = { 0 };
    char *rest = snap_strdup(sc, command), *word;
    struct snap_step step = {
        .kind = kind, .argv = argv, .done_when = SNAP_DONE_LV_IS_REMOVED,
    };
    int i = 0;

    while ((word = strsep(&rest, "|"))) argv[i++] = word;
    return snap_step_argv_is_planned(&step);
}

static void check_may(bool may, enum snap_step_kind kind,
                      const char *const *commands)
{
    for (; *commands; commands++)
        check_that(may_run(kind, *commands) == may, __LINE__, __FILE__,
                   "%s: %s", *commands, may ? "refused" : "taken");
}

static const char *const taken[] = {
    "qemu-img|snapshot|-q|-c|s1|--image-opts|"
        "driver=qcow2,file.filename=/a",
    "qemu-img|snapshot|-q|-a|1|--image-opts|"
        "driver=qcow2,file.filename=/a,,b c,,",
    "qemu-img|create|-q|-f|qcow2|-u|-b|/a, b|-F|raw|/o|1048576",
    "lvremove|-q|-y|-f|--select|lv_tags={\"xl-snapshot.1\"}|vg/a",
    "lvchange|-q|-an|vg-0/a.s1_+",
    "sync|-d|--|/a|/b|-c",
    NULL
};

static const char *const refused[] = {
    /* another program, or one by a path */
    "sh|-c|id", "/usr/sbin/lvchange|-q|-an|vg/a", "./sync|-d|--|/a", "",
    /* another command, or none */
    "qemu-img|convert|/a|/b", "qemu-img", "lvchange",
    /* too few, too many */
    "lvchange|-q|-an", "lvchange|-q|-an|vg/a|vg/b", "sync|-d|--",
    "qemu-img|create|-q|-f|qcow2|-u|-b|/a|-F|raw|/o|1|-o",
    /* options in the place of names */
    "lvchange|-q|-an|--config", "lvchange|-q|-an|-/a", "lvchange|-q|-an|a/-a",
    "lvchange|-q|-an|vg/a/b", "lvchange|-q|-an|vg/", "lvchange|-q|-an|/a",
    "lvchange|-q|-an|vg/a b", "lvchange|-q|-an|vg",
    "lvcreate|-q|-s|-pr|-n|-a|-L|1b|vg/a",
    "lvcreate|-q|-s|-pr|-n|a|-L|1|vg/a", "lvcreate|-q|-s|-pr|-n|a|-L|b|vg/a",
    "lvcreate|-q|-s|-pr|-n|a|-L|1b|vg/a|--addtag|tag",
    "lvremove|-q|-y|-f|--select|lv_tags={\"other\"}|vg/a",
    "lvremove|-q|-y|-f|--select|lv_tags={\"xl-snapshot.1\"} || 1|vg/a",
    /* what qemu-img would open besides, or otherwise */
    "qemu-img|snapshot|-q|-d|a/b|--image-opts|driver=qcow2,file.filename=/a",
    "qemu-img|snapshot|-q|-d|s1|--image-opts|driver=raw,file.filename=/a",
    "qemu-img|snapshot|-q|-d|s1|--image-opts|driver=qcow2,file.filename=a",
    "qemu-img|snapshot|-q|-d|s1|--image-opts|driver=qcow2,file.filename=",
    "qemu-img|snapshot|-q|-d|s1|--image-opts|"
        "driver=qcow2,file.filename=/a,backing.filename=/b",
    "qemu-img|snapshot|-q|-d|s1|--image-opts|"
        "driver=qcow2,file.filename=/a,,,backing.filename=/b",
    "qemu-img|create|-q|-f|qcow2|-u|-b|json:{}|-F|raw|/o|1",
    "qemu-img|create|-q|-f|qcow2|-u|-b|/a|-F|raw,x|/o|1",
    "qemu-img|create|-q|-f|qcow2|-u|-b|/a|-F|raw|nbd:a:1|1",
    "qemu-img|create|-q|-f|qcow2|-u|-b|/a|-F|raw|/o|-1",
    "vhd-util|snapshot|-n|o|-p|/a|-e",
    NULL
};

static void a_program_is_that_of_a_driver(void)
{
    check_may(true, SNAP_STEP_EXEC, taken);
    check_may(false, SNAP_STEP_EXEC, refused);
    check_may(false, SNAP_STEP_BOOT, taken);
}

/* By its name alone any volume would be. */
static void only_a_volume_that_we_made_is_removed(void)
{
    struct snap_step step = {
        .kind = SNAP_STEP_EXEC,
        .argv = snap_argv(sc, "lvremove", "-q", "-y", "-f", "vg/a", NULL),
        .done_when = SNAP_DONE_LV_IS_REMOVED,
    };

    CHECK(snap_step_argv_is_planned(&step));
    step.done_when = SNAP_DONE_NEVER;
    CHECK(!snap_step_argv_is_planned(&step));
}

/* xl reads each word behind the file as settings of an xl.cfg. */
static void xl_brings_back_and_nothing_else(void)
{
    static const char *const boots[] = {
        "/xl|create|-q|-p|/a.cfg|disk=[]",
        "/xl|create|-q|-p|/a.cfg|disk=[\"a;\\\"]b\",\"c\",]|uuid=\"0a-9\"",
        NULL
    };
    static const char *const others[] = {
        "xl|create|-q|-p|/a.cfg|disk=[]", "/xl|create|-q|-p|a.cfg|disk=[]",
        "/xl|create|-q|-p|/a.cfg|disk=[];kernel=1",
        "/xl|create|-q|-p|/a.cfg|disk=[\n]",
        "/xl|create|-q|-p|/a.cfg|disk=[\"a\"]\nkernel=1",
        "/xl|create|-q|-p|/a.cfg|disk=[\"a\nb\",]",
        "/xl|create|-q|-p|/a.cfg|disk=[\"a",
        "/xl|create|-q|-p|/a.cfg|disk=[\"a\\",
        "/xl|create|-q|-p|/a.cfg|disk=[x]",
        "/xl|create|-q|-p|/a.cfg|disk=[]|kernel=1",
        "/xl|create|-q|-p|/a.cfg|disk=[]|uuid=\"0\";kernel=1",
        "/xl|create|-q|-p|/a.cfg|disk=[]|uuid=\"0",
        "/xl|create|-q|-p|/a.cfg|disk=[]|uuid=0",
        "/xl|create|-q|-p|/a.cfg", "/xl|destroy|0", NULL
    };

    check_may(true, SNAP_STEP_BOOT, boots);
    check_may(false, SNAP_STEP_BOOT, others);
    CHECK(may_run(SNAP_STEP_RESTORE, "/xl|restore|-p|/proc/self/fd/0"));
    CHECK(!may_run(SNAP_STEP_RESTORE, "/xl|restore|-p|/memory"));
}

static void a_freeze_says_what_it_wants(void)
{
    CHECK(may_run(SNAP_STEP_QUIESCE, "/a|freeze|web"));
    CHECK(may_run(SNAP_STEP_THAW, "/a|thaw|web"));
    CHECK(!may_run(SNAP_STEP_THAW, "/a|freeze|web"));
    CHECK(!may_run(SNAP_STEP_THAW, "a|thaw|web"));
    CHECK(!may_run(SNAP_STEP_THAW, "/a"));
    CHECK(!may_run(SNAP_STEP_THAW, "/a|thaw|web|more"));
    CHECK(!may_run(SNAP_STEP_THAW, "/a|thaw|"));
}

TESTS(TEST(a_program_is_that_of_a_driver),
      TEST(only_a_volume_that_we_made_is_removed),
      TEST(xl_brings_back_and_nothing_else),
      TEST(a_freeze_says_what_it_wants))
