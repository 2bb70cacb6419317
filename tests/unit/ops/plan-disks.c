/* SPDX-License-Identifier: LGPL-2.1-only */
/* plan-disks.c: see plan-disks.h. */
#include "plan-disks.h"

#include <stdlib.h>

#define QCOW2 LIBXL_DISK_FORMAT_QCOW2
#define RAW LIBXL_DISK_FORMAT_RAW
#define VHD LIBXL_DISK_FORMAT_VHD
#define INTERNAL LIBXL_SNAPSHOT_MODE_INTERNAL
#define EXTERNAL LIBXL_SNAPSHOT_MODE_EXTERNAL
#define QDISK SNAP_BACKEND_QDISK
#define PHY SNAP_BACKEND_PHY
#define OVERLAY_PATHS \
    .overlay = "/srv/vm/%v.s1.qcow2", .new_image = "/srv/vm/%v.s1.r1.qcow2"

const struct disk_facts disk_facts[] = {
    [TAG] = { INTERNAL, "/srv/vm/%v.qcow2", QCOW2, QDISK },
    [TAG_IN_OVERLAY] = { INTERNAL, "/srv/vm/%v.s0.qcow2", QCOW2, QDISK,
                         .base = "/srv/vm/%v.qcow2" },
    [OVERLAY] = { EXTERNAL, "/srv/vm/%v.qcow2", QCOW2, QDISK,
                  OVERLAY_PATHS },
    [OVERLAY_ON_OVERLAY] = { EXTERNAL, "/srv/vm/%v.s0.qcow2", QCOW2, QDISK,
                             .base = "/srv/vm/%v.qcow2", OVERLAY_PATHS },
    [OVERLAY_ON_RAW] = { EXTERNAL, "/srv/vm/%v.raw", RAW, QDISK,
                         OVERLAY_PATHS },
    [OVERLAY_ON_VHD] = { EXTERNAL, "/srv/vm/%v.vhd", VHD, QDISK,
                         OVERLAY_PATHS },
    [OVERLAY_DISCARD] = { EXTERNAL, "/srv/vm/%v.qcow2", QCOW2, QDISK,
                          .discard = true, OVERLAY_PATHS },
    [OVERLAY_DIRECT] = { EXTERNAL, "/srv/vm/%v.raw", RAW, QDISK,
                         .direct = true, OVERLAY_PATHS },
    [OVERLAY_ON_LV] = { EXTERNAL, "/dev/vg-0/base", RAW, QDISK,
                        .lv = "base",
                        .overlay = "/srv/vm/over.qcow2",
                        .new_image = "/srv/vm/over.r1.qcow2" },
    [OVERLAY_REUSED] = { EXTERNAL, "/srv/vm/%v.qcow2", QCOW2, QDISK,
                         .reuse = true, OVERLAY_PATHS },
    [THICK] = { INTERNAL, "/dev/mapper/vg--0-web--root", RAW, PHY,
                .lv = "web-root" },
    [THICK_BY_QEMU] = { INTERNAL, "/dev/vg-0/data", RAW, QDISK,
                        .lv = "data" },
    [THIN] = { INTERNAL, "/dev/vg-0/thin-root", RAW, PHY,
               .lv = "thin-root",
               .new_image = "/dev/vg-0/thin-root.s1.r1" },
    [THIN_BY_QEMU] = { INTERNAL, "/dev/mapper/vg--0-thin--data", RAW,
                       QDISK, .lv = "thin-data",
                       .new_image = "/dev/vg-0/thin-data.s1.r1" },
    [THIN_OF_REVERT] = { INTERNAL, "/dev/vg-0/thin-root.s0.r1", RAW, PHY,
                         .lv = "thin-root.s0.r1",
                         .new_image = "/dev/vg-0/thin-root.s1.r1" },
    [HOOK_FILE] = { INTERNAL, "/srv/vm/%v.raw", RAW, PHY, .hook = "copy" },
    [HOOK_VOLUME] = { INTERNAL, "/dev/zvol/tank/vol", RAW, PHY,
                      .hook = "zfs" },
    [VHD_BY_TAPDISK] = { EXTERNAL, "vhd:/srv/vm/%v.vhd", RAW,
                         SNAP_BACKEND_OTHER, .tapdisk = true,
                         .overlay = "/srv/vm/%v.s1.vhd",
                         .new_image = "/srv/vm/%v.s1.r1.vhd" },
    [VHD_ON_LV] = { EXTERNAL, "vhd:/dev/vg-0/base", RAW,
                    SNAP_BACKEND_OTHER, .tapdisk = true, .lv = "base",
                    .overlay = "/srv/vm/%v.s1.vhd",
                    .new_image = "/srv/vm/%v.s1.r1.vhd" },
    [READ_ONLY] = { EXTERNAL, "/srv/cd.iso", RAW, QDISK,
                    .read_only = true },
    [UNSUPPORTED] = { EXTERNAL, "/dev/loop0", RAW, PHY, OVERLAY_PATHS },
};

