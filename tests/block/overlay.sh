# SPDX-License-Identifier: LGPL-2.1-only
# External snapshots: what was written before and after is where it belongs.
. "$srcdir/tests/block/lib.sh"

new_disk xvda qcow2
new_disk xvdb raw
start_qemu
guest xvda 'write -P 0x11 0 64k' 'write -P 0x12 1M 64k'
guest xvdb 'write -P 0x21 0 64k' 'write -P 0x22 1M 64k'
ok "two disks get overlays in one transaction" \
    take s1 xvda="$work/a.s1.qcow2" xvdb="$work/b.s1.qcow2"
before=$(sha256sum xvda.qcow2 xvdb.raw)
guest xvda 'write -P 0x19 0 64k'
guest xvdb 'write -P 0x29 0 64k'
ok "the guest sees what it wrote before and after" \
    guest xvda 'read -P 0x19 0 64k' 'read -P 0x12 1M 64k'
ok "so on the raw disk" \
    guest xvdb 'read -P 0x29 0 64k' 'read -P 0x22 1M 64k'
guest xvda flush
guest xvdb flush
ok "the bases are not written any more" \
    same "$(sha256sum xvda.qcow2 xvdb.raw)" "$before"
ok "the base has what was written before" \
    io -r -U -f qcow2 -c 'read -P 0x11 0 64k' xvda.qcow2
ok "so has the raw base" io -r -U -f raw -c 'read -P 0x21 0 64k' xvdb.raw
ok "the overlays are nodes of QEMU, by the name they were given" \
    sh -c "'$run_plan' --nodes qmp | grep -x xvda-s1 &&
        '$run_plan' --nodes qmp | grep -x xvdb-s1"

# the domain's stored config names the overlays from here on
disk_xvda=$work/a.s1.qcow2
stop_qemu
ok "the overlay records its base and the base's format" \
    sh -c "qemu-img info a.s1.qcow2 | grep -x 'backing file: $work/xvda.qcow2' &&
        qemu-img info a.s1.qcow2 | grep -x 'backing file format: qcow2'"
ok "and that a base is raw" \
    sh -c "qemu-img info b.s1.qcow2 | grep -x 'backing file: $work/xvdb.raw' &&
        qemu-img info b.s1.qcow2 | grep -x 'backing file format: raw'"
ok "the overlay is as large as its base" \
    sh -c "qemu-img info b.s1.qcow2 | grep 'virtual size: 16 MiB'"
ok "both overlays are sound" \
    sh -c "qemu-img check -q a.s1.qcow2 && qemu-img check -q b.s1.qcow2"
ok "opened anew, the overlay has all" \
    io -f qcow2 -c 'read -P 0x19 0 64k' -c 'read -P 0x12 1M 64k' a.s1.qcow2

# a second snapshot, on the overlay
disk_xvdb=$work/b.s1.qcow2 format_xvdb=qcow2
start_qemu
ok "an overlay can get an overlay" \
    take s2 xvda="$work/a.s2.qcow2" xvdb="$work/b.s2.qcow2"
guest xvda 'write -P 0x1a 1M 64k'
ok "three layers are read through" \
    guest xvda 'read -P 0x19 0 64k' 'read -P 0x1a 1M 64k' 'read -P 0 2M 64k'
stop_qemu
ok "the middle layer did not change" \
    io -r -f qcow2 -c 'read -P 0x12 1M 64k' a.s1.qcow2
ok "the chain has three layers" \
    same "$(qemu-img info --backing-chain a.s2.qcow2 | grep -c '^image:')" 3

# back to s1, whose state is in the first base, and once more
disk_xvda=$work/xvda.qcow2
ok "a revert puts a new overlay on the base" revert s1 xvda "$work/r1.qcow2"
ok "which shows the disk as it was" \
    io -f qcow2 -c 'read -P 0x11 0 64k' -c 'write -P 0x77 0 64k' r1.qcow2
ok "the same snapshot can be reverted to again" \
    revert s1 xvda "$work/r2.qcow2"
ok "and is untouched by the first revert" \
    io -r -f qcow2 -c 'read -P 0x11 0 64k' r2.qcow2
ok "a revert to a base that is gone is refused" sh -c "
    chattr -i xvda.qcow2 2>/dev/null; mv xvda.qcow2 away &&
    ! '$run_plan' --revert s1 qcow2 '$work/xvda.qcow2' '$work/r3.qcow2'"
finished
