/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * base/json.c: JSON in and out, on yajl.
 *
 * Objects are built inside out: the text of an inner value is a value of
 * the outer one.  yajl_gen_number() copies its argument as it is, which
 * lets a generator take finished JSON text as a value.
 *
 * A string is any bytes, and comes back so: base/text.c spells those that
 * are not UTF-8, which yajl would write, but not read.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

/* yajl_tree frees recursively; QEMU's deepest reply nests with the backing
 * chain, two levels a layer. */
#define JSON_DEPTH_MAX 256

static yajl_gen json_gen_alloc(void)
{
    yajl_gen g = yajl_gen_alloc(NULL);

    if (!g) abort();
    return g;
}

static void json_gen_raw(yajl_gen g, const char *json)
{
    yajl_gen_number(g, json, strlen(json));
}

/* yajl would copy bytes that are not UTF-8, and then not read them. */
static void json_gen_str(yajl_gen g, const char *s)
{
    char *text = libxl_snapshot_json_string(s);

    json_gen_raw(g, text);
    free(text);
}

static void json_gen_key(yajl_gen g, const char *key)
{
    yajl_gen_string(g, (const unsigned char *)key, strlen(key));
}

static char *json_gen_text(libxl_snapshot_ctx *sc, yajl_gen g)
{
    const unsigned char *buf;
    size_t len;
    char *text;

    yajl_gen_get_buf(g, &buf, &len);
    text = snap_grow(sc, buf, len, len + 1);
    yajl_gen_free(g);
    return text;
}

static void json_gen_pair(yajl_gen g, const char *key, va_list *ap)
{
    const char *s;

    switch (key[0]) {
    case 's':
    case 'j':
        s = va_arg(*ap, const char *);
        if (!s) return;
        json_gen_key(g, key + 2);
        if (key[0] == 's') json_gen_str(g, s);
        else json_gen_raw(g, s);
        return;
    case 'b':
        json_gen_key(g, key + 2);
        yajl_gen_bool(g, va_arg(*ap, int));
        return;
    case 'u':
        json_gen_key(g, key + 2);
        yajl_gen_integer(g, va_arg(*ap, uint64_t));
        return;
    default:
        abort();
    }
}

char *snap_json_object(libxl_snapshot_ctx *sc, const char *key, ...)
{
    yajl_gen g = json_gen_alloc();
    va_list ap;

    yajl_gen_map_open(g);
    va_start(ap, key);
    for (; key; key = va_arg(ap, const char *))
        json_gen_pair(g, key, &ap);
    va_end(ap);
    yajl_gen_map_close(g);
    return json_gen_text(sc, g);
}

char *snap_json_array(libxl_snapshot_ctx *sc, const char *const *items,
                      int num)
{
    yajl_gen g = json_gen_alloc();
    int i;

    yajl_gen_array_open(g);
    for (i = 0; i < num; i++)
        json_gen_raw(g, items[i]);
    yajl_gen_array_close(g);
    return json_gen_text(sc, g);
}

char *snap_json_strings(libxl_snapshot_ctx *sc, const char *const *items,
                        int num)
{
    yajl_gen g = json_gen_alloc();
    int i;

    yajl_gen_array_open(g);
    for (i = 0; i < num; i++)
        json_gen_str(g, items[i]);
    yajl_gen_array_close(g);
    return json_gen_text(sc, g);
}

/* Past the string that begins at @text. */
static const char *json_skip_string(const char *text)
{
    for (text++; *text && *text != '"'; text++)
        if (*text == '\\' && text[1]) text++;
    return text;
}

/* JSON has no comments, but yajl_tree_parse() accepts them, and quotes in
 * them would not be strings. */
size_t snap_json_count(const char *text)
{
    size_t num = 1;
    int depth = 0;

    for (; *text; text++) {
        if (*text == '"') {
            text = json_skip_string(text);
            if (!*text) break;
        } else if (*text == '/') {
            return SIZE_MAX;
        } else if (*text == ',') {
            num++;
        } else if (*text == '{' || *text == '[') {
            num++;
            if (++depth > JSON_DEPTH_MAX) return SIZE_MAX;
        } else if (*text == '}' || *text == ']') {
            depth--;
        }
    }
    return num;
}

/* Restore the bytes that json_gen_str() spelled. */
static void json_join_strings(yajl_val v)
{
    size_t i;

    if (YAJL_IS_STRING(v)) snap_text_join(v->u.string);
    for (i = 0; YAJL_IS_ARRAY(v) && i < v->u.array.len; i++)
        json_join_strings(v->u.array.values[i]);
    for (i = 0; YAJL_IS_OBJECT(v) && i < v->u.object.len; i++)
        json_join_strings(v->u.object.values[i]);
}

yajl_val snap_json_parse(const char *text)
{
    yajl_val v = snap_json_count(text) == SIZE_MAX
        ? NULL : yajl_tree_parse(text, NULL, 0);

    if (v) json_join_strings(v);
    return v;
}

yajl_val snap_json_get(yajl_val obj, const char *key)
{
    const char *path[] = { key, NULL };

    return yajl_tree_get(obj, path, yajl_t_any);
}

const char *snap_json_str(yajl_val obj, const char *key)
{
    return YAJL_GET_STRING(snap_json_get(obj, key));
}

char *snap_json_dup(libxl_snapshot_ctx *sc, yajl_val obj, const char *key)
{
    return snap_strdup(sc, snap_json_str(obj, key));
}

const char **snap_json_dup_strings(libxl_snapshot_ctx *sc, yajl_val obj,
                                   const char *name, int *num_r)
{
    yajl_val list = snap_json_get(obj, name);
    size_t i, num = YAJL_IS_ARRAY(list) ? list->u.array.len : 0;
    const char **strings = snap_zalloc(sc, (num + 1) * sizeof(*strings));

    *num_r = 0;
    for (i = 0; i < num; i++)
        if (YAJL_IS_STRING(list->u.array.values[i]))
            strings[(*num_r)++] = snap_strdup(
                sc, YAJL_GET_STRING(list->u.array.values[i]));
    return strings;
}

bool snap_json_bool(yajl_val obj, const char *key)
{
    return YAJL_IS_TRUE(snap_json_get(obj, key));
}

uint64_t snap_json_u64(yajl_val obj, const char *key)
{
    yajl_val v = snap_json_get(obj, key);

    return YAJL_IS_INTEGER(v) && YAJL_GET_INTEGER(v) > 0
        ? YAJL_GET_INTEGER(v) : 0;
}
