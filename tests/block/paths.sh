# SPDX-License-Identifier: LGPL-2.1-only
# Paths that options, shells and JSON would take apart.
. "$srcdir/tests/block/lib.sh"

hard="$work/a, b,,c \"d\" 'e' \\f %s #1"
mkdir "$hard"
new_disk xvda qcow2 "$hard/my disk,1.qcow2"
new_disk xvdb raw "$hard/-raw = disk.img"
start_qemu
guest xvda 'write -P 0x11 0 64k'
guest xvdb 'write -P 0x21 0 64k'
ok "overlays are made" take s1 xvda="$hard/my disk,1.s1.qcow2" \
    xvdb="$hard/-raw = disk.s1.qcow2"
guest xvda 'write -P 0x19 0 64k'
guest xvdb 'write -P 0x29 0 64k'
stop_qemu
ok "and their bases found" io -f qcow2 -c 'read -P 0x19 0 64k' \
    "$hard/my disk,1.s1.qcow2"
ok "by their recorded names" \
    same "$(qemu-img info "$hard/-raw = disk.s1.qcow2" |
        sed -n 's/^backing file: //p')" "$hard/-raw = disk.img"
ok "a revert makes another overlay on it" revert s1 xvda "$work/r,r.qcow2"
ok "with the old content" io -r -f qcow2 -c 'read -P 0x11 0 64k' \
    "$work/r,r.qcow2"

format_xvda=qcow2
disk_xvda="$hard/my disk,1.qcow2"
disks=xvda
chattr -i "$disk_xvda" 2>/dev/null     # it is a base no more
start_qemu
ok "a tag is made" take s2 xvda
guest xvda 'write -P 0x19 0 64k'
stop_qemu
ok "and applied" revert s2 xvda
ok "with the old content" io -r -f qcow2 -c 'read -P 0x11 0 64k' "$disk_xvda"
finished
