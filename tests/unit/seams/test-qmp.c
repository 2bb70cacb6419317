/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-qmp.c: the real client against a server that is late, wrong, gone,
 * too talkative, or out to harm.
 *
 * The server is a child process that plays a script: a list of actions.
 */
#include "../test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define GREETING "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, " \
    "\"minor\": 2, \"major\": 7}, \"package\": \"Debian\"}, " \
    "\"capabilities\": [\"oob\"]}}\r\n"
#define CAPABLE "{\"return\": {}, \"id\": 1}\r\n"

enum action {
    END,
    SEND,       /* text */
    EXPECT,     /* a line that has text in it; else the server ends */
    WAIT,       /* num ms */
    FLOOD,      /* text, num times */
    DRIP,       /* text, a byte at a time */
};

struct act {
    enum action action;
    const char *text;
    long num;
};

static struct snap_qmp *qmp;
static pid_t server;
static int listener;

static void play_expect(int fd, const char *text)
{
    char line[65536], *p = line;

    while (p < line + sizeof(line) - 1 && read(fd, p, 1) == 1
           && *p != '\n')
        p++;
    *p = 0;
    if (!strstr(line, text)) _exit(3);
}

static void play(int fd, const struct act *acts)
{
    const char *p;
    long i;

    signal(SIGPIPE, SIG_IGN);
    for (; acts->action != END; acts++) {
        size_t len = acts->text ? strlen(acts->text) : 0;

        switch (acts->action) {
        case SEND: snap_file_write_all(fd, acts->text, len); break;
        case EXPECT: play_expect(fd, acts->text); break;
        case WAIT: usleep(acts->num * 1000); break;
        case FLOOD:
            for (i = 0; i < acts->num; i++)
                if (snap_file_write_all(fd, acts->text, len)) _exit(4);
            break;
        case DRIP:
            for (p = acts->text; *p; p++) {
                snap_file_write_all(fd, p, 1);
                usleep(200);
            }
            break;
        case END: break;
        }
    }
}

static const char *listen_here(int backlog)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    const char *path = tmp_path("qmp");

    strcpy(addr.sun_path, path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&addr, sizeof(addr))
        || listen(listener, backlog))
        abort();
    return path;
}

/* Open a connection to a server that plays @acts. */
static int open_to(const struct act *acts)
{
    const char *path = listen_here(1);

    sc->wait_ms[SNAP_WAIT_QMP_GREETING] =
        sc->wait_ms[SNAP_WAIT_QMP_REPLY] = 3000;
    server = fork();
    if (!server) {
        play(accept(listener, NULL, NULL), acts);
        _exit(0);
    }
    close(listener);
    qmp = NULL;
    return snap_qmp_open_path(sc, path, &qmp);
}

/* The same, past the handshake, which must succeed. */
static void opened_to(const struct act *acts)
{
    struct act all[32] = {
        { SEND, GREETING, 0 }, { EXPECT, "qmp_capabilities", 0 },
        { SEND, CAPABLE, 0 },
    };
    int i;

    for (i = 0; acts[i].action != END; i++) all[3 + i] = acts[i];
    CHECK_OK(open_to(all));
    REQUIRE(qmp != NULL);
}

static void closed(void)
{
    snap_qmp_close(qmp);
    qmp = NULL;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    unlink(tmp_path("qmp"));
    error_forget();
}

/* Opening fails with @rc and @sentence. */
static void not_opened(const struct act *acts, int rc,
                       const char *sentence)
{
    CHECK_INT(open_to(acts), rc);
    CHECK_HAS(error_text(), sentence);
    CHECK(qmp == NULL);
    closed();
}

static int execute(yajl_val *reply)
{
    return snap_qmp_execute(sc, qmp, "query-block", NULL, reply);
}

/* The one command fails with @rc and @sentence. */
static void fails(const struct act *acts, int rc, const char *sentence)
{
    yajl_val reply = NULL;

    opened_to(acts);
    CHECK_INT(execute(&reply), rc);
    CHECK_HAS(error_text(), sentence);
    CHECK(reply == NULL);
    closed();
}

#define ACTS(...) (const struct act[]){ __VA_ARGS__, { END, NULL, 0 } }

/*-- greeting ---------------------------------------------------------------*/

static void a_greeting_tells_the_version(void)
{
    opened_to(ACTS({ WAIT, NULL, 500 }));
    CHECK_STR(snap_qmp_version(qmp), "7.2.22");
    closed();
}

static void a_greeting_that_comes_late_is_waited_for(void)
{
    CHECK_OK(open_to(ACTS({ WAIT, NULL, 400 }, { DRIP, GREETING, 0 },
                          { EXPECT, "qmp_capabilities", 0 },
                          { DRIP, CAPABLE, 0 })));
    closed();
}

