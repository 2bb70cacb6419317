/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/graph.c: what the QEMU of a domain says: its disks, with their
 * layers, its nodes, its jobs.
 */
#include "facts/domain.h"

#include <ctype.h>
#include <string.h>

/* The file that QEMU has open as @inserted; NULL: it does not say. */
static const char *graph_file(libxl_snapshot_ctx *sc, yajl_val inserted)
{
    const char *name = snap_json_str(inserted, "file");

    return name ? snap_imageinfo_file(sc, name) : NULL;
}

static int graph_disk(libxl_snapshot_ctx *sc,
                      struct snap_disk *disk, yajl_val inserted)
{
    yajl_val image = snap_json_get(inserted, "image");

    if (disk->node)
        return snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "disk %s: QEMU's "
                         "query-block lists it twice", disk->vdev);
    disk->node = snap_json_dup(sc, inserted, "node-name");
    disk->node_file = graph_file(sc, inserted);
    disk->node_driver = snap_json_dup(sc, inserted, "drv");
    if (!disk->node || !disk->node_file || !disk->node_driver || !image)
        return snap_fail(sc, ERROR_PROTOCOL_ERROR_QMP, "disk %s: QEMU's "
                         "query-block lacks its node-name, file, drv or image",
                         disk->vdev);
    snap_imageinfo_nested(sc, image, &disk->chain);
    return 0;
}

/* QEMU names the whole disk by its partition 0: "xvda0" for xvda (7.2,
 * xen_block_get_vdev); but "xvda10" is not xvda1. */
static bool graph_is_vdev(const char *qemu, const char *vdev)
{
    size_t len = strlen(vdev);
    bool whole = len && !isdigit((unsigned char)vdev[len - 1]);

    return !strncmp(qemu, vdev, len)
        && (!qemu[len] || (whole && !strcmp(qemu + len, "0")));
}

/* Keep an image that no disk of the config has, if QEMU writes to it. */
static void graph_add_other(libxl_snapshot_ctx *sc,
                            struct snap_domain *dom, yajl_val inserted)
{
    const char *file = graph_file(sc, inserted);

    if (!file) file = snap_json_dup(sc, inserted, "node-name");
    if (!file || snap_json_bool(inserted, "ro")) return;
    dom->others = snap_grow(sc, dom->others,
                            dom->num_others * sizeof(*dom->others),
                            (dom->num_others + 1) * sizeof(*dom->others));
    dom->others[dom->num_others++] = file;
}

/* Put what QEMU says of @device into the disk of @dom that it is.  Set
 * *is_r: it is one. */
static int graph_apply_device(libxl_snapshot_ctx *sc,
                              struct snap_domain *dom,
                              const struct snap_qemu_device *device,
                              bool *is_r)
{
    const char *file = graph_file(sc, device->inserted);
    int i, rc;

    *is_r = false;
    for (i = 0; i < dom->num_disks; i++) {
        struct snap_disk *disk = &dom->disks[i];

        if (device->vdev) {
            if (!graph_is_vdev(device->vdev, disk->vdev)) continue;
            rc = graph_disk(sc, disk, device->inserted);
            if (rc) return rc;
        } else {
            if (!file || !disk->path || strcmp(file, disk->path)) continue;
            disk->emulated = true;
        }
        *is_r = true;
    }
    return 0;
}

/*
 * A xen-block device tells its vdev.  Any other device with the image of
 * one of our disks is the emulated disk that an HVM domain boots from and
 * that its guest has not unplugged (libxl gives QEMU both, 4.17).
 */
int snap_domain_apply_graph(libxl_snapshot_ctx *sc,
                            struct snap_domain *dom,
                            const struct snap_qemu_device *devices,
                            int num)
{
    bool is_disk;
    int i, rc;

    for (i = 0; i < num; i++) {
        rc = graph_apply_device(sc, dom, &devices[i], &is_disk);
        if (rc) return rc;
        if (!is_disk) graph_add_other(sc, dom, devices[i].inserted);
    }
    return 0;
}

/* The vdev of the device at @qdev, a path in QEMU's object tree; NULL if
 * QEMU says that it has no such property, since it is not a xen-block
 * device. */
static int graph_query_vdev(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                            const char *qdev, const char **vdev_r)
{
    yajl_val reply = NULL, list;
    const char *args = snap_json_object(sc, "s:path", qdev, NULL);
    bool is_xen_block = false;
    size_t i;
    int rc;

    *vdev_r = NULL;
    rc = snap_qmp_list(sc, qmp, "qom-list", args, SNAP_QEMU_THINGS_MAX,
                       &reply, &list);
    if (rc) return rc;
    for (i = 0; i < list->u.array.len; i++) {
        const char *name = snap_json_str(list->u.array.values[i], "name");

        if (name && !strcmp(name, "vdev")) is_xen_block = true;
    }
    yajl_tree_free(reply);
    if (!is_xen_block) return 0;

    args = snap_json_object(sc, "s:path", qdev, "s:property", "vdev", NULL);
    rc = snap_qmp_execute(sc, qmp, "qom-get", args, &reply);
    if (rc) return rc;
    *vdev_r = snap_json_dup(sc, reply, "return");
    yajl_tree_free(reply);
    return 0;
}

static int graph_gather_devices(libxl_snapshot_ctx *sc,
                                struct snap_domain *dom,
                                struct snap_qmp *qmp)
{
    struct snap_qemu_device *devices;
    yajl_val reply, list;
    size_t i, len;
    int num = 0, rc;

