/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * config/values.c: the types of keys that have a single value: how each is
 * read, written and freed.
 */
#include "config/config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <libxlutil.h>

/* Get the string that @file sets @key to; it belongs to @file.  *text_r is
 * left alone if @file does not set @key. */
static int value_text(struct snap_config_file *file,
                      const struct snap_key *key, const char **text_r)
{
    int r = xlu_cfg_get_string(file->cfg, key->name, text_r, 0);

    if (!r || r == ESRCH) return 0;
    return snap_config_refuse(file, "`%s' must be a string (%s)",
                              key->name, snap_config_complaint(file));
}

/* Refuse the value @text; @allowed says what it can be. */
static int value_refuse(struct snap_config_file *file,
                        const struct snap_key *key, const char *allowed,
                        const char *text)
{
    return snap_config_refuse(file, "`%s' must be %s, not '%s'", key->name,
                              allowed, text);
}

static void value_write(FILE *f, const struct snap_key *key,
                        const char *value)
{
    fprintf(f, "%s = %s\n", key->name, value);
}

static void value_write_text(libxl_snapshot_ctx *sc, FILE *f,
                             const struct snap_key *key, const char *text)
{
    if (text) value_write(f, key, snap_config_quote(sc, text));
}

/*-- string, name, word -------------------------------------------------*/

static int value_read_string(struct snap_config_file *file,
                             const struct snap_key *key,
                             libxl_domain_snapshot *snap)
{
    char **value = snap_key_member(key, snap);
    const char *text = NULL;
    int rc = value_text(file, key, &text);

    if (rc || !text) return rc;
    free(*value);
    *value = snap_result_str(text);
    return 0;
}

static void value_write_string(libxl_snapshot_ctx *sc, FILE *f,
                               const struct snap_key *key,
                               const libxl_domain_snapshot *snap)
{
    char *const *value = snap_key_member(key, snap);

    value_write_text(sc, f, key, *value);
}

static void value_dispose_string(const struct snap_key *key,
                                 libxl_domain_snapshot *snap)
{
    char **value = snap_key_member(key, snap);

    free(*value);
}

const struct snap_key_type snap_key_string = {
    .read = value_read_string,
    .write = value_write_string,
    .dispose = value_dispose_string,
};

static int value_read_name(struct snap_config_file *file,
                           const struct snap_key *key,
                           libxl_domain_snapshot *snap)
{
    char **value = snap_key_member(key, snap);
    int rc = value_read_string(file, key, snap);

    if (rc || !*value) return rc;
    return snap_name_check(file->sc, *value);
}

const struct snap_key_type snap_key_name = {
    .read = value_read_name,
    .write = value_write_string,
    .dispose = value_dispose_string,
};

/* "pv, pvh or hvm" */
static const char *value_alternatives(libxl_snapshot_ctx *sc,
                                      const char *const *words)
{
    const char *text = words[0];
    int i;

    for (i = 1; words[i]; i++)
        text = snap_sprintf(sc, "%s%s%s", text,
                            words[i + 1] ? ", " : " or ", words[i]);
    return text;
}

static int value_read_word(struct snap_config_file *file,
                           const struct snap_key *key,
                           libxl_domain_snapshot *snap)
{
    char **value = snap_key_member(key, snap);
    int i, rc;

    rc = value_read_string(file, key, snap);
    if (rc || !*value) return rc;
    for (i = 0; key->words[i]; i++)
        if (!strcmp(*value, key->words[i]))
            return 0;
    return value_refuse(file, key,
                        value_alternatives(file->sc, key->words), *value);
}

const struct snap_key_type snap_key_word = {
    .read = value_read_word,
    .write = value_write_string,
    .dispose = value_dispose_string,
};

/*-- uuid, type of a domain ---------------------------------------------*/

static int value_read_uuid(struct snap_config_file *file,
                           const struct snap_key *key,
                           libxl_domain_snapshot *snap)
{
    libxl_uuid *value = snap_key_member(key, snap);
    const char *text = NULL;
    int rc = value_text(file, key, &text);

    if (rc || !text) return rc;
    if (libxl_uuid_from_string(value, text))
        return value_refuse(file, key, "a uuid", text);
    return 0;
}

