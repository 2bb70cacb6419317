/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/xenstore.c: reads xenstore.
 */
#include "seams/domain.h"
#include "seams/files.h"

#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

char *snap_xenstore_read(libxl_snapshot_ctx *sc, const char *path)
{
    struct xs_handle *xs = xs_open(0);
    char *value, *text = NULL;
    unsigned int len;

    if (!xs) return NULL;
    value = xs_read(xs, XBT_NULL, path, &len);
    if (value) text = snap_strdup(sc, value);
    free(value);
    xs_close(xs);
    return text;
}

/* The value of @dir/@key as a word, "-" if there is none. */
static const char *xenstore_word(libxl_snapshot_ctx *sc,
                                 struct xs_handle *xs, const char *dir,
                                 const char *key)
{
    unsigned int len;
    char *value = xs_read(xs, XBT_NULL, snap_sprintf(sc, "%s/%s", dir, key),
                          &len);
    const char *text = value ? snap_strdup(sc, value) : "-";

    free(value);
    return text;
}

/* Add the devices of a class, "vbd", to @text. */
static char *xenstore_add_class(libxl_snapshot_ctx *sc,
                                struct xs_handle *xs, const char *above,
                                const char *class, char *text)
{
    const char *dir = snap_sprintf(sc, "%s/%s", above, class), *device;
    unsigned int num = 0, i;
    char **devids = xs_directory(xs, XBT_NULL, dir, &num);

    for (i = 0; devids && i < num; i++) {
        device = snap_sprintf(sc, "%s/%s", dir, devids[i]);
        text = snap_append(sc, text, "%s %s %s %s\n", class, devids[i],
                           xenstore_word(sc, xs, device, "backend"),
                           xenstore_word(sc, xs, device, "params"));
    }
    free(devids);
    return text;
}

const char *snap_xenstore_devices(libxl_snapshot_ctx *sc, uint32_t domid)
{
    const char *dir = snap_sprintf(sc, "/libxl/%u/device", domid);
    struct xs_handle *xs = xs_open(0);
    char *text = snap_append(sc, NULL, "%s", ""), **classes;
    unsigned int num = 0, i;

    if (!xs) return NULL;
    classes = xs_directory(xs, XBT_NULL, dir, &num);
    for (i = 0; classes && i < num; i++)
        text = xenstore_add_class(sc, xs, dir, classes[i], text);
    free(classes);
    xs_close(xs);
    return text;
}

pid_t snap_xenstore_qemu_pid(libxl_snapshot_ctx *sc, uint32_t domid)
{
    const char *pid = snap_xenstore_read(
        sc, snap_sprintf(sc, "/local/domain/%u/image/device-model-pid",
                         domid));

    return pid ? atoi(pid) : 0;
}

bool snap_xenstore_qemu_is_gone(libxl_snapshot_ctx *sc, uint32_t domid)
{
    pid_t pid = snap_xenstore_qemu_pid(sc, domid);

    return pid && !snap_file_exists(snap_sprintf(sc, "/proc/%d", (int)pid));
}

const char *snap_xenstore_domain_name(libxl_snapshot_ctx *sc,
                                      uint32_t domid)
{
    const char *name = snap_xenstore_read(sc, snap_sprintf(
        sc, "/local/domain/%u/name", domid));

    return name ? name : snap_sprintf(sc, "%u", domid);
}
