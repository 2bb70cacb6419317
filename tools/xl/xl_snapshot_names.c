/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_names.c: which snapshot a command is for.  The user names
 * it, as it was named when it was taken, or gives a path; there is no
 * database, so that a name is that of a folder.  Where a path leads is
 * only looked at here: who reads the config looks who can have written
 * it.
 */
#include "xl_snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libxl_utils.h>

#include "xl.h"
#include "xl_session.h"
#include "xl_utils.h"

/* How many a message lists. */
#define NAMES_LISTED_MAX 12

/* The snapshots among which there is one to be found. */
struct names {
    const struct session *s;
    const char *which;          /* as the user named it */
    uint32_t domid;             /* INVALID_DOMID: the domain does not run,
                                 * or none was named */
    char *folder;               /* of the domain's snapshots, or NULL */
};

int snapshot_name_check(const struct session *s, const char *name)
{
    if (libxl_snapshot_name_is_valid(name)) return 0;
    session_error(s, "snapshot name '%s' is not valid: use letters, "
                  "digits, '.', '_', '-' and '+', at most 128 characters, "
                  "not beginning with '.' or '-'", name);
    return -1;
}

/*-- paths --------------------------------------------------------------*/

static char *names_config_in(const char *folder, const char *name)
{
    char *path;

    xasprintf(&path, "%s/%s/snapshot.cfg", folder, name);
    return path;
}

bool snapshot_is_in_default_place(const libxl_domain_snapshot *snap,
                                  const char *config_path)
{
    char *folder = default_directory(snap->domain_name);
    char *path = names_config_in(folder, snap->name);
    bool same = !strcmp(path, config_path);

    free(path);
    free(folder);
    return same;
}

/* @path, or of a folder the snapshot config in it. */
static char *names_config_of(const char *path)
{
    size_t len = strlen(path);
    struct stat st;
    char *config;

    if (stat(path, &st) || !S_ISDIR(st.st_mode)) return xstrdup(path);
    while (len && path[len - 1] == '/') len--;
    xasprintf(&config, "%.*s/snapshot.cfg", (int)len, path);
    return config;
}

/* @path, if something is there, if only a link; else it is freed, and
 * NULL. */
static char *names_if_there(char *path)
{
    struct stat st;

    if (!lstat(path, &st)) return path;
    free(path);
    return NULL;
}

/*-- what there is instead ----------------------------------------------*/

static int names_has_config(const char *folder, const char *name)
{
    char *path = *name == '.' ? NULL
        : names_if_there(names_config_in(folder, name));
    int there = !!path;

    free(path);
    return there;
}

/* The names of the snapshots in the folder, or a word in their place. */
static char *names_list(const struct names *n)
{
    struct dirent **entries;
    int num = scandir(n->folder, &entries, NULL, alphasort), i, listed = 0;
    char *list = xstrdup(""), *longer;

    if (num < 0) {
        free(list);
        xasprintf(&list, "that folder cannot be read: %s",
                  strerror(errno));
        return list;
    }
    for (i = 0; i < num; i++) {
        const char *name = entries[i]->d_name;

        if (names_has_config(n->folder, name)
            && listed++ <= NAMES_LISTED_MAX) {
            xasprintf(&longer, "%s%s%s", list,
                      listed > 1 ? ", " : "there are ",
                      listed > NAMES_LISTED_MAX ? "..." : name);
            free(list);
            list = longer;
        }
        free(entries[i]);
    }
    free(entries);
    if (listed) return list;
    free(list);
    return xstrdup("there is none at all");
}

/* True if the snapshot config @path is of a domain of @uuid. */
static bool names_is_of(const struct names *n, const char *path,
                        const libxl_uuid *uuid)
{
    libxl_domain_snapshot snap;
    bool same;

    libxl_domain_snapshot_init(&snap);
    same = !libxl_domain_snapshot_config_read(n->s->sc, path, &snap)
        && !libxl_uuid_compare(&snap.domain_uuid, uuid);
    libxl_domain_snapshot_dispose(&snap);
    return same;
}

/* The folder of the snapshot in question where the domain, which runs, had
 * another name when that was taken; NULL: there is none. */
static char *names_find_renamed(const struct names *n)
{
    struct dirent **entries;
    libxl_dominfo info;
    char *found = NULL, *config, *folder;
    int num, i;

    libxl_dominfo_init(&info);
    if (n->domid == (uint32_t)INVALID_DOMID
        || libxl_domain_info(n->s->ctx, &info, n->domid)) {
        libxl_dominfo_dispose(&info);
        return NULL;
    }
    num = scandir(DEFAULT_SNAPSHOTS, &entries, NULL, alphasort);
    for (i = 0; i < num; i++) {
        folder = default_directory(entries[i]->d_name);
        config = names_config_in(folder, n->which);
        if (!found && !path_is_same_file(folder, n->folder)
            && names_has_config(folder, n->which)
            && names_is_of(n, config, &info.uuid))
            found = xstrdup(folder);
        free(config);
        free(folder);
        free(entries[i]);
    }
    if (num >= 0) free(entries);
    libxl_dominfo_dispose(&info);
    return found;
}

static void names_tell_renamed(const struct names *n, const char *folder)
{
    char *option = libxl_snapshot_operand(folder);

    session_error(n->s, "snapshot %s: there is none of that name in %s; "
                  "%s has one of a domain of the same uuid. If the domain "
                  "had that name then, use -d %s", n->which, n->folder,
                  folder, option);
    free(option);
}

