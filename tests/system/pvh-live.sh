#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# A PVH domain whose memory is copied while it runs: it stands still for the
# rest of the copy and the transaction only. And one of its disks alone.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain -a witness.interval=200 -t pvh -m 160 vm qcow2:64M raw:32M
ticking vm
before=$(tick vm)
ok "a live snapshot" xl snapshot-create --live -n s1 vm
after=$(tick vm)
ok "it ticked on while memory was copied" test $((after - before)) -gt 8
ok "the guest goes on" ticking vm
ok "reverts" revert vm s1
ok "is back at an instant in between" back_at vm "$before" "$after"
ok "not the instant at which the copy began" \
    test "$(resumed_tick vm)" -gt $((before + 4))

ok "an internal one, not live, of the overlays" \
    xl snapshot-create --internal -n s2 vm
before=$(resumed_tick vm) after=$(tick vm)
ok "reverts" revert vm s2
ok "is back" back_at vm "$before" "$after"

disks_alone vm alone

# A live save sends pages again, so it may need more room than was free.
mkdir /srv/vm/small
mount -t tmpfs -o size=164M none /srv/vm/small
cleanup_fn umount -l /srv/vm/small
remember vm
ok "a disk that fills up in the middle" mustfail "No space left" \
    xl snapshot-create --live -d /srv/vm/small -n s3 vm
ok "changes nothing" unchanged vm
ok "the guest runs on" ticking vm
