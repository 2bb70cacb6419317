/* SPDX-License-Identifier: LGPL-2.1-only */
/* fuzz-json.c: JSON of whatever origin, and strings that become JSON. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

const char fuzz_target[] = "json";

/* No deeper than what can be freed. */
static void walk(libxl_snapshot_ctx *sc, yajl_val v, int depth)
{
    size_t i;

    MUST(depth <= 257);
    for (i = 0; YAJL_IS_ARRAY(v) && i < v->u.array.len; i++)
        walk(sc, v->u.array.values[i], depth + 1);
    for (i = 0; YAJL_IS_OBJECT(v) && i < v->u.object.len; i++) {
        const char *key = v->u.object.keys[i];

        snap_json_str(v, key);
        snap_json_bool(v, key);
        MUST(snap_json_u64(v, key) <= INT64_MAX);
        walk(sc, v->u.object.values[i], depth + 1);
    }
}

/* Whatever it is comes back. */
static void there_and_back(libxl_snapshot_ctx *sc, const char *text)
{
    const char *object = snap_json_object(sc, "s:key", text, NULL);
    yajl_val v = snap_json_parse(object);

    MUST(!strchr(object, '\n'));
    MUST(v && !strcmp(snap_json_str(v, "key"), text));
    yajl_tree_free(v);
}

/* Nothing in it reaches a terminal's controls, and it is plain already. */
static void spelled(const char *text)
{
    char *plain = libxl_snapshot_plain(text);
    char *again = libxl_snapshot_plain(plain);
    const char *p;

    MUST(snap_text_is_utf8(plain) && !strcmp(plain, again));
    for (p = plain; *p; p++)
        MUST((unsigned char)*p >= ' ' && *p != 0x7f);
    free(plain);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    libxl_snapshot_ctx *sc = fuzz_begin();
    char *text = fuzz_text(sc, data, size);
    yajl_val v = snap_json_parse(text);

    walk(sc, v, 1);
    yajl_tree_free(v);
    there_and_back(sc, text);
    spelled(text);
    return 0;
}
