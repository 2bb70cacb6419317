#!/bin/bash
# What 50-power-cut.sh does in dom0, before and after the cut.
#
#   power.sh steps             the steps of a create and of a revert
#   power.sh begin CELL...     start the domains, and the commands, which stop at
#                              their entries; prints "ticks DOMAIN=N..."
#   power.sh recover           what the host does at boot
#   power.sh check CELL DOMAIN=N...
#                              that all is as before, or done, and the domain
#                              comes up; prints "outcome undone|completed..."
#
# CELL: DOMAIN:create|revert:ENTRY
. "$(dirname "$0")/faults.sh"

# command_of OPERATION DOMAIN [OPTION...]: sets it.
command_of() {
    case $1 in
    create) command=(xl snapshot-create --external -n s "${@:3}" "$2") ;;
    revert) command=(xl snapshot-revert "${@:3}" "$2" "$(cfg "$2" old)") ;;
    esac
}
# attempt OPERATION DOMAIN [OPTION...]
attempt() { command_of "$@"; "${command[@]}"; }

# A domain that survives this script, with a snapshot for a revert.
start() { # NAME OPERATION
    rm -rf "${snapshots:?}/$1"
    remove_domain "$1"
    new_domain -a witness.interval=1000 "$1" qcow2:64M raw:4M
    if [ "$2" = revert ]; then
        xl snapshot-create --external -n old --update-config="$(config "$1")" "$1" > /dev/null
        tick "$1" > "/srv/$1/old"
        ticking "$1"
    fi
    find "/srv/$1" > "/srv/$1.files"
}

_is_stopped() { grep -q '^State:.T' "/proc/$1/status"; }

begin() { # CELL
    local name operation entry
    IFS=: read -r name operation entry <<< "$1"
    command_of "$operation" "$name"
    FAULT=".journal/ $entry stop-after" LD_PRELOAD=$PWD/fault.so "${command[@]}" \
        > "/srv/$name.out" 2>&1 &
    until_ok 120 _is_stopped $! || { cat "/srv/$name.out"; return 1; }
}

# What the recovery said that it did for domain $1: undone, completed, or completed
# without a snapshot (whose memory is flushed after the commit point).
outcome_of() {
    case $(grep "^Domain $1, " /srv/recover.out) in
    *" without a snapshot: "*) echo "completed, no snapshot" ;;
    *" it is to be completed"*) echo completed ;;
    *) echo undone ;;
    esac
}

# boot NAME TICK: from its xl.cfg, with the disks that the recovery named, if any.
boot() {
    local disks
    disks=$(grep -h "^    '/srv/$1/" /srv/recover.out | tr -d '\n') || :
    mark "$1"
    xl create -q "$(config "$1")" ${disks:+"disk=[ $disks ]"}
    boots_at "$1" "$2" 100000
}

check() { # CELL DOMAIN=N...
    local name operation entry outcome old ticks=''
    IFS=: read -r name operation entry <<< "$1"
    [[ " $* " =~ " $name="([0-9]+)" " ]] && ticks=${BASH_REMATCH[1]}
    [ ! -e "$snapshots/.journal" ]
    _domains+=("$name")
    outcome=$(outcome_of "$name")
    case $operation-$outcome in
    create-completed)
        xl snapshot-verify "$(cfg "$name" s)"
        boot "$name" "$ticks" ;;
    create-completed*)
        [ ! -e "$snapshots/$name" ]
        boot "$name" "$ticks" ;;
    revert-completed)
        # the power may have been cut when it was back: then it is not done again
        old=$(cat "/srv/$name/old")
        if xl domid "$name"; then back_at "$name" "$old" $((old + 100))
        else boot "$name" "$old"
        fi ;;
    *-undone)
        diff "/srv/$name.files" <(find "/srv/$name")
        boot "$name" "$ticks" ;;
    esac
    echo "outcome $outcome"
    xl destroy "$name"
}

# Nothing of this ends with the script.
trap - EXIT
case $1 in
steps)
    start a create
    start r revert
    plan_of attempt create a
    printf 'create %s\n' "${steps[@]}"
    plan_of attempt revert r
    printf 'revert %s\n' "${steps[@]}"
    remove_domain a
    remove_domain r ;;
begin)
    for cell in "${@:2}"; do
        IFS=: read -r name operation _ <<< "$cell"
        start "$name" "$operation"
    done
    sync
    for cell in "${@:2}"; do begin "$cell"; done
    for cell in "${@:2}"; do ticks+=" ${cell%%:*}=$(tick "${cell%%:*}")"; done
    echo "ticks$ticks" ;;
recover)
    rm -f "$consoles"/guest-*.log       # they may end in a block of zeros
    /usr/local/etc/init.d/xl-snapshot-recover start > /srv/recover.out 2>&1 ||
        { cat /srv/recover.out; exit 1; }
    cat /srv/recover.out ;;
check) check "${@:2}" ;;
esac
