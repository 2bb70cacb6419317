#!/bin/bash
# Recoveries that are killed themselves, at each entry that they make in the
# journal: run again, they go on.
. "$(dirname "$0")/faults.sh"

new_snapshot_domain vm qcow2:64M raw:4M
attempt() { xl snapshot-create $how -n "$1" "${@:2}" vm; }
how=--external
attempt first > /dev/null

# to_do: sets left to what a recovery would do now.
to_do() { mapfile -t left < <(xl snapshot-recover -N --json vm | jq -r '.[0].steps[]'); }

# recovery_killed AT OPERATION HOW CHECK: the command, whose snapshot is $name, is
# killed when entry AT has been written; its recovery at each of its own entries, and
# then left to end.
made=0
recovery_killed() {
    local i j num steps left
    name=n$((++made))
    killed "$1" after attempt $name
    to_do
    steps=("${left[@]}") num=${#left[@]}
    for ((i = 0; i < num; i++)); do
        # that of a revert begins behind the domain's return, once that is done
        to_do
        j=$((i - (num - ${#left[@]})))
        ok "recovery, $2 | ${steps[$i]} | killed before begun | killed" \
            killed $((1 + 2 * j)) before xl snapshot-recover vm
        ok "recovery, $2 | ${steps[$i]} | killed before done | killed" \
            killed $((2 + 2 * j)) before xl snapshot-recover vm
    done
    ok "recovery, $2 | all of it | killed $((2 * num)) times | $3" recovered "${3^}"
    ok "all is well" "${@:4}"
}
is_whole() { ticking vm xl snapshot-verify "$(cfg vm $name)"; }
is_whole_and_on_it() { is_whole && on_layer vm "/srv/vm/xvda.$name.qcow2"; }

for how in --external --internal; do
    plan_of attempt n
    remember vm
    recovery_killed "$(entry begun "$commit")" "of a create, ${how#--}, back" \
        undone unchanged vm
    ok "the guest goes on" ticking vm
    check=is_whole
    [ $how = --internal ] || check=is_whole_and_on_it
    recovery_killed "$(entry "done" "$commit")" "of a create, ${how#--}, forward" \
        completed $check
done

before=$(tick vm)
xl snapshot-create --external -n s vm > /dev/null
after=$(tick vm)
ticking vm
attempt() { xl snapshot-revert "${@:2}" vm "$(cfg vm s)"; }
plan_of attempt n
mark vm
recovery_killed "$(entry begun "$commit")" "of a revert" completed back_at vm "$before" "$after"
