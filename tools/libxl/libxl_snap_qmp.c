/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_qmp.c: a QMP client.  The only file that talks to QEMU.
 *
 * QEMU may be in its guest's hands: replies are limited in size, nesting and
 * time, and every member is looked for, never assumed.
 *
 * libxl's socket serves one client.  A second one connects (backlog 1) and
 * gets no greeting until the first leaves; libxl's own users agree by flock
 * on "qmp-socket-lock", which we take as well (Xen 4.17,
 * libxl_qmp.c:qmp_ev_connect).  Who does not (a socat in a script) is found
 * by a greeting that does not come.
 */
#include "libxl_snap_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "config.h"

#define QMP_REPLY_MAX    (16 << 20)
#define QMP_GREETING_MS  10000
#define QMP_REPLY_MS     60000

struct snap_qmp {
    const char *path, *lock_path;
    int fd, lock_fd;
    unsigned int id;
    const char *version;
    char *buf;                  /* what came and is not yet used */
    size_t len, max;
};

/*-- bytes ------------------------------------------------------------------*/

static int qmp_wait(libxl_snapshot_ctx *sc, struct snap_qmp *qmp, short events,
                    uint64_t deadline, const char *doing)
{
    struct pollfd pfd = { .fd = qmp->fd, .events = events };
    uint64_t now = snap_now_us();
    int r;

    do {
        r = now >= deadline ? 0 : poll(&pfd, 1, (deadline - now) / 1000 + 1);
        now = snap_now_us();
    } while (r < 0 && errno == EINTR);
    if (r > 0) return 0;
    return snap_fail(sc, ERROR_TIMEDOUT, "QEMU does not answer (%s, %s)",
                     doing, qmp->path);
}

static int qmp_send(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                    const char *text, uint64_t deadline, const char *doing)
{
    size_t len = strlen(text);
    ssize_t put;
    int rc;

    while (len) {
        rc = qmp_wait(sc, qmp, POLLOUT, deadline, doing);
        if (rc) return rc;
        put = send(qmp->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (put < 0)
            return snap_fail(sc, ERROR_FAIL, "QEMU is gone (%s, %s): %s",
                             doing, qmp->path, strerror(errno));
        text += put;
        len -= put;
    }
    return 0;
}

static int qmp_fill(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                    uint64_t deadline, const char *doing)
{
    ssize_t got;
    int rc;

    if (qmp->len + 1 >= qmp->max) {
        if (qmp->max >= QMP_REPLY_MAX)
            return snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "QEMU's reply to %s "
                             "is over %d MiB", doing, QMP_REPLY_MAX >> 20);
        qmp->max = qmp->max ? 2 * qmp->max : 65536;
        qmp->buf = realloc(qmp->buf, qmp->max);
        if (!qmp->buf) abort();
    }
    rc = qmp_wait(sc, qmp, POLLIN, deadline, doing);
    if (rc) return rc;
    got = recv(qmp->fd, qmp->buf + qmp->len, qmp->max - qmp->len - 1, 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    if (got <= 0)
        return snap_fail(sc, ERROR_FAIL, "QEMU is gone (%s, %s)", doing,
                         qmp->path);
    qmp->len += got;
    qmp->buf[qmp->len] = 0;
    return 0;
}

/* Each message is a line: QEMU escapes newlines in strings. */
static int qmp_receive(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                       uint64_t deadline, const char *doing, yajl_val *msg_r)
{
    size_t seen = 0, rest;
    char *nl;
    int rc;

    while (!(nl = memchr(qmp->buf ? qmp->buf + seen : "", '\n',
                         qmp->len - seen))) {
        seen = qmp->len;
        rc = qmp_fill(sc, qmp, deadline, doing);
        if (rc) return rc;
    }
    *nl = 0;
    snap_log(sc, XTL_DEBUG, "QEMU: %s", qmp->buf);
    *msg_r = snap_json_parse(qmp->buf);
    rest = qmp->len - (nl + 1 - qmp->buf);
    memmove(qmp->buf, nl + 1, rest);
    qmp->len = rest;
    if (!YAJL_IS_OBJECT(*msg_r)) {
        yajl_tree_free(*msg_r);
        *msg_r = NULL;
        return snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "QEMU's reply to %s is "
                         "no JSON object", doing);
    }
    return 0;
}

/*-- open and close ---------------------------------------------------------*/

static uint64_t qmp_deadline(int ms, int usual)
{
    return snap_now_us() + (ms ? ms : usual) * UINT64_C(1000);
}

