/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_revert_request.c: from a snapshot config to what
 * libxlsnapshot is asked for by xl snapshot-revert and xl snapshot-verify:
 * the domain, the paths of the new images, the xl.cfg to boot from.
 */
#include "xl_snapshot.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

#include "xl_session.h"
#include "xl_snapshot_list.h"
#include "xl_utils.h"

/* Choose a path for each new image, that no file has, nor another one. */
static void revert_set_new_images(const struct session *s,
                                  const libxl_domain_snapshot *snap,
                                  libxl_domain_snapshot_revert_params *p)
{
    int i;

    p->disks = xcalloc(snap->num_disks, sizeof(*p->disks));
    for (i = 0; i < snap->num_disks; i++) {
        const libxl_disk_snapshot *ds = &snap->disks[i];
        libxl_disk_snapshot_params *disk;

        if (!libxl_disk_snapshot_moves(ds)) continue;
        disk = &p->disks[p->num_disks++];
        disk->vdev = xstrdup(ds->vdev);
        disk->mode = ds->mode;
        disk->path = ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL
            ? next_revert_overlay(s->sc, p, ds->child.pdev_path)
            : next_revert_volume(s->sc, p, ds->parent.pdev_path);
    }
}

/* Find the bases that are on record beside the snapshot config, and in the
 * default place. */
static void revert_set_bases(const struct session *s,
                             const char *config_file,
                             const libxl_domain_snapshot *snap,
                             libxl_domain_snapshot_revert_params *p)
{
    char *path = absolute_path(config_file), *of_snapshot = dirname(path);
    char *default_dir = snap->domain_name
        && !libxl_snapshot_domain_name_problem(snap->domain_name)
        ? default_directory(snap->domain_name) : NULL;
    char *dir = dirname(of_snapshot);

    recorded_add_bases(s, dir, p);
    if (default_dir && strcmp(default_dir, dir))
        recorded_add_bases(s, default_dir, p);
    free(default_dir);
    free(path);
}

/* The xl.cfg that the domain has by itself, with which the library
 * compares what comes with the snapshot: the user's, or one where most
 * have it. */
static void revert_set_own_config(const struct session *s,
                                  const char *domain_config,
                                  const libxl_domain_snapshot *snap,
                                  libxl_domain_snapshot_revert_params *p)
{
    const char *name = snap->domain_name;
    char *path;

    if (domain_config) {
        p->own_config_path = absolute_path(domain_config);
        return;
    }
    if (!name || libxl_snapshot_domain_name_problem(name)) return;
    path = default_domain_config(name);
    if (libxl_snapshot_path_is_taken(s->sc, path))
        p->own_config_path = path;
    else
        free(path);
}

/* Read the xl.cfg of a domain that has to be booted. */
static void revert_set_boot_config(const char *path,
                                   struct revert_request *r)
{
    libxl_domain_snapshot_revert_params *p = &r->params;

    p->domain_config_path = absolute_path(path);
    /* the library tells of it, among the rest that a revert needs */
    if (!domain_config_read(path, &r->config, NULL, &p->config_error))
        p->config = &r->config;
}

/* With memory the library reads the xl.cfg that the user has named at need
 * alone; a mistake in its name must not go unseen. */
static int revert_check_compared(const struct session *s, const char *path,
                                 struct revert_request *r)
{
    const char *name = r->snap.domain_name;
    char *error;

    if (domain_config_read(path, &r->config, NULL, &error)) {
        session_error(s, "%s", error);
        free(error);
        return -1;
    }
    if (!name || !strcmp(r->config.c_info.name, name)) return 0;
    session_error(s, "%s: this is the config of domain %s, but the "
                  "snapshot is of %s", path, r->config.c_info.name, name);
    return -1;
}

static int revert_set_domain_config(const struct session *s,
                                    const char *domain_config,
                                    struct revert_request *r)
{
    const char *kept = r->snap.domain_config_path;

    revert_set_own_config(s, domain_config, &r->snap, &r->params);
    if (r->snap.memory_path)
        return domain_config ? revert_check_compared(s, domain_config, r)
                             : 0;
    if (domain_config || kept)
        revert_set_boot_config(domain_config ? domain_config : kept, r);
    return 0;
}

/* Read the snapshot config, and check that it is of @domain. */
static int revert_read_config(const struct session *s,
                              const char *config_file, const char *domain,
                              struct revert_request *r)
{
    if (libxl_domain_snapshot_config_read(s->sc, config_file, &r->snap)) {
        session_library_error(s);
        return -1;
    }
    return domain ? snapshot_check_domain(s, domain, &r->snap,
                                        &r->params.domid)
                  : 0;
}

int revert_request_read(const struct session *s, const char *which,
                        const char *domain, const struct common_options *o,
                        struct revert_request *r)
{
    char *config_file;
    int rc = -1;

    libxl_domain_config_init(&r->config);
    libxl_domain_snapshot_init(&r->snap);
    libxl_domain_snapshot_revert_params_init(&r->params);
    config_file = snapshot_config_find(s, domain, o->directory, which);
    if (!config_file) return -1;
    if (revert_read_config(s, config_file, domain, r)) goto out;
    r->params.xl_path = xstrdup(xl_path());
    r->params.accept_config = o->accept_config;
    r->params.accept_images = o->accept_config;
    r->params.skip_unsupported = o->skip_unsupported;
    r->params.trust_folders = o->trust_folders;
    r->params.leave_paused = o->paused;
    r->params.dry_run = o->dry_run;
    /* the library refuses it, and nothing that it names is looked at */
    rc = 0;
    if (r->snap.doubt) goto out;
    revert_set_new_images(s, &r->snap, &r->params);
    revert_set_bases(s, config_file, &r->snap, &r->params);
    rc = revert_set_domain_config(s, o->domain_config, r);
 out:
    free(config_file);
    return rc;
}

void revert_request_dispose(struct revert_request *r)
{
    libxl_domain_config_dispose(&r->config);
    libxl_domain_snapshot_dispose(&r->snap);
    libxl_domain_snapshot_revert_params_dispose(&r->params);
}
