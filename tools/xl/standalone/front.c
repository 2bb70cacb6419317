/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * standalone/front.c: the `xl' that stands before the real one, since xl
 * has no plugins.  Our commands go to xl-snapshot, everything else to the
 * real xl with its arguments untouched.  In xen.git this file is not
 * needed.
 *
 * A command is ours if it begins "snapshot-", or is at least "sn": no
 * command of xl (4.17 to 4.22) begins so.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../xl_snapshot.h"

#define OUR_COMMANDS "snapshot-"

static int cannot_run(const char *path)
{
    fprintf(stderr, "xl: cannot run %s: %s\n", path, strerror(errno));
    return EXIT_FAILURE;
}

static int exec_real(char **argv)
{
    struct stat self, real;

    if (!stat("/proc/self/exe", &self) && !stat(xl_path(), &real)
        && self.st_dev == real.st_dev && self.st_ino == real.st_ino) {
        fprintf(stderr, "xl: %s is this front again; set XL_SNAPSHOT_XL to "
                "the path of Xen's own xl\n", xl_path());
        return EXIT_FAILURE;
    }
    execv(xl_path(), argv);
    return cannot_run(xl_path());
}

static int exec_ours(char **argv)
{
    execv(XL_SNAPSHOT_PATH, argv);
    return cannot_run(XL_SNAPSHOT_PATH);
}

static int is_ours(const char *command)
{
    size_t len = strlen(command), ours = strlen(OUR_COMMANDS);

    return len >= 2
        && !strncmp(command, OUR_COMMANDS, len < ours ? len : ours);
}

/* The list of the real xl, then our rows. */
static int list_all(char **argv)
{
    static char name[] = "xl", rows[] = "--help-rows";
    char *ours[] = { name, rows, NULL };
    int status, xl_status;
    pid_t pid;

    pid = fork();
    if (pid < 0) return cannot_run(xl_path());
    if (!pid) _exit(exec_real(argv));
    if (waitpid(pid, &xl_status, 0) < 0) return cannot_run(xl_path());

    pid = fork();
    if (pid < 0) return cannot_run(XL_SNAPSHOT_PATH);
    if (!pid) _exit(exec_ours(ours));
    if (waitpid(pid, &status, 0) < 0) return cannot_run(XL_SNAPSHOT_PATH);
    if (!WIFEXITED(xl_status) || !WIFEXITED(status)) return EXIT_FAILURE;
    return WEXITSTATUS(xl_status) ? WEXITSTATUS(xl_status)
                                  : WEXITSTATUS(status);
}

/* The index of the command: after the options that begin with "-". */
static int command_index(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++)
        if (!strcmp(argv[i], "--")) return i + 1;
    return i;
}

int main(int argc, char **argv)
{
    int i = command_index(argc, argv);
    const char *command = i < argc ? argv[i] : NULL;
    const char *topic = command && i + 1 < argc ? argv[i + 1] : NULL;

    if (!command) return argc == 1 ? list_all(argv) : exec_real(argv);
    if (is_ours(command)) return exec_ours(argv);
    if (strcmp(command, "help")) return exec_real(argv);
    if (!topic || !strcmp(topic, "help")) return list_all(argv);
    return is_ours(topic) ? exec_ours(argv) : exec_real(argv);
}
