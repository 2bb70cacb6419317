#!/bin/bash
# A snapshot-create of a PV domain that is killed before each entry of its
# journal. Up to QEMU's transaction recovery leaves everything as it was; after it
# there is a snapshot.
. "$(dirname "$0")/faults.sh"

new_snapshot_domain vm qcow2:64M raw:4M
attempt() { xl snapshot-create --external -n "$1" "${@:2}" vm; }
as_after() {
    ticking vm on_layer vm "/srv/vm/xvda.$1.qcow2" "/srv/vm/xvdb.$1.qcow2" && name=$1
}
attempt first > /dev/null
kill_everywhere "create, PV, external" undone

after=$(tick vm)
hold vm
ok "a snapshot that recovery completed is good" revert vm "$name"
ok "its memory and disks are of one instant" back_at vm 0 "$after"
mark vm
tell vm reboot
ok "xl's monitor is still there, and restarts the domain" until_ok 240 _booted vm
