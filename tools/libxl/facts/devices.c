/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/devices.c: the devices of a running domain, as text that is compared:
 * what was gathered is no longer true when somebody attaches or removes a
 * device while the memory is saved, which takes minutes.
 *
 *   vbd 51712 /local/domain/0/backend/qdisk/7/51712 qcow2:/srv/xvda.qcow2
 *   qemu /machine/... #block147 /srv/xvda.qcow2 depth 0
 *   image /srv/xvda.qcow2 is file 412 of 8:1
 */
#include "facts/domain.h"

#include <string.h>

/* QEMU's block devices, what each has on top, and how much is below. */
static int devices_of_qemu(libxl_snapshot_ctx *sc, struct snap_qmp *qmp,
                           const char **text_r)
{
    yajl_val reply, list;
    char *text = NULL;
    size_t i, len;
    int rc;

    rc = snap_qmp_list(sc, qmp, "query-block", NULL, SNAP_QEMU_THINGS_MAX,
                       &reply, &list);
    if (rc) return rc;
    len = list->u.array.len;
    for (i = 0; i < len; i++) {
        yajl_val v = list->u.array.values[i];
        yajl_val inserted = snap_json_get(v, "inserted");
        const char *qdev = snap_json_str(v, "qdev");
        const char *name = snap_json_str(v, "device");
        const char *node = snap_json_str(inserted, "node-name");
        const char *file = snap_json_str(inserted, "file");

        text = snap_append(
            sc, text, "qemu %s %s %s depth %u\n",
            qdev ? qdev : name ? name : "-", node ? node : "-",
            file ? file : "-",
            (unsigned)snap_json_u64(inserted, "backing_file_depth"));
    }
    yajl_tree_free(reply);
    if (text) *text_r = text;
    return 0;
}

int snap_devices_list(libxl_snapshot_ctx *sc, uint32_t domid,
                      struct snap_qmp *qmp, const char **text_r)
{
    const char *given = snap_xenstore_devices(sc, domid), *served = "";
    int rc;

    if (!given)
        return snap_fail(sc, ERROR_FAIL, "domain %u: xenstore cannot be "
                         "asked for its devices", domid);
    rc = qmp ? devices_of_qemu(sc, qmp, &served) : 0;
    *text_r = snap_sprintf(sc, "%s%s", given, served);
    return rc;
}

const char *snap_devices_add_images(libxl_snapshot_ctx *sc,
                                    const char *text, const char **images)
{
    char *all = snap_append(sc, NULL, "%s", text);

    for (; images && *images; images++)
        all = snap_append(sc, all, "image %s is %s\n", *images,
                          snap_file_id_text(sc, *images));
    return all;
}

/* The first line of @text that @other lacks; NULL if it has all.  A line
 * seldom stands elsewhere than there where the last one was found. */
static const char *devices_lacking(libxl_snapshot_ctx *sc, const char *text,
                                   const char *other)
{
    const char *all = snap_sprintf(sc, "\n%s", other), *at = all, *line;
    size_t len;

    for (; *text; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        if (at[1] && !strncmp(at + 1, text, len) && at[1 + len] == '\n') {
            at += 1 + len;
            continue;
        }
        line = snap_sprintf(sc, "\n%.*s\n", (int)len, text);
        at = strstr(all, line);
        if (!at) return snap_sprintf(sc, "%.*s", (int)len, text);
        at += 1 + len;
    }
    return NULL;
}

int snap_devices_compare(libxl_snapshot_ctx *sc, const char *before,
                         const char *now)
{
    const char *gone, *is_new;

    if (!strcmp(before, now)) return 0;
    gone = devices_lacking(sc, before, now);
    is_new = devices_lacking(sc, now, before);
    if (!gone && !is_new) return 0;
    return snap_fail(sc, ERROR_FAIL, "the domain's devices have changed "
                     "meanwhile, and the snapshot would not fit them%s%s%s%s;"
                     " try again",
                     gone ? "; gone: " : "", gone ? gone : "",
                     is_new ? "; new: " : "", is_new ? is_new : "");
}
