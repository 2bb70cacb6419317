#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# The same of a PVH domain that runs on while its memory is saved, with tags in
# its image.
. "$(dirname "$0")/faults.sh"

new_snapshot_domain -t pvh vm qcow2:64M
attempt() { xl snapshot-create --live -n "$1" "${@:2}" vm; }
as_after() {
    ticking vm xl snapshot-verify "$(cfg vm "$1")" && name=$1
}
attempt first > /dev/null
kill_everywhere "create, PVH, live, internal" undone

after=$(tick vm)
hold vm
ok "a snapshot that recovery completed is good" revert vm "$name"
ok "its memory and disks are of one instant" back_at vm 0 "$after"
