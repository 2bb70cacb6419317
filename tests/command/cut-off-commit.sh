# SPDX-License-Identifier: LGPL-2.1-only
# A commit, of a domain that does not run, cut off at each entry of its journal: the chain
# that its xl.cfg names shows the same all the time, and a snapshot on it can be reverted to.
. "$srcdir/tests/command/chains.sh"

if_begun=completed if_not_recorded=completed
changed=/srv/web/xvda.qcow2

# in the middle: the layer above is the frozen base of s3
set_up() {
    define_domain web qcow2
    snapshots_of s1 s2 s3
    forgotten s1 s2
}
attempt() {
    xl block-commit --domain-config web.cfg --top xvda.s1.qcow2 \
        --disregard=xvda.qcow2 --disregard=/srv/web/xvda.s1.qcow2 "$@" web xvda
}
sees_all() {
    guest_sees qcow2 xvda.s3.qcow2 "after s3" && guest_sees_at 65536 xvda.s3.qcow2 "of s3" &&
        guest_sees qcow2 xvda.s2.qcow2 "after s2" && frozen xvda.qcow2 &&
        frozen xvda.s2.qcow2 && xl snapshot-verify "$(cfg s3)"
}
undone() { recovered Undone && unchanged && sees_all; }
as_after() {
    sees_all && frozen xvda.s1.qcow2 && stands_on xvda.s2.qcow2 /srv/web/xvda.qcow2 &&
        guest_sees qcow2 xvda.qcow2 "after s1" && "$QEMU_IMG" check -q xvda.qcow2
}
killed_everywhere "commit in the middle"
terminated_everywhere "commit in the middle"

# the active layer: the xl.cfg names another disk then
set_up() {
    define_domain web qcow2
    chain m1 top
    cp web.cfg own.cfg
}
attempt() {
    xl block-commit --update-config=web.cfg --pivot "$@" web xvda
}
undone() { recovered Undone && unchanged && guest_sees_at 65536 top.qcow2 top; }
as_after() {
    says "'/srv/web/xvda.qcow2,qcow2,xvda,w'" cat web.cfg && frozen top.qcow2 && thawed xvda.qcow2 &&
        guest_sees_at 65536 xvda.qcow2 top && guest_sees qcow2 xvda.qcow2 "web xvda"
}
killed_everywhere "commit of the active layer"
terminated_everywhere "commit of the active layer"

# the same, and a person writes the xl.cfg
attempt() { xl block-commit --domain-config web.cfg --active "$@" web xvda; }
as_after() {
    cmp web.cfg own.cfg && frozen top.qcow2 && guest_sees_at 65536 xvda.qcow2 top &&
        guest_sees_at 65536 top.qcow2 top
}
killed_everywhere "commit of the active layer alone"

# the domain stays on its overlay
attempt() { xl block-commit --domain-config web.cfg --keep-overlay "$@" web xvda; }
as_after() {
    guest_sees_at 65536 xvda.qcow2 top && guest_sees_at 65536 top.qcow2 top &&
        stands_on top.qcow2 m1.qcow2 && cmp web.cfg own.cfg
}
killed_everywhere "commit that keeps the overlay"

# --- what happened since
pivot() { xl block-commit --update-config=web.cfg --pivot --delete web xvda; }
pivot_killed_at() {
    new_host
    set_up
    cp web.cfg /srv/own.cfg
    killed_at "$1" xl block-commit --update-config=web.cfg --pivot --delete web xvda
}
recovers() { says "$1" xl snapshot-recover web && absent "$snapshots/.journal" && no_partial; }

pivot_killed_at "^false name /srv/web/xvda.qcow2"
ok "nothing else begins" refuses "a block-commit of it has not ended" pivot
guest_writes qcow2 top.qcow2 since
ok "the guest has run on its overlay: undone" recovers "top.qcow2 may have been written to since"
ok "and stays there" cmp web.cfg /srv/own.cfg
ok "with what it wrote" guest_sees qcow2 top.qcow2 since
ok "and can be committed" pivot
ok "to where that is" guest_sees qcow2 xvda.qcow2 since

new_host
set_up
plan_of xl block-commit --update-config=web.cfg --pivot --delete web xvda
at_work "$(ended "copy what")" pivot
guest_writes qcow2 top.qcow2 since
ok "the guest has run while data were copied" says "top.qcow2 has changed since" let_go
ok "and stays on its overlay" says top.qcow2 cat web.cfg
ok "with what it wrote, all being undone" guest_sees qcow2 top.qcow2 since
ok "without a journal" absent "$snapshots/.journal"

pivot_killed_at "^false name /srv/web/xvda.qcow2"
sleep_with rw top.qcow2
ok "somebody has the overlay open: undone" recovers "top.qcow2 is in use by sleep"
ends $!
ok "and it is there" guest_sees_at 65536 top.qcow2 top

pivot_killed_at "^false name /srv/web/xvda.qcow2"
xl create web.cfg
ok "the guest runs: undone" recovers "somebody has started the domain since"
ok "on its overlay" is_on web top.qcow2

