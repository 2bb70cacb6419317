/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_domain_devices.c: the devices in an xl.cfg that may hold state of
 * which no snapshot is taken, as far as they can be named by it: the
 * library refuses them.
 */
#include "xl_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xl_config.h"
#include "xl_utils.h"

/* The value of "KEY=VALUE" in @spec, a list with commas, malloc'd; NULL if
 * there is none. */
static char *devices_value(const char *spec, const char *key)
{
    size_t len = strlen(key);
    char *value;

    for (; *spec; spec += strcspn(spec, ","), spec += *spec == ',') {
        spec += strspn(spec, " \t");
        if (!strncmp(spec, key, len) && spec[len] == '=') {
            spec += len + 1;
            xasprintf(&value, "%.*s", (int)strcspn(spec, ","), spec);
            return value;
        }
    }
    return NULL;
}

static unsigned int devices_number(const char *spec, const char *key)
{
    char *value = devices_value(spec, key);
    unsigned int number = value ? strtoul(value, NULL, 10) : 0;

    free(value);
    return number;
}

/* The items of the list @key; xl takes no other value for one of these. */
static int devices_list(XLU_Config *cfg, const char *key,
                        XLU_ConfigList **list_r)
{
    int num;

    return xlu_cfg_get_list(cfg, key, list_r, &num, 1) ? 0 : num;
}

static const char *devices_item(XLU_ConfigList *list, int i)
{
    const char *item = xlu_cfg_get_listitem(list, i);

    return item ? item : "";
}

static int devices_parse_pci(struct config_parser *p,
                             libxl_domain_config *config)
{
    XLU_ConfigList *list;
    int num = devices_list(p->cfg, "pci", &list), i;

    config->pcidevs = xcalloc(num + 1, sizeof(*config->pcidevs));
    for (i = 0; i < num; i++) {
        libxl_device_pci *pci = &config->pcidevs[config->num_pcidevs++];

        libxl_device_pci_init(pci);
        if (libxl_snapshot_pci_parse(p->cfg, p->report, p->file,
                                     devices_item(list, i), pci))
            return -1;
    }
    return 0;
}

static void devices_parse_usbdev(XLU_Config *cfg,
                                 libxl_domain_config *config)
{
    XLU_ConfigList *list;
    int num = devices_list(cfg, "usbdev", &list), i;

    config->usbdevs = xcalloc(num + 1, sizeof(*config->usbdevs));
    for (i = 0; i < num; i++) {
        libxl_device_usbdev *usb = &config->usbdevs[config->num_usbdevs++];
        const char *spec = devices_item(list, i);

        libxl_device_usbdev_init(usb);
        libxl_device_usbdev_init_type(usb, LIBXL_USBDEV_TYPE_HOSTDEV);
        usb->u.hostdev.hostbus = devices_number(spec, "hostbus");
        usb->u.hostdev.hostaddr = devices_number(spec, "hostaddr");
    }
}

static void devices_parse_dtdev(XLU_Config *cfg,
                                libxl_domain_config *config)
{
    XLU_ConfigList *list;
    int num = devices_list(cfg, "dtdev", &list), i;

    config->dtdevs = xcalloc(num + 1, sizeof(*config->dtdevs));
    for (i = 0; i < num; i++) {
        libxl_device_dtdev *dt = &config->dtdevs[config->num_dtdevs++];

        libxl_device_dtdev_init(dt);
        dt->path = xstrdup(devices_item(list, i));
    }
}

static void devices_parse_vtpm(XLU_Config *cfg,
                               libxl_domain_config *config)
{
    XLU_ConfigList *list;
    int num = devices_list(cfg, "vtpm", &list), i;

    config->vtpms = xcalloc(num + 1, sizeof(*config->vtpms));
    for (i = 0; i < num; i++) {
        libxl_device_vtpm *vtpm = &config->vtpms[config->num_vtpms++];

        libxl_device_vtpm_init(vtpm);
        vtpm->backend_domname = devices_value(devices_item(list, i),
                                              "backend");
    }
}

static void devices_parse_p9(XLU_Config *cfg, libxl_domain_config *config)
{
    XLU_ConfigList *list;
    int num = devices_list(cfg, "p9", &list), i;

    config->p9s = xcalloc(num + 1, sizeof(*config->p9s));
    for (i = 0; i < num; i++) {
        libxl_device_p9 *p9 = &config->p9s[config->num_p9s++];

        libxl_device_p9_init(p9);
        p9->path = devices_value(devices_item(list, i), "path");
    }
}

/* Further arguments for QEMU, and, for an HVM domain, USB devices. */
static void devices_parse_qemu(XLU_Config *cfg, libxl_domain_build_info *b)
{
    xlu_cfg_get_list_as_string_list(cfg, "device_model_args",
                                    &b->extra, 1);
    xlu_cfg_get_list_as_string_list(cfg, "device_model_args_pv",
                                    &b->extra_pv, 1);
    xlu_cfg_get_list_as_string_list(cfg, "device_model_args_hvm",
                                    &b->extra_hvm, 1);
    if (b->type != LIBXL_DOMAIN_TYPE_HVM) return;
    if (xlu_cfg_get_list_as_string_list(cfg, "usbdevice",
                                        &b->u.hvm.usbdevice_list, 1))
        xlu_cfg_replace_string(cfg, "usbdevice", &b->u.hvm.usbdevice, 1);
}

int domain_config_parse_devices(struct config_parser *p,
                                libxl_domain_config *config)
{
    XLU_Config *cfg = p->cfg;

    if (devices_parse_pci(p, config)) return -1;
    devices_parse_usbdev(cfg, config);
    devices_parse_dtdev(cfg, config);
    devices_parse_vtpm(cfg, config);
    devices_parse_p9(cfg, config);
    devices_parse_qemu(cfg, &config->b_info);
    return 0;
}
