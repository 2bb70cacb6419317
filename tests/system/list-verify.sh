#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# snapshot-list and snapshot-verify: what there is, and whether a revert would work.
. "$(dirname "$0")/snapshot.sh"

list() { xl snapshot-list "$@"; }
json() { xl snapshot-list --json "$@" > /srv/vm/list.json; jq -e "$query" /srv/vm/list.json; }
verify() { xl snapshot-verify "$@"; }

new_snapshot_domain vm qcow2:64M qcow2:32M
xl=$(config vm)
ok "no snapshots: says so" says "^No snapshot configs in $snapshots/vm" list vm
ok "but shows the images" says "^xvdb +0 +qcow2 .* 0  /srv/vm/xvdb.qcow2" list vm

xl snapshot-create --internal -n tag1 vm > /dev/null
printf '%s\n' '{"execute":"qmp_capabilities"}' '{"execute":"blockdev-snapshot-internal-sync",
    "arguments":{"device":"xvda-qcow2","name":"mine"}}' |
    socat -t 5 - "UNIX-CONNECT:/var/run/xen/qmp-libxl-$(xl domid vm)" > /dev/null
ok "a snapshot config" says "^tag1 +20..-..-.. ..:..:..  memory \+ disks  all there" list vm
ok "its tag, on all disks" says "^tag1 +20..-..-.. ..:..:..  - +all" list vm
ok "one that somebody else made, marked" says "^mine .* only xvda$" list vm
ok "said to be from the images" says "^From the images \(which record neither" list vm
query='.image_tags | map(select(.name == "mine"))[0] | .disks == ["xvda"] and .all_disks == false and .creation_time > 1e9'
ok "as JSON" json vm
query='.snapshots[0] | .name == "tag1" and .complete and .memory == "'$(memory vm tag1)'"'
ok "the config, too" json vm

xl snapshot-create --external --disk-only -n ext vm > /dev/null
ok "a chain: the overlay" says "^xvda +0 +qcow2 .* 0  /srv/vm/xvda.ext.qcow2" list vm
ok "and its base, which has the tags" says "^xvda +1 +qcow2 .* 2  /srv/vm/xvda.qcow2" list vm
ok "disks only, oldest first" says "^ext .* disks +all there" list vm
query='.snapshots | map(.name) == ["tag1", "ext"]'
ok "in that order" json vm
remember vm
# verify: what a revert would say
ok "the snapshot with memory, whose base is frozen" mustfail "snapshot tag1 cannot be reverted to" \
    verify "$(cfg vm tag1)"
ok "for this reason" says "disk xvda +BAD .* must not change" sh -c "xl snapshot-verify $(cfg vm tag1) 2>&1; true"
ok "its memory is good" says "memory image +good +$(memory vm tag1)" \
    sh -c "xl snapshot-verify $(cfg vm tag1); true"
ok "all is told, not the first alone" test \
    "$(verify "$(cfg vm tag1)" 2> /dev/null | grep -c BAD)" = 2
ok "without memory: needs an xl.cfg" mustfail "cannot be reverted to" verify "$(cfg vm ext)"
ok "with it, good" says "disk xvdb +good +/srv/vm/xvdb.qcow2" \
    verify --domain-config "$xl" "$(cfg vm ext)"
list vm > /dev/null
ok "none of that changes anything" unchanged vm
ok "the guest runs on" ticking vm
ok "and the revert works" revert vm ext --domain-config "$xl"
ok "the guest is back" until_ok 240 _booted vm
ticking vm

xl snapshot-create -n ext2 --external vm > /dev/null
xl destroy vm
ok "the domain need not exist" says "domain +good" verify "$(cfg vm ext2)"
ok "nor for what is on record" says "^ext2 " list vm
ok "its images by its xl.cfg" says "^xvda +0 .* 2  /srv/vm/xvda.qcow2" \
    list --domain-config "$xl" vm
ok "not by another's" mustfail "is of domain vm, not of web" \
    list --domain-config "$xl" web
ok "an unknown one" mustfail "there is no such domain, and no snapshot of it in $snapshots/web" list web
ok "another folder" says "^ext2 " list -d "$snapshots/vm" web

base=/srv/vm/xvdb.ext.r1.qcow2
chattr -i $base
mv $base $base.away
ok "a base that is missing is listed" says "^ext2 .* $base is missing" list vm
ok "and found by verify" says "disk xvdb +BAD .*its base $base is missing" \
    sh -c "xl snapshot-verify $(cfg vm ext2); true"
ok "exit status 1, one line on stderr" mustfail "snapshot ext2 cannot be reverted to" verify "$(cfg vm ext2)"
xl snapshot-verify --json "$(cfg vm ext2)" > /srv/vm/v.json 2> /dev/null || :
ok "as JSON" jq -e '.good == false and (.items | map(select(.good | not)) | length == 1
    and .[0].what == "disk xvdb")' /srv/vm/v.json
mv $base.away $base
truncate -s -4096 "$(memory vm ext2)"
ok "a truncated memory image" says "memory image +BAD .*truncated" \
    sh -c "xl snapshot-verify $(cfg vm ext2); true"
qemu-nbd -r --fork -x x -f qcow2 -k /srv/vm/nbd --pid-file=/srv/vm/pid $base
ok "a reader of a base does no harm" says "disk xvdb +good" \
    sh -c "xl snapshot-verify $(cfg vm ext2); true"
kill "$(cat /srv/vm/pid)"

echo 'name = ' > "$(cfg vm tag1)"
ok "a config that is broken is listed as that" says "snapshot.cfg" list vm
ok "and refused" mustfail "snapshot.cfg" verify "$(cfg vm tag1)"
ok "no config at all" mustfail "No such file" verify /nowhere

# a deep chain
define_domain deep qcow2:16M
base=/srv/deep/xvda.qcow2
for i in {1..50}; do
    qemu-img create -q -f qcow2 -u -b "$base" -F qcow2 /srv/deep/$i.qcow2 16M
    base=/srv/deep/$i.qcow2
done
sed -i "s,/srv/deep/xvda.qcow2,$base," "$(config deep)"
begin=${EPOCHREALTIME/./}
ok "fifty overlays" test "$(xl snapshot-list --domain-config "$(config deep)" deep | grep -c '^xvda')" = 51
note "in $(((${EPOCHREALTIME/./} - begin) / 1000)) ms on this emulated host"
