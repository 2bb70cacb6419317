/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/freeze_keeper.c: freezes a guest's file systems with a thaw that
 * cannot be forgotten.
 *
 * A process of its own, the keeper, freezes and thaws.  It thaws when it is
 * told to, when its owner is gone (killed, crashed), or when a limit has
 * passed (the owner hangs): whichever comes first.  Having the connection to
 * the guest agent from before the freeze on, it needs nobody for that.  The
 * owner learns of a thaw that came before its own, and fails.
 *
 * Owner and keeper speak over a socket pair, a line each:
 *   keeper -> owner  {} or {"rc":..,"error":..}   frozen, or not
 *   owner -> keeper  {}                           thaw
 *   keeper -> owner  {} or {"rc":..,"error":..}   frozen until now, or not
 */
#include "seams/programs.h"
#include "seams/qemu.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define KEEPER_RETRY_US  500000

struct snap_keeper {
    const struct snap_freeze *how;
    struct snap_stream stream;      /* to the other side */
    struct snap_agent *agent;
    uint64_t frozen;                /* file systems, by the agent */
};

/*-- freeze and thaw --------------------------------------------------------*/

static int keeper_open_agent(libxl_snapshot_ctx *sc, struct snap_keeper *k)
{
    return snap_agent_open(sc, snap_sprintf(sc, "the guest agent of domain %s",
                                            k->how->domain),
                           k->how->socket, &k->agent);
}

static int keeper_program(libxl_snapshot_ctx *sc, const char *const *argv)
{

    return snap_exec(sc, argv[1], argv, snap_wait_ms(sc, SNAP_WAIT_FREEZE),
                     NULL);
}

static int keeper_thaw_once(libxl_snapshot_ctx *sc, struct snap_keeper *k,
                            uint64_t *thawed_r)
{
    int rc;

    if (k->how->thaw) return keeper_program(sc, k->how->thaw);
    rc = k->agent ? 0 : keeper_open_agent(sc, k);
    if (!rc) rc = snap_agent_thaw(sc, k->agent, thawed_r);
    if (rc) {
        snap_agent_close(k->agent);
        k->agent = NULL;
    }
    return rc;
}

/* Thaw, again and again until the deadline.  The error of the last try is
 * appended to the error that there is already. */
static int keeper_thaw(libxl_snapshot_ctx *sc, struct snap_keeper *k)
{
    uint64_t deadline = snap_wait_until(sc, SNAP_WAIT_THAW);
    char *reason = sc->error, *last;
    uint64_t thawed = k->frozen;
    int rc;

    for (;;) {
        sc->error = NULL;
        rc = keeper_thaw_once(sc, k, &thawed);
        if (!rc || snap_now_us() > deadline) break;
        free(sc->error);
        usleep(KEEPER_RETRY_US);
    }
    last = sc->error;
    sc->error = reason;
    if (rc)
        snap_fail(sc, rc, "the file systems of domain %s may still be "
                  "frozen; thaw them in the guest with fsfreeze -u, or reset "
                  "the guest (%s)",
                  k->how->domain, last ? last : "no reason");
    free(last);
    if (!rc && thawed < k->frozen)
        rc = snap_fail(sc, ERROR_FAIL, "domain %s: of %" PRIu64 " frozen "
                       "file systems, something else thawed %" PRIu64 " "
                       "before the snapshot was done; the snapshot is not "
                       "clean: take another",
                       k->how->domain, k->frozen, k->frozen - thawed);
    return rc;
}

/* Freeze.  If *begun_r something may be frozen, even after a failure. */
static int keeper_freeze(libxl_snapshot_ctx *sc, struct snap_keeper *k,
                         bool *begun_r)
{
    bool frozen;
    int rc;

    *begun_r = k->how->freeze != NULL;
    if (k->how->freeze) return keeper_program(sc, k->how->freeze);
    rc = keeper_open_agent(sc, k);
    if (!rc) rc = snap_agent_is_frozen(sc, k->agent, &frozen);
    if (rc) return rc;
    if (frozen)
        return snap_fail(sc, ERROR_INVAL, "domain %s: something else has "
                         "frozen its file systems already; thaw them "
                         "first", k->how->domain);
    *begun_r = true;
    rc = snap_agent_freeze(sc, k->agent, &k->frozen);
    if (!rc && !k->frozen)
        rc = snap_fail(sc, ERROR_FAIL, "domain %s: its guest agent found no "
                       "file system to freeze", k->how->domain);
    return rc;
}

/*-- the keeper -------------------------------------------------------------*/

static void keeper_tell_owner(libxl_snapshot_ctx *sc,
                              struct snap_keeper *k, int rc)
{
    char *text = snap_json_object(sc, "s:error", rc ? sc->error : NULL,
                                  "u:rc", (uint64_t)-rc, NULL);

    snap_stream_send(sc, &k->stream, snap_sprintf(sc, "%s\n", text),
                     snap_wait_until(sc, SNAP_WAIT_AGENT_REPLY), "result");
}

