# SPDX-License-Identifier: LGPL-2.1-only
# A snapshot, by a hook, of the disks of a domain that runs, cut off at each entry of
# its journal: the domain is held meanwhile, and must not stay so.
. "$srcdir/tests/command/faults.sh"

needs_hooks
set_up() {
    define_domain web file file
    cp "$srcdir/tools/hooks/copy" "$hidden/copy"
}
start() {
    mkdir -p /etc/xen/snapshot.d
    cp "$hidden/copy" /etc/xen/snapshot.d/
    xl create -q web.cfg
}
attempt() {
    xl snapshot-create --disk-only --domain-config web.cfg -n s1 "$@" web
}
as_after() {
    same "$(state_of web)" '' && xl snapshot-verify "$(cfg s1)" &&
        guest_sees raw xvda.img.s1.copy "web xvda"
}
if_begun=undone if_not_recorded=undone
killed_everywhere "create, running, by a hook"
terminated_everywhere "create, running, by a hook"
finished
