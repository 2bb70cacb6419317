/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan/programs.c: the programs that plans run, with their arguments.
 * Pure.
 *
 * A journal is a plan that lies in a folder.  Whoever could write one there
 * would have the next recovery run a program of his choice as root.  So a
 * step that is read runs what some plan runs, or is refused.  A driver's
 * new command gets a row here: without it no operation begins that would
 * run it, since its journal could not be read again.
 */
#include "plan/plan.h"

#include <string.h>

#define NUM(rows) (sizeof(rows) / sizeof(*(rows)))

/* The characters of names in LVM (lvm(8), VALID NAMES). */
#define LVM_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
                  "0123456789+_.-"
#define LVM_TAG "xl-snapshot."

/*-- words ------------------------------------------------------------------*/

static bool word_is_text(const char *word)
{
    return *word;
}

static bool word_is_path(const char *word)
{
    return *word == '/';
}

static bool word_is_number(const char *word)
{
    return *word && !word[strspn(word, "0123456789")];
}

/* As lvcreate takes it: bytes. */
static bool word_is_size(const char *word)
{
    size_t digits = strspn(word, "0123456789");

    return digits && !strcmp(word + digits, "b");
}

static bool word_is_format(const char *word)
{
    return *word
        && !word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789")];
}

/* storage/qcow2/internal.c: nothing behind the path, as a comma that is not
 * doubled would begin it. */
static bool word_is_image(const char *word)
{
    const char *begin = "driver=qcow2,file.filename=", *comma;

    if (strncmp(word, begin, strlen(begin))) return false;
    word += strlen(begin);
    if (*word != '/') return false;
    for (; (comma = strchr(word, ',')); word = comma + 2)
        if (comma[1] != ',') return false;
    return true;
}

/* How a qcow2 calls its base: a file, absolute or beside it. */
static bool word_is_base(const char *word)
{
    return *word && *word != '-' && word[strcspn(word, ":/")] != ':';
}

static bool word_is_nothing(const char *word)
{
    return !*word;
}

static bool word_is_lv(const char *word)
{
    return *word && *word != '-' && !word[strspn(word, LVM_CHARS)];
}

/* VG/LV. */
static bool word_is_volume(const char *word)
{
    size_t len = strspn(word, LVM_CHARS);

    return len && *word != '-' && word[len] == '/'
        && word_is_lv(word + len + 1);
}

static bool word_is_lv_tag(const char *word)
{
    return !strncmp(word, LVM_TAG, strlen(LVM_TAG)) && word_is_lv(word);
}

/* A choice of volumes by one of our tags. */
static bool word_is_choice(const char *word)
{
    const char *begin = "lv_tags={\"" LVM_TAG;
    size_t len = strlen(begin);

    if (strncmp(word, begin, len)) return false;
    len += strspn(word + len, LVM_CHARS);
    return !strcmp(word + len, "\"}");
}

/* A setting of an xl.cfg: xl reads more of them in the same word, behind a
 * newline or a semicolon. */
static bool word_is_uuid(const char *word)
{
    const char *begin = "uuid=\"";
    size_t len = strlen(begin);

    if (strncmp(word, begin, len)) return false;
    len += strspn(word + len, "0123456789abcdef-");
    return !strcmp(word + len, "\"");
}

/* The end of the string in quotes at @p; NULL: there is none. */
static const char *word_end_of_string(const char *p)
{
    if (*p++ != '"') return NULL;
    for (; *p && *p != '\n'; p++) {
        if (*p == '"') return p + 1;
        if (*p == '\\' && p[1]) p++;
    }
    return NULL;
}

/* The same: disk=["...","...",]. */
static bool word_is_disks(const char *word)
{
    const char *begin = "disk=[";

    if (strncmp(word, begin, strlen(begin))) return false;
    word += strlen(begin);
    while (*word && *word != ']') {
        word = word_end_of_string(word);
        if (!word || *word++ != ',') return false;
    }
    return !strcmp(word, "]");
}

static const struct {
    const char *name;
    bool (*is)(const char *word);
} words[] = {
    { "TEXT", word_is_text },
    { "PATH", word_is_path },
    { "NUMBER", word_is_number },
    { "SIZE", word_is_size },
    { "FORMAT", word_is_format },
    { "IMAGE", word_is_image },
    { "BASE", word_is_base },
    { "NOTHING", word_is_nothing },
    { "NAME", libxl_snapshot_name_is_valid },
    { "LV", word_is_lv },
    { "VOLUME", word_is_volume },
    { "TAG", word_is_lv_tag },
    { "CHOICE", word_is_choice },
    { "UUID", word_is_uuid },
    { "DISKS", word_is_disks },
};

/*-- programs ---------------------------------------------------------------*/

/* A name of the table above stands for such words, with dots behind it for
 * one or more. */
