# SPDX-License-Identifier: LGPL-2.1-only
# Hooks that hang, are killed, or answer nonsense, while the guest is held for them: it
# is let go, and what was done is undone. Storage that hangs before that.
. "$srcdir/tests/command/lib.sh"

XL_SNAPSHOT_HOOK_TIMEOUT=1
export XL_SNAPSHOT_HOOK_TIMEOUT

create() { xl snapshot-create --disk-only -n s1 web; }
undone() {
    remember
    refuses "$@" && unchanged && absent "$snapshots/.journal" &&
        nothing find /proc/[0-9]*/exe -lname '*/sleep' -o -lname '*/yes' 2>/dev/null
}
# hook VERB LINE: one that begins that verb with LINE.
hook() {
    sed "s/^$1() {/&\n    $2/" "$srcdir/tools/hooks/copy" >/etc/xen/snapshot.d/copy
}

define_domain web file
mkdir -p /etc/xen/snapshot.d
cp "$srcdir/tools/hooks/copy" /etc/xen/snapshot.d/
xl create web.cfg

# with_sync HOW COMMAND...
with_sync() { (export XL_SNAPSHOT_TIMEOUT=1 STAND_IN_SYNC="$1" && shift && "$@"); }
never_held() { absent "$STAND_IN_XEN.log" "$snapshots/.journal" && unchanged; }
ok "a disk's storage that hangs: before the guest is held" with_sync hang undone "flush what \
the host has yet to write to xvda: sync did not answer for 2 s" create
ok "or fails" with_sync fail undone "sync failed with status 1: sync: error syncing \
'/srv/web/xvda.img': Input/output error" create
ok "it never was" never_held
preloads=$fault
FAULT_KILL=deaf
export FAULT_KILL
ok "a flush that cannot be killed" with_sync hang refuses "cannot be killed: its storage hangs" create
unset FAULT_KILL preloads
ok "keeps up nothing" never_held
ends "$(sed -n 's/.*(pid \([0-9]*\)).*/\1/p' "$hidden/error")"
hook create "sleep 1000"
ok "a hook that hangs lets the guest go" undone "copy did not answer for 1 s and was killed" create
ok "for which it was held until then" same "$(xargs <"$STAND_IN_XEN.log")" "pause 1 unpause 1"
hook create "kill -9 \$\$"
ok "one that is killed, too" undone "copy was killed by signal 9" create

# It waits for its storage, in fsync() say: no signal ends it.
hook create "exec sleep 1000"
remember
rm "$STAND_IN_XEN.log"
preloads=$fault
FAULT_KILL=deaf
export FAULT_KILL
began=$(date +%s)
ok "one that cannot be killed is left" refuses "cannot be killed: its storage hangs" create
unset FAULT_KILL preloads
ok "after 5 s more" [ $(($(date +%s) - began)) -lt 15 ]
ok "and lets the guest go" same "$(xargs <"$STAND_IN_XEN.log") $(state_of web)" \
    "pause 1 unpause 1 "
ok "the message says how it goes on" grep -q "run xl snapshot-recover web" "$hidden/error"
pid=$(sed -n 's/.*(pid \([0-9]*\)).*/\1/p' "$hidden/error")
ok "until it has ended, nothing is recovered" fails 1 "pid $pid, is still at work" \
    xl snapshot-recover web
ends "$pid"
hook nothing ""
ok "then it is" says "Undone." xl snapshot-recover web
hook create "exec sleep 1000"
ok "and all is as before" unchanged
hook probe "sleep 1000"
ok "one that is asked and says nothing" undone \
    "probe: /etc/xen/snapshot.d/copy did not answer for 1 s" create
hook probe "echo nonsense; exit 0"
ok "or nonsense" undone "hook copy, probe: its answer is not a JSON object" create
hook create "yes"
ok "one that prints without end" undone "copy printed more than 64 MiB and was killed" create
chmod 777 /etc/xen/snapshot.d/copy
ok "one that others could have written is not run" undone \
    "snapshot.d/copy: it, of uid 0 and mode 0777, can be changed by others than root; if you trust \
what is there, run chmod go-w /etc/xen/snapshot.d/copy, and try again" create
finished
