/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_domain_config.c: the domain that is meant, and what a snapshot needs
 * of its xl.cfg: name, uuid, type, disks, and what a boot needs of the
 * host.  xl itself reads the rest when it boots the domain.
 */
#include "xl_snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

#include "xl_config.h"
#include "xl_session.h"
#include "xl_utils.h"

#define DOMID_DIGITS    9       /* more fit no domid */

/*-- its xl.cfg ---------------------------------------------------------*/

static int domain_config_parse_disks(struct config_parser *parser,
                                     libxl_domain_config *config)
{
    XLU_ConfigList *list;
    int num, i;

    if (config_disks(parser, &list, &num)) return -1;
    config->disks = xcalloc(num + 1, sizeof(*config->disks));
    for (i = 0; i < num; i++)
        if (config_disk(parser, list, i,
                        &config->disks[config->num_disks++]))
            return -1;
    return 0;
}

/* The type is, as xl has it, `type', else the old `builder', else pv. */
static int domain_config_parse_type(XLU_Config *cfg,
                                    libxl_domain_type *type)
{
    const char *s;

    *type = LIBXL_DOMAIN_TYPE_PV;
    if (!xlu_cfg_get_string(cfg, "type", &s, 1))
        return libxl_domain_type_from_string(s, type);
    if (!xlu_cfg_get_string(cfg, "builder", &s, 1) && !strcmp(s, "hvm"))
        *type = LIBXL_DOMAIN_TYPE_HVM;
    return 0;
}

/* The files that a boot opens, and the memory that it takes. */
static void domain_config_parse_boot(XLU_Config *cfg,
                                     libxl_domain_config *config)
{
    libxl_domain_build_info *b = &config->b_info;
    struct { const char *name; char **value; } strings[] = {
        { "kernel", &b->kernel },
        { "ramdisk", &b->ramdisk },
        { "bootloader", &b->bootloader },
        { "device_tree", &b->device_tree },
        { "device_model_override", &b->device_model },
        { "firmware_override", &b->u.hvm.firmware },
        { "bios_path_override", &b->u.hvm.system_firmware },
        { "smbios_firmware", &b->u.hvm.smbios_firmware },
        { "acpi_firmware", &b->u.hvm.acpi_firmware },
    };
    size_t num = sizeof(strings) / sizeof(strings[0]), i;
    const char *base;
    long mib;

    libxl_domain_build_info_init_type(b, config->c_info.type);
    if (b->type != LIBXL_DOMAIN_TYPE_HVM) num -= 4;
    for (i = 0; i < num; i++)
        xlu_cfg_replace_string(cfg, strings[i].name, strings[i].value, 1);
    /* xl ignores the old way to name a firmware (4.17, xl_parse.c) */
    base = b->kernel ? strrchr(b->kernel, '/') : NULL;
    if (b->type == LIBXL_DOMAIN_TYPE_HVM && b->kernel
        && !strcmp(base ? base + 1 : b->kernel, "hvmloader")) {
        free(b->kernel);
        b->kernel = NULL;
    }
    if (!xlu_cfg_get_long(cfg, "memory", &mib, 1) && mib > 0)
        b->target_memkb = (uint64_t)mib << 10;
    if (!xlu_cfg_get_long(cfg, "maxmem", &mib, 1) && mib > 0)
        b->max_memkb = (uint64_t)mib << 10;
}

static int domain_config_parse(struct config_parser *parser,
                               libxl_domain_config *config)
{
    XLU_Config *cfg = parser->cfg;
    libxl_domain_create_info *c_info = &config->c_info;
    const char *uuid;

    if (xlu_cfg_replace_string(cfg, "name", &c_info->name, 0)) return -1;
    /* most xl.cfg have no uuid; libxl's init has made one up */
    libxl_uuid_clear(&c_info->uuid);
    if (!xlu_cfg_get_string(cfg, "uuid", &uuid, 1)
        && libxl_uuid_from_string(&c_info->uuid, uuid))
        return -1;
    if (domain_config_parse_type(cfg, &c_info->type)) return -1;
    domain_config_parse_boot(cfg, config);
    if (domain_config_parse_devices(parser, config)) return -1;
    return domain_config_parse_disks(parser, config);
}

