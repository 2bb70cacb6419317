# SPDX-License-Identifier: LGPL-2.1-only
# Random walks against a model, walk/walk.py: snapshots, reverts, deletes, commits, pulls,
# recoveries of commands that were cut off, and what people do in between. After each step
# all that anybody needs shows what it did, and nothing of it is called left over.
#
# WALKS of them, from SEED on, which is the date; SEED=N STEP=K repeats one up to that step.
. "$srcdir/tests/command/faults.sh"

walks=${WALKS:-20}
steps=${STEP:-30}
[ -z "${STEP-}" ] || walks=1
seed=${SEED:-$(date +%Y%m%d00)}
WALK_PROGRAM=$program WALK_PRELOAD="$sanitizer $preload" WALK_LIBRARIES=$libraries
WALK_FAULT=$fault WALK_TMP=$hidden
export WALK_PROGRAM WALK_PRELOAD WALK_LIBRARIES WALK_FAULT WALK_TMP
# walked SEED: adds what the walk counts to the file "counts"; or shows its commands.
: >"$hidden/counts"
walked() {
    python3 -B "$here/walk/walk.py" "$1" "$steps" >"$hidden/walk" 2>&1 ||
        { cat "$hidden/walk"; return 1; }
    cat "$hidden/walk" >>"$hidden/counts"
}
while [ "$walks" -gt 0 ]; do
    new_host
    ok "walk $seed, of $steps steps" walked "$seed"
    seed=$((seed + 1)) walks=$((walks - 1))
done
awk '{ num = $1; sub(/^[0-9]* /, ""); sum[$0] += num }
    END { for (what in sum) print "# " sum[what], what }' "$hidden/counts" | sort -k 3
finished
