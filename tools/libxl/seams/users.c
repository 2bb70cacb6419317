/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * seams/users.c: who uses a file or a block device.
 *
 * QEMU opens the disks of PV domains with locking=off (7.2, xen-block.c),
 * and blkback and loop devices know no locks, so image locks tell nothing
 * on a Xen host.  One pass over the kernel's devices and one over /proc
 * answer for all files together: a chain may be long, and /proc is.
 *
 * The answers are a table of uses, sorted by what is used.  A use as a
 * block device (a loop device, say) leads to what uses that, and so on.
 */
#include "seams/domain.h"
#include "seams/files.h"
#include "seams/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct users {
    const struct snap_users_except *except;
    struct snap_uses uses;
    /* the files, and all devices that lead to them */
    int num_watched, max_watched;
    struct snap_file_id *watched;
};

static int users_compare_ids(const void *a, const void *b)
{
    const struct snap_file_id *x = a, *y = b;

    if (x->block != y->block) return x->block ? 1 : -1;
    if (x->dev != y->dev) return x->dev < y->dev ? -1 : 1;
    if (x->ino != y->ino) return x->ino < y->ino ? -1 : 1;
    return 0;
}

static bool users_same_id(const struct snap_file_id *a,
                          const struct snap_file_id *b)
{
    return !users_compare_ids(a, b);
}

static int users_compare_uses(const void *a, const void *b)
{
    const struct snap_use *x = a, *y = b;
    int order = users_compare_ids(&x->of, &y->of);

    if (order) return order;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    if (x->pid != y->pid) return x->pid < y->pid ? -1 : 1;
    return y->writes - x->writes;
}

static void users_sort_uses(struct snap_uses *uses)
{
    if (uses->num)
        qsort(uses->list, uses->num, sizeof(*uses->list),
              users_compare_uses);
}

/* The first use of @id, or where it would stand. */
static int users_first_use(const struct snap_uses *uses,
                           const struct snap_file_id *id)
{
    int low = 0, high = uses->num, mid;

    while (low < high) {
        mid = low + (high - low) / 2;
        if (users_compare_ids(&uses->list[mid].of, id) < 0) low = mid + 1;
        else high = mid;
    }
    return low;
}

/* The next use of @id that can be followed: from @came (NULL: from
 * nowhere), not back to that, nor to the other partitions of its disk. */
static const struct snap_use *users_next_use(
    const struct snap_uses *uses, int *at, const struct snap_file_id *id,
    const struct snap_file_id *came)
{
    const struct snap_use *use;

    while (*at < uses->num) {
        use = &uses->list[(*at)++];
        if (!users_same_id(&use->of, id)) return NULL;
        if (!came || (use->kind != SNAP_USE_PARTITION
                      && !users_same_id(&use->as, came)))
            return use;
    }
    return NULL;
}

static bool users_is_device(const struct snap_use *use)
{
    return use->kind <= SNAP_USE_BELOW;
}

/*-- what to look for -------------------------------------------------------*/

/* @up: not from a device down to what it is made of, which is done once. */
static void users_watch(libxl_snapshot_ctx *sc, struct users *u,
                        const struct snap_file_id *id,
                        const struct snap_file_id *came, bool up)
{
    const struct snap_use *use;
    int at = users_first_use(&u->uses, id);

    if (u->num_watched == u->max_watched) {
        u->max_watched = u->max_watched ? 2 * u->max_watched : 64;
        u->watched =
            snap_grow(sc, u->watched, u->num_watched * sizeof(*id),
                      u->max_watched * sizeof(*id));
    }
    u->watched[u->num_watched++] = *id;
    while ((use = users_next_use(&u->uses, &at, id, came)))
        if (use->kind == SNAP_USE_BELOW ? !up : users_is_device(use))
            users_watch(sc, u, &use->as,
                        use->kind == SNAP_USE_BELOW ? id : NULL, true);
}

static bool users_fd_is_writable(libxl_snapshot_ctx *sc, pid_t pid,
                                 const char *fd)
{
    char line[128];
    unsigned int flags = O_RDWR;        /* if this cannot be told,
                                         * assume that it writes */
    FILE *f = snap_open_lines(
        snap_sprintf(sc, "/proc/%d/fdinfo/%s", (int)pid, fd));

    if (!f) return true;
    while (fgets(line, sizeof(line), f))
        if (sscanf(line, "flags: %o", &flags) == 1) break;
    fclose(f);
    return (flags & O_ACCMODE) != O_RDONLY;
}

