/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_snapshot.h: what the snapshot commands share: options, where things
 * go by default, the domain that is meant, how results look.
 */
#ifndef XL_SNAPSHOT_H
#define XL_SNAPSHOT_H

#include <stdbool.h>
#include <time.h>
#include <libxl_snapshot.h>

#include "xl_output.h"

struct session;
struct config_update;
struct layers;

/*-- the commands, for xl_cmdtable.c ------------------------------------*/

int main_block_chain(int argc, char **argv);
int main_block_commit(int argc, char **argv);
int main_block_copy(int argc, char **argv);
int main_block_pull(int argc, char **argv);
int main_snapshot_create(int argc, char **argv);
int main_snapshot_delete(int argc, char **argv);
int main_snapshot_drivers(int argc, char **argv);
int main_snapshot_list(int argc, char **argv);
int main_snapshot_recover(int argc, char **argv);
int main_snapshot_revert(int argc, char **argv);
int main_snapshot_verify(int argc, char **argv);

/*-- xl_snapshot_options.c: options of several commands -----------------*/

struct common_options {
    const char *directory, *domain_config, *update_config;
    bool accept_config, dry_run, json, paused, skip_unsupported;
    bool trust_folders;
    int num_disregarded;
    const char **disregarded;
};

enum {
    OPT_ACCEPT_CONFIG = 256, OPT_DISREGARD, OPT_DOMAIN_CONFIG, OPT_JSON,
    OPT_SKIP_UNSUPPORTED, OPT_TRUST_FOLDERS, OPT_UPDATE_CONFIG,
    OPT_OF_COMMAND              /* the first that only one command has */
};

/* Rows for getopt_long(3): a command lists those of the options it has, */
#define LONG_OPT_ACCEPT_CONFIG    {"accept-config", 0, 0, \
                                   OPT_ACCEPT_CONFIG}
#define LONG_OPT_DIRECTORY        {"directory", 1, 0, 'd'}
#define LONG_OPT_DISREGARD        {"disregard", 1, 0, OPT_DISREGARD}
#define LONG_OPT_DOMAIN_CONFIG    {"domain-config", 1, 0, \
                                   OPT_DOMAIN_CONFIG}
#define LONG_OPT_DRY_RUN          {"dry-run", 0, 0, 'N'}
#define LONG_OPT_PAUSED           {"paused", 0, 0, 'p'}
#define LONG_OPT_SKIP_UNSUPPORTED {"skip-unsupported", 0, 0, \
                                   OPT_SKIP_UNSUPPORTED}
#define LONG_OPT_TRUST_FOLDERS    {"trust-folders", 0, 0, \
                                   OPT_TRUST_FOLDERS}
#define LONG_OPT_UPDATE_CONFIG    {"update-config", 1, 0, \
                                   OPT_UPDATE_CONFIG}
/* and last those that every command has. */
#define SNAPSHOT_LONG_OPTS        {"json", 0, 0, OPT_JSON}, \
                                  {"verbose", 0, 0, 'v'}, \
                                  COMMON_LONG_OPTS

/* Keep what the option @opt says; its argument is in getopt's optarg. */
void common_option(struct common_options *o, int opt);
/* Call this after the last option.  Ends the process if there are more
 * than @most of @operands. */
void common_options_end(struct common_options *o, const char *command,
                        int operands, int most);
/* Print @message and end the process. */
void usage_error(const char *command, const char *message)
    __attribute__((noreturn));

/*-- xl_snapshot_paths.c: the default names, all of them ----------------*/

#define DEFAULT_SNAPSHOTS XEN_LIB_DIR "/snapshots"
#define DEFAULT_JOURNAL DEFAULT_SNAPSHOTS "/.journal"

/* A name made from @now, such as 20261121-094011, in local time. */
char *default_snapshot_name(time_t now);
/* The file that may be the xl.cfg of @domain. */
char *default_domain_config(const char *domain);
/* The folder of all snapshots of @domain. */
char *default_directory(const char *domain);
/* The @n-th choice, from 0, for the overlay that snapshot @name puts on
 * the active layer of @disk: <stem>.<name>.qcow2 beside that; then the
 * whole name of the image that has the stem stands for it; then that with
 * a number. */
