/* SPDX-License-Identifier: LGPL-2.1-only */
/* xl_json.h: members of a JSON object, and the whole of it on stdout. */
#ifndef XL_JSON_H
#define XL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <yajl/yajl_gen.h>

yajl_gen json_begin(void);
/* Print what was made, and free it. */
void json_print(yajl_gen g);

void json_key(yajl_gen g, const char *key);
/* NULL leaves it out. */
void json_str(yajl_gen g, const char *key, const char *value);
void json_u64(yajl_gen g, const char *key, uint64_t value);
void json_bool(yajl_gen g, const char *key, bool value);
/* A string in an array. */
void json_item(yajl_gen g, const char *value);
/* Opens it: yajl_gen_array_close() ends it. */
void json_array(yajl_gen g, const char *key);

#endif /* XL_JSON_H */
