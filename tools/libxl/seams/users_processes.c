/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/users_processes.c: finds processes by their file descriptors:
 * those that have a certain file open, or the other end of a socket; and by
 * what they are called, which only root's are believed: anybody may call his
 * own what he likes, and give them any arguments.
 */
#include "seams/domain.h"
#include "seams/files.h"
#include "seams/programs.h"
#include "seams/users.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

char *snap_file_first_line(libxl_snapshot_ctx *sc, const char *path)
{
    char *line = NULL, *text = NULL;
    size_t size = 0;
    FILE *f = snap_open_lines(path);

    if (!f) return NULL;
    if (getline(&line, &size, f) >= 0) {
        line[strcspn(line, "\n")] = 0;
        text = snap_strdup(sc, line);
    }
    free(line);
    fclose(f);
    return text;
}

/*-- what a process is called -----------------------------------------------*/

/* What is more than this in a command line or an environment is not read: a
 * process may say that all of its memory is one. */
#define WORDS_MAX       (1 << 20)
/* After so many open files of a process it is seen if the time is over. */
#define PROCESSES_FDS_AT_ONCE 1024

/* Set the real, effective, saved and file system uid.  The owner of its
 * folder in /proc is root for many reasons.  False: it has ended. */
static bool processes_uids(libxl_snapshot_ctx *sc, pid_t pid, uid_t uid[4])
{
    FILE *f = snap_open_lines(snap_sprintf(sc, "/proc/%d/status", (int)pid));
    char *line = NULL;
    size_t size = 0;
    bool found = false;

    if (!f) return false;
    while (!found && getline(&line, &size, f) > 0)
        found = sscanf(line, "Uid: %u %u %u %u", &uid[0], &uid[1], &uid[2],
                       &uid[3]) == 4;
    free(line);
    fclose(f);
    return found;
}

bool snap_process_is_roots(libxl_snapshot_ctx *sc, pid_t pid)
{
    uid_t uid[4];
    bool is = processes_uids(sc, pid, uid);
    int i;

    for (i = 0; i < 4; i++)
        is = is && (uid[i] == 0 || uid[i] == geteuid());
    return is;
}

bool snap_words_open(libxl_snapshot_ctx *sc, struct snap_words *words,
                     pid_t pid, const char *file)
{
    FILE *f = snap_open_lines(
        snap_sprintf(sc, "/proc/%d/%s", (int)pid, file));

    if (!f) return false;
    words->text = malloc(WORDS_MAX + 1);
    if (!words->text) abort();
    words->end = words->text + fread(words->text, 1, WORDS_MAX, f);
    *words->end = 0;
    words->next = words->text;
    fclose(f);
    return true;
}

const char *snap_words_next(struct snap_words *words)
{
    const char *word = words->next;

    if (word >= words->end) return NULL;
    words->next += strlen(word) + 1;
    return word;
}

void snap_words_close(struct snap_words *words)
{
    free(words->text);
}

bool snap_process_domid(libxl_snapshot_ctx *sc, pid_t pid,
                        const char *option, int after, uint32_t *domid_r)
{
    struct snap_words words;
    const char *arg;
    bool found = false;
    int left = 0;               /* arguments up to the one that is read */

    if (!snap_words_open(sc, &words, pid, "cmdline")) return false;
    while (!found && (arg = snap_words_next(&words))) {
        found = left == 1 && sscanf(arg, "%" SCNu32, domid_r) == 1;
        if (left) left--;
        if (!strcmp(arg, option)) left = after;
    }
    snap_words_close(&words);
    return found;
}

/* True if it is QEMU, as libxl starts it: by root, who may let it be
 * another user's then, or by what xenstore has. */
static bool processes_is_qemu(libxl_snapshot_ctx *sc, pid_t pid,
                              uint32_t *domid_r)
{
    return snap_process_domid(sc, pid, "-xen-domid", 1, domid_r)
        && (snap_process_is_roots(sc, pid)
            || snap_xenstore_qemu_pid(sc, *domid_r) == pid);
}

/* Whose it is, if not root's: who held us up. */
static const char *processes_owner(libxl_snapshot_ctx *sc, pid_t pid)
{
    uid_t uid[4];

    if (!processes_uids(sc, pid, uid) || uid[0] == 0 || uid[0] == geteuid())
        return "";
    return snap_sprintf(sc, ", uid %u", (unsigned)uid[0]);
}

char *snap_process_name(libxl_snapshot_ctx *sc, pid_t pid)
{
    const char *comm = snap_file_first_line(
        sc, snap_sprintf(sc, "/proc/%d/comm", (int)pid));
    const char *owner = processes_owner(sc, pid);
    uint32_t domid;

    if (!comm) comm = "a process";
    if (processes_is_qemu(sc, pid, &domid))
        return snap_sprintf(sc, "domain %s (%s, pid %d%s)",
                            snap_xenstore_domain_name(sc, domid), comm,
                            (int)pid, owner);
    return snap_sprintf(sc, "%s (pid %d%s)", comm, (int)pid, owner);
}

