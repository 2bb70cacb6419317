/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * config/libxlutil.c: what libxlutil (4.17 to 4.20) is given to parse: as
 * much as it can bear.  Nothing else calls these functions of its.
 */
#include "config/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libxlutil.h>

/* Of a setting it looks for an earlier one of its name from the last one
 * on; some 200 keys mean something to xl. */
#define SETTINGS_MAX 4096
/* Each "+=" copies all that was added before, which is kept as well. */
#define ADDITIONS_MAX 256
/* Three paths.  flex's REJECT has room for the states of 16,384 characters
 * of a word, and writes behind it. */
#define SPEC_MAX (3 * 4096)
/* Words of a specification: behind each the scanner looks to the end. */
#define SPEC_WORDS_MAX 64

const char *snap_config_past_string(const char *p)
{
    char quote = *p++;

    while (*p && *p != quote && *p != '\n') {
        if (*p == '\\' && p[1]) p++;
        p++;
    }
    return *p == quote ? p + 1 : p;
}

/* Why @text is not to be read; NULL: it may be. */
static const char *libxlutil_problem(const char *text)
{
    int settings = 0, additions = 0;
    const char *p = text;

    while (*p) {
        if (*p == '"' || *p == '\'') {
            p = snap_config_past_string(p);
            continue;
        }
        if (*p == '#') {
            p += strcspn(p, "\n");
            /* it is scanned to the end of the file for each "#" in it */
            if (!*p) return "its last line, a comment, does not end";
        }
        if (*p == '=') {
            settings++;
            if (p > text && p[-1] == '+') additions++;
        }
        p++;
    }
    if (settings > SETTINGS_MAX) return "has more than 4096 settings";
    if (additions > ADDITIONS_MAX)
        return "has more than 256 settings with +=";
    return NULL;
}

/* Whoever names another file, as /etc/shadow, is not told what is in it:
 * "FILE:1: config parsing error near `TEXT': lexical error". */
static void libxlutil_repeat(FILE *report, char *complaint)
{
    char *text = strstr(complaint, " near `"), *end = NULL, *p;

    for (p = text; p && (p = strstr(p, "': ")); p++) end = p;
    if (!end) fputs(complaint, report);
    else
        fprintf(report, "%.*s%s", (int)(text - complaint), complaint,
                end + 1);
}

/* Parse it once for the complaint alone: @cfg would write that to @report
 * as it is. */
static int libxlutil_try(FILE *report, const char *source, const char *text)
{
    char *complaint = NULL;
    size_t len;
    FILE *f = open_memstream(&complaint, &len);
    XLU_Config *cfg = f ? xlu_cfg_init(f, source) : NULL;
    int r;

    if (!cfg) abort();
    r = xlu_cfg_readdata(cfg, text, strlen(text));
    xlu_cfg_destroy(cfg);
    fclose(f);
    if (r) libxlutil_repeat(report, complaint);
    free(complaint);
    return r;
}

int libxl_snapshot_cfg_readdata(XLU_Config *cfg, FILE *report,
                                const char *source, const char *text)
{
    const char *why = libxlutil_problem(text);

    if (why) fprintf(report, "%s: %s\n", source, why);
    if (why || libxlutil_try(report, source, text)) return ERROR_INVAL;
    return xlu_cfg_readdata(cfg, text, strlen(text)) ? ERROR_INVAL : 0;
}

/* At least as many as the words of @spec; a target is the last one. */
static int libxlutil_words(const char *spec)
{
    const char *end = strstr(spec, "target="), *p;
    int words = 0;

    for (p = spec; *p && p != end; p++)
        if (*p == ',' || *p == ':') words++;
    return words;
}

int libxl_snapshot_disk_parse(XLU_Config *cfg, FILE *report,
                              const char *source, const char *spec,
                              libxl_device_disk *disk)
{
    size_t len = strlen(spec);

    if (len > SPEC_MAX) {
        fprintf(report, "%s: a disk has a specification of %zu characters; "
                "at most %d are read\n", source, len, SPEC_MAX);
        return ERROR_INVAL;
    }
    if (libxlutil_words(spec) > SPEC_WORDS_MAX) {
        fprintf(report, "%s: a disk has more than %d commas and colons "
                "before its target=\n", source, SPEC_WORDS_MAX);
        return ERROR_INVAL;
    }
    return xlu_disk_parse(cfg, 1, &spec, disk) ? ERROR_INVAL : 0;
}

/* libxlutil takes "1:2" for an address, and goes on to read where an
 * uninitialised number says. */
static bool libxlutil_is_address(const char *text)
{
    const char *p = text;
    int colons = 0;

    for (; isxdigit((unsigned char)*p) || *p == ':'; p++)
        if (*p == ':') colons++;
    return !colons || *p == '.';
}

int libxl_snapshot_pci_parse(XLU_Config *cfg, FILE *report,
                             const char *source, const char *spec,
                             libxl_device_pci *pci)
{
    bool is_address = libxlutil_is_address(spec);
    const char *p = spec;

    while (is_address && (p = strstr(p, "bdf=")))
        is_address = libxlutil_is_address(p += strlen("bdf="));
    if (is_address)
        return xlu_pci_parse_spec_string(cfg, pci, spec) ? ERROR_INVAL : 0;
    fprintf(report, "%s: pci '%s': an address is "
            "[DOMAIN:]BUS:DEVICE.FUNCTION\n", source, spec);
    return ERROR_INVAL;
}
