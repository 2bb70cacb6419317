/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_internal.h: what the files of this library share.
 *
 * One section a file, in the order of the layers; a call goes down only:
 *
 *   operations  create revert           gather -> check -> plan -> run
 *   facts       gather offline images   reads the world through the seams
 *   drivers     libxl_snap_driver.h     append steps to a plan, never act
 *   plan        steps as data;  engine  which step is next, no I/O
 *   run         performs a step at a seam
 *   seams       exec qmp agent keeper dom save xs monitor lock file image
 *               users kernel process hook
 *   base        ctx json name config
 */
#ifndef LIBXL_SNAP_INTERNAL_H
#define LIBXL_SNAP_INTERNAL_H

#include <stdarg.h>
#include <signal.h>
#include <stddef.h>
#include <sys/types.h>
#include <yajl/yajl_tree.h>

#include "libxl_snapshot.h"

/* libxl's is an int, a domid is not. */
#define SNAP_NO_DOMAIN ((uint32_t)INVALID_DOMID)

/*-- ctx: memory of one operation, and its error ----------------------------*/

struct libxl_snapshot_ctx {
    libxl_ctx *ctx;                 /* NULL in tests of pure code */
    xentoollog_logger *lg;          /* may be NULL */
    char *error;
    void **allocs;                  /* freed when the next operation begins */
    size_t num_allocs, max_allocs;
    /* how long to wait; 0: as usual */
    int qmp_greeting_ms, qmp_reply_ms;
    int agent_reply_ms, agent_freeze_ms;
    int agent_thaw_ms;                  /* how long to try */
    int quiesce_limit_ms;               /* a guest is frozen no longer */
    int hook_ms;                        /* for a step of a hook */
    const char *hook_dir;           /* NULL: the usual one */
};

/* Begin an operation: forget the last error, free the last one's memory. */
void snap_ctx_begin(libxl_snapshot_ctx *sc);

/* Memory that lives until the next operation.  Never NULL: like libxl, the
 * library gives up (abort) when there is none. */
void *snap_zalloc(libxl_snapshot_ctx *sc, size_t size);
void *snap_grow(libxl_snapshot_ctx *sc, const void *old, size_t old_size,
                size_t new_size);
