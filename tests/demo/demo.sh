#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# What xl-snapshot does, shown on a real domain: "./dev demo" runs it in dom0 of
# an emulated Xen host. A snapshot, the guest goes on, back to the snapshot, and
# back once more.
. "$(dirname "$0")/../system/snapshot.sh"

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() { printf '\n# %s\n' "$*"; "$@"; }

# The last tick that image $1 of the paused domain holds.
tick_on() {
    qemu-img convert -U -f "$2" -O raw "$1" /srv/demo/read
    witness --check /srv/demo/read | awk '{ print $(NF - 1) }'
}

# show WHEN: what memory and disks hold now, as a line of the table. The domain
# is held for the moment of the look: between two ticks, not in the middle of one.
show() {
    local a b row try
    for try in 1 2 3 4 5; do
        xl pause demo 2>/dev/null
        read -r a b < <(disks_of demo | awk '{ print $2 ":" $3 }' | xargs)
        row=("$(tick demo)" "$(tick_on "${a%:*}" "${a#*:}")" \
            "$(tick_on "${b%:*}" "${b#*:}")")
        xl unpause demo
        [ "${row[*]}" != "${row[0]} ${row[0]} ${row[0]}" ] || break
        nap "0.$try"
    done
    printf -v line '%-34s %8s %8s %8s' "$1" "${row[@]}"
    table+=("$line")
}

# back TITLE ROW: reverts, and adds what the guest went on from to the table.
back() {
    title "$1"
    mark demo
    run xl snapshot-revert demo before-upgrade
    back_at demo 0 $((at + 1))
    printf -v line '%-34s %8s   memory and both disks fit' "$2" "$(resumed_tick demo)"
    table+=("$line")
    show "a moment later"
}

table=()
_skipped=demo           # no TAP: this is for people

title "A PV domain with a qcow2 and a raw disk. Its guest counts, in memory and on both disks."
new_snapshot_domain -a witness.interval=200 demo qcow2:16M raw:4M
run xl list demo
grep '^disk' "$(config demo)"
wait_tick demo 10

title "Take a snapshot of it, memory and disks of one instant:"
run xl snapshot-create --name before-upgrade demo
at=$(tick demo)
printf -v line '%-34s %8s' "when the snapshot was done" "$at"
table+=("$line")

title "The guest goes on and writes:"
wait_tick demo $((at + 12))
show "later, before the revert"
printf '%s\n' "${table[-1]}"

back "Back to the snapshot:" "after the revert it went on from"
back "And back once more, to the same snapshot:" "after the second it went on from"

title "The guest's counter                 memory     xvda     xvdb"
printf '%s\n' "${table[@]}"
title "At each of its ticks the guest compared both disks with its memory: nothing torn."
sound demo
