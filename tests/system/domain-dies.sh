#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# While a snapshot is being taken QEMU dies, somebody destroys the domain or migrates
# it, the guest panics or shuts down, or xenstored takes its time: the snapshot is
# there or it is not, no write that the guest had flushed is lost, and the domain
# runs or can be started again.
. "$(dirname "$0")/faults.sh"

attempt() { xl snapshot-create --external -n "$1" "${@:2}" vm; }

kill_qemu() { kill -KILL "$(xenstore-read "/local/domain/$(xl domid vm)/image/device-model-pid")"; }
destroy() { xl destroy vm; }
panic() { tell vm panic; nap 2; }
poweroff() { tell vm poweroff; nap 2; }
# To this host: xl runs what stands for the other one's name.
migrate() { xl migrate -s '' vm "xl migrate-receive"; }
stop_xenstored() {
    pkill -STOP xenstored
    (sleep 6; pkill -CONT xenstored) &
}

# meanwhile ENTRY FAULT NAME: the command, stopped at that entry for the fault.
meanwhile() {
    local pid code=0
    stopped_at "$1" "$_tmp/said" xl snapshot-create --external -n "$3" vm || return 1
    ticks=$(tick vm)
    "$2" || return 1
    kill -CONT $pid
    wait $pid || code=$?
    sed 's/^/# /' "$_tmp/said"
    [ $code = 0 ] || [ $code = 1 ] || { echo "exit code $code"; return 1; }
}
files() { find /srv/vm "$snapshots" -not -name '*.log' | sort; }

# What the guest had flushed is there: it runs, or comes up with it.
lives() {
    case $fault in
    stop_xenstored) ticking vm ;;
    migrate) ticking vm--incoming ;;    # the name that its console has now
    *) until_ok 60 _destroyed vm && start_domain vm && boots_at vm "$ticks" 100000 ;;
    esac
}
# is_undone FILES, is_completed NAME
is_undone() { diff <(echo "$1") <(files) && lives; }
is_completed() {
    xl snapshot-verify "$(cfg vm "$1")" &&
        sed -i "s,/srv/vm/\(xvd.\)[^,]*,/srv/vm/\1.$1.qcow2,g" "$(config vm)" && lives
}

# on OPERATION DISK...: cells, on a new domain, of the lines of stdin: a fault, and the
# steps that it comes to; in the long form it comes to every step.
n=0
on() {
    local operation=$1 fault kinds kind i name before what
    shift
    remove_domain vm
    new_snapshot_domain "$@"
    attempt first$n --update-config="$(config vm)" > /dev/null
    plan_of attempt n
    while read -r fault kinds; do
        ! in_soak || kinds=${!steps[*]}
        for i in $kinds; do
            in_soak || i=$(step_of "$i")
            kind=${_kinds[$i]} name=f$((++n)) before=$(files)
            ok "the command goes on to its end" meanwhile "$(entry begun "$i")" "$fault" $name
            case "$fault $kind" in
            "panic save") ok "and says why" grep "guest has shut down (crash)" "$_tmp/said" ;;
            "poweroff save") ok "and says why" grep "guest has shut down (poweroff)" "$_tmp/said" ;;
            # (the guest suspends, or it does not, for want of its disks)
            "kill_qemu save") ok "and says why" grep QEMU "$_tmp/said" ;;
            esac
            ok "and whatever is left is recovered" xl snapshot-recover --all
            ok "no journal is left" none_left
            what="$operation | ${steps[$i]} | ${fault/_/ } when begun"
            if [ -e "$(cfg vm $name)" ]; then
                ok "$what | completed" is_completed $name
            else
                ok "$what | undone" is_undone "$before"
            fi
        done
    done
}
on "create, PV, external" vm qcow2:64M raw:4M << 'END'
kill_qemu qmp save resume unpause repoint publish
destroy qmp save resume unpause repoint publish
panic save resume publish
poweroff qmp save
stop_xenstored save resume repoint publish
END
cleanup_fn rm -f "$consoles/guest-vm--incoming.log"
# (Xen 4.17 as Debian builds it cannot migrate a PV domain.)
on "create, PVH, external" -t pvh vm qcow2:64M << 'END'
migrate qmp save
END
