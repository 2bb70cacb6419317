#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Which domain a snapshot is of: after it was renamed, rebooted, destroyed and
# started anew from an xl.cfg that gives it another uuid each time.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm raw:4M
ticking vm
before=$(tick vm)
xl snapshot-create --external -n s1 vm > /dev/null
after=$(tick vm)
ticking vm         # or the revert could go on as if nothing had been
uuid=$(xl vm-list | awk '$3 == "vm" { print $1 }')

xl rename vm web
ok "renamed: by its new name" says "Domain vm is back" \
    xl snapshot-revert web "$(cfg vm s1)"
ok "it has the name of then" back_at vm "$before" "$after"
ok "and nobody else is there" not xl domid web

tell vm reboot
until_ok 240 _booted vm
ok "rebooted" revert vm s1
ok "is back" back_at vm "$before" "$after"

xl destroy vm
sed -i 's/xvda.raw,raw/xvda.s1.qcow2,qcow2/' "$(config vm)"
xl create -q "$(config vm)"
ok "started anew it has another uuid" test \
    "$(xl vm-list | awk '$3 == "vm" { print $1 }')" != "$uuid"
ok "and is known by its disks" revert vm s1
ok "is back" back_at vm "$before" "$after"
ok "with the uuid of then" test \
    "$(xl vm-list | awk '$3 == "vm" { print $1 }')" = "$uuid"

xl destroy vm
sed -i 's,/srv/vm/xvda.s1.qcow2,/srv/vm/other.qcow2,; s/^disk = .*/disk = [ "\/srv\/vm\/other.qcow2,qcow2,xvda" ]/' "$(config vm)"
qemu-img create -q -f qcow2 /srv/vm/other.qcow2 64M
xl create -q "$(config vm)"
ok "another domain of that name is not it" \
    mustfail "neither its uuid nor its disks" xl snapshot-revert vm "$(cfg vm s1)"
