#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# A reply of QEMU that never comes, is cut off, is no JSON or has no end: a snapshot is
# undone; and of its transaction QEMU is asked once more, whether it has switched the
# disks.
. "$(dirname "$0")/faults.sh"

export XL_SNAPSHOT_TIMEOUT=6
new_create --external qcow2:64M raw:4M
plan_of attempt n

# spoiled COMMAND FAULT CHECK...: while QEMU's reply to that command is spoiled.
spoiled() {
    local pid code=0
    rm -f "$_tmp/proxy"
    python3 ./qmp-proxy.py "/run/xen/qmp-libxl-$(xl domid vm)" "$1" "$2" > "$_tmp/proxy" 2>&1 &
    pid=$!
    until_ok 30 grep -q ready "$_tmp/proxy" && "${@:3}" || code=1
    kill $pid
    wait $pid || :
    sed '/^ready/d; s/^/# /' "$_tmp/proxy"
    return $code
}
# what the command says of it
declare -A words=(
    [lost]="QEMU does not answer" [never]="QEMU does not answer" [cut]="QEMU is gone"
    [no-json]="is not a JSON object" [endless]="is over 16 MiB"
)
refused() { mustfail "${words[$1]}" attempt n && none_left && ticking vm unchanged vm; }
is_done() {
    attempt n$1 && none_left &&
        ticking vm on_layer vm "/srv/vm/xvda.n$1.qcow2" "/srv/vm/xvdb.n$1.qcow2" &&
        xl snapshot-verify "$(cfg vm "n$1")"
}

remember vm
commands=(query-block blockdev-add)
! in_soak || commands+=(query-named-block-nodes query-block-jobs)
for fault in lost never cut no-json endless; do
    for command in "${commands[@]}"; do
        case $command in
        query-block) step="what its disks are" ;;
        query-named-block-nodes) step="what their layers are" ;;
        query-block-jobs) step="what jobs it runs" ;;
        blockdev-add) step=${steps[$(step_of qmp)]} ;;
        esac
        ok "create, PV, external | $step | reply $fault | undone" \
            spoiled $command $fault refused $fault
    done
done
ok "create, PV, external | ${steps[$commit]} | reply lost | undone" \
    spoiled transaction lost refused lost
for fault in never cut no-json endless; do
    ok "create, PV, external | ${steps[$commit]} | reply $fault | done" \
        spoiled transaction $fault is_done $fault
    remember vm
done
ok "a snapshot can be taken" attempt last
ok "the guest goes on" ticking vm
in_soak || exit 0

# Tags, of which QEMU itself says whether they are there.
domain_options=(-t pvh)
new_create --live qcow2:64M
plan_of attempt n
is_done() { attempt n$1 && none_left && ticking vm xl snapshot-verify "$(cfg vm "n$1")"; }
remember vm
for fault in lost never cut no-json endless; do
    for command in query-block query-named-block-nodes; do
        ok "create, PVH, live, internal | what its disks are, by $command | reply $fault | undone" \
            spoiled $command $fault refused $fault
    done
done
ok "create, PVH, live, internal | ${steps[$commit]} | reply lost | undone" \
    spoiled transaction lost refused lost
for fault in never cut no-json endless; do
    ok "create, PVH, live, internal | ${steps[$commit]} | reply $fault | done" \
        spoiled transaction $fault is_done $fault
    remember vm
done
ok "the guest goes on" ticking vm
