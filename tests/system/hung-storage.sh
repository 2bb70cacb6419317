#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Storage hangs in the middle of a create, that of the memory image, of an overlay, of
# the journal or of a hook: the guest is let go, and what is left is undone when the
# storage is back.
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
    XL_SNAPSHOT_TIMEOUT=5 XL_SNAPSHOT_HOOK_TIMEOUT=6 stopped_at "$(entry "$1" "$(step_of "$2")")" "$_tmp/said" \
        xl snapshot-create -n n "${options[@]}" $guest "${wishes[@]}"
    dmsetup suspend --nolockfs "$3"
    kill -CONT $pid
}
waits() { nap 7; kill -0 $pid; }     # longer than what it started may take
attempt() { xl snapshot-create -n "$1" "${@:2}" "${options[@]}" $guest "${wishes[@]}"; }
options=() guest=vm

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

# That of a hook, while the guest is held for it: fsync() does not end by SIGKILL.
xl destroy vm
umount -l "$snapshots/.journal"
rmdir "$snapshots/.journal"
new_snapshot_domain held loop:32M
new_fs hook 16M
mkdir -p /etc/xen/snapshot.d
cleanup_fn rm -rf /etc/xen/snapshot.d
cat > /etc/xen/snapshot.d/fsync <<'END'
#!/bin/sh
case $1 in
create) dd if=/dev/zero of=/mnt/hook/copy bs=64k count=1 conv=fsync 2> /dev/null ;;
delete) rm -f /mnt/hook/copy ;;
esac
echo '{"handles":true,"can":["live"],"exists":false,"done":true}'
END
chmod 755 /etc/xen/snapshot.d/fsync
options=(--disk-only) guest=held
ticking held
remember held
ok "a hook's storage hangs" hang_at begun hook hook
since=$SECONDS
ok "the guest stands" still held
code=0
wait $pid || code=$?
took=$((SECONDS - since))
echo "# the command took $took s"
ok "the command ends, without the storage: 6 s, and 5 more" [ $code = 1 -a $took -lt 20 ]
ok "it says what hung" grep "fsync (pid .* and cannot be killed: its storage hangs" \
    "$_tmp/said"
ok "the guest goes on" ticking held
ok "nothing is recovered meanwhile" mustfail "is still at work" xl snapshot-recover held
dmsetup resume hook
ok "when the storage is back, it is" until_ok 30 recovered Undone
ok "all is as before" unchanged held
ok "what the hook has begun is gone" [ ! -e /mnt/hook/copy ]
