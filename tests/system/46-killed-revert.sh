#!/bin/bash
# A snapshot-revert that is killed before each entry of its journal. Until it
# destroys the domain recovery leaves that alone; after it the revert is completed.
. "$(dirname "$0")/faults.sh"

attempt() { xl snapshot-revert "${@:2}" vm "$(cfg vm s)"; }
as_after() { back_at vm "$before" "$after"; }

# reverts OPERATION "CREATE_OPTION..." DISK...
reverts() {
    new_snapshot_domain vm "${@:3}"
    ticking vm
    before=$(tick vm)
    # shellcheck disable=SC2086
    xl snapshot-create $2 -n s vm > /dev/null
    after=$(tick vm)
    ticking vm
    kill_everywhere "$1" completed
}

reverts "revert, external" --external qcow2:64M raw:4M
mark vm
tell vm reboot
ok "a guest that recovery brought back can reboot" until_ok 240 _booted vm
remove_domain vm
rm -rf "${snapshots:?}/vm"
reverts "revert, internal" --internal qcow2:64M
