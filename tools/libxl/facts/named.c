/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * facts/named.c: what a domain's config names of the host.
 *
 * A memory image has a config inside, by which xl and QEMU run programs and
 * open files as root.  One that somebody else has written, or changed, names
 * others.  So the members by which that can be done are compared with those
 * of a config that the host has already.  The image and the folder that it
 * lies in tell nothing about each other: both may be his.
 *
 * libxl 4.17 to 4.20, libxl_types.idl.  A string of a member that is not in
 * the table counts as one that is run.
 */
#include "facts/named.h"
#include "seams/seams.h"

#include <fnmatch.h>
#include <string.h>

#include "config.h"

#define NUM(rows) (sizeof(rows) / sizeof(*(rows)))
#define NAMED_FIELDS 4
#define NONE { NULL }, { NULL }
#define OWN(member) { member, SNAP_NAMED_OWN, NULL, NONE }
/* What the member of a disk that is writable is called here. */
#define WRITABLE_IMAGE "disks.pdev_path, writable,"

/*-- the members ------------------------------------------------------------*/

/* A member of a list is that of all its elements.  The first row that fits
 * counts.  Of an object with @fields these are its value, together, and
 * those of @words that it has. */
static const struct {
    const char *member;
    enum snap_named_kind kind;
    const char *key;            /* of an xl.cfg, for messages */
    const char *fields[NAMED_FIELDS], *words[NAMED_FIELDS];
} members[] = {
    /* who it is, how large, how it is scheduled, what it does at its end */
    { "c_info.driver_domain", SNAP_NAMED_RUNS, "driver_domain", NONE },
    { "c_info.ssid*", SNAP_NAMED_RUNS, "init_seclabel", NONE },
    OWN("c_info.*"),
    OWN("on_*"),
    /* QEMU, the bootloader, and what keeps them in */
    { "b_info.device_model", SNAP_NAMED_RUNS, "device_model_override", NONE },
    OWN("b_info.device_model_version"),
    { "b_info.device_model_stubdomain", SNAP_NAMED_GUARD,
      "device_model_stubdomain_override", NONE },
    { "b_info.device_model_user", SNAP_NAMED_GUARD, "device_model_user",
      NONE },
    { "b_info.device_model_ssid*", SNAP_NAMED_RUNS,
      "device_model_stubdomain_seclabel", NONE },
    { "b_info.exec_ssid*", SNAP_NAMED_RUNS, "seclabel", NONE },
    { "b_info.dm_restrict", SNAP_NAMED_GUARD, "dm_restrict", NONE },
    { "b_info.extra", SNAP_NAMED_RUNS, "device_model_args", NONE },
    { "b_info.extra_pv", SNAP_NAMED_RUNS, "device_model_args_pv", NONE },
    { "b_info.extra_hvm", SNAP_NAMED_RUNS, "device_model_args_hvm", NONE },
    { "b_info.bootloader_restrict", SNAP_NAMED_GUARD, "bootloader_restrict",
      NONE },
    { "b_info.bootloader_user", SNAP_NAMED_GUARD, "bootloader_user", NONE },
    { "b_info.bootloader", SNAP_NAMED_RUNS, "bootloader", NONE },
    { "b_info.bootloader_args", SNAP_NAMED_RUNS, "bootloader_args", NONE },
    { "b_info.type.pv.bootloader", SNAP_NAMED_RUNS, "bootloader", NONE },
    { "b_info.type.pv.bootloader_args", SNAP_NAMED_RUNS, "bootloader_args",
      NONE },
    { "b_info.stubdomain_kernel", SNAP_NAMED_READS, "stubdomain_kernel",
      NONE },
    { "b_info.stubdomain_ramdisk", SNAP_NAMED_READS, "stubdomain_ramdisk",
      NONE },
    OWN("b_info.stubdomain_cmdline"),
    /* files that the guest is started with */
    { "b_info.kernel", SNAP_NAMED_READS, "kernel", NONE },
    { "b_info.ramdisk", SNAP_NAMED_READS, "ramdisk", NONE },
    { "b_info.device_tree", SNAP_NAMED_READS, "device_tree", NONE },
    { "b_info.type.pv.kernel", SNAP_NAMED_READS, "kernel", NONE },
    { "b_info.type.pv.ramdisk", SNAP_NAMED_READS, "ramdisk", NONE },
    { "b_info.type.pvh.pvshim_path", SNAP_NAMED_READS, "pvshim_path", NONE },
    { "b_info.type.hvm.firmware", SNAP_NAMED_WORD, "firmware_override", NONE },
    { "b_info.type.hvm.system_firmware", SNAP_NAMED_READS,
      "bios_path_override", NONE },
    { "b_info.type.hvm.smbios_firmware", SNAP_NAMED_READS, "smbios_firmware",
      NONE },
    { "b_info.type.hvm.acpi_firmware", SNAP_NAMED_READS, "acpi_firmware",
      NONE },
    /* arguments of QEMU */
    OWN("b_info.type.hvm.vnc.passwd"),
    OWN("b_info.type.hvm.spice.passwd"),
    { "b_info.type.hvm.vnc.listen", SNAP_NAMED_WORD, "vnclisten", NONE },
    { "b_info.type.hvm.vnc.*", SNAP_NAMED_WORD, "vnc", NONE },
    { "b_info.type.hvm.spice.host", SNAP_NAMED_WORD, "spicehost", NONE },
    { "b_info.type.hvm.spice.*", SNAP_NAMED_WORD, "spice", NONE },
    { "b_info.type.hvm.sdl.display", SNAP_NAMED_RUNS, "display", NONE },
    { "b_info.type.hvm.sdl.xauthority", SNAP_NAMED_RUNS, "xauthority", NONE },
    { "b_info.type.hvm.sdl.*", SNAP_NAMED_RUNS, "sdl", NONE },
    { "b_info.type.hvm.keymap", SNAP_NAMED_WORD, "keymap", NONE },
    { "b_info.type.hvm.boot", SNAP_NAMED_WORD, "boot", NONE },
    { "b_info.type.hvm.serial*", SNAP_NAMED_WORD, "serial", NONE },
    { "b_info.type.hvm.usbdevice*", SNAP_NAMED_WORD, "usbdevice", NONE },
    { "b_info.type.hvm.soundhw", SNAP_NAMED_WORD, "soundhw", NONE },
    OWN("vfbs.vnc.passwd"),
    { "vfbs.vnc.listen", SNAP_NAMED_WORD, "vfb vnclisten", NONE },
    { "vfbs.vnc.*", SNAP_NAMED_WORD, "vfb vnc", NONE },
    { "vfbs.keymap", SNAP_NAMED_WORD, "vfb keymap", NONE },
    { "vfbs.sdl.display", SNAP_NAMED_RUNS, "vfb display", NONE },
    { "vfbs.sdl.xauthority", SNAP_NAMED_RUNS, "vfb xauthority", NONE },
    { "vfbs.sdl.*", SNAP_NAMED_RUNS, "vfb sdl", NONE },
    /* devices of the host, and domains that serve one */
    { "b_info.ioports", SNAP_NAMED_RUNS, "ioports", { "first", "number" },
      { NULL } },
    { "b_info.iomem", SNAP_NAMED_RUNS, "iomem", { "start", "number", "gfn" },
      { NULL } },
    { "b_info.irqs", SNAP_NAMED_RUNS, "irqs", NONE },
    { "pcidevs", SNAP_NAMED_RUNS, "pci", { "domain", "bus", "dev", "func" },
      { "name", "permissive" } },
    { "usbdevs.type.hostdev", SNAP_NAMED_RUNS, "usbdev",
      { "hostbus", "hostaddr" }, { NULL } },
    { "dtdevs.path", SNAP_NAMED_RUNS, "dtdev", NONE },
    { "disks.backend_dom*", SNAP_NAMED_RUNS, "disk backend", NONE },
    { "nics.backend_dom*", SNAP_NAMED_RUNS, "vif backend", NONE },
    { "*.backend_domid", SNAP_NAMED_RUNS, "backend", NONE },
    { "*.backend_domname", SNAP_NAMED_RUNS, "backend", NONE },
    /* disks: which they are tells the snapshot config; of the others the
     * guest reads, or writes, the image */
    { "disks.script", SNAP_NAMED_SCRIPT, "disk script", NONE },
    { "disks.pdev_path", SNAP_NAMED_READS, "disk target", NONE },
    { WRITABLE_IMAGE, SNAP_NAMED_RUNS, "writable disk target", NONE },
    OWN("disks.vdev"),
    OWN("disks.backend"),
    OWN("disks.format"),
    OWN("disks.specification"),
    OWN("disks.transport"),
    /* network: the names in a network are the domain's matter */
    { "nics.script", SNAP_NAMED_SCRIPT, "vif script", NONE },
    { "nics.model", SNAP_NAMED_WORD, "vif model", NONE },
    { "nics.ifname", SNAP_NAMED_WORD, "vif vifname", NONE },
    { "nics.colo*", SNAP_NAMED_RUNS, "vif colo", NONE },
    OWN("nics.*"),
    /* others */
    { "channels.connection.socket.path", SNAP_NAMED_SOCKET, "channel path",
      NONE },
    OWN("channels.*"),
    OWN("p9s.tag"),
    OWN("p9s.type"),
    OWN("pcidevs.*"),
    OWN("usbdevs.*"),
    OWN("usbctrls.*"),
    OWN("rdms.*"),
    OWN("vtpms.*"),
    OWN("vkbs.*"),
    OWN("vdispls.*"),
    OWN("vsnds.*"),
    OWN("virtios.*"),
    /* the machine */
    OWN("b_info.cmdline"),
    OWN("b_info.cpuid*"),
    OWN("b_info.*_mode"),
    OWN("b_info.sched_params*"),
    OWN("b_info.blkdev_start"),
    OWN("b_info.tee"),
    OWN("b_info.altp2m"),
    OWN("b_info.arch_*"),
    OWN("b_info.type.pv.cmdline"),
    OWN("b_info.type.pv.features"),
    OWN("b_info.type.pvh.pvshim_*"),
    OWN("b_info.type.hvm.bios"),
    OWN("b_info.type.hvm.smbios*"),
    OWN("b_info.type.hvm.timeoffset"),
    OWN("b_info.type.hvm.*_mode"),
    OWN("b_info.type.hvm.hdtype"),
    OWN("b_info.type.hvm.vga*"),
    OWN("b_info.type.hvm.gfx_passthru_kind"),
    OWN("b_info.type.hvm.vendor_device"),
    OWN("b_info.type.hvm.ms_vm_genid*"),
    OWN("b_info.type.hvm.rdm*"),
};