/* Wait for the owner.  0: it says to thaw.  ERROR_TIMEDOUT: the limit has
 * passed.  Else: the owner is gone. */
static int keeper_wait_for_owner(libxl_snapshot_ctx *sc,
                                 struct snap_keeper *k, int ms)
{
    yajl_val word = NULL;
    int rc = snap_stream_receive(sc, &k->stream, snap_deadline(ms),
                                 "freeze", &word);

    yajl_tree_free(word);
    free(sc->error);
    sc->error = NULL;
    return rc;
}

static void keeper_keep(libxl_snapshot_ctx *sc, int fd, void *opaque)
{
    struct snap_keeper k = {
        .how = opaque,
        .stream = { .peer = "the owner", .fd = fd, .limit = 64 << 10 },
    };
    int ms = snap_wait_ms(sc, SNAP_WAIT_FROZEN);
    char *reason;
    bool begun;
    int rc, word;

    rc = keeper_freeze(sc, &k, &begun);
    if (rc && begun) {
        k.frozen = 0;               /* any number is right */
        keeper_thaw(sc, &k);
    }
    keeper_tell_owner(sc, &k, rc);
    if (rc) return;

    word = keeper_wait_for_owner(sc, &k, ms);
    rc = keeper_thaw(sc, &k);
    if (word == ERROR_TIMEDOUT) {
        if (!rc)
            rc = snap_fail(sc, word, "domain %s was thawed after %d.%d s, "
                           "before the snapshot was done; the snapshot is "
                           "not clean: take another",
                           k.how->domain, ms / 1000,
                           ms / 100 % 10);
        reason = sc->error;
        sc->error = NULL;
        keeper_wait_for_owner(sc, &k, snap_wait_ms(sc, SNAP_WAIT_KEEPER));
        sc->error = reason;
    }
    keeper_tell_owner(sc, &k, rc);
}

/*-- the owner --------------------------------------------------------------*/

/* Wait for a message of the keeper, and return the rc in it.  *heard_r:
 * one has come. */
static int keeper_hear(libxl_snapshot_ctx *sc, struct snap_keeper *k,
                       const char *doing, bool *heard_r)
{
    const char *error;
    yajl_val msg;
    int rc = snap_stream_receive(sc, &k->stream,
                                 snap_wait_until(sc, SNAP_WAIT_KEEPER),
                                 doing, &msg);

    if (rc) return rc;
    *heard_r = true;
    rc = -(int)snap_json_u64(msg, "rc");
    error = snap_json_str(msg, "error");
    if (rc) snap_fail(sc, rc, "%s", error ? error : "no reason");
    yajl_tree_free(msg);
    return rc;
}

int snap_keeper_freeze(libxl_snapshot_ctx *sc,
                       const struct snap_freeze *how,
                       struct snap_keeper **keeper_r)
{
    struct snap_keeper *k = snap_zalloc(sc, sizeof(*k));
    struct snap_freeze *kept = snap_zalloc(sc, sizeof(*kept));
    bool heard;
    int rc;

    *kept = *how;
    k->how = kept;
    k->stream = (struct snap_stream){
        .peer = snap_sprintf(sc, "the process that freezes domain %s",
                             how->domain),
        .fd = -1, .limit = 64 << 10,
    };
    rc = snap_exec_process(sc, keeper_keep, kept, &k->stream.fd);
    if (!rc) rc = keeper_hear(sc, k, "freeze", &heard);
    if (rc) snap_keeper_drop(k);
    else *keeper_r = k;
    return rc;
}

int snap_keeper_thaw(libxl_snapshot_ctx *sc, struct snap_keeper *k)
{
    bool heard = false;
    int rc;

    rc = snap_stream_send(sc, &k->stream, "{}\n",
                          snap_wait_until(sc, SNAP_WAIT_KEEPER), "thaw");
    if (!rc) rc = keeper_hear(sc, k, "thaw", &heard);
    snap_keeper_drop(k);
    if (heard) return rc;

    if (!keeper_thaw(sc, k))
        snap_fail(sc, rc, "domain %s is thawed, but it is not known "
                  "whether it was frozen until now; take another snapshot",
                  k->how->domain);
    snap_agent_close(k->agent);
    return rc;
}

int snap_keeper_replace(libxl_snapshot_ctx *sc,
                        const struct snap_freeze *how)
{
    struct snap_keeper k = { .how = how };
    bool frozen = true;
    int rc = 0;

    if (!how->thaw) {
        rc = keeper_open_agent(sc, &k);
        if (!rc) rc = snap_agent_is_frozen(sc, k.agent, &frozen);
    }
    if (rc) {
        snap_take_error(sc);
        snap_agent_close(k.agent);
        k.agent = NULL;
    }
    rc = frozen ? keeper_thaw(sc, &k) : 0;
    snap_agent_close(k.agent);
    return rc;
}

void snap_keeper_drop(struct snap_keeper *k)
{
    if (k) snap_stream_close(&k->stream);
}