static void a_greeting_that_never_comes_is_a_timeout(void)
{
    const char *path = listen_here(1);
    uint64_t began = snap_now_us();

    sc->wait_ms[SNAP_WAIT_QMP_GREETING] = 200;
    CHECK_FAILS(snap_qmp_open_path(sc, path, &qmp), ERROR_TIMEDOUT,
                snap_sprintf(sc, "QEMU does not answer (greeting, %s)", path));
    CHECK(snap_now_us() - began < 2000000);
    close(listener);
}

static void a_queue_that_is_full_is_not_waited_for(void)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    const char *path = listen_here(0);
    int fds[4], i;

    strcpy(addr.sun_path, path);
    for (i = 0; i < 4; i++) {
        fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fds[i], (struct sockaddr *)&addr, sizeof(addr));
    }
    sc->wait_ms[SNAP_WAIT_QMP_GREETING] = 200;
    CHECK_FAILS(snap_qmp_open_path(sc, path, &qmp), ERROR_TIMEDOUT,
                "QEMU does not answer (connect");
    for (i = 0; i < 4; i++) close(fds[i]);
    close(listener);
}

static void who_occupies_the_socket_is_named(void)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    const char *path = listen_here(1);
    int conn;

    strcpy(addr.sun_path, path);
    server = fork();
    if (!server) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) _exit(1);
        pause();
    }
    conn = accept(listener, NULL, NULL);
    sc->wait_ms[SNAP_WAIT_QMP_GREETING] = 200;
    CHECK_FAILS(snap_qmp_open_path(sc, path, &qmp), ERROR_TIMEDOUT,
                snap_sprintf(sc, "its socket is in use by %s; end that",
                             snap_process_name(sc, server)));
    close(conn);
    close(listener);
    closed();
}

static void what_is_no_greeting_is_refused(void)
{
    const int rc = ERROR_PROTOCOL_ERROR_QMP;

    not_opened(ACTS({ SEND, "SSH-2.0-OpenSSH\r\n", 0 }), rc,
               "QEMU's reply to greeting is not a JSON object");
    not_opened(ACTS({ SEND, "\n", 0 }), rc, "not a JSON object");
    not_opened(ACTS({ SEND, "[]\n", 0 }), rc, "not a JSON object");
    not_opened(ACTS({ SEND, "5\n", 0 }), rc, "not a JSON object");
    not_opened(ACTS({ SEND, "{}\n", 0 }), rc, "no QMP greeting");
    not_opened(ACTS({ SEND, "{\"QMP\":[]}\n", 0 }), rc, "no QMP greeting");
    not_opened(ACTS({ SEND, GREETING, 0 }, { EXPECT, "qmp_capabilities", 0 },
                    { SEND, "{\"error\":{\"desc\":\"no\"},\"id\":1}\n", 0 }),
               ERROR_QMP_GENERIC_ERROR, "QEMU refuses qmp_capabilities: no");
}

static void a_socket_without_a_server_is_told(void)
{
    const char *path = listen_here(1);
    char *name = snap_zalloc(sc, 201);

    close(listener);
    CHECK_FAILS(snap_qmp_open_path(sc, path, &qmp), ERROR_FAIL,
                "Connection refused; if QEMU has died, restart the domain");
    CHECK_FAILS(snap_qmp_open_path(sc, "/nowhere", &qmp), ERROR_FAIL,
                "QEMU cannot be reached at /nowhere: No such file");
    memset(name, 'n', 200);
    CHECK_FAILS(snap_qmp_open_path(sc, name, &qmp), ERROR_FAIL,
                "too long for a socket");
}

static void a_server_that_ends_before_the_greeting_is_gone(void)
{
    not_opened(ACTS({ SEND, "{\"QMP\":", 0 }), ERROR_FAIL, "QEMU is gone");
    not_opened(ACTS({ WAIT, NULL, 50 }), ERROR_FAIL, "QEMU is gone");
}

/*-- commands ---------------------------------------------------------------*/

static void a_command_gets_its_reply(void)
{
    yajl_val reply = NULL;

    opened_to(ACTS({ EXPECT, "{\"execute\":\"blockdev-del\",\"arguments\":"
                     "{\"node-name\":\"x\"},\"id\":2}", 0 },
                   { SEND, "{\"return\":{\"a\":1},\"id\":2}\r\n", 0 },
                   { EXPECT, "{\"execute\":\"query-block\",\"id\":3}", 0 },
                   { SEND, "{\"return\":[],\"id\":3}\r\n", 0 }));
    CHECK_OK(snap_qmp_execute(sc, qmp, "blockdev-del",
                              "{\"node-name\":\"x\"}", &reply));
    CHECK_INT(snap_json_u64(snap_json_get(reply, "return"), "a"), 1);
    yajl_tree_free(reply);
    CHECK_OK(execute(NULL));
    closed();
}

