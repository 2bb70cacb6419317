#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# HVM: QEMU is the device model too, gives up its images for a live save and has
# a state of its own that goes into the memory image.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain -t hvm vm qcow2:64M raw:32M
ticking vm
before=$(tick vm)
ok "live" xl snapshot-create --live -n s1 vm
after=$(tick vm)
ok "the guest goes on" ticking vm
ok "not live, internal" xl snapshot-create --internal -n s2 vm
later=$(tick vm)
ok "the guest goes on" ticking vm
ok "reverts to the first" revert vm s1
ok "is back at its instant" back_at vm "$before" "$after"
hold vm
ok "reverts to the second" revert vm s2
ok "is back at its instant" back_at vm "$after" "$later"
before=$(tick vm)
ok "the disks alone" xl snapshot-create --disk-only \
    --domain-config "$(config vm)" -n s3 vm
after=$(tick vm)
mark vm
tell vm reboot
ok "reboots from inside the guest" until_ok 240 _booted vm
ok "and goes on" ticking vm
ok "reverts to the disks alone" revert vm s3
ok "boots with the disks of that instant" boots_at vm "$before" "$after"