/* A connect() that waits would wait forever where others queue already. */
static int qmp_connect(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                       uint64_t deadline)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int r;

    if (strlen(qmp->path) >= sizeof(addr.sun_path))
        return snap_fail(sc, ERROR_FAIL, "%s: too long for a socket",
                         qmp->path);
    strcpy(addr.sun_path, qmp->path);
    qmp->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    for (;;) {
        r = qmp->fd < 0 ? -1 : connect(qmp->fd, (struct sockaddr *)&addr,
                                       sizeof(addr));
        if (!r) return 0;
        if (errno != EAGAIN && errno != EINTR) break;
        if (snap_now_us() > deadline)
            return snap_fail(sc, ERROR_TIMEDOUT, "QEMU does not answer "
                             "(connect, %s)", qmp->path);
        usleep(20000);
    }
    return snap_fail(sc, ERROR_FAIL, "QEMU cannot be reached at %s: %s; if it "
                     "has died, restart the domain", qmp->path,
                     strerror(errno));
}

static int qmp_greet(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                     uint64_t deadline)
{
    yajl_val msg = NULL, version;
    int rc;

    rc = qmp_receive(sc, qmp, deadline, "greeting", &msg);
    if (rc) goto out;

    version = snap_json_get(snap_json_get(snap_json_get(msg, "QMP"),
                                          "version"), "qemu");
    if (!version) {
        rc = snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "%s: no QMP greeting",
                       qmp->path);
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
    const char *who;
    int rc;

    qmp->path = path;
    qmp->lock_path = lock_path;
    qmp->fd = qmp->lock_fd = -1;
    if (lock_path) {
        rc = snap_lock(sc, lock_path, QMP_GREETING_MS, "QEMU's QMP socket",
                       &qmp->lock_fd);
        if (rc) goto out;
    }
    deadline = qmp_deadline(sc->qmp_greeting_ms, QMP_GREETING_MS);
    rc = qmp_connect(sc, qmp, deadline);
    if (!rc) rc = qmp_greet(sc, qmp, deadline);
    if (rc == ERROR_TIMEDOUT && (who = snap_users_of_socket(sc, path)))
        snap_fail(sc, rc, "its QMP socket is in use by %s; end that and try "
                  "again", who);
    if (rc) goto out;
    *qmp_r = qmp;
    qmp = NULL;

 out:
    snap_qmp_close(qmp);
    return rc;
}

int snap_qmp_open(libxl_snapshot_ctx *sc, uint32_t domid, const char *uuid_str,
                  struct snap_qmp **qmp_r)
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
    if (qmp->fd >= 0) close(qmp->fd);
    qmp->fd = -1;
    snap_unlock(&qmp->lock_fd, qmp->lock_path);
    free(qmp->buf);
    qmp->buf = NULL;
}

const char *snap_qmp_version(const struct snap_qmp *qmp)
{
    return qmp->version;
}

/*-- commands ---------------------------------------------------------------*/

/* Wait for the answer to the command; events and strays are passed over.  An
 * error without id is of a command that QEMU could not parse (invalid UTF-8
 * in a path). */
static int qmp_reply(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                     const char *command, uint64_t deadline, yajl_val *reply_r)
{
    yajl_val msg;
    int rc;

    for (;;) {
        rc = qmp_receive(sc, qmp, deadline, command, &msg);
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
    uint64_t deadline = qmp_deadline(sc->qmp_reply_ms, QMP_REPLY_MS);
    yajl_val reply = NULL, error;
    char *text;
    int rc;

    text = snap_json_object(sc, "s:execute", command,
                            "j:arguments", arguments,
                            "u:id", (uint64_t)++qmp->id, NULL);
    snap_log(sc, XTL_DEBUG, "to QEMU: %s", text);
    rc = qmp_send(sc, qmp, snap_sprintf(sc, "%s\n", text), deadline, command);
    if (rc) goto out;
    rc = qmp_reply(sc, qmp, command, deadline, &reply);
    if (rc) goto out;

    error = snap_json_get(reply, "error");
    if (error) {
        const char *desc = snap_json_str(error, "desc");

        rc = snap_fail(sc, ERROR_QMP_GENERIC_ERROR, "QEMU refuses %s: %s",
                       command, desc ? desc : "it does not say why");
        goto out;
    }
    if (!snap_json_get(reply, "return")) {
        rc = snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "QEMU's reply to %s has "
                       "neither return nor error", command);
        goto out;
    }
    if (reply_r) {
        *reply_r = reply;
        reply = NULL;           /* the caller's */
    }

 out:
    yajl_tree_free(reply);
    return rc;
}
