/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_revert_request.c: from a snapshot config to what libxlsnapshot is
 * asked for, by xl snapshot-revert and xl snapshot-verify: which domain, the
 * paths of the new images, the xl.cfg to boot from.
 */
#include "xl_snapshot.h"

#include <stdio.h>
#include <string.h>
#include <libxl_utils.h>

#include "xl_session.h"
#include "xl_utils.h"

/* The domain that the user names is that of the snapshot; it may be gone, or
 * have been started anew, with another uuid: the library looks into that. */
static int revert_check_domain(const struct session *s, const char *domain,
                               const libxl_domain_snapshot *snap)
{
    libxl_dominfo info;
    uint32_t domid;
    bool same;

    if (libxl_domain_qualifier_to_domid(s->ctx, domain, &domid)) {
        if (snap->domain_name && !strcmp(domain, snap->domain_name)) return 0;
        session_error(s, "domain %s: there is no such domain, and the snapshot "
                      "is of %s; name that to bring it back", domain,
                      snap->domain_name ? snap->domain_name : "another");
        return -1;
    }
    libxl_dominfo_init(&info);
    same = !libxl_domain_info(s->ctx, &info, domid)
        && !libxl_uuid_compare(&info.uuid, &snap->domain_uuid);
    libxl_dominfo_dispose(&info);
    if (same || (snap->domain_name && !strcmp(domain, snap->domain_name)))
        return 0;
    session_error(s, "domain %s: the snapshot is of another domain (%s, uuid "
                  LIBXL_UUID_FMT ")", domain,
                  snap->domain_name ? snap->domain_name : "no name",
                  LIBXL_UUID_BYTES(snap->domain_uuid));
    return -1;
}

static void revert_set_new_images(const libxl_domain_snapshot *snap,
                                  libxl_domain_snapshot_revert_params *p)
{
    int i;

    p->disks = xcalloc(snap->num_disks, sizeof(*p->disks));
    for (i = 0; i < snap->num_disks; i++) {
        const libxl_disk_snapshot *ds = &snap->disks[i];

        if (!libxl_disk_snapshot_moves(ds)) continue;
        p->disks[p->num_disks++] = (libxl_disk_snapshot_params){
            .vdev = xstrdup(ds->vdev),
            .mode = ds->mode,
            .path = ds->mode == LIBXL_SNAPSHOT_MODE_EXTERNAL
                    ? next_revert_overlay(ds->child.pdev_path)
                    : next_revert_volume(ds->parent.pdev_path) };
    }
}

/* The xl.cfg of a domain that has to be booted. */
static int revert_set_domain_config(const struct session *s,
                                    const char *domain_config,
                                    struct revert_request *r)
{
    const libxl_domain_snapshot *snap = &r->snap;
    libxl_domain_snapshot_revert_params *p = &r->params;
    const char *path = domain_config ? domain_config
                                     : snap->domain_config_path;

    if (snap->memory_path && domain_config) {
        session_error(s, "the snapshot has the domain's memory, and the config "
                      "of that time with it; leave out --domain-config");
        return -1;
    }
    if (snap->memory_path || !path) return 0;
    p->domain_config_path = absolute_path(path);
    p->config = &r->config;
    return domain_config_read(s, path, &r->config, NULL);
}

int revert_request_read(const struct session *s, const char *config_file,
                        const char *domain, const struct common_options *o,
                        struct revert_request *r)
{
    libxl_domain_config_init(&r->config);
    libxl_domain_snapshot_init(&r->snap);
    libxl_domain_snapshot_revert_params_init(&r->params);
    if (libxl_domain_snapshot_config_read(s->sc, config_file, &r->snap)) {
        session_library_error(s);
        return -1;
    }
    if (domain && revert_check_domain(s, domain, &r->snap)) return -1;
    r->params.xl_path = xstrdup(xl_path());
    r->params.skip_unsupported = o->skip_unsupported;
    r->params.leave_paused = o->paused;
    r->params.dry_run = o->dry_run;
    revert_set_new_images(&r->snap, &r->params);
    return revert_set_domain_config(s, o->domain_config, r);
}

void revert_request_dispose(struct revert_request *r)
{
    libxl_domain_config_dispose(&r->config);
    libxl_domain_snapshot_dispose(&r->snap);
    libxl_domain_snapshot_revert_params_dispose(&r->params);
}
