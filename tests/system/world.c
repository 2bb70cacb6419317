/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * world.c: prints all that a refused or failed command must leave as it was:
 * the files below the FOLDERs, and of the DOMAIN whether it runs, its stored
 * config, what xenstore says of its disks, and QEMU's nodes. In dom0 of an
 * emulated host a look by this program takes a fifth of a second; by ls, xl,
 * xenstore-ls and socat it takes four.
 *
 *   world DOMAIN FOLDER...
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <libxl.h>
#include <libxl_utils.h>
#include <xenstore.h>
#include <yajl/yajl_tree.h>

static char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0) abort();
    va_end(ap);
    return s;
}

static void print_files(const char *path)
{
    struct dirent **names;
    struct stat st;
    char *below;
    int i, num;

    if (lstat(path, &st)) return;
    printf("%s %o\n", path, st.st_mode);
    if (!S_ISDIR(st.st_mode)) return;
    num = scandir(path, &names, NULL, alphasort);
    for (i = 0; i < num; i++) {
        if (strcmp(names[i]->d_name, ".") && strcmp(names[i]->d_name, "..")) {
            below = format("%s/%s", path, names[i]->d_name);
            print_files(below);
            free(below);
        }
        free(names[i]);
    }
    if (num >= 0) free(names);
}

/* Of a disk's nodes those with a value have none below. */
static void print_xenstore(struct xs_handle *xs, const char *path)
{
    unsigned int i, num = 0, len;
    char *value = xs_read(xs, XBT_NULL, path, &len), *below;
    char **names = !value || *value ? NULL
                                    : xs_directory(xs, XBT_NULL, path, &num);

    if (value) printf("%s = \"%s\"\n", path, value);
    for (i = 0; names && i < num; i++) {
        below = format("%s/%s", path, names[i]);
        print_xenstore(xs, below);
        free(below);
    }
    free(names);
    free(value);
}

static FILE *ask_qemu(uint32_t domid)
{
    static const char ask[] =
        "{\"execute\":\"qmp_capabilities\"}\n"
        "{\"execute\":\"query-named-block-nodes\",\"arguments\":{\"flat\":true},"
        "\"id\":9}\n";
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(addr.sun_path, sizeof(addr.sun_path), "/run/xen/qmp-libxl-%u",
             domid);
    if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr))
        || send(fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL) < 0)
        return NULL;
    return fdopen(fd, "r");
}

static void print_nodes(uint32_t domid)
{
    const char *list[] = { "return", NULL }, *id[] = { "id", NULL };
    const char *name[] = { "node-name", NULL }, *file[] = { "file", NULL };
    FILE *qemu = ask_qemu(domid);
    char *line = NULL;
    size_t size = 0, i;
    yajl_val reply;

    while (qemu && getline(&line, &size, qemu) > 0) {
        reply = yajl_tree_parse(line, NULL, 0);
        if (yajl_tree_get(reply, id, yajl_t_number)) {
            yajl_val nodes = yajl_tree_get(reply, list, yajl_t_array), node;

            for (i = 0; nodes && i < nodes->u.array.len; i++) {
                node = nodes->u.array.values[i];
                printf("node %s %s\n",
                       YAJL_GET_STRING(yajl_tree_get(node, name, yajl_t_string)),
                       YAJL_GET_STRING(yajl_tree_get(node, file, yajl_t_string)));
            }
            yajl_tree_free(reply);
            break;
        }
        yajl_tree_free(reply);
    }
    free(line);
    if (qemu) fclose(qemu);
    else printf("no QEMU\n");
}

static void print_domain(libxl_ctx *ctx, uint32_t domid)
{
    struct xs_handle *xs = xs_open(0);
    libxl_dominfo info;
    uint8_t *json = NULL;
    char *path;
    int len = 0;

    libxl_dominfo_init(&info);
    libxl_domain_info(ctx, &info, domid);
    printf("domid %u%s%s%s\n", domid, info.paused ? " paused" : "",
           info.shutdown ? " shutdown" : "", info.dying ? " dying" : "");
    libxl_dominfo_dispose(&info);

    /* as it is stored, without what libxl adds to it from xenstore */
    if (!libxl_userdata_retrieve(ctx, domid, "libxl-json", &json, &len))
        printf("%.*s\n", len, (char *)json);
    free(json);

    path = format("/libxl/%u/device", domid);
    print_xenstore(xs, path);
    free(path);
    path = format("/local/domain/0/backend/qdisk/%u", domid);
    print_xenstore(xs, path);
    free(path);
    xs_close(xs);
    print_nodes(domid);
}

int main(int argc, char **argv)
{
    xentoollog_logger *lg = (xentoollog_logger *)
        xtl_createlogger_stdiostream(stderr, XTL_CRITICAL, 0);
    libxl_ctx *ctx;
    uint32_t domid;
    int i;

    if (argc < 2 || libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0, lg)) return 1;
    for (i = 2; i < argc; i++) print_files(argv[i]);
    if (libxl_name_to_domid(ctx, argv[1], &domid)) puts("no domain");
    else print_domain(ctx, domid);
    libxl_ctx_free(ctx);
    xtl_logger_destroy(lg);
    return 0;
}
