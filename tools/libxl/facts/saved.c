/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/saved.c: where xendomains(8) leaves the memory of the domains when
 * the host goes down, each under its domain's name, and whence it restores
 * them: in a folder that a file of shell settings names.
 */
#include "facts/refuse.h"

#include <string.h>

#define SAVED_FOLDER        "/var/lib/xen/save"
#define SAVED_SETTING       "XENDOMAINS_SAVE="
#define SAVED_SETTINGS_MAX  (1 << 20)

/* Of Debian, and of the others. */
static const char *const saved_settings[] = {
    "/etc/default/xendomains", "/etc/sysconfig/xendomains",
};

/* What a shell makes of @line from @value on, if it is plain or within
 * quotes. */
static const char *saved_value(libxl_snapshot_ctx *sc, const char *value)
{
    char quote = *value == '"' || *value == '\'' ? *value++ : '\0';
    const char ends[] = { quote ? quote : ' ', '\n', quote ? '\0' : '\t',
                          quote ? '\0' : ';', '\0' };

    return snap_sprintf(sc, "%.*s", (int)strcspn(value, ends), value);
}

/* The last such setting in @text counts; NULL: there is none. */
static const char *saved_folder_in(libxl_snapshot_ctx *sc, const char *text)
{
    const char *folder = NULL;

    for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
        while (*text == ' ' || *text == '\t') text++;
        if (!strncmp(text, "export ", 7)) text += 7;
        if (!strncmp(text, SAVED_SETTING, strlen(SAVED_SETTING)))
            folder = saved_value(sc, text + strlen(SAVED_SETTING));
    }
    return folder;
}

/* Add @folder, which may be the usual one. */
static void saved_add_folder(const char *folders[SNAP_SAVED_FOLDERS],
                             int *num, const char *folder)
{
    int i;

    for (i = 0; i < *num; i++)
        if (!strcmp(folders[i], folder)) return;
    folders[(*num)++] = folder;
}

int snap_saved_folders(libxl_snapshot_ctx *sc,
                       const char *folders_r[SNAP_SAVED_FOLDERS], int *num_r)
{
    const char *folder;
    char *text;
    size_t i;
    int rc;

    folders_r[0] = SAVED_FOLDER;
    *num_r = 1;
    for (i = 0; i < sizeof(saved_settings) / sizeof(saved_settings[0]); i++) {
        if (!snap_file_exists(saved_settings[i])) continue;
        rc = snap_file_read(sc, saved_settings[i], SAVED_SETTINGS_MAX,
                            &text, NULL);
        if (rc) return rc;
        folder = saved_folder_in(sc, text);
        if (folder && *folder) saved_add_folder(folders_r, num_r, folder);
    }
    return 0;
}

int snap_saved_find(libxl_snapshot_ctx *sc, const char *name,
                    const char **path_r)
{
    const char *folders[SNAP_SAVED_FOLDERS], *path;
    int i, num, rc;

    *path_r = NULL;
    if (strchr(name, '/')) return 0;
    rc = snap_saved_folders(sc, folders, &num);
    for (i = 0; !*path_r && i < num; i++) {
        path = snap_sprintf(sc, "%s/%s", folders[i], name);
        if (snap_file_exists(path)) *path_r = path;
    }
    return *path_r ? 0 : rc;
}

int snap_saved_refuse(libxl_snapshot_ctx *sc, const char *name)
{
    const char *path;
    int rc = snap_saved_find(sc, name, &path);

    if (rc || !path) return rc;
    return snap_fail(
        sc, ERROR_INVAL,
        "domain %s: its memory was saved to %s, and fits the disks only as "
        "they are now. Let it go on with xl restore first; or, if that "
        "memory is not wanted any more, move the file away",
        name, path);
}
