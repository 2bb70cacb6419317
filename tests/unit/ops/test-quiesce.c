/* SPDX-License-Identifier: LGPL-2.1-only */
/* test-quiesce.c: whether and how a domain can be frozen; and by which
 * steps. */
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>

static struct snap_domain dom;

/* A domain with the channels @channels: "NAME DEVID PATH", pty if no PATH. */
static void domain(const char *const *channels)
{
    char name[64], path[64];
    int devid, num;

    snap_domain_init(&dom);
    dom.name = "vm";
    for (; *channels; channels++) {
        libxl_device_channel *c;

        num = dom.config.num_channels++;
        dom.config.channels = realloc(dom.config.channels,
                                      (num + 1) * sizeof(*c));
        c = &dom.config.channels[num];
        libxl_device_channel_init(c);
        path[0] = 0;
        if (sscanf(*channels, "%63s %d %63s", name, &devid, path) < 2) abort();
        c->name = snap_result_str(name);
        c->devid = devid;
        libxl_device_channel_init_connection(
            c, path[0] ? LIBXL_CHANNEL_CONNECTION_SOCKET
                       : LIBXL_CHANNEL_CONNECTION_PTY);
        if (path[0]) c->u.socket.path = snap_result_str(path);
    }
}

#define DOMAIN(...) domain((const char *const[]){ __VA_ARGS__, NULL })
#define AGENT "org.qemu.guest_agent.0 1 /run/vm.agent"

static void refused(const char *sentence)
{
    CHECK_FAILS(snap_quiesce_check(sc, &dom, NULL, false), ERROR_INVAL,
                sentence);
    snap_domain_dispose(&dom);
}

static void accepted(void)
{
    CHECK_OK(snap_quiesce_check(sc, &dom, NULL, false));
    snap_domain_dispose(&dom);
}

static void a_channel_for_the_agent_is_needed(void)
{
    DOMAIN(NULL);
    refused("domain vm: it has no channel for a guest agent");
    DOMAIN(NULL);
    refused("write channel=[ "
            "\"name=org.qemu.guest_agent.0,connection=socket,path=/run/"
            "xen/vm.agent\" "
            "] in its xl.cfg (before Xen 4.18.5, 4.19.2 and 4.20.1, with "
            "another channel before it, \"name=none,connection=pty\")");
    DOMAIN("org.qemu.guest_agent.1 1 /x", "other 2 /y");
    refused("domain vm: it has no channel for a guest agent");
    DOMAIN("org.qemu.guest_agent.0 1");
    refused("domain vm: the channel of its guest agent is not a socket");
}

/* xl's numbers: in 4.17, in 4.21, and there with the unused one left. */
static void any_number_but_the_consoles_is_good(void)
{
    DOMAIN("none 0", AGENT);
    accepted();
    DOMAIN(AGENT);
    accepted();
    DOMAIN("none 1", "org.qemu.guest_agent.0 2 /run/vm.agent");
    accepted();
}

static void a_channel_in_the_place_of_the_console_is_refused(void)
{
    DOMAIN("org.qemu.guest_agent.0 0 /run/vm.agent");
    refused("has the same number as its console and cannot work (xl "
            "numbers the first channel so, before Xen 4.18.5, 4.19.2 and "
            "4.20.1); write another channel before it");
}

static void a_paused_domain_cannot_write_out_its_caches(void)
{
    DOMAIN(AGENT);
    dom.paused = true;
    CHECK_FAILS(snap_quiesce_check(sc, &dom, "/bin/true", NULL), ERROR_INVAL,
                "it is paused");
    refused("it is paused");
}

static void a_program_needs_no_channel_but_a_path(void)
{
    DOMAIN(NULL);
    CHECK_OK(snap_quiesce_check(sc, &dom, "/etc/xen/freeze", NULL));
    CHECK_FAILS(
        snap_quiesce_check(sc, &dom, "program", NULL), ERROR_INVAL,
        "program: the program that freezes domain vm needs an absolute");
    CHECK_FAILS(snap_quiesce_check(sc, &dom, "/no/program",
                                   "/no/program: No such file"),
                ERROR_INVAL, "domain vm: the program that is to freeze it "
                "cannot be run: /no/program: No such file");
    snap_domain_dispose(&dom);
}

static void the_freeze_has_its_thaw_beside_it(void)
{
    struct snap_plan plan = { .num_steps = 0 };
    int quiesce;

    DOMAIN(AGENT);
    quiesce = snap_quiesce_plan(sc, &plan, &dom, NULL);
    CHECK_INT(quiesce, 0);
    snap_quiesce_plan_thaw(sc, &plan, quiesce);
    quiesce = snap_quiesce_plan(sc, &plan, &dom, "/etc/xen/freeze");
    snap_quiesce_plan_thaw(sc, &plan, quiesce);
    CHECK_INT(plan.steps[snap_plan_last(&plan)].retires_undo_of, quiesce);
    check_golden("quiesce.json", plan_lines(&plan));
    snap_domain_dispose(&dom);
}

/* A commit that fails is followed by a thaw; one that has not frozen, by
 * none. */
static void a_failure_in_between_thaws(void)
{
    struct snap_plan plan = { .num_steps = 0 };
    struct snap_engine engine;

    DOMAIN(AGENT);
    snap_quiesce_plan(sc, &plan, &dom, NULL);
    snap_plan_add(sc, &plan, SNAP_STEP_QMP, "commit")->commit_point = true;
    snap_quiesce_plan_thaw(sc, &plan, 0);

    snap_engine_init(sc, &engine, &plan);
    snap_engine_next(&engine);
    snap_engine_done(&engine, 0);
    snap_engine_next(&engine);
    snap_engine_done(&engine, ERROR_FAIL);
    CHECK_INT(snap_engine_next(&engine)->kind, SNAP_STEP_THAW);
    snap_engine_done(&engine, 0);
    CHECK(!snap_engine_next(&engine));

    snap_engine_init(sc, &engine, &plan);
    snap_engine_next(&engine);
    snap_engine_done(&engine, ERROR_FAIL);
    CHECK(!snap_engine_next(&engine));
    snap_domain_dispose(&dom);
}

TESTS(TEST(a_channel_for_the_agent_is_needed),
      TEST(any_number_but_the_consoles_is_good),
      TEST(a_channel_in_the_place_of_the_console_is_refused),
      TEST(a_paused_domain_cannot_write_out_its_caches),
      TEST(a_program_needs_no_channel_but_a_path),
      TEST(the_freeze_has_its_thaw_beside_it),
      TEST(a_failure_in_between_thaws))
