# SPDX-License-Identifier: LGPL-2.1-only
# shellcheck shell=bash
# What the tests of the snapshot commands have in common, on top of lib.sh.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

snapshots=/var/lib/xen/snapshots

# cfg DOMAIN NAME: the snapshot config. memory DOMAIN NAME: the memory image.
cfg() { echo "$snapshots/$1/$2/snapshot.cfg"; }
memory() { echo "$snapshots/$1/$2/memory"; }

# new_snapshot_domain ...: new_domain, whose snapshots go with it, and what journal
# is left.
new_snapshot_domain() {
    new_domain "$@"
    cleanup_fn rm -rf "${snapshots:?}/$_name" "${snapshots:?}/.journal"
}

# revert DOMAIN NAME [OPTION...]
revert() {
    local domain=$1 name=$2
    shift 2
    mark "$domain"
    xl snapshot-revert "$@" "$domain" "$(cfg "$domain" "$name")"
}

# hold DOMAIN: it prints nothing more. Before a revert to a tick that might
# happen to follow on its present one, for back_at.
hold() { xl pause "$1" && nap 0.5; }

# back_at DOMAIN BEFORE AFTER: the domain goes on from between these ticks, and
# the witness finds memory and disks in step. (is_back_at: not yet that it ticks.)
_back_at() {
    _read_console "$1"
    [ -n "$_resumed" ] && [ "$_resumed" -ge "$2" ] && [ "$_resumed" -le $(($3 + 1)) ]
}
is_back_at() {
    until_ok 120 _back_at "$@" || {
        echo "went on from tick $_resumed, not from $2 to $3"
        return 1
    }
}
back_at() { is_back_at "$@" && ticking "$1"; }

# disks_of DOMAIN: what the stored config names, a line a disk: vdev path format.
disks_of() {
    xl list -l "$1" | jq -r '.[0].config.disks[] | "\(.vdev) \(.pdev_path) \(.format)"'
}

# world DOMAIN: all that a refused or failed command must leave as it was (world.c),
# and the volumes that there are.
world() {
    ./world "$1" "/srv/$1" "$snapshots"
    ! declare -F lvm_ > /dev/null ||
        lvs --noheadings -o lv_full_name,lv_permissions,origin 2> /dev/null
}

# remember DOMAIN: its world. unchanged DOMAIN: that is as it was then.
declare -A _worlds=()
remember() { _worlds[$1]=$(world "$1"); }
unchanged() {
    local now
    now=$(world "$1")
    [ "$now" = "${_worlds[$1]}" ] || diff <(echo "${_worlds[$1]}") <(echo "$now")
}

# _booted DOMAIN: since the mark it came up and set _resume, the tick that it found.
# boots_at DOMAIN BEFORE AFTER: a cold boot found on its disks, all of one
# instant, a tick between these as the last one; and goes on from there. (has_booted_at:
# not yet that it ticks.)
_booted() {
    local line
    _read_lines "$1"
    for line in "${_lines[@]}"; do
        # (the whole line is there once the hash behind the tick is)
        [[ $line != "WITNESS resume "*\ * ]] || {
            _resume=${line#WITNESS resume } _resume=${_resume%% *}
            return 0
        }
    done
    return 1
}
has_booted_at() {
    until_ok 240 _booted "$1" || return 1
    [ "$_resume" -ge "$2" ] && [ "$_resume" -le "$3" ] || {
        echo "booted at tick $_resume, not from $2 to $3"
        return 1
    }
}
boots_at() { has_booted_at "$@" && ticking "$1"; }

# disks_alone DOMAIN NAME: four test points: its disks alone, and back to them.
disks_alone() {
    local before after
    before=$(tick "$1")
    ok "the disks alone" xl snapshot-create --disk-only \
        --domain-config "$(config "$1")" -n "$2" "$1"
    after=$(tick "$1")
    ok "the guest goes on" ticking "$1"
    ok "reverts to them" revert "$1" "$2"
    ok "boots with the disks of that instant" boots_at "$1" "$before" "$after"
}

# serve FORMAT IMAGE [-r]: a qemu-nbd on it, until unserve. It heeds no lock. It opens
# the image last (7.2), when it listens already.
serve() {
    qemu-nbd -t -k /srv/nbd "${@:3}" --image-opts \
        "driver=$1,file.driver=file,file.locking=off,file.filename=$2" &
    nbd=$!
    until_ok 30 _has_open "$nbd" "$2"
}
_has_open() { find -L "/proc/$1/fd" -samefile "$2" 2> /dev/null | grep -q .; }
unserve() { kill "$nbd"; wait "$nbd" || :; }
