#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Snapshots deleted under a running guest: tags by its QEMU, volumes by LVM. The other
# snapshots, and the guest, are as before.
. "$(dirname "$0")/lvm.sh"

new_vg 400M
lvm_ lvcreate -L 128M -T vg-0/pool
lvm_ lvcreate -V 32M -T vg-0/pool -n thin
lvm_ lvcreate -L 32M -n thick vg-0
new_snapshot_domain vm qcow2:64M qcow2:32M /dev/vg-0/thin,raw,%v,w \
    /dev/vg-0/thick,raw,%v,w
tags() { qemu-img snapshot -U -l "/srv/vm/$1.qcow2" 2>/dev/null | awk 'NR > 2 { print $2 }'; }
ticking vm
xl snapshot-create -n s1 vm
before=$(tick vm)
xl snapshot-create -n s2 vm
after=$(tick vm)
xl snapshot-create -n s3 vm
ticking vm
disks=$(disks_of vm)
ok "one is deleted while the guest runs" says "Snapshot s1 of domain vm is deleted" \
    xl snapshot-delete vm s1
ok "the guest goes on" ticking vm
ok "on the same disks" diff <(disks_of vm) <(echo "$disks")
ok "its tags are gone, the others are there" diff <(tags xvda; tags xvdb) \
    <(printf '%s\n' s2 s3 s2 s3)
volumes() { lvs --noheadings -o lv_name vg-0 2>/dev/null | tr -d ' ' | grep '\.'; }
ok "so are its volumes" diff <(volumes | sort) \
    <(printf '%s\n' thick.s2 thick.s3 thin.s2 thin.s3)
ok "and its folder" test ! -e "$snapshots/vm/s1"
xl pause vm
ok "another one while it is paused" says "s3 of domain vm is deleted" \
    xl snapshot-delete vm s3
ok "it stays paused" says " --p--- " xl list vm
xl unpause vm
ok "the guest goes on" ticking vm
hold vm
ok "the one between them is good" xl snapshot-verify vm s2
ok "reverts to it" revert vm s2
ok "at its instant" back_at vm "$before" "$after"

# --- of a domain that is off --------------------------------------------------

xl destroy vm
ok "when it is off" says "s2 of domain vm is deleted" xl snapshot-delete vm s2
ok "no tag is left" test -z "$(tags xvda)$(tags xvdb)"
ok "the images are sound" qemu-img check -q -f qcow2 /srv/vm/xvda.qcow2
