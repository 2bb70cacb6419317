/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_config.h: the user's xl.cfg, which is to name new images.
 */
#ifndef XL_CONFIG_H
#define XL_CONFIG_H

#include <stdbool.h>
#include <stdio.h>
#include <libxl_snapshot.h>
#include <libxlutil.h>

/*-- xl_config_parse.c: an xl.cfg as libxlutil reads it ---------------------*/

struct config_parser {
    XLU_Config *cfg;
    FILE *report;
    char *complaint;
    size_t complaint_len;
};

/* Parse @text; @file is for messages.  Returns -1 if it is not
 * well-formed. Dispose of @p whatever the result. */
int config_parse(struct config_parser *p, const char *file,
                 const char *text, size_t len);
/* The first line of what libxlutil complained of, with file and line; NULL
 * if it did not.  Valid until @p is disposed of. */
const char *config_complaint(struct config_parser *p);
void config_parser_dispose(struct config_parser *p);

/*-- xl_config_scan.c: where things stand in an xl.cfg ----------------------*/

/* A string of the list `disk'. */
struct config_item {
    int line;
    char quote;
    char *spec;         /* what it says; NULL: has an escape we do not know */
    size_t *at;         /* where each of its characters stands in the text,
                         * and the quote that closes it */
};

struct config_items {
    int line, again;    /* where `disk' is set, and set once more; 0: nowhere */
    int num;
    struct config_item *items;
};

/* @text must be well-formed. */
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
    bool keyword;               /* it was written as target=... */
    bool prefix;                /* it has something like "file:" before it */
    struct config_span target;
    int num_formats;            /* positional, and again as format= */
    struct config_span formats[CONFIG_MAX_FORMATS];
};

void config_find_place(const char *spec, struct config_place *place);

/*-- xl_update_config.c: text in, text out ----------------------------------*/

#define CONFIG_FILE_MAX (1 << 20)

/* A disk that is to name another image. */
struct config_edit {
    char *vdev;
    int num_from;
    char **from;                /* what it may name now, ended by NULL */
    char *to;
    libxl_disk_format format;
    char *literal;              /* the new disk, to be pasted */
    int line, item;             /* where it was found */
};

/* The one of disk @vdev; NULL: there is none. */
struct config_edit *config_edit_of(struct config_edit *edits, int num,
                                   const char *vdev);

/*
 * The xl.cfg @text of @domain with all of @edits made, malloc'd; NULL and
 * a sentence in *@error_r (malloc'd) if that cannot be done for certain.
 * @file is for messages.
 */
char *update_config_text(const char *file, const char *text, size_t len,
                         const char *domain, struct config_edit *edits,
                         int num, char **error_r);
/* Whether @after differs from @before by @edits, which were made, alone. */
int update_config_check(const char *file, const char *before,
                        const char *after, size_t after_len,
                        struct config_edit *edits, int num,
                        char **error_r);

/*-- xl_config_file.c: the file ---------------------------------------------*/

/* The whole file, malloc'd and ended by NUL; at most CONFIG_FILE_MAX bytes
 * and one more, which tells that it is longer.  -1 and errno if it cannot
 * be read; *text_r is to be freed all the same. */
int config_file_read(const char *path, char **text_r, size_t *len_r);

/* Whether the domain has an image now that is not the snapshot's. */
bool disk_is_moved(const libxl_disk_snapshot *ds);
/* @disk as a string of an xl.cfg, to be pasted; malloc'd. */
char *disk_literal(const libxl_device_disk *disk);

/* What --update-config is to do.  Zeroed: nothing. */
struct config_update {
    const char *file;           /* as the user named it; NULL: none */
    char *path;                 /* what that is, links followed */
    char *error;                /* the sentence, if it failed */
    bool done;
    int num;
    struct config_edit *edits;
};

/* An edit for each disk of @snap that has moved, from parent to child. */
void config_update_init(struct config_update *u, const char *file,
                        const libxl_domain_snapshot *snap);
void config_update_dispose(struct config_update *u);
/* The file may name @path, too. */
void config_edit_from(struct config_edit *edit, const char *path);

/* Whether it can be done; changes nothing.  -1 and u->error if not. */
int config_update_try(struct config_update *u, const char *domain);
/* Do it; u->done tells that the file names the new images. */
int config_update_write(struct config_update *u, const char *domain);

#endif /* XL_CONFIG_H */
