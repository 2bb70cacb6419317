/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_domain_config.c: what a snapshot needs of a domain's xl.cfg: name, uuid,
 * type and disks.  libxlutil parses; xl itself reads the rest when it boots
 * the domain.
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

static int parse_disks(XLU_Config *cfg, libxl_domain_config *config)
{
    XLU_ConfigList *list;
    const char *spec;
    int num, i;

    if (xlu_cfg_get_list(cfg, "disk", &list, &num, 1)) return 0;
    config->disks = xcalloc(num, sizeof(*config->disks));
    for (i = 0; i < num; i++) {
        libxl_device_disk *disk = &config->disks[config->num_disks++];

        libxl_device_disk_init(disk);
        spec = xlu_cfg_get_listitem(list, i);
        if (!spec || xlu_disk_parse(cfg, 1, &spec, disk)) return -1;
    }
    return 0;
}

/* As xl: `type', else the old `builder', else pv. */
static int parse_type(XLU_Config *cfg, libxl_domain_type *type)
{
    const char *s;

    *type = LIBXL_DOMAIN_TYPE_PV;
    if (!xlu_cfg_get_string(cfg, "type", &s, 1))
        return libxl_domain_type_from_string(s, type);
    if (!xlu_cfg_get_string(cfg, "builder", &s, 1) && !strcmp(s, "hvm"))
        *type = LIBXL_DOMAIN_TYPE_HVM;
    return 0;
}

static int parse(XLU_Config *cfg, libxl_domain_config *config)
{
    const char *uuid;

    if (xlu_cfg_replace_string(cfg, "name", &config->c_info.name, 0))
        return -1;
    if (!xlu_cfg_get_string(cfg, "uuid", &uuid, 1)
        && libxl_uuid_from_string(&config->c_info.uuid, uuid))
        return -1;
    if (parse_type(cfg, &config->c_info.type)) return -1;
    return parse_disks(cfg, config);
}

int domain_config_read(const struct session *s, const char *path,
                       libxl_domain_config *config, char **text_r)
{
    struct config_parser parser = { .cfg = NULL };
    const char *complaint;
    char *text;
    size_t len;
    int r = config_file_read(path, &text, &len);

    if (!r && (len > CONFIG_FILE_MAX || strlen(text) != len)) {
        errno = EFBIG;
        r = -1;
    }
    if (r) {
        session_error(s, "%s: %s", path, strerror(errno));
        goto out;
    }
    /* no uuid is the rule in an xl.cfg; libxl's init makes one up */
    libxl_uuid_clear(&config->c_info.uuid);
    r = config_parse(&parser, path, text, len);
    if (!r) r = parse(parser.cfg, config);
    if (!r) goto out;
    complaint = config_complaint(&parser);
    if (complaint) session_error(s, "%s", complaint);
    else session_error(s, "%s: not the config of a domain", path);
 out:
    config_parser_dispose(&parser);
    if (r || !text_r) free(text);
    else *text_r = text;
    return r;
}

int domain_config_is_of(const struct session *s, const char *path,
                        const libxl_domain_config *config, const char *domain)
{
    if (!strcmp(config->c_info.name, domain)) return 0;
    session_error(s, "%s: it is of domain %s, not of %s", path,
                  config->c_info.name, domain);
    return -1;
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
    if (config_path && domain_config_read(s, config_path, &t->config,
                                          &t->config_text))
        return -1;
    if (libxl_domain_qualifier_to_domid(s->ctx, domain, &t->domid))
        t->domid = INVALID_DOMID;
    else
        t->name = libxl_domid_to_name(s->ctx, t->domid);
    if (!t->name) t->name = xstrdup(domain);
    if (!config_path) return 0;
    return domain_config_is_of(s, config_path, &t->config, t->name);
}
