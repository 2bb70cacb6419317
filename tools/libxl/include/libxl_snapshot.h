/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snapshot.h: domain snapshots, the mechanism.
 *
 * A domain snapshot is the memory image of a domain and one disk snapshot
 * for each of its disks, all of one instant.  The caller names every path;
 * the library invents none, keeps no database, prints nothing.
 *
 * Return values are libxl's: 0 or a negative ERROR_*.  The reason, as a
 * sentence for the user, is in libxl_snapshot_ctx_error().
 *
 * Types with _init and _dispose follow libxl: _init before first use,
 * _dispose frees what the struct owns and may be called twice.  Strings in
 * results are malloc'd and owned by the struct.
 */
#ifndef LIBXL_SNAPSHOT_H
#define LIBXL_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <libxl.h>
#include <libxlutil.h>
#include <xentoollog.h>

/* The library version that first has all that this header declares. */
#define LIBXL_HAVE_DOMAIN_SNAPSHOT 1

/*
 * For the main() of a program that root runs, before all else: so that no
 * file gets the number of a standard file that is missing (what is written
 * to stdout then fails), and that no program that libxl starts gets the
 * caller's files, or of its environment more than xl-snapshot(1) says.
 */
void libxl_snapshot_process_begin(void);

/*
 * A context: the libxl context to work with, the log, the last error.  Two
 * threads must not use one context at the same time.
 */
typedef struct libxl_snapshot_ctx libxl_snapshot_ctx;

/*
 * Make a context on @ctx; *sc_r is freed with libxl_snapshot_ctx_free().
 * @lg gets one message for each step (XTL_VERBOSE) and its details
 * (XTL_DEBUG), and progress while QEMU moves data in a chain.  Both stay the
 * caller's and must outlive the context.
 * Returns 0 or ERROR_NOMEM.
 */
int libxl_snapshot_ctx_alloc(libxl_snapshot_ctx **sc_r, libxl_ctx *ctx,
                             xentoollog_logger *lg);

/* Free @sc (NULL is fine). */
void libxl_snapshot_ctx_free(libxl_snapshot_ctx *sc);

/*
 * The sentence that says what failed in the last call on @sc, on what,
 * why, and what to do; NULL if it did not fail.  Owned by @sc; valid until
 * the next call on @sc.
 */
const char *libxl_snapshot_ctx_error(const libxl_snapshot_ctx *sc);

/*
 * Keep a journal of each operation in the folder @dir, which is made when
 * it is needed and removed when it is empty.  An operation that was cut
 * off can then be undone or completed (libxl_snapshot_recover()), and
 * until it is, no other operation on that domain begins.  @dir is copied;
 * NULL, the default: keep no journal.
 */
void libxl_snapshot_ctx_set_journal(libxl_snapshot_ctx *sc,
                                    const char *dir);

typedef enum libxl_snapshot_mode {
    LIBXL_SNAPSHOT_MODE_DEFAULT = 0,
    /* The domain stays on its image; the storage keeps the disk's state
     * inside of the image (a tag in a qcow2) or beside it (a volume). */
    LIBXL_SNAPSHOT_MODE_INTERNAL = 1,
    /* The image is frozen and becomes a base; writes go to an overlay. */
    LIBXL_SNAPSHOT_MODE_EXTERNAL = 2,
} libxl_snapshot_mode;

/* "default", "internal" or "external". */
const char *libxl_snapshot_mode_to_string(libxl_snapshot_mode mode);

/*
 * One disk of a snapshot.
 *
 * Internal: @parent holds the state.  For a qcow2 it is the image that has
 * the tag (the snapshot's name), for LVM the snapshot volume, for a hook
 * the disk itself; for LVM and hooks @parent.backend says what serves the
 * disk.  @child is unused, except in the result of revert: the disk that
 * the domain has now.
 *
 * External: @parent is the frozen base, @child the overlay that the domain
 * went on with.
 *
 * In the results of create and revert, @child has all that the domain's
 * stored config says of the disk.
 */
typedef struct libxl_disk_snapshot {
    char *vdev;
    libxl_snapshot_mode mode;
    char *driver;               /* NULL: the driver for qcow2 images */
    char *state;                /* a record of it, see
                                 * xl.snapshot.cfg(5); NULL: none */
    libxl_device_disk parent;
    libxl_device_disk child;
} libxl_disk_snapshot;

