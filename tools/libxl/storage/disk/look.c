/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/disk/look.c: facts about disk images, from qemu-img, which is
 * told each format and asked without a lock.
 */
#include "storage/disk/disk.h"

#include <string.h>

int snap_disk_look_vhd(libxl_snapshot_ctx *sc, struct snap_disk *disk)
{
    if (!disk->is_data_disk || disk->driver_domain || disk->backend_domid
        || !disk->path || disk->path[0] != '/'
        || (disk->stored->format != LIBXL_DISK_FORMAT_VHD
            && !disk->tapdisk))
        return 0;
    disk->vhd_util = disk->tapdisk && snap_exec_finds(sc, "vhd-util");
    return snap_vhd_read(sc, disk->path, &disk->vhd);
}

/* Read the chain as QEMU would open it; qemu-img fails if a layer is
 * missing or is its own base. */
int snap_image_look(libxl_snapshot_ctx *sc, const char *path,
                    const char *format, struct snap_chain *chain_r)
{
    const char **argv = snap_argv(sc, "qemu-img", "info", "-U", "-f", format,
                                  "--backing-chain", "--output=json", path,
                                  NULL);
    struct snap_exec_output output;
    yajl_val list;
    int rc = snap_file_check_plain(sc, path);

    if (!rc) rc = snap_image_path_check(sc, path);
    if (rc) return rc;
    rc = snap_exec(sc, snap_sprintf(sc, "image %s", path), argv,
                   snap_wait_ms(sc, SNAP_WAIT_QEMU_IMG), &output);
    if (rc) return rc;
    list = snap_json_parse(output.out);
    if (!YAJL_IS_ARRAY(list) || !list->u.array.len) {
        yajl_tree_free(list);
        return snap_fail(sc, ERROR_FAIL, "image %s: qemu-img's output is "
                         "not a JSON array", path);
    }
    snap_imageinfo_list(sc, list, chain_r);
    yajl_tree_free(list);
    return 0;
}

int snap_image_has_tag(libxl_snapshot_ctx *sc, const char *path,
                       const char *tag, bool *has_r)
{
    struct snap_chain chain;
    int rc = snap_image_look(sc, path, "qcow2", &chain);

    *has_r = !rc && snap_chain_top_tag(&chain, tag);
    return rc;
}

void snap_disk_look_place(libxl_snapshot_ctx *sc, struct snap_disk_op *op)
{
    if (op->image && *op->image == '/')
        op->doubt = snap_open_doubt_place(sc, op->image);
    if (!op->doubt && op->path && *op->path == '/')
        op->doubt = snap_open_doubt_place(sc, op->path);
}

void snap_target_look(libxl_snapshot_ctx *sc, const char *path,
                      const char *directory, struct snap_target *target_r)
{
    const char *dir = snap_file_dirname(sc, path);

    *target_r = (struct snap_target){
        .path = path, .exists = snap_file_exists(path),
        .doubt = snap_open_doubt_place(sc, path),
    };
    /* @directory is to be made: look at the nearest folder that exists */
    while (directory && !snap_file_exists(dir) && strcmp(dir, "/"))
        dir = snap_file_dirname(sc, dir);
    target_r->rc = snap_file_space(sc, dir, &target_r->space);
    if (target_r->rc) target_r->error = snap_take_error(sc);
}