/*-- values -----------------------------------------------------------------*/

struct walk {
    libxl_snapshot_ctx *sc;
    const libxl_domain_snapshot *snap;
    struct snap_named_list *list;
};

/* What names nothing: libxl's defaults, and domain 0. */
static bool named_is_nothing(const char *value)
{
    static const char *const nothing[] = {
        "", "0", "False", "<default>", "Domain-0",
    };
    size_t i;

    for (i = 0; i < NUM(nothing); i++)
        if (!strcmp(value, nothing[i])) return true;
    return false;
}

/* One that is no path, no list of options, no "file:NAME"; an address may
 * have colons. */
static bool named_is_word(const char *member, const char *value)
{
    bool is_address = fnmatch("*.vnc.listen", member, 0) == 0;

    return !value[strspn(value, is_address
                         ? "0123456789abcdefABCDEF.:[]"
                         : "abcdefghijklmnopqrstuvwxyz"
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._- ")];
}

/* True if @value is a name in the folder @folder. */
static bool named_is_in(const char *folder, const char *value)
{
    size_t len = strlen(folder);

    return !strncmp(value, folder, len) && value[len] == '/'
        && !strchr(value + len + 1, '/');
}

/* True if @value is Xen's pygrub: by its name, as xl.cfg(5) has it, or by a
 * path at which Xen or a distribution puts it. */
static bool named_is_pygrub(const char *value)
{
    static const char *const paths[] = {
        "pygrub", "/usr/bin/pygrub", "/usr/lib/xen*/bin/pygrub",
        "/usr/libexec/xen/bin/pygrub", "/usr/local/bin/pygrub",
        "/usr/local/lib/xen/bin/pygrub", "/usr/local/libexec/xen/bin/pygrub",
    };
    size_t i;

    for (i = 0; i < NUM(paths); i++)
        if (!fnmatch(paths[i], value, FNM_PATHNAME)) return true;
    return false;
}

/* True if @name, in Xen's folder, is one that libxl's sockets of a QEMU, and
 * locks and files of ours or of Xen, have: QEMU would put its own there. */
static bool named_is_of_others(const char *name)
{
    static const char *const theirs[] = {
        "qmp-*", "qemu-*", "xl-snapshot*", "*.pid", "*.lock",
    };
    size_t i;

    for (i = 0; i < NUM(theirs); i++)
        if (!fnmatch(theirs[i], name, 0)) return true;
    return false;
}

/* True if @value does no harm, whatever names it. */
static bool named_is_harmless(libxl_snapshot_ctx *sc,
                              const struct snap_named *named)
{
    const char *value = named->value;

    switch (named->kind) {
    case SNAP_NAMED_OWN:
        return true;
    case SNAP_NAMED_RUNS:
        return named->key && !strcmp(named->key, "bootloader")
            && named_is_pygrub(value);
    case SNAP_NAMED_WORD:
        return named_is_word(named->member, value);
    case SNAP_NAMED_SCRIPT:
        return !strchr(value, '/')
            || named_is_in(XEN_CONFIG_DIR "/scripts", value);
    case SNAP_NAMED_SOCKET:
        return (named_is_in("/run/xen", value)
                || named_is_in("/var/run/xen", value))
            && !named_is_of_others(strrchr(value, '/') + 1);
    case SNAP_NAMED_READS:
        return snap_file_is_public(sc, value);
    case SNAP_NAMED_GUARD:
        break;
    }
    return true;
}

/*-- the walk ---------------------------------------------------------------*/

/* The index of the row for @member; -1: there is none. */
static int named_row(const char *member)
{
    size_t i;

    for (i = 0; i < NUM(members); i++)
        if (!fnmatch(members[i].member, member, 0)) return i;
    return -1;
}

static void named_add(struct walk *w, const char *member, int row,
                      const char *value, bool is_text)
{
    struct snap_named_list *list = w->list;
    enum snap_named_kind kind = row >= 0 ? members[row].kind
        : is_text && strcmp(value, "True") ? SNAP_NAMED_RUNS
                                           : SNAP_NAMED_OWN;

    if (kind == SNAP_NAMED_OWN || named_is_nothing(value)) return;
    list->items = snap_grow_by_one(w->sc, list->items, list->num,
                                   sizeof(*list->items));
    list->items[list->num++] = (struct snap_named){
        snap_strdup(w->sc, member), snap_strdup(w->sc, value), kind,
        row >= 0 ? members[row].key : NULL,
    };
}

static const char *named_text(yajl_val v)
{
    return YAJL_IS_STRING(v) ? YAJL_GET_STRING(v)
        : YAJL_IS_NUMBER(v) ? YAJL_GET_NUMBER(v)
        : YAJL_IS_TRUE(v) ? "True" : "";
}

/* The value of an object with fields, "1:0:2 name=gpu".  One of zeros may
 * be a device, too. */
static const char *named_fields(struct walk *w, int row, yajl_val v)
{
    const char *const *fields = members[row].fields;
    const char *const *words = members[row].words, *text = "", *word;
    int i;

    for (i = 0; i < NAMED_FIELDS && fields[i]; i++) {
        word = named_text(snap_json_get(v, fields[i]));
        text = snap_sprintf(w->sc, "%s%s%s", text, i ? ":" : "",
                            *word ? word : "0");
    }
    for (i = 0; i < NAMED_FIELDS && words[i]; i++) {
        word = named_text(snap_json_get(v, words[i]));
        if (*word)
            text = snap_sprintf(w->sc, "%s %s=%s", text, words[i], word);
    }
    return text;
}

/* A list of strings is one value: arguments, in their order. */
static const char *named_strings(struct walk *w, yajl_val v)
{
    char *text = NULL;
    size_t i;

    for (i = 0; i < v->u.array.len; i++) {
        if (!YAJL_IS_STRING(v->u.array.values[i])) return NULL;
        text = snap_append(w->sc, text, "%s%s", i ? " " : "",
                           YAJL_GET_STRING(v->u.array.values[i]));
    }
    return text ? text : "";
}

static bool named_is_image_of_snapshot(const struct walk *w,
                                       const char *member, const char *key,
                                       yajl_val of)
{
    const char *vdev = snap_json_str(of, "vdev");

    return w->snap && vdev && !strcmp(member, "disks")
        && !strcmp(key, "pdev_path") && snap_disk_snapshot(w->snap, vdev);
}

/* The name of the member @key of @of, the object @member. */
static const char *named_member(const struct walk *w, const char *member,
                                const char *key, yajl_val of)
{
    const char *name = snap_sprintf(w->sc, "%s%s%s", member,
                                    *member ? "." : "", key);

    return strcmp(name, "disks.pdev_path")
        || named_is_nothing(named_text(snap_json_get(of, "readwrite")))
        ? name : WRITABLE_IMAGE;
}

static void named_walk(struct walk *w, const char *member, yajl_val v)
{
    int row = named_row(member);
    const char *text;
    size_t i;

    if (YAJL_IS_OBJECT(v) && row >= 0 && members[row].fields[0]) {
        named_add(w, member, row, named_fields(w, row, v), true);
        return;
    }
    if (YAJL_IS_ARRAY(v)) {
        text = named_strings(w, v);
        if (text) named_add(w, member, row, text, true);
        for (i = 0; !text && i < v->u.array.len; i++)
            named_walk(w, member, v->u.array.values[i]);
        return;
    }
    if (!YAJL_IS_OBJECT(v)) {
        named_add(w, member, row, named_text(v), YAJL_IS_STRING(v));
        return;
    }
    for (i = 0; i < v->u.object.len; i++)
        if (!named_is_image_of_snapshot(w, member, v->u.object.keys[i], v))
            named_walk(w, named_member(w, member, v->u.object.keys[i], v),
                       v->u.object.values[i]);
}

int snap_named_gather(libxl_snapshot_ctx *sc, const char *config,
                      const libxl_domain_snapshot *snap,
                      struct snap_named_list *list_r)
{
    struct walk w = { .sc = sc, .snap = snap, .list = list_r };
    yajl_val v = snap_json_parse(config);

    *list_r = (struct snap_named_list){ 0 };
    if (!YAJL_IS_OBJECT(v)) {
        yajl_tree_free(v);
        return snap_fail(sc, ERROR_INVAL, "the config of the domain is not "
                         "a JSON object");
    }
    named_walk(&w, "", v);
    yajl_tree_free(v);
    return 0;
}

/*-- compared ---------------------------------------------------------------*/

static bool named_has(const struct snap_named_list *list,
                      const struct snap_named *named)
{
    int i;

    for (i = 0; list && i < list->num; i++)
        if (!strcmp(list->items[i].member, named->member)
            && !strcmp(list->items[i].value, named->value))
            return true;
    return false;
}

#define NAMED_SHOWN 256

/* "kernel is /a": what @named is, or is not. */
static const char *named_in_words(libxl_snapshot_ctx *sc,
                                  const struct snap_named *named,
                                  const char *is)
{
    const char *key = named->key ? named->key : named->member;
    const char *value = named->value;
    size_t len = strlen(value);
    bool is_missing = named->kind == SNAP_NAMED_READS && *value == '/'
        && !snap_file_exists(value);

    if (len > NAMED_SHOWN)
        return snap_sprintf(sc, "%s %s %.*s... (%zu bytes more)", key, is,
                            NAMED_SHOWN, value, len - NAMED_SHOWN);
    return snap_sprintf(sc, "%s %s %s%s", key, is, value,
                        is_missing ? " (missing)" : "");
}

int snap_named_others(libxl_snapshot_ctx *sc,
                      const struct snap_named_list *list,
                      const struct snap_named_list *other,
                      const char ***texts_r)
{
    int max = list->num + (other ? other->num : 0), num = 0, i;
    const char **texts = snap_zalloc(sc, (max + 1) * sizeof(*texts));
    const struct snap_named *named;

    for (i = 0; i < list->num; i++) {
        named = &list->items[i];
        if (!named_has(other, named) && !named_is_harmless(sc, named))
            texts[num++] = named_in_words(sc, named, "is");
    }
    for (i = 0; other && i < other->num; i++) {
        named = &other->items[i];
        if (named->kind == SNAP_NAMED_GUARD && !named_has(list, named))
            texts[num++] = named_in_words(sc, named, "is not");
    }
    *texts_r = texts;
    return num;
}
