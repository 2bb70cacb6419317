#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Layers committed while the guest runs: it sees the same, and so do a reboot, a save and
# the next snapshot.
. "$(dirname "$0")/chains.sh"

new_snapshot_domain vm qcow2:64M raw:4M
ticking vm

ok "three layers" layers s1 s2 s3
remember vm
ok "are needed by their snapshots" mustfail "is needed as it is by snapshot s2" \
    commit --top=/srv/vm/xvda.s1.qcow2 --shallow vm xvda
ok "nothing has changed" unchanged vm
given_up s1 s2
ok "a layer in the middle, below one that is frozen" \
    commit --delete --top=/srv/vm/xvda.s1.qcow2 --shallow vm xvda
ok "the guest goes on" ticking vm
ok "the chain is shorter" \
    chain_is /srv/vm/xvda.s3.qcow2 /srv/vm/xvda.s2.qcow2 /srv/vm/xvda.qcow2
ok "the layer is deleted" test ! -e /srv/vm/xvda.s1.qcow2
ok "and closed by QEMU" not has_open /srv/vm/xvda.s1
ok "the one above is frozen as before" not sh -c ': >> /srv/vm/xvda.s2.qcow2'
ok "and the base of its snapshot" xl snapshot-verify "$(cfg vm s3)"
ok "nothing else is moved" on_layer vm /srv/vm/xvda.s3.qcow2 /srv/vm/xvdb.s3.qcow2

# --- the active layer
given_up s3
ok "all of it, the active layer too" pivot --delete vm xvda
ok "the guest goes on on the base" ticking vm on_layer vm /srv/vm/xvda.qcow2 /srv/vm/xvdb.s3.qcow2
ok "and of the raw disk" pivot --delete vm xvdb
ok "the guest goes on then" ticking vm on_layer vm /srv/vm/xvda.qcow2 /srv/vm/xvdb.raw
ok "QEMU has closed the layers" not has_open /srv/vm/xvda.s
ok "which are deleted" not ls /srv/vm/*.s?.qcow2
ok "the stored config names the bases" diff <(disks_of vm) - <<END
xvda /srv/vm/xvda.qcow2 qcow2
xvdb /srv/vm/xvdb.raw raw
END
ok "the xl.cfg does" grep -q "'/srv/vm/xvda.qcow2,qcow2,xvda" "$(config vm)"

# --- the domain's life goes on
at_last() { before=$(tick vm); mark vm; }
at_last
ok "the guest is rebooted" xl reboot vm
ok "it finds disks of one instant" boots_at vm "$before" $((before + 60))
ok "by QEMU, both of them" on_layer vm /srv/vm/xvda.qcow2 /srv/vm/xvdb.raw
ok "it is saved" xl save vm /srv/vm/saved
mark vm
ok "and restored" xl restore /srv/vm/saved
ok "it goes on" ticking vm
at_last
ok "it is shut down" eval 'tell vm poweroff; until_ok 120 not xl domid vm'
ok "and started from its xl.cfg" start_domain vm
ok "it finds disks of one instant then" boots_at vm "$before" $((before + 60))
before=$(tick vm)
ok "the next snapshot" xl snapshot-create --external -n s4 vm
after=$(tick vm)
ok "is needed" mustfail "is needed as it is by snapshot s4" pivot vm xvda
hold vm
ok "is reverted to" revert vm s4
ok "the guest is back, of one instant" back_at vm "$before" "$after"
