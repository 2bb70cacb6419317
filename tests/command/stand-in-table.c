/* SPDX-License-Identifier: LGPL-2.1-only */
/* stand-in-table.c: a text file as the table of a host; see the header. */
#include "stand-in-table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The program under test keeps no such variable. */
static const char *path_of_table;
static void __attribute__((constructor)) table_begin(void)
{
    path_of_table = getenv("STAND_IN_XEN");
}

const char *table_path(void)
{
    return path_of_table;
}

/* The index of @path, or of the node that it would stand before. */
static size_t table_find(const struct table *table, const char *path,
                         bool *found_r)
{
    size_t low = 0, high = table->num, middle;
    int order;

    while (low < high) {
        middle = (low + high) / 2;
        order = strcmp(path, table->nodes[middle].path);
        if (!order) {
            *found_r = true;
            return middle;
        }
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    *found_r = false;
    return low;
}

const char *table_get(const struct table *table, const char *path)
{
    bool found;
    size_t i = table_find(table, path, &found);

    return found ? table->nodes[i].value : NULL;
}

static char *table_strndup(const char *text, size_t len)
{
    char *copy = strndup(text, len);

    if (!copy) abort();
    return copy;
}

static void table_insert(struct table *table, size_t at, const char *path)
{
    size_t size = (table->num + 1) * sizeof(*table->nodes);

    table->nodes = realloc(table->nodes, size);
    if (!table->nodes) abort();
    memmove(&table->nodes[at + 1], &table->nodes[at],
            (table->num - at) * sizeof(*table->nodes));
    table->nodes[at].path = table_strndup(path, strlen(path));
    table->nodes[at].value = table_strndup("", 0);
    table->num++;
}

/* As xenstore does: a node makes those above it. */
void table_set(struct table *table, const char *path, const char *value)
{
    const char *slash;
    char *above;
    size_t i;
    bool found;

    i = table_find(table, path, &found);
    if (found && !strcmp(table->nodes[i].value, value)) return;
    table->changed = true;
    if (!found) {
        table_insert(table, i, path);
        slash = strrchr(path, '/');
        if (slash && slash != path) {
            above = table_strndup(path, slash - path);
            if (!table_get(table, above)) table_set(table, above, "");
            free(above);
        }
        i = table_find(table, path, &found);
    }
    free(table->nodes[i].value);
    table->nodes[i].value = table_strndup(value, strlen(value));
}

bool table_is_below(const char *path, const char *above)
{
    size_t len = strlen(above);

    return !strncmp(path, above, len) && (!path[len] || path[len] == '/');
}

bool table_remove(struct table *table, const char *path)
{
    size_t i, kept = 0;
    bool any = false;

    for (i = 0; i < table->num; i++) {
        if (table_is_below(table->nodes[i].path, path)) {
            free(table->nodes[i].path);
            free(table->nodes[i].value);
            any = true;
        } else {
            table->nodes[kept++] = table->nodes[i];
        }
    }
    table->num = kept;
    if (any) table->changed = true;
    return any;
}

/*-- the file -----------------------------------------------------------*/

static void table_parse(struct table *table, char *text)
{
    char *line, *space;

    while ((line = strsep(&text, "\n"))) {
        if (!*line || *line == '#') continue;
        space = strchr(line, ' ');
        if (space) *space = 0;
        table_set(table, line, space ? space + 1 : "");
    }
    table->changed = false;
}

static int table_read(struct table *table)
{
    struct stat st;
    char *text;
    ssize_t got;

    if (fstat(table->fd, &st)) return -1;
    text = calloc(1, st.st_size + 1);
    if (!text) abort();
    got = pread(table->fd, text, st.st_size, 0);
    if (got == st.st_size) table_parse(table, text);
    else errno = EIO;
    free(text);
    return got == st.st_size ? 0 : -1;
}

struct table *table_load(bool to_change)
{
    const char *path = table_path();
    struct table *table;
    int fd, r;

    errno = ENOENT;
    fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return NULL;
    do r = flock(fd, to_change ? LOCK_EX : LOCK_SH);
    while (r && errno == EINTR);
    table = calloc(1, sizeof(*table));
    if (!table) abort();
    table->fd = fd;
    if (!r && !table_read(table)) return table;
    table_free(table);
    return NULL;
}

int table_store(const struct table *table)
{
    char *text = NULL;
    size_t len = 0, i;
    FILE *f;
    int r;

    if (!table->changed) return 0;
    f = open_memstream(&text, &len);
    if (!f) abort();
    for (i = 0; i < table->num; i++)
        fprintf(f, "%s %s\n", table->nodes[i].path, table->nodes[i].value);
    if (fclose(f)) abort();
    r = pwrite(table->fd, text, len, 0) == (ssize_t)len ? 0 : -1;
    if (!r) r = ftruncate(table->fd, len);
    free(text);
    return r;
}

/*-- copies -------------------------------------------------------------*/

struct table *table_copy(const struct table *table)
{
    struct table *copy = calloc(1, sizeof(*copy));
    size_t i;

    if (!copy) abort();
    copy->fd = -1;
    for (i = 0; i < table->num; i++)
        table_set(copy, table->nodes[i].path, table->nodes[i].value);
    return copy;
}

bool table_is_same(const struct table *one, const struct table *two)
{
    size_t i;

    if (one->num != two->num) return false;
    for (i = 0; i < one->num; i++)
        if (strcmp(one->nodes[i].path, two->nodes[i].path)
            || strcmp(one->nodes[i].value, two->nodes[i].value))
            return false;
    return true;
}

void table_free(struct table *table)
{
    size_t i;

    if (!table) return;
    for (i = 0; i < table->num; i++) {
        free(table->nodes[i].path);
        free(table->nodes[i].value);
    }
    free(table->nodes);
    if (table->fd >= 0) close(table->fd);       /* and unlock it */
    free(table);
}
