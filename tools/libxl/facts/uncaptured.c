/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/uncaptured.c: the devices of a domain that hold state of which
 * nobody takes a snapshot: hardware that is passed through, folders of the
 * host, TPMs, and disks that QEMU alone knows.  After a revert it would not
 * fit the guest's memory and its disks.  Each is named as in an xl.cfg.
 */
#include "facts/domain.h"

#include <string.h>

static void uncaptured_add(libxl_snapshot_ctx *sc, struct snap_uncaptured *u,
                           const char *name)
{
    int i;

    for (i = 0; i < u->num; i++)
        if (!strcmp(u->names[i], name)) return;
    u->names = snap_grow(sc, u->names, u->num * sizeof(*u->names),
                         (u->num + 1) * sizeof(*u->names));
    u->names[u->num++] = name;
}

/*-- devices ----------------------------------------------------------------*/

static const char *uncaptured_pci(libxl_snapshot_ctx *sc,
                                  const libxl_device_pci *pci)
{
    if (pci->name) return snap_sprintf(sc, "pci name=%s", pci->name);
    return snap_sprintf(sc, "pci %04x:%02x:%02x.%x", pci->domain, pci->bus,
                        pci->dev, pci->func);
}

/* A TPM's state is in the domain that serves it. */
static const char *uncaptured_vtpm(libxl_snapshot_ctx *sc,
                                   const libxl_device_vtpm *vtpm)
{
    if (vtpm->backend_domname)
        return snap_sprintf(sc, "vtpm %s", vtpm->backend_domname);
    return snap_sprintf(sc, "vtpm %u", vtpm->backend_domid);
}

static void uncaptured_add_devices(libxl_snapshot_ctx *sc,
                                   struct snap_uncaptured *u,
                                   const libxl_domain_config *c)
{
    int i;

    for (i = 0; i < c->num_pcidevs; i++)
        uncaptured_add(sc, u, uncaptured_pci(sc, &c->pcidevs[i]));
    for (i = 0; i < c->num_usbdevs; i++)
        uncaptured_add(sc, u, snap_sprintf(
            sc, "usbdev %u.%u", c->usbdevs[i].u.hostdev.hostbus,
            c->usbdevs[i].u.hostdev.hostaddr));
    for (i = 0; i < c->num_dtdevs; i++)
        uncaptured_add(sc, u, snap_sprintf(sc, "dtdev %s",
                                           c->dtdevs[i].path));
    for (i = 0; i < c->num_vtpms; i++)
        uncaptured_add(sc, u, uncaptured_vtpm(sc, &c->vtpms[i]));
    for (i = 0; i < c->num_p9s; i++)
        uncaptured_add(sc, u, snap_sprintf(sc, "p9 %s", c->p9s[i].path));
}

/*-- arguments for QEMU -----------------------------------------------------*/

static bool uncaptured_begins(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

/* Options that give QEMU something with a state, if their argument begins
 * with @prefix. */
static const struct { const char *option, *prefix; } uncaptured_options[] = {
    { "-drive", "" }, { "-blockdev", "" }, { "-hda", "" }, { "-hdb", "" },
    { "-hdc", "" }, { "-hdd", "" }, { "-fda", "" }, { "-fdb", "" },
    { "-sd", "" }, { "-mtdblock", "" }, { "-pflash", "" },
    { "-virtfs", "" }, { "-fsdev", "" }, { "-tpmdev", "" },
    { "-usbdevice", "disk:" }, { "-usbdevice", "host:" },
    { "-device", "vfio-" }, { "-device", "usb-host" },
    { "-device", "usb-mtp" }, { "-device", "nvdimm" },
};

static bool uncaptured_is_read_only(const char *argument)
{
    static const char *const words[] = {
        "media=cdrom", "readonly=on", "read-only=on", "\"read-only\":true",
        "\"read-only\": true",
    };
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strstr(argument, words[i])) return true;
    return false;
}

static bool uncaptured_is_option(const char *option, const char *argument)
{
    size_t num = sizeof(uncaptured_options) / sizeof(uncaptured_options[0]);
    size_t i;

    for (i = 0; i < num; i++)
        if (!strcmp(option, uncaptured_options[i].option)
            && uncaptured_begins(argument, uncaptured_options[i].prefix))
            return !uncaptured_is_read_only(argument);
    return false;
}

/* @args: the value of the setting @key, or NULL. */
static void uncaptured_add_args(libxl_snapshot_ctx *sc,
                                struct snap_uncaptured *u, const char *key,
                                const libxl_string_list args)
{
    const char *option;
    int i;

    for (i = 0; args && args[i] && args[i + 1]; i++) {
        option = uncaptured_begins(args[i], "--") ? args[i] + 1 : args[i];
        if (uncaptured_is_option(option, args[i + 1]))
            uncaptured_add(sc, u, snap_sprintf(sc, "%s %s %s", key, option,
                                               args[i + 1]));
    }
}

static void uncaptured_add_usbdevice(libxl_snapshot_ctx *sc,
                                     struct snap_uncaptured *u,
                                     const char *device)
{
    if (uncaptured_is_option("-usbdevice", device))
        uncaptured_add(sc, u, snap_sprintf(sc, "usbdevice %s", device));
}

static void uncaptured_add_qemu(libxl_snapshot_ctx *sc,
                                struct snap_uncaptured *u,
                                const libxl_domain_build_info *b)
{
    int i;

    uncaptured_add_args(sc, u, "device_model_args", b->extra);
    uncaptured_add_args(sc, u, "device_model_args_pv", b->extra_pv);
    uncaptured_add_args(sc, u, "device_model_args_hvm", b->extra_hvm);
    if (b->type != LIBXL_DOMAIN_TYPE_HVM) return;
    if (b->u.hvm.usbdevice)
        uncaptured_add_usbdevice(sc, u, b->u.hvm.usbdevice);
    for (i = 0; b->u.hvm.usbdevice_list && b->u.hvm.usbdevice_list[i]; i++)
        uncaptured_add_usbdevice(sc, u, b->u.hvm.usbdevice_list[i]);
}

/*-- what a domain has ------------------------------------------------------*/

void snap_uncaptured_of_config(libxl_snapshot_ctx *sc,
                               const libxl_domain_config *config,
                               struct snap_uncaptured *u)
{
    uncaptured_add_devices(sc, u, config);
    uncaptured_add_qemu(sc, u, &config->b_info);
}

/* An image that an argument for QEMU names stands in the list already. */
void snap_uncaptured_of_qemu(libxl_snapshot_ctx *sc,
                             const struct snap_domain *dom,
                             struct snap_uncaptured *u)
{
    int i, j, num = u->num;

    for (i = 0; i < dom->num_others; i++) {
        for (j = 0; j < num && !strstr(u->names[j], dom->others[i]); j++);
        if (j == num)
            uncaptured_add(sc, u, snap_sprintf(sc, "QEMU's disk %s",
                                               dom->others[i]));
    }
}
