/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * plan-cases.c: the cases, each with the system tests that run it on a
 * real Xen.  Each is planned in every state of the domain.
 */
#include "plans.h"

const char *const state_names[] = {
    [RUNNING] = "running", [PAUSED] = "paused", [OFF] = "off",
};

const char *const guest_names[] = {
    [PV] = "pv", [PVH] = "pvh", [HVM] = "hvm",
    [HVM_EMULATED] = "hvm without PV drivers",
};

const char *const what_names[] = {
    [MEMORY] = "memory", [LIVE] = "live", [DISKS] = "disks",
    [AGENT] = "frozen by the agent", [COMMAND] = "frozen by a command",
};

const char *const disk_names[] = {
    [TAG] = "tag",
    [TAG_IN_OVERLAY] = "tag in an overlay",
    [OVERLAY] = "overlay on a qcow2",
    [OVERLAY_ON_OVERLAY] = "overlay on an overlay",
    [OVERLAY_ON_RAW] = "overlay on a raw file",
    [OVERLAY_ON_VHD] = "overlay on a vhd",
    [OVERLAY_DISCARD] = "overlay, discard",
    [OVERLAY_DIRECT] = "overlay, direct-io-safe",
    [OVERLAY_ON_LV] = "overlay on a volume",
    [OVERLAY_REUSED] = "overlay that is there",
    [THICK] = "thick volume", [THICK_BY_QEMU] = "thick volume of QEMU's",
    [THIN] = "thin volume", [THIN_BY_QEMU] = "thin volume of QEMU's",
    [THIN_OF_REVERT] = "thin volume of a revert",
    [HOOK_FILE] = "file with a hook", [HOOK_VOLUME] = "volume with a hook",
    [VHD_BY_TAPDISK] = "vhd of tapdisk's",
    [VHD_ON_LV] = "vhd of tapdisk's on a volume",
    [READ_ONLY] = "read-only disk",
    [UNSUPPORTED] = "loop device without snapshots",
};

/* A domain that is off has no memory: with MEMORY its disks alone are
 * taken, as the command does it.  One that is paused is let run for the
 * moment of the save (--unpause), if it has to. */
const struct plan_case create_cases[] = {
    /* external memory-image dry-run-json offline gold-image interrupted
     * killed-create journal-fails power-cut-create domain-dies
     * storage-fails spoiled-replies */
    { "external", PV, MEMORY, 0, { OVERLAY, OVERLAY_ON_RAW } },
    /* internal offline refused-states hung-storage */
    { "internal", PV, MEMORY, 0, { TAG, TAG } },
    /* pvh-live hvm */
    { "live-external", PVH, LIVE, 0, { OVERLAY, OVERLAY_ON_RAW } },
    /* killed-create-live power-cut-create */
    { "live-internal", PVH, LIVE, 0, { TAG } },
    { "hvm-live-external", HVM, LIVE, 0, { OVERLAY, OVERLAY_ON_RAW } },
    /* hvm: its second snapshot */
    { "hvm-internal", HVM, MEMORY, 0, { TAG_IN_OVERLAY, TAG_IN_OVERLAY } },
    { "hvm-emulated", HVM_EMULATED, MEMORY, 0, { TAG } },
    { "live-emulated-paused", HVM_EMULATED, LIVE, LEAVE_PAUSED,
      { OVERLAY } },
    /* configfile refused-revert in-use */
    { "mixed-modes", PV, MEMORY, 0, { TAG, OVERLAY } },
    /* paused */
    { "leave-paused", PV, MEMORY, LEAVE_PAUSED, { TAG } },
    /* afterwards stale-config pvh-live gold-image (--keep) */
    { "chain-external", PV, MEMORY, 0,
      { OVERLAY_ON_OVERLAY, OVERLAY_ON_OVERLAY } },
    { "chain-internal", PVH, MEMORY, 0,
      { TAG_IN_OVERLAY, TAG_IN_OVERLAY } },
    /* stale-config */
    { "discard-and-direct", PV, MEMORY, 0,
      { OVERLAY_DISCARD, OVERLAY_DIRECT } },
    { "unwatched", PV, MEMORY, UNWATCHED, { OVERLAY } },
    /* disk-only list-verify killed-revert-disk-only hvm pvh-live */
    { "disks-external", PV, DISKS, 0, { OVERLAY, OVERLAY } },
    { "disks-internal", PV, DISKS, 0, { TAG, TAG } },
    { "disks-leave-paused", HVM, DISKS, LEAVE_PAUSED, { TAG } },
    /* quiesce */
    { "quiesced-by-agent", PV, AGENT, 0, { OVERLAY_ON_RAW } },
    { "quiesced-by-command", PV, COMMAND, 0, { OVERLAY_ON_RAW } },
    { "quiesced-internal", PVH, AGENT, 0, { TAG } },
    { "quiesced-volumes", PV, AGENT, 0, { THICK, THIN } },
    /* lvm-thick lvm-refused lvm-overlay */
    { "thick", PV, MEMORY, 0, { THICK, THICK_BY_QEMU } },
    { "disks-thick", PV, DISKS, 0, { THICK } },
    /* lvm-thin */
    { "thin", PV, MEMORY, 0, { THIN, THIN_BY_QEMU } },
    { "thin-of-revert", PV, MEMORY, 0, { THIN_OF_REVERT } },
    /* lvm-overlay */
    { "overlay-on-lv", PV, MEMORY, 0, { OVERLAY_ON_LV } },
    /* reuse-external */
    { "reused", PV, MEMORY, 0, { OVERLAY_REUSED, OVERLAY } },
    /* mixed-storage */
    { "mixed-storage", PV, MEMORY, 0,
      { OVERLAY, THICK, THIN, OVERLAY_ON_RAW } },
    { "disks-mixed-storage", PV, DISKS, 0,
      { OVERLAY, THICK, THIN, OVERLAY_ON_RAW } },
    /* killed-create-mixed replaced power-cut-create */
    { "mixed-internal", PV, MEMORY, 0, { TAG, THICK, THIN } },
    /* hooks zfs */
    { "hook", PV, MEMORY, 0, { HOOK_FILE } },
    { "hooks-and-tag", PV, MEMORY, 0, { HOOK_VOLUME, HOOK_FILE, TAG } },
    { "disks-hook", PV, DISKS, 0, { HOOK_VOLUME } },
    /* odd-disks */
    { "overlay-on-vhd", PV, MEMORY, 0, { OVERLAY, OVERLAY_ON_VHD } },
    { "vhd", PV, DISKS, 0, { OVERLAY, VHD_BY_TAPDISK } },
    { "vhd-on-lv", PV, DISKS, 0, { VHD_ON_LV } },
    { "read-only-disk", PV, MEMORY, 0, { TAG, READ_ONLY } },
    /* skip-unsupported */
    { "skip-unsupported", PV, MEMORY, SKIP, { TAG, UNSUPPORTED } },
    { "unsupported", PV, MEMORY, 0, { TAG, UNSUPPORTED } },
    /* eight-disks */
    { "eight-disks", PV, MEMORY, 0,
      { OVERLAY, OVERLAY_ON_RAW, OVERLAY, OVERLAY_ON_RAW,
        OVERLAY, OVERLAY_ON_RAW, OVERLAY, OVERLAY_ON_RAW } },
    { "no-disks", PV, MEMORY, 0, { READ_ONLY } },
    { NULL }
};

