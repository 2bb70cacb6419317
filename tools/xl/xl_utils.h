/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_utils.h: what commands share: xl's command table and option parsing (the
 * same shape as in xen.git, so that a row or a main_* moves there as it is),
 * the libxl context, the log, errors.
 */
#ifndef XL_UTILS_H
#define XL_UTILS_H

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <libxl_snapshot.h>

/* As in xl.h. */
struct cmd_spec {
    const char *cmd_name;
    int (*cmd_impl)(int argc, char **argv);
    int can_dryrun;
    int modifies;
    const char *cmd_desc;
    const char *cmd_usage;
    const char *cmd_option;
};

extern const struct cmd_spec cmd_table[];
extern const int cmdtable_len;
/* The command that @s names or, unambiguously, begins. */
const struct cmd_spec *cmdtable_lookup(const char *s);
/* The rows of "xl help", without its head. */
void help_rows(void);
void help(const char *command);

int main_snapshot_create(int argc, char **argv);
int main_snapshot_drivers(int argc, char **argv);
int main_snapshot_list(int argc, char **argv);
int main_snapshot_revert(int argc, char **argv);
int main_snapshot_recover(int argc, char **argv);
int main_snapshot_verify(int argc, char **argv);

/* As xl's: loop over the options, handling -h, --help and too few arguments. */
#define SWITCH_FOREACH_OPT(opt, opts, longopts,                         \
                           commandname, num_required_opts)              \
    while (((opt) = def_getopt(argc, argv, "h" opts, (longopts),        \
                               (commandname), (num_required_opts))) != -1) \
        switch (opt)

#define COMMON_LONG_OPTS {"help", 0, 0, 'h'}, \
                         {0, 0, 0, 0}

/* Write out what was printed: the last act of every command. Returns @code,
 * its exit status; if that fails, says so on stderr and returns EXIT_FAILURE
 * in place of 0. */
int output_finish(const char *command, int code);

int def_getopt(int argc, char * const argv[], const char *optstring,
               const struct option *longopts, const char *command,
               int reqargs);

/* What the global options say: set by main(). */
extern int dryrun_only;
extern bool timestamps;
extern xentoollog_level minmsglevel;
#define minmsglevel_default XTL_PROGRESS
/* A -v. */
void more_messages(void);

/* One run of a command: libxl's context and the snapshot library's. */
struct session {
    const char *command;
    struct logger *logger;
    libxl_ctx *ctx;
    libxl_snapshot_ctx *sc;
};

/* Opens what a command needs; complains and returns -1 if it cannot. */
int session_open(struct session *s, const char *command);
void session_close(struct session *s);
/* One line on stderr, after the command's name. */
void session_error(const struct session *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same with the library's sentence, and libxl's reason if it gave one. */
void session_library_error(const struct session *s);
/* Say that a signal came too late to undo, if one did. */
void session_tell_signal(const struct session *s,
                         const libxl_domain_snapshot_result *result);

/* xl_log.c: a logger that shows progress on a terminal and keeps libxl's
 * first error for the one line that the user gets. */
struct logger;
struct logger *logger_create(const char *command);
void logger_destroy(struct logger *logger);
xentoollog_logger *logger_xtl(struct logger *logger);
/* What libxl complained of first, or NULL. */
const char *logger_first_error(const struct logger *logger);
/* Take the progress line off the terminal. */
void logger_end_progress(struct logger *logger);

/* xl_strings.c: as xl's.  They say so and exit if there is no memory. */
void xvasprintf(char **strp, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
void xasprintf(char **strp, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void *xcalloc(size_t n, size_t sz);
/* Frees @ptr and returns NULL where @sz is 0. */
void *xrealloc(void *ptr, size_t sz);
char *xstrdup(const char *x);
/* A copy of @s, or NULL if that is NULL. */
char *copy_or_null(const char *s);
/* @path as it is if absolute, else below the current folder. */
char *absolute_path(const char *path);

#endif /* XL_UTILS_H */
