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
 *   seams       libxl_snap_seams.h      alone touch the world
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
    int step_ms;                        /* of anything else */
    const char *hook_dir;           /* NULL: the usual one */
    char *journal_dir;              /* NULL: no journal is kept */
    const struct snap_lvm *lvm;     /* asked once an operation; or NULL */
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
/* @seconds since the epoch as local time; NULL: it is no time. */
const char *snap_date(libxl_snapshot_ctx *sc, uint64_t seconds);

/*-- types: the public structs ---------------------------------------------*/

/* Make @disk a writable disk of a snapshot.  Not libxl_device_disk_copy(),
 * which needs a libxl context (it crashes without, 4.17). */
void snap_device_disk_set(libxl_device_disk *disk, const char *vdev,
                          const char *path, libxl_disk_format format);
/* Make @disk what @stored is, on another image. */
void snap_device_disk_repoint(libxl_snapshot_ctx *sc, libxl_device_disk *disk,
                              const libxl_device_disk *stored,
                              const char *path, libxl_disk_format format);

/* The snapshot leaves out the disk @vdev. */
void snap_skipped_add(libxl_domain_snapshot *snap, const char *vdev);
void snap_verification_add(libxl_domain_snapshot_verification *verification,
                           const char *what, const char *path,
                           const char *error);

/*-- config: xl.cfg syntax --------------------------------------------------*/

/* @s as a string of xl.cfg, in quotes. */
char *snap_config_quote(libxl_snapshot_ctx *sc, const char *s);
/* The snapshot config @text; @path is for messages. */
int snap_config_parse(libxl_snapshot_ctx *sc, const char *path,
                      const char *text, libxl_domain_snapshot *snap);

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

/* Parse @text; NULL if it is not JSON, has comments, or nests deeper than 256
 * levels.  Free with yajl_tree_free(). */
yajl_val snap_json_parse(const char *text);
/* A member of an object; NULL (or the default) if missing or of another type.
 * The string is the tree's. */
yajl_val snap_json_get(yajl_val obj, const char *key);
const char *snap_json_str(yajl_val obj, const char *key);
bool snap_json_bool(yajl_val obj, const char *key);
uint64_t snap_json_u64(yajl_val obj, const char *key);

#include "libxl_snap_imageinfo.h"

/*-- name: rules for what users and guests name -----------------------------*/

#define SNAP_NAME_MAX 128

/* Refuse, naming @what, a name that is not valid. */
int snap_name_check(libxl_snapshot_ctx *sc, const char *name);

/*-- facts: what gather found -----------------------------------------------*/

/* What the footer of a vhd says. */
enum snap_vhd {
    SNAP_VHD_NONE,                  /* the disk is no vhd */
    SNAP_VHD_PLAIN,                 /* fixed or dynamic: complete by itself */
    SNAP_VHD_DIFFERENCING,          /* what it lacks is in a parent vhd */
    SNAP_VHD_BAD,                   /* it is damaged, or not a vhd at all */
};

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
    const char *driver_domain;          /* named in the config; NULL: none */
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
    const struct snap_layer *chain;     /* the same layers, with more of each */
    int num_tags;
    const char **tags;                  /* internal snapshots of the active layer */
    const struct snap_lv *lv;           /* NULL: the image is no volume */
    /* where hooks were asked (libxl_snap_hook.h) */
    const struct snap_hook *hook;       /* the one that takes it, or NULL */
    const char *no_hook;                /* why none does; NULL: there is none */
    enum snap_vhd vhd;
    bool tapdisk;                       /* script=block-tap serves this vhd */
    bool vhd_util;                      /* for that: the program is there */
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

/* What "qemu-img info" says of an image. */
struct snap_image_info {
    uint64_t virtual_size;
    int num_tags;
    const char **tags;
    int num_layers;
    const char **layers;                /* file names, its own first */
    const struct snap_layer *chain;     /* the same, with more of each */
};
/* One run of it, however deep the chain is. */
int snap_gather_image(libxl_snapshot_ctx *sc, const char *path,
                      const char *format, struct snap_image_info *info_r);
