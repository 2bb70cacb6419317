#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# A create is cut off behind its transaction, the domain is destroyed, and somebody starts
# it from its old xl.cfg, or restores a backup, before the recovery: the base is not a
# snapshot any more.
. "$(dirname "$0")/faults.sh"

new_snapshot_domain vm qcow2:64M
attempt() { xl snapshot-create --external -n "$1" "${@:2}" vm; }
plan_of attempt n
base=/srv/vm/xvda.qcow2
ok "killed when the guest runs again" \
    killed "$(entry "done" $((commit + 1)))" after attempt n
xl destroy vm
can_be_completed() { says "^ *[0-9]+\. " xl snapshot-recover -N vm; }
ok "as long as nobody touches the base" can_be_completed
mv $base /srv/vm/away.qcow2
cp -p /srv/vm/away.qcow2 $base
refused() {
    mustfail "$base is not as the create's journal has it" xl snapshot-recover "$@" &&
        grep -q "since snapshot n is in /srv/vm/xvda.n.qcow2" "$_tmp/stderr"
}
ok "it must not be a copy" refused vm
mv /srv/vm/away.qcow2 $base
ok "when it is back" can_be_completed
start_domain vm
ok "somebody starts the domain from the base" ticking vm
ok "while it is in use, a recovery refuses" \
    mustfail "xvda.qcow2 is in use by" xl snapshot-recover vm
xl destroy vm
ok "and when the domain has gone again" refused vm
ok "the overlay is still there" test -e /srv/vm/xvda.n.qcow2
ok "and no snapshot is" test ! -e "$(cfg vm n)"
