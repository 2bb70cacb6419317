/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * base/base.h: what every layer needs: the memory and the error of an
 * operation, JSON, names, the public structs.
 */
#ifndef SNAP_BASE_H
#define SNAP_BASE_H

#include <stdarg.h>
#include <signal.h>
#include <stddef.h>
#include <sys/types.h>
#include <yajl/yajl_tree.h>

#include "libxl_snapshot.h"

/* As a domid, which is unsigned; libxl's INVALID_DOMID is an int. */
#define SNAP_NO_DOMAIN ((uint32_t)INVALID_DOMID)

/*-- deadline: how long things may take -------------------------------------*/

/* An event that is waited for; base/deadline.c says how long. */
enum snap_wait {
    SNAP_WAIT_PROGRAM,          /* a step that is a program */
    SNAP_WAIT_FLUSH,            /* besides, one that flushes a disk of a
                                 * guest that runs */
    SNAP_WAIT_REAP,             /* a program that was killed */
    SNAP_WAIT_VERSION,          /* a program that says its version */
    SNAP_WAIT_QEMU_IMG,         /* qemu-img that describes a layer */
    SNAP_WAIT_CHAIN,            /* those of all layers of an image */
    SNAP_WAIT_LVS,
    SNAP_WAIT_XL,               /* xl that brings a domain back */
    SNAP_WAIT_RELEASE,          /* a destroyed domain's QEMU that ends */
    SNAP_WAIT_JOURNAL,          /* a flush of the journal */
    SNAP_WAIT_PIPE,             /* the writer of a file that is a pipe */
    SNAP_WAIT_QMP_GREETING,
    SNAP_WAIT_QMP_REPLY,
    SNAP_WAIT_AGENT_REPLY,
    SNAP_WAIT_FREEZE,           /* the guest that flushes its caches */
    SNAP_WAIT_THAW,             /* a thaw, tried again and again */
    SNAP_WAIT_FROZEN,           /* the longest that a guest stays frozen */
    SNAP_WAIT_KEEPER,           /* the keeper of a freeze; each of its
                                 * acts has a shorter deadline */
    SNAP_WAIT_MONITOR,          /* xl's monitor that stops */
    SNAP_WAIT_REBOOT,           /* xl that starts a domain again */
    SNAP_WAIT_PROCESSES,        /* all processes' open files looked at */
    SNAP_WAIT_SAVER,            /* who saves, and whose xl was killed */
    SNAP_WAIT_DEVICES_LOCK,     /* libxl's lock of a domain's devices */
    SNAP_WAIT_SAVE_STALL,       /* a memory image that takes no data */
    SNAP_WAIT_SUSPEND,          /* the guest's answer to the request */
    SNAP_WAIT_JOB_STALL,        /* QEMU's job that gets no further */
    SNAP_WAIT_HOOK_ASK,
    SNAP_WAIT_HOOK_ACT,
    SNAP_WAIT_NUM
};

/* How long to wait for @wait, in ms. */
int snap_wait_ms(const libxl_snapshot_ctx *sc, enum snap_wait wait);
/* The time, by snap_now_us(), when that, or @ms, will have passed. */
uint64_t snap_wait_until(const libxl_snapshot_ctx *sc,
                         enum snap_wait wait);
uint64_t snap_deadline(int ms);

/*-- ctx: memory of one operation, and its error ----------------------------*/

struct libxl_snapshot_ctx {
    libxl_ctx *ctx;                 /* NULL in tests of pure code */
    xentoollog_logger *lg;          /* may be NULL */
    char *error;
    void **allocs;                  /* freed when the next operation begins */
    size_t num_allocs, max_allocs;
    int wait_ms[SNAP_WAIT_NUM];     /* 0: as usual */
    const char *hook_dir;           /* NULL: the usual one */
    char *journal_dir;              /* NULL: no journal is kept */
    const struct snap_lvm *lvm;     /* asked once an operation; or NULL */
    const char *left;               /* what undos have left; or NULL */
};

/* Begin an operation: forget the last error, free the last one's memory. */
void snap_ctx_begin(libxl_snapshot_ctx *sc);

