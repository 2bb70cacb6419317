/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * test-keys.c: the table of the snapshot config's keys.  A new row is
 * tested here without a new line, unless its type is new: that needs a
 * sample.
 */
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>

static libxl_domain_snapshot snap;

/* What is written of a type, for instance.  "@" is the key's name. */
struct sample {
    const struct snap_key_type *type;
    bool list;
    const char *values[6];      /* of a list: its items */
};

static const struct sample samples[] = {
    { &snap_key_string, false, {
      "\"of @\"", "\"\"", "\"a \\\"b\\\" 'c' \\\\d\\n#[;]\\n\"" } },
    { &snap_key_name, false, { "\"@-1\"", "\"a.b_c+d\"" } },
    { &snap_key_word, false, { NULL } },        /* the row has them */
    { &snap_key_uuid, false, {
      "\"1b3e5f70-0102-0304-0506-0708090a0bff\"",
      "\"00000000-0000-0000-0000-000000000000\"" } },
    { &snap_key_domain_type, false, { "\"pvh\"", "\"pv\"", "\"hvm\"" } },
    { &snap_key_time, false, { "1732181400", "0", "2147483647" } },
    { &snap_key_bool, false, { "1", "0" } },
    { &snap_key_images, true, {
      "format=qcow2,vdev=xvda,access=rw,target=/a, b=c,,", ",,xvdb" } },
    { &snap_key_parents, true, {
      "format=raw,vdev=xvda,access=rw,target=/p",
      "format=qcow2,vdev=xvdb,access=rw,target=/\"q'" } },
    { &snap_key_texts, true, { "xvda=@", "xvdb=a=b" } },
    { &snap_key_skipped, true, { "xvdc", "sda1" } },
};

static const struct sample *sample_of(const struct snap_key *key)
{
    size_t i;

    for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        if (samples[i].type == key->type)
            return &samples[i];
    check_that(false, __LINE__, __FILE__, "no sample of the type of key "
               "%s", key->name);
    return NULL;
}

/* @value for @key. */
static char *named(const struct snap_key *key, const char *value)
{
    const char *at = strchr(value, '@');

    if (!at) return snap_strdup(sc, value);
    return snap_sprintf(sc, "%.*s%s%s", (int)(at - value), value,
                        key->name, at + 1);
}

/* @key set to the @n-th value of its type, from 0; NULL: there is none. */
static char *setting(const struct snap_key *key, int n)
{
    const struct sample *sample = sample_of(key);
    const char *value;
    char *text;
    int i;

    if (!sample) return NULL;
    if (!sample->list) {
        if (key->words && key->words[n])
            return snap_sprintf(sc, "%s = \"%s\"\n", key->name,
                                key->words[n]);
        value = key->words ? NULL : sample->values[n];
        return value ? snap_sprintf(sc, "%s = %s\n", key->name,
                                    named(key, value)) : NULL;
    }
    if (n) return NULL;
    text = snap_sprintf(sc, "%s%s = [\n", key->comment, key->name);
    for (i = 0; sample->values[i]; i++)
        text = snap_sprintf(sc, "%s    %s,\n", text, snap_config_quote(
                                sc, named(key, sample->values[i])));
    return snap_sprintf(sc, "%s]\n", text);
}

static int parse(const char *text)
{
    libxl_domain_snapshot_dispose(&snap);
    return snap_config_parse(sc, "s.cfg", text, &snap);
}

/* The disks that lists are about. */
static const char *disks_before(const struct snap_key *key)
{
    const struct sample *sample = sample_of(key);

    if (!sample || !sample->list || key->type == &snap_key_images)
        return "";
    return setting(snap_key_find("disks", 5), 0);
}

static void comes_back(const struct snap_key *key, const char *text)
{
    char *written = NULL;
    size_t len;
    FILE *f = open_memstream(&written, &len);

    CHECK_OK(parse(snap_sprintf(sc, "%s%s", disks_before(key), text)));
    key->type->write(sc, f, key, &snap);
    fclose(f);
    CHECK_STR(written, text);
    free(written);
    libxl_domain_snapshot_dispose(&snap);
}

/*-- the tests ----------------------------------------------------------*/

static void each_row_is_whole(void)
{
    const struct snap_key *key, *other;

    for (key = snap_keys; key->name; key++) {
        check_that(*key->name
                   && !key->name[strspn(key->name,
                                        "abcdefghijklmnopqrstuvwxyz_")]
                   && key->flags & (SNAP_KEY_FOR_CREATE | SNAP_KEY_WRITTEN)
                   && key->type && key->type->read && key->type->write,
                   __LINE__, __FILE__, "row %s has a hole", key->name);
        CHECK((key->type == &snap_key_word)
              == (key->words && key->words[0]));
        CHECK((key->type == &snap_key_texts) == (key->item != NULL));
        for (other = snap_keys; other < key; other++)
            check_that(strcmp(other->name, key->name), __LINE__, __FILE__,
                       "key %s has two rows", key->name);
    }
    CHECK(key - snap_keys > 10);
}

static void a_key_is_found_by_its_whole_name(void)
{
    const struct snap_key *key;

    for (key = snap_keys; key->name; key++)
        CHECK(snap_key_find(key->name, strlen(key->name)) == key);
    CHECK_STR(snap_key_find("memory_path = 1", 6)->name, "memory");
    CHECK(!snap_key_find("memory_", 7));
    CHECK(!snap_key_find("memor", 5));
    CHECK(!snap_key_find("", 0));
}

static void each_value_comes_back_as_it_was_written(void)
{
    const struct snap_key *key;
    const char *text;
    int n;

    for (key = snap_keys; key->name; key++)
        for (n = 0; (text = setting(key, n)); n++)
            comes_back(key, text);
}

/* Two rows with one member would show. */
static void all_keys_together_come_back_in_order(void)
{
    const struct snap_key *key;
    const char *read = "", *want;
    char *text;

    want = "# A domain snapshot: see xl.snapshot.cfg(5), xl-snapshot(1)."
           "\n";
    for (key = snap_keys; key->name; key++) {
        read = snap_sprintf(sc, "%s%s", read, setting(key, 0));
        if (key->flags & SNAP_KEY_WRITTEN)
            want = snap_sprintf(sc, "%s%s", want, setting(key, 0));
    }
    CHECK_OK(parse(read));
    text = libxl_domain_snapshot_config_text(sc, &snap);
    CHECK_STR(text, want);
    free(text);
    libxl_domain_snapshot_dispose(&snap);
}

/* Valgrind and ASan find what is not freed here and in the tests above. */
static void a_snapshot_can_be_disposed_of_twice(void)
{
    libxl_domain_snapshot_init(&snap);
    CHECK_INT(snap.domain_type, LIBXL_DOMAIN_TYPE_INVALID);
    libxl_domain_snapshot_dispose(&snap);
    CHECK_OK(parse("name = 'a'\ndisks = [ ',,xvda' ]\nskipped = [ 'b' ]\n"));
    libxl_domain_snapshot_dispose(&snap);
    CHECK(!snap.name && !snap.num_disks && !snap.disks && !snap.skipped);
    CHECK_INT(snap.domain_type, LIBXL_DOMAIN_TYPE_INVALID);
    libxl_domain_snapshot_dispose(&snap);
}

TESTS(TEST(each_row_is_whole), TEST(a_key_is_found_by_its_whole_name),
      TEST(each_value_comes_back_as_it_was_written),
      TEST(all_keys_together_come_back_in_order),
      TEST(a_snapshot_can_be_disposed_of_twice))
