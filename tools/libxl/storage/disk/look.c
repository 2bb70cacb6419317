/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/disk/look.c: facts about disk images, from qemu-img, which is
 * told each format and asked without a lock.
 */
#include "storage/disk/disk.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/*-- a chain ----------------------------------------------------------------*/

/* qemu-img is told where the file is that was looked at, and not its name,
 * under which somebody may put another one meanwhile. */
#define LOOK_FILE "/dev/fd/0"
#define LOOK_HEADER_BYTES "65536"
#define LOOK_BASE_BYTES "4096"          /* of most images enough to tell the
                                         * base */

struct look {
    const char *top;                    /* the image, for messages */
    uint64_t deadline;
    struct snap_layer *layers;
    struct stat *files;                 /* those of the layers */
    int num;
};

static const char *look_what(libxl_snapshot_ctx *sc, const struct look *l,
                             const char *path)
{
    return !strcmp(path, l->top) ? snap_sprintf(sc, "image %s", path)
        : snap_sprintf(sc, "image %s: its layer %s", l->top, path);
}

/* Run a program that reads the layer, for as long as the time for the chain
 * and for a layer allows. */
static int look_exec(libxl_snapshot_ctx *sc, const struct look *l,
                     const char *path, int fd, const char **argv,
                     struct snap_exec_output *output_r)
{
    uint64_t now = snap_now_us();
    int ms = snap_wait_ms(sc, SNAP_WAIT_QEMU_IMG);
    int left = l->deadline > now ? (l->deadline - now) / 1000 : 0;

    return snap_exec_on(sc, look_what(sc, l, path), argv,
                        left < ms ? left : ms, fd, output_r);
}

/* The first @bytes of the layer; false in *is_r: they are no header that can
 * be read.  The first page is enough for most, and where the kernel has it at
 * hand no program need be started that could wait for it. */
static int look_read_header(libxl_snapshot_ctx *sc, const struct look *l,
                            const char *path, int fd, const char *bytes,
                            struct snap_qcow2_header *header_r, bool *is_r)
{
    struct snap_exec_output output;
    int rc;

    if (snap_file_peek(sc, fd, &output.out, &output.len)) {
        *is_r = snap_qcow2_header_read(sc, output.out, output.len, header_r);
        if (*is_r || !strcmp(bytes, LOOK_BASE_BYTES)) return 0;
    }
    lseek(fd, 0, SEEK_SET);
    rc = look_exec(sc, l, path, fd,
                   snap_argv(sc, "head", "-c", bytes, NULL), &output);
    *is_r = !rc && snap_qcow2_header_read(sc, output.out, output.len,
                                          header_r);
    return rc;
}

/* Look at what a program would open, or count, as it opens a qcow2. */
static int look_at_header(libxl_snapshot_ctx *sc, const struct look *l,
                          const char *path, int fd)
{
    struct snap_qcow2_header header;
    bool is_qcow2;
    int rc = look_read_header(sc, l, path, fd, LOOK_HEADER_BYTES, &header,
                              &is_qcow2);

    if (rc) return rc;
    if (!is_qcow2)
        return snap_fail(sc, ERROR_INVAL, "%s: it is not a qcow2, or its "
                         "header is damaged; is its format right?",
                         look_what(sc, l, path));
    if (header.num_tags > SNAP_TAGS_MAX)
        return snap_fail(sc, ERROR_INVAL, "%s: it has %u internal snapshots, "
                         "and more than %d are not read",
                         look_what(sc, l, path), header.num_tags,
                         SNAP_TAGS_MAX);
    if (!header.data_file) return 0;
    if (snap_imageinfo_protocol(sc, header.data_file))
        return snap_fail(sc, ERROR_INVAL, "%s: its data file is '%.200s', "
                         "which is no file of this host, and is not opened",
                         look_what(sc, l, path), header.data_file);
    return snap_file_check_plain(sc, header.data_file);
}

/* Open the layer, if it is a file or a block device that is not in the chain
 * already. */
