/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * storage/disk/reach.c: finds the program that serves a disk, and the
 * reasons why a snapshot is out of reach.  Pure.
 */
#include "storage/disk/disk.h"

#include <string.h>

#include "config.h"

const char *snap_reach_driver_domain(libxl_snapshot_ctx *sc,
                                     const struct snap_disk *disk)
{
    if (disk->backend_domid)
        return snap_sprintf(sc, "its backend is in domain %u, out of reach",
                            disk->backend_domid);
    if (disk->driver_domain)
        return snap_sprintf(sc, "its backend is in domain %s, out of reach",
                            disk->driver_domain);
    return NULL;
}

/* The way to snapshots of a disk whose storage is not on this host. */
static const char *reach_elsewhere(libxl_snapshot_ctx *sc,
                                   const char *protocol)
{
    const char *how = !strcmp(protocol, "rbd")
        ? " (rbd snap create POOL/IMAGE@NAME)" : "";

    return snap_sprintf(
        sc,
        "take the snapshot where the storage is%s while the "
        "domain is paused or off, or give the storage a hook "
        "in " XEN_CONFIG_DIR "/snapshot.d",
        how);
}

/* The reason why the program that serves the disk, or its storage, is out
 * of reach; NULL if it is not. */
static const char *reach_of_storage(libxl_snapshot_ctx *sc,
                                    const struct snap_disk *disk)
{
    const char *why = snap_reach_driver_domain(sc, disk), *protocol;

    if (why) return why;
    if (disk->tapdisk) {
        why = snap_reach_tapdisk(disk);
        return why ? why : "tapdisk serves it, not QEMU";
    }
    if (disk->stored->script)
        return snap_sprintf(sc, "the script %s makes its device; %s",
                            disk->stored->script,
                            reach_elsewhere(sc, "script"));
    protocol = disk->path ? snap_imageinfo_protocol(sc, disk->path) : NULL;
    if (!protocol || !*protocol) return NULL;
    return snap_sprintf(
        sc,
        "QEMU reaches it by %s:, so it is not a file of this host; %s",
        protocol, reach_elsewhere(sc, protocol));
}

/* The reason why the QEMU of the running domain cannot take a snapshot;
 * NULL if it can. */
static const char *reach_not_qemus(const struct snap_disk *disk)
{
    if (disk->backend == SNAP_BACKEND_NONE)
        return "xenstore has no such device";
    if (disk->backend == SNAP_BACKEND_PHY && disk->lv)
        return "blkback (phy) serves it; a logical volume has internal "
               "snapshots, external ones only with backendtype=qdisk";
    if (disk->backend == SNAP_BACKEND_PHY)
        return "blkback (phy) serves it, which has no snapshots; if it is a "
               "file, add backendtype=qdisk to the disk in xl.cfg and restart "
               "the domain";
    if (disk->backend != SNAP_BACKEND_QDISK)
        return "its backend is not QEMU (qdisk)";
    if (disk->emulated)
        return "QEMU has it open twice, as an emulated disk too, because "
               "the guest has not unplugged the emulated one; load Xen PV "
               "drivers in the guest";
    if (!disk->node)
        return "QEMU has no such disk";
    return NULL;
}

/* The command that makes a header say what its base is. */
static const char *reach_unsaid(libxl_snapshot_ctx *sc,
                                const struct snap_layer *image,
                                const struct snap_layer *base)
{
    const char *path = snap_operand(sc, base->path);

    return snap_sprintf(sc, "the image above %s does not say which format "
                        "that has, so the data in it decides, which a guest "
                        "may have written; while the domain is off, run "
                        "qemu-img rebase -u -f %s -b %s -F FORMAT %s (for "
                        "FORMAT, and a base of a snapshot, see "
                        "xl-snapshot-storage(7), \"Bases without a "
                        "format\")", base->path, image->format, path,
                        snap_operand(sc, image->path));
}

/* The reason why the files that hold the disk's content cannot all be kept as
 * they are, looked for users, or looked at before a revert; NULL if they
 * can. */
static const char *reach_of_layers(libxl_snapshot_ctx *sc,
                                   const struct snap_chain *chain)
{
    const struct snap_layer *layer;
    int i;

    for (i = 0; i < chain->num_layers; i++) {
        layer = &chain->layers[i];
        if (layer->path[0] != '/')
            return snap_sprintf(sc, "a layer of it is '%.200s', and which "
                                "files of this host hold that cannot be told; "
                                "while the domain is off, make a qcow2 of the "
                                "disk with qemu-img convert", layer->path);
        if (!layer->format)
            return i ? reach_unsaid(sc, layer - 1, layer)
                     : "QEMU does not say which format it has";
        if (!snap_imageinfo_is_known(layer->format))
            return snap_sprintf(sc, "a layer of it, %s, has the format %s, "
                                "whose content may be in any other file; "
                                "while the domain is off, make a qcow2 of the "
                                "disk with qemu-img convert", layer->path,
                                layer->format);
    }
    if (!chain->num_layers) return NULL;
    if (chain->num_layers == SNAP_LAYERS_MAX
        || chain->layers[0].num_tags > SNAP_TAGS_MAX)
        return "it has more layers, or internal snapshots, than are read";
    if (!chain->layers[0].data_file) return NULL;
    return snap_sprintf(sc, "its data is in another file, %s, which would "
                        "stay writable; while the domain is off, make one "
                        "image of them with qemu-img convert",
                        chain->layers[0].data_file);
}

