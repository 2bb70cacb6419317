/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_snap_offline.c: facts about what no QEMU runs: images, from qemu-img,
 * and domains, from their config.
 */
#include "libxl_snap_internal.h"

#include <string.h>
#include <libxl_utils.h>

#define OFFLINE_EXEC_MS     30000

/*-- images -----------------------------------------------------------------*/

int snap_image_tags(libxl_snapshot_ctx *sc, yajl_val image,
                      const char ***tags_r)
{
    yajl_val list = snap_json_get(image, "snapshots");
    size_t i, len = YAJL_IS_ARRAY(list) ? list->u.array.len : 0;
    const char **tags = snap_zalloc(sc, len * sizeof(*tags));
    int num = 0;

    for (i = 0; i < len; i++) {
        const char *name = snap_strdup(
            sc, snap_json_str(list->u.array.values[i], "name"));

        if (name) tags[num++] = name;
    }
    *tags_r = tags;
    return num;
}

static const char *dup_str(libxl_snapshot_ctx *sc, yajl_val obj,
                           const char *key)
{
    return snap_strdup(sc, snap_json_str(obj, key));
}

int snap_gather_image(libxl_snapshot_ctx *sc, const char *path,
                      const char *format, struct snap_image_info *info_r)
{
    const char **argv = snap_argv(sc, "qemu-img", "info", "-U", "-f", format,
                                  "--output=json", path, NULL);
    struct snap_exec_output output;
    yajl_val info;
    int rc;

    rc = snap_exec(sc, snap_sprintf(sc, "image %s", path), argv,
                   OFFLINE_EXEC_MS, &output);
    if (rc) return rc;
    info = snap_json_parse(output.out);
    if (!YAJL_IS_OBJECT(info)) {
        yajl_tree_free(info);
        return snap_fail(sc, ERROR_FAIL, "image %s: qemu-img's output is no "
                         "JSON object", path);
    }
    info_r->virtual_size = snap_json_u64(info, "virtual-size");
    info_r->num_tags = snap_image_tags(sc, info, &info_r->tags);
    info_r->backing = dup_str(sc, info, "full-backing-filename");
    info_r->backing_format = dup_str(sc, info, "backing-filename-format");
    yajl_tree_free(info);
    return 0;
}

/*-- a domain that does not run ---------------------------------------------*/

static int check_not_running(libxl_snapshot_ctx *sc,
                             const struct snap_domain *dom)
{
    uint32_t domid;
    int rc;

    if (!libxl_name_to_domid(sc->ctx, dom->name, &domid))
        return snap_fail(sc, ERROR_INVAL, "domain %s: it runs, as domain %u; "
                         "leave out its config", dom->name, domid);
    if (libxl_uuid_is_nil(&dom->uuid)) return 0;
    rc = snap_dom_find(sc, &dom->uuid, &domid);
    if (rc || domid == SNAP_NO_DOMAIN) return rc;
    return snap_fail(sc, ERROR_INVAL, "domain %s: domain %u has its uuid and "
                     "runs, under another name", dom->name, domid);
}

/* What QEMU would say of the disk, from its format as configured. */
static int gather_offline_disk(libxl_snapshot_ctx *sc, struct snap_disk *disk)
{
    struct snap_image_info info;
    int rc;

    disk->backend = SNAP_BACKEND_OFFLINE;
    switch (disk->stored->format) {
    case LIBXL_DISK_FORMAT_QCOW2: disk->node_driver = "qcow2"; break;
    case LIBXL_DISK_FORMAT_VHD:   disk->node_driver = "vpc"; break;
    default:                      disk->node_driver = "raw"; break;
    }
    disk->node_file = disk->path;
    if (!disk->wanted || !disk->path || disk->path[0] != '/') return 0;
    rc = snap_gather_image(sc, disk->path, disk->node_driver, &info);
    if (rc) return rc;
    disk->virtual_size = info.virtual_size;
    disk->num_tags = info.num_tags;
    disk->tags = info.tags;
    disk->layers = snap_zalloc(sc, sizeof(*disk->layers));
    disk->layers[disk->num_layers++] = disk->path;
    return 0;
}

int snap_gather_offline(libxl_snapshot_ctx *sc,
                        const libxl_domain_config *config,
                        struct snap_domain *dom)
{
    int rc, i;

    libxl_domain_config_copy(sc->ctx, &dom->config, config);
    dom->name = dom->config.c_info.name;
    dom->uuid = dom->config.c_info.uuid;
    dom->type = dom->config.c_info.type;
    if (!dom->name)
        return snap_fail(sc, ERROR_INVAL, "the domain's config has no name");
    rc = check_not_running(sc, dom);
    if (rc) return rc;
    snap_gather_disks(sc, dom);
    for (i = 0; i < dom->num_disks; i++) {
        rc = gather_offline_disk(sc, &dom->disks[i]);
        if (rc) return rc;
    }
    return 0;
}
