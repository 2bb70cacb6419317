/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/seams.h: the files that touch the world, a section each: programs,
 * QEMU, the guest agent, libxl, xenstore, files, /proc.  They decide
 * nothing.
 */
#ifndef SNAP_SEAMS_H
#define SNAP_SEAMS_H

#include "base/base.h"
#include "seams/own_file.h"
#include "seams/programs.h"
#include "seams/users.h"

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
/* The version in QEMU's greeting, e.g. "7.2.22". */
const char *snap_qmp_version(const struct snap_qmp *qmp);

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

/*-- seam: dom and save, which alone make libxl act on a domain -------------*/

int snap_dom_info(libxl_snapshot_ctx *sc, uint32_t domid,
                  libxl_dominfo *info);
int snap_dom_uuid(libxl_snapshot_ctx *sc, uint32_t domid,
                  libxl_uuid *uuid_r);
int snap_dom_uuid_str(libxl_snapshot_ctx *sc, uint32_t domid,
                      const char **uuid_r);
/* Suspend the domain into the file @fd.  *stopped_us_r: when its vCPUs
 * stopped, by snap_now_us(); 0 if that was not seen. Errors: ERROR_ABORTED
 * (a stop signal), ERROR_TIMEDOUT (the file takes no data, or the guest
 * cannot answer), ERROR_GUEST_TIMEDOUT (the guest does not answer), others
 * of libxl_domain_suspend(). */
int snap_save_domain(libxl_snapshot_ctx *sc, uint32_t domid, int fd,
                     bool live, uint64_t *stopped_us_r);
/* The process by which libxl saves or migrates the domain; 0: none.  The
 * one of a command that was killed has a moment to end (SNAP_WAIT_SAVER);
 * @at_once: it has not. */
int snap_dom_saver(libxl_snapshot_ctx *sc, uint32_t domid, bool at_once,
                   pid_t *pid_r);
/* Fail if the domain is being saved or migrated, has ended, or is shut down,
 * but for a suspend; with @paused also if it is suspended, or not paused. */
int snap_dom_check_alive(libxl_snapshot_ctx *sc, uint32_t domid,
                         bool paused);
bool snap_dom_is_paused(libxl_snapshot_ctx *sc, uint32_t domid);
/* The reason why the domain has shut down; _UNKNOWN if it has not, or does
 * not exist. */
libxl_shutdown_reason snap_dom_shutdown_reason(libxl_snapshot_ctx *sc,
                                               uint32_t domid);
bool snap_dom_is_suspended(libxl_snapshot_ctx *sc, uint32_t domid);
/* The memory, in KiB, that xl will want for a domain of @config: the
 * guest's, and that for its display, page tables and the like.  Source:
 * libxl_domain_need_memory(), which xl asks, too. */
uint64_t snap_dom_need_kb(libxl_snapshot_ctx *sc,
                          const libxl_domain_config *config);
/* The memory, in KiB, that a domain can have at most when @domid
 * (SNAP_NO_DOMAIN: none) is gone. */
int snap_dom_free_kb(libxl_snapshot_ctx *sc, uint32_t domid,
                     uint64_t *kb_r);
int snap_dom_resume(libxl_snapshot_ctx *sc, uint32_t domid);
int snap_dom_pause(libxl_snapshot_ctx *sc, uint32_t domid);
int snap_dom_unpause(libxl_snapshot_ctx *sc, uint32_t domid);
int snap_dom_destroy(libxl_snapshot_ctx *sc, uint32_t domid);
/* Find the domain of this uuid; *domid_r is SNAP_NO_DOMAIN if there is
 * none. */
int snap_dom_find(libxl_snapshot_ctx *sc, const libxl_uuid *uuid,
                  uint32_t *domid_r);
/* The signals that ask us to stop. */
void snap_signals_set(sigset_t *set);
/* True if such a signal has come (call snap_signals_block() first). */
bool snap_signals_pending(void);
/* Fail with ERROR_ABORTED, because a signal is pending; before the commit
 * point. */
int snap_signals_fail(libxl_snapshot_ctx *sc);
/* What was before snap_signals_block(). */
struct snap_signals {
    sigset_t mask;
    struct sigaction pipe, xfsz;
};
/* Let no signal end or stop this process but SIGKILL and SIGSTOP.  SIGPIPE
 * and SIGXFSZ are ignored: the write fails. */
void snap_signals_block(struct snap_signals *old);
/* Forget the pending signals, which have been answered. */
void snap_signals_drop(void);
void snap_signals_restore(const struct snap_signals *old);