static const struct {
    enum snap_step_kind kind;
    enum snap_done_when done_when;      /* 0: any */
    const char *argv;
} programs[] = {
    { SNAP_STEP_EXEC, 0, "qemu-img snapshot -q -c NAME --image-opts IMAGE" },
    { SNAP_STEP_EXEC, 0, "qemu-img snapshot -q -d NAME --image-opts IMAGE" },
    { SNAP_STEP_EXEC, 0, "qemu-img snapshot -q -a TEXT --image-opts IMAGE" },
    { SNAP_STEP_EXEC, 0, "qemu-img create -q -f qcow2 -u -b PATH -F FORMAT "
                         "PATH NUMBER" },
    { SNAP_STEP_EXEC, 0, "qemu-img create -q -f FORMAT PATH NUMBER" },
    { SNAP_STEP_EXEC, 0, "qemu-img convert -n -q -f FORMAT -O FORMAT PATH "
                         "PATH" },
    { SNAP_STEP_EXEC, 0, "qemu-img convert -n -q -f FORMAT -O FORMAT -B PATH "
                         "-F FORMAT PATH PATH" },
    { SNAP_STEP_EXEC, 0, "qemu-img commit -q -f FORMAT -b PATH -d PATH" },
    { SNAP_STEP_EXEC, 0, "qemu-img rebase -q -u -f FORMAT -b BASE -F FORMAT "
                         "PATH" },
    { SNAP_STEP_EXEC, 0, "qemu-img rebase -q -f FORMAT -b BASE -F FORMAT "
                         "PATH" },
    { SNAP_STEP_EXEC, 0, "qemu-img rebase -q -f FORMAT -b NOTHING PATH" },
    { SNAP_STEP_EXEC, 0, "vhd-util snapshot -n PATH -p PATH -e" },
    { SNAP_STEP_EXEC, 0, "lvcreate -q -s -pr -n LV -L SIZE VOLUME "
                         "--addtag TAG" },
    { SNAP_STEP_EXEC, 0, "lvcreate -q -s -pr -n LV -L SIZE VOLUME" },
    { SNAP_STEP_EXEC, 0, "lvcreate -q -s -pr -ky -n LV --addtag TAG VOLUME" },
    { SNAP_STEP_EXEC, 0, "lvcreate -q -s -prw -kn -n LV --addtag TAG VOLUME" },
    { SNAP_STEP_EXEC, SNAP_DONE_LV_IS_REMOVED,
      "lvremove -q -y -f --select CHOICE VOLUME" },
    { SNAP_STEP_EXEC, 0, "lvchange -q -pr VOLUME" },
    { SNAP_STEP_EXEC, 0, "lvchange -q -prw VOLUME" },
    { SNAP_STEP_EXEC, 0, "lvchange -q -an VOLUME" },
    { SNAP_STEP_EXEC, 0, "lvchange -q -ay VOLUME" },
    { SNAP_STEP_EXEC, 0, "lvconvert -q -y --merge -i 1 VOLUME" },
    { SNAP_STEP_EXEC, 0, "sync -d -- TEXT..." },
    /* of older versions, without a tag */
    { SNAP_STEP_EXEC, 0, "lvcreate -q -s -pr -ky -n LV VOLUME" },
    { SNAP_STEP_EXEC, 0, "lvcreate -q -s -prw -kn -n LV VOLUME" },
    { SNAP_STEP_EXEC, SNAP_DONE_LV_IS_REMOVED, "lvremove -q -y -f VOLUME" },
    { SNAP_STEP_QUIESCE, 0, "PATH freeze TEXT" },
    { SNAP_STEP_THAW, 0, "PATH thaw TEXT" },
    { SNAP_STEP_RESTORE, 0, "PATH restore -p /proc/self/fd/0" },
    { SNAP_STEP_BOOT, 0, "PATH create -q -p PATH DISKS UUID" },
    { SNAP_STEP_BOOT, 0, "PATH create -q -p PATH DISKS" },
};

static bool program_word_fits(const char *of, size_t len, const char *word)
{
    size_t i;

    for (i = 0; i < NUM(words); i++)
        if (strlen(words[i].name) == len && !strncmp(words[i].name, of, len))
            return words[i].is(word);
    return strlen(word) == len && !strncmp(word, of, len);
}

static bool program_fits(const char *shape, const char *const *argv)
{
    const char *again = NULL;           /* the word that may be repeated */
    size_t len;

    for (; *argv; argv++) {
        if (!*shape) {
            if (!again) return false;
            shape = again;
        }
        len = strcspn(shape, " .");
        if (!program_word_fits(shape, len, *argv)) return false;
        again = shape[len] == '.' ? shape : NULL;
        shape += len + strspn(shape + len, " .");
    }
    return !*shape;
}

bool snap_step_argv_is_planned(const struct snap_step *step)
{
    size_t i;

    for (i = 0; i < NUM(programs); i++)
        if (programs[i].kind == step->kind
            && (!programs[i].done_when
                || programs[i].done_when == step->done_when)
            && program_fits(programs[i].argv, step->argv))
            return true;
    return false;
}
