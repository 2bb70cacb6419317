# SPDX-License-Identifier: LGPL-2.1-only
# What a hook deletes when a create is undone is what it made for that create: another
# snapshot of the same name is left, and told of.
. "$srcdir/tests/command/faults.sh"

attempt() {
    xl snapshot-create --disk-only --domain-config web.cfg -n s1 "$@" web
}
set_up() {
    define_domain web file file
    mkdir -p "$hidden/hooks"
    cp "$srcdir/tools/hooks/copy" "$hidden/hooks/"
}
start() {
    mkdir -p /etc/xen/snapshot.d
    cp "$hidden/hooks"/* /etc/xen/snapshot.d/
    xl create -q web.cfg
}
state=/srv/web/xvdb.img.s1.copy
is_somebodys() { same "$(cat "$state")" "somebody's"; }

set_up_once
plan_of attempt

start_over
at_work "$(begun "copy take.*xvdb")" attempt
echo "somebody's" >"$state"
let_go >/dev/null
ok "a snapshot that was there first: it fails" grep -q \
    "hook copy has a snapshot 's1' of /srv/web/xvdb.img by now" "$hidden/first"
ok "and it stays" is_somebodys
ok "nothing else does" absent /srv/web/xvda.img.s1.copy "$snapshots/.journal"
ok "the guest runs" same "$(state_of web)" ''

start_over
fault "$(begun "copy take.*xvdb")" kill-after attempt
echo "somebody's" >"$state"
ok "one that came after the command was killed" says \
    "Left: hook copy: $state was not made for this snapshot." xl snapshot-recover web
ok "stays, too" is_somebodys
ok "nothing else does" absent /srv/web/xvda.img.s1.copy "$snapshots/.journal"

start_over
fault "$(($(begun "copy take.*xvdb") + 1))" kill-before attempt
echo "somebody's" >>"$state"
ok "so does one that was written to since" says "Left: hook copy: $state" \
    xl snapshot-recover web

# An older version did not say what to delete but by its name.
start_over
fault "$(($(begun "copy take.*xvdb") + 1))" kill-before attempt
edit_journal 's/,\\"created\\":[0-9]*//g'
ok "in a journal of an older version, all stay" says \
    "Left: hook copy: $state was not made for this snapshot; \
hook copy: /srv/web/xvda.img.s1.copy was not made for this snapshot." xl snapshot-recover web

# A revert takes the snapshot that was recorded, and no other one of its name.
start_over
attempt >/dev/null
cfg=$snapshots/web/s1/snapshot.cfg
ok "a snapshot that is as it was is good" xl snapshot-verify "$cfg"
ok "no other is taken of its name" refuses "has a snapshot 's1' of" attempt
mv "$state" kept && cp xvdb.img "$state"
is_bad() {
    fails 1 "cannot be reverted to" xl snapshot-verify "$cfg" &&
        grep -q "disk xvdb  *BAD .*$state was not made for this snapshot" "$hidden/out"
}
ok "one that somebody has put in its place is not" is_bad
ok "and no revert takes it" refuses "$state was not made for this snapshot" \
    xl snapshot-revert web "$cfg"
mv kept "$state"
ok "put back, it is good" xl snapshot-verify "$cfg"

# A hook that deletes whatever has the name is not asked to when it has made nothing.
sed 's/^delete() {/&\n    rm -f "$state" "$partial"; return\n/' "$srcdir/tools/hooks/copy" \
    >"$hidden/hooks/copy"
start_over
at_work "$(begun "copy take.*xvdb")" attempt
echo "somebody's" >"$state"
let_go >/dev/null
ok "a hook that looks at the name alone is not let" is_somebodys
ok "but for what it made" absent /srv/web/xvda.img.s1.copy
finished
