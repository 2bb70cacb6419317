#!/bin/bash
# Storage hangs in the middle of a create, that of the memory image, of an overlay or of
# the journal: the guest is let go, and what is left is undone when the storage is back.
. "$(dirname "$0")/faults.sh"

new_snapshot_domain vm qcow2:64M
new_fs hung 100M 50      # so slow that there is a middle to hang in

# ends NAME TEXT: when the device NAME answers again, the command, $pid, fails with TEXT.
ends() {
    local code=0
    dmsetup resume "$1"
    wait $pid || code=$?
    [ $code = 1 ] && grep -q "$2" "$_tmp/said" ||
        { echo "exit code $code"; cat "$_tmp/said"; return 1; }
}

_suspended() { [[ $(xl list vm | tail -n 1) = *---s* ]]; }
ticking vm
before=$(find /mnt/hung /srv/vm | sort)
XL_SNAPSHOT_TIMEOUT=5 xl snapshot-create -n s -d /mnt/hung vm > "$_tmp/said" 2>&1 &
pid=$!
until_ok 60 is_under_way /mnt/hung/s/memory.partial
dmsetup suspend --nolockfs hung
ok "the guest stands" until_ok 30 _suspended
ok "its storage does not answer: the guest goes on" ticking vm
ok "the command waits for the storage" kill -0 $pid
ok "and ends, saying what hung" ends hung "the memory image could not be written for"
ok "nothing is left" diff <(echo "$before") <(find /mnt/hung /srv/vm | sort)
ok "nor a journal" none_left
ok "the guest goes on" ticking vm
ok "and can be snapshot" xl snapshot-create -n s2 vm

# hang_at STATE STEP NAME: the device NAME hangs when that step is begun, or done.
hang_at() {
    plan_of attempt n
    XL_SNAPSHOT_TIMEOUT=5 stopped_at "$(entry "$1" "$(step_of "$2")")" "$_tmp/said" \
        xl snapshot-create -n n vm "${wishes[@]}"
    dmsetup suspend --nolockfs "$3"
    kill -CONT $pid
}
waits() { nap 7; kill -0 $pid; }     # longer than what it started may take
attempt() { xl snapshot-create -n "$1" "${@:2}" vm "${wishes[@]}"; }

# That of an overlay, while qemu-img formats it.
new_fs overlay 16M
echo "disks = [ '/mnt/overlay/n.qcow2,qcow2,xvda' ]" > /srv/wishes.cfg
cleanup_fn rm /srv/wishes.cfg
wishes=(/srv/wishes.cfg)
remember vm
ok "an overlay's storage hangs" hang_at begun exec overlay
ok "the guest goes on" ticking vm
ok "the command waits for the storage" waits
ok "and ends, saying what hung" ends overlay \
    "format /mnt/overlay/n.qcow2 on .*: qemu-img .*did not answer for 5 s"
ok "all is as before" unchanged vm
ok "no overlay is left" [ ! -e /mnt/overlay/n.qcow2 ]
ok "nor a journal" none_left

# The journal's, when the guest is held already: a line is to be on the disk before the
# transaction is sent.
journal_on journal 16M
wishes=()
remember vm
ok "the journal's storage hangs" hang_at "done" pause journal
ok "the guest goes on" ticking vm
ok "the command waits for the storage" kill -0 $pid
ok "and ends, saying what hung" ends journal "its storage has not answered for 5 s"
ok "all is as before" unchanged vm
ok "and no journal is left" not grep . <(find "$snapshots/.journal" -name '*.json')
