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
finished
