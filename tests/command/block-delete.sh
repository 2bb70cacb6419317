# SPDX-License-Identifier: LGPL-2.1-only
# block-commit and block-pull --delete: the layers are deleted after the merge, by a look of
# their own, and never by a recovery.
. "$srcdir/tests/command/chains.sh"

a_host() { a_chain && cp web.cfg own.cfg; }
pull() { xl block-pull --domain-config=web.cfg --delete "$@" web xvda; }
pivot() { xl block-commit --update-config=web.cfg --pivot --delete "$@" web xvda; }
# pulls_while COMMAND...: a pull, in whose copy somebody does that. What it says is printed.
pulls_while() {
    plan_of pull
    at_work "$(ended "copy what")" pull --json
    "$@"
    let_go
}
clone_by_hand() { "$QEMU_IMG" create -q -f qcow2 -b /srv/web/m1.qcow2 -F qcow2 "$1"; }

# --- all go
a_host
ok "a dry run tells of them" says "delete /srv/web/m1.qcow2, if nobody needs it by then" pivot -N
ok "refuses what would be refused" refuses "let --update-config write" \
    xl block-commit --pivot --delete -N --domain-config web.cfg web xvda
ok "all are deleted" json '.deleted | length == 3' pivot --json
ok "and nothing is left" absent top.qcow2 m2.qcow2 m1.qcow2
ok "but the data" guest_sees_at 65536 xvda.qcow2 top
a_host
mv top.qcow2 /srv/top.qcow2
ln -s /srv/top.qcow2 top.qcow2
ok "one behind a link" says "top.qcow2, a link to what is deleted" pivot
ok "is deleted, the link is not" absent /srv/top.qcow2

# --- what happened while data were moved
a_host
pulls_while clone_by_hand clone.qcow2 >said
ok "a clone on a layer: it stays" says "m1.qcow2 is needed by image /srv/web/clone.qcow2" cat said
ok "and is not said to be deleted" json '.deleted == ["/srv/web/m2.qcow2"]' cat said
ok "the clone shows what it did" guest_sees_at 65536 clone.qcow2 m1
a_host
pulls_while clone_elsewhere /srv/web/m1.qcow2 >said
ok "in another folder, by its new xl.cfg" \
    says "m1.qcow2 is needed by domain db by /etc/xen/db.cfg" cat said
ok "it shows what it did" guest_sees_at 65536 /srv/other/clone.qcow2 m1
a_host
overwritten() { cp --preserve=timestamps m2.qcow2 /srv/bak && cp /srv/bak m2.qcow2; }
pulls_while overwritten >said
ok "a layer was written to: it stays" says "m2.qcow2 is not as it was" cat said
ok "with what it stands on" guest_sees_at 65536 m2.qcow2 m2
a_host
replaced() { cp -a m2.qcow2 /srv/bak && mv /srv/bak m2.qcow2; }
pulls_while replaced >said
ok "or another one put in its place" says "m2.qcow2 is not as it was" cat said
a_host
reads() { sleep_with r m2.qcow2; }
pulls_while reads >said
ok "somebody reads a layer: it stays" says "m2.qcow2 is in use by sleep" cat said
ok "with what it stands on" says "m1.qcow2 is needed by image /srv/web/m2.qcow2" cat said
ends $!

# --- the deletion is cut off: entries of its journal come after those of the merge
# pivot_killed ENTRY: that many entries after those of the merge.
pivot_killed() {
    a_host
    plan_of pivot || return 1
    fault $((2 * steps + 1 + $1)) kill-after pivot
    same $code 137 || { cat "$hidden/said"; return 1; }
}
target_has_all() {
    guest_sees_at 65536 xvda.qcow2 top && guest_sees qcow2 xvda.qcow2 "web xvda" &&
        says xvda.qcow2 cat web.cfg && absent "$snapshots/.journal"
}
entry=2
while [ $entry -le 7 ]; do
    pivot_killed $entry
    ok "killed after entry $entry of the deletion" same $code 137
    ls ./*.qcow2 >there
    ok "nothing else begins" refuses "a deletion of images of it has not ended" \
        xl snapshot-create --domain-config web.cfg --external -n s1 web
    ok "is recovered" says Completed xl snapshot-recover web
    ls ./*.qcow2 >gone
    ok "which deletes nothing" same "$(cat gone)" "$(cat there)"
    ok "and the target has all" target_has_all
    entry=$((entry + 1))
done
pivot_killed 2
ok "what stays is told" says "Left: /srv/web/top.qcow2, which nobody needed then" \
    xl snapshot-recover web
pivot_killed 2
thawed top.qcow2
cp own.cfg web.cfg
guest_writes qcow2 top.qcow2 weeks-later
ok "weeks later, on the old one" says Completed xl snapshot-recover web
ok "with what the guest wrote" guest_sees qcow2 top.qcow2 weeks-later
a_host
plan_of pivot
at_work $((2 * steps + 4)) pivot
kill -TERM "$pid"
ok "a signal" says "a signal came after the commit point" let_go
ok "ends it" guest_sees_at 65536 m1.qcow2 m1
ok "leaving no journal" absent "$snapshots/.journal"
finished