char *default_overlay(const libxl_disk_snapshot_info *disk,
                      const char *name, int n);
/* True if both lead to one file or folder, which is there. */
bool path_is_same_file(const char *a, const char *b);
/* True if both name one place, for a file that need not be there: a folder
 * may have two names. */
bool path_is_same_place(const char *a, const char *b);
/* True if one of @disks has @path. */
bool path_is_named(const char *path,
                   const libxl_disk_snapshot_params *disks, int num);
/* The overlay of the @n-th revert: <child's stem>.r<N>.qcow2. */
char *revert_overlay(const char *child, int n);
/* The overlay of the next revert: the first one that does not exist, and
 * that is not among those of @p. */
char *next_revert_overlay(libxl_snapshot_ctx *sc,
                          const libxl_domain_snapshot_revert_params *p,
                          const char *child);
/* The volume of the @n-th revert: <snapshot>.r<N>. */
char *revert_volume(const char *snapshot, int n);
/* The volume of the next revert: the same, also if it is not active. */
char *next_revert_volume(libxl_snapshot_ctx *sc,
                         const libxl_domain_snapshot_revert_params *p,
                         const char *snapshot);

/*-- xl_snapshot_names.c: which snapshot is meant -----------------------*/

/*
 * Find the snapshot config that the operand @which of a command means,
 * malloc'd: with a "/" it is a path; else the name of a snapshot in
 * @directory, an option, or in the folder of @domain, as the user named it
 * (NULL: he did not); or, without @directory, a file or a folder here.  A
 * folder stands for the snapshot.cfg in it.  Complains and returns NULL if
 * there is none of that name, or it may mean two.
 */
char *snapshot_config_find(const struct session *s, const char *domain,
                           const char *directory, const char *which);
/* True if @snap, whose config is @config_path, is found by its name. */
bool snapshot_is_in_default_place(const libxl_domain_snapshot *snap,
                                  const char *config_path);
/* Complains and returns -1 if @domain, as the user named it, is not that
 * of @snap.  It may be gone, or have been started anew with another
 * uuid: the library looks into that.  *domid_r: one that has another name
 * by now. */
int snapshot_check_domain(const struct session *s, const char *domain,
                          const libxl_domain_snapshot *snap,
                          uint32_t *domid_r);
/* Complains and returns -1 if no snapshot may have that name. */
int snapshot_name_check(const struct session *s, const char *name);

/*-- xl_snapshot_disks.c ------------------------------------------------*/

/* The user's wishes for the disks. */
struct disk_wishes {
    libxl_domain_snapshot each; /* of single disks, in a ConfigFile */
    libxl_snapshot_mode all;    /* of the others */
    bool reuse;                 /* the overlays that @each names exist */
};

/* Fill in the disks of @p, whose name and options are set, as @wishes (a
 * struct disk_wishes) says, else by default.  This is a choose_disks() of
 * libxl_domain_snapshot_params. */
char *choose_disks(void *wishes, const libxl_disk_snapshot_info *info,
                   int num, libxl_domain_snapshot_params *p);

/*-- xl_snapshot_chain.c ------------------------------------------------*/

/* On how many images a disk stands, itself among them. */
struct chain_length {
    char *vdev;
    int num_images;
};

/* Print a warning of each of the @num @chains that is longer than the
 * host's xl.conf has it. */
void chains_warn(const struct session *s, const char *domain,
                 const struct chain_length *chains, int num);

/*-- xl_domain_config.c: a domain and its xl.cfg ------------------------*/

/* Read name, uuid (nil if there is none), type, disks, and the files and
 * the memory that a boot needs, of the xl.cfg @path into @config, which is
 * initialised; *@text_r (may be NULL) gets the whole file, malloc'd.
 * Returns -1 if that fails, and in *@error_r, malloc'd, says why. */
int domain_config_read(const char *path, libxl_domain_config *config,
                       char **text_r, char **error_r);

/* The xl.cfg of @domain, malloc'd: @named by an option or, if that is
 * NULL, the one where most have it; NULL: there is none. */
char *domain_config_find(const struct session *s, const char *domain,
                         const char *named);

