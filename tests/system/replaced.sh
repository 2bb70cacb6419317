#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Memory and disks belong together: what was changed behind our back, or put in
# the place of another, is told from it, and refused.
. "$(dirname "$0")/lvm.sh"

new_vg 400M
lvm_ lvcreate -L 16M -n thick vg-0
lvm_ lvcreate -L 64M -T vg-0/pool
lvm_ lvcreate -V 32M -T vg-0/pool -n thin
new_snapshot_domain vm qcow2:64M raw:4M /dev/vg-0/thick,raw,%v,w \
    /dev/vg-0/thin,raw,%v,w
cat > /srv/vm/wish.cfg <<END
disks = [ ',,xvda', '/srv/vm/xvdb.s.qcow2,qcow2,xvdb', ',,xvdc', ',,xvdd' ]
END
ticking vm
xl snapshot-create -n s vm /srv/vm/wish.cfg > /dev/null
ok "the snapshot is whole" xl snapshot-verify "$(cfg vm s)"
for state in "xvda=tag 1 [0-9]+\." "xvdb=file 4194304 [0-9]+\." \
    "xvdc=origin [^ ]+ xl-snapshot\.[0-9]+" "xvdd=volume [^ ]+ [0-9]+"; do
    ok "its config knows disk ${state%%=*}" says "\"$state" cat "$(cfg vm s)"
done

# refused VDEV TEXT: by a revert, which --force overrides, and by a verification
refused() {
    ok "a revert refuses it, and says since when" \
        mustfail "$2" xl snapshot-revert -N vm "$(cfg vm s)"
    ok "so does a verification" not says "disk $1 +good" xl snapshot-verify "$(cfg vm s)"
    ok "--force takes it" says "^Nothing was changed" xl snapshot-revert -N --force vm "$(cfg vm s)"
}

chattr -i /srv/vm/xvdb.raw
touch -r /srv/vm/xvdb.raw /srv/vm/then
write() { dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
dd if=/srv/vm/xvdb.raw bs=1 skip=100 count=10 of=/srv/vm/bytes status=none
write /srv/vm/xvdb.raw 100 <<< "disturbed"
ok "a base is written to" true
refused xvdb "xvdb.raw has changed since the snapshot: it was last written to at 20"
touch -r /srv/vm/then /srv/vm/xvdb.raw
ok "setting its date back does not hide it" mustfail "its first 64 KiB have changed" \
    xl snapshot-revert -N vm "$(cfg vm s)"
write /srv/vm/xvdb.raw 100 < /srv/vm/bytes
touch -r /srv/vm/then /srv/vm/xvdb.raw
ok "with its old date and content it is the old one" xl snapshot-verify "$(cfg vm s)"

lvm_ lvremove -f vg-0/thick.s
lvcreate -q -s -pr -n thick.s -L 16M vg-0/thick > /dev/null
ok "a thick snapshot volume is made again" true
refused xvdc "thick.s has changed since the snapshot: another volume"
lvchange -q --addtag "$(grep -o 'xl-snapshot\.[0-9]*' "$(cfg vm s)")" vg-0/thick.s
ok "its tag is what it is known by" xl snapshot-verify "$(cfg vm s)"

cp -p "$(memory vm s)" /srv/vm/memory
write "$(memory vm s)" $(($(stat -c %s /srv/vm/memory) - 30000)) <<< "disturbed"
ok "the memory image is another one" true
ok "a revert refuses it" mustfail "it has changed since the snapshot: it was last written to at 20" \
    xl snapshot-revert -N vm "$(cfg vm s)"
cp /srv/vm/memory "$(memory vm s)"
ok "it can be copied" xl snapshot-verify "$(cfg vm s)"

lvm_ lvremove -f vg-0/thin.s
lvcreate -q -s -pr -n thin.s vg-0/thin > /dev/null
ok "a thin snapshot volume is made again" true
refused xvdd "thin.s has changed since the snapshot: another volume has that name now, made at 20"

xl destroy vm
image=/srv/vm/xvda.qcow2
qemu-img snapshot -d s $image && qemu-img snapshot -c s $image
ok "a tag is made again" true
refused xvda "xvda.qcow2 has changed since the snapshot: its tag was made again at 20"

sed -i '/xvdd=volume/d' "$(cfg vm s)"
# verified TEXT [OPTION]: what a verification says; of other disks it has said enough.
verified() { { xl snapshot-verify "${@:2}" "$(cfg vm s)" 2>&1 || :; } | grep -E "$1"; }
ok "what is not on record is told" \
    verified "nothing but the snapshot config says that /dev/vg-0/thin.s"
ok "and good if a person says so" verified "disk xvdd +good" --accept-config
