/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/domain.h: a domain, as libxl, xenstore and its xl know it.
 */
#ifndef SNAP_DOMAIN_H
#define SNAP_DOMAIN_H

#include "base/base.h"

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
/* True if it is just being destroyed. */
bool snap_dom_is_dying(libxl_snapshot_ctx *sc, uint32_t domid);
/* How long the domain's vCPUs have run, which does not grow while it is
 * paused; false: it cannot be asked. */
bool snap_dom_cpu_ns(libxl_snapshot_ctx *sc, uint32_t domid,
                     uint64_t *ns_r);
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
/* The domains that exist, but for domain 0; those of @uuid, unless that is
 * NULL. */
int snap_dom_list(libxl_snapshot_ctx *sc, const libxl_uuid *uuid,
                  uint32_t **domids_r, int *num_r);
/* Find the domain of this uuid; *domid_r is SNAP_NO_DOMAIN if there is
 * none. */
int snap_dom_find(libxl_snapshot_ctx *sc, const libxl_uuid *uuid,
                  uint32_t *domid_r);
/* The same, but another one than @than. */
int snap_dom_find_other(libxl_snapshot_ctx *sc, const libxl_uuid *uuid,
                        uint32_t than, uint32_t *domid_r);

/*-- seam: domain_config, a domain's config in JSON -------------------------*/

/* Why libxl's reader is not to be given @json; NULL: it may be. */
const char *snap_domain_config_json_problem(const char *json);
/* Read @json, which may be anybody's, into @config, which has been
 * initialised; @what names its file in messages.  Errors: ERROR_INVAL, also
 * those of snap_domain_config_check(). */
int snap_domain_config_from_json(libxl_snapshot_ctx *sc, const char *what,
                                 const char *json,
                                 libxl_domain_config *config);
/* The stored config of a domain that exists, the same. */
int snap_domain_config_retrieve(libxl_snapshot_ctx *sc, uint32_t domid,
                                libxl_domain_config *config);
/* Refuse a @config in which something lacks that each domain has: a name
 * that it may have, and for each of at most 256 disks a virtual device of
 * its own, and the path of an image, in one line, unless the drive is
 * empty. */
int snap_domain_config_check(libxl_snapshot_ctx *sc, const char *what,
                             const libxl_domain_config *config);

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
/* Set *pid_r: the xl with that mark that makes a domain yet; 0: none.  One
 * whose command was killed has a moment to end. */
int snap_monitor_at_work(libxl_snapshot_ctx *sc, const char *mark,
                         pid_t *pid_r);

/*-- seam: mark, domains that our xl has made -------------------------------*/

/* A new mark, which no domain has. */
const char *snap_mark_new(libxl_snapshot_ctx *sc);
/* The environment, NAME=VALUE up to NULL, in which xl makes a domain with
 * that mark (NULL: without). */
const char *const *snap_mark_env(libxl_snapshot_ctx *sc, const char *mark);
/* Give the domain, which xl has made, the mark itself. */
void snap_mark_set(libxl_snapshot_ctx *sc, uint32_t domid,
                   const char *mark);
bool snap_mark_is_on(libxl_snapshot_ctx *sc, pid_t pid, const char *mark);
/* Who has made the domain @domid, whose name is @name: we, with that mark;
 * or nobody who left a trace, as where xl was killed early. */
enum snap_maker {
    SNAP_MADE_BY_NOBODY,
    SNAP_MADE_BY_US,
    SNAP_MADE_BY_OTHERS,
};
enum snap_maker snap_mark_maker(libxl_snapshot_ctx *sc, uint32_t domid,
                                const char *name, const char *mark);

#endif /* SNAP_DOMAIN_H */
