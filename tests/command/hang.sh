# SPDX-License-Identifier: LGPL-2.1-only
# Programs that hang, fail, are not there, or print without end: none is waited for
# longer than its deadline, the message names it, and what was done is undone.
. "$srcdir/tests/command/lib.sh"

XL_SNAPSHOT_TIMEOUT=1
export XL_SNAPSHOT_TIMEOUT

# shellcheck disable=SC2120 # others call it with more
create() { xl snapshot-create --domain-config web.cfg -n s1 "$@" web; }
revert() { xl snapshot-revert "$@" web "$(cfg s1)"; }
# with VARIABLE=VALUE COMMAND...
with() {
    variable=$1
    shift
    (export "${variable?}" && "$@")
}
undone() {
    remember
    began=$(date +%s)
    refuses "$@" && [ $(($(date +%s) - began)) -lt 30 ] && unchanged &&
        absent "$snapshots/.journal" && alone
}
# What hangs is a sleep, and what prints without end a yes: neither is left.
alone() { nothing find /proc/[0-9]*/exe -lname '*/sleep' -o -lname '*/yes' 2>/dev/null; }

define_domain web qcow2 qcow2
ok "qemu-img that hangs while it looks at an image" with STAND_IN_QEMU_IMG="hang info" \
    undone "qemu-img did not answer for 1 s and was killed" create
ok "while it formats an overlay" with STAND_IN_QEMU_IMG="hang create" \
    undone "format /srv/web/xvda.s1.qcow2 on the base /srv/web/xvda.qcow2: qemu-img did not" \
    create --external
ok "that fails to" with STAND_IN_QEMU_IMG="fail create" undone \
    "qemu-img failed with status 1: qemu-img: -q: Input/output error" create --external
ok "that prints without end" with STAND_IN_QEMU_IMG="flood info" undone \
    "qemu-img printed more than 64 MiB and was killed" create
mkdir "$hidden/bin"
ln -s "$(command -v head)" "$hidden/bin"
ok "that is not there" undone "cannot run qemu-img: No such file or directory" \
    with PATH="$hidden/bin" create

ok "that fails to make a tag" with STAND_IN_QEMU_IMG="fail snapshot" undone \
    "tag s1 in /srv/web/xvda.qcow2: qemu-img failed with status 1" create
ok "that is killed by somebody, when it has made it" \
    with STAND_IN_QEMU_IMG="half snapshot -c" undone "qemu-img was killed by signal 9" create

# Killed, it would leave the image corrupt.
# left TEXT COMMAND...: the command says that a program is still at work, in "$hidden/left".
left() {
    refuses "$@" && grep -q "run xl snapshot-recover web" "$hidden/error" &&
        sed -n 's/.*(pid \([0-9]*\)).*/\1/p' "$hidden/error" >"$hidden/left" &&
        same "$(cat "/proc/$(cat "$hidden/left")/comm")" sleep
}
remember
ok "a qemu-img that makes a tag is left to go on, never killed" \
    with STAND_IN_QEMU_IMG="hang snapshot" left \
    "tag s1 in /srv/web/xvda.qcow2: qemu-img (pid" create
pid=$(cat "$hidden/left")
ok "until it has ended, nothing is recovered" fails 1 "pid $pid, is still at work" \
    xl snapshot-recover web
ok "nor anything else begun" refuses "run xl snapshot-recover web first" create
ends "$pid"
ok "then it is" says "Undone." xl snapshot-recover web
ok "and all is as before" unchanged

create >/dev/null
guest_writes qcow2 xvda.qcow2 later
xl create web.cfg
ok "a revert that cannot look at an image leaves the domain alone" \
    with STAND_IN_QEMU_IMG="hang info" undone "qemu-img did not answer for 1 s" revert
ok "one that applies a tag is left to go on, too" with STAND_IN_QEMU_IMG="hang snapshot" \
    left "bring disk xvda (/srv/web/xvda.qcow2) back to its tag s1: qemu-img (pid" revert
pid=$(cat "$hidden/left")
ok "and nothing is done beside it" fails 1 "pid $pid, is still at work" \
    xl snapshot-recover web
ends "$pid"
ok "when it has ended, the tag is applied" says "Completed." xl snapshot-recover web
ok "and the domain is as it was" guest_sees qcow2 xvda.qcow2 "web xvda"
guest_writes qcow2 xvda.qcow2 later
ok "an xl that hangs: after the domain was destroyed" with STAND_IN_XL=hang refuses \
    "did not answer for 1 s and was killed" revert
ok "the message says how it goes on" grep -q "fix this and run xl snapshot-recover web" \
    "$hidden/error"
ok "nothing of xl is left" alone
ok "and one by another brings it back" says "Completed." xl snapshot-recover web
ok "as it was" guest_sees qcow2 xvda.qcow2 "web xvda"
xl destroy web

# Anybody may have as many files open as he likes, each of which is looked at.
if [ "$(uname -m)" = x86_64 ] && command -v python3 >/dev/null; then
    python3 "$here/stand-in/many-files" 60 20000 >"$hidden/ready" &
    until grep -q ready "$hidden/ready"; do sleep 0.1; done
    remember
    ok "processes with very many open files do not hold a command for ever" \
        refuses "takes more than 1 s: python3 (pid " create -n s9
    ok "it has changed nothing" unchanged
    kill -KILL -1
fi
finished
