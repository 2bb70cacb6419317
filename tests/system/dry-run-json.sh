#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# -N shows the plan and changes nothing; --json is for programs.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm qcow2:64M raw:32M
remember vm
ok "create -N shows the plan" \
    says "snapshot 2 disks in one QEMU transaction" xl snapshot-create -N -n s1 vm
ok "xl -N does too" says "Nothing was changed" xl -N snapshot-create vm
steps() { xl snapshot-create -N --json -n s1 vm | jq -r '.plan[] | select(.commit_point) | .command'; }
ok "the plan as JSON has one commit point" test "$(steps)" = transaction
ok "nothing has changed" unchanged vm

ok "create --json" sh -c "xl snapshot-create --json -n s1 vm > /srv/vm/s1.json"
get() { jq -r "$1" /srv/vm/s1.json; }
ok "names the domain" test "$(get .domain)" = vm
ok "the config" test -e "$(get .config)"
ok "the memory image" test -e "$(get .memory)"
ok "both disks" test "$(get '[.disks[].child.path] | join(" ")')" = \
    "/srv/vm/xvda.s1.qcow2 /srv/vm/xvdb.s1.qcow2"
ok "and the downtime" test "$(get .downtime_us)" -gt 0

remember vm
ok "revert -N shows the plan" says "destroy domain vm" \
    xl snapshot-revert -N vm "$(cfg vm s1)"
ok "and changes nothing" unchanged vm
ok "and leaves the domain running" ticking vm
domid() { xl snapshot-revert --json vm "$(cfg vm s1)" | jq .domid; }
mark vm
new=$(domid)
ok "revert --json tells the new domid" test "$new" = "$(xl domid vm)"
ok "the domain is back" ticking vm