pivot_killed_at "^false name /srv/web/xvda.qcow2"
echo '# mine' >>web.cfg
ok "the xl.cfg has been changed: undone" recovers "web.cfg has been changed since"
ok "and is as it was" says '# mine' cat web.cfg
ok "and names the overlay" says top.qcow2 cat web.cfg

pivot_killed_at "^false name /srv/web/xvda.qcow2"
mv web.cfg old.cfg
ok "the xl.cfg was moved: undone" recovers "web.cfg is not there any more"
ok "and is not written anew" absent web.cfg
ok "nor where it is" cmp old.cfg /srv/own.cfg

pivot_killed_at "^false make the base /srv/web/top.qcow2"
xl create web.cfg
guest_writes qcow2 xvda.qcow2 since
ok "the guest runs on the target: completed" recovers "Completed."
ok "with what it wrote" guest_sees qcow2 xvda.qcow2 since
ok "and all layers" guest_sees_at 65536 m1.qcow2 m1

pivot_killed_at "^false make the base /srv/web/top.qcow2"
cp /srv/own.cfg web.cfg
guest_writes qcow2 top.qcow2 since
ok "the old xl.cfg is back, and the guest has run: completed" recovers "Completed."
ok "but the layer it has written to can be written to" same "$(is_frozen top.qcow2)" no
ok "and has that" guest_sees qcow2 top.qcow2 since

new_host
define_domain web qcow2
snapshots_of s1 s2 s3
given_up s1 s2
ok "cut off in the middle" killed_at "^false let " \
    xl block-commit --domain-config web.cfg --top xvda.s1.qcow2 web xvda
thawed xvda.s2.qcow2
sleep_with rw xvda.s2.qcow2
ok "somebody writes to a layer" fails 1 "nothing is lost" xl snapshot-recover web
ends $!
ok "else it is completed" recovers "Completed."
ok "and the snapshot is good" xl snapshot-verify "$(cfg s3)"

new_host
define_domain web qcow2
snapshots_of s1 s2 s3
given_up s1 s2
killed_at "^false let " xl block-commit --domain-config web.cfg --top xvda.s1.qcow2 web xvda
thawed xvda.s2.qcow2
guest_writes qcow2 xvda.s2.qcow2 vandal
touch -d '+1 hour' xvda.s2.qcow2
ok "somebody has written to the base of a snapshot meanwhile: refused" \
    fails 1 "xvda.s2.qcow2 was written to at" xl snapshot-recover web
ok "and it does not become good" not xl snapshot-verify "$(cfg s3)"

# --- a layer that was restored from a backup, as a new file or in place
put_back_anew() { cp -p "/srv/saved/$1" "$1.new" && mv -f "$1.new" "$1"; }
put_back_over() { cat "/srv/saved/$1" >"$1"; }
for how in anew over; do
    new_host
    define_domain web qcow2
    chain m1 m2 top
    mkdir /srv/saved
    cp -p ./*.qcow2 /srv/saved
    killed_at "^false let " xl block-commit --domain-config web.cfg --top m2.qcow2 web xvda
    cp -p xvda.qcow2 /srv/has-all
    put_back_$how xvda.qcow2
    ok "the target was restored ($how): refused" \
        fails 1 "xvda.qcow2 is not as it was when the data had been copied" \
        xl snapshot-recover web
    ok "the disk has all yet, by its layers" eval \
        'guest_sees_at 65536 top.qcow2 top && stands_on top.qcow2 m2.qcow2'
    ok "and can be left so" xl snapshot-recover --abandon web
    ok "with all" guest_sees_at 65536 m2.qcow2 m2

    new_host
    set_up_pivot() { define_domain web qcow2; chain m1 top; }
    set_up_pivot
    mkdir /srv/saved
    cp -p ./*.qcow2 web.cfg /srv/saved
    killed_at "^false name " xl block-commit --update-config=web.cfg --pivot web xvda
    put_back_$how xvda.qcow2
    ok "the same of a pivot ($how): undone" \
        recovers "xvda.qcow2 is not as it was when the data had been copied"
    ok "the xl.cfg is as it was" cmp web.cfg /srv/saved/web.cfg
    ok "and the disk has all" eval \
        'guest_sees_at 65536 top.qcow2 top && guest_sees qcow2 top.qcow2 "web xvda"'

    new_host
    set_up_pivot
    mkdir /srv/saved
    cp -p ./*.qcow2 /srv/saved
    killed_at "^false make the base /srv/web/top.qcow2" \
        xl block-commit --domain-config=web.cfg --pivot web xvda
    put_back_$how xvda.qcow2
    ok "of a pivot without --update-config ($how): refused" \
        fails 1 "xvda.qcow2 is not as it was when the data had been copied" \
        xl snapshot-recover web
    ok "and the layer that has all can be written to" same "$(is_frozen top.qcow2)" no
done
finished
