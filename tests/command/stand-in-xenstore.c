/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * stand-in-xenstore.c: libxenstore over the table of stand-in-table.h: all
 * that libxl (4.17 to 4.20) calls of it.
 *
 * A transaction works on a copy, and ends with EAGAIN if the table has
 * changed meanwhile; a real xenstored fails fewer of them.  A watch fires
 * once when it is set, as xenstored's does, and then for each difference
 * since its events were last asked for, whoever made it.
 */
#include "stand-in-table.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <xenstore.h>

/* A watch, or an event that one has fired. */
struct xs_pair {
    char *path, *token;
    struct xs_pair *next;
};

struct xs_transaction {
    xs_transaction_t id;
    struct table *before, *now;
    struct xs_transaction *next;
};

struct xs_handle {
    xs_transaction_t last_id;
    struct xs_transaction *transactions;
    struct xs_pair *watches, *events;
    struct table *seen;         /* by the watches; NULL: there are none */
    int epoll;                  /* of the next two; -1 until it is used */
    int inotify, eventfd;
};

static struct xs_pair **pair_add(struct xs_pair **end, const char *path,
                                 const char *token)
{
    struct xs_pair *pair = calloc(1, sizeof(*pair));

    if (!pair) abort();
    pair->path = strdup(path);
    pair->token = strdup(token);
    if (!pair->path || !pair->token) abort();
    while (*end) end = &(*end)->next;
    *end = pair;
    return end;
}

static void pair_remove(struct xs_pair **at)
{
    struct xs_pair *pair = *at;

    *at = pair->next;
    free(pair->path);
    free(pair->token);
    free(pair);
}

/*-- handles ------------------------------------------------------------*/

struct xs_handle *xs_open(unsigned long flags)
{
    struct table *table = table_load(false);
    struct xs_handle *h;

    if (!table) return NULL;
    table_free(table);
    h = calloc(1, sizeof(*h));
    if (!h) abort();
    h->epoll = h->inotify = h->eventfd = -1;
    return h;
}

static struct xs_transaction **xs_find(struct xs_handle *h,
                                       xs_transaction_t t)
{
    struct xs_transaction **at = &h->transactions;

    while (*at && (*at)->id != t) at = &(*at)->next;
    return at;
}

static void xs_forget(struct xs_transaction **at)
{
    struct xs_transaction *transaction = *at;

    *at = transaction->next;
    table_free(transaction->before);
    table_free(transaction->now);
    free(transaction);
}

void xs_close(struct xs_handle *h)
{
    if (!h) return;
    while (h->transactions) xs_forget(&h->transactions);
    while (h->watches) pair_remove(&h->watches);
    while (h->events) pair_remove(&h->events);
    table_free(h->seen);
    if (h->epoll >= 0) close(h->epoll);
    if (h->inotify >= 0) close(h->inotify);
    if (h->eventfd >= 0) close(h->eventfd);
    free(h);
}

void xs_daemon_destroy_postfork(struct xs_handle *h)
{
    xs_close(h);
}

/*-- transactions -------------------------------------------------------*/

/* The table that @t works on, to be given back by xs_end(). */
static struct table *xs_begin(struct xs_handle *h, xs_transaction_t t,
                              bool to_change)
{
    struct xs_transaction *transaction;

    if (t == XBT_NULL) return table_load(to_change);
    transaction = *xs_find(h, t);
    if (transaction) return transaction->now;
    errno = ENOENT;
    return NULL;
}

/* Give @table back.  @done: a change has been made and is to be kept. */
static bool xs_end(xs_transaction_t t, struct table *table, bool done)
{
    int saved;

    if (t != XBT_NULL) return done;
    if (done && table_store(table)) done = false;
    saved = errno;
    table_free(table);
    errno = saved;
    return done;
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    struct table *table = table_load(false);
    struct xs_transaction *transaction;

    if (!table) return XBT_NULL;
    transaction = calloc(1, sizeof(*transaction));
    if (!transaction) abort();
    transaction->id = ++h->last_id;
    transaction->before = table_copy(table);
    transaction->now = table_copy(table);
    transaction->now->changed = false;
    transaction->next = h->transactions;
    h->transactions = transaction;
    table_free(table);
    return transaction->id;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t,
                        bool abandon)
{
    struct xs_transaction **at = xs_find(h, t);
    struct table *table = NULL;
    bool done = abandon;

    if (!*at) {
        errno = ENOENT;
        return false;
    }
    if (!abandon) table = table_load(true);
    if (table) {
        done = table_is_same(table, (*at)->before);
        errno = EAGAIN;
        (*at)->now->fd = table->fd;
        if (done && table_store((*at)->now)) done = false;
        (*at)->now->fd = -1;
        xs_end(XBT_NULL, table, false);
    }
    xs_forget(at);
    return done;
}

