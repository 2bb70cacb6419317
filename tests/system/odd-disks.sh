#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Disks of other kinds: done right, or refused with the reason and the way out.
. "$(dirname "$0")/snapshot.sh"

# offline_with DISK: a domain "off" that does not run and has this as xvdb
offline_with() {
    define_domain off qcow2:16M "$1"
    cleanup_fn rm -rf "$snapshots/off"
}
refused() {
    offline_with "$2"
    mustfail "$1" xl snapshot-create --domain-config "$(config off)" -n s1 off &&
        test ! -e $snapshots/off -a "$(ls /srv/off | wc -l)" = 2
}
ok "Ceph RBD" refused "QEMU reaches it by rbd:" 'format=raw,vdev=%v,access=rw,target=rbd:pool/web:id=xen'
ok "names the way out" mustfail "rbd snap create POOL/IMAGE@NAME" \
    xl snapshot-create --domain-config "$(config off)" off
ok "nbd" refused "QEMU reaches it by nbd:" 'format=raw,vdev=%v,access=rw,target=nbd:127.0.0.1:10809'
ok "a script's device" refused "the script block-iscsi makes its device" \
    'format=raw,vdev=%v,access=rw,script=block-iscsi,target=iqn=a'
ok "a driver domain" refused "its backend is in domain storage" \
    'format=raw,vdev=%v,access=rw,backend=storage,target=/dev/vg/x'
ok "a shared disk, which xl does not know" refused "unknown value for access" \
    '/srv/off/xvda.qcow2,qcow2,%v,w!'

# vhd
cp "$(dirname "$0")/stand-in/vhd-util" /usr/local/bin/vhd-util.away
vhd_util() { rm -f /usr/local/bin/vhd-util; [ "$1" = no ] || cp /usr/local/bin/vhd-util.away /usr/local/bin/vhd-util; }
cleanup_fn rm -f /usr/local/bin/vhd-util /usr/local/bin/vhd-util.away
vhd_util yes

mkdir -p /srv/vm
qemu-img create -q -f vpc /srv/vm/plain.vhd 32M
new_snapshot_domain vm qcow2:64M "/srv/vm/plain.vhd,vhd,%v,w"
bytes=$(qemu-img info -U -f vpc --output=json /srv/vm/plain.vhd | jq '.["virtual-size"]')
ticking vm
before=$(tick vm)
ok "a plain vhd has no tags" mustfail "format vpc has no internal snapshots" \
    xl snapshot-create --internal -n s1 vm
ok "but an overlay" xl snapshot-create -n s1 vm
after=$(tick vm)
ok "which the domain goes on with" says "^xvdb /srv/vm/plain.s1.qcow2 qcow2" disks_of vm
ok "the guest runs on" ticking vm
ok "it is exactly as large" test "$bytes" = \
    "$(qemu-img info -U -f qcow2 --output=json /srv/vm/plain.s1.qcow2 | jq '.["virtual-size"]')"
ok "it can be reverted to" xl snapshot-verify "$(cfg vm s1)"
ok "back" revert vm s1
ok "memory and disks in step" back_at vm "$before" "$after"
remove_domain vm

mkdir -p /srv/vm
qemu-img create -q -f vpc /srv/vm/parent.vhd 32M
vhd-util snapshot -n /srv/vm/child.vhd -p /srv/vm/parent.vhd
new_snapshot_domain vm qcow2:64M "/srv/vm/child.vhd,vhd,%v,w"
ok "a differencing vhd, of which QEMU reads zeros" \
    mustfail "it is a differencing vhd" xl snapshot-create -n s1 vm
ok "names the way out" mustfail "script=block-tap,target=vhd:FILE" xl snapshot-create -n s1 vm
remove_domain vm
rm -rf "${snapshots:?}/vm"

# tapdisk
offline_with 'script=block-tap,vdev=%v,access=w,target=vhd:/srv/off/web.vhd'
qemu-img create -q -f vpc /srv/off/web.vhd 32M
create() { xl snapshot-create --domain-config "$(config off)" "$@" off; }
vhd_util no
ok "without vhd-util" mustfail "vhd-util, which makes its snapshots, is not installed" create -n s1
vhd_util yes
create --external -n s1 > /srv/off/said
ok "a snapshot on tapdisk" grep "external: base /srv/off/web.vhd (frozen), overlay vhd:/srv/off/web.s1.vhd" /srv/off/said
ok "with the new disk line" grep "'format=raw,vdev=xvdb,access=w,script=block-tap,target=vhd:/srv/off/web.s1.vhd'" /srv/off/said
ok "is a differencing vhd" test "$(od -An -tx1 -j60 -N4 /srv/off/web.s1.vhd | tr -d ' ')" = 00000004
ok "of that parent" cmp <(dd if=/srv/off/web.vhd bs=1 skip=68 count=16 status=none) \
    <(dd if=/srv/off/web.s1.vhd bs=1 skip=552 count=16 status=none)
ok "which is frozen" not sh -c ': >> /srv/off/web.vhd'
ok "a revert would work" says "disk xvdb +good +/srv/off/web.vhd" xl snapshot-verify "$(cfg off s1)"
plan() { xl snapshot-revert -N --json off "$(cfg off s1)" | jq -r '.plan[] | select(.argv) | .argv | join(" ")'; }
ok "by another vhd on it" says "^vhd-util snapshot -n /srv/off/web.s1.r1.vhd -p /srv/off/web.vhd -e" plan
ok "that the domain is booted with" says "script=block-tap,target=vhd:/srv/off/web.s1.r1.vhd" plan
sed -i 's,web.vhd,web.s1.vhd,; s,xvda.qcow2,xvda.s1.qcow2,' "$(config off)"
ok "one on top of it" says "base /srv/off/web.s1.vhd \(frozen\), overlay vhd:/srv/off/web.s1.s2.vhd" create -n s2
printf x | dd of=/srv/off/web.s1.s2.vhd bs=1 seek=100 conv=notrunc status=none
sed -i 's,web.s1.vhd,web.s1.s2.vhd,; s,xvda.s1.qcow2,xvda.s2.qcow2,' "$(config off)"
ok "a damaged one is refused" mustfail "damaged or not a vhd" create -n s3

# left out, and shared
truncate -s 4M /srv/cd.iso
cleanup_fn rm -f /srv/cd.iso
new_snapshot_domain vm qcow2:32M "/srv/cd.iso,raw,%v,r,backendtype=qdisk"
ok "a read-only disk is left out, and -v says so" says "disk xvdb is left out: read-only" \
    xl -v snapshot-create -n s1 vm
ok "and cannot be asked for" mustfail "disk xvdb: no snapshots are taken of read-only disks" \
    xl snapshot-create vm <(echo "disks = [ ',,xvdb' ]")
ok "reverts" revert vm s1
ok "is back" ticking vm
define_domain twin "/srv/vm/xvda.qcow2,qcow2,%v,w"
xl create -q -p "$(config twin)"        # paused: the two would ruin it
ok "an image that another domain has, too" mustfail "/srv/vm/xvda.qcow2 is in use by domain twin" \
    xl snapshot-create -n s2 vm
