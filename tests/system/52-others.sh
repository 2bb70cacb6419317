#!/bin/bash
# While a snapshot is being taken, QEMU dies, somebody destroys the domain, or the
# guest panics: the snapshot is there or it is not, no guest's write that was
# flushed is lost, and the domain can be started again.
. "$(dirname "$0")/faults.sh"

new_snapshot_domain vm qcow2:64M raw:4M
attempt() { xl snapshot-create --external -n "$1" "${@:2}" vm; }
attempt first --update-config="$(config vm)" > /dev/null
plan_of attempt n
step_of() { jq --arg kind "$1" 'map(.kind == $kind) | index(true)' <(jq .plan "$_tmp/plan"); }

kill_qemu() { kill -KILL "$(xenstore-read "/local/domain/$(xl domid vm)/image/device-model-pid")"; }
destroy() { xl destroy vm; }
panic() { tell vm panic; nap 2; }
_is_stopped() { grep -q '^State:.T' "/proc/$1/status"; }

# meanwhile ENTRY FAULT NAME: the command, stopped at that entry for the fault.
meanwhile() {
    local pid code=0
    FAULT=".journal/ $1 stop-after" LD_PRELOAD=$PWD/fault.so \
        xl snapshot-create --external -n "$3" vm > "$_tmp/said" 2>&1 &
    pid=$!
    until_ok 120 _is_stopped $pid || return 1
    ticks=$(tick vm)
    "$2"
    kill -CONT $pid
    wait $pid || code=$?
    [ $code = 0 ] || [ $code = 1 ] || { echo "exit code $code"; return 1; }
}
files() { find /srv/vm "$snapshots" -not -name '*.log' | sort; }

# is_undone FILES, is_completed NAME: and the domain starts with what it flushed.
starts() {
    until_ok 60 _destroyed vm
    start_domain vm && boots_at vm "$ticks" 100000
}
is_undone() { diff <(echo "$1") <(files) && starts; }
is_completed() {
    xl snapshot-verify "$(cfg vm "$1")" &&
        sed -i "s,/srv/vm/\(xvd.\)[^,]*,/srv/vm/\1.$1.qcow2," "$(config vm)" && starts
}

n=0
for fault in kill_qemu destroy panic; do
    for kind in qmp save resume unpause repoint publish; do
        i=$(step_of $kind) name=f$((++n)) before=$(files)
        ok "the command goes on to its end" meanwhile "$(entry begun "$i")" $fault $name
        ok "and whatever is left is recovered" xl snapshot-recover --all
        ok "no journal is left" test ! -e "$snapshots/.journal"
        what="create, PV, external | ${steps[$i]} | ${fault/_/ } when begun"
        if [ -e "$(cfg vm $name)" ]; then
            ok "$what | completed" is_completed $name
        else
            ok "$what | undone" is_undone "$before"
        fi
    done
done
