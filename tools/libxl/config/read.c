/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * config/read.c: reads the snapshot config, xl.snapshot.cfg(5). libxlutil
 * parses xl.cfg syntax and disk specifications, but cannot tell which keys
 * a file has; read_check_keys() finds them, so that a misspelt key is an
 * error and is not ignored.
 */
#include "config/config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libxlutil.h>

#define CONFIG_MAX (1 << 20)

/*
 * Refuse a file that sets an unknown key.  A key is a word outside of
 * strings, comments and lists that an "=" or "+=" follows; libxlutil
 * (4.17) allows dots in it.  The file is known to be well-formed.
 */
static int read_check_keys(libxl_snapshot_ctx *sc, const char *path,
                           const char *text)
{
    const char *p = text, *word;
    int line = 1, depth = 0;

    while (*p) {
        if (*p == '\n') {
            line++;
            p++;
        } else if (*p == '#') {
            p += strcspn(p, "\n");
        } else if (*p == '"' || *p == '\'') {
            p = snap_config_past_string(p);
        } else if (*p == '[' || *p == ']') {
            depth += *p++ == '[' ? 1 : -1;
        } else if (!depth && (isalpha((unsigned char)*p) || *p == '_')) {
            for (word = p; isalnum((unsigned char)*p) || *p == '_'
                           || *p == '.'; p++);
            if (!snap_key_find(word, p - word))
                return snap_fail(sc, ERROR_INVAL, "%s:%d: unknown key '%.*s'; "
                                 "see xl.snapshot.cfg(5)", path, line,
                                 (int)(p - word), word);
            p += strcspn(p, "'\"[\n;#");    /* past "=", up to the value */
        } else {
            p++;
        }
    }
    return 0;
}

/*-- reading ----------------------------------------------------------------*/

const char *snap_config_complaint(struct snap_config_file *file)
{
    fflush(file->report);
    if (!file->complaints || !*file->complaints) return "cannot be parsed";
    file->complaints[strcspn(file->complaints, "\n")] = 0;
    return file->complaints;
}

int snap_config_refuse(struct snap_config_file *file, const char *fmt, ...)
{
    const char *sentence;
    va_list ap;

    va_start(ap, fmt);
    sentence = snap_vsprintf(file->sc, fmt, ap);
    va_end(ap);
    return snap_fail(file->sc, ERROR_INVAL, "%s: %s", file->path, sentence);
}

static int read_keys(struct snap_config_file *file,
                     libxl_domain_snapshot *snap)
{
    const struct snap_key *key;
    int rc;

    for (key = snap_keys; key->name; key++) {
        rc = key->type->read(file, key, snap);
        if (rc) return rc;
    }
    if (!libxl_defbool_is_default(snap->memory)
        && !libxl_defbool_val(snap->memory) && snap->memory_path)
        return snap_config_refuse(file, "memory=0 and memory_path contradict "
                                  "each other; leave one out");
    return 0;
}

int snap_config_parse(libxl_snapshot_ctx *sc, const char *path,
                      const char *text, libxl_domain_snapshot *snap)
{
    struct snap_config_file file = { .sc = sc, .path = path };
    int rc;

    file.report = open_memstream(&file.complaints, &file.len);
    if (!file.report) abort();
    file.cfg = xlu_cfg_init(file.report, path);
    if (!file.cfg) abort();
    /* libxlutil 4.17 refuses a comment that ends with the file */
    text = snap_sprintf(sc, "%s\n", text);
    rc = libxl_snapshot_cfg_readdata(file.cfg, file.report, path, text);
    if (rc) {
        rc = snap_fail(sc, ERROR_INVAL, "%s", snap_config_complaint(&file));
        goto out;
    }
    rc = read_check_keys(sc, path, text);
    if (rc) goto out;
    rc = read_keys(&file, snap);
 out:
    xlu_cfg_destroy(file.cfg);
    fclose(file.report);
    free(file.complaints);
    return rc;
}

int snap_config_read(libxl_snapshot_ctx *sc, const char *path,
                     libxl_domain_snapshot *snap)
{
    const char *doubt;
    char *text;
    int rc;

    rc = snap_file_read(sc, path, CONFIG_MAX, &text, &doubt);
    if (rc) return rc;
    if (doubt)
        snap->doubt = snap_result_str(snap_sprintf(sc, "%s: %s", path,
                                                   doubt));
    return snap_config_parse(sc, path, text, snap);
}

int libxl_domain_snapshot_config_read(libxl_snapshot_ctx *sc,
                                      const char *path,
                                      libxl_domain_snapshot *snap)
{
    snap_ctx_begin(sc);
    return snap_config_read(sc, path, snap);
}
