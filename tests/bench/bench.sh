#!/bin/bash
# What a snapshot costs the guest, in one run against what an admin's script does
# today (bench.py): "./dev bench" runs it in dom0 of an emulated Xen host.
# A table, no verdict.
. "$(dirname "$0")/../system/snapshot.sh"

bench=$(readlink -f "$(dirname "$0")/bench.py")
rows=()
peak=0

# field JSON NAME
field() { jq -r ".$2" <<< "$1"; }

# Seconds that step PATTERN took, from the output of -v.
step() { field "$1" output | sed -nE "s/^snapshot: verbose: ($2).*: done, ([0-9.]+) s$/\2/p" | paste -sd+ | bc_; }
bc_() { awk '{ n = split($0, a, "+"); for (i = 1; i <= n; i++) s += a[i]; print s + 0 }'; }

# measure TYPE MB DISKS [OPTION...]
measure() {
    local type=$1 mb=$2 disks=$3 ours theirs bare adds own
    shift 3
    local specs=()
    while [ "${#specs[@]}" -lt "$disks" ]; do specs+=(qcow2:16M); done

    new_snapshot_domain -t "$type" -m "$mb" -a witness.interval=50 vm "${specs[@]}"
    wait_tick vm 20
    theirs=$("$bench" watch "$consoles/guest-vm.log" "$bench" script vm /srv/vm)
    remove_domain vm

    new_snapshot_domain -t "$type" -m "$mb" -a witness.interval=50 vm "${specs[@]}"
    wait_tick vm 20
    ours=$("$bench" watch "$consoles/guest-vm.log" \
        xl snapshot-create -v --external "$@" -n s1 vm)
    wait_tick vm $(($(tick vm) + 10))
    bare=$("$bench" bare vm /srv/vm)
    sound vm
    remove_domain vm
    rm -rf "${snapshots:?}/vm"

    own=$(field "$ours" output | sed -n 's/^The guest stood still for \(.*\) s\.$/\1/p')
    adds=$(step "$ours" "pause the|snapshot [0-9]+ disk|unpause")
    [ "$(field "$ours" rss_kb)" -le "$peak" ] || peak=$(field "$ours" rss_kb)
    rows+=("$(awk -v t="$type $mb MB$(printf ' %s' "$@")" -v d="$disks" \
        -v os="$(field "$ours" still)" -v ot="$(field "$ours" total)" -v oc="$own" \
        -v ts="$(field "$theirs" still)" -v tt="$(field "$theirs" total)" \
        -v a="$adds" -v b="$bare" 'BEGIN {
            printf "%-18s %5d  %6.2f %6.2f %6.2f  %6.2f %6.2f  %7.2f  %6.2f %6.2f %6.2f",
                   t, d, os, oc, ot, ts, tt, os / ts, a, b, a / b }')")
    echo "${rows[-1]}"
}

for disks in 1 4 8; do measure pv 128 $disks; done
for disks in 1 4 8; do measure pvh 256 $disks --live; done

cat <<END

Seconds.            disks  snapshot-create       xl save -p + QMP  still:   what the tool adds to
                           still  clock  total   still  total  ours/     suspend and resume, a bare
                                                               theirs    transaction, their ratio
END
printf '%s\n' "${rows[@]}"
echo "Peak memory of xl snapshot-create: $((peak / 1024)) MiB"
