# SPDX-License-Identifier: LGPL-2.1-only
# snapshot-delete of external snapshots, of a domain that is off: what becomes of the layers,
# whatever stands on them. Each case is one that libvirt refuses, or refused for years.
. "$srcdir/tests/command/chains.sh"

changed=none
delete() {
    deleted=$1
    shift
    xl snapshot-delete --domain-config web.cfg "$@" web "$deleted"
}
num_layers() { "$QEMU_IMG" info -U --backing-chain --output=json "$1" | jq length; }
# shows NAME FILE: the guest sees there what it wrote after that snapshot.
shows() { guest_sees qcow2 "$2" "after $1" && guest_sees_at 65536 "$2" "of $1"; }

a_host() {
    new_host
    define_domain web "${1-qcow2}"
    snapshots_of s1 s2 s3
}

# --- the active layer, the middle, the base ------------------------------------------

a_host
remember
ok "a dry run says which way, and what goes" \
    says "/srv/web/xvda.s2.qcow2 into /srv/web/xvda.s3.qcow2, and" delete s3 -N
ok "and in JSON" json '.layers[0].direction == "pull" and .layers[0].bytes > 0 and
    (.layers[0].plan | length) > 3 and (.plan | length) > 1' delete s3 -N --json
ok "changes nothing" unchanged
ok "the youngest: below the active layer" says "xvda.s2.qcow2, which is deleted" delete s3
ok "the disk is the same image" shows s3 xvda.s3.qcow2
ok "on one layer less" same "$(num_layers xvda.s3.qcow2)" 3
ok "its config is gone" absent "$snapshots/web/s3" xvda.s2.qcow2
ok "the others can be reverted to" xl snapshot-verify "$(cfg s2)"
ok "all of them" xl snapshot-verify "$(cfg s1)"
ok "the oldest: the base" says "is deleted" delete s1
ok "the disk shows the same" shows s3 xvda.s3.qcow2
ok "the other can be reverted to yet" xl snapshot-verify "$(cfg s2)"
ok "and is protected" frozen "$("$QEMU_IMG" info -U --output=json xvda.s3.qcow2 |
    jq -r '."full-backing-filename"')"
ok "and the last one" says "is deleted" delete s2
ok "one image is left" same "$(num_layers xvda.s3.qcow2)" 1
ok "it shows the same" shows s3 xvda.s3.qcow2
ok "no other is there" same "$(ls ./*.qcow2)" ./xvda.s3.qcow2
a_host raw
ok "one in the middle, on a raw base" says "is deleted" delete s2
ok "the disk shows the same" shows s3 xvda.s3.qcow2
ok "the younger one can be reverted to" xl snapshot-verify "$(cfg s3)"
ok "the older one, too" xl snapshot-verify "$(cfg s1)"
ok "to what they were" xl snapshot-revert --domain-config web.cfg web s3
xl destroy web
ok "of the guest" shows s2 "$(sed -n "s|.*'\(/srv/web/[^,]*\),.*|\1|p" web.cfg |
    sed 's/s3.qcow2/s3.r1.qcow2/')"

# --- which way -------------------------------------------------------------------------

big() { dd if=/dev/urandom bs=64k count=8 status=none of="$hidden/big" &&
    qemu-io -f qcow2 -c "write -s $hidden/big 256k 512k" "$1" >/dev/null; }
new_host
define_domain web qcow2
big xvda.qcow2
snapshots_of s1 s2
given_up s2
ok "little goes down into much" json '.layers[0].direction == "commit"' delete s1 -N --json
ok "by a commit" says "xvda.qcow2 has the data of /srv/web/xvda.s1.qcow2, which is deleted" \
    delete s1
ok "the disk shows the same" shows s2 xvda.s2.qcow2
ok "stands on the base" stands_on xvda.s2.qcow2 /srv/web/xvda.qcow2
new_host
define_domain web qcow2
big xvda.qcow2
snapshots_of s1 s2
ok "but a layer that another snapshot needs keeps its name" \
    json '.layers[0].direction == "pull"' delete s1 -N --json
ok "and what it shows" delete s1
ok "for that" xl snapshot-verify "$(cfg s2)"

# --- who needs it ---------------------------------------------------------------------

a_host
"$QEMU_IMG" create -q -f qcow2 -b xvda.s1.qcow2 -F qcow2 clone.qcow2
ok "a layer with another overlay on it stays, which is said" \
    says "Left: /srv/web/xvda.s1.qcow2 is needed by image /srv/web/clone.qcow2." delete s2
ok "the clone shows what it did" shows s1 clone.qcow2
ok "the disk, too" shows s3 xvda.s3.qcow2
ok "the snapshot is gone" absent "$snapshots/web/s2"
a_host
xl snapshot-revert --domain-config web.cfg web s1 >/dev/null
xl destroy web
sed -i 's/xvda.s3/xvda.s1.r1/' web.cfg
ok "the domain was reverted: the base has two children" \
    says "Left: /srv/web/xvda.qcow2 is needed by image /srv/web/xvda.s1.qcow2" delete s1
ok "the disk is as it was" guest_sees qcow2 xvda.s1.r1.qcow2 "web xvda"
ok "outside the active chain" \
    says "Left: /srv/web/xvda.s2.qcow2 is in no chain of the domain any more" delete s3
ok "its config is gone" absent "$snapshots/web/s3"
ok "the one below is as it was" xl snapshot-verify "$(cfg s2)"
a_host
cp -a "$snapshots/web/s2" "$snapshots/web/copy"
ok "another config of the same snapshot" says "is needed by snapshot s2 of web" delete s2

