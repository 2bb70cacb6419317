/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_create_request.c: from the options of xl snapshot-create and
 * the user's ConfigFile to what libxlsnapshot is asked for: names and
 * paths.
 */
#include "xl_snapshot_create.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xl_session.h"
#include "xl_snapshot_list.h"
#include "xl_utils.h"

/*-- names and folders --------------------------------------------------*/

/* A name made from @now, which a snapshot of the same second may have
 * already. */
static char *create_free_name(const char *dir, const char *prefix,
                              time_t now)
{
    char *time = default_snapshot_name(now), *stem, *name, *path;
    int n;

    xasprintf(&stem, "%s%s", prefix ? prefix : "", time);
    free(time);
    name = xstrdup(stem);

    for (n = 2; ; n++) {
        xasprintf(&path, "%s/%s", dir, name);
        if (access(path, F_OK)) break;
        free(path);
        free(name);
        xasprintf(&name, "%s-%d", stem, n);
    }
    free(path);
    free(stem);
    return name;
}

/* A folder that the user names is never made. */
static int create_check_directory(const struct session *s, const char *dir)
{
    struct stat st;

    if (stat(dir, &st)) {
        session_error(s, "directory %s: %s; create it first", dir,
                      strerror(errno));
        return -1;
    }
    if (!S_ISDIR(st.st_mode)) {
        session_error(s, "directory %s: not a folder", dir);
        return -1;
    }
    return 0;
}

/* Set the name that the user chose, else one that is free in @dir. */
static int create_set_name(const struct session *s,
                           const struct create_options *o,
                           const char *dir, struct create_request *r)
{
    libxl_domain_snapshot_params *p = &r->params;
    const char *name = r->name ? r->name : r->wishes.each.name;

    p->name = name ? xstrdup(name)
        : create_free_name(dir, o->name_prefix, p->creation_time);
    return snapshot_name_check(s, p->name);
}

static int create_set_paths(const struct session *s,
                            const struct create_options *o, bool memory,
                            struct create_request *r)
{
    const libxl_domain_snapshot *wish = &r->wishes.each;
    libxl_domain_snapshot_params *p = &r->params;
    char *dir = o->common.directory ? absolute_path(o->common.directory)
                                    : default_directory(r->target.name);
    int rc = -1;

    if (o->common.directory && create_check_directory(s, dir)) goto out;
    if (create_set_name(s, o, dir, r)) goto out;
    xasprintf(&p->directory, "%s/%s", dir, p->name);
    xasprintf(&p->config_path, "%s/snapshot.cfg", p->directory);
    if (memory && wish->memory_path) {
        p->memory_path = absolute_path(wish->memory_path);
    } else if (memory) {
        xasprintf(&p->memory_path, "%s/memory", p->directory);
    } else if (r->target.config_text) {
        xasprintf(&p->domain_config_path, "%s/domain.cfg", p->directory);
        p->domain_config_text = xstrdup(r->target.config_text);
        p->boot_config = &r->target.config;
    }
    rc = 0;
 out:
    free(dir);
    return rc;
}

/*-- the request --------------------------------------------------------*/

/* Wish for an internal snapshot of each disk that has one in @like: to
 * freeze an image would stand in the way of going back to a tag in it. */
static void create_wish_internal_like(const libxl_domain_snapshot *like,
                                      libxl_domain_snapshot *wish)
{
    int i;

    wish->disks = xcalloc(like->num_disks, sizeof(*wish->disks));
    for (i = 0; i < like->num_disks; i++) {
        libxl_disk_snapshot *ds = &wish->disks[wish->num_disks];

        if (like->disks[i].mode != LIBXL_SNAPSHOT_MODE_INTERNAL) continue;
        libxl_device_disk_init(&ds->parent);
        libxl_device_disk_init(&ds->child);
        ds->vdev = xstrdup(like->disks[i].vdev);
        ds->mode = LIBXL_SNAPSHOT_MODE_INTERNAL;
        wish->num_disks++;
    }
}

static int create_find_domain(const struct session *s,
                              const struct create_options *o,
                              struct domain_target *target)
{
    if (domain_target_find(s, o->domain, o->common.domain_config, target))
        return -1;
    if (domain_target_runs(target) || target->config_text) return 0;
    session_error(s, "domain %s: there is no such domain; see xl list or, "
                  "if the domain does not run, name its xl.cfg with "
                  "--domain-config", o->domain);
    return -1;
}

/* True if the second operand can be nothing but a ConfigFile. */
static bool create_is_path(const struct create_options *o)
{
    const char *dot = strrchr(o->wishes, '.');

    return o->name || strchr(o->wishes, '/')
        || (dot && !strcmp(dot, ".cfg"));
}

/* Read the ConfigFile that the second operand names; or, if there is none
 * of that name here, take it for the snapshot's. */
static int create_read_operand(const struct session *s,
                               const struct create_options *o,
                               struct create_request *r)
{
    libxl_domain_snapshot *each = &r->wishes.each;
    bool is_path = create_is_path(o);
    struct stat st;

