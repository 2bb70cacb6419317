/*
 * The workload of the test guests: a witness of the instant of a snapshot.
 *
 * It counts ticks in memory and chains them with a hash.  At every tick it
 * writes one record to every disk, after it has checked that the disks hold
 * exactly the records that memory remembers: nothing newer, nothing missing.
 * Memory and disks that are not of one instant are thus noticed by the guest
 * itself, as are pages of memory that got lost.
 *
 * In a guest (as init) it prints, and so says the console:
 *   WITNESS fresh                 all disks are blank
 *   WITNESS resume N HASH         cold boot, the disks agree, the last tick was N
 *   WITNESS tick N HASH           tick N is in memory and on all disks
 *   WITNESS TORN ...              memory and a disk, or a page, do not fit
 *   WITNESS BROKEN ...            cold boot, and the disks themselves are wrong
 * and takes commands, a line each: reboot poweroff panic fast slow.
 * Kernel parameters: witness.interval=MS witness.ballast=MB, and witness.hook=MS,
 * by which a freeze by the guest agent is put off (it is the agent's hook, too).
 *
 * On a host, "witness --check IMAGE..." checks raw images of one instant and
 * prints "N HASH" for each, the last tick on it.
 *
 * A disk starts with SLOTS records of 4 KiB, record n in slot n mod SLOTS. One
 * with an ext4 file system has them in its file "witness" (if the guest has
 * ext4, see boot.c): while that is frozen, the witness stands still in a write.
 * Disks are written in order, so a later one may be one tick behind.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "boot.h"

#define MAGIC     0x3153534e54495758ULL
#define SLOTS     64
#define WINDOW    16            /* slots that are read back before each tick */
#define WORDS     (4096 / 8)
#define MAX_DISKS 26
#define REWRITTEN 4             /* pages of ballast per tick */
#define VERIFIED  64

/* A record fills its 4 KiB: after the head comes a pattern made of the hash. */
struct record {
    uint64_t magic, run, n, salt, prev, hash;
    uint64_t fill[WORDS - 6];
};

struct disk {
    const char *name;
    int fd;
    struct record *log;         /* SLOTS records, page aligned */
    int64_t last;               /* -1: blank */
};

static struct disk disks[MAX_DISKS];
static int ndisks;

/* What memory remembers. The hashes of the latest ticks, by slot. */
static uint64_t run, hashes[SLOTS];
static int64_t next;            /* the tick to come */

static uint64_t (*pages)[WORDS];
static uint64_t *versions;      /* the tick that wrote each page */
static uint64_t npages, rotor;
static int interval = 500;

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9ULL;
    return h ^ (h >> 32);
}

static uint64_t chain(uint64_t prev, uint64_t n, uint64_t salt)
{
    return mix(mix(mix(mix(prev, n), salt), run), MAGIC);
}

static void make_record(struct record *r, int64_t n, uint64_t prev,
                        uint64_t salt)
{
    r->magic = MAGIC;
    r->run = run;
    r->n = n;
    r->salt = salt;
    r->prev = prev;
    r->hash = chain(prev, n, salt);
    for (int i = 0; i < WORDS - 6; i++)
        r->fill[i] = mix(r->hash, i);
}

/* Is this record whole, and does it belong to this run? */
static bool good_record(const struct record *r)
{
    static struct record want;

    make_record(&want, r->n, r->prev, r->salt);
    return !memcmp(r, &want, sizeof(want));
}

static bool blank(const struct record *r)
{
    static const struct record zero;

    return !memcmp(r, &zero, sizeof(zero));
}

static void *page_alloc(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        printf("WITNESS BROKEN no memory\n");
        exit(1);
    }
    return p;
}

static bool disk_open(const char *name, const char *path, int flags)
{
    struct disk *d = &disks[ndisks];

    d->fd = open(path, flags);
    if (d->fd < 0)
        return false;
    d->name = strdup(name);
    d->log = page_alloc(SLOTS * sizeof(struct record));
    ndisks++;
    return true;
}

