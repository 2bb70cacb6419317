#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# A journal that cannot be written, and a SIGTERM, at each entry: before the commit
# point the command undoes what it did, and says so; after it, it goes on. The long
# form has other faults and other operations, too.
. "$(dirname "$0")/faults.sh"
. "$(dirname "$0")/lvm.sh"

# fault WORDS TEXT, by name
declare -A words=([enospc]="no space" [eio]="I/O error" [term-after]="SIGTERM")
declare -A texts=(
    [enospc]="No space left on device" [eio]="Input/output error"
    [term-after]="interrupted by a signal"
)

# (A folder that was full while the plan was written is no reason to keep a journal.)
# refused ENTRY FAULT TEXT; done_anyway ENTRY FAULT
refused() {
    mustfail "$3" fault "$1" "$2" attempt n && none_left && ticking vm unchanged vm
}
done_anyway() {
    local said='^Snapshot n|^Domain vm is back'
    [ "$2" != term-after ] || said='a signal came after the commit point, when nothing can be undone'
    mark vm
    says "$said" fault "$1" "$2" attempt "n$1-$2" && none_left && as_after "n$1-$2"
}

# fails ENTRY STEP FAULT [TEXT]: a cell
fails() {
    local first_done
    first_done=$(entry "done" "$commit")
    # the signal comes when the step has been begun
    [ "$3" != term-after ] || first_done=$(entry begun "$commit")
    if [ "$1" -lt "$first_done" ]; then
        ok "$operation | $2 | ${words[$3]} | undone" refused "$1" "$3" "${4:-${texts[$3]}}"
    else
        ok "$operation | $2 | ${words[$3]} | completed" done_anyway "$1" "$3"
    fi
}

# fail_everywhere OPERATION: "attempt NAME [OPTION...]", as for kill_everywhere.
fail_everywhere() {
    local operation=$1 i fault
    plan_of attempt n
    remember vm
    fails 1 "the journal" enospc "cannot write the journal"
    for ((i = 0; i < ${#steps[@]}; i++)); do
        for fault in enospc term-after; do
            fails "$(entry begun $i)" "${steps[$i]}" $fault
        done
        in_soak || continue
        fails "$(entry begun $i)" "${steps[$i]}" eio
        for fault in enospc eio term-after; do
            fails "$(entry "done" $i)" "${steps[$i]}, done" $fault
        done
    done
}

new_create --external qcow2:64M raw:4M
as_after() { ticking vm on_layer vm "/srv/vm/xvda.$1.qcow2"; }
fail_everywhere "create, PV, external"
in_soak || exit 0

domain_options=(-t pvh)
new_create --live qcow2:64M
as_after() { ticking vm xl snapshot-verify "$(cfg vm "$1")"; }
fail_everywhere "create, PVH, live, internal"

domain_options=()
new_vg 400M
lvm_ lvcreate -L 16M -n thick vg-0
lvm_ lvcreate -L 64M -T vg-0/pool
lvm_ lvcreate -V 32M -T vg-0/pool -n thin
new_create "" qcow2:64M "/dev/vg-0/thick,raw,%v,w" "/dev/vg-0/thin,raw,%v,w"
as_after() {
    ticking vm xl snapshot-verify "$(cfg vm "$1")" && lvm_ lvremove -f "vg-0/thick.$1"
}
as_after first
fail_everywhere "create, PV, qcow2 and LVM"

new_revert --external back_at qcow2:64M raw:4M
fail_everywhere "revert, external"
new_revert --internal back_at qcow2:64M
fail_everywhere "revert, internal"
