#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Paused domains, and domains that are to be left paused. And what is said
# meanwhile: progress on a terminal, plain lines elsewhere.
. "$(dirname "$0")/snapshot.sh"
requires script

new_snapshot_domain vm qcow2:64M
create() { xl snapshot-create -v "$@" vm > /srv/vm/out 2> /srv/vm/err; }
ok "-p leaves the domain paused" create -p -n s1
ok "it stands still" still vm
ok "-v said what was done, on stderr" grep "verbose: pause the domain: done" /srv/vm/err
ok "both are plain text" not grep -P '[^[:print:]]' /srv/vm/out /srv/vm/err
xl unpause vm
ok "one unpause is enough" ticking vm
ok "revert -p leaves it paused" revert vm s1 -p
ok "it stands still" still vm
xl unpause vm
ok "and goes on when told" ticking vm

xl pause vm
ok "a paused PV domain is refused" mustfail "use --unpause" \
    xl snapshot-create -n s2 vm
ok "and stays that" still vm
ok "unless it may run for the save; progress on a terminal" \
    says "[0-9]+ of [0-9]+, +[0-9]+%" \
    script -qec "xl snapshot-create --unpause -n s2 vm" /dev/null
ok "it ends as it began, paused" still vm
xl unpause vm
ok "one unpause is enough" ticking vm
ok "reverts to it" revert vm s2
ok "is back" ticking vm
