#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Ctrl-C and SIGTERM while memory is copied: the domain runs on as if nothing
# had been asked, and nothing is left.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain -m 256 vm qcow2:64M raw:32M

# interrupted SIGNAL PREFIX [SECONDS]: sent to the command, or with PREFIX - to
# its whole process group, libxl's helper too, once memory is being copied.
interrupted() {
    local pid code=0
    setsid xl snapshot-create -n s1 vm > /srv/vm/out 2>&1 &
    pid=$!
    until_ok 60 test -s $snapshots/vm/s1/memory.partial
    sleep "${3:-0}"
    kill "-$1" -- "$2$pid"
    wait $pid || code=$?
    echo "exit code $code"
    cat /srv/vm/out
    grep -q 'interrupted by a signal' /srv/vm/out
    rm /srv/vm/out
    test $code = 1
}
remember vm
for signal in TERM INT HUP; do
    ok "SIG$signal" interrupted $signal ''
    ok "the guest runs on" ticking vm
done
ok "nothing has changed" unchanged vm
for delay in 0.1 0.3 0.6; do
    ok "SIGTERM to it and libxl's helper, $delay s later" \
        interrupted TERM - $delay
    ok "the guest runs on" ticking vm
done
ok "nothing has changed" unchanged vm
ok "and can be snapshot" xl snapshot-create -n s1 vm
ok "the guest runs on" ticking vm
