/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_create.c: xl snapshot-create: its options, and its course.
 * libxl_domain_snapshot_create() does the work.
 */
#include "xl_snapshot_create.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xl_config.h"
#include "xl_session.h"
#include "xl_utils.h"

enum {
    OPT_INTERNAL = OPT_OF_COMMAND, OPT_EXTERNAL, OPT_DISK_ONLY,
    OPT_QUIESCE, OPT_QUIESCE_COMMAND, OPT_QUIESCE_TIMEOUT, OPT_LVM_SIZE,
    OPT_LIVE, OPT_REUSE_EXTERNAL, OPT_UNPAUSE,
};

static const char create_name[] = "snapshot-create";

static const struct option create_longopts[] = {
    {"name", 1, 0, 'n'},
    {"description", 1, 0, 'D'},
    {"internal", 0, 0, OPT_INTERNAL},
    {"external", 0, 0, OPT_EXTERNAL},
    {"disk-only", 0, 0, OPT_DISK_ONLY},
    {"quiesce", 0, 0, OPT_QUIESCE},
    {"quiesce-command", 1, 0, OPT_QUIESCE_COMMAND},
    {"quiesce-timeout", 1, 0, OPT_QUIESCE_TIMEOUT},
    {"lvm-size", 1, 0, OPT_LVM_SIZE},
    {"live", 0, 0, OPT_LIVE},
    {"reuse-external", 0, 0, OPT_REUSE_EXTERNAL},
    {"unpause", 0, 0, OPT_UNPAUSE},
    LONG_OPT_DIRECTORY,
    LONG_OPT_DOMAIN_CONFIG,
    LONG_OPT_DRY_RUN,
    LONG_OPT_PAUSED,
    LONG_OPT_SKIP_UNSUPPORTED,
    LONG_OPT_TRUST_FOLDERS,
    LONG_OPT_UPDATE_CONFIG,
    SNAPSHOT_LONG_OPTS
};

static void create_set_mode(struct create_options *o,
                            libxl_snapshot_mode mode)
{
    if (o->mode != LIBXL_SNAPSHOT_MODE_DEFAULT && o->mode != mode)
        usage_error(create_name, "--internal and --external cannot be "
                    "used together; to choose for each disk, use a "
                    "ConfigFile");
    o->mode = mode;
}

static unsigned int create_seconds(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end || n < 1 || n > 3600)
        usage_error(create_name, "--quiesce-timeout takes a number of "
                    "seconds from 1 to 3600");
    return n;
}

static void create_check_options(const struct create_options *o)
{
    if (o->quiesce_seconds && !o->quiesce)
        usage_error(create_name, "--quiesce-timeout needs --quiesce or "
                    "--quiesce-command");
}

static void create_parse_options(int argc, char **argv,
                                 struct create_options *o)
{
    int opt;

    SWITCH_FOREACH_OPT(opt, "n:D:d:pNv", create_longopts, create_name, 1) {
    case 'n':
        o->name = optarg;
        break;
    case 'D':
        o->description = optarg;
        break;
    case OPT_INTERNAL:
        create_set_mode(o, LIBXL_SNAPSHOT_MODE_INTERNAL);
        break;
    case OPT_EXTERNAL:
        create_set_mode(o, LIBXL_SNAPSHOT_MODE_EXTERNAL);
        break;
    case OPT_DISK_ONLY:
        o->disk_only = true;
        break;
    case OPT_QUIESCE_COMMAND:
        o->quiesce_command = optarg;
        /* fall through */
    case OPT_QUIESCE:
        o->quiesce = true;
        break;
    case OPT_QUIESCE_TIMEOUT:
        o->quiesce_seconds = create_seconds(optarg);
        break;
    case OPT_LVM_SIZE:
        o->lvm_size = optarg;
        break;
    case OPT_LIVE:
        o->live = true;
        break;
    case OPT_REUSE_EXTERNAL:
        o->reuse_external = true;
        break;
    case OPT_UNPAUSE:
        o->unpause = true;
        break;
    default:
        common_option(&o->common, opt);
    }
    common_options_end(&o->common, create_name, argc - optind, 2);
    create_check_options(o);
    o->domain = argv[optind];
    o->wishes = argv[optind + 1];
}

/*-- the command --------------------------------------------------------*/

/* Plan what --update-config writes, by a dry run, and check that it can be
 * written. */
static int create_plan_update(const struct session *s,
                              const struct create_options *o,
                              struct create_request *request,
                              struct config_update *u)
{
    libxl_domain_snapshot_result result;
    int r = -1;

