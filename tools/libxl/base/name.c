/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * base/name.c: the one place that says which names snapshots and hooks may
 * have.
 *
 * A name becomes a folder, part of a file name, and a tag in a qcow2: no
 * slash, nothing that a shell, a glob or an option parser would take
 * apart.
 */
#include "base/base.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
                   "0123456789._-+"

bool libxl_snapshot_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= SNAP_NAME_MAX
        && name[0] != '.' && name[0] != '-'
        && strspn(name, NAME_CHARS) == len;
}

int snap_name_check(libxl_snapshot_ctx *sc, const char *name)
{
    if (name && libxl_snapshot_name_is_valid(name)) return 0;
    return snap_fail(sc, ERROR_INVAL, "snapshot name '%.*s': not valid; "
                     "use letters, digits, '.', '_', '-' and '+', at most "
                     "%d characters, not beginning with '.' or '-'",
                     SNAP_NAME_MAX, name ? name : "",
                     SNAP_NAME_MAX);
}

/* libxlutil reads "discard" or "cdrom", and what has a "=" in it, as
 * something else (4.17). */
bool snap_vdev_is_valid(const char *vdev)
{
    size_t len = strlen(vdev);

    if (len > SNAP_VDEV_MAX
        || strspn(vdev, "abcdefghijklmnopqrstuvwxyz0123456789") != len)
        return false;
    return !strncmp(vdev, "xvd", 3) || !strncmp(vdev, "hd", 2)
        || !strncmp(vdev, "sd", 2) || isdigit((unsigned char)vdev[0])
        || (vdev[0] == 'd' && isdigit((unsigned char)vdev[1]));
}

/* A domain's name may have any character, but it becomes the name of a
 * folder, of a lock and of a journal. */
const char *libxl_snapshot_domain_name_problem(const char *name)
{
    if (strchr(name, '/')) return "its name has a slash in it; rename it";
    if (!*name || !strcmp(name, ".") || !strcmp(name, "..")
        || !strcmp(name, ".journal"))
        return "its name is that of a folder which is not its own; rename it";
    return NULL;
}

int snap_domain_name_check(libxl_snapshot_ctx *sc, const char *name)
{
    const char *why = libxl_snapshot_domain_name_problem(name);

    return why ? snap_fail(sc, ERROR_INVAL, "domain '%s': %s", name, why) : 0;
}

/*-- hooks ------------------------------------------------------------------*/

char *libxl_snapshot_operand(const char *s)
{
    const char *dashes = s[0] == '-' ? "-- " : "";
    char *text, *to, *string = snap_text_shell_string(s);

    if (string) {
        text = malloc(strlen(dashes) + strlen(string) + 2);
        if (!text) abort();
        strcpy(stpcpy(stpcpy(text, dashes), "$"), string);
        free(string);
        return text;
    }
    if (*s && s[strspn(s, NAME_CHARS "/:,@%=")] == '\0') {
        text = malloc(strlen(dashes) + strlen(s) + 1);
        if (!text) abort();
        strcpy(stpcpy(text, dashes), s);
        return text;
    }
    /* each ' becomes '\'' */
    text = malloc(strlen(dashes) + 4 * strlen(s) + 3);
    if (!text) abort();
    to = stpcpy(stpcpy(text, dashes), "'");
    for (; *s; s++) {
        if (*s == '\'') to = stpcpy(to, "'\\''");
        else *to++ = *s;
    }
    strcpy(to, "'");
    return text;
}

const char *snap_operand(libxl_snapshot_ctx *sc, const char *s)
{
    char *text = libxl_snapshot_operand(s);
    const char *kept = snap_strdup(sc, text);

    free(text);
    return kept;
}

/* qemu-img info puts U+FFFD in the place of other bytes (7.2): another
 * file may have that name. */
int snap_image_path_check(libxl_snapshot_ctx *sc, const char *path)
{
    if (snap_text_is_utf8(path)) return 0;
    return snap_fail(sc, ERROR_INVAL, "image %s: its path is not UTF-8, so "
                     "QEMU cannot name it; rename it", path);
}

const char *snap_hook_folder(const libxl_snapshot_ctx *sc)
{
    return sc->hook_dir ? sc->hook_dir : XEN_CONFIG_DIR "/snapshot.d";
}

/* The names that run-parts(8) takes, without dots, so that "zfs.dpkg-old"
 * is not taken for a hook. */
bool snap_hook_name_is_valid(const char *name)
{
    const char *p;

    for (p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
            return false;
    return libxl_snapshot_name_is_valid(name);
}

const char *snap_hook_name(const char *driver)
{
    size_t len = strlen(SNAP_HOOK_PREFIX);

    if (!driver || strncmp(driver, SNAP_HOOK_PREFIX, len)) return NULL;
    return snap_hook_name_is_valid(driver + len) ? driver + len : NULL;
}

const char *snap_hook_path(libxl_snapshot_ctx *sc, const char *name)
{
    return snap_sprintf(sc, "%s/%s", snap_hook_folder(sc), name);
}

const char *snap_uuid_str(libxl_snapshot_ctx *sc, const libxl_uuid *uuid)
{
    if (libxl_uuid_is_nil(uuid)) return NULL;
    return snap_sprintf(sc, LIBXL_UUID_FMT, LIBXL_UUID_BYTES(*uuid));
}

const char *snap_command_name(libxl_snapshot_ctx *sc, const char *operation)
{
    if (!operation) operation = "command";
    if (!strcmp(operation, "remove")) return "deletion of images";
    return snap_sprintf(sc, "%s-%s",
                        !strcmp(operation, "commit")
                        || !strcmp(operation, "copy")
                        || !strcmp(operation, "pull") ? "block" : "snapshot",
                        operation);
}
