/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * stand-in-xen.c: preloaded into xl-snapshot, a Xen for the real libxl and
 * libxenctrl on a machine without one.  Hypercalls are answered from the
 * table of stand-in-table.h.
 *
 *   STAND_IN_XEN=host.txt LD_PRELOAD=stand-in-xen.so xl-snapshot ...
 *
 *   xen/5/uuid 1b3c8ee0-53f5-4c5e-8d9c-3d0a3b8e1d31   domain 5 exists
 *   xen/5/type pvh                                    or pv, hvm
 *   xen/5/state paused     any of paused (as often as it is), dying, and why
 *                          it has shut down: poweroff, reboot, suspend, crash
 *   xen/5/memory_kb 131072
 *   xen/5/cpu_ns 5000000   how long it has run, which does not go on by itself
 *   xen/5/monitor 1234     xl's daemon, which leaves when the domain ends
 *
 * Everything else about a domain, its name included, is in xenstore.  Each
 * hypercall that changes a domain adds a line to host.txt.log: "pause 5".
 * Any other fails with ENOSYS.  (libxenctrl's functions differ by version.)
 */
#include "stand-in-table.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xencall.h>
#include <xenctrl.h>
#include <xendevicemodel.h>
#include <xenforeignmemory.h>
#include <xen/sched.h>
#include <xen/version.h>

#define XEN_VERSION_MAJOR 4
#define XEN_VERSION_MINOR 17
#define XEN_PAGE 4096

/* The programs that the command starts run as they are. */
static void __attribute__((constructor)) stand_in_begin(void)
{
    unsetenv("LD_PRELOAD");
}

/*-- domains ------------------------------------------------------------*/

static const char *domain_get(const struct table *table,
                              unsigned int domid, const char *key)
{
    char path[64];

    snprintf(path, sizeof(path), "xen/%u/%s", domid, key);
    return table_get(table, path);
}

static void domain_set(struct table *table, unsigned int domid,
                       const char *key, const char *value)
{
    char path[64];

    snprintf(path, sizeof(path), "xen/%u/%s", domid, key);
    table_set(table, path, value);
}

static bool domain_is_there(const struct table *table, unsigned int domid)
{
    return domain_get(table, domid, "uuid") != NULL;
}

static bool domain_is(const struct table *table, unsigned int domid,
                      const char *word)
{
    const char *state = domain_get(table, domid, "state");

    return state && strstr(state, word);
}

/* Put that word into the state, once more, or take it out. */
static void domain_make(struct table *table, unsigned int domid,
                        const char *word, bool is)
{
    const char *state = domain_get(table, domid, "state"), *at;
    char *text;

    if (!state) state = "";
    at = strstr(state, word);
    if (!is && !at) return;
    if (is ? asprintf(&text, "%s%s%s", state, *state ? " " : "", word) < 0
           : asprintf(&text, "%.*s%s", (int)(at - state), state,
                      at + strlen(word)) < 0)
        abort();
    domain_set(table, domid, "state", text);
    free(text);
}

static uint32_t domain_flags(const struct table *table, unsigned int domid)
{
    static const struct {
        const char *word;
        uint32_t reason;
    } reasons[] = {
        { "poweroff", SHUTDOWN_poweroff }, { "reboot", SHUTDOWN_reboot },
        { "suspend", SHUTDOWN_suspend }, { "crash", SHUTDOWN_crash },
    };
    const char *type = domain_get(table, domid, "type");
    uint32_t flags = 0;
    size_t i;

    if (type && strcmp(type, "pv"))
        flags |= XEN_DOMINF_hvm_guest | XEN_DOMINF_hap;
    if (domain_is(table, domid, "paused")) flags |= XEN_DOMINF_paused;
    if (domain_is(table, domid, "dying")) flags |= XEN_DOMINF_dying;
    for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (domain_is(table, domid, reasons[i].word))
            flags |= XEN_DOMINF_shutdown
                | reasons[i].reason << XEN_DOMINF_shutdownshift;
    return flags ? flags : XEN_DOMINF_running;
}

static void domain_handle(const char *uuid, uint8_t *handle)
{
    unsigned int byte;
    int i;

    for (i = 0; i < 16; i++) {
        while (*uuid == '-') uuid++;
        if (sscanf(uuid, "%2x", &byte) != 1) return;
        handle[i] = byte;
        uuid += 2;
    }
}

static void domain_info(const struct table *table, unsigned int domid,
                        xen_domctl_getdomaininfo_t *info)
{
    const char *memory = domain_get(table, domid, "memory_kb");
    const char *cpu = domain_get(table, domid, "cpu_ns");

    memset(info, 0, sizeof(*info));
    info->domain = domid;
    info->flags = domain_flags(table, domid);
    info->nr_online_vcpus = 1;
    info->tot_pages = memory ? strtoull(memory, NULL, 10) * 1024 / XEN_PAGE
                             : 0;
    info->max_pages = info->tot_pages;
    if (cpu) info->cpu_time = strtoull(cpu, NULL, 10);
    domain_handle(domain_get(table, domid, "uuid"), info->handle);
}

/* The lowest domid from @first on; DOMID_FIRST_RESERVED: there is none. */
static unsigned int domain_next(const struct table *table,
                                unsigned int first)
{
    unsigned int next = DOMID_FIRST_RESERVED, domid;
    size_t i;

    for (i = 0; i < table->num; i++)
        if (sscanf(table->nodes[i].path, "xen/%u", &domid) == 1
            && domid >= first && domid < next
            && domain_is_there(table, domid))
            next = domid;
    return next;
}

/*-- domctl -------------------------------------------------------------*/

static void xen_log(const char *what, unsigned int domid)
{
    char path[4096], line[64];
    int fd;

    snprintf(path, sizeof(path), "%s.log", table_path());
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    snprintf(line, sizeof(line), "%s %u\n", what, domid);
    if (fd < 0 || write(fd, line, strlen(line)) < 0) abort();
    close(fd);
}

/* Up to 4.17 Xen gives the next domain where this one does not exist, and
 * xc_domain_getinfo() walks all domains by that. */
static int domctl_info(const struct table *table, struct xen_domctl *op)
{
    unsigned int domid = op->domain;

    if (XEN_DOMCTL_INTERFACE_VERSION < 0x16)
        domid = domain_next(table, domid);
    if (!domain_is_there(table, domid)) return ESRCH;
    op->domain = domid;
    domain_info(table, domid, &op->u.getdomaininfo);
    return 0;
}

static int domctl_scheduler(struct xen_domctl *op)
{
    if (op->u.scheduler_op.sched_id != XEN_SCHEDULER_CREDIT2
        || op->u.scheduler_op.cmd != XEN_DOMCTL_SCHEDOP_getinfo)
        return ENOSYS;
    op->u.scheduler_op.u.credit2.weight = 256;
    op->u.scheduler_op.u.credit2.cap = 0;
    return 0;
}

static void domctl_destroy(struct table *table, unsigned int domid)
{
    const char *monitor = domain_get(table, domid, "monitor");
    char path[64];

    if (monitor) kill(atoi(monitor), SIGTERM);
    snprintf(path, sizeof(path), "xen/%u", domid);
    table_remove(table, path);
    xen_log("destroy", domid);
}

/* 0 or an errno. */
static int xen_domctl(struct table *table, struct xen_domctl *op)
{
    if (op->interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return EACCES;
    if (op->cmd == XEN_DOMCTL_getdomaininfo) return domctl_info(table, op);
    if (!domain_is_there(table, op->domain)) return ESRCH;
    switch (op->cmd) {
    case XEN_DOMCTL_scheduler_op:
        return domctl_scheduler(op);
    case XEN_DOMCTL_pausedomain:
        domain_make(table, op->domain, "paused", true);
        xen_log("pause", op->domain);
        return 0;
    case XEN_DOMCTL_unpausedomain:
        if (!domain_is(table, op->domain, "paused")) return EINVAL;
        domain_make(table, op->domain, "paused", false);
        xen_log("unpause", op->domain);
        return 0;
    case XEN_DOMCTL_resumedomain:
        domain_make(table, op->domain, "suspend", false);
        xen_log("resume", op->domain);
        return 0;
    case XEN_DOMCTL_destroydomain:
        domctl_destroy(table, op->domain);
        return 0;
    }
    return ENOSYS;
}

/*-- sysctl -------------------------------------------------------------*/

static int sysctl_list(const struct table *table,
                       struct xen_sysctl_getdomaininfolist *list)
{
    unsigned int domid = domain_next(table, list->first_domain);

    for (list->num_domains = 0;
         list->num_domains < list->max_domains
         && domid < DOMID_FIRST_RESERVED;
         domid = domain_next(table, domid + 1))
        domain_info(table, domid, &list->buffer.p[list->num_domains++]);
    return 0;
}

/* A host has one cpupool, unless somebody makes more. */
static int sysctl_cpupool(struct xen_sysctl_cpupool_op *op)
{
    if (op->op != XEN_SYSCTL_CPUPOOL_OP_INFO) return ENOSYS;
    if (op->cpupool_id) return ENOENT;
    op->sched_id = XEN_SCHEDULER_CREDIT2;
    op->n_dom = 1;
    if (op->cpumap.nr_bits) op->cpumap.bitmap.p[0] = 1;
    return 0;
}

static int sysctl_physinfo(struct xen_sysctl_physinfo *info)
{
    memset(info, 0, sizeof(*info));
    info->threads_per_core = info->cores_per_socket = 1;
    info->nr_cpus = info->nr_nodes = 1;
    info->cpu_khz = 1000000;
    info->total_pages = (uint64_t)1 << 20;
    info->free_pages = (uint64_t)1 << 19;
    /* Debian's Xen has no shadow paging */
    info->capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_pv
        | XEN_SYSCTL_PHYSCAP_hap;
    return 0;
}

static int xen_sysctl(const struct table *table, struct xen_sysctl *op)
{
    if (op->interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return EACCES;
    switch (op->cmd) {
    case XEN_SYSCTL_getdomaininfolist:
        return sysctl_list(table, &op->u.getdomaininfolist);
    case XEN_SYSCTL_cpupool_op:
        return sysctl_cpupool(&op->u.cpupool_op);
    case XEN_SYSCTL_physinfo:
        return sysctl_physinfo(&op->u.physinfo);
    case XEN_SYSCTL_sched_id:
        op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
        return 0;
    }
    return ENOSYS;
}

/*-- the other hypercalls -----------------------------------------------*/

static int xen_version(unsigned int cmd, void *arg)
{
    xen_compile_info_t *compile = arg;

    switch (cmd) {
    case XENVER_version:
        return XEN_VERSION_MAJOR << 16 | XEN_VERSION_MINOR;
    case XENVER_extraversion:
        strcpy(arg, ".0-stand-in");
        return 0;
    case XENVER_compile_info:
        memset(compile, 0, sizeof(*compile));
        return 0;
    case XENVER_capabilities:
    case XENVER_changeset:
    case XENVER_commandline:
        *(char *)arg = 0;
        return 0;
    case XENVER_platform_parameters:
        memset(arg, 0, sizeof(xen_platform_parameters_t));
        return 0;
    case XENVER_pagesize:
        return XEN_PAGE;
    case XENVER_build_id:
        return -ENODATA;
    }
    return -ENOSYS;
}

static int xen_shutdown(struct table *table,
                        const struct sched_remote_shutdown *op)
{
    static const char *const words[] = {
        "poweroff", "reboot", "suspend", "crash",
    };

    if (!domain_is_there(table, op->domain_id)) return ESRCH;
    if (op->reason >= sizeof(words) / sizeof(words[0])) return ENOSYS;
    domain_make(table, op->domain_id, words[op->reason], true);
    xen_log(words[op->reason], op->domain_id);
    return 0;
}

/* The hypercalls that look at the table. */
static int xen_call(unsigned int op, void *arg1, void *arg2)
{
    struct table *table = table_load(true);
    int error = ENOSYS;

    if (!table) return -1;
    switch (op) {
    case __HYPERVISOR_domctl:
        error = xen_domctl(table, arg1);
        break;
    case __HYPERVISOR_sysctl:
        error = xen_sysctl(table, arg1);
        break;
    case __HYPERVISOR_sched_op:
        error = (uintptr_t)arg1 == SCHEDOP_remote_shutdown
            ? xen_shutdown(table, arg2) : ENOSYS;
        break;
    case __HYPERVISOR_multicall:
        if (((struct multicall_entry *)arg1)->args[0] == XENMEM_get_vnumainfo)
            error = EOPNOTSUPP;
    }
    if (!error && table_store(table)) error = EIO;
    table_free(table);
    errno = error;
    return error ? -1 : 0;
}

/*-- libxencall, and what else libxenctrl opens -------------------------*/

static xencall_handle *const xen_handle = (void *)&xen_call;

static void *xen_open(void)
{
    struct table *table = table_load(false);

    if (!table) return NULL;
    table_free(table);
    return xen_handle;
}

xencall_handle *xencall_open(struct xentoollog_logger *logger,
                             unsigned int flags)
{
    return xen_open();
}

int xencall_close(xencall_handle *xcall)
{
    return 0;
}

int xencall_fd(xencall_handle *xcall)
{
    errno = ENOSYS;
    return -1;
}

xenforeignmemory_handle *xenforeignmemory_open(
    struct xentoollog_logger *logger, unsigned int flags)
{
    return xen_open();
}

int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
    return 0;
}

xendevicemodel_handle *xendevicemodel_open(
    struct xentoollog_logger *logger, unsigned int flags)
{
    return xen_open();
}

int xendevicemodel_close(xendevicemodel_handle *dmod)
{
    return 0;
}

void *xencall_alloc_buffer_pages(xencall_handle *xcall, size_t num)
{
    void *pages = aligned_alloc(XEN_PAGE, num * XEN_PAGE);

    if (!pages) abort();
    return memset(pages, 0, num * XEN_PAGE);
}

void xencall_free_buffer_pages(xencall_handle *xcall, void *pages,
                               size_t num)
{
    free(pages);
}

void *xencall_alloc_buffer(xencall_handle *xcall, size_t size)
{
    return xencall_alloc_buffer_pages(xcall, size / XEN_PAGE + 1);
}

void xencall_free_buffer(xencall_handle *xcall, void *buffer)
{
    xencall_free_buffer_pages(xcall, buffer, 0);
}

int xencall_buffers_never_fault(xencall_handle *xcall)
{
    return 1;
}

int xencall1(xencall_handle *xcall, unsigned int op, uint64_t arg1)
{
    return xen_call(op, (void *)(uintptr_t)arg1, NULL);
}

int xencall2(xencall_handle *xcall, unsigned int op, uint64_t arg1,
             uint64_t arg2)
{
    int value;

    if (op != __HYPERVISOR_xen_version)
        return xen_call(op, (void *)(uintptr_t)arg1,
                        (void *)(uintptr_t)arg2);
    value = xen_version(arg1, (void *)(uintptr_t)arg2);
    if (value >= 0) return value;
    errno = -value;
    return -1;
}

int xencall3(xencall_handle *xcall, unsigned int op, uint64_t arg1,
             uint64_t arg2, uint64_t arg3)
{
    return xencall2(xcall, op, arg1, arg2);
}

int xencall4(xencall_handle *xcall, unsigned int op, uint64_t arg1,
             uint64_t arg2, uint64_t arg3, uint64_t arg4)
{
    return xencall3(xcall, op, arg1, arg2, arg3);
}

int xencall5(xencall_handle *xcall, unsigned int op, uint64_t arg1,
             uint64_t arg2, uint64_t arg3, uint64_t arg4, uint64_t arg5)
{
    return xencall4(xcall, op, arg1, arg2, arg3, arg4);
}

long xencall2L(xencall_handle *xcall, unsigned int op, uint64_t arg1,
               uint64_t arg2)
{
    return xencall2(xcall, op, arg1, arg2);
}
