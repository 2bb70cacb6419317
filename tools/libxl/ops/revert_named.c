/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * ops/revert_named.c: what a config that comes with the snapshot, in its
 * memory image or as an xl.cfg to boot from, names of the host is compared
 * with what the domain has: with its stored config if it runs, else with its
 * own xl.cfg, as xl reads it.
 */
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>

/* A config that is trusted, since it does not come with the snapshot. */
struct reference {
    const char *what;           /* for messages; NULL: there is none */
    const char *why;            /* the reason for that, or NULL */
    struct snap_named_list named;
};

static int named_of_config(libxl_snapshot_ctx *sc,
                           const libxl_domain_config *config,
                           const libxl_domain_snapshot *snap,
                           struct snap_named_list *list_r)
{
    char *json = libxl_domain_config_to_json(
        sc->ctx, (libxl_domain_config *)config);
    int rc = json ? snap_named_gather(sc, json, snap, list_r)
                  : snap_fail(sc, ERROR_FAIL, "libxl cannot write a config "
                              "as JSON");

    free(json);
    return rc;
}

/* xl prints in the format of xl.conf (4.17, xl.c:parse_global_config). */
static int named_check_format(libxl_snapshot_ctx *sc, const char *path,
                              const char *out)
{
    if (out[strspn(out, " \n")] != '(') return 0;
    return snap_fail(sc, ERROR_INVAL, "%s: xl prints it as sxp, which is not "
                     "read; set output_format=\"json\", its default, in "
                     "xl.conf", path);
}

int snap_revert_read_xl_cfg(libxl_snapshot_ctx *sc,
                            const struct snap_revert *r, const char *path,
                            libxl_domain_config *config)
{
    const char **argv = snap_argv(sc, r->params->xl_path, "create", "-q",
                                  "-n", path, NULL), *name;
    struct snap_exec_output output;
    int rc = snap_exec(sc, path, argv, snap_wait_ms(sc, SNAP_WAIT_PROGRAM),
                       &output);

    if (!rc) rc = named_check_format(sc, path, output.out);
    if (!rc) rc = snap_domain_config_from_json(sc, path, output.out, config);
    if (rc) return rc;
    name = config->c_info.name;
    return !strcmp(name, r->config.c_info.name) ? 0
        : snap_fail(sc, ERROR_INVAL, "%s: this is the config of domain %s, "
                    "not of %s", path, name, r->config.c_info.name);
}

static int named_of_xl_cfg(libxl_snapshot_ctx *sc,
                           const struct snap_revert *r, const char *path,
                           const libxl_domain_snapshot *snap,
                           struct snap_named_list *list_r)
{
    libxl_domain_config config;
    int rc;

    libxl_domain_config_init(&config);
    rc = snap_revert_read_xl_cfg(sc, r, path, &config);
    if (!rc) rc = named_of_config(sc, &config, snap, list_r);
    libxl_domain_config_dispose(&config);
    return rc;
}

/* What comes with the snapshot: the config in the memory image, or an xl.cfg
 * to boot from. */
static int named_gather(libxl_snapshot_ctx *sc, const struct snap_revert *r,
                        struct snap_named_list *list_r)
{
    if (r->snap->memory_path)
        return named_of_config(sc, &r->config, r->snap, list_r);
    return named_of_xl_cfg(sc, r, r->params->domain_config_path, r->snap,
                           list_r);
}

/* A domain whose config cannot be had, or an xl.cfg that cannot be read, is
 * no reason to refuse a snapshot that names nothing of the host. */
static void named_gather_reference(libxl_snapshot_ctx *sc,
                                   struct snap_revert *r,
                                   struct reference *ref)
{
    bool runs = r->dom.domid != SNAP_NO_DOMAIN;
    const char *path = r->params->own_config_path;

    if (runs && (r->dom.config.c_info.name
                 || snap_domain_gather_config(sc, &r->dom))
        && !named_of_config(sc, &r->dom.config, NULL, &ref->named))
        ref->what = "the domain that runs";
    else if (!runs && path
             && !named_of_xl_cfg(sc, r, path, NULL, &ref->named))
        ref->what = path;
    else if (!runs && path)
        ref->why = snap_take_error(sc);
}

#define NAMED_TOLD 8

/* The first of the @texts, and how many more there are. */
static const char *named_join(libxl_snapshot_ctx *sc, const char **texts,
                              int num)
{
    const char *all = texts[0];
    int i;

    for (i = 1; i < num && i < NAMED_TOLD; i++)
        all = snap_sprintf(sc, "%s; %s", all, texts[i]);
    return num <= NAMED_TOLD ? all
        : snap_sprintf(sc, "%s; and %d more, see xl snapshot-verify", all,
                       num - NAMED_TOLD);
}

static int named_refuse(libxl_snapshot_ctx *sc, const struct snap_revert *r,
                        const struct reference *ref, const char *other)
{
    const char *path = r->snap->memory_path;
    const char *where = path
        ? snap_sprintf(sc, "memory image %s: in its config %s", path, other)
        : snap_sprintf(sc, "%s: in it %s", r->params->domain_config_path,
                       other);

    if (ref->what)
        return snap_fail(sc, ERROR_INVAL, "%s, other than that of %s; xl and "
                         "QEMU would act on this as root. If all of it is "
                         "right, since the domain was changed after the "
                         "snapshot, use --accept-config", where, ref->what);
    return snap_fail(sc, ERROR_INVAL, "%s, and there is no other config of "
                     "domain %s to compare that with%s%s%s; xl and QEMU would "
                     "act on it as root. Name the domain's xl.cfg with "
                     "--domain-config, or if all of it is right, use "
                     "--accept-config", where, r->config.c_info.name,
                     ref->why ? " (" : "", ref->why ? ref->why : "",
                     ref->why ? ")" : "");
}

/* A verification has an item for each, the last of which its caller adds. */
static int named_refuse_all(libxl_snapshot_ctx *sc, struct snap_revert *r,
                            const struct reference *ref, const char **texts,
                            int num)
{
    int i;

    if (!r->report)
        return named_refuse(sc, r, ref, named_join(sc, texts, num));
    for (i = 0; i < num - 1; i++) {
        named_refuse(sc, r, ref, texts[i]);
        snap_verification_add(r->report, "programs", NULL,
                              snap_take_error(sc));
    }
    return named_refuse(sc, r, ref, texts[i]);
}

int snap_revert_check_named(libxl_snapshot_ctx *sc, struct snap_revert *r)
{
    const char *own = r->params->own_config_path;
    struct reference ref = { NULL };
    struct snap_named_list named;
    const char **texts;
    int rc, num;

    /* it boots from its own config */
    if (!r->snap->memory_path && own
        && !strcmp(own, r->params->domain_config_path))
        return 0;
    rc = named_gather(sc, r, &named);
    if (rc) return rc;
    named_gather_reference(sc, r, &ref);
    num = snap_named_others(sc, &named, ref.what ? &ref.named : NULL,
                            &texts);
    if (num && !r->params->accept_config)
        return named_refuse_all(sc, r, &ref, texts, num);
    r->accepted = texts;
    r->num_accepted = num;
    return 0;
}
