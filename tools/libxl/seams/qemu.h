/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/qemu.h: who is talked to over a socket: QEMU and the guest agent.
 */
#ifndef SNAP_QEMU_H
#define SNAP_QEMU_H

#include "base/base.h"

/*-- seam: stream, lines of JSON over a unix socket -------------------------*/

/* A connection.  @fd is -1 until snap_stream_connect(). */
struct snap_stream {
    const char *peer;           /* "QEMU", for messages */
    const char *path;           /* of its socket; or NULL */
    int fd;
    size_t limit;               /* of a message, 64 KiB times a power of 2 */
    char *buf;                  /* received, but not yet used */
    size_t len, max;
};

/*
 * Functions of streams: @deadline is by snap_now_us(), @doing is for
 * messages.
 * Errors: ERROR_TIMEDOUT, ERROR_FAIL (the peer is gone),
 * ERROR_PROTOCOL_ERROR_QMP (a message is malformed).
 */
int snap_stream_connect(libxl_snapshot_ctx *sc, struct snap_stream *s,
                        uint64_t deadline);
int snap_stream_send(libxl_snapshot_ctx *sc, struct snap_stream *s,
                     const char *text, uint64_t deadline,
                     const char *doing);
/* Drop the input up to and including a byte @mark. */
int snap_stream_skip(libxl_snapshot_ctx *sc, struct snap_stream *s,
                     char mark, uint64_t deadline, const char *doing);
/* Receive a JSON object, *msg_r, to be freed with yajl_tree_free().  If
 * the line is not a JSON object, snap_stream_line() returns NULL in
 * *msg_r, and snap_stream_receive() fails. */
int snap_stream_line(libxl_snapshot_ctx *sc, struct snap_stream *s,
                     uint64_t deadline, const char *doing,
                     yajl_val *msg_r);
int snap_stream_receive(libxl_snapshot_ctx *sc, struct snap_stream *s,
                        uint64_t deadline, const char *doing,
                        yajl_val *msg_r);
/* Succeed if @reply has "return"; else fail, with the words of its
 * "error". */
int snap_stream_judge(libxl_snapshot_ctx *sc, const struct snap_stream *s,
                      const char *command, yajl_val reply);
/* Return @rc; if that is a timeout, add to the message who else uses the
 * socket. */
int snap_stream_blame(libxl_snapshot_ctx *sc, const struct snap_stream *s,
                      int rc);
void snap_stream_close(struct snap_stream *s);  /* twice is fine */

/*-- seam: qmp, the only file that talks to QEMU ----------------------------*/

/*
 * A connection to the QEMU of a domain.  As long as it is open, no libxl
 * function that may talk to QEMU itself must be called: libxl would wait
 * for the lock that we hold.
 */
struct snap_qmp;
int snap_qmp_open(libxl_snapshot_ctx *sc, uint32_t domid,
                  const char *uuid_str, struct snap_qmp **qmp_r);
/* Connect to any QMP socket @path, without libxl's lock; for a QEMU that
 * libxl does not know. */
int snap_qmp_open_path(libxl_snapshot_ctx *sc, const char *path,
                       struct snap_qmp **qmp_r);
void snap_qmp_close(struct snap_qmp *qmp);      /* NULL is fine */
/*
 * Execute @command.  @reply_r (may be NULL) gets the whole reply, which
 * has a member "return", to be freed with yajl_tree_free().
 * Errors: ERROR_QMP_GENERIC_ERROR (QEMU's own words in the message),
 * ERROR_TIMEDOUT, ERROR_PROTOCOL_ERROR_QMP, ERROR_FAIL (QEMU is gone).
 */
int snap_qmp_execute(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                     const char *command, const char *arguments,
                     yajl_val *reply_r);
/* The same for a command that returns an array: *list_r, in the reply, with
 * @max members at most. */
int snap_qmp_list(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                  const char *command, const char *arguments, size_t max,
                  yajl_val *reply_r, yajl_val *list_r);
/* More devices, jobs or properties a QEMU has not that says what is
 * true. */
