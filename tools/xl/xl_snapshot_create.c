/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot_create.c: xl snapshot-create: options, the user's
 * ConfigFile, default modes and paths.  libxl_domain_snapshot_create()
 * does the work.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <errno.h>
#include <unistd.h>
#include <libxl_utils.h>

#include "xl.h"
#include "xl_config.h"
#include "xl_snapshot.h"
#include "xl_session.h"
#include "xl_utils.h"

/* What the command line says. */
struct create_options {
    struct common_options common;
    const char *domain, *config_file;
    const char *name, *name_prefix, *description;
    const char *quiesce_command;
    unsigned int quiesce_seconds;
    const char *lvm_size;
    const libxl_domain_snapshot *like;  /* whose internal disks stay so */
    libxl_snapshot_mode mode;
    bool disk_only, quiesce, live, unpause;
};

/* The domain that is meant: running, or described by its xl.cfg. */
struct target {
    uint32_t domid;             /* INVALID_DOMID: it does not run */
    char *name;
    libxl_domain_config config; /* with --domain-config */
    char *config_text;          /* the file; NULL without */
};

enum {
    OPT_INTERNAL = OPT_OF_COMMAND,
    OPT_EXTERNAL,
    OPT_DISK_ONLY,
    OPT_QUIESCE,
    OPT_QUIESCE_COMMAND,
    OPT_QUIESCE_TIMEOUT,
    OPT_LVM_SIZE,
    OPT_LIVE,
    OPT_UNPAUSE,
};

static const char create_name[] = "snapshot-create";

static const struct option create_longopts[] = {
    {"name", 1, 0, 'n'},
    {"description", 1, 0, 'D'},
    {"internal", 0, 0, OPT_INTERNAL},
    {"external", 0, 0, OPT_EXTERNAL},
    {"disk-only", 0, 0, OPT_DISK_ONLY},
    {"quiesce", 0, 0, OPT_QUIESCE},
    {"quiesce-command", 1, 0, OPT_QUIESCE_COMMAND},
    {"quiesce-timeout", 1, 0, OPT_QUIESCE_TIMEOUT},
    {"lvm-size", 1, 0, OPT_LVM_SIZE},
    {"live", 0, 0, OPT_LIVE},
    {"unpause", 0, 0, OPT_UNPAUSE},
    LONG_OPT_DIRECTORY,
    LONG_OPT_DOMAIN_CONFIG,
    LONG_OPT_DRY_RUN,
    LONG_OPT_PAUSED,
    LONG_OPT_SKIP_UNSUPPORTED,
    LONG_OPT_UPDATE_CONFIG,
    SNAPSHOT_LONG_OPTS
};

static void set_mode(struct create_options *o, libxl_snapshot_mode mode)
{
    if (o->mode != LIBXL_SNAPSHOT_MODE_DEFAULT && o->mode != mode)
        usage_error(create_name, "--internal and --external exclude each "
                    "other; say it per disk in a ConfigFile");
    o->mode = mode;
}

static unsigned int seconds_of(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end || n < 1 || n > 3600)
        usage_error(create_name, "--quiesce-timeout: a number of seconds, 1 "
                    "to 3600");
    return n;
}

static void check_options(const struct create_options *o)
{
    if (o->quiesce_seconds && !o->quiesce)
        usage_error(create_name, "--quiesce-timeout goes with --quiesce or "
                    "--quiesce-command");
}

static void parse_options(int argc, char **argv, struct create_options *o)
{
    int opt;

    SWITCH_FOREACH_OPT(opt, "n:D:d:pNv", create_longopts, create_name, 1) {
    case 'n':
        o->name = optarg;
        break;
    case 'D':
        o->description = optarg;
        break;
    case OPT_INTERNAL:
        set_mode(o, LIBXL_SNAPSHOT_MODE_INTERNAL);
        break;
    case OPT_EXTERNAL:
        set_mode(o, LIBXL_SNAPSHOT_MODE_EXTERNAL);
        break;
    case OPT_DISK_ONLY:
        o->disk_only = true;
        break;
    case OPT_QUIESCE_COMMAND:
        o->quiesce_command = optarg;
        /* fall through */
    case OPT_QUIESCE:
        o->quiesce = true;
        break;
    case OPT_QUIESCE_TIMEOUT:
        o->quiesce_seconds = seconds_of(optarg);
        break;
    case OPT_LVM_SIZE:
        o->lvm_size = optarg;
        break;
    case OPT_LIVE:
        o->live = true;
        break;
    case OPT_UNPAUSE:
        o->unpause = true;
        break;
    default:
        common_option(&o->common, opt);
    }
    common_options_end(&o->common, create_name, argc - optind, 2);
    check_options(o);
    o->domain = argv[optind];
    o->config_file = argv[optind + 1];
}

