/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/quiesce_plan.c: how a domain's file systems can be frozen, and the
 * steps for that.  Pure.
 *
 * The freeze is done by the guest agent, on a channel that QEMU serves as
 * a socket; or by a program of the user's, called with "freeze" or "thaw"
 * and the domain's name.
 */
#include "ops/ops.h"

#include <string.h>

#define QUIESCE_CHANNEL "org.qemu.guest_agent.0"

/* The guest agent's channel; NULL: there is none. */
static const libxl_device_channel *quiesce_channel(
    const struct snap_domain *dom)
{
    int i;

    for (i = 0; i < dom->config.num_channels; i++) {
        const libxl_device_channel *channel = &dom->config.channels[i];

        if (channel->name && !strcmp(channel->name, QUIESCE_CHANNEL))
            return channel;
    }
    return NULL;
}

/* The xl of Xen before 4.18.5, 4.19.2 and 4.20.1 gives the first channel
 * the number 0 (ARRAY_EXTEND_INIT in xl_parse.c), which is the console's:
 * libxl makes the channel and then the console in the same place of
 * xenstore, and QEMU's socket leads nowhere.  A later xl begins with 1. */
#define OLDER_XL "before Xen 4.18.5, 4.19.2 and 4.20.1"

static int quiesce_check_agent(libxl_snapshot_ctx *sc,
                               const struct snap_domain *dom)
{
    const libxl_device_channel *channel = quiesce_channel(dom);

    if (!channel)
        return snap_fail(sc, ERROR_INVAL, "domain %s: it has no channel "
                         "for a guest agent; use --quiesce-command, or "
                         "write channel=[ \"name=" QUIESCE_CHANNEL ","
                         "connection=socket,path=/run/xen/%s.agent\" ] in "
                         "its xl.cfg (" OLDER_XL ", with another channel "
                         "before it, \"name=none,connection=pty\"), "
                         "restart the domain and run qemu-ga in it",
                         dom->name, dom->name);
    if (channel->connection != LIBXL_CHANNEL_CONNECTION_SOCKET
        || !channel->u.socket.path)
        return snap_fail(
            sc, ERROR_INVAL,
            "domain %s: the channel of its guest agent is not a socket; "
            "write connection=socket,path=... in its xl.cfg and restart "
            "the domain",
            dom->name);
    if (!channel->devid)
        return snap_fail(
            sc, ERROR_INVAL,
            "domain %s: the channel of its guest agent has the same "
            "number as its console and cannot work (xl numbers the first "
            "channel so, " OLDER_XL "); write another channel before it "
            "in its xl.cfg, \"name=none,connection=pty\", and restart the "
            "domain",
            dom->name);
    return 0;
}

static int quiesce_check_command(libxl_snapshot_ctx *sc,
                                 const struct snap_domain *dom,
                                 const char *command, const char *unsafe)
{
    if (command[0] != '/')
        return snap_fail(sc, ERROR_INVAL,
                         "%s: the program that freezes domain "
                         "%s needs an absolute path",
                         command, dom->name);
    if (!unsafe) return 0;
    return snap_fail(sc, ERROR_INVAL, "domain %s: the program that is to "
                     "freeze it cannot be run: %s", dom->name, unsafe);
}

int snap_quiesce_check(libxl_snapshot_ctx *sc,
                       const struct snap_domain *dom, const char *command,
                       const char *unsafe)
{
    if (dom->paused)
        return snap_fail(sc, ERROR_INVAL, "domain %s: it is paused, and a "
                         "guest that stands still cannot write out what it "
                         "has cached; unpause it first", dom->name);
    return command
               ? quiesce_check_command(sc, dom, command, unsafe)
               : quiesce_check_agent(sc, dom);
}

static void quiesce_set_how(libxl_snapshot_ctx *sc, struct snap_step *step,
                            const struct snap_domain *dom,
                            const char *command, const char *word)
{
    if (command)
        step->argv = snap_argv(sc, command, word, dom->name, NULL);
    else step->path = quiesce_channel(dom)->u.socket.path;
}

int snap_quiesce_plan(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                      const struct snap_domain *dom, const char *command)
{
    struct snap_step *step;

    step = snap_plan_add(sc, plan, SNAP_STEP_QUIESCE,
                         "freeze the guest's file "
                         "systems by %s",
                         command ? command : "its agent");
    quiesce_set_how(sc, step, dom, command, "freeze");
    step = snap_step_undo(sc, step, SNAP_STEP_THAW, "thaw the guest's "
                          "file systems");
    quiesce_set_how(sc, step, dom, command, "thaw");
    return snap_plan_last(plan);
}

void snap_quiesce_plan_thaw(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                            int quiesce)
{
    const struct snap_step *undo = plan->steps[quiesce].undo;
    struct snap_step *step = snap_plan_add(sc, plan, SNAP_STEP_THAW,
                                           "thaw the guest's file systems");

    step->path = undo->path;
    step->argv = undo->argv;
    step->retires_undo_of = quiesce;
}
