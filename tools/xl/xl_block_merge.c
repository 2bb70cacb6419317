/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_block_merge.c: xl block-commit and xl block-pull: their options, and
 * their course.  libxl_snapshot_merge() does the work.
 */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xl_block_chain.h"
#include "xl_block_merge.h"
#include "xl_config.h"
#include "xl_session.h"
#include "xl_snapshot_list.h"
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

static int merge_find_domain(const struct session *s,
                             const struct merge_options *o,
                             struct domain_target *target)
{
    const struct common_options *common = &o->common;
    char *config;
    int r;

    /* whether it runs is found out first: an xl.cfg may be another's */
    r = domain_target_find(s, o->domain, o->common.domain_config, target);
    if (r) return r;
    if (domain_target_runs(target)) {
        session_error(s, "domain %s: it runs, and layers are merged only "
                      "while a domain is off; shut it down first",
                      target->name);
        return -1;
    }
    domain_target_dispose(target);
    domain_target_init(target);
    config = domain_config_find(s, o->domain, common->domain_config
                                ? common->domain_config
                                : common->update_config);
    r = domain_target_find(s, o->domain, config, target);
    free(config);
    if (r || target->config_text) return r;
    session_error(s, "domain %s: there is no such domain; see xl list or, "
                  "if it does not run, name its xl.cfg with "
                  "--domain-config", o->domain);
    return -1;
}

static char *merge_path_of(const char *path)
{
    return path ? absolute_path(path) : NULL;
}

static int merge_request(const struct session *s,
                         const struct merge_options *o,
                         const struct domain_target *target,
                         const libxl_snapshot_sources *sources,
                         libxl_snapshot_merge_params *p)
{
    p->kind = o->kind;
    p->vdev = xstrdup(o->vdev);
    p->config = &target->config;
    p->base = merge_path_of(o->base);
    p->top = merge_path_of(o->top);
    p->shallow = o->shallow;
    p->active = o->active;
    p->keep_overlay = o->keep_overlay;
    p->remove = o->remove;
    p->trust_folders = o->common.trust_folders;
    p->dry_run = o->common.dry_run;
    p->config_path = domain_config_find(s, o->domain,
                                        o->common.update_config
                                        ? o->common.update_config
                                        : o->common.domain_config);
    if (recorded_refuse_off(s, target->name, o->common.directory,
                            &target->config))
        return -1;
    p->sources = sources;
    return 0;
}

/*-- the user's xl.cfg --------------------------------------------------*/

/* As a snapshot of the disk alone, which moves to the target. */
static void merge_edit(const struct session *s,
                       const struct merge_options *o,
                       const libxl_domain_config *config,
                       const libxl_snapshot_merge_result *result,
                       struct config_update *u)
{
    libxl_disk_snapshot ds = { .mode = LIBXL_SNAPSHOT_MODE_EXTERNAL };
    const libxl_domain_snapshot snap = { .num_disks = 1, .disks = &ds };
    int i;

    libxl_device_disk_init(&ds.parent);
    libxl_device_disk_init(&ds.child);
    for (i = 0; i < config->num_disks; i++)
        if (!strcmp(config->disks[i].vdev, o->vdev))
            libxl_device_disk_copy(s->ctx, &ds.parent, &config->disks[i]);
    libxl_device_disk_copy(s->ctx, &ds.child, &result->disk);
    ds.vdev = result->disk.vdev;
    config_update_init(u, s->sc, o->common.update_config, &snap);
    libxl_device_disk_dispose(&ds.parent);
    libxl_device_disk_dispose(&ds.child);
}

/* Let the library write the xl.cfg: the disk that it is to name is known
 * by a dry run, which deletes nothing. */
static int merge_plan_update(const struct session *s,
                             const struct merge_options *o,
                             libxl_snapshot_merge_params *p,
                             struct config_update *u)
{
    libxl_snapshot_merge_params dry = *p;
    libxl_snapshot_merge_result result;
    int r;

    if (!o->common.update_config) return 0;
    dry.dry_run = true;
    dry.remove = false;
    libxl_snapshot_merge_result_init(&result);
    r = libxl_snapshot_merge(s->sc, &dry, &result);
    if (r) session_library_error(s);
    if (!r && result.moves) {
        merge_edit(s, o, p->config, &result, u);
        r = config_update_text(u, result.domain, &p->config_text);
        if (r) session_error(s, "%s", u->error);
        free(p->config_path);
        p->config_path = copy_or_null(u->path);
    }
    libxl_snapshot_merge_result_dispose(&result);
    return r;
}

/*-- the commands -------------------------------------------------------*/

static int merge_do(const struct session *s, const struct merge_options *o,
                    libxl_snapshot_merge_params *p)
{
    struct config_update update = { .file = NULL };
    libxl_snapshot_merge_result result;
    int r;

    libxl_snapshot_merge_result_init(&result);
    r = merge_plan_update(s, o, p, &update);
    if (r) goto out;
    r = libxl_snapshot_merge(s->sc, p, &result);
    if (r) {
        session_library_error(s);
        goto out;
    }
    update.done = p->config_text && !p->dry_run;
    message_flush();
    session_tell_signal(s, result.signalled);
    print_merged(&result, p, &update, &o->common);
 out:
    config_update_dispose(&update);
    libxl_snapshot_merge_result_dispose(&result);
    return r;
}

struct merge_from {
    const struct merge_options *o;
    const libxl_snapshot_merge_params *params;
};

/* Slot find_again of the sources. */
static void merge_find_sources(void *data,
                               libxl_snapshot_sources *sources)
{
    const struct merge_from *from = data;
    const struct common_options *common = &from->o->common;

    block_sources_find(common->directory, common->domain_config, sources);
    block_sources_add_file(sources, from->params->config_path);
    block_sources_disregard(sources, common);
}

static int merge_domain(const struct session *s, const void *options)
{
    const struct merge_options *o = options;
    libxl_snapshot_merge_params params;
    libxl_snapshot_sources sources;
    struct domain_target target;
    struct merge_from from = { options, &params };
    int r;

    domain_target_init(&target);
    libxl_snapshot_sources_init(&sources);
    libxl_snapshot_merge_params_init(&params);
    r = block_sources_check(s, o->common.directory);
    if (!r) r = merge_find_domain(s, o, &target);
    if (!r) r = merge_request(s, o, &target, &sources, &params);
    sources.find_again = merge_find_sources;
    sources.data = &from;
    if (!r) r = merge_do(s, o, &params);
    libxl_snapshot_merge_params_dispose(&params);
    libxl_snapshot_sources_dispose(&sources);
    domain_target_dispose(&target);
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
