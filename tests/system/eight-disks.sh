#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Eight disks of one instant, in one transaction.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain -a witness.interval=1000 vm {qcow2,raw}:16M {qcow2,raw}:16M {qcow2,raw}:16M {qcow2,raw}:16M
ticking vm
before=$(tick vm)
ok "a snapshot of eight disks" says "snapshot 8 disks" sh -c "xl snapshot-create -v -n s1 vm 2>&1"
after=$(tick vm)
ok "the guest goes on" ticking vm
ok "reverts" revert vm s1
ok "is back" back_at vm "$before" "$after"