/* With DISKS the snapshot has no memory: the domain is booted. */
const struct plan_case revert_cases[] = {
    /* external afterwards memory-image gold-image killed-revert
     * power-cut-revert */
    { "external", PV, MEMORY, 0, { OVERLAY, OVERLAY_ON_RAW } },
    /* internal killed-revert power-cut-revert */
    { "internal", PV, MEMORY, 0, { TAG, TAG } },
    /* pvh-live hvm */
    { "hvm-internal", HVM, MEMORY, 0, { TAG_IN_OVERLAY, TAG_IN_OVERLAY } },
    /* configfile */
    { "mixed-modes", PV, MEMORY, 0, { TAG, OVERLAY } },
    /* paused */
    { "leave-paused", PV, MEMORY, LEAVE_PAUSED, { TAG } },
    /* disk-only offline quiesce killed-revert-disk-only
     * power-cut-revert */
    { "disks-external", PV, DISKS, 0, { OVERLAY, OVERLAY_ON_RAW } },
    { "disks-internal", PV, DISKS, 0, { TAG, TAG } },
    { "disks-leave-paused", PV, DISKS, LEAVE_PAUSED, { TAG } },
    { "disks-without-uuid", PV, DISKS, REBORN, { OVERLAY } },
    /* stale-config */
    { "discard-and-direct", PV, DISKS, 0,
      { OVERLAY_DISCARD, OVERLAY_DIRECT } },
    /* lvm-thick lvm-refused */
    { "thick", PV, MEMORY, 0, { THICK, THICK_BY_QEMU } },
    { "disks-thick", PV, DISKS, 0, { THICK } },
    /* lvm-thin */
    { "thin", PV, MEMORY, 0, { THIN, THIN_BY_QEMU } },
    { "disks-thin", PV, DISKS, 0, { THIN } },
    /* lvm-overlay */
    { "overlay-on-lv", PV, MEMORY, 0, { OVERLAY_ON_LV } },
    /* mixed-storage */
    { "mixed-storage", PV, MEMORY, 0,
      { OVERLAY, THICK, THIN, OVERLAY_ON_RAW } },
    { "disks-mixed-storage", PV, DISKS, 0,
      { OVERLAY, THICK, THIN, OVERLAY_ON_RAW } },
    /* killed-create-mixed replaced */
    { "mixed-internal", PV, MEMORY, 0, { TAG, THICK, THIN } },
    /* hooks zfs */
    { "hook", PV, MEMORY, 0, { HOOK_FILE } },
    { "hooks-and-tag", PV, MEMORY, 0, { HOOK_VOLUME, HOOK_FILE, TAG } },
    { "disks-hook", PV, DISKS, 0, { HOOK_VOLUME } },
    /* odd-disks */
    { "overlay-on-vhd", PV, MEMORY, 0, { OVERLAY, OVERLAY_ON_VHD } },
    { "vhd", PV, DISKS, 0, { OVERLAY, VHD_BY_TAPDISK } },
    { "vhd-on-lv", PV, DISKS, 0, { VHD_ON_LV } },
    { "read-only-disk", PV, MEMORY, 0, { TAG, READ_ONLY } },
    /* skip-unsupported */
    { "skip-unsupported", PV, MEMORY, SKIP, { TAG, UNSUPPORTED } },
    /* eight-disks */
    { "eight-disks", PV, MEMORY, 0,
      { OVERLAY, OVERLAY_ON_RAW, OVERLAY, OVERLAY_ON_RAW,
        OVERLAY, OVERLAY_ON_RAW, OVERLAY, OVERLAY_ON_RAW } },
    { "no-disks", PV, MEMORY, 0, { READ_ONLY } },
    { NULL }
};

const struct plan_case *plan_case_named(const struct plan_case *cases,
                                        const char *name)
{
    for (; cases->name; cases++)
        if (!strcmp(cases->name, name)) return cases;
    CU_FAIL_FATAL("no such case");
    return NULL;
}
