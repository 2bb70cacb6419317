/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_block_sources.c: the files of this host that tell who needs an image.
 * The library invents no path, so they are found here.
 */
#include "xl_block_chain.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xl.h"
#include "xl_session.h"
#include "xl_utils.h"

/* More snapshots, or xl.cfg files, in a folder than anybody has. */
#define SOURCES_MAX (16 << 10)

/*-- snapshot configs ---------------------------------------------------*/

static int sources_is_no_dot(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* A file that could not be read, or a folder: @why. */
static libxl_snapshot_domain_file *sources_add_file(
    libxl_snapshot_sources *sources, const char *path, char *why)
{
    libxl_snapshot_domain_file *file;

    sources->domain_files = xrealloc(
        sources->domain_files,
        (sources->num_domain_files + 1) * sizeof(*file));
    file = &sources->domain_files[sources->num_domain_files++];
    file->path = xstrdup(path);
    file->error = why;
    libxl_domain_config_init(&file->config);
    return file;
}

/* True of a link to what is not there: on a share that is not mounted, it
 * may be. */
static bool sources_leads_nowhere(const char *path)
{
    struct stat st;

    return !lstat(path, &st) && S_ISLNK(st.st_mode) && stat(path, &st);
}

/* @path cannot be looked at, by errno, and may say who needs an image;
 * nothing else of what is not there. */
static void sources_add_unknown(libxl_snapshot_sources *sources,
                                const char *path)
{
    int error = errno;
    bool nowhere = sources_leads_nowhere(path);
    char *why;

    if (!nowhere && (error == ENOENT || error == ENOTDIR)) return;
    if (nowhere)
        xasprintf(&why, "%s: the link leads to what is not there", path);
    else
        xasprintf(&why, "%s: %s", path, strerror(error));
    sources_add_file(sources, path, why);
}

/* The names in @folder; what it says of one that cannot be read is a
 * source of its own. */
static int sources_list(libxl_snapshot_sources *sources,
                        const char *folder, struct dirent ***entries_r)
{
    int num = scandir(folder, entries_r, sources_is_no_dot, alphasort);
    char *why;

    if (num < 0) sources_add_unknown(sources, folder);
    if (num > SOURCES_MAX) {
        xasprintf(&why, "%s: it has %d names, and more than %d are not "
                  "looked at", folder, num, SOURCES_MAX);
        sources_add_file(sources, folder, why);
    }
    return num;
}

static void sources_add_config(libxl_snapshot_sources *sources,
                               const char *folder, const char *name)
{
    char *path;

    xasprintf(&path, "%s/%s/snapshot.cfg", folder, name);
    if (access(path, F_OK)) {
        sources_add_unknown(sources, path);
        free(path);
        /* or it is the snapshot's folder that is a link */
        xasprintf(&path, "%s/%s", folder, name);
        if (sources_leads_nowhere(path))
            sources_add_unknown(sources, path);
        free(path);
        return;
    }
    sources->configs = xrealloc(
        sources->configs,
        (sources->num_configs + 1) * sizeof(*sources->configs));
    sources->configs[sources->num_configs++] = path;
}

static void sources_add_configs(libxl_snapshot_sources *sources,
                                const char *folder)
{
    struct dirent **entries;
    int num = sources_list(sources, folder, &entries), i;

    if (num < 0) return;
    for (i = 0; i < num; i++) {
        if (i < SOURCES_MAX)
            sources_add_config(sources, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

/* Those of all domains, and those in @directory, unless that is the folder
 * of one of them. */
static void sources_find_configs(libxl_snapshot_sources *sources,
                                 const char *directory)
{
    struct dirent **entries;
    int num, i;
    bool is_known = !directory;
    char *folder;

    num = sources_list(sources, DEFAULT_SNAPSHOTS, &entries);
    for (i = 0; i < num; i++) {
        xasprintf(&folder, DEFAULT_SNAPSHOTS "/%s", entries[i]->d_name);
        if (i < SOURCES_MAX) sources_add_configs(sources, folder);
        if (!is_known) is_known = path_is_same_file(folder, directory);
        free(folder);
        free(entries[i]);
    }
    if (num >= 0) free(entries);
    if (!is_known) sources_add_configs(sources, directory);
}

void block_sources_add_beside(libxl_snapshot_sources *sources,
                              const char *config)
{
    char *path = absolute_path(config), *folder;
    int i;

    for (i = 0; i < sources->num_configs; i++)
        if (path_is_same_file(path, sources->configs[i])) goto out;
    folder = dirname(path);
    sources_add_configs(sources, dirname(folder));
 out:
    free(path);
}

/*-- xl.cfg files -------------------------------------------------------*/

void block_sources_add_file(libxl_snapshot_sources *sources,
                            const char *path)
{
    libxl_snapshot_domain_file *file;
    int i;

    if (!path) return;
    /* another name of it says the same */
    for (i = 0; i < sources->num_domain_files; i++)
        if (path_is_same_file(path, sources->domain_files[i].path)) return;
    file = sources_add_file(sources, path, NULL);
    domain_config_read(path, &file->config, NULL, &file->error);
}

static bool sources_is_named_cfg(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && !strcmp(name + len - 4, ".cfg");
}

static void sources_find_files(libxl_snapshot_sources *sources,
                               const char *folder, bool all)
{
    struct dirent **entries;
    int num = sources_list(sources, folder, &entries), i;
    char *path;

    if (num < 0) return;
    for (i = 0; i < num; i++) {
        xasprintf(&path, "%s/%s", folder, entries[i]->d_name);
        if (i < SOURCES_MAX
            && (all || sources_is_named_cfg(entries[i]->d_name)))
            block_sources_add_file(sources, path);
        free(path);
        free(entries[i]);
    }
    free(entries);
}

void block_sources_find(const char *directory, const char *domain_config,
                        libxl_snapshot_sources *sources)
{
    char *folder = directory ? absolute_path(directory) : NULL;

    libxl_snapshot_sources_init(sources);
    sources_find_configs(sources, folder);
    block_sources_add_file(sources, domain_config);
    sources_find_files(sources, XEN_CONFIG_DIR, false);
    sources_find_files(sources, XEN_CONFIG_DIR "/auto", true);
    free(folder);
}

int block_sources_check(const struct session *s, const char *directory)
{
    libxl_snapshot_sources sources;
    char *folder;
    bool has;

    if (!directory) return 0;
    libxl_snapshot_sources_init(&sources);
    folder = absolute_path(directory);
    sources_add_configs(&sources, folder);
    has = sources.num_configs || sources.num_domain_files;
    if (!has)
        session_error(s, "-d %s: no snapshot is in it; name the folder "
                      "that snapshot-create was given, which has one for "
                      "each", directory);
    libxl_snapshot_sources_dispose(&sources);
    free(folder);
    return has ? 0 : -1;
}

void block_sources_disregard(libxl_snapshot_sources *sources,
                             const struct common_options *o)
{
    int i;

    sources->disregarded = xcalloc(o->num_disregarded + 1,
                                   sizeof(*sources->disregarded));
    for (i = 0; i < o->num_disregarded; i++)
        sources->disregarded[sources->num_disregarded++] =
            absolute_path(o->disregarded[i]);
}
