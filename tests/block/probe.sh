# SPDX-License-Identifier: LGPL-2.1-only
# A guest owns every byte of its raw disk, the first ones included: a forged
# qcow2 header there must never be believed.
. "$srcdir/tests/block/lib.sh"

echo "the host's secret" >secret
truncate -s 1M secret
qemu-img create -q -f qcow2 -b "$work/secret" -F raw forged.qcow2 16M

new_disk xvda raw
start_qemu
dd if=forged.qcow2 of=header bs=64k count=1 2>/dev/null
truncate -s 64k header
guest xvda "write -s $work/header 0 64k"
ok "the guest has written a qcow2 header into its raw disk" \
    sh -c "qemu-img info xvda.raw | grep 'file format: qcow2'"

ok "the disk is snapshotted" take s1 xvda="$work/o.qcow2"
ok "the overlay's base is raw" \
    sh -c "qemu-img info o.qcow2 | grep -x 'backing file format: raw'"
ok "QEMU runs it as raw" \
    sh -c "'$run_plan' --nodes qmp | grep -x xvda-raw"
stop_qemu
qemu-img convert -f qcow2 -O raw o.qcow2 seen
ok "the guest reads its own bytes, not the host's" \
    cmp -n 65536 seen header
ok "nothing of the host's file is in it" not grep -qa "host's secret" seen
ok "a revert keeps it raw" revert s1 xvda "$work/r.qcow2"
ok "in the new overlay as well" \
    sh -c "qemu-img info r.qcow2 | grep -x 'backing file format: raw'"
ok "and does not read the forged chain" \
    same "$(qemu-img info --backing-chain r.qcow2 | grep -c '^image:')" 2
finished