static bool disk_read(struct disk *d, int slot, int count)
{
    size_t size = count * sizeof(struct record);

    return pread(d->fd, d->log + slot, size, slot * sizeof(struct record)) ==
           (ssize_t)size;
}

/* Reads a whole log and checks its own chain; NULL or what is wrong. */
static const char *disk_load(struct disk *d)
{
    d->last = -1;
    if (!disk_read(d, 0, SLOTS))
        return "cannot be read";
    for (int i = 0; i < SLOTS; i++) {
        struct record *r = &d->log[i];

        if (blank(r))
            continue;
        if (r->magic != MAGIC)
            return "holds foreign data";
        if (!run)
            run = r->run;
        if (r->run != run)
            return "is of another run";
        if (!good_record(r) || r->n % SLOTS != (uint64_t)i)
            return "holds a damaged record";
        if ((int64_t)r->n > d->last)
            d->last = r->n;
    }
    for (int64_t n = d->last; n >= 0 && n > d->last - SLOTS; n--) {
        struct record *r = &d->log[n % SLOTS];

        if (blank(r) || (int64_t)r->n != n)
            return "lacks a record";
        if (n < d->last && d->log[(n + 1) % SLOTS].prev != r->hash)
            return "has a broken chain";
    }
    return NULL;
}

/* Loads all disks: each in itself, and all of one instant. */
static bool load_all(void)
{
    struct disk *first = &disks[0];

    for (int i = 0; i < ndisks; i++) {
        struct disk *d = &disks[i];
        const char *wrong = disk_load(d);

        if (!wrong && d->last >= 0 && d->last <= first->last &&
            d->log[d->last % SLOTS].hash != first->log[d->last % SLOTS].hash)
            wrong = "is of another branch";
        if (!wrong && (d->last > first->last || d->last < first->last - 1 ||
                       (i && d->last > d[-1].last)))
            wrong = "is of another instant";
        if (wrong) {
            printf("WITNESS BROKEN %s %s (disk=%lld, %s=%lld)\n", d->name, wrong,
                   (long long)d->last, first->name, (long long)first->last);
            return false;
        }
    }
    return true;
}

static int check(char **images)
{
    bool good;

    for (; *images && ndisks < MAX_DISKS; images++)
        if (!disk_open(*images, *images, O_RDONLY)) {
            perror(*images);
            return 1;
        }
    good = load_all();
    for (int i = 0; good && i < ndisks; i++) {
        struct disk *d = &disks[i];

        if (d->last < 0)
            printf("blank\n");
        else
            printf("%lld %016llx\n", (long long)d->last,
                   (unsigned long long)d->log[d->last % SLOTS].hash);
    }
    return good ? 0 : 1;
}

/* Does nothing more, but says so for ever: a test may look late. */
static void torn(const char *what, long long at, long long found)
{
    for (;; sleep(1))
        printf("WITNESS TORN %s memory=%lld disk=%lld\n", what, at, found);
}

static void torn_page(uint64_t page)
{
    for (;; sleep(1))
        printf("WITNESS TORN memory page %llu\n", (unsigned long long)page);
}

/* The disk holds the ticks before `next`, as remembered, and nothing newer. */
static void verify_disk(struct disk *d)
{
    int slot = next % SLOTS, from = slot - WINDOW + 1;

    if (from < 0 && !disk_read(d, SLOTS + from, -from))
        torn("cannot read", next, errno);
    if (!disk_read(d, from < 0 ? 0 : from, from < 0 ? slot + 1 : WINDOW))
        torn("cannot read", next, errno);
    for (int64_t n = next; n >= 0 && n > next - WINDOW; n--) {
        struct record *r = &d->log[n % SLOTS];
        bool ok;

        if (n < next)
            ok = good_record(r) && (int64_t)r->n == n &&
                 r->hash == hashes[n % SLOTS];
        else if (n < SLOTS)
            ok = blank(r);
        else
            ok = good_record(r) && (int64_t)r->n == n - SLOTS;
        if (!ok)
            torn(d->name, next - 1, r->n);
    }
}

