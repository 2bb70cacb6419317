/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/domain_config.c: a domain's config in JSON, as libxl reads it: that
 * in a memory image, which is anybody's, and the stored one.
 *
 * libxl's reader (4.17 to 4.20) trusts what it reads.  It takes minutes for
 * JSON that nests deep or has many values (libxl__ptr_add() looks for a
 * free place from the first one on each time), aborts at two variants of
 * one union (libxl_domain_build_info_init_type()), ends the process where
 * the last number of a bitmap is none (libxl__bitmap_parse_json()), and
 * writes 32 characters of a cpuid policy, whatever it has
 * (libxl_cpuid_policy_list_gen_json()).
 * So the text is looked at first.  What is read then may lack anything:
 * all others may rely on what snap_domain_config_check() has seen.
 */
#include "seams/domain.h"

#include <string.h>

#define JSON_MAX        (1 << 20)
#define JSON_VALUES_MAX 16384       /* a domain with 256 disks: some 5,000 */
#define JSON_DEPTH_MAX  16
#define JSON_KEYS_MAX   256         /* of an object */
#define JSON_BIT_MAX    0xffff      /* the number of a vcpu, a node, an irq */
#define JSON_POLICY_LEN 32          /* of a register: a character a bit */

/*-- the text ---------------------------------------------------------------*/

static const char *json_problem(yajl_val v, int depth);

/* The length of what two keys of one object must differ in: "type" of
 * "type.hvm", a variant of a union. */
static size_t json_key_len(const char *key)
{
    return strcspn(key, ".");
}

/* libxl takes an entry without a leaf for the end of their list. */
static bool json_has_leaf(yajl_val entry)
{
    yajl_val leaf = snap_json_get(entry, "leaf");

    return YAJL_IS_INTEGER(leaf) && YAJL_GET_INTEGER(leaf) >= 0
        && YAJL_GET_INTEGER(leaf) < UINT32_MAX;
}

static bool json_is_policy(yajl_val entry, const char *key, yajl_val v)
{
    static const char *const registers[] = { "eax", "ebx", "ecx", "edx" };
    const char *policy = YAJL_GET_STRING(v);
    size_t i;

    for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
        if (!strcmp(key, registers[i]))
            return policy && strlen(policy) == JSON_POLICY_LEN
                && json_has_leaf(entry);
    return true;
}

static const char *json_object_problem(yajl_val v, int depth)
{
    const char *const *keys = v->u.object.keys, *why;
    size_t num = v->u.object.len, i, k, len;

    if (num > JSON_KEYS_MAX) return "an object in it has too many members";
    for (i = 0; i < num; i++) {
        len = json_key_len(keys[i]);
        for (k = 0; k < i; k++)
            if (json_key_len(keys[k]) == len
                && !strncmp(keys[k], keys[i], len))
                return "an object in it has a member twice";
        if (!json_is_policy(v, keys[i], v->u.object.values[i]))
            return "a cpuid register in it has not 32 bits, or no leaf";
        why = json_problem(v->u.object.values[i], depth + 1);
        if (why) return why;
    }
    return NULL;
}

static bool json_is_bit(yajl_val v)
{
    return YAJL_IS_INTEGER(v) && YAJL_GET_INTEGER(v) >= 0
        && YAJL_GET_INTEGER(v) <= JSON_BIT_MAX;
}

static const char *json_array_problem(yajl_val v, int depth)
{
    const char *why;
    size_t i;

    for (i = 0; i < v->u.array.len; i++) {
        yajl_val item = v->u.array.values[i];

        if (YAJL_IS_NUMBER(item) && !json_is_bit(item))
            return "a list in it has a number that is out of range";
        why = json_problem(item, depth + 1);
        if (why) return why;
    }
    return NULL;
}

static const char *json_problem(yajl_val v, int depth)
{
    if (depth > JSON_DEPTH_MAX) return "it nests too deep";
    if (YAJL_IS_OBJECT(v)) return json_object_problem(v, depth);
    return YAJL_IS_ARRAY(v) ? json_array_problem(v, depth) : NULL;
}

const char *snap_domain_config_json_problem(const char *json)
{
    const char *why;
    yajl_val v;

    if (strlen(json) > JSON_MAX) return "it is too long";
    if (snap_json_count(json) > JSON_VALUES_MAX)
        return "it nests too deep, or has too many values";
    v = snap_json_parse(json);
    if (!v) return "it is not JSON";
    why = YAJL_IS_OBJECT(v) ? json_problem(v, 1) : "it is no object";
    yajl_tree_free(v);
    return why;
}

