#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# The main job: a PV domain with a qcow2 and a raw disk, its memory and both
# disks frozen at one instant in overlays, and back, and back again.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm qcow2:64M raw:4M
ticking vm
before=$(tick vm)
ok "a snapshot with no options at all" \
    sh -c "xl snapshot-create vm > /srv/vm/out 2> /srv/vm/err"
after=$(tick vm)
ok "says where everything went" grep "overlay /srv/vm/xvda" /srv/vm/out
ok "and where there is no terminal nothing else" test ! -s /srv/vm/err
name=$(ls $snapshots/vm)
ok "the guest goes on" ticking vm

ok "the stored config names the overlays" diff <(disks_of vm) - <<END
xvda /srv/vm/xvda.$name.qcow2 qcow2
xvdb /srv/vm/xvdb.$name.qcow2 qcow2
END
params() { xenstore-ls -f "$1" | sed -n 's/.*params = "\(.*\)"/\1/p'; }
domid=$(xl domid vm)
for place in "/libxl/$domid/device/vbd" "/local/domain/0/backend/qdisk/$domid"; do
    ok "xenstore does, in $place" diff <(params "$place") - <<END
qcow2:/srv/vm/xvda.$name.qcow2
qcow2:/srv/vm/xvdb.$name.qcow2
END
done
ok "nobody can write the bases any more, not even root" \
    not sh -c ': >> /srv/vm/xvda.qcow2'
bases=$(sha256sum /srv/vm/xvda.qcow2 /srv/vm/xvdb.raw)

uuid=$(xl vm-list | awk '$3 == "vm" { print $1 }')
mark vm
ok "reverts the running domain" xl snapshot-revert vm "$(cfg vm "$name")"
ok "memory and disks are back at the instant" back_at vm "$before" "$after"
ok "under another domid" test "$(xl domid vm)" != "$domid"
ok "with the same uuid" test \
    "$(xl vm-list | awk '$3 == "vm" { print $1 }')" = "$uuid"

ok "reverts a paused domain" revert vm "$name"
ok "which runs afterwards" back_at vm "$before" "$after"

xl destroy vm
ok "reverts a domain that is gone" revert vm "$name"
ok "which is there again" back_at vm "$before" "$after"

ok "the layers that it wrote in between are still there" \
    test -e /srv/vm/xvda."$name".qcow2 -a -e /srv/vm/xvdb."$name".r3.qcow2
ok "the bases were never written" sha256sum --status -c <<< "$bases"
ok "the images are sound" qemu-img check -q -U -f qcow2 /srv/vm/xvda.qcow2
