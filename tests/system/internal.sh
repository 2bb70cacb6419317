#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Tags inside qcow2 images: the default where every writable disk is a qcow2.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm qcow2:64M qcow2:32M
ticking vm
before=$(tick vm)
disks=$(disks_of vm)
ok "the default is internal where every disk can" says "internal: tag s1" \
    xl snapshot-create -n s1 vm
after=$(tick vm)
ok "the guest goes on" ticking vm
ok "on the same disks" diff <(disks_of vm) <(echo "$disks")
ok "a second one" xl snapshot-create -n s2 vm
later=$(tick vm)
ok "the guest goes on" ticking vm

ok "reverts to the first" revert vm s1
ok "is back at its instant" back_at vm "$before" "$after"
hold vm
ok "and forward to the second" revert vm s2
ok "is back at its instant" back_at vm "$after" "$later"

ok "an external one on the same images" xl snapshot-create --external -n s3 vm
ok "the guest goes on" ticking vm
later=$(tick vm)
ok "reverts to it" revert vm s3
ok "the witness is content" ticking vm
remember vm
ok "the tag in its base can no longer be applied" \
    mustfail "because it is the base of an external snapshot" \
    xl snapshot-revert vm "$(cfg vm s1)"
ok "nothing has changed" unchanged vm
xl destroy vm
ok "the images are sound" qemu-img check -q -f qcow2 /srv/vm/xvda.qcow2
