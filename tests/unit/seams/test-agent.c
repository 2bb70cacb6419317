/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-agent.c: the guest agent's client, and the keeper that freezes and
 * thaws by it, against an agent that is late, wrong, gone, or out to harm.
 *
 * The agent is a child process that serves one client at a time, as QEMU
 * does, and keeps a diary of what it was told in the file "diary".
 */
#include "../test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* How the agent behaves.  NULL and 0: as it should. */
struct manners {
    const char *first;          /* said as soon as somebody connects */
    const char *freeze;         /* the answer to a freeze */
    const char *thaw;
    const char *status;
    bool deaf;
    bool deaf_to_freeze;        /* does it, but says nothing */
    long flood;                 /* this many KiB instead of a status */
    int hangs_up;               /* at the first so many thaws */
};

static pid_t agent;
static const char *socket_path, *diary_path;
static struct snap_keeper *keeper;

/*-- the agent --------------------------------------------------------------*/

static void note(const char *word)
{
    int fd = open(diary_path, O_WRONLY | O_APPEND | O_CREAT, 0600);

    snap_file_write_all(fd, word, strlen(word));
    close(fd);
}

static void say(int fd, const char *text)
{
    snap_file_write_all(fd, text, strlen(text));
}

static void flood(int fd, long kib)
{
    char blanks[1024];

    memset(blanks, ' ', sizeof(blanks));
    while (kib-- && !snap_file_write_all(fd, blanks, sizeof(blanks)));
}

/* Answer one command; false: hang up. */
static bool obey(int fd, const char *line, struct manners *m)
{
    static int frozen;
    const char *id = strstr(line, "\"id\":");
    char text[64];

    if (strstr(line, "guest-sync-delimited")) {
        snprintf(text, sizeof(text), "\xff{\"return\": %ld}\n",
                 id ? atol(id + 5) : 0);
        say(fd, text);
    } else if (strstr(line, "guest-fsfreeze-status")) {
        flood(fd, m->flood);
        say(fd, m->status ? m->status
                : frozen ? "{\"return\": \"frozen\"}\n"
                         : "{\"return\": \"thawed\"}\n");
    } else if (strstr(line, "guest-fsfreeze-freeze")) {
        note("freeze ");
        frozen = 2;
        if (m->deaf_to_freeze) return true;
        say(fd, m->freeze ? m->freeze : "{\"return\": 2}\n");
    } else if (strstr(line, "guest-fsfreeze-thaw")) {
        if (m->hangs_up-- > 0) return false;
        note("thaw ");
        say(fd, m->thaw ? m->thaw
                : frozen ? "{\"return\": 2}\n" : "{\"return\": 0}\n");
        frozen = 0;
    }
    return true;
}

static void serve(int fd, struct manners *m)
{
    char line[4096];
    size_t len = 0;

    if (m->first) say(fd, m->first);
    while (len < sizeof(line) - 1 && read(fd, line + len, 1) == 1) {
        if (line[len++] != '\n') continue;
        line[len] = 0;
        if (!m->deaf && !obey(fd, line, m)) return;
        len = 0;
    }
}

static void agent_begins(struct manners m)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    sc->wait_ms[SNAP_WAIT_AGENT_REPLY] = 1000;
    sc->wait_ms[SNAP_WAIT_FREEZE] = 1000;
    sc->wait_ms[SNAP_WAIT_THAW] = 3000;
    sc->wait_ms[SNAP_WAIT_FROZEN] = 20000;
    socket_path = tmp_path("agent");
    diary_path = tmp_path("diary");
    strcpy(addr.sun_path, socket_path);
    if (bind(listener, (struct sockaddr *)&addr, sizeof(addr))
        || listen(listener, 1))
        abort();
    agent = fork();
    if (!agent) {
        signal(SIGPIPE, SIG_IGN);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            int fd = accept(listener, NULL, NULL);

            serve(fd, &m);
            close(fd);
        }
    }
    close(listener);
}

static void agent_ends(void)
{
    kill(agent, SIGKILL);
    waitpid(agent, NULL, 0);
    unlink(socket_path);
    unlink(diary_path);
    error_forget();
}

/* The diary becomes @want, in a while. */
static void check_diary(const char *want)
{
    int i;

    for (i = 0; i < 100 && strcmp(file_text(diary_path), want); i++)
        usleep(50000);
    CHECK_STR(file_text(diary_path), want);
}

