/* SPDX-License-Identifier: LGPL-2.1-only */
/* config/config.h: the snapshot config, in xl.cfg syntax. */
#ifndef SNAP_CONFIG_H
#define SNAP_CONFIG_H

#include <stdio.h>

#include "storage/storage.h"

/* @s as a string of xl.cfg, in quotes. */
char *snap_config_quote(libxl_snapshot_ctx *sc, const char *s);
/* Read the snapshot config @text into @snap; @path is for messages. */
int snap_config_parse(libxl_snapshot_ctx *sc, const char *path,
                      const char *text, libxl_domain_snapshot *snap);
/* libxl_domain_snapshot_config_read(), in the middle of an operation. */
int snap_config_read(libxl_snapshot_ctx *sc, const char *path,
                     libxl_domain_snapshot *snap);

/*-- for the files of this folder ---------------------------------------*/

/* The end of the quoted string at @p, which ends on its line, as libxlutil
 * (4.17) demands. */
const char *snap_config_past_string(const char *p);

/* A snapshot config that is being read. */
struct snap_config_file {
    libxl_snapshot_ctx *sc;
    const char *path;           /* for messages */
    struct XLU_Config *cfg;
    FILE *report;               /* libxlutil writes complaints to it, */
    char *complaints;           /* which can be read here */
    size_t len;
};

/* The first complaint of libxlutil, a line. */
const char *snap_config_complaint(struct snap_config_file *file);
/* Fail with ERROR_INVAL and "PATH: " before the sentence. */
int snap_config_refuse(struct snap_config_file *file, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*-- keys: a row for each -----------------------------------------------*/

enum {
    /* sections of xl.snapshot.cfg(5) that have the key; one at least */
    SNAP_KEY_FOR_CREATE = 1 << 0,   /* create heeds it in a ConfigFile */
    SNAP_KEY_WRITTEN = 1 << 1,      /* create writes it, for revert */
    SNAP_KEY_IF_ANY = 1 << 2,       /* a list: not written if empty */
};

struct snap_key {
    const char *name;
    unsigned int flags;         /* SNAP_KEY_* */
    const struct snap_key_type *type;
    size_t member;              /* its offset in libxl_domain_snapshot; for
                                 * parents and texts, in each disk */
    /* for some types, else NULL: */
    const char *const *words;   /* word: those allowed, ended by NULL */
    const char *item;           /* texts: what the messages call one */
    const char *comment;        /* lists: what is written above it */
};

/* The keys, in the order in which they are written; a row without a name
 * ends the list. */
extern const struct snap_key snap_keys[];

/* The key whose name is the @len bytes at @name; NULL: there is none. */
const struct snap_key *snap_key_find(const char *name, size_t len);

/* The member of @object, the struct that has it, which holds the value. */
void *snap_key_member(const struct snap_key *key, const void *object);

/* A type of value: how a key of it is read, written and freed. */
struct snap_key_type {
    /*
     * If @file sets @key, check the value and put it into @snap; else
     * leave @snap alone.  The keys of earlier rows were read before.
     * Errors: ERROR_INVAL, with a sentence of snap_config_refuse().
     */
    int (*read)(struct snap_config_file *file, const struct snap_key *key,
                libxl_domain_snapshot *snap);
    /* Write the setting to @f that reads as what is in @snap; nothing if
     * @snap leaves it open. */
    void (*write)(libxl_snapshot_ctx *sc, FILE *f,
                  const struct snap_key *key,
                  const libxl_domain_snapshot *snap);
    /* Free what the member of @snap, or of its disks, owns; the keys of
     * later rows were freed before.  NULL: it owns nothing. */
    void (*dispose)(const struct snap_key *key,
                    libxl_domain_snapshot *snap);
};

/* values.c: a single value */
extern const struct snap_key_type snap_key_string, snap_key_name,
    snap_key_word, snap_key_uuid, snap_key_domain_type, snap_key_time,
    snap_key_bool;

/* lists.c: the disks, and lists about disks, which go after them */
extern const struct snap_key_type snap_key_images, snap_key_parents,
    snap_key_texts, snap_key_skipped;

#endif /* SNAP_CONFIG_H */
