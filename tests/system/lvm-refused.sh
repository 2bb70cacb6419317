#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Snapshots of volumes that are not thin: what is refused, before anything
# happens, and how much room they get. The disks alone, which is quicker.
. "$(dirname "$0")/lvm.sh"

new_vg 300M
lvm_ lvcreate -L 64M -n web-root vg-0
new_snapshot_domain vm /dev/mapper/vg--0-web--root,raw,%v,w
snapshot() { xl snapshot-create --disk-only --domain-config "$(config vm)" "$@" vm; }
ok "a snapshot" snapshot -n s1
ok "another" snapshot -n s2
ok "the guest runs on" ticking vm

# --- refused before the domain is destroyed --------------------------------
refused() { mustfail "$1" xl snapshot-revert vm "$(cfg vm s1)"; }
remember vm
exec 9< /dev/vg-0/web-root.s1
ok "a snapshot that somebody reads" refused "web-root.s1 is open"
exec 9<&-
exec 9< /dev/vg-0/web-root.s2
ok "another snapshot that somebody reads" refused "web-root.s2, another snapshot"
exec 9<&-
# a merge gives back what was written since: 8 MiB, where the witness is not
dd if=/dev/zero of=/dev/vg-0/web-root bs=1M seek=40 count=8 oflag=direct 2>/dev/null
lvm_ lvcreate -s -L 4M -n small vg-0/web-root
ok "another snapshot that would overflow" refused "vg-0/small, another snapshot"
lvm_ lvremove -y vg-0/small
lvm_ lvrename vg-0/web-root.s1 vg-0/moved
ok "a snapshot that is gone" refused "there is no snapshot volume /dev/vg-0/web-root.s1"
lvm_ lvrename vg-0/moved vg-0/web-root.s1
ok "nothing has changed" unchanged vm
ok "the guest runs on" ticking vm

# --- the size of the area --------------------------------------------------
lvm_ lvremove -y vg-0/web-root.s2
remember vm
ok "a name that there is" \
    mustfail "there is a volume vg-0/web-root.s1 already" snapshot -n s1 -d /srv/vm
ok "a name that LVM keeps for itself" \
    mustfail "LVM reserves names that contain '_tdata'" snapshot -n x_tdata
ok "a name that is too long" mustfail "too long a name" \
    snapshot -n "$(printf 'x%.0s' {1..120})"
ok "a size that is none" mustfail "'4 G' is not a size" \
    snapshot --lvm-size="4 G"
fill() {
    local free
    free=$(vgs --noheadings --nosuffix --units m -o vg_free vg-0)
    lvm_ lvcreate -L $((${free%%.*} - $1))M -n filler vg-0
}
fill 4
ok "no room" mustfail "volume group vg-0 has" snapshot
ok "not for a size of my own either" \
    mustfail "MiB free for the snapshot of web-root, which needs 32 MiB" \
    snapshot --lvm-size=50%
lvm_ lvremove -y vg-0/filler
ok "nothing has changed" unchanged vm
fill 40
ok "little room is made do with" snapshot -n s3
ok "as much as there is" says "web-root.s3 +(36|40).00" \
    lvs --noheadings --nosuffix --units m -o lv_name,lv_size vg-0
lvm_ lvremove -y vg-0/filler
ok "a size of my own" snapshot --lvm-size=4M -n s4
ok "is taken" says "web-root.s4 +4.00" lvs --noheadings --units m -o lv_name,lv_size vg-0
dd if=/dev/zero of=/dev/vg-0/web-root bs=1M seek=40 count=8 oflag=direct 2>/dev/null
ok "a snapshot that overflowed" \
    mustfail "the snapshot vg-0/web-root.s4 is invalid" \
    xl snapshot-revert vm "$(cfg vm s4)"
ok "is no hindrance to another" xl snapshot-revert -N vm "$(cfg vm s1)"
ok "the guest runs on" ticking vm