/*-- seam: xs, xenstore and the stored config -------------------------------*/

/* The value of the xenstore node @path; NULL if there is none. */
char *snap_xenstore_read(libxl_snapshot_ctx *sc, const char *path);
/* The devices that libxl has given the domain, a line each: class, number,
 * backend, and of a disk its params.  NULL: xenstore does not answer. */
const char *snap_xenstore_devices(libxl_snapshot_ctx *sc, uint32_t domid);
/* The pid of the QEMU that serves the domain; 0: not known. */
pid_t snap_xenstore_qemu_pid(libxl_snapshot_ctx *sc, uint32_t domid);
/* True if the domain's QEMU has died, and its block nodes with it; the
 * domain may still exist. */
bool snap_xenstore_qemu_is_gone(libxl_snapshot_ctx *sc, uint32_t domid);
/* The name of a domain; its number if it has no name. */
const char *snap_xenstore_domain_name(libxl_snapshot_ctx *sc,
                                      uint32_t domid);
/* A disk's new image: SNAP_STEP_REPOINT makes the domain's records name
 * it, and after _RESTORE and _BOOT they do. */
struct snap_repoint {
    const char *vdev;
    const char *be_path;
    int devid;
    const char *from;           /* the path that must be recorded now */
    const char *to;
    libxl_disk_format format;
    libxl_disk_backend backend; /* _UNKNOWN: the default of the format */
};

/* Make all three records of the disks name the new images: see
 * seams/repoint.c. */
int snap_repoint_disks(libxl_snapshot_ctx *sc, uint32_t domid,
                       const char *uuid_str,
                       const struct snap_repoint *repoints, int num);

/*-- seam: lock -------------------------------------------------------------*/

/*
 * Take flock(2) on @path, which may be unlinked by a holder; wait at most
 * @timeout_ms.  *fd_r is closed by snap_lock_release().
 * Errors: ERROR_LOCK_FAIL, with the holder named.
 */
int snap_lock(libxl_snapshot_ctx *sc, const char *path, int timeout_ms,
              const char *what, int *fd_r);
/* @unlink_path: remove the file first, as libxl does with its own; or
 * NULL. */
void snap_lock_release(int *fd, const char *unlink_path);
/* Take the lock of an operation on a domain; @id is its uuid, or its name
 * if it does not run.  Errors: ERROR_LOCK_FAIL, with the holder named. */
int snap_lock_domain(libxl_snapshot_ctx *sc, const char *id, int *fd_r);
/* Take both locks, by uuid and by name (either may be NULL): another
 * command may know a domain that does not run by either. */
int snap_lock_domain_both(libxl_snapshot_ctx *sc, const char *uuid_str,
                          const char *name, int *uuid_fd_r,
                          int *name_fd_r);

/*-- seam: open, paths that others cannot bend ------------------------------*/

/*
 * Like open(2), with mode 0600 and O_CLOEXEC, but a symbolic link is
 * followed only if nobody but root, or we, can have put it there; and with
 * O_NOFOLLOW or O_EXCL not at the end of @path.  Returns -1 and sets
 * errno.
 */
int snap_open(libxl_snapshot_ctx *sc, const char *path, int flags);
/* The errno of snap_open(), or of a call after it, in words. */
const char *snap_open_why(void);

/*-- seam: file -------------------------------------------------------------*/

/*
 * Make @path unwritable, even for root and its QEMU, which modes do not
 * stop: immutable if the file system can do that (undone by "chattr -i"),
 * else without any write bit.  Block devices are left as they are: LVM
 * freezes volumes.  On the disk when it returns.
 */
int snap_file_freeze(libxl_snapshot_ctx *sc, const char *path);
bool snap_file_is_frozen(const char *path);
bool snap_file_exists(const char *path);
const char *snap_file_dirname(libxl_snapshot_ctx *sc, const char *path);
/* Free bytes for root on the file system of folder @path. */
int snap_file_space(libxl_snapshot_ctx *sc, const char *path,
                    uint64_t *bytes_r);
/* Read a whole file of at most @max bytes, NUL-terminated.  A pipe may
 * take SNAP_WAIT_PIPE for its next bytes. */
int snap_file_read(libxl_snapshot_ctx *sc, const char *path, size_t max,
                   char **text_r);
/* Read a file up to its first zero: after a power cut a file has its
 * length, but the part that the kernel had not written yet reads as zeros
 * (ext4).  *more_r, unless NULL: there is something else behind them. */
int snap_file_read_written(libxl_snapshot_ctx *sc, const char *path,
                           size_t max, char **text_r, bool *more_r);
