#!/bin/bash
# runs: outside
# time-limit: 2400
# The power of the host is cut in the middle of commands, a step further each
# time; it boots again, recovers before its domains start, and these come up with
# all that they had flushed. Many domains at once, since a boot takes long.
set -eu -o pipefail

# What is cut, and on which domains; power.sh says what it is. With EVERY_KIND set, by
# hand, all that there is: that takes ten minutes.
lanes=(a:create b:create c:create d:create e:create f:create r:revert s:revert)
[ -z "${EVERY_KIND:-}" ] || lanes+=(
    g:create-live h:create-live i:create-mixed j:create-mixed k:create-mixed
    t:revert-internal u:revert-disks v:revert-disks w:revert-tags
)
declare -A titles=(
    [create]="create, PV, external"
    [create-live]="create, PVH, live, internal"
    [create-mixed]="create, PV, qcow2 and LVM"
    [revert]="revert, external"
    [revert-internal]="revert, internal"
    [revert-disks]="revert, external, no memory"
    [revert-tags]="revert, internal, no memory"
)

count=0
ok() { count=$((count + 1)); echo "ok $count - $1 # $((SECONDS - since)).0 s"; since=$SECONDS; }
failed() {
    count=$((count + 1))
    echo "not ok $count - $1"
    sed 's/^/#   /'
    echo "1..$count"
    exit 1
}
dom0() { "$XENHOST" exec "$HOST" -t 900 -- "cd /root/tests/system && bash ./power.sh $*"; }

out=$(mktemp)
trap 'dom0 remove "${lanes[@]%%:*}" > /dev/null 2>&1; rm -f "$out"' EXIT
since=$SECONDS

# steps: OPERATION ENTRY -> the step that the journal says is done in that entry.
# next: the entry that each operation is cut at next, as far as there are any.
declare -A steps=() next=()
for lane in "${lanes[@]}"; do
    operation=${lane#*:}
    [ -z "${next[$operation]:-}" ] || continue
    next[$operation]=1 steps[$operation 1]="the journal" entry=1
    dom0 steps "$lane" > "$out" 2>&1 || failed "the steps of $operation" < "$out"
    while read -r step; do
        entry=$((entry + 2))
        steps[$operation $entry]=$step
    done < <(sed -n 's/^step //p' "$out")
done

# Sets cells to the next round's: DOMAIN:OPERATION:ENTRY.
next_cells() {
    local lane operation
    cells=()
    for lane in "${lanes[@]}"; do
        operation=${lane#*:}
        [ -n "${steps[$operation ${next[$operation]}]:-}" ] || continue
        cells+=("$lane:${next[$operation]}")
        next[$operation]=$((next[$operation] + 2))
    done
    [ ${#cells[@]} -gt 0 ]
}

round=0
while next_cells; do
    round=$((round + 1))
    dom0 begin "${cells[@]}" > "$out" 2>&1 || failed "round $round: begin" < "$out"
    ticks=$(sed -n 's/^ticks //p' "$out")
    "$XENHOST" kill "$HOST"
    "$XENHOST" start "$HOST" -i -s "$SHARE" > "$out" 2>&1 || failed "round $round: boot" < "$out"
    dom0 recover > "$out" 2>&1 || failed "round $round: recovery at boot" < "$out"
    # shellcheck disable=SC2086
    dom0 check $ticks "${cells[@]}" > "$out" 2>&1 || failed "round $round: after the cut" < "$out"
    for cell in "${cells[@]}"; do
        IFS=: read -r domain operation entry <<< "$cell"
        ok "${titles[$operation]} | ${steps[$operation $entry]} | power cut | $(sed -n "s/^outcome $domain //p" "$out")"
    done
done
echo "1..$count"
