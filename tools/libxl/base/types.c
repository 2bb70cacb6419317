/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * base/types.c: init and dispose of the public structs, as libxl's
 * gentypes.py would generate them.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

void snap_strings_free(char **strings, int num)
{
    int i;

    for (i = 0; i < num; i++)
        free(strings[i]);
    free(strings);
}

const char *libxl_snapshot_mode_to_string(libxl_snapshot_mode mode)
{
    switch (mode) {
    case LIBXL_SNAPSHOT_MODE_INTERNAL: return "internal";
    case LIBXL_SNAPSHOT_MODE_EXTERNAL: return "external";
    case LIBXL_SNAPSHOT_MODE_DEFAULT:  break;
    }
    return "default";
}

void snap_device_disk_set(libxl_device_disk *disk, const char *vdev,
                          const char *path, libxl_disk_format format)
{
    libxl_device_disk_dispose(disk);
    libxl_device_disk_init(disk);
    disk->vdev = snap_result_str(vdev);
    disk->pdev_path = snap_result_str(path);
    disk->format = format;
    disk->backend = LIBXL_DISK_BACKEND_QDISK;
    disk->readwrite = 1;
}

void snap_device_disk_repoint(libxl_snapshot_ctx *sc,
                              libxl_device_disk *disk,
                              const libxl_device_disk *stored,
                              const char *path, libxl_disk_format format)
{
    libxl_device_disk_dispose(disk);
    libxl_device_disk_init(disk);
    libxl_device_disk_copy(sc->ctx, disk, stored);
    free(disk->pdev_path);
    disk->pdev_path = snap_result_str(path);
    disk->format = format;
}

/* A disk of a config that was read from JSON may have no device. */
static bool types_is(const char *vdev, const char *wanted)
{
    return vdev && wanted && !strcmp(vdev, wanted);
}

const char *libxl_snapshot_disk_lacks_backend(
    const libxl_device_disk *disk)
{
    if (disk->format == LIBXL_DISK_FORMAT_RAW) return NULL;
    if (disk->backend == LIBXL_DISK_BACKEND_PHY)
        return "backendtype=phy serves raw images alone; write "
               "backendtype=qdisk instead";
    if (disk->backend == LIBXL_DISK_BACKEND_TAP)
        return "backendtype=tap serves raw images alone; write "
               "backendtype=qdisk instead";
    if (disk->script)
        return "a disk with script= has to be raw";
    if (disk->specification == LIBXL_DISK_SPECIFICATION_VIRTIO)
        return "a disk with specification=virtio has to be raw";
    return NULL;
}

libxl_device_disk *snap_config_disk(const libxl_domain_config *config,
                                    const char *vdev)
{
    int i;

    for (i = 0; i < config->num_disks; i++)
        if (types_is(config->disks[i].vdev, vdev))
            return &config->disks[i];
    return NULL;
}

libxl_disk_snapshot *snap_disk_snapshot(const libxl_domain_snapshot *snap,
                                        const char *vdev)
{
    int i;

    for (i = 0; i < snap->num_disks; i++)
        if (types_is(snap->disks[i].vdev, vdev)) return &snap->disks[i];
    return NULL;
}

void snap_skipped_add(libxl_domain_snapshot *snap, const char *vdev)
{
    snap->skipped = realloc(snap->skipped, (snap->num_skipped + 1)
                                               * sizeof(*snap->skipped));
    if (!snap->skipped) abort();
    snap->skipped[snap->num_skipped++] = snap_result_str(vdev);
}

void snap_set_unclean(libxl_domain_snapshot *snap)
{
    free(snap->consistency);
    snap->consistency = snap_result_str("crash");
}

static void types_free_layer(libxl_snapshot_layer *layer)
{
    int i;

    for (i = 0; i < layer->num_tags; i++)
        free(layer->tags[i].name);
    free(layer->tags);
    free(layer->path);
    free(layer->format);
}

static void types_free_layers(libxl_snapshot_layer *layers, int num)
{
    int i;

    for (i = 0; i < num; i++)
        types_free_layer(&layers[i]);
    free(layers);
}

void libxl_disk_snapshot_info_list_free(libxl_disk_snapshot_info *info,
                                        int num)
{
    int i;

    for (i = 0; i < num; i++) {
        free(info[i].vdev);
        free(info[i].path);
        types_free_layers(info[i].layers, info[i].num_layers);
        free(info[i].why_no_internal);
        free(info[i].why_no_external);
    }
    free(info);
}

