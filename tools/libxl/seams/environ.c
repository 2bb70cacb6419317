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

/* Where programs are looked for: in PATH, then where administrators have
 * theirs, which cron and others leave out of PATH. */
static const char *environ_search_path(libxl_snapshot_ctx *sc)
{
    static const char *const dirs[] = {
        "/usr/local/sbin", "/usr/sbin", "/sbin",
    };
    const char *path = getenv("PATH");
    size_t i;

    if (!path || !*path) path = "/usr/bin:/bin";
    for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
        if (!strstr(snap_sprintf(sc, ":%s:", path),
                    snap_sprintf(sc, ":%s:", dirs[i])))
            path = snap_sprintf(sc, "%s:%s", path, dirs[i]);
    return path;
}

/* The current folder, which an empty part of PATH means, is nobody's place
 * for programs. */
const char *snap_environ_find(libxl_snapshot_ctx *sc, const char *program)
{
    const char *dir = environ_search_path(sc), *file;
    struct stat st;
    size_t len;

    if (strchr(program, '/')) return program;
    for (; *dir; dir += len + (dir[len] == ':')) {
        len = strcspn(dir, ":");
        file = snap_sprintf(sc, "%.*s/%s", (int)len, dir, program);
        if (len && !access(file, X_OK) && !stat(file, &st)
            && S_ISREG(st.st_mode))
            return file;
    }
    return NULL;
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
    merged = snap_zalloc(sc, (ours + theirs + 2) * sizeof(*merged));
    if (!environ_has(env, "PATH="))
        merged[num++] = snap_sprintf(sc, "PATH=%s", environ_search_path(sc));
    for (i = 0; i < ours; i++)
        if (strncmp(environ[i], "PATH=", 5)
            && !environ_has(env, environ[i]))
            merged[num++] = environ[i];
    for (i = 0; i < theirs; i++) merged[num++] = (char *)env[i];
    return merged;
}