/* Puts the process into the table if it has a watched file open.  Never
 * true: it may have several. */
static bool users_match_watched(libxl_snapshot_ctx *sc, pid_t pid,
                                const char *fd, void *opaque)
{
    struct users *u = opaque;
    char path[SNAP_FD_PATH_MAX];
    struct snap_file_id id;
    struct snap_use *use;

    snprintf(path, sizeof(path), SNAP_FD_PATH, (int)pid, fd);
    if (!u->num_watched     /* bsearch() takes no NULL, not even of nothing */
        || !snap_file_id(path, &id)
        || !bsearch(&id, u->watched, u->num_watched, sizeof(id),
                    users_compare_ids))
        return false;
    use = snap_users_add(sc, &u->uses, SNAP_USE_PROCESS, &id);
    use->pid = pid;
    use->writes = users_fd_is_writable(sc, pid, fd);
    return false;
}

static int users_gather_uses(libxl_snapshot_ctx *sc, struct users *u,
                             const struct snap_file_use *files,
                             const struct snap_file_id *ids, int num)
{
    struct snap_use *use;
    pid_t *pids;
    int rc, i, num_pids;

    rc = snap_users_of_kernel(sc, &u->uses);
    if (rc) return rc;
    users_sort_uses(&u->uses);
    for (i = 0; i < num; i++)
        users_watch(sc, u, &ids[i], NULL, false);
    if (u->num_watched)
        qsort(u->watched, u->num_watched, sizeof(*u->watched),
              users_compare_ids);
    rc = snap_processes_with_fd(sc, users_match_watched, u, &pids,
                                &num_pids);
    if (rc) return rc;
    for (i = 0; i < num; i++) {
        if (files[i].write_only) continue;
        use = snap_users_add(sc, &u->uses, SNAP_USE_DISK, &ids[i]);
        use->name = files[i].who;
        use->writes = true;
    }
    users_sort_uses(&u->uses);
    return 0;
}

/*-- the answer for one file ------------------------------------------------*/

struct answer {
    const struct snap_file_use *file;
    struct snap_users_named named;
    const char *last;           /* of those who are not named any more */
};

/* What the same process has open several times comes together. */
static void users_add_name(struct answer *answer, const char *name)
{
    struct snap_users_named *named = &answer->named;
    int i;

    for (i = 0; i < named->num; i++)
        if (!strcmp(named->names[i], name)) return;
    if (named->num < SNAP_USERS_NAMED)
        named->names[named->num++] = name;
    else if (!answer->last || strcmp(answer->last, name))
        named->more++;
    answer->last = name;
}

static const char *users_backend_name(libxl_snapshot_ctx *sc,
                                      const struct snap_use *use)
{
    const char *vdev = snap_xenstore_read(sc, snap_sprintf(
        sc, "/local/domain/0/backend/vbd/%u/%u/dev", use->domid, use->devid));

    return snap_sprintf(sc, "domain %s (blkback, %s)",
                        snap_xenstore_domain_name(sc, use->domid),
                        vdev ? vdev : snap_sprintf(sc, "%u", use->devid));
}

/* The name of the user @use, if that is the last one; NULL if it is
 * expected.  @via: the device that it uses, NULL for the file itself. */
static const char *users_name(libxl_snapshot_ctx *sc,
                              const struct users *u,
                              const struct answer *answer,
                              const struct snap_use *use, const char *via)
{
    switch (use->kind) {
    case SNAP_USE_PROCESS:
        if (u->except->pid && use->pid == u->except->pid) return NULL;
        return snap_process_name(sc, use->pid);
    case SNAP_USE_BLKBACK:
        if (use->domid == u->except->domid) return NULL;
        return users_backend_name(sc, use);
    case SNAP_USE_DISK:
        if (!strcmp(use->name, answer->file->who)) return NULL;
        return snap_sprintf(sc, "%s of the same domain", use->name);
    case SNAP_USE_SWAP:
        return via ? snap_sprintf(sc, "%s, used as swap", via) : "swap";
    case SNAP_USE_MOUNT:
        return via ? snap_sprintf(sc, "%s, mounted on %s", via, use->name)
                   : snap_sprintf(sc, "a mount on %s", use->name);
    default:
        return NULL;
    }
}

/*
 * Name the users of @id.  True if there are any, expected ones included:
 * the loop device that a domain's own disk is on need not be named for
 * itself. From @came down to @id only writers matter: others may have the
 * rest of it.
 */
