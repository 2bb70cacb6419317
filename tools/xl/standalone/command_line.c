/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * standalone/command_line.c: what the command line asks for: the command,
 * its help, its options.  In xen.git this is in xl.c, xl_cmdtable.c and
 * xl_utils.c.
 */
#include "command_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xl.h"
#include "xl_utils.h"

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
            fprintf(stderr, "option `%c' not supported, or its argument "
                    "is missing.\n", optopt);
        else
            fprintf(stderr, "option `%s' not supported.\n",
                    argv[optind - 1]);
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
