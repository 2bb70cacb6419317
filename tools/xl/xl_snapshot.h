/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot.h: what the snapshot commands share: where things go by
 * default, and how results look.
 */
#ifndef XL_SNAPSHOT_H
#define XL_SNAPSHOT_H

#include <stdbool.h>
#include <time.h>
#include <libxl_snapshot.h>

struct session;

/*-- the commands, for xl_cmdtable.c ----------------------------------------*/

int main_snapshot_create(int argc, char **argv);
int main_snapshot_drivers(int argc, char **argv);
int main_snapshot_list(int argc, char **argv);
int main_snapshot_recover(int argc, char **argv);
int main_snapshot_revert(int argc, char **argv);
int main_snapshot_verify(int argc, char **argv);

/*-- xl_snapshot_options.c: options of several commands ---------------------*/

struct common_options {
    const char *directory, *domain_config, *update_config;
    bool dry_run, json, paused, skip_unsupported;
};

enum {
    OPT_DOMAIN_CONFIG = 256, OPT_JSON, OPT_SKIP_UNSUPPORTED,
    OPT_UPDATE_CONFIG,
    OPT_OF_COMMAND              /* the first that a command has for itself */
};

/* Rows for getopt_long(3), of which a command takes what it has, */
#define LONG_OPT_DIRECTORY        {"directory", 1, 0, 'd'}
#define LONG_OPT_DOMAIN_CONFIG    {"domain-config", 1, 0, OPT_DOMAIN_CONFIG}
#define LONG_OPT_DRY_RUN          {"dry-run", 0, 0, 'N'}
#define LONG_OPT_PAUSED           {"paused", 0, 0, 'p'}
#define LONG_OPT_SKIP_UNSUPPORTED {"skip-unsupported", 0, 0, \
                                   OPT_SKIP_UNSUPPORTED}
#define LONG_OPT_UPDATE_CONFIG    {"update-config", 1, 0, OPT_UPDATE_CONFIG}
/* and what all have.  Must be last in list */
#define SNAPSHOT_LONG_OPTS        {"json", 0, 0, OPT_JSON}, \
                                  {"verbose", 0, 0, 'v'}, \
                                  COMMON_LONG_OPTS

/* Keep what the option @opt, with getopt's optarg, says. */
void common_option(struct common_options *o, int opt);
/* After the options: ends the process if there are more than @most of
 * @operands. */
void common_options_end(struct common_options *o, const char *command,
                        int operands, int most);
/* Ends the process. */
void usage_error(const char *command, const char *message)
    __attribute__((noreturn));

/*-- xl_snapshot_paths.c: the default names, all of them --------------------*/

/* A name from @now, as 20261121-094011 in local time. */
char *default_snapshot_name(time_t now);
/* The folder of all snapshots of @domain. */
char *default_directory(const char *domain);
/* The overlay that snapshot @name puts on the active layer of a disk:
 * <stem>.<name>.qcow2 beside it. */
char *default_overlay(const libxl_disk_snapshot_info *disk, const char *name);
/* The overlay of the next revert: <child's stem>.r<N>.qcow2, the first N that
 * is free. */
char *next_revert_overlay(const char *child);
/* That of the @n-th revert. */
char *revert_overlay(const char *child, int n);
/* The same for a volume: <snapshot>.r<N>. */
char *next_revert_volume(const char *snapshot);
char *revert_volume(const char *snapshot, int n);

/*-- xl_snapshot_disks.c ----------------------------------------------------*/

/* What the user says of the disks: one by one in a ConfigFile, else of all. */
struct disk_wishes {
    libxl_domain_snapshot each;
    libxl_snapshot_mode all;
};

/* Fill in the disks of @p, whose name and options are set: as @wishes, a struct
 * disk_wishes, says, else by default.  For libxl_domain_snapshot_params. */
char *choose_disks(void *wishes, const libxl_disk_snapshot_info *info, int num,
                   libxl_domain_snapshot_params *p);

/*-- xl_domain_config.c: a domain's xl.cfg ----------------------------------*/

/* Name, uuid (nil if there is none), type and disks of the xl.cfg @path into
 * @config, which is initialised; *@text_r (may be NULL) is the whole file,
 * malloc'd.  Complains and returns -1 if it cannot. */
int domain_config_read(const struct session *s, const char *path,
                       libxl_domain_config *config, char **text_r);
/* Complains and returns -1 if @config, from the file @path, is of another
 * domain than @domain. */
int domain_config_is_of(const struct session *s, const char *path,
                        const libxl_domain_config *config, const char *domain);

/* The domain that a command is for. */
struct domain_target {
    uint32_t domid;             /* INVALID_DOMID: it does not run */
    char *name;
    libxl_domain_config config; /* with --domain-config */
    char *config_text;          /* that file; NULL without */
};

void domain_target_init(struct domain_target *t);
void domain_target_dispose(struct domain_target *t);
/* Find @domain, a name, domid or uuid, and read its xl.cfg @config_path (may be
 * NULL).  A domain that does not run, and without an xl.cfg, is no error.
 * Complains and returns -1 if the file is of another domain or not good. */
int domain_target_find(const struct session *s, const char *domain,
                       const char *config_path, struct domain_target *t);
bool domain_target_runs(const struct domain_target *t);

/*-- xl_path.c -------------------------------------------------------------*/

/* The xl that restores and boots a domain, and monitors it then: that which
 * XL_SNAPSHOT_XL in the environment names, else XL_PATH of the build. */
const char *xl_path(void);

/*-- xl_strings.c ----------------------------------------------------------*/

/* A copy of @s, or NULL if that is NULL. */
char *copy_or_null(const char *s);
/* @path as it is if absolute, else below the current folder. */
char *absolute_path(const char *path);

/*-- xl_snapshot_create.c ---------------------------------------------------*/

/* Take a snapshot of @domain as it is, running or with its xl.cfg (else NULL),
 * by default rules, but so that a revert to @like stays possible.  *config_r:
 * its snapshot config, malloc'd.  Complains and returns -1 if it cannot. */
int keep_present(const struct session *s, const char *domain,
                 const char *domain_config, const libxl_domain_snapshot *like,
                 bool dry_run, char **config_r);

/*-- xl_snapshot_revert_request.c -------------------------------------------*/

/* What a revert is asked for, with all that goes with it. */
struct revert_request {
    libxl_domain_snapshot snap;
    libxl_domain_config config;         /* of the xl.cfg to boot from */
    libxl_domain_snapshot_revert_params params;
};

/* Read the snapshot config @config_file, and set what @o and the default rules
 * make of it.  @domain: refuse a snapshot of another one; NULL: of none.
 * Complains and returns -1 if it cannot; dispose of @r whatever the result. */
int revert_request_read(const struct session *s, const char *config_file,
                        const char *domain, const struct common_options *o,
                        struct revert_request *r);
void revert_request_dispose(struct revert_request *r);

/*-- xl_snapshot_print.c ----------------------------------------------------*/

struct config_update;

/* What create made (or, in a dry run, would make), and what was done (or, not
 * u->done, not done) to the user's xl.cfg. */
void print_created(const libxl_domain_snapshot_result *result,
                   const char *config_path, const struct config_update *u,
                   const struct common_options *o);
/* @kept: the snapshot config of what was there before, or NULL. */
void print_reverted(const libxl_domain_snapshot_result *result,
                    const char *kept, const struct config_update *u,
                    const struct common_options *o);

#endif /* XL_SNAPSHOT_H */
