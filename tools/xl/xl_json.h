/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_json.h: print a JSON document, member after member.
 *
 * xl_json.c alone knows the JSON library: xl is built with yajl or, since
 * 4.21, with json-c.  libxlsnapshot's own writer (base/json.c) is not
 * public: it makes text that becomes a value of other text, for plans and
 * QMP.
 *
 * @key names the member of an object; in an array, and at the top, it is
 * NULL.
 */
#ifndef XL_JSON_H
#define XL_JSON_H

#include <stdbool.h>
#include <stdint.h>

struct json;

/* Begin a document. */
struct json *json_begin(void);
/* Print it to stdout, and free it. */
void json_print(struct json *j);

void json_open_object(struct json *j, const char *key);
void json_close_object(struct json *j);
void json_open_array(struct json *j, const char *key);
void json_close_array(struct json *j);

/* @value NULL leaves the member out. */
void json_str(struct json *j, const char *key, const char *value);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);
/* An array of strings. */
void json_strings(struct json *j, const char *key, char *const *values,
                  int num);
/* @value is the text of a JSON value. */
void json_text(struct json *j, const char *key, const char *value);

#endif /* XL_JSON_H */
