#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# While libxl holds a lock of its own on the domain's devices or on the stored config, as
# block-attach does, the stored config is not ours to change.
. "$(dirname "$0")/faults.sh"

new_snapshot_domain vm qcow2:64M
ticking vm
uuid=$(xl vm-list | awk '$3 == "vm" { print $1 }')
attempt() { xl snapshot-create --disk-only --external -n "$1" "${@:2}" vm; }

# ends: the command goes on, and fails with TEXT.
ends() {
    local code=0
    kill -CONT $pid
    wait $pid || code=$?
    [ $code = 1 ] && grep -q "$1" "$_tmp/said" ||
        { echo "exit code $code"; cat "$_tmp/said"; return 1; }
}

# held NAME WHAT: that lock is held when the disks are to be repointed.
held() {
    local lock="/var/lib/xen/userdata-l.$(xl domid vm).$uuid.$1" holder
    plan_of attempt "$1"
    XL_SNAPSHOT_TIMEOUT=5 stopped_at "$(entry begun "$(step_of repoint)")" "$_tmp/said" \
        xl snapshot-create --disk-only --external -n "$1" vm
    flock -F "$lock" sleep 1000 > /dev/null 2>&1 &
    holder=$!
    cleanup_fn kill $holder
    until_ok 10 grep -q "FLOCK .* $holder " /proc/locks
    ok "it waits for the lock, and says who has it" ends "$2: held by sleep (pid $holder)"
    ok "the guest goes on" ticking vm
    kill $holder
    ok "without the lock the rest is done" recovered Completed
    ok "the domain is on its overlay" says "/srv/vm/xvda.$1.qcow2" disks_of vm
}
held libxl-device-changes-lock "libxl's device-changes lock"
held domain-userdata-lock "libxl's lock of the stored config"