/*-- names and folders ------------------------------------------------------*/

static bool is_folder(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* A name from the time must not meet a snapshot made in the same second. */
static char *free_name(const char *dir, const char *prefix, time_t now)
{
    char *time = default_snapshot_name(now), *stem, *name, *path;
    int n;

    xasprintf(&stem, "%s%s", prefix ? prefix : "", time);
    free(time);
    name = xstrdup(stem);

    for (n = 2; ; n++) {
        xasprintf(&path, "%s/%s", dir, name);
        if (access(path, F_OK)) break;
        free(path);
        free(name);
        xasprintf(&name, "%s-%d", stem, n);
    }
    free(path);
    free(stem);
    return name;
}

static int set_paths(const struct session *s,
                     const struct create_options *o,
                     const struct target *target, bool memory,
                     const libxl_domain_snapshot *wish,
                     libxl_domain_snapshot_params *p)
{
    char *dir = o->common.directory ? absolute_path(o->common.directory)
                             : default_directory(target->name);
    const char *name = o->name ? o->name : wish->name;
    int r = -1;

    p->creation_time = time(NULL);
    if (o->common.directory && !is_folder(dir)) {
        session_error(s, "directory %s: %s; create it first", dir,
                      errno == ENOENT ? strerror(errno) : "not a folder");
        goto out;
    }
    p->name = name ? xstrdup(name) : free_name(dir, o->name_prefix,
                                             p->creation_time);
    if (!libxl_snapshot_name_is_valid(p->name)) {
        session_error(
            s,
            "snapshot name '%s': not a name; use letters, digits, "
            "'.', '_', '-' and '+', at most 128, the first no '.' or "
            "'-'",
            p->name);
        goto out;
    }
    xasprintf(&p->directory, "%s/%s", dir, p->name);
    xasprintf(&p->config_path, "%s/snapshot.cfg", p->directory);
    if (memory && wish->memory_path) {
        p->memory_path = absolute_path(wish->memory_path);
    } else if (memory) {
        xasprintf(&p->memory_path, "%s/memory", p->directory);
    } else if (target->config_text) {
        xasprintf(&p->domain_config_path, "%s/domain.cfg", p->directory);
        p->domain_config_text = xstrdup(target->config_text);
    }
    r = 0;
 out:
    free(dir);
    return r;
}

/*-- wishes ---------------------------------------------------------------*/

/* Freezing an image would stand in the way of going back to a tag in it. */
static void wish_internal_like(const libxl_domain_snapshot *like,
                               libxl_domain_snapshot *wish)
{
    int i;

    wish->disks = xcalloc(like->num_disks, sizeof(*wish->disks));
    for (i = 0; i < like->num_disks; i++) {
        libxl_disk_snapshot *ds = &wish->disks[wish->num_disks];

        if (like->disks[i].mode != LIBXL_SNAPSHOT_MODE_INTERNAL) continue;
        libxl_device_disk_init(&ds->parent);
        libxl_device_disk_init(&ds->child);
        ds->vdev = xstrdup(like->disks[i].vdev);
        ds->mode = LIBXL_SNAPSHOT_MODE_INTERNAL;
        wish->num_disks++;
    }
}

/*-- the command ------------------------------------------------------------*/

static int find_target(const struct session *s,
                       const struct create_options *o, struct target *t)
{
    const char *path = o->common.domain_config;

    if (path && domain_config_read(s, path, &t->config, &t->config_text))
        return -1;
    if (!libxl_domain_qualifier_to_domid(s->ctx, o->domain, &t->domid)) {
        t->name = libxl_domid_to_name(s->ctx, t->domid);
    } else if (!path) {
        session_error(s, "domain %s: there is no such domain; see xl list, or "
                      "name its xl.cfg with --domain-config if it does not "
                      "run", o->domain);
        return -1;
    } else {
        t->domid = INVALID_DOMID;
    }
    if (!t->name) t->name = xstrdup(o->domain);
    return path ? domain_config_is_of(s, path, &t->config, t->name) : 0;
}

static int make_params(const struct session *s,
                       const struct create_options *o,
                       struct target *target, struct disk_wishes *wishes,
                       libxl_domain_snapshot_params *p)
{
    bool runs = target->domid != (uint32_t)INVALID_DOMID, memory;
    libxl_domain_snapshot *wish = &wishes->each;

    if (o->config_file
        && libxl_domain_snapshot_config_read(s->sc, o->config_file,
                                             wish)) {
        session_library_error(s);
        return -1;
    }
    if (o->like) wish_internal_like(o->like, wish);
    memory = runs && !o->disk_only
        && (libxl_defbool_is_default(wish->memory)
            || libxl_defbool_val(wish->memory));
    if (!runs) p->config = &target->config;
    if (set_paths(s, o, target, memory, wish, p)) return -1;
    p->description = copy_or_null(o->description ? o->description
                                                 : wish->description);
    p->quiesce = o->quiesce;
    p->quiesce_command = copy_or_null(o->quiesce_command);
    p->quiesce_seconds = o->quiesce_seconds;
    p->lvm_size = copy_or_null(o->lvm_size ? o->lvm_size : wish->lvm_size);
    p->skip_unsupported = o->common.skip_unsupported;
    p->live = o->live;
    p->leave_paused = o->common.paused;
    p->unpause_to_save = o->unpause;
    p->dry_run = o->common.dry_run;
    p->choose_disks = choose_disks;
    p->choose_user = wishes;
    return 0;
}

/* What is to be written into the user's xl.cfg, by a dry run, and whether
 * it can be. */
static int plan_update(const struct session *s,
                       const struct create_options *o, uint32_t domid,
                       libxl_domain_snapshot_params *params,
                       struct config_update *u)
{
    libxl_domain_snapshot_result result;
    int r = -1;

    if (!o->common.update_config) return 0;
    params->dry_run = true;
    libxl_domain_snapshot_result_init(&result);
    if (libxl_domain_snapshot_create(s->sc, domid, params, &result)) {
        session_library_error(s);
        goto out;
    }
    params->dry_run = o->common.dry_run;
    config_update_init(u, o->common.update_config, &result.snapshot);
    r = config_update_try(u, result.snapshot.domain_name);
    if (r) session_error(s, "%s", u->error);
 out:
    libxl_domain_snapshot_result_dispose(&result);
    return r;
}

/* *config_r (may be NULL): what to revert to it with, malloc'd. */
static int create(const struct session *s, const struct create_options *o,
                  char **config_r)
{
    struct config_update update = { .file = NULL };
    libxl_domain_snapshot_params params;
    libxl_domain_snapshot_result result;
    struct target target = { .domid = INVALID_DOMID };
    struct disk_wishes wishes = { .all = o->mode };
    int r = -1;

    libxl_domain_config_init(&target.config);
    libxl_domain_snapshot_init(&wishes.each);
    libxl_domain_snapshot_params_init(&params);
    libxl_domain_snapshot_result_init(&result);
    if (find_target(s, o, &target)) goto out;
    if (make_params(s, o, &target, &wishes, &params)) goto out;
    if (plan_update(s, o, target.domid, &params, &update)) goto out;
    if (libxl_domain_snapshot_create(s->sc, target.domid, &params,
                                     &result)) {
        session_library_error(s);
        goto out;
    }
    r = o->common.dry_run ? 0 : config_update_write(&update,
                                             result.snapshot.domain_name);
    logger_end_progress(s->logger);
    session_tell_signal(s, &result);
    if (!config_r)
        print_created(&result, params.config_path, &update,
                      o->common.dry_run, o->common.json);
    else
        *config_r = xstrdup(params.config_path);
    if (r)
        session_error(
            s,
            "%s; the snapshot stands and the domain goes on: write "
            "its new disks into %s yourself",
            update.error, update.file);
 out:
    config_update_dispose(&update);
    free(target.name);
    free(target.config_text);
    libxl_domain_config_dispose(&target.config);
    libxl_domain_snapshot_dispose(&wishes.each);
    libxl_domain_snapshot_params_dispose(&params);
    libxl_domain_snapshot_result_dispose(&result);
    return r;
}

int keep_present(const struct session *s, const char *domain,
                 const char *domain_config,
                 const libxl_domain_snapshot *like, bool dry_run,
                 char **config_r)
{
    const struct create_options o = {
        .common = {
            .domain_config = domain_config, .dry_run = dry_run,
            .skip_unsupported = like->num_skipped > 0,
        },
        .domain = domain, .like = like, .name_prefix = "before-revert-",
    };

    return create(s, &o, config_r);
}

int main_snapshot_create(int argc, char **argv)
{
    struct create_options options = { .mode =
                                          LIBXL_SNAPSHOT_MODE_DEFAULT };
    struct session session;
    int r;

    parse_options(argc, argv, &options);
    if (session_open(&session, create_name)) return EXIT_FAILURE;
    r = create(&session, &options, NULL);
    session_close(&session);
    return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
