/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * config/read.c: reads the snapshot config, xl.snapshot.cfg(5).
 *
 * libxlutil parses xl.cfg syntax and disk specifications.  What it cannot
 * tell is which keys a file has; known_keys() finds those, so that a
 * misspelt key is an error and not silence.
 */
#include "config/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libxlutil.h>

#define CONFIG_MAX (1 << 20)

static const char *const known_keys[] = {
    "disks", "parents", "drivers", "states", "skipped",
};

static bool key_is_known(const char *key, size_t len)
{
    size_t i;

    if (snap_key_find(key, len)) return true;
    for (i = 0; i < sizeof(known_keys) / sizeof(known_keys[0]); i++)
        if (strlen(known_keys[i]) == len && !strncmp(known_keys[i], key, len))
            return true;
    return false;
}

/* Skip a quoted string at *p; libxlutil lets none span lines. */
static const char *skip_string(const char *p)
{
    char quote = *p++;

    while (*p && *p != quote && *p != '\n') {
        if (*p == '\\' && p[1]) p++;
        p++;
    }
    return *p == quote ? p + 1 : p;
}

/*
 * Refuse a file that sets a key we do not know.  A key is a word outside of
 * strings, comments and lists that an "=" or "+=" follows; libxlutil (4.17)
 * lets it have dots.  The file is known to be well-formed.
 */
static int config_check_keys(libxl_snapshot_ctx *sc, const char *path,
                             const char *text)
{
    const char *p = text, *word;
    int line = 1, depth = 0;

    while (*p) {
        if (*p == '\n') {
            line++;
            p++;
        } else if (*p == '#') {
            p += strcspn(p, "\n");
        } else if (*p == '"' || *p == '\'') {
            p = skip_string(p);
        } else if (*p == '[' || *p == ']') {
            depth += *p++ == '[' ? 1 : -1;
        } else if (!depth && (isalpha((unsigned char)*p) || *p == '_')) {
            for (word = p; isalnum((unsigned char)*p) || *p == '_'
                           || *p == '.'; p++);
            if (!key_is_known(word, p - word))
                return snap_fail(sc, ERROR_INVAL, "%s:%d: unknown key '%.*s'; "
                                 "see xl.snapshot.cfg(5)", path, line,
                                 (int)(p - word), word);
            p += strcspn(p, "'\"[\n;#");    /* past "=", up to the value */
        } else {
            p++;
        }
    }
    return 0;
}

/*-- reading ----------------------------------------------------------------*/

const char *snap_config_complaint(struct snap_config_file *file)
{
    fflush(file->report);
    if (!file->complaints || !*file->complaints) return "cannot be parsed";
    file->complaints[strcspn(file->complaints, "\n")] = 0;
    return file->complaints;
}

int snap_config_refuse(struct snap_config_file *file, const char *fmt, ...)
{
    char *sentence;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&sentence, fmt, ap) < 0) abort();
    va_end(ap);
    snap_fail(file->sc, ERROR_INVAL, "%s: %s", file->path, sentence);
    free(sentence);
    return ERROR_INVAL;
}

static libxl_disk_snapshot *snapshot_disk(libxl_domain_snapshot *snap,
                                          const char *vdev)
{
    int i;

    for (i = 0; i < snap->num_disks; i++)
        if (!strcmp(snap->disks[i].vdev, vdev))
            return &snap->disks[i];
    return NULL;
}

/* A disk of `disks': an empty target is internal.  libxlutil 4.17 gives ",,hdb"
 * the path "" and the format raw, so the path tells, never the format. */
static int config_add_disk(struct snap_config_file *file,
                           libxl_domain_snapshot *snap,
                           const libxl_device_disk *disk)
{
    libxl_disk_snapshot *ds;

    if (!disk->vdev || !*disk->vdev)
        return snap_config_refuse(file, "a disk has no virtual device; write "
                                  "TARGET,FORMAT,VDEV or ,,VDEV");
    if (snapshot_disk(snap, disk->vdev))
        return snap_config_refuse(file, "disk %s stands in `disks' twice; "
                                  "leave one", disk->vdev);

    snap->disks = realloc(snap->disks,
                          (snap->num_disks + 1) * sizeof(*snap->disks));
    if (!snap->disks) abort();
    ds = &snap->disks[snap->num_disks++];
    memset(ds, 0, sizeof(*ds));
    libxl_device_disk_init(&ds->parent);
    libxl_device_disk_init(&ds->child);
    ds->vdev = snap_result_str(disk->vdev);
    if (disk->pdev_path && *disk->pdev_path) {
        ds->mode = LIBXL_SNAPSHOT_MODE_EXTERNAL;
        snap_device_disk_set(&ds->child, disk->vdev, disk->pdev_path,
                             disk->format);
    } else {
        ds->mode = LIBXL_SNAPSHOT_MODE_INTERNAL;
    }
    return 0;
}

static int config_add_parent(struct snap_config_file *file,
                             libxl_domain_snapshot *snap,
                             const libxl_device_disk *disk)
{
    libxl_disk_snapshot *ds = disk->vdev ? snapshot_disk(snap, disk->vdev)
                                         : NULL;

    if (!ds || !disk->pdev_path || !*disk->pdev_path || ds->parent.pdev_path)
        return snap_config_refuse(file, "`parents' must name one image for "
                                  "each of `disks'");
    snap_device_disk_set(&ds->parent, disk->vdev, disk->pdev_path,
                         disk->format);
    ds->parent.backend = disk->backend;
    return 0;
}

