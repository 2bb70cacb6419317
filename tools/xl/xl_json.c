/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_json.c: printing JSON, see xl_json.h. */
#include "xl_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

yajl_gen json_begin(void)
{
    yajl_gen g = yajl_gen_alloc(NULL);

    if (!g) abort();
    yajl_gen_config(g, yajl_gen_beautify, 1);
    return g;
}

void json_print(yajl_gen g)
{
    const unsigned char *buf;
    size_t len;

    yajl_gen_get_buf(g, &buf, &len);
    fwrite(buf, 1, len, stdout);
    yajl_gen_free(g);
}

void json_key(yajl_gen g, const char *key)
{
    yajl_gen_string(g, (const unsigned char *)key, strlen(key));
}

void json_str(yajl_gen g, const char *key, const char *value)
{
    if (!value) return;
    json_key(g, key);
    json_key(g, value);
}

void json_item(yajl_gen g, const char *value)
{
    json_key(g, value);
}

void json_u64(yajl_gen g, const char *key, uint64_t value)
{
    json_key(g, key);
    yajl_gen_integer(g, value);
}

void json_bool(yajl_gen g, const char *key, bool value)
{
    json_key(g, key);
    yajl_gen_bool(g, value);
}

void json_array(yajl_gen g, const char *key)
{
    json_key(g, key);
    yajl_gen_array_open(g);
}