    if (!o->common.update_config) return 0;
    request->params.dry_run = true;
    libxl_domain_snapshot_result_init(&result);
    if (libxl_domain_snapshot_create(s->sc, request->target.domid,
                                     &request->params, &result)) {
        session_library_error(s);
        goto out;
    }
    request->params.dry_run = o->common.dry_run;
    config_update_init(u, s->sc, o->common.update_config,
                       &result.snapshot);
    r = config_update_try(u, result.snapshot.domain_name);
    if (r) session_error(s, "%s", u->error);
 out:
    libxl_domain_snapshot_result_dispose(&result);
    return r;
}

/* What is wrong with a snapshot by @v; NULL if nothing is.  Without an
 * xl.cfg of its own (@no_config) it needs one at the revert. */
static const libxl_snapshot_verified_item *create_bad_item(
    const libxl_domain_snapshot_verification *v, bool no_config)
{
    int i;

    for (i = 0; i < v->num_items; i++)
        if (v->items[i].error
            && !(no_config && !strcmp(v->items[i].what, "domain config")))
            return &v->items[i];
    return NULL;
}

/* Look at the new snapshot as a revert to it would, from its snapshot
 * config: a snapshot of no use is better known at once.  The config that
 * it has is the domain's. */
static int create_verify(const struct session *s,
                         const struct create_options *o,
                         const libxl_domain_snapshot_params *p)
{
    const struct common_options common = {
        .accept_config = true,
        .domain_config = p->memory_path ? NULL : p->domain_config_path,
        .skip_unsupported = o->common.skip_unsupported,
        .trust_folders = o->common.trust_folders,
    };
    const libxl_snapshot_verified_item *bad = NULL;
    libxl_domain_snapshot_verification found;
    struct revert_request request;
    int r;

    libxl_domain_snapshot_verification_init(&found);
    r = revert_request_read(s, p->config_path, NULL, &common, &request);
    if (r) goto out;
    request.params.just_taken = true;
    if (libxl_domain_snapshot_verify(s->sc, &request.snap, &request.params,
                                     &found))
        bad = create_bad_item(&found, !p->memory_path
                                      && !p->domain_config_path);
    if (!bad) goto out;
    session_error(s, "snapshot %s was taken, but a revert to it would "
                  "fail: %s: %s", p->name, bad->what, bad->error);
    r = -1;
 out:
    revert_request_dispose(&request);
    libxl_domain_snapshot_verification_dispose(&found);
    return r;
}

/* Take the snapshot and print the result; or, where @config_r is not NULL,
 * give the path of its snapshot config, malloc'd. */
static int create_snapshot(const struct session *s,
                           const struct create_options *o, char **config_r)
{
    struct config_update update = { .file = NULL };
    libxl_domain_snapshot_result result;
    struct create_request request;
    int r = -1;

    libxl_domain_snapshot_result_init(&result);
    if (create_request_read(s, o, &request)) goto out;
    if (create_plan_update(s, o, &request, &update)) goto out;
    if (libxl_domain_snapshot_create(s->sc, request.target.domid,
                                     &request.params, &result)) {
        session_library_error(s);
        goto out;
    }
    r = o->common.dry_run ? 0
        : config_update_write(&update, result.snapshot.domain_name);
    message_flush();
    session_tell_signal(s, result.signalled);
    if (config_r) {
        *config_r = xstrdup(request.params.config_path);
        print_unprotected(message_line, result.unprotected,
                          result.num_unprotected);
    } else
        print_created(&result, request.params.config_path, &update,
                      &o->common);
    chains_warn(s, result.snapshot.domain_name, request.chains,
                request.num_chains);
    if (r)
        session_error(s, "%s; the snapshot is complete: write the "
                      "domain's new disks into %s yourself", update.error,
                      update.file);
    if (!o->common.dry_run && create_verify(s, o, &request.params)) r = -1;
    if (result.unclean) {
        session_error(s, "%s", result.unclean);
        r = -1;
    }
 out:
    config_update_dispose(&update);
    create_request_dispose(&request);
    libxl_domain_snapshot_result_dispose(&result);
    return r;
}

int keep_present(const struct session *s, const char *domain,
                 const char *domain_config,
                 const libxl_domain_snapshot *like,
                 const struct common_options *common, char **config_r)
{
    const struct create_options o = {
        .common = {
            .directory = common->directory,
            .domain_config = domain_config, .dry_run = common->dry_run,
            .trust_folders = common->trust_folders,
            .skip_unsupported = like->num_skipped > 0,
        },
        .domain = domain, .like = like, .name_prefix = "before-revert-",
    };

    return create_snapshot(s, &o, config_r);
}

static int create_run(const struct session *s, const void *options)
{
    return create_snapshot(s, options, NULL);
}

int main_snapshot_create(int argc, char **argv)
{
    struct create_options options = { .domain = NULL };

    create_parse_options(argc, argv, &options);
    return session_run(create_name, create_run, &options);
}
