# SPDX-License-Identifier: LGPL-2.1-only
# snapshot-revert: what xl is asked for, what becomes of the images, and that nothing
# is destroyed before all is checked.
. "$srcdir/tests/command/lib.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" web >/dev/null; }
revert() { xl snapshot-revert "$@" web "$(cfg s1)"; }
# asked_for ARGUMENT...: in all, xl was called once, with these.
asked_for() {
    printf '%s\n' "$@" '' >"$hidden/expected"
    diff "$hidden/expected" "$STAND_IN_XEN.xl"
}
forget_calls() { rm -f "$STAND_IN_XEN.xl" "$STAND_IN_XEN.log"; }
# not_touched TEXT COMMAND...: refused with TEXT before anything has happened to the
# running domain, to an image, or to a file.
not_touched() {
    forget_calls
    remember
    refuses "$@" && absent "$STAND_IN_XEN.xl" "$STAND_IN_XEN.log" && unchanged
}

not_touched_by_dry_run() {
    forget_calls
    remember
    revert -N "$@" && absent "$STAND_IN_XEN.xl" "$STAND_IN_XEN.log" && unchanged
}
image_in_use() {
    sleep_with r xvda.qcow2
    not_touched "disk xvda: /srv/web/xvda.qcow2 is in use by sleep (pid $!)" revert
    code=$?
    ends $!
    return $code
}

# --- overlays --------------------------------------------------------------

define_domain web qcow2 raw
create --external --update-config=web.cfg -n s1
guest_writes qcow2 xvda.s1.qcow2 "later"
bases=$(sha256sum xvda.qcow2 xvdb.raw)
ok "of a domain that does not run" says \
    "Domain web is back at snapshot s1, as domid 1" revert
ok "a new overlay is told" grep -qx \
    "  xvda    new overlay /srv/web/xvda.s1.r1.qcow2 on /srv/web/xvda.qcow2" "$hidden/out"
ok "and the line for its xl.cfg" grep -qx \
    "    '/srv/web/xvdb.s1.r1.qcow2,qcow2,xvdb,w,backendtype=qdisk'," "$hidden/out"
ok "xl starts it from the copy of its xl.cfg, with these disks, paused" asked_for \
    create -q -p "$snapshots/web/s1/domain.cfg" \
    'disk=["/srv/web/xvda.s1.r1.qcow2,qcow2,xvda,w,backendtype=qdisk","/srv/web/xvdb.s1.r1.qcow2,qcow2,xvdb,w,backendtype=qdisk",]' \
    "uuid=\"$uuid\""
ok "it is on them" is_on web xvda.s1.r1.qcow2 xvdb.s1.r1.qcow2
ok "which show what the snapshot has" guest_sees qcow2 xvda.s1.r1.qcow2 "web xvda"
ok "what was there before is not lost" guest_sees qcow2 xvda.s1.qcow2 "later"
ok "it has been let run" same "$(state_of web)" ''
ok "after it was there, by nothing else" same "$(cat "$STAND_IN_XEN.log")" "unpause 1"
forget_calls
ok "again, while it runs" says "as domid 2" revert
ok "the old one is destroyed" same "$(xargs <"$STAND_IN_XEN.log")" \
    "pause 1 destroy 1 unpause 2"
