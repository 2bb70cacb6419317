#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# A domain that does not run, described by its xl.cfg: snapshots of its disks,
# back to them, and what is refused.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm qcow2:64M raw:4M
xl=$(config vm)
ticking vm
tell vm poweroff
until_ok 120 not xl domid vm > /dev/null
last=$(console vm | awk '/^WITNESS tick/ { n = $3 } END { print n }')

ok "its name alone is not enough" mustfail "with --domain-config" \
    xl snapshot-create vm
ok "another's config is refused" mustfail "is of domain vm, not of web" \
    xl snapshot-create --domain-config "$xl" web
ok "so is no config" mustfail "No such file" \
    xl snapshot-create --domain-config /nowhere vm
ok "and memory" mustfail "saves no memory" \
    xl snapshot-create --domain-config "$xl" --live vm

files() { { find /srv/vm $snapshots -printf '%p %s %m\n' 2>/dev/null || :; } | sort; }
before=$(files)
ok "a dry run" says "Nothing was changed" \
    xl snapshot-create -N --domain-config "$xl" -n s1 vm
ok "changes nothing" diff <(echo "$before") <(files)
ok "a snapshot of its disks" says "disks only, as the domain left them" \
    xl snapshot-create --domain-config "$xl" -n s1 vm
ok "froze them" not sh -c ': >> /srv/vm/xvdb.raw'
bases=$(sha256sum /srv/vm/xvda.qcow2 /srv/vm/xvdb.raw)

ok "an xl.cfg that is older than a snapshot is refused" mustfail "is the base of snapshot s1" \
    xl snapshot-create --domain-config "$xl" -n s1 vm

sed -i 's,xvda.qcow2,xvda.s1.qcow2,; s/xvdb.raw,raw/xvdb.s1.qcow2,qcow2/' "$xl"
mark vm
ok "with the new disks it starts" xl create -q "$xl"
ok "where it left off" boots_at vm "$last" "$last"
ok "a config that has lost its memory image is refused" \
    mustfail "does not say memory=0" xl snapshot-revert vm \
    <(sed 's/^memory = 0/memory = 1/' "$(cfg vm s1)")
xl destroy vm

ok "back, and booted" revert vm s1
ok "where it left off" boots_at vm "$last" "$last"
ok "the bases were never written" sha256sum --status -c <<< "$bases"
xl destroy vm
qemu-img check -q /srv/vm/xvda.s1.qcow2

# the files are as a power cut left them
sed -i 's,xvda.s1.qcow2,xvda.s1.r1.qcow2,; s,xvdb.s1.qcow2,xvdb.s1.r1.qcow2,' "$xl"
last=$(qemu-img convert -O raw /srv/vm/xvda.s1.r1.qcow2 /srv/vm/look &&
    witness --check /srv/vm/look | awk '{ print $(NF - 1) }')
ok "tags, where all disks are qcow2" says "internal" \
    xl snapshot-create --domain-config "$xl" -n t1 vm
mark vm
xl create -q "$xl"
ok "the domain writes on" wait_tick vm $((last + 10)) 240
xl destroy vm
ok "back to the tags, and booted" revert vm t1
ok "where it was" boots_at vm "$((last - 1))" "$last"
