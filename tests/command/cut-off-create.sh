# SPDX-License-Identifier: LGPL-2.1-only
# A snapshot of a domain that does not run, cut off at each entry of its journal.
. "$srcdir/tests/command/faults.sh"

attempt() { xl snapshot-create --domain-config web.cfg --"$mode" -n s1 "$@" web $wish; }
as_after() {
    xl snapshot-verify "$(cfg s1)" &&
        says "all there" xl snapshot-list web && as_after_"${mode%-external}"
}
as_after_internal() {
    same "$(tags xvda.qcow2) $(tags xvdb.qcow2)" "s1 s1" &&
        guest_sees qcow2 xvda.qcow2 "web xvda"
}
as_after_external() {
    frozen xvda.qcow2 && frozen xvdb.raw &&
        guest_sees qcow2 xvda.s1.qcow2 "web xvda" &&
        guest_sees qcow2 xvdb.s1.qcow2 "web xvdb"
}

mode=internal wish=
set_up() { define_domain web qcow2 qcow2; }
if_begun=undone if_not_recorded=undone
killed_everywhere "create, internal"
terminated_everywhere "create, internal"

mode=external
set_up() { define_domain web qcow2 raw; }
killed_everywhere "create, external"
terminated_everywhere "create, external"

# Whatever is undone, the overlays stay as the user has made them.
mode=reuse-external wish=wish.cfg
set_up() {
    define_domain web qcow2 raw
    "$QEMU_IMG" create -q -f qcow2 -b xvda.qcow2 -F qcow2 xvda.s1.qcow2
    "$QEMU_IMG" create -q -f qcow2 -b /srv/web/xvdb.raw -F raw xvdb.s1.qcow2
    echo "disks = [ '/srv/web/xvda.s1.qcow2,qcow2,xvda'," \
        "'/srv/web/xvdb.s1.qcow2,qcow2,xvdb' ]" >wish.cfg
}
as_after_reuse() { as_after_external; }
killed_everywhere "create on overlays that are there"
terminated_everywhere "create on overlays that are there"
start_over
plan_of attempt
at_work "$(begun "flush the overlay of xvda")" attempt
guest_writes qcow2 xvda.s1.qcow2 mine
ok "one that is written to meanwhile is not taken" matches \
    "/srv/web/xvda.s1.qcow2 has changed since" let_go
ok "nor lost" guest_sees qcow2 xvda.s1.qcow2 mine
ok "and the bases are as they were" same "$(is_frozen xvda.qcow2) $(is_frozen xvdb.raw)" "no no"
finished