static void fill_page(uint64_t page, uint64_t version)
{
    for (int i = 0; i < WORDS; i++)
        pages[page][i] = mix(mix(run, page), version + i);
    versions[page] = version;
}

static void verify_page(uint64_t page)
{
    uint64_t seed = mix(run, page), version = versions[page];

    for (int i = 0; i < WORDS; i++)
        if (pages[page][i] != mix(seed, version + i))
            torn_page(page);
}

static void work_ballast(void)
{
    for (int i = 0; npages && i < VERIFIED; i++) {
        verify_page(rotor);
        if (i < REWRITTEN)
            fill_page(rotor, next);
        rotor = (rotor + 1) % npages;
    }
}

static void write_record(struct disk *d, const struct record *r)
{
    if (pwrite(d->fd, r, sizeof(*r), (r->n % SLOTS) * sizeof(*r)) != sizeof(*r))
        torn("cannot write", next, errno);
}

static void tick(void)
{
    static struct record *r;
    uint64_t prev = next ? hashes[(next - 1) % SLOTS] : run, salt;

    if (!r)
        r = page_alloc(sizeof(*r));
    for (int i = 0; i < ndisks; i++)
        verify_disk(&disks[i]);
    work_ballast();
    /* The salt tells branches apart: two reverts to one tick go on differently. */
    getrandom(&salt, sizeof(salt), 0);
    make_record(r, next, prev, salt);
    for (int i = 0; i < ndisks; i++)
        write_record(&disks[i], r);
    hashes[next % SLOTS] = r->hash;
    next++;
    printf("WITNESS tick %lld %016llx\n", (long long)next - 1,
           (unsigned long long)r->hash);
}

/* Cold boot: memory starts from what the disks say. */
static void begin(void)
{
    if (!load_all())
        for (;; sleep(1))
            load_all();
    if (!ndisks || disks[0].last < 0) {
        getrandom(&run, sizeof(run), 0);
        run |= 1;
        printf("WITNESS fresh\n");
        return;
    }
    next = disks[0].last + 1;
    for (int i = 0; i < SLOTS; i++)
        hashes[i] = disks[0].log[i].hash;
    for (int i = 1; i < ndisks; i++)
        if (disks[i].last < disks[0].last)
            write_record(&disks[i], &disks[0].log[disks[0].last % SLOTS]);
    printf("WITNESS resume %lld %016llx\n", (long long)next - 1,
           (unsigned long long)hashes[(next - 1) % SLOTS]);
}

/* The name of the disk that sysfs device `vbd` became; false: not (yet) one. */
static bool disk_name(const char *vbd, char name[32])
{
    char path[128];
    struct dirent *e;
    DIR *dir;

    name[0] = '\0';
    snprintf(path, sizeof(path), "/sys/bus/xen/devices/%.64s/block", vbd);
    dir = opendir(path);
    while (dir && (e = readdir(dir)))
        if (e->d_name[0] != '.')
            snprintf(name, 32, "%.31s", e->d_name);
    if (dir)
        closedir(dir);
    return name[0];
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct disk *)a)->name, ((const struct disk *)b)->name);
}

/* Opens the log on a disk: the disk itself, or a file in its file system. */
static void find_log(const char *name)
{
    char dir[48], path[64];
    int fd, flags = O_RDWR | O_DIRECT | O_DSYNC;

    snprintf(dir, sizeof(dir), "/fs-%.31s", name);
    if (!mount_disk(name, dir)) {
        snprintf(path, sizeof(path), "/dev/%.31s", name);
        disk_open(name, path, flags);
        return;
    }
    snprintf(path, sizeof(path), "%s/witness", dir);
    fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, SLOTS * sizeof(struct record)) || fsync(fd) ||
        !disk_open(name, path, flags))
        printf("WITNESS BROKEN %s: %s\n", path, strerror(errno));
    close(fd);
}

