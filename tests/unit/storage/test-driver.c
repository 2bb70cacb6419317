/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-driver.c: golden pairs: facts in, steps and QMP text out; and each
 * refusal with its sentence.
 */
#include "disk.h"

#include <stdlib.h>

static void check_create(const char *golden, const struct snap_disk_op *op)
{
    struct snap_plan plan = { 0 };
    const char *action = VERB(op)->action(sc, op);

    plan_prepare(&plan, op);
    check_golden(golden, snap_sprintf(sc, "%s%s\n", plan_lines(&plan),
                                      action));
}

/* A slot that is forgotten in a new driver shows here, not in a revert. */
static void every_driver_has_the_slots_that_it_needs(void)
{
    int num, i;
    const struct snap_driver *const *all = snap_drivers(&num);
    struct snap_driver poor = snap_driver_overlay;

    CHECK(num > 0);
    for (i = 0; i < num; i++) CHECK_STR(snap_driver_lacks(all[i]), NULL);
    poor.verbs[SNAP_VERB_CREATE].finish = NULL;
    CHECK_STR(snap_driver_lacks(&poor), "create.finish, to freeze the base");
    poor.look = NULL;
    CHECK_STR(snap_driver_lacks(&poor), "look");
}

static void a_driver_that_cannot_do_it_says_so(void)
{
    struct snap_driver poor = snap_driver_internal;
    struct snap_disk_op op = operation(&poor);

    memset(&poor.verbs[SNAP_VERB_REVERT], 0, sizeof(struct snap_verb));
    op.verb = SNAP_VERB_REVERT;
    CHECK_FAILS(snap_driver_check(sc, &op), ERROR_INVAL,
                "disk xvda: driver qcow2-internal cannot revert to one");
}

static void every_mode_has_its_driver(void)
{
    const char *why = NULL;

    good_disk();
    CHECK(choose(LIBXL_SNAPSHOT_MODE_INTERNAL, &why)
          == &snap_driver_internal);
    CHECK(choose(LIBXL_SNAPSHOT_MODE_EXTERNAL, &why)
          == &snap_driver_overlay);
    CHECK(why == NULL);
    CHECK(choose(LIBXL_SNAPSHOT_MODE_DEFAULT, &why) == NULL);
    CHECK_STR(why, "no driver makes such snapshots");
    disk.backend = SNAP_BACKEND_NONE;
    CHECK(choose(LIBXL_SNAPSHOT_MODE_INTERNAL, &why) == NULL);
    CHECK_STR(why, "xenstore has no such device");
}

static void a_snapshot_names_its_driver(void)
{
    libxl_disk_snapshot ds = { .vdev = (char *)"xvda",
                               .mode = LIBXL_SNAPSHOT_MODE_INTERNAL };
    const struct snap_driver *driver;

    CHECK_OK(snap_driver_of(sc, &ds, &driver));
    CHECK(driver == &snap_driver_internal);
    CHECK(!libxl_disk_snapshot_moves(&ds));
    ds.mode = LIBXL_SNAPSHOT_MODE_EXTERNAL;
    CHECK_OK(snap_driver_of(sc, &ds, &driver));
    CHECK(driver == &snap_driver_overlay);
    CHECK(libxl_disk_snapshot_moves(&ds));
    ds.driver = (char *)"qcow2-internal";
    CHECK_FAILS(snap_driver_of(sc, &ds, &driver), ERROR_INVAL,
                "disk xvda: there is no driver 'qcow2-internal' for external "
                "snapshots");
    ds.driver = (char *)"tape";
    CHECK_FAILS(snap_driver_of(sc, &ds, &driver), ERROR_INVAL,
                "disk xvda: there is no driver 'tape'");
}

static void an_overlay_on_a_qcow2(void)
{
    struct snap_disk_op op = operation(&snap_driver_overlay);

    good_disk();
    check_create("overlay-qcow2.json", &op);
}

/* A disk of that format, by the config and by QEMU. */
static void disk_of_format(libxl_disk_format format)
{
    stored.format = format;
    disk.node_driver = snap_imageinfo_format(format);
}

static void an_overlay_on_a_raw_disk_opened_directly_with_discard(void)
{
    struct snap_disk_op op = operation(&snap_driver_overlay);

    good_disk();
    disk_of_format(LIBXL_DISK_FORMAT_RAW);
    disk.discard = true;
    stored.direct_io_safe = true;
    check_create("overlay-raw-direct.json", &op);
}

