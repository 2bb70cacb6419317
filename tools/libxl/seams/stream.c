/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/stream.c: lines of JSON over a unix socket, as QEMU, its guest
 * agent and our own keeper speak them.
 *
 * The other side may be in a guest's hands: what it sends is limited in
 * size, nesting and time, and every member is looked for, never assumed.
 */
#include "seams/qemu.h"
#include "seams/users.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Each takes a hundred bytes of our memory; a value has two in a message. */
#define STREAM_VALUES_MAX (1 << 20)

/* Of a message, where not all details are logged. */
#define STREAM_LOG_MAX 400

/*-- open and close ---------------------------------------------------------*/

/* "query-block, /run/socket", for messages. */
static const char *stream_doing_where(libxl_snapshot_ctx *sc,
                                      const struct snap_stream *s,
                                      const char *doing)
{
    return s->path ? snap_sprintf(sc, "%s, %s", doing, s->path) : doing;
}

/* Connect without blocking: connect() would wait for ever if others are
 * queueing already. */
int snap_stream_connect(libxl_snapshot_ctx *sc, struct snap_stream *s,
                        uint64_t deadline)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int r;

    if (strlen(s->path) >= sizeof(addr.sun_path))
        return snap_fail(sc, ERROR_FAIL, "%s: too long for a socket", s->path);
    strcpy(addr.sun_path, s->path);
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    for (;;) {
        r = s->fd < 0 ? -1 : connect(s->fd, (struct sockaddr *)&addr,
                                     sizeof(addr));
        if (!r) return 0;
        if (errno != EAGAIN && errno != EINTR) break;
        if (snap_now_us() > deadline)
            return snap_fail(sc, ERROR_TIMEDOUT, "%s does not answer (%s)",
                             s->peer, stream_doing_where(sc, s, "connect"));
        usleep(20000);
    }
    return snap_fail(sc, ERROR_FAIL, "%s cannot be reached at %s: %s; if QEMU "
                     "has died, restart the domain", s->peer, s->path,
                     strerror(errno));
}

int snap_stream_blame(libxl_snapshot_ctx *sc, const struct snap_stream *s,
                      int rc)
{
    const char *who;

    if (rc == ERROR_TIMEDOUT && (who = snap_users_of_socket(sc, s->path)))
        snap_fail(sc, rc, "its socket is in use by %s; end that and try again",
                  who);
    return rc;
}

void snap_stream_close(struct snap_stream *s)
{
    if (s->fd >= 0) close(s->fd);
    s->fd = -1;
    free(s->buf);
    s->buf = NULL;
    s->len = s->max = 0;
}

/*-- log --------------------------------------------------------------------*/

/* Log the line @text, without secrets: its beginning where steps are, and
 * all of it where all details are.  What processes of ours tell each other
 * is a detail. */
static void stream_log(libxl_snapshot_ctx *sc, const struct snap_stream *s,
                       const char *to, const char *text)
{
    char *line = snap_text_without_secrets(text);
    size_t all = strcspn(line, "\r\n"), len = all;

    line[all] = 0;
    if (len > STREAM_LOG_MAX) len = STREAM_LOG_MAX;
    while (len < all && len && ((unsigned char)line[len] & 0xc0) == 0x80)
        len--;
    if (s->path && len < all)
        snap_log(sc, XTL_VERBOSE, "%s%s: %.*s... (%zu bytes)", to, s->peer,
                 (int)len, line, all);
    if (!s->path || len < all)
        snap_log(sc, XTL_DEBUG, "%s%s: %s", to, s->peer, line);
    else
        snap_log(sc, XTL_VERBOSE, "%s%s: %s", to, s->peer, line);
    free(line);
}

/*-- bytes ------------------------------------------------------------------*/

static int stream_wait(libxl_snapshot_ctx *sc, struct snap_stream *s,
                       short events, uint64_t deadline, const char *doing)
{
    struct pollfd pfd = { .fd = s->fd, .events = events };
    uint64_t now = snap_now_us();
    int r;

    do {
        r = now >= deadline ? 0
                            : poll(&pfd, 1, (deadline - now) / 1000 + 1);
        now = snap_now_us();
    } while (r < 0 && errno == EINTR);
    if (r > 0) return 0;
    return snap_fail(sc, ERROR_TIMEDOUT, "%s does not answer (%s)", s->peer,
                     stream_doing_where(sc, s, doing));
}

