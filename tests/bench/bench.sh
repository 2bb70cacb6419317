#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
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

# median NUMBER...
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }

# new_guest TYPE MB DISKS: vm, with disks of 16 MiB.
new_guest() {
    local specs=()
    while [ "${#specs[@]}" -lt "$3" ]; do specs+=(qcow2:16M); done
    new_snapshot_domain -t "$1" -m "$2" -a witness.interval=50 vm "${specs[@]}"
    wait_tick vm 20
}

# watch COMMAND...: what bench.py says of it.
watch() { "$bench" watch "$consoles/guest-vm.log" "$@"; }

# measure TYPE MB DISKS [OPTION...]: medians of so many runs, on the same storage.
runs=5
measure() {
    local type=$1 mb=$2 disks=$3 ours theirs peak_kb
    shift 3
    local os=() ot=() oc=() ts=() tt=() adds=() bare=()

    for _ in $(seq $runs); do
        new_guest "$type" "$mb" "$disks"
        theirs=$(watch "$bench" script vm /srv/vm)
        ts+=("$(field "$theirs" still)") tt+=("$(field "$theirs" total)")
        remove_domain vm

        new_guest "$type" "$mb" "$disks"
        mkdir /srv/vm/snapshots
        ours=$(watch xl snapshot-create -v --external "$@" -d /srv/vm/snapshots -n s1 vm)
        wait_tick vm $(($(tick vm) + 10))
        bare+=("$("$bench" bare vm /srv/vm)")
        sound vm
        remove_domain vm
        os+=("$(field "$ours" still)") ot+=("$(field "$ours" total)")
        oc+=("$(field "$ours" output |
            sed -n 's/^The guest stood still for \(.*\) s\.$/\1/p')")
        adds+=("$(step "$ours" "pause the|snapshot [0-9]+ disk|unpause")")
        peak_kb=$(field "$ours" rss_kb)
        [ "$peak_kb" -le "$peak" ] || peak=$peak_kb
    done
    rows+=("$(awk -v t="$type $mb MB$(printf ' %s' "$@")" -v d="$disks" \
        -v os="$(median "${os[@]}")" -v ot="$(median "${ot[@]}")" \
        -v oc="$(median "${oc[@]}")" -v ts="$(median "${ts[@]}")" \
        -v tt="$(median "${tt[@]}")" -v a="$(median "${adds[@]}")" \
        -v b="$(median "${bare[@]}")" 'BEGIN {
            printf "%-18s %5d  %6.2f %6.2f %6.2f  %6.2f %6.2f  %6.2f %6.2f  %6.2f %6.2f %6.2f",
                   t, d, os, oc, ot, ts, tt, os / ts, ot / tt, a, b, a / b }')")
    echo "${rows[-1]}"
}

for disks in 1 4 8; do measure pv 128 $disks; done
for disks in 1 4 8; do measure pvh 256 $disks --live; done

cat <<END

Seconds.            disks  snapshot-create       xl save -p + QMP  ours/theirs    what the tool adds to
                           still  clock  total   still  total   still  total  suspend and resume, a bare
                                                                              transaction, their ratio
END
printf '%s\n' "${rows[@]}"
echo "Peak memory of xl snapshot-create: $((peak / 1024)) MiB"

# --- disks alone, against the bare tool --------------------------------------

# seconds COMMAND...
seconds() {
    local began=${EPOCHREALTIME/./}
    "$@" > /dev/null
    awk -v us=$((${EPOCHREALTIME/./} - began)) 'BEGIN { print us / 1e6 }'
}

# disk_row WHAT PATTERN BARE...: what the step PATTERN takes in a snapshot of the
# domain vm that does not run, against the same tool called by hand. %n becomes
# the number of the run. Medians of five.
disk_row() {
    local what=$1 pattern=$2 n ours=() bare=() output
    shift 2
    for n in 1 2 3 4 5; do
        output=$(xl snapshot-create -v --domain-config "$(config vm)" -n "t$n" vm 2>&1)
        ours+=("$(sed -nE "s/^snapshot: verbose: ($pattern).*: done, ([0-9.]+) s$/\2/p" \
            <<< "$output")")
        bare+=("$(seconds "${@//%n/$n}")")
    done
    disk_rows+=("$(awk -v w="$what" -v o="$(median "${ours[@]}")" -v b="$(median "${bare[@]}")" \
        'BEGIN { printf "%-28s %7.3f %7.3f  %5.2f", w, o, b, o / b }')")
    echo "${disk_rows[-1]}"
}

disk_rows=()
define_domain vm qcow2:64M
qemu-img create -q -f qcow2 /srv/vm/bare.qcow2 64M
disk_row "qemu-img snapshot -c" "tag t" \
    qemu-img snapshot -q -c bare%n /srv/vm/bare.qcow2
remove_domain vm
rm -rf "${snapshots:?}/vm"

. "$(dirname "$0")/../system/lvm.sh"
new_vg 600M
lvm_ lvcreate -L 32M -n disk vg-0
lvm_ lvcreate -L 32M -n bare vg-0
define_domain vm /dev/vg-0/disk,raw,%v,w
disk_row "lvcreate -s" "make the volume" \
    lvcreate -q -s -pr -n bare.%n -L 32M vg-0/bare
remove_domain vm
rm -rf "${snapshots:?}/vm"

# --- preflight of chains -----------------------------------------------------

chain_rows=()
mkdir -p /srv/deep
cleanup_fn rm -rf /srv/deep
qemu-img create -q -f qcow2 /srv/deep/1.qcow2 64M
for n in {2..50}; do
    qemu-img create -q -f qcow2 -b /srv/deep/$((n - 1)).qcow2 -F qcow2 \
        "/srv/deep/$n.qcow2" 64M
done
for n in 1 10 25 50; do
    define_domain vm "/srv/deep/$n.qcow2,qcow2,%v,w"
    times=()
    for _ in 1 2 3; do
        times+=("$(seconds xl snapshot-create -N --external \
            --domain-config "$(config vm)" -n s1 vm)")
    done
    chain_rows+=("$(printf '%6d  %7.3f' "$n" "$(median "${times[@]}")")")
    remove_domain vm
done

printf '\nSeconds, median of 5.           ours    bare  ratio\n'
printf '%s\n' "${disk_rows[@]}"
printf '\nlayers   dry run (seconds, all of the command, median of 3)\n'
printf '%s\n' "${chain_rows[@]}"
