/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_list.c: xl snapshot-list: the snapshot configs in the
 * domain's folder, and what its images tell: there is no database to ask.
 */
#include "xl_snapshot_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xl_block_chain.h"
#include "xl_session.h"
#include "xl_snapshot.h"
#include "xl_utils.h"

struct list_options {
    struct common_options common;
    const char *domain;
};

static const char list_name[] = "snapshot-list";

static const struct option list_longopts[] = {
    LONG_OPT_DIRECTORY,
    LONG_OPT_DOMAIN_CONFIG,
    SNAPSHOT_LONG_OPTS
};

static void list_parse_options(int argc, char **argv,
                               struct list_options *o)
{
    int opt;

    SWITCH_FOREACH_OPT(opt, "d:v", list_longopts, list_name, 1) {
    default:
        common_option(&o->common, opt);
    }
    common_options_end(&o->common, list_name, argc - optind, 1);
    o->domain = argv[optind];
}

/*-- images -------------------------------------------------------------*/

/* The row of @tag's name, which is added if it is new. */
static struct tag_row *list_tag_row(struct snapshot_list *list,
                                    const libxl_snapshot_tag *tag)
{
    struct tag_row *row;
    int i;

    for (i = 0; i < list->num_tags; i++)
        if (!strcmp(list->tags[i].tag->name, tag->name))
            return &list->tags[i];
    row = &list->tags[list->num_tags++];
    *row = (struct tag_row){ .tag = tag };
    row->on = xcalloc(list->num_disks, sizeof(*row->on));
    return row;
}

/* Tell whether every writable disk has a tag of the row's name. */
static bool list_on_all(const struct snapshot_list *list,
                        const struct tag_row *row)
{
    int i;

    for (i = 0; i < list->num_disks; i++)
        if (list->disks[i].is_data_disk && !row->on[i]) return false;
    return true;
}

/* Find the snapshots inside the active layers of the writable disks. */
static void list_find_tags(struct snapshot_list *list)
{
    int i, k, max = 0;

    for (i = 0; i < list->num_disks; i++)
        if (list->disks[i].num_layers)
            max += list->disks[i].layers[0].num_tags;
    list->tags = xcalloc(max, sizeof(*list->tags));
    for (i = 0; i < list->num_disks; i++) {
        const libxl_disk_snapshot_info *disk = &list->disks[i];

        if (!disk->is_data_disk || !disk->num_layers) continue;
        for (k = 0; k < disk->layers[0].num_tags; k++)
            list_tag_row(list, &disk->layers[0].tags[k])->on[i] = true;
    }
    for (i = 0; i < list->num_tags; i++)
        list->tags[i].all = list_on_all(list, &list->tags[i]);
}

static int list_find_images(const struct session *s, uint32_t domid,
                            const libxl_domain_config *config,
                            struct snapshot_list *list)
{
    if (libxl_disk_snapshot_info_list(s->sc, domid, config, &list->disks,
                                      &list->num_disks)) {
        session_library_error(s);
        return -1;
    }
    list->images = true;
    list_find_tags(list);
    return 0;
}

static void list_dispose(struct snapshot_list *list)
{
    int i;

    recorded_free(list->recorded, list->num_recorded);
    for (i = 0; i < list->num_tags; i++)
        free(list->tags[i].on);
    free(list->tags);
    free(list->directory);
    libxl_disk_snapshot_info_list_free(list->disks, list->num_disks);
    libxl_snapshot_chain_dispose(&list->chain);
}

static void list_warn(const struct session *s,
                      const struct snapshot_list *list)
{
    struct chain_length *chains = xcalloc(list->num_disks,
                                          sizeof(*chains));
    int i, num = 0;

    for (i = 0; i < list->num_disks; i++)
        if (list->disks[i].is_data_disk)
            chains[num++] = (struct chain_length){
                .vdev = list->disks[i].vdev,
                .num_images = list->disks[i].num_layers,
            };
    chains_warn(s, list->domain, chains, num);
    free(chains);
}

/*-- the command --------------------------------------------------------*/

/* Find the snapshots on record and, of a domain that runs or whose xl.cfg
 * is known, those in its images.  If these cannot be told, say because the
 * domain's QEMU is gone, what is on record matters all the more. */
static int list_find(const struct session *s, const struct list_options *o,
                     struct domain_target *target,
                     struct snapshot_list *list)
{
    const libxl_domain_config *config = NULL;
    uint32_t domid = target->domid;

    if (target->config_text) {
        config = &target->config;
        domid = INVALID_DOMID;
    }
    list->domain = target->name;
    list->directory = o->common.directory
        ? absolute_path(o->common.directory)
        : default_directory(target->name);
    list->recorded = recorded_find(s, list->directory,
                                   &list->num_recorded);
    if (config || domain_target_runs(target)) {
        list->images_failed =
            list_find_images(s, domid, config, list)
            || block_chain_find(s, list->directory,
                                o->common.domain_config, target,
                                &list->chain);
        return 0;
    }
    if (list->num_recorded) return 0;
    session_error(s, "domain %s: there is no such domain, and no snapshot "
                  "of it in %s; if the domain does not run, name its "
                  "xl.cfg with --domain-config", o->domain,
                  list->directory);
    return -1;
}

static int list_snapshots(const struct session *s, const void *options)
{
    const struct list_options *o = options;
    struct snapshot_list list = { .domain = NULL };
    struct domain_target target;
    int r = -1;

    domain_target_init(&target);
    if (domain_target_find(s, o->domain, o->common.domain_config, &target))
        goto out;
    if (list_find(s, o, &target, &list)) goto out;
    if (o->common.json)
        print_list_json(&list);
    else
        print_list_text(&list);
    list_warn(s, &list);
    r = list.images_failed ? -1 : 0;
 out:
    list_dispose(&list);
    domain_target_dispose(&target);
    return r;
}

int main_snapshot_list(int argc, char **argv)
{
    struct list_options options = { .domain = NULL };

    list_parse_options(argc, argv, &options);
    return session_run(list_name, list_snapshots, &options);
}
