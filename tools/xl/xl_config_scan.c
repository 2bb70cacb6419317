/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_config_scan.c: where the disks stand in the text of an xl.cfg, and
 * where path and format stand in a disk.  libxlutil tells what there is,
 * but not where; this follows its lexers (4.17, libxlu_cfg_l.l and
 * libxlu_disk_l.l).
 */
#include "xl_config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "xl_utils.h"

/*-- where the strings of `disk' stand ----------------------------------*/

/* The character that a backslash and @c stand for; 0: libxlutil 4.17 takes
 * that for another one. */
static char scan_unescape(char c)
{
    static const char names[] = "abfnrtv\"'\\";
    static const char chars[] = "\a\b\f\n\r\t\v\"'\\";
    const char *found = c ? strchr(names, c) : NULL;

    return found ? chars[found - names] : 0;
}

/* The end of the string that begins at @at.  libxlutil allows no string to
 * span lines. */
static size_t scan_string_end(const char *text, size_t len, size_t at)
{
    char quote = text[at++];

    while (at < len && text[at] != quote)
        at += text[at] == '\\' ? 2 : 1;
    return at < len ? at + 1 : len;
}

/* Set the specification of @item, and where its characters stand, from the
 * string between @begin and @end. */
static void scan_item(struct config_item *item, const char *text,
                      size_t begin, size_t end)
{
    size_t max = end - begin, at, n = 0;
    char c;

    item->quote = text[begin];
    item->spec = xcalloc(max, 1);
    item->at = xcalloc(max, sizeof(*item->at));
    for (at = begin + 1; at < end - 1; at++) {
        item->at[n] = at;
        c = text[at];
        if (c == '\\') c = scan_unescape(text[++at]);
        if (!c) break;
        item->spec[n++] = c;
    }
    item->at[n] = end - 1;
    if (at == end - 1) return;
    free(item->spec);
    item->spec = NULL;
}

static void scan_add_item(struct config_items *found, const char *text,
                          size_t begin, size_t end, int line)
{
    struct config_item *item;

    found->items = xrealloc(found->items,
                            (found->num + 1) * sizeof(*found->items));
    item = &found->items[found->num++];
    item->line = line;
    scan_item(item, text, begin, end);
}

/* The end of the word or number that begins at @at. */
static size_t scan_word_end(const char *text, size_t len, size_t at)
{
    while (at < len && (isalnum((unsigned char)text[at]) || text[at] == '.'
                        || text[at] == '_'))
        at++;
    return at;
}

static void scan_found_disk(struct config_items *found, int line)
{
    if (!found->line)
        found->line = line;
    else if (!found->again)
        found->again = line;
}

/* A word outside of lists is a key or a number; no number is called
 * "disk". */
void config_find_items(const char *text, size_t len,
                       struct config_items *found)
{
    size_t at, end;
    int line = 1, depth = 0;
    bool disk = false;

    memset(found, 0, sizeof(*found));
    for (at = 0; at < len; at = end) {
        char c = text[at];

        end = at + 1;
        if (c == '\n') {
            line++;
        } else if (c == '#') {
            while (end < len && text[end] != '\n')
                end++;
        } else if (c == '"' || c == '\'') {
            end = scan_string_end(text, len, at);
            if (disk && depth == 1)
                scan_add_item(found, text, at, end, line);
        } else if (c == '[' || c == ']') {
            depth += c == '[' ? 1 : -1;
        } else if (isalnum((unsigned char)c)) {
            end = scan_word_end(text, len, at);
            if (depth) continue;
            disk = end - at == 4 && !memcmp(text + at, "disk", 4);
            if (disk) scan_found_disk(found, line);
        }
    }
}

void config_items_dispose(struct config_items *found)
{
    int i;

    for (i = 0; i < found->num; i++) {
        free(found->items[i].spec);
        free(found->items[i].at);
    }
    free(found->items);
    memset(found, 0, sizeof(*found));
}

/*-- where path and format stand in a string ----------------------------*/

/* Tell whether @word is a keyword, not a positional parameter. */
static bool scan_is_flag(const char *word, size_t len)
{
    static const char *const flags[] = {
        "cdrom", "direct-io-safe", "discard", "no-discard", "colo",
        "no-colo", "trusted", "untrusted",
    };
    size_t i;

    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (strlen(flags[i]) == len && !strncmp(flags[i], word, len))
            return true;
    return false;
}

/* The length of the prefixes at the beginning of @text, with the blanks
 * behind them; libxlutil makes a script of some, which are none here. */
static size_t scan_prefixes(const char *text)
{
    static const char *const prefixes[] = {
        "raw:", "qcow:", "qcow2:", "vhd:", "tapdisk:", "tap:", "tap2:",
        "aio:", "ioemu:", "file:", "phy:",
    };
    size_t len = 0, i = 0, n;

    while (i < sizeof(prefixes) / sizeof(prefixes[0])) {
        n = strlen(prefixes[i]);
        if (strncmp(text + len, prefixes[i++], n)) continue;
        len += n;
        len += strspn(text + len, " \t\n");
        i = 0;
    }
    return len;
}

/* A format too many stays as it is, and then the new text fails its
 * check. */
static void scan_add_format(struct config_place *place, size_t begin,
                            size_t end)
{
    if (place->num_formats == CONFIG_MAX_FORMATS) return;
    place->formats[place->num_formats++] = (struct config_span){
        begin, end };
}

/* The word from @at to @end is the positional parameter number
 * @position. */
static void scan_positional(struct config_place *place, size_t at,
                            size_t end, int position)
{
    if (position == 0) {
        place->has_target = true;
        place->target = (struct config_span){ at, end };
    } else if (position == 1 && !place->num_formats && !place->prefix) {
        scan_add_format(place, at, end);
    }
}

/* Behind a prefix no word but format= is a format. */
void config_find_place(const char *spec, struct config_place *place)
{
    size_t at, len, prefix;
    int position = 0;

    memset(place, 0, sizeof(*place));
    for (at = 0; ; at += len + 1) {
        at += strspn(spec + at, " \t\n");
        prefix = scan_prefixes(spec + at);
        at += prefix;
        place->prefix |= prefix > 0;
        len = strcspn(spec + at, ",");
        if (!strncmp(spec + at, "target=", 7)) {
            place->has_target = true;
            place->keyword = true;
            place->target = (struct config_span){ at + 7, strlen(spec) };
            return;
        }
        if (!spec[at]) return;
        if (!strncmp(spec + at, "format=", 7)) {
            scan_add_format(place, at + 7, at + len);
        } else if (!memchr(spec + at, '=', len)
                   && !scan_is_flag(spec + at, len)) {
            if (!position) place->target_prefix = prefix;
            scan_positional(place, at, at + len, position++);
        }
        if (!spec[at + len]) return;
    }
}
