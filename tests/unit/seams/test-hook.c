/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-hook.c: real scripts as hooks: good ones, such as nobody should
 * run, and such as hang, die, flood or lie; and the plans with them.
 */
#include "../test.h"
#include "storage/storage.h"
#include "facts/facts.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct snap_left left;

static const char good[] = TEST_GOOD_HOOK;

static libxl_device_disk stored;
static struct snap_disk disk;

/* A raw file on blkback, which no other driver takes. */
static void a_disk(void)
{
    memset(&stored, 0, sizeof(stored));
    stored.vdev = (char *)"xvdb";
    stored.pdev_path = (char *)"/srv/my \"data\".raw";
    stored.format = LIBXL_DISK_FORMAT_RAW;
    stored.backend = LIBXL_DISK_BACKEND_PHY;
    stored.readwrite = 1;
    disk = (struct snap_disk){
        .stored = &stored, .vdev = "xvdb", .path = stored.pdev_path,
        .is_data_disk = true, .backend = SNAP_BACKEND_PHY,
    };
}

static struct snap_hook_disk facts(void)
{
    struct snap_hook_disk told;

    a_disk();
    told = snap_hook_facts(&disk, "before");
    told.created = 17;
    return told;
}

static const struct snap_driver *choose(libxl_snapshot_mode mode,
                                        const char **why_r)
{
    struct snap_choice choice = snap_driver_choose(sc, &disk, mode);

    *why_r = choice.why;
    return choice.driver;
}

/* Why no hook takes the disk; NULL: one does. */
static const char *refused(const char *driver)
{
    struct snap_hooks hooks = { .num = 0 };

    a_disk();
    if (driver) snap_choice_ask_hook(sc, &hooks, driver, &disk);
    else snap_choice_make(sc, &hooks, &disk);
    CHECK_STR(libxl_snapshot_ctx_error(sc), NULL);
    return disk.hook ? NULL : snap_driver_hook.refuse(sc, &disk);
}

/*-- names ------------------------------------------------------------------*/

static void a_driver_may_name_a_hook(void)
{
    CHECK_STR(snap_hook_name("hook/zfs"), "zfs");
    CHECK_STR(snap_hook_name("hook/my_zfs-2"), "my_zfs-2");
    CHECK_STR(snap_hook_name("hook/"), NULL);
    CHECK_STR(snap_hook_name("hook/../zfs"), NULL);
    CHECK_STR(snap_hook_name("hook/zfs.old"), NULL);
    CHECK_STR(snap_hook_name("hook/-x"), NULL);
    CHECK_STR(snap_hook_name("hookzfs"), NULL);
    CHECK_STR(snap_hook_name(NULL), NULL);
    CHECK(snap_driver_named("hook/zfs") == &snap_driver_hook);
    CHECK(snap_driver_named("hook/") == NULL);
    CHECK(snap_driver_named("hook/a b") == NULL);
}

static void hooks_are_listed_by_name_without_leftovers(void)
{
    const char **names;
    int num;

    sc->hook_dir = tmp_path("none");
    CHECK_OK(snap_hook_list(sc, &names, &num));
    CHECK_INT(num, 0);
    tmp_hook("zfs", good);
    tmp_hook("zfs.dpkg-old", good);
    tmp_hook("copy~", good);
    tmp_hook("copy", good);
    CHECK_OK(snap_hook_list(sc, &names, &num));
    CHECK_INT(num, 2);
    CHECK_STR(names[0], "copy");
    CHECK_STR(names[1], "zfs");
}

/*-- who may write it -------------------------------------------------------*/

static void a_hook_that_others_can_change_is_not_run(void)
{
    const char *path = tmp_hook("bad", "touch $0.ran");
    yajl_val answer;

    CHECK_STR(snap_program_unsafe(sc, path), NULL);
    chmod(path, 0775);
    CHECK_HAS(snap_program_unsafe(sc, path), "mode 0775, can be changed by "
              "others than root; if you trust what is there, run chmod go-w "
              "/");
    CHECK_FAILS(snap_hook_ask(sc, path, "probe", "{}", &answer), ERROR_INVAL,
                "hook bad, probe: ");
    CHECK_HAS(refused(NULL), "can be changed by others");
    chmod(path, 0757);
    CHECK_HAS(snap_program_unsafe(sc, path), "mode 0757, can be");
    chmod(path, 0644);
    CHECK_HAS(snap_program_unsafe(sc, path), "/bad is not executable");
    CHECK(!snap_file_exists(snap_sprintf(sc, "%s.ran", path)));
}

