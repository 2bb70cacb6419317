/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-dead-mount.c: a file system whose server does not answer, as with
 * NFS, and a process that has a file of it open.  It has nothing to do with
 * any domain, so nothing may wait for it.
 */
#include "../test.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_FUSE     77
#define PATIENCE    20          /* seconds; a look takes milliseconds */

static void reply(int fuse, const struct fuse_in_header *in,
                  const void *body, size_t len)
{
    char buf[256];
    struct fuse_out_header out = { .len = sizeof(out) + len,
                                   .unique = in->unique };

    memcpy(buf, &out, sizeof(out));
    memcpy(buf + sizeof(out), body, len);
    if (write(fuse, buf, out.len) != (ssize_t)out.len) _exit(1);
}

/* Serve a folder in which each name is a file, until it is open; from then
 * on answer nothing. */
static void serve(int fuse)
{
    static char buf[FUSE_MIN_READ_BUFFER + 4096];
    const struct fuse_in_header *in = (const void *)buf;
    const struct fuse_init_out init = {
        .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
        .max_write = 4096,
    };
    const struct fuse_entry_out entry = {
        .nodeid = 2, .attr = { .ino = 2, .mode = S_IFREG | 0644, .nlink = 1 },
    };
    const struct fuse_open_out opened = { .fh = 1 };

    while (read(fuse, buf, sizeof(buf)) > 0)
        switch (in->opcode) {
        case FUSE_INIT:
            reply(fuse, in, &init, sizeof(init));
            break;
        case FUSE_LOOKUP:
            reply(fuse, in, &entry, sizeof(entry));
            break;
        case FUSE_OPEN:
            reply(fuse, in, &opened, sizeof(opened));
            pause();
        }
    _exit(0);
}

/* Mount it, in a namespace of its own, and have a file of it open.  Its
 * server, which is a child, in *server_r. */
static bool dead_mount(pid_t *server_r)
{
    const char *dir = tmp_path("dead");
    int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    const char *options = snap_sprintf(
        sc, "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);

    if (fuse < 0 || unshare(CLONE_NEWNS)
        || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)
        || mkdir(dir, 0700) || mount("dead", dir, "fuse", 0, options))
        return false;
    *server_r = fork();
    if (!*server_r) serve(fuse);
    close(fuse);
    return open(snap_sprintf(sc, "%s/file", dir), O_RDONLY) >= 0;
}

/* Let @looker end; false: it would wait for ever.  Only the end of the
 * server, not a signal, lets go who waits for an answer. */
static bool ends(pid_t looker, pid_t server, int *status)
{
    int i;

    for (i = 0; i < PATIENCE * 100; i++) {
        if (waitpid(looker, status, WNOHANG) == looker) return true;
        usleep(10000);
    }
    kill(server, SIGKILL);
    waitpid(looker, status, 0);
    return false;
}

/* The exit status of a process that looks, while this one has the file
 * open; it would wait when it closes it. */
static int look_beside(void)
{
    struct snap_file_use file = { .who = "file", .path = tmp_text("f", "") };
    const struct snap_users_except nobody = { 0, SNAP_NO_DOMAIN };
    int go[2], status;
    pid_t looker, server;
    char c;

    if (pipe(go)) return 1;
    looker = fork();
    if (!looker) {
        close(go[1]);
        if (read(go[0], &c, 1) != 1) _exit(NO_FUSE);
        _exit(snap_users_of_files(sc, &file, 1, &nobody) ? 1 : 0);
    }
    if (!dead_mount(&server)) _exit(NO_FUSE);
    if (write(go[1], "x", 1) != 1 || !ends(looker, server, &status))
        return 1;
    kill(server, SIGKILL);
    return WEXITSTATUS(status);
}

static void who_uses_an_image_is_told_without_it(void)
{
    pid_t child = fork();
    int status;

    if (!child) _exit(look_beside());
    waitpid(child, &status, 0);
    if (WEXITSTATUS(status) == NO_FUSE) test_skip("no root, or no FUSE");
    else CHECK_INT(status, 0);
}

TESTS(TEST(who_uses_an_image_is_told_without_it))
