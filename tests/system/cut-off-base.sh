#!/bin/bash
# A create is cut off behind its transaction, the domain is destroyed, and somebody starts
# it from its old xl.cfg before the recovery: the base is not a snapshot any more.
. "$(dirname "$0")/faults.sh"

new_snapshot_domain vm qcow2:64M
attempt() { xl snapshot-create --external -n "$1" "${@:2}" vm; }
plan_of attempt n
ok "killed behind the transaction" killed "$(entry "done" "$commit")" after attempt n
xl destroy vm
ok "as long as nobody touches the base" says "^ *[0-9]+\. " xl snapshot-recover -N vm
nap 6               # by so much QEMU's last write may come late
start_domain vm
ok "somebody starts the domain from the base" ticking vm
ok "while it is in use, a recovery refuses" \
    mustfail "xvda.qcow2 is in use by" xl snapshot-recover vm
refused() {
    mustfail "xvda.qcow2 was written to at 20" xl snapshot-recover "$@" &&
        grep -q "before that is in /srv/vm/xvda.n.qcow2" "$_tmp/stderr"
}
xl destroy vm
ok "and when the domain has gone again" refused vm
ok "the overlay is still there" test -e /srv/vm/xvda.n.qcow2
ok "and no snapshot is" test ! -e "$(cfg vm n)"