static void nor_one_in_a_folder_that_others_can_change(void)
{
    const char *path = tmp_hook("bad", good);

    chmod(sc->hook_dir, 0777);
    CHECK_HAS(snap_program_unsafe(sc, path), "run chmod go-w ");
    chmod(sc->hook_dir, 01777);
    CHECK_STR(snap_program_unsafe(sc, path), NULL);
}

static void a_link_is_as_good_as_what_it_leads_to(void)
{
    const char *path = tmp_hook("good", good);
    const char *link = snap_sprintf(sc, "%s/link", sc->hook_dir);
    const char *real = tmp_text("elsewhere", "");

    CHECK_INT(symlink(real, link), 0);
    CHECK_HAS(snap_program_unsafe(sc, link), "/link is not executable");
    chmod(real, 0777);
    CHECK_HAS(snap_program_unsafe(sc, link), "/elsewhere, of uid ");
    chmod(real, 0755);
    CHECK_STR(snap_program_unsafe(sc, link), NULL);
    unlink(real);
    CHECK_HAS(snap_program_unsafe(sc, link), "No such file");
    CHECK_HAS(snap_program_unsafe(sc, sc->hook_dir), "not a regular file");
    CHECK_STR(snap_program_unsafe(sc, path), NULL);
}

static void nor_one_of_another_user(void)
{
    const char *path = tmp_hook("bad", good);

    if (geteuid()) test_skip("needs root to give a file away");
    CHECK_INT(chown(path, 1234, 0), 0);
    CHECK_HAS(snap_program_unsafe(sc, path), "run chown -h root /");
}

/*-- what it is told --------------------------------------------------------*/

static void a_request_has_all_keys(void)
{
    struct snap_hook_disk d = facts(), none = { .name = NULL };

    CHECK_STR(snap_hook_request(sc, "create", &d),
              "{\"protocol\":1,\"verb\":\"create\",\"name\":\"before\","
              "\"vdev\":\"xvdb\",\"path\":\"/srv/my \\\"data\\\".raw\","
              "\"format\":\"raw\",\"backend\":\"phy\",\"running\":true,"
              "\"created\":17}");
    CHECK_STR(snap_hook_request(sc, "info", &none),
              "{\"protocol\":1,\"verb\":\"info\",\"name\":\"\",\"vdev\":\"\","
              "\"path\":\"\",\"format\":\"\",\"backend\":\"\","
              "\"running\":false,\"created\":0}");
}

static void it_comes_as_json_and_as_environment(void)
{
    const char *path = tmp_hook("tell", snap_sprintf(
        sc, "{ echo $#:$1; cat; echo; env | grep ^XL_SNAPSHOT_ | sort; } >%s\n"
        "echo '{\"done\":true}'", tmp_path("told")));
    struct snap_hook_disk d = facts();
    const char *request = snap_hook_request(sc, "create", &d);

    setenv("XL_SNAPSHOT_NAME", "another's", 1);
    CHECK_OK(snap_hook_act(sc, path, "create", request, &left));
    unsetenv("XL_SNAPSHOT_NAME");
    CHECK_STR(file_text(tmp_path("told")), snap_sprintf(
        sc, "1:create\n%s\nXL_SNAPSHOT_BACKEND=phy\n"
        "XL_SNAPSHOT_CREATED=17\nXL_SNAPSHOT_FORMAT=raw\n"
        "XL_SNAPSHOT_NAME=before\nXL_SNAPSHOT_PATH=/srv/my \"data\".raw\n"
        "XL_SNAPSHOT_PROTOCOL=1\nXL_SNAPSHOT_RUNNING=1\n"
        "XL_SNAPSHOT_VDEV=xvdb\nXL_SNAPSHOT_VERB=create\n", request));
}

/*-- what it answers --------------------------------------------------------*/

static void check_answer(const char *script, int rc, const char *why)
{
    const char *path = tmp_hook("say", script);

    sc->wait_ms[SNAP_WAIT_HOOK_ACT] = rc == ERROR_TIMEDOUT ? 500 : 60000;
    CHECK_FAILS(snap_hook_act(sc, path, "create", "{}", &left), rc, why);
}

