# SPDX-License-Identifier: LGPL-2.1-only
# snapshot-recover --abandon: the way out where recovery has none. It names what is given
# up, and does nothing but let the guest go.
. "$srcdir/tests/command/faults.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" web; }
abandon() { xl snapshot-recover --abandon "$@" web; }
# The record of what was given up, which holds nobody up.
record() { find "$snapshots/.journal" -name "$1.abandoned-*" | grep .; }

define_domain web qcow2 raw
ok "there is nothing to give up" says "Nothing to recover of domain web." abandon
ok "not for all domains" fails 2 "not with --all" xl snapshot-recover --abandon --all
ok "nor with --lose-writes" fails 2 "not with the others" abandon --lose-writes

# its memory's or its config's other name has gone: it can be neither published nor undone
plan_of create --external -n s1
fault $((2 * commit + 1)) kill-after create --external -n s1
find "$snapshots/web" -name '*.partial' -delete
ok "a recovery that cannot end" fails 1 "run xl snapshot-recover web again" \
    xl snapshot-recover web
ok "and names the way out" grep -q -- "--abandon gives it up" "$hidden/error"
ok "holds up each command" refuses "run xl snapshot-recover web first" create -n s2
remember
ok "what would be given up is told" says "  not done: flush the snapshot config and name it" abandon -N
ok "and that nothing was changed" says "Nothing was changed." abandon -N
ok "as JSON" json '.[0] | .to_be == "abandoned" and (.given_up | length > 0)' \
    abandon -N --json
ok "the journal stays" same "$(journal)" web.json
ok "a person gives it up" says "  not done: flush the snapshot config and name it" abandon
ok "the record is told of" grep -qF "The record of it is $(record web)" "$hidden/out"
ok "no step was done" grep -q "  not done: make the base .*unwritable" "$hidden/out"
ok "nothing is to be recovered any more" says "Nothing to recover of domain web." \
    xl snapshot-recover web
ok "and commands begin" create -n s2 --dry-run

# --- a guest that is held --------------------------------------------------

new_host
define_domain web qcow2
xl create web.cfg
xl pause web
mkdir -p "$snapshots/.journal"
cat >"$snapshots/.journal/$uuid.json" <<END
{"operation":"create","domain":"web","uuid":"$uuid","domid":$(domid_of web),"snapshot":"s1",\
"boot":"$(cat /proc/sys/kernel/random/boot_id)","plan":[{"kind":"mkdir","what":"make it",\
"path":"/srv/x","undo":{"kind":"rmdir","what":"remove it","path":"/srv/x"}},\
{"kind":"pause","what":"pause it","undo":{"kind":"unpause","what":"unpause it"}}]}
{"step":0,"kind":"mkdir","state":"begun"}
{"step":0,"kind":"mkdir","state":"done"}
{"step":1,"kind":"pause","state":"begun"}
{"step":1,"kind":"pause","state":"done"}
END
sed -i ':a; /\\$/{N; s/\\\n//; ba}' "$snapshots/.journal/$uuid.json"
mkdir /srv/x
ok "a guest is held" same "$(state_of web)" paused
ok "it is let go" says "  done:     unpause it" abandon
ok "and nothing else is done" grep -q "  not done: remove it" "$hidden/out"
ok "what was made is there" [ -d /srv/x ]
ok "and runs" same "$(state_of web)" ''

# --- a journal of nobody, and of another host ------------------------------

new_host
define_domain db qcow2
define_domain web qcow2
mkdir -p "$snapshots/.journal"
echo "no JSON" >"$snapshots/.journal/web.json"
echo "no JSON" >"$snapshots/.journal/db.json"
ok "one that cannot be read" says "its first line is not JSON" abandon
ok "is out of the way" create -n s1 --dry-run
ok "that of another domain is left" same "$(cat "$snapshots/.journal/db.json")" "no JSON"
echo '{"operation":"create","domain":"web","host":"dom0-b","boot":"0","plan":[{"kind":"unlink",
"what":"remove it","path":"/srv/web/xvda.qcow2"}]}' | tr -d '\n' >"$snapshots/.journal/web.json"
echo >>"$snapshots/.journal/web.json"
ok "one of a host that will not come back" refuses "or, if that host will never come back" \
    create -n s1
ok "is given up, too" says "was cut off on host dom0-b, and is given up" abandon
ok "and holds up nobody" create -n s1 --dry-run

at_work 6 create -n s1
ok "not while the command is at work" fails 1 "at work on this domain" abandon
ok "which goes on to its end" says "Snapshot s1 of domain web" let_go
finished