const char *disk_vdev(int i)
{
    static const char *const vdevs[MAX_DISKS] = {
        "xvda", "xvdb", "xvdc", "xvdd", "xvde", "xvdf", "xvdg", "xvdh",
    };

    return vdevs[i];
}

char *disk_path(const char *path, int i)
{
    const char *at = path ? strstr(path, "%v") : NULL;

    if (!at) return snap_result_str(path);
    return snap_result_str(snap_sprintf(sc, "%.*s%s%s", (int)(at - path),
                                        path, disk_vdev(i), at + 2));
}

/*-- the config ---------------------------------------------------------*/

/* A stored config has each backend; an xl.cfg names it where libxl would
 * choose another, as for a raw image in QEMU's hands. */
static libxl_disk_backend config_backend(const struct disk_facts *facts,
                                         enum state state)
{
    if (facts->tapdisk) return LIBXL_DISK_BACKEND_UNKNOWN;
    if (facts->backend == QDISK)
        return state == OFF && facts->format != RAW
            ? LIBXL_DISK_BACKEND_UNKNOWN : LIBXL_DISK_BACKEND_QDISK;
    return state == OFF ? LIBXL_DISK_BACKEND_UNKNOWN
                        : LIBXL_DISK_BACKEND_PHY;
}

static void config_disk(const struct disk_facts *facts, enum state state,
                        int i, libxl_device_disk *disk)
{
    libxl_device_disk_init(disk);
    disk->vdev = snap_result_str(disk_vdev(i));
    disk->pdev_path = disk_path(facts->image, i);
    disk->format = facts->format;
    disk->backend = config_backend(facts, state);
    disk->readwrite = !facts->read_only;
    disk->direct_io_safe = facts->direct;
    if (facts->discard) libxl_defbool_set(&disk->discard_enable, true);
    if (facts->tapdisk) disk->script = snap_result_str("block-tap");
}

/* xl gives the first channel the number of the console (to 4.20). */
static void config_agent(libxl_domain_config *config)
{
    libxl_device_channel *channel = calloc(1, sizeof(*channel));

    if (!channel) abort();
    libxl_device_channel_init(channel);
    channel->name = snap_result_str("org.qemu.guest_agent.0");
    channel->devid = 1;
    libxl_device_channel_init_connection(channel,
                                         LIBXL_CHANNEL_CONNECTION_SOCKET);
    channel->u.socket.path = snap_result_str("/run/xen/vm.agent");
    config->channels = channel;
    config->num_channels = 1;
}

void plan_config(const struct plan_case *pc, enum state state,
                 libxl_domain_config *config)
{
    int i;

    libxl_domain_config_init(config);
    config->c_info.name = snap_result_str("vm");
    config->disks = calloc(MAX_DISKS, sizeof(*config->disks));
    if (!config->disks) abort();
    for (i = 0; i < MAX_DISKS && pc->disks[i]; i++)
        config_disk(&disk_facts[pc->disks[i]], state, i,
                    &config->disks[config->num_disks++]);
    if (pc->what == AGENT) config_agent(config);
}