/*-- by file descriptors ----------------------------------------------------*/

struct processes_match {
    pid_t group;                /* its processes, if not 0 */
    snap_match_process *process;
    snap_match_fd *fd;          /* if there is no @process */
    void *opaque;
    uint64_t deadline;          /* of @fd: anybody may have as many files
                                 * open as he likes */
};

/* Set *is_r: the process has a file for which @match returns true. */
static int processes_match_fds(libxl_snapshot_ctx *sc, pid_t pid,
                               const struct processes_match *match,
                               bool *is_r)
{
    DIR *dir = opendir(snap_sprintf(sc, "/proc/%d/fd", (int)pid));
    struct dirent *e;
    int n = 0, rc = 0;

    *is_r = false;
    if (!dir) return 0;                 /* the process has just ended */
    while (!rc && !*is_r && (e = readdir(dir))) {
        *is_r = e->d_name[0] != '.'
            && match->fd(sc, pid, e->d_name, match->opaque);
        if (++n % PROCESSES_FDS_AT_ONCE == 0
            && snap_now_us() > match->deadline)
            rc = snap_fail(
                sc, ERROR_TIMEDOUT, "to look for those who have a file open "
                "takes more than %d s: %s has a great many; end it, and see "
                "what else that user runs",
                snap_wait_ms(sc, SNAP_WAIT_PROCESSES) / 1000,
                snap_process_name(sc, pid));
    }
    closedir(dir);
    return rc;
}

/* The field of /proc/PID/stat, as proc(5) counts, from 4 on; 0: the process
 * has ended. */
