/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * config/disk_spec.c: a disk in xl-disk-configuration(5) syntax, written
 * for an xl.cfg.  The specification has all that the syntax can
 * say, apart from libxl's defaults, so two disks with one specification
 * are the same to xl.
 */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *libxl_snapshot_disk_target(const char *path)
{
    size_t len = strlen(path);
    char *text;

    if (asprintf(&text, "target=%s%s", path,
                 len && path[len - 1] == ',' ? "," : "") < 0)
        abort();
    return text;
}

static void spec_write_value(FILE *f, const char *key, const char *value)
{
    if (value && *value) fprintf(f, ",%s=%s", key, value);
}

static void spec_write_flag(FILE *f, libxl_defbool flag, const char *yes,
                            const char *no)
{
    if (!libxl_defbool_is_default(flag))
        fprintf(f, ",%s", libxl_defbool_val(flag) ? yes : no);
}

static void spec_write_backend(FILE *f, const libxl_device_disk *disk)
{
    if (disk->backend_domname)
        spec_write_value(f, "backend", disk->backend_domname);
    else if (disk->backend_domid)
        fprintf(f, ",backend=%u", disk->backend_domid);
    if (disk->backend != LIBXL_DISK_BACKEND_UNKNOWN)
        spec_write_value(f, "backendtype",
                         libxl_disk_backend_to_string(disk->backend));
}

static void spec_write_options(FILE *f, const libxl_device_disk *disk)
{
    if (disk->is_cdrom) fputs(",cdrom", f);
    spec_write_backend(f, disk);
    if (disk->specification != LIBXL_DISK_SPECIFICATION_UNKNOWN)
        spec_write_value(
            f, "specification",
            libxl_disk_specification_to_string(disk->specification));
    spec_write_value(f, "script", disk->script);
    if (disk->direct_io_safe) fputs(",direct-io-safe", f);
    spec_write_flag(f, disk->discard_enable, "discard", "no-discard");
#ifdef LIBXL_HAVE_DISK_TRUSTED
    /* libxl fills in the default, but libxlutil 4.17 does not know the
     * key */
    if (!libxl_defbool_is_default(disk->trusted)
        && !libxl_defbool_val(disk->trusted))
        fputs(",untrusted", f);
#endif
    spec_write_flag(f, disk->colo_enable, "colo", "no-colo");
    spec_write_value(f, "colo-host", disk->colo_host);
    if (disk->colo_port) fprintf(f, ",colo-port=%d", disk->colo_port);
    spec_write_value(f, "colo-export", disk->colo_export);
    spec_write_value(f, "active-disk", disk->active_disk);
    spec_write_value(f, "hidden-disk", disk->hidden_disk);
}

char *libxl_snapshot_disk_spec(const libxl_device_disk *disk)
{
    const char *path = disk->pdev_path ? disk->pdev_path : "";
    const char *format = libxl_disk_format_to_string(disk->format);
    const char *access = disk->readwrite ? "w" : "r";
    bool positional = path[0] == '/' && !strpbrk(path, ",=");
    char *text = NULL, *target;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f) abort();
    if (positional)
        fprintf(f, "%s,%s,%s,%s", path, format, disk->vdev, access);
    else
        fprintf(f, "format=%s,vdev=%s,access=%s", format, disk->vdev, access);
    spec_write_options(f, disk);
    if (!positional) {
        target = libxl_snapshot_disk_target(path);
        fprintf(f, ",%s", target);
        free(target);
    }
    fclose(f);
    if (!text) abort();
    return text;
}

/* Control characters are not escaped: libxlutil 4.17 loses the character
 * of an octal escape and refuses \x, but takes control characters as they
 * are, apart from the newline. */
char *libxl_snapshot_config_escape(const char *s, char quote)
{
    char *text = malloc(2 * strlen(s) + 1), *p = text;

    if (!text) abort();
    for (; *s; s++) {
        if (*s == quote || *s == '\\' || *s == '\n') *p++ = '\\';
        *p++ = *s == '\n' ? 'n' : *s;
    }
    *p = '\0';
    return text;
}
