/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/qmp.c: a QMP client.  The only file that talks to QEMU.
 *
 * libxl's socket serves one client.  A second one connects (backlog 1) and
 * gets no greeting until the first leaves; libxl's own users agree by
 * flock on "qmp-socket-lock", which we take as well (Xen 4.17,
 * libxl_qmp.c:qmp_ev_connect).  Who does not (a socat in a script) is
 * found by a greeting that does not come.
 */
#include "seams/files.h"
#include "seams/qemu.h"

#include <inttypes.h>

#include "config.h"

#define QMP_REPLY_MAX    (16 << 20)

struct snap_qmp {
    struct snap_stream stream;
    const char *lock_path;
    int lock_fd;
    unsigned int id;
    uint64_t deadline;          /* of all commands; 0: each has its own */
    const char *version;
};

/*-- open and close ---------------------------------------------------------*/

static int qmp_greet(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                     uint64_t deadline)
{
    yajl_val msg = NULL, version;
    int rc;

    rc = snap_stream_receive(sc, &qmp->stream, deadline, "greeting", &msg);
    if (rc) goto out;

    version = snap_json_get(snap_json_get(snap_json_get(msg, "QMP"),
                                          "version"), "qemu");
    if (!version) {
        rc = snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "%s: no QMP greeting",
                       qmp->stream.path);
        goto out;
    }
    qmp->version = snap_sprintf(sc, "%" PRIu64 ".%" PRIu64 ".%" PRIu64,
                                snap_json_u64(version, "major"),
                                snap_json_u64(version, "minor"),
                                snap_json_u64(version, "micro"));
    rc = snap_qmp_execute(sc, qmp, "qmp_capabilities", NULL, NULL);

 out:
    yajl_tree_free(msg);
    return rc;
}

static int qmp_open(libxl_snapshot_ctx *sc, const char *path,
                    const char *lock_path, struct snap_qmp **qmp_r)
{
    struct snap_qmp *qmp = snap_zalloc(sc, sizeof(*qmp));
    uint64_t deadline;
    int rc;

    qmp->stream = (struct snap_stream){ .peer = "QEMU", .path = path,
                                        .fd = -1, .limit = QMP_REPLY_MAX };
    qmp->lock_path = lock_path;
    qmp->lock_fd = -1;
    if (lock_path) {
        rc = snap_lock(sc, lock_path,
                       snap_wait_ms(sc, SNAP_WAIT_QMP_GREETING),
                       "QEMU's QMP socket", &qmp->lock_fd);
        if (rc) goto out;
    }
    deadline = snap_wait_until(sc, SNAP_WAIT_QMP_GREETING);
    rc = snap_stream_connect(sc, &qmp->stream, deadline);
    if (!rc) rc = qmp_greet(sc, qmp, deadline);
    rc = snap_stream_blame(sc, &qmp->stream, rc);
    if (rc) goto out;
    *qmp_r = qmp;
    qmp = NULL;

 out:
    snap_qmp_close(qmp);
    return rc;
}

int snap_qmp_open(libxl_snapshot_ctx *sc, uint32_t domid,
                  const char *uuid_str, struct snap_qmp **qmp_r)
{
    return qmp_open(sc,
                    snap_sprintf(sc, XEN_RUN_DIR "/qmp-libxl-%u", domid),
                    snap_sprintf(sc, XEN_LIB_DIR "/userdata-l.%u.%s."
                                 "qmp-socket-lock", domid, uuid_str), qmp_r);
}

int snap_qmp_open_path(libxl_snapshot_ctx *sc, const char *path,
                       struct snap_qmp **qmp_r)
{
    return qmp_open(sc, path, NULL, qmp_r);
}

void snap_qmp_close(struct snap_qmp *qmp)
{
    if (!qmp) return;
    snap_stream_close(&qmp->stream);
    snap_lock_release(&qmp->lock_fd, qmp->lock_path);
}

const char *snap_qmp_version(const struct snap_qmp *qmp)
{
    return qmp->version;
}

void snap_qmp_until(struct snap_qmp *qmp, uint64_t deadline)
{
    qmp->deadline = deadline;
}

/*-- commands ---------------------------------------------------------------*/

/* Wait for the answer to the command; events and answers to others are
 * skipped.  An error without id is the answer to a command that QEMU could
 * not parse (invalid UTF-8 in a path). */
static int qmp_reply(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                     const char *command, uint64_t deadline,
                     yajl_val *reply_r)
{
    yajl_val msg;
    int rc;

    for (;;) {
        rc =
            snap_stream_receive(sc, &qmp->stream, deadline, command, &msg);
        if (rc) return rc;
        if (snap_json_u64(msg, "id") == qmp->id) break;
        if (!snap_json_get(msg, "id") && snap_json_get(msg, "error")) break;
        yajl_tree_free(msg);
    }
    *reply_r = msg;
    return 0;
}

int snap_qmp_execute(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                     const char *command, const char *arguments,
                     yajl_val *reply_r)
{
    uint64_t deadline = snap_wait_until(sc, SNAP_WAIT_QMP_REPLY);
    yajl_val reply = NULL;
    char *text;
    int rc;

    if (qmp->deadline && qmp->deadline < deadline) deadline = qmp->deadline;
    text = snap_json_object(sc, "s:execute", command,
                            "j:arguments", arguments,
                            "u:id", (uint64_t)++qmp->id, NULL);
    rc = snap_stream_send(sc, &qmp->stream, snap_sprintf(sc, "%s\n", text),
                          deadline, command);
    if (rc) goto out;
    rc = qmp_reply(sc, qmp, command, deadline, &reply);
    if (rc) goto out;
    rc = snap_stream_judge(sc, &qmp->stream, command, reply);
    if (rc) goto out;
    if (reply_r) {
        *reply_r = reply;
        reply = NULL;           /* the caller's */
    }

 out:
    yajl_tree_free(reply);
    return rc;
}

int snap_qmp_list(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                  const char *command, const char *arguments, size_t max,
                  yajl_val *reply_r, yajl_val *list_r)
{
    int rc = snap_qmp_execute(sc, qmp, command, arguments, reply_r);

    if (rc) return rc;
    *list_r = snap_json_get(*reply_r, "return");
    if (!YAJL_IS_ARRAY(*list_r))
        rc = snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "QEMU's reply to %s is "
                       "not a list", command);
    else if ((*list_r)->u.array.len > max)
        rc = snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "QEMU's reply to %s "
                       "lists %zu things, and more than %zu cannot be; the "
                       "guest may have it in hand", command,
                       (*list_r)->u.array.len, max);
    if (rc) yajl_tree_free(*reply_r);
    return rc;
}
