/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_json.c: printing JSON with yajl, see xl_json.h. */
#include "xl_json.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>
#include <libxl_snapshot.h>

#include "xl_output.h"
#include "xl_utils.h"

struct json {
    yajl_gen gen;
};

static void json_key(struct json *j, const char *key)
{
    if (!key) return;
    yajl_gen_string(j->gen, (const unsigned char *)key, strlen(key));
}

struct json *json_begin(void)
{
    struct json *j = xcalloc(1, sizeof(*j));

    j->gen = yajl_gen_alloc(NULL);
    if (!j->gen) abort();
    yajl_gen_config(j->gen, yajl_gen_beautify, 1);
    return j;
}

void json_print(struct json *j)
{
    const unsigned char *text;
    size_t len;

    yajl_gen_get_buf(j->gen, &text, &len);
    print_lines((const char *)text);
    yajl_gen_free(j->gen);
    free(j);
}

void json_open_object(struct json *j, const char *key)
{
    json_key(j, key);
    yajl_gen_map_open(j->gen);
}

void json_close_object(struct json *j)
{
    yajl_gen_map_close(j->gen);
}

void json_open_array(struct json *j, const char *key)
{
    json_key(j, key);
    yajl_gen_array_open(j->gen);
}

void json_close_array(struct json *j)
{
    yajl_gen_array_close(j->gen);
}

void json_str(struct json *j, const char *key, const char *value)
{
    char *text;

    if (!value) return;
    text = libxl_snapshot_json_string(value);
    json_text(j, key, text);
    free(text);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
    json_key(j, key);
    yajl_gen_integer(j->gen, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
    json_key(j, key);
    yajl_gen_bool(j->gen, value);
}

void json_strings(struct json *j, const char *key, char *const *values,
                  int num)
{
    int i;

    json_open_array(j, key);
    for (i = 0; i < num; i++)
        json_str(j, NULL, values[i]);
    json_close_array(j);
}

void json_text(struct json *j, const char *key, const char *value)
{
    json_key(j, key);
    /* yajl copies the text of a number as it is */
    yajl_gen_number(j->gen, value, strlen(value));
}
