#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
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

# Nothing else is begun while one is not ended; another domain has nothing to do with it.
new_domain other raw:4M
cleanup_fn rm -rf "$snapshots/other"
killed 4 before attempt n
refuses() {
    mustfail "has not ended" "$@" && grep "run xl snapshot-recover vm first" "$_tmp/stderr"
}
ok "no create beside it" refuses xl snapshot-create vm
ok "nor a dry run of it" refuses xl snapshot-create -N vm
ok "nor a revert" refuses xl snapshot-revert vm "$(cfg vm first)"
ok "another domain is not held up" xl snapshot-create -n s other
ok "until it is recovered" recovered Undone
remove_domain other

kill_everywhere "create, PV, external" undone

after=$(tick vm)
hold vm
ok "a snapshot that recovery completed is good" revert vm "$name"
ok "its memory and disks are of one instant" back_at vm 0 "$after"
mark vm
tell vm reboot
ok "xl's monitor is still there, and restarts the domain" until_ok 240 _booted vm
