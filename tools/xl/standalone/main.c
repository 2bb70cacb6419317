/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * standalone/main.c: the program xl-snapshot: xl's global options, then
 * one of our commands.  Users call it as "xl snapshot-create" through the
 * front.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libxl_snapshot.h>

#include "../xl_output.h"
#include "command_line.h"
#include "xl.h"

int dryrun_only;
bool timestamps;
xentoollog_level minmsglevel = minmsglevel_default;

static int program_run_command(int argc, char **argv)
{
    const struct cmd_spec *cmd;

    if (!strcmp(argv[0], "help")) {
        help(argv[1]);
        return EXIT_SUCCESS;
    }
    cmd = cmdtable_lookup(argv[0]);
    if (!cmd) {
        message_line("command not implemented");
        return EXIT_FAILURE;
    }
    if (dryrun_only && !cmd->can_dryrun) {
        message_line("command does not implement -N (dryrun) option");
        return EXIT_FAILURE;
    }
    return cmd->cmd_impl(argc, argv);
}

static int program_run(int argc, char **argv)
{
    int opt;

    if (argc == 2 && !strcmp(argv[1], "--version")) {
        print_line("%s", PACKAGE_STRING);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && !strcmp(argv[1], "--help")) {
        help(NULL);
        return EXIT_SUCCESS;
    }
    /* for the front: our part of "xl help" */
    if (argc == 2 && !strcmp(argv[1], "--help-rows")) {
        help_rows();
        return EXIT_SUCCESS;
    }
    while ((opt = getopt(argc, argv, "+vftTNh")) >= 0) {
        switch (opt) {
        case 'v':
            if (minmsglevel > 0) minmsglevel--;
            break;
        case 'N':
            dryrun_only = 1;
            break;
        case 'f':       /* xl: even if xend runs; there is none any more */
        case 't':       /* xl: overwrite the line of progress; ours does */
            break;
        case 'T':
            timestamps = true;
            break;
        case 'h':
            help(NULL);
            return EXIT_SUCCESS;
        default:
            message_line("unknown global option");
            return EXIT_FAILURE;
        }
    }
    if (optind == argc) {
        help(NULL);
        return EXIT_FAILURE;
    }
    argc -= optind;
    argv += optind;
    /* 0 makes glibc's getopt begin anew.  With 1 the "+" above (stop at
     * the first word that is no option) would hold for the command's
     * options. */
    optind = 0;
    return program_run_command(argc, argv);
}

int main(int argc, char **argv)
{
    libxl_snapshot_process_begin();
    return output_finish("xl-snapshot", program_run(argc, argv));
}
