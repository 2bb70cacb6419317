# SPDX-License-Identifier: LGPL-2.1-only
# A delete, of a domain that does not run, cut off at each entry of its journal.
. "$srcdir/tests/command/faults.sh"

set_up() {
    define_domain web qcow2 qcow2
    xl snapshot-create --domain-config web.cfg --internal -n s0 web >/dev/null
    xl snapshot-create --domain-config web.cfg --internal -n s1 web >/dev/null
}
attempt() { xl snapshot-delete "$@" web s1; }
as_after() {
    absent "$snapshots/web/s1" && xl snapshot-verify "$(cfg s0)" >/dev/null &&
        for disk in xvda xvdb; do
            same "$("$QEMU_IMG" snapshot -l $disk.qcow2 | grep -c ' s[01] ')" 1 || return 1
        done
}
if_begun=undone if_not_recorded=undone
killed_everywhere delete
terminated_everywhere delete

# --- what people do before the recovery ----------------------------------------

has_tag() { "$QEMU_IMG" snapshot -l "/srv/web/$1.qcow2" | grep ' s1 '; }
cut_off_at() { start_over; killed_at "$1" attempt; }
cut_off_at "remove the tag s1 from /srv/web/xvdb"
xl create web.cfg
ok "the domain was started" fails 1 "somebody has started it meanwhile" xl snapshot-recover web
ok "the tag is there" has_tag xvdb
ok "and the config" test -s "$(cfg s1)"
xl destroy web
ok "when it is off again" completed
cut_off_at "remove the tag s1 from /srv/web/xvdb"
"$QEMU_IMG" snapshot -d s1 xvdb.qcow2
sleep 1
"$QEMU_IMG" snapshot -c s1 xvdb.qcow2
ok "the tag was made anew: it is somebody's" says "is not the one that the command has made" \
    xl snapshot-recover web
ok "and stays" has_tag xvdb
cut_off_at "remove the snapshot config"
cp -a "$snapshots/web/s1/snapshot.cfg" copy
rm "$snapshots/web/s1/snapshot.cfg"
mv copy "$snapshots/web/s1/snapshot.cfg"
ok "the config was put back from a backup" says "Left: $snapshots/web/s1/snapshot.cfg is another file by now" xl snapshot-recover web
ok "and is another file" test -s "$(cfg s1)"

# --- one that is forgotten ------------------------------------------------------

set_up() {
    define_domain web qcow2 qcow2
    xl snapshot-create --domain-config web.cfg --internal -n s1 web >/dev/null
}
attempt() { xl snapshot-delete --keep-data "$@" web s1; }
as_after() {
    absent "$snapshots/web/s1" && same "$(tags xvda.qcow2)$(tags xvdb.qcow2)" s1s1
}
killed_everywhere "delete --keep-data"
terminated_everywhere "delete --keep-data"

# --- a tag in the base of an external snapshot ----------------------------------

set_up() {
    define_domain web qcow2 qcow2
    xl snapshot-create --domain-config web.cfg --internal -n s0 web >/dev/null
    xl snapshot-create --domain-config web.cfg --internal -n s1 web >/dev/null
    xl snapshot-create --domain-config web.cfg --external --update-config=web.cfg \
        -n s2 web >/dev/null
}
as_after() {
    absent "$snapshots/web/s1" && xl snapshot-verify "$(cfg s2)" >/dev/null &&
        for disk in xvda xvdb; do
            frozen $disk.qcow2 && same "$(tags $disk.qcow2)" s0 || return 1
        done
}
attempt() { xl snapshot-delete "$@" web s1; }
killed_everywhere "delete below an external one"
finished
