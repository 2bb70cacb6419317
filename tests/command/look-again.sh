# SPDX-License-Identifier: LGPL-2.1-only
# What was gathered is looked at again before the disks are taken: a snapshot that would
# not fit the domain any more is undone.
. "$srcdir/tests/command/faults.sh"

create() { xl snapshot-create --disk-only -n "$@" web; }
# held: create stops when the guest is held, before it looks again.
held() {
    plan_of create "$1"
    at_work $((2 * $(grep -n "pause the domain" "$hidden/steps" | head -1 | cut -d: -f1) + 1)) \
        create "$1"
}
undone() { fails 0 '' let_go; grep -F -- "$1" "$hidden/first"; }
as_it_was() { unchanged && same "$(state_of web)" "${1-}" && absent "$snapshots/web"; }

define_domain web file
mkdir -p /etc/xen/snapshot.d
cp "$srcdir/tools/hooks/copy" /etc/xen/snapshot.d/
xl create web.cfg
cp "$STAND_IN_XEN" "$hidden/runs"
again() { cat "$hidden/runs" >"$STAND_IN_XEN"; }

held s1
sed -n 's,/51712/,/51728/,p; s,/51712 ,/51728 ,p' "$hidden/runs" >>"$STAND_IN_XEN"
ok "a disk that is attached while the guest is held" undone "new: vbd 51728"
again
remember
ok "leaves nothing" as_it_was
held s1
sed -i "/libxl.1.device.vbd.51712/d" "$STAND_IN_XEN"
ok "one that is removed" undone "gone: vbd 51712"
again
ok "leaves nothing, either" as_it_was
held s1
sleep_with rw xvda.img
ok "one that somebody opens" undone "is in use by sleep (pid $!)"
ends $!
ok "leaves nothing" as_it_was
held s1
cp xvda.img copy.img
mv xvda.img old.img
mv copy.img xvda.img
ok "another file under its name" undone "new: image /srv/web/xvda.img is file"
mv old.img xvda.img
ok "leaves nothing" as_it_was
held s1
xl unpause web
ok "an unpause by somebody else" undone "somebody has unpaused it"
ok "leaves it so" as_it_was
held s1
sed -i 's,^xen/1/state.*,xen/1/state reboot paused,' "$STAND_IN_XEN"
ok "a domain that ends" undone "is about to reboot"
again
ok "leaves nothing" as_it_was
held s1
saves 1
ok "a migration that begins" undone "is being saved or migrated (pid $!)"
ends $!
ok "leaves nothing" as_it_was
held s1
ok "if nothing has changed it is taken" says "Snapshot s1 of domain web" let_go

# --- a recovery, beside a migration ----------------------------------------

plan_of create s2
fault $((2 * $(grep -n "pause the domain" "$hidden/steps" | head -1 | cut -d: -f1) + 1)) \
    kill-after create s2
saves 1
ok "a killed create is not undone while somebody migrates the domain" fails 1 \
    "domain web: it is being saved or migrated (pid $!)" xl snapshot-recover web
ok "which stays as it is" same "$(state_of web)" paused
ends $!
ok "but then" says "Undone." xl snapshot-recover web
ok "and it goes on" same "$(state_of web)" ""
finished
