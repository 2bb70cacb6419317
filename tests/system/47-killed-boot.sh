#!/bin/bash
# The same without memory: the revert boots the domain.
. "$(dirname "$0")/faults.sh"

attempt() { xl snapshot-revert "${@:2}" vm "$(cfg vm s)"; }
as_after() { boots_at vm "$before" "$after"; }

# reverts OPERATION "CREATE_OPTION..." DISK...
reverts() {
    new_snapshot_domain vm "${@:3}"
    ticking vm
    before=$(tick vm)
    # shellcheck disable=SC2086
    xl snapshot-create $2 --disk-only --domain-config "$(config vm)" -n s vm > /dev/null
    after=$(tick vm)
    ticking vm
    kill_everywhere "$1" completed
}

reverts "revert, external, no memory" --external qcow2:64M raw:4M
remove_domain vm
rm -rf "${snapshots:?}/vm"
reverts "revert, internal, no memory" --internal qcow2:64M
