#!/bin/bash
# A chain of 50 layers: looked at in time, snapshotted and reverted to.
# time-limit: 900
. "$(dirname "$0")/snapshot.sh"

# layer N: the path of that layer, a link of a chain.
layer() { echo "/srv/deep/$1.qcow2"; }
mkdir -p /srv/deep
cleanup_fn remove_domain deep
qemu-img create -q -f qcow2 "$(layer 1)" 64M
for n in {2..50}; do
    qemu-img create -q -f qcow2 -b "$(layer $((n - 1)))" -F qcow2 "$(layer "$n")" 64M
done
# seconds COMMAND...: how long it takes, in $took; the best of three.
seconds() {
    local began n
    took=999999
    for n in 1 2 3; do
        began=${EPOCHREALTIME/./}
        "$@" > /dev/null
        n=$(((${EPOCHREALTIME/./} - began) / 1000))
        [ $n -ge $took ] || took=$n
    done
}
for n in 2 10 25 50; do
    define_domain vm "$(layer $n),qcow2,%v,w"
    xl create -q -p "$(config vm)"
    seconds xl snapshot-create -N --unpause --external -n s1 vm
    note "preflight of $n layers: $took ms"
    times[n]=$took
    [ $n = 50 ] || xl destroy vm
done
ok "50 layers are seen to in less than a second more than 2" \
    test $((times[50] - times[2])) -lt 1000
mark vm
ok "the domain on them runs" xl unpause vm
ok "ticks" wait_tick vm 0 240
cleanup_fn rm -rf "${snapshots:?}/vm"
rm -rf "${snapshots:?}/vm"
ok "has its snapshot" xl snapshot-create --external -n s1 vm
serve raw "$(layer 1)"
ok "the lowest layer counts, too" mustfail "$(layer 1) is in use by qemu-nbd" \
    xl snapshot-revert vm "$(cfg vm s1)"
unserve
seconds xl snapshot-revert -N vm "$(cfg vm s1)"
note "preflight of a revert to 50 layers: $took ms"
ok "and reverts" revert vm s1
ok "is back" ticking vm