/* A QEMU that its guest has in hand might name another file, or another
 * format, and with the format of a raw base its guest could make that, by
 * its first bytes, an overlay of any file of the host. */
const char *snap_reach_as_stored(libxl_snapshot_ctx *sc,
                                 const struct snap_disk *disk)
{
    const char *format = snap_imageinfo_format(disk->stored->format);
    const struct snap_layer *top =
        disk->chain.num_layers ? disk->chain.layers : NULL;
    const char *served = disk->node_driver, *file = disk->node_file;

    if (disk->backend == SNAP_BACKEND_OFFLINE || !disk->node) return NULL;
    if (top && !strcmp(file, disk->path)) file = top->path;
    if (strcmp(file, disk->path))
        return snap_sprintf(sc, "QEMU writes to %s, but the stored config "
                            "names %s: an earlier snapshot was made "
                            "without libxl", file, disk->path);
    if (top && !strcmp(served, format))
        served = top->format ? top->format : "nothing";
    if (strcmp(served, format))
        return snap_sprintf(sc, "QEMU has it open as %s, but the stored "
                            "config says %s, and a base of the wrong format "
                            "would show the guest what it likes; shut the "
                            "domain down and start it again", served,
                            format);
    return NULL;
}

const char *snap_reach_qdisk(libxl_snapshot_ctx *sc,
                             const struct snap_disk *disk)
{
    const char *why = reach_of_storage(sc, disk);

    if (!why && disk->backend != SNAP_BACKEND_OFFLINE)
        why = reach_not_qemus(disk);
    if (why) return why;
    if (!disk->path || disk->path[0] != '/')
        return "its image is not an absolute path; write the path in full in "
               "xl.cfg and restart the domain";
    if (strchr(disk->path, '\n'))
        return "its path has a newline in it, which no snapshot config can "
               "hold";
    why = snap_reach_as_stored(sc, disk);
    if (why) return why;
    if (disk->vhd == SNAP_VHD_DIFFERENCING)
        return "it is a differencing vhd, of which QEMU reads only the "
               "top layer, and zeros below it; serve it with tapdisk "
               "(script=block-tap,target=vhd:FILE), or coalesce it into "
               "its parent with vhd-util";
    if (disk->vhd == SNAP_VHD_BAD)
        return "it is damaged or not a vhd; is its format right?";
    return reach_of_layers(sc, &disk->chain);
}

const char *snap_reach_tapdisk(const struct snap_disk *disk)
{
    if (disk->backend != SNAP_BACKEND_OFFLINE)
        return "tapdisk serves it and cannot switch to another vhd here; "
               "shut the domain down and take the snapshot with "
               "--domain-config";
    if (disk->vhd == SNAP_VHD_BAD)
        return "it is damaged or not a vhd; is its target right?";
    if (!disk->vhd_util)
        return "tapdisk serves it, and vhd-util, which makes its "
               "snapshots, is not installed; install it (blktap), or "
               "convert the disk to qcow2 with qemu-img";
    if (disk->path && strchr(disk->path, '\n'))
        return "its path has a newline in it, which no snapshot config can "
               "hold";
    return NULL;
}

const char *snap_reach_node(libxl_snapshot_ctx *sc,
                            const struct snap_disk *disk, const char *path,
                            const char *format, const char *node,
                            const char *base)
{
    bool direct = disk->stored->direct_io_safe, discard = disk->discard;
    bool is_device = !strncmp(path, "/dev/", 5);
    const char *file = snap_json_object(
        sc, "s:driver", is_device ? "host_device" : "file", "s:filename",
        path, "s:locking", "off",
        "j:cache", direct ? "{\"direct\":true}" : NULL,
        "s:aio", direct ? "native" : NULL,
        "s:discard", discard ? "unmap" : NULL, NULL);

    return snap_json_object(
        sc, "s:driver", format, "s:node-name", node,
        "j:backing", strcmp(format, "qcow2") || base ? NULL : "null",
        "s:backing", base, "s:discard", discard ? "unmap" : NULL, "j:file",
        file, NULL);
}