ok "overlays count up" is_on web xvda.s1.r2.qcow2 xvdb.s1.r2.qcow2
ok "the bases are as they were" same "$(sha256sum xvda.qcow2 xvdb.raw)" "$bases"
ok "paused" revert --paused
ok "it stays so" same "$(state_of web)" paused
ok "by its number" xl snapshot-revert "$(domid_of web)" "$(cfg s1)"
ok "as JSON" json ".name == \"s1\" and .domain == \"web\" and .domid == $(($(domid_of web) + 1))
    and (.disks | map(.child.path) == [\"/srv/web/xvda.s1.r5.qcow2\",
        \"/srv/web/xvdb.s1.r5.qcow2\"]) and .total_us > 0" revert --json
ok "the xl.cfg is rewritten" says "    line 7: xvda is /srv/web/xvda.s1.r6.qcow2 (qcow2)" \
    revert --update-config=web.cfg
ok "so that it starts with them" grep -q "'/srv/web/xvdb.s1.r6.qcow2,qcow2,xvdb,w" web.cfg
xl destroy web
ok "with another xl.cfg" revert --domain-config web.cfg
ok "xl gets that" grep -qx /srv/web/web.cfg "$STAND_IN_XEN.xl"

# --- the present is kept, if that is asked for -----------------------------

xl destroy web
ok "a snapshot of the present first" says "snapshot of the state before: \
$snapshots/web/before-revert-20" revert --keep --domain-config web.cfg
kept=$(sed -n 's/.*snapshot of the state before: //p' "$hidden/out")
ok "which is a good one" xl snapshot-verify "$kept"
xl destroy web

# --- tags ------------------------------------------------------------------

new_host
define_domain web qcow2 qcow2
create --internal -n s1
guest_writes qcow2 xvda.qcow2 "later"
ok "tags are applied" says "  xvda    tag s1 applied in /srv/web/xvda.qcow2" revert
ok "the image has what it had" guest_sees qcow2 xvda.qcow2 "web xvda"
ok "it has no new disks" not grep "new disks" "$hidden/out"
ok "and is on the same ones" is_on web xvda.qcow2 xvdb.qcow2

# --- memory ----------------------------------------------------------------

add_memory s1
guest_writes qcow2 xvda.qcow2 "later"
forget_calls
ok "memory is restored" says "as domid 2" revert
ok "xl gets it from its standard input" asked_for restore -p /proc/self/fd/0
ok "with the disks of the snapshot" is_on web xvda.qcow2 xvdb.qcow2
ok "after the tags" guest_sees qcow2 xvda.qcow2 "web xvda"
ok "the domain is the one that was saved" same "$(domid_of web)" 2
ok "with the uuid of the snapshot" grep -qx "xen/2/uuid $uuid" "$STAND_IN_XEN"
xl destroy web
ok "the same of a domain that does not run" says "as domid 3" revert

# The VM generation ID of the running domain, and whether it has one and not the
# snapshot's.
genid() { jq -c '.b_info."type.hvm".ms_vm_genid' /var/lib/xen/userdata-d.*.libxl-json; }
is_new() { [ "$(genid | tr -dc ,)" = ,,,,,,,,,,,,,,, ] && [ "$(genid)" != "$1" ]; }
old='[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]'
xl destroy web
memory_image "$snapshots/web/s1/memory" "$(image_json web |
    sed "s/pvh/hvm/g; s/type.hvm\":{/&\"ms_vm_genid\":$old/")"
ok "a VM generation ID is not the same after a revert" revert
ok "but a new one" is_new "$old"
old=$(genid)
ok "at each" revert
ok "a newer one" is_new "$old"

# --- what a boot needs -----------------------------------------------------

new_host
define_domain web qcow2
echo iso >install.iso
sed -i 's,^\],    "/srv/web/install.iso\,raw\,xvdz\,r"\n],' web.cfg
create --external -n s1
xl create web.cfg
mv install.iso away
is_told() {
    fails 1 "cannot be reverted to" xl snapshot-verify "$(cfg s1)" &&
        grep -q "^domain config *BAD .*$1" "$hidden/out"
}
ok "no ISO: not even then" not_touched "disk xvdz is /srv/web/install.iso, which is missing" \
    revert
ok "which snapshot-verify tells" is_told "disk xvdz is /srv/web/install.iso, which is missing"
mv away install.iso
rm /srv/vmlinuz
ok "no kernel" not_touched "kernel is /srv/vmlinuz, which is missing" revert
ok "that, too" is_told "kernel is /srv/vmlinuz, which is missing"
: >/srv/vmlinuz
cp web.cfg big.cfg
sed -i 's/^memory.*/memory = 4000000/' big.cfg
ok "no memory for it" not_touched "MiB of memory, and" revert --domain-config big.cfg
# 2112 MiB are free, which does not do for its page tables, too
sed -i 's/^memory.*/memory = 2110/' big.cfg
ok "nor for what Xen keeps about it" not_touched "the domain needs 21" \
    revert --domain-config big.cfg
sed 's/^memory.*/&\nmaxmem = 999999/' web.cfg >big.cfg
ok "with as much as it may ever have" not_touched "the domain needs 39" \
    revert --domain-config big.cfg
sed 's,/srv/vmlinuz,vmlinuz,' web.cfg >near.cfg
ok "a kernel that only one folder has" not_touched "kernel is vmlinuz, a path that begins where \
xl is started" revert --domain-config near.cfg
ok "all is there again" says "is back at snapshot s1" revert

# --- nothing is destroyed before all is checked ----------------------------

new_host
define_domain web qcow2 qcow2
create --internal -n s1
add_memory s1
revert >/dev/null

guest_writes qcow2 xvda.qcow2 "precious"
memory=$snapshots/web/s1/memory
mv "$memory" whole
ok "no memory image" not_touched "$memory: No such file" revert
head -c 200 whole >"$memory"
ok "a truncated one" not_touched "truncated" revert
{ cat whole; echo x; } >"$memory"
ok "one that is damaged" not_touched "has more data after its end" revert
memory_image "$memory" "$(uuid=11111111-2222-3333-4444-555555555555; image_json web)"
ok "another domain's" not_touched "not of the snapshot's domain" revert
cp whole "$memory"
"$QEMU_IMG" snapshot -c other xvdb.qcow2
"$QEMU_IMG" snapshot -d s1 xvdb.qcow2
ok "no tag in one of the images" not_touched "disk xvdb: /srv/web/xvdb.qcow2 has no internal \
snapshot 's1'" revert
"$QEMU_IMG" snapshot -c s1 xvdb.qcow2
ok "one that was made again" not_touched "its tag was made again" revert
ok "which --force takes" not_touched_by_dry_run --force
sed -i '/xvdb=tag/d' "$(cfg s1)"
ok "an image in use" image_in_use
cp xvdb.qcow2 sound
printf '\2' | dd of=xvdb.qcow2 bs=1 seek=79 conv=notrunc status=none     # incompatible features
ok "an image that QEMU has marked corrupt" not_touched "disk xvdb: /srv/web/xvdb.qcow2 is marked \
corrupt" revert
mv sound xvdb.qcow2
mv xvdb.qcow2 away
ok "no image" not_touched "/srv/web/xvdb.qcow2" revert
mv away xvdb.qcow2
ok "a domain that is meant by mistake" not_touched "" xl snapshot-revert db "$(cfg s1)"
ok "no snapshot config" not_touched "No such file" xl snapshot-revert web /srv/web/no.cfg
saves "$(domid_of web)"
ok "one that is being migrated" not_touched "domain web: it is being saved or migrated (pid $!)" \
    revert
ends $!
xl rename web other
sed '/^uuid/d' web.cfg >new.cfg
xl create new.cfg
ok "another domain of its name" not_touched "domain $(domid_of web) has this name but is \
another domain (neither its uuid nor its disks are the snapshot's); rename it first" revert
xl destroy web
ok "its own, renamed, is not guessed" not_touched "domain web: domain other \
(domid $(domid_of other)) has its uuid; if that is the domain, renamed, name it: xl \
snapshot-revert other ...; if it is a copy, shut it down and give it a uuid" revert
ok "but taken where it is named" says "Domain web is back" \
    xl snapshot-revert other "$(cfg s1)"
ok "and has its name again" not domid_of other
xl destroy web
xl create new.cfg
ok "one started without uuid, on the same disks, is the same domain" says "is back" revert

# Since s2 the domain was brought back to s1, so it is not on a layer of s2.
new_host
define_domain web qcow2
sed -i '/^uuid/d' web.cfg
for name in s1 s2; do create --external --update-config=web.cfg -n $name; done
xl snapshot-revert --update-config=web.cfg web "$(cfg s1)" >/dev/null
xl destroy web
xl create web.cfg
ok "on another branch, too" says "is back" xl snapshot-revert web "$(cfg s2)"
xl destroy web
ok "not with another disk" eval 'sed "s,/srv/web/[^,]*,/srv/x.qcow2," web.cfg >x.cfg &&
    qemu-img create -q -f qcow2 "/srv/x.qcow2" 1M && xl create x.cfg &&
    not_touched "is another domain" xl snapshot-revert web "$(cfg s2)"'

# --- a copy of the domain, which has kept its uuid --------------------------

new_host
define_domain web qcow2
create --internal -n s1
cp -a /srv/web /srv/copy
sed 's/web/copy/' web.cfg >/srv/copy/copy.cfg
sed 's,/srv/web,/srv/copy,' -i /srv/copy/copy.cfg
xl create /srv/copy/copy.cfg
ok "a copy that runs while the domain is off is not destroyed" not_touched "domain web: domain \
copy (domid 1) has its uuid, but none of the snapshot's disks; if it is a copy, shut it down" \
    revert
ok "not even if it is named" not_touched "none of the snapshot's disks" \
    xl snapshot-revert copy "$(cfg s1)"
verify() { fails 1 "cannot be reverted to" xl snapshot-verify "$(cfg s1)"; }
ok "snapshot-verify says so" verify
ok "and why" grep -q "^domain  *BAD .*has its uuid, but none" "$hidden/out"
xl create web.cfg
ok "nor beside the domain" not_touched "domain web: domain copy (domid 1) has the same uuid" revert
ok "and runs on" domid_of copy
xl destroy web
xl destroy copy
qemu-img create -q -f qcow2 -b /srv/web/xvda.qcow2 -F qcow2 /srv/copy/over.qcow2
sed -i 's/xvda.qcow2/over.qcow2/' /srv/copy/copy.cfg
xl create /srv/copy/copy.cfg
ok "nor one on an overlay of the domain's image" not_touched "if it is a copy" revert

# --- a name that is another tag's ID ----------------------------------------

new_host
define_domain web qcow2
for tag in 2 1; do
    guest_writes qcow2 xvda.qcow2 "as of $tag"
    create --internal -n $tag
done
guest_writes qcow2 xvda.qcow2 "later"
ok "the tag 1, which has the ID 2, is brought back" xl snapshot-revert web "$(cfg 1)"
ok "not the one that has the ID 1" guest_sees qcow2 xvda.qcow2 "as of 1"
xl destroy web
ok "the other one, too" xl snapshot-revert web "$(cfg 2)"
ok "by its ID" guest_sees qcow2 xvda.qcow2 "as of 2"

# --- dirty bitmaps, as backup tools leave them ------------------------------

# bitmaps IMAGE: the names of its bitmaps. open_until_killed IMAGE: a QEMU opens it, and is
# killed, which leaves its bitmaps inconsistent.
bitmaps() {
    "$QEMU_IMG" info -U --output=json "$1" |
        jq -r '."format-specific".data.bitmaps // [] | .[].name'
}
open_until_killed() {
    mkfifo "$hidden/commands"
    qemu-io -f qcow2 "$1" <"$hidden/commands" >"$hidden/opened" &
    exec 3>"$hidden/commands"
    echo "read 0 512" >&3
    until grep -q "read 512" "$hidden/opened"; do sleep 0.01; done
    kill -KILL $!
    exec 3>&-
    "$QEMU_IMG" info --output=json "$1" | grep -q in-use
}

new_host
define_domain web qcow2
"$QEMU_IMG" bitmap --add -- xvda.qcow2 "-from before"
ok "with a bitmap there is a snapshot, too" create --internal -n s1
"$QEMU_IMG" bitmap --add xvda.qcow2 backup-1
guest_writes qcow2 xvda.qcow2 "later"
ok "bitmaps of a QEMU that was killed" open_until_killed xvda.qcow2
xl create web.cfg
ok "all are removed before the tag is applied, the domain destroyed" says "Domain web is back" \
    revert
ok "which is back" guest_sees qcow2 xvda.qcow2 "web xvda"
ok "none is left to tell what has not changed" same "$(bitmaps xvda.qcow2)" ""
finished