/*-- volumes ------------------------------------------------------------*/

/* As LVM 2.03.16 prints it. */
static const char *lvm_row(const char *name, const char *attr,
                           uint64_t bytes, const char *origin,
                           const char *pool, const char *tags)
{
    return snap_sprintf(
        sc, "{\"vg_name\":\"vg-0\",\"lv_name\":\"%s\",\"lv_attr\":\"%s\","
        "\"lv_size\":\"%llu\",\"lv_path\":\"/dev/vg-0/%s\","
        "\"lv_tags\":\"%s\",\"origin\":\"%s\",\"pool_lv\":\"%s\","
        "\"data_percent\":\"%s\",\"metadata_percent\":\"%s\","
        "\"chunk_size\":\"4096\",\"vg_free\":\"1073741824\","
        "\"vg_extent_size\":\"4194304\"}",
        name, attr, (unsigned long long)bytes, name,
        tags, origin, pool, *attr == '-' ? "" : "10.00",
        *attr == 't' ? "1.00" : "");
}

/* The volumes of the domain are open while it is there. */
static const char *lvm_attr(const char *attr, enum state state)
{
    char *copy = snap_strdup(sc, attr);

    copy[5] = state == OFF ? '-' : 'o';
    return copy;
}

const struct snap_lvm *plan_lvm(enum state state, bool snapshot)
{
    static const char tag[] = "xl-snapshot.1700000000";
    const uint64_t size = DISK_BYTES, area = DISK_BYTES + (4 << 20);
    struct snap_lvm *lvm = snap_zalloc(sc, sizeof(*lvm));
    const char *base = lvm_attr("-wi-a-----", state);
    const char *thick = snapshot ? lvm_attr("owi-a-s---", state) : base;
    const char *thin = lvm_attr("Vwi-a-tz--", state);
    const char *past = "Vri---tz-k", *text;

    text = snap_sprintf(
        sc, "{\"report\":[{\"lv\":[%s,%s,%s,%s,%s,%s,%s,%s",
        lvm_row("base", base, size, "", "", ""),
        lvm_row("web-root", thick, size, "", "", ""),
        lvm_row("data", thick, size, "", "", ""),
        lvm_row("pool", "twi-aotz--", 4 * size, "", "", ""),
        lvm_row("thin-root", thin, size, "", "pool", ""),
        lvm_row("thin-data", thin, size, "", "pool", ""),
        lvm_row("thin-root.s0", past, size, "thin-root", "pool", ""),
        lvm_row("thin-root.s0.r1", thin, size, "thin-root.s0", "pool",
                ""));
    if (snapshot)
        text = snap_sprintf(
            sc, "%s,%s,%s,%s,%s", text,
            lvm_row("web-root.s1", "sri-a-s---", area, "web-root", "",
                    tag),
            lvm_row("data.s1", "sri-a-s---", area, "data", "", tag),
            lvm_row("thin-root.s1", past, size, "thin-root", "pool",
                    ""),
            lvm_row("thin-data.s1", past, size, "thin-data", "pool",
                    ""));
    CHECK_OK(snap_lvm_parse(sc, snap_sprintf(sc, "%s]}]}", text), lvm));
    return lvm;
}

/*-- the domain ---------------------------------------------------------*/

struct snap_chain plan_chain(const struct disk_facts *facts, int i)
{
    struct snap_layer *layers = snap_zalloc(sc, 2 * sizeof(*layers));
    const char *path = facts->tapdisk ? facts->image + 4 : facts->image;
    char *image = disk_path(path, i), *base = disk_path(facts->base, i);
    struct snap_chain chain = {
        .virtual_size = DISK_BYTES, .layers = layers, .num_layers = 1,
    };

