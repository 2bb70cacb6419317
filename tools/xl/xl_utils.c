/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_utils.c: what commands share; see xl_utils.h. */
#include "xl_utils.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

int dryrun_only;
bool timestamps;
xentoollog_level minmsglevel = minmsglevel_default;

void more_messages(void)
{
    if (minmsglevel > 0) minmsglevel--;
}

const struct cmd_spec *cmdtable_lookup(const char *s)
{
    const struct cmd_spec *found = NULL;
    size_t len = strlen(s);
    int i, count = 0;

    for (i = 0; i < cmdtable_len; i++) {
        if (strncmp(s, cmd_table[i].cmd_name, len)) continue;
        /* an exact match counts even if it begins another command */
        if (len == strlen(cmd_table[i].cmd_name)) return &cmd_table[i];
        found = &cmd_table[i];
        count++;
    }
    return count == 1 ? found : NULL;
}

void help_rows(void)
{
    int i;

    for (i = 0; i < cmdtable_len; i++) {
        printf(" %-19s ", cmd_table[i].cmd_name);
        if (strlen(cmd_table[i].cmd_name) > 19)
            printf("\n %-19s ", "");
        printf("%s\n", cmd_table[i].cmd_desc);
    }
}

void help(const char *command)
{
    const struct cmd_spec *cmd;

    if (!command || !strcmp(command, "help")) {
        printf("Usage xl [-vNtT] <subcommand> [args]\n\n");
        printf("Domain snapshots:\n\n");
        help_rows();
        return;
    }
    cmd = cmdtable_lookup(command);
    if (!cmd) {
        printf("command \"%s\" not implemented\n", command);
        return;
    }
    printf("Usage: xl [-vtT%s%s] %s %s\n\n%s.\n\n",
           cmd->modifies ? "f" : "", cmd->can_dryrun ? "N" : "",
           cmd->cmd_name, cmd->cmd_usage, cmd->cmd_desc);
    if (cmd->cmd_option)
        printf("Options:\n\n%s\n", cmd->cmd_option);
}

/* A network file system may tell only at the close that it is full. */
int output_finish(const char *command, int code)
{
    errno = 0;
    if (!fflush(stdout) && !ferror(stdout)
        && (!close(STDOUT_FILENO) || errno == EBADF))
        return code;
    fprintf(stderr, "%s: cannot write to standard output: %s%s\n", command,
            strerror(errno ? errno : EIO),
            code ? "" : "; but for that, the command succeeded");
    return code ? code : EXIT_FAILURE;
}

int def_getopt(int argc, char * const argv[], const char *optstring,
               const struct option *longopts, const char *command,
               int reqargs)
{
    int opt;

    opterr = 0;
    opt = getopt_long(argc, argv, optstring, longopts, NULL);
    if (opt == '?') {
        if (optopt)
            fprintf(stderr, "option `%c' not supported, or its argument is "
                    "missing.\n", optopt);
        else
            fprintf(stderr, "option `%s' not supported.\n", argv[optind - 1]);
        exit(2);
    }
    if (opt == 'h') {
        help(command);
        exit(output_finish(command, EXIT_SUCCESS));
    }
    if (opt != -1) return opt;

    if (argc - optind <= reqargs - 1) {
        fprintf(stderr, "'xl %s' requires at least %d argument%s.\n\n",
                command, reqargs, reqargs > 1 ? "s" : "");
        help(command);
        exit(2);
    }
    return -1;
}

/*-- session ----------------------------------------------------------------*/

void session_error(const struct session *s, const char *fmt, ...)
{
    va_list ap;

    if (s->logger) logger_end_progress(s->logger);
    fprintf(stderr, "%s: ", s->command);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void session_library_error(const struct session *s)
{
    const char *error = libxl_snapshot_ctx_error(s->sc);
    const char *libxl = logger_first_error(s->logger);

    if (!error) error = "failed";
    if (libxl) session_error(s, "%s (libxl: %s)", error, libxl);
    else session_error(s, "%s", error);
}

void session_tell_signal(const struct session *s,
                         const libxl_domain_snapshot_result *result)
{
    if (result->signalled)
        session_error(s, "a signal came after the commit point: there was no "
                      "way back, and the command has gone on to its end");
}

/* A number of seconds in the environment; what is not set, or empty, counts as
 * not said. */
static int set_timeout(struct session *s, const char *name,
                       void (*set)(libxl_snapshot_ctx *, unsigned int))
{
    const char *text = getenv(name);
    unsigned long seconds;
    char *end;

    if (!text || !*text) return 0;
    seconds = strtoul(text, &end, 10);
    if (*end || *text == '-' || !seconds || seconds > 86400) {
        session_error(s, "%s is '%s', not a number of seconds from 1 to 86400",
                      name, text);
        return -1;
    }
    set(s->sc, seconds);
    return 0;
}

/* For hooks that copy images, for slow storage, and for tests. */
static int set_timeouts(struct session *s)
{
    if (set_timeout(s, "XL_SNAPSHOT_HOOK_TIMEOUT",
                    libxl_snapshot_ctx_set_hook_timeout))
        return -1;
    return set_timeout(s, "XL_SNAPSHOT_TIMEOUT", libxl_snapshot_ctx_set_timeout);
}

int session_open(struct session *s, const char *command)
{
    *s = (struct session){ .command = command };
    s->logger = logger_create(command);
    if (libxl_ctx_alloc(&s->ctx, LIBXL_VERSION, 0, logger_xtl(s->logger))) {
        s->ctx = NULL;
        session_error(s, "libxl cannot reach Xen; run this as root in the "
                      "domain 0 of a Xen host");
        return -1;
    }
    if (libxl_snapshot_ctx_alloc(&s->sc, s->ctx, logger_xtl(s->logger)))
        abort();
    libxl_snapshot_ctx_set_journal(s->sc, XEN_LIB_DIR "/snapshots/.journal");
    return set_timeouts(s);
}

void session_close(struct session *s)
{
    logger_end_progress(s->logger);
    libxl_snapshot_ctx_free(s->sc);
    libxl_ctx_free(s->ctx);
    logger_destroy(s->logger);
}