    if (!is_path && (stat(o->wishes, &st) || S_ISDIR(st.st_mode))) {
        r->name = o->wishes;
        return 0;
    }
    if (libxl_domain_snapshot_config_read(s->sc, o->wishes, each)) {
        session_library_error(s);
        return -1;
    }
    if (is_path || !each->doubt) return 0;
    /* somebody may have put it there for who means a name */
    session_error(s, "is %s the name of the snapshot, or this file? For "
                  "the name use -n. %s", o->wishes, each->doubt);
    return -1;
}

static int create_read_wishes(const struct session *s,
                              const struct create_options *o,
                              struct create_request *r)
{
    r->name = o->name;
    r->wishes.all = o->mode;
    r->wishes.reuse = o->reuse_external;
    if (o->wishes && create_read_operand(s, o, r)) return -1;
    if (o->like) create_wish_internal_like(o->like, &r->wishes.each);
    return 0;
}

/* Tell whether the snapshot is to have the memory of the domain. */
static bool create_with_memory(const struct create_options *o,
                               const struct create_request *r)
{
    libxl_defbool wish = r->wishes.each.memory;

    if (!domain_target_runs(&r->target) || o->disk_only) return false;
    return libxl_defbool_is_default(wish) || libxl_defbool_val(wish);
}

/* A domain that is off has the disks of its xl.cfg, if that is not older
 * than its snapshots, wherever these are. */
static int create_set_off(const struct session *s,
                          const struct create_options *o,
                          struct create_request *r)
{
    if (domain_target_runs(&r->target)) return 0;
    r->params.config = &r->target.config;
    return recorded_refuse_off(s, r->target.name, o->common.directory,
                               &r->target.config);
}

static void create_drop_chains(struct create_request *r)
{
    int i;

    for (i = 0; i < r->num_chains; i++)
        free(r->chains[i].vdev);
    free(r->chains);
    r->chains = NULL;
    r->num_chains = 0;
}

/* Note how long the disk's chain will be. */
static void create_add_chain(struct create_request *r,
                             const libxl_disk_snapshot_info *info,
                             const libxl_domain_snapshot_params *p)
{
    struct chain_length *chain = &r->chains[r->num_chains];
    int i;

    for (i = 0; i < p->num_disks; i++)
        if (!strcmp(p->disks[i].vdev, info->vdev)) break;
    if (i == p->num_disks || !info->num_layers) return;
    chain->vdev = xstrdup(info->vdev);
    chain->num_images = info->num_layers
        + (p->disks[i].mode == LIBXL_SNAPSHOT_MODE_EXTERNAL);
    r->num_chains++;
}

/* A choose_disks() of libxl_domain_snapshot_params, which is asked once
 * more after a dry run. */
static char *create_choose_disks(void *request,
                                 const libxl_disk_snapshot_info *info,
                                 int num, libxl_domain_snapshot_params *p)
{
    struct create_request *r = request;
    char *why = choose_disks(&r->wishes, info, num, p);
    int i;

    if (why) return why;
    create_drop_chains(r);
    r->chains = xcalloc(num, sizeof(*r->chains));
    for (i = 0; i < num; i++)
        create_add_chain(r, &info[i], p);
    return NULL;
}

int create_request_read(const struct session *s,
                        const struct create_options *o,
                        struct create_request *r)
{
    const libxl_domain_snapshot *wish = &r->wishes.each;
    libxl_domain_snapshot_params *p = &r->params;

    r->chains = NULL;
    r->num_chains = 0;
    domain_target_init(&r->target);
    libxl_domain_snapshot_init(&r->wishes.each);
    libxl_domain_snapshot_params_init(p);
    if (create_find_domain(s, o, &r->target)) return -1;
    if (create_read_wishes(s, o, r)) return -1;
    p->creation_time = time(NULL);
    if (create_set_paths(s, o, create_with_memory(o, r), r)) return -1;
    if (create_set_off(s, o, r)) return -1;
    p->description = copy_or_null(o->description ? o->description
                                                 : wish->description);
    p->lvm_size = copy_or_null(o->lvm_size ? o->lvm_size : wish->lvm_size);
    p->quiesce = o->quiesce;
    p->quiesce_command = copy_or_null(o->quiesce_command);
    p->quiesce_seconds = o->quiesce_seconds;
    p->skip_unsupported = o->common.skip_unsupported;
    p->trust_folders = o->common.trust_folders;
    p->live = o->live;
    p->leave_paused = o->common.paused;
    p->unpause_to_save = o->unpause;
    p->dry_run = o->common.dry_run;
    p->choose_disks = create_choose_disks;
    p->choose_user = r;
    return 0;
}

void create_request_dispose(struct create_request *r)
{
    create_drop_chains(r);
    domain_target_dispose(&r->target);
    libxl_domain_snapshot_dispose(&r->wishes.each);
    libxl_domain_snapshot_params_dispose(&r->params);
}
