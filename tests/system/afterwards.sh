#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# What else an admin does with a domain works on after a snapshot and a revert:
# save, restore, reboot from inside, reboot from outside, another snapshot.
. "$(dirname "$0")/snapshot.sh"

# a cold boot on these disks has been seen
resumed() { console "$1" | grep "WITNESS resume"; }

new_snapshot_domain vm qcow2:64M raw:32M
xl snapshot-create -n s1 vm > /dev/null
disks=$(disks_of vm)
mark vm
tell vm reboot
ok "after a snapshot the guest reboots" until_ok 180 resumed vm
ok "on the overlays" diff <(disks_of vm) <(echo "$disks")
ok "and goes on" ticking vm

xl save vm /srv/vm/saved > /dev/null 2>&1
mark vm
xl restore /srv/vm/saved > /dev/null 2>&1
ok "xl save and xl restore keep the overlays" diff <(disks_of vm) <(echo "$disks")
ok "and memory fits to them" ticking vm

ok "another snapshot on top" xl snapshot-create --external -n s2 vm
ok "has short names" says "/srv/vm/xvda.s2.qcow2" disks_of vm
chain() { qemu-img info -U --backing-chain --output=json "$1" | jq -r '.[].filename'; }
ok "the chain is base, first, second" diff <(chain /srv/vm/xvda.s2.qcow2) - <<END
/srv/vm/xvda.s2.qcow2
/srv/vm/xvda.s1.qcow2
/srv/vm/xvda.qcow2
END
ok "reverts to the older one" revert vm s1
ok "the witness is content" ticking vm
ok "and forward to the newer one" revert vm s2
ok "the witness is content" ticking vm

disks=$(disks_of vm)
mark vm
tell vm reboot
ok "after a revert xl still watches: the guest reboots" \
    until_ok 180 resumed vm
ok "on the revert's overlays" diff <(disks_of vm) <(echo "$disks")
mark vm
xl reboot vm
ok "xl reboot does so too" until_ok 180 resumed vm
ok "and goes on" ticking vm
tell vm poweroff
ok "a poweroff cleans the domain up" until_ok 120 not xl domid vm
