#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Logical volumes that blkback and QEMU serve: snapshot volumes, merged and
# taken again by each revert.
. "$(dirname "$0")/lvm.sh"

new_vg 600M
lvm_ lvcreate -L 64M -n web-root vg-0
lvm_ lvcreate -L 32M -n data vg-0
new_snapshot_domain vm /dev/mapper/vg--0-web--root,raw,%v,w \
    /dev/vg-0/data,raw,%v,w,backendtype=qdisk
ticking vm
before=$(tick vm)
ok "a snapshot with no options at all" \
    says "xvda +internal: /dev/vg-0/web-root.s1 .lvm-thick" \
    xl snapshot-create -n s1 vm
after=$(tick vm)
ok "the guest goes on" ticking vm
ok "the domain stays on its volumes" diff <(disks_of vm) - <<END
xvda /dev/mapper/vg--0-web--root raw
xvdb /dev/vg-0/data raw
END
ok "the snapshot volumes are read-only and as large as need be" \
    says "^ *web-root.s1 sri-.* 68.00m$" \
    lvs --noheadings --units m -o lv_name,lv_attr,lv_size vg-0
ok "not even root writes to them" not dd if=/dev/zero of=/dev/vg-0/data.s1 count=1
ok "the memory image cannot be restored without us" \
    not xl restore "$(memory vm s1)"

newer=$(tick vm)
ok "another one on top" xl snapshot-create -n s2 vm
newer_end=$(tick vm)
ok "reverts to the older one" revert vm s1
ok "memory and disks are back at the instant" back_at vm "$before" "$after"
ok "on the same volumes" says "xvda /dev/vg-0/web-root raw" disks_of vm
ok "as QEMU's, where it was QEMU's" test \
    "$(xl list -l vm | jq -r '.[0].config.disks[1].backend')" = qdisk
ok "both snapshots are there" says "^2$" grep -c "^web-root.s" <(volumes)
xl destroy vm
ok "forward to the newer one, the domain being gone" revert vm s2
ok "which is there again" back_at vm "$newer" "$newer_end"

mv "$(memory vm s1)" "$(memory vm s1).away"
ok "with the memory image gone, the volumes are looked at all the same" \
    mustfail "cannot be reverted to" xl snapshot-verify "$(cfg vm s1)"
ok "and are good" grep -q "^disk xvdb *good" "$_tmp/stdout"
ok "the image is not" grep -q "^memory image *BAD" "$_tmp/stdout"
