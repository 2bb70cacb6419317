# SPDX-License-Identifier: LGPL-2.1-only
# The command that makes a chain shorter is killed at each entry of its journal, and
# QEMU at each state of its job: the guest, or who opens the files next, sees the same.
. "$srcdir/tests/block/job-lib.sh"

# Which of the files has it all, when the command was recovered: $1 forward, back.
shows() {
    case $1:$2 in
    forward:pivot) same "$(view_of base.raw)" "$before" ;;
    forward:pull) same "$(view_of top.qcow2)" "$before" && same "$(base_of top.qcow2)" '' ;;
    forward:*) same "$(view_of top.qcow2)" "$before" && same "$(base_of top.qcow2)" base.raw ;;
    *) files_as_before && same "$(base_of top.qcow2)" mid.qcow2 ;;
    esac
}
# recovered COMMAND: by QEMU; the guest goes on.
recovered() {
    recover qmp || { cat error; return 1; }
    same "$(view)" "$before" && same "$(jobs_left)" '' && no_journal || return 1
    if [ "$(tail -n 1 said)" = forward ]; then
        ! is_open mid.qcow2 || { echo "mid is open"; return 1; }
    fi
    guest xvda 'write -P 0x33 1280k 64k' || return 1
    die KILL
    shows "$(tail -n 1 said)" "$1"
}
# The same without QEMU, which died after the command.
recovered_alone() {
    die KILL
    recover - || { cat error; return 1; }
    no_journal && shows "$(tail -n 1 said)" "$1"
}

# entry_of KIND: where the journal says that the first such step was begun.
entry_of() {
    case $1:$2 in
    middle:*|pull:*) first=2 kinds='start wait finalize end close' ;;
    pivot:*) first=2 kinds='start wait complete finalize end close' ;;
    esac
    for kind in $kinds; do
        [ "$kind" != "$2" ] || break
        first=$((first + 2))
    done
    echo $first
}

for command in middle pivot pull; do
    entry=1 last=$(($(entry_of $command close) + 1))
    while [ $entry -le $last ]; do
        chain
        fault_at $entry kill-after $command && echo "# not killed"
        ok "$command, killed at entry $entry, is recovered" recovered $command
        entry=$((entry + 1))
    done
    finalize=$(entry_of $command finalize)
    for entry in 3 "$finalize" $((finalize + 1)); do
        chain
        fault_at "$entry" kill-after $command
        ok "and from entry $entry when QEMU has died, too" recovered_alone $command
    done
done

# -- QEMU dies ----------------------------------------------------------------------
# dies SIGNAL ENTRY COMMAND: when the command has written that entry of its journal; the
# command fails.
dies() {
    fault_at "$2" stop-after "$3" &
    shell=$!
    tries=0
    until is_stopped; do
        tries=$((tries + 1))
        [ $tries -lt 500 ] || { echo "it does not stop"; kill -KILL $shell; return 1; }
        sleep .02
    done
    sleep "${4:-.1}"
    die "$1"
    kill -CONT "$pid"
    ! wait $shell
}
is_stopped() {
    pid=$(running_job)
    grep -qs '^State:.T' "/proc/$pid/status"
}
for signal in TERM KILL; do
    SPEED=262144
    export SPEED
    for command in middle pivot pull; do
        chain
        ok "QEMU gets SIG$signal while $command runs" dies $signal 3 $command .5
        ok "and the chain is as before" files_as_before
    done
    unset SPEED
    chain
    ok "when it is ready for the pivot" dies $signal 5 pivot
    ok "and the chain is as before" files_as_before
    for command in middle pivot pull; do
        chain
        ok "when all is done but $command's last act" \
            dies $signal $(($(entry_of $command finalize) - 1)) $command
        ok "and the chain is as before" files_as_before
    done
done
finished
