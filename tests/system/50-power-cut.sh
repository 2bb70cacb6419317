#!/bin/bash
# runs: outside
# time-limit: 2400
# The power of the host is cut in the middle of commands, a step further each
# time; it boots again, recovers before its domains start, and these come up with
# all that they had flushed. Several domains at once, since a boot takes long.
set -eu -o pipefail

count=0
ok() { count=$((count + 1)); echo "ok $count - $1 # $((SECONDS - since)).0 s"; since=$SECONDS; }
failed() {
    count=$((count + 1))
    echo "not ok $count - $1"
    sed 's/^/#   /'
    echo "1..$count"
    exit 1
}
dom0() { "$XENHOST" exec "$HOST" -t 600 -- "cd /root/tests/system && bash ./power.sh $*"; }

out=$(mktemp)
trap 'dom0 remove a b c d e f r s > /dev/null 2>&1; rm -f "$out"' EXIT
since=$SECONDS
dom0 steps > "$out" 2>&1 || failed "the steps of the commands" < "$out"
mapfile -t creates < <(sed -n 's/^create //p' "$out")
mapfile -t reverts < <(sed -n 's/^revert //p' "$out")

# Of each round: create ENTRY is cut on domains a to f, revert ENTRY on r and s.
entry=1 revert=1 round=0
last_create=$((1 + 2 * ${#creates[@]})) last_revert=$((1 + 2 * ${#reverts[@]}))
while [ $entry -le $last_create ] || [ $revert -le $last_revert ]; do
    round=$((round + 1)) cells=()
    for domain in a b c d e f; do
        [ $entry -le $last_create ] || continue
        cells+=("$domain:create:$entry")
        entry=$((entry + 2))
    done
    for domain in r s; do
        [ $revert -le $last_revert ] || continue
        cells+=("$domain:revert:$revert")
        revert=$((revert + 2))
    done
    dom0 begin "${cells[@]}" > "$out" 2>&1 || failed "round $round: begin" < "$out"
    ticks=$(sed -n 's/^ticks //p' "$out")
    "$XENHOST" kill "$HOST"
    "$XENHOST" start "$HOST" -i -s "$SHARE" > "$out" 2>&1 || failed "round $round: boot" < "$out"
    dom0 recover > "$out" 2>&1 || failed "round $round: recovery at boot" < "$out"
    # shellcheck disable=SC2086
    dom0 check $ticks "${cells[@]}" > "$out" 2>&1 || failed "round $round: after the cut" < "$out"
    for cell in "${cells[@]}"; do
        IFS=: read -r domain operation n <<< "$cell"
        case $operation in
        create) step=${creates[$(((n - 2) / 2))]} ;;
        revert) step=${reverts[$(((n - 2) / 2))]} ;;
        esac
        [ "$n" != 1 ] || step="the journal"
        ok "$operation, PV, external | $step | power cut | $(sed -n "s/^outcome $domain //p" "$out")"
    done
done
echo "1..$count"
