/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/named.h: what a domain's config names of the host: programs,
 * arguments for them, files, devices.
 */
#ifndef SNAP_FACTS_NAMED_H
#define SNAP_FACTS_NAMED_H

#include "config/config.h"

/* How the members of a config are judged. */
enum snap_named_kind {
    SNAP_NAMED_OWN,             /* the domain's own matter */
    SNAP_NAMED_RUNS,            /* what root runs, or gives to a program as
                                 * an argument; a device of the host */
    SNAP_NAMED_WORD,            /* the same, if it is more than a word */
    SNAP_NAMED_SCRIPT,          /* the same, if it is in another folder than
                                 * that of Xen's scripts */
    SNAP_NAMED_SOCKET,          /* the same, if it is not in /run/xen */
    SNAP_NAMED_READS,           /* a file that the guest gets to see, if not
                                 * everybody may read it */
    SNAP_NAMED_GUARD,           /* what keeps QEMU or a bootloader from being
                                 * root: must be there if it was */
};

struct snap_named {
    const char *member;         /* "b_info.device_model" */
    const char *value;
    enum snap_named_kind kind;
    const char *key;            /* "device_model_override", of an xl.cfg;
                                 * NULL: there is none */
};

struct snap_named_list {
    int num;
    struct snap_named *items;
};

/* Find what the @config (libxl's JSON) names, but for the images of disks
 * of @snap, which may be NULL.  Errors: ERROR_INVAL (not JSON). */
int snap_named_gather(libxl_snapshot_ctx *sc, const char *config,
                      const libxl_domain_snapshot *snap,
                      struct snap_named_list *list_r);
/* What @list has that @other, of a config that is trusted, has not: how many
 * there are, and each in words, "kernel is /a".  @other may be NULL: there
 * is none. */
int snap_named_others(libxl_snapshot_ctx *sc,
                      const struct snap_named_list *list,
                      const struct snap_named_list *other,
                      const char ***texts_r);

#endif /* SNAP_FACTS_NAMED_H */
