#!/bin/bash
# The storage of the memory image hangs while memory is written to it: the guest
# is let go, and what is left is undone when the storage is back.
. "$(dirname "$0")/faults.sh"

new_snapshot_domain vm qcow2:64M
new_fs hung 100M 50      # so slow that there is a middle to hang in

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
dmsetup resume hung
code=0
wait $pid || code=$?
ok "and ends, saying what hung" grep -q "the file for its memory has taken nothing" "$_tmp/said"
ok "as failed" test $code = 1
ok "nothing is left" diff <(echo "$before") <(find /mnt/hung /srv/vm | sort)
ok "nor a journal" none_left
ok "the guest goes on" ticking vm
ok "and can be snapshot" xl snapshot-create -n s2 vm