static void only_done_is_done(void)
{
    CHECK_OK(snap_hook_act(sc, tmp_hook("say", "echo ' { \"done\" : true } '"),
                           "create", "{}", &left));
    check_answer("echo '{}'", ERROR_FAIL, "hook say, create: its answer "
                 "does not say that it is done");
    check_answer("echo '{\"done\":1}'", ERROR_FAIL, "its answer does not "
                 "say that");
    check_answer("echo '{\"done\":\"true\"}'", ERROR_FAIL, "its answer "
                 "does not say");
}

static void what_is_no_answer_is_refused(void)
{
    check_answer("", ERROR_INVAL, "its answer is not a JSON object");
    check_answer("echo done", ERROR_INVAL, "not a JSON object");
    check_answer("echo '[true]'", ERROR_INVAL, "not a JSON object");
    check_answer("echo '{\"done\":true'", ERROR_INVAL, "not a JSON object");
    check_answer("echo '{\"done\":true} x'", ERROR_INVAL, "not a JSON "
                 "object");
    check_answer("printf '\\377\\000\\033[2J'", ERROR_INVAL, "not a JSON "
                                          "object");
    check_answer("head -c 70000 /dev/zero | tr '\\0' '['", ERROR_INVAL,
                 "its answer is longer than 64 KiB");
    check_answer("head -c 9000 /dev/zero | tr '\\0' '['", ERROR_INVAL,
                 "not a JSON object");
}

static void a_hook_that_fails_hangs_dies_or_floods_is_named(void)
{
    check_answer("echo no pool >&2; echo '{\"done\":true}'; exit 3",
                 ERROR_FAIL, "say failed with status 3: no pool");
    check_answer("kill -SEGV $$", ERROR_FAIL, "was killed by signal 11");
    check_answer("sleep 60", ERROR_TIMEDOUT, "did not answer for");
    check_answer("exec yes", ERROR_FAIL, "printed more than 64 MiB");
    check_answer("head -c 100000000 /dev/zero; sleep 60", ERROR_FAIL,
                 "printed more than 64 MiB");
}

static void it_need_not_read_what_it_is_told(void)
{
    CHECK_OK(snap_hook_act(
        sc, tmp_hook("say", "exec <&-; echo '{\"done\":true}'"), "create",
        "{}", &left));
}

/*-- probing ----------------------------------------------------------------*/

static void the_first_hook_that_takes_a_disk_gets_it(void)
{
    tmp_hook("a", "echo '{\"handles\":false,\"why\":\"not mine\"}'");
    tmp_hook("b", good);
    tmp_hook("c", "touch $0.ran");
    CHECK_STR(refused(NULL), NULL);
    CHECK_STR(disk.hook->name, "b");
    CHECK_INT(disk.hook->can, LIBXL_SNAPSHOT_CAN_LIVE
                              | LIBXL_SNAPSHOT_CAN_OFFLINE);
    CHECK(!snap_file_exists(snap_sprintf(sc, "%s/c.ran", sc->hook_dir)));
}

static void a_hook_that_is_asked_for_is_asked_alone(void)
{
    tmp_hook("a", "touch $0.ran");
    tmp_hook("b", good);
    CHECK_STR(refused("hook/b"), NULL);
    CHECK_HAS(refused("hook/d"), "there is no hook ");
    CHECK_HAS(refused("hook/d"), "/snapshot.d/d");
    CHECK_STR(refused("qcow2-overlay"), "no hook was asked");
    CHECK(!snap_file_exists(snap_sprintf(sc, "%s/a.ran", sc->hook_dir)));
}

static void why_none_takes_it_stands_behind_the_other_reason(void)
{
    const char *why = NULL;

    tmp_hook(
        "a",
        "printf %s '{\"handles\":false,\"why\":\"no\\nt \\u001bmine\"}'");
    tmp_hook("b", "echo broken >&2; exit 1");
    tmp_hook("c", "echo '{}'");
    CHECK_HAS(refused(NULL), "hook a: no\\x0at \\x1bmine; hook b, probe: ");
    CHECK_HAS(disk.no_hook, "failed with status 1: broken; hook c: no "
              "reason given");
    CHECK(!choose(LIBXL_SNAPSHOT_MODE_EXTERNAL, &why));
    CHECK_HAS(why, "blkback (phy) serves it");
    CHECK_HAS(why, "; hook a: no\\x0at \\x1bmine");
}

