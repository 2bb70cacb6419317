#!/bin/bash
# Progress on a terminal; silence and plain lines otherwise.
. "$(dirname "$0")/snapshot.sh"
requires script

new_snapshot_domain vm qcow2:64M
ok "on a terminal it counts" says "[0-9]+ of [0-9]+, +[0-9]+%" \
    script -qec "xl snapshot-create -n s1 vm" /dev/null
xl snapshot-create -n s2 vm > /srv/vm/out 2> /srv/vm/err
ok "elsewhere stderr is silent" test ! -s /srv/vm/err
ok "and the output plain" not grep -P '[^[:print:]]' /srv/vm/out
ok "-v says what is done" says "verbose: pause the domain: done" \
    sh -c "xl snapshot-create -v -n s3 vm 2>&1"
