#!/bin/bash
# What 50-power-cut.sh does in dom0, before and after the cut.
#
#   power.sh steps             the steps of a create and of a revert
#   power.sh begin CELL...     start the domains, and the commands, which stop at
#                              their entries; prints "ticks DOMAIN=N..."
#   power.sh recover           what the host does at boot
#   power.sh check CELL DOMAIN=N...
#                              that all is as before, or done, and the domain
#                              comes up; prints "outcome undone|completed"
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
    new_domain "$1" qcow2:64M raw:4M
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

check() { # CELL DOMAIN=N...
    local name operation entry outcome disks ticks=''
    IFS=: read -r name operation entry <<< "$1"
    [[ " $* " =~ " $name="([0-9]+)" " ]] && ticks=${BASH_REMATCH[1]}
    [ ! -e "$snapshots/.journal" ]
    _domains+=("$name")
    if xl domid "$name"; then outcome=completed
    elif [ "$operation" = create ] && [ -e "$(cfg "$name" s)" ]; then outcome=completed
    else outcome=undone
    fi
    case $operation-$outcome in
    create-completed)
        xl snapshot-verify "$(cfg "$name" s)"
        disks=$(grep -h "^    '/srv/$name/" /srv/recover.out | tr -d '\n')
        mark "$name"
        xl create -q "$(config "$name")" "disk=[ $disks ]"
        boots_at "$name" "$ticks" 100000 ;;
    revert-completed)
        wait_tick "$name" 0
        back_at "$name" "$(cat "/srv/$name/old")" $(($(cat "/srv/$name/old") + 100)) ;;
    *-undone)
        diff "/srv/$name.files" <(find "/srv/$name")
        start_domain "$name"
        boots_at "$name" "$ticks" 100000 ;;
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