static void an_overlay_whose_paths_need_care(void)
{
    struct snap_disk_op op = operation(&snap_driver_overlay);

    good_disk();
    disk.path = disk.node_file = "/srv/my disk,\"1\".qcow2";
    op.path = "/srv/-o,v\\er lay.qcow2";
    check_create("overlay-paths.json", &op);
}

static void a_tag(void)
{
    struct snap_disk_op op = operation(&snap_driver_internal);

    good_disk();
    check_create("internal.json", &op);
}

static void a_driver_describes_the_same_twice(void)
{
    struct snap_disk_op op = operation(&snap_driver_overlay);
    struct snap_plan one = { 0 }, two = { 0 };

    good_disk();
    plan_prepare(&one, &op);
    plan_prepare(&two, &op);
    CHECK_STR(snap_plan_to_json(sc, &one), snap_plan_to_json(sc, &two));
}

/*-- revert -----------------------------------------------------------------*/

static void going_back_to_a_base_makes_a_new_overlay(void)
{
    libxl_disk_snapshot ds = disk_snapshot(LIBXL_SNAPSHOT_MODE_EXTERNAL,
                                           "/srv/web.img",
                                           LIBXL_DISK_FORMAT_RAW);
    struct snap_disk_op op = way_back(&snap_driver_overlay, &ds,
                                      "/srv/web.1.qcow2");
    struct snap_plan plan = { 0 };

    op.chain.virtual_size = 67108864;
    plan_prepare(&plan, &op);
    CHECK(VERB(&op)->act == NULL);
    check_golden("overlay-revert.json", plan_lines(&plan));
    libxl_device_disk_dispose(&ds.parent);
}

static void going_back_to_a_tag_applies_it(void)
{
    libxl_disk_snapshot ds = disk_snapshot(LIBXL_SNAPSHOT_MODE_INTERNAL,
                                           "/srv/a,b c.qcow2",
                                           LIBXL_DISK_FORMAT_QCOW2);
    static const struct snap_tag tag = { .id = "1", .name = "before" };
    static const struct snap_layer top = { .path = "/srv/a,b c.qcow2",
                                           .num_tags = 1, .tags = &tag };
    struct snap_disk_op op = way_back(&snap_driver_internal, &ds, NULL);
    struct snap_plan plan = { 0 };

    op.chain = (struct snap_chain){ .num_layers = 1, .layers = &top };
    VERB(&op)->act(sc, &plan, &op);
    CHECK(VERB(&op)->prepare == NULL);
    check_golden("internal-revert.json", plan_lines(&plan));
    libxl_device_disk_dispose(&ds.parent);
}

static void a_tag_that_is_not_the_only_one_of_its_name_is_refused(void)
{
    static const struct snap_tag tags[] = { { .id = "1", .name = "before" },
                                            { .id = "2", .name = "before" } };
    struct snap_layer top = { .path = "/srv/a.qcow2", .num_tags = 2,
                              .tags = tags };
    libxl_disk_snapshot ds = disk_snapshot(LIBXL_SNAPSHOT_MODE_INTERNAL,
                                           "/srv/a.qcow2",
                                           LIBXL_DISK_FORMAT_QCOW2);
    struct snap_disk_op op = way_back(&snap_driver_internal, &ds, NULL);

    op.chain = (struct snap_chain){ .num_layers = 1, .layers = &top };
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "more than one internal snapshot 'before'");
    top.num_tags = 1;
    CHECK_OK(VERB(&op)->check(sc, &op));
    libxl_device_disk_dispose(&ds.parent);
}

static void a_base_that_is_missing_is_found_before_the_revert(void)
{
    libxl_disk_snapshot ds = disk_snapshot(LIBXL_SNAPSHOT_MODE_EXTERNAL,
                                           "/nowhere/web.img",
                                           LIBXL_DISK_FORMAT_RAW);
    struct snap_disk_op op = way_back(&snap_driver_overlay, &ds,
                                      tmp_path("new"));

    CHECK_OK(op.driver->look(sc, &op));
    CHECK_FAILS(VERB(&op)->check(sc, &op), ERROR_INVAL,
                "disk xvda: its base /nowhere/web.img is missing");
    op = way_back(&snap_driver_internal, &ds, NULL);
    CHECK(op.driver->look(sc, &op) != 0);
    CHECK_HAS(error_text(), "image /nowhere/web.img: No such file or "
              "directory");
    libxl_device_disk_dispose(&ds.parent);
}