char *snap_strdup(libxl_snapshot_ctx *sc, const char *s);
char *snap_sprintf(libxl_snapshot_ctx *sc, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* As strdup(3), but never NULL unless @s is: for results. */
char *snap_result_str(const char *s);

/* Say why the operation fails and return @rc.  The first call counts as the
 * reason; what a later one says (an undo that failed) is appended. */
int snap_fail(libxl_snapshot_ctx *sc, int rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The error so far, which is thereby none: for what is only tried. */
const char *snap_take_error(libxl_snapshot_ctx *sc);
void snap_log(libxl_snapshot_ctx *sc, xentoollog_level level,
              const char *fmt, ...) __attribute__((format(printf, 3, 4)));

uint64_t snap_now_us(void);         /* CLOCK_MONOTONIC */

/*-- types: the public structs ---------------------------------------------*/

/* Make @disk a writable disk of a snapshot.  Not libxl_device_disk_copy(),
 * which needs a libxl context (it crashes without, 4.17). */
void snap_device_disk_set(libxl_device_disk *disk, const char *vdev,
                          const char *path, libxl_disk_format format);
/* Make @disk what @stored is, on another image. */
void snap_device_disk_repoint(libxl_snapshot_ctx *sc, libxl_device_disk *disk,
                              const libxl_device_disk *stored,
                              const char *path, libxl_disk_format format);

/*-- config: xl.cfg syntax --------------------------------------------------*/

/* @s as a quoted string of xl.cfg. */
char *snap_config_quote(libxl_snapshot_ctx *sc, const char *s);
/* The specification of @disk, as in xl-disk-configuration(5). */
char *snap_disk_spec(libxl_snapshot_ctx *sc, const libxl_device_disk *disk);

/*-- json: text of objects, and safe reading --------------------------------*/

/*
 * The text of a JSON object.  Arguments are pairs up to NULL; a key's first
 * two characters give the type of its value: "s:" string (NULL leaves the
 * pair out), "j:" JSON text, "b:" int as boolean, "u:" uint64_t.
 */
char *snap_json_object(libxl_snapshot_ctx *sc, const char *key, ...)
    __attribute__((sentinel));
char *snap_json_array(libxl_snapshot_ctx *sc, const char *const *items,
                      int num);         /* items are JSON text */
char *snap_json_strings(libxl_snapshot_ctx *sc, const char *const *items,
                        int num);

/* Parse @text; NULL if it is not JSON or nests deeper than 256 levels.
 * Free with yajl_tree_free(). */
yajl_val snap_json_parse(const char *text);
/* A member of an object; NULL (or the default) if missing or of another type.
 * The string is the tree's. */
yajl_val snap_json_get(yajl_val obj, const char *key);
const char *snap_json_str(yajl_val obj, const char *key);
bool snap_json_bool(yajl_val obj, const char *key);
uint64_t snap_json_u64(yajl_val obj, const char *key);

/*-- name: rules for what users and guests name -----------------------------*/

#define SNAP_NAME_MAX 128

/* Refuse, naming @what, a name that is not valid. */
int snap_name_check(libxl_snapshot_ctx *sc, const char *name);

/*-- facts: what gather found -----------------------------------------------*/

enum snap_backend {
    SNAP_BACKEND_NONE,              /* no such device in xenstore */
    SNAP_BACKEND_QDISK,
    SNAP_BACKEND_PHY,               /* blkback */
    SNAP_BACKEND_OTHER,
    SNAP_BACKEND_OFFLINE,           /* the domain does not run */
};

struct snap_disk {
    const libxl_device_disk *stored;    /* points into the domain's config */
    const char *vdev;
    const char *path;                   /* active layer, from the config */
    bool wanted;                        /* writable, no cdrom */
    int devid;
    enum snap_backend backend;
    uint32_t backend_domid;
    const char *be_path;                /* xenstore */
    bool discard;                       /* the guest's discards reach the file */
    /* what QEMU says, or qemu-img if nobody runs it; node is NULL where QEMU
     * has no such disk */
    const char *node;
    const char *node_file;
    const char *node_driver;
    bool emulated;                      /* also an IDE, AHCI or SCSI disk */
    uint64_t virtual_size;              /* bytes */
    int num_layers;
    const char **layers;                /* file names, active first */
    int num_tags;
    const char **tags;                  /* internal snapshots of the active layer */
    /* where hooks were asked (libxl_snap_hook.h) */
    const struct snap_hook *hook;       /* the one that takes it, or NULL */
    const char *no_hook;                /* why none does; NULL: there is none */
};

struct snap_domain {
    uint32_t domid;
    libxl_uuid uuid;
    const char *uuid_str;
    const char *name;
    libxl_domain_type type;
    bool paused, shutdown, dying;
    const char *asked_to;               /* "poweroff", "reboot"; or NULL, "" */
    uint64_t memory_kb;
    bool pv_drivers;                    /* HVM: suspends only by answering */
    bool dm_restricted, stubdom, config_update;
    pid_t qemu_pid;                     /* 0: none */
    const char *qemu_version;
    int num_monitors;
    pid_t *monitors;                    /* xl's daemon for this domain */
    libxl_domain_config config;         /* the stored one */
    int num_disks;
    struct snap_disk *disks;
    int num_nodes;
    const char **nodes;                 /* all node names in QEMU */
};

/* Fill @dom.  Dispose it whatever the result. */
int snap_gather_domain(libxl_snapshot_ctx *sc, uint32_t domid,
                       struct snap_domain *dom);
/* The same for a domain that does not run, from its config. */
int snap_gather_offline(libxl_snapshot_ctx *sc,
                        const libxl_domain_config *config,
                        struct snap_domain *dom);
void snap_domain_init(struct snap_domain *dom);
void snap_domain_dispose(struct snap_domain *dom);
const struct snap_disk *snap_domain_disk(const struct snap_domain *dom,
                                         const char *vdev);

/* query-block's reply (and the vdev of each of its devices) into the disks
 * of @dom.  Pure. */
struct snap_qemu_device {
    const char *vdev;                   /* NULL: not a xen-block device */
    yajl_val inserted;
};
int snap_graph_apply(libxl_snapshot_ctx *sc, struct snap_domain *dom,
                     const struct snap_qemu_device *devices, int num);

/* The disks of dom->config, as far as that tells. */
void snap_gather_disks(libxl_snapshot_ctx *sc, struct snap_domain *dom);

/* The names of the internal snapshots in QEMU's ImageInfo @image. */
int snap_image_tags(libxl_snapshot_ctx *sc, yajl_val image,
                    const char ***tags_r);
/* The file of a layer.  QEMU names one that was opened with options of its own
 * "json:{...}", where the file is inside, below its format. */
const char *snap_image_file(libxl_snapshot_ctx *sc, yajl_val image);

/* What "qemu-img info" says of an image. */
struct snap_image_info {
    uint64_t virtual_size;
    int num_tags;
    const char **tags;
    int num_layers;
    const char **layers;                /* file names, its own first */
};
int snap_gather_image(libxl_snapshot_ctx *sc, const char *path,
                      const char *format, struct snap_image_info *info_r);
/* Whether the running domain @domid has @parent, or an overlay on it, as its
 * disk @vdev. */
int snap_gather_is_on(libxl_snapshot_ctx *sc, uint32_t domid, const char *vdev,
                      const char *parent, bool *is_r);

/*-- check: refusals, each a sentence ---------------------------------------*/

/* It runs or is paused. */
int snap_check_domain_alive(libxl_snapshot_ctx *sc,
                            const struct snap_domain *dom);
/* We can work on it. */
int snap_check_domain(libxl_snapshot_ctx *sc, const struct snap_domain *dom);
/* The layers of a disk in a list for snap_check_unused(): nobody else may use
 * the first one (@base: write to it), nor write to the others. */
struct snap_layers {
    int num;
    struct snap_file_use *files;
};
void snap_layers_add(libxl_snapshot_ctx *sc, struct snap_layers *layers,
                     const char *vdev, const char *const *paths, int num,
                     bool base);
/* Nobody else uses them. */
int snap_check_unused(libxl_snapshot_ctx *sc, const struct snap_layers *layers,
                      pid_t qemu_pid, uint32_t domid);
/* @path does not exist, its folder does and takes @bytes more. */
int snap_check_target(libxl_snapshot_ctx *sc, const char *what,
                      const char *path, const char *directory,
                      uint64_t bytes);

/* The same for an overlay that is to be made: its metadata at birth, and room
 * for the guest's next writes. */
#define SNAP_OVERLAY_BYTES (UINT64_C(4) << 20)
int snap_check_overlay(libxl_snapshot_ctx *sc, const char *path);

/* The guest's file systems can be frozen: by its agent (@command NULL), or by
 * @command. */
int snap_check_quiesce(libxl_snapshot_ctx *sc, const struct snap_domain *dom,
                       const char *command);

/*-- plan: steps as data ----------------------------------------------------*/

enum snap_step_kind {
    SNAP_STEP_MKDIR,            /* path; 0700 */
    SNAP_STEP_RMDIR,            /* path */
    SNAP_STEP_CREATE_FILE,      /* path, owner and mode as like, content */
    SNAP_STEP_UNLINK,           /* path */
    SNAP_STEP_PUBLISH,          /* fsync path, rename it to `to', fsync folder */
    SNAP_STEP_FREEZE,           /* path: nobody can write it any more */
    SNAP_STEP_EXEC,             /* argv, what for messages */
    SNAP_STEP_HOOK,             /* path, command (its verb), arguments */
    SNAP_STEP_QMP,              /* command, arguments */
    SNAP_STEP_SAVE,             /* suspend the domain into path; live */
    SNAP_STEP_RESUME,
    SNAP_STEP_PAUSE,
    SNAP_STEP_UNPAUSE,
    SNAP_STEP_QUIESCE,          /* path (agent's socket) or argv; undo: THAW */
    SNAP_STEP_THAW,             /* the same */
    SNAP_STEP_REPOINT,          /* disks */
    SNAP_STEP_HOLD_MONITOR,     /* pids */
    SNAP_STEP_RELEASE_MONITOR,  /* pids */
    SNAP_STEP_DESTROY,
    SNAP_STEP_RESTORE,          /* path, content (config), argv */
    SNAP_STEP_BOOT,             /* argv */
};

/* A disk's new image, for SNAP_STEP_REPOINT. */
struct snap_repoint {
    const char *vdev;
    const char *be_path;
    int devid;
    const char *from;           /* path that must be there now */
    const char *to;
    libxl_disk_format format;
};

struct snap_step {
    enum snap_step_kind kind;
    const char *what;           /* "pause the domain"; an infinitive phrase */
    const char *path, *to, *like;
    const char *content;        /* CREATE_FILE, SAVE, RESTORE */
    const char **argv;
    const char *command, *arguments;
    bool live;
    bool stops;                 /* PAUSE: the guest ran until then */
    int num_repoints;
    const struct snap_repoint *repoints;
    int num_pids;
    const pid_t *pids;

    struct snap_step *undo;     /* NULL: nothing to undo */
    bool undo_if_failed;        /* a failed step may have half happened */
    bool commit_point;          /* once done there is no way but forward */
    bool needs_all;             /* past it: only if all steps before worked */
    bool needs_known;           /* past it: only if it is known to be done */
    int ends;                   /* index of the step whose undo this makes
                                 * superfluous; -1: none */
};

struct snap_plan {
    int num_steps, max_steps;
    struct snap_step *steps;
};

/* Append a step and return it, to be filled in; valid until the next one. */
struct snap_step *snap_plan_add(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                                enum snap_step_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Give @step an undo and return that. */
struct snap_step *snap_step_undo(libxl_snapshot_ctx *sc,
                                 struct snap_step *step,
                                 enum snap_step_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
int snap_plan_last(const struct snap_plan *plan);   /* index of the last step */
/* Steps that several operations use. */
void snap_plan_create_file(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                           const char *path, const char *like,
                           const char *content, const char *what);
void snap_plan_exec(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                    const char *what, const char **argv);
const char **snap_argv(libxl_snapshot_ctx *sc, const char *arg, ...)
    __attribute__((sentinel));
/* Freeze the guest's file systems by its agent, or by @command if that is not
 * NULL, which snap_check_quiesce() has found possible; returns the index of the
 * step.  And thaw them. */
int snap_plan_quiesce(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                      const struct snap_domain *dom, const char *command);
void snap_plan_thaw(libxl_snapshot_ctx *sc, struct snap_plan *plan,
                    int quiesce);
char *snap_plan_to_json(libxl_snapshot_ctx *sc, const struct snap_plan *plan);
void snap_plan_to_result(libxl_snapshot_ctx *sc, const struct snap_plan *plan,
                         libxl_domain_snapshot_result *result);

/*-- engine: which step is next ---------------------------------------------*/

/*
 * FORWARD  -> COMMITTED   when a commit point is done, or may be
 *          -> UNWINDING   when a step fails
 *          -> DONE        at the end of the plan
 * COMMITTED -> DONE       at the end; a failure is kept, later steps still run
 * UNWINDING -> DONE       when the last undo is done
 *
 * engine_next  returns the step to perform, NULL in DONE
 * engine_done  takes the result of the step that engine_next returned last
 * engine_lost  the same, for a failure that does not tell whether the step was
 *              done: QEMU was sent the transaction and has not answered
 */
enum snap_engine_state {
    SNAP_ENGINE_FORWARD,
    SNAP_ENGINE_COMMITTED,
    SNAP_ENGINE_UNWINDING,
    SNAP_ENGINE_DONE,
};

struct snap_engine {
    const struct snap_plan *plan;
    enum snap_engine_state state;
    int at;                     /* next step, or next to undo */
    int rc;                     /* the first failure */
    bool committed;
    bool unknown;               /* committed, or perhaps not */
    bool *undoable;             /* by step: done, and not ended by another */
};

void snap_engine_init(libxl_snapshot_ctx *sc, struct snap_engine *engine,
                      const struct snap_plan *plan);
const struct snap_step *snap_engine_next(struct snap_engine *engine);
void snap_engine_done(struct snap_engine *engine, int rc);
void snap_engine_lost(struct snap_engine *engine, int rc);

/*-- create: what its two files share ---------------------------------------*/

/* A file that it leaves behind: written under the partial name first. */
struct snap_create_file {
    const char *what;               /* in messages */
    const char *path, *partial;
    const char *content;            /* NULL: the memory image */
};

struct snap_disk_op;                /* libxl_snap_driver.h */

struct snap_create {
    const libxl_domain_snapshot_params *params;
    struct snap_domain dom;         /* domid SNAP_NO_DOMAIN: it does not run */
    int num_ops;
    struct snap_disk_op *ops;
    const char *image_config;       /* JSON for the memory image */
    int num_files;
    struct snap_create_file files[3];
    struct snap_plan plan;
};

/* A paused domain of this kind can be saved: it need not answer. */
bool snap_create_saves_paused(const struct snap_domain *dom);
/* The guest is to be frozen, and there is one. */
bool snap_create_quiesces(const struct snap_create *c);
void snap_create_plan(libxl_snapshot_ctx *sc, struct snap_create *c);

/*-- run: perform a plan ----------------------------------------------------*/

struct snap_run {
    uint32_t domid;             /* RESTORE: replaced by the new one */
    const char *uuid_str;
    const char *domain_name;
    uint64_t stopped_us;        /* when the guest stopped; 0: it did not */
    uint64_t running_us;        /* when it ran again */
    bool committed;
    bool unknown;               /* whether the commit point was passed */
    bool lost;                  /* the last step may or may not be done */
    bool restored;              /* xl has restored the domain */
    const char *qmp_path;       /* NULL: the socket that libxl gave its QEMU */
    struct snap_qmp *qmp;
    struct snap_keeper *keeper;     /* NULL: the guest is not frozen */
};

/*
 * Perform @plan on the domain that @run names.  Returns the first failure.
 * run->committed tells whether the plan's commit point was passed.
 */
int snap_run_plan(libxl_snapshot_ctx *sc, struct snap_run *run,
                  const struct snap_plan *plan);

/*-- seam: exec, the only file that forks -----------------------------------*/

/* What a program printed on stdout, NUL-terminated, at most 16 MiB. */
struct snap_exec_output {
    char *out;
};

/*
 * Run argv[0] (looked up in PATH) with nothing on stdin, wait at most
 * @timeout_ms, then kill it and what it started.  @what names the purpose in
 * messages.  @output_r may be NULL.
 * Fails unless it exits 0; the message has the last line of its stderr.
 * Errors: ERROR_NOTFOUND (no such program), ERROR_TIMEDOUT, ERROR_FAIL.
 */
int snap_exec(libxl_snapshot_ctx *sc, const char *what,
              const char *const *argv, int timeout_ms,
              struct snap_exec_output *output_r);

/* What a program gets on its standard input: @head, then the rest of @fd
 * (-1: nothing) from its file offset. */
struct snap_exec_input {
    const void *head;
    size_t head_len;
    int fd;
    const char *const *env;         /* NAME=VALUE, added; NULL: none */
};

/* As snap_exec(), with @input; @timeout_ms counts from when the program last
 * took some of it. */
int snap_exec_fed(libxl_snapshot_ctx *sc, const char *what,
                  const char *const *argv, int timeout_ms,
                  const struct snap_exec_input *input,
                  struct snap_exec_output *output_r);

/*
 * Run @body, with one end of a socket pair, in a process of its own: one that
 * lives on if we are killed and that no Ctrl-C meant for us reaches.  The other
 * end is *fd_r, where its end shows as that of the stream.
 */
typedef void snap_process(libxl_snapshot_ctx *sc, int fd, void *opaque);
int snap_exec_process(libxl_snapshot_ctx *sc, snap_process *body, void *opaque,
                      int *fd_r);

/*-- seam: stream, lines of JSON over a unix socket -------------------------*/

/* A connection.  @fd is -1 until it is open. */
struct snap_stream {
    const char *peer;           /* "QEMU", for messages */
    const char *path;           /* NULL: it has none */
    int fd;
    size_t limit;               /* of a message, 64 KiB times a power of 2 */
    char *buf;                  /* what came and is not yet used */
    size_t len, max;
};

/* When @ms (0: @usual_ms) from now have passed. */
uint64_t snap_deadline(int ms, int usual_ms);
/*
 * All take a @deadline by snap_now_us() and fail with ERROR_TIMEDOUT, or with
 * ERROR_FAIL if the peer is gone, ERROR_PROTOCOL_ERROR_QMP if a message is not
 * what it ought to be.  @doing is for their message.
 */
int snap_stream_connect(libxl_snapshot_ctx *sc, struct snap_stream *s,
                        uint64_t deadline);
int snap_stream_send(libxl_snapshot_ctx *sc, struct snap_stream *s,
                     const char *text, uint64_t deadline, const char *doing);
/* Drop what comes, up to and with a byte @mark. */
int snap_stream_skip(libxl_snapshot_ctx *sc, struct snap_stream *s, char mark,
                     uint64_t deadline, const char *doing);
/* *msg_r: a JSON object, to be freed with yajl_tree_free().  Of a line that is
 * none, snap_stream_line() makes NULL, snap_stream_receive() an error. */
int snap_stream_line(libxl_snapshot_ctx *sc, struct snap_stream *s,
                     uint64_t deadline, const char *doing, yajl_val *msg_r);
int snap_stream_receive(libxl_snapshot_ctx *sc, struct snap_stream *s,
                        uint64_t deadline, const char *doing,
                        yajl_val *msg_r);
/* Whether @reply has "return"; else fail, with the words in its "error". */
int snap_stream_judge(libxl_snapshot_ctx *sc, const struct snap_stream *s,
                      const char *command, yajl_val reply);
/* Return @rc; if that is a timeout, say who else is on the socket. */
int snap_stream_blame(libxl_snapshot_ctx *sc, const struct snap_stream *s,
                      int rc);
void snap_stream_close(struct snap_stream *s);  /* twice is fine */

/*-- seam: qmp, the only file that talks to QEMU ----------------------------*/

/*
 * A connection to the QEMU of a domain.  While it is open no libxl function
 * may be called that may talk to QEMU itself: libxl would wait for the lock
 * that we hold.
 */
struct snap_qmp;
int snap_qmp_open(libxl_snapshot_ctx *sc, uint32_t domid, const char *uuid_str,
                  struct snap_qmp **qmp_r);
/* @path: any QMP socket, no lock; for QEMUs that are not libxl's. */
int snap_qmp_open_path(libxl_snapshot_ctx *sc, const char *path,
                       struct snap_qmp **qmp_r);
void snap_qmp_close(struct snap_qmp *qmp);      /* NULL is fine */
/*
 * Execute @command.  @reply_r (may be NULL) gets the whole reply, to be freed
 * with yajl_tree_free(); its "return" member is there.
 * Errors: ERROR_QMP_GENERIC_ERROR (QEMU's own words in the message),
 * ERROR_TIMEDOUT, ERROR_PROTOCOL_ERROR_QMP, ERROR_FAIL (gone).
 */
int snap_qmp_execute(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                     const char *command, const char *arguments,
                     yajl_val *reply_r);
/* The version in QEMU's greeting, e.g. "7.2.22". */
const char *snap_qmp_version(const struct snap_qmp *qmp);

/*-- seam: agent, the guest agent -------------------------------------------*/

/* @peer names it in messages, @path is its channel's socket. */
struct snap_agent;
int snap_agent_open(libxl_snapshot_ctx *sc, const char *peer, const char *path,
                    struct snap_agent **agent_r);
void snap_agent_close(struct snap_agent *agent);    /* NULL is fine */
/* Errors as of snap_qmp_execute().  *num_r: of file systems. */
int snap_agent_is_frozen(libxl_snapshot_ctx *sc, struct snap_agent *agent,
                         bool *frozen_r);
int snap_agent_freeze(libxl_snapshot_ctx *sc, struct snap_agent *agent,
                      uint64_t *num_r);
int snap_agent_thaw(libxl_snapshot_ctx *sc, struct snap_agent *agent,
                    uint64_t *num_r);

/*-- seam: keeper, a freeze whose thaw cannot be forgotten ------------------*/

struct snap_quiesce {
    const char *domain;                 /* its name */
    const char *socket;                 /* of the guest agent's channel; or */
    const char *const *freeze, *const *thaw;    /* argv of programs */
};

/*
 * Freeze the guest's file systems.  They are thawed by snap_thaw(), or when
 * this process ends in whatever way, or when quiesce_limit_ms have passed.
 * On failure they are thawed already, or the message says that they may not be.
 */
struct snap_keeper;
int snap_quiesce(libxl_snapshot_ctx *sc, const struct snap_quiesce *how,
                 struct snap_keeper **keeper_r);
/* Thaw them.  Succeeds only if they were frozen until now. */
int snap_thaw(libxl_snapshot_ctx *sc, struct snap_keeper *keeper);
/* Thaw them without waiting for it. */
void snap_quiesce_drop(struct snap_keeper *keeper); /* NULL is fine */

/*-- seam: dom and save, which alone make libxl act on a domain -------------*/

int snap_dom_info(libxl_snapshot_ctx *sc, uint32_t domid, libxl_dominfo *info);
int snap_dom_uuid(libxl_snapshot_ctx *sc, uint32_t domid, libxl_uuid *uuid_r);
/* Suspend the domain into @fd; a stop signal ends it with ERROR_ABORTED.
 * *stopped_us_r: when its vCPUs stopped, by snap_now_us(); 0 if that was not
 * seen. */
int snap_dom_save(libxl_snapshot_ctx *sc, uint32_t domid, int fd, bool live,
                  uint64_t *stopped_us_r);
bool snap_dom_is_suspended(libxl_snapshot_ctx *sc, uint32_t domid);
int snap_dom_resume(libxl_snapshot_ctx *sc, uint32_t domid);
int snap_dom_pause(libxl_snapshot_ctx *sc, uint32_t domid);
int snap_dom_unpause(libxl_snapshot_ctx *sc, uint32_t domid);
int snap_dom_destroy(libxl_snapshot_ctx *sc, uint32_t domid);
/* The domain of this uuid; *domid_r is SNAP_NO_DOMAIN where there is none. */
int snap_dom_find(libxl_snapshot_ctx *sc, const libxl_uuid *uuid,
                  uint32_t *domid_r);
/* The signals that ask us to stop. */
void snap_signals_set(sigset_t *set);
/* One of them has come (snap_signals_block() first). */
bool snap_signals_pending(void);
void snap_signals_block(sigset_t *old);
/* Forget the pending ones: they have been answered. */
void snap_signals_drop(void);
void snap_signals_restore(const sigset_t *old);

/*-- seam: xs, xenstore and the stored config -------------------------------*/

/* The value of @path, or NULL. */
char *snap_xs_read(libxl_snapshot_ctx *sc, const char *path);
/* The name of a domain, its number where it has none. */
const char *snap_xs_domain_name(libxl_snapshot_ctx *sc, uint32_t domid);
/* Make all three places name the new images; see libxl_snap_xs.c. */
int snap_xs_repoint(libxl_snapshot_ctx *sc, uint32_t domid,
                    const char *uuid_str, const struct snap_repoint *repoints,
                    int num);

/*-- seam: lock -------------------------------------------------------------*/

/*
 * Take flock(2) on @path, which may be unlinked by a holder; wait at most
 * @timeout_ms.  *fd_r is closed by snap_unlock().
 * Errors: ERROR_LOCK_FAIL, with the holder named.
 */
int snap_lock(libxl_snapshot_ctx *sc, const char *path, int timeout_ms,
              const char *what, int *fd_r);
/* @unlink_path: remove the file first, as libxl does with its own; or NULL. */
void snap_unlock(int *fd, const char *unlink_path);
/* The lock that one operation holds on a domain; @id: its uuid, or its name if
 * it does not run. */
int snap_lock_domain(libxl_snapshot_ctx *sc, const char *id, int *fd_r);

/*-- seam: file -------------------------------------------------------------*/

int snap_file_create(libxl_snapshot_ctx *sc, const char *path,
                     const char *like, const char *content);
int snap_file_unlink(libxl_snapshot_ctx *sc, const char *path);
int snap_file_mkdir(libxl_snapshot_ctx *sc, const char *path);
int snap_file_rmdir(libxl_snapshot_ctx *sc, const char *path);
int snap_file_publish(libxl_snapshot_ctx *sc, const char *path,
                      const char *to);
/*
 * Make @path unwritable, for root and its QEMU too (modes do not stop them):
 * immutable where the file system has that, else without any write bit.
 * Undone with "chattr -i".  Block devices are left as they are.
 */
int snap_file_freeze(libxl_snapshot_ctx *sc, const char *path);
bool snap_file_is_frozen(const char *path);
bool snap_file_exists(const char *path);
const char *snap_file_dirname(libxl_snapshot_ctx *sc, const char *path);
/* Free bytes for root on the file system of folder @path. */
int snap_file_space(libxl_snapshot_ctx *sc, const char *path,
                    uint64_t *bytes_r);
/* The whole of a file of at most @max bytes, NUL-terminated. */
int snap_file_read(libxl_snapshot_ctx *sc, const char *path, size_t max,
                   char **text_r);
int snap_file_write_all(int fd, const void *buf, size_t len);

/*-- seam: image, the memory image's file -----------------------------------*/

/* What comes before libxl's stream: xl's header and the config @json. */
void snap_image_header(libxl_snapshot_ctx *sc, const char *json,
                       const void **head_r, size_t *len_r);
/*
 * Check that @path is a complete memory image.  *json_r gets the config in
 * it, *stream_r the offset of libxl's stream.
 */
int snap_image_check(libxl_snapshot_ctx *sc, const char *path, char **json_r,
                     off_t *stream_r);

/*-- seam: process, processes by their file descriptors ---------------------*/

/* "qemu-nbd (pid 412)", or "domain web (qemu-system-i38, pid 412)". */
char *snap_process_name(libxl_snapshot_ctx *sc, pid_t pid);
/* The processes with a file descriptor for which @match, given its number as
 * text, says true; never ourselves. */
typedef bool snap_match_fd(libxl_snapshot_ctx *sc, pid_t pid, const char *fd,
                           void *opaque);
int snap_processes_with_fd(libxl_snapshot_ctx *sc, snap_match_fd *match,
                           void *opaque, pid_t **pids_r, int *num_r);
/* The process that is connected to the unix socket @path, or NULL. */
char *snap_users_of_socket(libxl_snapshot_ctx *sc, const char *path);
/* The first line of a file of /proc or /sys, or NULL. */
char *snap_kernel_line(libxl_snapshot_ctx *sc, const char *path);

/*-- seam: users, who uses a file -------------------------------------------*/

struct snap_file_use {
    const char *who;            /* whose file: "disk xvda" */
    const char *path;
    bool write_only;            /* a base: others may read it */
    char *users;                /* set: e.g. "qemu-nbd (pid 412)"; NULL: none */
};

/* Who is no user: a domain's QEMU (0: none) and its blkback. */
struct snap_users_except {
    pid_t pid;
    uint32_t domid;             /* SNAP_NO_DOMAIN: none */
};

/* Set the users of all @files in one pass over the system. */
int snap_users_of_files(libxl_snapshot_ctx *sc, struct snap_file_use *files,
                        int num, const struct snap_users_except *except);

/*-- seam: monitor, xl's daemon of a domain ---------------------------------*/

/* The pids of the xl that watches domain @name; *num_r is 0 where nobody
 * does. */
int snap_monitor_find(libxl_snapshot_ctx *sc, const char *name,
                      pid_t **pids_r, int *num_r);
/* Stop it, until it is released or this process ends. */
int snap_monitor_hold(libxl_snapshot_ctx *sc, const pid_t *pids, int num);
int snap_monitor_release(libxl_snapshot_ctx *sc, const pid_t *pids, int num);

#endif /* LIBXL_SNAP_INTERNAL_H */
