/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_block_request.c: the commands that change the chain of a disk, as far
 * as they are the same: the domain that is meant, where it stands who
 * needs its layers, the user's xl.cfg.
 */
#include "xl_block_request.h"

#include <stdlib.h>
#include <string.h>

#include "xl_block_chain.h"
#include "xl_config.h"
#include "xl_session.h"
#include "xl_snapshot_list.h"
#include "xl_utils.h"

/*-- the domain ---------------------------------------------------------*/

static int request_find_domain(const struct session *s,
                               struct block_request *req, const char *what)
{
    const struct common_options *o = req->common;
    struct domain_target *target = &req->target;
    char *config;
    int r;

    /* whether it runs is found out first: an xl.cfg may be another's */
    r = domain_target_find(s, req->domain, o->domain_config, target);
    if (r) return r;
    if (domain_target_runs(target)) {
        session_error(s, "domain %s: it runs, and %s only while a domain "
                      "is off; shut it down first", target->name, what);
        return -1;
    }
    domain_target_dispose(target);
    domain_target_init(target);
    config = domain_config_find(s, req->domain, o->domain_config
                                ? o->domain_config : o->update_config);
    r = domain_target_find(s, req->domain, config, target);
    free(config);
    if (r || target->config_text) return r;
    session_error(s, "domain %s: there is no such domain; see xl list or, "
                  "if it does not run, name its xl.cfg with "
                  "--domain-config", req->domain);
    return -1;
}

/*-- who needs its layers -----------------------------------------------*/

/* Slot find_again of the sources. */
static void request_find_sources(void *data,
                                 libxl_snapshot_sources *sources)
{
    const struct block_request *req = data;
    const struct common_options *o = req->common;

    block_sources_find(o->directory, o->domain_config, sources);
    block_sources_add_file(sources, req->config_path);
    block_sources_disregard(sources, o);
}

int block_request_find(const struct session *s, struct block_request *req,
                       const char *what)
{
    const struct common_options *o = req->common;
    int r;

    domain_target_init(&req->target);
    libxl_snapshot_sources_init(&req->sources);
    req->config_path = NULL;
    r = block_sources_check(s, o->directory);
    if (!r) r = request_find_domain(s, req, what);
    if (r) return r;
    req->config_path = domain_config_find(s, req->domain, o->update_config
                                          ? o->update_config
                                          : o->domain_config);
    r = recorded_refuse_off(s, req->target.name, o->directory,
                            &req->target.config);
    if (r) return -1;
    req->sources.find_again = request_find_sources;
    req->sources.data = req;
    return 0;
}

void block_request_dispose(struct block_request *req)
{
    libxl_snapshot_sources_dispose(&req->sources);
    domain_target_dispose(&req->target);
    free(req->config_path);
    req->config_path = NULL;
}

/*-- the user's xl.cfg --------------------------------------------------*/

/* As a snapshot of the disk alone, which moves. */
void block_request_edit(const struct session *s,
                        const struct block_request *req,
                        const libxl_device_disk *disk,
                        struct config_update *u)
{
    const libxl_domain_config *config = &req->target.config;
    libxl_disk_snapshot ds = { .mode = LIBXL_SNAPSHOT_MODE_EXTERNAL };
    const libxl_domain_snapshot snap = { .num_disks = 1, .disks = &ds };
    int i;

    libxl_device_disk_init(&ds.parent);
    libxl_device_disk_init(&ds.child);
    for (i = 0; i < config->num_disks; i++)
        if (!strcmp(config->disks[i].vdev, req->vdev))
            libxl_device_disk_copy(s->ctx, &ds.parent, &config->disks[i]);
    libxl_device_disk_copy(s->ctx, &ds.child, disk);
    ds.vdev = disk->vdev;
    config_update_init(u, s->sc, req->common->update_config, &snap);
    libxl_device_disk_dispose(&ds.parent);
    libxl_device_disk_dispose(&ds.child);
}

int block_request_text(const struct session *s, struct config_update *u,
                       const char *domain, char **path, char **text)
{
    int r = config_update_text(u, domain, text);

    if (r) session_error(s, "%s", u->error);
    free(*path);
    *path = copy_or_null(u->path);
    return r;
}

/*-- what came of it ----------------------------------------------------*/

void print_block_plan(char *const *steps, int num_steps, uint64_t bytes)
{
    int i;

    for (i = 0; i < num_steps; i++)
        print_line("%2d. %s", i + 1, steps[i]);
    print_line("Up to %llu MiB are copied.",
               (unsigned long long)(bytes >> 20) + 1);
    print_line("Nothing was changed.");
}

void print_block_disk(const libxl_device_disk *disk,
                      const struct config_update *u)
{
    char *spec;

    if (u->done) {
        print_line("%s names %s as disk %s now.", u->file, disk->pdev_path,
                   disk->vdev);
        return;
    }
    spec = libxl_snapshot_disk_spec(disk);
    print_new_disk(spec, true);
    free(spec);
}