/*-- where nobody runs the disk ---------------------------------------------*/

static void offline_a_tag_is_qemu_imgs(void)
{
    struct snap_disk_op op = operation(&snap_driver_internal);
    struct snap_plan plan = { 0 };

    good_disk();
    disk.backend = SNAP_BACKEND_OFFLINE;
    CHECK_STR(snap_driver_internal.refuse(sc, &disk), NULL);
    VERB(&op)->act(sc, &plan, &op);
    CHECK_INT(plan.num_steps, 0);           /* its QEMU has the image */
    disk.node = NULL;
    CHECK_STR(snap_driver_internal.refuse(sc, &disk), NULL);
    VERB(&op)->act(sc, &plan, &op);
    check_golden("internal-offline.json", plan_lines(&plan));
}

static void offline_an_overlay_needs_no_qemu(void)
{
    struct snap_disk_op op = operation(&snap_driver_overlay);
    struct snap_plan plan = { 0 };

    good_disk();
    disk.backend = SNAP_BACKEND_OFFLINE;
    disk.node = NULL;
    CHECK_STR(snap_driver_overlay.refuse(sc, &disk), NULL);
    plan_prepare(&plan, &op);
    CHECK_INT(plan.num_steps, 3);
    CHECK_INT(plan.steps[0].kind, SNAP_STEP_CREATE_FILE);
    CHECK_INT(plan.steps[1].kind, SNAP_STEP_EXEC);
    CHECK_INT(plan.steps[2].kind, SNAP_STEP_FLUSH);
}

/*-- refusals ---------------------------------------------------------------*/

static void a_good_disk_is_taken(void)
{
    good_disk();
    CHECK_STR(snap_driver_internal.refuse(sc, &disk), NULL);
    CHECK_STR(snap_driver_overlay.refuse(sc, &disk), NULL);
    disk_of_format(LIBXL_DISK_FORMAT_RAW);
    CHECK_STR(snap_driver_overlay.refuse(sc, &disk), NULL);
}

static void what_is_not_qemus_is_refused(void)
{
    good_disk();
    disk.backend = SNAP_BACKEND_NONE;
    both_refuse("xenstore has no such device");
    disk.backend = SNAP_BACKEND_PHY;
    both_refuse("blkback (phy) serves it, which has no snapshots; if it is a "
                "file, add backendtype=qdisk to the disk in xl.cfg");
    disk.backend = SNAP_BACKEND_OTHER;
    both_refuse("its backend is not QEMU (qdisk)");
    disk.backend_domid = 3;
    both_refuse("its backend is in domain 3, out of reach");
}

static void what_qemu_says_must_fit_the_config(void)
{
    good_disk();
    disk.emulated = true;
    both_refuse("QEMU has it open twice, as an emulated disk too");
    disk.node = NULL;
    both_refuse("QEMU has no such disk");
    disk.path = NULL;
    both_refuse("its image is not an absolute path");
    disk.path = disk.node_file = "web.qcow2";
    both_refuse("its image is not an absolute path");
    disk.node_file = "/srv/web.s1.qcow2";
    both_refuse("QEMU writes to /srv/web.s1.qcow2, but the stored config "
                "names /srv/web.qcow2: an earlier snapshot was made "
                "without libxl");
}

static void so_must_the_image_and_the_formats(void)
{
    struct snap_layer top = { .path = "/etc/shadow", .format = "qcow2" };

    good_disk();
    disk.chain.layers = &top;
    disk.chain.num_layers = 1;
    both_refuse("QEMU writes to /etc/shadow, but the stored config names "
                "/srv/web.qcow2");
    stored.format = LIBXL_DISK_FORMAT_RAW;
    both_refuse("QEMU has it open as qcow2, but the stored config says raw");
    disk.node_driver = "raw";
    both_refuse("QEMU has it open as raw, but the stored config says qcow2");
    top = (struct snap_layer){ .path = "/srv/web.qcow2", .format = "raw" };
    disk.chain.layers = &top;
    disk.chain.num_layers = 1;
    both_refuse("QEMU has it open as raw, but the stored config says qcow2");
    top.format = NULL;
    disk.chain.layers = &top;
    disk.chain.num_layers = 1;
    both_refuse("QEMU has it open as nothing, but the stored config says");
}

