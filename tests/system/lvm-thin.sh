#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Thin volumes: snapshots nest, and a revert moves the disk to a new volume.
. "$(dirname "$0")/lvm.sh"

new_vg 400M
lvm_ lvcreate -L 128M -T vg-0/pool
lvm_ lvcreate -V 64M -T vg-0/pool -n web-root
lvm_ lvcreate -V 32M -T vg-0/pool -n data
new_snapshot_domain vm /dev/vg-0/web-root,raw,%v,w \
    /dev/mapper/vg--0-data,raw,%v,w,backendtype=qdisk
ticking vm
before=$(tick vm)
ok "a snapshot with no options at all" \
    says "xvda +internal: /dev/vg-0/web-root.s1 .lvm-thin" \
    xl snapshot-create -n s1 vm
after=$(tick vm)
ok "the guest goes on" ticking vm
ok "on its volumes" says "xvda /dev/vg-0/web-root raw" disks_of vm
ok "the snapshot volumes are read-only and not active" \
    says "^web-root.s1 Vri-- web-root$" volumes

ok "another one" xl snapshot-create -n s2 vm
ok "reverts to the older one" says "'/dev/vg-0/web-root.s1.r1,raw,xvda,w" revert vm s1
ok "the witness is content" ticking vm
ok "on new volumes" diff <(disks_of vm) - <<END
xvda /dev/vg-0/web-root.s1.r1 raw
xvdb /dev/vg-0/data.s1.r1 raw
END
ok "a snapshot of these has a short name" \
    says "/dev/vg-0/web-root.s3 .lvm-thin" xl snapshot-create -n s3 vm
ok "forward to the newer one" revert vm s2
ok "the witness is content" ticking vm
xl destroy vm
ok "twice to the same one, the domain being gone" revert vm s1
ok "at the same instant" back_at vm "$before" "$after"
ok "on other volumes again" says "web-root.s1.r2" disks_of vm
ok "what it wrote in between is still there" \
    test -e /dev/vg-0/web-root -a -e /dev/vg-0/web-root.s1.r1

# --- refused ----------------------------------------------------------------
lvm_ lvrename vg-0/data.s1 vg-0/moved
ok "a snapshot that is gone" mustfail "there is no snapshot volume /dev/vg-0/data.s1" \
    xl snapshot-revert vm "$(cfg vm s1)"
lvm_ lvrename vg-0/moved vg-0/data.s1
lvm_ lvcreate -V 128M -T vg-0/pool -n hog
mib=112
dd if=/dev/zero of=/dev/vg-0/hog bs=1M count=$mib oflag=direct 2>/dev/null
used() { lvs --noheadings -o data_percent vg-0/pool 2>/dev/null | tr -dc 0-9.; }
until awk -v u="$(used)" 'BEGIN { exit !(u > 95) }'; do
    dd if=/dev/zero of=/dev/vg-0/hog bs=1M count=1 seek=$((mib++)) oflag=direct 2>/dev/null
done
remember vm
ok "a pool that is nearly full" \
    mustfail "the thin pool vg-0/pool is nearly full" xl snapshot-create vm
ok "for a revert too" \
    mustfail "the thin pool vg-0/pool is nearly full" \
    xl snapshot-revert vm "$(cfg vm s1)"
ok "nothing has changed" unchanged vm
ok "the guest runs on" ticking vm