    rc = snap_qmp_list(sc, qmp, "query-block", NULL, SNAP_QEMU_THINGS_MAX,
                       &reply, &list);
    if (rc) return rc;
    len = list->u.array.len;
    devices = snap_zalloc(sc, len * sizeof(*devices));
    for (i = 0; i < len; i++) {
        yajl_val v = list->u.array.values[i];
        const char *qdev = snap_json_str(v, "qdev");
        yajl_val inserted = snap_json_get(v, "inserted");

        if (!inserted) continue;
        devices[num].inserted = inserted;
        if (qdev) {
            rc = graph_query_vdev(sc, qmp, qdev, &devices[num].vdev);
            if (rc) goto out;
        }
        num++;
    }
    rc = snap_domain_apply_graph(sc, dom, devices, num);
 out:
    yajl_tree_free(reply);
    return rc;
}

int snap_domain_query_nodes(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                            yajl_val *reply_r, yajl_val *list_r)
{
    return snap_qmp_list(sc, qmp, "query-named-block-nodes",
                         snap_json_object(sc, "b:flat", 1, NULL),
                         SNAP_QEMU_NODES_MAX, reply_r, list_r);
}

const char *snap_domain_new_node(libxl_snapshot_ctx *sc,
                                 const struct snap_domain *dom,
                                 const char *vdev)
{
    const char *name;
    int n, i;

    for (n = 1; ; n++) {
        name = snap_sprintf(sc, "%.20s-s%d", vdev, n);
        for (i = 0; i < dom->num_nodes; i++)
            if (!strcmp(dom->nodes[i], name)) break;
        if (i == dom->num_nodes) return name;
    }
}

static int graph_gather_nodes(libxl_snapshot_ctx *sc,
                              struct snap_domain *dom,
                              struct snap_qmp *qmp)
{
    yajl_val reply, list;
    size_t i, len;
    int rc;

    rc = snap_domain_query_nodes(sc, qmp, &reply, &list);
    if (rc) return rc;
    len = list->u.array.len;
    dom->nodes = snap_zalloc(sc, len * sizeof(*dom->nodes));
    for (i = 0; i < len; i++) {
        const char *name =
            snap_json_dup(sc, list->u.array.values[i], "node-name");

        if (name) dom->nodes[dom->num_nodes++] = name;
    }
    yajl_tree_free(reply);
    return 0;
}

/* A job that is concluded waits for its end to be noticed, no more. */
void snap_domain_apply_jobs(libxl_snapshot_ctx *sc, struct snap_domain *dom,
                            yajl_val jobs)
{
    size_t i, len = YAJL_IS_ARRAY(jobs) ? jobs->u.array.len : 0;

    for (i = 0; i < len && !dom->job; i++) {
        yajl_val job = jobs->u.array.values[i];
        const char *status = snap_json_str(job, "status");
        const char *type = snap_json_str(job, "type");
        const char *name = snap_json_str(job, "device");

        if (status && !strcmp(status, "concluded")) continue;
        dom->job = snap_sprintf(sc, "%s (%s)", type ? type : "a job",
                                name ? name : "unnamed");
    }
}

static int graph_gather_jobs(libxl_snapshot_ctx *sc, struct snap_domain *dom,
                             struct snap_qmp *qmp)
{
    yajl_val reply, list;
    int rc = snap_qmp_list(sc, qmp, "query-block-jobs", NULL,
                           SNAP_QEMU_THINGS_MAX, &reply, &list);

    if (rc) return rc;
    snap_domain_apply_jobs(sc, dom, list);
    yajl_tree_free(reply);
    return 0;
}

/* QEMU may have a disk's file by another name than the stored config: one
 * that was the base of an overlay is called by that, "/x/s1/../base". */
static void graph_settle_name(libxl_snapshot_ctx *sc, struct snap_disk *disk)
{
    struct snap_layer *layers;
    size_t size = disk->chain.num_layers * sizeof(*layers);

    if (!disk->node || !disk->path || !disk->chain.num_layers
        || strcmp(disk->chain.layers[0].path, disk->node_file)
        || !strcmp(disk->node_file, disk->path)
        || !snap_file_is_same(disk->node_file, disk->path))
        return;
    layers = snap_zalloc(sc, size);
    memcpy(layers, disk->chain.layers, size);
    layers[0].path = disk->node_file = disk->path;
    disk->chain.layers = layers;
}

int snap_domain_gather_qemu(libxl_snapshot_ctx *sc, struct snap_domain *dom)
{
    struct snap_qmp *qmp = NULL;
    bool needed;
    int rc, i;

    dom->qemu_pid = snap_xenstore_qemu_pid(sc, dom->domid);
    /* that of an HVM domain may have disks that libxl does not know */
    needed = dom->qemu_pid && dom->type == LIBXL_DOMAIN_TYPE_HVM;
    for (i = 0; i < dom->num_disks; i++)
        if (dom->disks[i].backend == SNAP_BACKEND_QDISK
            && dom->disks[i].backend_domid == 0)
            needed = true;
    if (!needed)
        return snap_devices_list(sc, dom->domid, NULL, &dom->devices);

    rc = snap_qmp_open(sc, dom->domid, dom->uuid_str, &qmp);
    if (rc) goto out;
    snap_qmp_until(qmp, snap_wait_until(sc, SNAP_WAIT_QMP_REPLY));
    dom->qemu_version = snap_qmp_version(qmp);
    rc = graph_gather_devices(sc, dom, qmp);
    if (rc) goto out;
    for (i = 0; i < dom->num_disks; i++)
        graph_settle_name(sc, &dom->disks[i]);
    rc = graph_gather_nodes(sc, dom, qmp);
    if (!rc) rc = graph_gather_jobs(sc, dom, qmp);
    if (!rc) rc = snap_devices_list(sc, dom->domid, qmp, &dom->devices);
 out:
    snap_qmp_close(qmp);
    return rc;
}