static int freeze(void)
{
    struct snap_freeze how = { .domain = "vm", .socket = socket_path };

    keeper = NULL;
    return snap_keeper_freeze(sc, &how, &keeper);
}

/* It does not get frozen, with @rc and @sentence; the agent was told
 * @diary. */
static void no_freeze(struct manners m, int rc, const char *sentence,
                      const char *diary)
{
    agent_begins(m);
    CHECK_FAILS(freeze(), rc, sentence);
    CHECK(keeper == NULL);
    check_diary(diary);
    agent_ends();
}

#define MANNERS(...) ((struct manners){ __VA_ARGS__ })

/*-- by the book ------------------------------------------------------------*/

static void it_is_frozen_until_it_is_thawed(void)
{
    agent_begins(MANNERS(.deaf = false));
    CHECK_OK(freeze());
    usleep(300000);
    check_diary("freeze ");
    CHECK_OK(snap_keeper_thaw(sc, keeper));
    check_diary("freeze thaw ");
    CHECK_OK(freeze());
    CHECK_OK(snap_keeper_thaw(sc, keeper));
    check_diary("freeze thaw freeze thaw ");
    agent_ends();
}

static void what_an_earlier_client_left_is_passed_over(void)
{
    const char *const stale[] = {
        "{\"return\": \"frozen\"}\n", "{\"ret", "garbage\n\n\n",
        "\xff{\"return\": 0}\n", "\xff\xff\xff{\"return\": 12345}\n",
        "\xff{}\n", "\xff" "5\n", "\xffnothing\n",
        "{\"error\": {\"desc\": \"Invalid JSON syntax\"}}\n",
    };
    size_t i;

    for (i = 0; i < sizeof(stale) / sizeof(*stale); i++) {
        agent_begins(MANNERS(.first = stale[i]));
        CHECK_OK(freeze());
        CHECK_OK(snap_keeper_thaw(sc, keeper));
        agent_ends();
    }
}

/*-- an agent that cannot ---------------------------------------------------*/

static void an_agent_that_does_not_listen_is_not_asked_to_freeze(void)
{
    no_freeze(MANNERS(.deaf = true), ERROR_TIMEDOUT,
              "the guest agent of domain"
              " vm does not answer (guest-sync-delimited",
              "");
}

static void who_occupies_the_channel_is_named(void)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    agent_begins(MANNERS(.deaf = false));
    strcpy(addr.sun_path, socket_path);
    CHECK(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
    usleep(100000);
    CHECK_INT(freeze(), ERROR_TIMEDOUT);
    CHECK_HAS(error_text(), "its socket is in use by ");
    close(fd);
    agent_ends();
}

static void a_channel_without_qemu_is_told(void)
{
    agent_begins(MANNERS(.deaf = false));
    agent_ends();
    CHECK_FAILS(freeze(), ERROR_FAIL, "the guest agent of domain vm cannot be "
                "reached at ");
}

static void what_is_frozen_already_is_left_alone(void)
{
    no_freeze(MANNERS(.status = "{\"return\": \"frozen\"}\n"), ERROR_INVAL,
              "domain vm: something else has frozen its file systems "
              "already", "");
}

static void a_status_that_makes_no_sense_is_refused(void)
{
    const int rc = ERROR_PROTOCOL_ERROR_QMP;

    no_freeze(MANNERS(.status = "{\"return\": \"cold\"}\n"), rc,
              "neither frozen nor thawed", "");
    no_freeze(MANNERS(.status = "{\"return\": 7}\n"), rc,
              "neither frozen nor thawed", "");
    no_freeze(MANNERS(.status = "{}\n"), rc, "neither return nor error", "");
    no_freeze(MANNERS(.status = "frozen\n"), rc, "is not a JSON object",
              "");
    no_freeze(MANNERS(.flood = 100), rc, "is over 64 KiB", "");
}

static void an_agent_without_the_command_is_quoted(void)
{
    no_freeze(MANNERS(.status = "{\"error\": {\"class\": \"CommandNotFound\", "
                      "\"desc\": \"The command guest-fsfreeze-status has not "
                      "been found\"}}\n"), ERROR_QMP_GENERIC_ERROR,
              "refuses guest-fsfreeze-status: The command", "");
}

static void what_froze_by_half_is_thawed(void)
{
    no_freeze(MANNERS(.freeze = "{\"error\": {\"desc\": \"failed to freeze "
                      "/srv\"}}\n"), ERROR_QMP_GENERIC_ERROR,
              "refuses guest-fsfreeze-freeze: failed to freeze /srv",
              "freeze thaw ");
    no_freeze(MANNERS(.freeze = "{\"return\": 0}\n"), ERROR_FAIL,
              "found no file system to freeze", "freeze thaw ");
    no_freeze(MANNERS(.freeze = "what\n"), ERROR_PROTOCOL_ERROR_QMP,
              "not a JSON object", "freeze thaw ");
}

