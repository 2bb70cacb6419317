/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/environ.c: where programs are found, and the environment that they
 * are started in.
 */
#include "seams/programs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static bool environ_has(const char *const *env, const char *entry)
{
    size_t len = strcspn(entry, "=") + 1;

    for (; *env; env++)
        if (!strncmp(*env, entry, len)) return true;
    return false;
}

/* Add the parts of @path that are absolute to @dirs: any other folder is
 * another one elsewhere, and anybody's. */
static const char *environ_add_dirs(libxl_snapshot_ctx *sc,
                                    const char *dirs, const char *path)
{
    size_t len;

    for (; *path; path += len + (path[len] == ':')) {
        len = strcspn(path, ":");
        if (*path == '/')
            dirs = snap_sprintf(sc, "%s%s%.*s", dirs, *dirs ? ":" : "",
                                (int)len, path);
    }
    return dirs;
}

/* Where programs are looked for: in PATH, then where administrators have
 * theirs, which cron and others leave out of PATH. */
static const char *environ_search_path(libxl_snapshot_ctx *sc)
{
    static const char *const sbins[] = {
        "/usr/local/sbin", "/usr/sbin", "/sbin",
    };
    const char *path = getenv("PATH"), *dirs;
    size_t i;

    dirs = environ_add_dirs(sc, "", path ? path : "");
    if (!*dirs) dirs = "/usr/bin:/bin";
    for (i = 0; i < sizeof(sbins) / sizeof(*sbins); i++)
        if (!strstr(snap_sprintf(sc, ":%s:", dirs),
                    snap_sprintf(sc, ":%s:", sbins[i])))
            dirs = environ_add_dirs(sc, dirs, sbins[i]);
    return dirs;
}

const char *snap_environ_find(libxl_snapshot_ctx *sc, const char *program)
{
    const char *dir = environ_search_path(sc), *file;
    struct stat st;
    size_t len;

    if (strchr(program, '/')) return program;
    for (; *dir; dir += len + (dir[len] == ':')) {
        len = strcspn(dir, ":");
        file = snap_sprintf(sc, "%.*s/%s", (int)len, dir, program);
        if (!access(file, X_OK) && !stat(file, &st)
            && S_ISREG(st.st_mode))
            return file;
    }
    return NULL;
}

/* Of our environment, what every program is given as it is. */
static bool environ_is_for_all(const char *entry)
{
    static const char *const names[] = { "HOME=", "TZ=" };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!strncmp(entry, names[i], strlen(names[i]))) return true;
    return !strncmp(entry, "XL_SNAPSHOT_", strlen("XL_SNAPSHOT_"));
}

char **snap_environ_make(libxl_snapshot_ctx *sc, const char *const *env)
{
    static const char *const nothing[] = { NULL };
    size_t ours, theirs, num = 0, i;
    char **merged;

    if (!env) env = nothing;
    for (ours = 0; environ[ours]; ours++)
        ;
    for (theirs = 0; env[theirs]; theirs++)
        ;
    merged = snap_zalloc(sc, (ours + theirs + 3) * sizeof(*merged));
    merged[num++] = snap_sprintf(sc, "PATH=%s", environ_search_path(sc));
    merged[num++] = snap_strdup(sc, "LC_ALL=C");
    for (i = 0; i < ours; i++)
        if (environ_is_for_all(environ[i])
            && !environ_has(env, environ[i]))
            merged[num++] = environ[i];
    for (i = 0; i < theirs; i++) merged[num++] = (char *)env[i];
    return merged;
}

/* QEMU may open a window, if the domain's config does not say where; the
 * rest confines what boots from a guest's image (4.17,
 * libxl_bootloader.c). */
const char **snap_environ_for_xl(libxl_snapshot_ctx *sc)
{
    static const char *const names[] = {
        "DISPLAY", "XAUTHORITY", "LIBXL_BOOTLOADER_RESTRICT",
        "LIBXL_BOOTLOADER_USER", "LIBXL_BOOTLOADER_TIMEOUT",
    };
    const char **env = snap_zalloc(
        sc, (sizeof(names) / sizeof(*names) + 2) * sizeof(*env));
    size_t i, num = 0;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (getenv(names[i]))
            env[num++] = snap_sprintf(sc, "%s=%s", names[i],
                                      getenv(names[i]));
    return env;
}

/* libxl's programs inherit the environment of the process. */
void snap_environ_reduce(libxl_snapshot_ctx *sc)
{
    char **env = snap_environ_make(sc, snap_environ_for_xl(sc));
    char *entry;

    clearenv();
    for (; *env; env++) {
        entry = snap_result_str(*env);
        if (putenv(entry)) abort();
    }
}