/*-- nodes --------------------------------------------------------------*/

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
              unsigned int *len)
{
    struct table *table = xs_begin(h, t, false);
    const char *value = table ? table_get(table, path) : NULL;
    char *copy = value ? strdup(value) : NULL;

    if (len) *len = copy ? strlen(copy) : 0;
    if (table && !value) errno = ENOENT;
    if (table) xs_end(t, table, false);
    return copy;
}

/* The name of node @i, if it stands right below @path; else NULL. */
static const char *xs_child(const struct table *table, size_t i,
                            const char *path)
{
    const char *node = table->nodes[i].path, *name;

    if (!table_is_below(node, path) || !strcmp(node, path)) return NULL;
    name = node + strlen(path) + 1;
    return strchr(name, '/') ? NULL : name;
}

/* The result is one block for the caller to free: pointers and text. */
char **xs_directory(struct xs_handle *h, xs_transaction_t t,
                    const char *path, unsigned int *num)
{
    struct table *table = xs_begin(h, t, false);
    size_t size = sizeof(char *), i, n = 0;
    char **names = NULL, *text;

    if (!table) return NULL;
    if (!table_get(table, path)) {
        errno = ENOENT;
        goto out;
    }
    for (i = 0; i < table->num; i++)
        if (xs_child(table, i, path)) {
            size += sizeof(char *) + strlen(table->nodes[i].path);
            n++;
        }
    names = malloc(size);
    if (!names) abort();
    text = (char *)(names + n);
    *num = n;
    for (i = n = 0; i < table->num; i++)
        if (xs_child(table, i, path)) {
            names[n++] = text;
            text = stpcpy(text, xs_child(table, i, path)) + 1;
        }
 out:
    xs_end(t, table, false);
    return names;
}

/* A line of the table cannot hold everything that a node may. */
bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
              const void *data, unsigned int len)
{
    struct table *table;
    char *value;

    if (path[0] != '/' || strpbrk(path, " \n")
        || memchr(data, '\n', len)) {
        errno = EINVAL;
        return false;
    }
    table = xs_begin(h, t, true);
    if (!table) return false;
    value = strndup(data, len);
    if (!value) abort();
    table_set(table, path, value);
    free(value);
    return xs_end(t, table, true);
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    struct table *table = xs_begin(h, t, true);

    if (!table) return false;
    if (!table_get(table, path)) table_set(table, path, "");
    return xs_end(t, table, true);
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    struct table *table = xs_begin(h, t, true);

    if (!table) return false;
    if (table_remove(table, path)) return xs_end(t, table, true);
    errno = ENOENT;
    return xs_end(t, table, false);
}

/* Everybody here is domain 0, which may do everything. */
bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
                        const char *path, struct xs_permissions *perms,
                        unsigned int num_perms)
{
    unsigned int len;
    char *value = xs_read(h, t, path, &len);
    bool there = value != NULL;

    free(value);
    return there;
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
    char *path;

    if (asprintf(&path, "/local/domain/%u", domid) < 0) abort();
    return path;
}

bool xs_path_is_subpath(const char *parent, const char *child)
{
    return table_is_below(child, parent);
}

/*-- watches ------------------------------------------------------------*/

static void watch_drain(int fd)
{
    struct pollfd pfd = { .fd = fd, .events = POLLIN };
    char buf[4096];

    while (poll(&pfd, 1, 0) > 0 && read(fd, buf, sizeof(buf)) > 0);
}

