/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_config_file.c: the user's xl.cfg as a file: read, checked before the
 * operation begins, written beside and renamed after it.
 *
 * The file may change while the operation runs, so it is read again then.
 *
 * Whoever else could change it, or a folder on the way there, could put
 * another one in its place at any moment, or have the new one written
 * elsewhere.  So that is looked at each time it is read; nobody can then,
 * and all that follows goes by its path.
 */
#include "xl_config.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xl_utils.h"

static void config_update_fail(struct config_update *u, const char *fmt,
                               ...) __attribute__((format(printf, 2, 3)));

/* The first reason counts. */
static void config_update_fail(struct config_update *u, const char *fmt,
                               ...)
{
    va_list ap;

    if (u->error) return;
    va_start(ap, fmt);
    xvasprintf(&u->error, fmt, ap);
    va_end(ap);
}

/*-- what is to be done -------------------------------------------------*/

void config_edit_from(struct config_edit *edit, const char *path)
{
    edit->from = xrealloc(edit->from,
                          (edit->num_from + 2) * sizeof(*edit->from));
    edit->from[edit->num_from++] = xstrdup(path);
    edit->from[edit->num_from] = NULL;
}

bool disk_is_moved(const libxl_disk_snapshot *ds)
{
    return ds->child.pdev_path && libxl_disk_snapshot_moves(ds)
        && strcmp(ds->child.pdev_path, ds->parent.pdev_path);
}

char *spec_literal(const char *spec)
{
    char *escaped = libxl_snapshot_config_escape(spec, '\'');
    char *literal;

    xasprintf(&literal, "'%s'", escaped);
    free(escaped);
    return literal;
}

void config_update_init(struct config_update *u, libxl_snapshot_ctx *sc,
                        const char *file,
                        const libxl_domain_snapshot *snap)
{
    int i;

    memset(u, 0, sizeof(*u));
    u->sc = sc;
    u->file = file;
    u->edits = xcalloc(snap->num_disks, sizeof(*u->edits));
    for (i = 0; i < snap->num_disks; i++) {
        const libxl_disk_snapshot *ds = &snap->disks[i];
        struct config_edit *edit = &u->edits[u->num];

        if (!disk_is_moved(ds)) continue;
        u->num++;
        edit->vdev = xstrdup(ds->vdev);
        edit->to = xstrdup(ds->child.pdev_path);
        edit->format = ds->child.format;
        config_edit_from(edit, ds->parent.pdev_path);
    }
}

void config_update_dispose(struct config_update *u)
{
    int i, k;

    for (i = 0; i < u->num; i++) {
        for (k = 0; k < u->edits[i].num_from; k++)
            free(u->edits[i].from[k]);
        free(u->edits[i].from);
        free(u->edits[i].vdev);
        free(u->edits[i].to);
    }
    free(u->edits);
    free(u->path);
    free(u->error);
    memset(u, 0, sizeof(*u));
}

/*-- reading ------------------------------------------------------------*/

/* Read @fd, -1: none, and close it: see config_file_read(). */
static int config_file_read_fd(int fd, char **text_r, size_t *len_r)
{
    char *text = xcalloc(CONFIG_FILE_MAX + 2, 1);
    size_t len = 0;
    ssize_t got = -1;

    while (fd >= 0 && len <= CONFIG_FILE_MAX) {
        got = read(fd, text + len, CONFIG_FILE_MAX + 1 - len);
        if (got <= 0) break;
        len += got;
    }
    if (fd >= 0) close(fd);
    *text_r = text;
    *len_r = len;
    return got < 0 ? -1 : 0;
}

int config_file_read(const char *path, char **text_r, size_t *len_r)
{
    return config_file_read_fd(libxl_snapshot_open_file(path), text_r,
                               len_r);
}

/* The folder of the absolute @path, malloc'd. */
static char *config_file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder;

    xasprintf(&folder, "%.*s", slash == path ? 1 : (int)(slash - path),
              path);
    return folder;
}

/* A new file can take the place of this one, @fd, which is at
 * u->path. */
static int config_update_check_place(struct config_update *u, int fd)
{
    char *folder;
    struct stat st;
    int r = -1;

    if (fstat(fd, &st)) {
        config_update_fail(u, "%s: %s", u->file, strerror(errno));
        return -1;
    }
    folder = config_file_folder(u->path);
    if (!S_ISREG(st.st_mode))
        config_update_fail(u, "%s: not a regular file", u->file);
    else if (st.st_nlink > 1)
        config_update_fail(u, "%s: the file has another name (a hard "
                           "link), which would keep the old text; remove "
                           "that name, or make it a symbolic link",
                           u->file);
    else if (access(u->path, W_OK) || access(folder, W_OK | X_OK))
        config_update_fail(u, "%s: the file, or its folder, cannot be "
                           "written: %s", u->file, strerror(errno));
    else
        r = 0;
    free(folder);
    return r;
}

