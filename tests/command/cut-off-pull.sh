# SPDX-License-Identifier: LGPL-2.1-only
# A pull, of a domain that does not run, cut off at each entry of its journal: the chain
# that its xl.cfg names shows the same all the time, and a snapshot on it can be reverted to.
. "$srcdir/tests/command/chains.sh"

if_begun=completed if_not_recorded=completed
changed=none

# into a layer that is the frozen base of s3
set_up() {
    define_domain web qcow2
    snapshots_of s1 s2 s3
    forgotten s1 s2
}
attempt() {
    xl block-pull --domain-config web.cfg --top xvda.s2.qcow2 \
        --disregard=xvda.qcow2 --disregard=xvda.s1.qcow2 "$@" web xvda
}
sees_all() {
    guest_sees qcow2 xvda.s3.qcow2 "after s3" && guest_sees qcow2 xvda.s2.qcow2 "after s2" &&
        frozen xvda.s2.qcow2 && xl snapshot-verify "$(cfg s3)"
}
undone() { recovered Undone && unchanged && sees_all; }
as_after() {
    sees_all && stands_on xvda.s2.qcow2 '' && frozen xvda.qcow2 && frozen xvda.s1.qcow2 &&
        "$QEMU_IMG" check -q xvda.s2.qcow2
}
killed_everywhere "pull in the middle"
terminated_everywhere "pull in the middle"

# into the active layer, down to a base
set_up() {
    define_domain web qcow2
    chain m1 m2 top
}
attempt() { xl block-pull --domain-config web.cfg --base m1.qcow2 "$@" web xvda; }
undone() { recovered Undone && unchanged && guest_sees_at 65536 top.qcow2 top; }
as_after() {
    guest_sees_at 65536 top.qcow2 top && guest_sees qcow2 top.qcow2 "web xvda" &&
        stands_on top.qcow2 m1.qcow2 && guest_sees_at 65536 m2.qcow2 m2
}
killed_everywhere "pull into the active layer"
terminated_everywhere "pull into the active layer"

# --- what happened since
set_up() {
    define_domain web qcow2
    snapshots_of s1 s2 s3
    given_up s1 s2
}
new_host
set_up
cp -p xvda.s2.qcow2 /srv/saved
killed_at "^false make the base" \
    xl block-pull --domain-config web.cfg --top xvda.s2.qcow2 web xvda
cp -p /srv/saved new && mv -f new xvda.s2.qcow2
ok "the base of a snapshot was restored: refused" \
    fails 1 "xvda.s2.qcow2 is not as it was when the data had been copied" \
    xl snapshot-recover web
ok "it is as the snapshot knows it" xl snapshot-verify "$(cfg s3)"
ok "the disk has all" guest_sees qcow2 xvda.s3.qcow2 "after s3"

new_host
set_up
killed_at "^false record the state" \
    xl block-pull --domain-config web.cfg --top xvda.s2.qcow2 web xvda
rm -r "$snapshots/web/s3"
ok "the snapshot was deleted meanwhile: completed" \
    says "s3/snapshot.cfg is not there any more" xl snapshot-recover web
ok "no journal is left" absent "$snapshots/.journal"

new_host
set_up
thawed xvda.s2.qcow2
guest_writes qcow2 xvda.s2.qcow2 vandal
ok "somebody has written to the base of a snapshot" not xl snapshot-verify "$(cfg s3)"
ok "a pull into it is done" xl block-pull --domain-config web.cfg --top xvda.s2.qcow2 web xvda
ok "but does not make it good" not xl snapshot-verify "$(cfg s3)"
finished