# --- internal ones ---------------------------------------------------------------------

new_host
define_domain web qcow2
xl snapshot-create --domain-config web.cfg --internal -n t1 web >/dev/null
snapshots_of s1
ok "an internal one below it: the layer stays for that" says "tag t1" delete s1
ok "and shows the same" shows s1 xvda.s1.qcow2
ok "and the tag is there" same "$(tags xvda.qcow2)" t1
new_host
define_domain web qcow2
xl snapshot-create --domain-config web.cfg --internal -n t1 web >/dev/null
snapshots_of s1 s2
given_up s2
ok "in the middle the tag stays, and the layers are one" \
    says "xvda.qcow2 has the data of /srv/web/xvda.s1.qcow2" delete s1
ok "the tag is there" same "$(tags xvda.qcow2)" t1
ok "the disk shows the same" shows s2 xvda.s2.qcow2
new_host
define_domain web qcow2
snapshots_of s1
xl snapshot-create --domain-config web.cfg --internal -n t1 web >/dev/null
ok "a tag above it is not ruined" not_done "has the internal snapshot 't1'" delete s1
ok "what to do is said" grep -q "use --keep-data" "$hidden/error"
xl snapshot-delete web t1 >/dev/null
ok "without it" says "is deleted" delete s1
ok "the disk shows the same" shows s1 xvda.s1.qcow2

# --- several disks, of both kinds -------------------------------------------------------

new_host
define_domain web qcow2 raw
xl snapshot-create --domain-config web.cfg --external --update-config=web.cfg -n s1 web >/dev/null
guest_writes qcow2 xvda.s1.qcow2 "after s1"
guest_writes qcow2 xvdb.s1.qcow2 "after s1"
ok "two disks" says "is deleted" delete s1
ok "both are one image" same "$(num_layers xvda.s1.qcow2)$(num_layers xvdb.s1.qcow2)" 11
ok "and show the same" guest_sees qcow2 xvda.s1.qcow2 "after s1"
ok "both" guest_sees qcow2 xvdb.s1.qcow2 "after s1"

# --- what happened while data were moved --------------------------------------------------

# deletes_while NAME COMMAND...: a delete, in whose first copy somebody does that. What it
# says is printed.
deletes_while() {
    copies=$(xl snapshot-delete --domain-config web.cfg -N --json web "$1" |
        jq '[.layers[0].plan[].what | startswith("copy what")] | index(true) + 1')
    at_work $((2 * copies + 1)) xl snapshot-delete --domain-config web.cfg web "$1"
    shift
    "$@"
    let_go
}
a_host
deletes_while s2 clone_elsewhere /srv/web/xvda.s1.qcow2 >said
ok "a clone on the layer: it stays" says "xvda.s1.qcow2, which is left over" cat said
ok "the clone shows what the layer has" guest_sees_at 65536 /srv/other/clone.qcow2 "of s1"
new_host
define_domain web qcow2 qcow2
dd if=/dev/urandom bs=64k count=8 status=none of="$hidden/much"
qemu-io -f qcow2 -c "write -s $hidden/much 256k 512k" xvdb.qcow2 >/dev/null
snapshots_of s1 s2
given_up s2
deletes_while s1 clone_elsewhere /srv/web/xvdb.qcow2 >said
ok "a clone on the base of another disk, to be written to" \
    says "xvdb.qcow2 is needed as it is by domain db by /etc/xen/db.cfg" cat said
ok "it shows the same" guest_sees qcow2 /srv/other/clone.qcow2 "web xvdb"
ok "given again, it leaves that base" says "Left: /srv/web/xvdb.qcow2 is needed by" delete s1
ok "the clone shows the same yet" guest_sees qcow2 /srv/other/clone.qcow2 "web xvdb"

# --- what has the name of the layer, and is another one --------------------------------

new_host
define_domain web qcow2
snapshots_of s1
thawed xvda.qcow2
rm xvda.qcow2 xvda.s1.qcow2
new_image qcow2 xvda.qcow2 "of this year"
sed -i "s,/srv/web/xvda.s1,/srv/web/xvda," web.cfg
chain w1
ok "a disk that was made anew, and its overlay" says "is another one, or was written to" delete s1
ok "are left as they are" eval 'stands_on w1.qcow2 xvda.qcow2 &&
    guest_sees qcow2 xvda.qcow2 "of this year" && guest_sees_at 65536 w1.qcow2 w1'

# --- what people do ---------------------------------------------------------------------

a_host
sed 's/xvda.s3/xvda.s2/' web.cfg >old.cfg
ok "an xl.cfg of before" not_done "is the base of snapshot s3" \
    xl snapshot-delete --domain-config old.cfg web s2
ok "no xl.cfg" not_done "name it with --domain-config" xl snapshot-delete web s2
sleep_with r xvda.s1.qcow2
ok "a layer that somebody reads" not_done "is in use by sleep (pid $!)" delete s2
ends $!
xl create web.cfg
ok "a domain that runs" not_done "shut it down" delete s2
xl destroy web
thawed xvda.s1.qcow2
rm xvda.s1.qcow2
ok "a layer that is gone" fails 1 "" delete s3
ok "which has the state itself" not_done "stands on it; put it back" delete s2
ok "the snapshot of it can be forgotten" says "is deleted" xl snapshot-delete --keep-data web s2
finished