static void a_hook_that_fails_is_asked_once(void)
{
    struct snap_hooks hooks = { .num = 0 };
    const char *path = tmp_hook("a", "echo x >>$0.ran; exit 1");
    int i;

    for (i = 0; i < 3; i++) {
        a_disk();
        snap_choice_make(sc, &hooks, &disk);
        CHECK_HAS(disk.no_hook, "failed with status 1");
    }
    CHECK_STR(file_text(snap_sprintf(sc, "%s.ran", path)), "x\n");
}

static void a_disk_that_others_take_is_not_shown_to_hooks(void)
{
    struct snap_hooks hooks = { .num = 0 };

    tmp_hook("a", good);
    a_disk();
    stored.backend = LIBXL_DISK_BACKEND_QDISK;
    disk.backend = SNAP_BACKEND_QDISK;
    disk.node = "#block1";
    disk.node_file = disk.path;
    disk.node_driver = "raw";
    snap_choice_make(sc, &hooks, &disk);
    CHECK(!disk.hook && !hooks.listed);
    snap_choice_ask_hook(sc, &hooks, "hook/a", &disk);
    CHECK(disk.hook != NULL);
    CHECK_STR(snap_driver_hook.refuse(sc, &disk), NULL);
    disk.node_driver = "qcow2";
    CHECK_HAS(snap_driver_hook.refuse(sc, &disk), "QEMU has it open as qcow2, "
              "but the stored config says raw");
    stored.format = LIBXL_DISK_FORMAT_QCOW2;
    CHECK_HAS(snap_driver_hook.refuse(sc, &disk), "QEMU keeps a part of a "
              "qcow2 image in memory");
}

static void what_a_hook_cannot_is_refused(void)
{
    struct snap_hook only = { .name = "a", .can = LIBXL_SNAPSHOT_CAN_LIVE };

    a_disk();
    disk.hook = &only;
    CHECK_STR(snap_driver_hook.refuse(sc, &disk), NULL);
    disk.backend = SNAP_BACKEND_OFFLINE;
    CHECK_STR(snap_driver_hook.refuse(sc, &disk),
              "hook a can do it only while "
              "the domain runs");
    only.can = LIBXL_SNAPSHOT_CAN_OFFLINE;
    CHECK_STR(snap_driver_hook.refuse(sc, &disk), NULL);
    disk.backend = SNAP_BACKEND_PHY;
    CHECK_STR(snap_driver_hook.refuse(sc, &disk), "hook a cannot do it while "
              "the domain runs");
    disk.backend_domid = 3;
    CHECK_HAS(snap_driver_hook.refuse(sc, &disk), "out of reach");
    disk.backend_domid = 0;
    disk.path = "/srv/a\nb";
    CHECK_HAS(snap_driver_hook.refuse(sc, &disk), "a newline");
}

/*-- plans ------------------------------------------------------------------*/

static void a_plan_with_a_hook(void)
{
    struct snap_disk_op op = { .disk = &disk, .driver = &snap_driver_hook,
                               .vdev = "xvdb", .name = "before" };
    struct snap_hook zfs = { .name = "zfs",
                             .path = "/etc/xen/snapshot.d/zfs" };
    libxl_disk_snapshot ds = { .vdev = (char *)"xvdb" };
    struct snap_disk_op back = { .verb = SNAP_VERB_REVERT, .vdev = "xvdb",
                                 .ds = &ds, .name = "before" };
    libxl_device_disk config = { .backend = LIBXL_DISK_BACKEND_UNKNOWN };
    struct snap_plan plan = { 0 };

    a_disk();
    disk.hook = &zfs;
    snap_driver_hook.verbs[SNAP_VERB_CREATE].act(sc, &plan, &op);
    CHECK(plan.steps[0].undo_if_failed);
    libxl_device_disk_init(&ds.parent);
    snap_driver_hook.describe(sc, &op, &ds);
    CHECK_STR(ds.driver, "hook/zfs");
    CHECK(!libxl_disk_snapshot_moves(&ds));
    sc->hook_dir = "/etc/xen/snapshot.d";
    back.image = ds.parent.pdev_path;
    snap_driver_hook.verbs[SNAP_VERB_REVERT].act(sc, &plan, &back);
    check_golden("hook.json", plan_lines(&plan));
    snap_driver_hook.configure(&back, &config);
    CHECK_STR(config.pdev_path, disk.path);
    CHECK_INT(config.format, LIBXL_DISK_FORMAT_RAW);
    CHECK_INT(config.backend, LIBXL_DISK_BACKEND_PHY);
    free(config.pdev_path);
    free(ds.driver);
    libxl_device_disk_dispose(&ds.parent);
}

