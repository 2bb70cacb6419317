/*
 * The witness as the init of a guest: what it needs around it.
 *
 * initrd-ga.img also has ext4 and the real qemu-ga. A guest that boots from it
 * mounts its disks that hold an ext4 file system, and runs the agent on its
 * first channel: Linux makes device/console/1 of xenstore /dev/hvc1. (It tells
 * the channel's name nowhere but in xenstore.)
 */
#define _GNU_SOURCE
#include "boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define AGENT   "/usr/sbin/qemu-ga"
#define CHANNEL "/dev/hvc1"
#define HOOK    "/sbin/fsfreeze-hook"

static bool load_module(const char *name)
{
    char path[64];
    int fd, r;

    snprintf(path, sizeof(path), "/modules/%s.ko", name);
    fd = open(path, O_RDONLY);
    r = syscall(SYS_finit_module, fd, "", 0);
    close(fd);
    return !r;
}

void boot(void)
{
    FILE *list = fopen("/modules/list", "r");
    char name[32];
    bool good;

    good = !mount("proc", "/proc", "proc", 0, NULL) &&
           !mount("sysfs", "/sys", "sysfs", 0, NULL) &&
           !mount("dev", "/dev", "devtmpfs", 0, NULL) && list;
    while (good && fscanf(list, "%31s", name) == 1)
        good = load_module(name);
    if (!good)
        printf("WITNESS BROKEN cannot boot: %s\n", strerror(errno));
    if (list)
        fclose(list);
}

bool mount_disk(const char *name, const char *dir)
{
    char dev[64];

    snprintf(dev, sizeof(dev), "/dev/%s", name);
    mkdir(dir, 0755);
    return !mount(dev, dir, "ext4", MS_NOATIME, NULL);
}

void start_agent(void)
{
    if (access(AGENT, X_OK) || access("/sys/bus/xen/devices/console-1", F_OK))
        return;
    /* isa-serial: the agent makes the terminal raw, and does not echo */
    if (!fork()) {
        execl(AGENT, AGENT, "-m", "isa-serial", "-p", CHANNEL, "-t", "/run",
              "-f", "/run/qemu-ga.pid", "-F" HOOK, NULL);
        printf("WITNESS BROKEN cannot run %s: %s\n", AGENT, strerror(errno));
        _exit(1);
    }
}