#define SNAP_QEMU_THINGS_MAX 1000
/* All commands from now on are answered by @deadline, as snap_now_us() tells
 * time. */
void snap_qmp_until(struct snap_qmp *qmp, uint64_t deadline);
/* The version in QEMU's greeting, e.g. "7.2.22". */
const char *snap_qmp_version(const struct snap_qmp *qmp);

/*-- seam: job, QEMU's work on a chain --------------------------------------*/

/* As QEMU's JobStatus, with what is of no interest taken together. */
enum snap_job_status {
    SNAP_JOB_GONE,              /* there is none of that id */
    SNAP_JOB_AT_WORK,
    SNAP_JOB_READY,             /* it goes on: the guest's new data */
    SNAP_JOB_PENDING,           /* all is done but the change of the graph;
                                 * of a job that was READY: the guest's
                                 * requests to the disk wait */
    SNAP_JOB_CONCLUDED,
};
struct snap_job {
    enum snap_job_status status;
    const char *error;          /* why it has failed; NULL: it has not */
    uint64_t done, total;       /* bytes */
};
/* Ask for the job @id. */
int snap_job_look(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                  const char *id, struct snap_job *job);
/* The same by the reply to query-jobs.  Pure. */
void snap_job_apply(libxl_snapshot_ctx *sc, yajl_val list, const char *id,
                    struct snap_job *job);
/* Send a command to the job @id: "job-cancel", "job-complete",
 * "job-finalize", "job-dismiss". */
int snap_job_tell(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                  const char *command, const char *id);
/*
 * Let QEMU write what it holds back of the node @node: a qcow2's tables,
 * which neither a job nor QEMU's death writes.  No command does just that; a
 * filter that may write flushes what is below it when it is closed (7.2,
 * block.c:bdrv_close).
 */
int snap_job_flush_node(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                        const char *node);

/*-- seam: agent, the guest agent -------------------------------------------*/

/* Connect to the agent whose channel has the socket @path; @peer names the
 * agent in messages. */
struct snap_agent;
int snap_agent_open(libxl_snapshot_ctx *sc, const char *peer,
                    const char *path, struct snap_agent **agent_r);
void snap_agent_close(struct snap_agent *agent);    /* NULL is fine */
/* Errors as for snap_qmp_execute().  *num_r: the number of file systems. */
int snap_agent_is_frozen(libxl_snapshot_ctx *sc, struct snap_agent *agent,
                         bool *frozen_r);
int snap_agent_freeze(libxl_snapshot_ctx *sc, struct snap_agent *agent,
                      uint64_t *num_r);
int snap_agent_thaw(libxl_snapshot_ctx *sc, struct snap_agent *agent,
                    uint64_t *num_r);

/*-- seam: keeper, a freeze whose thaw cannot be forgotten ------------------*/

struct snap_freeze {
    const char *domain;                 /* the domain's name */
    const char *socket;                 /* of the guest agent's channel;
                                         * NULL: by @freeze */
    const char *const *freeze, *const *thaw;    /* argv of programs */
};

/*
 * Freeze the guest's file systems.  They are thawed by snap_keeper_thaw();
 * or when this process ends, in whatever way; or when SNAP_WAIT_FROZEN has
 * passed. After a failure they are thawed already, or the message says
 * that they may still be frozen.
 */
struct snap_keeper;
int snap_keeper_freeze(libxl_snapshot_ctx *sc,
                       const struct snap_freeze *how,
                       struct snap_keeper **keeper_r);
/* Thaw the file systems.  Succeeds only if they were frozen until now. */
int snap_keeper_thaw(libxl_snapshot_ctx *sc, struct snap_keeper *keeper);
/* Thaw the file systems, without waiting for that. */
void snap_keeper_drop(struct snap_keeper *keeper); /* NULL is fine */
/* For a recovery: thaw what is frozen yet, since the keeper was killed with
 * its owner.  @how needs no freeze. */
int snap_keeper_replace(libxl_snapshot_ctx *sc,
                        const struct snap_freeze *how);

#endif /* SNAP_QEMU_H */