/* Open the file, and set u->path. */
static int config_update_open(struct config_update *u)
{
    const char *why;
    int fd = libxl_snapshot_open_trusted(u->sc, u->file, &why);

    free(u->path);
    u->path = fd < 0 ? NULL : realpath(u->file, NULL);
    if (!u->path)
        config_update_fail(u, "%s: %s", u->file,
                           fd < 0 ? why : strerror(errno));
    else if (!config_update_check_place(u, fd))
        return fd;
    if (fd >= 0) close(fd);
    return -1;
}

/* *old_r and *new_r get the text now and as it is to be; either may be
 * NULL if that fails. */
static int config_update_make_text(struct config_update *u,
                                   const char *domain, char **old_r,
                                   char **new_r)
{
    char *error = NULL;
    size_t len;
    int fd;

    *old_r = NULL;
    *new_r = NULL;
    fd = config_update_open(u);
    if (fd < 0) return -1;
    if (config_file_read_fd(fd, old_r, &len)) {
        config_update_fail(u, "%s: %s", u->file,
                           libxl_snapshot_open_why());
        return -1;
    }
    *new_r = update_config_text(u->file, *old_r, len, domain, u->edits,
                                u->num, &error);
    if (!*new_r) config_update_fail(u, "%s", error);
    free(error);
    return *new_r ? 0 : -1;
}

int config_update_text(struct config_update *u, const char *domain,
                       char **text_r)
{
    char *before, *error;
    int r;

    r = config_update_make_text(u, domain, &before, text_r);
    if (r) {
        error = u->error;
        xasprintf(&u->error, "%s; without --update-config the lines to "
                  "write there are printed", error);
        free(error);
    }
    free(before);
    return r;
}

int config_update_try(struct config_update *u, const char *domain)
{
    char *after;
    int r = config_update_text(u, domain, &after);

    free(after);
    return r;
}

/*-- writing ------------------------------------------------------------*/

/* Give @fd the content @text, and owner and mode of the file @like. */
static int config_file_fill(int fd, const char *text, const char *like)
{
    size_t len = strlen(text);
    struct stat st;
    ssize_t put;

    while (len) {
        put = write(fd, text, len);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return -1;
        text += put;
        len -= put;
    }
    if (stat(like, &st) || fchown(fd, st.st_uid, st.st_gid)
        || fchmod(fd, st.st_mode & 0777))
        return -1;
    return fsync(fd);
}

static int config_file_sync_folder(const char *path)
{
    char *folder = config_file_folder(path);
    DIR *dir = opendir(folder);
    int r;

    free(folder);
    if (!dir) return -1;
    r = fsync(dirfd(dir));
    closedir(dir);
    return r;
}

/* Read the new file back: its text must be the one that was written. */
static int config_update_check_written(struct config_update *u,
                                       const char *path,
                                       const char *before)
{
    char *text, *error = NULL;
    size_t len;
    int r;

    r = config_file_read(path, &text, &len);
    if (r) {
        config_update_fail(u, "%s: %s", path, libxl_snapshot_open_why());
    } else {
        r = update_config_check(u->file, before, text, len, u->edits,
                                u->num, &error);
        if (r) config_update_fail(u, "%s", error);
    }
    free(error);
    free(text);
    return r;
}

/* Fail if somebody has edited the file since it was read. */
static int config_update_check_same(struct config_update *u,
                                    const char *before)
{
    size_t len;
    char *now;
    int r = config_file_read(u->path, &now, &len);

    if (r || strcmp(now, before)) {
        config_update_fail(u, "%s: somebody has changed it just now",
                           u->file);
        r = -1;
    }
    free(now);
    return r;
}

static int config_update_replace(struct config_update *u,
                                 const char *before, const char *after)
{
    char *beside;
    int fd, r = -1;

    xasprintf(&beside, "%s.XXXXXX", u->path);
    fd = mkstemp(beside);
    if (fd < 0 || config_file_fill(fd, after, u->path)) {
        config_update_fail(u, "cannot write %s: %s", beside,
                           strerror(errno));
        goto out;
    }
    if (config_update_check_written(u, beside, before)
        || config_update_check_same(u, before))
        goto out;
    if (rename(beside, u->path)) {
        config_update_fail(u, "cannot rename %s to %s: %s", beside,
                           u->path, strerror(errno));
        goto out;
    }
    u->done = true;
    r = config_file_sync_folder(u->path);
    if (r)
        config_update_fail(u, "cannot sync the folder of %s: %s", u->path,
                           strerror(errno));
 out:
    if (fd >= 0) close(fd);
    if (fd >= 0 && !u->done) unlink(beside);
    free(beside);
    return r;
}

int config_update_write(struct config_update *u, const char *domain)
{
    char *before, *after;
    int r;

    if (!u->file) return 0;
    r = config_update_make_text(u, domain, &before, &after);
    if (!r) {
        u->done = !strcmp(before, after);
        if (!u->done) r = config_update_replace(u, before, after);
    }
    free(before);
    free(after);
    return r;
}
