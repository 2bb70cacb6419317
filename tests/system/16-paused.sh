#!/bin/bash
# Paused domains, and domains that are to be left paused.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm qcow2:64M
ok "-p leaves the domain paused" xl snapshot-create -p -n s1 vm
ok "it stands still" still vm
xl unpause vm
ok "one unpause is enough" ticking vm
ok "revert -p leaves it paused" revert vm s1 -p
ok "it stands still" still vm
xl unpause vm
ok "and goes on when told" ticking vm

xl pause vm
ok "a paused PV domain is refused" mustfail "use --unpause" \
    xl snapshot-create -n s2 vm
ok "and stays that" still vm
ok "unless it may run for the save" xl snapshot-create --unpause -n s2 vm
ok "it ends as it began, paused" still vm
xl unpause vm
ok "one unpause is enough" ticking vm
ok "reverts to it" revert vm s2
ok "is back" ticking vm
