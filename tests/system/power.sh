#!/bin/bash
# What 50-power-cut.sh does in dom0, before and after the cut.
#
#   power.sh steps             the steps of a create and of a revert
#   power.sh begin CELL...     start the domains, and the commands, which stop at
#                              their entries; prints "ticks DOMAIN=N..."
#   power.sh recover           what the host does at boot
#   power.sh check DOMAIN=N... CELL...
#                              that all is as before, or done, and the domains come
#                              up; prints "outcome DOMAIN undone|completed..."
#   power.sh remove DOMAIN...  what is left of them in the end
#
# CELL: DOMAIN:create|revert:ENTRY
. "$(dirname "$0")/faults.sh"

# attempt CELL [OPTION...]: sets command, and runs it. command_of CELL: the first.
command_of() {
    local name operation entry
    IFS=: read -r name operation entry <<< "$1"
    case $operation in
    create) command=(xl snapshot-create --external -n "s$entry" "${@:2}" "$name") ;;
    revert) command=(xl snapshot-revert "${@:2}" "$name" "$(cfg "$name" old)") ;;
    esac
}
attempt() { command_of "$@"; "${command[@]}"; }

# A domain that survives this script, with a snapshot for a revert; from the second
# round on it is what came up after the last cut.
start() { # CELL
    local name operation
    IFS=: read -r name operation _ <<< "$1"
    [ -e "/srv/$name" ] || new_domain -a witness.interval=2000 "$name" qcow2:64M raw:4M
    if [ "$operation" = create ]; then
        rm -rf "${snapshots:?}/$name"   # the plan is to begin with that folder
    elif [ ! -e "/srv/$name/old" ]; then
        xl snapshot-create --external -n old --update-config="$(config "$name")" \
            "$name" > /dev/null
        tick "$name" > "/srv/$name/old"
        ticking "$name"
    fi
    find "/srv/$name" > "/srv/$name.files"
}

begin() { # CELL
    command_of "$1"
    stopped_at "${1##*:}" "/srv/${1%%:*}.out" "${command[@]}"
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

# What is to be as the outcome says, before the domain of a cell is started.
check_files() { # CELL OUTCOME
    local name operation entry
    IFS=: read -r name operation entry <<< "$1"
    case $operation-$2 in
    create-completed) xl snapshot-verify "$(cfg "$name" "s$entry")" ;;
    create-completed*) [ ! -e "$snapshots/$name" ] ;;
    *-undone) diff "/srv/$name.files" <(find "/srv/$name") ;;
    esac
}

# boot NAME OUTCOME: from its xl.cfg, with the disks that the recovery named in it, if
# there was something to complete; but a revert that was done again has brought it
# back already.
boot() {
    local disks
    disks=$(grep -h "^    '/srv/$1/" /srv/recover.out | tr -d '\n') || [ "$2" = undone ]
    [ -z "$disks" ] || sed -i "s|^disk = .*|disk = [ $disks ]|" "$(config "$1")"
    ! xl domid "$1" || return 0
    mark "$1"
    _create "$1" || _create "$1"
}

# The domain of a cell goes on from what it had flushed before the cut, tick N at
# least, or from its old snapshot.
came_up() { # CELL OUTCOME N
    local name=${1%%:*} old
    case $1-$2 in
    *:revert:*-completed)
        old=$(cat "/srv/$name/old")
        if grep -q "WITNESS resume" "$consoles/guest-$name.log"; then
            has_booted_at "$name" "$old" $((old + 100))
        else
            is_back_at "$name" "$old" $((old + 100))
        fi ;;
    *) has_booted_at "$name" "$3" 100000 ;;
    esac
}

check() {
    local -A flushed=() outcomes=() ticks=()
    local cell name
    while [[ $1 = *=* ]]; do flushed[${1%%=*}]=${1#*=}; shift; done
    none_left
    # all do one thing before the first is waited for
    for cell; do
        name=${cell%%:*} outcomes[$name]=$(outcome_of "$name")
        echo "$cell: ${outcomes[$name]}"
        check_files "$cell" "${outcomes[$name]}"
        boot "$name" "${outcomes[$name]}"
    done
    for cell; do
        name=${cell%%:*}
        echo "$cell comes up"
        came_up "$cell" "${outcomes[$name]}" "${flushed[$name]}"
        _read_console "$name"
        ticks[$name]=$_ticks
    done
    for name in "${!ticks[@]}"; do
        echo "$name goes on"
        until_ok 90 _ticked "$name" $((ticks[$name] + 2))
        sound "$name"
        echo "outcome $name ${outcomes[$name]}"
    done
}

# Nothing of this ends with the script.
trap - EXIT
case $1 in
steps)
    mkdir -p -m 700 "$snapshots"        # no plan is to begin with that folder
    for cell in a:create:1 r:revert:1; do
        start "$cell"
        plan_of attempt "$cell"
        printf "%s\n" "${steps[@]/#/${cell:2:6} }"
    done ;;
begin)
    for cell in "${@:2}"; do start "$cell"; done
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
remove)
    for name in "${@:2}"; do
        remove_domain "$name"
        rm -rf "${snapshots:?}/$name" "/srv/$name".*
    done
    rm -f /srv/recover.out ;;
esac
