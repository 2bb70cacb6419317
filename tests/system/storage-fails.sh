#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Storage without room, or that fails, under each of the files that a command writes:
# it undoes what it did, and the guest runs on. Where what fails is too far gone for
# that, its journal stays until the storage is back.
. "$(dirname "$0")/faults.sh"

# fill DIR: nothing has room there any more.
fill() {
    fallocate -l "$(df --output=avail -B1 "$1" | tail -n 1)" "$1/filler" || :
    dd if=/dev/zero of="$1/filler2" bs=1k status=none 2> /dev/null || :
}

new_fs small 24M
new_fs slow 100M 50
new_snapshot_domain vm qcow2:64M raw:4M
xl snapshot-create --external -n s vm > /dev/null
ticking vm
remember vm

# refuses WHAT STEP FAULT TEXT COMMAND...: a cell; all is as before
refuses() { mustfail "$1" "${@:2}" && ticking vm unchanged vm; }
cell_of() { ok "$1 | $2 | $3 | undone" refuses "${@:4}"; }

for how in --external --internal; do
    create=(xl snapshot-create $how -n n)
    what="create, PV, ${how#--}"
    for file in memory snapshot.cfg; do
        for fault in "enospc:No space left" "eio:Input/output error"; do
            cell_of "$what" "the first write to $file" "${fault%%:*}" "${fault#*:}" \
                fault_in "n/$file" 1 "${fault%%:*}" "${create[@]}" vm
        done
    done
done

# in_the_middle WHAT TEXT: what happens to the storage when some memory is in its image.
in_the_middle() {
    local pid code=0
    "${create[@]}" -d /mnt/slow vm > "$_tmp/said" 2>&1 &
    pid=$!
    until_ok 60 is_under_way /mnt/slow/n/memory.partial && "$1" /mnt/slow
    wait $pid || code=$?
    [ $code = 1 ] && grep -q "$2" "$_tmp/said" ||
        { echo "exit code $code"; cat "$_tmp/said"; return 1; }
    ticking vm
}
gone() { [ ! -e "$snapshots/.journal" ] && [ ! -e /mnt/slow/n ] && unchanged vm; }
ok "the storage of the memory image fills up: the guest goes on" \
    in_the_middle fill "No space left"
ok "create, PV, internal | the memory image | no space | undone" gone
rm /mnt/slow/filler*

break_it() { break_fs slow; }
mended() {
    mend_fs slow
    [ ! -e "$snapshots/.journal" ] || recovered Undone || return 1
    gone
}
ok "the device of the memory image fails: the guest goes on" \
    in_the_middle break_it "Input/output error\|Read-only file system"
ok "create, PV, internal | the memory image | its device fails | undone" mended

# What reverts and creates put beside an image that has no room beside it.
truncate -s 4M /mnt/small/data
dd if=/dev/zero of=/mnt/small/data bs=64k count=64 conv=notrunc status=none
new_snapshot_domain full "/mnt/small/data,raw,%v,w,backendtype=qdisk"
xl snapshot-create --external -n s full > /dev/null
tell full fast      # until its overlay has all the clusters that it writes to
wait_tick full $(($(tick full) + 80))
tell full slow
fill /mnt/small
remember full
refuses_full() { mustfail "the file system has 0 MiB free" "$@" && ticking full unchanged full; }
ok "create, PV, external | an overlay | no space | undone" \
    refuses_full xl snapshot-create --external -n n full
ok "revert, external | an overlay | no space | undone" \
    refuses_full xl snapshot-revert full "$(cfg full s)"

# fails_at STATE STEP NAME TEXT: the device NAME fails when that step is begun, or done.
attempt() { "${create[@]}" "${@:2}" vm "${wishes[@]}"; }
fails_at() {
    local code=0
    plan_of attempt n
    stopped_at "$(entry "$1" "$(step_of "$2")")" "$_tmp/said" \
        "${create[@]}" vm "${wishes[@]}"
    break_fs "$3"
    kill -CONT $pid
    wait $pid || code=$?
    [ $code = 1 ] && grep -q "$4" "$_tmp/said" ||
        { echo "exit code $code"; cat "$_tmp/said"; return 1; }
    ticking vm
}
undone_now() { says "^Undone\\." xl snapshot-recover --all && unchanged vm; }
create=(xl snapshot-create --external -n n)

# The overlay, which the snapshot config puts on a device of its own.
new_fs overlay 16M
echo "disks = [ '/mnt/overlay/n.qcow2,qcow2,xvda' ]" > /srv/wishes.cfg
cleanup_fn rm /srv/wishes.cfg
wishes=(/srv/wishes.cfg)
remember vm
ok "the device of an overlay fails: the guest goes on" \
    fails_at begun exec overlay "Input/output error\|Read-only file system"
overlay_mended() { mend_fs overlay && undone_now && [ ! -e /mnt/overlay/n.qcow2 ]; }
ok "create, PV, external | an overlay | its device fails | undone" overlay_mended

# The journal, when the guest is held: the first that notices is the flush before the
# transaction.
journal_on journal 16M
wishes=()
remember vm
ok "the device of the journal fails: the guest goes on" \
    fails_at "done" pause journal "cannot write the journal .*Input/output error"
journal_mended() {
    umount "$snapshots/.journal"
    mend_fs journal
    mount --bind /mnt/journal "$snapshots/.journal"
    undone_now
}
ok "create, PV, external | the journal | its device fails | undone" journal_mended