static void what_may_be_frozen_is_thawed(void)
{
    no_freeze(MANNERS(.deaf_to_freeze = true), ERROR_TIMEDOUT,
              "does not answer (guest-fsfreeze-freeze", "freeze thaw ");
}

/*-- a thaw that cannot be forgotten ----------------------------------------*/

/* What a process that freezes does next. */
static void in_a_process(void (*next)(void))
{
    pid_t owner = fork();

    if (!owner) {
        if (freeze()) _exit(1);
        next();
        _exit(0);
    }
    waitpid(owner, NULL, 0);
}

static void is_killed(void)
{
    raise(SIGKILL);
}

static void ends(void)
{
}

static void an_owner_that_is_killed_does_not_leave_it_frozen(void)
{
    agent_begins(MANNERS(.deaf = false));
    in_a_process(is_killed);
    check_diary("freeze thaw ");
    in_a_process(ends);
    check_diary("freeze thaw freeze thaw ");
    agent_ends();
}

static void an_owner_that_hangs_is_not_waited_for(void)
{
    agent_begins(MANNERS(.deaf = false));
    sc->wait_ms[SNAP_WAIT_FROZEN] = 300;
    CHECK_OK(freeze());
    check_diary("freeze thaw ");
    CHECK_FAILS(snap_keeper_thaw(sc, keeper), ERROR_TIMEDOUT,
                "domain vm was thawed "
                "after 0.3 s, before the snapshot was done");
    check_diary("freeze thaw ");
    agent_ends();
}

static void a_thaw_is_tried_again(void)
{
    agent_begins(MANNERS(.hangs_up = 2));
    CHECK_OK(freeze());
    CHECK_OK(snap_keeper_thaw(sc, keeper));
    check_diary("freeze thaw ");
    agent_ends();
}

static void a_thaw_that_fails_for_good_is_told(void)
{
    agent_begins(MANNERS(.hangs_up = 1000));
    sc->wait_ms[SNAP_WAIT_THAW] = 500;
    CHECK_OK(freeze());
    CHECK_FAILS(snap_keeper_thaw(sc, keeper), ERROR_FAIL,
                "the file systems of domain "
                "vm may still be frozen");
    agent_ends();
}

static void a_thaw_by_somebody_else_is_noticed(void)
{
    agent_begins(MANNERS(.thaw = "{\"return\": 1}\n"));
    CHECK_OK(freeze());
    CHECK_FAILS(snap_keeper_thaw(sc, keeper), ERROR_FAIL,
                "domain vm: of 2 frozen file systems, something else "
                "thawed 1");
    agent_ends();
}

/* By its owner, or by a recovery, which thaws once. */
static void a_keeper_that_was_killed_is_replaced(void)
{
    struct snap_freeze how = { .domain = "vm", .socket = tmp_path("agent") };
    const char *who;

    agent_begins(MANNERS(.deaf = false));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(freeze());
        who = snap_users_of_socket(sc, socket_path);
        kill(atoi(strstr(who, "(pid ") + 5), SIGKILL);
        if (!i)
            CHECK_FAILS(snap_keeper_thaw(sc, keeper), ERROR_FAIL,
                        "it is not known whether it was frozen until now");
    }
    snap_keeper_drop(keeper);
    CHECK(!snap_keeper_replace(sc, &how) && !snap_keeper_replace(sc, &how));
    check_diary("freeze thaw freeze thaw ");
    agent_ends();
}

static void the_keeper_holds_nothing_of_its_owner(void)
{
    const char *path = tmp_text("held", "");
    int first = open(path, O_RDONLY), fd = fcntl(first, F_DUPFD, 100);

    agent_begins(MANNERS(.deaf = false));
    CHECK_OK(freeze());
    close(first);
    close(fd);
    kill(agent, SIGKILL);           /* it holds what was open at its birth */
    waitpid(agent, NULL, 0);
    CHECK_STR(file_users(path), NULL);
    snap_keeper_drop(keeper);
    agent_ends();
}

/*-- by a program -----------------------------------------------------------*/

/* A program that writes its arguments into the diary, then does as
 * @script. */