/* A domain snapshot, as create returns it and revert takes it. */
typedef struct libxl_domain_snapshot {
    char *name;
    char *description;          /* or NULL */
    char *domain_name;
    libxl_uuid domain_uuid;
    libxl_domain_type domain_type;
    uint64_t creation_time;     /* seconds since the epoch */
    libxl_defbool memory;       /* default: a ConfigFile does not say */
    char *memory_path;          /* or NULL */
    char *memory_state;         /* as a disk's */
    char *consistency;          /* NULL with memory; "crash": as after a
                                 * power cut; "clean": the guest had flushed
                                 * all and stood still; "off": the domain did
                                 * not run, whatever ended it */
    char *domain_config_path;   /* without memory: the xl.cfg to boot from; or
                                 * NULL */
    char *xen_version;          /* e.g. "4.17.7"; NULL: not known */
    char *qemu_version;         /* e.g. "7.2.22"; NULL: no QEMU */
    int num_disks;
    libxl_disk_snapshot *disks;
    int num_skipped;
    char **skipped;             /* what was left out: writable disks, by vdev,
                                 * and other devices with state, by name */
    char *lvm_size;             /* in a ConfigFile for create; or NULL */
    char *doubt;                /* why others than root may have written the
                                 * file that this was read from: no revert
                                 * does what it says; or NULL */
} libxl_domain_snapshot;

void libxl_domain_snapshot_init(libxl_domain_snapshot *snap);
void libxl_domain_snapshot_dispose(libxl_domain_snapshot *snap);

/* True if @name can name a snapshot: 1 to 128 letters, digits and "._-+",
 * not beginning with "." or "-". */
bool libxl_snapshot_name_is_valid(const char *name);
/* Why a domain of this @name has no snapshots: a phrase; NULL: it has. */
const char *libxl_snapshot_domain_name_problem(const char *name);

/* Abilities of a driver: */
#define LIBXL_SNAPSHOT_CAN_LIVE     (1u << 0)   /* while a domain runs */
#define LIBXL_SNAPSHOT_CAN_OFFLINE  (1u << 1)   /* while it does not run */
#define LIBXL_SNAPSHOT_CAN_NESTED   (1u << 2)   /* on another one */
#define LIBXL_SNAPSHOT_CAN_MERGE    (1u << 3)   /* into that below */

/* A driver: one kind of disk snapshot, on one kind of storage. */
typedef struct libxl_snapshot_driver {
    char *name;                 /* "qcow2-internal", "hook/zfs" */
    libxl_snapshot_mode mode;
    unsigned int can;           /* LIBXL_SNAPSHOT_CAN_* */
    char *program;              /* the program that it needs; NULL: none */
    char *version;              /* its, e.g. "7.2.22"; NULL: not known */
    char *problem;              /* why it is of no use on this host;
                                 * NULL: it can be used */
} libxl_snapshot_driver;

/*
 * List the drivers, those of hooks too, in the order in which they are
 * tried.  Changes nothing; asks each program for its version.  *drivers_r
 * has *num_r elements and is freed with libxl_snapshot_driver_list_free().
 * Errors: ERROR_FAIL (the folder of the hooks cannot be read).
 */
int libxl_snapshot_driver_list(libxl_snapshot_ctx *sc,
                               libxl_snapshot_driver **drivers_r,
                               int *num_r);
/* Free the result of libxl_snapshot_driver_list(). */
void libxl_snapshot_driver_list_free(libxl_snapshot_driver *drivers,
                                     int num);

/*
 * Let a hook take at most @seconds for a step; 0, the default: 300.  A
 * hook that copies images may need more.
 */
void libxl_snapshot_ctx_set_hook_timeout(libxl_snapshot_ctx *sc,
                                         unsigned int seconds);
/*
 * Let QEMU, and each program that is not a hook, take at most @seconds for
 * a step; 0, the default: 10 to 300, by the kind of step.  A merge of
 * volumes and a tag in a qcow2 get what their size asks for on top.
 */
void libxl_snapshot_ctx_set_timeout(libxl_snapshot_ctx *sc,
                                    unsigned int seconds);

/* A snapshot that the storage keeps inside of an image: a tag in a qcow2. */
typedef struct libxl_snapshot_tag {
    char *name;
    uint64_t creation_time;     /* seconds since the epoch; 0: unknown */
    uint64_t memory_bytes;      /* of QEMU's savevm; 0: none */
} libxl_snapshot_tag;

/* An image in a disk's chain. */
typedef struct libxl_snapshot_layer {
    char *path;
    char *format;               /* QEMU's name for it; NULL: not known */
    uint64_t bytes;             /* that the file takes on its disk */
    int num_tags;
    libxl_snapshot_tag *tags;
} libxl_snapshot_layer;

