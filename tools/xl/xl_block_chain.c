/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_block_chain.c: xl block-chain: the images that a domain's disks stand
 * on, and who needs them.
 */
#include "xl_block_chain.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xl_session.h"
#include "xl_utils.h"

struct chain_options {
    struct common_options common;
    const char *domain, *vdev;
};

static const char chain_name[] = "block-chain";

static const struct option chain_longopts[] = {
    LONG_OPT_DIRECTORY,
    LONG_OPT_DOMAIN_CONFIG,
    SNAPSHOT_LONG_OPTS
};

static void chain_parse_options(int argc, char **argv,
                                struct chain_options *o)
{
    int opt;

    SWITCH_FOREACH_OPT(opt, "d:v", chain_longopts, chain_name, 1) {
    default:
        common_option(&o->common, opt);
    }
    common_options_end(&o->common, chain_name, argc - optind, 2);
    o->domain = argv[optind];
    if (argc - optind > 1) o->vdev = argv[optind + 1];
    if (!strchr(o->domain, '/')) return;
    if (o->common.domain_config)
        usage_error(chain_name, "name the xl.cfg once");
    o->common.domain_config = o->domain;
}

/* Find the domain; *config_r: its xl.cfg, malloc'd, or NULL. One that is
 * off, and no more than named, has it in Xen's folder. */
static int chain_find_domain(const struct session *s,
                             const struct chain_options *o,
                             struct domain_target *target, char **config_r)
{
    struct domain_target file;
    const char *name = o->domain;
    uint32_t domid;
    char *error;
    int r = 0;

    domain_target_init(&file);
    *config_r = copy_or_null(o->common.domain_config);
    if (!*config_r && domain_id_of(s, name, &domid)) {
        *config_r = default_domain_config(name);
        if (strchr(name, '/') || access(*config_r, F_OK)) {
            free(*config_r);
            *config_r = NULL;
        }
    }
    if (name == o->common.domain_config) {
        r = domain_config_read(name, &file.config, NULL, &error);
        if (r) {
            session_error(s, "%s", error);
            free(error);
        } else {
            name = file.config.c_info.name;
        }
    }
    if (!r) r = domain_target_find(s, name, *config_r, target);
    domain_target_dispose(&file);
    if (r || target->config_text || domain_target_runs(target)) return r;
    session_error(s, "domain %s: there is no such domain; if it does not "
                  "run, name its xl.cfg with --domain-config", o->domain);
    return -1;
}

static int chain_check_vdev(const struct session *s,
                            const struct chain_options *o,
                            const libxl_snapshot_chain *chain)
{
    char *all = xstrdup("none"), *more;
    int i;

    for (i = 0; i < chain->num_disks; i++) {
        if (!o->vdev || !strcmp(chain->disks[i].vdev, o->vdev)) break;
        xasprintf(&more, "%s%s%s", i ? all : "", i ? ", " : "",
                  chain->disks[i].vdev);
        free(all);
        all = more;
    }
    if (o->vdev && i == chain->num_disks)
        session_error(s, "domain %s has no disk %s; its disks: %s",
                      chain->domain, o->vdev, all);
    free(all);
    return o->vdev && i == chain->num_disks ? -1 : 0;
}

int block_chain_find(const struct session *s, const char *directory,
                     const char *config,
                     const struct domain_target *target,
                     libxl_snapshot_chain *chain)
{
    libxl_snapshot_sources sources;
    bool runs = domain_target_runs(target);
    int r;

    block_sources_find(directory, config, &sources);
    r = libxl_snapshot_block_chain(s->sc, target->domid,
                                   runs ? NULL : &target->config, &sources,
                                   chain);
    if (r) session_library_error(s);
    libxl_snapshot_sources_dispose(&sources);
    return r ? -1 : 0;
}

static int chain_show(const struct session *s, const void *options)
{
    const struct chain_options *o = options;
    struct domain_target target;
    libxl_snapshot_chain chain;
    char *config;
    int r;

    domain_target_init(&target);
    libxl_snapshot_chain_init(&chain);
    r = chain_find_domain(s, o, &target, &config);
    if (!r) r = block_sources_check(s, o->common.directory);
    if (!r)
        r = block_chain_find(s, o->common.directory, config, &target,
                             &chain);
    if (!r) r = chain_check_vdev(s, o, &chain);
    if (r) goto out;
    if (o->common.json)
        print_chain_json(&chain, o->vdev);
    else
        print_chain_text(&chain, o->vdev);
 out:
    libxl_snapshot_chain_dispose(&chain);
    domain_target_dispose(&target);
    free(config);
    return r;
}

int main_block_chain(int argc, char **argv)
{
    struct chain_options options = { .domain = NULL };

    chain_parse_options(argc, argv, &options);
    return session_run(chain_name, chain_show, &options);
}
