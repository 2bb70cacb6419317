/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/users.h: other processes, and who uses a file.
 */
#ifndef SNAP_USERS_H
#define SNAP_USERS_H

#include "seams/programs.h"

/*-- seam: process, processes by their file descriptors ---------------------*/

/* "qemu-nbd (pid 412)", or "domain web (qemu-system-i38, pid 412)"; with
 * its uid, if it is not root's: "sleep (pid 412, uid 1000)". */
char *snap_process_name(libxl_snapshot_ctx *sc, pid_t pid);
/* When it began, as proc(5) has it (starttime); 0: it has ended. */
uint64_t snap_process_started(libxl_snapshot_ctx *sc, pid_t pid);
/* True if the program, or one that it started, has not ended yet. */
bool snap_process_is_at_work(libxl_snapshot_ctx *sc,
                             const struct snap_left *left);
/* True if it runs as root, or as we do, and as nobody else: what it is
 * called and its arguments are then root's words, too. */
bool snap_process_is_roots(libxl_snapshot_ctx *sc, pid_t pid);
/* The words in /proc/PID/@file, "cmdline" or "environ", one after the other;
 * at most 1 MiB of them.  Whoever believes them asks whose they are.
 * False, and nothing to close: it has ended. */
struct snap_words {
    char *text, *end, *next;
};
bool snap_words_open(libxl_snapshot_ctx *sc, struct snap_words *words,
                     pid_t pid, const char *file);
const char *snap_words_next(struct snap_words *words);  /* NULL: the end */
void snap_words_close(struct snap_words *words);
/* Set *domid_r: the number that is the argument @after places behind
 * @option in the process's command line.  False if there is none. */
bool snap_process_domid(libxl_snapshot_ctx *sc, pid_t pid,
                        const char *option, int after, uint32_t *domid_r);
/* Find processes that have a file descriptor, given to @match as text, for
 * which @match returns true; never ourselves.  Anybody may have as many open
 * as he likes: ERROR_TIMEDOUT.  @match allocates nothing for each. */
#define SNAP_FD_PATH "/proc/%d/fd/%.20s"        /* pid, descriptor */
#define SNAP_FD_PATH_MAX 64
typedef bool snap_match_fd(libxl_snapshot_ctx *sc, pid_t pid,
                           const char *fd, void *opaque);
int snap_processes_with_fd(libxl_snapshot_ctx *sc, snap_match_fd *match,
                           void *opaque, pid_t **pids_r, int *num_r);
/* Find processes of root's by what they are; never ourselves. */
typedef bool snap_match_process(libxl_snapshot_ctx *sc, pid_t pid);
int snap_processes(libxl_snapshot_ctx *sc, snap_match_process *match,
                   pid_t **pids_r, int *num_r);
/* Who is named of those who use a thing: anybody may have as many processes
 * use it as he likes. */
#define SNAP_USERS_NAMED 8
struct snap_users_named {
    const char *names[SNAP_USERS_NAMED];
    int num, more;
};
/* "a (pid 1) and b (pid 2) and 3 more"; NULL: there are none. */
char *snap_users_text(libxl_snapshot_ctx *sc,
                      const struct snap_users_named *named);
/* The process that is connected to the unix socket @path, or NULL. */
char *snap_users_of_socket(libxl_snapshot_ctx *sc, const char *path);
/* The first line of a file of /proc or /sys, or NULL. */
char *snap_file_first_line(libxl_snapshot_ctx *sc, const char *path);

/*-- seam: users, who uses a file -------------------------------------------*/

struct snap_file_use {
    const char *who;            /* whose file: "disk xvda" */
    const char *path;
    bool write_only;            /* a base: others may read it */
    const char *server;         /* who serves it to the domain, and must
                                 * have it open, in words; NULL: none that
                                 * can be asked */
    char *users;                /* "qemu-nbd (pid 412)"; NULL: none */
    bool is_open;               /* those who are no users have it open */
    uint64_t inode;             /* of the file that @path led to; 0: of a
                                 * device */
};

/* Who is no user: a domain's QEMU (0: none) and its blkback. */
struct snap_users_except {
    pid_t pid;
    uint32_t domid;             /* SNAP_NO_DOMAIN: none */
};

/* Set users, is_open and inode of all @files in one pass over the system. */
int snap_users_of_files(libxl_snapshot_ctx *sc,
                        struct snap_file_use *files, int num,
                        const struct snap_users_except *except);
/* The same; and set *used_r: the first of them that has users, or NULL. */
int snap_users_find(libxl_snapshot_ctx *sc, struct snap_file_use *files,
                    int num, const struct snap_users_except *except,
                    const struct snap_file_use **used_r);

/*-- seam: users_kernel, the table of uses ----------------------------------*/

/* users_kernel.c begins it, users.c completes and reads it. */

/* A file, or a block device, by what it is: names change. */
struct snap_file_id {
    bool block;
    dev_t dev;
    ino_t ino;                  /* 0: block device */
};

enum snap_use_kind {
    SNAP_USE_LOOP,              /* as another block device: */
    SNAP_USE_HOLDER,            /* device-mapper, md */
    SNAP_USE_PARTITION,
    SNAP_USE_BELOW,             /* below a loop device or partition */
    SNAP_USE_MOUNT,             /* for itself: */
    SNAP_USE_SWAP,
    SNAP_USE_BLKBACK,
    SNAP_USE_PROCESS,           /* seams/users.c adds these two */
    SNAP_USE_DISK,
};

struct snap_use {
    enum snap_use_kind kind;
    struct snap_file_id of;     /* what is used */
    struct snap_file_id as;     /* LOOP, HOLDER, PARTITION, BELOW */
    bool writes;
    const char *name;           /* the device @as in words, MOUNT: where */
    uint32_t domid, devid;      /* BLKBACK */
    pid_t pid;                  /* PROCESS */
};

struct snap_uses {
    int num, max;
    struct snap_use *list;
};

/* What @path, a link in /proc too, leads to.  The file system is not asked
 * (statx(2), AT_STATX_DONT_SYNC): a process somewhere may have a file of a
 * server open that does not answer. */
bool snap_file_id(const char *path, struct snap_file_id *id_r);
/* The same in words, which are equal for the same file. */
const char *snap_file_id_text(libxl_snapshot_ctx *sc, const char *path);
struct snap_use *snap_users_add(libxl_snapshot_ctx *sc,
                                struct snap_uses *uses,
                                enum snap_use_kind kind,
                                const struct snap_file_id *of);
/* List the uses that the kernel knows, of whatever files. */
int snap_users_of_kernel(libxl_snapshot_ctx *sc, struct snap_uses *uses);

#endif /* SNAP_USERS_H */
