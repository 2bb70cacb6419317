/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_block_merge.c: xl block-commit and xl block-pull: their options, and
 * their course.  libxl_snapshot_merge() does the work.
 */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xl_block_merge.h"
#include "xl_block_request.h"
#include "xl_config.h"
#include "xl_session.h"
#include "xl_utils.h"

struct merge_options {
    struct common_options common;
    const char *command, *domain, *vdev, *base, *top;
    libxl_snapshot_merge_kind kind;
    bool shallow, active, pivot, keep_overlay, remove;
};

enum {
    OPT_BASE = OPT_OF_COMMAND, OPT_TOP, OPT_SHALLOW, OPT_ACTIVE,
    OPT_PIVOT, OPT_KEEP_OVERLAY, OPT_DELETE
};

/* Rows of both. */
#define MERGE_LONG_OPTS         \
    {"base", 1, 0, OPT_BASE},   \
    {"top", 1, 0, OPT_TOP},     \
    {"delete", 0, 0, OPT_DELETE}, \
    LONG_OPT_DIRECTORY,         \
    LONG_OPT_DISREGARD,         \
    LONG_OPT_DOMAIN_CONFIG,     \
    LONG_OPT_DRY_RUN,           \
    LONG_OPT_TRUST_FOLDERS,     \
    SNAPSHOT_LONG_OPTS

static const struct option commit_longopts[] = {
    {"shallow", 0, 0, OPT_SHALLOW},
    {"active", 0, 0, OPT_ACTIVE},
    {"pivot", 0, 0, OPT_PIVOT},
    {"keep-overlay", 0, 0, OPT_KEEP_OVERLAY},
    LONG_OPT_UPDATE_CONFIG,
    MERGE_LONG_OPTS
};

static const struct option pull_longopts[] = { MERGE_LONG_OPTS };

static void merge_option(struct merge_options *o, int opt)
{
    switch (opt) {
    case OPT_BASE:
        o->base = optarg;
        break;
    case OPT_TOP:
        o->top = optarg;
        break;
    case OPT_SHALLOW:
        o->shallow = true;
        break;
    case OPT_ACTIVE:
        o->active = true;
        break;
    case OPT_PIVOT:
        o->active = o->pivot = true;
        break;
    case OPT_KEEP_OVERLAY:
        o->active = o->keep_overlay = true;
        break;
    case OPT_DELETE:
        o->remove = true;
        break;
    default:
        common_option(&o->common, opt);
    }
}

static void merge_options_end(int argc, char **argv,
                              struct merge_options *o)
{
    common_options_end(&o->common, o->command, argc - optind, 2);
    o->domain = argv[optind];
    o->vdev = argv[optind + 1];
    if (o->pivot && o->keep_overlay)
        usage_error(o->command, "--pivot and --keep-overlay contradict "
                    "each other; leave one out");
}

/*-- the request --------------------------------------------------------*/

static char *merge_path_of(const char *path)
{
    return path ? absolute_path(path) : NULL;
}

static void merge_request(const struct merge_options *o,
                          const struct block_request *req,
                          libxl_snapshot_merge_params *p)
{
    p->kind = o->kind;
    p->vdev = xstrdup(o->vdev);
    p->config = &req->target.config;
    p->base = merge_path_of(o->base);
    p->top = merge_path_of(o->top);
    p->shallow = o->shallow;
    p->active = o->active;
    p->keep_overlay = o->keep_overlay;
    p->remove = o->remove;
    p->trust_folders = o->common.trust_folders;
    p->dry_run = o->common.dry_run;
    p->config_path = copy_or_null(req->config_path);
    p->sources = &req->sources;
}

/* Let the library write the xl.cfg: the disk that it is to name is known
 * by a dry run, which deletes nothing. */
static int merge_plan_update(const struct session *s,
                             const struct block_request *req,
                             libxl_snapshot_merge_params *p,
                             struct config_update *u)
{
    libxl_snapshot_merge_params dry = *p;
    libxl_snapshot_merge_result result;
    int r;

    if (!req->common->update_config) return 0;
    dry.dry_run = true;
    dry.remove = false;
    libxl_snapshot_merge_result_init(&result);
    r = libxl_snapshot_merge(s->sc, &dry, &result);
    if (r) session_library_error(s);
    if (!r && result.moves) {
        block_request_edit(s, req, &result.disk, u);
        r = block_request_text(s, u, result.domain, &p->config_path,
                               &p->config_text);
    }
    libxl_snapshot_merge_result_dispose(&result);
    return r;
}

/*-- the commands -------------------------------------------------------*/

static int merge_do(const struct session *s,
                    const struct block_request *req,
                    libxl_snapshot_merge_params *p)
{
    struct config_update update = { .file = NULL };
    libxl_snapshot_merge_result result;
    int r;

    libxl_snapshot_merge_result_init(&result);
    r = merge_plan_update(s, req, p, &update);
    if (r) goto out;
    r = libxl_snapshot_merge(s->sc, p, &result);
    if (r) {
        session_library_error(s);
        goto out;
    }
    update.done = p->config_text && !p->dry_run;
    message_flush();
    session_tell_signal(s, result.signalled);
    print_merged(&result, p, &update, req->common);
 out:
    config_update_dispose(&update);
    libxl_snapshot_merge_result_dispose(&result);
    return r;
}

static int merge_domain(const struct session *s, const void *options)
{
    const struct merge_options *o = options;
    struct block_request req = {
        .domain = o->domain, .vdev = o->vdev, .common = &o->common,
    };
    libxl_snapshot_merge_params params;
    int r;

    libxl_snapshot_merge_params_init(&params);
    r = block_request_find(s, &req, "layers are merged");
    if (r) goto out;
    merge_request(o, &req, &params);
    r = merge_do(s, &req, &params);
 out:
    libxl_snapshot_merge_params_dispose(&params);
    block_request_dispose(&req);
    return r;
}

static int merge_main(int argc, char **argv, const char *command,
                      const struct option *longopts,
                      libxl_snapshot_merge_kind kind)
{
    struct merge_options options = { .command = command, .kind = kind };
    int opt, r;

    SWITCH_FOREACH_OPT(opt, "d:Nv", longopts, command, 2) {
    default:
        merge_option(&options, opt);
    }
    merge_options_end(argc, argv, &options);
    r = session_run(command, merge_domain, &options);
    free(options.common.disregarded);
    return r;
}

int main_block_commit(int argc, char **argv)
{
    return merge_main(argc, argv, "block-commit", commit_longopts,
                      LIBXL_SNAPSHOT_MERGE_COMMIT);
}

int main_block_pull(int argc, char **argv)
{
    return merge_main(argc, argv, "block-pull", pull_longopts,
                      LIBXL_SNAPSHOT_MERGE_PULL);
}