static void a_reply_in_pieces_is_put_together(void)
{
    opened_to(ACTS({ EXPECT, "query-block", 0 },
                   { SEND, "{\"ret", 0 }, { WAIT, NULL, 100 },
                   { DRIP, "urn\":[{\"device\":\"\"}],\"id\":2}\r\n", 0 }));
    CHECK_OK(execute(NULL));
    closed();
}

static void events_and_strays_before_the_reply_are_passed_over(void)
{
    opened_to(ACTS({ EXPECT, "query-block", 0 },
                   { SEND, "{\"event\":\"JOB_STATUS_CHANGE\",\"data\":{}}\n"
                     "{\"return\":{},\"id\":1}\n"
                     "{\"return\":{},\"id\":\"2\"}\n"
                     "{\"return\":{},\"id\":99}\n"
                     "{\"event\":\"STOP\"}\n{\"return\":[],\"id\":2}\n"
                     "{\"event\":\"RESUME\"}\n", 0 },
                   { EXPECT, "query-block", 0 },
                   { SEND, "{\"return\":[],\"id\":3}\n", 0 }));
    CHECK_OK(execute(NULL));
    CHECK_OK(execute(NULL));
    closed();
}

static void an_error_is_in_qemus_own_words(void)
{
    fails(ACTS({ EXPECT, "query-block", 0 },
               { SEND, "{\"error\":{\"class\":\"GenericError\",\"desc\":"
                 "\"Node 'x' is busy\"},\"id\":2}\n", 0 }),
          ERROR_QMP_GENERIC_ERROR,
          "QEMU refuses query-block: Node 'x' is busy");
    fails(ACTS({ EXPECT, "query-block", 0 },
               { SEND, "{\"error\":{},\"id\":2}\n", 0 }),
          ERROR_QMP_GENERIC_ERROR, "no reason given");
    fails(ACTS({ EXPECT, "query-block", 0 },
               { SEND, "{\"error\":7,\"id\":2}\n", 0 }),
          ERROR_QMP_GENERIC_ERROR, "no reason given");
}

static void an_error_without_id_answers_what_qemu_could_not_parse(void)
{
    fails(ACTS({ EXPECT, "query-block", 0 },
               { SEND, "{\"error\":{\"desc\":\"JSON parse error\"}}\n", 0 }),
          ERROR_QMP_GENERIC_ERROR, "JSON parse error");
}

static void a_reply_that_says_nothing_is_an_error(void)
{
    fails(ACTS({ EXPECT, "query-block", 0 }, { SEND, "{\"id\":2}\n", 0 }),
          ERROR_PROTOCOL_ERROR_QMP, "neither return nor error");
    fails(ACTS({ EXPECT, "query-block", 0 }, { SEND, "{\"id\":2\n", 0 }),
          ERROR_PROTOCOL_ERROR_QMP, "not a JSON object");
}

static void a_reply_that_never_comes_is_a_timeout(void)
{
    opened_to(ACTS({ WAIT, NULL, 60000 }));
    sc->wait_ms[SNAP_WAIT_QMP_REPLY] = 200;
    CHECK_FAILS(execute(NULL), ERROR_TIMEDOUT,
                "QEMU does not answer (query-block");
    closed();
}

static void events_without_end_do_not_put_off_the_timeout(void)
{
    uint64_t began = snap_now_us();

    opened_to(ACTS({ FLOOD, "{\"event\":\"X\"}\n", 100000000 }));
    sc->wait_ms[SNAP_WAIT_QMP_REPLY] = 300;
    CHECK_FAILS(execute(NULL), ERROR_TIMEDOUT, "QEMU does not answer");
    CHECK(snap_now_us() - began < 5000000);
    closed();
}

static void a_command_that_qemu_does_not_take_is_a_timeout(void)
{
    char *big = snap_zalloc(sc, 4 << 20);

    memset(big, ' ', (4 << 20) - 1);
    memcpy(big, "{}", 2);
    opened_to(ACTS({ WAIT, NULL, 60000 }));
    sc->wait_ms[SNAP_WAIT_QMP_REPLY] = 200;
    CHECK_FAILS(snap_qmp_execute(sc, qmp, "x", big, NULL), ERROR_TIMEDOUT,
                "QEMU does not answer");
    closed();
}

static void a_reply_of_eight_megabytes_is_taken(void)
{
    char *blanks = snap_zalloc(sc, 65537);

    memset(blanks, ' ', 65536);
    opened_to(ACTS({ EXPECT, "query-block", 0 }, { SEND, "{\"id\":2,", 0 },
                   { FLOOD, blanks, 128 }, { SEND, "\"return\":1}\n", 0 }));
    CHECK_OK(execute(NULL));
    closed();
}