static uint64_t processes_stat(libxl_snapshot_ctx *sc, pid_t pid, int field)
{
    const char *stat = snap_file_first_line(
        sc, snap_sprintf(sc, "/proc/%d/stat", (int)pid));
    const char *at = stat ? strrchr(stat, ')') : NULL;
    int i;

    if (!at || strspn(at, ") ") != 2 || strchr("ZX", at[2])) return 0;
    for (i = 2; at && i < field; i++) at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

static int processes_is(libxl_snapshot_ctx *sc, pid_t pid,
                        const struct processes_match *match, bool *is_r)
{
    if (!match->group && !match->process)
        return processes_match_fds(sc, pid, match, is_r);
    *is_r = match->group
        ? processes_stat(sc, pid, 5) == (uint64_t)match->group
        : snap_process_is_roots(sc, pid) && match->process(sc, pid);
    return 0;
}

static int processes_find(libxl_snapshot_ctx *sc,
                          const struct processes_match *match,
                          pid_t **pids_r, int *num_r)
{
    DIR *dir = opendir("/proc");
    struct dirent *e;
    pid_t pid, *pids = NULL;
    int num = 0, rc = 0;
    bool is = false;

    if (!dir)
        return snap_fail(sc, ERROR_FAIL, "cannot read /proc: %s; is it "
                         "mounted?", strerror(errno));
    while (!rc && (e = readdir(dir))) {
        if (!isdigit((unsigned char)e->d_name[0])) continue;
        pid = atoi(e->d_name);
        if (pid != getpid()) rc = processes_is(sc, pid, match, &is);
        if (rc || pid == getpid() || !is) continue;
        pids = snap_grow_by_one(sc, pids, num, sizeof(pid));
        pids[num++] = pid;
    }
    closedir(dir);
    *pids_r = pids;
    *num_r = num;
    return rc;
}

int snap_processes_with_fd(libxl_snapshot_ctx *sc, snap_match_fd *match,
                           void *opaque, pid_t **pids_r, int *num_r)
{
    const struct processes_match m = {
        .fd = match, .opaque = opaque,
        .deadline = snap_wait_until(sc, SNAP_WAIT_PROCESSES),
    };

    return processes_find(sc, &m, pids_r, num_r);
}

int snap_processes(libxl_snapshot_ctx *sc, snap_match_process *match,
                   pid_t **pids_r, int *num_r)
{
    const struct processes_match m = { .process = match };

    return processes_find(sc, &m, pids_r, num_r);
}

uint64_t snap_process_started(libxl_snapshot_ctx *sc, pid_t pid)
{
    return processes_stat(sc, pid, 22);
}

bool snap_process_is_at_work(libxl_snapshot_ctx *sc,
                             const struct snap_left *left)
{
    const struct processes_match m = { .group = left->pid };
    uint64_t started = snap_process_started(sc, left->pid);
    pid_t *pids;
    int num = 0;

    if (started) return started == left->started;
    return !processes_find(sc, &m, &pids, &num) && num;
}

char *snap_users_text(libxl_snapshot_ctx *sc,
                      const struct snap_users_named *named)
{
    char *text = named->num ? snap_strdup(sc, named->names[0]) : NULL;
    int i;

    for (i = 1; i < named->num; i++)
        text = snap_sprintf(sc, "%s and %s", text, named->names[i]);
    if (!named->more) return text;
    return snap_sprintf(sc, "%s and %d more", text, named->more);
}

/* The processes that match, as text; NULL if there are none. */
static int processes_text(libxl_snapshot_ctx *sc, snap_match_fd *match,
                          void *opaque, char **users_r)
{
    struct snap_users_named named = { .num = 0 };
    pid_t *pids;
    int num = 0, i, rc;

    rc = snap_processes_with_fd(sc, match, opaque, &pids, &num);
    if (rc) return rc;
    for (i = 0; i < num && i < SNAP_USERS_NAMED; i++)
        named.names[named.num++] = snap_process_name(sc, pids[i]);
    named.more = num - named.num;
    *users_r = snap_users_text(sc, &named);
    return 0;
}

/*-- sockets ----------------------------------------------------------------*/

struct diag_request {
    struct nlmsghdr nlh;
    struct unix_diag_req udr;
};

static int processes_diag_send(int fd)
{
    struct diag_request req = {
        .nlh = { .nlmsg_len = sizeof(req),
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
        .udr = { .sdiag_family = AF_UNIX,
                 .udiag_states = -1,
                 .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER },
    };

    return send(fd, &req, sizeof(req), 0) == sizeof(req) ? 0 : -1;
}

/* The peer's inode if this message is of a connected socket named @path,
 * which is the server's end. */
static uint32_t processes_diag_peer(const struct nlmsghdr *nlh,
                                    const char *path)
{
    const struct unix_diag_msg *msg = NLMSG_DATA(nlh);
    const struct nlattr *attr = (const void *)(msg + 1);
    int left = nlh->nlmsg_len - NLMSG_LENGTH(sizeof(*msg));
    uint32_t peer = 0;
    bool named = false;

    while (left >= (int)sizeof(*attr) && attr->nla_len >= sizeof(*attr)
           && attr->nla_len <= left) {
        size_t len = attr->nla_len - sizeof(*attr);

        if (attr->nla_type == UNIX_DIAG_PEER && len >= sizeof(peer))
            memcpy(&peer, attr + 1, sizeof(peer));
        if (attr->nla_type == UNIX_DIAG_NAME)
            named = strnlen((const char *)(attr + 1), len) == strlen(path)
                && !memcmp(attr + 1, path, strlen(path));
        left -= NLA_ALIGN(attr->nla_len);
        attr =
            (const void *)((const char *)attr + NLA_ALIGN(attr->nla_len));
    }
    return named ? peer : 0;
}

/* Receive a datagram of the dump; true at the end of the dump. */
static bool processes_diag_receive(int fd, const char *path,
                                   uint32_t *peers, int *num, int max)
{
    char buf[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
    ssize_t got = recv(fd, buf, sizeof(buf), 0);
    const struct nlmsghdr *nlh = (const void *)buf;
    uint32_t peer;

    if (got <= 0) return true;
    for (; NLMSG_OK(nlh, got); nlh = NLMSG_NEXT(nlh, got)) {
        if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY) return true;
        peer = processes_diag_peer(nlh, path);
        if (peer && *num < max) peers[(*num)++] = peer;
    }
    return false;
}

struct socket_match {
    uint32_t peers[16];
    int num;
};

static bool processes_match_socket(libxl_snapshot_ctx *sc, pid_t pid,
                                   const char *fd, void *opaque)
{
    struct socket_match *m = opaque;
    char link[64];
    uint32_t ino;
    char path[SNAP_FD_PATH_MAX];
    ssize_t len;
    int i;

    (void)sc;
    snprintf(path, sizeof(path), SNAP_FD_PATH, (int)pid, fd);
    len = readlink(path, link, sizeof(link) - 1);
    if (len <= 0) return false;
    link[len] = 0;
    if (sscanf(link, "socket:[%u]", &ino) != 1) return false;
    for (i = 0; i < m->num; i++)
        if (m->peers[i] == ino) return true;
    return false;
}

char *snap_users_of_socket(libxl_snapshot_ctx *sc, const char *path)
{
    struct socket_match m = { .num = 0 };
    int fd =
        socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    char *users = NULL;

    if (fd < 0) return NULL;
    if (!processes_diag_send(fd))
        while (!processes_diag_receive(fd, path, m.peers, &m.num, 16))
            ;
    close(fd);
    if (!m.num) return NULL;
    return processes_text(sc, processes_match_socket, &m, &users) ? NULL
                                                                  : users;
}
