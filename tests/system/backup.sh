#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# The backup of xl-block-commit(1) under a guest that writes: its disk is copied as it was
# at an instant, and what it has written meanwhile is committed back.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm qcow2:64M
cfg=$(config vm)
ticking vm
before=$(tick vm)
ok "a snapshot" xl snapshot-create --disk-only --external --update-config="$cfg" -n backup vm
after=$(tick vm)
mkdir /srv/copy
cleanup_fn remove_domain copy
cp --sparse=always /srv/vm/xvda.qcow2 /srv/copy
wait_tick vm $((after + 3))
ok "the guest has gone on, and the base is as it was" cmp /srv/vm/xvda.qcow2 /srv/copy/xvda.qcow2
ok "the snapshot is forgotten" xl snapshot-delete --keep-data vm backup
ok "the guest goes on" ticking vm
present=$(tick vm)
hold vm
xl destroy vm
ok "the overlay is committed back" says "xvda.backup.qcow2 is deleted" \
    xl block-commit --pivot --delete --disregard=/srv/vm/xvda.qcow2 --update-config="$cfg" vm xvda
ok "nothing is left of it" test ! -e /srv/vm/xvda.backup.qcow2
mark vm
xl create -q "$cfg"
ok "the guest starts with all that it has written" boots_at vm "$present" $((present + 200))
ok "on its one image" says "xvda /srv/vm/xvda.qcow2 qcow2" disks_of vm
cp "$cfg" "$_tmp/vm.cfg"
remove_domain vm

sed -e 's,/srv/vm/xvda,/srv/copy/xvda,; s/^name = .*/name = "copy"/' \
    -e "s/^uuid = .*/uuid = \"$(cat /proc/sys/kernel/random/uuid)\"/" "$_tmp/vm.cfg" \
    > /srv/copy/copy.cfg
mark copy
xl create -q /srv/copy/copy.cfg
ok "the copy boots, and is of the snapshot's instant" boots_at copy "$before" "$after"
