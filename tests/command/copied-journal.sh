# SPDX-License-Identifier: LGPL-2.1-only
# The folder of the snapshots comes back from a backup that was made while a command was
# at work: the copy of its journal is told of, and nothing is done by it.
. "$srcdir/tests/command/faults.sh"

create() { xl snapshot-create --domain-config web.cfg --external "$@" web; }
copied="domain web: $snapshots/.journal/web.json is a copy of the journal of a snapshot-create"

define_domain web qcow2 qcow2
plan_of create -n s1
number=$(grep -n "create.*xvdb" "$hidden/steps" | head -n 1 | cut -d: -f1)
at_work $((2 * number)) create --update-config=web.cfg -n s1
cp -a "$snapshots" "$hidden/backup"
let_go >/dev/null
xl create web.cfg
guest_writes qcow2 xvda.s1.qcow2 "weeks of work"
rm -r "$snapshots" && cp -a "$hidden/backup" "$snapshots"
remember

ok "no recovery is made of it" fails 1 "$copied" xl snapshot-recover web
ok "nor one of all" fails 1 "$copied" xl snapshot-recover --all
ok "the way out is named" grep -q "then run xl snapshot-recover --abandon web" "$hidden/error"
ok "it says where that was" grep -q "a snapshot-create (s1) was cut off at: create.*xvdb.*, \
as a copy of its journal has it" "$hidden/out"
ok "also in a dry run" fails 1 "$copied" xl snapshot-recover -N web
ok "as JSON" fails_json '.[0] | (.error | contains("is a copy of the journal"))
    and .steps == [] and (has("to_be") | not)' xl snapshot-recover --json web
ok "no other command begins" fails 1 "$copied" create -n s2
ok "all is as it was" unchanged
ok "it can be given up" says "Abandoned." xl snapshot-recover --abandon web
ok "with each step" grep -q "  not done: remove /srv/web/xvda.s1.qcow2" "$hidden/out"
ok "the guest has all that it wrote" guest_sees qcow2 xvda.s1.qcow2 "weeks of work"
ok "and runs" is_on web xvda.s1.qcow2 xvdb.s1.qcow2
xl destroy web
ok "and the next command begins" create -n s2

# of a guest that somebody has paused for reasons of his own
new_host
define_domain web qcow2
xl create web.cfg
mkdir -p "$snapshots/.journal"
printf '{"operation":"create","domain":"web","uuid":"%s","domid":1,"began":1,"boot":"%s",' \
    "$uuid" "$(cat /proc/sys/kernel/random/boot_id)" >"$snapshots/.journal/$uuid.json"
cat >>"$snapshots/.journal/$uuid.json" <<END
"file":"inode 1 born 2.3","plan":[{"kind":"pause","what":"pause it","undo":{"kind":"unpause","what":"unpause it"}}]}
{"step":0,"kind":"pause","state":"begun"}
{"step":0,"kind":"pause","state":"done"}
END
xl pause web
ok "it is not let go by a copy" says "  not done: unpause it" xl snapshot-recover --abandon web
ok "and stays paused" same "$(state_of web)" paused

# --- disks that wait for a person --------------------------------------------

# A revert was cut off, the host restarted, and its disks made unwritable; then dom0 was
# restored, file by file, or its host has gone.
fenced() {
    new_host
    define_domain web qcow2 qcow2
    create -n s0 --internal >/dev/null
    plan_of xl snapshot-revert web "$(cfg s0)"
    number=$(grep -n "xvdb.*back to its tag" "$hidden/steps" | cut -d: -f1)
    fault $((2 * number)) kill-after xl snapshot-revert web "$(cfg s0)"
    edit_journal 's/"boot":"[^"]*"/"boot":"00000000-0000-4000-8000-000000000000"/'
    fails 1 "do not start the domain" xl snapshot-recover --all >/dev/null
}
restored() {
    for file in "$snapshots"/.journal/*.json; do
        cp "$file" "$hidden/copy" && rm "$file" && cp "$hidden/copy" "$file"
    done
}
gone() { edit_journal 's/"host":"[^"]*"/"host":"dom0-b"/; s/"machine":"[^"]*"/"machine":"b"/'; }
create() { xl snapshot-create --domain-config web.cfg "$@" web; }
for how in restored gone; do
    fenced
    ok "$how: disks wait for a person" same "$(is_frozen xvda.qcow2) $(is_frozen xvdb.qcow2)" \
        "yes yes"
    $how
    chattr -i xvdb.qcow2
    ok "$how: a dry run names them" says "Left: " xl snapshot-recover --abandon -N web
    grep "^Left: " "$hidden/out" >"$hidden/left"
    ok "$how: --abandon names them, too" says "/srv/web/xvda.qcow2 cannot be written to \
(lsattr), and so it is of no use to its domain: the revert had it so until you decide; unless \
it is by now the base of a snapshot, make it writable with chattr -i /srv/web/xvda.qcow2" \
        xl snapshot-recover --abandon web
    ok "$how: and what they may be" grep -q "web is not brought back, and its disks may be of \
two moments" "$hidden/out"
    ok "$how: with the same words" same "$(grep "^Left: " "$hidden/out")" \
        "$(cat "$hidden/left")"
    ok "$how: but not those that can be written to" not grep "xvdb.qcow2 cannot" "$hidden/out"
    ok "$how: nothing is made writable by it" same "$(is_frozen xvda.qcow2)" yes
    chattr -i xvda.qcow2
    ok "$how: by a person it is" guest_writes qcow2 xvda.qcow2 "after that"
done
ok "whether its host is at work nobody can tell" grep "whether host dom0-b is still at work" \
    "$hidden/left"

# the copy is of a time since which the domain has got newer disks
new_host
define_domain web qcow2
plan_of create -n s1 --external
fault $((2 * commit + 1)) kill-after create -n s1 --external
edit_journal 's/"kind":"freeze","what"/"kind":"repoint","disks":[{"vdev":"xvda",\
"be_path":"\/b","devid":1,"from":"\/srv\/web\/xvda.qcow2","to":"\/srv\/web\/xvda.s1.qcow2",\
"format":"qcow2"}],"what"/'
restored
ok "a copy does not say which disks are the newest" says "Abandoned." \
    xl snapshot-recover --abandon web
ok "since they may not be" not grep "new disks\|the latter" "$hidden/out"
finished
