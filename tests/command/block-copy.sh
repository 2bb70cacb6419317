# SPDX-License-Identifier: LGPL-2.1-only
# block-copy, of a domain that is off: what it makes, where the domain goes on, what is
# refused, after which all is as it was.
. "$srcdir/tests/command/chains.sh"

changed=none
mkdir_new() { mkdir -p /srv/new; }
a_host() { a_chain "$@" && mkdir_new && cp web.cfg own.cfg; }
copy() { xl block-copy --domain-config web.cfg "$@"; }
moves() { xl block-copy --update-config=web.cfg --pivot "$@"; }
format_of() { "$QEMU_IMG" info -U --output=json "$1" | jq -r .format; }
new=/srv/new/web.qcow2
has_all() { guest_sees_at 65536 "$new" top && guest_sees qcow2 "$new" "web xvda"; }

# --- the copy alone
a_host
ok "a copy" says "is copied to $new (qcow2)" copy web xvda $new
ok "has all" has_all
ok "stands on nothing" stands_on $new ''
ok "and is sound" "$QEMU_IMG" check -q $new
ok "the disk stays where it was" cmp web.cfg own.cfg
ok "and writable" same "$(is_frozen top.qcow2)" no
ok "no journal is left" absent "$snapshots/.journal"
ok "another one there" not_done "exists already; choose another file" copy web xvda $new
ok "to raw" json '.format == "raw" and .base == null and .pivot == false' \
    copy --json --format=raw web xvda /srv/new/web.raw
ok "which is raw" guest_sees raw /srv/new/web.raw "web xvda"
ok "a shallow one" json '.base == "/srv/web/m2.qcow2"' \
    copy --json --shallow web xvda /srv/new/thin.qcow2
ok "stands on the layer below" stands_on /srv/new/thin.qcow2 /srv/web/m2.qcow2
ok "and shows the same" guest_sees qcow2 /srv/new/thin.qcow2 "web xvda"
ok "with what is its own" guest_sees_at 65536 /srv/new/thin.qcow2 top
ok "in another name of the folder" eval \
    'cd /srv/new && copy --domain-config /srv/web/web.cfg web xvda other.qcow2; cd /srv/web'
ok "is where it was asked for" guest_sees qcow2 /srv/new/other.qcow2 "web xvda"
a_host
remember
ok "a dry run" says "Up to" copy -N web xvda $new
ok "a dry run of a pivot" json '.xl_cfg | startswith("/srv/new/web.qcow2,qcow2,xvda")' \
    moves -N --json --delete web xvda $new
ok "which changes nothing" unchanged
new_host
define_domain web raw
mkdir_new
ok "a raw disk is copied to raw" json '.format == "raw"' copy --json web xvda /srv/new/a
ok "as it is" guest_sees raw /srv/new/a "web xvda"
ok "or to qcow2" copy --format=qcow2 web xvda $new
ok "as that" guest_sees qcow2 $new "web xvda"

# --- the domain goes on with it
a_host
ok "a pivot" says "web.cfg names $new as disk xvda now" moves web xvda $new
ok "has all" has_all
ok "and is named by the xl.cfg" says "'$new,qcow2,xvda,w'" cat web.cfg
ok "nothing starts on the old image" frozen top.qcow2
ok "which shows what it did" guest_sees_at 65536 top.qcow2 top
ok "the domain runs there" eval 'xl create web.cfg && is_on web web.qcow2'
a_host
ok "without --update-config the line is told" says "write into its xl.cfg" copy --pivot web xvda $new
ok "and the xl.cfg stays" cmp web.cfg own.cfg
a_host
ok "the old chain is deleted" json '.deleted | length == 4' moves --json --delete web xvda $new
ok "wholly" absent top.qcow2 m2.qcow2 m1.qcow2 xvda.qcow2
ok "and the copy has all" has_all
a_host
ok "of a shallow copy the active layer alone" json '.deleted == ["/srv/web/top.qcow2"]' \
    moves --json --shallow --delete web xvda $new
ok "since it stands on the others" has_all
a_host raw
"$QEMU_IMG" create -q -f qcow2 -b m1.qcow2 -F qcow2 clone.qcow2
ok "a layer that somebody needs stays" \
    says "m1.qcow2 is needed by image /srv/web/clone.qcow2" moves --delete web xvda $new
ok "with what it stands on" eval 'guest_sees qcow2 clone.qcow2 "web xvda" && absent m2.qcow2'
new_host
define_domain web qcow2
mkdir_new
snapshots_of s1
ok "the base of a snapshot stays" says "snapshot s1" moves --delete web xvda $new
ok "which can be reverted to" xl snapshot-verify "$(cfg s1)"
a_host
"$QEMU_IMG" snapshot -c t1 top.qcow2
ok "a tag is not copied, which is told" says "'t1' is in /srv/web/top.qcow2 alone" \
    moves web xvda $new
ok "it is where it was" same "$(tags top.qcow2)" t1

