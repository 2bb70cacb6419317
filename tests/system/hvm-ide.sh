#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# An HVM guest that has not unplugged its emulated IDE disks: QEMU has each image
# open twice, and a snapshot of one of the two would leave the other behind.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain -t hvm -a xen_emul_unplug=never vm qcow2:64M
ok "is refused" mustfail "QEMU has it open twice" xl snapshot-create vm
ok "external as well" mustfail "QEMU has it open twice" xl snapshot-create --external vm
# its xen-blkfront finds no disk, which the witness complains of at boot
ok "the guest runs on" wait_tick vm $(($(tick vm) + 3))