/* Memory that lives until the next operation.  Never NULL: like libxl, the
 * library gives up (abort) when there is none. */
void *snap_zalloc(libxl_snapshot_ctx *sc, size_t size);
void *snap_grow(libxl_snapshot_ctx *sc, const void *old, size_t old_size,
                size_t new_size);
/* Room for one more of @num items of @size bytes.  What others may let grow
 * without end does so by this alone, from NULL on: all that it was before
 * is kept. */
void *snap_grow_by_one(libxl_snapshot_ctx *sc, void *old, size_t num,
                       size_t size);
/* Free what was allocated since sc->num_allocs was @mark: for what is asked
 * again and again, for hours. */
void snap_forget(libxl_snapshot_ctx *sc, size_t mark);
char *snap_strdup(libxl_snapshot_ctx *sc, const char *s);
char *snap_sprintf(libxl_snapshot_ctx *sc, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* @text, which is NULL or was made by this alone, with more behind it.  A
 * text that others may let grow is made so: all that snap_sprintf() made
 * before is kept. */
char *snap_append(libxl_snapshot_ctx *sc, char *text, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
char *snap_vsprintf(libxl_snapshot_ctx *sc, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* A strdup(3) for results: NULL only if @s is NULL; aborts without
 * memory. */
char *snap_result_str(const char *s);
/* @num zeroed items of @size bytes, and one more, for results.  Never
 * NULL. */
void *snap_result_array(size_t num, size_t size);

/* Say why the operation fails and return @rc.  The first call gives the
 * reason; the sentence of a later one (an undo that failed) is appended. */
int snap_fail(libxl_snapshot_ctx *sc, int rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The error so far, which is cleared: for an attempt that may fail.  NULL:
 * there is none.  Freed with the operation's memory. */
const char *snap_take_error(libxl_snapshot_ctx *sc);
/* Tell, in a sentence, of something that an undo has left since it is
 * somebody else's. */
void snap_tell_left(libxl_snapshot_ctx *sc, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void snap_log(libxl_snapshot_ctx *sc, xentoollog_level level,
              const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Tell the log how much of @what is done. */
void snap_progress(libxl_snapshot_ctx *sc, const char *what, uint64_t done,
                   uint64_t total);

/* libxl_snapshot_plain(), in the context's memory; NULL if @s is. */
char *snap_plain(libxl_snapshot_ctx *sc, const char *s);
/* @s, if that is not plain, as it stands behind the $ of $'...' in a shell,
 * malloc'd; else NULL. */
char *snap_text_shell_string(const char *s);
bool snap_text_is_utf8(const char *s);
/* The JSON @text, malloc'd, with "***" in the place of passwords and
 * keys. */
char *snap_text_without_secrets(const char *text);
/* In @s, which a parser of JSON made from libxl_snapshot_json_string(), put
 * the bytes that were spelled there: never longer. */
void snap_text_join(char *s);

uint64_t snap_now_us(void);         /* CLOCK_MONOTONIC */
/* @seconds since the epoch as local time; NULL if that is not a time. */
const char *snap_date(libxl_snapshot_ctx *sc, uint64_t seconds);

/*-- types: the public structs ---------------------------------------------*/

/* Free the @num strings, and the array that they are in. */
void snap_strings_free(char **strings, int num);

/* Make @disk a writable disk of a snapshot.  Not libxl_device_disk_copy(),
 * which needs a libxl context (it crashes without, 4.17). */
void snap_device_disk_set(libxl_device_disk *disk, const char *vdev,
                          const char *path, libxl_disk_format format);
/* Make @disk a copy of @stored that is on the image @path. */
void snap_device_disk_repoint(libxl_snapshot_ctx *sc,
                              libxl_device_disk *disk,
                              const libxl_device_disk *stored,
                              const char *path, libxl_disk_format format);

/* The disk @vdev of @config, or NULL. */
libxl_device_disk *snap_config_disk(const libxl_domain_config *config,
                                    const char *vdev);

/* The snapshot of the disk @vdev in @snap, or NULL. */
libxl_disk_snapshot *snap_disk_snapshot(const libxl_domain_snapshot *snap,
                                        const char *vdev);

/* Note that @snap leaves out the disk @vdev. */
void snap_skipped_add(libxl_domain_snapshot *snap, const char *vdev);
/* The disks of @snap are as after a power cut, and no better. */
void snap_set_unclean(libxl_domain_snapshot *snap);
void snap_verification_add(
    libxl_domain_snapshot_verification *verification, const char *what,
    const char *path, const char *error);

/*-- json: text of objects, and safe reading --------------------------------*/

/*
 * The text of a JSON object.  Arguments are pairs up to NULL; a key's
 * first two characters give the type of its value: "s:" string (NULL
 * leaves the pair out), "j:" JSON text, "b:" int as boolean, "u:"
 * uint64_t.
 */
char *snap_json_object(libxl_snapshot_ctx *sc, const char *key, ...)
    __attribute__((sentinel));
char *snap_json_array(libxl_snapshot_ctx *sc, const char *const *items,
                      int num);         /* items are JSON text */
char *snap_json_strings(libxl_snapshot_ctx *sc, const char *const *items,
                        int num);

/* Parse @text; NULL if it is not JSON, has comments, or nests deeper than
 * 256 levels.  Free with yajl_tree_free(). */
yajl_val snap_json_parse(const char *text);
/* At least as many as @text has values; SIZE_MAX if snap_json_parse() would
 * refuse to try. */
size_t snap_json_count(const char *text);
/* A member of an object; NULL (or the default) if missing or of another
 * type. The string is the tree's. */
yajl_val snap_json_get(yajl_val obj, const char *key);
const char *snap_json_str(yajl_val obj, const char *key);
/* A copy of the string, which is the context's. */
char *snap_json_dup(libxl_snapshot_ctx *sc, yajl_val obj, const char *key);
/* Copies of the strings of the array @name, with a NULL behind them; their
 * number to *num_r. */
const char **snap_json_dup_strings(libxl_snapshot_ctx *sc, yajl_val obj,
                                   const char *name, int *num_r);
bool snap_json_bool(yajl_val obj, const char *key);
uint64_t snap_json_u64(yajl_val obj, const char *key);

/*-- name: rules for what users and guests name -----------------------------*/

#define SNAP_NAME_MAX 128
#define SNAP_VDEV_MAX 32

/* True if @vdev is a virtual device as xl-disk-configuration(5) has them. */
bool snap_vdev_is_valid(const char *vdev);

/* Refuse a snapshot name that is not valid, with ERROR_INVAL. */
int snap_name_check(libxl_snapshot_ctx *sc, const char *name);
/* The same of a domain that can have no snapshots. */
int snap_domain_name_check(libxl_snapshot_ctx *sc, const char *name);
/* Refuse the path of an image that QEMU cannot name in JSON, since it is
 * not UTF-8. */
int snap_image_path_check(libxl_snapshot_ctx *sc, const char *path);
/* libxl_snapshot_operand(), in the context's memory. */
const char *snap_operand(libxl_snapshot_ctx *sc, const char *s);
/* The command of the @operation of a journal, or NULL: "snapshot-create". */
const char *snap_command_name(libxl_snapshot_ctx *sc, const char *operation);
/* @uuid as text; NULL: it is nil, since a config has none. */
const char *snap_uuid_str(libxl_snapshot_ctx *sc, const libxl_uuid *uuid);

/* True if @name can name a hook, and so its file. */
bool snap_hook_name_is_valid(const char *name);
#define SNAP_HOOK_PREFIX "hook/"
/* "zfs" for the driver "hook/zfs"; NULL if @driver is not a hook, or
 * NULL. */
const char *snap_hook_name(const char *driver);
/* The folder of the hooks, and the path of hook @name, whether it is there
 * or not. */
const char *snap_hook_folder(const libxl_snapshot_ctx *sc);
const char *snap_hook_path(libxl_snapshot_ctx *sc, const char *name);

/*-- argv: the arguments of programs ----------------------------------------*/

/* An array that ends with NULL, as @arg and the arguments up to NULL. */
const char **snap_argv(libxl_snapshot_ctx *sc, const char *arg, ...)
    __attribute__((sentinel));

#endif /* SNAP_BASE_H */
