#!/bin/bash
# Ctrl-C and SIGTERM while memory is copied: the domain runs on as if nothing
# had been asked, and nothing is left.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain -m 256 vm qcow2:64M raw:32M
interrupted() {
    local pid code=0
    xl snapshot-create -n s1 vm > /srv/vm/out 2>&1 &
    pid=$!
    until_ok 30 test -s $snapshots/vm/s1/memory.partial
    kill "-$1" $pid
    wait $pid || code=$?
    rm /srv/vm/out
    test $code = 1
}
for signal in TERM INT HUP; do
    ok "SIG$signal" unchanged vm interrupted $signal
    ok "the guest runs on" ticking vm
done
ok "and can be snapshot" xl snapshot-create -n s1 vm
ok "the guest runs on" ticking vm
