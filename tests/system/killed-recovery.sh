#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Recoveries that are killed themselves, at each entry that they make in the
# journal: run again, they go on.
. "$(dirname "$0")/faults.sh"

# to_do: sets left to what a recovery would do now.
to_do() { mapfile -t left < <(xl snapshot-recover -N --json vm | jq -r '.[0].steps[]'); }

# entries_to_kill_at: those of the plan at which the command is killed: around its
# commit point; in the long form, all.
entries_to_kill_at() {
    if in_soak; then
        seq 2 $((3 + 2 * (${#steps[@]} - 1)))
    else
        entry begun "$commit"
        entry "done" "$commit"
    fi
}

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

new_create --external qcow2:64M raw:4M
for create_options in --external --internal; do
    how=${create_options#--}
    plan_of attempt n
    remember vm
    check=is_whole
    [ $how = internal ] || check=is_whole_and_on_it
    for at in $(entries_to_kill_at); do
        if [ "$at" -lt "$(entry "done" "$commit")" ]; then
            recovery_killed "$at" "of a create, $how, back" undone unchanged vm
            ok "the guest goes on" ticking vm
        else
            recovery_killed "$at" "of a create, $how, forward" completed $check
            remember vm
        fi
    done
done

new_revert --external back_at qcow2:64M raw:4M
plan_of attempt n
remember vm
for at in $(entries_to_kill_at); do
    mark vm
    if [ "$at" -lt "$(entry "done" "$commit")" ]; then
        recovery_killed "$at" "of a revert, back" undone unchanged vm
        ok "the guest goes on" ticking vm
    else
        recovery_killed "$at" "of a revert" completed as_after
    fi
done
