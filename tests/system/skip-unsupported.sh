#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# A disk whose storage has no snapshots: refused, or left out by consent, at
# the snapshot and at the revert.
. "$(dirname "$0")/snapshot.sh"

truncate -s 16M /srv/plain
loop=$(losetup -f --show /srv/plain)
cleanup_fn rm -f /srv/plain
cleanup_fn losetup -d "$loop"
new_snapshot_domain vm qcow2:64M "$loop,raw,%v,w"
ticking vm
remember vm
ok "is named and refused" \
    mustfail "disk xvdb ($loop): no external snapshot: blkback (phy) serves it" \
    xl snapshot-create vm
ok "nothing has changed" unchanged vm
before=$(tick vm)
ok "is left out by consent" says "xvdb +left out" \
    xl snapshot-create --skip-unsupported -n s1 vm
after=$(tick vm)
ok "the guest goes on" ticking vm
ok "the snapshot config says so" grep -A1 '^skipped = ' "$(cfg vm s1)"
ok "the others are internal, as if it were not there" \
    says "xvda=qcow2-internal" cat "$(cfg vm s1)"
remember vm
ok "a revert needs consent, too" \
    mustfail "use --skip-unsupported" xl snapshot-revert vm "$(cfg vm s1)"
ok "nothing has changed" unchanged vm
ok "with it" says "xvdb +unchanged" revert vm s1 --skip-unsupported
back() { _back_at vm "$before" "$after" || is_torn vm; }
ok "the guest goes on from there" until_ok 120 back
ok "and finds what that means: a disk of another instant" \
    until_ok 60 is_torn vm
ok "which is not the other one" not grep -E 'TORN.*xvda' <(console vm)
