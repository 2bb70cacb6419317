# SPDX-License-Identifier: LGPL-2.1-only
# A copy of a disk, of a domain that does not run, cut off at each entry of its journal: the
# disk shows the same all the time; the copy has all, or is gone.
. "$srcdir/tests/command/chains.sh"

new=/srv/new/web.qcow2
set_up() {
    define_domain web qcow2
    chain m1 top
    mkdir /srv/new
    cp web.cfg own.cfg
}
undone() { recovered Undone && unchanged && guest_sees_at 65536 top.qcow2 top; }
copy_has_all() {
    guest_sees_at 65536 $new top && guest_sees qcow2 $new "web xvda" &&
        guest_sees_at 65536 top.qcow2 top && stands_on top.qcow2 m1.qcow2
}
# Of a copy alone the commit point is the last step: with its end on record it stays.
either() {
    xl snapshot-recover --all >"$hidden/how" 2>&1 || { cat "$hidden/how"; return 1; }
    absent "$snapshots/.journal" || return 1
    if grep -q "Completed" "$hidden/how"; then as_after; else unchanged; fi
}
changed=none

if_begun=undone if_not_recorded=either
attempt() { xl block-copy --domain-config web.cfg "$@" web xvda $new; }
as_after() { copy_has_all && cmp web.cfg own.cfg; }
killed_everywhere "copy"
terminated_everywhere "copy"

attempt() { xl block-copy --domain-config web.cfg --shallow "$@" web xvda $new; }
as_after() { copy_has_all && stands_on $new /srv/web/m1.qcow2; }
killed_everywhere "shallow copy"

if_not_recorded=undone
attempt() { xl block-copy --update-config=web.cfg --pivot "$@" web xvda $new; }
as_after() { copy_has_all && says "'$new,qcow2,xvda,w'" cat web.cfg && frozen top.qcow2; }
killed_everywhere "pivot"
terminated_everywhere "pivot"

# into an image of the user's: what is in that is undefined meanwhile
set_up() {
    define_domain web qcow2
    chain m1 top
    mkdir /srv/new
    "$QEMU_IMG" create -q -f qcow2 $new 1M
}
changed=$new
attempt() { xl block-copy --update-config=web.cfg --pivot --reuse-external "$@" web xvda $new; }
killed_everywhere "pivot to an image of the user's"

# --- what happened since
changed=none
set_up() {
    define_domain web qcow2
    chain m1 top
    mkdir /srv/new
    cp web.cfg /srv/own.cfg
}
pivot() { xl block-copy --update-config=web.cfg --pivot --delete web xvda $new; }
pivot_killed_at() {
    new_host
    set_up
    killed_at "$1" xl block-copy --update-config=web.cfg --pivot --delete web xvda $new
}
recovers() { says "$1" xl snapshot-recover web && absent "$snapshots/.journal" && no_partial; }

pivot_killed_at "^false name $new"
ok "nothing else begins" refuses "a block-copy of it has not ended" pivot
ok "nor on the copy" refuses "has not ended" \
    xl block-copy --domain-config web.cfg --reuse-external web xvda $new
guest_writes qcow2 top.qcow2 since
ok "the guest has run on the old image: undone" recovers "top.qcow2 may have been written to since"
ok "and stays there" cmp web.cfg /srv/own.cfg
ok "with what it wrote" guest_sees qcow2 top.qcow2 since
ok "and without a copy" absent $new
ok "which can be made" pivot
ok "with that" guest_sees qcow2 $new since

pivot_killed_at "^false name $new"
guest_writes qcow2 $new since
ok "the guest has run on the copy by hand: refused" \
    fails 1 "it may have what the guest has written since" xl snapshot-recover web
ok "both are there" eval 'guest_sees qcow2 $new since && guest_sees_at 65536 top.qcow2 top'
ok "and can be left so" xl snapshot-recover --abandon web
ok "with what it wrote" guest_sees qcow2 $new since

pivot_killed_at "^false name $new"
echo '# mine' >>web.cfg
ok "the xl.cfg has been changed: undone" recovers "web.cfg has been changed since"
ok "and is as it was" says '# mine' cat web.cfg

pivot_killed_at "^false name $new"
xl create web.cfg
ok "the guest runs: undone" recovers "somebody has started the domain since"
ok "on its disk" is_on web top.qcow2

pivot_killed_at "^false name $new"
sleep_with rw $new
ok "somebody has the copy open: refused" fails 1 "web.qcow2 is in use by sleep" \
    xl snapshot-recover web
ends $!
ok "else it is completed" recovers "Completed."
ok "the copy is named, and has all" eval 'says "$new" cat web.cfg && copy_has_all'

pivot_killed_at "^false make the base /srv/web/top.qcow2"
xl create web.cfg
guest_writes qcow2 $new since
ok "the guest runs on the copy: completed" recovers "Completed."
ok "with what it wrote" guest_sees qcow2 $new since
ok "and nothing starts on the old image" frozen top.qcow2

finished
