/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_revert.c: xl snapshot-revert: its options, and its course.
 * libxl_domain_snapshot_revert() does the work.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libxl_utils.h>

#include "xl.h"
#include "xl_config.h"
#include "xl_snapshot.h"
#include "xl_session.h"
#include "xl_utils.h"

struct revert_options {
    struct common_options common;
    const char *domain, *config_file;
    bool force, keep;
};

enum { OPT_FORCE = OPT_OF_COMMAND, OPT_KEEP };

static const char revert_name[] = "snapshot-revert";

static const struct option revert_longopts[] = {
    {"force", 0, 0, OPT_FORCE},
    {"keep", 0, 0, OPT_KEEP},
    LONG_OPT_DOMAIN_CONFIG,
    LONG_OPT_DRY_RUN,
    LONG_OPT_PAUSED,
    LONG_OPT_SKIP_UNSUPPORTED,
    LONG_OPT_UPDATE_CONFIG,
    SNAPSHOT_LONG_OPTS
};

static void parse_options(int argc, char **argv, struct revert_options *o)
{
    int opt;

    SWITCH_FOREACH_OPT(opt, "pNv", revert_longopts, revert_name, 2) {
    case OPT_FORCE:
        o->force = true;
        break;
    case OPT_KEEP:
        o->keep = true;
        break;
    default:
        common_option(&o->common, opt);
    }
    common_options_end(&o->common, revert_name, argc - optind, 2);
    o->domain = argv[optind];
    o->config_file = argv[optind + 1];
}

/*-- the user's xl.cfg ------------------------------------------------------*/

/* The file may name any layer that this snapshot has to do with: what the
 * domain went on with, and the overlays of reverts up to this one. */
static void allow_overlays(struct config_update *u,
                           const libxl_domain_snapshot *snap)
{
    const libxl_disk_snapshot *ds;
    struct config_edit *edit;
    const char *before;
    char *path;
    bool free_one;
    int i, n;

    for (i = 0; i < snap->num_disks; i++) {
        ds = &snap->disks[i];
        edit = config_edit_of(u->edits, u->num, ds->vdev);
        before = ds->child.pdev_path ? ds->child.pdev_path
                                     : ds->parent.pdev_path;
        if (!edit || !before) continue;
        config_edit_from(edit, before);
        for (n = 1, free_one = false; !free_one; n++) {
            path = ds->child.pdev_path ? revert_overlay(before, n)
                                       : revert_volume(before, n);
            free_one = access(path, F_OK);
            config_edit_from(edit, path);
            free(path);
        }
    }
}

/* And the one that the domain is on now, if it runs. */
static void allow_present(const struct session *s, struct config_update *u,
                          const char *domain)
{
    libxl_disk_snapshot_info *info;
    struct config_edit *edit;
    uint32_t domid;
    int i, num;

    if (!libxl_domain_qualifier_to_domid(s->ctx, domain, &domid)
        && !libxl_disk_snapshot_info_list(s->sc, domid, NULL, &info,
                                          &num)) {
        for (i = 0; i < num; i++) {
            edit = config_edit_of(u->edits, u->num, info[i].vdev);
            if (edit && info[i].path) config_edit_from(edit, info[i].path);
        }
        libxl_disk_snapshot_info_list_free(info, num);
    }
}

static int plan_update(const struct session *s, const struct revert_options *o,
                       const libxl_domain_snapshot *snap,
                       const libxl_domain_snapshot *then,
                       struct config_update *u)
{
    int r;

    config_update_init(u, o->common.update_config, then);
    allow_overlays(u, snap);
    allow_present(s, u, o->domain);
    r = config_update_try(u, then->domain_name);
    if (r) session_error(s, "%s", u->error);
    return r;
}

/*-- the command ------------------------------------------------------------*/

/* What has to be there before the revert, which is checked first, by a dry run:
 * a snapshot of the present for one that is refused would only be in the way. */
static int prepare(const struct session *s, const struct revert_options *o,
                   const struct revert_request *request,
                   struct config_update *u, char **kept_r)
{
    libxl_domain_snapshot_revert_params dry = request->params;
    const libxl_domain_snapshot *snap = &request->snap;
    libxl_domain_snapshot_result result;
    int r = -1;

    if (!o->common.update_config && !o->keep) return 0;
    dry.dry_run = true;
    libxl_domain_snapshot_result_init(&result);
    if (libxl_domain_snapshot_revert(s->sc, snap, &dry, &result)) {
        session_library_error(s);
        goto out;
    }
    r = o->common.update_config
        ? plan_update(s, o, snap, &result.snapshot, u) : 0;
    if (!r && o->keep)
        r = keep_present(s, o->domain, dry.domain_config_path, snap,
                         o->common.dry_run, kept_r);
 out:
    libxl_domain_snapshot_result_dispose(&result);
    return r;
}

static int revert_domain(const struct session *s, const void *options)
{
    const struct revert_options *o = options;
    struct config_update update = { .file = NULL };
    libxl_domain_snapshot_result result;
    struct revert_request request;
    char *kept = NULL;
    int r = -1;

    libxl_domain_snapshot_result_init(&result);
    if (revert_request_read(s, o->config_file, o->domain, &o->common,
                            &request))
        goto out;
    request.params.force = o->force;
    if (prepare(s, o, &request, &update, &kept)) goto out;
    if (libxl_domain_snapshot_revert(s->sc, &request.snap, &request.params,
                                     &result)) {
        session_library_error(s);
        goto out;
    }
    r = o->common.dry_run ? 0 : config_update_write(&update,
                                             result.snapshot.domain_name);
    logger_end_progress(s->logger);
    session_tell_signal(s, &result);
    print_reverted(&result, kept, &update, &o->common);
    if (r)
        session_error(s, "%s; the domain is back at the snapshot: write its new "
                      "disks into %s yourself", update.error, update.file);
 out:
    config_update_dispose(&update);
    free(kept);
    revert_request_dispose(&request);
    libxl_domain_snapshot_result_dispose(&result);
    return r;
}

int main_snapshot_revert(int argc, char **argv)
{
    struct revert_options options = { .force = false };

    parse_options(argc, argv, &options);
    return session_run(revert_name, revert_domain, &options);
}