/* The list @key; empty if the file does not set it. */
static int config_list(struct snap_config_file *file, const char *key,
                       XLU_ConfigList **list_r, int *num_r)
{
    int r = xlu_cfg_get_list(file->cfg, key, list_r, num_r, 0);

    if (!r) return 0;
    *num_r = 0;
    return r == ESRCH ? 0
        : snap_config_refuse(file, "%s", snap_config_complaint(file));
}

/* Each disk specification of the list @key goes to @add. */
static int config_read_disks(struct snap_config_file *file, const char *key,
                             libxl_domain_snapshot *snap,
                             int (*add)(struct snap_config_file *,
                                        libxl_domain_snapshot *,
                                        const libxl_device_disk *))
{
    XLU_ConfigList *list;
    const char *spec;
    int num, i, r, rc;

    rc = config_list(file, key, &list, &num);
    if (rc) return rc;

    for (i = 0; i < num; i++) {
        libxl_device_disk disk;

        spec = xlu_cfg_get_listitem(list, i);
        if (!spec)
            return snap_config_refuse(file, "an item of `%s' is no string",
                                      key);
        libxl_device_disk_init(&disk);
        r = xlu_disk_parse(file->cfg, 1, &spec, &disk);
        rc = r ? snap_config_refuse(file, "disk '%s': %s", spec,
                                    snap_config_complaint(file))
               : add(file, snap, &disk);
        libxl_device_disk_dispose(&disk);
        if (rc) return rc;
    }
    return 0;
}

static char **disk_driver(libxl_disk_snapshot *ds) { return &ds->driver; }
static char **disk_state(libxl_disk_snapshot *ds) { return &ds->state; }

/* The list @key: "VDEV=TEXT" for disks that `disks' has. */
static int config_read_texts(struct snap_config_file *file, const char *key,
                             libxl_domain_snapshot *snap,
                             char **(*member)(libxl_disk_snapshot *))
{
    libxl_disk_snapshot *ds;
    XLU_ConfigList *list;
    const char *item, *text;
    int num, i, rc;

    rc = config_list(file, key, &list, &num);
    if (rc) return rc;
    for (i = 0; i < num; i++) {
        item = xlu_cfg_get_listitem(list, i);
        text = item ? strchr(item, '=') : NULL;
        ds = text ? snapshot_disk(snap, snap_sprintf(
                        file->sc, "%.*s", (int)(text - item), item)) : NULL;
        if (!ds || !text[1] || *member(ds))
            return snap_config_refuse(file, "`%s' must be of the form VDEV=%s, "
                                      "one at most for each of `disks'", key,
                                      member == disk_driver ? "DRIVER"
                                                            : "STATE");
        *member(ds) = snap_result_str(text + 1);
    }
    return 0;
}

static int config_read_skipped(struct snap_config_file *file,
                               libxl_domain_snapshot *snap)
{
    XLU_ConfigList *list;
    const char *vdev;
    int num, i, rc;

    rc = config_list(file, "skipped", &list, &num);
    if (rc) return rc;
    for (i = 0; i < num; i++) {
        vdev = xlu_cfg_get_listitem(list, i);
        if (!vdev || !*vdev || snapshot_disk(snap, vdev))
            return snap_config_refuse(file, "`skipped' must have virtual "
                                      "devices that `disks' has not");
        snap_skipped_add(snap, vdev);
    }
    return 0;
}

static int config_read(struct snap_config_file *file,
                       libxl_domain_snapshot *snap)
{
    const struct snap_key *key;
    int rc;

    for (key = snap_keys; key->name; key++) {
        rc = key->type->read(file, key, snap);
        if (rc) return rc;
    }
    if (!libxl_defbool_is_default(snap->memory)
        && !libxl_defbool_val(snap->memory) && snap->memory_path)
        return snap_config_refuse(file, "memory=0 and memory_path contradict "
                                  "each other; leave one out");

    rc = config_read_disks(file, "disks", snap, config_add_disk);
    if (rc) return rc;
    rc = config_read_disks(file, "parents", snap, config_add_parent);
    if (rc) return rc;
    rc = config_read_texts(file, "drivers", snap, disk_driver);
    if (rc) return rc;
    rc = config_read_texts(file, "states", snap, disk_state);
    if (rc) return rc;
    return config_read_skipped(file, snap);
}

int snap_config_parse(libxl_snapshot_ctx *sc, const char *path,
                      const char *text, libxl_domain_snapshot *snap)
{
    struct snap_config_file file = { .sc = sc, .path = path };
    int rc;

    file.report = open_memstream(&file.complaints, &file.len);
    if (!file.report) abort();
    file.cfg = xlu_cfg_init(file.report, path);
    if (!file.cfg) abort();
    /* libxlutil 4.17 takes a comment without a newline at the end for an error */
    text = snap_sprintf(sc, "%s\n", text);
    if (xlu_cfg_readdata(file.cfg, text, strlen(text))) {
        rc = snap_fail(sc, ERROR_INVAL, "%s", snap_config_complaint(&file));
        goto out;
    }
    rc = config_check_keys(sc, path, text);
    if (rc) goto out;
    rc = config_read(&file, snap);

 out:
    xlu_cfg_destroy(file.cfg);
    fclose(file.report);
    free(file.complaints);
    return rc;
}

int libxl_domain_snapshot_config_read(libxl_snapshot_ctx *sc, const char *path,
                                      libxl_domain_snapshot *snap)
{
    char *text;
    int rc;

    snap_ctx_begin(sc);
    rc = snap_file_read(sc, path, CONFIG_MAX, &text);
    return rc ? rc : snap_config_parse(sc, path, text, snap);
}