# --- an image of the user's
a_host
"$QEMU_IMG" create -q -f qcow2 $new 1M
ok "an empty image" moves --reuse-external web xvda $new
ok "has all" has_all
a_host
"$QEMU_IMG" create -q -f qcow2 -u -b /srv/web/m2.qcow2 -F qcow2 $new 1M
ok "one on the layer below" moves --reuse-external --shallow web xvda $new
ok "has all" has_all
a_host
reused() {
    told=$1
    shift
    not_done "$told" copy --reuse-external "$@" web xvda $new
}
ok "there is none" reused "there is no such image"
"$QEMU_IMG" create -q -f qcow2 $new 2M
ok "another size" reused "it has 2097152 bytes, the disk has 1048576"
"$QEMU_IMG" create -q -f raw $new 1M
ok "another format" reused "web.qcow2"
"$QEMU_IMG" create -q -f qcow2 -u -b /srv/web/m1.qcow2 -F qcow2 $new 1M
ok "on something" reused "a full copy stands on nothing"
ok "on the wrong layer" reused "a shallow copy has to stand on /srv/web/m2.qcow2" --shallow
"$QEMU_IMG" create -q -f qcow2 $new 1M
ok "on nothing" reused "it stands on nothing" --shallow
guest_writes qcow2 $new somebodys
ok "with data" reused "it has data, perhaps somebody's"
"$QEMU_IMG" create -q -f raw $new 1M
guest_writes raw $new somebodys
ok "raw, with data" reused "it has data, perhaps somebody's" --format=raw
"$QEMU_IMG" create -q -f qcow2 $new 1M
printf 'name="db"\nmemory=16\ndisk=["/srv/new/web.qcow2,qcow2,xvda,w"]\n' >/etc/xen/db.cfg
ok "of another domain" reused "what is in it is needed by domain db"
rm /etc/xen/db.cfg
sleep_with rw $new
ok "in use" reused "is in use by sleep"
ends $!
ok "the disk itself" not_done "m2.qcow2" \
    copy --reuse-external web xvda /srv/web/m2.qcow2

# --- refused
a_host
ok "no such disk" not_done "domain web has no such disk" copy web xvdb $new
ok "in /dev" not_done "make the volume yourself" copy web xvda /dev/web
ok "in no folder" not_done "/srv/none" copy web xvda /srv/none/web.qcow2
ok "a format that is none" fails 2 "raw or qcow2" copy --format=vhd web xvda $new
ok "--delete of what stays" fails 2 "use --pivot" copy --delete web xvda $new
ok "a shallow raw" not_done "only a qcow2 can" copy --shallow --format=raw web xvda $new
ok "--delete of what the xl.cfg names" not_done "let --update-config write" \
    copy --pivot --delete web xvda $new
ok "a name that no domain starts from" not_done "white space" moves web xvda "/srv/new/a b"
ok "which a copy alone may have" copy web xvda "/srv/new/a b"
printf 'name="db"\nmemory=16\ndisk=["/srv/web/top.qcow2,qcow2,xvda,w"]\n' >/etc/xen/db.cfg
ok "the disk of another domain, too" not_done "is the disk of domain db" moves web xvda $new
rm /etc/xen/db.cfg
chmod 777 /srv/new
ok "where others could put another file" not_done "/srv/new" copy web xvda $new
ok "on purpose" copy --trust-folders web xvda $new
chmod 755 /srv/new
xl create web.cfg
ok "a domain that runs" not_done "shut it down first" copy web xvda /srv/new/c.qcow2
xl destroy web
sleep_with rw top.qcow2
ok "somebody writes to the disk" not_done "is in use by sleep" copy web xvda /srv/new/c.qcow2
ends $!

# --- what goes wrong
a_host
remember
STAND_IN_QEMU_IMG="fail convert"
ok "qemu-img fails" refuses "Input/output error" moves web xvda $new
STAND_IN_QEMU_IMG=
ok "the copy is gone, all else is there" unchanged
mount -t tmpfs -o size=2M tmpfs /srv/new
qemu-io -f qcow2 -c 'write -P 1 0 1M' top.qcow2 >/dev/null
dd if=/dev/zero of=/srv/new/filler bs=1k count=1800 status=none
ok "no room" refuses "needs" moves web xvda $new
rm /srv/new/filler
umount /srv/new
plan_of moves web xvda $new
at_work "$(ended "copy /srv")" moves web xvda $new
guest_writes qcow2 top.qcow2 since
ok "the guest has run while data were copied" says "top.qcow2 has changed since" let_go
ok "the copy is gone" absent $new
ok "and the disk has what it wrote" guest_sees qcow2 top.qcow2 since
plan_of moves web xvda $new
at_work 1 moves web xvda $new
echo theirs >$new
ok "somebody makes a file of that name" says "$new" let_go
ok "it is theirs" same "$(cat $new)" theirs
ok "and the xl.cfg names the disk" says top.qcow2 cat web.cfg
finished
