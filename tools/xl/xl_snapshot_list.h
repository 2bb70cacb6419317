/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_snapshot_list.h: the snapshots on record, and what xl snapshot-list
 * found, to be printed. */
#ifndef XL_SNAPSHOT_LIST_H
#define XL_SNAPSHOT_LIST_H

#include <stdbool.h>
#include <libxl_snapshot.h>

struct session;

/* A snapshot config in the domain's folder. */
struct recorded {
    char *config_path;
    libxl_domain_snapshot snap;
    char *problem;              /* it cannot be read, or names what is not
                                 * there; NULL: all files exist */
};

/* The snapshots on record in @directory, the oldest first.  One that does
 * not exist has none. */
struct recorded *recorded_find(const struct session *s,
                               const char *directory, int *num_r);
void recorded_free(struct recorded *recorded, int num);
/* Refuse a domain that is off where one of its writable disks is the base
 * of a snapshot, by those in its default folder and in @directory (NULL:
 * none): only what is on record tells that another image is the disk by
 * now.  Complains and returns -1. */
int recorded_refuse_off(const struct session *s, const char *domain,
                        const char *directory,
                        const libxl_domain_config *config);
/* Add the bases of the external snapshots in @directory to those that a
 * revert must not overwrite. */
void recorded_add_bases(const struct session *s, const char *directory,
                        libxl_domain_snapshot_revert_params *p);

/* Snapshots of one name in the active layers. */
struct tag_row {
    const libxl_snapshot_tag *tag;      /* of the first disk that has it */
    bool *on;                           /* by disk */
    bool all;                           /* on every writable disk */
};

struct snapshot_list {
    const char *domain;
    char *directory;
    int num_recorded;
    struct recorded *recorded;
    bool images;                /* they were looked at */
    bool images_failed;         /* they could not be, which was told */
    int num_disks;
    libxl_disk_snapshot_info *disks;
    int num_tags;
    struct tag_row *tags;
    libxl_snapshot_chain chain; /* what is left over */
};

void print_list_json(const struct snapshot_list *list);
void print_list_text(const struct snapshot_list *list);

#endif /* XL_SNAPSHOT_LIST_H */
