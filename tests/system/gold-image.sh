#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# A gold image: three domains in turn from one snapshot, whose base nobody
# writes; and --keep, which lets one come back to where it was.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm qcow2:64M raw:4M
ticking vm
before=$(tick vm)
xl snapshot-create -n gold vm > /dev/null
after=$(tick vm)
bases=$(sha256sum /srv/vm/xvda.qcow2 /srv/vm/xvdb.raw)

for n in 1 2 3; do
    ok "domain $n from it" revert vm gold
    ok "begins at its instant" back_at vm "$before" "$after"
    ok "on an overlay of its own" says "/srv/vm/xvda.gold.r$n.qcow2" disks_of vm
    wait_tick vm $((after + 3 * n))
done
ok "nobody wrote the base" sha256sum --status -c <<< "$bases"

kept() { basename "$(echo $snapshots/vm/before-revert-*)"; }
ok "a refused revert" mustfail "is missing" xl snapshot-revert --keep vm \
    <(sed 's,/srv/vm/xvda.qcow2,/srv/vm/none,' "$(cfg vm gold)")
ok "keeps nothing" test "$(ls $snapshots/vm)" = gold
present=$(tick vm)
ok "back, keeping what is there" says "before: $snapshots/vm/before-revert-" \
    revert vm gold --keep
ok "the domain is at the gold image again" back_at vm "$before" "$after"
ok "and on a new overlay" says "/srv/vm/xvda.gold.r4.qcow2" disks_of vm
hold vm
ok "forward to what was there" revert vm "$(kept)"
ok "which is where it went on to" back_at vm "$present" $((present + 200))
ok "nobody wrote the base" sha256sum --status -c <<< "$bases"
