/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/users_kernel.c: the uses of files and block devices by the kernel
 * itself, which no file descriptor in /proc shows: loop devices,
 * partitions, device-mapper and md, mounts, swap, and blkback. Files are
 * compared by device and inode, never by name: the file of a loop device
 * may have been renamed or deleted, and another one have its name.
 */
#include "seams/files.h"
#include "seams/users.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static struct snap_file_id kernel_id_of_device(dev_t dev)
{
    return (struct snap_file_id){ .block = true, .dev = dev };
}

bool snap_file_id(const char *path, struct snap_file_id *id_r)
{
    struct statx st;

    if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
              STATX_TYPE | STATX_INO, &st))
        return false;
    *id_r = S_ISBLK(st.stx_mode)
        ? kernel_id_of_device(makedev(st.stx_rdev_major, st.stx_rdev_minor))
        : (struct snap_file_id){
              .dev = makedev(st.stx_dev_major, st.stx_dev_minor),
              .ino = st.stx_ino };
    return true;
}

const char *snap_file_id_text(libxl_snapshot_ctx *sc, const char *path)
{
    struct snap_file_id id;

    if (!snap_file_id(path, &id)) return "gone";
    return id.block
        ? snap_sprintf(sc, "device %u:%u", major(id.dev), minor(id.dev))
        : snap_sprintf(sc, "file %ju of %u:%u", (uintmax_t)id.ino,
                       major(id.dev), minor(id.dev));
}

struct snap_use *snap_users_add(libxl_snapshot_ctx *sc,
                                struct snap_uses *uses,
                                enum snap_use_kind kind,
                                const struct snap_file_id *of)
{
    struct snap_use *use;

    if (uses->num == uses->max) {
        uses->max = uses->max ? 2 * uses->max : 64;
        uses->list = snap_grow(sc, uses->list, uses->num * sizeof(*use),
                               uses->max * sizeof(*use));
    }
    use = &uses->list[uses->num++];
    *use = (struct snap_use){ .kind = kind, .of = *of };
    return use;
}

/*-- block devices ----------------------------------------------------------*/

static char *kernel_sys_line(libxl_snapshot_ctx *sc, const char *dir,
                             const char *name)
{
    return snap_file_first_line(sc, snap_sprintf(sc, "%s/%s", dir, name));
}

static bool kernel_sys_device(libxl_snapshot_ctx *sc, const char *dir,
                              struct snap_file_id *id_r)
{
    const char *text = kernel_sys_line(sc, dir, "dev");
    unsigned int major, minor;

    if (!text || sscanf(text, "%u:%u", &major, &minor) != 2) return false;
    *id_r = kernel_id_of_device(makedev(major, minor));
    return true;
}

/* In /sys, "!" stands for the "/" of a name in /dev. */
static const char *kernel_device_path(libxl_snapshot_ctx *sc,
                                      const char *name)
{
    char *path = snap_sprintf(sc, "/dev/%s", name), *p;

    for (p = path; (p = strchr(p, '!')); ) *p = '/';
    return path;
}

/* Note that @upper is a device made of @lower. */
static void kernel_add_layer(libxl_snapshot_ctx *sc,
                             struct snap_uses *uses,
                             enum snap_use_kind kind,
                             const struct snap_file_id *lower,
                             const struct snap_file_id *upper,
                             const char *upper_dir, const char *name)
{
    const char *ro = kernel_sys_line(sc, upper_dir, "ro");
    struct snap_use *use = snap_users_add(sc, uses, kind, lower);

    use->as = *upper;
    use->writes = !ro || strcmp(ro, "1");
    use->name = name;
    /* two loop devices of a file, a partition and its disk: what writes to
     * the lower one writes to this one */
    if (kind == SNAP_USE_HOLDER) return;
    use = snap_users_add(sc, uses, SNAP_USE_BELOW, upper);
    use->as = *lower;
    use->writes = true;
}

static bool kernel_loop_file(const char *path, const char *backing,
                             struct snap_file_id *id_r)
{
    int fd = snap_open_image(path, O_RDONLY);
    struct loop_info64 info = { 0 };    /* valgrind 3.19 does not know what
                                         * the ioctl fills in */
    bool known = fd >= 0 && !ioctl(fd, LOOP_GET_STATUS64, &info);

    if (fd >= 0) close(fd);
    if (!known) return snap_file_id(backing, id_r);
    *id_r = info.lo_rdevice
                ? kernel_id_of_device(info.lo_rdevice)
                : (struct snap_file_id){ .dev = info.lo_device,
                                         .ino = info.lo_inode };
    return true;
}

static void kernel_add_holders(libxl_snapshot_ctx *sc,
                               struct snap_uses *uses, const char *dir,
                               const struct snap_file_id *device)
{
    DIR *d = opendir(snap_sprintf(sc, "%s/holders", dir));
    struct dirent *e;

    while (d && (e = readdir(d))) {
        const char *holder, *dm;
        struct snap_file_id id;

        if (e->d_name[0] == '.') continue;
        holder = snap_sprintf(sc, "%s/holders/%s", dir, e->d_name);
        if (!kernel_sys_device(sc, holder, &id)) continue;
        dm = kernel_sys_line(sc, holder, "dm/name");
        kernel_add_layer(sc, uses, SNAP_USE_HOLDER, device, &id, holder,
                         snap_sprintf(sc, "the device %s", dm
                                      ? snap_sprintf(sc, "/dev/mapper/%s", dm)
                                      : kernel_device_path(sc, e->d_name)));
    }
    if (d) closedir(d);
}

