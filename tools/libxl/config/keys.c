/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * config/keys.c: the keys of the snapshot config, xl.snapshot.cfg(5).  A
 * row is all that the library knows of a key: read.c reads the key by it,
 * and knows a misspelt key by the lack of a row; write.c writes by it, and
 * libxl_domain_snapshot_dispose() frees by it.
 */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#define FOR_CREATE SNAP_KEY_FOR_CREATE
#define WRITTEN SNAP_KEY_WRITTEN
#define IF_ANY SNAP_KEY_IF_ANY

/* The offset of a member.  The compiler warns if it is not a @c_type. */
#define MEMBER(object, c_type, name)                                    \
    (offsetof(object, name)                                             \
     + 0 * sizeof((c_type *)0 == &((object *)0)->name))
#define VALUE(kind, c_type, name)                                       \
    .type = &snap_key_##kind,                                           \
    .member = MEMBER(libxl_domain_snapshot, c_type, name)
#define OF_DISKS(kind, c_type, name)                                    \
    .type = &snap_key_##kind,                                           \
    .member = MEMBER(libxl_disk_snapshot, c_type, name)

#define STRING(name) VALUE(string, char *, name)
#define NAME(name) VALUE(name, char *, name)
#define WORD(name, ...)                                                 \
    VALUE(word, char *, name),                                          \
    .words = (const char *const []){ __VA_ARGS__, NULL }
#define UUID(name) VALUE(uuid, libxl_uuid, name)
#define DOMAIN_TYPE(name) VALUE(domain_type, libxl_domain_type, name)
#define TIME(name) VALUE(time, uint64_t, name)
#define BOOL(name) VALUE(bool, libxl_defbool, name)
#define IMAGES(name) VALUE(images, libxl_disk_snapshot *, name)
#define SKIPPED(name) VALUE(skipped, char **, name)
#define PARENTS(name) OF_DISKS(parents, libxl_device_disk, name)
#define TEXTS(name, what) OF_DISKS(texts, char *, name), .item = what

const struct snap_key snap_keys[] = {
    { "name", FOR_CREATE | WRITTEN, NAME(name) },
    { "description", FOR_CREATE | WRITTEN, STRING(description) },
    { "domain", WRITTEN, STRING(domain_name) },
    { "uuid", WRITTEN, UUID(domain_uuid) },
    { "type", WRITTEN, DOMAIN_TYPE(domain_type) },
    { "creation_time", WRITTEN, TIME(creation_time) },
    { "xen_version", WRITTEN, STRING(xen_version) },
    { "qemu_version", WRITTEN, STRING(qemu_version) },
    { "memory", FOR_CREATE | WRITTEN, BOOL(memory) },
    { "memory_path", FOR_CREATE | WRITTEN, STRING(memory_path) },
    { "memory_state", WRITTEN, STRING(memory_state) },
    { "consistency", WRITTEN, WORD(consistency, "crash", "clean", "off") },
    { "domain_config", WRITTEN, STRING(domain_config_path) },
    { "disks", FOR_CREATE | WRITTEN, IMAGES(disks), .comment =
      "# The disks that the domain went on with: overlays, or, where only"
      " the\n"
      "# device is given, the same image as before.\n" },
    { "parents", WRITTEN, PARENTS(parent), .comment =
      "# The images that hold the disks' state at the snapshot.  Never"
      " write\n"
      "# to them.\n" },
    { "drivers", FOR_CREATE | WRITTEN, TEXTS(driver, "DRIVER"), .comment =
      "# The driver that made each disk's snapshot.\n" },
    { "states", WRITTEN | IF_ANY, TEXTS(state, "STATE"), .comment =
      "# A record of each disk's state: a revert refuses a disk that has\n"
      "# changed since.\n" },
    { "skipped", WRITTEN | IF_ANY, SKIPPED(skipped), .comment =
      "# Writable disks, and devices with a state of their own, that have\n"
      "# no snapshots and were left out.\n" },
    { "lvm_size", FOR_CREATE, STRING(lvm_size) },
    { .name = NULL }
};

const struct snap_key *snap_key_find(const char *name, size_t len)
{
    const struct snap_key *key;

    for (key = snap_keys; key->name; key++)
        if (strlen(key->name) == len && !memcmp(key->name, name, len))
            return key;
    return NULL;
}

void *snap_key_member(const struct snap_key *key, const void *object)
{
    return (char *)object + key->member;
}

/*-- the struct that the keys fill --------------------------------------*/

void libxl_domain_snapshot_init(libxl_domain_snapshot *snap)
{
    memset(snap, 0, sizeof(*snap));
    snap->domain_type = LIBXL_DOMAIN_TYPE_INVALID;
}

/* The last key comes first, since the lists about disks are kept in the
 * disks. */
void libxl_domain_snapshot_dispose(libxl_domain_snapshot *snap)
{
    size_t i = sizeof(snap_keys) / sizeof(snap_keys[0]) - 1;

    while (i-- > 0)
        if (snap_keys[i].type->dispose)
            snap_keys[i].type->dispose(&snap_keys[i], snap);
    free(snap->doubt);
    libxl_domain_snapshot_init(snap);
}
