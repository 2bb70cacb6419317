# SPDX-License-Identifier: LGPL-2.1-only
# A snapshot of a domain that does not run, cut off at each entry of its journal.
. "$srcdir/tests/command/faults.sh"

attempt() { xl snapshot-create --domain-config web.cfg --"$mode" -n s1 "$@" web; }
as_after() {
    xl snapshot-verify "$(cfg s1)" &&
        says "all there" xl snapshot-list web && as_after_"$mode"
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

mode=internal
set_up() { define_domain web qcow2 qcow2; }
if_begun=undone if_not_recorded=undone
killed_everywhere "create, internal"
terminated_everywhere "create, internal"

mode=external
set_up() { define_domain web qcow2 raw; }
killed_everywhere "create, external"
terminated_everywhere "create, external"
finished
