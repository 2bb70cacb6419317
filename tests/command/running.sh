# SPDX-License-Identifier: LGPL-2.1-only
# A domain that runs: whom a name or a number means, in which states it is refused,
# and snapshots of its disks by a hook, for which it is held and let go.
. "$srcdir/tests/command/lib.sh"

create() { xl snapshot-create --disk-only -n "$@" web; }
state() { sed -i "s,^xen/$(domid_of web)/state.*,xen/$(domid_of web)/state $1," "$STAND_IN_XEN"; }
not_touched() {
    remember
    refuses "$@" && absent "$STAND_IN_XEN.log" && unchanged
}


# --- who is meant ----------------------------------------------------------

define_domain web file
mkdir -p /etc/xen/snapshot.d
cp "$srcdir/tools/hooks/copy" /etc/xen/snapshot.d/
ok "no domain" not_touched "domain web: there is no such domain; see xl list" create s1
xl create web.cfg
ok "by its name" xl snapshot-list web
ok "by its number" says "$snapshots/web" xl snapshot-list 1
ok "not by another number" refuses "there is no such domain" xl snapshot-create 2
ok "domain 0 has no snapshots" not_touched "domain 0 runs this command" xl snapshot-create 0
ok "not by its name either" not_touched "domain 0 runs this command" \
    xl snapshot-create Domain-0
ok "its xl.cfg does no harm" says "Nothing was changed" \
    create s1 -N --domain-config web.cfg
sed 's/"web"/"db"/' web.cfg >db.cfg
ok "another's is refused" not_touched "is of domain web, not of db" \
    xl snapshot-create --domain-config web.cfg db

# --- in which state --------------------------------------------------------

for why in poweroff reboot; do
    state $why
    ok "shut down: $why" not_touched "domain 1: it has shut down; wait" create s1
done
state crash
ok "crashed: its memory may be wanted" not_touched "(xl dump-core) before you destroy it" create s1
state suspend
ok "suspended: it can go on" not_touched "let it go on with xl resume" create s1
saves 1
ok "suspended by one who saves it it is not to be destroyed" not_touched \
    "domain 1: it is being saved or migrated (pid $!), with the disks that it has now; wait" create s1
ends $!
state dying
ok "dying" not_touched "domain 1: it is dying" create s1
# while a page of it is mapped a destroyed domain stays, and has no name any more
cp "$STAND_IN_XEN" alive
sed -i '/local.domain.1.name/d' "$STAND_IN_XEN"
ok "dying without a name" not_touched "domain 1: it is dying" xl snapshot-create 1
cp alive "$STAND_IN_XEN"
state ''
echo "/local/domain/1/control/shutdown poweroff" >>"$STAND_IN_XEN"
ok "asked to shut down" not_touched "domain 1: it has been asked to poweroff" create s1
sed -i '/control.shutdown/d' "$STAND_IN_XEN"
mv "/var/lib/xen/userdata-d.1.$uuid.libxl-json" json
ok "without a stored config" not_touched "domain 1: libxl cannot read its stored config" create s1
mv json "/var/lib/xen/userdata-d.1.$uuid.libxl-json"
echo 'name = "web"' >"/var/lib/xen/userdata-d.1.$uuid.xl"
ok "with one that its next reboot would use" not_touched "xl config-update has left" create s1
rm "/var/lib/xen/userdata-d.1.$uuid.xl"

saves 11
ok "another one that is migrated does no harm" says "Nothing was changed" create s1 -N
ends $!
saves 1
ok "saved or migrated by somebody else" not_touched "domain web: it is being saved or migrated \
(pid $!)" create s1
ends $!

# --- disks by a hook -------------------------------------------------------

sed '/xvda/d' web.cfg >fewer.cfg
with_fewer() { create s1 --disk-only --domain-config "$1"; }
ok "a disk that its xl.cfg lacks" not_touched "disk xvda: the domain has it, but its xl.cfg \
does not list it" with_fewer fewer.cfg
ok "one that only that has" not_touched "disk xvdz: the domain's xl.cfg lists it, but" \
    with_fewer "$(with_disk "'/srv/vmlinuz,raw,xvdz,w'")"
sed 's,"/srv/vmlinuz","vmlinuz",' web.cfg >near.cfg
ok "a kernel that only one folder has" not_touched "the domain's xl.cfg: kernel is vmlinuz" \
    with_fewer near.cfg