static bool watch_add(int epoll, int fd)
{
    struct epoll_event event = { .events = EPOLLIN };

    return fd >= 0 && !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* The descriptor is readable while an event waits, and when somebody has
 * written to the table. */
int xs_fileno(struct xs_handle *h)
{
    if (h->epoll >= 0) return h->epoll;
    h->epoll = epoll_create1(EPOLL_CLOEXEC);
    h->inotify = inotify_init1(IN_CLOEXEC);
    h->eventfd = eventfd(0, EFD_CLOEXEC);
    if (!watch_add(h->epoll, h->inotify)
        || !watch_add(h->epoll, h->eventfd)
        || inotify_add_watch(h->inotify, table_path(), IN_MODIFY) < 0)
        abort();
    return h->epoll;
}

static void watch_fire(struct xs_handle *h, const struct xs_pair *watch,
                       const char *path)
{
    xs_fileno(h);
    pair_add(&h->events, path, watch->token);
    if (eventfd_write(h->eventfd, 1)) abort();
}

/* @path has changed.  xenstored tells too when a domain comes or ends. */
static void watch_changed(struct xs_handle *h, const char *path,
                          bool is_new)
{
    const char *special = strncmp(path, "xen/", 4) ? NULL
        : is_new ? "@introduceDomain" : "@releaseDomain";
    const struct xs_pair *watch;

    for (watch = h->watches; watch; watch = watch->next) {
        if (special && !strcmp(watch->path, special))
            watch_fire(h, watch, special);
        else if (!special && table_is_below(path, watch->path))
            watch_fire(h, watch, path);
    }
}

static void watch_compare(struct xs_handle *h, const struct table *old,
                          const struct table *new)
{
    size_t i = 0, j = 0;
    int order;

    while (i < old->num || j < new->num) {
        order = i == old->num ? 1 : j == new->num ? -1
            : strcmp(old->nodes[i].path, new->nodes[j].path);
        if (order < 0)
            watch_changed(h, old->nodes[i].path, false);
        else if (order > 0)
            watch_changed(h, new->nodes[j].path, true);
        else if (strcmp(old->nodes[i].value, new->nodes[j].value))
            watch_changed(h, new->nodes[j].path, false);
        if (order <= 0) i++;
        if (order >= 0) j++;
    }
}

static void watch_look(struct xs_handle *h)
{
    struct table *now;

    if (!h->watches) return;
    watch_drain(h->inotify);
    now = table_load(false);
    if (!now) return;
    if (h->seen) watch_compare(h, h->seen, now);
    table_free(h->seen);
    h->seen = table_copy(now);
    table_free(now);
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    watch_look(h);
    xs_fileno(h);
    watch_fire(h, *pair_add(&h->watches, path, token), path);
    if (!h->seen) watch_look(h);
    return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    struct xs_pair **at = &h->watches;

    while (*at
           && (strcmp((*at)->path, path) || strcmp((*at)->token, token)))
        at = &(*at)->next;
    if (!*at) {
        errno = ENOENT;
        return false;
    }
    pair_remove(at);
    return true;
}

/* The result is one block, as that of xs_directory(). */
char **xs_check_watch(struct xs_handle *h)
{
    const struct xs_pair *event;
    char **vec;

    watch_look(h);
    event = h->events;
    if (!event) {
        if (h->eventfd >= 0) watch_drain(h->eventfd);
        errno = EAGAIN;
        return NULL;
    }
    vec = malloc(2 * sizeof(*vec) + strlen(event->path)
                 + strlen(event->token) + 2);
    if (!vec) abort();
    vec[XS_WATCH_PATH] = (char *)(vec + 2);
    vec[XS_WATCH_TOKEN] = stpcpy(vec[XS_WATCH_PATH], event->path) + 1;
    strcpy(vec[XS_WATCH_TOKEN], event->token);
    pair_remove(&h->events);
    return vec;
}

char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
    struct pollfd pfd = { .fd = xs_fileno(h), .events = POLLIN };
    char **vec;

    while (!(vec = xs_check_watch(h)))
        if (poll(&pfd, 1, -1) < 0 && errno != EINTR) return NULL;
    *num = 2;
    return vec;
}

/*-- calls about whole domains ------------------------------------------*/

/* Domains are made by xl, and not by libxl within our command. */
static bool xs_refuse(void)
{
    errno = ENOSYS;
    return false;
}

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
                         unsigned long mfn, unsigned int eventchn)
{
    return xs_refuse();
}

bool xs_set_target(struct xs_handle *h, unsigned int domid,
                   unsigned int target)
{
    return xs_refuse();
}

/* A domain that is resumed or destroyed changes in the table by itself. */
bool xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
    return true;
}

bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
    return true;
}

int xs_suspend_evtchn_port(int domid)
{
    return -1;
}