/* A disk of a domain, and the snapshots that can be taken of it. */
typedef struct libxl_disk_snapshot_info {
    char *vdev;
    char *path;                 /* active layer */
    libxl_disk_format format;
    int num_layers;             /* the chain, active first */
    libxl_snapshot_layer *layers;
    libxl_disk_format overlay;  /* format of an external snapshot's */
    bool is_data_disk;          /* writable, not a CD-ROM: snapshots
                                 * include it */
    char *why_no_internal;      /* why not; NULL: it can */
    char *why_no_external;      /* why not; NULL: it can */
    bool unsupported;           /* no driver can take a snapshot,
                                 * because the storage has none: the
                                 * disk can be skipped */
} libxl_disk_snapshot_info;

/*
 * List the disks of the running domain @domid (@config NULL), or of the
 * domain that does not run and has @config.  Changes nothing.  *info_r has
 * *num_r elements and is freed with libxl_disk_snapshot_info_list_free().
 * Errors: ERROR_DOMAIN_NOTFOUND, ERROR_FAIL (QEMU cannot be asked).
 * Source: libxl_retrieve_domain_configuration(), xenstore, QMP
 * query-block; qemu-img and lvs.
 */
int libxl_disk_snapshot_info_list(libxl_snapshot_ctx *sc, uint32_t domid,
                                  const libxl_domain_config *config,
                                  libxl_disk_snapshot_info **info_r,
                                  int *num_r);
void libxl_disk_snapshot_info_list_free(libxl_disk_snapshot_info *info,
                                        int num);

/* The caller's wishes for one disk. */
typedef struct libxl_disk_snapshot_params {
    char *vdev;
    libxl_snapshot_mode mode;   /* internal or external */
    char *driver;               /* NULL: the first that can */
    char *path;                 /* external: the overlay, must not exist */
    bool reuse;                 /* create: it exists, an empty one on the
                                 * disk's image, and is left as it is by a
                                 * create that fails */
} libxl_disk_snapshot_params;

typedef struct libxl_domain_snapshot_params {
    char *name;
    char *description;          /* or NULL */
    uint64_t creation_time;     /* seconds since the epoch */
    /*
     * The config of a domain that does not run, of which name and disks
     * are used; NULL: the domain runs.  Stays the caller's.
     */
    const libxl_domain_config *config;
    char *memory_path;          /* must not exist; NULL: no memory */
    char *domain_config_path;   /* without memory: where to keep the
                                 * xl.cfg that a revert is to boot from,
                                 * and its text below; or NULL */
    char *domain_config_text;
    const libxl_domain_config *boot_config; /* the same as libxlutil reads
                                 * it, so that it is known to fit; or
                                 * NULL.  Stays the caller's. */
    char *config_path;          /* the snapshot config, which must not
                                 * exist; NULL: none is written */
    char *directory;            /* made if missing, 0700, with its
                                 * parents; removed again if create
                                 * fails; or NULL */
    int num_disks;
    libxl_disk_snapshot_params *disks;
    /*
     * May be NULL.  Called if @disks is empty, when the domain is locked,
     * with its disks, to fill in params->disks (vdev, driver and path
     * malloc'd).  Must return NULL, or a malloc'd sentence that says why
     * it cannot, with which create fails.  @user is @choose_user.
     */
    char *(*choose_disks)(void *user, const libxl_disk_snapshot_info *info,
                          int num,
                          struct libxl_domain_snapshot_params *params);
    void *choose_user;
    char *lvm_size;             /* of each thick LVM snapshot: a share
                                 * of the volume ("20%") or a size
                                 * ("4G"); NULL: as large as it can ever
                                 * need to be, or a fair share of the
                                 * free space of the volume group */
    bool skip_unsupported;      /* leave out disks that @disks lacks and no
                                 * driver can take, and other devices with
                                 * state: see @skipped of the result */
    bool trust_folders;         /* go on where others than root could put
                                 * another file in an image's place */
    bool live;                  /* copy memory before the guest stops */
    bool leave_paused;
    bool unpause_to_save;       /* let a paused domain run meanwhile */
    /*
     * Without memory, and if the domain runs: freeze the guest's file
     * systems for the instant, by its agent (@quiesce_command NULL) or by
     * the program @quiesce_command, an absolute path, which is called with
     * "freeze" or "thaw" and the domain's name.  The file systems are
     * thawed after @quiesce_seconds (0: 10) at the latest, in any case; if
     * the snapshot is not done by then, it is as after a power cut: see
     * @unclean of the result.
     */
    bool quiesce;
    char *quiesce_command;
    unsigned int quiesce_seconds;
    bool dry_run;               /* plan, but change nothing */
} libxl_domain_snapshot_params;

