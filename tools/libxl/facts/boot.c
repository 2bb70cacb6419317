/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/boot.c: what xl needs to bring a domain back: the files that it
 * and QEMU will open, but for the disks of the snapshot, which their
 * drivers look at; and the memory.  xl resolves a relative path from the
 * folder in which it is started.
 */
#include "facts/domain.h"

#include <string.h>

/* A file that is named by @path; some names lead to no file of this host,
 * or are looked for by libxl in folders of its own. */
static void boot_add(libxl_snapshot_ctx *sc, struct snap_boot *boot,
                     const char *what, const char *path)
{
    if (!path || !*path) return;
    boot->files = snap_grow(sc, boot->files,
                            boot->num * sizeof(*boot->files),
                            (boot->num + 1) * sizeof(*boot->files));
    boot->files[boot->num++] = (struct snap_boot_file){
        .what = what, .path = path,
        .exists = path[0] == '/' && snap_file_exists(path),
    };
}

/* libxl looks for one without a slash in its own folders and in PATH. */
static void boot_add_program(libxl_snapshot_ctx *sc, struct snap_boot *boot,
                             const char *what, const char *path)
{
    if (path && strchr(path, '/')) boot_add(sc, boot, what, path);
}

/* A restore builds no kernel; but the QEMU of an HVM domain is started as
 * for a boot (4.17, libxl__build_device_model_args_new). */
static void boot_gather_build(libxl_snapshot_ctx *sc,
                              const libxl_domain_config *config,
                              bool restores, struct snap_boot *boot)
{
    const libxl_domain_build_info *b = &config->b_info;
    bool is_hvm = b->type == LIBXL_DOMAIN_TYPE_HVM;

    boot_add_program(sc, boot, "device_model_override", b->device_model);
    if (is_hvm || !restores) {
        boot_add(sc, boot, "kernel", b->kernel);
        boot_add(sc, boot, "ramdisk", b->ramdisk);
    }
    if (restores) return;
    boot_add_program(sc, boot, "bootloader", b->bootloader);
    boot_add(sc, boot, "device_tree", b->device_tree);
    if (!is_hvm) return;
    boot_add_program(sc, boot, "firmware_override", b->u.hvm.firmware);
    boot_add(sc, boot, "bios_path_override", b->u.hvm.system_firmware);
    boot_add(sc, boot, "smbios_firmware", b->u.hvm.smbios_firmware);
    boot_add(sc, boot, "acpi_firmware", b->u.hvm.acpi_firmware);
}

/* A disk of a driver domain or a script of its own is not a file here, and
 * QEMU takes "nbd:..." and the like. */
static bool boot_is_local(const libxl_device_disk *disk)
{
    const char *path = disk->pdev_path, *colon, *slash;

    if (disk->script || (disk->backend_domname && *disk->backend_domname)
        || disk->backend_domid || !path)
        return false;
    colon = strchr(path, ':');
    slash = strchr(path, '/');
    return !colon || (slash && slash < colon);
}

void snap_boot_gather(libxl_snapshot_ctx *sc,
                      const libxl_domain_config *config,
                      const libxl_domain_snapshot *snap,
                      struct snap_boot *boot)
{
    int i;

    memset(boot, 0, sizeof(*boot));
    boot_gather_build(sc, config, snap->memory_path != NULL, boot);
    for (i = 0; i < config->num_disks; i++) {
        const libxl_device_disk *disk = &config->disks[i];

        if (!disk->vdev || !boot_is_local(disk)
            || snap_disk_snapshot(snap, disk->vdev))
            continue;
        boot_add(sc, boot, snap_sprintf(sc, "disk %s", disk->vdev),
                 disk->pdev_path);
    }
}
