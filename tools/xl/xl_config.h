/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_config.h: the user's xl.cfg: read it, and let it name new images.
 */
#ifndef XL_CONFIG_H
#define XL_CONFIG_H

#include <stdbool.h>
#include <stdio.h>
#include <libxl_snapshot.h>
#include <libxlutil.h>

/*-- xl_config_parse.c: an xl.cfg as libxlutil reads it -----------------*/

struct config_parser {
    const char *file;
    XLU_Config *cfg;
    FILE *report;
    char *complaint;
    size_t complaint_len;
};

/* Parse @text; @file, which outlives @p, is for messages.  Returns
 * non-zero if it is not well-formed.  Dispose of @p whatever the
 * result. */
int config_parse(struct config_parser *p, const char *file,
                 const char *text);
/* The first line of libxlutil's complaint, which names file and line; NULL
 * if there is none.  Valid until @p is disposed of. */
const char *config_complaint(struct config_parser *p);
/* The number @key, which stays as it is where there is none.  Returns
 * non-zero if it is not a number. */
int config_number(struct config_parser *p, const char *key, long *number);
/* The list `disk', which may be none.  Returns -1 if it is no list, or has
 * more than LIBXL_SNAPSHOT_MAX_DISKS. */
int config_disks(struct config_parser *p, XLU_ConfigList **list_r,
                 int *num_r);
/* Parse the disk number @i of the list.  Returns non-zero if libxlutil
 * refuses it; dispose of @disk whatever the result. */
int config_disk(struct config_parser *p, const XLU_ConfigList *list, int i,
                libxl_device_disk *disk);
void config_parser_dispose(struct config_parser *p);

/*-- xl_domain_devices.c: devices in an xl.cfg --------------------------*/

/* Fill in the devices of @config, whose type is known, that may hold state
 * of which no snapshot is taken.  Returns -1 if xl would not take one. */
int domain_config_parse_devices(struct config_parser *p,
                                libxl_domain_config *config);

/*-- xl_config_scan.c: where things stand in an xl.cfg ------------------*/

/* A string of the list `disk'. */
struct config_item {
    int line;
    char quote;
    char *spec;         /* the specification; NULL: it has an escape that
                         * is not supported */
    size_t *at;         /* where each character of @spec, and then the
                         * closing quote, stands in the text */
};

struct config_items {
    int line, again;    /* the lines that set `disk': the first, and the
                         * next one; 0: there is none */
    int num;
    struct config_item *items;
};

/* Find the disks in @text, which must be well-formed. */
void config_find_items(const char *text, size_t len,
                       struct config_items *found);
void config_items_dispose(struct config_items *found);

struct config_span {
    size_t begin, end;
};

#define CONFIG_MAX_FORMATS 4

/* Where path and format stand in a specification. */
struct config_place {
    bool has_target;
    bool keyword;               /* the path stands behind "target=" */
    bool prefix;                /* there is an old form, e.g. "file:" */
    struct config_span target;
    size_t target_prefix;       /* so long is that in front of the path */
    int num_formats;            /* positional, and again as format= */
    struct config_span formats[CONFIG_MAX_FORMATS];
};

void config_find_place(const char *spec, struct config_place *place);

/*-- xl_config_patch.c: another path, another format -------------------*/

/* Zeroed: none. */
struct config_patches {
    int num;
    struct config_patch *patches;
};

/* Let @item, in which @place is, name the image @path, or its format, or
 * both in the place of a prefix. */
void config_patch_path(struct config_patches *p,
                       const struct config_item *item,
                       const struct config_place *place, const char *path);
void config_patch_format(struct config_patches *p,
                         const struct config_item *item,
                         const struct config_place *place,
                         libxl_disk_format format);
void config_patch_prefix(struct config_patches *p,
                         const struct config_item *item,
                         const struct config_place *place,
                         const char *path, libxl_disk_format format);
/* @text with all of @p done, malloc'd. */
char *config_patched_text(struct config_patches *p, const char *text,
                          size_t len);
void config_patches_dispose(struct config_patches *p);

/*-- xl_update_config.c: text in, text out ------------------------------*/

#define CONFIG_FILE_MAX (1 << 20)

/* A disk that is to name another image. */
struct config_edit {
    char *vdev;
    int num_from;
    char **from;                /* paths it may name now, up to NULL */
    char *to;
    libxl_disk_format format;
    int line, item;             /* where it was found */
};

/* The edit of disk @vdev; NULL: there is none. */
struct config_edit *config_edit_of(struct config_edit *edits, int num,
                                   const char *vdev);

/*
 * Make all of @edits in the xl.cfg @text of @domain; @file is for
 * messages.  Returns the new text, malloc'd; NULL if that cannot be done
 * with certainty, and in *@error_r a sentence that says why, malloc'd.
 */
char *update_config_text(const char *file, const char *text, size_t len,
                         const char *domain, struct config_edit *edits,
                         int num, char **error_r);
/* Check that @after differs from @before by @edits, which have been made,
 * and by nothing else.  Returns -1, and *@error_r as above, if it does. */
int update_config_check(const char *file, const char *before,
                        const char *after, size_t after_len,
                        struct config_edit *edits, int num,
                        char **error_r);

/*-- xl_config_file.c: the file -----------------------------------------*/

/* Read the whole file @path, but at most CONFIG_FILE_MAX + 1 bytes: a
 * longer @len_r than CONFIG_FILE_MAX tells that it is too long.  *text_r
 * is malloc'd and ends with a NUL whatever the result.  Returns -1 and
 * sets errno if the file cannot be read. */
int config_file_read(const char *path, char **text_r, size_t *len_r);

/* Tell whether the domain has an image now that is not the snapshot's. */
bool disk_is_moved(const libxl_disk_snapshot *ds);
/* @spec as a quoted string of an xl.cfg, malloc'd. */
char *spec_literal(const char *spec);

/* The work of --update-config.  Zeroed: nothing to do. */
struct config_update {
    libxl_snapshot_ctx *sc;
    const char *file;           /* as the user named it; NULL: none */
    char *path;                 /* the same with links followed */
    char *error;                /* the sentence, if it failed */
    bool done;                  /* the file names the new images */
    int num;
    struct config_edit *edits;
};

/* Make an edit for each disk of @snap that has moved, from parent to
 * child. */
void config_update_init(struct config_update *u, libxl_snapshot_ctx *sc,
                        const char *file,
                        const libxl_domain_snapshot *snap);
void config_update_dispose(struct config_update *u);
/* Accept @path, too, as the one that the file names now. */
void config_edit_from(struct config_edit *edit, const char *path);

/* Check whether the update can be done; change nothing.  Returns -1 and
 * sets u->error if it cannot. */
int config_update_try(struct config_update *u, const char *domain);
/* The same, and *text_r gets what is to be written to u->path by somebody
 * else, malloc'd. */
int config_update_text(struct config_update *u, const char *domain,
                       char **text_r);
/* Do the update.  Returns -1 and sets u->error if that fails. */
int config_update_write(struct config_update *u, const char *domain);

#endif /* XL_CONFIG_H */
