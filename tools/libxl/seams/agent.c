/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/agent.c: QEMU's guest agent, qemu-ga, over the domain's channel.
 *
 * The channel is a serial line that remembers: it may hold half a command
 * of an earlier client, or answers that nobody read.  So each command is
 * preceded by guest-sync-delimited with a random id: 0xff makes the agent
 * forget what it has half read, and what comes before 0xff and that id is
 * not for us.  The agent's commands have no id of their own here, old
 * agents refuse it.
 *
 * QEMU serves one client, and drops what the agent says to nobody.
 */
#include "seams/qemu.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#define AGENT_REPLY_MAX  (64 << 10)
#define AGENT_SYNC       "guest-sync-delimited"
#define AGENT_RESET      '\xff'

struct snap_agent {
    struct snap_stream stream;
};

int snap_agent_open(libxl_snapshot_ctx *sc, const char *peer,
                    const char *path, struct snap_agent **agent_r)
{
    struct snap_agent *agent = snap_zalloc(sc, sizeof(*agent));
    int rc;

    agent->stream = (struct snap_stream){
        .peer = peer, .path = path, .fd = -1, .limit = AGENT_REPLY_MAX
    };
    rc = snap_stream_connect(sc, &agent->stream,
                             snap_wait_until(sc, SNAP_WAIT_AGENT_REPLY));
    if (rc) snap_agent_close(agent);
    else *agent_r = agent;
    return rc;
}

void snap_agent_close(struct snap_agent *agent)
{
    if (agent) snap_stream_close(&agent->stream);
}

/* An id that no earlier client has used. */
static uint64_t agent_random_id(void)
{
    uint32_t id;

    if (getrandom(&id, sizeof(id), 0) != sizeof(id)) id = snap_now_us();
    return (id & 0x7fffffff) | 1;
}

static const char *agent_sync_text(libxl_snapshot_ctx *sc, uint64_t id)
{
    return snap_sprintf(sc, "%c%s\n", AGENT_RESET, snap_json_object(
        sc, "s:execute", AGENT_SYNC,
        "j:arguments", snap_json_object(sc, "u:id", id, NULL), NULL));
}

/* Read up to and including the answer to our sync. */
static int agent_sync(libxl_snapshot_ctx *sc, struct snap_agent *agent,
                      uint64_t id, uint64_t deadline)
{
    yajl_val msg;
    bool ours;
    int rc;

    do {
        rc = snap_stream_skip(sc, &agent->stream, AGENT_RESET, deadline,
                              AGENT_SYNC);
        if (!rc)
            rc = snap_stream_line(sc, &agent->stream, deadline, AGENT_SYNC,
                                  &msg);
        if (rc) return snap_stream_blame(sc, &agent->stream, rc);
        ours = snap_json_u64(msg, "return") == id;
        yajl_tree_free(msg);
    } while (!ours);
    return 0;
}

/*
 * Execute @command; *reply_r is freed with yajl_tree_free().  @ahead: send
 * the command with the sync, before the agent has shown that it listens. A
 * paused guest finds it in the channel when it goes on.
 */
static int agent_execute(libxl_snapshot_ctx *sc, struct snap_agent *agent,
                         const char *command, bool ahead, int timeout_ms,
                         yajl_val *reply_r)
{
    uint64_t deadline = snap_wait_until(sc, SNAP_WAIT_AGENT_REPLY);
    uint64_t id = agent_random_id();
    const char *text = snap_sprintf(sc, "%s\n", snap_json_object(
        sc, "s:execute", command, NULL));
    const char *sync = agent_sync_text(sc, id);
    int rc;

    if (ahead) sync = snap_sprintf(sc, "%s%s", sync, text);
    rc = snap_stream_send(sc, &agent->stream, sync, deadline, AGENT_SYNC);
    if (!rc) rc = agent_sync(sc, agent, id, deadline);
    if (rc) return rc;

    deadline = snap_deadline(timeout_ms);
    if (!ahead)
        rc = snap_stream_send(sc, &agent->stream, text, deadline, command);
    if (!rc)
        rc = snap_stream_receive(sc, &agent->stream, deadline, command,
                                 reply_r);
    if (rc) return rc;
    rc = snap_stream_judge(sc, &agent->stream, command, *reply_r);
    if (rc) yajl_tree_free(*reply_r);
    return rc;
}

int snap_agent_is_frozen(libxl_snapshot_ctx *sc, struct snap_agent *agent,
                         bool *frozen_r)
{
    const char *command = "guest-fsfreeze-status", *status;
    yajl_val reply;
    int rc = agent_execute(sc, agent, command, false,
                           snap_wait_ms(sc, SNAP_WAIT_AGENT_REPLY),
                           &reply);

    if (rc) return rc;
    status = snap_json_str(reply, "return");
    *frozen_r = status && !strcmp(status, "frozen");
    if (!*frozen_r && (!status || strcmp(status, "thawed")))
        rc = snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "%s's reply to %s is "
                       "neither frozen nor thawed", agent->stream.peer,
                       command);
    yajl_tree_free(reply);
    return rc;
}

/* Execute a command that returns a number of file systems. */
static int agent_count(libxl_snapshot_ctx *sc, struct snap_agent *agent,
                       const char *command, bool ahead, int timeout_ms,
                       uint64_t *num_r)
{
    yajl_val reply;
    int rc = agent_execute(sc, agent, command, ahead, timeout_ms, &reply);

    if (rc) return rc;
    *num_r = snap_json_u64(reply, "return");
    yajl_tree_free(reply);
    return 0;
}

int snap_agent_freeze(libxl_snapshot_ctx *sc, struct snap_agent *agent,
                      uint64_t *num_r)
{

    return agent_count(sc, agent, "guest-fsfreeze-freeze", false,
                       snap_wait_ms(sc, SNAP_WAIT_FREEZE), num_r);
}

int snap_agent_thaw(libxl_snapshot_ctx *sc, struct snap_agent *agent,
                    uint64_t *num_r)
{
    return agent_count(sc, agent, "guest-fsfreeze-thaw", true,
                       snap_wait_ms(sc, SNAP_WAIT_AGENT_REPLY), num_r);
}