static int look_and_check(struct snap_disk_op *op)
{
    int rc = op->driver->look(sc, op);

    return rc ? rc : op->driver->verbs[op->verb].check(sc, op);
}

static void a_name_that_the_hook_has_is_refused(void)
{
    struct snap_disk_op op = { .driver = &snap_driver_hook, .vdev = "xvdb",
                               .disk = &disk, .name = "before" };

    tmp_hook("a", good);
    CHECK_STR(refused(NULL), NULL);
    CHECK_OK(look_and_check(&op));
    tmp_hook("a", "echo '{\"handles\":true,\"exists\":true}'");
    CHECK_FAILS(look_and_check(&op), ERROR_INVAL, "disk xvdb: hook "
                "a has a snapshot 'before' of /srv/my \"data\".raw already");
    tmp_hook(
        "a",
        "echo '{\"handles\":false,\"exists\":false,\"why\":\"full\"}'");
    CHECK_FAILS(look_and_check(&op), ERROR_INVAL,
                "disk xvdb (/srv/my \"data\".raw): hook a, snapshot before: "
                "full");
}

static void a_snapshot_that_the_hook_lost_is_found_before_the_revert(void)
{
    libxl_disk_snapshot ds = { .vdev = (char *)"xvdb",
                               .driver = (char *)"hook/a" };
    struct snap_disk_op op = {
        .verb = SNAP_VERB_REVERT, .driver = &snap_driver_hook, .vdev = "xvdb",
        .ds = &ds, .name = "before", .image = "/srv/a",
    };

    libxl_device_disk_init(&ds.parent);
    snap_device_disk_set(&ds.parent, "xvdb", "/srv/a", LIBXL_DISK_FORMAT_RAW);
    tmp_hook("a", good);
    CHECK_FAILS(look_and_check(&op), ERROR_INVAL,
                "disk xvdb: hook a has no snapshot 'before' of /srv/a");
    tmp_hook("a", "echo '{\"handles\":true,\"exists\":true}'");
    CHECK_OK(look_and_check(&op));
    tmp_hook(
        "a",
        "echo '{\"handles\":false,\"exists\":true,\"why\":\"held\"}'");
    CHECK_FAILS(look_and_check(&op), ERROR_INVAL,
                "hook a, snapshot before: held");
    unlink(snap_hook_path(sc, "a"));
    CHECK_FAILS(look_and_check(&op), ERROR_INVAL,
                "snapshot.d/a: No such file");
    libxl_device_disk_dispose(&ds.parent);
}

TESTS(TEST(a_driver_may_name_a_hook),
      TEST(hooks_are_listed_by_name_without_leftovers),
      TEST(a_hook_that_others_can_change_is_not_run),
      TEST(nor_one_in_a_folder_that_others_can_change),
      TEST(a_link_is_as_good_as_what_it_leads_to),
      TEST(nor_one_of_another_user), TEST(a_request_has_all_keys),
      TEST(it_comes_as_json_and_as_environment), TEST(only_done_is_done),
      TEST(what_is_no_answer_is_refused),
      TEST(a_hook_that_fails_hangs_dies_or_floods_is_named),
      TEST(it_need_not_read_what_it_is_told),
      TEST(the_first_hook_that_takes_a_disk_gets_it),
      TEST(a_hook_that_is_asked_for_is_asked_alone),
      TEST(why_none_takes_it_stands_behind_the_other_reason),
      TEST(a_hook_that_fails_is_asked_once),
      TEST(a_disk_that_others_take_is_not_shown_to_hooks),
      TEST(what_a_hook_cannot_is_refused), TEST(a_plan_with_a_hook),
      TEST(a_name_that_the_hook_has_is_refused),
      TEST(a_snapshot_that_the_hook_lost_is_found_before_the_revert))
