#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# What power-cut.sh does in dom0, before and after the cut.
#
#   power.sh cuts DOMAIN:OPERATION   prints "cut ENTRY:FLUSHED:OUTCOME STEP | FAULT" for
#                              each entry of its journal to cut at: how many entries
#                              are on the disk then, at least, and what it has to be
#                              after the recovery, undone, completed or either
#   power.sh begin CELL...     start the domains, and the commands, which stop at
#                              their entries; prints "ticks DOMAIN=N..."
#   power.sh recover           what the host does at boot
#   power.sh check DOMAIN=N... CELL...
#                              that all is as before, or done, and the domains come
#                              up; prints "outcome DOMAIN undone|completed..."
#   power.sh remove DOMAIN...  what is left of them in the end
#
# CELL: DOMAIN:OPERATION:ENTRY:FLUSHED:OUTCOME
. "$(dirname "$0")/faults.sh"
. "$(dirname "$0")/lvm.sh"

# attempt CELL [OPTION...]: sets command, and runs it. command_of CELL: the first.
command_of() {
    local name operation entry
    IFS=: read -r name operation entry _ <<< "$1"
    case $operation in
    create) command=(--external) ;;
    create-live) command=(--live) ;;
    create-mixed) command=() ;;
    revert*) command=(xl snapshot-revert "${@:2}" "$name" "$(cfg "$name" s)"); return ;;
    esac
    command=(xl snapshot-create "${command[@]}" -n "n$entry" "${@:2}" "$name")
}
attempt() { command_of "$@"; "${command[@]}"; }

# A domain for an operation, that survives this script.
make_domain() { # NAME OPERATION
    local -a how=(--external) disks=(qcow2:64M raw:4M)
    case $2 in *-live | *-internal | *-tags) how=(--internal) disks=(qcow2:64M) ;; esac
    case $2 in *-disks | *-tags) how+=(--disk-only --domain-config "$(config "$1")") ;; esac
    case $2 in
    *-live) set -- "$@" -t pvh ;;
    *-mixed)
        make_volumes "$1"
        disks=(qcow2:64M "/dev/vg-0/$1-thick,raw,%v,w,backendtype=qdisk"
            "/dev/vg-0/$1-thin,raw,%v,w,backendtype=qdisk") ;;
    esac
    new_domain -a witness.interval=4000 "${@:3}" "$1" "${disks[@]}"
    [[ $2 = revert* ]] || return 0
    tick "$1" > "/srv/$1/old"
    xl snapshot-create "${how[@]}" -n s --update-config="$(config "$1")" "$1" > /dev/null
    ticking "$1"
}

# On a device that a cut does not take away.
make_volumes() {
    vgs vg-0 > /dev/null 2>&1 || {
        lvm_ vgcreate vg-0 /dev/vdc
        lvm_ lvcreate -L 64M -T vg-0/pool
    }
    lvm_ lvcreate -L 16M -n "$1-thick" vg-0
    lvm_ lvcreate -V 32M -T vg-0/pool -n "$1-thin"
}
# drop_volumes DOMAIN: of its snapshots.
drop_volumes() {
    local volume
    for volume in $(volumes | sed -n "s/^\($1-[^ ]*\.[^ ]*\) .*/\1/p"); do
        lvm_ lvremove -f "vg-0/$volume"
    done
}

# From the second round on a domain is what came up after the last cut.
start() { # CELL
    local name operation
    IFS=: read -r name operation _ <<< "$1"
    [ -e "/srv/$name" ] || make_domain "$name" "$operation"
    if [[ $operation = create* ]]; then
        rm -rf "${snapshots:?}/$name"   # the plan is to begin with that folder
        [[ $operation != *-mixed ]] || drop_volumes "$name"
    fi
    state "$1" > "/srv/$name.before"
}

# What is of a domain on disks: files, tags, volumes.
state() { # CELL
    local name operation
    IFS=: read -r name operation _ <<< "$1"
    find "/srv/$name"
    case $operation in
    create-* | *-internal | *-tags) qemu-img snapshot -U -l "/srv/$name/xvda.qcow2" ;;&
    *-mixed) volumes | grep "^$name-" ;;
    esac
}

# A command begins what is to be the commit point, or ends a step, and the power is cut:
# when that entry is written, and not flushed. Those are flushed that a recovery needs
# (run.h); while the guest is held, from the save on until it is unpaused, none but the
# commit point's. A revert is undone at another boot until it has begun to overwrite
# something, or its domain may have run.
cuts() { # CELL
    local i begun outcome=undone flushed=1 held='' owes='' commit=$commit
    case $1 in *:revert*)
        while ((++commit)); do
            case ${_kinds[$commit]} in exec | hook | remove-bitmaps | unpause) break ;; esac
        done ;;
    esac
    echo "cut 1:0:undone the journal | power cut"
    for i in "${!steps[@]}"; do
        begun=$(entry begun "$i")
        if [ "$i" = "$commit" ]; then
            echo "cut $begun:$flushed:either ${steps[$i]} | power cut when begun"
            flushed=$begun outcome=completed
            # if it is not in the journal that QEMU has done it
            [ -z "$held" ] || outcome=either
        elif in_soak; then
            echo "cut $begun:$flushed:$outcome ${steps[$i]} | power cut when begun"
        fi
        [ -n "$held" ] || case ${_kinds[$i]}:$owes:${steps[$i]} in
        save:* | pause:* | destroy:* | restore:* | boot:* | exec:made:format* | *:passed:*)
            flushed=$begun outcome=${outcome/either/completed} owes='' ;;
        esac
        case ${_kinds[$i]} in save) held=1 ;; unpause) held='' ;; esac
        echo "cut $((begun + 1)):$flushed:$outcome ${steps[$i]} | power cut"
        case ${_kinds[$i]} in mkdir | create-file) owes=made ;; esac
        [ "$i" != "$commit" ] || owes=passed
    done
}