static void a_path_that_no_config_can_hold_is_refused(void)
{
    struct snap_target target;

    good_disk();
    disk.path = disk.node_file = "/srv/two\nlines";
    both_refuse("a newline");
    snap_target_look(sc, "/tmp/a\nb", NULL, &target);
    CHECK_FAILS(snap_target_check(sc, "overlay", &target, 1), ERROR_INVAL,
                "a newline");
}

static void formats_are_refused_by_whom_they_do_not_suit(void)
{
    good_disk();
    disk_of_format(LIBXL_DISK_FORMAT_RAW);
    CHECK_STR(snap_driver_internal.refuse(sc, &disk),
              "format raw has no internal snapshots; use an external one");
    disk_of_format(LIBXL_DISK_FORMAT_VHD);
    CHECK_STR(snap_driver_internal.refuse(sc, &disk),
              "format vpc has no internal snapshots; use an external one");
    CHECK_STR(snap_driver_overlay.refuse(sc, &disk), NULL);
    disk_of_format(LIBXL_DISK_FORMAT_QED);
    CHECK_STR(snap_driver_overlay.refuse(sc, &disk),
              "format qed cannot be the base of an overlay here");
}

static void domains_that_are_out_of_reach_are_refused(void)
{
    struct snap_domain dom = { .domid = 7, .name = "web" };

    CHECK_OK(snap_refuse_not_alive(sc, &dom));
    CHECK_OK(snap_refuse_domain(sc, &dom));
    dom.shutdown = true;
    CHECK_FAILS(snap_refuse_not_alive(sc, &dom), ERROR_INVAL,
                "domain 7: it has shut down; wait");
    dom.shutdown_reason = LIBXL_SHUTDOWN_REASON_SUSPEND;
    CHECK_FAILS(snap_refuse_not_alive(sc, &dom), ERROR_INVAL,
                "do not destroy it");
    dom.dying = true;
    CHECK_FAILS(snap_refuse_not_alive(sc, &dom), ERROR_INVAL,
                "domain 7: it is dying");
    dom.domid = 0;
    CHECK_FAILS(snap_refuse_not_alive(sc, &dom), ERROR_INVAL,
                "domain 0 runs this command");
    dom.config_update = true;
    CHECK_FAILS(snap_refuse_domain(sc, &dom), ERROR_INVAL,
                "domain web: its next reboot will use a config that xl "
                "config-update has left");
    dom.dm_restricted = true;
    CHECK_FAILS(snap_refuse_domain(sc, &dom), ERROR_INVAL,
                "domain web: its QEMU runs with dm_restrict");
    dom.stubdom = true;
    CHECK_FAILS(snap_refuse_domain(sc, &dom), ERROR_INVAL,
                "domain web: its device model runs in a stub domain");
}

TESTS(TEST(every_driver_has_the_slots_that_it_needs),
      TEST(a_driver_that_cannot_do_it_says_so),
      TEST(every_mode_has_its_driver), TEST(a_snapshot_names_its_driver),
      TEST(an_overlay_on_a_qcow2),
      TEST(an_overlay_on_a_raw_disk_opened_directly_with_discard),
      TEST(an_overlay_whose_paths_need_care), TEST(a_tag),
      TEST(a_driver_describes_the_same_twice),
      TEST(going_back_to_a_base_makes_a_new_overlay),
      TEST(going_back_to_a_tag_applies_it),
      TEST(offline_a_tag_is_qemu_imgs),
      TEST(offline_an_overlay_needs_no_qemu),
      TEST(a_tag_that_is_not_the_only_one_of_its_name_is_refused),
      TEST(a_base_that_is_missing_is_found_before_the_revert),
      TEST(a_good_disk_is_taken), TEST(what_is_not_qemus_is_refused),
      TEST(what_qemu_says_must_fit_the_config),
      TEST(so_must_the_image_and_the_formats),
      TEST(a_path_that_no_config_can_hold_is_refused),
      TEST(formats_are_refused_by_whom_they_do_not_suit),
      TEST(domains_that_are_out_of_reach_are_refused))
