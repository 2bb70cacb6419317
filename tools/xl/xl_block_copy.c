/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_block_copy.c: xl block-copy: its options, and its course.
 * libxl_snapshot_copy() does the work.
 */
#include "xl_snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "xl_block_copy.h"
#include "xl_block_request.h"
#include "xl_config.h"
#include "xl_session.h"
#include "xl_utils.h"

static const char copy_name[] = "block-copy";

struct copy_options {
    struct common_options common;
    const char *domain, *vdev, *target;
    libxl_disk_format format;
    bool shallow, reuse, pivot, remove;
};

enum {
    OPT_FORMAT = OPT_OF_COMMAND, OPT_SHALLOW, OPT_REUSE_EXTERNAL,
    OPT_PIVOT, OPT_DELETE
};

static const struct option copy_longopts[] = {
    {"format", 1, 0, OPT_FORMAT},
    {"shallow", 0, 0, OPT_SHALLOW},
    {"reuse-external", 0, 0, OPT_REUSE_EXTERNAL},
    {"pivot", 0, 0, OPT_PIVOT},
    {"delete", 0, 0, OPT_DELETE},
    LONG_OPT_DIRECTORY,
    LONG_OPT_DISREGARD,
    LONG_OPT_DOMAIN_CONFIG,
    LONG_OPT_DRY_RUN,
    LONG_OPT_TRUST_FOLDERS,
    LONG_OPT_UPDATE_CONFIG,
    SNAPSHOT_LONG_OPTS
};

static libxl_disk_format copy_format(const char *name)
{
    if (!strcmp(name, "raw")) return LIBXL_DISK_FORMAT_RAW;
    if (!strcmp(name, "qcow2")) return LIBXL_DISK_FORMAT_QCOW2;
    usage_error(copy_name, "--format is raw or qcow2");
}

static void copy_option(struct copy_options *o, int opt)
{
    switch (opt) {
    case OPT_FORMAT:
        o->format = copy_format(optarg);
        break;
    case OPT_SHALLOW:
        o->shallow = true;
        break;
    case OPT_REUSE_EXTERNAL:
        o->reuse = true;
        break;
    case OPT_PIVOT:
        o->pivot = true;
        break;
    case OPT_DELETE:
        o->remove = true;
        break;
    default:
        common_option(&o->common, opt);
    }
}

/*-- the request --------------------------------------------------------*/

static void copy_request(const struct copy_options *o,
                         const struct block_request *req,
                         libxl_snapshot_copy_params *p)
{
    p->vdev = xstrdup(o->vdev);
    p->config = &req->target.config;
    p->path = absolute_path(o->target);
    p->format = o->format;
    p->shallow = o->shallow;
    p->reuse = o->reuse;
    p->pivot = o->pivot;
    p->remove = o->remove;
    p->trust_folders = o->common.trust_folders;
    p->dry_run = o->common.dry_run;
    p->config_path = copy_or_null(req->config_path);
    p->sources = &req->sources;
}

/* Let the library write the xl.cfg: a dry run tells the format of the disk
 * that it is to name. */
static int copy_plan_update(const struct session *s,
                            const struct block_request *req,
                            libxl_snapshot_copy_params *p,
                            struct config_update *u)
{
    libxl_snapshot_copy_params dry = *p;
    libxl_snapshot_copy_result result;
    int r;

    if (!req->common->update_config) return 0;
    dry.dry_run = true;
    dry.remove = false;
    libxl_snapshot_copy_result_init(&result);
    r = libxl_snapshot_copy(s->sc, &dry, &result);
    if (r) {
        session_library_error(s);
    } else {
        block_request_edit(s, req, &result.disk, u);
        r = block_request_text(s, u, result.domain, &p->config_path,
                               &p->config_text);
    }
    libxl_snapshot_copy_result_dispose(&result);
    return r;
}

/*-- the command --------------------------------------------------------*/

static int copy_do(const struct session *s,
                   const struct block_request *req,
                   libxl_snapshot_copy_params *p)
{
    struct config_update update = { .file = NULL };
    libxl_snapshot_copy_result result;
    int r;

    libxl_snapshot_copy_result_init(&result);
    r = copy_plan_update(s, req, p, &update);
    if (r) goto out;
    r = libxl_snapshot_copy(s->sc, p, &result);
    if (r) {
        session_library_error(s);
        goto out;
    }
    update.done = p->config_text && !p->dry_run;
    message_flush();
    session_tell_signal(s, result.signalled);
    print_copied(&result, p, &update, req->common);
 out:
    config_update_dispose(&update);
    libxl_snapshot_copy_result_dispose(&result);
    return r;
}

static int copy_domain(const struct session *s, const void *options)
{
    const struct copy_options *o = options;
    struct block_request req = {
        .domain = o->domain, .vdev = o->vdev, .common = &o->common,
    };
    libxl_snapshot_copy_params params;
    int r;

    libxl_snapshot_copy_params_init(&params);
    r = block_request_find(s, &req, "a disk is copied");
    if (r) goto out;
    copy_request(o, &req, &params);
    r = copy_do(s, &req, &params);
 out:
    libxl_snapshot_copy_params_dispose(&params);
    block_request_dispose(&req);
    return r;
}

int main_block_copy(int argc, char **argv)
{
    struct copy_options options = { .domain = NULL };
    int opt, r;

    SWITCH_FOREACH_OPT(opt, "d:Nv", copy_longopts, copy_name, 3) {
    default:
        copy_option(&options, opt);
    }
    common_options_end(&options.common, copy_name, argc - optind, 3);
    options.domain = argv[optind];
    options.vdev = argv[optind + 1];
    options.target = argv[optind + 2];
    if (!options.pivot && (options.common.update_config || options.remove))
        usage_error(copy_name, "--update-config and --delete are for a "
                    "disk that goes on with the copy; use --pivot, too");
    r = session_run(copy_name, copy_domain, &options);
    free(options.common.disregarded);
    return r;
}
