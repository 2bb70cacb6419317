#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# The emulated host itself: every kind of guest runs in it, and the witness tells
# a restore that fits from one that does not.
. "$(dirname "$0")/lib.sh"

new_domain -t pv pv qcow2:64M raw:32M
ok "PV: ticks on a qcow2 and a raw disk" ticking pv

ok "PV: saves and pauses" xl save -p pv /srv/pv/saved
ok "PV: stands still" still pv
xl unpause pv
ok "PV: goes on" ticking pv

mark pv
xl destroy pv
xl restore "$(config pv)" /srv/pv/saved > /dev/null 2>&1
ok "PV: memory restored over disks that went on is torn" until_ok 90 is_torn pv

xl destroy pv
start_domain pv
ok "PV: a cold boot goes on from the disks" says "WITNESS resume" console pv
xl save pv /srv/pv/saved > /dev/null 2>&1
mark pv
xl restore "$(config pv)" /srv/pv/saved > /dev/null 2>&1
ok "PV: memory restored over its own disks is not" ticking pv

xl destroy pv
qemu-img convert -O raw "$(image pv xvda)" /srv/pv/a.raw
ok "the disks are of one instant" witness --check /srv/pv/a.raw "$(image pv xvdb)"
dd if=/dev/zero of=/srv/pv/a.raw bs=4096 seek=5 count=1 conv=notrunc status=none
ok "a lost block is noticed" not witness --check /srv/pv/a.raw
remove_domain pv

new_domain -t pvh pvh qcow2:64M loop:32M
ok "PVH: ticks on a qcow2 and a blkback disk" ticking pvh
remove_domain pvh

new_domain -t hvm hvm qcow2:64M
ok "HVM: ticks on a qcow2 disk" ticking hvm
tell hvm poweroff
ok "HVM: powers off when told" until_ok 120 not xl domid hvm