int snap_stream_send(libxl_snapshot_ctx *sc, struct snap_stream *s,
                     const char *text, uint64_t deadline,
                     const char *doing)
{
    size_t len = strlen(text);
    ssize_t put;
    int rc;

    stream_log(sc, s, "to ", text);
    while (len) {
        rc = stream_wait(sc, s, POLLOUT, deadline, doing);
        if (rc) return rc;
        put = send(s->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (put < 0)
            return snap_fail(sc, ERROR_FAIL, "%s is gone (%s): %s",
                             s->peer, stream_doing_where(sc, s, doing),
                             strerror(errno));
        text += put;
        len -= put;
    }
    return 0;
}

static int stream_fill(libxl_snapshot_ctx *sc, struct snap_stream *s,
                       uint64_t deadline, const char *doing)
{
    ssize_t got;
    int rc;

    if (s->len + 1 >= s->max) {
        if (s->max >= s->limit)
            return snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "%s's reply to %s "
                             "is over %zu %s", s->peer, doing,
                             s->limit >> (s->limit >> 20 ? 20 : 10),
                             s->limit >> 20 ? "MiB" : "KiB");
        s->max = s->max ? 2 * s->max : 65536;
        s->buf = realloc(s->buf, s->max);
        if (!s->buf) abort();
    }
    rc = stream_wait(sc, s, POLLIN, deadline, doing);
    if (rc) return rc;
    got = recv(s->fd, s->buf + s->len, s->max - s->len - 1, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    if (got <= 0)
        return snap_fail(sc, ERROR_FAIL, "%s is gone (%s)", s->peer,
                         stream_doing_where(sc, s, doing));
    s->len += got;
    s->buf[s->len] = 0;
    return 0;
}

static void stream_drop(struct snap_stream *s, size_t num)
{
    memmove(s->buf, s->buf + num, s->len - num);
    s->len -= num;
}

int snap_stream_skip(libxl_snapshot_ctx *sc, struct snap_stream *s,
                     char mark, uint64_t deadline, const char *doing)
{
    char *at;
    int rc;

    for (;;) {
        at = s->len ? memchr(s->buf, mark, s->len) : NULL;
        if (at) break;
        s->len = 0;
        rc = stream_fill(sc, s, deadline, doing);
        if (rc) return rc;
    }
    stream_drop(s, at + 1 - s->buf);
    return 0;
}

/*-- messages ---------------------------------------------------------------*/

/* Receive a line, which is a message: newlines in strings are escaped. */
int snap_stream_line(libxl_snapshot_ctx *sc, struct snap_stream *s,
                     uint64_t deadline, const char *doing, yajl_val *msg_r)
{
    size_t seen = 0, many;
    char *nl;
    int rc;

    while (!(nl = s->len > seen
                      ? memchr(s->buf + seen, '\n', s->len - seen)
                      : NULL)) {
        seen = s->len;
        rc = stream_fill(sc, s, deadline, doing);
        if (rc) return rc;
    }
    *nl = 0;
    stream_log(sc, s, "", s->buf);
    many = snap_json_count(s->buf);
    *msg_r = many > STREAM_VALUES_MAX ? NULL : snap_json_parse(s->buf);
    stream_drop(s, nl + 1 - s->buf);
    if (many > STREAM_VALUES_MAX && many != SIZE_MAX)
        return snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "%s's reply to %s has "
                         "more than %d values", s->peer, doing,
                         STREAM_VALUES_MAX);
    if (YAJL_IS_OBJECT(*msg_r)) return 0;
    yajl_tree_free(*msg_r);
    *msg_r = NULL;
    return 0;
}

int snap_stream_receive(libxl_snapshot_ctx *sc, struct snap_stream *s,
                        uint64_t deadline, const char *doing,
                        yajl_val *msg_r)
{
    int rc = snap_stream_line(sc, s, deadline, doing, msg_r);

    if (rc || *msg_r) return rc;
    return snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "%s's reply to %s is "
                     "not a JSON object", s->peer, doing);
}

int snap_stream_judge(libxl_snapshot_ctx *sc, const struct snap_stream *s,
                      const char *command, yajl_val reply)
{
    yajl_val error = snap_json_get(reply, "error");
    const char *desc = snap_json_str(error, "desc");

    if (error)
        return snap_fail(sc, ERROR_QMP_GENERIC_ERROR, "%s refuses %s: %s",
                         s->peer, command,
                         desc ? desc : "no reason given");
    if (!snap_json_get(reply, "return"))
        return snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "%s's reply to %s has "
                         "neither return nor error", s->peer, command);
    return 0;
}