static int look_open(libxl_snapshot_ctx *sc, struct look *l,
                     const char *path, int *fd_r)
{
    struct stat *st = &l->files[l->num];
    int i;

    *fd_r = snap_open_image(path, O_RDONLY);
    if (*fd_r < 0 || fstat(*fd_r, st))
        return snap_fail(sc, ERROR_INVAL, "%s: %s", look_what(sc, l, path),
                         snap_open_why());
    if (S_ISDIR(st->st_mode))
        return snap_fail(sc, ERROR_INVAL, "%s: it is a folder",
                         look_what(sc, l, path));
    for (i = 0; i < l->num; i++)
        if (S_ISBLK(st->st_mode) ? st->st_rdev == l->files[i].st_rdev
                                 : st->st_dev == l->files[i].st_dev
                                   && st->st_ino == l->files[i].st_ino)
            return snap_fail(sc, ERROR_INVAL, "%s: it is its own base, so "
                             "the chain has no end", look_what(sc, l, path));
    return 0;
}

/* Let qemu-img describe the layer; *info_r is to be freed whatever the
 * result. */
static int look_describe(libxl_snapshot_ctx *sc, const struct look *l,
                         const char *path, const char *format, int fd,
                         yajl_val *info_r)
{
    const char **argv = snap_argv(sc, "qemu-img", "info", "-U", "-f", format,
                                  "--output=json", "--", LOOK_FILE, NULL);
    struct snap_exec_output output;
    int rc = look_exec(sc, l, path, fd, argv, &output);

    if (rc) return rc;
    *info_r = snap_json_parse(output.out);
    if (YAJL_IS_OBJECT(*info_r)) return 0;
    return snap_fail(sc, ERROR_FAIL, "%s: qemu-img's output is not a JSON "
                     "object", look_what(sc, l, path));
}

/* Add the layer.  *path_r and *format_r become its base; NULL: it has
 * none. */
static int look_at_layer(libxl_snapshot_ctx *sc, struct look *l,
                         const char **path_r, const char **format_r)
{
    struct snap_layer *layer = &l->layers[l->num];
    const char *path = *path_r, *format = *format_r;
    yajl_val info = NULL;
    int fd = -1, rc;

    rc = snap_image_path_check(sc, path);
    if (!rc) rc = look_open(sc, l, path, &fd);
    *layer = (struct snap_layer){ .path = path };
    *path_r = NULL;
    if (!rc && !format) goto out;
    if (!rc && !strcmp(format, "qcow2"))
        rc = look_at_header(sc, l, path, fd);
    if (!rc) rc = look_describe(sc, l, path, format, fd, &info);
    if (rc) goto out;
    snap_imageinfo_layer(sc, info, path, layer);
    rc = snap_imageinfo_base(sc, info, path, path_r, format_r);
 out:
    l->num++;
    if (fd >= 0) close(fd);
    yajl_tree_free(info);
    return rc;
}

static int look_fail_depth(libxl_snapshot_ctx *sc, const char *top)
{
    return snap_fail(sc, ERROR_INVAL, "image %s: it has more than %d layers",
                     top, SNAP_LAYERS_MAX);
}

int snap_image_look(libxl_snapshot_ctx *sc, const char *path,
                    const char *format, struct snap_chain *chain_r)
{
    struct look l = {
        .top = path, .deadline = snap_wait_until(sc, SNAP_WAIT_CHAIN),
    };
    int rc;

    do {
        if (l.num == SNAP_LAYERS_MAX)
            return look_fail_depth(sc, l.top);
        l.layers = snap_grow_by_one(sc, l.layers, l.num,
                                    sizeof(*l.layers));
        l.files = snap_grow_by_one(sc, l.files, l.num, sizeof(*l.files));
        rc = look_at_layer(sc, &l, &path, &format);
        if (rc) return rc;
    } while (path);
    *chain_r = (struct snap_chain){
        .virtual_size = l.layers[0].virtual_size,
        .num_layers = l.num, .layers = l.layers,
    };
    return 0;
}

/* Tell the base of the layer by its header, if that can tell it: *told_r. */
static int look_at_base(libxl_snapshot_ctx *sc, const struct look *l,
                        const char *format, int fd,
                        struct snap_image *image, bool *told_r)
{
    const char *path = image->layer.path, *name, *protocol;
    struct snap_qcow2_header header;
    int rc = look_read_header(sc, l, path, fd, LOOK_BASE_BYTES, &header,
                              told_r);