static void types_free_disk_params(libxl_disk_snapshot_params *disks,
                                   int num)
{
    int i;

    for (i = 0; i < num; i++) {
        free(disks[i].vdev);
        free(disks[i].driver);
        free(disks[i].path);
    }
    free(disks);
}

void libxl_domain_snapshot_params_init(
    libxl_domain_snapshot_params *params)
{
    memset(params, 0, sizeof(*params));
}

void libxl_domain_snapshot_params_dispose(
    libxl_domain_snapshot_params *params)
{
    free(params->name);
    free(params->description);
    free(params->memory_path);
    free(params->config_path);
    free(params->domain_config_path);
    free(params->domain_config_text);
    free(params->quiesce_command);
    free(params->directory);
    free(params->lvm_size);
    types_free_disk_params(params->disks, params->num_disks);
    libxl_domain_snapshot_params_init(params);
}

void libxl_domain_snapshot_revert_params_init(
    libxl_domain_snapshot_revert_params *params)
{
    memset(params, 0, sizeof(*params));
}

void libxl_domain_snapshot_revert_params_dispose(
    libxl_domain_snapshot_revert_params *params)
{
    int i;

    types_free_disk_params(params->disks, params->num_disks);
    free(params->xl_path);
    free(params->domain_config_path);
    free(params->own_config_path);
    free(params->config_error);
    for (i = 0; i < params->num_bases; i++) {
        free(params->bases[i]);
        free(params->base_states[i]);
    }
    free(params->bases);
    free(params->base_states);
    libxl_domain_snapshot_revert_params_init(params);
}

void libxl_snapshot_merge_params_init(libxl_snapshot_merge_params *params)
{
    memset(params, 0, sizeof(*params));
}

void libxl_snapshot_merge_params_dispose(libxl_snapshot_merge_params *params)
{
    free(params->vdev);
    free(params->base);
    free(params->top);
    free(params->config_path);
    free(params->config_text);
    free(params->snapshot_config);
    libxl_snapshot_merge_params_init(params);
}

void libxl_snapshot_merge_result_init(libxl_snapshot_merge_result *result)
{
    memset(result, 0, sizeof(*result));
    libxl_device_disk_init(&result->old_disk);
    libxl_device_disk_init(&result->disk);
}

void libxl_snapshot_merge_result_dispose(libxl_snapshot_merge_result *result)
{
    free(result->domain);
    free(result->target);
    snap_strings_free(result->merged, result->num_merged);
    snap_strings_free(result->removed, result->num_removed);
    free(result->left);
    libxl_device_disk_dispose(&result->old_disk);
    libxl_device_disk_dispose(&result->disk);
    snap_strings_free(result->steps, result->num_steps);
    free(result->plan_json);
    libxl_snapshot_merge_result_init(result);
}

void libxl_snapshot_copy_params_init(libxl_snapshot_copy_params *params)
{
    memset(params, 0, sizeof(*params));
}

void libxl_snapshot_copy_params_dispose(libxl_snapshot_copy_params *params)
{
    free(params->vdev);
    free(params->path);
    free(params->config_path);
    free(params->config_text);
    libxl_snapshot_copy_params_init(params);
}

void libxl_snapshot_copy_result_init(libxl_snapshot_copy_result *result)
{
    memset(result, 0, sizeof(*result));
    libxl_device_disk_init(&result->old_disk);
    libxl_device_disk_init(&result->disk);
}

void libxl_snapshot_copy_result_dispose(libxl_snapshot_copy_result *result)
{
    free(result->domain);
    free(result->base);
    snap_strings_free(result->old, result->num_old);
    snap_strings_free(result->removed, result->num_removed);
    libxl_device_disk_dispose(&result->old_disk);
    libxl_device_disk_dispose(&result->disk);
    snap_strings_free(result->tags, result->num_tags);
    free(result->left);
    snap_strings_free(result->steps, result->num_steps);
    free(result->plan_json);
    libxl_snapshot_copy_result_init(result);
}

void libxl_domain_snapshot_verification_init(
    libxl_domain_snapshot_verification *verification)
{
    memset(verification, 0, sizeof(*verification));
}

void libxl_domain_snapshot_verification_dispose(
    libxl_domain_snapshot_verification *verification)
{
    int i;

    for (i = 0; i < verification->num_items; i++) {
        free(verification->items[i].what);
        free(verification->items[i].path);
        free(verification->items[i].error);
        free(verification->items[i].vdev);
    }
    free(verification->items);
    libxl_domain_snapshot_verification_init(verification);
}

