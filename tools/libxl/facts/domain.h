/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/domain.h: a domain: its disks, its devices, what xl needs to bring
 * it back, and whether QEMU has switched it.
 */
#ifndef SNAP_FACTS_DOMAIN_H
#define SNAP_FACTS_DOMAIN_H

#include "config/config.h"

/*-- domain, offline --------------------------------------------------------*/

struct snap_domain {
    uint32_t domid;
    libxl_uuid uuid;
    const char *uuid_str;
    const char *name;
    libxl_domain_type type;
    bool paused, shutdown, dying;
    libxl_shutdown_reason shutdown_reason;      /* if @shutdown */
    const char *asked_to;               /* "poweroff"; NULL: nothing */
    uint64_t memory_kb;
    bool pv_drivers;                    /* HVM: suspends only by answering */
    bool dm_restricted, stubdom, config_update;
    pid_t saver;                        /* saves or migrates it; 0: none */
    const char *job;                    /* of QEMU's, on a disk: "mirror
                                         * (drive-xvda)"; NULL: none */
    pid_t qemu_pid;                     /* 0: none */
    const char *qemu_version;
    int num_monitors;
    pid_t *monitors;                    /* xl's daemon for this domain */
    libxl_domain_config config;         /* the stored one */
    int num_disks;
    struct snap_disk *disks;
    int num_nodes;
    const char **nodes;                 /* all node names in QEMU */
    int num_others;
    const char **others;                /* images that QEMU writes to and no
                                         * disk of the config has */
    const char *devices;                /* see snap_devices_list() */
};

/* Fill @dom.  Dispose it whatever the result. */
int snap_domain_gather(libxl_snapshot_ctx *sc, uint32_t domid,
                       struct snap_domain *dom);
/* Fill @dom for a domain that does not run, from its @config. */
int snap_offline_gather(libxl_snapshot_ctx *sc,
                        const libxl_domain_config *config,
                        struct snap_domain *dom);
/* If no domain is called @name or has @uuid, wait until xl's monitor of such
 * a domain has started it again, or has ended; refuse if it does neither. */
int snap_offline_wait(libxl_snapshot_ctx *sc, const char *name,
                      const libxl_uuid *uuid);
/* Refuse to go on if by now there is such a domain. */
int snap_offline_look_again(libxl_snapshot_ctx *sc, const char *name,
                            const libxl_uuid *uuid);
void snap_domain_init(struct snap_domain *dom);
void snap_domain_dispose(struct snap_domain *dom);
const struct snap_disk *snap_domain_disk(const struct snap_domain *dom,
                                         const char *vdev);

/* Find out which disks of @dom are logical volumes. */
int snap_domain_gather_volumes(libxl_snapshot_ctx *sc,
                               struct snap_domain *dom);

/* Put the reply of QMP query-block (and the vdev of each of its devices)
 * into the disks of @dom.  Pure. */
struct snap_qemu_device {
    const char *vdev;                   /* NULL: not a xen-block device */
    yajl_val inserted;
};
int snap_domain_apply_graph(libxl_snapshot_ctx *sc,
                            struct snap_domain *dom,
                            const struct snap_qemu_device *devices,
                            int num);

/* A QEMU that says what is true has two nodes for each layer of each
 * disk. */
#define SNAP_QEMU_NODES_MAX (16 << 10)
/* Ask QEMU for all its nodes, as snap_qmp_list(). */
int snap_domain_query_nodes(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                            yajl_val *reply_r, yajl_val *list_r);
/* Fill in what the QEMU of @dom says, if it serves one of the disks. */
int snap_domain_gather_qemu(libxl_snapshot_ctx *sc, struct snap_domain *dom);
/* A node name that the QEMU of @dom does not have, of at most 31
 * characters. */
const char *snap_domain_new_node(libxl_snapshot_ctx *sc,
                                 const struct snap_domain *dom,
                                 const char *vdev);
/* Put the reply of QMP query-block-jobs into @dom.  Pure. */
void snap_domain_apply_jobs(libxl_snapshot_ctx *sc, struct snap_domain *dom,
                            yajl_val jobs);

/* Fill in dom->disks as far as dom->config tells. */
void snap_domain_gather_disks(libxl_snapshot_ctx *sc,
                              struct snap_domain *dom);

/* The same of one that runs, by its stored config.  False if libxl cannot
 * read that. */
bool snap_domain_gather_config(libxl_snapshot_ctx *sc,
                               struct snap_domain *dom);

/* Set *is_r: the running domain @domid has the image of the snapshot @ds as
 * that disk, or an overlay on it; or both stand on one of @bases, which are
 * those of its other snapshots. */
int snap_domain_is_on(libxl_snapshot_ctx *sc, uint32_t domid,
                      const libxl_disk_snapshot *ds, char *const *bases,
                      int num_bases, bool *is_r);

/*-- devices: whether they are as they were ---------------------------------*/

