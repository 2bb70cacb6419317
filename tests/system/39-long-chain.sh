#!/bin/bash
# A long chain: every layer of it is looked at, it is snapshot and reverted to.
# (How long the look takes, the benchmark shows.)
. "$(dirname "$0")/snapshot.sh"

# layer N: the path of that layer, a link of a chain.
layer() { echo "/srv/deep/$1.qcow2"; }
mkdir -p /srv/deep
cleanup_fn remove_domain deep
qemu-img create -q -f qcow2 "$(layer 1)" 64M
for n in {2..20}; do
    qemu-img create -q -f qcow2 -b "$(layer $((n - 1)))" -F qcow2 "$(layer "$n")" 64M
done
new_snapshot_domain vm "$(layer 20),qcow2,%v,w"
ok "has its snapshot" xl snapshot-create --external -n s1 vm
serve raw "$(layer 1)"
ok "the lowest layer counts, too" mustfail "$(layer 1) is in use by qemu-nbd" \
    xl snapshot-revert vm "$(cfg vm s1)"
unserve
ok "and reverts" revert vm s1
ok "is back" ticking vm
