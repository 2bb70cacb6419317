#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# A ConfigFile chooses name, place of the memory image, and kind per disk.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm qcow2:64M qcow2:32M
mkdir /srv/vm/elsewhere
cat > /srv/vm/wish.cfg <<END
# the system's disk by a tag, the data's by an overlay of my choice
name = "before-upgrade"
description = 'all that I had; "quoted"'
memory_path = "/srv/vm/elsewhere/ram"
disks = [ ',,xvda',
          '/srv/vm/elsewhere/data.now,qcow2,xvdb' ]
END
ticking vm
before=$(tick vm)
ok "takes its wishes" says "internal: tag before-upgrade" \
    xl snapshot-create vm /srv/vm/wish.cfg
after=$(tick vm)
ok "overlay where it says" says "xvdb /srv/vm/elsewhere/data.now qcow2" disks_of vm
ok "memory where it says" test -s /srv/vm/elsewhere/ram
ok "the description is kept" grep -F 'description = "all that I had; \"quoted\""' \
    "$(cfg vm before-upgrade)"
ok "reverts a mixed one" revert vm before-upgrade
ok "is back" back_at vm "$before" "$after"

ok "-n wins over the file's name" xl snapshot-create -n other vm <(echo 'name = "no"')
ok "and is used" test -e "$(cfg vm other)"
mkdir /srv/vm/dir
ok "-d puts it elsewhere" xl snapshot-create -d /srv/vm/dir -n s3 vm
ok "both files" test -s /srv/vm/dir/s3/memory -a -s /srv/vm/dir/s3/snapshot.cfg
mark vm
ok "reverts from there" xl snapshot-revert vm /srv/vm/dir/s3/snapshot.cfg
ok "is back" ticking vm
