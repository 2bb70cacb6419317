/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * base/text.c: others' words: for a terminal, and in JSON.
 *
 * A path may be any bytes, and what QEMU, a program or a file says as well.
 * A terminal obeys control characters, and shows a line in another order
 * where there are those for the direction of text.  So these are spelled,
 * and what is not UTF-8; whatever else is text stays as it is.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

/* A character in a string. */
struct text_char {
    const char *at;
    size_t len;                 /* in bytes, at least 1 */
    uint32_t code;              /* of a byte that is not UTF-8: the byte */
    bool invalid;
};

/* The number of bytes of a character that begins with @byte; 0: none
 * does. */
static size_t text_char_len(unsigned char byte)
{
    if (byte < 0x80) return 1;
    if (byte < 0xc2) return 0;
    if (byte < 0xe0) return 2;
    if (byte < 0xf0) return 3;
    return byte < 0xf5 ? 4 : 0;
}

/* The first character of @s, which is not empty. */
static struct text_char text_first(const char *s)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *p = (const unsigned char *)s;
    const struct text_char invalid = { s, 1, *p, true };
    struct text_char c = {
        s, text_char_len(*p), *p, false
    };
    size_t i;

    if (!c.len) return invalid;
    if (c.len > 1) c.code = *p & (0x7f >> c.len);
    for (i = 1; i < c.len; i++) {
        if ((p[i] & 0xc0) != 0x80) return invalid;
        c.code = c.code << 6 | (p[i] & 0x3f);
    }
    if (c.code < least[c.len] || c.code > 0x10ffff
        || (c.code >= 0xd800 && c.code < 0xe000))
        return invalid;
    return c;
}

/* True for control characters, C0, DEL and C1, line ends, and those which
 * set the direction of text. */
static bool text_is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c
        || code == 0x200e || code == 0x200f
        || (code >= 0x2028 && code <= 0x202e)
        || (code >= 0x2066 && code <= 0x2069);
}

/* Write a character that stands for others, and return where that ends. */
typedef char *text_spell(char *to, const struct text_char *c);

/* A copy of @s, malloc'd, between two of @quote, in which @spell writes
 * what is not text, or is @quote or a backslash where there is a @quote. */
static char *text_spelled(const char *s, const char *quote,
                          text_spell *spell)
{
    char *text = malloc(6 * strlen(s) + 3), *to;
    struct text_char c;

    if (!text) abort();
    for (to = stpcpy(text, quote); *s; s += c.len) {
        c = text_first(s);
        if (c.invalid || text_is_control(c.code)
            || (*quote && (*s == *quote || *s == '\\')))
            to = spell(to, &c);
        else
            to = mempcpy(to, s, c.len);
    }
    strcpy(to, quote);
    return text;
}

static char *text_hex(char *to, const char *prefix, uint32_t code,
                      int digits)
{
    to = stpcpy(to, prefix);
    while (digits--) *to++ = "0123456789abcdef"[code >> 4 * digits & 15];
    return to;
}

/*-- for a terminal ---------------------------------------------------------*/

static char *text_spell_plain(char *to, const struct text_char *c)
{
    return c->len == 1 ? text_hex(to, "\\x", c->code, 2)
                       : text_hex(to, "\\u", c->code, 4);
}

char *libxl_snapshot_plain(const char *s)
{
    return text_spelled(s, "", text_spell_plain);
}

bool snap_text_is_utf8(const char *s)
{
    struct text_char c;

    for (; *s; s += c.len) {
        c = text_first(s);
        if (c.invalid) return false;
    }
    return true;
}

/*-- for a shell ------------------------------------------------------------*/

static char *text_spell_shell(char *to, const struct text_char *c)
{
    size_t i;

    for (i = 0; i < c->len; i++) {
        const unsigned char byte = c->at[i];

        *to++ = '\\';
        *to++ = '0' + (byte >> 6);
        *to++ = '0' + (byte >> 3 & 7);
        *to++ = '0' + (byte & 7);
    }
    return to;
}

char *snap_text_shell_string(const char *s)
{
    char *plain = libxl_snapshot_plain(s);
    bool is_plain = !strcmp(plain, s);

    free(plain);
    return is_plain ? NULL : text_spelled(s, "'", text_spell_shell);
}

/*-- in JSON ----------------------------------------------------------------*/

static char *text_spell_json(char *to, const struct text_char *c)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    size_t i;

    if (c->invalid) return text_hex(to, "\\udc", c->code, 2);
    for (i = 0; shorts[i]; i += 2)
        if ((uint32_t)shorts[i] == c->code) {
            *to++ = '\\';
            *to++ = shorts[i + 1];
            return to;
        }
    return text_hex(to, "\\u", c->code, 4);
}

char *libxl_snapshot_json_string(const char *s)
{
    return text_spelled(s, "\"", text_spell_json);
}

/* yajl writes U+DC80 to U+DCFF, of which no text consists, by the rule of
 * UTF-8 for three bytes. */
void snap_text_join(char *s)
{
    const unsigned char *p = (const unsigned char *)s;

    while (*p) {
        if (p[0] == 0xed && (p[1] == 0xb2 || p[1] == 0xb3)
            && (p[2] & 0xc0) == 0x80) {
            *s++ = (p[1] & 3) << 6 | (p[2] & 0x3f);
            p += 3;
        } else {
            *s++ = *p++;
        }
    }
    *s = 0;
}
