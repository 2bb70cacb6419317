# SPDX-License-Identifier: LGPL-2.1-only
# shellcheck shell=bash
# Commands that are cut off at each entry of their journal, on top of snapshot.sh:
# a matrix of operation, step and fault, and what becomes of it.

. "$(dirname "${BASH_SOURCE[0]}")/snapshot.sh"

# fault_in FILE N WHAT COMMAND...: with something going wrong at its Nth write to that
# file, which is what ../fault/fault.c does. fault ENTRY WHAT COMMAND...: to its journal.
fault_in() { FAULT="$1 $2 $3" LD_PRELOAD=$PWD/fault.so "${@:4}"; }
fault() { fault_in .journal/ "$@"; }

# plan_of COMMAND...: sets steps to what its dry run says that it does, _kinds to their
# kinds, and commit to the number of the first commit point (the first step is 0).
plan_of() {
    local is_commit kind what
    "$@" -N --json > "$_tmp/plan"
    # once: jq takes a quarter of a second to start
    jq -r '.plan[] | "\(.commit_point == true) \(.kind) \(.what)"' "$_tmp/plan" > "$_tmp/steps"
    steps=() _kinds=() commit=''
    while read -r is_commit kind what; do
        [ "$is_commit" = false ] || commit=${commit:-${#steps[@]}}
        steps+=("$what") _kinds+=("$kind")
    done < "$_tmp/steps"
}

# step_of KIND: the first step of that kind of that plan.
step_of() {
    local i
    for i in "${!_kinds[@]}"; do
        [ "${_kinds[$i]}" != "$1" ] || { echo "$i"; return; }
    done
    return 1
}

# entry STATE STEP: its number in the journal: the plan is 1, then each step has
# two, "begun" and "done".
entry() { [ "$1" = begun ] && echo $((2 + 2 * $2)) || echo $((3 + 2 * $2)); }

# killed ENTRY WHEN COMMAND...: before or after that entry is written.
killed() {
    local code=0
    fault "$1" "kill-$2" "${@:3}" > "$_tmp/killed" 2>&1 || code=$?
    [ $code = 137 ] || { echo "exit code $code"; cat "$_tmp/killed"; return 1; }
}

# stopped_at ENTRY OUTPUT COMMAND...: in the background, as $pid, and stopped when that
# entry has been written.
_is_stopped() { grep -q '^State:.T' "/proc/$1/status"; }
_is_stopped_or_gone() { [ ! -e "/proc/$1" ] || _is_stopped "$1"; }
stopped_at() {
    # no function: $! is to be the command, not a shell around it
    FAULT=".journal/ $1 stop-after" LD_PRELOAD=$PWD/fault.so "${@:3}" > "$2" 2>&1 &
    pid=$!
    { until_ok 120 _is_stopped_or_gone $pid && _is_stopped $pid; } || { cat "$2"; return 1; }
}

# none_left: no journal. recovered HOW: snapshot-recover undoes it, or completes it, and
# leaves none.
none_left() { [ ! -e "$snapshots/.journal" ] || { echo "a journal is left"; return 1; }; }
# A revert that was cut off while its disks changed wants to be asked for.
recovered() {
    says "^$1\\." xl snapshot-recover --all || asked_for "$1" || return 1
    none_left
}
asked_for() {
    [ "$1" = Completed ] && grep -q "xl snapshot-recover --lose-writes vm" "$_tmp/says" &&
        says "^Completed\\." xl snapshot-recover --lose-writes vm
}

# new_fs NAME SIZE [DELAY_MS]: an ext4 on /mnt/NAME, on the device-mapper device NAME,
# which takes that long for each request.
declare -A _tables=()
new_fs() {
    local loop kind=linear delay=
    truncate -s "$2" "/srv/$1.img"
    loop=$(losetup -f --show "/srv/$1.img")
    cleanup_fn rm -f "/srv/$1.img"
    cleanup_fn losetup -d "$loop"
    [ $# -lt 3 ] || kind=delay delay=" $3"
    _tables[$1]="0 $(blockdev --getsz "$loop") $kind $loop 0$delay"
    dmsetup create "$1" --table "${_tables[$1]}"
    cleanup_fn dmsetup remove --retry "$1"
    mke2fs -q -t ext4 "/dev/mapper/$1"
    mkdir -p "/mnt/$1"
    _mount_fs "$1"
    cleanup_fn umount -l "/mnt/$1"
    cleanup_fn dmsetup resume "$1"
}
_mount_fs() { mount -o sync "/dev/mapper/$1" "/mnt/$1"; }
_set_table() { dmsetup suspend --nolockfs "$1" && dmsetup load "$1" --table "$2" && dmsetup resume "$1"; }
# break_fs NAME: each request to it fails from now on. mend_fs NAME: no more.
break_fs() { _set_table "$1" "0 $(blockdev --getsz "/dev/mapper/$1") error"; }
mend_fs() { umount -l "/mnt/$1"; _set_table "$1" "${_tables[$1]}"; _mount_fs "$1"; }

# journal_on NAME SIZE: journals are on such a device, which gets what is flushed.
journal_on() {
    new_fs "$@"
    mount -o remount,async "/mnt/$1"
    mkdir -m 700 "$snapshots/.journal"
    mount --bind "/mnt/$1" "$snapshots/.journal"
    cleanup_fn umount -l "$snapshots/.journal"
}

# is_under_way FILE: some of the memory is in it, not only its head.
is_under_way() { [ -e "$1" ] && [ "$(stat -c %s "$1")" -gt 2000000 ]; }

# on_layer DOMAIN IMAGE...: stored config, xenstore and QEMU all name these.
on_layer() {
    local image world
    ./world "$1" > "$_tmp/world"
    world=$(<"$_tmp/world")
    for image in "${@:2}"; do
        [[ $world = *"\"pdev_path\": \"$image\""* &&
            $world =~ /params\ =\ \"[a-z0-9:]*"$image"\" &&
            $world =~ node\ [^\ ]+\ "$image"($|$'\n') ]] ||
            { echo "not everywhere: $image"; cat "$_tmp/world"; return 1; }
    done
}

# undone ENTRY WHEN, completed ENTRY WHEN: of the command of kill_everywhere.
undone() {
    killed "$1" "$2" attempt n && recovered Undone && ticking vm unchanged vm
}
completed() {
    mark vm
    killed "$1" "$2" attempt "n$1" && recovered Completed && as_after "n$1"
}

# cell STEP FAULT OUTCOME ENTRY WHEN: a test point, and a cell of the matrix that
# "./dev check" prints.
cell() { ok "$operation | $1 | $2 | $3" "$3" "$4" "$5"; }

# kill_everywhere OPERATION UNSURE: "attempt NAME [OPTION...]", a command that
# changes the domain vm, is killed before each entry of its journal, and
# recovered: up to its commit point it has to be undone, after it completed, which
# "as_after NAME" checks. UNSURE: what it has to be if the commit point was begun
# and not reached.
kill_everywhere() {
    local operation=$1 unsure=$2 outcome=undone i
    # killed before its journal says so, nobody knows that it made this folder
    mkdir -p -m 700 "$snapshots"
    plan_of attempt n
    remember vm
    cell "the journal" "killed before the plan" undone 1 before
    for ((i = 0; i < ${#steps[@]}; i++)); do
        cell "${steps[$i]}" "killed before begun" $outcome "$(entry begun $i)" before
        if [ $i = "$commit" ]; then
            cell "${steps[$i]}" "killed when begun" "$unsure" "$(entry begun $i)" after
            outcome=completed
        elif in_soak; then
            cell "${steps[$i]}" "killed when begun" $outcome "$(entry begun $i)" after
        fi
        cell "${steps[$i]}" "killed before done" $outcome "$(entry "done" $i)" before
        ! in_soak ||
            cell "${steps[$i]}" "killed when done" $outcome "$(entry "done" $i)" after
    done
}

# new_vm DISK...: a new domain in the place of the one before it. domain_options are
# those of new_domain.
domain_options=()
new_vm() {
    remove_domain vm
    rm -rf "${snapshots:?}/vm"
    new_snapshot_domain "${domain_options[@]}" vm "$@"
    ticking vm
}

# new_create "OPTION..." DISK...: a new domain, of which attempt takes snapshots with
# these options; as_after NAME checks that there is one.
new_create() {
    create_options=$1
    new_vm "${@:2}"
    # shellcheck disable=SC2086
    attempt() { xl snapshot-create $create_options -n "$1" "${@:2}" vm; }
    as_after() { ticking vm xl snapshot-verify "$(cfg vm "$1")" && name=$1; }
    attempt first > /dev/null       # the one that makes the domain's folder
}

# new_revert "OPTION..." IS_BACK DISK...: a new domain with a snapshot s that was taken
# with these options. attempt reverts to it; as_after lets IS_BACK BEFORE AFTER check
# that the domain is back between these ticks.
new_revert() {
    new_vm "${@:3}"
    before=$(tick vm)
    # shellcheck disable=SC2086
    xl snapshot-create $1 -n s vm > /dev/null
    after=$(tick vm)
    ticking vm
    is_back=$2
    attempt() { xl snapshot-revert "${@:2}" vm "$(cfg vm s)"; }
    as_after() { $is_back vm "$before" "$after"; }
}

# kill_reverts OPERATION "OPTION..." IS_BACK DISK...: kill_everywhere of that.
kill_reverts() {
    new_revert "${@:2}"
    kill_everywhere "$1" undone
}