    /* what nobody says, and is no qcow2, stands on nothing that we know */
    if (rc || !*told_r) {
        *told_r = !format;
        return rc;
    }
    image->layer.format = "qcow2";
    image->header_tags = header.num_tags;
    image->layer.virtual_size = header.virtual_size;
    *told_r = !header.has_base || header.base;
    if (!*told_r || !header.has_base) return 0;
    image->base_format = header.base_format;
    name = snap_imageinfo_file(sc, header.base);
    protocol = snap_imageinfo_protocol(sc, name);
    /* a base on a server is no file of this host */
    if (protocol && strcmp(protocol, "json")) return 0;
    return snap_imageinfo_base_named(sc, path, name, NULL, &image->base);
}

int snap_image_look_alone(libxl_snapshot_ctx *sc, const char *path,
                          const char *format, bool base_only,
                          struct snap_image *image_r)
{
    struct snap_layer layer;
    struct stat file = { 0 };
    struct look l = {
        .top = path, .deadline = snap_wait_until(sc, SNAP_WAIT_QEMU_IMG),
        .layers = &layer, .files = &file,
    };
    const char *base = path;
    bool told = false;
    int fd = -1, rc = 0;

    *image_r = (struct snap_image){
        .layer = { .path = path, .format = format },
    };
    if (base_only && (!format || !strcmp(format, "raw")
                      || !strcmp(format, "qcow2"))) {
        rc = look_open(sc, &l, path, &fd);
        told = format && !strcmp(format, "raw");
        if (!rc && !told)
            rc = look_at_base(sc, &l, format, fd, image_r, &told);
        if (!rc) image_r->layer.bytes_on_disk = file.st_blocks * 512;
        if (fd >= 0) close(fd);
    }
    if (rc || told) return rc;
    rc = look_at_layer(sc, &l, &base, &format);
    image_r->layer = layer;
    image_r->base = base;
    image_r->base_format = format;
    return rc;
}

int snap_image_look_bases(libxl_snapshot_ctx *sc, const char *path,
                          const char *format, struct snap_chain *chain_r)
{
    struct snap_layer *layers = NULL;
    int num = 0, rc = 0;
    struct snap_image image = { .base = path, .base_format = format };

    while (!rc && image.base) {
        path = image.base;
        format = image.base_format;
        if (num == SNAP_LAYERS_MAX)
            return look_fail_depth(sc, layers[0].path);
        image = (struct snap_image){ .layer = { .path = path } };
        if (format)
            rc = snap_image_look_alone(sc, path, format, true, &image);
        layers = snap_grow_by_one(sc, layers, num, sizeof(*layers));
        layers[num++] = image.layer;
    }
    *chain_r = (struct snap_chain){ .num_layers = num, .layers = layers };
    return rc;
}

int snap_image_has_tag(libxl_snapshot_ctx *sc, const char *path,
                       const char *tag, bool *has_r)
{
    struct snap_chain chain;
    int rc = snap_image_look(sc, path, "qcow2", &chain);

    *has_r = !rc && snap_chain_top_tag(&chain, tag);
    return rc;
}

static const char trust[] = "use --trust-folders";

void snap_disk_look_place(libxl_snapshot_ctx *sc, struct snap_disk_op *op)
{
    if (op->image && *op->image == '/')
        op->doubt = snap_open_doubt_place(sc, op->image, trust);
    if (op->doubt || !op->path || *op->path != '/') return;
    op->doubt = op->reuse
        ? snap_open_doubt_place(sc, op->path, trust)
        : snap_open_doubt_new(sc, op->path, op->image, trust);
}

void snap_disk_look_layers(libxl_snapshot_ctx *sc, struct snap_disk_op *op,
                           const struct snap_chain *chain)
{
    int i;

    for (i = 1; !op->doubt && i < chain->num_layers; i++)
        op->doubt = snap_open_doubt_place(sc, chain->layers[i].path, trust);
}

void snap_target_look(libxl_snapshot_ctx *sc, const char *path,
                      const char *directory, struct snap_target *target_r)
{
    const char *dir = snap_file_dirname(sc, path);

    *target_r = (struct snap_target){
        .path = path, .exists = snap_file_exists(path),
        .doubt = snap_open_doubt_place(sc, path, "choose another folder"),
    };
    /* @directory is to be made: look at the nearest folder that exists */
    while (directory && !snap_file_exists(dir) && strcmp(dir, "/"))
        dir = snap_file_dirname(sc, dir);
    target_r->rc = snap_file_space(sc, dir, &target_r->space);
    if (target_r->rc) target_r->error = snap_take_error(sc);
}