static void find_disks(void)
{
    struct dirent **vbds;
    int n = scandir("/sys/bus/xen/devices", &vbds, NULL, alphasort);
    char name[32], path[64];

    for (int i = 0; i < n; i++) {
        int fd, read_only = 1;

        if (strncmp(vbds[i]->d_name, "vbd-", 4))
            continue;
        for (int wait = 0; !disk_name(vbds[i]->d_name, name) && wait < 1000; wait++)
            usleep(10000);
        snprintf(path, sizeof(path), "/dev/%s", name);
        fd = open(path, O_RDONLY);
        if (fd >= 0 && !ioctl(fd, BLKROGET, &read_only) && !read_only &&
            ndisks < MAX_DISKS)
            find_log(name);
        close(fd);
    }
    qsort(disks, ndisks, sizeof(disks[0]), by_name);
}

static void init_ballast(uint64_t mb)
{
    npages = mb * 256;
    if (!npages)
        return;
    pages = page_alloc(npages * sizeof(*pages));
    versions = page_alloc(npages * sizeof(*versions));
    for (uint64_t i = 0; i < npages; i++)
        fill_page(i, next);
}

static void command(const char *word)
{
    int fd;

    if (!strcmp(word, "reboot")) {
        reboot(RB_AUTOBOOT);
    } else if (!strcmp(word, "poweroff")) {
        reboot(RB_POWER_OFF);
    } else if (!strcmp(word, "panic")) {
        fd = open("/proc/sysrq-trigger", O_WRONLY);
        if (fd < 0 || write(fd, "c", 1) != 1)
            printf("WITNESS cannot panic\n");
    } else if (!strcmp(word, "fast")) {
        interval = 20;
    } else if (!strcmp(word, "slow")) {
        interval = 1000;
    } else if (*word) {
        printf("WITNESS does not know '%s'\n", word);
    }
}

/* Sleeps until the next tick, or until a command came. */
static void listen_console(void)
{
    struct pollfd in = { .fd = 0, .events = POLLIN };
    char line[64];
    ssize_t n;

    if (poll(&in, 1, interval) <= 0 || !(in.revents & POLLIN))
        return;
    n = read(0, line, sizeof(line) - 1);
    if (n > 0) {
        line[n] = '\0';
        line[strcspn(line, "\r\n")] = '\0';
        command(line);
    }
}

/* The value of kernel parameter witness.KEY. */
static int parameter(const char *key, int value)
{
    char line[4096] = "", want[32], *at;
    int fd = open("/proc/cmdline", O_RDONLY);

    if (fd >= 0 && read(fd, line, sizeof(line) - 1) > 0) {
        snprintf(want, sizeof(want), "witness.%s=", key);
        at = strstr(line, want);
        if (at)
            value = atoi(at + strlen(want));
    }
    close(fd);
    return value;
}

int main(int argc, char **argv)
{
    const char *base = strrchr(argv[0], '/');

    base = base ? base + 1 : argv[0];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!strcmp(base, "poweroff") || !strcmp(base, "reboot")) {
        command(base);          /* the kernel's answer to xl shutdown, reboot */
        return 1;
    }
    if (!strcmp(base, "fsfreeze-hook"))
        return argc > 1 && !strcmp(argv[1], "freeze") ?
               usleep(1000 * parameter("hook", 0)) : 0;
    if (argc > 2 && !strcmp(argv[1], "--check"))
        return check(argv + 2);
    if (getpid() != 1) {
        fprintf(stderr, "usage: witness --check IMAGE...\n");
        return 2;
    }
    boot();
    interval = parameter("interval", interval);
    find_disks();
    start_agent();
    begin();
    init_ballast(parameter("ballast", 4));
    for (;;) {
        tick();
        listen_console();
    }
}