static struct snap_freeze by_program(const char *script)
{
    const char *path = tmp_path("program");
    const char *text;

    diary_path = tmp_path("diary");
    text = snap_sprintf(sc, "#!/bin/sh\nprintf '%%s ' \"$@\" >> %s\n%s\n",
                        diary_path, script);
    tmp_text("program", text);
    if (chmod(path, 0700)) abort();
    sc->wait_ms[SNAP_WAIT_FREEZE] = 2000;
    sc->wait_ms[SNAP_WAIT_THAW] = 100;
    return (struct snap_freeze){
        .domain = "a b",
        .freeze = snap_argv(sc, path, "freeze", "a b", NULL),
        .thaw = snap_argv(sc, path, "thaw", "a b", NULL),
    };
}

static void a_program_is_told_to_freeze_and_to_thaw(void)
{
    struct snap_freeze how = by_program("");

    CHECK_OK(snap_keeper_freeze(sc, &how, &keeper));
    CHECK_STR(file_text(diary_path), "freeze a b ");
    CHECK_OK(snap_keeper_thaw(sc, keeper));
    CHECK_STR(file_text(diary_path), "freeze a b thaw a b ");
}

static void a_program_that_fails_to_freeze_is_told_to_thaw(void)
{
    struct snap_freeze how = by_program("[ $1 = thaw ] || echo no >&2; "
                                               "[ $1 = thaw ]");

    CHECK_FAILS(snap_keeper_freeze(sc, &how, &keeper), ERROR_FAIL,
                "failed with status 1: no");
    CHECK_STR(file_text(diary_path), "freeze a b thaw a b ");
}

static void a_program_that_hangs_is_killed_and_told_to_thaw(void)
{
    struct snap_freeze how = by_program("[ $1 = thaw ] || sleep 60");

    sc->wait_ms[SNAP_WAIT_FREEZE] = 300;
    CHECK_FAILS(snap_keeper_freeze(sc, &how, &keeper), ERROR_TIMEDOUT,
                "was killed");
    CHECK_STR(file_text(diary_path), "freeze a b thaw a b ");
}

static void a_program_that_does_not_thaw_is_told(void)
{
    struct snap_freeze how = by_program("[ $1 = freeze ]");

    CHECK_OK(snap_keeper_freeze(sc, &how, &keeper));
    CHECK_FAILS(snap_keeper_thaw(sc, keeper), ERROR_FAIL,
                "may still be frozen");
}

static void a_program_thaws_when_its_owner_is_gone_or_late(void)
{
    struct snap_freeze how = by_program("");

    CHECK_OK(snap_keeper_freeze(sc, &how, &keeper));
    snap_keeper_drop(keeper);
    check_diary("freeze a b thaw a b ");
    unlink(diary_path);
    sc->wait_ms[SNAP_WAIT_FROZEN] = 200;
    CHECK_OK(snap_keeper_freeze(sc, &how, &keeper));
    check_diary("freeze a b thaw a b ");
    CHECK_FAILS(snap_keeper_thaw(sc, keeper), ERROR_TIMEDOUT,
                "was thawed after 0.2 s");
}

TESTS(TEST(it_is_frozen_until_it_is_thawed),
      TEST(what_an_earlier_client_left_is_passed_over),
      TEST(an_agent_that_does_not_listen_is_not_asked_to_freeze),
      TEST(who_occupies_the_channel_is_named),
      TEST(a_channel_without_qemu_is_told),
      TEST(what_is_frozen_already_is_left_alone),
      TEST(a_status_that_makes_no_sense_is_refused),
      TEST(an_agent_without_the_command_is_quoted),
      TEST(what_froze_by_half_is_thawed),
      TEST(what_may_be_frozen_is_thawed),
      TEST(an_owner_that_is_killed_does_not_leave_it_frozen),
      TEST(an_owner_that_hangs_is_not_waited_for),
      TEST(a_thaw_is_tried_again), TEST(a_thaw_that_fails_for_good_is_told),
      TEST(a_thaw_by_somebody_else_is_noticed),
      TEST(a_keeper_that_was_killed_is_replaced),
      TEST(the_keeper_holds_nothing_of_its_owner),
      TEST(a_program_is_told_to_freeze_and_to_thaw),
      TEST(a_program_that_fails_to_freeze_is_told_to_thaw),
      TEST(a_program_that_hangs_is_killed_and_told_to_thaw),
      TEST(a_program_that_does_not_thaw_is_told),
      TEST(a_program_thaws_when_its_owner_is_gone_or_late))
