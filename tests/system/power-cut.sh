# SPDX-License-Identifier: LGPL-2.1-only
# shellcheck shell=bash
# The power of the host is cut in the middle of commands, a step further each
# time; it boots again, recovers before its domains start, and these come up with
# all that they had flushed. Many domains at once, since a boot takes long.
#
# Sourced by tests that run outside, which say what is cut, and on which domains:
#
#   cut_power DOMAIN:OPERATION...
#
# The long form cuts it when any step has been begun, too.
#
# Domains of one operation share its cuts. power.sh does what is done in dom0.
set -eu -o pipefail

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
    sed 's/^/#   /' "$out"
    echo "1..$count"
    exit 1
}
dom0() {
    "$XENHOST" exec "$HOST" -t 900 -- \
        "cd /root/tests/system && SOAK=${SOAK:-} bash ./power.sh $*" > "$out" 2>&1
}

# Sets cuts to what each operation is cut at, a line each: "ENTRY:FLUSHED:OUTCOME
# STEP | FAULT".
declare -A cuts=()
find_cuts() { # DOMAIN:OPERATION...
    local lane operation
    for lane; do
        operation=${lane#*:}
        [ -z "${cuts[$operation]:-}" ] || continue
        dom0 cuts "$lane" || failed "the cuts of $operation"
        cuts[$operation]=$(sed -n 's/^cut //p' "$out")
    done
}

# Takes the next round off cuts: cells, and what they are called in the matrix.
next_cells() { # DOMAIN:OPERATION...
    local lane operation cut
    cells=() names=()
    for lane; do
        operation=${lane#*:}
        cut=${cuts[$operation]%%$'\n'*}
        [ -n "$cut" ] || continue
        cuts[$operation]=${cuts[$operation]#"$cut"}
        cuts[$operation]=${cuts[$operation]#$'\n'}
        cells+=("$lane:${cut%% *}")
        names+=("${titles[$operation]} | ${cut#* }")
    done
    [ ${#cells[@]} -gt 0 ]
}

cut_round() { # NUMBER
    local ticks i
    dom0 begin "${cells[@]}" || failed "round $1: begin"
    ticks=$(sed -n 's/^ticks //p' "$out")
    "$XENHOST" kill "$HOST"
    "$XENHOST" start "$HOST" -i -s "$SHARE" > "$out" 2>&1 || failed "round $1: boot"
    dom0 recover || failed "round $1: recovery at boot"
    dom0 check "$ticks" "${cells[@]}" || failed "round $1: after the cut"
    for i in "${!cells[@]}"; do
        ok "${names[$i]} | $(sed -n "s/^outcome ${cells[$i]%%:*} //p" "$out")"
    done
}

cut_power() { # DOMAIN:OPERATION...
    local cells names round=0
    out=$(mktemp) since=$SECONDS
    # shellcheck disable=SC2064
    trap "dom0 remove ${*%%:*}; rm -f '$out'" EXIT
    find_cuts "$@"
    while next_cells "$@"; do
        round=$((round + 1))
        cut_round $round
    done
    echo "1..$count"
}
