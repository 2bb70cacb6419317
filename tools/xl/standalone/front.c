/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * standalone/front.c: the `xl' that stands before the real one, since xl
 * has no plugins.  Our commands go to xl-snapshot, everything else to the
 * real xl with its arguments untouched.  In xen.git this file is not
 * needed.
 *
 * A command is ours if it begins "snapshot-", or is at least "sn": no
 * command of xl (4.17 to 4.22) begins so; or if it begins "block-" and a
 * letter with which none of xl's goes on, which has block-attach, -detach
 * and -list.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../xl_output.h"
#include "../xl_snapshot.h"

#define OUR_COMMANDS "snapshot-"
#define BLOCK_COMMANDS "block-"
#define OUR_BLOCK_LETTERS "cjmpr"

static int front_cannot_run(const char *path)
{
    message_line("xl: cannot run %s: %s", path, strerror(errno));
    return EXIT_FAILURE;
}

static int front_exec_real(char **argv)
{
    struct stat self, real;

    if (xl_path_error()) {
        message_line("xl: %s", xl_path_error());
        return EXIT_FAILURE;
    }
    if (!stat("/proc/self/exe", &self) && !stat(xl_path(), &real)
        && self.st_dev == real.st_dev && self.st_ino == real.st_ino) {
        message_line("xl: %s is this program again; set XL_SNAPSHOT_XL to "
                     "the path of Xen's own xl", xl_path());
        return EXIT_FAILURE;
    }
    execv(xl_path(), argv);
    return front_cannot_run(xl_path());
}

static int front_exec_ours(char **argv)
{
    execv(XL_SNAPSHOT_PATH, argv);
    return front_cannot_run(XL_SNAPSHOT_PATH);
}

static int front_is_ours(const char *command)
{
    size_t len = strlen(command), ours = strlen(OUR_COMMANDS);
    size_t block = strlen(BLOCK_COMMANDS);

    if (len > block && !strncmp(command, BLOCK_COMMANDS, block))
        return strchr(OUR_BLOCK_LETTERS, command[block]) != NULL;
    return len >= 2
        && !strncmp(command, OUR_COMMANDS, len < ours ? len : ours);
}

/* The exit status of @exec in a process of its own. */
static int front_run(int (*exec)(char **argv), char **argv,
                     const char *path)
{
    pid_t pid = fork();
    int status;

    if (pid < 0) return front_cannot_run(path);
    if (!pid) _exit(exec(argv));
    if (waitpid(pid, &status, 0) < 0) return front_cannot_run(path);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/* Print the list of the real xl, then our rows. */
static int front_list_all(char **argv)
{
    static char name[] = "xl", rows[] = "--help-rows";
    char *ours[] = { name, rows, NULL };
    int xl_status = front_run(front_exec_real, argv, xl_path());
    int status = front_run(front_exec_ours, ours, XL_SNAPSHOT_PATH);

    return xl_status ? xl_status : status;
}

/* The index of the command: of the first argument that does not begin with
 * "-". */
static int front_command_index(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++)
        if (!strcmp(argv[i], "--")) return i + 1;
    return i;
}

int main(int argc, char **argv)
{
    int i = front_command_index(argc, argv);
    const char *command = i < argc ? argv[i] : NULL;
    const char *topic = command && i + 1 < argc ? argv[i + 1] : NULL;

    if (argc == 1) return front_list_all(argv);
    if (!command) return front_exec_real(argv);
    if (front_is_ours(command)) return front_exec_ours(argv);
    if (strcmp(command, "help")) return front_exec_real(argv);
    if (!topic || !strcmp(topic, "help")) return front_list_all(argv);
    if (front_is_ours(topic)) return front_exec_ours(argv);
    return front_exec_real(argv);
}
