#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Snapshots of the disks alone: of a running domain, in overlays and in tags;
# back to them from a running and from a missing domain, by booting it.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm qcow2:64M qcow2:32M
ticking vm
xl=$(config vm)

before=$(tick vm)
ok "external ones" says "as after a power cut" xl snapshot-create \
    --disk-only --external --domain-config "$xl" -n ext vm
after=$(tick vm)
ok "the guest goes on" ticking vm
ok "there is no memory image" not test -e "$(memory vm ext)"
ok "the config says what they are worth" \
    grep -x 'consistency = "crash"' "$(cfg vm ext)"
ok "and has the domain's with it" diff "$xl" $snapshots/vm/ext/domain.cfg
ok "the domain is on its overlays" diff <(disks_of vm) - <<END
xvda /srv/vm/xvda.ext.qcow2 qcow2
xvdb /srv/vm/xvdb.ext.qcow2 qcow2
END

in_before=$(tick vm)
ok "internal ones, on top" xl snapshot-create --disk-only -n int vm
in_after=$(tick vm)
ok "the guest goes on" ticking vm
uuid=$(xl vm-list | awk '$3 == "vm" { print $1 }')

remember vm
ok "without its xl.cfg a revert is refused" \
    mustfail "name that with --domain-config" \
    xl snapshot-revert vm "$(cfg vm int)"
ok "--live makes no sense" mustfail "saves no memory" \
    xl snapshot-create --disk-only --live vm
ok "nothing has changed" unchanged vm
ok "running, to the internal one" revert vm int --domain-config "$xl"
ok "boots with the disks of that instant" boots_at vm "$in_before" "$in_after"
ok "under the same uuid" test \
    "$(xl vm-list | awk '$3 == "vm" { print $1 }')" = "$uuid"

ok "running, to the older one" revert vm ext
ok "boots with the disks of that instant" boots_at vm "$before" "$after"
ok "on new overlays" diff <(disks_of vm) - <<END
xvda /srv/vm/xvda.ext.r1.qcow2 qcow2
xvdb /srv/vm/xvdb.ext.r1.qcow2 qcow2
END
mark vm
tell vm reboot
ok "xl watches it: it reboots when told" until_ok 240 _booted vm

xl destroy vm
ok "gone, forward to the newer one" revert vm int --domain-config "$xl"
ok "boots with the disks of that instant" boots_at vm "$in_before" "$in_after"
xl destroy vm
ok "gone, to the older one" revert vm ext
ok "boots with the disks of that instant" boots_at vm "$before" "$after"

xl pause vm
ok "of a paused domain" xl snapshot-create --disk-only -n held vm
ok "which stays paused" still vm
xl unpause vm
ok "and goes on when let" ticking vm