/* Read the text of the file @path; *@text_r is malloc'd whatever the
 * result. */
static int domain_config_read_text(const char *path, char **text_r,
                                   char **error_r)
{
    size_t len;
    int r = config_file_read(path, text_r, &len);

    if (!r && (len > CONFIG_FILE_MAX || strlen(*text_r) != len)) {
        errno = EFBIG;
        r = -1;
    }
    if (r) xasprintf(error_r, "%s: %s", path, libxl_snapshot_open_why());
    return r;
}

int domain_config_read(const char *path, libxl_domain_config *config,
                       char **text_r, char **error_r)
{
    struct config_parser parser = { .cfg = NULL };
    const char *complaint;
    char *text;
    int r;

    r = domain_config_read_text(path, &text, error_r);
    if (r) goto out;
    r = config_parse(&parser, path, text);
    if (!r) r = domain_config_parse(&parser, config);
    if (!r) goto out;
    complaint = config_complaint(&parser);
    if (complaint)
        *error_r = xstrdup(complaint);
    else
        xasprintf(error_r, "%s: not the config of a domain", path);
 out:
    config_parser_dispose(&parser);
    if (!r && text_r)
        *text_r = text;
    else
        free(text);
    return r;
}

/*-- the domain ---------------------------------------------------------*/

/* libxl takes a number for a domid, whether there is such a domain or not
 * (4.17, libxl_utils.c); of a domain that is called 101 it is the name. */
int domain_id_of(const struct session *s, const char *domain,
                 uint32_t *domid_r)
{
    bool is_number = strspn(domain, "0123456789") == strlen(domain);

    if (is_number && strlen(domain) <= DOMID_DIGITS
        && !libxl_domain_qualifier_to_domid(s->ctx, domain, domid_r)
        && !libxl_domain_info(s->ctx, NULL, *domid_r))
        return 0;
    return libxl_name_to_domid(s->ctx, domain, domid_r);
}

char *domain_config_find(const struct session *s, const char *domain,
                         const char *named)
{
    char *path;

    if (named) return absolute_path(named);
    if (libxl_snapshot_domain_name_problem(domain)) return NULL;
    path = default_domain_config(domain);
    if (libxl_snapshot_path_is_taken(s->sc, path)) return path;
    free(path);
    return NULL;
}

void domain_target_init(struct domain_target *t)
{
    memset(t, 0, sizeof(*t));
    t->domid = INVALID_DOMID;
    libxl_domain_config_init(&t->config);
}

void domain_target_dispose(struct domain_target *t)
{
    libxl_domain_config_dispose(&t->config);
    free(t->name);
    free(t->config_text);
    memset(t, 0, sizeof(*t));
}

bool domain_target_runs(const struct domain_target *t)
{
    return t->domid != (uint32_t)INVALID_DOMID;
}

int domain_target_find(const struct session *s, const char *domain,
                       const char *config_path, struct domain_target *t)
{
    const char *name, *why;
    char *error;

    if (config_path && domain_config_read(config_path, &t->config,
                                          &t->config_text, &error)) {
        session_error(s, "%s", error);
        free(error);
        return -1;
    }
    if (domain_id_of(s, domain, &t->domid))
        t->domid = INVALID_DOMID;
    else
        t->name = libxl_domid_to_name(s->ctx, t->domid);
    if (!t->name) t->name = xstrdup(domain);
    why = libxl_snapshot_domain_name_problem(domain);
    if (!why) why = libxl_snapshot_domain_name_problem(t->name);
    if (why) {
        session_error(s, "domain '%s': %s", domain, why);
        return -1;
    }
    name = t->config.c_info.name;
    if (!config_path || !strcmp(name, t->name)) return 0;
    session_error(s, "%s: the config is of domain %s, not of %s",
                  config_path, name, t->name);
    return -1;
}