int snap_domain_config_from_json(libxl_snapshot_ctx *sc, const char *what,
                                 const char *json,
                                 libxl_domain_config *config)
{
    const char *why = snap_domain_config_json_problem(json);

    if (!why && libxl_domain_config_from_json(sc->ctx, config, json))
        why = "libxl does not take it";
    if (!why && config->c_info.type != config->b_info.type)
        why = "it is of two types of domain";
    if (!why) return snap_domain_config_check(sc, what, config);
    return snap_fail(sc, ERROR_INVAL, "%s: libxl cannot read the config in "
                     "it: %s", what, why);
}

int snap_domain_config_retrieve(libxl_snapshot_ctx *sc, uint32_t domid,
                                libxl_domain_config *config)
{
    int rc = libxl_retrieve_domain_configuration(sc->ctx, domid, config,
                                                 NULL);

    if (!rc)
        return snap_domain_config_check(
            sc, snap_sprintf(sc, "domain %u", domid), config);
    return snap_fail(sc, rc, "domain %u: libxl cannot read its stored "
                     "config: %s", domid, libxl_error_to_string(rc));
}

/*-- what is read -----------------------------------------------------------*/

static int config_check_disk(libxl_snapshot_ctx *sc, const char *what,
                             const libxl_domain_config *config,
                             const libxl_device_disk *disk)
{
    const char *path = disk->pdev_path;

    if (!disk->vdev || !*disk->vdev)
        return snap_fail(sc, ERROR_INVAL, "%s: the domain's config has a "
                         "disk (%s) that has no virtual device", what,
                         path ? path : "no image");
    if (!snap_vdev_is_valid(disk->vdev))
        return snap_fail(sc, ERROR_INVAL, "%s: the domain's config has a "
                         "disk '%.256s', which is no virtual device", what,
                         disk->vdev);
    if (snap_config_disk(config, disk->vdev) != disk)
        return snap_fail(sc, ERROR_INVAL, "%s: the domain's config lists "
                         "disk %s twice", what, disk->vdev);
    if (!path && !disk->is_cdrom && !disk->removable)
        return snap_fail(sc, ERROR_INVAL, "%s: the domain's config has no "
                         "image for disk %s", what, disk->vdev);
    /* libxlutil makes none, but libxl takes it from JSON (4.17) */
    if (disk->is_cdrom && disk->readwrite)
        return snap_fail(sc, ERROR_INVAL, "%s: the domain's config has a "
                         "CD, disk %s, that the guest may write to", what,
                         disk->vdev);
    if (path && strchr(path, '\n'))
        return snap_fail(sc, ERROR_INVAL, "%s: the domain's config has an "
                         "image for disk %s whose path has more than one "
                         "line", what, disk->vdev);
    return 0;
}

static int config_check_devices(libxl_snapshot_ctx *sc, const char *what,
                                const libxl_domain_config *config)
{
    bool named = true;
    int i;

    for (i = 0; i < config->num_dtdevs; i++)
        if (!config->dtdevs[i].path) named = false;
    for (i = 0; i < config->num_p9s; i++)
        if (!config->p9s[i].path) named = false;
    return named ? 0 : snap_fail(sc, ERROR_INVAL, "%s: the domain's config "
                                 "has a device without a path", what);
}

int snap_domain_config_check(libxl_snapshot_ctx *sc, const char *what,
                             const libxl_domain_config *config)
{
    const char *name = config->c_info.name;
    int i, rc;

    if (!name)
        return snap_fail(sc, ERROR_INVAL, "%s: the domain's config has no "
                         "name", what);
    rc = snap_domain_name_check(sc, name);
    if (rc) return rc;
    if (config->num_disks > LIBXL_SNAPSHOT_MAX_DISKS)
        return snap_fail(sc, ERROR_INVAL, "%s: the domain's config has %d "
                         "disks; no domain has more than %d", what,
                         config->num_disks, LIBXL_SNAPSHOT_MAX_DISKS);
    for (i = 0; i < config->num_disks; i++) {
        rc = config_check_disk(sc, what, config, &config->disks[i]);
        if (rc) return rc;
    }
    return config_check_devices(sc, what, config);
}