/* Say that no snapshot has that name, and what there is instead. */
static void names_complain(const struct names *n, const char *here)
{
    char *config, *partial, *list, *renamed;

    if (snapshot_name_check(n->s, n->which)) return;
    if (!n->folder) {
        session_error(n->s, "%s: No such file or directory; if it is the "
                      "name of a snapshot, name its domain before it",
                      n->which);
        return;
    }
    config = names_config_in(n->folder, n->which);
    xasprintf(&partial, "%s.partial", config);
    list = names_list(n);
    renamed = names_find_renamed(n);
    if (!access(partial, F_OK))
        session_error(n->s, "snapshot %s is not complete: %s has its "
                      "temporary name; the command that takes it is at "
                      "work, or was cut off: see xl snapshot-recover",
                      n->which, partial);
    else if (renamed)
        names_tell_renamed(n, renamed);
    else
        session_error(n->s, "snapshot %s: there is none of that name in "
                      "%s%s; %s", n->which, n->folder, here, list);
    free(renamed);
    free(list);
    free(partial);
    free(config);
}

/*-- the snapshot -------------------------------------------------------*/

/* Find the folder of the snapshots of @domain, unless it is @directory. */
static int names_set_folder(struct names *n, const char *domain,
                            const char *directory)
{
    const char *why;
    char *name = NULL;

    n->domid = INVALID_DOMID;
    if (domain && domain_id_of(n->s, domain, &n->domid))
        n->domid = INVALID_DOMID;
    else if (domain)
        name = libxl_domid_to_name(n->s->ctx, n->domid);
    if (domain && !name) name = xstrdup(domain);
    why = name ? libxl_snapshot_domain_name_problem(name) : NULL;
    if (why)
        session_error(n->s, "domain '%s': %s", name, why);
    else if (directory)
        n->folder = absolute_path(directory);
    else if (name)
        n->folder = default_directory(name);
    free(name);
    return why ? -1 : 0;
}

/* A folder may have been copied, or renamed: then another snapshot is in
 * it than its name says.  A config that cannot be read is the reader's
 * affair. */
static int names_check_config(const struct names *n, const char *config)
{
    libxl_domain_snapshot snap;
    int r = 0;

    libxl_domain_snapshot_init(&snap);
    if (!libxl_domain_snapshot_config_read(n->s->sc, config, &snap)
        && snap.name && strcmp(snap.name, n->which)) {
        session_error(n->s, "%s: this is the config of snapshot %s, not "
                      "of %s; if you mean it, give its path", config,
                      snap.name, n->which);
        r = -1;
    }
    libxl_domain_snapshot_dispose(&snap);
    return r;
}

static void names_tell_both(const struct names *n, const char *below,
                            const char *here)
{
    char *operand = libxl_snapshot_operand(below);

    session_error(n->s, "%s is the name of a snapshot, %s, and there is "
                  "%s in the current folder; say which one is meant: %s "
                  "or ./%s", n->which, below, here, operand, here);
    free(operand);
}

/* Choose the snapshot of that name, or what has it in the current folder,
 * unless @directory says that it is not meant. */
static char *names_choose(const struct names *n, bool directory)
{
    bool valid = libxl_snapshot_name_is_valid(n->which);
    char *below = n->folder && valid
        ? names_if_there(names_config_in(n->folder, n->which)) : NULL;
    char *here = directory
        ? NULL : names_if_there(names_config_of(n->which));

    if (below && here && !path_is_same_file(below, here)) {
        names_tell_both(n, below, here);
    } else if (below) {
        if (!names_check_config(n, below)) {
            free(here);
            return below;
        }
    } else if (here) {
        return here;
    } else {
        names_complain(n, directory ? "" : ", and no such file here");
    }
    free(here);
    free(below);
    return NULL;
}

char *snapshot_config_find(const struct session *s, const char *domain,
                           const char *directory, const char *which)
{
    struct names n = { .s = s, .which = which };
    char *config = NULL;

    if (strchr(which, '/') && directory) {
        session_error(s, "--directory is for the name of a snapshot, and "
                      "%s is a path; leave one of them out", which);
        return NULL;
    }
    if (strchr(which, '/')) return names_config_of(which);
    if (!names_set_folder(&n, domain, directory))
        config = names_choose(&n, directory);
    free(n.folder);
    return config;
}

/*-- its domain ---------------------------------------------------------*/

static bool names_has_uuid(const struct session *s, uint32_t domid,
                            const libxl_uuid *uuid)
{
    libxl_dominfo info;
    bool same;

    libxl_dominfo_init(&info);
    same = !libxl_domain_info(s->ctx, &info, domid)
        && !libxl_uuid_compare(&info.uuid, uuid);
    libxl_dominfo_dispose(&info);
    return same;
}

int snapshot_check_domain(const struct session *s, const char *domain,
                          const libxl_domain_snapshot *snap,
                          uint32_t *domid_r)
{
    const char *name = snap->domain_name;
    uint32_t domid;

    if (name && !strcmp(domain, name)) return 0;
    if (domain_id_of(s, domain, &domid)) {
        session_error(s, "domain %s: there is no such domain; the "
                      "snapshot is of domain %s, name that one", domain,
                      name ? name : "(no name)");
        return -1;
    }
    *domid_r = domid;
    if (names_has_uuid(s, domid, &snap->domain_uuid)) return 0;
    session_error(s, "domain %s: the snapshot is of another domain (%s, "
                  "uuid " LIBXL_UUID_FMT ")", domain,
                  name ? name : "no name",
                  LIBXL_UUID_BYTES(snap->domain_uuid));
    return -1;
}