rm fewer.cfg near.cfg
ok "its disks by a hook" says "  xvda    internal: by hook/copy, of /srv/web/xvda.img" create s1
ok "for which it was held" same "$(xargs <"$STAND_IN_XEN.log")" "pause 1 unpause 1"
ok "it runs" same "$(state_of web)" ''
ok "as after a power cut" grep -qx 'consistency = "crash"' "$(cfg s1)"
ok "the hook is on record" grep -qx '    "xvda=hook/copy",' "$(cfg s1)"
ok "how long it stood still is told" grep -q "^The guest stood still for [0-9.]* s" "$hidden/out"
ok "a revert needs its xl.cfg" refuses "name that with --domain-config" \
    xl snapshot-revert web "$(cfg s1)"
guest_writes raw xvda.img "later"
ok "with which it is back" says "/srv/web/xvda.img brought back by hook/copy" \
    xl snapshot-revert --domain-config web.cfg web "$(cfg s1)"
ok "as it was" guest_sees raw xvda.img "web xvda"
rm -f "$STAND_IN_XEN.log"
xl pause web
ok "one that is paused stays so" create s2
ok "and is held besides" same "$(xargs <"$STAND_IN_XEN.log")" "pause 2 unpause 2"
ok "once, as before" same "$(state_of web)" paused
sed -i.bak "s,^create() {,&\n    sed -i '/xen.2.state/s/ *paused//' $STAND_IN_XEN\n\
    grep -q 'xen.2.state.*paused' $STAND_IN_XEN || die \"it runs\"," \
    /etc/xen/snapshot.d/copy
ok "one that is unpaused meanwhile is held all the same" create unpaused
ok "and runs in the end" same "$(state_of web)" ''
mv /etc/xen/snapshot.d/copy.bak /etc/xen/snapshot.d/copy
xl pause web
xl unpause web
ok "left paused where that is asked for" create s3 --paused
ok "so it is" same "$(state_of web)" paused
xl unpause web

# --- with the guest's file systems frozen ------------------------------------

printf '#!/bin/sh\n[ "$1" != "$(cat /srv/deaf)" ]\n' >/srv/quiet
chmod +x /srv/quiet
: >/srv/deaf
quiet() { create "$@" --quiesce-command=/srv/quiet --domain-config web.cfg; }
complete() { absent "$snapshots/.journal" && nothing find "$snapshots" /srv -name '*.partial*'; }
ok "frozen for it" says "disks only, clean" quiet quiet
sed -i.bak 's,^create() {,&\n    sleep 2,' /etc/xen/snapshot.d/copy
ok "thawed too early: it fails" fails 1 "domain web was thawed after 1.0 s, before the snapshot was \
done; the snapshot is not clean: take another" quiet early --quiesce-timeout=1
ok "says nothing else" same "$(wc -l <"$hidden/error")" 1
ok "it is a snapshot all the same" grep -q "^  disks only, as after a power cut" "$hidden/out"
ok "recorded so" grep -qx 'consistency = "crash"' "$(cfg early)"
ok "complete" complete
ok "and good" xl snapshot-verify "$(cfg early)"
mv /etc/xen/snapshot.d/copy.bak /etc/xen/snapshot.d/copy

sed -i.bak 's,^create() {,&\n    rm /srv/vmlinuz,' /etc/xen/snapshot.d/copy
ok "a snapshot of no use is told at once" fails 1 "snapshot gone was taken, but a revert to it \
would fail: domain config: " xl snapshot-create --disk-only -n gone --domain-config web.cfg web
ok "and where it lies" grep -q "^Snapshot gone of domain web" "$hidden/out"
: >/srv/vmlinuz
mv /etc/xen/snapshot.d/copy.bak /etc/xen/snapshot.d/copy

sed -i 's/^create() {/&\n    die "there is no tape in the drive"/' /etc/xen/snapshot.d/copy
rm -f "$STAND_IN_XEN.log"
remember
ok "a hook that fails" refuses "there is no tape in the drive" create s4
ok "lets the guest go" same "$(xargs <"$STAND_IN_XEN.log")" "pause 2 unpause 2"
ok "and nothing is left" unchanged
rm /etc/xen/snapshot.d/copy

ok "without a hook there is none" refuses "backendtype=qdisk" create s5
finished
