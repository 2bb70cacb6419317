#!/bin/bash
# Disks without snapshot support: which one, why, and what to do.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm qcow2:64M loop:32M
refused_phy() {
    mustfail "disk xvdb (/srv/vm/xvdb.raw): no external snapshot: blkback (phy) serves it" \
        xl snapshot-create "$@" vm && ticking vm
}
ok "a raw file on blkback" refused_phy
ok "names the way out" mustfail "add backendtype=qdisk" xl snapshot-create vm
ok "nothing is left" test ! -e $snapshots/vm -a "$(ls /srv/vm | wc -l)" = 3
remove_domain vm


truncate -s 4M /srv/cd.iso
cleanup_fn rm -f /srv/cd.iso
new_snapshot_domain vm qcow2:64M "/srv/cd.iso,raw,%v,r,backendtype=qdisk"
ok "a read-only disk is left out by itself" xl snapshot-create -n s1 vm
ok "and cannot be asked for" mustfail "disk xvdb: read-only disks" \
    xl snapshot-create vm <(echo "disks = [ ',,xvdb' ]")
ok "the guest runs on" ticking vm
ok "reverts" revert vm s1
ok "is back" ticking vm