void libxl_domain_snapshot_params_init(
    libxl_domain_snapshot_params *params);
void libxl_domain_snapshot_params_dispose(
    libxl_domain_snapshot_params *params);

/* The result of create and revert, or of a dry run of them. */
typedef struct libxl_domain_snapshot_result {
    libxl_domain_snapshot snapshot;
    uint32_t domid;             /* revert: the restored domain */
    uint64_t downtime_us;       /* from the guest's stop until it runs;
                                 * 0: unknown */
    uint64_t total_us;
    int num_steps;              /* the plan, a sentence a step */
    char **steps;
    char *plan_json;            /* the plan, for programs */
    bool signalled;             /* a signal came after the commit point */
    char *unclean;              /* the snapshot is there, but its guest was
                                 * not frozen until then, as was asked
                                 * for: why; or NULL */
    int num_unprotected;        /* create: bases that root can still write */
    char **unprotected;         /* to, since the storage cannot stop that */
    int num_accepted;           /* revert: what @accept_config took, each in */
    char **accepted;            /* words: "kernel is /a" */
    char *left;                 /* delete: of what was not removed, since
                                 * it may not be the snapshot's: sentences;
                                 * or NULL */
} libxl_domain_snapshot_result;

void libxl_domain_snapshot_result_init(
    libxl_domain_snapshot_result *result);
void libxl_domain_snapshot_result_dispose(
    libxl_domain_snapshot_result *result);

/*
 * Take a snapshot of the running or paused domain @domid, or of the one
 * that does not run and is described by @params->config (@domid:
 * INVALID_DOMID).
 *
 * All disks that @params lists are of one instant, with the memory image
 * if there is one; otherwise the guest's vCPUs are held for that instant.
 * On failure before the commit point (QEMU's transaction) the domain runs
 * on and no file is left; after it the snapshot stands, and the error says
 * which step is missing.  @result_r must be initialised.
 *
 * Errors: ERROR_DOMAIN_NOTFOUND, ERROR_INVAL (refused),
 * ERROR_GUEST_TIMEDOUT (the guest does not answer the suspend request),
 * ERROR_ABORTED (a signal), ERROR_LOCK_FAIL (someone else works on this
 * domain), ERROR_FAIL.
 * While it runs no signal but SIGKILL and SIGSTOP ends or stops it; SIGINT,
 * SIGTERM, SIGHUP, SIGQUIT and others whose default is to end a process
 * make it undo, between two steps and up to the commit point, what was
 * done.  SIGPIPE and SIGXFSZ are ignored meanwhile.
 * Source: libxl_domain_suspend(), _pause(), _resume(), _unpause(), QMP
 * blockdev-add and transaction.
 */
int libxl_domain_snapshot_create(libxl_snapshot_ctx *sc, uint32_t domid,
                                 libxl_domain_snapshot_params *params,
                                 libxl_domain_snapshot_result *result_r);

typedef struct libxl_domain_snapshot_revert_params {
    /* For each disk that the revert moves, see
     * libxl_disk_snapshot_moves(): vdev, and as path its new image. */
    int num_disks;
    libxl_disk_snapshot_params *disks;
    uint32_t domid;             /* the domain, if it has been renamed since;
                                 * 0: the one of the snapshot's name */
    char *xl_path;              /* the xl that restores and monitors */
    /* For a snapshot without memory: the xl.cfg to boot from, and its name
     * and disks as libxlutil reads them; @config stays the caller's. */
    char *domain_config_path;
    const libxl_domain_config *config;
    char *config_error;         /* without @config: why it cannot be read */
    /* Images that must not be overwritten: bases of other snapshots, and
     * their states, see libxl_snapshot_is_base(). */
    int num_bases;
    char **bases, **base_states;
    /* The domain's xl.cfg, which does not come with the snapshot; NULL: not
     * known.  If the domain does not run, the programs, files and devices
     * that the config in the memory image names, or that of
     * @domain_config_path, are compared with those of this one. */
    char *own_config_path;
    bool accept_config;         /* take them, whatever they are */
    bool accept_images;         /* and images of which nothing but the
                                 * snapshot says that they are the domain's:
                                 * neither a state on record, nor the domain
                                 * that runs, nor @own_config_path */
    bool skip_unsupported;      /* leave what was skipped as it is */
    bool trust_folders;         /* as for a create */
    bool just_taken;            /* a verification, right after the create:
                                 * that has looked at the images, and now
                                 * only their headers are read */
    bool force;                 /* revert with disks and memory even if
                                 * they have changed since the snapshot */
    bool leave_paused;
    bool dry_run;
} libxl_domain_snapshot_revert_params;

