/* SPDX-License-Identifier: LGPL-2.1-only */
/* storage/hook/request.c: makes the request to a hook.  Pure. */
#include "storage/hook/hook.h"

#define HOOK_PROTOCOL   1

static const char *request_backend_name(enum snap_backend backend)
{
    switch (backend) {
    case SNAP_BACKEND_QDISK: return "qdisk";
    case SNAP_BACKEND_PHY:   return "phy";
    case SNAP_BACKEND_OTHER: return "other";
    default:                 return NULL;
    }
}

struct snap_hook_disk snap_hook_facts(const struct snap_disk *disk,
                                      const char *name)
{
    return (struct snap_hook_disk){
        .name = name, .vdev = disk->vdev, .path = disk->path,
        .format = libxl_disk_format_to_string(disk->stored->format),
        .backend = request_backend_name(disk->backend),
        .running = disk->backend != SNAP_BACKEND_OFFLINE,
    };
}

struct snap_hook_disk snap_hook_create_facts(const struct snap_disk_op *op)
{
    struct snap_hook_disk facts = snap_hook_facts(op->disk, op->name);

    facts.created = op->creation_time;
    return facts;
}

struct snap_hook_disk snap_hook_revert_facts(const struct snap_disk_op *op)
{
    const libxl_device_disk *disk = &op->ds->parent;

    return (struct snap_hook_disk){
        .name = op->name, .vdev = op->ds->vdev, .path = disk->pdev_path,
        .format = libxl_disk_format_to_string(disk->format),
        .running = op->verb == SNAP_VERB_DELETE && op->running,
        .created = op->creation_time,
    };
}

static const char *request_or_empty(const char *s)
{
    return s ? s : "";
}

/* Every request has all keys, so that a script never takes a variable of
 * another program for one of ours. */
const char *snap_hook_request(libxl_snapshot_ctx *sc, const char *verb,
                              const struct snap_hook_disk *disk)
{
    return snap_json_object(
        sc, "u:protocol", (uint64_t)HOOK_PROTOCOL, "s:verb", verb,
        "s:name", request_or_empty(disk->name),
        "s:vdev", request_or_empty(disk->vdev),
        "s:path", request_or_empty(disk->path),
        "s:format", request_or_empty(disk->format),
        "s:backend", request_or_empty(disk->backend),
        "b:running", disk->running, "u:created", disk->created, NULL);
}