/* The devices that the domain has, as text: what libxl and, if @qmp is not
 * NULL, QEMU knows of them. */
int snap_devices_list(libxl_snapshot_ctx *sc, uint32_t domid,
                      struct snap_qmp *qmp, const char **text_r);
/* @text, and what files the names @images (up to NULL) lead to. */
const char *snap_devices_add_images(libxl_snapshot_ctx *sc,
                                    const char *text, const char **images);
/* Fail if two such lists are not the same, and name what has changed. */
int snap_devices_compare(libxl_snapshot_ctx *sc, const char *before,
                         const char *now);

/*-- uncaptured: devices of whose state no snapshot is taken ----------------*/

struct snap_uncaptured {
    int num;
    const char **names;         /* "pci 0000:03:00.0" */
};
/* Add those that @config has; those that QEMU alone has, by @dom. */
void snap_uncaptured_of_config(libxl_snapshot_ctx *sc,
                               const libxl_domain_config *config,
                               struct snap_uncaptured *u);
void snap_uncaptured_of_qemu(libxl_snapshot_ctx *sc,
                             const struct snap_domain *dom,
                             struct snap_uncaptured *u);

/*-- nodes: of QEMU's block graph, by their files ---------------------------*/

struct snap_node {
    const char *name, *driver;
    const char *file;           /* the path of the image */
    const char *base;           /* that of its base; NULL: it has none */
};
struct snap_nodes {
    int num;
    struct snap_node *list;
};
int snap_nodes_gather(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                      struct snap_nodes *nodes);
/* The same by the reply to query-named-block-nodes.  Pure. */
void snap_nodes_apply(libxl_snapshot_ctx *sc, yajl_val list,
                      struct snap_nodes *nodes);
/* A node that reads the image @path by its format, not a filter or the file
 * itself, after @skip others; NULL: there is none. */
const struct snap_node *snap_nodes_of_file(const struct snap_nodes *nodes,
                                           const char *path, int skip);
/* The only such node; fail if there is none, or several. */
int snap_nodes_find(libxl_snapshot_ctx *sc, const struct snap_nodes *nodes,
                    const char *path, const struct snap_node **node_r);

/*-- finalized: whether QEMU has carried a job out --------------------------*/

/* Set *was_r: the job of @finalize, a step _JOB_FINALIZE, has changed the
 * chain.  @qmp NULL: its QEMU has gone. */
int snap_job_was_finalized(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                           const struct snap_step *finalize, bool *was_r);

/*-- transaction: whether QEMU has carried it out ---------------------------*/

/* A tag that a transaction was to make. */
struct snap_made_tag {
    const char *node;           /* of its image; NULL: QEMU has it not */
    uint64_t virtual_size;
    const char *made;           /* its identity; NULL: it is not there */
    uint64_t made_at;           /* in seconds */
};

struct snap_transaction {
    int num_switched;           /* overlays that their disks are on, */
    int num_unswitched;         /* are not on, */
    int num_gone;               /* and that QEMU does not know */
    int num_tags;
    struct snap_made_tag *tags;
    int num_made;               /* of the tags, those that are there */
};
enum snap_carried {
    SNAP_CARRIED_NOT,
    SNAP_CARRIED_OUT,
    SNAP_CARRIED_UNKNOWN,       /* half, too: QEMU died, or somebody has
                                 * changed it */
};

/* Ask QEMU what has become of the transaction with these arguments; @qmp
 * NULL: it has gone. */
int snap_transaction_look(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                          const char *arguments,
                          struct snap_transaction *t);
/* The same by the reply to query-named-block-nodes.  Pure. */
void snap_transaction_compare(libxl_snapshot_ctx *sc, yajl_val arguments,
                              yajl_val nodes, struct snap_transaction *t);
enum snap_carried snap_transaction_judge(const struct snap_transaction *t);
/* Look for the tag @name in the file @path, of which QEMU says nothing. */
int snap_transaction_look_at_file(libxl_snapshot_ctx *sc, const char *path,
                                  const char *name,
                                  struct snap_made_tag *tag);
/* Remove a tag by the QEMU that has its image open: the one that is @made,
 * and no other. */
int snap_transaction_remove_tag(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                                const char *node, const char *name,
                                const char *made);

/*-- boot: what xl needs to bring a domain back -----------------------------*/

struct snap_boot_file {
    const char *what;           /* "kernel", "disk xvdc" */
    const char *path;
    bool exists;
};
struct snap_boot {
    int num;
    struct snap_boot_file *files;
    uint64_t need_kb;           /* see snap_dom_need_kb() */
    uint64_t free_kb;           /* what it can have, at most */
};
/* Fill in the files of @config that a restore of @snap, or a boot if that
 * has no memory, opens; but for the disks of @snap. */
void snap_boot_gather(libxl_snapshot_ctx *sc,
                      const libxl_domain_config *config,
                      const libxl_domain_snapshot *snap,
                      struct snap_boot *boot);

#endif /* SNAP_FACTS_DOMAIN_H */