int snap_file_write_all(int fd, const void *buf, size_t len);

/* What tells a file from another without reading all of it.  The dates,
 * mtime and ctime, say nothing for a device. */
struct snap_file_print {
    bool is_device;
    uint64_t bytes;
    uint64_t inode, written, written_nsec, changed, changed_nsec;
    const char *writes;         /* a device's, as counted; NULL: unknown */
    uint64_t head, tail;        /* XXH3 of its first and of its last 64 KiB */
};
int snap_file_print(libxl_snapshot_ctx *sc, const char *path,
                    struct snap_file_print *print_r);

/*-- seam: vhd, the footer of a vhd -----------------------------------------*/

/* The kind of vhd, from its footer. */
enum snap_vhd {
    SNAP_VHD_NONE,                  /* the disk is not a vhd */
    SNAP_VHD_PLAIN,                 /* fixed or dynamic: complete by itself */
    SNAP_VHD_DIFFERENCING,          /* a part of its data is in a parent
                                     * vhd */
    SNAP_VHD_BAD,                   /* damaged, or not a vhd at all */
};

int snap_vhd_read(libxl_snapshot_ctx *sc, const char *path,
                  enum snap_vhd *vhd_r);

/*-- seam: image, the memory image's file -----------------------------------*/

/* Make the part of a memory image that comes before libxl's stream: xl's
 * header and the config @json. */
void snap_memory_image_header(libxl_snapshot_ctx *sc, const char *json,
                              const void **head_r, size_t *len_r);
/*
 * Check that @path is a complete memory image.  *json_r gets the config in
 * it, *stream_r the offset of libxl's stream.
 */
int snap_memory_image_check(libxl_snapshot_ctx *sc, const char *path,
                            char **json_r, off_t *stream_r);

/*-- seam: process, processes by their file descriptors ---------------------*/

/* "qemu-nbd (pid 412)", or "domain web (qemu-system-i38, pid 412)". */
char *snap_process_name(libxl_snapshot_ctx *sc, pid_t pid);
/* When it began, as proc(5) has it (starttime); 0: it has ended. */
uint64_t snap_process_started(libxl_snapshot_ctx *sc, pid_t pid);
/* True if the program, or one that it started, has not ended yet. */
bool snap_process_is_at_work(libxl_snapshot_ctx *sc,
                             const struct snap_left *left);
/* Set *domid_r: the number that is the argument @after places behind
 * @option in the process's command line.  False if there is none. */
bool snap_process_domid(libxl_snapshot_ctx *sc, pid_t pid,
                        const char *option, int after, uint32_t *domid_r);
/* Find processes that have a file descriptor, given to @match as text, for
 * which @match returns true; never ourselves. */
typedef bool snap_match_fd(libxl_snapshot_ctx *sc, pid_t pid,
                           const char *fd, void *opaque);
bool snap_process_has_fd(libxl_snapshot_ctx *sc, pid_t pid,
                         snap_match_fd *match, void *opaque);
int snap_processes_with_fd(libxl_snapshot_ctx *sc, snap_match_fd *match,
                           void *opaque, pid_t **pids_r, int *num_r);
/* Find processes by what they are; never ourselves. */
typedef bool snap_match_process(libxl_snapshot_ctx *sc, pid_t pid);
int snap_processes(libxl_snapshot_ctx *sc, snap_match_process *match,
                   pid_t **pids_r, int *num_r);
/* The process that is connected to the unix socket @path, or NULL. */
char *snap_users_of_socket(libxl_snapshot_ctx *sc, const char *path);
/* The first line of a file of /proc or /sys, or NULL. */
char *snap_file_first_line(libxl_snapshot_ctx *sc, const char *path);

/*-- seam: monitor, xl's daemon of a domain ---------------------------------*/

/* The pids of the xl that was called to start a domain @name, whether there
 * is one or not, and is there yet. */
int snap_monitor_find_named(libxl_snapshot_ctx *sc, const char *name,
                            pid_t **pids_r, int *num_r);
/* The pids of the xl that watches domain @name, which exists, under this
 * name or another; *num_r is 0 where nobody does. */
int snap_monitor_find(libxl_snapshot_ctx *sc, const char *name,
                      pid_t **pids_r, int *num_r);
/* Stop it, until it is released or this process ends. */
int snap_monitor_hold(libxl_snapshot_ctx *sc, const pid_t *pids, int num);
int snap_monitor_release(libxl_snapshot_ctx *sc, const pid_t *pids,
                         int num);

#endif /* SNAP_SEAMS_H */
