#!/bin/bash
# A journal that cannot be written, and a SIGTERM, at each entry: before the commit
# point the command undoes what it did, and says so; after it, it goes on.
. "$(dirname "$0")/faults.sh"

new_snapshot_domain vm qcow2:64M raw:4M
attempt() { xl snapshot-create --external -n "$1" "${@:2}" vm; }
attempt first > /dev/null

# (A folder that was full while the plan was written is no reason to keep a journal.)
# refused ENTRY FAULT TEXT; done_anyway ENTRY FAULT
refused() {
    mustfail "$3" fault "$1" "$2" attempt n && none_left && ticking vm unchanged vm
}
done_anyway() {
    local said='Snapshot n'
    [ "$2" != term-after ] || said='a signal came after the commit point: there was no way back'
    says "$said" fault "$1" "$2" attempt "n$1-$2" && none_left &&
        ticking vm on_layer vm "/srv/vm/xvda.n$1-$2.qcow2"
}
# at ENTRY STEP FAULT WORDS TEXT: a cell
at() {
    local first_done
    first_done=$(entry "done" "$commit")
    # the signal comes when the step has been begun
    [ "$3" != term-after ] || first_done=$(entry begun "$commit")
    if [ "$1" -lt "$first_done" ]; then
        ok "create, PV, external | $2 | $4 | undone" refused "$1" "$3" "$5"
    else
        ok "create, PV, external | $2 | $4 | completed" done_anyway "$1" "$3"
    fi
}

plan_of attempt n
remember vm
at 1 "the journal" enospc "no space for the plan" "cannot write the journal"
for ((i = 0; i < ${#steps[@]}; i++)); do
    at "$(entry begun $i)" "${steps[$i]}" enospc "no space" "No space left on device"
    at "$(entry begun $i)" "${steps[$i]}" term-after "SIGTERM" "interrupted by a signal"
done