begin() { # CELL
    local name entry
    IFS=: read -r name _ entry _ <<< "$1"
    command_of "$1"
    stopped_at "$entry" "/srv/$name.out" "${command[@]}"
}

# Prints how many entries the journal of each domain has.
journals() {
    local journal line name num
    for journal in "$snapshots/.journal"/*.json; do
        [ -e "$journal" ] || continue
        num=0 name=''
        while read -r line; do
            [ $num != 0 ] || { name=${line#*'"domain":"'} name=${name%%'"'*}; }
            num=$((num + 1))
        done < "$journal"
        [ $num = 0 ] || echo "$name $num"
    done
}

# Recover the domains whose reverts overwrite something: the boot leaves them to a person.
recover_asked_for() {
    local names name
    names=$(sed -n 's/.*xl snapshot-recover --lose-writes \([^ ]*\) completes.*/\1/p' \
        /srv/recover.out)
    [ -n "$names" ] || return 1
    for name in $names; do
        xl snapshot-recover --lose-writes "$name" >> /srv/recover.out 2>&1 || return 1
    done
    [ ! -e /var/lib/xen/snapshots/.journal ]
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
check_state() { # CELL OUTCOME
    local name operation entry flushed outcome entries
    IFS=: read -r name operation entry flushed outcome <<< "$1"
    case $outcome-$2 in
    either-* | undone-undone | completed-completed*) ;;
    *) echo "which has to be $outcome"; return 1 ;;
    esac
    entries=$(sed -n "s/^$name //p" /srv/journals)
    [ "${entries:-0}" -ge "$flushed" ] ||
        { echo "${entries:-0} entries of $flushed"; return 1; }
    case $operation-$2 in
    create*-completed) xl snapshot-verify "$(cfg "$name" "n$entry")" ;;
    create*-completed*) [ ! -e "$snapshots/$name" ] ;;
    *-undone) diff "/srv/$name.before" <(state "$1") ;;
    esac
}

# boot CELL OUTCOME: from its xl.cfg, with the disks that the recovery named in it, if
# there was something to complete that changed them; but a revert that was done again
# has brought the domain back already.
boot() {
    local name operation disks
    IFS=: read -r name operation _ <<< "$1"
    disks=$(grep -h "^    '/srv/$name/" /srv/recover.out | tr -d '\n') ||
        case $operation-$2 in create-c* | revert-c* | *-disks-c*) return 1 ;; esac
    [ -z "$disks" ] || sed -i "s|^disk = .*|disk = [ $disks ]|" "$(config "$name")"
    ! xl domid "$name" || return 0
    mark "$name"
    _create "$name" || _create "$name"
}

# The domain of a cell goes on from what it had flushed before the cut, tick N at
# least, or from its old snapshot.
came_up() { # CELL OUTCOME N
    local name=${1%%:*} old
    case $1-$2 in
    *:revert*-completed)
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
        check_state "$cell" "${outcomes[$name]}"
        boot "$cell" "${outcomes[$name]}"
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
cuts)
    mkdir -p -m 700 "$snapshots"        # no plan is to begin with that folder
    start "$2:"
    plan_of attempt "$2:"
    cuts "$2:" ;;
begin)
    for cell in "${@:2}"; do start "$cell"; done
    sync
    for cell in "${@:2}"; do begin "$cell"; done
    flushed=''
    for cell in "${@:2}"; do flushed+=" ${cell%%:*}=$(tick "${cell%%:*}")"; done
    echo "ticks$flushed" ;;
recover)
    rm -f "$consoles"/guest-*.log       # they may end in a block of zeros
    ! vgs vg-0 > /dev/null 2>&1 || lvm_ vgchange -ay vg-0
    journals > /srv/journals
    /etc/init.d/xl-snapshot-recover start > /srv/recover.out 2>&1 || recover_asked_for ||
        { cat /srv/recover.out; exit 1; }
    cat /srv/recover.out ;;
check) check "${@:2}" ;;
remove)
    for name in "${@:2}"; do
        remove_domain "$name"
        rm -rf "${snapshots:?}/$name" "/srv/$name".*
    done
    rm -f /srv/recover.out /srv/journals
    ! vgs vg-0 > /dev/null 2>&1 || { vgremove -q -y -f vg-0; pvremove -q -y /dev/vdc; } ;;
esac