/* Whether the qcow2 @path has the internal snapshot @tag. */
int snap_gather_has_tag(libxl_snapshot_ctx *sc, const char *path,
                        const char *tag, bool *has_r);
/* The kind of vhd that @disk is; nothing is done if it is none. */
int snap_gather_vhd(libxl_snapshot_ctx *sc, struct snap_disk *disk);
/* Whether the running domain @domid has @parent, or an overlay on it, as its
 * disk @vdev. */
int snap_gather_is_on(libxl_snapshot_ctx *sc, uint32_t domid, const char *vdev,
                      const char *parent, bool *is_r);

/* Whether there is a volume VG/LV now. */
int snap_gather_lv_exists(libxl_snapshot_ctx *sc, const char *id,
                          bool *exists_r);

/*-- check: refusals, each a sentence ---------------------------------------*/

/* It runs or is paused. */
int snap_check_domain_alive(libxl_snapshot_ctx *sc,
                            const struct snap_domain *dom);
/* We can work on it. */
int snap_check_domain(libxl_snapshot_ctx *sc, const struct snap_domain *dom);
/* It is complete enough for a revert. */
int snap_check_snapshot(libxl_snapshot_ctx *sc,
                        const libxl_domain_snapshot *snap);
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
/* Revert: the snapshot may lack the writable disk @vdev. */
int snap_check_left_out(libxl_snapshot_ctx *sc,
                        const libxl_domain_snapshot *snap, const char *vdev,
                        bool allowed);
/* @path is a vhd that is complete by itself. */
int snap_check_vhd(libxl_snapshot_ctx *sc, const char *vdev, const char *path);
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

#include "libxl_snap_plan.h"

/*-- create: what its files share -------------------------------------------*/

/* A file that it leaves behind: written under the partial name first. */
struct snap_create_file {
    const char *what;               /* in messages */
    const char *path, *partial;
    const char *content;            /* NULL: the memory image */
};

struct snap_disk_op;                /* libxl_snap_driver.h */

struct snap_create {
    libxl_domain_snapshot_params *params;
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
/* The disk is writable, and the caller has not named it. */
bool snap_create_leaves_out(const struct snap_create *c,
                            const struct snap_disk *disk);
/* So it is, and may be: it could not have been taken. */
bool snap_create_skips(libxl_snapshot_ctx *sc, const struct snap_create *c,
                       const struct snap_disk *disk);
int snap_create_check(libxl_snapshot_ctx *sc, const struct snap_create *c);
void snap_create_plan(libxl_snapshot_ctx *sc, struct snap_create *c);

/*-- run: perform a plan ----------------------------------------------------*/

struct snap_journal_head;           /* libxl_snap_journal.h */

struct snap_run {
    uint32_t domid;             /* RESTORE: replaced by the new one */
    const char *uuid_str;
    const char *domain_name;
    const struct snap_journal_head *head;   /* NULL: no journal is kept */
    uint64_t stopped_us;        /* when the guest stopped; 0: it did not */
    uint64_t running_us;        /* when it ran again */
    bool committed;
    bool signalled;             /* after that, and it went on */
    bool unknown;               /* whether the commit point was passed */
    bool lost;                  /* the last step may or may not be done */
    bool restored;              /* xl has restored the domain */
    const char *qmp_path;       /* NULL: the socket that libxl gave its QEMU */
    struct snap_qmp *qmp;
    struct snap_keeper *keeper;     /* NULL: the guest is not frozen */
    struct snap_journal *journal;
    bool again;                 /* any step may have been done before: look,
                                 * and go on where one fails */
    bool left;                  /* something is neither done nor undone: the
                                 * journal stays */
};

/*
 * Perform @plan on the domain that @run names.  Returns the first failure.
 * run->committed tells whether the plan's commit point was passed.
 */
int snap_run_plan(libxl_snapshot_ctx *sc, struct snap_run *run,
                  const struct snap_plan *plan);
/* Whether @step is done already, by the state of the world: for run->again. */
int snap_step_is_done(libxl_snapshot_ctx *sc, struct snap_run *run,
                      const struct snap_step *step, bool *done_r);

#include "libxl_snap_seams.h"

#endif /* LIBXL_SNAP_INTERNAL_H */