void snap_verification_add(
    libxl_domain_snapshot_verification *verification, const char *what,
    const char *path, const char *error)
{
    libxl_snapshot_verified_item *items =
        realloc(verification->items,
                (verification->num_items + 1) * sizeof(*items));

    if (!items) abort();
    verification->items = items;
    items[verification->num_items++] = (libxl_snapshot_verified_item){
        .what = snap_result_str(what), .path = snap_result_str(path),
        .error = snap_result_str(error),
    };
}

void libxl_snapshot_recovery_init(libxl_snapshot_recovery *recovery)
{
    memset(recovery, 0, sizeof(*recovery));
}

void libxl_snapshot_recovery_dispose(libxl_snapshot_recovery *recovery)
{
    free(recovery->domain);
    free(recovery->operation);
    free(recovery->snapshot);
    free(recovery->journal);
    free(recovery->state);
    free(recovery->host);
    snap_strings_free(recovery->done, recovery->num_done);
    snap_strings_free(recovery->steps, recovery->num_steps);
    snap_strings_free(recovery->given_up, recovery->num_given_up);
    snap_strings_free(recovery->disks, recovery->num_disks);
    snap_strings_free(recovery->unprotected, recovery->num_unprotected);
    free(recovery->left);
    libxl_snapshot_recovery_init(recovery);
}

void libxl_snapshot_sources_init(libxl_snapshot_sources *sources)
{
    memset(sources, 0, sizeof(*sources));
}

void libxl_snapshot_sources_dispose(libxl_snapshot_sources *sources)
{
    int i;

    snap_strings_free(sources->configs, sources->num_configs);
    for (i = 0; i < sources->num_domain_files; i++) {
        free(sources->domain_files[i].path);
        free(sources->domain_files[i].error);
        libxl_domain_config_dispose(&sources->domain_files[i].config);
    }
    free(sources->domain_files);
    snap_strings_free(sources->disregarded, sources->num_disregarded);
    libxl_snapshot_sources_init(sources);
}

const char *libxl_snapshot_need_kind_to_string(libxl_snapshot_need_kind kind)
{
    switch (kind) {
    case LIBXL_SNAPSHOT_NEED_KIND_SNAPSHOT: return "snapshot";
    case LIBXL_SNAPSHOT_NEED_KIND_DOMAIN:   return "domain";
    case LIBXL_SNAPSHOT_NEED_KIND_SAVED:    return "saved";
    case LIBXL_SNAPSHOT_NEED_KIND_TAG:      return "tag";
    case LIBXL_SNAPSHOT_NEED_KIND_IMAGE:    return "image";
    case LIBXL_SNAPSHOT_NEED_KIND_JOURNAL:  return "journal";
    }
    return "unknown";
}

const char *libxl_snapshot_need_how_to_string(libxl_snapshot_need_how how)
{
    switch (how) {
    case LIBXL_SNAPSHOT_NEED_HOW_ACTIVE:    return "active";
    case LIBXL_SNAPSHOT_NEED_HOW_IN_CHAIN:  return "in-chain";
    case LIBXL_SNAPSHOT_NEED_HOW_PARENT:    return "parent";
    case LIBXL_SNAPSHOT_NEED_HOW_CHILD:     return "child";
    }
    return "unknown";
}

static void types_free_image(libxl_snapshot_image *image)
{
    int i;

    types_free_layer(&image->layer);
    free(image->users);
    free(image->problem);
    for (i = 0; i < image->num_needs; i++) {
        free(image->needs[i].who);
        free(image->needs[i].name);
        free(image->needs[i].domain);
        free(image->needs[i].known);
    }
    free(image->needs);
}

void libxl_snapshot_chain_init(libxl_snapshot_chain *chain)
{
    memset(chain, 0, sizeof(*chain));
}

void libxl_snapshot_chain_dispose(libxl_snapshot_chain *chain)
{
    int i, k;

    free(chain->domain);
    for (i = 0; i < chain->num_disks; i++) {
        libxl_snapshot_tree *tree = &chain->disks[i];

        free(tree->vdev);
        free(tree->path);
        free(tree->problem);
        for (k = 0; k < tree->num_images; k++)
            types_free_image(&tree->images[k]);
        free(tree->images);
    }
    free(chain->disks);
    snap_strings_free(chain->unknown, chain->num_unknown);
    libxl_snapshot_chain_init(chain);
}
