/* SPDX-License-Identifier: LGPL-2.1-only */
/* config/config.h: the snapshot config, in xl.cfg syntax. */
#ifndef SNAP_CONFIG_H
#define SNAP_CONFIG_H

#include <stdio.h>

#include "storage/storage.h"

/* @s as a string of xl.cfg, in quotes. */
char *snap_config_quote(libxl_snapshot_ctx *sc, const char *s);
/* The snapshot config @text; @path is for messages. */
int snap_config_parse(libxl_snapshot_ctx *sc, const char *path,
                      const char *text, libxl_domain_snapshot *snap);

/*-- for the files of this folder -------------------------------------------*/

/* A snapshot config that is being read. */
struct snap_config_file {
    libxl_snapshot_ctx *sc;
    const char *path;           /* for messages */
    struct XLU_Config *cfg;
    FILE *report;               /* to which libxlutil writes its complaints */
    char *complaints;           /* what came there */
    size_t len;
};

/* The first complaint of libxlutil, a line. */
const char *snap_config_complaint(struct snap_config_file *file);
/* Fail with ERROR_INVAL and "PATH: " before the sentence. */
int snap_config_refuse(struct snap_config_file *file, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*-- keys: a row for each ---------------------------------------------------*/

/* Sections of xl.snapshot.cfg(5) that have the key; one at least. */
enum {
    SNAP_KEY_FOR_CREATE = 1 << 0,   /* create heeds it in a ConfigFile */
    SNAP_KEY_WRITTEN = 1 << 1,      /* create writes it, for revert */
};

struct snap_key {
    const char *name;
    unsigned int sections;      /* SNAP_KEY_* */
    const struct snap_key_type *type;
    size_t member;              /* its offset in libxl_domain_snapshot */
    const char *const *words;   /* of a word: those allowed, ended by NULL */
};

/* All keys, in the order in which they are written; the last has no name. */
extern const struct snap_key snap_keys[];

/* The key whose name is the @len bytes at @name; NULL: there is none. */
const struct snap_key *snap_key_find(const char *name, size_t len);

/* The member of @object, the struct that has it, which holds the value. */
void *snap_key_member(const struct snap_key *key, const void *object);

/* What the value of a key can be. */
struct snap_key_type {
    /*
     * If @file sets @key, check the value and put it into @snap, where it
     * was not set; else leave @snap alone.  The rows before were read.
     * Errors: ERROR_INVAL, with a sentence of snap_config_refuse().
     */
    int (*read)(struct snap_config_file *file, const struct snap_key *key,
                libxl_domain_snapshot *snap);
    /* Write a setting to @f that reads as what is in @snap; nothing where
     * @snap leaves it open. */
    void (*write)(libxl_snapshot_ctx *sc, FILE *f, const struct snap_key *key,
                  const libxl_domain_snapshot *snap);
};

/* values.c: a single value, and the type of the member */
extern const struct snap_key_type snap_key_string;      /* char * */
extern const struct snap_key_type snap_key_name;        /* char * */
extern const struct snap_key_type snap_key_word;        /* char * */
extern const struct snap_key_type snap_key_uuid;        /* libxl_uuid */
extern const struct snap_key_type snap_key_domain_type; /* libxl_domain_type */
extern const struct snap_key_type snap_key_time;        /* uint64_t */
extern const struct snap_key_type snap_key_bool;        /* libxl_defbool */

#endif /* SNAP_CONFIG_H */