/* The domain that a command is for. */
struct domain_target {
    uint32_t domid;             /* INVALID_DOMID: it does not run */
    char *name;
    libxl_domain_config config; /* from its xl.cfg, if that is given */
    char *config_text;          /* the xl.cfg itself, or NULL */
};

/* The domid of the domain, by domid or name; returns an error of libxl's
 * if there is none. */
int domain_id_of(const struct session *s, const char *domain,
                 uint32_t *domid_r);
void domain_target_init(struct domain_target *t);
void domain_target_dispose(struct domain_target *t);
/* Find @domain, a name, domid or uuid, and read its xl.cfg @config_path,
 * which may be NULL.  A domain that neither runs nor has an xl.cfg is no
 * error.  Complains and returns -1 if the file cannot be read or is the
 * config of another domain. */
int domain_target_find(const struct session *s, const char *domain,
                       const char *config_path, struct domain_target *t);
bool domain_target_runs(const struct domain_target *t);

/*-- xl_path.c ----------------------------------------------------------*/

/* The xl that restores or boots a domain and then monitors it: the one
 * that XL_SNAPSHOT_XL in the environment names, else XL_PATH of the
 * build. */
const char *xl_path(void);
/* Why that cannot be used; NULL: it can.  A relative path would be another
 * program from another folder, and root runs it. */
const char *xl_path_error(void);

/*-- xl_strings.c -------------------------------------------------------*/

/* A copy of @s, or NULL if that is NULL. */
char *copy_or_null(const char *s);
/* @path itself if it is absolute, else below the current folder; if that
 * has been removed, in which nothing is, @path; malloc'd. */
char *absolute_path(const char *path);
/* "12 MiB", in @text. */
#define SIZE_TEXT 32
const char *size_text(uint64_t bytes, char text[SIZE_TEXT]);

/*-- xl_snapshot_create.c -----------------------------------------------*/

/* Take a snapshot of the present state of @domain by the default rules,
 * but so that a revert to @like stays possible.  @domain_config: its
 * xl.cfg if it does not run, else NULL.  @common: those of the revert.
 * *config_r gets the path of the snapshot config, malloc'd.  Complains and
 * returns -1 if that fails. */
int keep_present(const struct session *s, const char *domain,
                 const char *domain_config,
                 const libxl_domain_snapshot *like,
                 const struct common_options *common, char **config_r);

/*-- xl_snapshot_revert_request.c ---------------------------------------*/

/* A revert as the library is asked for it, with all that it refers to. */
struct revert_request {
    libxl_domain_snapshot snap;
    libxl_domain_config config;         /* of the xl.cfg to boot from */
    libxl_domain_snapshot_revert_params params;
};

/* Read the config of the snapshot @which, as snapshot_config_find() finds
 * it, and set what @o and the default rules make of it.  A snapshot of
 * another domain than @domain is refused, if that is not NULL.  Complains
 * and returns -1 if that fails; dispose of @r whatever the result. */
int revert_request_read(const struct session *s, const char *which,
                        const char *domain, const struct common_options *o,
                        struct revert_request *r);
void revert_request_dispose(struct revert_request *r);

/*-- xl_snapshot_print.c ------------------------------------------------*/

/* Print what create made or, in a dry run, would make, and what was done
 * to the user's xl.cfg. */
void print_created(const libxl_domain_snapshot_result *result,
                   const char *config_path, const struct config_update *u,
                   const struct common_options *o);
/* Print the same of a revert.  @kept: the snapshot config of the state
 * that the domain had before, or NULL. */
void print_reverted(const libxl_domain_snapshot_result *result,
                    const char *kept, const struct config_update *u,
                    const struct common_options *o);
/* Print the same of a delete of @snap, whose config was @config_path, and
 * of its @layers. */
void print_deleted(const libxl_domain_snapshot_result *result,
                   const libxl_domain_snapshot *snap,
                   const char *config_path, const struct layers *layers,
                   const struct common_options *o);
/* Print a disk for the list `disk' of the domain's xl.cfg; @first: after a
 * line that says what it is for. */
void print_new_disk(const char *spec, bool first);
/* Print, by print_line() or message_line(), a warning of each of the @num
 * @bases that root can write to. */
void print_unprotected(print_function *print, char *const *bases, int num);

#endif /* XL_SNAPSHOT_H */
