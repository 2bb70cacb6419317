#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Bad input to revert: refused before the domain is destroyed.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain vm qcow2:64M qcow2:32M
ext="disks = [ '/srv/vm/o.qcow2,qcow2,xvdb', ',,xvda' ]"
xl snapshot-create -n s1 vm <(echo "$ext") > /dev/null
domid=$(xl domid vm)

refused() {
    local text=$1 file=${2:-$(cfg vm s1)} domain=${3:-vm}
    mustfail "$text" xl snapshot-revert "$domain" "$file"
}
image=$(memory vm s1)
cp "$image" /srv/vm/good
ok "the memory image is truncated" sh -c "truncate -s -1 $image"
ok "which is seen" refused "truncated"
truncate -s 1M "$image"
ok "truncated early" refused "truncated"
: > "$image"
ok "empty" refused "truncated"
head -c 200000 /dev/urandom > "$image"
ok "garbage" refused "not a file that xl save wrote"
rm "$image"
ok "missing" refused "No such file"
cp /srv/vm/good "$image"
echo trailing >> "$image"
ok "with something after its end" refused "has more data after its end"
cp /srv/vm/good "$image"

# as long as it was, for the memory image tells its length
other=0b0b0b0b-1c1c-4d4d-8e8e-2f2f2f2f2f2f
uuid=$(xl vm-list | awk '$3 == "vm" { print $1 }')
{ head -c 64K /srv/vm/good | sed "s/\"name\": \"vm\"/\"name\": \"db\"/; s/$uuid/$other/"
  tail -c +65537 /srv/vm/good; } > "$image"
ok "another domain's memory image" refused "this is the memory of domain db"
cp /srv/vm/good "$image"
sed "s/^domain = .*/domain = \"db\"/; s/$uuid/$other/" "$(cfg vm s1)" > /srv/vm/bad.cfg
ok "another domain's snapshot" refused "of another domain" /srv/vm/bad.cfg
ok "of a domain that does not exist" refused "there is no such domain" \
    "$(cfg vm s1)" none

sed '/^parents/,$d' "$(cfg vm s1)" > /srv/vm/bad.cfg
ok "no parents" refused "\`parents'" /srv/vm/bad.cfg
sed '/vdev=xvdb/d' "$(cfg vm s1)" > /srv/vm/bad.cfg
ok "a disk left out, but for its driver" refused "\`drivers'" /srv/vm/bad.cfg
sed -i '/"xvdb=/d' /srv/vm/bad.cfg
ok "a disk left out" refused "disk xvdb" /srv/vm/bad.cfg
sed 's/^uuid.*//' "$(cfg vm s1)" > /srv/vm/bad.cfg
ok "no uuid" refused "has no uuid" /srv/vm/bad.cfg
sed 's/^name.*/name = "s9"/' "$(cfg vm s1)" > /srv/vm/bad.cfg
ok "a tag that is not there" refused "has no internal snapshot 's9'" /srv/vm/bad.cfg
chattr -i /srv/vm/xvdb.qcow2
mv /srv/vm/xvdb.qcow2 /srv/vm/moved
ok "a base that is not there" refused "is missing"
mv /srv/vm/moved /srv/vm/xvdb.qcow2

ok "all that left the domain alone" test "$(xl domid vm)" = "$domid"
ok "and the guest running" ticking vm

qemu-io -f qcow2 -c 'sleep 100000' /srv/vm/xvdb.qcow2 > /dev/null 2>&1 &
holder=$!
sleep 2
ok "a base that another process writes to" refused "is in use by qemu-io (pid $holder)"
kill $holder
ok "and when all is well it works" revert vm s1
ok "is back" ticking vm
