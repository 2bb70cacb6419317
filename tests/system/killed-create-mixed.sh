#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# The same with disks of several kinds: what LVM made is undone, too.
. "$(dirname "$0")/faults.sh"
. "$(dirname "$0")/lvm.sh"

new_vg 400M
lvm_ lvcreate -L 16M -n thick vg-0
lvm_ lvcreate -L 64M -T vg-0/pool
lvm_ lvcreate -V 32M -T vg-0/pool -n thin
new_snapshot_domain vm qcow2:64M /dev/vg-0/thick,raw,%v,w /dev/vg-0/thin,raw,%v,w
attempt() { xl snapshot-create -n "$1" "${@:2}" vm; }
as_after() {
    ticking vm xl snapshot-verify "$(cfg vm "$1")" && lvm_ lvremove -f "vg-0/thick.$1"
}
attempt first > /dev/null     # the one that makes the domain's folder
as_after first
kill_everywhere "create, PV, qcow2 and LVM" undone
