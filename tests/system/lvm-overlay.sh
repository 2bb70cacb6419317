#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# A volume that QEMU serves can have an overlay, too. The volume is then
# read-only, and an xl.cfg that still names it cannot write to it.
. "$(dirname "$0")/lvm.sh"

new_vg 100M
lvm_ lvcreate -L 32M -n base vg-0
new_snapshot_domain vm /dev/vg-0/base,raw,%v,w,backendtype=qdisk
ticking vm
ok "an overlay needs a place" mustfail "is a block device" \
    xl snapshot-create --external vm
before=$(tick vm)
ok "which a ConfigFile names" xl snapshot-create -n s1 vm \
    <(echo "disks = [ '/srv/vm/over.qcow2,qcow2,xvda' ]")
after=$(tick vm)
ok "the guest goes on" ticking vm
ok "the volume is read-only" says "^base -ri" volumes
sum=$(sum base)
ok "not even root writes to it" not dd if=/dev/zero of=/dev/vg-0/base count=1
ok "reverts" revert vm s1
ok "memory and disk are back at the instant" back_at vm "$before" "$after"

xl destroy vm
mark vm
xl create -q "$(config vm)" > /dev/null 2>&1 || :
sleep 15
ok "a cold start from the old xl.cfg has not written" test "$(sum base)" = "$sum"
xl destroy vm 2>/dev/null || :

# s1 and its overlays are given up
rm -rf "${snapshots:?}/vm/s1"
sed -i 's/,backendtype=qdisk//' "$(config vm)"
lvm_ lvchange -prw vg-0/base
ok "blkback would write to it: no overlay where xl.cfg says that" \
    mustfail "add backendtype=qdisk to the disk" \
    xl snapshot-create --domain-config "$(config vm)" vm \
    <(echo "disks = [ '/srv/vm/other.qcow2,qcow2,xvda' ]")
ok "but a snapshot of LVM's" says "disks only, as the domain left them" \
    xl snapshot-create --domain-config "$(config vm)" -n s2 vm