    layers[0].path = snap_strdup(sc, image);
    layers[0].format = facts->tapdisk ? "vpc"
                                      : snap_imageinfo_format(facts->format);
    if (base) {
        layers[chain.num_layers].path = snap_strdup(sc, base);
        layers[chain.num_layers++].format = "qcow2";
    }
    free(image);
    free(base);
    return chain;
}

static const struct snap_hook *domain_hook(const char *name)
{
    struct snap_hook *hook = snap_zalloc(sc, sizeof(*hook));

    hook->name = name;
    hook->path = snap_hook_path(sc, name);
    hook->can = LIBXL_SNAPSHOT_CAN_LIVE | LIBXL_SNAPSHOT_CAN_OFFLINE;
    return hook;
}

/* The answers of QEMU; of qemu-img where the domain does not run. */
static void domain_disk_image(const struct disk_facts *facts,
                              enum state state, int i,
                              struct snap_disk *disk)
{
    disk->node_file = disk->path;
    disk->node_driver = facts->tapdisk ? "vpc"
                                       : snap_imageinfo_format(facts->format);
    if (facts->format == VHD || facts->tapdisk) disk->vhd = SNAP_VHD_PLAIN;
    if (state == OFF) {
        if (disk->lv) disk->chain.virtual_size = disk->lv->size;
        else disk->chain = plan_chain(facts, i);
    } else if (facts->backend == QDISK) {
        disk->node = snap_sprintf(sc, "#block%d", 100 * (i + 1));
        disk->chain = plan_chain(facts, i);
    } else {
        disk->node_file = disk->node_driver = NULL;
    }
}

static void domain_disk(const struct disk_facts *facts, enum state state,
                        const struct snap_lvm *lvm, int i,
                        struct snap_disk *disk)
{
    const char *backend = facts->backend == QDISK ? "qdisk" : "vbd";

    disk->backend = state == OFF ? SNAP_BACKEND_OFFLINE : facts->backend;
    if (state != OFF) {
        disk->devid = 51712 + 16 * i;
        disk->be_path = snap_sprintf(sc, "/local/domain/0/backend/%s/7/%d",
                                     backend, disk->devid);
        disk->discard = facts->discard;
    }
    disk->lv = snap_lv_named(lvm, "vg-0", facts->lv);
    disk->vhd_util = true;
    domain_disk_image(facts, state, i, disk);
    if (facts->hook) disk->hook = domain_hook(facts->hook);
}

void plan_domain(const struct plan_case *pc, enum state state,
                 const struct snap_lvm *lvm, struct snap_domain *dom)
{
    static const libxl_domain_type types[] = {
        [PV] = LIBXL_DOMAIN_TYPE_PV, [PVH] = LIBXL_DOMAIN_TYPE_PVH,
        [HVM] = LIBXL_DOMAIN_TYPE_HVM,
        [HVM_EMULATED] = LIBXL_DOMAIN_TYPE_HVM,
    };
    static pid_t monitors[] = { 4711 };
    int i;

    snap_domain_init(dom);
    plan_config(pc, state, &dom->config);
    dom->name = dom->config.c_info.name;
    dom->type = types[pc->guest];
    libxl_uuid_from_string(&dom->uuid, UUID);
    if (state != OFF) {
        dom->domid = 7;
        dom->uuid_str = UUID;
        dom->paused = state == PAUSED;
        dom->memory_kb = 131072;
        dom->pv_drivers = pc->guest != HVM_EMULATED;
        dom->qemu_pid = 412;
        dom->devices = "(the devices)";
        dom->monitors = monitors;
        dom->num_monitors = pc->flags & UNWATCHED ? 0 : 1;
    }
    snap_domain_gather_disks(sc, dom);
    for (i = 0; i < dom->num_disks; i++)
        domain_disk(&disk_facts[pc->disks[i]], state, lvm, i,
                    &dom->disks[i]);
}
