#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Images that somebody else uses: create and revert name the user, and refuse
# before anything has changed. Others may read a base, and only that.
. "$(dirname "$0")/snapshot.sh"

# overlay PATH BASE FORMAT: with a blank start, for the witness.
overlay() {
    qemu-img create -q -f qcow2 -b "$2" -F "$3" "$1"
    qemu-io -f qcow2 -c 'write -z 0 1M' "$1" > /dev/null
}

refused() {
    mustfail "$1" xl snapshot-create -n s2 vm &&
        mustfail "$1" xl snapshot-revert vm "$(cfg vm s1)"
}
accepted() {
    xl snapshot-create -N -n s2 vm && xl snapshot-revert -N vm "$(cfg vm s1)"
}

# other DISK: a second domain with that one disk, which need not run.
other() {
    define_domain other "$1"
    _create other -p || _create other -p
}

export LVM_SUPPRESS_FD_WARNINGS=1
truncate -s 64M /srv/gold.raw
mkfs.ext4 -q /srv/gold.raw
pvcreate -q -ff -y /dev/vdc > /dev/null
vgcreate -q use /dev/vdc > /dev/null
lvcreate -q -y -n gold -L 64M use > /dev/null
gold=/dev/use/gold
mkfs.ext4 -q $gold
cleanup_fn eval 'vgremove -q -f -y use; pvremove -q -y /dev/vdc; rm -f /srv/gold.raw /srv/nbd'
mkdir -p /srv/vm /srv/mnt
# every layer of a chain is looked at: the base of xvda is 20 layers down
base=/srv/gold.raw format=raw
for n in {1..19}; do
    qemu-img create -q -f qcow2 -b $base -F $format /srv/vm/layer.$n
    base=/srv/vm/layer.$n format=qcow2
done
overlay /srv/vm/xvda.qcow2 $base qcow2
overlay /srv/vm/xvdb.qcow2 $gold raw
# a guest that leaves the CPU to dom0: what is tested happens there
new_snapshot_domain -a witness.interval=1000 vm \
    "/srv/vm/xvda.qcow2,qcow2,%v,w" "/srv/vm/xvdb.qcow2,qcow2,%v,w"
xl snapshot-create -n s1 vm <(echo "disks = [ '/srv/vm/xvda.s1.qcow2,qcow2,xvda', ',,xvdb' ]") > /dev/null
ok "nobody else uses anything" accepted

remember vm
note "processes"
serve qcow2 /srv/vm/xvdb.qcow2
ok "qemu-nbd on an active layer" \
    refused "disk xvdb: /srv/vm/xvdb.qcow2 is in use by qemu-nbd (pid $nbd); end that first"
unserve
serve qcow2 /srv/vm/xvdb.qcow2 -r
ok "even if it only reads" refused "in use by qemu-nbd (pid $nbd)"
unserve
serve raw /srv/gold.raw
ok "on a base" refused "disk xvda: /srv/gold.raw is in use by qemu-nbd (pid $nbd)"
unserve
serve raw /srv/gold.raw -r
ok "where it may read" accepted
unserve

note "loop devices and mounts"
loop=$(losetup -f --show /srv/gold.raw)
ok "a loop device" refused "disk xvda: /srv/gold.raw is in use by the loop device $loop; end that"
mount "$loop" /srv/mnt
ok "that is mounted" refused "/srv/gold.raw is in use by the loop device $loop, mounted on /srv/mnt; end"
mv /srv/gold.raw /srv/moved
ln /srv/moved /srv/gold.raw
rm /srv/moved
ok "and its file renamed" refused "in use by the loop device $loop, mounted on /srv/mnt"
umount /srv/mnt
losetup -d "$loop"
printf '\0\0\0\0\203\0\0\0\0\10\0\0\0\100\0\0' |
    dd of=/srv/gold.raw bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of=/srv/gold.raw bs=1 seek=510 conv=notrunc status=none
loop=$(losetup -P -f --show /srv/gold.raw)
until_ok 10 test -b "${loop}p1"
sleep 1000 3<> "${loop}p1" &
sleeper=$!
ok "a partition of a loop device" refused "/srv/gold.raw is in use by sleep (pid $sleeper)"
kill $sleeper
losetup -d "$loop"
mount -o loop,ro /srv/gold.raw /srv/mnt
ok "a loop mount of a base that only reads" accepted
umount /srv/mnt
mount $gold /srv/mnt
ok "a block device that is mounted" refused "disk xvdb: $gold is in use by a mount on /srv/mnt; end"
umount /srv/mnt
mount -o ro $gold /srv/mnt
ok "only to be read" accepted
umount /srv/mnt
dmsetup create over --table "0 2048 linear $gold 0"
ok "and that another device is made of" refused "$gold is in use by the device /dev/mapper/over; end"
dmsetup remove over

note "other domains"
other "/srv/vm/xvdb.qcow2,qcow2,%v,w"
ok "a domain with the same image" refused "disk xvdb: /srv/vm/xvdb.qcow2 is in use by domain other ("
remove_domain other
other "/srv/gold.raw,raw,%v,w"
ok "a domain that has the base from blkback" \
    refused "disk xvda: /srv/gold.raw is in use by domain other (blkback, xvda); end that first"
remove_domain other
other "/srv/gold.raw,raw,%v,r"
ok "a domain that can only read the base" accepted
remove_domain other
mkdir -p /srv/other
overlay /srv/other/o.qcow2 /srv/gold.raw raw
other "/srv/other/o.qcow2,qcow2,%v,w"
ok "a domain with an overlay of its own on it" accepted
remove_domain other
other "phy:$gold,%v,w"
ok "a domain with the block device" refused "disk xvdb: $gold is in use by domain other (blkback, xvda)"
remove_domain other
other "phy:$gold,%v,r"
ok "that can only read it" accepted
remove_domain other

ok "nothing has changed by all that" unchanged vm

note "the domain itself"
xl block-attach vm "/srv/gold.raw,raw,xvdc,w,backendtype=qdisk"
ok "its base as another disk of its own" \
    mustfail "disk xvda: /srv/gold.raw is in use by disk xvdc of the same domain" \
    xl snapshot-create --external -n s2 vm
xl block-detach vm xvdc
xl block-attach vm "/srv/gold.raw,raw,xvdc,w"
ok "from blkback, which a revert ends" xl snapshot-revert -N vm "$(cfg vm s1)"
xl block-detach vm xvdc

note "the file that QEMU has open"
create() { mustfail "$1" xl snapshot-create --disk-only -n s2 vm; }
# another FILE: a copy of it has its name. back FILE: it has that again.
another() { mv "$1" /srv/old && cp /srv/old "$1"; }
back() { rm -f "$1" && mv /srv/old "$1"; }
another /srv/vm/xvdb.qcow2
ok "is not what has its name now" \
    create "has another file open than /srv/vm/xvdb.qcow2: that was moved, or another one put"
rm /srv/vm/xvdb.qcow2
ok "or nothing has" create "disk xvdb: /srv/vm/xvdb.qcow2: No such file"
back /srv/vm/xvdb.qcow2
another /srv/gold.raw
ok "the same of a base" create "has another file open than /srv/gold.raw"
back /srv/gold.raw
ok "all is there again" accepted

mkswap $gold > /dev/null
swapon $gold
ok "swap" refused "disk xvdb: $gold is in use by swap; end that first"
swapoff $gold
ok "it was never touched" ticking vm
ok "nobody uses anything any more" revert vm s1
ok "and it is back" ticking vm
