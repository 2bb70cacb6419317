#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Commands that are killed before each entry of their journal, of kinds that the other
# killed-... tests have not: for "./dev soak".
. "$(dirname "$0")/faults.sh"
. "$(dirname "$0")/lvm.sh"

# kill_creates OPERATION "OPTION..." DISK...: kill_everywhere of such a create.
kill_creates() {
    new_create "${@:2}"
    kill_everywhere "$1" undone
}
is_good() {
    hold vm
    ok "a snapshot that recovery completed is good" revert vm "$name"
    ok "its memory and disks are of one instant" ticking vm
}

domain_options=(-t hvm)
kill_creates "create, HVM, external" --external qcow2:64M
is_good
kill_creates "create, HVM, live, internal" "--live --internal" qcow2:64M
is_good
kill_reverts "revert, HVM, internal" --internal back_at qcow2:64M
domain_options=(-t pvh)
kill_creates "create, PVH, live, external" "--live --external" qcow2:64M raw:4M
is_good
kill_reverts "revert, PVH, external" --external back_at qcow2:64M

domain_options=()
alone="--disk-only --domain-config $(config vm)"
kill_creates "create, PV, external, no memory" "--external $alone" qcow2:64M raw:4M
kill_creates "create, PV, internal, no memory" "--internal $alone" qcow2:64M

new_vg 600M
lvm_ lvcreate -L 16M -n thick vg-0
lvm_ lvcreate -L 300M -T vg-0/pool
lvm_ lvcreate -V 32M -T vg-0/pool -n thin
kill_reverts "revert, qcow2 and LVM" "" back_at qcow2:64M \
    "/dev/vg-0/thick,raw,%v,w" "/dev/vg-0/thin,raw,%v,w"