static void value_write_uuid(libxl_snapshot_ctx *sc, FILE *f,
                             const struct snap_key *key,
                             const libxl_domain_snapshot *snap)
{
    const libxl_uuid *value = snap_key_member(key, snap);

    value_write_text(sc, f, key, snap_sprintf(sc, LIBXL_UUID_FMT,
                                              LIBXL_UUID_BYTES(*value)));
}

const struct snap_key_type snap_key_uuid = {
    .read = value_read_uuid,
    .write = value_write_uuid,
};

static int value_read_domain_type(struct snap_config_file *file,
                                  const struct snap_key *key,
                                  libxl_domain_snapshot *snap)
{
    libxl_domain_type *value = snap_key_member(key, snap);
    const char *text = NULL;
    int rc = value_text(file, key, &text);

    if (rc || !text) return rc;
    if (libxl_domain_type_from_string(text, value))
        return value_refuse(file, key, "pv, pvh or hvm", text);
    return 0;
}

static void value_write_domain_type(libxl_snapshot_ctx *sc, FILE *f,
                                    const struct snap_key *key,
                                    const libxl_domain_snapshot *snap)
{
    const libxl_domain_type *value = snap_key_member(key, snap);

    value_write_text(sc, f, key, libxl_domain_type_to_string(*value));
}

const struct snap_key_type snap_key_domain_type = {
    .read = value_read_domain_type,
    .write = value_write_domain_type,
};

/*-- time, boolean ------------------------------------------------------*/

/* Some million years: a time_t of 64 bits and a double hold that. */
#define VALUE_TIME_MAX INT64_C(0x7fffffffffff)

/* Get the number that @file sets @key to; *value_r is left alone if @file
 * does not set @key.  libxlutil reads a long, which has 32 bits on some
 * hosts. */
static int value_number(struct snap_config_file *file,
                        const struct snap_key *key, int64_t max,
                        long *value_r)
{
    long bound = max < LONG_MAX ? max : LONG_MAX;
    int r = xlu_cfg_get_bounded_long(file->cfg, key->name, 0, bound,
                                     value_r, 0);

    if (!r || r == ESRCH) return 0;
    return snap_config_refuse(file, "`%s' must be a number from 0 to %ld "
                              "(%s)", key->name, bound,
                              snap_config_complaint(file));
}

static int value_read_time(struct snap_config_file *file,
                           const struct snap_key *key,
                           libxl_domain_snapshot *snap)
{
    uint64_t *value = snap_key_member(key, snap);
    long number = -1;
    int rc = value_number(file, key, VALUE_TIME_MAX, &number);

    if (rc || number < 0) return rc;
    *value = number;
    return 0;
}

static void value_write_time(libxl_snapshot_ctx *sc, FILE *f,
                             const struct snap_key *key,
                             const libxl_domain_snapshot *snap)
{
    const uint64_t *value = snap_key_member(key, snap);

    value_write(f, key, snap_sprintf(sc, "%" PRIu64, *value));
}

const struct snap_key_type snap_key_time = {
    .read = value_read_time,
    .write = value_write_time,
};

static int value_read_bool(struct snap_config_file *file,
                           const struct snap_key *key,
                           libxl_domain_snapshot *snap)
{
    libxl_defbool *value = snap_key_member(key, snap);
    long number = -1;
    int rc = value_number(file, key, 1, &number);

    if (rc || number < 0) return rc;
    libxl_defbool_set(value, number);
    return 0;
}

static void value_write_bool(libxl_snapshot_ctx *sc, FILE *f,
                             const struct snap_key *key,
                             const libxl_domain_snapshot *snap)
{
    const libxl_defbool *value = snap_key_member(key, snap);

    if (libxl_defbool_is_default(*value)) return;
    value_write(f, key, snap_sprintf(sc, "%d", libxl_defbool_val(*value)));
}

const struct snap_key_type snap_key_bool = {
    .read = value_read_bool,
    .write = value_write_bool,
};
