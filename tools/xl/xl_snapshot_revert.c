/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_revert.c: xl snapshot-revert: its options, and its course.
 * libxl_domain_snapshot_revert() does the work.
 */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <libxl_utils.h>

#include "xl_config.h"
#include "xl_session.h"
#include "xl_utils.h"

struct revert_options {
    struct common_options common;
    const char *domain, *snapshot;
    bool force, keep;
};

enum { OPT_FORCE = OPT_OF_COMMAND, OPT_KEEP };

static const char revert_name[] = "snapshot-revert";

static const struct option revert_longopts[] = {
    {"force", 0, 0, OPT_FORCE},
    {"keep", 0, 0, OPT_KEEP},
    LONG_OPT_ACCEPT_CONFIG,
    LONG_OPT_DIRECTORY,
    LONG_OPT_DOMAIN_CONFIG,
    LONG_OPT_DRY_RUN,
    LONG_OPT_PAUSED,
    LONG_OPT_SKIP_UNSUPPORTED,
    LONG_OPT_TRUST_FOLDERS,
    LONG_OPT_UPDATE_CONFIG,
    SNAPSHOT_LONG_OPTS
};

static void revert_parse_options(int argc, char **argv,
                                 struct revert_options *o)
{
    int opt;

    SWITCH_FOREACH_OPT(opt, "d:pNv", revert_longopts, revert_name, 2) {
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
    o->snapshot = argv[optind + 1];
}

/*-- the user's xl.cfg --------------------------------------------------*/

/* The file may name any image that the disk had since the snapshot: the
 * one that the domain went on with, and those of reverts up to this
 * one. */
static void revert_allow_layers(const struct session *s,
                                struct config_edit *edit,
                                const libxl_disk_snapshot *ds)
{
    const char *child = ds->child.pdev_path;
    const char *first = child ? child : ds->parent.pdev_path;
    bool exists = true;
    char *path;
    int n;

    if (!first) return;
    config_edit_from(edit, first);
    for (n = 1; exists; n++) {
        path = child ? revert_overlay(first, n) : revert_volume(first, n);
        exists = libxl_snapshot_path_is_taken(s->sc, path);
        config_edit_from(edit, path);
        free(path);
    }
}

/* The file may also name the images that the domain has now, if it
 * runs. */
static void revert_allow_present(const struct session *s,
                                 struct config_update *u,
                                 const char *domain)
{
    libxl_disk_snapshot_info *info;
    struct config_edit *edit;
    uint32_t domid;
    int i, num;

    if (domain_id_of(s, domain, &domid)) return;
    if (libxl_disk_snapshot_info_list(s->sc, domid, NULL, &info, &num))
        return;
    for (i = 0; i < num; i++) {
        edit = config_edit_of(u->edits, u->num, info[i].vdev);
        if (edit && info[i].path) config_edit_from(edit, info[i].path);
    }
    libxl_disk_snapshot_info_list_free(info, num);
}

/* Plan what --update-config writes after a revert to @snap, of which a dry
 * run has shown the @result. */
static int revert_plan_update(const struct session *s,
                              const struct revert_options *o,
                              const libxl_domain_snapshot *snap,
                              const libxl_domain_snapshot *result,
                              struct config_update *u)
{
    struct config_edit *edit;
    int i, r;

    config_update_init(u, s->sc, o->common.update_config, result);
    for (i = 0; i < snap->num_disks; i++) {
        edit = config_edit_of(u->edits, u->num, snap->disks[i].vdev);
        if (edit) revert_allow_layers(s, edit, &snap->disks[i]);
    }
    revert_allow_present(s, u, o->domain);
    r = config_update_try(u, result->domain_name);
    if (r) session_error(s, "%s", u->error);
    return r;
}

/*-- the command --------------------------------------------------------*/

/* Prepare for --update-config and --keep.  A dry run of the revert comes
 * first: a snapshot of the present state would only be in the way if the
 * revert is then refused. */
static int revert_prepare(const struct session *s,
                          const struct revert_options *o,
                          const struct revert_request *request,
                          struct config_update *u, char **kept_r)
{
    libxl_domain_snapshot_revert_params dry = request->params;
    const libxl_domain_snapshot *snap = &request->snap;
    libxl_domain_snapshot_result result;
    int r;

    if (!o->common.update_config && !o->keep) return 0;
    dry.dry_run = true;
    libxl_domain_snapshot_result_init(&result);
    r = libxl_domain_snapshot_revert(s->sc, snap, &dry, &result);
    if (r) session_library_error(s);
    if (!r && o->common.update_config)
        r = revert_plan_update(s, o, snap, &result.snapshot, u);
    if (!r && o->keep)
        r = keep_present(s, o->domain, dry.domain_config_path, snap,
                         &o->common, kept_r);
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
    if (revert_request_read(s, o->snapshot, o->domain, &o->common,
                            &request))
        goto out;
    request.params.force = o->force;
    if (revert_prepare(s, o, &request, &update, &kept)) goto out;
    if (libxl_domain_snapshot_revert(s->sc, &request.snap, &request.params,
                                     &result)) {
        session_library_error(s);
        goto out;
    }
    r = o->common.dry_run ? 0
        : config_update_write(&update, result.snapshot.domain_name);
    message_flush();
    session_tell_signal(s, result.signalled);
    print_reverted(&result, kept, &update, &o->common);
    if (r)
        session_error(s, "%s; the domain is back at the snapshot: write "
                      "its new disks into %s yourself", update.error,
                      update.file);
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

    revert_parse_options(argc, argv, &options);
    return session_run(revert_name, revert_domain, &options);
}