static bool users_name_users(libxl_snapshot_ctx *sc, const struct users *u,
                             struct answer *answer,
                             const struct snap_file_id *id,
                             const struct snap_file_id *came,
                             const char *via, bool top)
{
    bool write_only = answer->file->write_only || came, any = false,
         deeper;
    int at = users_first_use(&u->uses, id);
    const struct snap_use *use;
    const char *name;

    while ((use = users_next_use(&u->uses, &at, id, came))) {
        if (write_only && !use->writes) continue;
        if (use->kind == SNAP_USE_BELOW) {
            if (top)
                users_name_users(sc, u, answer, &use->as, id, NULL, false);
        } else if (users_is_device(use)) {
            deeper = users_name_users(sc, u, answer, &use->as, NULL,
                                      use->name, false);
            if (!deeper && use->kind != SNAP_USE_PARTITION) {
                users_add_name(answer, use->name);
                deeper = true;
            }
            any |= deeper;
        } else {
            name = users_name(sc, u, answer, use, via);
            if (name) users_add_name(answer, name);
            any = true;
        }
    }
    return any;
}

/* The kernel gives a device to one exclusive user.  Where we see none, it
 * may be a mount in another namespace. */
static void users_name_exclusive_user(const struct users *u,
                                      struct answer *answer,
                                      const struct snap_file_id *id)
{
    int at = users_first_use(&u->uses, id), fd;
    const struct snap_use *use;

    if (!id->block) return;
    while ((use = users_next_use(&u->uses, &at, id, NULL)))
        if (use->kind == SNAP_USE_HOLDER || use->kind == SNAP_USE_MOUNT
            || use->kind == SNAP_USE_SWAP
            || use->kind == SNAP_USE_PARTITION)
            return;
    fd = snap_open_image(answer->file->path, O_RDONLY | O_EXCL);
    if (fd < 0 && errno == EBUSY && !answer->named.num)
        users_add_name(answer, "something that has opened it exclusively, "
                       "such as a mount in another namespace");
    if (fd >= 0) close(fd);
}

/* Do those who are no users have @id open, themselves or by a loop device?
 * That a name led there when they opened it says nothing about now. */
static bool users_is_open(const struct users *u,
                          const struct snap_file_id *id)
{
    int at = users_first_use(&u->uses, id);
    const struct snap_use *use;

    while ((use = users_next_use(&u->uses, &at, id, NULL)))
        if (use->kind == SNAP_USE_LOOP
                ? users_is_open(u, &use->as)
                : (use->kind == SNAP_USE_PROCESS && u->except->pid
                   && use->pid == u->except->pid)
                  || (use->kind == SNAP_USE_BLKBACK
                      && use->domid == u->except->domid))
            return true;
    return false;
}

static void users_answer_for(libxl_snapshot_ctx *sc, const struct users *u,
                             struct snap_file_use *file,
                             const struct snap_file_id *id)
{
    struct answer answer = { .file = file };

    users_name_users(sc, u, &answer, id, NULL, NULL, true);
    users_name_exclusive_user(u, &answer, id);
    file->is_open = users_is_open(u, id);
    file->inode = id->ino;
    file->users = snap_users_text(sc, &answer.named);
}

int snap_users_of_files(libxl_snapshot_ctx *sc,
                        struct snap_file_use *files, int num,
                        const struct snap_users_except *except)
{
    struct users u = { .except = except };
    struct snap_file_id *ids = snap_zalloc(sc, num * sizeof(*ids));
    int rc, i;

    for (i = 0; i < num; i++)
        if (!snap_file_id(files[i].path, &ids[i]))
            return snap_fail(sc, ERROR_FAIL, "%s: %s: %s", files[i].who,
                             files[i].path, strerror(errno));
    rc = users_gather_uses(sc, &u, files, ids, num);
    if (rc) return rc;
    for (i = 0; i < num; i++)
        users_answer_for(sc, &u, &files[i], &ids[i]);
    return 0;
}

int snap_users_find(libxl_snapshot_ctx *sc, struct snap_file_use *files,
                    int num, const struct snap_users_except *except,
                    const struct snap_file_use **used_r)
{
    int rc = snap_users_of_files(sc, files, num, except), i;

    *used_r = NULL;
    for (i = 0; !rc && i < num && !*used_r; i++)
        if (files[i].users) *used_r = &files[i];
    return rc;
}
