/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_delete.c: xl snapshot-delete: its options, and its course.
 * libxl_domain_snapshot_delete() does the work.
 */
#include "xl_snapshot.h"

#include <stdlib.h>

#include "xl_block_chain.h"
#include "xl_session.h"
#include "xl_snapshot_layers.h"
#include "xl_utils.h"

struct delete_options {
    struct common_options common;
    const char *domain, *snapshot;
    bool keep_data;
};

enum { OPT_KEEP_DATA = OPT_OF_COMMAND };

static const char delete_name[] = "snapshot-delete";

static const struct option delete_longopts[] = {
    {"keep-data", 0, 0, OPT_KEEP_DATA},
    LONG_OPT_DIRECTORY,
    LONG_OPT_DISREGARD,
    LONG_OPT_DOMAIN_CONFIG,
    LONG_OPT_DRY_RUN,
    LONG_OPT_TRUST_FOLDERS,
    SNAPSHOT_LONG_OPTS
};

static void delete_parse_options(int argc, char **argv,
                                 struct delete_options *o)
{
    int opt;

    SWITCH_FOREACH_OPT(opt, "d:Nv", delete_longopts, delete_name, 2) {
    case OPT_KEEP_DATA:
        o->keep_data = true;
        break;
    default:
        common_option(&o->common, opt);
    }
    common_options_end(&o->common, delete_name, argc - optind, 2);
    o->domain = argv[optind];
    o->snapshot = argv[optind + 1];
}

/* Read the snapshot config of @o, and see that it is of that domain. */
static int delete_read(const struct session *s,
                       const struct delete_options *o,
                       libxl_domain_snapshot *snap,
                       libxl_domain_snapshot_delete_params *params)
{
    uint32_t domid;

    params->config_path = snapshot_config_find(
        s, o->domain, o->common.directory, o->snapshot);
    if (!params->config_path) return -1;
    if (libxl_domain_snapshot_config_read(s->sc, params->config_path,
                                          snap)) {
        session_library_error(s);
        return -1;
    }
    params->keep_data = o->keep_data;
    params->trust_folders = o->common.trust_folders;
    params->dry_run = o->common.dry_run;
    return snapshot_check_domain(s, o->domain, snap, &domid);
}

/* What can be checked of all of it is checked before the first layer is
 * merged.  The snapshot config goes last: cut off before that, the command
 * is given again, and goes on. */
static int delete_do(const struct session *s,
                     const struct delete_options *o,
                     const libxl_domain_snapshot *snap,
                     libxl_domain_snapshot_delete_params *p,
                     struct layers *layers)
{
    libxl_domain_snapshot_result result;
    int r = 0;

    libxl_domain_snapshot_result_init(&result);
    p->keep_layers = true;
    p->dry_run = true;
    if (!p->keep_data)
        r = layers_plan(s, o->domain, &o->common, snap, p->config_path,
                        p->sources, layers);
    if (r) return r;
    if (layers->num)
        r = libxl_domain_snapshot_delete(s->sc, snap, p, &result);
    libxl_domain_snapshot_result_dispose(&result);
    p->dry_run = o->common.dry_run;
    if (r) session_library_error(s);
    if (!r && !p->dry_run) r = layers_merge(s, layers);
    if (r) return r;
    r = libxl_domain_snapshot_delete(s->sc, snap, p, &result);
    if (r) {
        session_library_error(s);
    } else {
        message_flush();
        session_tell_signal(s, result.signalled);
        print_deleted(&result, snap, p->config_path, layers, &o->common);
    }
    libxl_domain_snapshot_result_dispose(&result);
    return r;
}

struct delete_from {
    const struct common_options *common;
    const libxl_domain_snapshot_delete_params *params;
};

/* Slot find_again of the sources. */
static void delete_find_sources(void *data,
                                libxl_snapshot_sources *sources)
{
    const struct delete_from *from = data;
    const struct common_options *o = from->common;

    block_sources_find(o->directory, o->domain_config, sources);
    block_sources_disregard(sources, o);
    block_sources_add_beside(sources, from->params->config_path);
}

static int delete_snapshot(const struct session *s, const void *options)
{
    const struct delete_options *o = options;
    struct layers layers = { .num = 0 };
    libxl_domain_snapshot_delete_params params;
    struct delete_from from = { &o->common, &params };
    libxl_snapshot_sources sources;
    libxl_domain_snapshot snap;
    int r;

    libxl_domain_snapshot_init(&snap);
    domain_target_init(&layers.target);
    libxl_domain_snapshot_delete_params_init(&params);
    libxl_snapshot_sources_init(&sources);
    sources.find_again = delete_find_sources;
    sources.data = &from;
    params.sources = &sources;
    r = delete_read(s, o, &snap, &params);
    if (!r) r = delete_do(s, o, &snap, &params, &layers);
    layers_dispose(&layers);
    libxl_domain_snapshot_delete_params_dispose(&params);
    libxl_snapshot_sources_dispose(&sources);
    libxl_domain_snapshot_dispose(&snap);
    return r;
}

int main_snapshot_delete(int argc, char **argv)
{
    struct delete_options options = { .keep_data = false };
    int r;

    delete_parse_options(argc, argv, &options);
    r = session_run(delete_name, delete_snapshot, &options);
    free(options.common.disregarded);
    return r;
}
