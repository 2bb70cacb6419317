#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# The memory image is an xl save file that nobody can restore by accident over
# disks that went on without it.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm qcow2:64M raw:4M
before=$(tick vm)
xl snapshot-create -n s1 vm > /dev/null
after=$(tick vm)
image=$(memory vm s1)
ok "only root can read it" test "$(stat -c %a "$image")" = 600
ok "nor list its folder" test "$(stat -c %a "$snapshots/vm/s1")" = 700
ok "nothing half done is left" test "$(ls $snapshots/vm/s1 | wc -l)" = 2

ticking vm
xl destroy vm
bases=$(sha256sum /srv/vm/xvda.qcow2 /srv/vm/xvdb.raw)
ok "a stock xl restore without a config fails" not xl restore "$image"
ok "and says where to turn" says "use-xl-snapshot-revert" \
    sh -c "xl restore '$image' 2>&1 || :"
ok "no domain is left" not xl domid vm
ok "no frozen layer was touched" sha256sum --status -c <<< "$bases"

qemu-img create -q -f qcow2 -b /srv/vm/xvda.qcow2 -F qcow2 /srv/vm/a.qcow2
qemu-img create -q -f qcow2 -b /srv/vm/xvdb.raw -F raw /srv/vm/b.qcow2
sed "s#^disk = .*#disk = [ '/srv/vm/a.qcow2,qcow2,xvda,w', '/srv/vm/b.qcow2,qcow2,xvdb,w' ]#" \
    "$(config vm)" > /srv/vm/fresh.cfg
mark vm
ok "with a config that names fresh overlays it works" \
    xl restore /srv/vm/fresh.cfg "$image"
ok "memory and disks fit" back_at vm "$before" "$after"

xl destroy vm
# QEMU cannot open a frozen base for writing, so the guest never gets its disks
mark vm
xl create -q "$(config vm)"
ok "the old xl.cfg gives the domain none of its frozen bases" \
    until_ok 120 grep -q "Could not open '/srv/vm/xvda.qcow2'" /var/log/xen/qemu-dm-vm.log
sleep 5
ok "no tick was written" test -z "$(tick vm)"
xl destroy vm
ok "nobody has written to them" sha256sum --status -c <<< "$bases"
remove_domain vm

new_snapshot_domain vm qcow2:64M raw:4M
xl snapshot-create --internal -n s2 vm <(echo "disks = [ ',,xvda', '/srv/vm/i.qcow2,qcow2,xvdb' ]") > /dev/null
xl destroy vm
ok "internal tags are guarded as well" not xl restore "$(memory vm s2)"