void libxl_domain_snapshot_revert_params_init(
    libxl_domain_snapshot_revert_params *params);
void libxl_domain_snapshot_revert_params_dispose(
    libxl_domain_snapshot_revert_params *params);

/* True if a revert to @ds gives the disk a new image (an overlay on the
 * frozen one, or a new volume), whose path the caller has to choose. */
bool libxl_disk_snapshot_moves(const libxl_disk_snapshot *ds);
/* True if there is a file @path or a logical volume, active or not. */
bool libxl_snapshot_path_is_taken(libxl_snapshot_ctx *sc, const char *path);
/* True if @path is, by whatever name, the base @base of a snapshot, with
 * the @state on record (NULL: none), of which the date does not count. */
bool libxl_snapshot_is_base(libxl_snapshot_ctx *sc, const char *path,
                            const char *base, const char *state);
/* True if the file or device @path has the @state on record, its date, too:
 * an image that was made anew has the same size and head. */
bool libxl_snapshot_has_state(libxl_snapshot_ctx *sc, const char *path,
                              const char *state);
/* Open a file to read it, but nothing that hangs or acts; -1: why. */
int libxl_snapshot_open_file(const char *path);
const char *libxl_snapshot_open_why(void);
/* The same of a file, or folder, that nobody but root, or we, can have
 * written; -1: *why_r says why not, until the next operation on @sc. */
int libxl_snapshot_open_trusted(libxl_snapshot_ctx *sc, const char *path,
                                const char **why_r);

/*
 * Bring the domain of @snap back to @snap.  The running domain of that name
 * and uuid, if there is one, is destroyed and its present memory is lost;
 * layers that it wrote since stay where they are.  The new domain has
 * another domid.  Everything that can be checked is checked before the
 * domain is destroyed.  @result_r must be initialised.
 *
 * Errors: ERROR_INVAL (refused), ERROR_LOCK_FAIL, ERROR_FAIL.
 * Source: libxl_domain_destroy(), qemu-img snapshot -a, xl restore.
 */
int libxl_domain_snapshot_revert(
    libxl_snapshot_ctx *sc, const libxl_domain_snapshot *snap,
    const libxl_domain_snapshot_revert_params *params,
    libxl_domain_snapshot_result *result_r);

/* A thing that a revert needs, and its state. */
typedef struct libxl_snapshot_verified_item {
    char *what;                 /* "memory image", "disk xvda" */
    char *path;                 /* of the file that was checked; or NULL */
    char *error;                /* why a revert would refuse; NULL: good */
    bool unprotected;           /* a base that root, and QEMU, can write */
    char *vdev;                 /* of a disk; else NULL */
    int num_images;             /* on which that will stand, itself among
                                 * them; 0: not known */
} libxl_snapshot_verified_item;

typedef struct libxl_domain_snapshot_verification {
    int num_items;
    libxl_snapshot_verified_item *items;
} libxl_domain_snapshot_verification;

void libxl_domain_snapshot_verification_init(
    libxl_domain_snapshot_verification *verification);
void libxl_domain_snapshot_verification_dispose(
    libxl_domain_snapshot_verification *verification);

/*
 * Check all that libxl_domain_snapshot_revert() with @params would check,
 * and nothing else; change nothing, take no lock.  Does not stop at a
 * failure: @verification_r, which must be initialised, gets an item for
 * each thing, whatever is returned.  The domain need not exist.
 * Errors: ERROR_INVAL (a revert would refuse), ERROR_FAIL.
 * Source: as libxl_domain_snapshot_revert(), up to its plan.
 */
int libxl_domain_snapshot_verify(
    libxl_snapshot_ctx *sc, const libxl_domain_snapshot *snap,
    const libxl_domain_snapshot_revert_params *params,
    libxl_domain_snapshot_verification *verification_r);

#include <libxl_snapshot_chain.h>
#include <libxl_snapshot_config.h>
#include <libxl_snapshot_merge.h>
#include <libxl_snapshot_copy.h>
#include <libxl_snapshot_delete.h>
#include <libxl_snapshot_recover.h>
#include <libxl_snapshot_text.h>

#endif /* LIBXL_SNAPSHOT_H */