static void a_reply_over_sixteen_megabytes_is_refused(void)
{
    char *blanks = snap_zalloc(sc, 65537);

    memset(blanks, ' ', 65536);
    fails(ACTS({ EXPECT, "query-block", 0 }, { FLOOD, blanks, 300 }),
          ERROR_PROTOCOL_ERROR_QMP,
          "QEMU's reply to query-block is over 16 MiB");
}

static void a_reply_that_nests_too_deep_is_refused(void)
{
    char *deep = snap_zalloc(sc, 100001);

    memset(deep, '[', 100000);
    fails(ACTS({ EXPECT, "query-block", 0 }, { SEND, "{\"return\":", 0 },
               { SEND, deep, 0 }, { SEND, "\n", 0 }),
          ERROR_PROTOCOL_ERROR_QMP, "not a JSON object");
}

/* The reply "return": [LIST] to a command that returns a list of 3. */
static void list_fails(const struct act *acts, const char *words)
{
    yajl_val reply, list;

    opened_to(acts);
    CHECK_FAILS(snap_qmp_list(sc, qmp, "query-block", NULL, 3, &reply,
                              &list), ERROR_PROTOCOL_ERROR_QMP, words);
    closed();
}

static void a_list_without_end_or_that_is_none_is_refused(void)
{
    char *zeros = snap_zalloc(sc, 65537);
    int i;

    for (i = 0; i < 65536; i++) zeros[i] = i % 2 ? '0' : ',';
    list_fails(ACTS({ EXPECT, "query-block", 0 },
                    { SEND, "{\"id\":2,\"return\":[1,2,3,4]}\n", 0 }),
               "QEMU's reply to query-block lists 4 things, and more than 3 "
               "cannot be");
    list_fails(ACTS({ EXPECT, "query-block", 0 },
                    { SEND, "{\"id\":2,\"return\":{}}\n", 0 }),
               "is not a list");
    fails(ACTS({ EXPECT, "query-block", 0 },
               { SEND, "{\"id\":2,\"return\":[0", 0 },
               { FLOOD, zeros, 64 }, { SEND, "]}\n", 0 }),
          ERROR_PROTOCOL_ERROR_QMP, "has more than 1048576 values");
}

static void many_commands_have_one_deadline(void)
{
    const char *reply = "{\"id\":2,\"return\":1}\n";
    uint64_t began = snap_now_us();

    opened_to(ACTS({ EXPECT, "query-block", 0 }, { WAIT, NULL, 200 },
                   { SEND, reply, 0 }, { WAIT, NULL, 60000 }));
    snap_qmp_until(qmp, snap_deadline(500));
    CHECK_OK(execute(NULL));
    CHECK_FAILS(execute(NULL), ERROR_TIMEDOUT, "QEMU does not answer");
    CHECK(snap_now_us() - began < 2000000);
    closed();
}

static void a_server_that_ends_in_a_reply_is_gone(void)
{
    fails(ACTS({ EXPECT, "query-block", 0 },
               { SEND, "{\"return\":[{\"dev", 0 }),
          ERROR_FAIL, "QEMU is gone (query-block");
}

static void a_server_that_ended_before_is_gone(void)
{
    opened_to(ACTS({ WAIT, NULL, 1 }));
    waitpid(server, NULL, 0);
    CHECK_FAILS(execute(NULL), ERROR_FAIL, "QEMU is gone (query-block");
    snap_qmp_close(qmp);
    snap_qmp_close(NULL);
}

TESTS(TEST(a_greeting_tells_the_version),
      TEST(a_greeting_that_comes_late_is_waited_for),
      TEST(a_greeting_that_never_comes_is_a_timeout),
      TEST(a_queue_that_is_full_is_not_waited_for),
      TEST(who_occupies_the_socket_is_named),
      TEST(what_is_no_greeting_is_refused),
      TEST(a_socket_without_a_server_is_told),
      TEST(a_server_that_ends_before_the_greeting_is_gone),
      TEST(a_command_gets_its_reply),
      TEST(a_reply_in_pieces_is_put_together),
      TEST(events_and_strays_before_the_reply_are_passed_over),
      TEST(an_error_is_in_qemus_own_words),
      TEST(an_error_without_id_answers_what_qemu_could_not_parse),
      TEST(a_reply_that_says_nothing_is_an_error),
      TEST(a_reply_that_never_comes_is_a_timeout),
      TEST(events_without_end_do_not_put_off_the_timeout),
      TEST(a_command_that_qemu_does_not_take_is_a_timeout),
      TEST(a_reply_of_eight_megabytes_is_taken),
      TEST(a_reply_over_sixteen_megabytes_is_refused),
      TEST(a_reply_that_nests_too_deep_is_refused),
      TEST(a_list_without_end_or_that_is_none_is_refused),
      TEST(many_commands_have_one_deadline),
      TEST(a_server_that_ends_in_a_reply_is_gone),
      TEST(a_server_that_ended_before_is_gone))