static void kernel_add_device(libxl_snapshot_ctx *sc,
                              struct snap_uses *uses, const char *name)
{
    const char *dir = snap_sprintf(sc, "/sys/class/block/%s", name);
    const char *path = kernel_device_path(sc, name);
    const char *backing = kernel_sys_line(sc, dir, "loop/backing_file");
    struct snap_file_id device, lower;

    if (!kernel_sys_device(sc, dir, &device)) return;
    if (backing && kernel_loop_file(path, backing, &lower))
        kernel_add_layer(sc, uses, SNAP_USE_LOOP, &lower, &device, dir,
                         snap_sprintf(sc, "the loop device %s", path));
    /* the folder of a partition is in that of its disk */
    if (kernel_sys_line(sc, dir, "partition")
        && kernel_sys_device(sc, snap_sprintf(sc, "%s/..", dir), &lower))
        kernel_add_layer(sc, uses, SNAP_USE_PARTITION, &lower, &device, dir,
                         snap_sprintf(sc, "the partition %s", path));
    kernel_add_holders(sc, uses, dir, &device);
}

static int kernel_add_devices(libxl_snapshot_ctx *sc,
                              struct snap_uses *uses)
{
    DIR *d = opendir("/sys/class/block");
    struct dirent *e;

    if (!d)
        return snap_fail(sc, ERROR_FAIL,
                         "cannot read /sys/class/block: %s; is "
                         "/sys mounted?",
                         strerror(errno));
    while ((e = readdir(d)))
        if (e->d_name[0] != '.') kernel_add_device(sc, uses, e->d_name);
    closedir(d);
    return 0;
}

/*-- mounts and swap --------------------------------------------------------*/

/* "36 35 98:0 /root /mnt rw,noatime shared:1 - ext4 /dev/sda rw,errors=x";
 * of the number of fields before the "-" only the first six are certain. */
static void kernel_add_mount(libxl_snapshot_ctx *sc,
                             struct snap_uses *uses, char *line)
{
    char *at = strstr(line, " - "), *source, *options, *save = NULL;
    struct snap_file_id id;
    struct snap_use *use;
    unsigned int major, minor;
    int end = 0;

    if (!at || sscanf(line, "%*d %*d %u:%u %*s %n", &major, &minor, &end) != 2
        || !end)
        return;
    strtok_r(at + 3, " \n", &save);
    source = strtok_r(NULL, " \n", &save);
    options = strtok_r(NULL, " \n", &save);
    /* btrfs and others that may span devices show a number that is not a
     * device's */
    if (major) id = kernel_id_of_device(makedev(major, minor));
    else if (!source || source[0] != '/' || !snap_file_id(source, &id)
             || !id.block)
        return;
    use = snap_users_add(sc, uses, SNAP_USE_MOUNT, &id);
    use->writes = !options || strncmp(options, "ro", 2)
        || (options[2] && options[2] != ',');
    line[end + strcspn(line + end, " ")] = 0;
    use->name = snap_strdup(sc, line + end);
}

static int kernel_add_mounts(libxl_snapshot_ctx *sc,
                             struct snap_uses *uses)
{
    FILE *f = snap_open_lines("/proc/self/mountinfo");
    char *line = NULL;
    size_t size = 0;

    if (!f)
        return snap_fail(sc, ERROR_FAIL, "cannot read /proc/self/mountinfo: "
                         "%s; is /proc mounted?", strerror(errno));
    while (getline(&line, &size, f) >= 0)
        kernel_add_mount(sc, uses, line);
    free(line);
    fclose(f);
    return 0;
}

/* A kernel without swap has no such file. */
static void kernel_add_swap(libxl_snapshot_ctx *sc, struct snap_uses *uses)
{
    FILE *f = snap_open_lines("/proc/swaps");
    char *line = NULL;
    size_t size = 0;
    struct snap_file_id id;

    while (f && getline(&line, &size, f) >= 0) {
        line[strcspn(line, " \t")] = 0;
        if (line[0] == '/' && snap_file_id(line, &id))
            snap_users_add(sc, uses, SNAP_USE_SWAP, &id)->writes = true;
    }
    free(line);
    if (f) fclose(f);
}

/*-- blkback ----------------------------------------------------------------*/

/* Linux's names, "vbd-<domid>-<devid>" (6.1, xen-blkback/xenbus.c); the
 * device in hex, nothing before the hotplug script has found it. */
static void kernel_add_backends(libxl_snapshot_ctx *sc,
                                struct snap_uses *uses)
{
    DIR *d = opendir("/sys/bus/xen-backend/devices");
    unsigned int domid, devid, major, minor;
    struct snap_file_id id;
    struct snap_use *use;
    struct dirent *e;

    while (d && (e = readdir(d))) {
        const char *dir = snap_sprintf(sc, "/sys/bus/xen-backend/devices/%s",
                                       e->d_name);
        const char *device = kernel_sys_line(sc, dir, "physical_device");
        const char *mode = kernel_sys_line(sc, dir, "mode");

        if (sscanf(e->d_name, "vbd-%u-%u", &domid, &devid) != 2 || !device
            || sscanf(device, "%x:%x", &major, &minor) != 2)
            continue;
        id = kernel_id_of_device(makedev(major, minor));
        use = snap_users_add(sc, uses, SNAP_USE_BLKBACK, &id);
        use->writes = !mode || mode[0] != 'r';
        use->domid = domid;
        use->devid = devid;
    }
    if (d) closedir(d);
}

int snap_users_of_kernel(libxl_snapshot_ctx *sc, struct snap_uses *uses)
{
    int rc;

    rc = kernel_add_devices(sc, uses);
    if (rc) return rc;
    rc = kernel_add_mounts(sc, uses);
    if (rc) return rc;
    kernel_add_swap(sc, uses);
    kernel_add_backends(sc, uses);
    return 0;
}
