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

#include "../xl_output.h"
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
        const struct cmd_spec *cmd = &cmd_table[i];
        bool is_long = strlen(cmd->cmd_name) > 19;

        if (is_long) print_line(" %-19s ", cmd->cmd_name);
        print_line(" %-19s %s", is_long ? "" : cmd->cmd_name,
                   cmd->cmd_desc);
    }
}

void help(const char *command)
{
    const struct cmd_spec *cmd;

    if (!command || !strcmp(command, "help")) {
        print_lines("Usage xl [-vNtT] <subcommand> [args]\n\n"
                    "Domain snapshots:\n\n");
        help_rows();
        return;
    }
    cmd = cmdtable_lookup(command);
    if (!cmd) {
        print_line("command \"%s\" not implemented", command);
        return;
    }
    print_line("Usage: xl [-vtT%s%s] %s %s", cmd->modifies ? "f" : "",
               cmd->can_dryrun ? "N" : "", cmd->cmd_name, cmd->cmd_usage);
    print_line("%s", "");
    print_line("%s.", cmd->cmd_desc);
    print_line("%s", "");
    if (!cmd->cmd_option) return;
    print_lines("Options:\n\n");
    print_lines(cmd->cmd_option);
    print_line("%s", "");
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
            message_line("option `%c' not supported, or its argument is "
                         "missing.", optopt);
        else
            message_line("option `%s' not supported.", argv[optind - 1]);
        exit(2);
    }
    if (opt == 'h') {
        help(command);
        exit(output_finish(command, EXIT_SUCCESS));
    }
    if (opt != -1) return opt;

    if (argc - optind <= reqargs - 1) {
        message_line("'xl %s' requires at least %d argument%s.", command,
                     reqargs, reqargs > 1 ? "s" : "");
        message_line("%s", "");
        help(command);
        exit(2);
    }
    return -1;
}
