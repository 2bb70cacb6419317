/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * base/secrets.c: what is left out of a log of what QEMU and others are
 * told and say: passwords and keys.
 *
 * A log goes where its reader sends it, into a report of a fault, too.  QEMU
 * tells how each of its disks was opened, with what stands in their URLs and
 * options: in JSON, in a string of JSON within that ("json:{...}"), or as
 * "rbd:pool/image:key=...".  So the text is taken as words, wherever they
 * stand: what follows one that names a secret, and a ":" or "=", is hidden.
 */
#include "base/base.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_HIDDEN "***"

struct secret_text {
    const char *at;             /* what is still to be copied */
    char *to;
};

static bool secret_is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* True if the @len characters of @word are the name of a secret. */
static bool secret_is_name(const char *word, size_t len)
{
    static const char *const parts[] = {
        "passw", "passphrase", "secret", "cookie", "token", NULL
    };
    size_t i;
    int k;

    if (len == 3 && !strncasecmp(word, "key", 3)) return true;
    if (len == 4 && !strncasecmp(word, "data", 4)) return true;
    for (k = 0; parts[k]; k++)
        for (i = 0; i + strlen(parts[k]) <= len; i++)
            if (!strncasecmp(word + i, parts[k], strlen(parts[k])))
                return true;
    return false;
}

static void secret_copy(struct secret_text *t, size_t len)
{
    memcpy(t->to, t->at, len);
    t->to += len;
    t->at += len;
}

/* The length of the string that begins at @value, behind a quote and @n
 * backslashes: so many has it at its end, too, beside those of its own,
 * each of which has become 2 * (@n + 1).  With fewer a string around it
 * ends. */
static size_t secret_string_len(const char *value, size_t n)
{
    const char *p = value;
    size_t run;

    for (;;) {
        p += strcspn(p, "\\\"");
        run = strspn(p, "\\");
        if (!p[run]) return p + run - value;
        if (p[run] == '"' && run < n) return p - value;
        if (p[run] == '"' && (run - n) % (2 * (n + 1)) == 0)
            return p + run - n - value;
        p += run + 1;
    }
}

/* Behind the name of a secret: copy what leads to its value, and hide
 * that. */
static void secret_hide_value(struct secret_text *t)
{
    size_t len = strspn(t->at, "\\\" \t");
    size_t escapes;

    if (t->at[len] != ':' && t->at[len] != '=') return;
    secret_copy(t, len + 1);
    secret_copy(t, strspn(t->at, " \t"));
    if (*t->at == '{' || *t->at == '[') return;
    escapes = strspn(t->at, "\\");
    if (t->at[escapes] == '"') {
        secret_copy(t, escapes + 1);
        t->at += secret_string_len(t->at, escapes);
    } else
        t->at += strcspn(t->at, " \t,;:&}]\"\\\n");
    t->to = stpcpy(t->to, SECRET_HIDDEN);
}

/* Behind the "://" of a URL: hide who logs in, and by what. */
static void secret_hide_login(struct secret_text *t)
{
    size_t len = strcspn(t->at, "/@\"\\ ");

    if (t->at[len] != '@') return;
    t->at += len;
    t->to = stpcpy(t->to, SECRET_HIDDEN);
}

char *snap_text_without_secrets(const char *text)
{
    /* "***" takes no more than the name before it */
    char *copy = malloc(2 * strlen(text) + 1);
    struct secret_text t = { text, copy };
    size_t len;

    if (!copy) abort();
    while (*t.at) {
        for (len = 0; secret_is_word_char(t.at[len]); len++);
        if (len) {
            const char *word = t.at;

            secret_copy(&t, len);
            if (secret_is_name(word, len)) secret_hide_value(&t);
        } else if (!strncmp(t.at, "://", 3)) {
            secret_copy(&t, 3);
            secret_hide_login(&t);
        } else {
            secret_copy(&t, 1);
        }
    }
    *t.to = 0;
    return copy;
}
