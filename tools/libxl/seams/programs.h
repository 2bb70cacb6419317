/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/programs.h: programs that we run, hooks among them, and the signals
 * that we get.
 */
#ifndef SNAP_PROGRAMS_H
#define SNAP_PROGRAMS_H

#include "base/base.h"

/*-- seam: environ ----------------------------------------------------------*/

/* The file that is run as @program: itself, if it is a path; else looked up
 * in PATH, then in the folders for administrators' programs (sbin).  NULL:
 * there is none. */
const char *snap_environ_find(libxl_snapshot_ctx *sc, const char *program);
/* The environment of a program: @env, which may be NULL, and of ours HOME,
 * TZ and XL_SNAPSHOT_*; a PATH by which it finds others as we do; and it
 * speaks English. */
char **snap_environ_make(libxl_snapshot_ctx *sc, const char *const *env);
/* What an xl that starts a domain gets besides, as an @env that has room for
 * another one. */
const char **snap_environ_for_xl(libxl_snapshot_ctx *sc);
/* Leave in our environment what is for programs and for xl. */
void snap_environ_reduce(libxl_snapshot_ctx *sc);

/*-- seam: process, how ours begins -----------------------------------------*/

/* libxl_snapshot_process_begin(), which is public. */

/*-- seam: exec, the only file that forks -----------------------------------*/

/* A program that goes on though its time is over.  A pid is used again:
 * @started tells (proc(5), starttime). */
struct snap_left {
    pid_t pid;                  /* it leads a group of its own; 0: none */
    uint64_t started;
};

/* The output of a program on stdout, NUL-terminated; one that only reads
 * fails if it is 16 MiB or more, of others no more is kept. */
struct snap_exec_output {
    char *out;
    size_t len;                 /* it may have NULs in it */
    struct snap_left left;
};

/*
 * Run argv[0] (looked up as above), which only reads, with an empty stdin.
 * After @timeout_ms, kill it and all that it started.  @what names the purpose
 * in messages, @output_r may be NULL.  Fails unless the program exits 0; the
 * message has the last line of its stderr.
 * Errors: ERROR_NOTFOUND (no such program), ERROR_TIMEDOUT, ERROR_FAIL,
 * ERROR_NOT_READY (it has not ended, output_r->left).  What waits for its
 * storage (state D) does not end by SIGKILL until that answers.
 */
int snap_exec(libxl_snapshot_ctx *sc, const char *what,
              const char *const *argv, int timeout_ms,
              struct snap_exec_output *output_r);

/* The same for a program whose stdin is the file @fd, which may be out to
 * harm: it gets 1 GiB of memory and 10 s of the processor's time. */
int snap_exec_on(libxl_snapshot_ctx *sc, const char *what,
                 const char *const *argv, int timeout_ms, int fd,
                 struct snap_exec_output *output_r);

/* What is done after the deadline to a program that changes something. */
enum snap_exec_end {
    SNAP_EXEC_LEAVE,            /* nothing: any signal would leave half of
                                 * what it does */
    SNAP_EXEC_TERM,             /* SIGTERM: it ends where that does no harm */
    SNAP_EXEC_KILL,             /* SIGKILL: all that it makes is new, and is
                                 * removed; or it makes nothing */
};

/* Like snap_exec(), with @end in the place of SIGKILL. */
int snap_exec_change(libxl_snapshot_ctx *sc, const char *what,
                     const char *const *argv, int timeout_ms,
                     enum snap_exec_end end,
                     struct snap_exec_output *output_r);

/* True if there is a program of this name to run. */
bool snap_exec_finds(libxl_snapshot_ctx *sc, const char *program);

/* The standard input of a program: @head, then the rest of the file @fd
 * (-1: nothing) from its file offset. */
struct snap_exec_input {
    const void *head;
    size_t head_len;
    int fd;
    const char *const *env;         /* NAME=VALUE, added to its
                                     * environment; or NULL */
};

/* Like snap_exec(), with @input; @timeout_ms counts from the moment when
 * the program last took some of the input. */
int snap_exec_fed(libxl_snapshot_ctx *sc, const char *what,
                  const char *const *argv, int timeout_ms,
                  const struct snap_exec_input *input,
                  struct snap_exec_output *output_r);

/*
 * Run @body in a process of its own, which lives on if we are killed and
 * gets no Ctrl-C that is meant for us.  @body gets one end of a socket
 * pair; the other end is *fd_r, where the stream ends when the process
 * does.
 */
typedef void snap_process(libxl_snapshot_ctx *sc, int fd, void *opaque);
int snap_exec_process(libxl_snapshot_ctx *sc, snap_process *body,
                      void *opaque, int *fd_r);

/*-- seam: hook, runs them --------------------------------------------------*/

/* The reason why the program @path, somebody's script, must not be run; NULL
 * if it may be: nobody but root can have written it. */
const char *snap_program_unsafe(libxl_snapshot_ctx *sc, const char *path);
/* The names of all hooks, sorted, safe or not. */
int snap_hook_list(libxl_snapshot_ctx *sc, const char ***names_r,
                   int *num_r);

/*
 * Ask the hook @path, which has a deadline.  *answer_r is a JSON object,
 * to be freed with yajl_tree_free().
 */
int snap_hook_ask(libxl_snapshot_ctx *sc, const char *path,
                  const char *verb, const char *request,
                  yajl_val *answer_r);
/* Let it do something; it has to say that it is done.  *left_r is as in
 * snap_exec(). */
int snap_hook_act(libxl_snapshot_ctx *sc, const char *path,
                  const char *verb, const char *request,
                  struct snap_left *left_r);

/*-- seam: save, signals ----------------------------------------------------*/

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

#endif /* SNAP_PROGRAMS_H */
